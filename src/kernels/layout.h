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
  const Index whole_rows = rows / side * side, whole_columns = columns / side * side;
  for (Index r = 0; r < whole_rows; r += side) {
    for (Index c = 0; c < whole_columns; c += side) BlockTranspose<Y, X>::run(y + c * y_row + r, y_row, x + r * x_row + c, x_row);
  }
  transpose_corner(y + whole_columns * y_row, y_row, x + whole_columns, x_row, whole_rows, columns - whole_columns);
  transpose_corner(y + whole_rows, y_row, x + whole_rows * x_row, x_row, rows - whole_rows, columns);
}
#else
template <class Y, class X>
static inline void transpose_blocks(Y* y, Index y_row, const X* x, Index x_row, Index rows, Index columns) {
  constexpr Index side = 16;
  for (Index r = 0; r < rows; r += side) {
    for (Index c = 0; c < columns; c += side) {
      transpose_corner(y + c * y_row + r, y_row, x + r * x_row + c, x_row, rows - r < side ? rows - r : side, columns - c < side ? columns - c : side);
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
