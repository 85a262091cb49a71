#pragma once
#include <algorithm>
#include <cstring>

#include "../core/tensor.h"
#include "../core/thread_pool.h"

namespace keratin {

constexpr std::int64_t pool_grain = 32768;  // elements in one parallel part

// Windows per axis; a single number stands for all axes.
struct Windows {
  std::vector<std::int64_t> size, stride;
  bool same = false;

  std::int64_t size_of(int axis) const { return size.size() == 1 ? size[0] : size[axis]; }
  std::int64_t stride_of(int axis) const { return stride.size() == 1 ? stride[0] : stride[axis]; }

  Shape output_shape(const Shape& x, const char* what) const {
    const int axes = x.rank() - 2;
    if (axes < 1 || axes > 3) fail_shape(what, " takes (batch, 1 to 3 axes, channels). Received an input of shape ", x, ".");
    for (std::size_t given : {size.size(), stride.size()}) {
      if (given != 1 && given != static_cast<std::size_t>(axes))
        fail_argument(what, ": the input has ", axes, " axes to pool over, `pool_size` or `strides` has ", given, " values.");
    }
    Shape y = x;
    for (int i = 0; i < axes; ++i) {
      const std::int64_t n = x[i + 1], k = size_of(i), s = stride_of(i);
      if (n == unknown_size) continue;
      if (!same && n < k)
        fail_shape(what, ": a window of ", k, " does not fit axis ", i + 2, " of the input, shape ", x, ". Use `padding = \"same\"` or a window of at most ", n, ".");
      y[i + 1] = same ? (n + s - 1) / s : (n - k) / s + 1;
    }
    return y;
  }
};

// The loops of pooling: three axes, the last ones in use.
struct PoolLoops {
  std::int64_t batch, channels;
  std::int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, size[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, before[3] = {0, 0, 0};

  PoolLoops(const Windows& w, const Shape& x, const Shape& y) : batch(x[0]), channels(x.back()) {
    const int axes = x.rank() - 2;
    for (int i = 0; i < axes; ++i) {
      const int to = 3 - axes + i;
      in[to] = x[i + 1];
      out[to] = y[i + 1];
      size[to] = w.size_of(i);
      stride[to] = w.stride_of(i);
      before[to] = w.same ? std::max<std::int64_t>(0, (out[to] - 1) * stride[to] + size[to] - in[to]) / 2 : 0;
    }
    // An axis that is not pooled, next to the channels, is more channels.
    for (int round = 0; round < 2 && size[2] == 1 && stride[2] == 1 && channels * in[2] < (1 << 30); ++round) {
      channels *= in[2];
      for (int i = 2; i > 0; --i) {
        in[i] = in[i - 1], out[i] = out[i - 1], size[i] = size[i - 1], stride[i] = stride[i - 1], before[i] = before[i - 1];
      }
      in[0] = out[0] = size[0] = stride[0] = 1, before[0] = 0;
    }
  }

  // All windows, in parallel: nothing of what `line` writes may be shared between windows.
  // line(first output position, offset in x of its first tap, taps from there, positions)
  template <class Line>
  void over_outputs(Line&& line) const {
    const std::int64_t outputs = batch * out[0] * out[1] * out[2], reads = std::max<std::int64_t>(1, channels * size[0] * size[1] * size[2]);
    parallel_ranges(outputs, std::max<std::int64_t>(1, pool_grain / reads), [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::ptrdiff_t> taps;
      while (begin < end) {
        const std::int64_t row = begin / out[2], from = begin % out[2], count = std::min(out[2] - from, end - begin);
        over_line(row / out[1] / out[0], row / out[1] % out[0], row % out[1], from, from + count, taps, line);
        begin += count;
      }
    });
  }

  // All windows, where `line` adds to the inputs' elements, which begin as zeros at `dx`: windows that overlap stay in one part.
  // line(..., first channel, channels)
  template <class T, class Line>
  void into_inputs(T* dx, Line&& line) const {
    int axis = 0;
    while (axis < 2 && in[axis] == 1) ++axis;
    if (size[axis] <= stride[axis]) {
      std::int64_t inner = channels;
      for (int i = axis + 1; i < 3; ++i) inner *= in[i];
      const std::int64_t block = std::max<std::int64_t>(1, pool_grain / std::max<std::int64_t>(1, inner * stride[axis]));
      const std::int64_t blocks = (out[axis] + block - 1) / block;
      parallel_parts(batch * blocks, [&](std::int64_t part) {
        std::vector<std::ptrdiff_t> taps;
        const std::int64_t n = part / blocks, begin = part % blocks * block, end = std::min(out[axis], begin + block);
        const std::int64_t from = begin == 0 ? 0 : std::min(in[axis], begin * stride[axis] - before[axis]);
        const std::int64_t to = end == out[axis] ? in[axis] : std::min(in[axis], end * stride[axis] - before[axis]);
        std::memset(dx + (n * in[axis] + from) * inner, 0, static_cast<std::size_t>((to - from) * inner) * sizeof(T));
        over_block(n, axis, begin, end, taps, [&](auto&&... where) { line(where..., std::int64_t{0}, channels); });
      });
    } else {
      const std::int64_t inner = channels * in[0] * in[1] * in[2], block = batch >= 8 ? channels : 64, blocks = (channels + block - 1) / block;
      parallel_parts(batch, [&](std::int64_t n) { std::memset(dx + n * inner, 0, static_cast<std::size_t>(inner) * sizeof(T)); });
      parallel_parts(batch * blocks, [&](std::int64_t part) {
        std::vector<std::ptrdiff_t> taps;
        const std::int64_t first = part % blocks * block;
        over_block(part / blocks, 0, 0, out[0], taps, [&](auto&&... where) { line(where..., first, std::min(block, channels - first)); });
      });
    }
  }

 private:
  std::int64_t first_tap(int axis, std::int64_t o) const { return std::max<std::int64_t>(0, before[axis] - o * stride[axis]); }
  std::int64_t end_tap(int axis, std::int64_t o) const { return std::min(size[axis], in[axis] + before[axis] - o * stride[axis]); }

  // Positions [begin, end) of the line (n, o0, o1). A run of windows that are whole along the line shares its taps.
  template <class Line>
  void over_line(std::int64_t n, std::int64_t o0, std::int64_t o1, std::int64_t begin, std::int64_t end, std::vector<std::ptrdiff_t>& taps,
                 Line&& line) const {
    const std::int64_t first0 = first_tap(0, o0), end0 = end_tap(0, o0), first1 = first_tap(1, o1), end1 = end_tap(1, o1);
    const std::int64_t i0 = o0 * stride[0] - before[0] + first0, i1 = o1 * stride[1] - before[1] + first1;
    const std::int64_t output = ((n * out[0] + o0) * out[1] + o1) * out[2], input = ((n * in[0] + i0) * in[1] + i1) * in[2];
    for (std::int64_t o = begin; o < end;) {
      const std::int64_t first2 = first_tap(2, o), end2 = end_tap(2, o);
      std::int64_t next = o + 1;
      if (first2 == 0 && end2 == size[2]) next = std::max(next, std::min(end, (in[2] + before[2] - size[2]) / stride[2] + 1));
      taps.clear();
      for (std::int64_t a = 0; a < end0 - first0; ++a) {
        for (std::int64_t b = 0; b < end1 - first1; ++b) {
          for (std::int64_t c = 0; c < end2 - first2; ++c) taps.push_back(((a * in[1] + b) * in[2] + c) * channels);
        }
      }
      line(output + o, (input + o * stride[2] - before[2] + first2) * channels, taps, next - o);
      o = next;
    }
  }

  template <class Line>
  void over_block(std::int64_t n, int axis, std::int64_t begin, std::int64_t end, std::vector<std::ptrdiff_t>& taps, Line&& line) const {
    std::int64_t from[3] = {0, 0, 0}, to[3] = {out[0], out[1], out[2]};
    from[axis] = begin;
    to[axis] = end;
    for (std::int64_t o0 = from[0]; o0 < to[0]; ++o0) {
      for (std::int64_t o1 = from[1]; o1 < to[1]; ++o1) over_line(n, o0, o1, from[2], to[2], taps, line);
    }
  }
};

}  // namespace keratin
