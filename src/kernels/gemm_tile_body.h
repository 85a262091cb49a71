// The register tile of every matrix product and convolution (see gemm_tile.h).

// Rows of a tile that is `vectors` registers wide: rows * vectors accumulators, the panel's `vectors` and one operand fill the register file.
template <class V>
static constexpr int tile_rows(int vectors) {
  if (V::registers == 8) return vectors == 1 ? 6 : 2;
  return V::registers == 32 ? (vectors == 1 ? 16 : vectors == 2 ? 14 : vectors == 3 ? 9 : 6) : (vectors == 1 ? 12 : vectors == 2 ? 6 : 4);
}
template <class V>
static constexpr int tile_vectors() {
  return V::registers == 32 ? 4 : V::registers == 16 ? 3 : 2;
}
template <class V>
static int gemm_tile_rows(int vectors) {
  return vectors >= 1 && vectors <= tile_vectors<V>() ? tile_rows<V>(vectors) : 0;
}

// What is left to do with the sums of a tile. `bias_is_in`: the sums began with the bias. The tile's settings are copied first: for all the
// compiler knows a store into C may change them.
template <class V, int rows, int vectors>
KERATIN_INLINE void finish_tile(const GemmTile<typename V::Element>& tile, typename V::Element* to, typename V::Register (&sum)[rows][vectors],
                                bool bias_is_in) {
  using T = typename V::Element;
  using R = typename V::Register;
  const Index c_row = tile.c_row, columns = tile.columns;
  const bool accumulate = tile.accumulate, relu = tile.relu;
  if (columns == vectors * V::width) {
    unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
      unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
        T* c = to + m.value * c_row + j.value * V::width;
        R value = sum[m.value][j.value];
        if (accumulate) value = V::add(value, V::load(c));
        if (relu) value = V::max(V::zero(), value);
        V::store(c, value);
      });
    });
    return;
  }
  const T* tile_bias = tile.bias;
  unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
    const Index left = columns - j.value * V::width;
    if (left <= 0) return;
    const int n = left < V::width ? static_cast<int>(left) : V::width;
    const R bias = tile_bias && !bias_is_in ? V::load_partial(tile_bias + j.value * V::width, n) : V::zero();
    unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
      T* c = to + m.value * c_row + j.value * V::width;
      R value = V::add(sum[m.value][j.value], bias);
      if (accumulate) value = V::add(value, V::load_partial(c, n));
      if (relu) value = V::max(V::zero(), value);
      V::store_partial(c, value, n);
    });
  });
}

// The innermost loop is five or six cycles long: begun in the middle of a line of code it would lose one.
#if defined(__GNUC__) && !defined(__clang__)
#define KERATIN_ALIGNED_LOOPS __attribute__((optimize("align-loops=64")))
#else
#define KERATIN_ALIGNED_LOOPS
#endif

// Rows of A broadcast against registers of B. `transposed`: A[m, k] lies at a + k * a_depth + m, else at a + m * a_row + k.
template <class V, int rows, int vectors, bool transposed>
KERATIN_ALIGNED_LOOPS static void gemm_tile_of(const GemmTile<typename V::Element>& tile) {
  using T = typename V::Element;
  using R = typename V::Register;
  const bool whole = tile.columns == vectors * V::width;
  const bool bias_is_in = tile.bias && whole;
  const Index row = transposed ? 1 : tile.a_row, step = transposed ? tile.a_depth : 1, b_row = tile.b_row;
  const Index depth = tile.depth, tap_count = tile.tap_count, ahead_lines = tile.ahead_lines;
  const Index steps_at_once = ahead_lines > 0 ? tile.steps_between_fetches : depth;
  const char* ahead = tile.ahead;
  const T* from = tile.a;
  T* to = tile.c;
  for (Index repeat = 0; repeat < tile.repeats; ++repeat) {
    R sum[rows][vectors];
    unroll<vectors>([&](auto j) KERATIN_INLINE_BODY {
      const R start = bias_is_in ? V::load(tile.bias + j.value * V::width) : V::zero();
      unroll<rows>([&](auto m) KERATIN_INLINE_BODY { sum[m.value][j.value] = start; });
    });
    if (tap_count * depth > 32) {
      unroll<rows>([&](auto m) KERATIN_INLINE_BODY { __builtin_prefetch(to + m.value * tile.c_row, 1); });
    }
    for (Index t = 0; t < tap_count; ++t) {
      const T* a = from + tile.taps[t].a;
      const T* b = tile.b + (tile.taps[t].index - tile.first_tap) * tile.b_tap;
      const auto add_steps = [&](Index count) KERATIN_INLINE_BODY {
        for (Index k = 0; k < count; ++k) {
          R panel[vectors];
          unroll<vectors>([&](auto j) KERATIN_INLINE_BODY { panel[j.value] = V::in_register(V::load(b + j.value * V::width)); });
          unroll<rows>([&](auto m) KERATIN_INLINE_BODY {
            const R x = V::set(a[m.value * row]);
            unroll<vectors>([&](auto j) KERATIN_INLINE_BODY { sum[m.value][j.value] = V::fma(x, panel[j.value], sum[m.value][j.value]); });
          });
          a += step;
          b += b_row;
        }
      };
      if constexpr (!transposed) {  // sums of weight gradients are short: there a second loop around would show
        for (Index left = depth; left > 0; left -= steps_at_once) {
          for (Index line = 0; line < ahead_lines; ++line, ahead += cache_line_bytes) __builtin_prefetch(ahead, 0, 2);
          add_steps(left < steps_at_once ? left : steps_at_once);
        }
      } else {
        add_steps(depth);
      }
    }
    finish_tile<V, rows, vectors>(tile, to, sum, bias_is_in);
    from += rows * row;
    to += rows * tile.c_row;
  }
}

// The tile with `rows` rows, by counting down from the largest.
template <class V, int vectors, bool transposed, int rows>
struct TileOfRows {
  static GemmTileFunction<typename V::Element> find(int wanted) {
    return wanted == rows ? gemm_tile_of<V, rows, vectors, transposed> : TileOfRows<V, vectors, transposed, rows - 1>::find(wanted);
  }
};
template <class V, int vectors, bool transposed>
struct TileOfRows<V, vectors, transposed, 0> {
  static GemmTileFunction<typename V::Element> find(int) { return nullptr; }
};

template <class V, bool transposed>
static GemmTileFunction<typename V::Element> find_tile(int rows, int vectors) {
  if (vectors == 1) return TileOfRows<V, 1, transposed, tile_rows<V>(1)>::find(rows);
  if (vectors == 2) return TileOfRows<V, 2, transposed, tile_rows<V>(2)>::find(rows);
  if constexpr (tile_vectors<V>() >= 3) {
    if (vectors == 3) return TileOfRows<V, 3, transposed, tile_rows<V>(3)>::find(rows);
  }
  if constexpr (tile_vectors<V>() >= 4) {
    if (vectors == 4) return TileOfRows<V, 4, transposed, tile_rows<V>(4)>::find(rows);
  }
  return nullptr;
}

template <class V>
static GemmTileFunction<typename V::Element> gemm_tile(int rows, int vectors, bool a_is_transposed) {
  return a_is_transposed ? find_tile<V, true>(rows, vectors) : find_tile<V, false>(rows, vectors);
}
