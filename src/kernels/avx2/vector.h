// 256-bit registers. A mask is a register of all-ones or all-zeros elements.

alignas(64) static const std::int32_t mask_words[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

struct VectorF32 {
  using Element = float;
  using Register = __m256;
  using Mask = __m256;
  static constexpr int width = 8, registers = 16;

  static Register zero() { return _mm256_setzero_ps(); }
  static Register set(float x) { return _mm256_set1_ps(x); }
  static Register load(const float* p) { return _mm256_loadu_ps(p); }
  static Register load_partial(const float* p, int n) {
    return _mm256_maskload_ps(p, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask_words + 8 - n)));
  }
  static void store(float* p, Register v) { _mm256_storeu_ps(p, v); }
  static void stream(float* p, Register v) { _mm256_stream_ps(p, v); }
  // Not maskstore: on AMD it is ten times slower than these.
  static void store_partial(float* p, Register v, int n) {
    __m128 part = _mm256_castps256_ps128(v);
    if (n & 8) return store(p, v);
    if (n & 4) {
      _mm_storeu_ps(p, part);
      part = _mm256_extractf128_ps(v, 1);
      p += 4;
    }
    if (n & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), part);
      part = _mm_movehl_ps(part, part);
      p += 2;
    }
    if (n & 1) _mm_store_ss(p, part);
  }

  static Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
  static Register subtract(Register a, Register b) { return _mm256_sub_ps(a, b); }
  static Register multiply(Register a, Register b) { return _mm256_mul_ps(a, b); }
  static Register divide(Register a, Register b) { return _mm256_div_ps(a, b); }
  static Register quick_divide(Register a, Register b) { return divide(a, b); }
  static Register fma(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }
  static Register max(Register a, Register b) { return _mm256_max_ps(a, b); }
  static Register min(Register a, Register b) { return _mm256_min_ps(a, b); }
  static Register negate(Register a) { return _mm256_xor_ps(a, set(-0.0f)); }
  static Register abs(Register a) { return _mm256_andnot_ps(set(-0.0f), a); }
  static Register sqrt(Register a) { return _mm256_sqrt_ps(a); }
  static Register floor(Register a) { return _mm256_floor_ps(a); }
  static Register ceil(Register a) { return _mm256_ceil_ps(a); }
  static Register round(Register a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Register copysign(Register a, Register sign) { return _mm256_or_ps(abs(a), _mm256_and_ps(set(-0.0f), sign)); }

  static Mask less(Register a, Register b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static Mask less_equal(Register a, Register b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
  static Mask equal(Register a, Register b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
  static Mask both(Mask a, Mask b) { return _mm256_and_ps(a, b); }
  static Mask either(Mask a, Mask b) { return _mm256_or_ps(a, b); }
  static Mask invert(Mask a) { return _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))); }
  static Register select(Mask m, Register a, Register b) { return _mm256_blendv_ps(b, a, m); }

  // In two steps, so that 2^128 and denormal results come out right.
  static Register scale_by_power_of_two(Register a, Register n) {
    const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1), rest = _mm256_sub_epi32(whole, half);
    return multiply(multiply(a, power_of_two(half)), power_of_two(rest));
  }
  static Register power_of_low_bits(Register a) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 23)); }
  static Register exponent(Register a) {
    const __m256i bits = _mm256_and_si256(_mm256_srli_epi32(_mm256_castps_si256(a), 23), _mm256_set1_epi32(255));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(bits, _mm256_set1_epi32(127)));
  }
  static Register mantissa(Register a) {
    const __m256i bits = _mm256_and_si256(_mm256_castps_si256(a), _mm256_set1_epi32(0x007fffff));
    return _mm256_castsi256_ps(_mm256_or_si256(bits, _mm256_set1_epi32(0x3f800000)));
  }

  static float sum(Register a) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float largest(Register a) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
  static float smallest(Register a) { return -largest(negate(a)); }
  static void store_sums(float* to, Register a, Register b, Register c, Register d) {
    const __m256 e = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    _mm_storeu_ps(to, _mm_add_ps(_mm256_castps256_ps128(e), _mm256_extractf128_ps(e, 1)));
  }
  static Register in_register(Register a) { return a; }

 private:
  static Register power_of_two(__m256i n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
  }
};

struct VectorF64 {
  using Element = double;
  using Register = __m256d;
  using Mask = __m256d;
  static constexpr int width = 4, registers = 16;

  static Register zero() { return _mm256_setzero_pd(); }
  static Register set(double x) { return _mm256_set1_pd(x); }
  static Register load(const double* p) { return _mm256_loadu_pd(p); }
  static Register load_partial(const double* p, int n) {
    return _mm256_maskload_pd(p, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask_words + 8 - 2 * n)));
  }
  static void store(double* p, Register v) { _mm256_storeu_pd(p, v); }
  static void stream(double* p, Register v) { _mm256_stream_pd(p, v); }
  static void store_partial(double* p, Register v, int n) {
    __m128d part = _mm256_castpd256_pd128(v);
    if (n & 4) return store(p, v);
    if (n & 2) {
      _mm_storeu_pd(p, part);
      part = _mm256_extractf128_pd(v, 1);
      p += 2;
    }
    if (n & 1) _mm_store_sd(p, part);
  }

  static Register add(Register a, Register b) { return _mm256_add_pd(a, b); }
  static Register subtract(Register a, Register b) { return _mm256_sub_pd(a, b); }
  static Register multiply(Register a, Register b) { return _mm256_mul_pd(a, b); }
  static Register divide(Register a, Register b) { return _mm256_div_pd(a, b); }
  static Register quick_divide(Register a, Register b) { return divide(a, b); }
  static Register fma(Register a, Register b, Register c) { return _mm256_fmadd_pd(a, b, c); }
  static Register max(Register a, Register b) { return _mm256_max_pd(a, b); }
  static Register min(Register a, Register b) { return _mm256_min_pd(a, b); }
  static Register negate(Register a) { return _mm256_xor_pd(a, set(-0.0)); }
  static Register abs(Register a) { return _mm256_andnot_pd(set(-0.0), a); }
  static Register sqrt(Register a) { return _mm256_sqrt_pd(a); }
  static Register floor(Register a) { return _mm256_floor_pd(a); }
  static Register ceil(Register a) { return _mm256_ceil_pd(a); }
  static Register round(Register a) { return _mm256_round_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Register copysign(Register a, Register sign) { return _mm256_or_pd(abs(a), _mm256_and_pd(set(-0.0), sign)); }

  static Mask less(Register a, Register b) { return _mm256_cmp_pd(a, b, _CMP_LT_OQ); }
  static Mask less_equal(Register a, Register b) { return _mm256_cmp_pd(a, b, _CMP_LE_OQ); }
  static Mask equal(Register a, Register b) { return _mm256_cmp_pd(a, b, _CMP_EQ_OQ); }
  static Mask both(Mask a, Mask b) { return _mm256_and_pd(a, b); }
  static Mask either(Mask a, Mask b) { return _mm256_or_pd(a, b); }
  static Mask invert(Mask a) { return _mm256_xor_pd(a, _mm256_castsi256_pd(_mm256_set1_epi32(-1))); }
  static Register select(Mask m, Register a, Register b) { return _mm256_blendv_pd(b, a, m); }

  static Register scale_by_power_of_two(Register a, Register n) {
    const __m128i whole = _mm256_cvtpd_epi32(n), half = _mm_srai_epi32(whole, 1), rest = _mm_sub_epi32(whole, half);
    return multiply(multiply(a, power_of_two(half)), power_of_two(rest));
  }
  static Register power_of_low_bits(Register a) { return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(a), 52)); }
  // The exponent's bits are put into the low mantissa bits of 2^52 and that is subtracted: AVX2 has no int64 to double conversion.
  static Register exponent(Register a) {
    const __m256i bits = _mm256_and_si256(_mm256_srli_epi64(_mm256_castpd_si256(a), 52), _mm256_set1_epi64x(2047));
    const __m256d shifted = _mm256_castsi256_pd(_mm256_or_si256(bits, _mm256_set1_epi64x(0x4330000000000000)));
    return _mm256_sub_pd(shifted, _mm256_set1_pd(4503599627370496.0 + 1023.0));
  }
  static Register mantissa(Register a) {
    const __m256i bits = _mm256_and_si256(_mm256_castpd_si256(a), _mm256_set1_epi64x(0x000fffffffffffff));
    return _mm256_castsi256_pd(_mm256_or_si256(bits, _mm256_set1_epi64x(0x3ff0000000000000)));
  }

  static double sum(Register a) {
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
  }
  static double largest(Register a) {
    const __m128d two = _mm_max_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)));
  }
  static double smallest(Register a) { return -largest(negate(a)); }
  static void store_sums(double* to, Register a, Register b, Register c, Register d) {
    const __m256d ab = _mm256_hadd_pd(a, b), cd = _mm256_hadd_pd(c, d);
    _mm256_storeu_pd(to, _mm256_add_pd(_mm256_permute2f128_pd(ab, cd, 0x20), _mm256_permute2f128_pd(ab, cd, 0x31)));
  }
  static Register in_register(Register a) { return a; }

 private:
  static Register power_of_two(__m128i n) {
    return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_cvtepi32_epi64(_mm_add_epi32(n, _mm_set1_epi32(1023))), 52));
  }
};

// Lanes of 64 bits for random.h: the product of the lower halves.
typedef std::uint64_t Words __attribute__((vector_size(32)));
static inline Words multiply_words(Words a, Words b) { return (Words)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
