#pragma once
#include <cstddef>
#include <cstdint>

#include "depthwise_tile.h"
#include "gemm_tile.h"
#include "normalize_row.h"
#include "rnn.h"
#include "window_line.h"

namespace keratin {

constexpr int random_blocks = 32;  // random_words() makes them in multiples of this

// The kernels of one instruction set for one element type: a function pointer for every row of kernels.def.
template <class T>
struct Kernels {
  int vector_width;      // elements in a register
  int vector_registers;  // how many there are
#define KERNEL(result, name, arguments) result(*name) arguments;
#include "kernels.def"
#undef KERNEL
};

struct KernelTable {
  const char* isa;
  Kernels<float> float32;
  Kernels<double> float64;
};

// The best this CPU has, unless set_isa() said otherwise.
const KernelTable& kernel_table();

// kernels<float>().relu(y, x, n)
template <class T>
const Kernels<T>& kernels();
template <>
inline const Kernels<float>& kernels<float>() {
  return kernel_table().float32;
}
template <>
inline const Kernels<double>& kernels<double>() {
  return kernel_table().float64;
}

// Names of the instruction sets this binary has and this CPU can run, slowest first ("scalar" always).
int available_isas(const char* names[], int room);
bool set_isa(const char* name);  // "auto": the best; false: not available here

}  // namespace keratin
