// Depthwise convolution: channels in registers, a few pixels at once so that a weight is loaded once for all of them (see depthwise_tile.h).

template <class V>
static inline typename V::Register load_channels(const typename V::Element* p, int n) {
  return n == V::width ? V::load(p) : V::load_partial(p, n);
}

template <class V, int rows, int vectors>
static inline void depthwise_pixels(const DepthwiseTile<typename V::Element>& tile, Index row, Index channel, int n) {
  using R = typename V::Register;
  R sum[rows][vectors];
  KERATIN_UNROLL for (int j = 0; j < vectors; ++j) {
    const R start = tile.bias ? load_channels<V>(tile.bias + channel + j * V::width, n) : V::zero();
    KERATIN_UNROLL for (int m = 0; m < rows; ++m) sum[m][j] = start;
  }
  for (Index t = 0; t < tile.tap_count; ++t) {
    const typename V::Element* x = tile.x + tile.taps[t].a + row * tile.x_row + channel;
    const typename V::Element* weights = tile.weights + tile.taps[t].index * tile.channels + channel;
    KERATIN_UNROLL for (int j = 0; j < vectors; ++j) {
      const R w = load_channels<V>(weights + j * V::width, n);
      KERATIN_UNROLL for (int m = 0; m < rows; ++m) sum[m][j] = V::fma(load_channels<V>(x + m * tile.x_row + j * V::width, n), w, sum[m][j]);
    }
  }
  KERATIN_UNROLL for (int m = 0; m < rows; ++m) {
    KERATIN_UNROLL for (int j = 0; j < vectors; ++j) {
      typename V::Element* y = tile.y + (row + m) * tile.y_row + channel + j * V::width;
      const R value = tile.relu ? V::max(V::zero(), sum[m][j]) : sum[m][j];
      if (n == V::width) {
        V::store(y, value);
      } else {
        V::store_partial(y, value, n);
      }
    }
  }
}

template <class V, int rows>
static inline void depthwise_row_group(const DepthwiseTile<typename V::Element>& tile, Index row) {
  Index channel = 0;
  for (; channel + 2 * V::width <= tile.channels; channel += 2 * V::width) depthwise_pixels<V, rows, 2>(tile, row, channel, V::width);
  for (; channel + V::width <= tile.channels; channel += V::width) depthwise_pixels<V, rows, 1>(tile, row, channel, V::width);
  if (channel < tile.channels) depthwise_pixels<V, rows, 1>(tile, row, channel, static_cast<int>(tile.channels - channel));
}

template <class V>
static void depthwise(const DepthwiseTile<typename V::Element>& tile) {
  Index row = 0;
  for (; row + 4 <= tile.rows; row += 4) depthwise_row_group<V, 4>(tile, row);
  for (; row < tile.rows; ++row) depthwise_row_group<V, 1>(tile, row);
}

template <class V, int taps, int vectors>
static inline void depthwise_weight_taps(const DepthwiseWeightTile<typename V::Element>& tile, Index tap, Index channel, int n) {
  using R = typename V::Register;
  R sum[taps][vectors];
  KERATIN_UNROLL for (int t = 0; t < taps; ++t) {
    KERATIN_UNROLL for (int j = 0; j < vectors; ++j) sum[t][j] = V::zero();
  }
  const typename V::Element *x = tile.x + tap * tile.x_tap + channel, *upstream = tile.upstream + channel;
  for (Index i = 0; i < tile.positions; ++i) {
    KERATIN_UNROLL for (int j = 0; j < vectors; ++j) {
      const R u = load_channels<V>(upstream + j * V::width, n);
      KERATIN_UNROLL for (int t = 0; t < taps; ++t) sum[t][j] = V::fma(load_channels<V>(x + t * tile.x_tap + j * V::width, n), u, sum[t][j]);
    }
    x += tile.x_row;
    upstream += tile.channels;
  }
  KERATIN_UNROLL for (int t = 0; t < taps; ++t) {
    KERATIN_UNROLL for (int j = 0; j < vectors; ++j) {
      typename V::Element* grad = tile.grad + (tap + t) * tile.channels + channel + j * V::width;
      const R value = tile.accumulate ? V::add(load_channels<V>(grad, n), sum[t][j]) : sum[t][j];
      if (n == V::width) {
        V::store(grad, value);
      } else {
        V::store_partial(grad, value, n);
      }
    }
  }
}

template <class V, int taps>
static inline void depthwise_weight_tap_group(const DepthwiseWeightTile<typename V::Element>& tile, Index tap) {
  Index channel = 0;
  for (; channel + 2 * V::width <= tile.channels; channel += 2 * V::width) depthwise_weight_taps<V, taps, 2>(tile, tap, channel, V::width);
  for (; channel + V::width <= tile.channels; channel += V::width) depthwise_weight_taps<V, taps, 1>(tile, tap, channel, V::width);
  if (channel < tile.channels) depthwise_weight_taps<V, taps, 1>(tile, tap, channel, static_cast<int>(tile.channels - channel));
}

template <class V>
static void depthwise_weight(const DepthwiseWeightTile<typename V::Element>& tile) {
  Index tap = 0;
  for (; tap + 3 <= tile.taps; tap += 3) depthwise_weight_tap_group<V, 3>(tile, tap);
  for (; tap < tile.taps; ++tap) depthwise_weight_tap_group<V, 1>(tile, tap);
}
