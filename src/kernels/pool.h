// Windows over a line of positions, channels last: window p starts at x + p * step, its elements (vectors of `channels`) lie at the
// offsets `taps` from there. All kernels walk a line; who calls them cuts the borders off, where windows have fewer taps.

// call(whole, n) for every register of a vector of channels: n of its elements are meant.
#define KERATIN_OVER_CHANNELS(call)                \
  for (int c = 0; c < channels; c += V::width) {   \
    if (c + V::width <= channels) call(true, V::width); \
    else call(false, channels - c);                \
  }

template <class V, bool whole>
static inline void max_of_window(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, int n) {
  typename V::Register best = load_channels<V, whole>(x + taps[0], n);
  for (int t = 1; t < tap_count; ++t) best = V::max(load_channels<V, whole>(x + taps[t], n), best);
  store_channels<V, whole>(y, best, n);
}
template <class V>
static void max_of_windows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, std::ptrdiff_t step,
                           std::ptrdiff_t positions, int channels) {
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += step, y += channels) {
#define KERATIN_CALL(whole, n) max_of_window<V, whole>(y + c, x + c, taps, tap_count, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}

// y = scale * sum over the window
template <class V, bool whole>
static inline void sum_of_window(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count,
                                 typename V::Register scale, int n) {
  typename V::Register sum = load_channels<V, whole>(x + taps[0], n);
  for (int t = 1; t < tap_count; ++t) sum = V::add(load_channels<V, whole>(x + taps[t], n), sum);
  store_channels<V, whole>(y, V::multiply(sum, scale), n);
}
template <class V>
static void sum_of_windows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, std::ptrdiff_t step,
                           std::ptrdiff_t positions, int channels, typename V::Element scale) {
  const typename V::Register factor = V::set(scale);
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += step, y += channels) {
#define KERATIN_CALL(whole, n) sum_of_window<V, whole>(y + c, x + c, taps, tap_count, factor, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}

// Which tap holds the largest element, for each channel: the first one of equals.
template <class V, bool whole>
static inline typename V::Register largest_tap(const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, int n) {
  typename V::Register best = load_channels<V, whole>(x + taps[0], n), at = V::zero();
  for (int t = 1; t < tap_count; ++t) {
    const typename V::Register value = load_channels<V, whole>(x + taps[t], n);
    const typename V::Mask larger = V::less(best, value);
    best = V::select(larger, value, best);
    at = V::select(larger, V::set(static_cast<typename V::Element>(t)), at);
  }
  return at;
}

// dx at the largest element of each window += upstream
template <class V, bool whole>
static inline void max_to_window(typename V::Element* dx, const typename V::Element* x, const typename V::Element* upstream,
                                 const std::ptrdiff_t* taps, int tap_count, int n) {
  const typename V::Register at = largest_tap<V, whole>(x, taps, tap_count, n), gradient = load_channels<V, whole>(upstream, n);
  for (int t = 0; t < tap_count; ++t) {
    const typename V::Mask here = V::equal(at, V::set(static_cast<typename V::Element>(t)));
    typename V::Element* target = dx + taps[t];
    store_channels<V, whole>(target, V::add(load_channels<V, whole>(target, n), V::select(here, gradient, V::zero())), n);
  }
}
template <class V>
static void max_to_windows(typename V::Element* dx, const typename V::Element* x, const typename V::Element* upstream, const std::ptrdiff_t* taps,
                           int tap_count, std::ptrdiff_t step, std::ptrdiff_t positions, int channels, int channel_step) {
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += step, dx += step, upstream += channel_step) {
#define KERATIN_CALL(whole, n) max_to_window<V, whole>(dx + c, x + c, upstream + c, taps, tap_count, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}

// y = v at the largest element of x in each window
template <class V, bool whole>
static inline void max_from_window(typename V::Element* y, const typename V::Element* x, const typename V::Element* v, const std::ptrdiff_t* taps,
                                   int tap_count, int n) {
  const typename V::Register at = largest_tap<V, whole>(x, taps, tap_count, n);
  typename V::Register value = V::zero();
  for (int t = 0; t < tap_count; ++t) {
    const typename V::Mask here = V::equal(at, V::set(static_cast<typename V::Element>(t)));
    value = V::select(here, load_channels<V, whole>(v + taps[t], n), value);
  }
  store_channels<V, whole>(y, value, n);
}
template <class V>
static void max_from_windows(typename V::Element* y, const typename V::Element* x, const typename V::Element* v, const std::ptrdiff_t* taps,
                             int tap_count, std::ptrdiff_t step, std::ptrdiff_t positions, int channels) {
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += step, v += step, y += channels) {
#define KERATIN_CALL(whole, n) max_from_window<V, whole>(y + c, x + c, v + c, taps, tap_count, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}

// dx over each window += scale * upstream
template <class V, bool whole>
static inline void sum_to_window(typename V::Element* dx, const typename V::Element* upstream, const std::ptrdiff_t* taps, int tap_count,
                                 typename V::Register scale, int n) {
  const typename V::Register gradient = V::multiply(load_channels<V, whole>(upstream, n), scale);
  for (int t = 0; t < tap_count; ++t) {
    typename V::Element* target = dx + taps[t];
    store_channels<V, whole>(target, V::add(load_channels<V, whole>(target, n), gradient), n);
  }
}
template <class V>
static void sum_to_windows(typename V::Element* dx, const typename V::Element* upstream, const std::ptrdiff_t* taps, int tap_count,
                           std::ptrdiff_t step, std::ptrdiff_t positions, int channels, int channel_step, typename V::Element scale) {
  const typename V::Register factor = V::set(scale);
  for (std::ptrdiff_t p = 0; p < positions; ++p, dx += step, upstream += channel_step) {
#define KERATIN_CALL(whole, n) sum_to_window<V, whole>(dx + c, upstream + c, taps, tap_count, factor, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}
#undef KERATIN_OVER_CHANNELS

// y[i] = sum over k of weights[k] * x[rows[k] + i]: a row of a resized image.
template <class V, bool whole>
static inline void weighted_sum(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* rows, const typename V::Element* weights,
                                int row_count, int n) {
  typename V::Register sum = V::multiply(load_channels<V, whole>(x + rows[0], n), V::set(weights[0]));
  for (int k = 1; k < row_count; ++k) sum = V::fma(load_channels<V, whole>(x + rows[k], n), V::set(weights[k]), sum);
  store_channels<V, whole>(y, sum, n);
}
template <class V>
static void weighted_sum_of_rows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* rows, const typename V::Element* weights,
                                 int row_count, std::size_t n) {
  std::size_t i = 0;
  for (; i + V::width <= n; i += V::width) weighted_sum<V, true>(y + i, x + i, rows, weights, row_count, V::width);
  if (i < n) weighted_sum<V, false>(y + i, x + i, rows, weights, row_count, static_cast<int>(n - i));
}
