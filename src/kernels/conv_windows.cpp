// Depthwise convolutions, and sums over windows in general: see conv_windows.h.
#include "conv_windows.h"

#include <cstring>

#include "../core/thread_pool.h"
#include "conv_plan.h"
#include "read_ahead.h"
#include "scratch.h"

namespace keratin {
namespace {

constexpr Index elements_of_part = 16 * 1024;  // outputs; what their lines read stays in the second-level cache from one line to the next

// The outputs of one phase of the stride (all outputs of a plain convolution): row q reads pixel q * step + offset for every tap.
template <class T>
class PhaseSums {
 public:
  PhaseSums(const WindowSums<T>& sums, Index o0, Index o1, Index phase) : s_(sums), g_(sums.geometry), phase_(phase) {
    in_length_ = (s_.transposed ? g_.out : g_.in)[2];
    step_ = s_.transposed ? 1 : g_.strides[2];
    positions_ = ceil_divide(g_.kernel[2], s_.unit);
    const Index most = g_.kernel[0] * g_.kernel[1] * positions_;
    taps_ = scratch<Tap>(Scratch::taps, 3 * most);
    inside_ = taps_ + most;
    offsets_ = reinterpret_cast<Index*>(inside_ + most);
    for (Index k2 = 0; k2 < positions_; ++k2) {
      if (!in_phase(k2)) continue;
      const bool first = high_ < low_;
      low_ = first ? offset(k2) : smaller(low_, offset(k2));
      high_ = first ? offset(k2) : larger(high_, offset(k2));
    }
    // In the order of what they read: a transposed convolution's kernel positions go backwards.
    auto position_at = [&](Index i, Index count) { return s_.transposed ? count - 1 - i : i; };
    for (Index i0 = 0; i0 < g_.kernel[0]; ++i0) {
      const Index k0 = position_at(i0, g_.kernel[0]), plane = source_position(g_, s_.transposed, 0, o0, k0);
      for (Index i1 = 0; plane >= 0 && i1 < g_.kernel[1]; ++i1) {
        const Index k1 = position_at(i1, g_.kernel[1]), line = source_position(g_, s_.transposed, 1, o1, k1);
        if (line < 0) continue;
        const Index from = (plane - s_.first_plane) * s_.plane + (line - s_.first_line) * s_.line;
        for (Index i2 = 0; i2 < positions_; ++i2) {
          const Index k2 = position_at(i2, positions_);
          if (!in_phase(k2)) continue;
          const Index position = (k0 * g_.kernel[1] + k1) * g_.kernel[2] + k2 * s_.unit;
          offsets_[count_] = offset(k2);
          taps_[count_++] = {from + (offset(k2) - s_.first_pixel) * s_.pixel + position * s_.position_step, position};
        }
      }
    }
    tile_.x_row = step_ * s_.pixel;
    tile_.weights = s_.weights;
    tile_.weight_row = s_.weight_step;
    tile_.channels = s_.channels;
    tile_.bias = s_.bias;
    tile_.relu = s_.relu;
  }

  // Rows [begin, end), the first of which goes to `y` and each next one `y_row` elements on.
  void run(Index begin, Index end, T* y, Index y_row) {
    tile_.y_row = y_row;
    if (high_ < low_) low_ = high_ = 0;  // no taps: nothing but the bias
    // Rows [inner, inner_end) have all their taps inside the line, the others pick theirs.
    const Index inner = smaller(end, larger(begin, ceil_divide(-low_, step_)));
    const Index inner_end = larger(inner, smaller(end, floor_divide(in_length_ - 1 - high_, step_) + 1));
    for (Index row = begin; row < inner; ++row) run_edge(row, y + (row - begin) * y_row);
    run_rows(inner, inner_end, taps_, count_, y + (inner - begin) * y_row);
    for (Index row = inner_end; row < end; ++row) run_edge(row, y + (row - begin) * y_row);
  }

 private:
  bool in_phase(Index k2) const { return !s_.transposed || s_.unit > 1 || (phase_ - k2 * g_.dilation[2]) % g_.strides[2] == 0; }
  Index offset(Index k2) const {
    if (s_.unit > 1) return -k2;
    return s_.transposed ? (phase_ - k2 * g_.dilation[2]) / g_.strides[2] : k2 * g_.dilation[2] - g_.padding[2];
  }

  void run_edge(Index row, T* y) {
    Index count = 0;
    for (Index t = 0; t < count_; ++t) {
      const Index pixel = row * step_ + offsets_[t];
      if (pixel >= 0 && pixel < in_length_) inside_[count++] = taps_[t];
    }
    run_rows(row, row + 1, inside_, count, y);
  }

  void run_rows(Index begin, Index end, const Tap* taps, Index count, T* y) {
    if (end <= begin) return;
    tile_.taps = taps;
    tile_.tap_count = count;
    tile_.x = s_.x + begin * tile_.x_row;
    tile_.y = y;
    tile_.rows = end - begin;
    kernels<T>().depthwise(tile_);
  }

  const WindowSums<T>& s_;
  const ConvGeometry& g_;
  Index phase_, in_length_, step_, positions_, count_ = 0, low_ = 0, high_ = -1;  // of the taps' offsets
  Tap *taps_, *inside_;
  Index* offsets_;  // of each tap
  DepthwiseTile<T> tile_;
};

}  // namespace

template <class T>
void sum_window_line(const WindowSums<T>& s, Index o0, Index o1, Index begin, Index end, T* y) {
  const ConvGeometry& g = s.geometry;
  if (!s.transposed) return PhaseSums<T>(s, o0, o1, 0).run(begin, end, y + begin * s.channels, s.channels);
  const Index stride = g.strides[2], crop = g.padding[2];
  if (s.unit == 1) {
    // Row q of a phase is output q * stride + phase - crop.
    for (Index phase = 0; phase < stride; ++phase) {
      const Index first = ceil_divide(begin + crop - phase, stride), stop = ceil_divide(end + crop - phase, stride);
      if (stop > first) PhaseSums<T>(s, o0, o1, phase).run(first, stop, y + (first * stride + phase - crop) * s.channels, stride * s.channels);
    }
    return;
  }
  // Row q is the outputs from q * stride - crop on; of the first and the last some may not be wanted.
  const Index pixel = s.channels / s.unit, first = floor_divide(begin + crop, stride), stop = ceil_divide(end + crop, stride);
  const Index whole = smaller(stop, ceil_divide(begin + crop, stride)), whole_end = larger(whole, floor_divide(end + crop, stride));
  PhaseSums<T> sums(s, o0, o1, 0);
  auto run_partly = [&](Index row) {
    T* unit = scratch<T>(Scratch::edges, s.channels);
    sums.run(row, row + 1, unit, s.channels);
    const Index at = row * stride - crop, low = larger(begin, at), high = smaller(end, at + stride);
    std::memcpy(y + low * pixel, unit + (low - at) * pixel, static_cast<std::size_t>((high - low) * pixel) * sizeof(T));
  };
  for (Index row = first; row < whole; ++row) run_partly(row);
  if (whole_end > whole) sums.run(whole, whole_end, y + (whole * stride - crop) * pixel, s.channels);
  for (Index row = whole_end; row < stop; ++row) run_partly(row);
}

template <class T>
void conv_depthwise(const ConvGeometry& g, bool transposed, const T* x, const T* kernel, const Epilogue<T>& epilogue, T* y) {
  const Index *in = transposed ? g.out : g.in, *out = transposed ? g.in : g.out, channels = g.channels;
  const Index line_elements = out[2] * channels, wanted = smaller(out[1], larger(1, elements_of_part / larger(1, line_elements)));
  const Index line_blocks = ceil_divide(out[1], wanted);
  parallel_parts(g.batch * out[0] * line_blocks, [&](Index part) {
    const Index block = part % line_blocks, o0 = part / line_blocks % out[0], image = part / line_blocks / out[0];
    const Index plane = in[1] * in[2] * channels;
    const WindowSums<T> sums = {g,       transposed, x + image * in[0] * plane, 0, 0, 0, plane, in[2] * channels, channels, 0, kernel, channels,
                                channels, 1,          epilogue.bias,             epilogue.relu};
    const Index begin = out[1] * block / line_blocks, end = out[1] * (block + 1) / line_blocks;
    T* lines = y + ((image * out[0] + o0) * out[1] + begin) * line_elements;
    Index fetched = 0;
    for (Index o1 = begin; o1 < end; ++o1) {
      // While a line is computed what the next one reads comes near.
      Index low, high;
      input_range(g, transposed, 1, o1 + 1, o1 + 2, low, high);
      low = larger(low, fetched);
      if (g.in[0] == 1 && o1 + 1 < end) ReadAhead(sums.x + low * sums.line, sums.x + high * sums.line, 1).fetch();
      fetched = high;
      sum_window_line(sums, o0, o1, 0, out[2], lines + (o1 - begin) * line_elements);
    }
    if (epilogue.activation) epilogue.activation(lines, lines, static_cast<std::size_t>((end - begin) * line_elements));
  });
}

#define INSTANTIATE(T)                                                                          \
  template void sum_window_line<T>(const WindowSums<T>&, Index, Index, Index, Index, T*);       \
  template void conv_depthwise<T>(const ConvGeometry&, bool, const T*, const T*, const Epilogue<T>&, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace keratin
