// What this machine can do, measured in the benchmark's own run: fused multiply-adds a second and memory bandwidth, one thread.
// Compiled by bench/run.R with Rcpp::sourceCpp(), not part of the package.
#include <Rcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#ifdef __linux__
#include <sys/mman.h>
#endif

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#define KERATIN_X86 1
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Twelve independent chains keep every FMA unit busy over its latency.
#define TWELVE(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define FMA_LOOP(name, target_attribute, vector_type, set1, fma, element, lanes)                  \
  target_attribute double name(long n) {                                                         \
    const vector_type a = set1(element(1.0000001)), b = set1(element(1e-9));                      \
    vector_type r[12];                                                                            \
    for (int i = 0; i < 12; ++i) r[i] = set1(element(i));                                         \
    for (long k = 0; k < n; ++k) {                                                                \
      TWELVE(fma)                                                                                 \
    }                                                                                             \
    double sum = 0;                                                                               \
    for (int i = 0; i < 12; ++i) sum += reinterpret_cast<element*>(&r[i])[0];                     \
    return sum;                                                                                   \
  }

#ifdef KERATIN_X86
#define FMA512F(i) r[i] = _mm512_fmadd_ps(r[i], a, b);
#define FMA512D(i) r[i] = _mm512_fmadd_pd(r[i], a, b);
#define FMA256F(i) r[i] = _mm256_fmadd_ps(r[i], a, b);
#define FMA256D(i) r[i] = _mm256_fmadd_pd(r[i], a, b);
#define SSEF(i) r[i] = _mm_add_ps(_mm_mul_ps(r[i], a), b);
#define SSED(i) r[i] = _mm_add_pd(_mm_mul_pd(r[i], a), b);
FMA_LOOP(avx512_float, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps, FMA512F, float, 16)
FMA_LOOP(avx512_double, __attribute__((target("avx512f"))), __m512d, _mm512_set1_pd, FMA512D, double, 8)
FMA_LOOP(avx2_float, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps, FMA256F, float, 8)
FMA_LOOP(avx2_double, __attribute__((target("avx2,fma"))), __m256d, _mm256_set1_pd, FMA256D, double, 4)
FMA_LOOP(sse_float, , __m128, _mm_set1_ps, SSEF, float, 4)
FMA_LOOP(sse_double, , __m128d, _mm_set1_pd, SSED, double, 2)
#elif defined(__aarch64__)
#define NEONF(i) r[i] = vfmaq_f32(b, r[i], a);
#define NEOND(i) r[i] = vfmaq_f64(b, r[i], a);
FMA_LOOP(neon_float, , float32x4_t, vdupq_n_f32, NEONF, float, 4)
FMA_LOOP(neon_double, , float64x2_t, vdupq_n_f64, NEOND, double, 2)
#endif

double gigaflops(double (*loop)(long), int lanes, double budget) {
  const long n = 200000;
  double best = 1e30, sink = 0;
  for (const double begin = now(); now() - begin < budget;) {
    const double start = now();
    sink += loop(n);
    best = std::min(best, now() - start);
  }
  return sink == 12345.678 ? 0 : 2.0 * 12 * lanes * n / best / 1e9;
}

// In large pages where Linux grants them, as the package's own arrays.
struct Array {
  float* data = nullptr;
  Array(std::size_t n, float value) {
    if (posix_memalign(reinterpret_cast<void**>(&data), 2u << 20, n * sizeof(float)) != 0) Rcpp::stop("no memory");
#ifdef MADV_HUGEPAGE
    madvise(data, n * sizeof(float), MADV_HUGEPAGE);
#endif
    std::fill(data, data + n, value);
  }
  ~Array() { std::free(data); }
};

#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("O3")))
#endif
void triad(float* __restrict a, const float* __restrict b, const float* __restrict c, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) a[i] = b[i] + 3 * c[i];
}

}  // namespace

// The best of `seconds`: GFLOP/s of the named instruction set ("avx512", "avx2", "neon", anything else: what every CPU of this kind has), and GB/s of a triad.
// [[Rcpp::export]]
Rcpp::List measure_machine(std::string isa, double seconds) {
  double single = NA_REAL, twice = NA_REAL;
#ifdef KERATIN_X86
  if (isa == "avx512") {
    single = gigaflops(avx512_float, 16, seconds);
    twice = gigaflops(avx512_double, 8, seconds);
  } else if (isa == "avx2") {
    single = gigaflops(avx2_float, 8, seconds);
    twice = gigaflops(avx2_double, 4, seconds);
  } else {
    single = gigaflops(sse_float, 4, seconds);
    twice = gigaflops(sse_double, 2, seconds);
  }
#elif defined(__aarch64__)
  single = gigaflops(neon_float, 4, seconds);
  twice = gigaflops(neon_double, 2, seconds);
#endif
  const std::size_t n = 16u << 20;
  const Array a(n, 0), b(n, 1), c(n, 2);
  double best = 1e30;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const double start = now();
    triad(a.data, b.data, c.data, n);
    best = std::min(best, now() - start);
  }
  return Rcpp::List::create(Rcpp::Named("float32") = single, Rcpp::Named("float64") = twice,
                            Rcpp::Named("bandwidth") = 3.0 * n * sizeof(float) / best / 1e9 * (a.data[n / 2] == 7));
}
