#include <cmath>
#include <limits>
#include <type_traits>

#include "../kernels/dispatch.h"
#include "broadcast.h"
#include "elementwise.h"

namespace keratin {
namespace {

// y = function(a, b) with broadcasting; rows where one side stands still get a loop of their own.
template <class T, class R, class Function>
void zip(const Tensor& a, const Tensor& b, Tensor& y, Function&& function) {
  const T *pa = a.data<T>(), *pb = b.data<T>();
  R* out = y.data<R>();
  BroadcastLoop<2>(y.shape(), {a.shape(), b.shape()})
      .run([&](std::int64_t at, const std::array<std::int64_t, 2>& offset, const std::array<std::int64_t, 2>& step, std::int64_t n) {
        const T *ra = pa + offset[0], *rb = pb + offset[1];
        R* r = out + at;
        if (step[0] && step[1]) {
          for (std::int64_t i = 0; i < n; ++i) r[i] = function(ra[i], rb[i]);
        } else if (step[0]) {
          const T v = *rb;
          for (std::int64_t i = 0; i < n; ++i) r[i] = function(ra[i], v);
        } else {
          const T v = *ra;
          for (std::int64_t i = 0; i < n; ++i) r[i] = function(v, rb[i * step[1]]);
        }
      });
}

template <class F>
void run_numeric(const Tensor& a, const Tensor& b, Tensor& y, double parameter) {
  visit_numeric(a.dtype(), "elementwise", [&](auto zero) {
    using T = decltype(zero);
    const T p = static_cast<T>(parameter);
    zip<T, T>(a, b, y, [p](T v, T w) { return F::of(v, w, p); });
  });
}
template <class F>
void run_floating(const Tensor& a, const Tensor& b, Tensor& y, double parameter) {
  visit_floating(a.dtype(), "elementwise", [&](auto zero) {
    using T = decltype(zero);
    const T p = static_cast<T>(parameter);
    zip<T, T>(a, b, y, [p](T v, T w) { return F::of(v, w, p); });
  });
}
template <class F>
void run_compare(const Tensor& a, const Tensor& b, Tensor& y, double) {
  visit_any(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    zip<T, bool>(a, b, y, [](T v, T w) { return F::of(v, w, T(0)); });
  });
}
template <class F>
void run_logical(const Tensor& a, const Tensor& b, Tensor& y, double) {
  zip<bool, bool>(a, b, y, [](bool v, bool w) { return F::of(v, w, false); });
}

// The kernels of that name.
template <auto single, auto twofold>
void run_kernel(const Tensor& a, const Tensor& b, Tensor& y, double parameter) {
  visit_floating(a.dtype(), "elementwise", [&](auto zero) {
    using T = decltype(zero);
    const T *pa = a.data<T>(), *pb = b.data<T>(), p = static_cast<T>(parameter);
    T* out = y.data<T>();
    void (*row)(T*, const T*, std::size_t, const T*, std::size_t, std::size_t, T);
    if constexpr (std::is_same_v<T, float>) row = kernels<float>().*single;
    else row = kernels<double>().*twofold;
    BroadcastLoop<2>(y.shape(), {a.shape(), b.shape()})
        .run([&](std::int64_t at, const std::array<std::int64_t, 2>& offset, const std::array<std::int64_t, 2>& step, std::int64_t n) {
          row(out + at, pa + offset[0], static_cast<std::size_t>(step[0]), pb + offset[1], static_cast<std::size_t>(step[1]),
              static_cast<std::size_t>(n), p);
        });
  });
}
template <auto single, auto twofold>
void run_block(DType dtype, void* y, const void* a, const void* b, std::size_t n, double p) {
  if (dtype == DType::float32) {
    (kernels<float>().*single)(static_cast<float*>(y), static_cast<const float*>(a), 1, static_cast<const float*>(b), 1, n, static_cast<float>(p));
  } else {
    (kernels<double>().*twofold)(static_cast<double*>(y), static_cast<const double*>(a), 1, static_cast<const double*>(b), 1, n, p);
  }
}
#define BOTH(name) &Kernels<float>::name, &Kernels<double>::name
#define KERNEL_RUN(name) run_kernel<BOTH(name)>, run_block<BOTH(name)>
template <class F, auto single, auto twofold>
void run_kernel_or(const Tensor& a, const Tensor& b, Tensor& y, double parameter) {
  if (is_floating(a.dtype())) run_kernel<single, twofold>(a, b, y, parameter);
  else run_numeric<F>(a, b, y, parameter);
}
#define KERNEL_OR(F, name) run_kernel_or<F, BOTH(name)>, run_block<BOTH(name)>

#define FUNCTION(Name, ...)                      \
  struct Name {                                  \
    template <class T>                           \
    static auto of(T a, T b, T p) {              \
      (void)p;                                   \
      __VA_ARGS__;                               \
    }                                            \
  };

// Integer arithmetic wraps around, as TensorFlow's does; done unsigned because signed overflow is undefined.
template <class T, class Operation>
T wrapping(T a, T b, Operation operation) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(operation(static_cast<U>(a), static_cast<U>(b)));
  } else {
    return operation(a, b);
  }
}
template <class T>
T floor_divide(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if (b == -1) return wrapping(T(0), a, [](auto v, auto w) { return v - w; });
    return static_cast<T>(a / b - ((a % b != 0) && ((a < 0) != (b < 0))));
  } else {
    return std::floor(a / b);
  }
}
template <class T>
T floor_mod(T a, T b) {  // the sign of the divisor
  if constexpr (std::is_integral_v<T>) {
    if (b == 0 || b == -1) return 0;
    const T r = a % b;
    return r != 0 && ((r < 0) != (b < 0)) ? r + b : r;
  } else {
    const T r = std::fmod(a, b);
    return r != 0 && ((r < 0) != (b < 0)) ? r + b : r;
  }
}
template <class T>
T raise(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b < 0) return a == 1 ? 1 : (a == -1 ? (b % 2 ? -1 : 1) : 0);
    T result = 1;
    for (; b > 0; b >>= 1) {
      if (b & 1) result = wrapping(result, a, [](auto v, auto w) { return v * w; });
      a = wrapping(a, a, [](auto v, auto w) { return v * w; });
    }
    return result;
  } else {
    if (b == T(2)) return a * a;
    if (b == T(3)) return a * a * a;
    if (b == T(-1)) return 1 / a;
    if (b == T(0.5) && a > 0) return std::sqrt(a);
    return std::pow(a, b);
  }
}

FUNCTION(Add, return wrapping(a, b, [](auto v, auto w) { return v + w; }))
FUNCTION(Subtract, return wrapping(a, b, [](auto v, auto w) { return v - w; }))
FUNCTION(Multiply, return wrapping(a, b, [](auto v, auto w) { return v * w; }))
FUNCTION(FloorDivide, return floor_divide(a, b))
FUNCTION(FloorMod, return floor_mod(a, b))
FUNCTION(Power, return raise(a, b))
FUNCTION(Maximum, return static_cast<T>(a >= b || a != a ? a : b))
FUNCTION(Minimum, return static_cast<T>(a <= b || a != a ? a : b))
FUNCTION(SquaredDifference, const T d = a - b; return static_cast<T>(d * d))
FUNCTION(Atan2, return std::atan2(a, b))
FUNCTION(Equal, return a == b)
FUNCTION(NotEqual, return a != b)
FUNCTION(Less, return a < b)
FUNCTION(LessEqual, return a <= b)
FUNCTION(Greater, return a > b)
FUNCTION(GreaterEqual, return a >= b)
FUNCTION(And, return a && b)
FUNCTION(Or, return a || b)
FUNCTION(Xor, return a != b)

// Gradients of unary ops in one pass: a = upstream, b = the op's output (relu, relu6, tanh, sigmoid, elu, selu, hard_sigmoid)
// or its input (leaky_relu, swish, gelu).
constexpr double sqrt_2_over_pi = 0.79788456080286535588, inv_sqrt_2_pi = 0.39894228040143267794;
FUNCTION(ReluGradient, return b > 0 ? a : T(0))
FUNCTION(Relu6Gradient, return b > 0 && b < 6 ? a : T(0))
void run_gelu_gradient(const Tensor& a, const Tensor& b, Tensor& y, double approximate) {
  if (approximate != 0) run_kernel<BOTH(gelu_tanh_gradient)>(a, b, y, 0);
  else run_kernel<BOTH(gelu_gradient)>(a, b, y, 0);
}
void run_gelu_gradient_block(DType dtype, void* y, const void* a, const void* b, std::size_t n, double approximate) {
  if (approximate != 0) run_block<BOTH(gelu_tanh_gradient)>(dtype, y, a, b, n, 0);
  else run_block<BOTH(gelu_gradient)>(dtype, y, a, b, n, 0);
}

using G = const ElementwiseGradient&;
#define GRADIENT(expression) [](G g) -> Value { return expression; }

Value where(const Value& condition, const Value& x) { return select(condition, x, constant_like(x, 0)); }
Value normal_density(const Value& x) { return exp(square(x) * -0.5) * inv_sqrt_2_pi; }

// d/dx of the derivative of swish: s'(2 + x (1 - 2 s)), s' = s (1 - s)
Value swish_second(const Value& x) {
  Value s = sigmoid(x);
  return s * (1.0 - s) * (2.0 + x * (1.0 - s * 2.0));
}
// Exact gelu: density(x) (2 - x^2). Tanh form, t = tanh(u), u = c (x + k x^3): (1 - t^2) (u' + x u'' / 2 - x t u'^2)
Value gelu_second(const Value& x, bool approximate) {
  if (!approximate) return normal_density(x) * (2.0 - square(x));
  constexpr double k = 0.044715;
  Value t = call_unary("tanh", (x + square(x) * x * k) * sqrt_2_over_pi);
  Value u1 = (square(x) * (3 * k) + 1.0) * sqrt_2_over_pi, u2 = x * (6 * k * sqrt_2_over_pi);
  return (1.0 - square(t)) * (u1 + x * u2 * 0.5 - x * t * square(u1));
}
Value with_parameter(const char* name, const char* parameter, G g) {
  return apply1(make_op(name, attributes({{parameter, {g.parameter}}})), {g.upstream(), g.x(1)});
}

const std::vector<BinaryRule>& rules() {
  static const std::vector<BinaryRule> all = {
      {"add", Accepts::numeric, false, KERNEL_OR(Add, add), GRADIENT(g.upstream()), GRADIENT(g.upstream()), nullptr, 0},
      {"subtract", Accepts::numeric, false, KERNEL_OR(Subtract, subtract), GRADIENT(g.upstream()), GRADIENT(-g.upstream()), nullptr, 0},
      {"multiply", Accepts::numeric, false, KERNEL_OR(Multiply, multiply), GRADIENT(g.upstream() * g.x(1)), GRADIENT(g.upstream() * g.x(0)), nullptr,
       0},
      {"divide", Accepts::floating, false, KERNEL_RUN(divide), GRADIENT(g.upstream() / g.x(1)), GRADIENT(-(g.upstream() * g.y() / g.x(1))), nullptr,
       0},
      {"floor_divide", Accepts::numeric, false, run_numeric<FloorDivide>, nullptr, nullptr, nullptr, nullptr, 0},
      {"floor_mod", Accepts::numeric, false, run_numeric<FloorMod>, nullptr, GRADIENT(g.upstream()),
       GRADIENT(-(g.upstream() * call_binary("floor_divide", g.x(0), g.x(1)))), nullptr, 0},
      // at a = 0 the derivative by b is 0, as TensorFlow has it
      {"power", Accepts::numeric, false, run_numeric<Power>, nullptr, GRADIENT(g.upstream() * (g.x(1) * power(g.x(0), g.x(1) - 1.0))),
       GRADIENT(g.upstream() * g.y() * log(select(greater(g.x(0), constant_like(g.x(0), 0)), g.x(0), constant_like(g.x(0), 1)))), nullptr, 0},
      // ties: all to the first
      {"maximum", Accepts::numeric, false, KERNEL_OR(Maximum, maximum), GRADIENT(where(greater_equal(g.x(0), g.x(1)), g.upstream())),
       GRADIENT(where(less(g.x(0), g.x(1)), g.upstream())), nullptr, 0},
      {"minimum", Accepts::numeric, false, KERNEL_OR(Minimum, minimum), GRADIENT(where(less_equal(g.x(0), g.x(1)), g.upstream())),
       GRADIENT(where(greater(g.x(0), g.x(1)), g.upstream())), nullptr, 0},
      {"squared_difference", Accepts::numeric, false, KERNEL_OR(SquaredDifference, squared_difference),
       GRADIENT(g.upstream() * ((g.x(0) - g.x(1)) * 2.0)), GRADIENT(g.upstream() * ((g.x(0) - g.x(1)) * -2.0)), nullptr, 0},
      {"atan2", Accepts::floating, false, run_floating<Atan2>, nullptr, GRADIENT(g.upstream() * g.x(1) / (square(g.x(0)) + square(g.x(1)))),
       GRADIENT(-(g.upstream() * g.x(0) / (square(g.x(0)) + square(g.x(1))))), nullptr, 0},
      {"multiply_no_nan", Accepts::floating, false, KERNEL_RUN(multiply_no_nan),
       GRADIENT(call_binary("multiply_no_nan", g.upstream(), g.x(1))), GRADIENT(call_binary("multiply_no_nan", g.x(0), g.upstream())), nullptr, 0},
      {"divide_no_nan", Accepts::floating, false, KERNEL_RUN(divide_no_nan), GRADIENT(call_binary("divide_no_nan", g.upstream(), g.x(1))),
       GRADIENT(-(g.upstream() * call_binary("divide_no_nan", g.y(), g.x(1)))), nullptr, 0},
      // (labels, logits)
      {"sigmoid_cross_entropy", Accepts::floating, false, KERNEL_RUN(sigmoid_cross_entropy), GRADIENT(-(g.upstream() * g.x(1))),
       GRADIENT(g.upstream() * (sigmoid(g.x(1)) - g.x(0))), nullptr, 0},
      // 1 where they are equal, else 0
      {"equal_number", Accepts::floating, false, KERNEL_RUN(equal_number), nullptr, nullptr, nullptr, 0},

      {"equal", Accepts::any, true, run_compare<Equal>, nullptr, nullptr, nullptr, nullptr, 0},
      {"not_equal", Accepts::any, true, run_compare<NotEqual>, nullptr, nullptr, nullptr, nullptr, 0},
      {"less", Accepts::numeric, true, run_compare<Less>, nullptr, nullptr, nullptr, nullptr, 0},
      {"less_equal", Accepts::numeric, true, run_compare<LessEqual>, nullptr, nullptr, nullptr, nullptr, 0},
      {"greater", Accepts::numeric, true, run_compare<Greater>, nullptr, nullptr, nullptr, nullptr, 0},
      {"greater_equal", Accepts::numeric, true, run_compare<GreaterEqual>, nullptr, nullptr, nullptr, nullptr, 0},
      {"logical_and", Accepts::boolean, true, run_logical<And>, nullptr, nullptr, nullptr, nullptr, 0},
      {"logical_or", Accepts::boolean, true, run_logical<Or>, nullptr, nullptr, nullptr, nullptr, 0},
      {"logical_xor", Accepts::boolean, true, run_logical<Xor>, nullptr, nullptr, nullptr, nullptr, 0},

      // second derivatives of the piecewise linear ones are 0
      {"relu_gradient", Accepts::numeric, false, KERNEL_OR(ReluGradient, relu_gradient), GRADIENT(call_binary("relu_gradient", g.upstream(), g.x(1))),
       nullptr, nullptr, 0},
      {"relu6_gradient", Accepts::numeric, false, KERNEL_OR(Relu6Gradient, relu6_gradient),
       GRADIENT(call_binary("relu6_gradient", g.upstream(), g.x(1))), nullptr, nullptr, 0},
      {"hard_sigmoid_gradient", Accepts::floating, false, KERNEL_RUN(hard_sigmoid_gradient),
       GRADIENT(call_binary("hard_sigmoid_gradient", g.upstream(), g.x(1))), nullptr, nullptr, 0},
      {"leaky_relu_gradient", Accepts::floating, false, KERNEL_RUN(leaky_relu_gradient), GRADIENT(with_parameter("leaky_relu_gradient", "alpha", g)),
       nullptr, "alpha", 0.2},
      {"elu_gradient", Accepts::floating, false, KERNEL_RUN(elu_gradient), GRADIENT(with_parameter("elu_gradient", "alpha", g)),
       GRADIENT(where(less_equal(g.x(1), constant_like(g.x(1), 0)), g.upstream() * g.x(0))), "alpha", 1},
      {"selu_gradient", Accepts::floating, false, KERNEL_RUN(selu_gradient), GRADIENT(call_binary("selu_gradient", g.upstream(), g.x(1))),
       GRADIENT(where(less_equal(g.x(1), constant_like(g.x(1), 0)), g.upstream() * g.x(0))), nullptr, 0},
      {"tanh_gradient", Accepts::floating, false, KERNEL_RUN(tanh_gradient), GRADIENT(call_binary("tanh_gradient", g.upstream(), g.x(1))),
       GRADIENT(g.upstream() * g.x(0) * (g.x(1) * -2.0)), nullptr, 0},
      {"sigmoid_gradient", Accepts::floating, false, KERNEL_RUN(sigmoid_gradient), GRADIENT(call_binary("sigmoid_gradient", g.upstream(), g.x(1))),
       GRADIENT(g.upstream() * g.x(0) * (1.0 - g.x(1) * 2.0)), nullptr, 0},
      {"swish_gradient", Accepts::floating, false, KERNEL_RUN(swish_gradient), GRADIENT(call_binary("swish_gradient", g.upstream(), g.x(1))),
       GRADIENT(g.upstream() * g.x(0) * swish_second(g.x(1))), nullptr, 0},
      {"gelu_gradient", Accepts::floating, false, run_gelu_gradient, run_gelu_gradient_block,
       GRADIENT(with_parameter("gelu_gradient", "approximate", g)), GRADIENT(g.upstream() * g.x(0) * gelu_second(g.x(1), g.parameter != 0)),
       "approximate", 0},
  };
  return all;
}
const bool registered = register_binary(rules());

}  // namespace
}  // namespace keratin
