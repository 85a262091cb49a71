// Depthwise convolution: channels in registers, a few pixels at once so that a weight is loaded once for all of them (see depthwise_tile.h).

template <class V, int rows, int vectors, bool whole>
static inline void depthwise_pixels(const DepthwiseTile<typename V::Element>& tile, Index row, Index channel, int n) {
  using R = typename V::Register;
  R sum[rows][vectors];
  unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
    const R start = tile.bias ? load_channels<V, whole>(tile.bias + channel + j.value * V::width, n) : V::zero();
    unroll<rows>([&](auto m) KERATIN_INLINE_BODY { sum[m.value][j.value] = start; });
  });
  const Index x_row = tile.x_row;
  for (Index t = 0; t < tile.tap_count; ++t) {
    const typename V::Element* x = tile.x + tile.taps[t].a + row * x_row + channel;
    const typename V::Element* weights = tile.weights + tile.taps[t].index * tile.weight_row + channel;
    unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
      const R w = load_channels<V, whole>(weights + j.value * V::width, n);
      unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
        sum[m.value][j.value] = V::fma(load_channels<V, whole>(x + m.value * x_row + j.value * V::width, n), w, sum[m.value][j.value]);
      });
    });
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
  for (; channel + 2 * V::width <= tile.channels; channel += 2 * V::width) depthwise_pixels<V, rows, 2, true>(tile, row, channel, V::width);
  for (; channel + V::width <= tile.channels; channel += V::width) depthwise_pixels<V, rows, 1, true>(tile, row, channel, V::width);
  if (channel < tile.channels) depthwise_pixels<V, rows, 1, false>(tile, row, channel, static_cast<int>(tile.channels - channel));
}

template <class V>
static void depthwise(const DepthwiseTile<typename V::Element>& tile) {
  Index row = 0;
  for (; row + 4 <= tile.rows; row += 4) depthwise_row_group<V, 4>(tile, row);
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
  for (Index line = 0; line < tile.lines; ++line) {
    const typename V::Element *x = tile.x + line * tile.x_line + tap * x_tap + channel, *upstream = tile.upstream + line * tile.upstream_line + channel;
    for (Index i = 0; i < positions; ++i) {
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
