#pragma once
#include "../core/thread_pool.h"
#include "gemm_tile.h"

namespace keratin {

// y[i, c * copies + j] = x[i, c]
template <class T>
void repeat_channels(const T* x, Index pixels, Index channels, Index copies, T* y) {
  parallel_ranges(pixels, 256, [&](Index begin, Index end) {
    for (Index i = begin * channels; i < end * channels; ++i) {
      for (Index j = 0; j < copies; ++j) y[i * copies + j] = x[i];
    }
  });
}

}  // namespace keratin
