#pragma once
#include <cstdint>

namespace keratin {

// Philox 4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11):
// the same (seed, stream, counter) always gives the same four numbers, so any thread can compute any part.
struct Philox {
  std::uint32_t key[2];
  std::uint32_t stream;

  Philox(std::uint64_t seed, std::uint32_t stream_id)
      : key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, stream(stream_id) {}

  void block(std::uint64_t counter, std::uint32_t out[4]) const {
    std::uint32_t c[4] = {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), stream, 0};
    std::uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = static_cast<std::uint64_t>(0xD2511F53u) * c[0], p1 = static_cast<std::uint64_t>(0xCD9E8D57u) * c[2];
      const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1;
      c[1] = static_cast<std::uint32_t>(p1);
      c[3] = static_cast<std::uint32_t>(p0);
      c[0] = n0;
      c[2] = n2;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; ++i) out[i] = c[i];
  }

  // Four neighbouring blocks, one after the other in `out`; lane by lane, so that the compiler makes vector code of it.
  void four_blocks(std::uint64_t counter, std::uint32_t out[16]) const {
    constexpr int lanes = 4;
    std::uint32_t a[lanes], b[lanes], c[lanes], d[lanes];
    for (int i = 0; i < lanes; ++i) {
      a[i] = static_cast<std::uint32_t>(counter + static_cast<unsigned>(i));
      b[i] = static_cast<std::uint32_t>((counter + static_cast<unsigned>(i)) >> 32);
      c[i] = stream;
      d[i] = 0;
    }
    std::uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
      for (int i = 0; i < lanes; ++i) {
        const std::uint64_t p0 = static_cast<std::uint64_t>(0xD2511F53u) * a[i], p1 = static_cast<std::uint64_t>(0xCD9E8D57u) * c[i];
        const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ b[i] ^ k0, n2 = static_cast<std::uint32_t>(p0 >> 32) ^ d[i] ^ k1;
        b[i] = static_cast<std::uint32_t>(p1);
        d[i] = static_cast<std::uint32_t>(p0);
        a[i] = n0;
        c[i] = n2;
      }
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < lanes; ++i) {
      out[4 * i] = a[i];
      out[4 * i + 1] = b[i];
      out[4 * i + 2] = c[i];
      out[4 * i + 3] = d[i];
    }
  }
};

// Uniform in [0, 1) from 32 random bits, 24 of them used: exact in float32.
inline float unit_float(std::uint32_t bits) { return static_cast<float>(bits >> 8) * (1.0f / 16777216.0f); }
// Uniform in [0, 1) from 64 random bits, 53 of them used.
inline double unit_double(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>(((static_cast<std::uint64_t>(high) << 32) | low) >> 11) * (1.0 / 9007199254740992.0);
}

}  // namespace keratin
