// Reductions. They run in several independent chains, which is quicker and for sums rounds less than one, half of them from the middle on:
// memory gives more to who reads in two places.

template <class V>
static typename V::Element sum(const typename V::Element* x, std::size_t n) {
  typename V::Register total[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
  const std::size_t half = n / (4 * V::width) * (2 * V::width);
  const typename V::Element* second = x + half;
  for (std::size_t i = 0; i < half; i += 2 * V::width) {
    KERATIN_UNROLL for (int k = 0; k < 2; ++k) {
      total[k] = V::add(total[k], V::load(x + i + k * V::width));
      total[2 + k] = V::add(total[2 + k], V::load(second + i + k * V::width));
    }
  }
  for (std::size_t i = 2 * half; i < n; i += V::width) total[0] = V::add(total[0], take<V>(x + i, n - i));
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
  using T = typename V::Element;
  using R = typename V::Register;
  if (n < V::width) {
    T best = x[0];
    for (std::size_t i = 1; i < n; ++i) best = (down ? best < x[i] : best > x[i]) || best != best ? best : x[i];
    return best;
  }
  R most = V::load(x);
  std::size_t i = V::width;
  if (n >= 5 * V::width) {  // four chains, for none may wait for its own last step
    R chain[4];
    KERATIN_UNROLL for (int k = 0; k < 4; ++k) chain[k] = V::load(x + i + k * V::width);
    for (i += 4 * V::width; i + 4 * V::width <= n; i += 4 * V::width) {
      KERATIN_UNROLL for (int k = 0; k < 4; ++k) chain[k] = further<V, down>(chain[k], V::load(x + i + k * V::width));
    }
    KERATIN_UNROLL for (int k = 0; k < 4; ++k) most = further<V, down>(most, chain[k]);
  }
  for (; i + V::width <= n; i += V::width) most = further<V, down>(most, V::load(x + i));
  if (i < n) most = further<V, down>(most, V::load(x + n - V::width));
  const T lost = V::sum(V::select(V::equal(most, most), V::zero(), most));  // 0, or NaN
  const T best = down ? V::smallest(most) : V::largest(most);
  return lost == lost ? best : lost;
}
template <class V>
static typename V::Element largest(const typename V::Element* x, std::size_t n) {
  return extreme<V, false>(x, n);
}
template <class V>
static typename V::Element smallest(const typename V::Element* x, std::size_t n) {
  return extreme<V, true>(x, n);
}

// y[j] = what x[i * stride + j] over all rows i come to, rows >= 1: so many rows from the top and as many from the middle
// at a time. Rows go by as they lie in memory: strips of columns would fetch parts of its lines.
template <class V, class Join, int rows>
KERATIN_INLINE void join_to_row(typename V::Element* y, const typename V::Element* top, const typename V::Element* middle, std::size_t columns,
                                std::size_t stride) {
  for (std::size_t j = 0; j < columns; j += V::width) {
    const std::size_t left = columns - j;
    typename V::Register value = take<V>(y + j, left);
    KERATIN_UNROLL for (int i = 0; i < rows; ++i) {
      value = Join::template join<V>(value, take<V>(top + i * stride + j, left));
      if (middle) value = Join::template join<V>(value, take<V>(middle + i * stride + j, left));
    }
    put<V>(y + j, value, left);
  }
}
template <class V, class Join>
static void join_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  constexpr std::size_t row = 64;
  const std::size_t fold = columns < row / 2 ? row / columns : 1;
  if (fold > 1 && stride == columns && rows >= 4 * fold) {  // of narrow rows several are one
    typename V::Element folded[row];
    join_rows<V, Join>(folded, x, rows / fold, fold * columns, fold * columns);
    join_rows<V, Join>(y, folded, fold, columns, columns);
    for (std::size_t i = rows / fold * fold; i < rows; ++i) join_to_row<V, Join, 1>(y, x + i * stride, nullptr, columns, stride);
    return;
  }
  for (std::size_t j = 0; j < columns; ++j) y[j] = x[j];
  x += stride;
  const std::size_t half = (rows - 1) / 2, bytes = columns * sizeof(typename V::Element);
  const typename V::Element* middle = x + half * stride;
  const bool is_near = rows * bytes <= 256 * 1024;  // where the caches deliver, fewer passes over y count more than the order of reading
  std::size_t i = 0;
  if (bytes < 256 || is_near) {
    for (; i + 4 <= half; i += 4) join_to_row<V, Join, 4>(y, x + i * stride, middle + i * stride, columns, stride);
  }
  if (bytes < 512) {
    for (; i + 2 <= half; i += 2) join_to_row<V, Join, 2>(y, x + i * stride, middle + i * stride, columns, stride);
  }
  for (; i < half; ++i) join_to_row<V, Join, 1>(y, x + i * stride, middle + i * stride, columns, stride);
  if (rows - 1 > 2 * half) join_to_row<V, Join, 1>(y, middle + half * stride, nullptr, columns, stride);
}
struct Total {
  template <class V>
  static KERATIN_INLINE_BODY typename V::Register join(typename V::Register so_far, typename V::Register v) { return V::add(so_far, v); }
};
template <bool down>
struct Extreme {
  template <class V>
  static KERATIN_INLINE_BODY typename V::Register join(typename V::Register so_far, typename V::Register v) { return further<V, down>(so_far, v); }
};
template <class V>
static void sum_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  join_rows<V, Total>(y, x, rows, columns, stride);
}
template <class V>
static void largest_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  join_rows<V, Extreme<false>>(y, x, rows, columns, stride);
}
template <class V>
static void smallest_rows(typename V::Element* y, const typename V::Element* x, std::size_t rows, std::size_t columns, std::size_t stride) {
  join_rows<V, Extreme<true>>(y, x, rows, columns, stride);
}

// The rows of dx are `scale` where x = y, zero times it elsewhere; hits += how many of its column are.
template <class V>
static void spread_to_equal(typename V::Element* dx, typename V::Element* hits, const typename V::Element* x, const typename V::Element* y,
                            const typename V::Element* scale, std::size_t rows, std::size_t columns, std::size_t stride) {
  const typename V::Register one = V::set(1), zero = V::zero();
  for (std::size_t i = 0; i < rows; ++i, x += stride, dx += stride) {
    for (std::size_t j = 0; j < columns; j += V::width) {
      const std::size_t left = columns - j;
      const typename V::Register hit = V::select(V::equal(take<V>(x + j, left), take<V>(y + j, left)), one, zero);
      put<V>(dx + j, V::multiply(hit, take<V>(scale + j, left)), left);
      put<V>(hits + j, V::add(take<V>(hits + j, left), hit), left);
    }
  }
}
