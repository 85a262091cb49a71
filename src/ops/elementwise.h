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
  // n neighbouring elements, float32 or float64; null: there is no kernel. What has one can be part of a chain.
  void (*block)(DType dtype, void* y, const void* x, std::size_t n, double parameter);
  Value (*gradient)(const ElementwiseGradient& g);  // null: no gradient
  const char* parameter_name;
  double parameter_default;
};

struct BinaryRule {
  const char* name;
  Accepts accepts;
  bool gives_boolean;
  void (*run)(const Tensor& a, const Tensor& b, Tensor& y, double parameter);
  void (*block)(DType dtype, void* y, const void* a, const void* b, std::size_t n, double parameter);
  Value (*gradient_a)(const ElementwiseGradient& g);
  Value (*gradient_b)(const ElementwiseGradient& g);
  const char* parameter_name;
  double parameter_default;
};

// One of several elementwise ops done block by block, so that what lies between them never leaves the nearest cache.
struct ChainStep {
  const UnaryRule* unary = nullptr;
  const BinaryRule* binary = nullptr;
  double parameter = 0;
  // Operands: from 0 inputs of the chain, below 0 results of its steps (-1: of the first). Each result is read once.
  int a = 0, b = 0;
  int slot = 0;  // of working memory, where the result is kept
};
using ChainSteps = std::vector<ChainStep>;

// A chain can end in a sum or mean of its result.
enum class Summing { no, sum, mean };
class SummingOp : public Op {
 public:
  virtual Summing summing() const = 0;
  virtual std::vector<bool> mask(int rank) const = 0;  // the axes that go
};

// What can be joined with others of its kind: by the planner where the one in between has no other reader.
class ElementwiseOp : public Op {
 public:
  virtual ChainSteps chain() const = 0;  // empty: cannot be part of one
  OpPtr absorb(const Op& next, int position, const Types& inputs, const Types& next_inputs) const override;
};
// For ops that only stretch their one input: a chain does that as it reads.
OpPtr absorb_stretched(const Op& next, int position, const Types& inputs, const Types& next_inputs);
void run_chain(const ChainSteps& steps, int slots, const Tensors& inputs, Tensor& output);

// The rules must outlive the program.
bool register_unary(const std::vector<UnaryRule>& rules);
bool register_binary(const std::vector<BinaryRule>& rules);

}  // namespace keratin
