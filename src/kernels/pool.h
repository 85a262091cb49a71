// Windows over lines of pixels, channels last (window_line.h). Who calls cuts the borders off, where windows have fewer taps.

// pixel(registers, whole, y, x, first tap, end of its taps, n) for each pixel: several registers of channels at a time as long as they are whole,
// then one, of which the last means n elements. Where more pixels follow it is written whole all the same, for they are written over the excess.
template <class V, class Pixel>
static __attribute__((noinline)) void over_narrow_pixels(const WindowLine& line, Pixel pixel) {
  const std::ptrdiff_t end = line.pixels * line.channels, channels = line.channels;
  const int* stop = line.tap_ends;
  int first = 0;
  std::ptrdiff_t x = 0, y = 0;
  const auto next = [&]() KERATIN_INLINE_BODY {
    y += channels;
    first = *stop;
    if (++stop == line.tap_ends + line.phases) {
      stop = line.tap_ends;
      first = 0;
      x += line.step;
    }
  };
  for (; y + V::width <= end; next()) pixel(Constant<1>(), Constant<true>(), y, x, first, *stop, V::width);
  for (; y < end; next()) pixel(Constant<1>(), Constant<false>(), y, x, first, *stop, static_cast<int>(channels));
}
template <class V, class Pixel>
static inline void over_pixels(WindowLine line, Pixel pixel) {
  if (line.phases == 1 && line.step == line.channels) {  // pixels side by side are one large pixel
    line.channels *= line.pixels;
    line.pixels = 1;
  }
  if (line.channels <= V::width) return over_narrow_pixels<V>(line, pixel);
  const std::ptrdiff_t end = line.pixels * line.channels;
  std::ptrdiff_t x = 0;
  int phase = 0;
  for (std::ptrdiff_t y = 0; y < end; y += line.channels) {
    const int first = phase == 0 ? 0 : line.tap_ends[phase - 1], stop = line.tap_ends[phase];
    std::ptrdiff_t c = 0;
    for (; c + 4 * V::width <= line.channels; c += 4 * V::width) pixel(Constant<4>(), Constant<true>(), y + c, x + c, first, stop, V::width);
    for (; c < line.channels && y + c + V::width <= end; c += V::width) pixel(Constant<1>(), Constant<true>(), y + c, x + c, first, stop, V::width);
    if (c < line.channels) pixel(Constant<1>(), Constant<false>(), y + c, x + c, first, stop, static_cast<int>(line.channels - c));
    if (++phase == line.phases) {
      phase = 0;
      x += line.step;
    }
  }
}

template <class V, int registers, bool whole>
KERATIN_INLINE void load_pixel(typename V::Register (&to)[registers], const typename V::Element* x, int n) {
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) to[k] = load_channels<V, whole>(x + k * V::width, n);
}
template <class V, int registers, bool whole>
KERATIN_INLINE void store_pixel(typename V::Element* y, const typename V::Register (&from)[registers], int n) {
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) store_channels<V, whole>(y + k * V::width, from[k], n);
}

struct MaxOf {
  static constexpr bool hides_nan = true;  // V::max() may: it is looked for besides
  template <class V>
  static KERATIN_INLINE_BODY typename V::Register join(typename V::Register value, typename V::Register so_far) { return V::max(value, so_far); }
};
struct SumOf {
  static constexpr bool hides_nan = false;
  template <class V>
  static KERATIN_INLINE_BODY typename V::Register join(typename V::Register value, typename V::Register so_far) { return V::add(value, so_far); }
};
template <class V, class Join, int registers, bool whole>
KERATIN_INLINE void join_window(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* taps, int first, int stop,
                                typename V::Register scale, int n) {
  typename V::Register all[registers];
  if (first == stop) {
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) all[k] = V::zero();
  } else {
    load_pixel<V, registers, whole>(all, x + taps[first], n);
  }
  typename V::Mask is_number[registers];
  if constexpr (Join::hides_nan) {
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) is_number[k] = V::equal(all[k], all[k]);
  }
  for (int t = first + 1; t < stop; ++t) {
    const typename V::Element* tap = x + taps[t];
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register value = load_channels<V, whole>(tap + k * V::width, n);
      all[k] = Join::template join<V>(value, all[k]);
      if constexpr (Join::hides_nan) is_number[k] = V::both(is_number[k], V::equal(value, value));
    }
  }
  if constexpr (Join::hides_nan) {
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) all[k] = V::select(is_number[k], all[k], V::set(__builtin_nanf("")));
  }
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) all[k] = V::multiply(all[k], scale);
  store_pixel<V, registers, whole>(y, all, n);
}
template <class V, class Join>
static inline void join_windows(typename V::Element* y, const typename V::Element* x, const WindowLine& line, typename V::Element scale) {
  const typename V::Register factor = V::set(scale);
  const std::ptrdiff_t* taps = line.taps;
  over_pixels<V>(line, [=](auto registers, auto whole, std::ptrdiff_t to, std::ptrdiff_t from, int first, int stop, int n) KERATIN_INLINE_BODY {
    join_window<V, Join, registers.value, whole.value>(y + to, x + from, taps, first, stop, factor, n);
  });
}
template <class V>
static void max_of_windows(typename V::Element* y, const typename V::Element* x, const WindowLine& line) {
  join_windows<V, MaxOf>(y, x, line, 1);
}
// y = scale * sum over the window; zero where there are no taps
template <class V>
static void sum_of_windows(typename V::Element* y, const typename V::Element* x, const WindowLine& line, typename V::Element scale) {
  join_windows<V, SumOf>(y, x, line, scale);
}

template <class V>
KERATIN_INLINE typename V::Register nan_as_infinity(typename V::Register v) {
  return V::min(v, V::set(__builtin_inff()));  // the second where one is NaN
}

// at = the number of the tap that holds the largest element, which NaN is: the first one of equals.
template <class V, int registers, bool whole>
KERATIN_INLINE void largest_tap(typename V::Register (&at)[registers], const typename V::Element* x, const std::ptrdiff_t* taps,
                                const typename V::Element* numbers, int first, int stop, int n) {
  typename V::Register best[registers];
  load_pixel<V, registers, whole>(best, x + taps[first], n);
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) best[k] = nan_as_infinity<V>(best[k]);
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) at[k] = V::set(numbers[first]);
  for (int t = first + 1; t < stop; ++t) {
    const typename V::Element* tap = x + taps[t];
    const typename V::Register number = V::set(numbers[t]);
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) {
      const typename V::Register value = nan_as_infinity<V>(load_channels<V, whole>(tap + k * V::width, n));
      at[k] = V::select(V::less(best[k], value), number, at[k]);
      best[k] = V::max(value, best[k]);
    }
  }
}
template <class V>
static void largest_of_windows(typename V::Element* at, const typename V::Element* x, const WindowLine& line, const typename V::Element* numbers) {
  const std::ptrdiff_t* taps = line.taps;
  over_pixels<V>(line, [=](auto registers, auto whole, std::ptrdiff_t to, std::ptrdiff_t from, int first, int stop, int n) KERATIN_INLINE_BODY {
    typename V::Register number[registers.value];
    largest_tap<V, registers.value, whole.value>(number, x + from, taps, numbers, first, stop, n);
    store_pixel<V, registers.value, whole.value>(at + to, number, n);
  });
}

// Taps lead from an element of x to the windows that hold it: dx = sum of the upstream of those whose largest element has the number the tap has.
template <class V>
static void gradient_of_largest(typename V::Element* dx, const typename V::Element* at, const typename V::Element* upstream, const WindowLine& line,
                                const typename V::Element* numbers) {
  const std::ptrdiff_t* taps = line.taps;
  over_pixels<V>(line, [=](auto registers, auto whole, std::ptrdiff_t to, std::ptrdiff_t from, int first, int stop, int n) KERATIN_INLINE_BODY {
    typename V::Register sum[registers.value];
    KERATIN_UNROLL for (int k = 0; k < registers.value; ++k) sum[k] = V::zero();
    for (int t = first; t < stop; ++t) {
      const std::ptrdiff_t tap = from + taps[t];
      const typename V::Register number = V::set(numbers[t]);
      KERATIN_UNROLL for (int k = 0; k < registers.value; ++k) {
        const typename V::Mask is_it = V::equal(load_channels<V, whole.value>(at + tap + k * V::width, n), number);
        sum[k] = V::add(sum[k], V::select(is_it, load_channels<V, whole.value>(upstream + tap + k * V::width, n), V::zero()));
      }
    }
    store_pixel<V, registers.value, whole.value>(dx + to, sum, n);
  });
}

// y = v at the largest element of x in each window
template <class V>
static void max_from_windows(typename V::Element* y, const typename V::Element* x, const typename V::Element* v, const WindowLine& line,
                             const typename V::Element* numbers) {
  const std::ptrdiff_t* taps = line.taps;
  over_pixels<V>(line, [=](auto registers, auto whole, std::ptrdiff_t to, std::ptrdiff_t from, int first, int stop, int n) KERATIN_INLINE_BODY {
    typename V::Register at[registers.value], value[registers.value];
    largest_tap<V, registers.value, whole.value>(at, x + from, taps, numbers, first, stop, n);
    load_pixel<V, registers.value, whole.value>(value, v + from + taps[first], n);
    for (int t = first + 1; t < stop; ++t) {
      const typename V::Element* tap = v + from + taps[t];
      const typename V::Register number = V::set(numbers[t]);
      KERATIN_UNROLL for (int k = 0; k < registers.value; ++k)
        value[k] = V::select(V::equal(at[k], number), load_channels<V, whole.value>(tap + k * V::width, n), value[k]);
    }
    store_pixel<V, registers.value, whole.value>(y + to, value, n);
  });
}

// y[i] = sum over k of weights[k] * x[rows[k] + i]: a row of a resized image.
template <class V, int registers, bool whole>
static inline void weighted_sum(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* rows, const typename V::Element* weights,
                                int row_count, int n) {
  typename V::Register sum[registers];
  load_pixel<V, registers, whole>(sum, x + rows[0], n);
  KERATIN_UNROLL for (int k = 0; k < registers; ++k) sum[k] = V::multiply(sum[k], V::set(weights[0]));
  for (int r = 1; r < row_count; ++r) {
    const typename V::Register weight = V::set(weights[r]);
    KERATIN_UNROLL for (int k = 0; k < registers; ++k) sum[k] = V::fma(load_channels<V, whole>(x + rows[r] + k * V::width, n), weight, sum[k]);
  }
  store_pixel<V, registers, whole>(y, sum, n);
}
template <class V>
static void weighted_sum_of_rows(typename V::Element* y, const typename V::Element* x, const std::ptrdiff_t* rows, const typename V::Element* weights,
                                 int row_count, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 * V::width <= n; i += 4 * V::width) weighted_sum<V, 4, true>(y + i, x + i, rows, weights, row_count, V::width);
  for (; i + V::width <= n; i += V::width) weighted_sum<V, 1, true>(y + i, x + i, rows, weights, row_count, V::width);
  if (i < n) weighted_sum<V, 1, false>(y + i, x + i, rows, weights, row_count, static_cast<int>(n - i));
}
