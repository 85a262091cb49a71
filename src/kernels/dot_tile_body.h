// The tile for few columns (see gemm_tile.h): registers run along the depth, of A and of B, which is stored column by column (`b_row` elements
// apart), and are added up at the end. So no part of a register is empty because there are few columns.

// Rows of a tile of so many columns; one and three are enough, two are three.
template <class V>
static int dot_tile_rows(int columns) {
  if (V::width == 1) return 0;
  return columns == 1 ? 6 : columns == 3 ? 4 : 0;
}

template <class V, int rows, int columns, bool whole>
KERATIN_INLINE void add_products(typename V::Register (&sum)[rows][columns], const typename V::Element* a, Index a_row, const typename V::Element* b,
                                 Index b_row, int n) {
  using R = typename V::Register;
  R column[columns];
  unroll<columns>([&](auto j) KERATIN_INLINE_BODY { column[j.value] = load_channels<V, whole>(b + j.value * b_row, n); });
  unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
    const R x = load_channels<V, whole>(a + m.value * a_row, n);
    unroll<columns>([&](auto j) KERATIN_INLINE_BODY { sum[m.value][j.value] = V::fma(x, column[j.value], sum[m.value][j.value]); });
  });
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
    // By way of memory: unrolled, adding up would be most of the code.
    T sums[rows * columns * V::width];
    unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
      unroll<columns>([&](auto j) KERATIN_INLINE_BODY { V::store(sums + (m.value * columns + j.value) * V::width, sum[m.value][j.value]); });
    });
    for (Index m = 0; m < rows; ++m) {
      for (Index j = 0; j < tile.columns; ++j) {
        T* c = to + m * tile.c_row + j;
        T value = V::sum(V::load(sums + (m * columns + j) * V::width)) + (tile.bias ? tile.bias[j] : T(0));
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
      case 1: return dot_tile_with<V, 1, 6>(rows);
      case 3: return dot_tile_with<V, 3, 4>(rows);
    }
  }
  return nullptr;
}
