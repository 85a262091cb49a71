// Reverse-mode differentiation over recorded nodes. Gradients are themselves made of ops, so they can be taped, traced and
// differentiated again.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph.h"

namespace keratin {
namespace {

Value ones_like(const Value& value) {
  if (value->type.shape.is_known()) return constant(filled(value->type.dtype, value->type.shape, 1.0));
  Attributes none;
  const Value zero = constant_like(value, 0.0), one = constant_like(value, 1.0);
  return apply1(make_op("add", none), {apply1(make_op("multiply", none), {value, zero}), one});
}

Value sum(const Value& a, const Value& b) {
  static const OpPtr add = make_op("add", Attributes());
  return a ? apply1(add, {a, b}) : b;
}

// Nodes that lie between the target and a source, producers before consumers.
std::vector<Node*> nodes_towards(const Value& target, const std::unordered_set<const ValueImpl*>& sources,
                                 const std::unordered_set<const Variable*>& variables, std::unordered_map<Node*, NodePtr>& keep) {
  std::vector<Node*> order;
  std::unordered_map<Node*, bool> reaches;  // present: visited
  struct Frame {
    Node* node;
    std::size_t next;
  };
  auto is_source = [&](const Value& value) { return sources.count(value.get()) || (value->variable && variables.count(value->variable.get())); };
  auto visit = [&](const NodePtr& root) {
    if (!root || reaches.count(root.get())) return;
    std::vector<Frame> stack{{root.get(), 0}};
    keep[root.get()] = root;
    reaches[root.get()] = false;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      Node* node = frame.node;
      if (frame.next < node->inputs.size()) {
        const Value& input = node->inputs[frame.next++];
        if (is_source(input)) reaches[node] = true;
        Node* producer = input->producer.get();
        if (producer && !reaches.count(producer)) {
          keep[producer] = input->producer;
          reaches[producer] = false;
          stack.push_back({producer, 0});
        }
      } else {
        for (const Value& input : node->inputs)
          if (input->producer && reaches[input->producer.get()]) reaches[node] = true;
        order.push_back(node);
        stack.pop_back();
      }
    }
  };
  visit(target->producer);
  order.erase(std::remove_if(order.begin(), order.end(), [&](Node* node) { return !reaches[node]; }), order.end());
  return order;
}

}  // namespace

Values gradients(const Value& target, const Values& sources, const std::vector<VariablePtr>& variables, const Value& upstream) {
  std::unordered_set<const ValueImpl*> wanted_values;
  std::unordered_set<const Variable*> wanted_variables;
  std::unordered_set<const Node*> source_nodes;
  for (const Value& source : sources) wanted_values.insert(source.get());
  for (const VariablePtr& variable : variables) wanted_variables.insert(variable.get());

  std::unordered_map<Node*, NodePtr> keep;
  const std::vector<Node*> order = nodes_towards(target, wanted_values, wanted_variables, keep);

  struct Slot {
    Values upstream;
  };
  std::unordered_map<const Node*, Slot> slots;
  std::unordered_map<const ValueImpl*, Value> value_gradients;
  std::unordered_map<const Variable*, Value> variable_gradients;
  std::unordered_set<const Node*> on_path(order.begin(), order.end());

  auto give = [&](const Value& value, const Value& gradient) {
    if (wanted_values.count(value.get())) {
      Value& total = value_gradients[value.get()];
      total = sum(total, gradient);
    }
    if (value->variable && wanted_variables.count(value->variable.get())) {
      Value& total = variable_gradients[value->variable.get()];
      total = sum(total, gradient);
    }
    if (value->producer && on_path.count(value->producer.get())) {
      Values& upstreams = slots[value->producer.get()].upstream;
      if (upstreams.empty()) upstreams.resize(value->producer->output_types.size());
      Value& total = upstreams[value->output_index];
      total = sum(total, gradient);
    }
  };

  if (!is_floating(target->type.dtype)) return Values(sources.size() + variables.size());
  give(target, upstream ? upstream : ones_like(target));

  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    auto found = slots.find(*it);
    if (found == slots.end()) continue;
    const Values upstreams = std::move(found->second.upstream);
    slots.erase(found);
    const NodePtr& node = keep[*it];
    std::vector<bool> wanted;
    for (const Value& input : node->inputs)
      wanted.push_back(is_floating(input->type.dtype) &&
                       (wanted_values.count(input.get()) || (input->variable && wanted_variables.count(input->variable.get())) ||
                        (input->producer && on_path.count(input->producer.get()))));
    if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) continue;
    const Values results = node->op->gradient(GradientContext{node, upstreams, wanted});
    for (std::size_t i = 0; i < node->inputs.size() && i < results.size(); ++i)
      if (results[i] && wanted[i]) give(node->inputs[i], results[i]);
  }

  Values out;
  for (const Value& source : sources) out.push_back(value_gradients[source.get()]);
  for (const VariablePtr& variable : variables) out.push_back(variable_gradients[variable.get()]);
  return out;
}

}  // namespace keratin
