#include "array_layout.h"

#include "../core/thread_pool.h"
#include "conv_plan.h"
#include "dispatch.h"
#include "scratch.h"

namespace keratin {
namespace {

constexpr int max_axes = 8;
constexpr Index side = 64;          // blocks of side x side elements stay in the first-level cache
constexpr Index few_channels = 8;   // a shorter last axis does not fill a register
constexpr Index elements_of_part = 1 << 15;

// The array as a stack of matrices: axis 0 (neighbours in R) against a long later axis (neighbours, or `gap` apart, in the tensor).
struct Stack {
  Index rows, r_rows;          // the later axis: its length, and elements from one to the next in R's array
  Index columns, t_columns;    // axis 0: its length, and elements from one to the next in the tensor
  Index gap;                   // elements from one of `rows` to the next in the tensor
  int axes = 0;                // the others
  Index sizes[max_axes], r_steps[max_axes], t_steps[max_axes];

  Index count() const {
    Index n = 1;
    for (int i = 0; i < axes; ++i) n *= sizes[i];
    return n;
  }
  void offsets(Index i, Index& r, Index& t) const {
    r = t = 0;
    for (int axis = axes - 1; axis >= 0; --axis) {
      r += i % sizes[axis] * r_steps[axis];
      t += i % sizes[axis] * t_steps[axis];
      i /= sizes[axis];
    }
  }
};

Stack stack_of(const Index* sizes, int rank) {
  Index r_step[max_axes], t_step[max_axes], r = 1, t = 1;
  for (int axis = 0; axis < rank; ++axis) r_step[axis] = r, r *= sizes[axis];
  for (int axis = rank - 1; axis >= 0; --axis) t_step[axis] = t, t *= sizes[axis];
  int later = rank - 1;
  if (rank > 2 && sizes[later] < few_channels && sizes[rank - 2] > sizes[later]) later = rank - 2;
  Stack s;
  s.rows = sizes[later];
  s.r_rows = r_step[later];
  s.gap = t_step[later];
  s.columns = sizes[0];
  s.t_columns = t_step[0];
  for (int axis = 1; axis < rank; ++axis) {
    if (axis == later) continue;
    s.sizes[s.axes] = sizes[axis];
    s.r_steps[s.axes] = r_step[axis];
    s.t_steps[s.axes++] = t_step[axis];
  }
  return s;
}

// Axes of length one order nothing.
int without_unit_axes(const Index* sizes, int rank, Index* kept) {
  int count = 0;
  for (int axis = 0; axis < rank; ++axis) {
    if (sizes[axis] != 1) kept[count++] = sizes[axis];
  }
  return count;
}

// body(r offset, t offset, rows, columns) for every block, spread over the threads.
template <class Body>
void for_blocks(const Stack& s, Body&& body) {
  const Index row_blocks = ceil_divide(s.rows, side), column_blocks = ceil_divide(s.columns, side), matrices = s.count();
  if (row_blocks * column_blocks * matrices == 0) return;
  const Index block = smaller(s.rows, side) * smaller(s.columns, side);
  parallel_ranges(column_blocks * matrices * row_blocks, larger(1, elements_of_part / block), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Index row = i % row_blocks * side, column = i / row_blocks / matrices * side;
      Index r, t;
      s.offsets(i / row_blocks % matrices, r, t);
      body(r + row * s.r_rows + column, t + row * s.gap + column * s.t_columns, smaller(side, s.rows - row), smaller(side, s.columns - column));
    }
  });
}

bool is_empty(const Index* sizes, int rank) {
  for (int axis = 0; axis < rank; ++axis)
    if (sizes[axis] == 0) return true;
  return false;
}

}  // namespace

template <class T>
void from_r_layout(const Index* all_sizes, int all_rank, const double* x, T* y) {
  if (is_empty(all_sizes, all_rank)) return;
  Index sizes[max_axes];
  const int rank = without_unit_axes(all_sizes, all_rank, sizes);
  if (rank < 2) {
    parallel_ranges(rank == 0 ? 1 : sizes[0], elements_of_part, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = static_cast<T>(x[i]);
    });
    return;
  }
  const Stack s = stack_of(sizes, rank);
  for_blocks(s, [&](Index r, Index t, Index rows, Index columns) {
    if (s.gap == 1) return kernels<T>().transpose_from_double(y + t, s.t_columns, x + r, s.r_rows, rows, columns);
    T* block = scratch<T>(Scratch::lines, side * side);
    kernels<T>().transpose_from_double(block, side, x + r, s.r_rows, rows, columns);
    for (Index c = 0; c < columns; ++c) {
      T* to = y + t + c * s.t_columns;
      for (Index i = 0; i < rows; ++i) to[i * s.gap] = block[c * side + i];
    }
  });
}

template <class T>
void to_r_layout(const Index* all_sizes, int all_rank, const T* x, double* y) {
  if (is_empty(all_sizes, all_rank)) return;
  Index sizes[max_axes];
  const int rank = without_unit_axes(all_sizes, all_rank, sizes);
  if (rank < 2) {
    parallel_ranges(rank == 0 ? 1 : sizes[0], elements_of_part, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = static_cast<double>(x[i]);
    });
    return;
  }
  const Stack s = stack_of(sizes, rank);
  for_blocks(s, [&](Index r, Index t, Index rows, Index columns) {
    if (s.gap == 1) return kernels<T>().transpose_to_double(y + r, s.r_rows, x + t, s.t_columns, columns, rows);
    T* block = scratch<T>(Scratch::lines, side * side);
    for (Index c = 0; c < columns; ++c) {
      const T* from = x + t + c * s.t_columns;
      for (Index i = 0; i < rows; ++i) block[c * side + i] = from[i * s.gap];
    }
    kernels<T>().transpose_to_double(y + r, s.r_rows, block, side, columns, rows);
  });
}

#define INSTANTIATE(T)                                                   \
  template void from_r_layout<T>(const Index*, int, const double*, T*);  \
  template void to_r_layout<T>(const Index*, int, const T*, double*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace keratin
