// Gradient of a convolution for its weights:
//   kernel_grad[k, c, f] = sum over outputs o of x[o * strides - padding + k * dilation, c] * upstream[o, f].
//
// The sum runs over output positions. A tile broadcasts one side and holds the other in registers: usually channels against filters;
// where filters are fewer than a register, filters against channels (`swapped`, transposed at the end). With few channels and contiguous
// windows the rows of a tile are (kernel position, channel) of the whole window (`fused`).
#include <cstring>

#include "../core/thread_pool.h"
#include "conv.h"
#include "conv_plan.h"
#include "read_ahead.h"
#include "repeat_channels.h"
#include "scratch.h"

namespace keratin {
namespace {

constexpr Index positions_of_chunk = 96;     // two operands of this length stay in the first-level cache
constexpr Index positions_of_depthwise = 128;  // a line or two, which all kernel lines meet
constexpr Index positions_of_part = 1024;     // fewer would not pay for adding up the parts
constexpr Index most_parts = 8;
constexpr Index rows_worth_a_copy = 128;
constexpr Index few_channels = 32;
constexpr Index few_strips = 2;  // the other operand is read too seldom to pack it

template <class T>
class WeightGradient {
 public:
  WeightGradient(const ConvGeometry& geometry, const T* x, const T* upstream, T* result)
      : g_(geometry), x_(x), upstream_(upstream), result_(result) {
    group_channels_ = g_.channels / g_.groups;
    group_filters_ = g_.filters / g_.groups;
    outer_positions_ = g_.kernel[0] * g_.kernel[1];
    elements_ = outer_positions_ * g_.kernel[2] * group_channels_ * g_.filters;
    if (!g_.is_depthwise()) choose_form();
    cut_into_chunks();
    cut_into_parts();
  }

  void run() {
    T* partial = scratch<T>(Scratch::partial, elements_ * (sum_parts_ - (swapped_ ? 0 : 1)));
    const Index shares = panel_parts_ * row_parts_;
    parallel_parts(sum_parts_ * shares, [&](Index part) {
      const Index sum_part = part / shares, panel_part = part % shares / row_parts_, row_part = part % row_parts_;
      T* to = swapped_ ? partial + sum_part * elements_ : sum_part == 0 ? result_ : partial + (sum_part - 1) * elements_;
      run_part(sum_part, panel_part, row_part, to);
    });
    if (swapped_) {
      add_parts(partial, partial + elements_, sum_parts_ - 1);
      transpose_result(partial);
    } else {
      add_parts(result_, partial, sum_parts_ - 1);
    }
  }

 private:
  struct Chunk {
    Index line, lines, first, positions;  // lines are counted over images and the first two axes; positions along the last
  };

  struct Ahead {
    ReadAhead x, upstream;
    void fetch() {
      x.fetch();
      upstream.fetch();
    }
  };

  // Chunks follow each other in memory, about evenly in x as well.
  Ahead ahead_of(Index next, Index panels, Index rows) const {
    const Index fetches = outer_positions_ * (fused_ ? 1 : g_.kernel[2]) * panels * ceil_divide(rows, tile_rows_);
    auto part = [&](const T* operand, Index elements) {
      return ReadAhead(operand + elements / chunks_ * next, operand + elements / chunks_ * (next + 1), fetches);
    };
    return {part(x_, g_.batch * g_.in[0] * g_.in[1] * g_.in[2] * g_.channels), part(upstream_, total_lines_ * g_.out[2] * g_.filters)};
  }

  // x of one outer kernel position as the tiles read it.
  struct Windows {
    const T* data;
    Index pixel;       // elements from a position to the next
    Index line_count;  // lines of the chunk that have an input line
    Index* lines;      // which
    Index* offsets;    // where in `data`
    Index phase;       // elements from one phase of the stride to the next (copies only)
    bool copied;
  };

  void choose_form() {
    const bool contiguous = g_.groups == 1 && (g_.dilation[2] == 1 || g_.kernel[2] == 1);
    fused_ = contiguous && g_.channels < few_channels;
    const Index channel_side = fused_ ? g_.kernel[2] * g_.channels : group_channels_;
    double best = -1;
    const Kernels<T>& k = kernels<T>();
    for (int swap = 0; swap <= (fused_ ? 0 : 1); ++swap) {
      const Index rows = swap ? group_filters_ : channel_side, columns = swap ? channel_side : group_filters_;
      for (int vectors = 1; k.gemm_tile_rows(vectors) > 0; ++vectors) {
        const Index width = vectors * k.vector_width, tiles = ceil_divide(rows, k.gemm_tile_rows(vectors));
        const double tile_rows = static_cast<double>(rows) / static_cast<double>(tiles);
        // Cycles of one step of a tile: two products a cycle, two loads a cycle, four cycles until a sum can be added to again.
        double cycles = tile_rows * vectors / 2;
        if (cycles < (tile_rows + vectors) / 2) cycles = (tile_rows + vectors) / 2;
        if (cycles < 4) cycles = 4;
        cycles += 0.06 * tile_rows / vectors;  // loads are not quite free
        double cost = cycles * static_cast<double>(tiles * ceil_divide(columns, width)) * (swap ? 1.1 : 1.0);
        // Windows whose last panel is not full are copied.
        if (swap && columns % width != 0) cost += 0.25 * static_cast<double>(columns) / static_cast<double>(g_.kernel[2]);
        if (best < 0 || cost < best) {
          best = cost;
          swapped_ = swap != 0;
          vectors_ = vectors;
          width_ = width;
          rows_ = rows;
          columns_ = columns;
        }
      }
    }
    panels_ = ceil_divide(columns_, width_);
    tile_rows_ = k.gemm_tile_rows(vectors_);
    for (int rows = 1; rows <= tile_rows_; ++rows) functions_[rows] = k.gemm_tile(rows, vectors_, true);
    const bool is_read_seldom = ceil_divide(rows_, tile_rows_) * (fused_ ? 1 : g_.kernel[2]) * outer_positions_ <= few_strips;
    upstream_in_place_ = !swapped_ && columns_ % width_ == 0 && g_.groups == 1 && (width_ == g_.filters || is_read_seldom);
    const Index line_elements = cache_line_bytes / static_cast<Index>(sizeof(T));
    padded_channels_ = (ceil_divide(group_channels_, line_elements) | 1) * line_elements;
  }

  void cut_into_chunks() {
    const Index width = g_.out[2], wanted = g_.is_depthwise() ? positions_of_depthwise : positions_of_chunk;
    total_lines_ = g_.batch * g_.out[0] * g_.out[1];
    blocks_of_line_ = width > wanted * 3 / 2 ? ceil_divide(width, wanted * 5 / 4) : 1;
    lines_of_chunk_ = blocks_of_line_ > 1 ? 1 : larger(1, wanted / larger(width, 1));
    chunks_ = blocks_of_line_ > 1 ? total_lines_ * blocks_of_line_ : ceil_divide(total_lines_, lines_of_chunk_);
  }

  void cut_into_parts() {
    const Index positions = total_lines_ * g_.out[2];
    sum_parts_ = smaller(larger(positions / positions_of_part, 1), smaller(most_parts, larger(chunks_, 1)));
    const double products = static_cast<double>(positions) * static_cast<double>(elements_);
    panel_parts_ = row_parts_ = 1;
    // Which part computes an element does not change it, so these may depend on how many threads there are.
    if (thread_count() > 1 && sum_parts_ < 4 && products > 1e6 && !g_.is_depthwise()) {
      const Index wanted = ceil_divide(4, sum_parts_);
      panel_parts_ = smaller(panels_, wanted);
      row_parts_ = smaller(ceil_divide(rows_, tile_rows_), ceil_divide(wanted, panel_parts_));
    }
  }

  Chunk chunk(Index c) const {
    Chunk chunk;
    if (blocks_of_line_ > 1) {
      const Index block = c % blocks_of_line_;
      chunk.line = c / blocks_of_line_;
      chunk.lines = 1;
      chunk.first = g_.out[2] * block / blocks_of_line_;
      chunk.positions = g_.out[2] * (block + 1) / blocks_of_line_ - chunk.first;
    } else {
      chunk.line = c * lines_of_chunk_;
      chunk.lines = smaller(lines_of_chunk_, total_lines_ - chunk.line);
      chunk.first = 0;
      chunk.positions = g_.out[2];
    }
    return chunk;
  }

  void run_part(Index sum_part, Index panel_part, Index row_part, T* to) {
    const Index first = chunks_ * sum_part / sum_parts_, end = chunks_ * (sum_part + 1) / sum_parts_;
    const Index panel_begin = panels_ * panel_part / panel_parts_, panel_end = panels_ * (panel_part + 1) / panel_parts_;
    const Index strips = ceil_divide(rows_, tile_rows_);
    const Index row_begin = rows_ * (strips * row_part / row_parts_) / strips, row_end = rows_ * (strips * (row_part + 1) / row_parts_) / strips;
    if (chunks_ == 0) {
      if (panel_part == 0 && row_part == 0) std::memset(to, 0, static_cast<std::size_t>(elements_) * sizeof(T));
      return;
    }
    if (g_.is_depthwise()) std::memset(to, 0, static_cast<std::size_t>(elements_) * sizeof(T));
    for (Index c = first; c < end; ++c) {
      const Chunk now = chunk(c);
      Ahead ahead = c + 1 < end ? ahead_of(c + 1, panel_end - panel_begin, row_end - row_begin) : Ahead();
      if (g_.is_depthwise()) {
        run_depthwise(now, to);
        continue;
      }
      for (Index group = 0; group < g_.groups; ++group) {
        const T* right = swapped_ ? nullptr : pack_upstream(now, group, panel_begin, panel_end);
        for (Index outer = 0; outer < outer_positions_; ++outer) {
          const Index begin = swapped_ ? panel_begin * width_ : row_begin,
                      count = (swapped_ ? smaller(columns_, panel_end * width_) : row_end) - begin;
          const Windows windows = bind_windows(now, group, outer, begin, count);
          run_tiles(now, group, outer, windows, right, panel_begin, panel_end, row_begin, row_end, c > first, to, ahead);
        }
      }
    }
  }

  // Panels of upstream values, [panel][line][position][width].
  const T* pack_upstream(const Chunk& c, Index group, Index panel_begin, Index panel_end) {
    const Index count = c.lines * c.positions;
    const T* from = upstream_ + (c.line * g_.out[2] + c.first) * g_.filters + group * group_filters_;
    if (upstream_in_place_) return from + panel_begin * width_;
    T* packed = scratch<T>(Scratch::upstream, (panel_end - panel_begin) * count * width_);
    T* to = packed;
    for (Index p = panel_begin; p < panel_end; ++p) {
      const Index columns = smaller(width_, columns_ - p * width_);
      const T* column = from + p * width_;
      if (columns == width_) {
        kernels<T>().copy_rows(to, width_, column, g_.filters, count, width_);
      } else {
        std::memset(to, 0, static_cast<std::size_t>(count * width_) * sizeof(T));
        for (Index i = 0; i < count; ++i) std::memcpy(to + i * width_, column + i * g_.filters, static_cast<std::size_t>(columns) * sizeof(T));
      }
      to += count * width_;
    }
    return packed;
  }

  // The line of x that line `line` of the output reads at this outer kernel position, or null.
  const T* input_line(Index line, Index outer) const {
    const Index o1 = line % g_.out[1], o0 = line / g_.out[1] % g_.out[0], image = line / g_.out[1] / g_.out[0];
    const Index i0 = o0 * g_.strides[0] - g_.padding[0] + outer / g_.kernel[1] * g_.dilation[0];
    const Index i1 = o1 * g_.strides[1] - g_.padding[1] + outer % g_.kernel[1] * g_.dilation[1];
    if (i0 < 0 || i0 >= g_.in[0] || i1 < 0 || i1 >= g_.in[1]) return nullptr;
    return x_ + ((image * g_.in[0] + i0) * g_.in[1] + i1) * g_.in[2] * g_.channels;
  }

  // Does reading one line in `pixel` elements' steps keep to so small a share of the first-level cache's sets that a copy pays? Steps of sixteen
  // lines leave four sets, steps of four sixteen: there it takes many tiles that read the same.
  bool crowds_cache(Index pixel) const {
    const Index bytes = pixel * static_cast<Index>(sizeof(T));
    return bytes % (16 * cache_line_bytes) == 0 || (bytes % (4 * cache_line_bytes) == 0 && rows_ >= rows_worth_a_copy);
  }

  Windows bind_windows(const Chunk& c, Index group, Index outer, Index begin, Index count) {
    const Index stride = g_.strides[2], reach = (g_.kernel[2] - 1) * g_.dilation[2];
    const Index low = c.first * stride - g_.padding[2], high = (c.first + c.positions - 1) * stride - g_.padding[2] + reach + 1;
    Windows w;
    w.lines = scratch<Index>(Scratch::taps, c.lines * 4);
    w.offsets = w.lines + c.lines;
    w.line_count = 0;
    w.pixel = stride * g_.channels;
    w.phase = 0;
    const bool inside = low >= 0 && high <= g_.in[2];
    // Registers are filled whole, so a last panel that is not may only be read from a copy; the window of all kernel positions at once needs zeros
    // around the line.
    w.copied = (fused_ && !inside) || (!fused_ && !swapped_ && crowds_cache(w.pixel)) || (swapped_ && columns_ % width_ != 0);
    if (!w.copied) {
      w.data = x_;
      for (Index l = 0; l < c.lines; ++l) {
        const T* line = input_line(c.line + l, outer);
        if (!line) continue;
        w.lines[w.line_count] = l;
        w.offsets[w.line_count++] = line - x_ + low * g_.channels + group * group_channels_;
      }
      return w;
    }
    const Index slots = c.positions + reach / stride, phases = fused_ ? 1 : smaller(stride, reach + 1);
    const Index copy = fused_ ? (high - low) * g_.channels : phases * slots * padded_channels_;
    T* to = scratch<T>(Scratch::lines, copy * c.lines);
    w.data = to;
    if (!fused_) {
      w.pixel = padded_channels_;
      w.phase = slots * padded_channels_;
    }
    for (Index l = 0; l < c.lines; ++l) {
      const T* line = input_line(c.line + l, outer);
      if (!line) continue;
      w.lines[w.line_count] = l;
      w.offsets[w.line_count++] = to - w.data;
      if (fused_) {
        copy_window_line(to, line, low, high);
      } else {
        copy_by_phases(to, line + group * group_channels_ + begin, begin, count, low, phases, slots);
      }
      to += copy;
    }
    return w;
  }

  void copy_window_line(T* to, const T* line, Index low, Index high) const {
    const Index channels = g_.channels, copy_low = smaller(larger(low, 0), high), copy_high = larger(copy_low, smaller(high, g_.in[2]));
    std::memset(to, 0, static_cast<std::size_t>((copy_low - low) * channels) * sizeof(T));
    std::memcpy(to + (copy_low - low) * channels, line + copy_low * channels,
                static_cast<std::size_t>((copy_high - copy_low) * channels) * sizeof(T));
    std::memset(to + (copy_high - low) * channels, 0, static_cast<std::size_t>((high - copy_high) * channels) * sizeof(T));
  }

  // [phase of the stride][slot][padded channels]: neighbouring positions of a kernel position are neighbouring slots, and the padding keeps them
  // out of each other's cache sets.
  void copy_by_phases(T* to, const T* line, Index begin, Index count, Index low, Index phases, Index slots) const {
    const Index stride = g_.strides[2];
    for (Index phase = 0; phase < phases; ++phase) {
      T* row = to + phase * slots * padded_channels_ + begin;
      const Index first = low + phase;  // pixel of slot 0
      const Index inside = smaller(slots, larger(0, ceil_divide(-first, stride)));
      const Index end = larger(inside, smaller(slots, ceil_divide(g_.in[2] - first, stride)));
      for (Index slot = 0; slot < inside; ++slot) std::memset(row + slot * padded_channels_, 0, static_cast<std::size_t>(count) * sizeof(T));
      if (end > inside) {
        kernels<T>().copy_rows(row + inside * padded_channels_, padded_channels_, line + (first + inside * stride) * g_.channels,
                               stride * g_.channels, end - inside, count);
      }
      for (Index slot = end; slot < slots; ++slot) std::memset(row + slot * padded_channels_, 0, static_cast<std::size_t>(count) * sizeof(T));
    }
  }

  void run_tiles(const Chunk& c, Index group, Index outer, const Windows& w, const T* right, Index panel_begin, Index panel_end, Index row_begin,
                 Index row_end, bool accumulate, T* to, Ahead& ahead) {
    GemmTile<T> tile;
    Tap* taps = reinterpret_cast<Tap*>(w.offsets + c.lines);
    tile.taps = taps;
    tile.tap_count = w.line_count;
    tile.b_tap = 1;
    tile.first_tap = 0;
    tile.a_row = 1;
    tile.bias = nullptr;
    tile.accumulate = accumulate;
    tile.relu = false;
    tile.a_depth = swapped_ ? g_.filters : w.pixel;
    tile.b_row = swapped_ ? w.pixel : upstream_in_place_ ? g_.filters : width_;
    tile.c_row = swapped_ ? group_channels_ : g_.filters;
    for (Index i = 0; i < w.line_count; ++i) {
      const Index line = w.lines[i];
      taps[i].a = swapped_ ? line * g_.out[2] * g_.filters : w.offsets[i];
      taps[i].index = swapped_ ? w.offsets[i] : line * c.positions * tile.b_row;
    }
    const Index panel_step = upstream_in_place_ ? width_ : c.lines * c.positions * width_;
    const T* left = swapped_ ? upstream_ + (c.line * g_.out[2] + c.first) * g_.filters + group * group_filters_ : nullptr;
    const Index strips = ceil_divide(row_end - row_begin, tile_rows_), size = (row_end - row_begin) / strips,
                larger_strips = (row_end - row_begin) % strips;
    for (Index k = 0; k < (fused_ ? 1 : g_.kernel[2]); ++k) {
      // The positions that read inside the line.
      Index begin = 0, end = c.positions;
      if (!fused_ && !w.copied) {
        begin = smaller(end, larger(0, first_inside(k) - c.first));
        end = larger(begin, smaller(end, end_inside(k) - c.first));
        if (begin == end && accumulate) continue;
      }
      tile.depth = end - begin;
      const T* window = w.data + window_offset(w, k) + begin * w.pixel;
      const T* values = swapped_ ? left + begin * g_.filters : right + begin * tile.b_row;  // of the upstream gradient
      const Index position = outer * g_.kernel[2] + k;
      for (Index p = panel_begin; p < panel_end; ++p) {
        tile.columns = smaller(width_, columns_ - p * width_);
        tile.b = swapped_ ? window + p * width_ : values + (p - panel_begin) * panel_step;
        const T* a = (swapped_ ? values : window) + row_begin;
        T* c_start = to + (swapped_ ? ((position * g_.groups + group) * group_filters_ + row_begin) * group_channels_
                                    : (position * group_channels_ + row_begin) * g_.filters + group * group_filters_) + p * width_;
        run_strips(tile, a, c_start, larger_strips, size + 1, ahead);
        run_strips(tile, a + larger_strips * (size + 1), c_start + larger_strips * (size + 1) * tile.c_row, strips - larger_strips, size, ahead);
      }
    }
  }

  void run_strips(GemmTile<T>& tile, const T* a, T* c, Index count, Index rows, Ahead& ahead) const {
    for (Index strip = 0; strip < count; ++strip) {
      ahead.fetch();
      tile.a = a + strip * rows;
      tile.c = c + strip * rows * tile.c_row;
      functions_[rows](tile);
    }
  }

  // All taps at once where they lie inside the line, and each by itself where only some do; lines at equal distances together.
  void run_depthwise(const Chunk& c, T* to) const {
    DepthwiseWeightTile<T> tile;
    tile.channels = g_.channels;
    tile.x_tap = g_.dilation[2] * g_.channels;
    tile.x_row = g_.strides[2] * g_.channels;
    tile.upstream_line = g_.out[2] * g_.filters;
    const Index end = c.first + c.positions;
    const Index inner = smaller(end, larger(c.first, first_inside(0)));
    const Index inner_end = larger(inner, smaller(end, end_inside(g_.kernel[2] - 1)));
    for (Index outer = 0; outer < outer_positions_; ++outer) {
      for (Index l = 0; l < c.lines; l += tile.lines) {
        const T *line = input_line(c.line + l, outer), *next = l + 1 < c.lines ? input_line(c.line + l + 1, outer) : nullptr;
        tile.lines = 1;
        if (!line) continue;
        tile.x_line = next ? next - line : 0;
        while (next && l + tile.lines < c.lines && input_line(c.line + l + tile.lines, outer) == line + tile.lines * tile.x_line) ++tile.lines;
        const T* upstream = upstream_ + (c.line + l) * tile.upstream_line;
        auto run_positions = [&](Index k, Index taps, Index begin, Index stop) {
          if (stop <= begin) return;
          tile.x = line + (begin * g_.strides[2] - g_.padding[2] + k * g_.dilation[2]) * g_.channels;
          tile.upstream = upstream + begin * g_.filters;
          tile.positions = stop - begin;
          tile.grad = to + (outer * g_.kernel[2] + k) * g_.channels;
          tile.taps = taps;
          kernels<T>().depthwise_weight(tile);
        };
        run_positions(0, g_.kernel[2], inner, inner_end);
        for (Index k = 0; k < g_.kernel[2]; ++k) {
          run_positions(k, 1, larger(c.first, first_inside(k)), smaller(inner, end_inside(k)));
          run_positions(k, 1, larger(inner_end, first_inside(k)), smaller(end, end_inside(k)));
        }
      }
    }
  }

  // The outputs whose tap k lies inside the line: [first_inside, end_inside).
  Index first_inside(Index k) const { return ceil_divide(g_.padding[2] - k * g_.dilation[2], g_.strides[2]); }
  Index end_inside(Index k) const { return floor_divide(g_.in[2] - 1 + g_.padding[2] - k * g_.dilation[2], g_.strides[2]) + 1; }

  Index window_offset(const Windows& w, Index k) const {
    if (fused_) return 0;
    const Index ahead = k * g_.dilation[2];
    return w.copied ? ahead % g_.strides[2] * w.phase + ahead / g_.strides[2] * w.pixel : ahead * g_.channels;
  }

  void add_parts(T* sum, const T* parts, Index count) const {
    if (count <= 0) return;
    parallel_ranges(elements_, 8192, [&](Index begin, Index end) {
      for (Index p = 0; p < count; ++p) kernels<T>().add_to(sum + begin, parts + p * elements_ + begin, static_cast<std::size_t>(end - begin));
    });
  }

  // [position][group][filter][channel] to [position][channel][filter]
  void transpose_result(const T* from) {
    for (Index position = 0; position < outer_positions_ * g_.kernel[2]; ++position) {
      for (Index group = 0; group < g_.groups; ++group) {
        kernels<T>().transpose(result_ + position * group_channels_ * g_.filters + group * group_filters_, g_.filters,
                               from + (position * g_.groups + group) * group_filters_ * group_channels_, group_channels_, group_filters_,
                               group_channels_);
      }
    }
  }

  const ConvGeometry& g_;
  const T* x_;
  const T* upstream_;
  T* result_;
  Index group_channels_, group_filters_, outer_positions_, elements_;
  bool fused_ = false, swapped_ = false, upstream_in_place_ = false;
  int vectors_ = 1;
  Index width_ = 1, rows_ = 1, columns_ = 1, panels_ = 1, tile_rows_ = 1, padded_channels_ = 0;
  Index total_lines_ = 0, blocks_of_line_ = 1, lines_of_chunk_ = 1, chunks_ = 0;
  Index sum_parts_ = 1, panel_parts_ = 1, row_parts_ = 1;
  GemmTileFunction<T> functions_[32] = {};
};

// With strides of one, x and upstream gradient can change roles: what moves is the other, kernel positions count backwards, and the result is
// transposed. Few filters then are the rows of fused windows.
bool roles_can_change(const ConvGeometry& g) {
  if (g.groups > 1 || g.filters >= g.channels || g.filters >= few_channels || g.dilation[2] != 1 || g.kernel[2] == 1) return false;
  for (int axis = 0; axis < 3; ++axis) {
    if (g.strides[axis] != 1 || g.padding[axis] > (g.kernel[axis] - 1) * g.dilation[axis]) return false;
  }
  return true;
}

template <class T>
void run_with_changed_roles(const ConvGeometry& g, const T* x, const T* upstream, T* kernel_grad) {
  ConvGeometry changed = g;
  for (int axis = 0; axis < 3; ++axis) {
    changed.in[axis] = g.out[axis];
    changed.out[axis] = g.in[axis];
    changed.padding[axis] = (g.kernel[axis] - 1) * g.dilation[axis] - g.padding[axis];
  }
  changed.channels = g.filters;
  changed.filters = g.channels;
  const Index positions = g.kernel[0] * g.kernel[1] * g.kernel[2], size = g.channels * g.filters;
  T* result = scratch<T>(Scratch::product, positions * size);
  WeightGradient<T>(changed, upstream, x, result).run();
  for (Index k = 0; k < positions; ++k) {
    kernels<T>().transpose(kernel_grad + k * size, g.filters, result + (positions - 1 - k) * size, g.channels, g.filters, g.channels);
  }
}

}  // namespace

template <class T>
void conv_grad_weight(const ConvGeometry& geometry, const T* x, const T* upstream, T* kernel_grad) {
  if (geometry.channels == 0 || geometry.filters == 0) return;
  if (geometry.is_multiplied_depthwise()) {
    ConvGeometry repeated = geometry;
    repeated.channels = repeated.groups = geometry.filters;
    const Index pixels = geometry.batch * geometry.in[0] * geometry.in[1] * geometry.in[2];
    T* wide = scratch<T>(Scratch::product, pixels * geometry.filters);
    repeat_channels(x, pixels, geometry.channels, geometry.filters / geometry.channels, wide);
    return WeightGradient<T>(repeated, wide, upstream, kernel_grad).run();
  }
  if (roles_can_change(geometry)) return run_with_changed_roles(geometry, x, upstream, kernel_grad);
  WeightGradient<T>(geometry, x, upstream, kernel_grad).run();
}

template void conv_grad_weight<float>(const ConvGeometry&, const float*, const float*, float*);
template void conv_grad_weight<double>(const ConvGeometry&, const double*, const double*, double*);

}  // namespace keratin
