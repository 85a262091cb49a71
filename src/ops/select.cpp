#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "../kernels/dispatch.h"
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

// The numbers [min, max] in the type of an array.
class Bounds {
 public:
  explicit Bounds(const Attributes& a)
      : min_(a.number("min", -std::numeric_limits<double>::infinity())), max_(a.number("max", std::numeric_limits<double>::infinity())) {}
  template <class T>
  T lower() const {
    return in_type<T>(min_);
  }
  template <class T>
  T upper() const {
    return in_type<T>(max_);
  }
  Attributes settings() const { return attributes({{"min", {min_}}, {"max", {max_}}}); }

 private:
  template <class T>
  static T in_type(double value) {
    if constexpr (std::is_integral_v<T>) {
      if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
      if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    }
    return static_cast<T>(value);
  }
  double min_, max_;
};

class Clip : public Op {
 public:
  explicit Clip(const Attributes& a) : bounds_(a) {}
  const char* name() const override { return "clip"; }
  Types infer(const Types& inputs) const override {
    const DType dtype = inputs.at(0).dtype;
    if (!is_floating(dtype) && !is_integer(dtype)) fail_argument("clip: takes numbers. Received: ", name_of(dtype));
    return {inputs[0]};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    visit_numeric(inputs[0].dtype(), "clip", [&](auto zero) {
      using T = decltype(zero);
      const T lower = bounds_.lower<T>(), upper = bounds_.upper<T>();
      const T* x = inputs[0].data<T>();
      T* y = outputs[0].data<T>();
      parallel_ranges(inputs[0].size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        if constexpr (std::is_floating_point_v<T>) {
          constexpr std::int64_t block = 2048;  // what the first bound has done is in the nearest cache
          for (std::int64_t at = begin; at < end; at += block) {
            const std::size_t n = static_cast<std::size_t>(std::min(block, end - at));
            kernels<T>().minimum(y + at, x + at, 1, &upper, 0, n, T(0));
            kernels<T>().maximum(y + at, y + at, 1, &lower, 0, n, T(0));
          }
        } else {
          for (std::int64_t i = begin; i < end; ++i) y[i] = std::max(lower, std::min(upper, x[i]));
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("clip_gradient", bounds_.settings()), {g.upstream(), g.input(0)})};
  }
  int in_place_input(int) const override { return 0; }

 private:
  Bounds bounds_;
};
REGISTER_OP("clip", [](const Attributes& a) { return std::make_shared<Clip>(a); });

// (upstream, x) -> upstream where x is within the bounds, which are, else 0
class ClipGradient : public Op {
 public:
  explicit ClipGradient(const Attributes& a) : bounds_(a) {}
  const char* name() const override { return "clip_gradient"; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != 2 || inputs[0].dtype != inputs[1].dtype || !is_floating(inputs[0].dtype) || !(inputs[0].shape == inputs[1].shape))
      fail_argument("clip_gradient: takes two floating arrays of one shape and dtype.");
    return {inputs[0]};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    visit_floating(inputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T *upstream = inputs[0].data<T>(), *x = inputs[1].data<T>();
      T* y = outputs[0].data<T>();
      parallel_ranges(inputs[0].size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        kernels<T>().clip_gradient(y + begin, upstream + begin, x + begin, bounds_.lower<T>(), bounds_.upper<T>(),
                                   static_cast<std::size_t>(end - begin));
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("clip_gradient", bounds_.settings()), {g.upstream(), g.input(1)}), nullptr};
  }
  int in_place_input(int) const override { return 0; }

 private:
  Bounds bounds_;
};
REGISTER_OP("clip_gradient", [](const Attributes& a) { return std::make_shared<ClipGradient>(a); });

}  // namespace
}  // namespace keratin
