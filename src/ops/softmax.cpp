#include <algorithm>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "../kernels/read_ahead.h"
#include "functions.h"
#include "large_result.h"

namespace keratin {
namespace {

template <class T>
using RowKernel = void (*)(T* y, const T* a, const T* b, std::size_t n);
template <class T>
using ColumnsKernel = void (*)(T* y, Index y_row, const T* a, const T* b, Index row, Index n, Index lines);
struct LineKernels {
  RowKernel<float> Kernels<float>::*row_f32;
  ColumnsKernel<float> Kernels<float>::*columns_f32;
  RowKernel<double> Kernels<double>::*row_f64;
  ColumnsKernel<double> Kernels<double>::*columns_f64;
  RowKernel<float> row(float) const { return kernels<float>().*row_f32; }
  RowKernel<double> row(double) const { return kernels<double>().*row_f64; }
  ColumnsKernel<float> columns(float) const { return kernels<float>().*columns_f32; }
  ColumnsKernel<double> columns(double) const { return kernels<double>().*columns_f64; }
};
#define LINE_KERNELS(name) \
  LineKernels { &Kernels<float>::name##_row, &Kernels<float>::name##_columns, &Kernels<double>::name##_row, &Kernels<double>::name##_columns }

constexpr std::int64_t line_grain = 32768;  // elements in one parallel part
constexpr std::int64_t short_line = 32;     // below: rows are turned into columns, many at a time
constexpr std::int64_t turned_rows = 64;

// The array as (outer, n, inner) around one axis; a line is n elements that are `inner` apart. b: a second input, or null.
template <class T>
void along_lines(const LineKernels& kernel, const LargeResult<T>& result, const T* a, const T* b, std::int64_t outer, std::int64_t n,
                 std::int64_t inner) {
  const auto row = kernel.row(T());
  const auto columns = kernel.columns(T());
  if (outer * n * inner == 0) return;
  if (inner > 1) {
    const std::int64_t width = std::min<std::int64_t>(inner, std::max<std::int64_t>(64, line_grain / n / 64 * 64)),
                       blocks = (inner + width - 1) / width;
    parallel_ranges(outer * blocks, std::max<std::int64_t>(1, line_grain / (n * width)), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t j = begin; j < end; ++j) {
        const std::int64_t from = j % blocks * width, at = j / blocks * n * inner + from, lines = std::min(width, inner - from);
        const auto to = result.room(at, n, lines, inner);
        columns(to.begin, to.row, a + at, b ? b + at : a + at, inner, n, lines);
        result.send(to, at, n, lines, inner);
      }
    });
    return;
  }
  parallel_ranges(outer, std::max<std::int64_t>(turned_rows, line_grain / n / turned_rows * turned_rows), [&](std::int64_t begin, std::int64_t end) {
    if (n >= short_line) {
      for (std::int64_t at = begin * n; at < end * n; at += n) {
        T* to = result.room(at, n);
        row(to, a + at, b ? b + at : nullptr, static_cast<std::size_t>(n));
        result.send(to, at, n);
      }
      return;
    }
    T turned_a[short_line * turned_rows], turned_b[short_line * turned_rows];
    for (std::int64_t r = begin; r < end; r += turned_rows) {
      const std::int64_t rows = std::min(turned_rows, end - r);
      for (const T* x : {a, b})
        if (x) ReadAhead(x + (r + rows) * n, x + std::min(end, r + 2 * turned_rows) * n, 1).fetch();
      kernels<T>().transpose(turned_a, turned_rows, a + r * n, n, rows, n);
      if (b) kernels<T>().transpose(turned_b, turned_rows, b + r * n, n, rows, n);
      columns(turned_a, turned_rows, turned_a, turned_b, turned_rows, n, rows);
      T* to = result.room(r * n, rows * n);
      kernels<T>().transpose(to, n, turned_a, turned_rows, n, rows);
      result.send(to, r * n, rows * n);
    }
  });
}

class AlongAxis : public Op {
 public:
  AlongAxis(const char* name, std::size_t inputs, const LineKernels& kernel, const Attributes& a)
      : name_(name), inputs_(inputs), kernel_(kernel), axis_(a.integer("axis", -1)) {}
  const char* name() const override { return name_; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != inputs_) fail_argument(name_, ": takes ", inputs_, " inputs. Received: ", inputs.size());
    if (!is_floating(inputs[0].dtype)) fail_argument(name_, ": takes float32 or float64. Received: ", name_of(inputs[0].dtype), "; use k_cast().");
    if (inputs[0].shape.rank() == 0) fail_shape(name_, ": takes an array with at least one axis. Received a scalar.");
    normalize_axis(axis_, inputs[0].shape.rank(), name_);
    for (std::size_t i = 1; i < inputs_; ++i) {
      bool fits = inputs[i].dtype == inputs[0].dtype && inputs[i].shape.rank() == inputs[0].shape.rank();
      for (int k = 0; fits && k < inputs[0].shape.rank(); ++k) fits = sizes_fit(inputs[i].shape[k], inputs[0].shape[k]);
      if (!fits) fail_shape(name_, ": both inputs must have one shape and dtype. Received shapes ", inputs[0].shape, " and ", inputs[i].shape, ".");
    }
    return {inputs[0]};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const int axis = normalize_axis(axis_, shape.rank(), name_);
    visit_floating(inputs[0].dtype(), name_, [&](auto zero) {
      using T = decltype(zero);
      const T* b = inputs_ > 1 ? inputs[1].data<T>() : nullptr;
      along_lines<T>(kernel_, LargeResult<T>(outputs[0], inputs), inputs[0].data<T>(), b, shape.product(0, axis), shape[axis],
                     shape.product(axis + 1, shape.rank()));
    });
  }
  int in_place_input(int) const override { return 0; }

 protected:
  Value gradient_op(const char* name, const Value& upstream, const Value& y) const {
    return apply1(make_op(name, attributes({{"axis", {static_cast<double>(axis_)}}})), {upstream, y});
  }
  Value sum(const Value& x) const { return reduce_sum(x, {axis_}, true); }
  const char* name_;
  std::size_t inputs_;
  LineKernels kernel_;
  std::int64_t axis_;
};

class Softmax : public AlongAxis {
 public:
  explicit Softmax(const Attributes& a) : AlongAxis("softmax", 1, LINE_KERNELS(softmax), a) {}
  Values gradient(const GradientContext& g) const override { return {gradient_op("softmax_gradient", g.upstream(), g.output())}; }
};
REGISTER_OP("softmax", [](const Attributes& a) { return std::make_shared<Softmax>(a); });

// (upstream u, output y) -> y (u - sum(u y))
class SoftmaxGradient : public AlongAxis {
 public:
  explicit SoftmaxGradient(const Attributes& a) : AlongAxis("softmax_gradient", 2, LINE_KERNELS(softmax_gradient), a) {}
  Values gradient(const GradientContext& g) const override {
    const Value &w = g.upstream(), &u = g.input(0), &y = g.input(1);
    Values result(2);
    if (g.wants(0)) result[0] = gradient_op("softmax_gradient", w, y);
    if (g.wants(1)) result[1] = w * (u - sum(u * y)) - u * sum(w * y);
    return result;
  }
};
REGISTER_OP("softmax_gradient", [](const Attributes& a) { return std::make_shared<SoftmaxGradient>(a); });

class LogSoftmax : public AlongAxis {
 public:
  explicit LogSoftmax(const Attributes& a) : AlongAxis("log_softmax", 1, LINE_KERNELS(log_softmax), a) {}
  Values gradient(const GradientContext& g) const override { return {gradient_op("log_softmax_gradient", g.upstream(), g.output())}; }
};
REGISTER_OP("log_softmax", [](const Attributes& a) { return std::make_shared<LogSoftmax>(a); });

// (upstream u, output y) -> u - exp(y) sum(u)
class LogSoftmaxGradient : public AlongAxis {
 public:
  explicit LogSoftmaxGradient(const Attributes& a) : AlongAxis("log_softmax_gradient", 2, LINE_KERNELS(log_softmax_gradient), a) {}
  Values gradient(const GradientContext& g) const override {
    const Value &w = g.upstream(), &u = g.input(0), &y = g.input(1);
    Values result(2);
    if (g.wants(0)) result[0] = w - sum(w * exp(y));
    if (g.wants(1)) result[1] = -(w * exp(y) * sum(u));
    return result;
  }
};
REGISTER_OP("log_softmax_gradient", [](const Attributes& a) { return std::make_shared<LogSoftmaxGradient>(a); });

}  // namespace
}  // namespace keratin
