// The three modes: what `apply`, `read` and `assign` do when running at once, taping, and tracing.
#include <algorithm>
#include <cstring>

#include "graph.h"
#include "interrupt.h"

namespace keratin {
namespace {

std::vector<GraphPtr>& traces() {
  static auto* stack = new std::vector<GraphPtr>;
  return *stack;
}
int recording_depth = 0;
std::uint64_t (*seed_source)() = nullptr;

NodePtr record(const OpPtr& op, const Values& inputs, const Types& types) {
  auto node = std::make_shared<Node>();
  node->op = op;
  node->inputs = inputs;
  node->output_types = types;
  node->outputs.resize(types.size());
  return node;
}

Values outputs_of(const NodePtr& node) {
  Values out;
  for (std::size_t i = 0; i < node->output_types.size(); ++i) out.push_back(output_of(node, static_cast<int>(i)));
  return out;
}

}  // namespace

GraphPtr begin_trace() {
  auto graph = std::make_shared<Graph>();
  traces().push_back(graph);
  return graph;
}

void end_trace(const GraphPtr& graph) {
  auto& stack = traces();
  auto found = std::find(stack.begin(), stack.end(), graph);
  if (found != stack.end()) stack.erase(found, stack.end());
}

bool is_tracing() { return !traces().empty(); }

Value placeholder(const TensorType& type) {
  if (!is_tracing()) fail_internal("a placeholder outside a trace.");
  auto value = std::make_shared<ValueImpl>();
  value->type = type;
  traces().back()->inputs.push_back(value);
  return value;
}

void begin_recording() { ++recording_depth; }
void end_recording() {
  if (recording_depth > 0) --recording_depth;
}
bool is_recording() { return recording_depth > 0; }

void set_seed_source(std::uint64_t (*source)()) { seed_source = source; }
std::uint64_t draw_seed() { return seed_source ? seed_source() : 0; }

Values apply(const OpPtr& op, const Values& inputs) {
  Types types;
  types.reserve(inputs.size());
  bool symbolic = is_tracing() && op->is_stateful();
  for (const Value& input : inputs) {
    if (!input) fail_internal("op ", op->name(), " was given an empty value.");
    types.push_back(input->type);
    symbolic = symbolic || input->is_symbolic();
  }
  const Types output_types = op->infer(types);
  // What has a size that nobody knows yet, such as ones for a batch of unknown size, can be traced only.
  if (is_tracing()) for (const TensorType& type : output_types) symbolic = symbolic || !type.shape.is_known();

  if (symbolic) {
    if (!is_tracing())
      fail_argument("this tensor belongs to a trace that has ended and has no value. Use it inside the function that was being traced.");
    NodePtr node = record(op, inputs, output_types);
    Graph& graph = *traces().back();
    node->id = static_cast<int>(graph.nodes.size());
    graph.nodes.push_back(node);
    return outputs_of(node);
  }

  Tensors arguments, results;
  arguments.reserve(inputs.size());
  for (const Value& input : inputs) arguments.push_back(input->tensor);
  if (op->is_view()) {
    results.push_back(arguments[0].reshaped(output_types[0].shape));
  } else {
    std::size_t bytes = 0;
    for (const Tensor& argument : arguments) bytes += argument.bytes();
    for (const TensorType& type : output_types) {
      results.emplace_back(type.dtype, type.shape);
      bytes += results.back().bytes();
    }
    RunContext context;
    if (op->is_stateful()) context.seed = draw_seed();
    const InterruptPoll poll(bytes > long_run_bytes);
    op->run(arguments, results, context);
  }

  if (is_recording() && op->is_differentiable()) {
    NodePtr node = record(op, inputs, output_types);
    node->output_tensors = std::move(results);
    return outputs_of(node);
  }
  Values out;
  for (Tensor& result : results) out.push_back(constant(std::move(result)));
  return out;
}

Value read(const VariablePtr& variable) {
  if (is_tracing()) {
    Graph& graph = *traces().back();
    for (auto it = graph.assignments.rbegin(); it != graph.assignments.rend(); ++it)
      if (it->first == variable) return it->second;
    Value& known = graph.reads[variable.get()];
    if (!known) {
      known = std::make_shared<ValueImpl>();
      known->type = variable->type;
      known->variable = variable;
    }
    return known;
  }
  Value value = constant(variable->storage);
  value->variable = variable;
  return value;
}

void assign(const VariablePtr& variable, const Value& value) {
  if (value->type.dtype != variable->type.dtype)
    fail_argument("variable \"", variable->name, "\" holds ", name_of(variable->type.dtype), ", it cannot take a value of dtype ",
                  name_of(value->type.dtype), ".");
  if (value->type.shape != variable->type.shape && !(is_tracing() && !value->type.shape.is_known()))
    fail_shape("variable \"", variable->name, "\" has shape ", variable->type.shape, ", it cannot take a value of shape ", value->type.shape, ".");
  if (is_tracing()) {
    auto& assignments = traces().back()->assignments;
    auto found = std::find_if(assignments.begin(), assignments.end(), [&](const auto& entry) { return entry.first == variable; });
    if (found != assignments.end()) found->second = value;
    else assignments.emplace_back(variable, value);
    return;
  }
  if (value->is_symbolic()) fail_argument("variable \"", variable->name, "\" was assigned a traced tensor outside its trace.");
  // A tape or a tensor may still hold the old value: they keep the old memory, the variable moves on.
  if (variable->storage.buffer().use_count() > 1 && variable->new_storage) {
    Tensor fresh = variable->new_storage(variable->type);
    std::memcpy(fresh.raw(), value->tensor.raw(), fresh.bytes());
    variable->storage = fresh;
    ++variable->version;
    return;
  }
  std::memmove(variable->storage.raw(), value->tensor.raw(), variable->storage.bytes());
}

}  // namespace keratin
