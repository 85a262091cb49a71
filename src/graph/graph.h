#pragma once
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "op.h"

namespace keratin {

// State that outlives a run: weights, optimizer slots, metric totals. The memory belongs to R (see export_variable.cpp).
struct Variable {
  std::string name;
  TensorType type;
  Tensor storage;
  bool trainable = true;
  std::uint64_t version = 0;                            // counts replacements of `storage`
  std::function<Tensor(const TensorType&)> new_storage;  // asked for when a value still shares the old one
};
Value read(const VariablePtr& variable);
void assign(const VariablePtr& variable, const Value& value);  // eager: now; traced: at the end of the run

// Everything recorded between begin and end of a trace.
struct Graph {
  std::vector<NodePtr> nodes;
  Values inputs;
  std::unordered_map<Variable*, Value> reads;
  std::vector<std::pair<VariablePtr, Value>> assignments;  // last value wins
};
using GraphPtr = std::shared_ptr<Graph>;

GraphPtr begin_trace();
void end_trace(const GraphPtr& graph);  // also drops traces begun inside it (after an error)
bool is_tracing();
Value placeholder(const TensorType& type);

// Taping: while on, eager results remember how they were made.
void begin_recording();
void end_recording();
bool is_recording();

// d target / d source for each source (null where there is no path). `upstream` null: ones.
Values gradients(const Value& target, const Values& sources, const std::vector<VariablePtr>& variables, const Value& upstream);

// The hook from which random ops get their seeds (R's generator; set by the glue).
void set_seed_source(std::uint64_t (*source)());
std::uint64_t draw_seed();

}  // namespace keratin
