// Elementwise kernels of one array, y[i] = f(x[i]), with one setting p; y may be x.

#define KERATIN_MAP(name, ...)                                                                                                   \
  template <class V>                                                                                                             \
  static inline typename V::Register map_##name(typename V::Register x, typename V::Register p) {                                \
    using T = typename V::Element;                                                                                               \
    const typename V::Register one = V::set(T(1)), zero = V::zero();                                                             \
    (void)p, (void)one, (void)zero;                                                                                              \
    __VA_ARGS__;                                                                                                                 \
  }                                                                                                                              \
  template <class V>                                                                                                             \
  static void name(typename V::Element* y, const typename V::Element* x, std::size_t n, typename V::Element parameter) {         \
    const typename V::Register p = V::set(parameter);                                                                            \
    std::size_t i = 0;                                                                                                           \
    for (; i + V::width <= n; i += V::width) V::store(y + i, map_##name<V>(V::load(x + i), p));                                  \
    if (i < n) V::store_partial(y + i, map_##name<V>(V::load_partial(x + i, int(n - i)), p), int(n - i));                        \
  }

KERATIN_MAP(negative, return V::negate(x))
KERATIN_MAP(abs, return V::abs(x))
KERATIN_MAP(square, return V::multiply(x, x))
KERATIN_MAP(sqrt, return V::sqrt(x))
KERATIN_MAP(rsqrt, return V::divide(one, V::sqrt(x)))
KERATIN_MAP(reciprocal, return V::divide(one, x))
KERATIN_MAP(log, return vector_log<V>(x))
KERATIN_MAP(log1p, return vector_log1p<V>(x))
KERATIN_MAP(sin, return (vector_sine<V, true>(x)))
KERATIN_MAP(cos, return (vector_sine<V, false>(x)))
KERATIN_MAP(expm1, return vector_expm1<V>(x))
KERATIN_MAP(erf, return vector_erf<V>(x))
KERATIN_MAP(floor, return V::floor(x))
KERATIN_MAP(ceil, return V::ceil(x))
KERATIN_MAP(round, return V::round(x))
// max(x, 0) + log(1 + exp(-|x|))
KERATIN_MAP(softplus, return V::add(V::max(zero, x), vector_log1p<V>(vector_exp_normal<V>(V::negate(V::abs(x))))))
KERATIN_MAP(softsign, return V::divide(x, V::add(one, V::abs(x))))
KERATIN_MAP(relu6, return V::min(V::set(T(6)), V::max(zero, x)))
KERATIN_MAP(leaky_relu, return V::select(V::less(zero, x), x, V::multiply(p, x)))
KERATIN_MAP(elu, return V::select(V::less(zero, x), x, V::multiply(p, vector_expm1<V>(x))))
static constexpr double selu_scale = 1.05070098735548049342, selu_alpha = 1.67326324235437728482;
KERATIN_MAP(selu, return V::multiply(V::set(T(selu_scale)), V::select(V::less(zero, x), x, V::multiply(V::set(T(selu_alpha)), vector_expm1<V>(x)))))
KERATIN_MAP(hard_sigmoid, return V::min(one, V::max(zero, V::fma(V::set(T(0.2)), x, V::set(T(0.5))))))
KERATIN_MAP(swish, return V::quick_divide(x, V::add(one, vector_exp_normal<V>(V::negate(x)))))
static constexpr double inv_sqrt_2 = 0.70710678118654752440, sqrt_2_over_pi = 0.79788456080286535588, inv_sqrt_2_pi = 0.39894228040143267794;
KERATIN_MAP(gelu, return V::multiply(V::multiply(V::set(T(0.5)), x), V::add(one, vector_erf<V>(V::multiply(x, V::set(T(inv_sqrt_2)))))))
// The tanh form of Hendrycks and Gimpel: (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
template <class V>
static inline typename V::Register gelu_gate(typename V::Register x) {
  using T = typename V::Element;
  const typename V::Register cubic = V::fma(V::multiply(V::set(T(0.044715)), V::multiply(x, x)), x, x);
  return vector_sigmoid<V>(V::multiply(V::set(T(2 * sqrt_2_over_pi)), cubic));
}
KERATIN_MAP(gelu_tanh, return V::multiply(x, gelu_gate<V>(x)))

// y[i] = exp(x[i] - shift); returns their sum.
template <class V>
static typename V::Element exp_sum(typename V::Element* y, const typename V::Element* x, typename V::Element shift, std::size_t n) {
  const typename V::Register down = V::set(shift);
  typename V::Register total = V::zero();
  std::size_t i = 0;
  for (; i + V::width <= n; i += V::width) {
    __builtin_prefetch(x + n + i);
    const typename V::Register e = vector_exp_normal<V>(V::subtract(V::load(x + i), down));
    V::store(y + i, e);
    total = V::add(total, e);
  }
  if (i < n) {
    const typename V::Register e = vector_exp_normal<V>(V::subtract(V::load_partial(x + i, int(n - i)), down));
    V::store_partial(y + i, e, int(n - i));
    total = V::add(total, only_first<V>(e, int(n - i)));
  }
  return V::sum(total);
}
template <class V>
static void scale(typename V::Element* y, typename V::Element factor, std::size_t n) {
  const typename V::Register f = V::set(factor);
  for (std::size_t i = 0; i < n; i += V::width) put<V>(y + i, V::multiply(f, take<V>(y + i, n - i)), n - i);
}
