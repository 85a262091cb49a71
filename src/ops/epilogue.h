#pragma once
#include <cstring>

#include "../graph/op.h"
#include "../kernels/conv.h"
#include "../kernels/dispatch.h"

namespace keratin {

// Activations that convolutions and products can apply to what they have just computed, by the names of the ops.
enum class Activation { none, relu, sigmoid, tanh };

inline Activation activation_of(const Op& op) {
  if (std::strcmp(op.name(), "relu") == 0) return Activation::relu;
  if (std::strcmp(op.name(), "sigmoid") == 0) return Activation::sigmoid;
  if (std::strcmp(op.name(), "tanh") == 0) return Activation::tanh;
  return Activation::none;
}

template <class T>
Epilogue<T> epilogue_of(const T* bias, Activation activation) {
  Epilogue<T> end;
  end.bias = bias;
  end.relu = activation == Activation::relu;
  if (activation == Activation::sigmoid) end.activation = kernels<T>().sigmoid;
  if (activation == Activation::tanh) end.activation = kernels<T>().tanh;
  return end;
}

// The family's common answer to Op::absorb: a bias if there is none yet, an activation if there is none yet (and nothing after it).
// `copy` makes the op again with the activation. Null: cannot.
template <class Copy>
OpPtr absorb_epilogue(const Op& next, int position, std::size_t inputs, Activation activation, Copy&& copy) {
  if (position != 0 || activation != Activation::none) return nullptr;
  if (inputs == 2 && std::strcmp(next.name(), "bias_add") == 0) return copy(Activation::none);
  const Activation wanted = activation_of(next);
  return wanted == Activation::none ? nullptr : copy(wanted);
}

}  // namespace keratin
