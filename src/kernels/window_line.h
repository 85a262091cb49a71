#pragma once
#include <cstddef>

namespace keratin {

// Pixels of `channels` elements, written one after another. Each is made from those that lie at its taps: offsets from the place that
// moves on by `step` elements after every `phases` pixels. Phase k has the taps [tap_ends[k - 1], tap_ends[k]).
struct WindowLine {
  const std::ptrdiff_t* taps;
  const int* tap_ends;
  int phases;
  std::ptrdiff_t step, pixels, channels;
};

}  // namespace keratin
