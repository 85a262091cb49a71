#pragma once
#include <array>

#include "../core/tensor.h"
#include "../core/thread_pool.h"

namespace keratin {

constexpr std::int64_t elementwise_grain = 32768;  // elements in one parallel part: about an L2 cache of operands

// Numpy's broadcasting as a nest of loops: axes of size one are dropped and neighbours that advance alike are merged, so that the
// usual cases (same shape, scalar, trailing axis) are one or two loops. The innermost steps are 0 or 1.
template <int N>
class BroadcastLoop {
 public:
  BroadcastLoop(const Shape& output, const std::array<Shape, N>& inputs) : total_(output.elements()) {
    for (int axis = 0; axis < output.rank(); ++axis) {
      if (output[axis] == 1) continue;
      bool stretched[N];
      for (int k = 0; k < N; ++k) {
        const int own = axis - (output.rank() - inputs[k].rank());
        stretched[k] = own < 0 || inputs[k][own] == 1;
      }
      bool merge = rank_ > 0;
      for (int k = 0; k < N && merge; ++k) merge = stretched[k] == (step_[k][rank_ - 1] == 0);
      if (merge) {
        sizes_[rank_ - 1] *= output[axis];
      } else {
        sizes_[rank_] = output[axis];
        for (int k = 0; k < N; ++k) step_[k][rank_] = stretched[k] ? 0 : 1;
        ++rank_;
      }
    }
    if (rank_ == 0) {
      rank_ = 1;
      sizes_[0] = 1;
      for (int k = 0; k < N; ++k) step_[k][0] = 0;
    }
    for (int k = 0; k < N; ++k) {
      std::int64_t stride = 1;
      for (int i = rank_ - 1; i >= 0; --i) {
        const bool moves = step_[k][i] != 0;
        step_[k][i] = moves ? stride : 0;
        if (moves) stride *= sizes_[i];
      }
    }
  }

  // body(output_offset, offsets of the inputs, steps of the inputs (0 or 1), n): one row, or a part of one.
  template <class Body>
  void run(Body&& body) const {
    parallel_ranges(total_, elementwise_grain, [&](std::int64_t begin, std::int64_t end) { run_range(begin, end, body); });
  }

  // The same for elements [begin, end) of the output.
  template <class Body>
  void run_range(std::int64_t begin, std::int64_t end, Body&& body) const {
    std::array<std::int64_t, N> inner_steps, offset{};
    for (int k = 0; k < N; ++k) inner_steps[k] = step_[k][rank_ - 1];
    const std::int64_t inner = sizes_[rank_ - 1];
    std::int64_t index[max_rank], rest = begin;
    for (int i = rank_ - 1; i >= 0; --i) {
      index[i] = rest % sizes_[i];
      rest /= sizes_[i];
      for (int k = 0; k < N; ++k) offset[k] += index[i] * step_[k][i];
    }
    std::int64_t at = begin;
    while (at < end) {
      const std::int64_t row = inner - index[rank_ - 1], n = row < end - at ? row : end - at;
      body(at, offset, inner_steps, n);
      at += n;
      if (at >= end) break;
      for (int k = 0; k < N; ++k) offset[k] -= index[rank_ - 1] * step_[k][rank_ - 1];
      index[rank_ - 1] = 0;
      for (int i = rank_ - 2; i >= 0; --i) {
        for (int k = 0; k < N; ++k) offset[k] += step_[k][i];
        if (++index[i] < sizes_[i]) break;
        for (int k = 0; k < N; ++k) offset[k] -= index[i] * step_[k][i];
        index[i] = 0;
      }
    }
  }

  std::int64_t row() const { return sizes_[rank_ - 1]; }
  // Input k is one row, repeated.
  bool repeats_row(int k) const {
    for (int i = 0; i < rank_ - 1; ++i) {
      if (step_[k][i] != 0) return false;
    }
    return true;
  }
  bool advances_in_row(int k) const { return step_[k][rank_ - 1] != 0; }

 private:
  int rank_ = 0;
  std::int64_t total_;
  std::int64_t sizes_[max_rank] = {};
  std::int64_t step_[N][max_rank] = {};
};

}  // namespace keratin
