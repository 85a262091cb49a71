#include <cmath>
#include <cstring>
#include <utility>

#include "../core/thread_pool.h"
#include "../graph/op.h"
#include "../kernels/dispatch.h"

// One op for the step of each optimizer: parameter, slots, gradient and scalars in, new parameter and slots out, each written over the
// old one where the planner allows. Formulas: Keras 2.15's optimizers.
namespace keratin {
namespace {

constexpr std::int64_t optimizer_grain = 32768;

double scalar(const Tensor& t) {
  double value = 0;
  visit_numeric(t.dtype(), "a scalar", [&](auto zero) { value = static_cast<double>(*t.data<decltype(zero)>()); });
  return value;
}

// Inputs: parameter, `slots` slots, gradient, then scalars: learning_rate and what else the optimizer needs. With `average_momentum` there is a
// last slot, a moving average of the parameter, and a last scalar: not 0 in the steps in which the parameter takes over its average.
class OptimizerStep : public Op {
 public:
  OptimizerStep(const char* name, int slots, int scalars, const Attributes& a)
      : name_(name), averages_(a.has("average_momentum")), slots_(slots + averages_), scalars_(scalars + averages_),
        weight_decay_(a.number("weight_decay", 0)), average_momentum_(a.number("average_momentum", 0)) {}
  const char* name() const override { return name_; }

  Types infer(const Types& inputs) const override {
    const std::size_t expected = static_cast<std::size_t>(2 + slots_ + scalars_);
    if (inputs.size() != expected) fail_argument(name_, ": takes ", expected, " inputs. Received: ", inputs.size());
    const TensorType& parameter = inputs[0];
    if (!is_floating(parameter.dtype)) fail_argument(name_, ": takes a float32 or float64 parameter. Received: ", name_of(parameter.dtype));
    for (int i = 1; i <= slots_ + 1; ++i) {
      const bool fits = inputs[i].dtype == parameter.dtype && inputs[i].shape.rank() == parameter.shape.rank();
      bool same = fits;
      for (int k = 0; same && k < parameter.shape.rank(); ++k) same = sizes_fit(inputs[i].shape[k], parameter.shape[k]);
      if (!same) {
        fail_shape(name_, ": the ", i == slots_ + 1 ? "gradient" : "slot", " has shape ", inputs[i].shape, " and dtype ", name_of(inputs[i].dtype),
                   ", the parameter ", parameter.shape, " and ", name_of(parameter.dtype), ".");
      }
    }
    for (std::size_t i = static_cast<std::size_t>(slots_) + 2; i < inputs.size(); ++i) {
      if (inputs[i].shape.rank() != 0) fail_shape(name_, ": takes scalars after the gradient. Received shape ", inputs[i].shape, ".");
    }
    return Types(static_cast<std::size_t>(1 + slots_), parameter);
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].raw() != inputs[i].raw() && outputs[i].bytes() > 0) std::memcpy(outputs[i].raw(), inputs[i].raw(), outputs[i].bytes());
    }
    std::vector<double> given;
    for (std::size_t i = static_cast<std::size_t>(slots_) + 2; i < inputs.size(); ++i) given.push_back(scalar(inputs[i]));
    const double keep = 1.0 - weight_decay_ * given[0];
    const std::vector<double> settings = scalars(given, keep);
    visit_floating(outputs[0].dtype(), name_, [&](auto zero) {
      using T = decltype(zero);
      const std::vector<T> s(settings.begin(), settings.end());
      const T* gradient = inputs[static_cast<std::size_t>(slots_) + 1].data<T>();
      parallel_ranges(outputs[0].size(), optimizer_grain, [&](std::int64_t begin, std::int64_t end) {
        T* state[5] = {};
        for (int i = 0; i <= slots_; ++i) state[i] = outputs[i].data<T>() + begin;
        const std::size_t n = static_cast<std::size_t>(end - begin);
        T* average = averages_ ? std::exchange(state[slots_], nullptr) : nullptr;
        step(state, gradient + begin, n, s.data());
        if (!averages_) return;
        const T settings[] = {static_cast<T>(average_momentum_ - 1), static_cast<T>(average_momentum_)};   // average <- keep average - rate parameter
        kernels<T>().sgd(average, state[0], n, settings);
        if (given.back() != 0) std::memcpy(state[0], average, n * sizeof(T));
      });
    });
  }
  int in_place_input(int output) const override { return output; }
  bool is_differentiable() const override { return false; }

 protected:
  virtual std::vector<double> scalars(const std::vector<double>& given, double keep) const = 0;
  virtual void step(float* const* state, const float* gradient, std::size_t n, const float* s) const = 0;
  virtual void step(double* const* state, const double* gradient, std::size_t n, const double* s) const = 0;

 private:
  const char* name_;
  bool averages_;
  int slots_, scalars_;
  double weight_decay_, average_momentum_;
};

// The two `step` overloads from one expression over `T`.
#define STEP(...)                                                                                                                          \
  void step(float* const* state, const float* gradient, std::size_t n, const float* s) const override { step_of(state, gradient, n, s); }     \
  void step(double* const* state, const double* gradient, std::size_t n, const double* s) const override { step_of(state, gradient, n, s); } \
  template <class T>                                                                                                                       \
  void step_of(T* const* state, const T* gradient, std::size_t n, const T* s) const {                                                      \
    __VA_ARGS__;                                                                                                                           \
  }

class Sgd : public OptimizerStep {
 public:
  explicit Sgd(const Attributes& a)
      : OptimizerStep("sgd_update", a.number("momentum", 0) != 0 ? 1 : 0, 1, a), momentum_(a.number("momentum", 0)), nesterov_(a.flag("nesterov")) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override {
    return {given[0], keep, momentum_, nesterov_ ? 1.0 : 0.0};
  }
  STEP(if (momentum_ != 0) kernels<T>().sgd_momentum(state[0], state[1], gradient, n, s); else kernels<T>().sgd(state[0], gradient, n, s))

 private:
  double momentum_;
  bool nesterov_;
};
REGISTER_OP("sgd_update", [](const Attributes& a) { return std::make_shared<Sgd>(a); });

class Adam : public OptimizerStep {
 public:
  explicit Adam(const Attributes& a)
      : OptimizerStep("adam_update", a.flag("amsgrad") ? 3 : 2, 2, a), beta_1_(a.number("beta_1", 0.9)), beta_2_(a.number("beta_2", 0.999)),
        epsilon_(a.number("epsilon", 1e-7)) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override {
    const double t = given[1], alpha = given[0] * std::sqrt(1 - std::pow(beta_2_, t)) / (1 - std::pow(beta_1_, t));
    return {alpha, keep, 1 - beta_1_, 1 - beta_2_, epsilon_};
  }
  STEP(kernels<T>().adam(state[0], state[1], state[2], state[3], gradient, n, s))

 private:
  double beta_1_, beta_2_, epsilon_;
};
REGISTER_OP("adam_update", [](const Attributes& a) { return std::make_shared<Adam>(a); });

class Adamax : public OptimizerStep {
 public:
  explicit Adamax(const Attributes& a)
      : OptimizerStep("adamax_update", 2, 2, a),
        beta_1_(a.number("beta_1", 0.9)),
        beta_2_(a.number("beta_2", 0.999)),
        epsilon_(a.number("epsilon", 1e-7)) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override {
    return {given[0] / (1 - std::pow(beta_1_, given[1])), keep, 1 - beta_1_, beta_2_, epsilon_};
  }
  STEP(kernels<T>().adamax(state[0], state[1], state[2], gradient, n, s))

 private:
  double beta_1_, beta_2_, epsilon_;
};
REGISTER_OP("adamax_update", [](const Attributes& a) { return std::make_shared<Adamax>(a); });

// Slots: velocity; the mean of the gradient if centered; momentum if there is any.
class RmsProp : public OptimizerStep {
 public:
  explicit RmsProp(const Attributes& a)
      : OptimizerStep("rmsprop_update", 1 + a.flag("centered") + (a.number("momentum", 0) != 0), 1, a), rho_(a.number("rho", 0.9)),
        momentum_(a.number("momentum", 0)), epsilon_(a.number("epsilon", 1e-7)), centered_(a.flag("centered")) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override {
    return {given[0], keep, rho_, 1 - rho_, epsilon_, momentum_};
  }
  STEP(T* mean = centered_ ? state[2] : nullptr; T* momentum = momentum_ == 0 ? nullptr : state[centered_ ? 3 : 2];
       kernels<T>().rmsprop(state[0], state[1], mean, momentum, gradient, n, s))

 private:
  double rho_, momentum_, epsilon_;
  bool centered_;
};
REGISTER_OP("rmsprop_update", [](const Attributes& a) { return std::make_shared<RmsProp>(a); });

class Adagrad : public OptimizerStep {
 public:
  explicit Adagrad(const Attributes& a) : OptimizerStep("adagrad_update", 1, 1, a), epsilon_(a.number("epsilon", 1e-7)) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override { return {given[0], keep, epsilon_}; }
  STEP(kernels<T>().adagrad(state[0], state[1], gradient, n, s))

 private:
  double epsilon_;
};
REGISTER_OP("adagrad_update", [](const Attributes& a) { return std::make_shared<Adagrad>(a); });

class Adadelta : public OptimizerStep {
 public:
  explicit Adadelta(const Attributes& a)
      : OptimizerStep("adadelta_update", 2, 1, a), rho_(a.number("rho", 0.95)), epsilon_(a.number("epsilon", 1e-7)) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override { return {given[0], keep, rho_, 1 - rho_, epsilon_}; }
  STEP(kernels<T>().adadelta(state[0], state[1], state[2], gradient, n, s))

 private:
  double rho_, epsilon_;
};
REGISTER_OP("adadelta_update", [](const Attributes& a) { return std::make_shared<Adadelta>(a); });

// u_t = beta_1 (1 - 0.96^t / 2); the third scalar is the product of u_1 ... u_t.
class Nadam : public OptimizerStep {
 public:
  explicit Nadam(const Attributes& a)
      : OptimizerStep("nadam_update", 2, 3, a),
        beta_1_(a.number("beta_1", 0.9)),
        beta_2_(a.number("beta_2", 0.999)),
        epsilon_(a.number("epsilon", 1e-7)) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override {
    const double t = given[1], product = given[2];
    const double u = beta_1_ * (1 - 0.5 * std::pow(0.96, t)), next_u = beta_1_ * (1 - 0.5 * std::pow(0.96, t + 1));
    return {
        given[0], keep, 1 - beta_1_, 1 - beta_2_, epsilon_, next_u / (1 - product * next_u), (1 - u) / (1 - product), 1 / (1 - std::pow(beta_2_, t))};
  }
  STEP(kernels<T>().nadam(state[0], state[1], state[2], gradient, n, s))

 private:
  double beta_1_, beta_2_, epsilon_;
};
REGISTER_OP("nadam_update", [](const Attributes& a) { return std::make_shared<Nadam>(a); });

// McMahan et al., "Ad click prediction" (2013), with Keras's l2 shrinkage and beta.
class Ftrl : public OptimizerStep {
 public:
  explicit Ftrl(const Attributes& a)
      : OptimizerStep("ftrl_update", 2, 1, a), power_(a.number("learning_rate_power", -0.5)), l1_(a.number("l1", 0)), l2_(a.number("l2", 0)),
        shrinkage_(a.number("l2_shrinkage", 0)), beta_(a.number("beta", 0)) {}

 protected:
  std::vector<double> scalars(const std::vector<double>& given, double keep) const override {
    return {given[0], keep, -power_, l1_, 2 * (l2_ + beta_ / (2 * given[0])), 2 * shrinkage_};
  }
  STEP(if (power_ == -0.5) {
    const T settings[] = {s[0], s[1], s[3], s[4], s[5]};
    kernels<T>().ftrl(state[0], state[1], state[2], gradient, n, settings);
    return;
  }
  T *p = state[0], *accumulator = state[1], *linear = state[2]; for (std::size_t i = 0; i < n; ++i) {
    const T parameter = p[i] * s[1], g = gradient[i], total = accumulator[i] + g * g;
    const T power_new = std::pow(total, s[2]), power_old = std::pow(accumulator[i], s[2]);
    linear[i] += g + s[5] * parameter - (power_new - power_old) / s[0] * parameter;
    const T clipped = linear[i] > s[3] ? s[3] : (linear[i] < -s[3] ? -s[3] : linear[i]);
    p[i] = (clipped - linear[i]) / (power_new / s[0] + s[4]);
    accumulator[i] = total;
  })

 private:
  double power_, l1_, l2_, shrinkage_, beta_;
};
REGISTER_OP("ftrl_update", [](const Attributes& a) { return std::make_shared<Ftrl>(a); });

}  // namespace
}  // namespace keratin
