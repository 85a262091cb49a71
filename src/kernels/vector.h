// Included inside a target region, after one instruction set's vector types. Functions of registers, for any vector type V.
//
// What a vector type has (see avx2/vector.h): Element, Register, Mask, width, registers; zero set load load_partial store store_partial
// (partial: the first n elements, the others zero, 0 <= n <= width); add subtract multiply divide fma(a, b, c) = a * b + c, max min negate
// abs sqrt floor ceil round(half to even) copysign; less less_equal equal both either invert select(mask, if_true, if_false);
// scale_by_power_of_two(a, n) = a * 2^n for whole n, exponent and mantissa of normal positive numbers (a = mantissa * 2^exponent,
// 1 <= mantissa < 2); sum largest smallest across a register.
// max(a, b) is a > b ? a : b and min likewise: where either is NaN the answer is b.

#define KERATIN_UNROLL _Pragma("GCC unroll 32")

template <class V, int terms>
static inline typename V::Register polynomial(typename V::Register x, const double (&coefficients)[terms]) {  // highest power first
  using T = typename V::Element;
  typename V::Register value = V::set(static_cast<T>(coefficients[0]));
  KERATIN_UNROLL for (int i = 1; i < terms; ++i) value = V::fma(value, x, V::set(static_cast<T>(coefficients[i])));
  return value;
}

template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  static constexpr float lowest = -104.0f, highest = 89.0f, log2_high = 0.693359375f, log2_low = -2.12194440e-4f;
  // Taylor's terms 1/7! … 1/0!, enough for |x| <= log(2) / 2
  static constexpr double terms[8] = {1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
};
template <>
struct ExpConstants<double> {
  static constexpr double lowest = -746.0, highest = 710.0, log2_high = 6.93145751953125e-1, log2_low = 1.42860682030941723212e-6;
  static constexpr double terms[14] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                                       1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5,          1.0,         1.0};
};

// exp(x) = 2^n exp(r), n = round(x / log 2), log 2 in two parts so that r is exact enough.
template <class V>
static inline typename V::Register vector_exp(typename V::Register x) {
  using T = typename V::Element;
  using C = ExpConstants<T>;
  const typename V::Register clamped = V::min(V::set(C::highest), V::max(V::set(C::lowest), x));
  const typename V::Register n = V::round(V::multiply(clamped, V::set(static_cast<T>(1.44269504088896340736))));
  const typename V::Register r = V::fma(n, V::set(-C::log2_low), V::fma(n, V::set(-C::log2_high), clamped));
  return V::scale_by_power_of_two(polynomial<V>(r, C::terms), n);
}

template <class V>
static inline typename V::Register vector_sigmoid(typename V::Register x) {
  const typename V::Register one = V::set(1);
  return V::divide(one, V::add(one, vector_exp<V>(V::negate(x))));
}

// Rational approximation of Cephes (S. L. Moshier) for |x| < 0.625, where 1 - 2 / (exp(2x) + 1) would cancel.
template <class V>
static inline typename V::Register vector_tanh(typename V::Register x) {
  static constexpr double numerator[] = {-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3};
  static constexpr double denominator[] = {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3};
  const typename V::Register one = V::set(1), size = V::abs(x), square = V::multiply(x, x);
  const typename V::Register ratio = V::divide(polynomial<V>(square, numerator), polynomial<V>(square, denominator));
  const typename V::Register small = V::fma(V::multiply(x, square), ratio, x);
  const typename V::Register exponential = vector_exp<V>(V::add(size, size));
  const typename V::Register large = V::subtract(one, V::divide(V::set(2), V::add(exponential, one)));
  return V::select(V::less(size, V::set(static_cast<typename V::Element>(0.625))), small, V::copysign(large, x));
}

// y[i] = function(x[i]) for i in [0, n); y may be x.
#define KERATIN_MAP_KERNEL(name, function)                                                             \
  template <class V>                                                                                   \
  static void name(typename V::Element* y, const typename V::Element* x, std::size_t n) {              \
    std::size_t i = 0;                                                                                 \
    for (; i + V::width <= n; i += V::width) V::store(y + i, function<V>(V::load(x + i)));             \
    if (i < n) V::store_partial(y + i, function<V>(V::load_partial(x + i, int(n - i))), int(n - i));   \
  }
