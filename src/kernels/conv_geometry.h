#pragma once
#include "gemm_tile.h"

namespace keratin {

// A convolution of up to three spatial axes (lower ranks: leading unit axes), channels last, kernel [k0, k1, k2, channels / groups, filters].
// Output o reads inputs o * strides - padding + k * dilation. The same numbers describe both gradients; a transposed convolution is the
// gradient for the input, its input being what is called output here and its crop what is called padding.
struct ConvGeometry {
  Index batch = 1;
  Index in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  Index kernel[3] = {1, 1, 1}, strides[3] = {1, 1, 1}, dilation[3] = {1, 1, 1}, padding[3] = {0, 0, 0};
  Index channels = 1, filters = 1, groups = 1;

  // Every channel by itself, with one filter.
  bool is_depthwise() const { return groups > 1 && groups == channels && groups == filters; }
  bool is_multiplied_depthwise() const { return groups > 1 && groups == channels && filters > channels; }

  // Every pixel by itself, as in a matrix product.
  bool is_pointwise() const {
    for (int axis = 0; axis < 3; ++axis) {
      if (kernel[axis] != 1 || strides[axis] != 1 || padding[axis] != 0 || in[axis] != out[axis]) return false;
    }
    return true;
  }
};

// All pixels of a pointwise convolution in one line, so that tiles are whole across lines and images.
inline ConvGeometry in_one_line(ConvGeometry g) {
  g.in[2] = g.out[2] = g.batch * g.in[0] * g.in[1] * g.in[2];
  g.batch = g.in[0] = g.in[1] = g.out[0] = g.out[1] = 1;
  return g;
}

}  // namespace keratin
