// Elementwise kernels: y[i] = f(x[i]).

template <class V>
static inline typename V::Register vector_relu(typename V::Register x) {
  return V::max(V::zero(), x);
}

KERATIN_MAP_KERNEL(relu, vector_relu)
KERATIN_MAP_KERNEL(exp, vector_exp)
KERATIN_MAP_KERNEL(sigmoid, vector_sigmoid)
KERATIN_MAP_KERNEL(tanh, vector_tanh)
