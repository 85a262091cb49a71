#pragma once
#include "conv.h"

namespace keratin {

struct GemmShape {
  Index rows, columns, depth;
  bool transpose_a, transpose_b;
};

// y[rows x columns] = A * B + bias, all row-major; a holds A or, transposed, [depth x rows]; b holds B or [columns x depth].
// The three convolutions with a kernel of one are the three products, and this calls them.
template <class T>
void gemm(const GemmShape& shape, const T* a, const T* b, const Epilogue<T>& epilogue, T* y);

}  // namespace keratin
