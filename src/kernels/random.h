// Random bits (Philox 4x32-10, see core/philox.h) and what is made of them.
// GCC at -O2 turns only the simplest loops into vector code.
#if defined(__GNUC__) && !defined(__clang__)
#define KERATIN_VECTORIZED __attribute__((optimize("O3")))
#else
#define KERATIN_VECTORIZED
#endif

// words[4 i ... 4 i + 3]: block counter + i; `blocks` is a multiple of random_blocks. A lane of 64 bits holds one word of one block; what
// gathers in its upper half is never looked at.
template <class V>
static void random_words(std::uint32_t* words, std::uint64_t seed, std::uint32_t stream, std::uint64_t counter, std::size_t blocks) {
  constexpr int lanes = sizeof(Words) / sizeof(std::uint64_t), groups = 4;
  static_assert(random_blocks % (lanes * groups) == 0, "whole groups");
  constexpr std::uint64_t low_word = 0xffffffffu;
  static const std::uint64_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7};
  Words lane_numbers;
  std::memcpy(&lane_numbers, numbers, sizeof(Words));
  for (std::size_t i = 0; i < blocks; i += lanes * groups) {
    Words a[groups], b[groups], c[groups], d[groups];
    KERATIN_UNROLL for (int g = 0; g < groups; ++g) {
      const Words at = lane_numbers + (counter + i + static_cast<std::uint64_t>(g * lanes));
      a[g] = at & low_word;
      b[g] = at >> 32;
      c[g] = Words{} + stream;
      d[g] = Words{};
    }
    std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    KERATIN_UNROLL for (int round = 0; round < 10; ++round) {
      KERATIN_UNROLL for (int g = 0; g < groups; ++g) {
        const Words p0 = multiply_words(a[g], Words{} + 0xD2511F53u), p1 = multiply_words(c[g], Words{} + 0xCD9E8D57u);
        a[g] = (p1 >> 32) ^ b[g] ^ (Words{} + k0);
        c[g] = (p0 >> 32) ^ d[g] ^ (Words{} + k1);
        b[g] = p1;
        d[g] = p0;
      }
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    KERATIN_UNROLL for (int g = 0; g < groups; ++g) {
      const Words pairs[] = {(a[g] & low_word) | b[g] << 32, (c[g] & low_word) | d[g] << 32};
      std::uint64_t first[lanes], second[lanes];
      std::memcpy(first, &pairs[0], sizeof(Words));
      std::memcpy(second, &pairs[1], sizeof(Words));
      std::uint32_t* out = words + 4 * (i + static_cast<std::size_t>(g * lanes));
      for (int l = 0; l < lanes; ++l) {
        std::memcpy(out + 4 * l, &first[l], sizeof(std::uint64_t));
        std::memcpy(out + 4 * l + 2, &second[l], sizeof(std::uint64_t));
      }
    }
  }
}

// In [0, 1): float32 from 24 bits of one word, float64 from 53 bits of two.
KERATIN_INLINE void unit_of(float& y, const std::uint32_t* words, std::size_t i) {
  y = static_cast<float>(static_cast<std::int32_t>(words[i] >> 8)) * (1.0f / 16777216.0f);
}
KERATIN_INLINE void unit_of(double& y, const std::uint32_t* words, std::size_t i) {
  y = static_cast<double>(static_cast<std::int64_t>(((static_cast<std::uint64_t>(words[2 * i]) << 32) | words[2 * i + 1]) >> 11)) *
      (1.0 / 9007199254740992.0);
}
template <class V>
KERATIN_VECTORIZED static void uniform_from_words(typename V::Element* y, const std::uint32_t* words, std::size_t n, typename V::Element low,
                                                  typename V::Element width) {
  for (std::size_t i = 0; i < n; ++i) {
    typename V::Element u;
    unit_of(u, words, i);
    y[i] = low + width * u;
  }
}

template <class T>
KERATIN_VECTORIZED static void numbers_of(T* __restrict y, const bool* __restrict x, std::size_t n) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(x);
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<T>(static_cast<std::int32_t>(bytes[i]));
}
// y = keep ? factor x : 0
template <class V>
static void apply_mask(typename V::Element* y, const typename V::Element* x, const bool* keep, typename V::Element factor, std::size_t n) {
  constexpr std::size_t chunk = 128;
  typename V::Element kept[chunk + V::width];
  const typename V::Register by = V::set(factor);
  for (std::size_t at = 0; at < n; at += chunk) {
    const std::size_t count = n - at < chunk ? n - at : chunk;
    numbers_of(kept, keep + at, count);
    for (std::size_t i = 0; i < count; i += V::width) {
      const std::size_t left = count - i;
      put<V>(y + at + i, V::select(V::less(V::zero(), take<V>(kept + i, left)), V::multiply(by, take<V>(x + at + i, left)), V::zero()), left);
    }
  }
}

// Box and Muller over 32 numbers at a time: 16 radii, 16 angles.
template <class V>
static void normal_from_words(typename V::Element* y, const std::uint32_t* words, std::size_t n, typename V::Element mean,
                              typename V::Element stddev) {
  using T = typename V::Element;
  using R = typename V::Register;
  constexpr T step = sizeof(T) == 4 ? T(1.0 / 16777216.0) : T(1.0 / 9007199254740992.0);
  T u[32], z[32];
  for (std::size_t at = 0; at < n; at += 32, words += 32 * sizeof(T) / 4) {
    uniform_from_words<V>(u, words, 32, T(0), T(1));
    for (int i = 0; i < 16; i += V::width) {
      R sine, cosine;
      sincos_of_turns<V>(V::load(u + 16 + i), sine, cosine);
      const R open = V::fma(V::set(T(0.5)), V::set(step), V::load(u + i));  // never 0
      const R radius = V::multiply(V::set(stddev), V::sqrt(V::multiply(V::set(-2), vector_log<V>(open))));
      V::store(z + i, V::fma(radius, cosine, V::set(mean)));
      V::store(z + 16 + i, V::fma(radius, sine, V::set(mean)));
    }
    std::memcpy(y + at, z, sizeof(T) * (n - at < 32 ? n - at : 32));
  }
}

// keep = word >= bound, y = keep ? factor x : 0
KERATIN_VECTORIZED static void at_least(bool* __restrict keep, const std::uint32_t* __restrict words, std::uint32_t bound, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) keep[i] = words[i] >= bound;
}
template <class V>
static void dropout(typename V::Element* y, bool* keep, const typename V::Element* x, const std::uint32_t* words, std::uint32_t bound,
                    typename V::Element factor, std::size_t n) {
  at_least(keep, words, bound, n);
  apply_mask<V>(y, x, keep, factor, n);
}
