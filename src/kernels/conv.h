#pragma once
#include "conv_geometry.h"

namespace keratin {

// What happens to a result before it is written for good.
template <class T>
struct Epilogue {
  const T* bias = nullptr;                               // one per output channel
  bool relu = false;
  void (*activation)(T*, const T*, std::size_t) = nullptr;  // any other, elementwise
};

// y[batch, out, filters] = x[batch, in, channels] * kernel
template <class T>
void conv_forward(const ConvGeometry& geometry, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y);

// The transposed convolution: y[batch, in, channels] from x[batch, out, filters].
template <class T>
void conv_grad_input(const ConvGeometry& geometry, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y);

// kernel_grad[k0, k1, k2, channels / groups, filters] from x[batch, in, channels] and upstream[batch, out, filters]
template <class T>
void conv_grad_weight(const ConvGeometry& geometry, const T* x, const T* upstream, T* kernel_grad);

}  // namespace keratin
