// Softmax, its logarithm and their gradients along lines of n elements. `_row`: the elements of one line are neighbours. `_columns`: lines
// side by side, their elements in n rows, `row` apart and `y_row` in the result; a few registers of lines go through all passes together. The
// result may lie where `a` does.
// softmax(a), log_softmax(a): b is not used. Gradients: a = upstream, b = the op's result.

template <class V>
static void softmax_row(typename V::Element* y, const typename V::Element* a, const typename V::Element*, std::size_t n) {
  const typename V::Element total = exp_sum<V>(y, a, largest<V>(a, n), n);
  scale<V>(y, typename V::Element(1) / total, n);
}
template <class V>
static void log_softmax_row(typename V::Element* y, const typename V::Element* a, const typename V::Element*, std::size_t n) {
  using T = typename V::Element;
  const T most = largest<V>(a, n);
  const typename V::Register down = V::set(most);
  typename V::Register total = V::zero();
  std::size_t i = 0;
  for (; i + V::width <= n; i += V::width) {
    __builtin_prefetch(a + n + i);
    total = V::add(total, vector_exp_normal<V>(V::subtract(V::load(a + i), down)));
  }
  if (i < n) {
    const typename V::Register e = vector_exp_normal<V>(V::subtract(V::load_partial(a + i, int(n - i)), down));
    total = V::add(total, only_first<V>(e, int(n - i)));
  }
  const T sum = V::sum(total);
  const typename V::Register shift = V::set(most + static_cast<T>(__builtin_log(static_cast<double>(sum))));
  for (i = 0; i < n; i += V::width) put<V>(y + i, V::subtract(take<V>(a + i, n - i), shift), n - i);
}
// b (a - sum(a b))
template <class V>
static void softmax_gradient_row(typename V::Element* y, const typename V::Element* a, const typename V::Element* b, std::size_t n) {
  const typename V::Register total = V::set(dot<V>(a, b, n));
  for (std::size_t i = 0; i < n; i += V::width) put<V>(y + i, V::multiply(take<V>(b + i, n - i), V::subtract(take<V>(a + i, n - i), total)), n - i);
}
// a - exp(b) sum(a)
template <class V>
static void log_softmax_gradient_row(typename V::Element* y, const typename V::Element* a, const typename V::Element* b, std::size_t n) {
  const typename V::Register less_total = V::set(-sum<V>(a, n));
  for (std::size_t i = 0; i < n; i += V::width)
    put<V>(y + i, V::fma(vector_exp_normal<V>(take<V>(b + i, n - i)), less_total, take<V>(a + i, n - i)), n - i);
}

// pass(i, k): element i of the lines in register k
template <int registers, class Pass>
KERATIN_INLINE void each_element(Index n, Pass&& pass) {
  for (Index i = 0; i < n; ++i) {
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) pass(i, k);
  }
}
#define KERATIN_COLUMNS(name, ...)                                                                                                                  \
  template <class V, int registers, bool whole>                                                                                                     \
  static inline void name##_of(typename V::Element* y, Index y_row, const typename V::Element* a, const typename V::Element* b, Index row, Index n, \
                               int lines) {                                                                                                         \
    using T = typename V::Element;                                                                                                                  \
    using R = typename V::Register;                                                                                                                 \
    const auto load = [&](const T* p, Index i, int k) KERATIN_INLINE_BODY { return load_channels<V, whole>(p + i * row + k * V::width, lines); };   \
    const auto saved = [&](Index i, int k) KERATIN_INLINE_BODY { return load_channels<V, whole>(y + i * y_row + k * V::width, lines); };            \
    const auto save = [&](Index i, int k, R v) KERATIN_INLINE_BODY { store_channels<V, whole>(y + i * y_row + k * V::width, v, lines); };           \
    /* the lines beside these, which come next */                                                                                                   \
    const auto fetch = [&](const T* p, Index i, int k) KERATIN_INLINE_BODY { __builtin_prefetch(p + i * row + (registers + k) * V::width, 0, 2); }; \
    (void)b, (void)saved;                                                                                                                           \
    __VA_ARGS__                                                                                                                                     \
  }                                                                                                                                                 \
  template <class V>                                                                                                                                \
  static void name(typename V::Element* y, Index y_row, const typename V::Element* a, const typename V::Element* b, Index row, Index n,             \
                   Index lines) {                                                                                                                   \
    Index j = 0;                                                                                                                                    \
    for (; j + 4 * V::width <= lines; j += 4 * V::width) name##_of<V, 4, true>(y + j, y_row, a + j, b + j, row, n, V::width);                       \
    for (; j + V::width <= lines; j += V::width) name##_of<V, 1, true>(y + j, y_row, a + j, b + j, row, n, V::width);                               \
    if (j < lines) name##_of<V, 1, false>(y + j, y_row, a + j, b + j, row, n, static_cast<int>(lines - j));                                         \
  }

KERATIN_COLUMNS(softmax_columns,
  R most[registers]; R total[registers];
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) most[k] = load(a, 0, k), total[k] = V::zero();
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY { most[k] = V::max(most[k], load(a, i, k)); });
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY {
    fetch(a, i, k);
    const R e = vector_exp_normal<V>(V::subtract(load(a, i, k), most[k]));
    save(i, k, e);
    total[k] = V::add(total[k], e);
  });
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) total[k] = V::divide(V::set(1), total[k]);
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY { save(i, k, V::multiply(saved(i, k), total[k])); });)

KERATIN_COLUMNS(log_softmax_columns,
  R most[registers]; R total[registers];
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) most[k] = load(a, 0, k), total[k] = V::zero();
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY { most[k] = V::max(most[k], load(a, i, k)); });
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY {
    fetch(a, i, k);
    total[k] = V::add(total[k], vector_exp_normal<V>(V::subtract(load(a, i, k), most[k])));
  });
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) total[k] = V::add(most[k], vector_log<V>(total[k]));
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY { save(i, k, V::subtract(load(a, i, k), total[k])); });)

KERATIN_COLUMNS(softmax_gradient_columns,
  R total[registers];
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) total[k] = V::zero();
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY { total[k] = V::fma(load(a, i, k), load(b, i, k), total[k]); });
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY {
    fetch(a, i, k), fetch(b, i, k);
    save(i, k, V::multiply(load(b, i, k), V::subtract(load(a, i, k), total[k])));
  });)

KERATIN_COLUMNS(log_softmax_gradient_columns,
  R total[registers];
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) total[k] = V::zero();
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY { total[k] = V::subtract(total[k], load(a, i, k)); });
  each_element<registers>(n, [&](Index i, int k) KERATIN_INLINE_BODY {
    fetch(a, i, k), fetch(b, i, k);
    save(i, k, V::fma(vector_exp_normal<V>(load(b, i, k)), total[k], load(a, i, k)));
  });)
#undef KERATIN_COLUMNS
