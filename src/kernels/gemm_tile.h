#pragma once
#include <cstddef>
#include <cstdint>

namespace keratin {

using Index = std::ptrdiff_t;
constexpr Index cache_line_bytes = 64;

// One kernel position: where a tile's rows of A start for it, and which of the panel's taps it is.
struct Tap {
  Index a;
  Index index;
};

// Register tiles of a batch-reduce GEMM:  C[rows x columns] = bias + sum over taps of A_tap[rows x depth] * B_tap[depth x columns].
// B is a panel some registers wide, packed (zero beyond `columns`); for few columns the dot tile has B column by column and registers along
// the depth. Rows of A may overlap: they are windows of a convolution.
template <class T>
struct GemmTile {
  const T* a;
  Index a_row;    // elements from a row of A to the next
  Index a_depth;  // elements from A[., k] to A[., k + 1]; one of the two is 1, see Kernels::gemm_tile
  const Tap* taps;
  Index tap_count;
  Index depth;
  const T* b;
  Index b_row;     // elements from a row of the panel to the next (dot tile: from a column to the next)
  Index b_tap;     // elements from a tap to the next
  Index first_tap;  // the one at `b`
  T* c;
  Index c_row;
  Index columns;     // valid ones
  const T* bias;     // of these columns, or null
  bool accumulate;   // add to what C holds
  bool relu;         // max(0, .) of the result
  Index repeats = 1;  // this many tiles, each below the one before
  // What will be read soon, on its way to the second-level cache meanwhile: so many cache lines after every `steps_between_fetches` steps of the
  // depth.
  const char* ahead = nullptr;
  Index ahead_lines = 0;
  static constexpr Index steps_between_fetches = 16;
  Index fetches() const { return repeats * tap_count * ((depth + steps_between_fetches - 1) / steps_between_fetches); }
};

template <class T>
using GemmTileFunction = void (*)(const GemmTile<T>&);

}  // namespace keratin
