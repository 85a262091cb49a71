#pragma once
#include "gemm_tile.h"

namespace keratin {

// Between R's arrays (column-major doubles) and tensors (row-major): the order of the axes stays, the order in memory is reversed.
template <class T>
void from_r_layout(const Index* sizes, int rank, const double* x, T* y);
template <class T>
void to_r_layout(const Index* sizes, int rank, const T* x, double* y);

}  // namespace keratin
