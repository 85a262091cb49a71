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
void run_block(DType dtype, void* y, const void* x, std::size_t n, double parameter) {
  const auto call = [&](auto kernel, auto* out, const auto* in) {
    using T = std::remove_pointer_t<decltype(out)>;
    if constexpr (std::is_invocable_v<decltype(kernel), T*, const T*, std::size_t>) kernel(out, in, n);
    else kernel(out, in, n, static_cast<T>(parameter));
  };
  if (dtype == DType::float32) call(kernels<float>().*single, static_cast<float*>(y), static_cast<const float*>(x));
  else call(kernels<double>().*twofold, static_cast<double*>(y), static_cast<const double*>(x));
}
template <auto single, auto twofold>
void run_kernel(const Tensor& x, Tensor& y, double parameter) {
  const std::int64_t bytes = static_cast<std::int64_t>(size_of(x.dtype()));
  const char* in = static_cast<const char*>(x.raw());
  char* out = static_cast<char*>(y.raw());
  parallel_ranges(x.size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    run_block<single, twofold>(x.dtype(), out + begin * bytes, in + begin * bytes, static_cast<std::size_t>(end - begin), parameter);
  });
}
#define BOTH(name) &Kernels<float>::name, &Kernels<double>::name
#define KERNEL_RUN(name) run_kernel<BOTH(name)>, run_block<BOTH(name)>
template <class F, auto single, auto twofold>
void run_kernel_or(const Tensor& x, Tensor& y, double parameter) {
  if (is_floating(x.dtype())) run_kernel<single, twofold>(x, y, parameter);
  else run_numeric<F>(x, y, parameter);
}
#define KERNEL_OR(F, name) run_kernel_or<F, BOTH(name)>, run_block<BOTH(name)>

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
FUNCTION(Tan, return std::tan(x))
FUNCTION(Asin, return std::asin(x))
FUNCTION(Acos, return std::acos(x))
FUNCTION(Atan, return std::atan(x))
FUNCTION(Sinh, return std::sinh(x))
FUNCTION(Cosh, return std::cosh(x))
FUNCTION(Asinh, return std::asinh(x))
FUNCTION(Acosh, return std::acosh(x))
FUNCTION(Atanh, return std::atanh(x))
FUNCTION(Round, return x)  // whole numbers
FUNCTION(Relu, return static_cast<T>(x > 0 ? x : (x != x ? x : T(0))))
FUNCTION(Relu6, return static_cast<T>(x > 0 ? (x < 6 ? x : T(6)) : (x != x ? x : T(0))))
void run_gelu(const Tensor& x, Tensor& y, double approximate) {
  if (approximate != 0) run_kernel<BOTH(gelu_tanh)>(x, y, 0);
  else run_kernel<BOTH(gelu)>(x, y, 0);
}
void run_gelu_block(DType dtype, void* y, const void* x, std::size_t n, double approximate) {
  if (approximate != 0) run_block<BOTH(gelu_tanh)>(dtype, y, x, n, 0);
  else run_block<BOTH(gelu)>(dtype, y, x, n, 0);
}
FUNCTION(IsNan, return std::isnan(x))
FUNCTION(IsInf, return std::isinf(x))
FUNCTION(IsFinite, return std::isfinite(x))

using G = const ElementwiseGradient&;
Value call_with(const char* name, const char* parameter, double value, const Value& a, const Value& b) {
  return apply1(make_op(name, attributes({{parameter, {value}}})), {a, b});
}

// An infinite slope times no upstream at all is 0, as in TensorFlow: where(x > 0, sqrt(x), 0) has gradients at 0.
Value no_nan(const Value& slope, G g) { return call_binary("multiply_no_nan", slope, g.upstream()); }

#define GRADIENT(expression) [](G g) -> Value { return expression; }

const std::vector<UnaryRule>& rules() {
  static const std::vector<UnaryRule> all = {
      {"negative", Accepts::numeric, false, KERNEL_OR(Negative, negative), GRADIENT(-g.upstream()), nullptr, 0},
      {"abs", Accepts::numeric, false, KERNEL_OR(Abs, abs), GRADIENT(g.upstream() * sign(g.x())), nullptr, 0},
      {"sign", Accepts::numeric, false, run_numeric<Sign>, nullptr, GRADIENT(zeros_like(g.upstream())), nullptr, 0},
      {"square", Accepts::numeric, false, KERNEL_OR(Square, square), GRADIENT(g.upstream() * (g.x() * 2.0)), nullptr, 0},
      {"sqrt", Accepts::floating, false, KERNEL_RUN(sqrt), GRADIENT(no_nan(0.5 / g.y(), g)), nullptr, 0},
      {"rsqrt", Accepts::floating, false, KERNEL_RUN(rsqrt), GRADIENT(no_nan(-0.5 * (g.y() * square(g.y())), g)), nullptr, 0},
      {"reciprocal", Accepts::floating, false, KERNEL_RUN(reciprocal), GRADIENT(no_nan(-square(g.y()), g)), nullptr, 0},
      {"exp", Accepts::floating, false, KERNEL_RUN(exp), GRADIENT(g.upstream() * g.y()), nullptr, 0},
      {"expm1", Accepts::floating, false, KERNEL_RUN(expm1), GRADIENT(g.upstream() * (g.y() + 1.0)), nullptr, 0},
      {"log", Accepts::floating, false, KERNEL_RUN(log), GRADIENT(g.upstream() / g.x()), nullptr, 0},
      {"log1p", Accepts::floating, false, KERNEL_RUN(log1p), GRADIENT(g.upstream() / (g.x() + 1.0)), nullptr, 0},
      {"sin", Accepts::floating, false, KERNEL_RUN(sin), GRADIENT(g.upstream() * call_unary("cos", g.x())), nullptr, 0},
      {"cos", Accepts::floating, false, KERNEL_RUN(cos), GRADIENT(-(g.upstream() * call_unary("sin", g.x()))), nullptr, 0},
      {"tan", Accepts::floating, false, run_floating<Tan>, nullptr, GRADIENT(g.upstream() * (square(g.y()) + 1.0)), nullptr, 0},
      {"asin", Accepts::floating, false, run_floating<Asin>, nullptr, GRADIENT(g.upstream() * call_unary("rsqrt", 1.0 - square(g.x()))), nullptr, 0},
      {"acos", Accepts::floating, false, run_floating<Acos>, nullptr, GRADIENT(-(g.upstream() * call_unary("rsqrt", 1.0 - square(g.x())))), nullptr,
       0},
      {"atan", Accepts::floating, false, run_floating<Atan>, nullptr, GRADIENT(g.upstream() / (square(g.x()) + 1.0)), nullptr, 0},
      {"sinh", Accepts::floating, false, run_floating<Sinh>, nullptr, GRADIENT(g.upstream() * call_unary("cosh", g.x())), nullptr, 0},
      {"cosh", Accepts::floating, false, run_floating<Cosh>, nullptr, GRADIENT(g.upstream() * call_unary("sinh", g.x())), nullptr, 0},
      {"tanh", Accepts::floating, false, KERNEL_RUN(tanh), GRADIENT(call_binary("tanh_gradient", g.upstream(), g.y())), nullptr, 0},
      {"asinh", Accepts::floating, false, run_floating<Asinh>, nullptr, GRADIENT(g.upstream() * call_unary("rsqrt", square(g.x()) + 1.0)), nullptr,
       0},
      {"acosh", Accepts::floating, false, run_floating<Acosh>, nullptr, GRADIENT(g.upstream() * call_unary("rsqrt", square(g.x()) - 1.0)), nullptr,
       0},
      {"atanh", Accepts::floating, false, run_floating<Atanh>, nullptr, GRADIENT(g.upstream() / (1.0 - square(g.x()))), nullptr, 0},
      {"erf", Accepts::floating, false, KERNEL_RUN(erf), GRADIENT(g.upstream() * (exp(-square(g.x())) * 1.12837916709551257390)), nullptr,
       0},  // 2 / sqrt(pi)
      {"floor", Accepts::floating, false, KERNEL_RUN(floor), nullptr, nullptr, 0},
      {"ceil", Accepts::floating, false, KERNEL_RUN(ceil), nullptr, nullptr, 0},
      {"round", Accepts::numeric, false, KERNEL_OR(Round, round), nullptr, nullptr, 0},
      {"sigmoid", Accepts::floating, false, KERNEL_RUN(sigmoid), GRADIENT(call_binary("sigmoid_gradient", g.upstream(), g.y())), nullptr, 0},
      {"softplus", Accepts::floating, false, KERNEL_RUN(softplus), GRADIENT(g.upstream() * sigmoid(g.x())), nullptr, 0},
      {"softsign", Accepts::floating, false, KERNEL_RUN(softsign), GRADIENT(g.upstream() / square(call_unary("abs", g.x()) + 1.0)), nullptr, 0},
      {"relu", Accepts::numeric, false, KERNEL_OR(Relu, relu), GRADIENT(call_binary("relu_gradient", g.upstream(), g.y())), nullptr, 0},
      {"relu6", Accepts::numeric, false, KERNEL_OR(Relu6, relu6), GRADIENT(call_binary("relu6_gradient", g.upstream(), g.y())), nullptr, 0},
      {"leaky_relu", Accepts::floating, false, KERNEL_RUN(leaky_relu),
       GRADIENT(call_with("leaky_relu_gradient", "alpha", g.parameter, g.upstream(), g.x())), "alpha", 0.2},
      {"elu", Accepts::floating, false, KERNEL_RUN(elu), GRADIENT(call_with("elu_gradient", "alpha", g.parameter, g.upstream(), g.y())), "alpha", 1},
      {"selu", Accepts::floating, false, KERNEL_RUN(selu), GRADIENT(call_binary("selu_gradient", g.upstream(), g.y())), nullptr, 0},
      {"hard_sigmoid", Accepts::floating, false, KERNEL_RUN(hard_sigmoid), GRADIENT(call_binary("hard_sigmoid_gradient", g.upstream(), g.y())),
       nullptr, 0},
      {"swish", Accepts::floating, false, KERNEL_RUN(swish), GRADIENT(call_binary("swish_gradient", g.upstream(), g.x())), nullptr, 0},
      {"gelu", Accepts::floating, false, run_gelu, run_gelu_block,
       GRADIENT(call_with("gelu_gradient", "approximate", g.parameter, g.upstream(), g.x())), "approximate", 0},
      {"is_nan", Accepts::floating, true, run_test<IsNan>, nullptr, nullptr, nullptr, 0},
      {"is_inf", Accepts::floating, true, run_test<IsInf>, nullptr, nullptr, nullptr, 0},
      {"is_finite", Accepts::floating, true, run_test<IsFinite>, nullptr, nullptr, nullptr, 0},
      {"logical_not", Accepts::boolean, true, run_not, nullptr, nullptr, nullptr, 0},
  };
  return all;
}
const bool registered = register_unary(rules());

}  // namespace
}  // namespace keratin
