// Reductions. Sums run in several independent chains, which is quicker and rounds less than one.

template <class V>
static typename V::Element sum(const typename V::Element* x, std::size_t n) {
  typename V::Register total[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
  std::size_t i = 0;
  for (; i + 4 * V::width <= n; i += 4 * V::width) {
    KERATIN_UNROLL for (int k = 0; k < 4; ++k) total[k] = V::add(total[k], V::load(x + i + k * V::width));
  }
  for (; i < n; i += V::width) total[0] = V::add(total[0], take<V>(x + i, n - i));
  return V::sum(V::add(V::add(total[0], total[1]), V::add(total[2], total[3])));
}

template <class V>
static typename V::Element dot(const typename V::Element* a, const typename V::Element* b, std::size_t n) {
  typename V::Register total[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
  std::size_t i = 0;
  for (; i + 4 * V::width <= n; i += 4 * V::width) {
    KERATIN_UNROLL for (int k = 0; k < 4; ++k) total[k] = V::fma(V::load(a + i + k * V::width), V::load(b + i + k * V::width), total[k]);
  }
  for (; i < n; i += V::width) total[0] = V::fma(take<V>(a + i, n - i), take<V>(b + i, n - i), total[0]);
  return V::sum(V::add(V::add(total[0], total[1]), V::add(total[2], total[3])));
}

template <class V, bool down>
KERATIN_INLINE typename V::Register further(typename V::Register most, typename V::Register v) {
  return V::select(V::equal(most, most), down ? V::min(most, v) : V::max(most, v), most);
}

// n >= 1. The largest, or smallest if `down`. NaN wins: it is kept where it is met, and looked for at the end.
template <class V, bool down>
static typename V::Element extreme(const typename V::Element* x, std::size_t n) {
  using R = typename V::Register;
  const auto wins = [](typename V::Element best, typename V::Element v) KERATIN_INLINE_BODY {
    return (down ? best < v : best > v) || best != best ? best : v;
  };
  typename V::Element best = x[0];
  std::size_t i = 0;
  if (n >= V::width) {
    R most = V::load(x);
    i = V::width;
    if (n >= 5 * V::width) {  // four chains, for none may wait for its own last step
      R chain[4];
      KERATIN_UNROLL for (int k = 0; k < 4; ++k) chain[k] = V::load(x + i + k * V::width);
      for (i += 4 * V::width; i + 4 * V::width <= n; i += 4 * V::width) {
        KERATIN_UNROLL for (int k = 0; k < 4; ++k) chain[k] = further<V, down>(chain[k], V::load(x + i + k * V::width));
      }
      KERATIN_UNROLL for (int k = 0; k < 4; ++k) most = further<V, down>(most, chain[k]);
    }
    for (; i + V::width <= n; i += V::width) most = further<V, down>(most, V::load(x + i));
    typename V::Element lane[V::width];
    V::store(lane, most);
    for (int k = 0; k < V::width; ++k) best = wins(best, lane[k]);
  }
  for (; i < n; ++i) best = wins(best, x[i]);
  return best;
}
template <class V>
static typename V::Element largest(const typename V::Element* x, std::size_t n) {
  return extreme<V, false>(x, n);
}
template <class V>
static typename V::Element smallest(const typename V::Element* x, std::size_t n) {
  return extreme<V, true>(x, n);
}

// y[j] = sum over i of x[i * stride + j], j in [0, columns): four registers of columns stay in place while the rows go by.
template <class V>
static void sum_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  std::size_t j = 0;
  for (; j + 4 * V::width <= columns; j += 4 * V::width) {
    typename V::Register total[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
    for (std::size_t i = 0; i < rows; ++i) {
      KERATIN_UNROLL for (int k = 0; k < 4; ++k) total[k] = V::add(total[k], V::load(x + i * stride + j + k * V::width));
    }
    KERATIN_UNROLL for (int k = 0; k < 4; ++k) V::store(y + j + k * V::width, total[k]);
  }
  for (; j < columns; j += V::width) {
    typename V::Register total = V::zero();
    for (std::size_t i = 0; i < rows; ++i) total = V::add(total, take<V>(x + i * stride + j, columns - j));
    put<V>(y + j, total, columns - j);
  }
}

// The largest (`down` false) or smallest of each column. NaN wins.
template <class V, bool down, int registers, bool whole>
static inline void extreme_rows_of(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t stride, int n) {
  typename V::Register most[registers];
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) most[k] = load_channels<V, whole>(x + k * V::width, n);
  for (std::size_t i = 1; i < rows; ++i) {
    x += stride;
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register v = load_channels<V, whole>(x + k * V::width, n);
      most[k] = V::select(V::equal(most[k], most[k]), down ? V::min(most[k], v) : V::max(most[k], v), most[k]);
    }
  }
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) store_channels<V, whole>(y + k * V::width, most[k], n);
}
template <class V, bool down>
static inline void extreme_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  std::size_t j = 0;
  for (; j + 4 * V::width <= columns; j += 4 * V::width) extreme_rows_of<V, down, 4, true>(y + j, x + j, rows, stride, V::width);
  for (; j + V::width <= columns; j += V::width) extreme_rows_of<V, down, 1, true>(y + j, x + j, rows, stride, V::width);
  if (j < columns) extreme_rows_of<V, down, 1, false>(y + j, x + j, rows, stride, static_cast<int>(columns - j));
}
template <class V>
static void largest_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  extreme_rows<V, false>(y, x, rows, columns, stride);
}
template <class V>
static void smallest_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  extreme_rows<V, true>(y, x, rows, columns, stride);
}
