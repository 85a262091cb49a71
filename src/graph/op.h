#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../core/tensor.h"

namespace keratin {

class Op;
struct Node;
struct ValueImpl;
struct Variable;
using OpPtr = std::shared_ptr<const Op>;
using NodePtr = std::shared_ptr<Node>;
using VariablePtr = std::shared_ptr<Variable>;
using Value = std::shared_ptr<ValueImpl>;

// A list whose elements are asked for by position; asking for one that is not there is an error, not a crash. Ops can be
// called from R with any number of inputs, and check the number by using them.
template <class T>
class List : public std::vector<T> {
 public:
  using std::vector<T>::vector;
  const T& operator[](std::size_t i) const {
    check(i);
    return std::vector<T>::operator[](i);
  }
  T& operator[](std::size_t i) {
    check(i);
    return std::vector<T>::operator[](i);
  }

 private:
  void check(std::size_t i) const {
    if (i >= this->size()) fail_argument("too few inputs: at least ", i + 1, " are needed. Received: ", this->size(), ".");
  }
};
using Values = List<Value>;
using Types = List<TensorType>;
using Tensors = List<Tensor>;

// What flows between ops: a tensor (eager), or the promise of one (traced: `tensor` is empty).
struct ValueImpl {
  TensorType type;
  Tensor tensor;
  NodePtr producer;       // recorded op that made it; null for constants, placeholders and variables
  int output_index = 0;
  VariablePtr variable;   // set if this is a variable as read
  bool is_symbolic() const { return tensor.empty(); }
};

// One recorded application of an op.
struct Node {
  OpPtr op;
  Values inputs;
  Types output_types;
  Tensors output_tensors;                          // eager only
  std::vector<std::weak_ptr<ValueImpl>> outputs;
  int id = 0;
  ~Node();                                         // long chains are taken apart without recursion
};
Value output_of(const NodePtr& node, int index);

// Settings that come with an op from R: every number as a double, every flag as 0 or 1.
class Attributes {
 public:
  void set(const std::string& name, std::vector<double> numbers) { numbers_[name] = std::move(numbers); }
  void set(const std::string& name, std::vector<std::string> strings) { strings_[name] = std::move(strings); }

  bool has(const std::string& name) const;
  double number(const std::string& name) const;  // fails naming the attribute if absent
  double number(const std::string& name, double otherwise) const;
  std::int64_t integer(const std::string& name) const;
  std::int64_t integer(const std::string& name, std::int64_t otherwise) const;
  bool flag(const std::string& name, bool otherwise = false) const;
  std::string string(const std::string& name) const;
  std::string string(const std::string& name, const std::string& otherwise) const;
  std::vector<double> numbers(const std::string& name) const;        // empty if absent
  std::vector<std::int64_t> integers(const std::string& name) const;  // empty if absent
  std::vector<std::string> strings(const std::string& name) const;
  DType dtype(const std::string& name) const;
  DType dtype(const std::string& name, DType otherwise) const;
  Shape shape(const std::string& name) const;

 private:
  std::map<std::string, std::vector<double>> numbers_;
  std::map<std::string, std::vector<std::string>> strings_;
};

// What a run may draw on besides its inputs.
struct RunContext {
  std::uint64_t seed = 0;    // fresh for every run of a program, every eager call; drawn from R's generator
  std::uint32_t stream = 0;  // tells the random ops of one program apart
};

// What `gradient` sees. Upstream values are null where an output does not reach the target.
struct GradientContext {
  const NodePtr& node;
  const Values& upstreams;
  const std::vector<bool>& wanted;  // which inputs need a gradient
  const Value& input(int i) const { return node->inputs[i]; }
  Value output(int i = 0) const { return output_of(node, i); }
  const Value& upstream(int i = 0) const { return upstreams[i]; }
  bool wants(int i) const { return wanted[i]; }
};

// An op is one thing in three modes: run at once (eager), run and remembered (taped), only remembered (traced).
class Op {
 public:
  virtual ~Op() = default;
  virtual const char* name() const = 0;

  // Types of the outputs from the types of the inputs. Sizes may be unknown. All argument errors are raised here.
  virtual Types infer(const Types& inputs) const = 0;

  // Computes into outputs, whose memory has the types that `infer` gave for these inputs.
  virtual void run(const Tensors& inputs, Tensors& outputs, const RunContext& context) const = 0;

  // One value per input (null: no gradient), written in ops, so that it can be differentiated again.
  virtual Values gradient(const GradientContext& g) const;
  virtual bool is_differentiable() const { return true; }

  // Draws random numbers or otherwise must not be computed ahead of a run.
  virtual bool is_stateful() const { return false; }

  // One object may serve every application with these settings (not: an op that remembers something of its applications).
  virtual bool may_be_shared() const { return true; }

  // Index of an input whose memory the output may take over when nobody else needs it (-1: none). An op that says so must
  // give the right answer when both are the same memory.
  virtual int in_place_input(int /*output*/) const { return -1; }

  // The output is the input's memory under another shape (reshape, identity): no work at run time.
  virtual bool is_view() const { return false; }

  // Fusion: an op that does the work of this one followed by `next` (this op's output being input `position` of `next`),
  // taking this op's inputs followed by the other inputs of `next`. Null: cannot.
  virtual OpPtr absorb(const Op& /*next*/, int /*position*/, const Types& /*inputs*/, const Types& /*next_inputs*/) const { return nullptr; }
};

// ---- registry: an op's file names it once, and R reaches it by that name
using OpFactory = std::function<OpPtr(const Attributes&)>;
struct OpRegistration {
  OpRegistration(const char* name, OpFactory factory);
};
OpPtr make_op(const std::string& name, const Attributes& attributes);
std::vector<std::string> registered_ops();

#define KERATIN_JOIN_(a, b) a##b
#define KERATIN_JOIN(a, b) KERATIN_JOIN_(a, b)
// REGISTER_OP("reduce_sum", [](const Attributes& a) { return std::make_shared<ReduceSum>(a); });
#define REGISTER_OP(op_name, ...) static const ::keratin::OpRegistration KERATIN_JOIN(registration_, __LINE__)(op_name, __VA_ARGS__)

// ---- applying ops
Values apply(const OpPtr& op, const Values& inputs);                       // in the mode that is on
inline Value apply1(const OpPtr& op, const Values& inputs) { return apply(op, inputs)[0]; }
Value constant(Tensor tensor);
Value constant_like(const Value& like, double value);                      // a scalar of the same dtype

}  // namespace keratin
