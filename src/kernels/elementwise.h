// Elementwise kernels: y[i] = f(x[i]).

template <class V>
static inline typename V::Register vector_relu(typename V::Register x) {
  return V::max(V::zero(), x);
}

KERATIN_MAP_KERNEL(relu, vector_relu)
KERATIN_MAP_KERNEL(exp, vector_exp)
KERATIN_MAP_KERNEL(sigmoid, vector_sigmoid)
KERATIN_MAP_KERNEL(tanh, vector_tanh)

// y[i] = upstream[i] where low <= x[i] <= high, else 0; y may be upstream
template <class V>
static void clip_gradient(typename V::Element* y, const typename V::Element* upstream, const typename V::Element* x, typename V::Element low,
                          typename V::Element high, std::size_t n) {
  const typename V::Register lower = V::set(low), upper = V::set(high);
  for (std::size_t i = 0; i < n; i += V::width) {
    const typename V::Register v = take<V>(x + i, n - i);
    const typename V::Mask inside = V::both(V::less_equal(lower, v), V::less_equal(v, upper));
    put<V>(y + i, V::select(inside, take<V>(upstream + i, n - i), V::zero()), n - i);
  }
}

// y[i] += x[i]
template <class V>
static void add_to(typename V::Element* y, const typename V::Element* x, std::size_t n) {
  std::size_t i = 0;
  for (; i + V::width <= n; i += V::width) V::store(y + i, V::add(V::load(y + i), V::load(x + i)));
  for (; i < n; ++i) y[i] += x[i];
}
