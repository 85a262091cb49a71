// Square blocks of floats (8 x 8) and doubles (4 x 4) in 256-bit registers, for AVX2 and AVX-512.
#define KERATIN_BLOCK_TRANSPOSE

static inline void transpose_registers(__m256 (&r)[8]) {
  __m256 a[8], b[8];
  for (int i = 0; i < 4; ++i) {
    a[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    a[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    b[4 * i] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0x44);
    b[4 * i + 1] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0xee);
    b[4 * i + 2] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0x44);
    b[4 * i + 3] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
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

template <class T>
struct BlockTranspose;

template <>
struct BlockTranspose<float> {
  static constexpr Index side = 8;
  static inline void run(float* y, Index y_row, const float* x, Index x_row) {
    __m256 r[8];
    for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(x + i * x_row);
    transpose_registers(r);
    for (int i = 0; i < 8; ++i) _mm256_storeu_ps(y + i * y_row, r[i]);
  }
};

template <>
struct BlockTranspose<double> {
  static constexpr Index side = 4;
  static inline void run(double* y, Index y_row, const double* x, Index x_row) {
    __m256d r[4];
    for (int i = 0; i < 4; ++i) r[i] = _mm256_loadu_pd(x + i * x_row);
    transpose_registers(r);
    for (int i = 0; i < 4; ++i) _mm256_storeu_pd(y + i * y_row, r[i]);
  }
};
