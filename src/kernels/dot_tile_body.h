// The tile for few columns (see gemm_tile.h): registers run along the depth, of A and of B, which is stored column by column (`b_row` elements
// apart), and are added up at the end. So no part of a register is empty because there are few columns.

// Rows of a tile of so many columns; one and three are enough, two are three.
template <class V>
static constexpr int dot_tile_rows(int columns) {
  if (V::width == 1) return 0;
  const int rows = columns == 1 ? 6 : columns == 3 ? 4 : 0;
  return V::registers == 32 ? 2 * rows : rows;
}

template <class V, int rows, int columns, bool whole>
KERATIN_INLINE void add_products(typename V::Register (&sum)[rows][columns], const typename V::Element* a, Index a_row, const typename V::Element* b,
                                 Index b_row, int n) {
  using R = typename V::Register;
  R column[columns];
  unroll<columns>([&](auto j) KERATIN_INLINE_BODY { column[j.value] = load_channels<V, whole>(b + j.value * b_row, n); });
  unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
    const R x = V::in_register(load_channels<V, whole>(a + m.value * a_row, n));
    unroll<columns>([&](auto j) KERATIN_INLINE_BODY { sum[m.value][j.value] = V::fma(x, column[j.value], sum[m.value][j.value]); });
  });
}

// Of a tile's registers, row by row. Beyond the last: the last.
template <int n, class R, int rows, int columns>
KERATIN_INLINE R nth(const R (&sum)[rows][columns]) {
  constexpr int i = n < rows * columns ? n : rows * columns - 1;
  return sum[i / columns][i % columns];
}

template <class V, int rows, int columns>
static void dot_tile_of(const GemmTile<typename V::Element>& tile) {
  using T = typename V::Element;
  const Index row = tile.a_row, b_row = tile.b_row, depth = tile.depth;
  const T* from = tile.a;
  T* to = tile.c;
  for (Index repeat = 0; repeat < tile.repeats; ++repeat) {
    typename V::Register sum[rows][columns];
    unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
      unroll<columns>([&](auto j) KERATIN_INLINE_BODY { sum[m.value][j.value] = V::zero(); });
    });
    for (Index t = 0; t < tile.tap_count; ++t) {
      const T* a = from + tile.taps[t].a;
      const T* b = tile.b + (tile.taps[t].index - tile.first_tap) * tile.b_tap;
      Index k = 0;
      for (; k + V::width <= depth; k += V::width) add_products<V, rows, columns, true>(sum, a + k, row, b + k, b_row, V::width);
      if (k < depth) add_products<V, rows, columns, false>(sum, a + k, row, b + k, b_row, static_cast<int>(depth - k));
    }
    T sums[rows * columns + 3];
    unroll<(rows * columns + 3) / 4>([&](auto i) KERATIN_INLINE_BODY {
      constexpr int first = 4 * i.value;
      V::store_sums(sums + first, nth<first>(sum), nth<first + 1>(sum), nth<first + 2>(sum), nth<first + 3>(sum));
    });
    for (Index m = 0; m < rows; ++m) {
      for (Index j = 0; j < tile.columns; ++j) {
        T* c = to + m * tile.c_row + j;
        T value = sums[m * columns + j] + (tile.bias ? tile.bias[j] : T(0));
        if (tile.accumulate) value += *c;
        *c = tile.relu && T(0) > value ? T(0) : value;
      }
    }
    from += rows * row;
    to += rows * tile.c_row;
  }
}

template <class V, int columns, int rows>
static GemmTileFunction<typename V::Element> dot_tile_with(int wanted) {
  if constexpr (rows == 0) {
    return nullptr;
  } else {
    return wanted == rows ? dot_tile_of<V, rows, columns> : dot_tile_with<V, columns, rows - 1>(wanted);
  }
}

template <class V>
static GemmTileFunction<typename V::Element> dot_tile(int rows, int columns) {
  if constexpr (V::width > 1) {
    switch (columns) {
      case 1: return dot_tile_with<V, 1, dot_tile_rows<V>(1)>(rows);
      case 3: return dot_tile_with<V, 3, dot_tile_rows<V>(3)>(rows);
    }
  }
  return nullptr;
}
