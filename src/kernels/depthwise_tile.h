#pragma once
#include "gemm_tile.h"

namespace keratin {

// Some pixels of one line of a depthwise convolution:  y[row, c] = bias[c] + sum over taps of x[row, tap, c] * weights[tap, c].
template <class T>
struct DepthwiseTile {
  const T* x;
  Index x_row;
  const Tap* taps;
  Index tap_count;
  const T* weights;  // of tap index i: weights + i * weight_row
  Index weight_row;
  T* y;
  Index y_row;
  Index rows, channels;
  const T* bias;  // or null
  bool relu;
};

// Its gradient for neighbouring taps:  grad[tap, c] += sum over positions of some lines of x[line, position, tap, c] * upstream[line, position, c].
template <class T>
struct DepthwiseWeightTile {
  const T* x;
  Index x_line, x_row, x_tap;
  const T* upstream;
  Index upstream_line;
  Index lines, positions, channels;
  T* grad;  // [tap][channels]
  Index taps;
};

}  // namespace keratin
