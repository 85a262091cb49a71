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

// The best of `budget` seconds, in looks of 200000 steps; one at least.
double flops(double (*loop)(long), int lanes, double budget) {
  const long n = 200000;
  double best = 1e30, sink = 0;
  const double begin = now();
  do {
    const double start = now();
    sink += loop(n);
    best = std::min(best, now() - start);
  } while (now() - begin < budget);
  return sink == 12345.678 ? 0 : 2.0 * 12 * lanes * n / best;
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

// The best of `seconds`: operations a second of the named instruction set ("avx512", "avx2", "neon", anything else: what every CPU of this kind has).
// [[Rcpp::export]]
double measure_peak(std::string isa, std::string dtype, double seconds) {
  const bool twice = dtype == "float64";
#ifdef KERATIN_X86
  if (isa == "avx512") return twice ? flops(avx512_double, 8, seconds) : flops(avx512_float, 16, seconds);
  if (isa == "avx2") return twice ? flops(avx2_double, 4, seconds) : flops(avx2_float, 8, seconds);
  return twice ? flops(sse_double, 2, seconds) : flops(sse_float, 4, seconds);
#elif defined(__aarch64__)
  return twice ? flops(neon_double, 2, seconds) : flops(neon_float, 4, seconds);
#else
  return NA_REAL;
#endif
}

// Bytes a second of a triad over arrays of `n` numbers, the best of `repeats`.
// [[Rcpp::export]]
double measure_bandwidth(int repeats, double n = 16777216) {
  const std::size_t count = static_cast<std::size_t>(n);
  const Array a(count, 0), b(count, 1), c(count, 2);
  double best = 1e30;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const double start = now();
    triad(a.data, b.data, c.data, count);
    best = std::min(best, now() - start);
  }
  return a.data[count / 2] == 7 ? 3.0 * n * sizeof(float) / best : NA_REAL;
}

// All of it in units of 1e9 a second.
// [[Rcpp::export]]
Rcpp::List measure_machine(std::string isa, double seconds) {
  return Rcpp::List::create(Rcpp::Named("float32") = measure_peak(isa, "float32", seconds) / 1e9,
                            Rcpp::Named("float64") = measure_peak(isa, "float64", seconds) / 1e9,
                            Rcpp::Named("bandwidth") = measure_bandwidth(7) / 1e9);
}
