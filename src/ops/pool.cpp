// Pooling over windows of 1 to 3 axes, channels last, and its gradients. Rank 1 and 2 are rank 3 with unit axes (pool_loops.h).
// As in TensorFlow, "same" spreads the padding evenly (the odd one after), and padding counts neither in a maximum nor in an average.
// Other than there, where a maximum hides NaN and its gradient may go to what is not the maximum, NaN is the largest of all.
#include "pool_loops.h"

#include <cstring>

#include "../graph/op.h"
#include "../kernels/dispatch.h"
#include "../kernels/scratch.h"
#include "large_result.h"

namespace keratin {
namespace {

Windows windows_from(const Attributes& a) {
  Windows w;
  w.size = a.integers("pool_size");
  w.stride = a.has("strides") ? a.integers("strides") : w.size;
  if (w.size.empty()) fail_argument("`pool_size` is missing.");
  for (std::int64_t k : w.size) {
    if (k < 1) fail_argument("`pool_size` must be positive. Received: ", k, ".");
  }
  for (std::int64_t s : w.stride) {
    if (s < 1) fail_argument("`strides` must be positive. Received: ", s, ".");
  }
  const std::string padding = a.string("padding", "valid");
  if (padding != "valid" && padding != "same") fail_argument("`padding` must be \"valid\" or \"same\". Received: \"", padding, "\".");
  w.same = padding == "same";
  return w;
}

// Integers have no kernels of their own.
template <class T>
void max_of_windows_plain(T* y, const T* x, const WindowLine& line) {
  for (std::int64_t p = 0; p < line.pixels; ++p, x += line.step) {
    for (std::int64_t c = 0; c < line.channels; ++c, ++y) {
      *y = x[line.taps[0] + c];
      for (int t = 1; t < line.tap_ends[0]; ++t) *y = std::max(*y, x[line.taps[t] + c]);
    }
  }
}

// write(room) makes the pixels of a line; `first` is the first of them in the result.
template <class T, class Write>
void write_line(const LargeResult<T>& result, std::int64_t first, const WindowLine& line, Write&& write) {
  const std::int64_t at = first * line.channels, n = line.pixels * line.channels;
  T* to = result.room(at, n);
  write(to);
  result.send(to, at, n);
}

// ---- maximum
class MaxPool : public Op {
 public:
  explicit MaxPool(const Windows& windows) : windows_(windows) {}
  const char* name() const override { return "max_pool"; }
  Types infer(const Types& inputs) const override {
    visit_numeric(inputs[0].dtype, "max pooling", [](auto) {});
    return {{inputs[0].dtype, windows_.output_shape(inputs[0].shape, "max pooling")}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const PoolLoops loops(windows_, inputs[0].shape(), outputs[0].shape());
    visit_numeric(inputs[0].dtype(), "max pooling", [&](auto zero) {
      using T = decltype(zero);
      const T* x = inputs[0].data<T>();
      T* y = outputs[0].data<T>();
      const LargeResult<T> result(outputs[0], inputs);
      loops.over_outputs<T>([&](std::int64_t output, std::int64_t input, const WindowLine& line, const T*) {
        if constexpr (std::is_floating_point<T>::value) {
          write_line(result, output, line, [&](T* to) { kernels<T>().max_of_windows(to, x + input, line); });
        } else {
          max_of_windows_plain(y + output * loops.channels, x + input, line);
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override;

 private:
  Windows windows_;
};

// (x, upstream): upstream at the places of the largest elements of x, zero elsewhere.
class MaxPoolGradient : public Op {
 public:
  explicit MaxPoolGradient(const Windows& windows) : windows_(windows) {}
  const char* name() const override { return "max_pool_gradient"; }
  Types infer(const Types& inputs) const override { return {inputs[0]}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const PoolLoops loops(windows_, inputs[0].shape(), inputs[1].shape());
    visit_floating(inputs[0].dtype(), "the gradient of max pooling", [&](auto zero) {
      using T = decltype(zero);
      const T *x = inputs[0].data<T>(), *upstream = inputs[1].data<T>();
      const LargeResult<T> result(outputs[0], inputs);
      // Where the largest elements are is kept for as many lines (planes, of three axes) of windows as hold an element of x.
      const std::int64_t kept = loops.overlap(0);
      loops.over_inputs(16 * (kept - 1), [&](std::int64_t n, std::int64_t begin0, std::int64_t end0, std::int64_t begin2, std::int64_t end2) {
        const Gathering along(loops, begin2, end2);
        const std::int64_t width = along.count * loops.channels, plane = loops.out[1] * width;
        T *at = scratch<T>(Scratch::windows, 2 * kept * plane), *gradient = at + kept * plane;
        Taps<T> taps;
        std::int64_t next = 0;
        for (std::int64_t i0 = begin0; i0 < end0; ++i0) {
          const std::int64_t first0 = loops.first_window(0, i0), stop0 = loops.end_window(0, i0);
          for (next = std::max(next, first0); next < stop0; ++next) {
            for (std::int64_t o1 = 0; o1 < loops.out[1]; ++o1) {
              const std::int64_t place = next % kept * plane + o1 * width, output = ((n * loops.out[0] + next) * loops.out[1] + o1) * loops.out[2];
              loops.over_line(n, next, o1, along.first_existing(), along.end_existing(), taps,
                              [&](std::int64_t o, std::int64_t input, const WindowLine& line, const T* numbers) {
                                kernels<T>().largest_of_windows(at + place + (o - output - along.first) * loops.channels, x + input, line, numbers);
                              });
              std::copy(upstream + (output + along.first_existing()) * loops.channels, upstream + (output + along.end_existing()) * loops.channels,
                        gradient + place + (along.first_existing() - along.first) * loops.channels);
              along.pad(at + place, T(-1));
            }
          }
          for (std::int64_t i1 = 0; i1 < loops.in[1]; ++i1) {
            const WindowLine line = along.line(taps, [&](auto&& add) {
              for (std::int64_t o0 = first0; o0 < stop0; ++o0) {
                for (std::int64_t o1 = loops.first_window(1, i1); o1 < loops.end_window(1, i1); ++o1)
                  add(o0 % kept * plane + o1 * width, (loops.tap(0, i0, o0) * loops.size[1] + loops.tap(1, i1, o1)) * loops.size[2]);
              }
            });
            const std::int64_t place = (((n * loops.in[0] + i0) * loops.in[1] + i1) * loops.in[2] + begin2) * loops.channels;
            T* to = result.room(place, (end2 - begin2) * loops.channels);
            kernels<T>().gradient_of_largest(to, at, gradient, line, taps.numbers.data());
            result.send(to, place, (end2 - begin2) * loops.channels);
          }
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override;

 private:
  Windows windows_;
};

// (x, v): what v, an array like x, holds where x is largest in each window. Linear in v; gradients of gradients need it.
class MaxPoolPick : public Op {
 public:
  explicit MaxPoolPick(const Windows& windows) : windows_(windows) {}
  const char* name() const override { return "max_pool_pick"; }
  Types infer(const Types& inputs) const override { return {{inputs[1].dtype, windows_.output_shape(inputs[0].shape, "max pooling")}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const PoolLoops loops(windows_, inputs[0].shape(), outputs[0].shape());
    visit_floating(inputs[0].dtype(), "the gradient of max pooling", [&](auto zero) {
      using T = decltype(zero);
      const T *x = inputs[0].data<T>(), *v = inputs[1].data<T>();
      T* y = outputs[0].data<T>();
      loops.over_outputs<T>([&](std::int64_t output, std::int64_t input, const WindowLine& line, const T* numbers) {
        kernels<T>().max_from_windows(y + output * loops.channels, x + input, v + input, line, numbers);
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    return {nullptr, apply1(std::make_shared<MaxPoolGradient>(windows_), {g.input(0), g.upstream()})};
  }

 private:
  Windows windows_;
};

Values MaxPool::gradient(const GradientContext& g) const {
  return {apply1(std::make_shared<MaxPoolGradient>(windows_), {g.input(0), g.upstream()})};
}
Values MaxPoolGradient::gradient(const GradientContext& g) const {
  return {nullptr, apply1(std::make_shared<MaxPoolPick>(windows_), {g.input(0), g.upstream()})};
}

// ---- sum and average
class WindowSum : public Op {
 public:
  WindowSum(const Windows& windows, bool average) : windows_(windows), average_(average) {}
  const char* name() const override { return average_ ? "average_pool" : "sum_pool"; }
  Types infer(const Types& inputs) const override {
    visit_floating(inputs[0].dtype, "average pooling", [](auto) {});
    return {{inputs[0].dtype, windows_.output_shape(inputs[0].shape, "average pooling")}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const PoolLoops loops(windows_, inputs[0].shape(), outputs[0].shape());
    visit_floating(inputs[0].dtype(), "average pooling", [&](auto zero) {
      using T = decltype(zero);
      const T* x = inputs[0].data<T>();
      const LargeResult<T> result(outputs[0], inputs);
      loops.over_outputs<T>([&](std::int64_t output, std::int64_t input, const WindowLine& line, const T*) {
        const T scale = average_ ? T(1) / static_cast<T>(line.tap_ends[0]) : T(1);
        write_line(result, output, line, [&](T* to) { kernels<T>().sum_of_windows(to, x + input, line, scale); });
      });
    });
  }
  Values gradient(const GradientContext& g) const override;

 private:
  Windows windows_;
  bool average_;
};

// Upstream (divided by the number of elements of its window) added over each window of an input of this shape.
class WindowSumGradient : public Op {
 public:
  WindowSumGradient(const Windows& windows, bool average, const Shape& input) : windows_(windows), average_(average), input_(input) {}
  const char* name() const override { return average_ ? "average_pool_gradient" : "sum_pool_gradient"; }
  Types infer(const Types& inputs) const override { return {{inputs[0].dtype, input_}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const PoolLoops loops(windows_, outputs[0].shape(), inputs[0].shape());
    visit_floating(inputs[0].dtype(), "the gradient of average pooling", [&](auto zero) {
      using T = decltype(zero);
      const T* upstream = inputs[0].data<T>();
      const LargeResult<T> result(outputs[0], inputs);
      // Lines of windows are added first, then windows along the line.
      loops.over_inputs(1, [&](std::int64_t n, std::int64_t begin0, std::int64_t end0, std::int64_t begin2, std::int64_t end2) {
        const Gathering along(loops, begin2, end2);
        T* sums = scratch<T>(Scratch::windows, along.count * loops.channels);
        Taps<T> taps;
        const WindowLine line = along.line(taps, [](auto&& add) { add(0, 0); });
        std::vector<std::ptrdiff_t> rows;
        std::vector<std::int64_t> elements;
        std::vector<T> weights;
        for (std::int64_t i0 = begin0; i0 < end0; ++i0) {
          for (std::int64_t i1 = 0; i1 < loops.in[1]; ++i1) {
            const std::int64_t at = (((n * loops.in[0] + i0) * loops.in[1] + i1) * loops.in[2] + begin2) * loops.channels;
            T* to = result.room(at, (end2 - begin2) * loops.channels);
            rows.clear();
            elements.clear();
            for (std::int64_t o0 = loops.first_window(0, i0); o0 < loops.end_window(0, i0); ++o0) {
              for (std::int64_t o1 = loops.first_window(1, i1); o1 < loops.end_window(1, i1); ++o1) {
                rows.push_back(((n * loops.out[0] + o0) * loops.out[1] + o1) * loops.out[2] * loops.channels);
                elements.push_back(loops.taps_of(0, o0) * loops.taps_of(1, o1));
              }
            }
            if (rows.empty()) {
              std::fill(to, to + (end2 - begin2) * loops.channels, T(0));
              result.send(to, at, (end2 - begin2) * loops.channels);
              continue;
            }
            along.pad(sums, T(0));
            for (std::int64_t o = along.first_existing(); o < along.end_existing();) {
              const std::int64_t next = loops.end_of_alike(o, along.end_existing());
              weights.clear();
              for (std::int64_t k : elements) weights.push_back(average_ ? T(1) / static_cast<T>(k * loops.taps_of(2, o)) : T(1));
              kernels<T>().weighted_sum_of_rows(sums + (o - along.first) * loops.channels, upstream + o * loops.channels, rows.data(), weights.data(),
                                                static_cast<int>(rows.size()), static_cast<std::size_t>((next - o) * loops.channels));
              o = next;
            }
            kernels<T>().sum_of_windows(to, sums, line, T(1));
            result.send(to, at, (end2 - begin2) * loops.channels);
          }
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override { return {apply1(std::make_shared<WindowSum>(windows_, average_), {g.upstream()})}; }

 private:
  Windows windows_;
  bool average_;
  Shape input_;
};

Values WindowSum::gradient(const GradientContext& g) const {
  return {apply1(std::make_shared<WindowSumGradient>(windows_, average_, g.input(0)->type.shape), {g.upstream()})};
}

// ---- repetition: every element `size` times along its axis. Its gradient sums windows side by side.
class Upsample : public Op {
 public:
  explicit Upsample(const Attributes& a) : size_(a.integers("size")) {
    for (std::int64_t k : size_) {
      if (k < 1) fail_argument("`size` must be positive. Received: ", k, ".");
    }
  }
  const char* name() const override { return "upsample"; }
  Types infer(const Types& inputs) const override {
    Shape y = inputs[0].shape;
    const int axes = y.rank() - 2;
    if (axes < 1 || axes > 3) fail_shape("upsampling takes (batch, 1 to 3 axes, channels). Received an input of shape ", y, ".");
    if (size_.size() != static_cast<std::size_t>(axes))
      fail_argument("the input has ", axes, " axes to repeat along, `size` has ", size_.size(), " values.");
    for (int i = 0; i < axes; ++i) {
      if (y[i + 1] != unknown_size) y[i + 1] *= size_[i];
    }
    return {{inputs[0].dtype, y}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape x = inputs[0].shape();
    const int axes = x.rank() - 2;
    std::int64_t in[3] = {1, 1, 1}, times[3] = {1, 1, 1};
    for (int i = 0; i < axes; ++i) in[3 - axes + i] = x[i + 1], times[3 - axes + i] = size_[i];
    visit_any(inputs[0].dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T* from = inputs[0].data<T>();
      const LargeResult<T> result(outputs[0], inputs);
      const std::int64_t channels = x.back(), line = in[2] * channels, long_line = line * times[2], lines = x[0] * in[0] * in[1];
      const std::int64_t written = std::max<std::int64_t>(1, long_line * times[0] * times[1]);
      parallel_ranges(lines, std::max<std::int64_t>(1, pool_grain / written), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
          const std::int64_t plane = row / in[1], i1 = row % in[1], first = (plane * times[0] * in[1] * times[1] + i1 * times[1]) * long_line;
          const T* source = from + row * line;
          T *repeated = result.room(first, long_line), *target = repeated;
          for (std::int64_t i = 0; i < in[2]; ++i, source += channels) {
            for (std::int64_t k = 0; k < times[2]; ++k, target += channels) std::copy(source, source + channels, target);
          }
          for (std::int64_t a = 0; a < times[0]; ++a) {
            for (std::int64_t b = 0; b < times[1]; ++b) result.send(repeated, first + (a * in[1] * times[1] + b) * long_line, long_line);
          }
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    Windows side_by_side;
    side_by_side.size = side_by_side.stride = size_;
    return {apply1(std::make_shared<WindowSum>(side_by_side, false), {g.upstream()})};
  }

 private:
  std::vector<std::int64_t> size_;
};

REGISTER_OP("max_pool", [](const Attributes& a) { return std::make_shared<MaxPool>(windows_from(a)); });
REGISTER_OP("average_pool", [](const Attributes& a) { return std::make_shared<WindowSum>(windows_from(a), true); });
REGISTER_OP("sum_pool", [](const Attributes& a) { return std::make_shared<WindowSum>(windows_from(a), false); });
REGISTER_OP("upsample", [](const Attributes& a) { return std::make_shared<Upsample>(a); });

}  // namespace
}  // namespace keratin
