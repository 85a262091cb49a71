#pragma once
#include <algorithm>
#include <vector>

#include "../core/tensor.h"
#include "../core/thread_pool.h"
#include "../kernels/window_line.h"

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
        fail_shape(what, ": a window of ", k, " does not fit axis ", i + 2, " of the input, shape ", x,
                   ". Use `padding = \"same\"` or a window of at most ", n, ".");
      y[i + 1] = same ? (n + s - 1) / s : (n - k) / s + 1;
    }
    return y;
  }
};

// The taps of a line of pixels, and what a tap is called: a T, for kernels compare with it.
template <class T>
struct Taps {
  std::vector<std::ptrdiff_t> offsets;
  std::vector<T> numbers;
  std::vector<int> ends;

  void clear() {
    offsets.clear();
    numbers.clear();
    ends.clear();
  }
  void add(std::ptrdiff_t offset, std::int64_t number) {
    offsets.push_back(offset);
    numbers.push_back(static_cast<T>(number));
  }
  void end_phase() { ends.push_back(static_cast<int>(offsets.size())); }
  WindowLine line(std::int64_t step, std::int64_t pixels, std::int64_t channels) const {
    return {offsets.data(), ends.data(), static_cast<int>(ends.size()), step, pixels, channels};
  }
};

// The loops of pooling: three axes. The last one is the line that kernels walk; of two axes the other one is the first.
struct PoolLoops {
  std::int64_t batch, channels;
  std::int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, size[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, before[3] = {0, 0, 0};

  PoolLoops(const Windows& w, const Shape& x, const Shape& y) : batch(x[0]), channels(x.back()) {
    const int axes = x.rank() - 2;
    for (int i = 0; i < axes; ++i) {
      const int to = i == axes - 1 ? 2 : i;
      in[to] = x[i + 1];
      out[to] = y[i + 1];
      size[to] = w.size_of(i);
      stride[to] = w.stride_of(i);
      before[to] = w.same ? std::max<std::int64_t>(0, (out[to] - 1) * stride[to] + size[to] - in[to]) / 2 : 0;
    }
  }

  // All windows, in parallel, by lines whose windows have the same taps:
  // run(first output position, offset in x of the place its taps count from, line, numbers of its taps)
  template <class T, class Run>
  void over_outputs(Run&& run) const {
    const std::int64_t outputs = batch * out[0] * out[1] * out[2], reads = std::max<std::int64_t>(1, channels * size[0] * size[1] * size[2]);
    parallel_ranges(outputs, std::max<std::int64_t>(1, pool_grain / reads), [&](std::int64_t begin, std::int64_t end) {
      Taps<T> taps;
      while (begin < end) {
        const std::int64_t row = begin / out[2], from = begin % out[2], count = std::min(out[2] - from, end - begin);
        over_line(row / out[1] / out[0], row / out[1] % out[0], row % out[1], from, from + count, taps, run);
        begin += count;
      }
    });
  }

  // The input in pieces, in parallel, of at least so many elements of the first axis: piece(n, begin, end on the first axis, begin, end on the last)
  template <class Piece>
  void over_inputs(std::int64_t least, Piece&& piece) const {
    const std::int64_t columns = std::max({std::int64_t{1}, 4 * overlap(2), pool_grain / 4 / std::max<std::int64_t>(1, channels)});
    const std::int64_t blocks = (in[2] + columns - 1) / columns, written = std::max<std::int64_t>(1, in[1] * std::min(columns, in[2]) * channels);
    const std::int64_t rows = std::max({std::int64_t{1}, least, pool_grain / written}), row_blocks = (in[0] + rows - 1) / rows;
    const std::int64_t samples = std::max<std::int64_t>(1, pool_grain / (written * std::min(rows, in[0])));
    parallel_ranges(batch * row_blocks * blocks, samples, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t column = i % blocks * columns, row = i / blocks % row_blocks * rows;
        piece(i / blocks / row_blocks, row, std::min(in[0], row + rows), column, std::min(in[2], column + columns));
      }
    });
  }

  // Positions [begin, end) of the line (n, o0, o1) of outputs. Windows that are whole along the line share their taps.
  template <class T, class Run>
  void over_line(std::int64_t n, std::int64_t o0, std::int64_t o1, std::int64_t begin, std::int64_t end, Taps<T>& taps, Run&& run) const {
    const std::int64_t from0 = first_tap(0, o0), to0 = end_tap(0, o0), from1 = first_tap(1, o1), to1 = end_tap(1, o1);
    const std::int64_t output = ((n * out[0] + o0) * out[1] + o1) * out[2];
    const std::int64_t i0 = o0 * stride[0] - before[0] + from0, i1 = o1 * stride[1] - before[1] + from1;
    for (std::int64_t o = begin; o < end;) {
      const std::int64_t next = end_of_alike(o, end), from2 = first_tap(2, o), to2 = end_tap(2, o);
      taps.clear();
      for (std::int64_t a = from0; a < to0; ++a) {
        for (std::int64_t b = from1; b < to1; ++b) {
          for (std::int64_t c = from2; c < to2; ++c) {
            taps.add((((a - from0) * in[1] + b - from1) * in[2] + c - from2) * channels, (a * size[1] + b) * size[2] + c);
          }
        }
      }
      taps.end_phase();
      const std::int64_t input = ((n * in[0] + i0) * in[1] + i1) * in[2] + o * stride[2] - before[2] + from2;
      run(output + o, input * channels, taps.line(stride[2] * channels, next - o, channels), taps.numbers.data());
      o = next;
    }
  }

  std::int64_t taps_of(int axis, std::int64_t o) const { return end_tap(axis, o) - first_tap(axis, o); }
  // The windows that hold element i of an axis.
  std::int64_t first_window(int axis, std::int64_t i) const {
    const std::int64_t behind = i + before[axis] - size[axis];
    return behind < 0 ? 0 : behind / stride[axis] + 1;
  }
  std::int64_t end_window(int axis, std::int64_t i) const { return std::min(out[axis], (i + before[axis]) / stride[axis] + 1); }
  // Which of the elements of window o element i is.
  std::int64_t tap(int axis, std::int64_t i, std::int64_t o) const { return i + before[axis] - o * stride[axis]; }
  // How many windows hold an element, at most.
  std::int64_t overlap(int axis) const { return (size[axis] + stride[axis] - 1) / stride[axis]; }
  // Windows of the line from o on that have as many taps.
  std::int64_t end_of_alike(std::int64_t o, std::int64_t end) const {
    if (taps_of(2, o) < size[2]) return o + 1;
    return std::max(o + 1, std::min(end, (in[2] + before[2] - size[2]) / stride[2] + 1));
  }

 private:
  std::int64_t first_tap(int axis, std::int64_t o) const { return std::max<std::int64_t>(0, before[axis] - o * stride[axis]); }
  std::int64_t end_tap(int axis, std::int64_t o) const { return std::min(size[axis], in[axis] + before[axis] - o * stride[axis]); }
};

// Gradients gather: elements [begin, end) of a line of the input take from windows [first, first + count) of a line of outputs. Windows that do not
// exist are among them, so that all elements have the same taps.
struct Gathering {
  const PoolLoops& loops;
  std::int64_t begin, end, first, count;

  Gathering(const PoolLoops& l, std::int64_t begin, std::int64_t end)
      : loops(l), begin(begin), end(end), first((begin + l.before[2]) / l.stride[2] - l.overlap(2) + 1),
        count((end - 1 + l.before[2]) / l.stride[2] + 1 - first) {}

  std::int64_t first_existing() const { return std::max<std::int64_t>(0, first); }
  std::int64_t end_existing() const { return std::max(first_existing(), std::min(loops.out[2], first + count)); }
  // Pads what a line of windows holds, of which those that exist are there already.
  template <class T>
  void pad(T* line, T value) const {
    const std::int64_t c = loops.channels;
    std::fill(line, line + std::min(count, first_existing() - first) * c, value);
    std::fill(line + std::min(count, end_existing() - first) * c, line + count * c, value);
  }

  // The taps of a line of elements: rows(add) calls add(offset, number) for each line of windows, with the number of its first tap.
  template <class T, class Rows>
  WindowLine line(Taps<T>& taps, Rows&& rows) const {
    const std::int64_t stride = loops.stride[2], from = (begin + loops.before[2]) % stride;
    taps.clear();
    for (std::int64_t phase = from; phase < from + stride; ++phase) {
      rows([&](std::ptrdiff_t offset, std::int64_t number) {
        for (std::int64_t t = phase % stride; t < loops.size[2]; t += stride)
          taps.add(offset + (phase / stride + loops.overlap(2) - 1 - t / stride) * loops.channels, number + t);
      });
      taps.end_phase();
    }
    return taps.line(loops.channels, end - begin, loops.channels);
  }
};

}  // namespace keratin
