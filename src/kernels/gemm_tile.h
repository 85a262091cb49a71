#pragma once
#include <cstddef>
#include <cstdint>

namespace keratin {

// Where one tap (kernel position) of a tile finds its operands: rows of A start at `a`, the rows of the packed panel at `index * depth`.
struct Tap {
  std::ptrdiff_t a;
  std::ptrdiff_t index;
};

// One register tile of a batch-reduce GEMM:  C[rows x columns] = bias + sum over taps of A_tap[rows x depth] * B_tap[depth x columns].
// B is a packed panel, `vectors` registers wide, zero where it goes beyond `columns`. Rows of A may overlap (windows of a convolution).
template <class T>
struct GemmTile {
  const T* a;
  std::ptrdiff_t a_row;    // elements from a row of A to the next
  std::ptrdiff_t a_depth;  // elements from A[., k] to A[., k + 1]; either this or a_row is 1 (see Kernels::gemm_tile)
  const Tap* taps;
  int tap_count;
  int depth;
  const T* b;
  T* c;
  std::ptrdiff_t c_row;
  int columns;       // valid ones, <= vectors * vector_width
  const T* bias;     // of these columns, or null
  bool accumulate;   // add to what C holds
  bool relu;         // max(0, .) of the result
};

template <class T>
using GemmTileFunction = void (*)(const GemmTile<T>&);

}  // namespace keratin
