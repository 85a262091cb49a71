#include <cmath>
#include <limits>

#include "broadcast.h"
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
FUNCTION(Sqrt, return std::sqrt(x))
FUNCTION(Rsqrt, return T(1) / std::sqrt(x))
FUNCTION(Reciprocal, return T(1) / x)
FUNCTION(Exp, return std::exp(x))
FUNCTION(Expm1, return std::expm1(x))
FUNCTION(Log, return std::log(x))
FUNCTION(Log1p, return std::log1p(x))
FUNCTION(Sin, return std::sin(x))
FUNCTION(Cos, return std::cos(x))
FUNCTION(Tan, return std::tan(x))
FUNCTION(Asin, return std::asin(x))
FUNCTION(Acos, return std::acos(x))
FUNCTION(Atan, return std::atan(x))
FUNCTION(Sinh, return std::sinh(x))
FUNCTION(Cosh, return std::cosh(x))
FUNCTION(Tanh, return std::tanh(x))
FUNCTION(Asinh, return std::asinh(x))
FUNCTION(Acosh, return std::acosh(x))
FUNCTION(Atanh, return std::atanh(x))
FUNCTION(Erf, return std::erf(x))
FUNCTION(Floor, return std::floor(x))
FUNCTION(Ceil, return std::ceil(x))
FUNCTION(Round, return std::nearbyint(x))  // half to even: the default rounding mode
FUNCTION(Sigmoid, if (x >= 0) return T(1) / (T(1) + std::exp(-x)); const T e = std::exp(x); return e / (T(1) + e))
FUNCTION(Softplus, return (x > 0 ? x : T(0)) + std::log1p(std::exp(x > 0 ? -x : x)))
FUNCTION(Softsign, return x / (T(1) + std::abs(x)))
FUNCTION(Relu, return static_cast<T>(x > 0 ? x : (x != x ? x : T(0))))
FUNCTION(Relu6, return static_cast<T>(x > 0 ? (x < 6 ? x : T(6)) : (x != x ? x : T(0))))
FUNCTION(LeakyRelu, return static_cast<T>(x > 0 ? x : alpha * x))
FUNCTION(Elu, return x > 0 ? x : alpha * std::expm1(x))
constexpr double selu_scale = 1.05070098735548049342, selu_alpha = 1.67326324235437728482;
FUNCTION(Selu, return x > 0 ? T(selu_scale) * x : T(selu_scale * selu_alpha) * std::expm1(x))
FUNCTION(HardSigmoid, const T y = T(0.2) * x + T(0.5); return y < 0 ? T(0) : (y > 1 ? T(1) : y))
FUNCTION(Swish, return x * Sigmoid::of(x, alpha))
constexpr double inv_sqrt_2 = 0.70710678118654752440, sqrt_2_over_pi = 0.79788456080286535588, inv_sqrt_2_pi = 0.39894228040143267794;
// alpha != 0: the tanh approximation of Hendrycks and Gimpel (2016)
FUNCTION(Gelu, if (alpha != 0) return T(0.5) * x * (T(1) + std::tanh(T(sqrt_2_over_pi) * (x + T(0.044715) * x * x * x)));
         return T(0.5) * x * (T(1) + std::erf(x * T(inv_sqrt_2))))
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
      {"negative", Accepts::numeric, false, run_numeric<Negative>, GRADIENT(-g.upstream()), nullptr, 0},
      {"abs", Accepts::numeric, false, run_numeric<Abs>, GRADIENT(g.upstream() * sign(g.x())), nullptr, 0},
      {"sign", Accepts::numeric, false, run_numeric<Sign>, nullptr, nullptr, 0},
      {"square", Accepts::numeric, false, run_numeric<Square>, GRADIENT(g.upstream() * (g.x() * 2.0)), nullptr, 0},
      {"sqrt", Accepts::floating, false, run_floating<Sqrt>, GRADIENT(g.upstream() * 0.5 / g.y()), nullptr, 0},
      {"rsqrt", Accepts::floating, false, run_floating<Rsqrt>, GRADIENT(g.upstream() * -0.5 * (g.y() * square(g.y()))), nullptr, 0},
      {"reciprocal", Accepts::floating, false, run_floating<Reciprocal>, GRADIENT(-(g.upstream() * square(g.y()))), nullptr, 0},
      {"exp", Accepts::floating, false, run_floating<Exp>, GRADIENT(g.upstream() * g.y()), nullptr, 0},
      {"expm1", Accepts::floating, false, run_floating<Expm1>, GRADIENT(g.upstream() * (g.y() + 1.0)), nullptr, 0},
      {"log", Accepts::floating, false, run_floating<Log>, GRADIENT(g.upstream() / g.x()), nullptr, 0},
      {"log1p", Accepts::floating, false, run_floating<Log1p>, GRADIENT(g.upstream() / (g.x() + 1.0)), nullptr, 0},
      {"sin", Accepts::floating, false, run_floating<Sin>, GRADIENT(g.upstream() * call_unary("cos", g.x())), nullptr, 0},
      {"cos", Accepts::floating, false, run_floating<Cos>, GRADIENT(-(g.upstream() * call_unary("sin", g.x()))), nullptr, 0},
      {"tan", Accepts::floating, false, run_floating<Tan>, GRADIENT(g.upstream() * (square(g.y()) + 1.0)), nullptr, 0},
      {"asin", Accepts::floating, false, run_floating<Asin>, GRADIENT(g.upstream() * call_unary("rsqrt", 1.0 - square(g.x()))), nullptr, 0},
      {"acos", Accepts::floating, false, run_floating<Acos>, GRADIENT(-(g.upstream() * call_unary("rsqrt", 1.0 - square(g.x())))), nullptr, 0},
      {"atan", Accepts::floating, false, run_floating<Atan>, GRADIENT(g.upstream() / (square(g.x()) + 1.0)), nullptr, 0},
      {"sinh", Accepts::floating, false, run_floating<Sinh>, GRADIENT(g.upstream() * call_unary("cosh", g.x())), nullptr, 0},
      {"cosh", Accepts::floating, false, run_floating<Cosh>, GRADIENT(g.upstream() * call_unary("sinh", g.x())), nullptr, 0},
      {"tanh", Accepts::floating, false, run_floating<Tanh>, GRADIENT(call_binary("tanh_gradient", g.upstream(), g.y())), nullptr, 0},
      {"asinh", Accepts::floating, false, run_floating<Asinh>, GRADIENT(g.upstream() * call_unary("rsqrt", square(g.x()) + 1.0)), nullptr, 0},
      {"acosh", Accepts::floating, false, run_floating<Acosh>, GRADIENT(g.upstream() * call_unary("rsqrt", square(g.x()) - 1.0)), nullptr, 0},
      {"atanh", Accepts::floating, false, run_floating<Atanh>, GRADIENT(g.upstream() / (1.0 - square(g.x()))), nullptr, 0},
      {"erf", Accepts::floating, false, run_floating<Erf>,
       GRADIENT(g.upstream() * (exp(-square(g.x())) * 1.12837916709551257390)), nullptr, 0},  // 2 / sqrt(pi)
      {"floor", Accepts::floating, false, run_floating<Floor>, nullptr, nullptr, 0},
      {"ceil", Accepts::floating, false, run_floating<Ceil>, nullptr, nullptr, 0},
      {"round", Accepts::floating, false, run_floating<Round>, nullptr, nullptr, 0},
      {"sigmoid", Accepts::floating, false, run_floating<Sigmoid>, GRADIENT(call_binary("sigmoid_gradient", g.upstream(), g.y())), nullptr, 0},
      {"softplus", Accepts::floating, false, run_floating<Softplus>, GRADIENT(g.upstream() * sigmoid(g.x())), nullptr, 0},
      {"softsign", Accepts::floating, false, run_floating<Softsign>,
       GRADIENT(g.upstream() / square(call_unary("abs", g.x()) + 1.0)), nullptr, 0},
      {"relu", Accepts::numeric, false, run_numeric<Relu>, GRADIENT(call_binary("relu_gradient", g.upstream(), g.y())), nullptr, 0},
      {"relu6", Accepts::numeric, false, run_numeric<Relu6>, GRADIENT(call_binary("relu6_gradient", g.upstream(), g.y())), nullptr, 0},
      {"leaky_relu", Accepts::floating, false, run_floating<LeakyRelu>,
       GRADIENT(call_with("leaky_relu_gradient", "alpha", g.parameter, g.upstream(), g.x())), "alpha", 0.2},
      {"elu", Accepts::floating, false, run_floating<Elu>,
       GRADIENT(call_with("elu_gradient", "alpha", g.parameter, g.upstream(), g.y())), "alpha", 1},
      {"selu", Accepts::floating, false, run_floating<Selu>, GRADIENT(call_binary("selu_gradient", g.upstream(), g.y())), nullptr, 0},
      {"hard_sigmoid", Accepts::floating, false, run_floating<HardSigmoid>,
       GRADIENT(call_binary("hard_sigmoid_gradient", g.upstream(), g.y())), nullptr, 0},
      {"swish", Accepts::floating, false, run_floating<Swish>, GRADIENT(call_binary("swish_gradient", g.upstream(), g.x())), nullptr, 0},
      {"gelu", Accepts::floating, false, run_floating<Gelu>,
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
