// 128-bit registers of AArch64, thirty-two of them.

struct VectorF32 {
  using Element = float;
  using Register = float32x4_t;
  using Mask = uint32x4_t;
  static constexpr int width = 4, registers = 32;

  static Register zero() { return vdupq_n_f32(0.0f); }
  static Register set(float x) { return vdupq_n_f32(x); }
  static Register load(const float* p) { return vld1q_f32(p); }
  static Register load_partial(const float* p, int n) {
    float part[4] = {0, 0, 0, 0};
    for (int i = 0; i < n; ++i) part[i] = p[i];
    return load(part);
  }
  static void store(float* p, Register v) { vst1q_f32(p, v); }
  static void stream(float* p, Register v) { store(p, v); }
  static void store_partial(float* p, Register v, int n) {
    float part[4];
    store(part, v);
    for (int i = 0; i < n; ++i) p[i] = part[i];
  }

  static Register add(Register a, Register b) { return vaddq_f32(a, b); }
  static Register subtract(Register a, Register b) { return vsubq_f32(a, b); }
  static Register multiply(Register a, Register b) { return vmulq_f32(a, b); }
  static Register divide(Register a, Register b) { return vdivq_f32(a, b); }
  static Register quick_divide(Register a, Register b) { return divide(a, b); }
  static Register fma(Register a, Register b, Register c) { return vfmaq_f32(c, a, b); }
  static Register max(Register a, Register b) { return select(less(b, a), a, b); }
  static Register min(Register a, Register b) { return select(less(a, b), a, b); }
  static Register negate(Register a) { return vnegq_f32(a); }
  static Register abs(Register a) { return vabsq_f32(a); }
  static Register sqrt(Register a) { return vsqrtq_f32(a); }
  static Register floor(Register a) { return vrndmq_f32(a); }
  static Register ceil(Register a) { return vrndpq_f32(a); }
  static Register round(Register a) { return vrndnq_f32(a); }
  static Register copysign(Register a, Register sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, a); }

  static Mask less(Register a, Register b) { return vcltq_f32(a, b); }
  static Mask less_equal(Register a, Register b) { return vcleq_f32(a, b); }
  static Mask equal(Register a, Register b) { return vceqq_f32(a, b); }
  static Mask both(Mask a, Mask b) { return vandq_u32(a, b); }
  static Mask either(Mask a, Mask b) { return vorrq_u32(a, b); }
  static Mask invert(Mask a) { return vmvnq_u32(a); }
  static Register select(Mask m, Register a, Register b) { return vbslq_f32(m, a, b); }

  static Register scale_by_power_of_two(Register a, Register n) {
    const int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1), rest = vsubq_s32(whole, half);
    return multiply(multiply(a, power_of_two(half)), power_of_two(rest));
  }
  static Register power_of_low_bits(Register a) { return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(a), 23)); }
  static Register exponent(Register a) {
    const int32x4_t bits = vreinterpretq_s32_u32(vandq_u32(vshrq_n_u32(vreinterpretq_u32_f32(a), 23), vdupq_n_u32(255)));
    return vcvtq_f32_s32(vsubq_s32(bits, vdupq_n_s32(127)));
  }
  static Register mantissa(Register a) {
    return vreinterpretq_f32_u32(vorrq_u32(vandq_u32(vreinterpretq_u32_f32(a), vdupq_n_u32(0x007fffffu)), vdupq_n_u32(0x3f800000u)));
  }

  static float sum(Register a) { return vaddvq_f32(a); }
  static float largest(Register a) { return vmaxvq_f32(a); }
  static float smallest(Register a) { return vminvq_f32(a); }
  static void store_sums(float* to, Register a, Register b, Register c, Register d) { store(to, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d))); }
  static Register in_register(Register a) { return a; }

 private:
  static Register power_of_two(int32x4_t n) { return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23)); }
};

struct VectorF64 {
  using Element = double;
  using Register = float64x2_t;
  using Mask = uint64x2_t;
  static constexpr int width = 2, registers = 32;

  static Register zero() { return vdupq_n_f64(0.0); }
  static Register set(double x) { return vdupq_n_f64(x); }
  static Register load(const double* p) { return vld1q_f64(p); }
  static Register load_partial(const double* p, int n) {
    double part[2] = {0, 0};
    for (int i = 0; i < n; ++i) part[i] = p[i];
    return load(part);
  }
  static void store(double* p, Register v) { vst1q_f64(p, v); }
  static void stream(double* p, Register v) { store(p, v); }
  static void store_partial(double* p, Register v, int n) {
    double part[2];
    store(part, v);
    for (int i = 0; i < n; ++i) p[i] = part[i];
  }

  static Register add(Register a, Register b) { return vaddq_f64(a, b); }
  static Register subtract(Register a, Register b) { return vsubq_f64(a, b); }
  static Register multiply(Register a, Register b) { return vmulq_f64(a, b); }
  static Register divide(Register a, Register b) { return vdivq_f64(a, b); }
  static Register quick_divide(Register a, Register b) { return divide(a, b); }
  static Register fma(Register a, Register b, Register c) { return vfmaq_f64(c, a, b); }
  static Register max(Register a, Register b) { return select(less(b, a), a, b); }
  static Register min(Register a, Register b) { return select(less(a, b), a, b); }
  static Register negate(Register a) { return vnegq_f64(a); }
  static Register abs(Register a) { return vabsq_f64(a); }
  static Register sqrt(Register a) { return vsqrtq_f64(a); }
  static Register floor(Register a) { return vrndmq_f64(a); }
  static Register ceil(Register a) { return vrndpq_f64(a); }
  static Register round(Register a) { return vrndnq_f64(a); }
  static Register copysign(Register a, Register sign) { return vbslq_f64(vdupq_n_u64(0x8000000000000000u), sign, a); }

  static Mask less(Register a, Register b) { return vcltq_f64(a, b); }
  static Mask less_equal(Register a, Register b) { return vcleq_f64(a, b); }
  static Mask equal(Register a, Register b) { return vceqq_f64(a, b); }
  static Mask both(Mask a, Mask b) { return vandq_u64(a, b); }
  static Mask either(Mask a, Mask b) { return vorrq_u64(a, b); }
  static Mask invert(Mask a) { return veorq_u64(a, vdupq_n_u64(~0ull)); }
  static Register select(Mask m, Register a, Register b) { return vbslq_f64(m, a, b); }

  static Register scale_by_power_of_two(Register a, Register n) {
    const int64x2_t whole = vcvtq_s64_f64(n), half = vshrq_n_s64(whole, 1), rest = vsubq_s64(whole, half);
    return multiply(multiply(a, power_of_two(half)), power_of_two(rest));
  }
  static Register power_of_low_bits(Register a) { return vreinterpretq_f64_u64(vshlq_n_u64(vreinterpretq_u64_f64(a), 52)); }
  static Register exponent(Register a) {
    const int64x2_t bits = vreinterpretq_s64_u64(vandq_u64(vshrq_n_u64(vreinterpretq_u64_f64(a), 52), vdupq_n_u64(2047)));
    return vcvtq_f64_s64(vsubq_s64(bits, vdupq_n_s64(1023)));
  }
  static Register mantissa(Register a) {
    return vreinterpretq_f64_u64(
        vorrq_u64(vandq_u64(vreinterpretq_u64_f64(a), vdupq_n_u64(0x000fffffffffffffull)), vdupq_n_u64(0x3ff0000000000000ull)));
  }

  static double sum(Register a) { return vaddvq_f64(a); }
  static double largest(Register a) { return vmaxvq_f64(a); }
  static double smallest(Register a) { return vminvq_f64(a); }
  static void store_sums(double* to, Register a, Register b, Register c, Register d) {
    store(to, vpaddq_f64(a, b));
    store(to + 2, vpaddq_f64(c, d));
  }
  static Register in_register(Register a) { return a; }

 private:
  static Register power_of_two(int64x2_t n) { return vreinterpretq_f64_s64(vshlq_n_s64(vaddq_s64(n, vdupq_n_s64(1023)), 52)); }
};

// Lanes of 64 bits for random.h: the product of the lower halves.
typedef std::uint64_t Words __attribute__((vector_size(16)));
static inline Words multiply_words(Words a, Words b) { return (Words)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b)); }
