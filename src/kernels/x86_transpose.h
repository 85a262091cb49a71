// Square blocks of floats (8 x 8) and doubles (4 x 4) in 256-bit registers, for AVX2 and AVX-512.
#define KERATIN_BLOCK_TRANSPOSE

static inline void transpose_registers(__m256 (&r)[8]) {
  __m256 a[8], b[8];
  KERATIN_UNROLL for (int i = 0; i < 4; ++i) {
    a[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    a[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  KERATIN_UNROLL for (int i = 0; i < 2; ++i) {
    b[4 * i] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0x44);
    b[4 * i + 1] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0xee);
    b[4 * i + 2] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0x44);
    b[4 * i + 3] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0xee);
  }
  KERATIN_UNROLL for (int i = 0; i < 4; ++i) {
    r[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
    r[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
  }
}

static inline void transpose_registers(__m256d (&r)[4]) {
  const __m256d a0 = _mm256_unpacklo_pd(r[0], r[1]), a1 = _mm256_unpackhi_pd(r[0], r[1]);
  const __m256d a2 = _mm256_unpacklo_pd(r[2], r[3]), a3 = _mm256_unpackhi_pd(r[2], r[3]);
  r[0] = _mm256_permute2f128_pd(a0, a2, 0x20);
  r[1] = _mm256_permute2f128_pd(a1, a3, 0x20);
  r[2] = _mm256_permute2f128_pd(a0, a2, 0x31);
  r[3] = _mm256_permute2f128_pd(a1, a3, 0x31);
}

static inline __m256 load_as_floats(const float* p) { return _mm256_loadu_ps(p); }
static inline __m256 load_as_floats(const double* p) {
  return _mm256_set_m128(_mm256_cvtpd_ps(_mm256_loadu_pd(p + 4)), _mm256_cvtpd_ps(_mm256_loadu_pd(p)));
}
static inline void store_floats(float* p, __m256 v) { _mm256_storeu_ps(p, v); }
static inline void store_floats(double* p, __m256 v) {
  _mm256_storeu_pd(p, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
  _mm256_storeu_pd(p + 4, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
}

template <class Y, class X>
struct BlockTranspose {
  static constexpr Index side = 8;
  static inline void run(Y* y, Index y_row, const X* x, Index x_row) {
    __m256 r[8];
    KERATIN_UNROLL for (int i = 0; i < 8; ++i) r[i] = load_as_floats(x + i * x_row);
    transpose_registers(r);
    KERATIN_UNROLL for (int i = 0; i < 8; ++i) store_floats(y + i * y_row, r[i]);
  }
};

template <>
struct BlockTranspose<double, double> {
  static constexpr Index side = 4;
  static inline void run(double* y, Index y_row, const double* x, Index x_row) {
    __m256d r[4];
    KERATIN_UNROLL for (int i = 0; i < 4; ++i) r[i] = _mm256_loadu_pd(x + i * x_row);
    transpose_registers(r);
    KERATIN_UNROLL for (int i = 0; i < 4; ++i) _mm256_storeu_pd(y + i * y_row, r[i]);
  }
};
