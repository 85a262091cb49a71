// Included inside a target region, after one instruction set's vector types. Functions of registers, for any vector type V.
//
// What a vector type has (see avx2/vector.h): Element, Register, Mask, width, registers; zero set load load_partial store store_partial
// (partial: the first n elements, the others zero, 0 <= n <= width), stream (store past the caches, aligned); add subtract multiply divide,
// quick_divide (to within the last bit, b >= 0), fma(a, b, c) = a * b + c, max min negate abs sqrt floor ceil round(half to even) copysign; less
// less_equal equal both either invert select(mask, if_true, if_false); scale_by_power_of_two(a, n) = a * 2^n for whole n, power_of_low_bits(a) = the
// number whose exponent field is the lowest bits of a, exponent and mantissa of normal positive numbers (a = mantissa * 2^exponent,
// 1 <= mantissa < 2); sum largest smallest across a register. in_register(a) = a tells a compiler that would read
// memory anew for every use of `a` to load it once. Those wider than one element also have store_sums(to, a, b, c, d), four sums across registers.
// max(a, b) is a > b ? a : b and min likewise: where either is NaN the answer is b.

#define KERATIN_UNROLL _Pragma("GCC unroll 32")
#define KERATIN_INLINE static inline __attribute__((always_inline))
#define KERATIN_INLINE_BODY __attribute__((always_inline))

// body(Constant<0>()), body(Constant<1>()), … in place of a loop: indices known from the start keep arrays of registers in registers.
template <int n>
struct Constant {
  static constexpr int value = n;
};
template <int... n>
struct Constants {};
template <int count, int... n>
struct CountTo : CountTo<count - 1, count - 1, n...> {};
template <int... n>
struct CountTo<0, n...> {
  using type = Constants<n...>;
};
template <class Body, int... n>
KERATIN_INLINE void unroll_over(Constants<n...>, Body&& body) {
  (body(Constant<n>()), ...);
}
template <int count, class Body>
KERATIN_INLINE void unroll(Body&& body) {
  unroll_over(typename CountTo<count>::type(), body);
}

// The first n channels of a register; all of them where `whole`.
template <class V, bool whole>
KERATIN_INLINE typename V::Register load_channels(const typename V::Element* p, int n) {
  if constexpr (whole) return V::load(p);
  return V::load_partial(p, n);
}
template <class V, bool whole>
KERATIN_INLINE void store_channels(typename V::Element* p, typename V::Register v, int n) {
  if constexpr (whole) {
    V::store(p, v);
  } else {
    V::store_partial(p, v, n);
  }
}

// Its first n elements, and zeros.
template <class V>
KERATIN_INLINE typename V::Register only_first(typename V::Register v, int n) {
  static constexpr typename V::Element ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  static_assert(V::width <= sizeof ones / sizeof ones[0], "a one for each element");
  return V::select(V::less(V::zero(), V::load_partial(ones, n)), v, V::zero());
}

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
  static constexpr float lowest_normal = -88.0f, most_doublings = 127.0f, low_bits = 12582912.0f + 127.0f;  // 1.5 * 2^23 + the bias of the exponent
  // minimax for |x| <= log(2) / 2, relative error 2e-9
  static constexpr double terms[7] = {1.3836835537813759e-3, 8.3748240569412012e-3, 4.16682261931187112e-2, 1.66664200720260086e-1,
                                      4.99999920750711924e-1, 1.0, 1.0};
};
template <>
struct ExpConstants<double> {
  static constexpr double lowest = -746.0, highest = 710.0, log2_high = 6.93145751953125e-1, log2_low = 1.42860682030941723212e-6;
  static constexpr double lowest_normal = -709.2, most_doublings = 1023.0, low_bits = 6755399441055744.0 + 1023.0;  // 1.5 * 2^52 + the bias
  // Taylor's terms 1/13! … 1/0!, enough for |x| <= log(2) / 2
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

// The same in two thirds of the time for what is added to 1 or compared with it: 0 instead of denormal results, Inf from 2^127.5 on.
template <class V>
static inline typename V::Register vector_exp_normal(typename V::Register x) {
  using T = typename V::Element;
  using C = ExpConstants<T>;
  const typename V::Register clamped = V::min(V::set(C::highest), V::max(V::set(C::lowest_normal), x)), shift = V::set(C::low_bits);
  const typename V::Register rounded = V::fma(clamped, V::set(static_cast<T>(1.44269504088896340736)), shift);  // n in its lowest bits
  const typename V::Register n = V::subtract(rounded, shift);
  const typename V::Register r = V::fma(n, V::set(-C::log2_low), V::fma(n, V::set(-C::log2_high), clamped));
  return V::multiply(polynomial<V>(r, C::terms), V::power_of_low_bits(rounded));
}

template <class V>
static inline typename V::Register vector_sigmoid(typename V::Register x) {
  const typename V::Register one = V::set(1);
  return V::quick_divide(one, V::add(one, vector_exp_normal<V>(V::negate(x))));
}

// float: one quotient of polynomials, relative error 2e-8 before rounding up to 9.02, above 1 from there on.
// double: rational approximation of Cephes (S. L. Moshier) for |x| < 0.625, where 1 - 2 / (exp(2x) + 1) would cancel.
template <class V>
static inline typename V::Register vector_tanh(typename V::Register x) {
  if constexpr (sizeof(typename V::Element) == 4) {
    static constexpr double above[] = {1.3319074974656414e-8, 2.058348327444262e-5, 3.494034665758109e-3, 1.337971802116617e-1, 9.999999790114505e-1};
    static constexpr double below[] = {7.762020644898993e-7, 3.283093025975164e-4, 2.5871073578759396e-2, 4.671303326055805e-1, 1.0};
    const typename V::Register limit = V::set(9.5f), most = V::set(1), inside = V::min(limit, V::max(V::negate(limit), x)),
                               squared = V::multiply(inside, inside);
    const typename V::Register quotient = V::quick_divide(V::multiply(inside, polynomial<V>(squared, above)), polynomial<V>(squared, below));
    return V::min(most, V::max(V::negate(most), quotient));
  }
  static constexpr double numerator[] = {-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3};
  static constexpr double denominator[] = {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3};
  const typename V::Register one = V::set(1), size = V::abs(x), square = V::multiply(x, x);
  const typename V::Register ratio = V::divide(polynomial<V>(square, numerator), polynomial<V>(square, denominator));
  const typename V::Register small = V::fma(V::multiply(x, square), ratio, x);
  const typename V::Register exponential = vector_exp_normal<V>(V::add(size, size));
  const typename V::Register large = V::subtract(one, V::divide(V::set(2), V::add(exponential, one)));
  return V::select(V::less(size, V::set(static_cast<typename V::Element>(0.625))), small, V::copysign(large, x));
}

// log(x) = e log 2 + log(m), x = m 2^e, m in [sqrt(1/2), sqrt(2)): Cephes (S. L. Moshier). Zero gives -Inf, negative numbers NaN.
template <class T>
struct LogPolynomial;
template <>
struct LogPolynomial<float> {
  static constexpr double numerator[] = {7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
                                         -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1};
  static constexpr double denominator[] = {1.0};
  static constexpr float tiny = 1.17549435e-38f, lift = 16777216.0f, lift_exponent = 24.0f;
};
template <>
struct LogPolynomial<double> {
  static constexpr double numerator[] = {1.01875663804580931796e-4, 4.97494994976747001425e-1, 4.70579119878881725854e0,
                                         1.44989225341610930846e1,  1.79368678507819816313e1,  7.70838733755885391666e0};
  static constexpr double denominator[] = {
      1.0, 1.12873587189167450590e1, 4.52279145837532221105e1, 8.29875266912776603211e1, 7.11544750618563894466e1, 2.31251620126765340583e1};
  static constexpr double tiny = 2.2250738585072014e-308, lift = 4503599627370496.0, lift_exponent = 52.0;
};

template <class V>
static inline typename V::Register vector_log(typename V::Register x) {
  using T = typename V::Element;
  using C = LogPolynomial<T>;
  const typename V::Register zero = V::zero(), one = V::set(1);
  const typename V::Mask small = V::less(x, V::set(C::tiny));  // denormal numbers are lifted first
  const typename V::Register lifted = V::select(small, V::multiply(x, V::set(C::lift)), x);
  typename V::Register m = V::mantissa(lifted);
  typename V::Register e = V::subtract(V::exponent(lifted), V::select(small, V::set(C::lift_exponent), zero));
  const typename V::Mask large = V::less(V::set(static_cast<T>(1.41421356237309504880)), m);
  m = V::select(large, V::multiply(m, V::set(static_cast<T>(0.5))), m);
  e = V::select(large, V::add(e, one), e);
  const typename V::Register f = V::subtract(m, one), z = V::multiply(f, f);
  typename V::Register y = V::multiply(V::multiply(f, z), V::divide(polynomial<V>(f, C::numerator), polynomial<V>(f, C::denominator)));
  y = V::fma(e, V::set(static_cast<T>(-2.121944400546905827679e-4)), y);
  y = V::fma(z, V::set(static_cast<T>(-0.5)), y);
  y = V::fma(e, V::set(static_cast<T>(0.693359375)), V::add(f, y));
  const T infinity = static_cast<T>(__builtin_inf());
  y = V::select(V::less(V::set(static_cast<T>(__FLT_MAX__)), x), V::select(V::equal(x, V::set(infinity)), x, y), y);
  y = V::select(V::equal(x, zero), V::set(-infinity), y);
  return V::select(V::less_equal(zero, x), y, V::set(static_cast<T>(__builtin_nan(""))));
}

// log(1 + u): log(w) u / (w - 1) with w = 1 + u as rounded makes up for the rounding.
template <class V>
static inline typename V::Register vector_log1p(typename V::Register u) {
  const typename V::Register one = V::set(1), w = V::add(one, u), gone = V::subtract(w, one);
  const typename V::Register y = V::divide(V::multiply(vector_log<V>(w), u), gone);
  return V::select(V::either(V::equal(gone, V::zero()), V::equal(u, V::set(static_cast<typename V::Element>(__builtin_inf())))), u, y);
}

// sin and cos of `quarters` * pi / 2 + r, |r| <= pi / 4: Cephes's polynomials (S. L. Moshier), exchanged and negated by the quarter.
template <class T>
struct SinePolynomial;
template <>
struct SinePolynomial<float> {
  static constexpr double sine[] = {-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1};
  static constexpr double cosine[] = {2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2};
  // pi / 2 in parts whose products with whole numbers up to `bound` are exact
  static constexpr double high = 1.5703125, middle = 4.837512969970703125e-4, low = 7.549789948768648e-8, bound = 8192;
};
template <>
struct SinePolynomial<double> {
  static constexpr double sine[] = {1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6,
                                    -1.98412698295895385996e-4, 8.33333333332211858878e-3,  -1.66666666666666307295e-1};
  static constexpr double cosine[] = {-1.13585365213876817300e-11, 2.08757008419747316778e-9,  -2.75573141792967388112e-7,
                                      2.48015872888517045348e-5,   -1.38888888888730564116e-3, 4.16666666666665929218e-2};
  static constexpr double high = 1.57079625129699707031, middle = 7.54978941586159635335e-8, low = 5.39030285815811905290e-15, bound = 1e8;
};
template <class V>
static inline void sincos_of_quarters(typename V::Register quarters, typename V::Register r, typename V::Register& sine,
                                      typename V::Register& cosine) {
  using T = typename V::Element;
  using C = SinePolynomial<T>;
  const typename V::Register z = V::multiply(r, r), one = V::set(1);
  const typename V::Register s = V::fma(V::multiply(z, r), polynomial<V>(z, C::sine), r);
  const typename V::Register c = V::fma(V::multiply(z, z), polynomial<V>(z, C::cosine), V::fma(V::set(T(-0.5)), z, one));
  const typename V::Register turn = V::subtract(quarters, V::multiply(V::set(4), V::floor(V::multiply(V::set(T(0.25)), quarters))));  // 0 … 3
  const typename V::Mask odd = V::either(V::equal(turn, one), V::equal(turn, V::set(3)));
  const typename V::Register a = V::select(odd, c, s), b = V::select(odd, s, c);
  sine = V::select(V::less(V::set(T(1.5)), turn), V::negate(a), a);
  cosine = V::select(V::both(V::less(V::set(T(0.5)), turn), V::less(turn, V::set(T(2.5)))), V::negate(b), b);
}
// of 2 pi u
template <class V>
static inline void sincos_of_turns(typename V::Register u, typename V::Register& sine, typename V::Register& cosine) {
  using T = typename V::Element;
  const typename V::Register quarters = V::round(V::multiply(V::set(4), u)), rest = V::fma(V::set(T(-0.25)), quarters, u);
  sincos_of_quarters<V>(quarters, V::multiply(V::set(T(6.283185307179586476925)), rest), sine, cosine);
}
// Larger numbers, infinities and NaN are the C library's.
template <class V, bool is_sine>
static inline typename V::Register vector_sine(typename V::Register x) {
  using T = typename V::Element;
  using C = SinePolynomial<T>;
  const typename V::Register beyond = V::select(V::less_equal(V::abs(x), V::set(T(C::bound))), V::zero(), V::set(1));
  if (V::largest(beyond) > 0) {
    T lane[V::width];
    V::store(lane, x);
    for (int i = 0; i < V::width; ++i)
      lane[i] = static_cast<T>(is_sine ? __builtin_sin(static_cast<double>(lane[i])) : __builtin_cos(static_cast<double>(lane[i])));
    return V::load(lane);
  }
  const typename V::Register quarters = V::round(V::multiply(x, V::set(T(0.63661977236758134308))));
  typename V::Register r = V::fma(quarters, V::set(T(-C::high)), x), sine, cosine;
  r = V::fma(quarters, V::set(T(-C::low)), V::fma(quarters, V::set(T(-C::middle)), r));
  sincos_of_quarters<V>(quarters, r, sine, cosine);
  return is_sine ? sine : cosine;
}

// exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1)
template <class V>
static inline typename V::Register vector_expm1(typename V::Register x) {
  using T = typename V::Element;
  using C = ExpConstants<T>;
  constexpr int terms = sizeof(C::terms) / sizeof(C::terms[0]) - 1;
  const typename V::Register clamped = V::min(V::set(C::highest), V::max(V::set(C::lowest), x));
  // 2^n has to be a number where the result is one still
  const typename V::Register n = V::min(V::set(C::most_doublings), V::round(V::multiply(clamped, V::set(static_cast<T>(1.44269504088896340736)))));
  const typename V::Register r = V::fma(n, V::set(-C::log2_low), V::fma(n, V::set(-C::log2_high), clamped));
  typename V::Register q = V::set(static_cast<T>(C::terms[0]));  // (exp(r) - 1) / r
  KERATIN_UNROLL for (int i = 1; i < terms; ++i) q = V::fma(q, r, V::set(static_cast<T>(C::terms[i])));
  const typename V::Register one = V::set(1);
  return V::add(V::scale_by_power_of_two(V::multiply(q, r), n), V::subtract(V::scale_by_power_of_two(one, n), one));
}

// float: Cephes's erff and erfcf. double: the C library's, element by element.
template <class V>
static inline typename V::Register vector_erf(typename V::Register x) {
  if (sizeof(typename V::Element) == 8) {
    typename V::Element lane[V::width];
    V::store(lane, x);
    for (int i = 0; i < V::width; ++i) lane[i] = __builtin_erf(lane[i]);
    return V::load(lane);
  }
  using T = typename V::Element;
  static constexpr double near_zero[] = {7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
                                         1.128358514861418e-1, -3.761262582423300e-1, 1.128379165726710e+0};
  static constexpr double middle[] = {2.326819970068386e-2,  -1.387039388740657e-1, 3.687424674597105e-1,
                                      -5.824733027278666e-1, 6.210004621745983e-1,  -4.944515323274145e-1,
                                      3.404879937665872e-1,  -2.741127028184656e-1, 5.638259427386472e-1};
  static constexpr double tail[] = {-1.047766399936249e+1, 1.297719955372516e+1, -7.495518717768503e+0, 2.921019019210786e+0,
                                    -1.015265279202700e+0, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1};
  const typename V::Register one = V::set(1), size = V::abs(x), square = V::multiply(x, x);
  const typename V::Register inner = V::multiply(x, polynomial<V>(square, near_zero));
  const typename V::Register inverse = V::divide(one, V::max(size, V::set(static_cast<T>(0.5)))), q = V::multiply(inverse, inverse);
  const typename V::Register factor = V::select(V::less(size, V::set(2)), polynomial<V>(q, middle), polynomial<V>(q, tail));
  const typename V::Register complement = V::multiply(V::multiply(vector_exp<V>(V::negate(square)), inverse), factor);
  const typename V::Register outer = V::copysign(V::subtract(one, complement), x);
  const typename V::Register value = V::select(V::less(size, one), inner, outer);
  return V::select(V::equal(x, x), value, x);
}

// `left` elements remain: a whole register, or the first few.
template <class V>
static inline typename V::Register take(const typename V::Element* p, std::size_t left) {
  return left >= V::width ? V::load(p) : V::load_partial(p, int(left));
}
template <class V>
static inline void put(typename V::Element* p, typename V::Register value, std::size_t left) {
  if (left >= V::width) {
    V::store(p, value);
  } else {
    V::store_partial(p, value, int(left));
  }
}

// y[i] = function(x[i]) for i in [0, n); y may be x.
#define KERATIN_MAP_KERNEL(name, function)                                                             \
  template <class V>                                                                                   \
  static void name(typename V::Element* y, const typename V::Element* x, std::size_t n) {              \
    std::size_t i = 0;                                                                                 \
    for (; i + V::width <= n; i += V::width) V::store(y + i, function<V>(V::load(x + i)));             \
    if (i < n) V::store_partial(y + i, function<V>(V::load_partial(x + i, int(n - i))), int(n - i));   \
  }
