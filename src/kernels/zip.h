// Elementwise kernels of two arrays, y[i] = f(a[i], b[i]), with one setting p. A step of 0 repeats one element, so that a row meets a scalar;
// y may be a or b.

#define KERATIN_ZIP(name, ...)                                                                                                                  \
  template <class V>                                                                                                                            \
  static inline typename V::Register zip_##name(typename V::Register a, typename V::Register b, typename V::Register p) {                       \
    using T = typename V::Element;                                                                                                              \
    const typename V::Register one = V::set(T(1)), zero = V::zero();                                                                            \
    (void)p, (void)one, (void)zero;                                                                                                             \
    __VA_ARGS__;                                                                                                                                \
  }                                                                                                                                             \
  template <class V>                                                                                                                            \
  static void name(typename V::Element* y, const typename V::Element* a, std::size_t a_step, const typename V::Element* b, std::size_t b_step, \
                   std::size_t n, typename V::Element parameter) {                                                                              \
    const typename V::Register p = V::set(parameter);                                                                                           \
    std::size_t i = 0;                                                                                                                          \
    if (a_step && b_step) {                                                                                                                     \
      for (; i + V::width <= n; i += V::width) V::store(y + i, zip_##name<V>(V::load(a + i), V::load(b + i), p));                               \
      if (i < n) V::store_partial(y + i, zip_##name<V>(V::load_partial(a + i, int(n - i)), V::load_partial(b + i, int(n - i)), p), int(n - i)); \
    } else if (a_step) {                                                                                                                        \
      const typename V::Register fixed = V::set(*b);                                                                                            \
      for (; i + V::width <= n; i += V::width) V::store(y + i, zip_##name<V>(V::load(a + i), fixed, p));                                        \
      if (i < n) V::store_partial(y + i, zip_##name<V>(V::load_partial(a + i, int(n - i)), fixed, p), int(n - i));                              \
    } else {                                                                                                                                    \
      const typename V::Register fixed = V::set(*a);                                                                                            \
      for (; i < n; i += V::width)                                                                                                              \
        put<V>(y + i, zip_##name<V>(fixed, b_step ? take<V>(b + i, n - i) : V::set(*b), p), n - i);                                             \
    }                                                                                                                                           \
  }

KERATIN_ZIP(add, return V::add(a, b))
KERATIN_ZIP(subtract, return V::subtract(a, b))
KERATIN_ZIP(multiply, return V::multiply(a, b))
KERATIN_ZIP(divide, return V::divide(a, b))
// 0 where b is, whatever a
KERATIN_ZIP(multiply_no_nan, return V::select(V::equal(b, zero), zero, V::multiply(a, b)))
KERATIN_ZIP(divide_no_nan, return V::select(V::equal(b, zero), zero, V::divide(a, b)))
// NaN wins
KERATIN_ZIP(maximum, return V::select(V::equal(a, a), V::max(a, b), a))
KERATIN_ZIP(minimum, return V::select(V::equal(a, a), V::min(a, b), a))
KERATIN_ZIP(squared_difference, const typename V::Register d = V::subtract(a, b); return V::multiply(d, d))

KERATIN_ZIP(equal_number, return V::select(V::equal(a, b), one, zero))

// a: label, b: logit: max(b, 0) - b a + log(1 + exp(-|b|))
KERATIN_ZIP(sigmoid_cross_entropy,
            return V::add(V::subtract(V::max(zero, b), V::multiply(b, a)), vector_log1p<V>(vector_exp_normal<V>(V::negate(V::abs(b))))))

// Gradients; a: upstream, b: output of the op (input for leaky_relu, swish and gelu)
KERATIN_ZIP(relu_gradient, return V::select(V::less(zero, b), a, zero))
KERATIN_ZIP(relu6_gradient, return V::select(V::both(V::less(zero, b), V::less(b, V::set(T(6)))), a, zero))
KERATIN_ZIP(leaky_relu_gradient, return V::select(V::less(zero, b), a, V::multiply(p, a)))
KERATIN_ZIP(elu_gradient, return V::select(V::less(zero, b), a, V::multiply(a, V::add(b, p))))
KERATIN_ZIP(selu_gradient, return V::multiply(a, V::select(V::less(b, zero), V::add(b, V::set(T(selu_scale * selu_alpha))), V::set(T(selu_scale)))))
KERATIN_ZIP(hard_sigmoid_gradient, return V::select(V::both(V::less(zero, b), V::less(b, one)), V::multiply(V::set(T(0.2)), a), zero))
KERATIN_ZIP(tanh_gradient, return V::multiply(a, V::subtract(one, V::multiply(b, b))))
KERATIN_ZIP(sigmoid_gradient, return V::multiply(V::multiply(a, b), V::subtract(one, b)))
KERATIN_ZIP(swish_gradient, const typename V::Register s = vector_sigmoid<V>(b);
            return V::multiply(a, V::fma(V::multiply(b, s), V::subtract(one, s), s)))
KERATIN_ZIP(gelu_gradient, const typename V::Register half = V::set(T(0.5));
            const typename V::Register phi = V::multiply(half, V::add(one, vector_erf<V>(V::multiply(b, V::set(T(inv_sqrt_2))))));
            const typename V::Register density = V::multiply(V::set(T(inv_sqrt_2_pi)),
                                                             vector_exp<V>(V::multiply(V::negate(half), V::multiply(b, b))));
            return V::multiply(a, V::fma(b, density, phi)))
KERATIN_ZIP(gelu_tanh_gradient, const typename V::Register s = gelu_gate<V>(b);
            const typename V::Register slope = V::fma(V::set(T(6 * 0.044715 * sqrt_2_over_pi)), V::multiply(b, b), V::set(T(2 * sqrt_2_over_pi)));
            return V::multiply(a, V::fma(V::multiply(V::multiply(b, slope), s), V::subtract(one, s), s)))
