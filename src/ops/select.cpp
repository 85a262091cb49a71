#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "broadcast.h"
#include "functions.h"

namespace keratin {
namespace {

// select(condition, x, y): x where the condition holds, y elsewhere; all three broadcast.
class Select : public Op {
 public:
  const char* name() const override { return "select"; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != 3) fail_argument("select: takes a condition and two values. Received ", inputs.size(), " inputs.");
    if (inputs[0].dtype != DType::boolean) fail_argument("select: the condition must be bool. Received: ", name_of(inputs[0].dtype));
    if (inputs[1].dtype != inputs[2].dtype) {
      fail_argument("select: the two values must have one dtype. Received: ", name_of(inputs[1].dtype), " and ", name_of(inputs[2].dtype));
    }
    return {{inputs[1].dtype, broadcast(broadcast(inputs[1].shape, inputs[2].shape, "select"), inputs[0].shape, "select")}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const bool* condition = inputs[0].data<bool>();
    visit_any(inputs[1].dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T *x = inputs[1].data<T>(), *y = inputs[2].data<T>();
      T* out = outputs[0].data<T>();
      BroadcastLoop<3>(outputs[0].shape(), {inputs[0].shape(), inputs[1].shape(), inputs[2].shape()})
          .run([&](std::int64_t at, const std::array<std::int64_t, 3>& offset, const std::array<std::int64_t, 3>& step, std::int64_t n) {
            const bool* c = condition + offset[0];
            const T *v = x + offset[1], *w = y + offset[2];
            if (step[0] && step[1] && step[2]) {
              for (std::int64_t i = 0; i < n; ++i) out[at + i] = c[i] ? v[i] : w[i];
              return;
            }
            if (step[0] && step[1]) {
              const T other = *w;
              for (std::int64_t i = 0; i < n; ++i) out[at + i] = c[i] ? v[i] : other;
              return;
            }
            for (std::int64_t i = 0; i < n; ++i) out[at + i] = c[i * step[0]] ? v[i * step[1]] : w[i * step[2]];
          });
    });
  }
  Values gradient(const GradientContext& g) const override {
    Values result(3);
    const Value none = constant_like(g.upstream(), 0);
    if (g.wants(1)) result[1] = sum_to(select(g.input(0), g.upstream(), none), g.input(1));
    if (g.wants(2)) result[2] = sum_to(select(g.input(0), none, g.upstream()), g.input(2));
    return result;
  }
  int in_place_input(int) const override { return 1; }
};
REGISTER_OP("select", [](const Attributes&) { return std::make_shared<Select>(); });

class Cast : public Op {
 public:
  explicit Cast(DType dtype) : dtype_(dtype) {}
  const char* name() const override { return "cast"; }
  Types infer(const Types& inputs) const override {
    if ((inputs.at(0).dtype == DType::string) != (dtype_ == DType::string)) {
      fail_argument("cast: cannot turn ", name_of(inputs[0].dtype), " into ", name_of(dtype_), ".");
    }
    return {{dtype_, inputs[0].shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Tensor &x = inputs[0], &y = outputs[0];
    if (x.dtype() == y.dtype()) {
      if (y.raw() != x.raw()) std::memcpy(y.raw(), x.raw(), x.bytes());
      return;
    }
    visit_any(x.dtype(), [&](auto from) {
      visit_any(y.dtype(), [&](auto to) {
        using From = decltype(from);
        using To = decltype(to);
        const From* in = x.data<From>();
        To* out = y.data<To>();
        parallel_ranges(x.size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) out[i] = convert<To>(in[i]);
        });
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    const DType from = g.input(0)->type.dtype;
    if (!is_floating(from) || !is_floating(dtype_)) return {nullptr};
    return {cast(g.upstream(), from)};
  }

 private:
  // A number that the integer type cannot hold becomes its smallest, as on x86; in C++ alone it would be undefined.
  template <class To, class From>
  static To convert(From value) {
    if constexpr (std::is_same_v<To, bool>) {
      return value != From(0);
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      constexpr double limit = sizeof(To) == 4 ? 2147483648.0 : 9223372036854775808.0;
      return value > -limit - 1 && value < limit ? static_cast<To>(value) : std::numeric_limits<To>::min();
    } else {
      return static_cast<To>(value);
    }
  }
  DType dtype_;
};
REGISTER_OP("cast", [](const Attributes& a) { return std::make_shared<Cast>(a.dtype("dtype")); });

class Clip : public Op {
 public:
  explicit Clip(const Attributes& a)
      : min_(a.number("min", -std::numeric_limits<double>::infinity())), max_(a.number("max", std::numeric_limits<double>::infinity())) {}
  const char* name() const override { return "clip"; }
  Types infer(const Types& inputs) const override {
    const DType dtype = inputs.at(0).dtype;
    if (!is_floating(dtype) && !is_integer(dtype)) fail_argument("clip: takes numbers. Received: ", name_of(dtype));
    return {inputs[0]};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    visit_numeric(inputs[0].dtype(), "clip", [&](auto zero) {
      using T = decltype(zero);
      const T lower = bound<T>(min_), upper = bound<T>(max_);
      const T* x = inputs[0].data<T>();
      T* y = outputs[0].data<T>();
      parallel_ranges(inputs[0].size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const T v = x[i] > upper ? upper : x[i];
          y[i] = v < lower ? lower : v;
        }
      });
    });
  }
  // The bounds themselves let the gradient through.
  Values gradient(const GradientContext& g) const override {
    const Value& x = g.input(0);
    const Value inside = logical_and(greater_equal(x, constant_like(x, min_)), less_equal(x, constant_like(x, max_)));
    return {select(inside, g.upstream(), constant_like(x, 0))};
  }
  int in_place_input(int) const override { return 0; }

 private:
  template <class T>
  static T bound(double value) {
    if constexpr (std::is_integral_v<T>) {
      if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
      if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    }
    return static_cast<T>(value);
  }
  double min_, max_;
};
REGISTER_OP("clip", [](const Attributes& a) { return std::make_shared<Clip>(a); });

}  // namespace
}  // namespace keratin
