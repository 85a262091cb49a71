#pragma once
#include <cstddef>

namespace keratin {

// One row of a layer normalization (normalize.h). gamma and beta may be null.
template <class T>
struct LayerNormRow {
  T *y, *mean, *rstd;
  const T *x, *gamma, *beta;
  std::size_t n;
  T epsilon;
};
template <class T>
struct LayerNormGradientRow {
  T *dx, *d_gamma, *d_beta;  // the last two are added to
  const T *dy, *x, *gamma;
  T mean, rstd;
  std::size_t n;
};

// The gradient of a batch normalization for its input. The last four repeat every `period` elements.
template <class T>
struct BatchNormGradientRows {
  T* dx;
  const T *dy, *x, *mean, *slope, *bend, *level;
  std::ptrdiff_t n, period;
};

}  // namespace keratin
