// Layer normalization of one row, and sums for the moments of columns.

// y = (x - mean) rstd gamma + beta, rstd = 1 / sqrt(variance + epsilon); gamma, beta: null for 1 and 0. The row stays in the nearest cache.
template <class V>
static void layer_norm_row(const LayerNormRow<typename V::Element>& row) {
  using T = typename V::Element;
  using R = typename V::Register;
  const std::size_t n = row.n;
  const T mean = sum<V>(row.x, n) / static_cast<T>(n);
  const R middle = V::set(mean);
  R total[2] = {V::zero(), V::zero()};
  std::size_t i = 0;
  for (; i + 2 * V::width <= n; i += 2 * V::width) {
    KERATIN_UNROLL for (int k = 0; k < 2; ++k) {
      const R d = V::subtract(V::load(row.x + i + k * V::width), middle);
      total[k] = V::fma(d, d, total[k]);
    }
  }
  T squares = V::sum(V::add(total[0], total[1]));
  for (; i < n; ++i) squares += (row.x[i] - mean) * (row.x[i] - mean);
  const T rstd = T(1) / static_cast<T>(__builtin_sqrt(static_cast<double>(squares / static_cast<T>(n) + row.epsilon)));
  const R factor = V::set(rstd);
  for (i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    R y = V::multiply(V::subtract(take<V>(row.x + i, left), middle), factor);
    if (row.gamma) y = V::multiply(y, take<V>(row.gamma + i, left));
    if (row.beta) y = V::add(y, take<V>(row.beta + i, left));
    put<V>(row.y + i, y, left);
  }
  *row.mean = mean;
  *row.rstd = rstd;
}

// With g = dy gamma and xhat = (x - mean) rstd: dx = rstd (g - mean(g) - xhat mean(g xhat)); d_gamma += dy xhat, d_beta += dy.
template <class V>
static void layer_norm_gradient_row(const LayerNormGradientRow<typename V::Element>& row) {
  using T = typename V::Element;
  using R = typename V::Register;
  const std::size_t n = row.n;
  const R middle = V::set(row.mean), factor = V::set(row.rstd);
  R sum_g = V::zero(), sum_gx = V::zero();
  for (std::size_t i = 0; i < n; i += V::width) {  // what lies past the end is zero in dy, and so in all sums
    const std::size_t left = n - i;
    const R dy = take<V>(row.dy + i, left), xhat = V::multiply(V::subtract(take<V>(row.x + i, left), middle), factor);
    const R g = row.gamma ? V::multiply(dy, take<V>(row.gamma + i, left)) : dy, share = V::multiply(dy, xhat);
    sum_g = V::add(sum_g, g);
    sum_gx = V::fma(g, xhat, sum_gx);
    put<V>(row.d_gamma + i, V::add(take<V>(row.d_gamma + i, left), share), left);
    put<V>(row.d_beta + i, V::add(take<V>(row.d_beta + i, left), dy), left);
  }
  const R mean_g = V::set(V::sum(sum_g) / static_cast<T>(n)), mean_gx = V::set(V::sum(sum_gx) / static_cast<T>(n));
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const R dy = take<V>(row.dy + i, left), xhat = V::multiply(V::subtract(take<V>(row.x + i, left), middle), factor);
    const R g = row.gamma ? V::multiply(dy, take<V>(row.gamma + i, left)) : dy;
    put<V>(row.dx + i, V::multiply(factor, V::subtract(V::subtract(g, mean_g), V::multiply(xhat, mean_gx))), left);
  }
}

// Over rows: sum[c] = sum of x - shift[c], squares[c] = sum of its square.
template <class V, int registers, bool whole>
static inline void moment_sums_of(typename V::Element* sum, typename V::Element* squares, const typename V::Element* x,
                                  const typename V::Element* shift, Index rows, Index columns, int n) {
  typename V::Register down[registers], total[registers], square[registers];
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
    down[k] = load_channels<V, whole>(shift + k * V::width, n);
    total[k] = square[k] = V::zero();
  }
  for (Index r = 0; r < rows; ++r, x += columns) {
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register d = V::subtract(load_channels<V, whole>(x + k * V::width, n), down[k]);
      total[k] = V::add(total[k], d);
      square[k] = V::fma(d, d, square[k]);
    }
  }
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
    store_channels<V, whole>(sum + k * V::width, total[k], n);
    store_channels<V, whole>(squares + k * V::width, square[k], n);
  }
}
template <class V>
static void moment_sums(typename V::Element* sum, typename V::Element* squares, const typename V::Element* x, const typename V::Element* shift,
                        Index rows, Index columns) {
  Index c = 0;
  for (; c + 4 * V::width <= columns; c += 4 * V::width) moment_sums_of<V, 4, true>(sum + c, squares + c, x + c, shift + c, rows, columns, V::width);
  for (; c + V::width <= columns; c += V::width) moment_sums_of<V, 1, true>(sum + c, squares + c, x + c, shift + c, rows, columns, V::width);
  if (c < columns) moment_sums_of<V, 1, false>(sum + c, squares + c, x + c, shift + c, rows, columns, static_cast<int>(columns - c));
}

// Batch normalization of rows that lie one behind the other: y = x scale + shift, each of the two `period` numbers that repeat.
template <class V>
static void scale_rows(typename V::Element* y, const typename V::Element* x, const typename V::Element* scale, const typename V::Element* shift,
                       bool relu, Index n, Index period) {
  for (Index row = 0; row < n; row += period) {
    const Index end = n - row < period ? n - row : period;
    for (Index i = 0; i < end; i += V::width) {
      const std::size_t left = static_cast<std::size_t>(end - i);
      const typename V::Register v = V::fma(take<V>(x + row + i, left), take<V>(scale + i, left), take<V>(shift + i, left));
      put<V>(y + row + i, relu ? V::max(V::zero(), v) : v, left);
    }
  }
}

// Over rows: sum[c] = sum of dy, products[c] = sum of dy (x - mean[c]).
template <class V, int registers, bool whole>
static inline void gradient_sums_of(typename V::Element* sum, typename V::Element* products, const typename V::Element* dy,
                                    const typename V::Element* x, const typename V::Element* mean, Index rows, Index columns, int n) {
  typename V::Register middle[registers], total[registers], product[registers];
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
    middle[k] = load_channels<V, whole>(mean + k * V::width, n);
    total[k] = product[k] = V::zero();
  }
  for (Index r = 0; r < rows; ++r, x += columns, dy += columns) {
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register d = load_channels<V, whole>(dy + k * V::width, n);
      total[k] = V::add(total[k], d);
      product[k] = V::fma(d, V::subtract(load_channels<V, whole>(x + k * V::width, n), middle[k]), product[k]);
    }
  }
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
    store_channels<V, whole>(sum + k * V::width, total[k], n);
    store_channels<V, whole>(products + k * V::width, product[k], n);
  }
}
template <class V>
static void gradient_sums(typename V::Element* sum, typename V::Element* products, const typename V::Element* dy, const typename V::Element* x,
                          const typename V::Element* mean, Index rows, Index columns) {
  Index c = 0;
  for (; c + 4 * V::width <= columns; c += 4 * V::width)
    gradient_sums_of<V, 4, true>(sum + c, products + c, dy + c, x + c, mean + c, rows, columns, V::width);
  for (; c + V::width <= columns; c += V::width)
    gradient_sums_of<V, 1, true>(sum + c, products + c, dy + c, x + c, mean + c, rows, columns, V::width);
  if (c < columns) gradient_sums_of<V, 1, false>(sum + c, products + c, dy + c, x + c, mean + c, rows, columns, static_cast<int>(columns - c));
}

// dx = slope dy - bend (x - mean) - level, each of the four `period` numbers that repeat
template <class V>
static void gradient_rows(const BatchNormGradientRows<typename V::Element>& rows) {
  for (Index row = 0; row < rows.n; row += rows.period) {
    const Index end = rows.n - row < rows.period ? rows.n - row : rows.period;
    for (Index i = 0; i < end; i += V::width) {
      const std::size_t left = static_cast<std::size_t>(end - i);
      const typename V::Register distance = V::subtract(take<V>(rows.x + row + i, left), take<V>(rows.mean + i, left));
      const typename V::Register bent = V::fma(take<V>(rows.bend + i, left), distance, take<V>(rows.level + i, left));
      put<V>(rows.dx + row + i, V::subtract(V::multiply(take<V>(rows.slope + i, left), take<V>(rows.dy + row + i, left)), bent), left);
    }
  }
}

// y = p a + q b
template <class V>
static void combine(typename V::Element* y, const typename V::Element* a, typename V::Element p, const typename V::Element* b, typename V::Element q,
                    std::size_t n) {
  const typename V::Register first = V::set(p), second = V::set(q);
  for (std::size_t i = 0; i < n; i += V::width) {
    put<V>(y + i, V::fma(first, take<V>(a + i, n - i), V::multiply(second, take<V>(b + i, n - i))), n - i);
  }
}
