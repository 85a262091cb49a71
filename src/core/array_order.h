#pragma once
#include <algorithm>

#include "shape.h"
#include "thread_pool.h"

namespace keratin {

// Between R's column-major arrays and row-major tensors, each element converted on the way:
//     column_major[i0 + i1 * d0 + …]  and  row_major[… + i(r-1)].
// Both sides are walked in bands of eight elements of the first axis: the column-major side is read or written a cache line at a time,
// the row-major side as eight streams.
class ArrayOrder {
 public:
  explicit ArrayOrder(const Shape& shape) {
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (shape[axis] != 1) sizes_.append(shape[axis]);  // an axis of length one changes no address
    count_ = shape.elements();
    rank_ = sizes_.rank();
    std::int64_t step = 1;
    for (int axis = 0; axis < rank_; ++axis) {
      column_stride_[axis] = step;
      step *= sizes_[axis];
    }
    step = 1;
    for (int axis = rank_ - 1; axis >= 0; --axis) {
      row_stride_[axis] = step;
      step *= sizes_[axis];
    }
    // The streams run along the last axis, or along the one before if the last is too short (the channels of an image).
    stream_axis_ = rank_ >= 3 && sizes_[rank_ - 1] < 8 ? rank_ - 2 : rank_ - 1;
  }

  template <class In, class Out, class Convert>
  void to_row_major(const In* in, Out* out, Convert convert) const {
    walk([=](std::int64_t column, std::int64_t row, std::int64_t steps, int lanes) {
      const std::int64_t from = column_stride_[stream_axis_], to = row_stride_[stream_axis_], across = row_stride_[0];
      const In* source = in + column;
      Out* target = out + row;
      for (std::int64_t i = 0; i < steps; ++i, source += from, target += to)
        each_lane(lanes, [=](int lane) { target[lane * across] = convert(source[lane]); });
    }, [=](std::int64_t i) { out[i] = convert(in[i]); });
  }

  template <class In, class Out, class Convert>
  void to_column_major(const In* in, Out* out, Convert convert) const {
    walk([=](std::int64_t column, std::int64_t row, std::int64_t steps, int lanes) {
      const std::int64_t to = column_stride_[stream_axis_], from = row_stride_[stream_axis_], across = row_stride_[0];
      const In* source = in + row;
      Out* target = out + column;
      for (std::int64_t i = 0; i < steps; ++i, source += from, target += to)
        each_lane(lanes, [=](int lane) { target[lane] = convert(source[lane * across]); });
    }, [=](std::int64_t i) { out[i] = convert(in[i]); });
  }

 private:
  static constexpr int band = 8, tile = 64;

  template <class Body>
  static void each_lane(int lanes, Body body) {
    if (lanes == band) {
      for (int lane = 0; lane < band; ++lane) body(lane);  // the compiler unrolls it
    } else {
      for (int lane = 0; lane < lanes; ++lane) body(lane);
    }
  }

  // streams(column offset, row offset, steps along the stream axis, lanes of the first axis); one(i) where both orders are the same.
  template <class Streams, class One>
  void walk(Streams streams, One one) const {
    if (count_ == 0) return;
    if (rank_ < 2) {
      parallel_ranges(count_, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) one(i);
      });
      return;
    }
    // Tiles of 64 x 64 stay in the first cache while their bands follow each other.
    const std::int64_t length = sizes_[0], streamed = sizes_[stream_axis_];
    const std::int64_t tiles = (length + tile - 1) / tile, runs = count_ / length / streamed;
    parallel_ranges(tiles * runs, 1 + (1 << 16) / (tile * streamed), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t part = begin; part < end; ++part) {
        const std::int64_t first = part / runs * tile, last = std::min(first + tile, length);
        std::int64_t rest = part % runs, column = 0, row = 0;
        for (int axis = rank_ - 1; axis > 0; --axis) {
          if (axis == stream_axis_) continue;
          const std::int64_t index = rest % sizes_[axis];
          rest /= sizes_[axis];
          column += index * column_stride_[axis];
          row += index * row_stride_[axis];
        }
        for (std::int64_t step = 0; step < streamed; step += tile) {
          const std::int64_t steps = std::min<std::int64_t>(tile, streamed - step);
          for (std::int64_t lane = first; lane < last; lane += band)
            streams(column + lane + step * column_stride_[stream_axis_], row + lane * row_stride_[0] + step * row_stride_[stream_axis_], steps,
                    static_cast<int>(std::min<std::int64_t>(band, last - lane)));
        }
      }
    });
  }

  Shape sizes_;
  int rank_, stream_axis_;
  std::int64_t count_, column_stride_[max_rank], row_stride_[max_rank];
};

}  // namespace keratin
