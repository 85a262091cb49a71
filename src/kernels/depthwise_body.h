// Depthwise convolution: channels in registers, a few pixels at once so that a weight is loaded once for all of them (see depthwise_tile.h).

template <class V, int rows, int vectors, bool whole>
static inline void depthwise_pixels(const DepthwiseTile<typename V::Element>& tile, Index row, Index channel, int n) {
  using R = typename V::Register;
  R sum[rows][vectors];
  unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
    const R start = tile.bias ? load_channels<V, whole>(tile.bias + channel + j.value * V::width, n) : V::zero();
    unroll<rows>([&](auto m) KERATIN_INLINE_BODY { sum[m.value][j.value] = start; });
  });
  const Index x_row = tile.x_row, weight_row = tile.weight_row, tap_count = tile.tap_count;
  const Tap* taps = tile.taps;
  const typename V::Element *pixel = tile.x + row * x_row + channel, *weights = tile.weights + channel;
  const auto load = [&](const typename V::Element* p) KERATIN_INLINE_BODY { return load_channels<V, whole>(p, n); };
  for (Index t = 0; t < tap_count;) {
    const typename V::Element *x = pixel + taps[t].a, *w = weights + taps[t].index * weight_row;
    // Three taps that are neighbours as the pixels are share what they read.
    if (rows > 1 && t + 2 < tap_count && taps[t + 1].a - taps[t].a == x_row && taps[t + 2].a - taps[t + 1].a == x_row) {
      const typename V::Element *w1 = weights + taps[t + 1].index * weight_row, *w2 = weights + taps[t + 2].index * weight_row;
      unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
        const R weight[3] = {load(w + j.value * V::width), load(w1 + j.value * V::width), load(w2 + j.value * V::width)};
        unroll<rows + 2>([&](auto i) KERATIN_INLINE_BODY {
          const R value = V::in_register(load(x + i.value * x_row + j.value * V::width));
          unroll<3>([&](auto k) KERATIN_INLINE_BODY {
            constexpr int m = i.value - k.value;
            if constexpr (m >= 0 && m < rows) sum[m][j.value] = V::fma(value, weight[k.value], sum[m][j.value]);
          });
        });
      });
      t += 3;
      continue;
    }
    unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
      const R weight = load(w + j.value * V::width);
      unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
        sum[m.value][j.value] = V::fma(load(x + m.value * x_row + j.value * V::width), weight, sum[m.value][j.value]);
      });
    });
    ++t;
  }
  unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
    unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
      const R value = tile.relu ? V::max(V::zero(), sum[m.value][j.value]) : sum[m.value][j.value];
      store_channels<V, whole>(tile.y + (row + m.value) * tile.y_row + channel + j.value * V::width, value, n);
    });
  });
}

template <class V, int rows>
static inline void depthwise_row_group(const DepthwiseTile<typename V::Element>& tile, Index row) {
  Index channel = 0;
  if constexpr (V::registers == 32) {
    for (; channel + 4 * V::width <= tile.channels; channel += 4 * V::width) depthwise_pixels<V, rows, 4, true>(tile, row, channel, V::width);
  }
  for (; channel + 2 * V::width <= tile.channels; channel += 2 * V::width) depthwise_pixels<V, rows, 2, true>(tile, row, channel, V::width);
  for (; channel + V::width <= tile.channels; channel += V::width) depthwise_pixels<V, rows, 1, true>(tile, row, channel, V::width);
  if (channel < tile.channels) depthwise_pixels<V, rows, 1, false>(tile, row, channel, static_cast<int>(tile.channels - channel));
}

template <class V>
static void depthwise(const DepthwiseTile<typename V::Element>& tile) {
  constexpr int together = 4;
  Index row = 0;
  for (; row + together <= tile.rows; row += together) depthwise_row_group<V, together>(tile, row);
  for (; row + 2 <= tile.rows; row += 2) depthwise_row_group<V, 2>(tile, row);
  for (; row < tile.rows; ++row) depthwise_row_group<V, 1>(tile, row);
}

template <class V, int taps, int vectors, bool whole>
static inline void depthwise_weight_taps(const DepthwiseWeightTile<typename V::Element>& tile, Index tap, Index channel, int n) {
  using R = typename V::Register;
  R sum[taps][vectors];
  unroll<taps>([&](auto t) KERATIN_INLINE_BODY {
    unroll<vectors>([&](auto j) KERATIN_INLINE_BODY { sum[t.value][j.value] = V::zero(); });
  });
  const Index x_tap = tile.x_tap, x_row = tile.x_row, channels = tile.channels, positions = tile.positions;
  constexpr int together = 4;  // positions whose taps share what they read, where neighbouring taps are neighbouring pixels
  for (Index line = 0; line < tile.lines; ++line) {
    const typename V::Element *x = tile.x + line * tile.x_line + tap * x_tap + channel,
                              *upstream = tile.upstream + line * tile.upstream_line + channel;
    Index i = 0;
    for (; taps > 1 && x_tap == x_row && i + together <= positions; i += together) {
      unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
        R u[together];
        unroll<together>([&](auto m)
                             KERATIN_INLINE_BODY { u[m.value] = load_channels<V, whole>(upstream + m.value * channels + j.value * V::width, n); });
        unroll<together + taps - 1>([&](auto p) KERATIN_INLINE_BODY {
          const R value = V::in_register(load_channels<V, whole>(x + p.value * x_row + j.value * V::width, n));
          unroll<taps>([&](auto t) KERATIN_INLINE_BODY {
            constexpr int m = p.value - t.value;
            if constexpr (m >= 0 && m < together) sum[t.value][j.value] = V::fma(value, u[m], sum[t.value][j.value]);
          });
        });
      });
      x += together * x_row;
      upstream += together * channels;
    }
    for (; i < positions; ++i) {
      unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
        const R u = load_channels<V, whole>(upstream + j.value * V::width, n);
        unroll<taps>([&](auto t) KERATIN_INLINE_BODY {
          sum[t.value][j.value] = V::fma(load_channels<V, whole>(x + t.value * x_tap + j.value * V::width, n), u, sum[t.value][j.value]);
        });
      });
      x += x_row;
      upstream += channels;
    }
  }
  unroll<taps>([&](auto t) KERATIN_INLINE_BODY {
    unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
      typename V::Element* grad = tile.grad + (tap + t.value) * channels + channel + j.value * V::width;
      store_channels<V, whole>(grad, V::add(load_channels<V, whole>(grad, n), sum[t.value][j.value]), n);
    });
  });
}

template <class V, int taps>
static inline void depthwise_weight_tap_group(const DepthwiseWeightTile<typename V::Element>& tile, Index tap) {
  Index channel = 0;
  for (; channel + 2 * V::width <= tile.channels; channel += 2 * V::width) depthwise_weight_taps<V, taps, 2, true>(tile, tap, channel, V::width);
  for (; channel + V::width <= tile.channels; channel += V::width) depthwise_weight_taps<V, taps, 1, true>(tile, tap, channel, V::width);
  if (channel < tile.channels) depthwise_weight_taps<V, taps, 1, false>(tile, tap, channel, static_cast<int>(tile.channels - channel));
}

template <class V>
static void depthwise_weight(const DepthwiseWeightTile<typename V::Element>& tile) {
  Index tap = 0;
  for (; tap + 3 <= tile.taps; tap += 3) depthwise_weight_tap_group<V, 3>(tile, tap);
  for (; tap < tile.taps; ++tap) depthwise_weight_tap_group<V, 1>(tile, tap);
}
