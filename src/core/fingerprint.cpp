#include "fingerprint.h"

#include <utility>

namespace keratin {
namespace {

using Word = std::uint64_t;
constexpr Word k0 = 0xc3a5c85c97cb3127, k1 = 0xb492b66fbe98f273, k2 = 0x9ae16a3b2f90404f;

// Little endian on every machine.
Word load(const unsigned char* at, int bytes = 8) {
  Word value = 0;
  for (int i = bytes; i-- > 0;) value = (value << 8) | at[i];
  return value;
}
Word rotate_right(Word x, int bits) { return (x >> bits) | (x << (64 - bits)); }
Word rotate_left(Word x, int bits) { return rotate_right(x, 64 - bits); }
Word fold(Word x) { return x ^ (x >> 47); }
Word mix(Word u, Word v, Word mul) {
  const Word a = fold((u ^ v) * mul);
  return fold((v ^ a) * mul) * mul;
}

Word hash_up_to_16(const unsigned char* s, Word n) {
  const Word mul = k2 + n * 2;
  if (n >= 8) {
    const Word a = load(s) + k2, b = load(s + n - 8);
    return mix(rotate_right(b, 37) * mul + a, (rotate_right(a, 25) + b) * mul, mul);
  }
  if (n >= 4) return mix(n + (load(s, 4) << 3), load(s + n - 4, 4), mul);
  if (n > 0) {
    const Word first = s[0] + (static_cast<Word>(s[n >> 1]) << 8), last = n + (static_cast<Word>(s[n - 1]) << 2);
    return fold((first * k2) ^ (last * k0)) * k2;
  }
  return k2;
}

Word hash_17_to_32(const unsigned char* s, Word n) {
  const Word mul = k2 + n * 2, a = load(s) * k1, b = load(s + 8), c = load(s + n - 8) * mul, d = load(s + n - 16) * k2;
  return mix(rotate_right(a + b, 43) + rotate_right(c, 30) + d, a + rotate_right(b + k2, 18) + c, mul);
}

Word hash_33_to_64(const unsigned char* s, Word n) {
  const Word mul = k2 + n * 2, a = load(s) * k2, b = load(s + 8), c = load(s + n - 8) * mul, d = load(s + n - 16) * k2;
  const Word y = rotate_right(a + b, 43) + rotate_right(c, 30) + d, z = mix(y, a + rotate_right(b + k2, 18) + c, mul);
  const Word e = load(s + 16) * mul, f = load(s + 24), g = (y + load(s + n - 32)) * mul, h = (z + load(s + n - 24)) * mul;
  return mix(rotate_right(e + f, 43) + rotate_right(g, 30) + h, e + rotate_right(f + a, 18) + g, mul);
}

using Pair = std::pair<Word, Word>;
Pair hash_32(const unsigned char* s, Word a, Word b) {
  const Word z = load(s + 24);
  a += load(s);
  b = rotate_right(b + a + z, 21);
  const Word c = a;
  a += load(s + 8) + load(s + 16);
  b += rotate_right(a, 44);
  return {a + z, b + c};
}

Word hash_long(const unsigned char* s, Word n) {
  const unsigned char* const end = s + (n - 1) / 64 * 64;
  const unsigned char* const last = end + ((n - 1) & 63) - 63;
  constexpr Word seed = 81;
  Word x = seed * k2 + load(s), y = seed * k1 + 113, z = fold(y * k2 + 113) * k2;
  Pair v{0, 0}, w{0, 0};
  const auto step = [&](Word mul, Word weight) {
    x = rotate_right(x + y + v.first + load(s + 8), 37) * mul;
    y = rotate_right(y + v.second + load(s + 48), 42) * mul;
    x ^= w.second * weight;
    y += v.first * weight + load(s + 40);
    z = rotate_right(z + w.first, 33) * mul;
    v = hash_32(s, v.second * mul, x + w.first);
    w = hash_32(s + 32, z + w.second, y + load(s + 16));
    std::swap(z, x);
  };
  for (; s != end; s += 64) step(k1, 1);
  const Word mul = k1 + ((z & 0xff) << 1);
  s = last;
  w.first += (n - 1) & 63;
  v.first += w.first;
  w.first += v.first;
  step(mul, 9);
  return mix(mix(v.first, w.first, mul) + fold(y) * k0 + z, mix(v.second, w.second, mul) + x, mul);
}

}  // namespace

std::uint64_t farm_fingerprint64(const std::string& text) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  const Word n = text.size();
  if (n <= 16) return hash_up_to_16(s, n);
  if (n <= 32) return hash_17_to_32(s, n);
  if (n <= 64) return hash_33_to_64(s, n);
  return hash_long(s, n);
}

std::uint64_t sip_hash24(const std::string& text, std::uint64_t key0, std::uint64_t key1) {
  Word v0 = key0 ^ 0x736f6d6570736575, v1 = key1 ^ 0x646f72616e646f6d, v2 = key0 ^ 0x6c7967656e657261, v3 = key1 ^ 0x7465646279746573;
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = rotate_left(v1, 13) ^ v0;
      v0 = rotate_left(v0, 32);
      v2 += v3;
      v3 = rotate_left(v3, 16) ^ v2;
      v0 += v3;
      v3 = rotate_left(v3, 21) ^ v0;
      v2 += v1;
      v1 = rotate_left(v1, 17) ^ v2;
      v2 = rotate_left(v2, 32);
    }
  };
  const auto absorb = [&](Word word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t whole = text.size() / 8;
  for (std::size_t i = 0; i < whole; ++i) absorb(load(s + 8 * i));
  absorb(load(s + 8 * whole, static_cast<int>(text.size() % 8)) | (static_cast<Word>(text.size()) << 56));
  v2 ^= 0xff;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace keratin
