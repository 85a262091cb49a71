#include "op.h"

#include <cmath>
#include <unordered_map>

#include "graph.h"

namespace keratin {

Values Op::gradient(const GradientContext& g) const { return Values(g.node->inputs.size()); }

// Values and nodes form long chains (an unrolled recurrence has thousands of links). Letting the destructors recurse would overflow
// the stack, so a dying node hands its inputs to the outermost dying node, which drops them one by one.
Node::~Node() {
  static thread_local std::vector<Values>* pending = nullptr;
  if (pending) {
    pending->push_back(std::move(inputs));
    return;
  }
  std::vector<Values> queue;
  queue.push_back(std::move(inputs));
  pending = &queue;
  while (!queue.empty()) {
    Values next = std::move(queue.back());
    queue.pop_back();
    next.clear();
  }
  pending = nullptr;
}

Value output_of(const NodePtr& node, int index) {
  if (Value alive = node->outputs[index].lock()) return alive;
  auto value = std::make_shared<ValueImpl>();
  value->type = node->output_types[index];
  if (!node->output_tensors.empty()) value->tensor = node->output_tensors[index];
  value->producer = node;
  value->output_index = index;
  node->outputs[index] = value;
  return value;
}

// ---- attributes
bool Attributes::has(const std::string& name) const { return numbers_.count(name) || strings_.count(name); }

double Attributes::number(const std::string& name) const {
  auto found = numbers_.find(name);
  if (found == numbers_.end() || found->second.empty()) fail_argument("`", name, "` is missing.");
  return found->second[0];
}
double Attributes::number(const std::string& name, double otherwise) const { return has(name) ? number(name) : otherwise; }

namespace {
std::int64_t whole(const std::string& name, double value) {
  if (std::isnan(value)) return unknown_size;
  if (value != std::floor(value) || std::fabs(value) > 9007199254740992.0)
    fail_argument("`", name, "` must be a whole number. Received: ", value, ".");
  return static_cast<std::int64_t>(value);
}
}  // namespace

std::int64_t Attributes::integer(const std::string& name) const { return whole(name, number(name)); }
std::int64_t Attributes::integer(const std::string& name, std::int64_t otherwise) const { return has(name) ? integer(name) : otherwise; }
bool Attributes::flag(const std::string& name, bool otherwise) const {
  if (!has(name)) return otherwise;
  const double value = number(name);
  if (std::isnan(value)) fail_argument("`", name, "` must be TRUE or FALSE. Received: NA.");
  return value != 0;
}
std::string Attributes::string(const std::string& name) const {
  auto found = strings_.find(name);
  if (found == strings_.end() || found->second.empty()) fail_argument("`", name, "` is missing.");
  return found->second[0];
}
std::string Attributes::string(const std::string& name, const std::string& otherwise) const { return has(name) ? string(name) : otherwise; }
std::vector<double> Attributes::numbers(const std::string& name) const {
  auto found = numbers_.find(name);
  return found == numbers_.end() ? std::vector<double>{} : found->second;
}
std::vector<std::int64_t> Attributes::integers(const std::string& name) const {
  std::vector<std::int64_t> out;
  for (double value : numbers(name)) out.push_back(whole(name, value));
  return out;
}
std::vector<std::string> Attributes::strings(const std::string& name) const {
  auto found = strings_.find(name);
  return found == strings_.end() ? std::vector<std::string>{} : found->second;
}
DType Attributes::dtype(const std::string& name) const { return dtype_from_name(string(name)); }
DType Attributes::dtype(const std::string& name, DType otherwise) const { return has(name) ? dtype(name) : otherwise; }
Shape Attributes::shape(const std::string& name) const { return Shape(integers(name)); }

// ---- registry
namespace {
std::unordered_map<std::string, OpFactory>& registry() {
  static auto* instance = new std::unordered_map<std::string, OpFactory>;
  return *instance;
}
}  // namespace

OpRegistration::OpRegistration(const char* name, OpFactory factory) { registry()[name] = std::move(factory); }

OpPtr make_op(const std::string& name, const Attributes& attributes) {
  auto found = registry().find(name);
  if (found == registry().end()) fail_internal("there is no op \"", name, "\".");
  return found->second(attributes);
}

std::vector<std::string> registered_ops() {
  std::vector<std::string> names;
  for (const auto& entry : registry()) names.push_back(entry.first);
  return names;
}

Value constant(Tensor tensor) {
  auto value = std::make_shared<ValueImpl>();
  value->type = tensor.type();
  value->tensor = std::move(tensor);
  return value;
}

Value constant_like(const Value& like, double number) { return constant(filled(like->type.dtype, Shape{}, number)); }

}  // namespace keratin
