#pragma once
#include "gemm_tile.h"

namespace keratin {

// Memory that will be read next, on its way into the second-level cache in small pieces between the tiles of what is computed now.
class ReadAhead {
 public:
  ReadAhead() = default;
  // [begin, end), spread over about so many calls of fetch()
  template <class T>
  ReadAhead(const T* begin, const T* end, Index calls) : at_(reinterpret_cast<const char*>(begin)), end_(reinterpret_cast<const char*>(end)) {
    const Index lines = (end_ - at_ + cache_line_bytes - 1) / cache_line_bytes;
    step_ = calls > 1 ? (lines + calls - 1) / calls * cache_line_bytes : lines * cache_line_bytes;
  }
  // A tile does it itself, so many times.
  template <class T>
  void give(GemmTile<T>& tile, Index fetches) {
    tile.ahead = at_;
    tile.ahead_lines = at_ < end_ ? step_ / cache_line_bytes : 0;
    at_ += tile.ahead_lines * cache_line_bytes * fetches;
  }
  void fetch(Index times = 1) {
    const char* stop = end_ - at_ < step_ * times ? end_ : at_ + step_ * times;
    for (; at_ < stop; at_ += cache_line_bytes) __builtin_prefetch(at_, 0, 2);
  }

 private:
  const char *at_ = nullptr, *end_ = nullptr;
  Index step_ = 0;
};

}  // namespace keratin
