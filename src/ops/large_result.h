#pragma once
#include <cstdint>
#include <cstring>

#include "../graph/op.h"
#include "../kernels/dispatch.h"
#include "../kernels/scratch.h"

namespace keratin {

// So large that it will have left the caches before anybody reads it, and not written over an input, whose lines are there already.
inline bool is_large_result(const Tensor& y, const Tensors& inputs) {
  constexpr std::size_t least_bytes = std::size_t{32} << 20;
  if (y.bytes() < least_bytes) return false;
  for (const Tensor& x : inputs)
    if (x.raw() == y.raw()) return false;
  return true;
}

// A part of a large result, of any type.
inline void copy_past_caches(void* to, const void* from, std::size_t bytes) {
  if (bytes % sizeof(float) != 0) {
    std::memcpy(to, from, bytes);
  } else {
    kernels<float>().stream(static_cast<float*>(to), static_cast<const float*>(from), bytes / sizeof(float));
  }
}

// A result that is written in blocks. Those of a large one are made in memory of the thread's own and go out past the caches: written there they
// would have to be fetched first, and push out what is still needed.
template <class T>
class LargeResult {
 public:
  LargeResult(T* y, bool is_large) : y_(y), is_large_(is_large) {}
  LargeResult(Tensor& y, const Tensors& inputs) : LargeResult(y.data<T>(), is_large_result(y, inputs)) {}
  T* data() const { return y_; }
  // Where the elements [at, at + n) are to be written to. A block that the second-level cache does not hold goes straight to its place.
  T* room(std::int64_t at, std::int64_t n) const { return is_large_ && n <= largest_block ? scratch<T>(Scratch::result, n) : y_ + at; }
  // They are; or they were written for another place, and belong here too.
  void send(const T* room, std::int64_t at, std::int64_t n) const {
    if (room == y_ + at) return;
    const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T);
    if (is_large_) copy_past_caches(y_ + at, room, bytes);
    else std::memcpy(y_ + at, room, bytes);
  }
  // The same for rows that are `row` apart in the result.
  struct Rows {
    T* begin;
    std::int64_t row;
  };
  Rows room(std::int64_t at, std::int64_t rows, std::int64_t columns, std::int64_t row) const {
    T* to = room(at, rows * columns);
    return {to, to == y_ + at ? row : columns};
  }
  void send(const Rows& room, std::int64_t at, std::int64_t rows, std::int64_t columns, std::int64_t row) const {
    if (room.begin == y_ + at) return;
    for (std::int64_t r = 0; r < rows; ++r) send(room.begin + r * room.row, at + r * row, columns);
  }

 private:
  static constexpr std::int64_t largest_block = 65536;
  T* y_;
  bool is_large_;
};

}  // namespace keratin
