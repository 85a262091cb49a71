#pragma once
#include <cstdint>

namespace keratin {

// Philox 4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11):
// the same (seed, stream, counter) always gives the same four numbers, so any thread can compute any part. kernels/random.h computes it.
struct Philox {
  std::uint32_t key[2];
  std::uint32_t stream;

  Philox(std::uint64_t seed, std::uint32_t stream_id)
      : key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, stream(stream_id) {}
};

// Uniform in [0, 1) from 64 random bits, 53 of them used.
inline double unit_double(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>(((static_cast<std::uint64_t>(high) << 32) | low) >> 11) * (1.0 / 9007199254740992.0);
}

}  // namespace keratin
