// Transpositions of blocks that registers hold whole, and copies of rows. X and Y are the element types read and written: besides the vector type's
// own, double, which is what R arrays hold.

#if defined(KERATIN_256_BITS)  // the instruction set has registers of 256 bits, of x86
#include "x86_transpose.h"
#endif

template <class Y, class X>
static inline void transpose_corner(Y* y, Index y_row, const X* x, Index x_row, Index rows, Index columns) {
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) y[c * y_row + r] = static_cast<Y>(x[r * x_row + c]);
  }
}

// y[c][r] = x[r][c]
#if defined(KERATIN_BLOCK_TRANSPOSE)
template <class Y, class X>
static inline void transpose_blocks(Y* y, Index y_row, const X* x, Index x_row, Index rows, Index columns) {
  constexpr Index side = BlockTranspose<Y, X>::side;
  if (rows < side || columns < side) return transpose_corner(y, y_row, x, x_row, rows, columns);
  // The last blocks reach back over what has been done, to end where the array ends.
  const auto run = [&](Index r, Index c) {
    const Index top = r < rows - side ? r : rows - side, left = c < columns - side ? c : columns - side;
    BlockTranspose<Y, X>::run(y + left * y_row + top, y_row, x + top * x_row + left, x_row);
  };
  for (Index r = 0; r < rows; r += 2 * side) {  // a whole line of y before the next
    for (Index c = 0; c < columns; c += side) {
      run(r, c);
      if (r + side < rows) run(r + side, c);
    }
  }
}
#else
template <class Y, class X>
static inline void transpose_blocks(Y* y, Index y_row, const X* x, Index x_row, Index rows, Index columns) {
  constexpr Index side = 16;
  for (Index r = 0; r < rows; r += side) {
    for (Index c = 0; c < columns; c += side) {
      transpose_corner(y + c * y_row + r, y_row, x + r * x_row + c, x_row, rows - r < side ? rows - r : side,
                       columns - c < side ? columns - c : side);
    }
  }
}
#endif

template <class V>
static void transpose(typename V::Element* y, Index y_row, const typename V::Element* x, Index x_row, Index rows, Index columns) {
  transpose_blocks(y, y_row, x, x_row, rows, columns);
}
template <class V>
static void transpose_from_double(typename V::Element* y, Index y_row, const double* x, Index x_row, Index rows, Index columns) {
  transpose_blocks(y, y_row, x, x_row, rows, columns);
}
template <class V>
static void transpose_to_double(double* y, Index y_row, const typename V::Element* x, Index x_row, Index rows, Index columns) {
  transpose_blocks(y, y_row, x, x_row, rows, columns);
}

template <class V, int vectors>
static inline void copy_rows_of(typename V::Element* y, Index y_row, const typename V::Element* x, Index x_row, Index rows) {
  for (Index r = 0; r < rows; ++r) {
    KERATIN_UNROLL for (int j = 0; j < vectors; ++j) V::store(y + r * y_row + j * V::width, V::load(x + r * x_row + j * V::width));
  }
}

// y[r][0 .. columns) = x[r][0 .. columns)
template <class V>
static void copy_rows(typename V::Element* y, Index y_row, const typename V::Element* x, Index x_row, Index rows, Index columns) {
  switch (columns % V::width == 0 ? columns / V::width : 0) {
    case 1: return copy_rows_of<V, 1>(y, y_row, x, x_row, rows);
    case 2: return copy_rows_of<V, 2>(y, y_row, x, x_row, rows);
    case 3: return copy_rows_of<V, 3>(y, y_row, x, x_row, rows);
    case 4: return copy_rows_of<V, 4>(y, y_row, x, x_row, rows);
    default:
      for (Index r = 0; r < rows; ++r) std::memcpy(y + r * y_row, x + r * x_row, static_cast<std::size_t>(columns) * sizeof(typename V::Element));
  }
}

// y = x past the caches: where a result is so large that all of it will have left them before it is read. Such stores may pass others; what
// ends a thread's share of a job, an atomic read-modify-write, they do not pass.
template <class V>
static void stream(typename V::Element* y, const typename V::Element* x, std::size_t n) {
  constexpr std::size_t bytes = V::width * sizeof(typename V::Element);
  std::size_t i = 0;
  for (; i < n && reinterpret_cast<std::uintptr_t>(y + i) % bytes != 0; ++i) y[i] = x[i];
  for (; i + V::width <= n; i += V::width) V::stream(y + i, V::load(x + i));
  for (; i < n; ++i) y[i] = x[i];
}
