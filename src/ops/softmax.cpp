#include <algorithm>
#include <cmath>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "functions.h"

namespace keratin {
namespace {

// The array as (outer, n, inner) around one axis.
struct AxisView {
  std::int64_t outer, n, inner;
  AxisView(const Shape& shape, int axis) : outer(shape.product(0, axis)), n(shape[axis]), inner(shape.product(axis + 1, shape.rank())) {}
  // body(offset of the first element of a line); elements of a line are `inner` apart
  template <class Body>
  void lines(Body&& body) const {
    if (n == 0) return;
    parallel_ranges(outer * inner, std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, n)), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t l = begin; l < end; ++l) body(l / inner * n * inner + l % inner);
    });
  }
};

class AlongAxis : public Op {
 public:
  AlongAxis(const char* name, std::size_t inputs, const Attributes& a) : name_(name), inputs_(inputs), axis_(a.integer("axis", -1)) {}
  const char* name() const override { return name_; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != inputs_) fail_argument(name_, ": takes ", inputs_, " inputs. Received: ", inputs.size());
    if (!is_floating(inputs[0].dtype)) fail_argument(name_, ": takes float32 or float64. Received: ", name_of(inputs[0].dtype), "; use k_cast().");
    if (inputs[0].shape.rank() == 0) fail_shape(name_, ": takes an array with at least one axis. Received a scalar.");
    normalize_axis(axis_, inputs[0].shape.rank(), name_);
    return {inputs[0]};
  }
  int in_place_input(int) const override { return 0; }

 protected:
  AxisView view(const Tensor& x) const { return AxisView(x.shape(), normalize_axis(axis_, x.shape().rank(), name_)); }
  Value gradient_op(const char* name, const Value& upstream, const Value& y) const {
    return apply1(make_op(name, attributes({{"axis", {static_cast<double>(axis_)}}})), {upstream, y});
  }
  Value sum(const Value& x) const { return reduce_sum(x, {axis_}, true); }
  const char* name_;
  std::size_t inputs_;
  std::int64_t axis_;
};

class Softmax : public AlongAxis {
 public:
  explicit Softmax(const Attributes& a) : AlongAxis("softmax", 1, a) {}
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const AxisView v = view(inputs[0]);
    visit_floating(inputs[0].dtype(), name_, [&](auto zero) {
      using T = decltype(zero);
      const Kernels<T>& k = kernels<T>();
      v.lines([&](std::int64_t start) {
        const T* x = inputs[0].data<T>() + start;
        T* y = outputs[0].data<T>() + start;
        if (v.inner == 1) {
          const std::size_t n = static_cast<std::size_t>(v.n);
          const T sum = k.exp_sum(y, x, k.largest(x, n), n);
          k.scale(y, T(1) / sum, n);
          return;
        }
        T largest = x[0], total = 0;
        for (std::int64_t i = 1; i < v.n; ++i) largest = std::max(largest, x[i * v.inner]);
        for (std::int64_t i = 0; i < v.n; ++i) total += y[i * v.inner] = std::exp(x[i * v.inner] - largest);
        const T scale = T(1) / total;
        for (std::int64_t i = 0; i < v.n; ++i) y[i * v.inner] *= scale;
      });
    });
  }
  Values gradient(const GradientContext& g) const override { return {gradient_op("softmax_gradient", g.upstream(), g.output())}; }
};
REGISTER_OP("softmax", [](const Attributes& a) { return std::make_shared<Softmax>(a); });

// (upstream u, output y) -> y (u - sum(u y))
class SoftmaxGradient : public AlongAxis {
 public:
  explicit SoftmaxGradient(const Attributes& a) : AlongAxis("softmax_gradient", 2, a) {}
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const AxisView v = view(inputs[0]);
    visit_floating(inputs[0].dtype(), name_, [&](auto zero) {
      using T = decltype(zero);
      const Kernels<T>& k = kernels<T>();
      v.lines([&](std::int64_t start) {
        const T *u = inputs[0].data<T>() + start, *y = inputs[1].data<T>() + start;
        T* out = outputs[0].data<T>() + start;
        T total = 0;
        if (v.inner == 1) total = k.dot(u, y, static_cast<std::size_t>(v.n));
        else for (std::int64_t i = 0; i < v.n * v.inner; i += v.inner) total += u[i] * y[i];
        for (std::int64_t i = 0; i < v.n * v.inner; i += v.inner) out[i] = y[i] * (u[i] - total);
      });
    });
  }
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
  explicit LogSoftmax(const Attributes& a) : AlongAxis("log_softmax", 1, a) {}
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const AxisView v = view(inputs[0]);
    visit_floating(inputs[0].dtype(), name_, [&](auto zero) {
      using T = decltype(zero);
      const Kernels<T>& k = kernels<T>();
      v.lines([&](std::int64_t start) {
        const T* x = inputs[0].data<T>() + start;
        T* y = outputs[0].data<T>() + start;
        if (v.inner == 1) {  // y serves as scratch, unless it is x
          const std::size_t n = static_cast<std::size_t>(v.n);
          const T most = k.largest(x, n);
          std::vector<T> scratch;
          if (x == y) scratch.resize(n);
          const T shift = most + std::log(k.exp_sum(x == y ? scratch.data() : y, x, most, n));
          k.subtract(y, x, 1, &shift, 0, n, T(0));
          return;
        }
        T largest = x[0], total = 0;
        for (std::int64_t i = 1; i < v.n; ++i) largest = std::max(largest, x[i * v.inner]);
        for (std::int64_t i = 0; i < v.n; ++i) total += std::exp(x[i * v.inner] - largest);
        const T shift = largest + std::log(total);
        for (std::int64_t i = 0; i < v.n; ++i) y[i * v.inner] = x[i * v.inner] - shift;
      });
    });
  }
  Values gradient(const GradientContext& g) const override { return {gradient_op("log_softmax_gradient", g.upstream(), g.output())}; }
};
REGISTER_OP("log_softmax", [](const Attributes& a) { return std::make_shared<LogSoftmax>(a); });

// (upstream u, output y) -> u - exp(y) sum(u)
class LogSoftmaxGradient : public AlongAxis {
 public:
  explicit LogSoftmaxGradient(const Attributes& a) : AlongAxis("log_softmax_gradient", 2, a) {}
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const AxisView v = view(inputs[0]);
    visit_floating(inputs[0].dtype(), name_, [&](auto zero) {
      using T = decltype(zero);
      const Kernels<T>& k = kernels<T>();
      v.lines([&](std::int64_t start) {
        const T *u = inputs[0].data<T>() + start, *y = inputs[1].data<T>() + start;
        T* out = outputs[0].data<T>() + start;
        T total = 0;
        if (v.inner == 1) total = k.sum(u, static_cast<std::size_t>(v.n));
        else for (std::int64_t i = 0; i < v.n * v.inner; i += v.inner) total += u[i];
        for (std::int64_t i = 0; i < v.n * v.inner; i += v.inner) out[i] = u[i] - std::exp(y[i]) * total;
      });
    });
  }
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
