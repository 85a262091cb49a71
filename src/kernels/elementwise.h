// Elementwise kernels: y[i] = f(x[i]).

template <class V>
static inline typename V::Register vector_relu(typename V::Register x) {
  return V::max(V::zero(), x);
}

KERATIN_MAP_KERNEL(relu, vector_relu)
KERATIN_MAP_KERNEL(exp, vector_exp)
KERATIN_MAP_KERNEL(sigmoid, vector_sigmoid)
KERATIN_MAP_KERNEL(tanh, vector_tanh)

// y[i] += x[i]
template <class V>
static void add_to(typename V::Element* y, const typename V::Element* x, std::size_t n) {
  std::size_t i = 0;
  for (; i + V::width <= n; i += V::width) V::store(y + i, V::add(V::load(y + i), V::load(x + i)));
  for (; i < n; ++i) y[i] += x[i];
}
