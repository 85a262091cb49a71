#include "elementwise.h"

#include "broadcast.h"
#include "large_result.h"

namespace keratin {

void check_accepts(Accepts accepts, DType dtype, const char* op) {
  switch (accepts) {
    case Accepts::any: return;
    case Accepts::boolean:
      if (dtype != DType::boolean) fail_argument(op, ": takes bool. Received: ", name_of(dtype));
      return;
    case Accepts::floating:
      if (!is_floating(dtype)) fail_argument(op, ": takes float32 or float64. Received: ", name_of(dtype), "; use k_cast().");
      return;
    case Accepts::numeric:
      if (!is_floating(dtype) && !is_integer(dtype)) fail_argument(op, ": takes numbers. Received: ", name_of(dtype));
      return;
  }
}

namespace {

class Unary : public ElementwiseOp {
 public:
  Unary(const UnaryRule& rule, double parameter) : rule_(rule), parameter_(parameter) {}
  const char* name() const override { return rule_.name; }

  Types infer(const Types& inputs) const override {
    check_accepts(rule_.accepts, inputs.at(0).dtype, rule_.name);
    return {{rule_.gives_boolean ? DType::boolean : inputs[0].dtype, inputs[0].shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    if (rule_.block && is_floating(inputs[0].dtype()) && is_large_result(outputs[0], inputs)) run_chain(chain(), 1, inputs, outputs[0]);
    else rule_.run(inputs[0], outputs[0], parameter_);
  }
  bool is_differentiable() const override { return rule_.gradient != nullptr; }
  Values gradient(const GradientContext& g) const override {
    return {rule_.gradient ? rule_.gradient(ElementwiseGradient{g, parameter_}) : nullptr};
  }
  int in_place_input(int) const override { return rule_.gives_boolean ? -1 : 0; }
  ChainSteps chain() const override {
    if (!rule_.block) return {};
    ChainStep step;
    step.unary = &rule_;
    step.parameter = parameter_;
    return {step};
  }

 private:
  const UnaryRule& rule_;
  double parameter_;
};

class Binary : public ElementwiseOp {
 public:
  Binary(const BinaryRule& rule, double parameter) : rule_(rule), parameter_(parameter) {}
  const char* name() const override { return rule_.name; }

  Types infer(const Types& inputs) const override {
    if (inputs.size() != 2) fail_argument(rule_.name, ": takes two inputs. Received: ", inputs.size());
    const TensorType &a = inputs[0], &b = inputs[1];
    if (a.dtype != b.dtype) {
      fail_argument(rule_.name, ": the two inputs must have one dtype. Received: ", name_of(a.dtype), " and ", name_of(b.dtype), "; use k_cast().");
    }
    check_accepts(rule_.accepts, a.dtype, rule_.name);
    return {{rule_.gives_boolean ? DType::boolean : a.dtype, broadcast(a.shape, b.shape, rule_.name)}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const bool in_blocks = rule_.block && is_floating(inputs[0].dtype());
    if (in_blocks && (has_short_rows(outputs[0].shape(), inputs) || is_large_result(outputs[0], inputs))) run_chain(chain(), 1, inputs, outputs[0]);
    else rule_.run(inputs[0], inputs[1], outputs[0], parameter_);
  }
  bool is_differentiable() const override { return rule_.gradient_a != nullptr || rule_.gradient_b != nullptr; }
  Values gradient(const GradientContext& g) const override {
    const ElementwiseGradient e{g, parameter_};
    Values result(2);
    if (g.wants(0) && rule_.gradient_a) result[0] = sum_to(rule_.gradient_a(e), g.input(0));
    if (g.wants(1) && rule_.gradient_b) result[1] = sum_to(rule_.gradient_b(e), g.input(1));
    return result;
  }
  int in_place_input(int) const override { return rule_.gives_boolean ? -1 : 0; }
  ChainSteps chain() const override {
    if (!rule_.block) return {};
    ChainStep step;
    step.binary = &rule_;
    step.parameter = parameter_;
    step.b = 1;
    return {step};
  }

 private:
  // Rows along which both inputs advance evenly, too short for a call of the kernel each.
  static bool has_short_rows(const Shape& output, const Tensors& inputs) {
    const std::int64_t total = output.elements();
    return total >= 1024 && BroadcastLoop<2>(output, {inputs[0].shape(), inputs[1].shape()}).row() < 256;
  }
  const BinaryRule& rule_;
  double parameter_;
};

// Ops without a setting are made once.
template <class RuleOp, class Rule>
void register_rule(const Rule& rule) {
  if (rule.parameter_name == nullptr) {
    OpPtr only = std::make_shared<RuleOp>(rule, 0.0);
    OpRegistration(rule.name, [only](const Attributes&) { return only; });
  } else {
    OpRegistration(rule.name, [&rule](const Attributes& a) {
      return std::make_shared<RuleOp>(rule, a.number(rule.parameter_name, rule.parameter_default));
    });
  }
}

}  // namespace

bool register_unary(const std::vector<UnaryRule>& rules) {
  for (const UnaryRule& rule : rules) register_rule<Unary>(rule);
  return true;
}
bool register_binary(const std::vector<BinaryRule>& rules) {
  for (const BinaryRule& rule : rules) register_rule<Binary>(rule);
  return true;
}

}  // namespace keratin
