#pragma once
#include "conv.h"

namespace keratin {

// Sums over windows, channel by channel, for the outputs of one line:
//   y[o, c] = bias[c] + sum over kernel positions k of x[source(o, k), k * position_step + c] * weights[k * weight_step + c]
// where source(o, k) is the input pixel that a convolution, or a transposed one, reads. With position_step = 0 this is a depthwise convolution;
// with weight_step = 0 and weights of one the last step of a convolution whose pixels were multiplied with all kernel positions (conv_narrow.cpp).
template <class T>
struct WindowSums {
  const ConvGeometry& geometry;
  bool transposed;
  const T* x;                                  // the pixel (first_plane, first_line, first_pixel); whole planes, lines or pixels may be missing
  Index first_plane, first_line, first_pixel;  // before it and behind what the outputs read
  Index plane, line, pixel;                    // elements from one to the next
  Index position_step;
  const T* weights;
  Index weight_step;
  Index channels;
  // Outputs that come out of one sum: 1, or the stride of a transposed convolution whose kernel size it divides (no dilation): there the
  // kernel positions of one step of the input are neighbours, as are the outputs they give, and count as channels.
  Index unit;
  const T* bias;  // or null
  bool relu;
};

// Outputs [begin, end) of line (o0, o1); `y` is the line's first pixel.
template <class T>
void sum_window_line(const WindowSums<T>& sums, Index o0, Index o1, Index begin, Index end, T* y);

// One filter for each channel; its gradient for the input if `transposed`.
template <class T>
void conv_depthwise(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y);

// A convolution with few output channels multiplies every input pixel with all kernel positions, a matrix product whose columns are (position,
// channel), and adds up windows of the results: registers are full where they would not be with the channels alone.
template <class T>
bool narrow_form_pays(const ConvGeometry& geometry, bool transposed);
template <class T>
void conv_narrow(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y);

}  // namespace keratin
