// Windows over a line of positions, channels last: window p starts at x + p * step, its elements (vectors of `channels`) lie at the
// offsets `taps` from there. All kernels walk a line; who calls them cuts the borders off, where windows have fewer taps.

// call(registers, whole, n): several registers of channels at a time as long as they are whole, then one, of which the last means n elements.
#define KERATIN_OVER_CHANNELS(call)                                                \
  int c = 0;                                                                       \
  for (; c + 4 * V::width <= channels; c += 4 * V::width) call(4, true, V::width); \
  for (; c + V::width <= channels; c += V::width) call(1, true, V::width);         \
  if (c < channels) call(1, false, channels - c);

template <class V, int registers, bool whole>
KERATIN_INLINE void load_window(typename V::Register (&to)[registers], const typename V::Element* x, int n) {
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) to[k] = load_channels<V, whole>(x + k * V::width, n);
}

// Do windows move by one element, and are their taps lines of three neighbours? Then what a window has of a column is kept for the next two.
static inline bool columns_are_shared(const std::ptrdiff_t* taps, int tap_count, std::ptrdiff_t step, int channels) {
  if (step != channels || tap_count % 3 != 0) return false;
  for (int t = 0; t < tap_count; t += 3)
    if (taps[t + 1] - taps[t] != channels || taps[t + 2] - taps[t + 1] != channels) return false;
  return true;
}
struct MaxOf {
  template <class V>
  static KERATIN_INLINE_BODY typename V::Register join(typename V::Register value, typename V::Register so_far) { return V::max(value, so_far); }
};
struct SumOf {
  template <class V>
  static KERATIN_INLINE_BODY typename V::Register join(typename V::Register value, typename V::Register so_far) { return V::add(value, so_far); }
};

template <class V, class Join, int registers, bool whole>
KERATIN_INLINE void join_column(typename V::Register (&column)[registers], const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, int n) {
  load_window<V, registers, whole>(column, x + taps[0], n);
  for (int t = 3; t < tap_count; t += 3) {
    const typename V::Element* tap = x + taps[t];
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) column[k] = Join::template join<V>(load_channels<V, whole>(tap + k * V::width, n), column[k]);
  }
}
template <class V, class Join, int registers, bool whole>
static inline void join_moving_windows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count,
                                       std::ptrdiff_t positions, int channels, typename V::Register scale, int n) {
  typename V::Register first[registers], second[registers], third[registers];
  join_column<V, Join, registers, whole>(first, x, taps, tap_count, n);
  join_column<V, Join, registers, whole>(second, x + channels, taps, tap_count, n);
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += channels, y += channels) {
    join_column<V, Join, registers, whole>(third, x + 2 * channels, taps, tap_count, n);
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register all = Join::template join<V>(third[k], Join::template join<V>(second[k], first[k]));
      store_channels<V, whole>(y + k * V::width, V::multiply(all, scale), n);
      first[k] = second[k];
      second[k] = third[k];
    }
  }
}
template <class V, class Join, int registers, bool whole>
static inline void join_window(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count,
                               typename V::Register scale, int n) {
  typename V::Register all[registers];
  load_window<V, registers, whole>(all, x + taps[0], n);
  for (int t = 1; t < tap_count; ++t) {
    const typename V::Element* tap = x + taps[t];
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) all[k] = Join::template join<V>(load_channels<V, whole>(tap + k * V::width, n), all[k]);
  }
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) store_channels<V, whole>(y + k * V::width, V::multiply(all[k], scale), n);
}
template <class V, class Join>
static void join_windows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, std::ptrdiff_t step,
                         std::ptrdiff_t positions, int channels, typename V::Element scale) {
  const typename V::Register factor = V::set(scale);
  if (columns_are_shared(taps, tap_count, step, channels)) {
#define KERATIN_CALL(registers, whole, n) join_moving_windows<V, Join, registers, whole>(y + c, x + c, taps, tap_count, positions, channels, factor, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
    return;
  }
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += step, y += channels) {
#define KERATIN_CALL(registers, whole, n) join_window<V, Join, registers, whole>(y + c, x + c, taps, tap_count, factor, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}

template <class V>
static void max_of_windows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, std::ptrdiff_t step,
                           std::ptrdiff_t positions, int channels) {
  join_windows<V, MaxOf>(y, x, taps, tap_count, step, positions, channels, 1);
}
// y = scale * sum over the window
template <class V>
static void sum_of_windows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, std::ptrdiff_t step,
                           std::ptrdiff_t positions, int channels, typename V::Element scale) {
  join_windows<V, SumOf>(y, x, taps, tap_count, step, positions, channels, scale);
}

// Which tap holds the largest element, for each channel: the first one of equals.
template <class V, int registers, bool whole>
KERATIN_INLINE void largest_tap(typename V::Register (&at)[registers], const typename V::Element* x, const std::ptrdiff_t* taps, int tap_count, int n) {
  typename V::Register best[registers];
  load_window<V, registers, whole>(best, x + taps[0], n);
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) at[k] = V::zero();
  for (int t = 1; t < tap_count; ++t) {
    const typename V::Element* tap = x + taps[t];
    const typename V::Register number = V::set(static_cast<typename V::Element>(t));
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register value = load_channels<V, whole>(tap + k * V::width, n);
      const typename V::Mask larger = V::less(best[k], value);
      best[k] = V::select(larger, value, best[k]);
      at[k] = V::select(larger, number, at[k]);
    }
  }
}

// dx at the largest element of each window += upstream
template <class V, int registers, bool whole>
static inline void max_to_window(typename V::Element* dx, const typename V::Element* x, const typename V::Element* upstream,
                                 const std::ptrdiff_t* taps, int tap_count, int n) {
  typename V::Register at[registers], gradient[registers];
  largest_tap<V, registers, whole>(at, x, taps, tap_count, n);
  load_window<V, registers, whole>(gradient, upstream, n);
  for (int t = 0; t < tap_count; ++t) {
    typename V::Element* target = dx + taps[t];
    const typename V::Register number = V::set(static_cast<typename V::Element>(t));
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register before = load_channels<V, whole>(target + k * V::width, n);
      store_channels<V, whole>(target + k * V::width, V::add(before, V::select(V::equal(at[k], number), gradient[k], V::zero())), n);
    }
  }
}
template <class V>
static void max_to_windows(typename V::Element* dx, const typename V::Element* x, const typename V::Element* upstream, const std::ptrdiff_t* taps,
                           int tap_count, std::ptrdiff_t step, std::ptrdiff_t positions, int channels, int channel_step) {
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += step, dx += step, upstream += channel_step) {
#define KERATIN_CALL(registers, whole, n) max_to_window<V, registers, whole>(dx + c, x + c, upstream + c, taps, tap_count, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}

// y = v at the largest element of x in each window
template <class V, int registers, bool whole>
static inline void max_from_window(typename V::Element* y, const typename V::Element* x, const typename V::Element* v, const std::ptrdiff_t* taps,
                                   int tap_count, int n) {
  typename V::Register at[registers], value[registers];
  largest_tap<V, registers, whole>(at, x, taps, tap_count, n);
  load_window<V, registers, whole>(value, v + taps[0], n);
  for (int t = 1; t < tap_count; ++t) {
    const typename V::Register number = V::set(static_cast<typename V::Element>(t));
    KERATIN_UNROLL for (int k = 0; k < registers; ++k)
      value[k] = V::select(V::equal(at[k], number), load_channels<V, whole>(v + taps[t] + k * V::width, n), value[k]);
  }
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) store_channels<V, whole>(y + k * V::width, value[k], n);
}
template <class V>
static void max_from_windows(typename V::Element* y, const typename V::Element* x, const typename V::Element* v, const std::ptrdiff_t* taps,
                             int tap_count, std::ptrdiff_t step, std::ptrdiff_t positions, int channels) {
  for (std::ptrdiff_t p = 0; p < positions; ++p, x += step, v += step, y += channels) {
#define KERATIN_CALL(registers, whole, n) max_from_window<V, registers, whole>(y + c, x + c, v + c, taps, tap_count, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}

// dx over each window += scale * upstream
template <class V, int registers, bool whole>
static inline void sum_to_window(typename V::Element* dx, const typename V::Element* upstream, const std::ptrdiff_t* taps, int tap_count,
                                 typename V::Register scale, int n) {
  typename V::Register gradient[registers];
  load_window<V, registers, whole>(gradient, upstream, n);
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) gradient[k] = V::multiply(gradient[k], scale);
  for (int t = 0; t < tap_count; ++t) {
    typename V::Element* target = dx + taps[t];
    KERATIN_UNROLL for (int k = 0; k < registers; ++k)
      store_channels<V, whole>(target + k * V::width, V::add(load_channels<V, whole>(target + k * V::width, n), gradient[k]), n);
  }
}
template <class V>
static void sum_to_windows(typename V::Element* dx, const typename V::Element* upstream, const std::ptrdiff_t* taps, int tap_count,
                           std::ptrdiff_t step, std::ptrdiff_t positions, int channels, int channel_step, typename V::Element scale) {
  const typename V::Register factor = V::set(scale);
  for (std::ptrdiff_t p = 0; p < positions; ++p, dx += step, upstream += channel_step) {
#define KERATIN_CALL(registers, whole, n) sum_to_window<V, registers, whole>(dx + c, upstream + c, taps, tap_count, factor, n)
    KERATIN_OVER_CHANNELS(KERATIN_CALL)
#undef KERATIN_CALL
  }
}
#undef KERATIN_OVER_CHANNELS

// y[i] = sum over k of weights[k] * x[rows[k] + i]: a row of a resized image.
template <class V, int registers, bool whole>
static inline void weighted_sum(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* rows, const typename V::Element* weights,
                                int row_count, int n) {
  typename V::Register sum[registers];
  load_window<V, registers, whole>(sum, x + rows[0], n);
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) sum[k] = V::multiply(sum[k], V::set(weights[0]));
  for (int r = 1; r < row_count; ++r) {
    const typename V::Register weight = V::set(weights[r]);
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) sum[k] = V::fma(load_channels<V, whole>(x + rows[r] + k * V::width, n), weight, sum[k]);
  }
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) store_channels<V, whole>(y + k * V::width, sum[k], n);
}
template <class V>
static void weighted_sum_of_rows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* rows, const typename V::Element* weights,
                                 int row_count, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 * V::width <= n; i += 4 * V::width) weighted_sum<V, 4, true>(y + i, x + i, rows, weights, row_count, V::width);
  for (; i + V::width <= n; i += V::width) weighted_sum<V, 1, true>(y + i, x + i, rows, weights, row_count, V::width);
  if (i < n) weighted_sum<V, 1, false>(y + i, x + i, rows, weights, row_count, static_cast<int>(n - i));
}
