#include <cmath>
#include <limits>
#include <type_traits>

#include "broadcast.h"
#include "../kernels/dispatch.h"
#include "elementwise.h"

namespace keratin {
namespace {

template <class T, class R, class Function>
void map(const Tensor& x, Tensor& y, Function&& function) {
  const T* in = x.data<T>();
  R* out = y.data<R>();
  parallel_ranges(x.size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = function(in[i]);
  });
}

// F::of(x, parameter) over the element types.
template <class F>
void run_numeric(const Tensor& x, Tensor& y, double parameter) {
  visit_numeric(x.dtype(), "elementwise", [&](auto zero) {
    using T = decltype(zero);
    const T p = static_cast<T>(parameter);
    map<T, T>(x, y, [p](T v) { return F::of(v, p); });
  });
}
template <class F>
void run_floating(const Tensor& x, Tensor& y, double parameter) {
  visit_floating(x.dtype(), "elementwise", [&](auto zero) {
    using T = decltype(zero);
    const T p = static_cast<T>(parameter);
    map<T, T>(x, y, [p](T v) { return F::of(v, p); });
  });
}
template <class F>
void run_test(const Tensor& x, Tensor& y, double) {
  visit_floating(x.dtype(), "elementwise", [&](auto zero) {
    using T = decltype(zero);
    map<T, bool>(x, y, [](T v) { return F::of(v, T(0)); });
  });
}
void run_not(const Tensor& x, Tensor& y, double) {
  map<bool, bool>(x, y, [](bool v) { return !v; });
}

// The kernels of that name where there is one for the dtype.
template <auto single, auto twofold>
void run_kernel(const Tensor& x, Tensor& y, double parameter) {
  visit_floating(x.dtype(), "elementwise", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.data<T>();
    T* out = y.data<T>();
    parallel_ranges(x.size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
      const std::size_t n = static_cast<std::size_t>(end - begin);
      if constexpr (std::is_same_v<decltype(single), void (*Kernels<float>::*)(float*, const float*, std::size_t)>) {
        if constexpr (std::is_same_v<T, float>) (kernels<float>().*single)(out + begin, in + begin, n);
        else (kernels<double>().*twofold)(out + begin, in + begin, n);
      } else {
        if constexpr (std::is_same_v<T, float>) (kernels<float>().*single)(out + begin, in + begin, n, static_cast<T>(parameter));
        else (kernels<double>().*twofold)(out + begin, in + begin, n, static_cast<T>(parameter));
      }
    });
  });
}
#define KERNEL_RUN(name) run_kernel<&Kernels<float>::name, &Kernels<double>::name>
template <class F, auto single, auto twofold>
void run_kernel_or(const Tensor& x, Tensor& y, double parameter) {
  if (is_floating(x.dtype())) run_kernel<single, twofold>(x, y, parameter);
  else run_numeric<F>(x, y, parameter);
}
#define KERNEL_OR(F, name) run_kernel_or<F, &Kernels<float>::name, &Kernels<double>::name>

#define FUNCTION(Name, ...)                      \
  struct Name {                                  \
    template <class T>                           \
    static auto of(T x, T alpha) {               \
      (void)alpha;                               \
      __VA_ARGS__;                               \
    }                                            \
  };

FUNCTION(Negative, return static_cast<T>(-x))
FUNCTION(Abs, return static_cast<T>(x < 0 ? -x : (x == 0 ? T(0) : x)))
FUNCTION(Sign, return static_cast<T>(x != x ? x : T((x > 0) - (x < 0))))
FUNCTION(Square, return static_cast<T>(x * x))
FUNCTION(Log1p, return std::log1p(x))
FUNCTION(Sin, return std::sin(x))
FUNCTION(Cos, return std::cos(x))
FUNCTION(Tan, return std::tan(x))
FUNCTION(Asin, return std::asin(x))
FUNCTION(Acos, return std::acos(x))
FUNCTION(Atan, return std::atan(x))
FUNCTION(Sinh, return std::sinh(x))
FUNCTION(Cosh, return std::cosh(x))
FUNCTION(Asinh, return std::asinh(x))
FUNCTION(Acosh, return std::acosh(x))
FUNCTION(Atanh, return std::atanh(x))
FUNCTION(Relu, return static_cast<T>(x > 0 ? x : (x != x ? x : T(0))))
FUNCTION(Relu6, return static_cast<T>(x > 0 ? (x < 6 ? x : T(6)) : (x != x ? x : T(0))))
void run_gelu(const Tensor& x, Tensor& y, double approximate) {
  if (approximate != 0) KERNEL_RUN(gelu_tanh)(x, y, 0);
  else KERNEL_RUN(gelu)(x, y, 0);
}
FUNCTION(IsNan, return std::isnan(x))
FUNCTION(IsInf, return std::isinf(x))
FUNCTION(IsFinite, return std::isfinite(x))

using G = const ElementwiseGradient&;
Value call_with(const char* name, const char* parameter, double value, const Value& a, const Value& b) {
  return apply1(make_op(name, attributes({{parameter, {value}}})), {a, b});
}

#define GRADIENT(expression) [](G g) -> Value { return expression; }

const std::vector<UnaryRule>& rules() {
  static const std::vector<UnaryRule> all = {
      {"negative", Accepts::numeric, false, KERNEL_OR(Negative, negative), GRADIENT(-g.upstream()), nullptr, 0},
      {"abs", Accepts::numeric, false, KERNEL_OR(Abs, abs), GRADIENT(g.upstream() * sign(g.x())), nullptr, 0},
      {"sign", Accepts::numeric, false, run_numeric<Sign>, nullptr, nullptr, 0},
      {"square", Accepts::numeric, false, KERNEL_OR(Square, square), GRADIENT(g.upstream() * (g.x() * 2.0)), nullptr, 0},
      {"sqrt", Accepts::floating, false, KERNEL_RUN(sqrt), GRADIENT(g.upstream() * 0.5 / g.y()), nullptr, 0},
      {"rsqrt", Accepts::floating, false, KERNEL_RUN(rsqrt), GRADIENT(g.upstream() * -0.5 * (g.y() * square(g.y()))), nullptr, 0},
      {"reciprocal", Accepts::floating, false, KERNEL_RUN(reciprocal), GRADIENT(-(g.upstream() * square(g.y()))), nullptr, 0},
      {"exp", Accepts::floating, false, KERNEL_RUN(exp), GRADIENT(g.upstream() * g.y()), nullptr, 0},
      {"expm1", Accepts::floating, false, KERNEL_RUN(expm1), GRADIENT(g.upstream() * (g.y() + 1.0)), nullptr, 0},
      {"log", Accepts::floating, false, KERNEL_RUN(log), GRADIENT(g.upstream() / g.x()), nullptr, 0},
      {"log1p", Accepts::floating, false, run_floating<Log1p>, GRADIENT(g.upstream() / (g.x() + 1.0)), nullptr, 0},
      {"sin", Accepts::floating, false, run_floating<Sin>, GRADIENT(g.upstream() * call_unary("cos", g.x())), nullptr, 0},
      {"cos", Accepts::floating, false, run_floating<Cos>, GRADIENT(-(g.upstream() * call_unary("sin", g.x()))), nullptr, 0},
      {"tan", Accepts::floating, false, run_floating<Tan>, GRADIENT(g.upstream() * (square(g.y()) + 1.0)), nullptr, 0},
      {"asin", Accepts::floating, false, run_floating<Asin>, GRADIENT(g.upstream() * call_unary("rsqrt", 1.0 - square(g.x()))), nullptr, 0},
      {"acos", Accepts::floating, false, run_floating<Acos>, GRADIENT(-(g.upstream() * call_unary("rsqrt", 1.0 - square(g.x())))), nullptr, 0},
      {"atan", Accepts::floating, false, run_floating<Atan>, GRADIENT(g.upstream() / (square(g.x()) + 1.0)), nullptr, 0},
      {"sinh", Accepts::floating, false, run_floating<Sinh>, GRADIENT(g.upstream() * call_unary("cosh", g.x())), nullptr, 0},
      {"cosh", Accepts::floating, false, run_floating<Cosh>, GRADIENT(g.upstream() * call_unary("sinh", g.x())), nullptr, 0},
      {"tanh", Accepts::floating, false, KERNEL_RUN(tanh), GRADIENT(call_binary("tanh_gradient", g.upstream(), g.y())), nullptr, 0},
      {"asinh", Accepts::floating, false, run_floating<Asinh>, GRADIENT(g.upstream() * call_unary("rsqrt", square(g.x()) + 1.0)), nullptr, 0},
      {"acosh", Accepts::floating, false, run_floating<Acosh>, GRADIENT(g.upstream() * call_unary("rsqrt", square(g.x()) - 1.0)), nullptr, 0},
      {"atanh", Accepts::floating, false, run_floating<Atanh>, GRADIENT(g.upstream() / (1.0 - square(g.x()))), nullptr, 0},
      {"erf", Accepts::floating, false, KERNEL_RUN(erf),
       GRADIENT(g.upstream() * (exp(-square(g.x())) * 1.12837916709551257390)), nullptr, 0},  // 2 / sqrt(pi)
      {"floor", Accepts::floating, false, KERNEL_RUN(floor), nullptr, nullptr, 0},
      {"ceil", Accepts::floating, false, KERNEL_RUN(ceil), nullptr, nullptr, 0},
      {"round", Accepts::floating, false, KERNEL_RUN(round), nullptr, nullptr, 0},
      {"sigmoid", Accepts::floating, false, KERNEL_RUN(sigmoid), GRADIENT(call_binary("sigmoid_gradient", g.upstream(), g.y())), nullptr, 0},
      {"softplus", Accepts::floating, false, KERNEL_RUN(softplus), GRADIENT(g.upstream() * sigmoid(g.x())), nullptr, 0},
      {"softsign", Accepts::floating, false, KERNEL_RUN(softsign),
       GRADIENT(g.upstream() / square(call_unary("abs", g.x()) + 1.0)), nullptr, 0},
      {"relu", Accepts::numeric, false, KERNEL_OR(Relu, relu), GRADIENT(call_binary("relu_gradient", g.upstream(), g.y())), nullptr, 0},
      {"relu6", Accepts::numeric, false, KERNEL_OR(Relu6, relu6), GRADIENT(call_binary("relu6_gradient", g.upstream(), g.y())), nullptr, 0},
      {"leaky_relu", Accepts::floating, false, KERNEL_RUN(leaky_relu),
       GRADIENT(call_with("leaky_relu_gradient", "alpha", g.parameter, g.upstream(), g.x())), "alpha", 0.2},
      {"elu", Accepts::floating, false, KERNEL_RUN(elu),
       GRADIENT(call_with("elu_gradient", "alpha", g.parameter, g.upstream(), g.y())), "alpha", 1},
      {"selu", Accepts::floating, false, KERNEL_RUN(selu), GRADIENT(call_binary("selu_gradient", g.upstream(), g.y())), nullptr, 0},
      {"hard_sigmoid", Accepts::floating, false, KERNEL_RUN(hard_sigmoid),
       GRADIENT(call_binary("hard_sigmoid_gradient", g.upstream(), g.y())), nullptr, 0},
      {"swish", Accepts::floating, false, KERNEL_RUN(swish), GRADIENT(call_binary("swish_gradient", g.upstream(), g.x())), nullptr, 0},
      {"gelu", Accepts::floating, false, run_gelu,
       GRADIENT(call_with("gelu_gradient", "approximate", g.parameter, g.upstream(), g.x())), "approximate", 0},
      {"is_nan", Accepts::floating, true, run_test<IsNan>, nullptr, nullptr, 0},
      {"is_inf", Accepts::floating, true, run_test<IsInf>, nullptr, nullptr, 0},
      {"is_finite", Accepts::floating, true, run_test<IsFinite>, nullptr, nullptr, 0},
      {"logical_not", Accepts::boolean, true, run_not, nullptr, nullptr, 0},
  };
  return all;
}
const bool registered = register_unary(rules());

}  // namespace
}  // namespace keratin
