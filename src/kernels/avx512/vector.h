// 512-bit registers; masks are mask registers. The `maskz` forms with a full mask are the plain instructions: the headers of
// g++ 12 draw warnings of uninitialised values from the forms without.

struct VectorF32 {
  using Element = float;
  using Register = __m512;
  using Mask = __mmask16;
  static constexpr int width = 16, registers = 32;
  static constexpr Mask all = 0xffff;

  static Register zero() { return _mm512_setzero_ps(); }
  static Register set(float x) { return _mm512_set1_ps(x); }
  static Register load(const float* p) { return _mm512_loadu_ps(p); }
  static Register load_partial(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
  static void store(float* p, Register v) { _mm512_storeu_ps(p, v); }
  static void stream(float* p, Register v) { _mm512_stream_ps(p, v); }
  static void store_partial(float* p, Register v, int n) { _mm512_mask_storeu_ps(p, first(n), v); }

  static Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  static Register subtract(Register a, Register b) { return _mm512_sub_ps(a, b); }
  static Register multiply(Register a, Register b) { return _mm512_mul_ps(a, b); }
  static Register divide(Register a, Register b) { return _mm512_div_ps(a, b); }
  // 1 / b to 14 bits and a step of Newton's; not from 2^126 on, where that would be 0 * Inf for an infinite b.
  static Register quick_divide(Register a, Register b) {
    const Register rough = _mm512_maskz_rcp14_ps(all, b), error = _mm512_fnmadd_ps(b, rough, set(1));
    return multiply(a, _mm512_mask_fmadd_ps(rough, less(b, set(8.507059e37f)), error, rough));
  }
  static Register fma(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }
  static Register max(Register a, Register b) { return _mm512_maskz_max_ps(all, a, b); }
  static Register min(Register a, Register b) { return _mm512_maskz_min_ps(all, a, b); }
  static Register negate(Register a) { return _mm512_xor_ps(a, set(-0.0f)); }
  static Register abs(Register a) { return _mm512_andnot_ps(set(-0.0f), a); }
  static Register sqrt(Register a) { return _mm512_maskz_sqrt_ps(all, a); }
  static Register floor(Register a) { return _mm512_maskz_roundscale_ps(all, a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
  static Register ceil(Register a) { return _mm512_maskz_roundscale_ps(all, a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
  static Register round(Register a) { return _mm512_maskz_roundscale_ps(all, a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Register copysign(Register a, Register sign) { return _mm512_or_ps(abs(a), _mm512_and_ps(set(-0.0f), sign)); }

  static Mask less(Register a, Register b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask less_equal(Register a, Register b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
  static Mask equal(Register a, Register b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
  static Mask either(Mask a, Mask b) { return static_cast<Mask>(a | b); }
  static Mask invert(Mask a) { return static_cast<Mask>(~a); }
  static Register select(Mask m, Register a, Register b) { return _mm512_mask_blend_ps(m, b, a); }

  static Register scale_by_power_of_two(Register a, Register n) { return _mm512_maskz_scalef_ps(all, a, n); }
  static Register power_of_low_bits(Register a) { return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(all, _mm512_castps_si512(a), 23)); }
  static Register exponent(Register a) { return _mm512_maskz_getexp_ps(all, a); }
  static Register mantissa(Register a) { return _mm512_maskz_getmant_ps(all, a, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero); }

  // By halves. _mm512_reduce_add and its like do the same, but g++ 12 takes their halves for uninitialised registers.
  static float sum(Register a) {
    const __m256 b = halves(a);
    const __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1)), d = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(d, _mm_movehdup_ps(d)));
  }
  static float largest(Register a) {
    const __m256 b = _mm256_max_ps(lower(a), upper(a));
    const __m128 c = _mm_max_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1)), d = _mm_max_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_max_ss(d, _mm_movehdup_ps(d)));
  }
  static float smallest(Register a) { return -largest(negate(a)); }
  static void store_sums(float* to, Register a, Register b, Register c, Register d) {
    const __m256 ab = _mm256_hadd_ps(halves(a), halves(b)), cd = _mm256_hadd_ps(halves(c), halves(d)), e = _mm256_hadd_ps(ab, cd);
    _mm_storeu_ps(to, _mm_add_ps(_mm256_castps256_ps128(e), _mm256_extractf128_ps(e, 1)));
  }
  static Register in_register(Register a) {
    __asm__("" : "+v"(a));
    return a;
  }

 private:
  static Mask first(int n) { return static_cast<Mask>((1u << n) - 1u); }
  static __m256 lower(Register a) { return _mm512_castps512_ps256(a); }
  static __m256 upper(Register a) { return _mm512_maskz_extractf32x8_ps(0xff, a, 1); }
  static __m256 halves(Register a) { return _mm256_add_ps(lower(a), upper(a)); }
};

struct VectorF64 {
  using Element = double;
  using Register = __m512d;
  using Mask = __mmask8;
  static constexpr int width = 8, registers = 32;
  static constexpr Mask all = 0xff;

  static Register zero() { return _mm512_setzero_pd(); }
  static Register set(double x) { return _mm512_set1_pd(x); }
  static Register load(const double* p) { return _mm512_loadu_pd(p); }
  static Register load_partial(const double* p, int n) { return _mm512_maskz_loadu_pd(first(n), p); }
  static void store(double* p, Register v) { _mm512_storeu_pd(p, v); }
  static void stream(double* p, Register v) { _mm512_stream_pd(p, v); }
  static void store_partial(double* p, Register v, int n) { _mm512_mask_storeu_pd(p, first(n), v); }

  static Register add(Register a, Register b) { return _mm512_add_pd(a, b); }
  static Register subtract(Register a, Register b) { return _mm512_sub_pd(a, b); }
  static Register multiply(Register a, Register b) { return _mm512_mul_pd(a, b); }
  static Register divide(Register a, Register b) { return _mm512_div_pd(a, b); }
  static Register quick_divide(Register a, Register b) { return divide(a, b); }
  static Register fma(Register a, Register b, Register c) { return _mm512_fmadd_pd(a, b, c); }
  static Register max(Register a, Register b) { return _mm512_maskz_max_pd(all, a, b); }
  static Register min(Register a, Register b) { return _mm512_maskz_min_pd(all, a, b); }
  static Register negate(Register a) { return _mm512_xor_pd(a, set(-0.0)); }
  static Register abs(Register a) { return _mm512_andnot_pd(set(-0.0), a); }
  static Register sqrt(Register a) { return _mm512_maskz_sqrt_pd(all, a); }
  static Register floor(Register a) { return _mm512_maskz_roundscale_pd(all, a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
  static Register ceil(Register a) { return _mm512_maskz_roundscale_pd(all, a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
  static Register round(Register a) { return _mm512_maskz_roundscale_pd(all, a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Register copysign(Register a, Register sign) { return _mm512_or_pd(abs(a), _mm512_and_pd(set(-0.0), sign)); }

  static Mask less(Register a, Register b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
  static Mask less_equal(Register a, Register b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
  static Mask equal(Register a, Register b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
  static Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
  static Mask either(Mask a, Mask b) { return static_cast<Mask>(a | b); }
  static Mask invert(Mask a) { return static_cast<Mask>(~a); }
  static Register select(Mask m, Register a, Register b) { return _mm512_mask_blend_pd(m, b, a); }

  static Register scale_by_power_of_two(Register a, Register n) { return _mm512_maskz_scalef_pd(all, a, n); }
  static Register power_of_low_bits(Register a) { return _mm512_castsi512_pd(_mm512_maskz_slli_epi64(all, _mm512_castpd_si512(a), 52)); }
  static Register exponent(Register a) { return _mm512_maskz_getexp_pd(all, a); }
  static Register mantissa(Register a) { return _mm512_maskz_getmant_pd(all, a, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero); }

  static double sum(Register a) {
    const __m256d b = halves(a);
    const __m128d c = _mm_add_pd(_mm256_castpd256_pd128(b), _mm256_extractf128_pd(b, 1));
    return _mm_cvtsd_f64(_mm_add_sd(c, _mm_unpackhi_pd(c, c)));
  }
  static double largest(Register a) {
    const __m256d b = _mm256_max_pd(lower(a), upper(a));
    const __m128d c = _mm_max_pd(_mm256_castpd256_pd128(b), _mm256_extractf128_pd(b, 1));
    return _mm_cvtsd_f64(_mm_max_sd(c, _mm_unpackhi_pd(c, c)));
  }
  static double smallest(Register a) { return -largest(negate(a)); }
  static void store_sums(double* to, Register a, Register b, Register c, Register d) {
    const __m256d ab = _mm256_hadd_pd(halves(a), halves(b)), cd = _mm256_hadd_pd(halves(c), halves(d));
    _mm256_storeu_pd(to, _mm256_add_pd(_mm256_permute2f128_pd(ab, cd, 0x20), _mm256_permute2f128_pd(ab, cd, 0x31)));
  }
  static Register in_register(Register a) {
    __asm__("" : "+v"(a));
    return a;
  }

 private:
  static Mask first(int n) { return static_cast<Mask>((1u << n) - 1u); }
  static __m256d lower(Register a) { return _mm512_castpd512_pd256(a); }
  static __m256d upper(Register a) { return _mm512_maskz_extractf64x4_pd(0xf, a, 1); }
  static __m256d halves(Register a) { return _mm256_add_pd(lower(a), upper(a)); }
};

// Lanes of 64 bits for random.h: the product of the lower halves.
typedef std::uint64_t Words __attribute__((vector_size(64)));
static inline Words multiply_words(Words a, Words b) { return (Words)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b); }
