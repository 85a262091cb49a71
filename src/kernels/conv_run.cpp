// Convolution and its gradient for the input (= transposed convolution), as planned in conv_plan.h.
#include <cstring>

#include "../core/thread_pool.h"
#include "conv.h"
#include "conv_plan.h"
#include "conv_windows.h"
#include "read_ahead.h"
#include "repeat_channels.h"
#include "scratch.h"

namespace keratin {
namespace {

constexpr Index tiles_of_part = 24;              // enough for a block of weights to pay for its way into the first-level cache
constexpr Index input_bytes_of_part = 192 << 10;  // stays in the second-level cache while the panels pass
constexpr Index bytes_of_row_slice = 1024;        // what a block of weights meets of a row, at most
constexpr Index channels_to_read_in_place = 16, tiles_to_read_in_place = 4;
constexpr Index few_parts = 8;
constexpr Index most_products_to_read_ahead = 256;  // of an element; with more the processor's own guesses are enough
constexpr Index least_bytes_to_read_ahead = 8 << 20;       // less stays in some cache

struct Panel {
  PanelWindow window;
  Index blocks;
  Index packed;  // offset among the packed weights
};

template <class T>
class ConvRun {
 public:
  ConvRun(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y)
      : plan_(plan_conv<T>(geometry, transposed)), g_(plan_.geometry), x_(x), kernel_(kernel), epilogue_(epilogue), y_(y) {
    tile_rows_ = plan_.tile_rows;
    for (int rows = 1; rows <= tile_rows_; ++rows) {
      functions_[rows] = plan_.dots ? kernels<T>().dot_tile(rows, plan_.vectors) : kernels<T>().gemm_tile(rows, plan_.vectors, false);
    }
    cut_into_parts();
    find_input_extent();
    prepare_panels();
    prepare_bias();
  }

  void run() {
    if (!pack_in_part_) pack_all();
    parallel_parts(row_parts_ * panel_parts_, [this](Index part) { run_part(part / panel_parts_, part % panel_parts_); });
  }

 private:
  // Rows [row_begin, row_end) of lines [line_begin, line_end) of one image and one depth, for panels [panel_begin, panel_end).
  struct Part {
    Index image, depth, line_begin, line_end, row_begin, row_end, panel_begin, panel_end;
    const T* input;      // the first pixel that row_begin reads, of line `first_line`
    Index input_line, input_plane;
    Index first_line, first_plane;
    Tap* taps;           // [line][phase][plan.taps]
    Index* tap_counts;   // [line][phase]
    T* edges;            // [line][row][columns]: rows that reach beyond the line
    bool has_edges;
    ReadAhead* ahead;    // what the next part reads
  };

  // Rows in equal tiles, so that no tiny one is left at the end: the first `larger` have one row more.
  struct EqualTiles {
    Index count, size, larger;
    Index rows(Index t) const { return size + (t < larger ? 1 : 0); }
  };
  EqualTiles cut_into_tiles(Index rows) const {
    const Index count = ceil_divide(rows, tile_rows_);
    return {count, rows / count, rows % count};
  }

  void cut_into_parts() {
    first_row_ = phase_rows(plan_, 0).first;
    end_row_ = phase_rows(plan_, 0).end;
    for (Index phase = 1; phase < plan_.phases; ++phase) {
      const PhaseRows rows = phase_rows(plan_, phase);
      first_row_ = smaller(first_row_, rows.first);
      end_row_ = larger(end_row_, rows.end);
    }
    const Index rows = larger(end_row_ - first_row_, 1);
    const Index row_bytes = smaller(larger(1, plan_.step * plan_.in_channels) * static_cast<Index>(sizeof(T)), bytes_of_row_slice);
    const Index wanted = larger(4 * tile_rows_, smaller(tiles_of_part * tile_rows_, input_bytes_of_part / row_bytes));
    row_blocks_ = rows > 2 * wanted ? ceil_divide(rows, wanted) : 1;
    const Index lines = row_blocks_ > 1 ? 1 : smaller(plan_.out[1], larger(1, wanted / rows));
    line_blocks_ = ceil_divide(plan_.out[1], lines);
    row_parts_ = g_.batch * plan_.out[0] * line_blocks_ * row_blocks_;
    // Too few parts to share: the panels are shared out as well.
    const double products = static_cast<double>(rows) * static_cast<double>(g_.batch * plan_.out[0] * plan_.out[1]) *
                            static_cast<double>(plan_.panels * plan_.panel_width) * static_cast<double>(plan_.taps * plan_.window_depth());
    panel_parts_ = 1;
    if (row_parts_ < few_parts && products > 1e6) panel_parts_ = smaller(plan_.panels, ceil_divide(few_parts, row_parts_));
    pack_in_part_ = row_parts_ == 1;
    const Index positions = g_.kernel[0] * g_.kernel[1] * g_.kernel[2],
                strides = plan_.transposed ? 1 : g_.strides[0] * g_.strides[1] * g_.strides[2];
    reads_ahead_ = plan_.columns_channels * positions <= most_products_to_read_ahead * strides &&
                   input_elements() * static_cast<Index>(sizeof(T)) >= least_bytes_to_read_ahead;
  }

  // Pixels around a row's own that it reads along the last axis.
  void find_input_extent() {
    const Index reach = (g_.kernel[2] - 1) * g_.dilation[2];
    if (plan_.fused) {
      reach_low_ = plan_.window_start;
      reach_high_ = plan_.window_start + plan_.window;
    } else if (plan_.transposed) {
      reach_low_ = floor_divide(-reach, g_.strides[2]);
      reach_high_ = 1;
    } else {
      reach_low_ = -g_.padding[2];
      reach_high_ = reach_low_ + reach + 1;
    }
  }

  void prepare_panels() {
    panels_ = scratch<Panel>(Scratch::panels, plan_.panels);
    packed_elements_ = 0;
    for (Index p = 0; p < plan_.panels; ++p) {
      const PanelWindow window = p < plan_.panels_of_group ? panel_window(plan_, p) : panels_[p - plan_.panels_of_group].window;
      panels_[p] = {window, blocks_of_panel(plan_, window), packed_elements_};
      packed_elements_ += plan_.taps * (window.high - window.low) * plan_.depth_channels * plan_.panel_width;
      for (Index b = 0; reads_ahead_ && b < panels_[p].blocks; ++b) {
        const PanelBlock block = panel_block(plan_, window, b);
        fetches_of_row_ += (block.end_tap - block.first_tap) * ceil_divide(block.rows(), GemmTile<T>::steps_between_fetches);
      }
    }
    // Of a transposed convolution's lines each meets only the positions of its phase.
    if (plan_.transposed) fetches_of_row_ = ceil_divide(fetches_of_row_, g_.strides[0] * g_.strides[1]);
  }

  // The bias of every column.
  void prepare_bias() {
    bias_ = epilogue_.bias;
    if (!bias_ || plan_.pixels == 1) return;
    T* repeated = scratch<T>(Scratch::bias, plan_.columns);
    for (Index pixel = 0; pixel < plan_.pixels; ++pixel) {
      std::memcpy(repeated + pixel * plan_.columns_channels, epilogue_.bias, static_cast<std::size_t>(plan_.columns_channels) * sizeof(T));
    }
    bias_ = repeated;
  }

  void pack_all() {
    T* packed = scratch<T>(Scratch::packed, packed_elements_);
    packed_ = packed;
    parallel_parts(plan_.panels, [this, packed](Index p) {
      for (Index b = 0; b < panels_[p].blocks; ++b) {
        const PanelBlock block = panel_block(plan_, panels_[p].window, b);
        pack_block(plan_, kernel_, p, panels_[p].window, block, packed + block_offset(p, block));
      }
    });
  }

  Index block_offset(Index p, const PanelBlock& block) const {
    const Index rows = (panels_[p].window.high - panels_[p].window.low) * plan_.depth_channels;
    return panels_[p].packed + (block.first_tap * rows + block.first_row * (block.end_tap - block.first_tap)) * plan_.panel_width;
  }

  void run_part(Index row_part, Index panel_part) {
    Part part;
    const Index row_block = row_part % row_blocks_, line_block = row_part / row_blocks_ % line_blocks_;
    const Index plane = row_part / row_blocks_ / line_blocks_;
    part.image = plane / plan_.out[0];
    part.depth = plane % plan_.out[0];
    part.line_begin = plan_.out[1] * line_block / line_blocks_;
    part.line_end = plan_.out[1] * (line_block + 1) / line_blocks_;
    part.row_begin = first_row_ + (end_row_ - first_row_) * row_block / row_blocks_;
    part.row_end = first_row_ + (end_row_ - first_row_) * (row_block + 1) / row_blocks_;
    part.panel_begin = plan_.panels * panel_part / panel_parts_;
    part.panel_end = plan_.panels * (panel_part + 1) / panel_parts_;
    if (part.row_end <= part.row_begin) return;
    ReadAhead ahead = ahead_of(row_part + (part.panel_end - part.panel_begin < plan_.panels ? row_parts_ : thread_count()));
    part.ahead = &ahead;
    // Only the tiles that reach beyond the line need a copy of it with zeros around, so they are a part of their own where there are many others.
    const EqualTiles tiles = cut_into_tiles(part.row_end - part.row_begin);
    auto row_of_tile = [&](Index t) { return part.row_begin + t * tiles.size + smaller(t, tiles.larger); };
    Index left = 0, right = tiles.count;
    while (left < tiles.count && row_of_tile(left) * plan_.step + reach_low_ < 0) ++left;
    while (right > left && (row_of_tile(right) - 1) * plan_.step + reach_high_ > plan_.in[2]) --right;
    const bool is_cheap_to_copy = pack_in_part_ || plan_.in_channels < channels_to_read_in_place || right - left < tiles_to_read_in_place;
    if (is_cheap_to_copy || right - left == tiles.count) return run_rows(part, part.row_begin, part.row_end);
    run_rows(part, row_of_tile(0), row_of_tile(left));
    run_rows(part, row_of_tile(left), row_of_tile(right));
    run_rows(part, row_of_tile(right), row_of_tile(tiles.count));
  }

  Index input_elements() const { return g_.batch * plan_.in[0] * plan_.in[1] * plan_.in[2] * plan_.in_channels; }

  // Parts follow each other in memory, about.
  ReadAhead ahead_of(Index row_part) const {
    if (row_part >= row_parts_ || !reads_ahead_) return ReadAhead();
    const Index elements = input_elements();
    const Index rows = ceil_divide(end_row_ - first_row_, row_blocks_), lines = ceil_divide(plan_.out[1], line_blocks_);
    return ReadAhead(x_ + elements / row_parts_ * row_part, x_ + elements / row_parts_ * (row_part + 1),
                     fetches_of_row_ * lines * ceil_divide(rows, tile_rows_));
  }

  void run_rows(Part part, Index begin, Index end) {
    if (end <= begin) return;
    part.row_begin = begin;
    part.row_end = end;
    bind_input(part);
    bind_taps(part);
    part.has_edges = plan_.fused && part.row_end * plan_.pixels > plan_.out[2];
    part.edges = part.has_edges
                     ? scratch<T>(Scratch::edges, (part.line_end - part.line_begin) * (part.row_end - part.row_begin) * plan_.columns)
                     : nullptr;
    run_products(part);
    if (part.has_edges) copy_edges(part);
    if (epilogue_.activation) activate(part);
  }

  // Reads in place where it can; otherwise the needed pixels are copied with zeros around them.
  void bind_input(Part& part) {
    Index plane_end, line_end;
    input_range(g_, plan_.transposed, 0, part.depth, part.depth + 1, part.first_plane, plane_end);
    input_range(g_, plan_.transposed, 1, part.line_begin, part.line_end, part.first_line, line_end);
    const Index low = part.row_begin * plan_.step + reach_low_, high = (part.row_end - 1) * plan_.step + reach_high_;
    const Index channels = plan_.in_channels, line = plan_.in[2] * channels;
    const T* image = x_ + part.image * plan_.in[0] * plan_.in[1] * line;
    if (low >= 0 && high <= plan_.in[2]) {
      part.input_line = line;
      part.input_plane = plan_.in[1] * line;
      part.input = image + part.first_plane * part.input_plane + part.first_line * line + low * channels;
      return;
    }
    const Index lines = line_end - part.first_line;
    part.input_line = (high - low) * channels;
    part.input_plane = lines * part.input_line;
    T* to = scratch<T>(Scratch::lines, (plane_end - part.first_plane) * part.input_plane);
    part.input = to;
    const Index copy_low = smaller(larger(low, 0), high), copy_high = larger(copy_low, smaller(high, plan_.in[2]));
    for (Index plane = part.first_plane; plane < plane_end; ++plane) {
      for (Index l = 0; l < lines; ++l, to += part.input_line) {
        const T* from = image + (plane * plan_.in[1] + part.first_line + l) * line;
        std::memset(to, 0, static_cast<std::size_t>((copy_low - low) * channels) * sizeof(T));
        std::memcpy(to + (copy_low - low) * channels, from + copy_low * channels,
                    static_cast<std::size_t>((copy_high - copy_low) * channels) * sizeof(T));
        std::memset(to + (copy_high - low) * channels, 0, static_cast<std::size_t>((high - copy_high) * channels) * sizeof(T));
      }
    }
  }

  void bind_taps(Part& part) {
    const Index lines = part.line_end - part.line_begin;
    Tap* taps = scratch<Tap>(Scratch::taps, lines * plan_.phases * (plan_.taps + 1));
    part.taps = taps;
    part.tap_counts = reinterpret_cast<Index*>(taps + lines * plan_.phases * plan_.taps);
    for (Index l = 0; l < lines; ++l) {
      for (Index phase = 0; phase < plan_.phases; ++phase) {
        part.tap_counts[l * plan_.phases + phase] = taps_of_line(part, part.line_begin + l, phase, taps + (l * plan_.phases + phase) * plan_.taps);
      }
    }
  }

  Index taps_of_line(const Part& part, Index line, Index phase, Tap* taps) const {
    Index count = 0;
    const Index last_positions = plan_.fused ? 1 : g_.kernel[2];
    for (Index k0 = 0; k0 < g_.kernel[0]; ++k0) {
      const Index plane = source_position(g_, plan_.transposed, 0, part.depth, k0);
      if (plane < 0) continue;
      for (Index k1 = 0; k1 < g_.kernel[1]; ++k1) {
        const Index from = source_position(g_, plan_.transposed, 1, line, k1);
        if (from < 0) continue;
        const Index offset = (plane - part.first_plane) * part.input_plane + (from - part.first_line) * part.input_line;
        for (Index k2 = 0; k2 < last_positions; ++k2) {
          Index pixel = plan_.window_start;
          if (!plan_.fused) {
            const Index ahead = phase - k2 * g_.dilation[2];
            if (plan_.transposed && ahead % g_.strides[2] != 0) continue;
            pixel = plan_.transposed ? ahead / g_.strides[2] : k2 * g_.dilation[2] - g_.padding[2];
          }
          taps[count++] = {offset + (pixel - reach_low_) * plan_.in_channels, (k0 * g_.kernel[1] + k1) * last_positions + k2};
        }
      }
    }
    return count;
  }

  void run_block(const Part& part, Index p, Index b) {
    const Panel& panel = panels_[p];
    const PanelBlock block = panel_block(plan_, panel.window, b);
    const Index group = p / plan_.panels_of_group, column = p % plan_.panels_of_group * plan_.panel_width;
    GemmTile<T> tile;
    if (pack_in_part_) {
      T* packed = scratch<T>(Scratch::panel_block, block.elements(plan_.panel_width));
      pack_block(plan_, kernel_, p, panel.window, block, packed);
      tile.b = packed;
    } else {
      tile.b = packed_ + block_offset(p, block);
    }
    tile.a_row = plan_.step * plan_.in_channels;
    tile.a_depth = 1;
    tile.depth = block.rows();
    tile.b_row = plan_.dots ? block.rows() : plan_.panel_width;
    tile.b_tap = block.rows() * plan_.panel_width;
    tile.first_tap = block.first_tap;
    tile.columns = smaller(plan_.panel_width, plan_.columns - column);
    tile.bias = bias_ && b == 0 ? bias_ + group * plan_.columns_channels + column : nullptr;
    tile.accumulate = b > 0;
    tile.relu = epilogue_.relu && b == panel.blocks - 1;
    const EqualTiles tiles = cut_into_tiles(part.row_end - part.row_begin);
    const Index a_start = group * plan_.depth_channels + panel.window.low * plan_.in_channels + block.first_row;
    for (Index line = part.line_begin; line < part.line_end; ++line) {
      for (Index phase = 0; phase < plan_.phases; ++phase) {
        const Index which = (line - part.line_begin) * plan_.phases + phase;
        tile.taps = part.taps + which * plan_.taps;
        tile.tap_count = part.tap_counts[which];
        while (tile.tap_count > 0 && tile.taps->index < block.first_tap) ++tile.taps, --tile.tap_count;
        while (tile.tap_count > 0 && tile.taps[tile.tap_count - 1].index >= block.end_tap) --tile.tap_count;
        if (tile.tap_count == 0 && tile.accumulate && !tile.relu) continue;
        run_line(part, tile, tiles, line, phase, group * plan_.columns_channels + column, a_start);
      }
    }
  }

  // All blocks of a panel before the next panel, so that what is computed stays near; but where the rows read are more than the second-level
  // cache holds, all panels before the next slice of the rows.
  void run_products(const Part& part) {
    const Index input_bytes =
        (part.row_end - part.row_begin) * (part.line_end - part.line_begin) * plan_.step * plan_.in_channels * static_cast<Index>(sizeof(T));
    if (input_bytes <= input_bytes_of_part) {
      for (Index p = part.panel_begin; p < part.panel_end; ++p) {
        for (Index b = 0; b < panels_[p].blocks; ++b) run_block(part, p, b);
      }
      return;
    }
    Index blocks = 0;
    for (Index p = part.panel_begin; p < part.panel_end; ++p) blocks = larger(blocks, panels_[p].blocks);
    for (Index b = 0; b < blocks; ++b) {
      for (Index p = part.panel_begin; p < part.panel_end; ++p) {
        if (b < panels_[p].blocks) run_block(part, p, b);
      }
    }
  }

  void run_line(const Part& part, GemmTile<T>& tile, EqualTiles tiles, Index line, Index phase, Index column, Index a_start) {
    Index first = part.row_begin, end = part.row_end;
    if (!plan_.fused && plan_.transposed) {
      const PhaseRows rows = phase_rows(plan_, phase);
      first = larger(first, rows.first);
      end = smaller(end, rows.end);
      if (end <= first) return;
      tiles = cut_into_tiles(end - first);
    }
    const Index stride = plan_.fused || !plan_.transposed ? plan_.pixels : g_.strides[2];
    const Index shift = !plan_.fused && plan_.transposed ? g_.padding[2] - phase : 0;
    T* output = y_ + (((part.image * plan_.out[0] + part.depth) * plan_.out[1] + line) * plan_.out[2]) * plan_.out_channels + column;
    Index row = first;
    for (Index t = 0; t < tiles.count;) {
      const Index rows = tiles.rows(t), alike = t < tiles.larger ? tiles.larger : tiles.count;
      const bool edge = part.has_edges && is_edge(row, rows);
      tile.repeats = 1;
      while (t + tile.repeats < alike && !edge && !(part.has_edges && is_edge(row + tile.repeats * rows, rows))) ++tile.repeats;
      tile.a = part.input + a_start + (row - part.row_begin) * plan_.step * plan_.in_channels;
      if (edge) {
        tile.c = part.edges + ((line - part.line_begin) * (part.row_end - part.row_begin) + (row - part.row_begin)) * plan_.columns + column;
        tile.c_row = plan_.columns;
      } else {
        tile.c = output + (row * stride - shift) * plan_.out_channels;
        tile.c_row = stride * plan_.out_channels;
      }
      if (plan_.dots) part.ahead->fetch(tile.fetches());
      else part.ahead->give(tile, tile.fetches());
      functions_[rows](tile);
      row += tile.repeats * rows;
      t += tile.repeats;
    }
  }

  bool is_edge(Index row, Index rows) const {
    return (row + rows) * plan_.pixels > plan_.out[2];
  }

  // What of the edge rows lies inside the line. The tiles are cut as in run_line().
  void copy_edges(const Part& part) {
    const Index count = part.row_end - part.row_begin;
    const EqualTiles tiles = cut_into_tiles(count);
    const Index column_begin = part.panel_begin * plan_.panel_width, column_end = smaller(plan_.columns, part.panel_end * plan_.panel_width);
    const Index line_elements = plan_.out[2] * plan_.out_channels;
    for (Index line = part.line_begin; line < part.line_end; ++line) {
      T* output = y_ + ((part.image * plan_.out[0] + part.depth) * plan_.out[1] + line) * line_elements;
      const T* edges = part.edges + (line - part.line_begin) * count * plan_.columns;
      Index row = part.row_begin;
      for (Index t = 0; t < tiles.count; ++t) {
        const Index rows = tiles.rows(t);
        // Whole rows follow each other without gaps.
        const bool whole = column_begin == 0 && column_end == plan_.columns;
        const Index runs = !is_edge(row, rows) ? 0 : whole ? 1 : rows, run = whole ? rows * plan_.columns : column_end;
        for (Index r = row; r < row + runs; ++r) {
          const Index at = r * plan_.columns, high = smaller(run, line_elements - at);
          if (high > column_begin) {
            std::memcpy(output + at + column_begin, edges + (r - part.row_begin) * plan_.columns + column_begin,
                        static_cast<std::size_t>(high - column_begin) * sizeof(T));
          }
        }
        row += rows;
      }
    }
  }

  void activate(const Part& part) {
    const Index stride = plan_.fused || !plan_.transposed ? plan_.pixels : g_.strides[2];
    const Index shift = !plan_.fused && plan_.transposed ? g_.padding[2] : 0;
    const Index low = larger(0, part.row_begin * stride - shift), high = smaller(plan_.out[2], part.row_end * stride - shift);
    const bool whole = part.panel_begin == 0 && part.panel_end == plan_.panels;
    for (Index line = part.line_begin; line < part.line_end; ++line) {
      T* output = y_ + (((part.image * plan_.out[0] + part.depth) * plan_.out[1] + line) * plan_.out[2]) * plan_.out_channels;
      if (whole) {
        T* run = output + low * plan_.out_channels;
        if (high > low) epilogue_.activation(run, run, static_cast<std::size_t>((high - low) * plan_.out_channels));
        continue;
      }
      for (Index p = part.panel_begin; p < part.panel_end; ++p) {
        const Index column = p % plan_.panels_of_group * plan_.panel_width, start = p / plan_.panels_of_group * plan_.columns_channels + column;
        const Index columns = smaller(plan_.panel_width, plan_.columns - column), row = (plan_.fused ? plan_.pixels : 1) * plan_.out_channels;
        const Index rows_begin = plan_.fused ? part.row_begin : low, rows_end = plan_.fused ? part.row_end : high;
        for (Index r = rows_begin; r < rows_end; ++r) {
          const Index from = r * row + start, to = smaller(from + columns, plan_.out[2] * plan_.out_channels);
          if (to > from) epilogue_.activation(output + from, output + from, static_cast<std::size_t>(to - from));
        }
      }
    }
  }

  const ConvPlan plan_;
  const ConvGeometry& g_;
  const T* x_;
  const T* kernel_;
  const Epilogue<T>& epilogue_;
  T* y_;
  Index tile_rows_ = 0, first_row_ = 0, end_row_ = 0, row_blocks_ = 1, line_blocks_ = 1, row_parts_ = 1, panel_parts_ = 1;
  Index reach_low_ = 0, reach_high_ = 0;
  bool pack_in_part_ = false, reads_ahead_ = false;
  Panel* panels_ = nullptr;
  Index packed_elements_ = 0, fetches_of_row_ = 0;  // fetches: that the tiles of one row of tiles offer, over all panels
  const T* packed_ = nullptr;
  const T* bias_ = nullptr;
  GemmTileFunction<T> functions_[32] = {};
};

template <class T>
void run_conv(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y);

// A depthwise convolution with several filters a channel is one with as many channels as filters, each channel of the input being
// repeated; its gradient for the input adds them up again.
template <class T>
void run_multiplied(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y) {
  const Index copies = geometry.filters / geometry.channels, pixels = geometry.batch * geometry.in[0] * geometry.in[1] * geometry.in[2];
  ConvGeometry repeated = geometry;
  repeated.channels = repeated.groups = geometry.filters;
  T* wide = scratch<T>(Scratch::product, pixels * geometry.filters);
  if (!transposed) {
    repeat_channels(x, pixels, geometry.channels, copies, wide);
    run_conv(repeated, false, static_cast<const T*>(wide), kernel, epilogue, y);
    return;
  }
  run_conv(repeated, true, x, kernel, Epilogue<T>(), wide);
  parallel_ranges(pixels, 256, [&](Index begin, Index end) {
    for (Index i = begin * geometry.channels; i < end * geometry.channels; ++i) {
      T sum = epilogue.bias ? epilogue.bias[i % geometry.channels] : T(0);
      for (Index j = 0; j < copies; ++j) sum += wide[i * copies + j];
      y[i] = epilogue.relu && !(sum > 0) && sum == sum ? T(0) : sum;
    }
    T* part = y + begin * geometry.channels;
    if (epilogue.activation) epilogue.activation(part, part, static_cast<std::size_t>((end - begin) * geometry.channels));
  });
}

template <class T>
void run_conv(const ConvGeometry& geometry, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y) {
  const Index* out = transposed ? geometry.in : geometry.out;
  if (geometry.batch == 0 || out[0] == 0 || out[1] == 0 || out[2] == 0) return;
  if ((transposed ? geometry.channels : geometry.filters) == 0) return;
  if (geometry.is_multiplied_depthwise()) return run_multiplied(geometry, transposed, x, kernel, epilogue, y);
  if (geometry.is_depthwise()) return conv_depthwise(geometry, transposed, x, kernel, epilogue, y);
  if (narrow_form_pays<T>(geometry, transposed)) return conv_narrow(geometry, transposed, x, kernel, epilogue, y);
  ConvRun<T>(geometry.is_pointwise() ? in_one_line(geometry) : geometry, transposed, x, kernel, epilogue, y).run();
}

}  // namespace

template <class T>
void conv_forward(const ConvGeometry& geometry, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y) {
  run_conv(geometry, false, x, kernel, epilogue, y);
}

template <class T>
void conv_grad_input(const ConvGeometry& geometry, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y) {
  run_conv(geometry, true, x, kernel, epilogue, y);
}

#define INSTANTIATE(T)                                                                                             \
  template void conv_forward<T>(const ConvGeometry&, const T*, const T*, const Epilogue<T>&, T*);                  \
  template void conv_grad_input<T>(const ConvGeometry&, const T*, const T*, const Epilogue<T>&, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace keratin
