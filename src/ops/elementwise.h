#pragma once
#include "functions.h"

// What the families of elementwise ops share: a rule is a row of a table, `Unary` and `Binary` make it an op.
namespace keratin {

enum class Accepts { numeric, floating, boolean, any };
void check_accepts(Accepts accepts, DType dtype, const char* op);

// What a gradient rule sees. `parameter` is the op's one setting, if it has one (alpha, ...).
struct ElementwiseGradient {
  const GradientContext& context;
  double parameter;
  Value x(int i = 0) const { return context.input(i); }
  Value y() const { return context.output(); }
  Value upstream() const { return context.upstream(); }
};

struct UnaryRule {
  const char* name;
  Accepts accepts;
  bool gives_boolean;
  void (*run)(const Tensor& x, Tensor& y, double parameter);
  Value (*gradient)(const ElementwiseGradient& g);  // null: no gradient
  const char* parameter_name;
  double parameter_default;
};

struct BinaryRule {
  const char* name;
  Accepts accepts;
  bool gives_boolean;
  void (*run)(const Tensor& a, const Tensor& b, Tensor& y, double parameter);
  Value (*gradient_a)(const ElementwiseGradient& g);
  Value (*gradient_b)(const ElementwiseGradient& g);
  const char* parameter_name;
  double parameter_default;
};

// The rules must outlive the program.
bool register_unary(const std::vector<UnaryRule>& rules);
bool register_binary(const std::vector<BinaryRule>& rules);

}  // namespace keratin
