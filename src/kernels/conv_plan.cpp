#include "conv_plan.h"

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "scratch.h"

namespace keratin {
namespace {

// Of weights that all rows of a part meet before the next block. They stream from the second-level cache, which costs less than a second pass
// over the results.
constexpr Index rows_of_block = 448;

// The input pixels [low, high) that output pixel `pixel` of row 0 reads along the last axis: i = pixel * stride - padding + k, transposed
// i * stride + k = pixel + crop, for the kernel positions k.
struct PixelRange {
  Index low, high;
};
PixelRange pixels_read(const ConvPlan& plan, Index pixel) {
  const Index stride = plan.geometry.strides[2], size = plan.geometry.kernel[2], padding = plan.geometry.padding[2];
  if (!plan.transposed) return {pixel * stride - padding, pixel * stride - padding + size};
  return {ceil_divide(pixel + padding - size + 1, stride), floor_divide(pixel + padding, stride) + 1};
}

// The kernel position that joins output pixel `pixel` of a row to pixel `at` of its window, or -1.
Index kernel_position(const ConvPlan& plan, Index pixel, Index at) {
  const Index stride = plan.geometry.strides[2], padding = plan.geometry.padding[2], i = plan.window_start + at;
  const Index k = plan.transposed ? pixel + padding - i * stride : i - pixel * stride + padding;
  return k >= 0 && k < plan.geometry.kernel[2] ? k : -1;
}

void set_fused(ConvPlan& plan, Index outputs) {
  const Index stride = plan.geometry.strides[2];
  plan.fused = true;
  plan.phases = 1;
  plan.pixels = plan.transposed ? outputs * stride : outputs;
  plan.step = plan.transposed ? outputs : outputs * stride;
  plan.window_start = pixels_read(plan, 0).low;
  plan.window = pixels_read(plan, plan.pixels - 1).high - plan.window_start;
  plan.taps = plan.geometry.kernel[0] * plan.geometry.kernel[1];
}

void set_unfused(ConvPlan& plan) {
  plan.fused = false;
  plan.pixels = 1;
  plan.step = plan.transposed ? 1 : plan.geometry.strides[2];
  plan.window = 1;
  plan.window_start = 0;
  plan.phases = plan.transposed ? plan.geometry.strides[2] : 1;
  plan.taps = plan.geometry.kernel[0] * plan.geometry.kernel[1] * plan.geometry.kernel[2];
}

void set_panels(ConvPlan& plan, Index panel_width, Index tile_rows) {
  plan.panel_width = panel_width;
  plan.tile_rows = tile_rows;
  plan.columns = plan.pixels * plan.columns_channels;
  plan.panels_of_group = ceil_divide(plan.columns, plan.panel_width);
  plan.panels = plan.panels_of_group * plan.geometry.groups;
}

// Cycles for one output line, about: a step of a tile of r rows and v registers makes r * v products, two a cycle, loads r + v registers, two a
// cycle, and cannot be shorter than the four cycles that a sum takes to be ready again; to begin and to end a tile costs some more.
// Where registers run along the depth a step is a register of it, and every sum has to be added up.
double cost(const ConvPlan& plan, Index vector_width) {
  const PhaseRows lines = phase_rows(plan, 0);
  const Index rows = larger(lines.end - lines.first, 1), tiles = ceil_divide(rows, plan.tile_rows);
  const double tile = static_cast<double>(rows) / static_cast<double>(tiles);
  const double vectors = static_cast<double>(plan.dots ? plan.panel_width : plan.panel_width / vector_width);
  double step = tile * vectors / 2;
  if (step < (tile + vectors) / 2) step = (tile + vectors) / 2;
  if (step < 4) step = 4;
  step += 0.06 * tile / vectors;  // loads are not quite free
  // Of a transposed convolution's lines each meets only the positions of its phase.
  const double taps = static_cast<double>(plan.taps) / static_cast<double>(plan.transposed ? plan.geometry.strides[0] * plan.geometry.strides[1] : 1);
  double steps = 0;
  for (Index p = 0; p < plan.panels_of_group; ++p) {
    const PanelWindow window = panel_window(plan, p);
    const Index depth = (window.high - window.low) * plan.depth_channels;
    steps += static_cast<double>(plan.dots ? ceil_divide(depth, vector_width) : depth) * taps * step + 10 + tile * vectors * (plan.dots ? 3 : 1);
  }
  return steps * static_cast<double>(tiles);
}

}  // namespace

Index source_position(const ConvGeometry& g, bool transposed, int axis, Index o, Index k) {
  const Index at = transposed ? o + g.padding[axis] - k * g.dilation[axis] : o * g.strides[axis] - g.padding[axis] + k * g.dilation[axis];
  if (at < 0) return -1;
  if (!transposed) return at < g.in[axis] ? at : -1;
  return at % g.strides[axis] == 0 && at / g.strides[axis] < g.out[axis] ? at / g.strides[axis] : -1;
}

void input_range(const ConvGeometry& g, bool transposed, int axis, Index begin, Index end, Index& low, Index& high) {
  const Index reach = (g.kernel[axis] - 1) * g.dilation[axis], stride = g.strides[axis], padding = g.padding[axis];
  if (transposed) {
    low = ceil_divide(begin + padding - reach, stride);
    high = floor_divide(end - 1 + padding, stride) + 1;
  } else {
    low = begin * stride - padding;
    high = (end - 1) * stride - padding + reach + 1;
  }
  low = larger(low, 0);
  high = larger(low, smaller(high, transposed ? g.out[axis] : g.in[axis]));
}

PanelWindow panel_window(const ConvPlan& plan, Index panel_of_group) {
  if (!plan.fused) return {0, 1};
  const Index first = panel_of_group * plan.panel_width, end = smaller(plan.columns, first + plan.panel_width);
  PanelWindow window = {plan.window, 0};
  for (Index pixel = first / plan.columns_channels; pixel <= (end - 1) / plan.columns_channels; ++pixel) {
    const PixelRange range = pixels_read(plan, pixel);
    if (range.high <= range.low) continue;
    window.low = smaller(window.low, range.low - plan.window_start);
    window.high = larger(window.high, range.high - plan.window_start);
  }
  if (window.high <= window.low) window = {0, 0};
  return window;
}

PhaseRows phase_rows(const ConvPlan& plan, Index phase) {
  const Index length = plan.out[2];
  if (plan.fused) return {0, ceil_divide(length, plan.pixels)};
  if (!plan.transposed) return {0, length};
  // Row q writes output q * stride + phase - crop.
  const Index stride = plan.geometry.strides[2], crop = plan.geometry.padding[2];
  return {ceil_divide(crop - phase, stride), ceil_divide(length + crop - phase, stride)};
}

Index blocks_of_panel(const ConvPlan& plan, PanelWindow window) {
  const Index rows = (window.high - window.low) * plan.depth_channels;
  if (rows == 0) return 1;
  if (rows > rows_of_block) return plan.taps * ceil_divide(rows, rows_of_block);
  return ceil_divide(plan.taps, rows_of_block / rows);
}

PanelBlock panel_block(const ConvPlan& plan, PanelWindow window, Index block) {
  const Index rows = (window.high - window.low) * plan.depth_channels;
  if (rows == 0) return {0, plan.taps, 0, 0};
  if (rows > rows_of_block) {
    const Index slices = ceil_divide(rows, rows_of_block), tap = block / slices, slice = block % slices;
    return {tap, tap + 1, rows * slice / slices, rows * (slice + 1) / slices};
  }
  const Index blocks = ceil_divide(plan.taps, rows_of_block / rows);
  return {plan.taps * block / blocks, plan.taps * (block + 1) / blocks, 0, rows};
}

namespace {
template <class T>
ConvPlan best_plan(const ConvGeometry& geometry, bool transposed) {
  ConvPlan plan;
  plan.geometry = geometry;
  plan.transposed = transposed;
  for (int axis = 0; axis < 3; ++axis) {
    plan.in[axis] = transposed ? geometry.out[axis] : geometry.in[axis];
    plan.out[axis] = transposed ? geometry.in[axis] : geometry.out[axis];
  }
  plan.in_channels = transposed ? geometry.filters : geometry.channels;
  plan.out_channels = transposed ? geometry.channels : geometry.filters;
  plan.depth_channels = plan.in_channels / geometry.groups;
  plan.columns_channels = plan.out_channels / geometry.groups;

  const Kernels<T>& k = kernels<T>();
  const bool fused = geometry.groups == 1 && (geometry.dilation[2] == 1 || geometry.kernel[2] == 1);
  ConvPlan best = plan;
  double best_cost = -1;
  for (Index outputs = 1; outputs <= 8; ++outputs) {
    if (fused) {
      set_fused(plan, outputs);
    } else {
      set_unfused(plan);
    }
    if (outputs > 1 && (!fused || plan.pixels * plan.columns_channels > 4 * k.vector_width || plan.pixels > plan.out[2])) break;
    auto consider = [&](bool dots, int count, Index tile_rows) {
      plan.dots = dots;
      plan.vectors = count;
      set_panels(plan, dots ? count : count * k.vector_width, tile_rows);
      const double c = cost(plan, k.vector_width);
      if (best_cost >= 0 && c >= 0.999 * best_cost) return;
      best = plan;
      best.cost = best_cost = c;
    };
    for (int vectors = 1; k.gemm_tile_rows(vectors) > 0; ++vectors) consider(false, vectors, k.gemm_tile_rows(vectors));
    for (int columns = 1; columns <= 3; ++columns) {
      if (k.dot_tile_rows(columns) > 0) consider(true, columns, k.dot_tile_rows(columns));
    }
  }
  return best;
}

// A model asks for the same few plans step after step: each thread remembers its last ones, a convolution in the place that its sizes give.
template <class T>
struct PlanMemory {
  struct Entry {
    const void* kernels = nullptr;
    bool transposed = false;
    ConvGeometry geometry;
    ConvPlan plan;
  };
  static constexpr std::size_t places = 64;
  Entry entries[places];

  Entry& place_of(const ConvGeometry& geometry, bool transposed) {
    std::uint64_t words[sizeof(ConvGeometry) / sizeof(std::uint64_t)], hash = transposed;
    std::memcpy(words, &geometry, sizeof words);
    for (std::uint64_t word : words) hash = (hash ^ word) * 0x9e3779b97f4a7c15u, hash ^= hash >> 29;
    return entries[hash % places];
  }
};
}  // namespace

template <class T>
ConvPlan plan_conv(const ConvGeometry& geometry, bool transposed) {
  static_assert(std::has_unique_object_representations_v<ConvGeometry>, "geometries are compared as bytes");
  static thread_local PlanMemory<T> memory;
  auto& entry = memory.place_of(geometry, transposed);
  const void* now = &kernels<T>();
  if (entry.kernels != now || entry.transposed != transposed || std::memcmp(&entry.geometry, &geometry, sizeof geometry) != 0) {
    entry = {now, transposed, geometry, best_plan<T>(geometry, transposed)};
  }
  return entry.plan;
}

namespace {

// [tap][row][panel_width]
template <class T>
void pack_rows(const ConvPlan& plan, const T* kernel, Index panel, PanelWindow window, const PanelBlock& block, T* packed) {
  const ConvGeometry& g = plan.geometry;
  const Index width = plan.panel_width, group = panel / plan.panels_of_group, first = (panel % plan.panels_of_group) * width;
  const Index end = smaller(plan.columns, first + width);
  const Index channels = g.channels / g.groups, position = channels * g.filters;  // elements of one kernel position
  if (end - first < width) std::memset(packed, 0, static_cast<std::size_t>(block.elements(width)) * sizeof(T));
  for (Index tap = block.first_tap; tap < block.end_tap; ++tap) {
    for (Index row = block.first_row; row < block.end_row;) {
      // Rows of one pixel of the window: its channels [channel, channel + count).
      const Index at = window.low + row / plan.depth_channels, channel = row % plan.depth_channels;
      const Index count = smaller(plan.depth_channels - channel, block.end_row - row);
      for (Index column = first; column < end;) {
        const Index pixel = column / plan.columns_channels, filter = column % plan.columns_channels;
        Index run = smaller(plan.columns_channels - filter, end - column);
        const Index k = plan.fused ? kernel_position(plan, pixel, at) : 0;
        T* to = packed + (column - first);
        if (k < 0) {
          for (Index c = 0; c < count; ++c) std::memset(to + c * width, 0, static_cast<std::size_t>(run) * sizeof(T));
        } else {
          const T* from = kernel + (plan.fused ? tap * g.kernel[2] + k : tap) * position;
          if (plan.transposed && plan.columns_channels == 1) {
            // Neighbouring output pixels read one input pixel at neighbouring kernel positions.
            while (plan.fused && column + run < end && k + run < g.kernel[2]) ++run;
            kernels<T>().transpose(to, width, from + group * plan.depth_channels + channel, position, run, count);
          } else if (plan.transposed) {
            const T* weights = from + filter * g.filters + group * plan.depth_channels + channel;
            kernels<T>().transpose(to, width, weights, g.filters, run, count);
          } else {
            const T* weights = from + channel * g.filters + group * plan.columns_channels + filter;
            kernels<T>().copy_rows(to, width, weights, g.filters, count, run);
          }
        }
        column += run;
      }
      row += count;
      packed += count * width;
    }
  }
}

}  // namespace

template <class T>
void pack_block(const ConvPlan& plan, const T* kernel, Index panel, PanelWindow window, const PanelBlock& block, T* packed) {
  if (!plan.dots) return pack_rows(plan, kernel, panel, window, block, packed);
  const Index width = plan.panel_width, rows = block.rows();
  T* by_rows = scratch<T>(Scratch::packed_rows, block.elements(width));
  pack_rows(plan, kernel, panel, window, block, by_rows);
  for (Index tap = 0; tap < block.end_tap - block.first_tap; ++tap) {
    kernels<T>().transpose(packed + tap * rows * width, rows, by_rows + tap * rows * width, width, rows, width);
  }
}

#define INSTANTIATE(T)                                                                                                   \
  template ConvPlan plan_conv<T>(const ConvGeometry&, bool);                                                            \
  template void pack_block<T>(const ConvPlan&, const T*, Index, PanelWindow, const PanelBlock&, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace keratin
