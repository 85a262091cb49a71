// From a recorded graph to a layout: dead code dropped, ops fused, variable updates last and in place, memory reused.
#include "plan.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace keratin {
namespace {

constexpr std::size_t line = 64;
std::size_t round_up(std::size_t bytes) { return (bytes + line - 1) / line * line; }

// A value of the graph under planning, known by a number.
struct Item {
  TensorType type;
  int producer = -1;  // draft index, or -1: input, variable or constant
  int output = 0;
  int uses = 0;
  bool is_result = false;
  int block = -1;
};

struct Draft {
  OpPtr op;
  std::vector<int> inputs, outputs;
  bool dropped = false;
};

class Planner {
 public:
  Planner(const Graph& graph, const Values& outputs) : graph_(graph) { collect(outputs); }

  Layout finish() {
    fuse();
    find_updates();
    order();
    assign_blocks();
    place();
    return emit();
  }

 private:
  const Graph& graph_;
  std::vector<Item> items_;
  std::vector<Draft> drafts_;
  std::unordered_map<const ValueImpl*, int> known_;                       // leaves
  std::unordered_map<const Node*, std::vector<int>> produced_;            // item of each output
  std::vector<int> results_;
  std::vector<std::pair<int, int>> assignments_;                          // variable, item
  std::vector<bool> in_place_update_;                                     // per assignment
  std::vector<int> schedule_;                                             // draft indices in running order
  std::vector<int> position_;                                             // draft -> place in the schedule
  std::unordered_map<const Variable*, int> variable_index_;
  std::unordered_map<int, int> variable_item_;                            // item -> variable
  Layout layout_;

  int variable_of(const VariablePtr& variable) {
    auto found = variable_index_.find(variable.get());
    if (found != variable_index_.end()) return found->second;
    const int index = static_cast<int>(layout_.variables.size());
    layout_.variables.push_back(variable);
    layout_.written.push_back(false);
    variable_index_[variable.get()] = index;
    return index;
  }

  int new_block(Home home, std::size_t bytes, int index = -1) {
    Block block;
    block.home = home;
    block.bytes = bytes;
    block.index = index;
    layout_.blocks.push_back(block);
    return static_cast<int>(layout_.blocks.size()) - 1;
  }

  static std::size_t bytes_of(const TensorType& type) { return static_cast<std::size_t>(type.shape.elements()) * size_of(type.dtype); }

  int item_of(const Value& value) {
    if (value->producer) {
      auto found = produced_.find(value->producer.get());
      if (found != produced_.end()) return found->second[value->output_index];
    }
    auto found = known_.find(value.get());
    if (found != known_.end()) return found->second;
    Item item;
    item.type = value->type;
    const int id = static_cast<int>(items_.size());
    if (value->variable && value->is_symbolic()) {
      const int index = variable_of(value->variable);
      item.block = new_block(Home::variable, bytes_of(item.type), index);
      variable_item_[id] = index;
    } else if (!value->is_symbolic()) {
      item.block = new_block(Home::constant, bytes_of(item.type));
      layout_.blocks[item.block].constant = value->tensor;
    } else {
      fail_argument("a traced function used a tensor of another trace, which has no value here.");
    }
    items_.push_back(item);
    known_[value.get()] = id;
    return id;
  }

  void collect(const Values& outputs) {
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
      Item item;
      item.type = graph_.inputs[i]->type;
      item.block = new_block(Home::input, bytes_of(item.type), static_cast<int>(i));
      known_[graph_.inputs[i].get()] = static_cast<int>(items_.size());
      items_.push_back(item);
      layout_.input_types.push_back(graph_.inputs[i]->type);
    }
    // Which nodes does a result or an assignment need?
    std::unordered_set<const Node*> needed;
    std::vector<const Node*> queue;
    auto need = [&](const Value& value) {
      if (value->producer && value->is_symbolic() && needed.insert(value->producer.get()).second) queue.push_back(value->producer.get());
    };
    for (const Value& output : outputs) need(output);
    for (const auto& assignment : graph_.assignments) need(assignment.second);
    while (!queue.empty()) {
      const Node* node = queue.back();
      queue.pop_back();
      for (const Value& input : node->inputs) need(input);
    }
    for (const NodePtr& node : graph_.nodes) {
      if (!needed.count(node.get())) {
        ++layout_.summary.dropped;
        continue;
      }
      Draft draft;
      draft.op = node->op;
      for (const Value& input : node->inputs) {
        draft.inputs.push_back(item_of(input));
        ++items_[draft.inputs.back()].uses;
      }
      std::vector<int>& made = produced_[node.get()];
      for (std::size_t k = 0; k < node->output_types.size(); ++k) {
        Item item;
        item.type = node->output_types[k];
        item.producer = static_cast<int>(drafts_.size());
        item.output = static_cast<int>(k);
        made.push_back(static_cast<int>(items_.size()));
        draft.outputs.push_back(made.back());
        items_.push_back(item);
      }
      drafts_.push_back(std::move(draft));
    }
    for (const Value& output : outputs) {
      results_.push_back(item_of(output));
      ++items_[results_.back()].uses;
      items_[results_.back()].is_result = true;
      layout_.output_types.push_back(output->type);
    }
    for (const auto& assignment : graph_.assignments) {
      const int item = item_of(assignment.second), variable = variable_of(assignment.first);
      auto read = variable_item_.find(item);
      if (read != variable_item_.end() && read->second == variable) continue;  // assigned to itself
      ++items_[item].uses;
      assignments_.emplace_back(variable, item);
      layout_.written[variable] = true;
    }
  }

  Types types_of(const std::vector<int>& ids) const {
    Types types;
    for (int id : ids) types.push_back(items_[id].type);
    return types;
  }

  // A producer whose only reader is `next` may do the reader's work as well.
  void fuse() {
    for (std::size_t d = 0; d < drafts_.size(); ++d) {
      Draft& next = drafts_[d];
      for (bool again = true; again;) {
        again = false;
        for (std::size_t p = 0; p < next.inputs.size(); ++p) {
          const Item& item = items_[next.inputs[p]];
          if (item.producer < 0 || item.uses != 1 || item.is_result) continue;
          Draft& before = drafts_[item.producer];
          if (before.dropped || before.outputs.size() != 1) continue;
          OpPtr both = before.op->absorb(*next.op, static_cast<int>(p), types_of(before.inputs), types_of(next.inputs));
          if (!both) continue;
          std::vector<int> inputs = before.inputs;
          for (std::size_t q = 0; q < next.inputs.size(); ++q)
            if (q != p) inputs.push_back(next.inputs[q]);
          next.op = both;
          next.inputs = inputs;
          before.dropped = true;
          ++layout_.summary.fused;
          again = true;
          break;
        }
      }
    }
  }

  // Assignments whose value can be computed straight into the variable's memory.
  void find_updates() {
    for (const auto& assignment : assignments_) {
      const Item& item = items_[assignment.second];
      bool in_place = false;
      if (item.producer >= 0 && !item.is_result) {
        const Draft& draft = drafts_[item.producer];
        const int input = draft.op->is_view() ? -1 : draft.op->in_place_input(item.output);
        if (input >= 0) {
          auto read = variable_item_.find(draft.inputs[input]);
          in_place = read != variable_item_.end() && read->second == assignment.first && !items_[draft.inputs[input]].is_result &&
                     items_[draft.inputs[input]].type == item.type;
        }
      }
      in_place_update_.push_back(in_place);
    }
    // One item can live in one place only.
    for (std::size_t a = 0; a < assignments_.size(); ++a)
      for (std::size_t b = 0; b < a; ++b)
        if (assignments_[a].second == assignments_[b].second) in_place_update_[a] = false;
  }

  // Recorded order, but whatever writes into variables (and what depends on it) comes last: an error before that changes nothing.
  void order() {
    std::vector<bool> late(drafts_.size(), false);
    for (std::size_t a = 0; a < assignments_.size(); ++a)
      if (in_place_update_[a]) late[items_[assignments_[a].second].producer] = true;
    for (std::size_t d = 0; d < drafts_.size(); ++d)
      for (int input : drafts_[d].inputs)
        if (items_[input].producer >= 0 && late[items_[input].producer]) late[d] = true;
    for (int pass = 0; pass < 2; ++pass)
      for (std::size_t d = 0; d < drafts_.size(); ++d)
        if (!drafts_[d].dropped && late[d] == (pass == 1)) schedule_.push_back(static_cast<int>(d));
    position_.assign(drafts_.size(), -1);
    for (std::size_t s = 0; s < schedule_.size(); ++s) position_[schedule_[s]] = static_cast<int>(s);

    // Somebody who reads the old value after its replacement forbids replacing it in place.
    std::vector<int> last_read(items_.size(), -1);
    for (int d : schedule_)
      for (int input : drafts_[d].inputs) last_read[input] = std::max(last_read[input], position_[d]);
    for (std::size_t a = 0; a < assignments_.size(); ++a) {
      if (!in_place_update_[a]) continue;
      const Item& item = items_[assignments_[a].second];
      const Draft& draft = drafts_[item.producer];
      const int old = draft.inputs[draft.op->in_place_input(item.output)];
      if (last_read[old] > position_[item.producer] || std::count(draft.inputs.begin(), draft.inputs.end(), old) > 1) in_place_update_[a] = false;
      for (std::size_t b = 0; b < assignments_.size(); ++b)
        if (assignments_[b].second == old) in_place_update_[a] = false;
    }
  }

  // Views share their input's block; in-place ops take over a block that nobody reads any more.
  void assign_blocks() {
    const int end = static_cast<int>(schedule_.size());
    // Last reader of every item, views counting as their base.
    std::vector<int> base(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) base[i] = static_cast<int>(i);
    std::vector<int> last(items_.size(), -1);
    for (int d : schedule_) {
      const Draft& draft = drafts_[d];
      if (draft.op->is_view()) base[draft.outputs[0]] = base[draft.inputs[0]];
      for (int input : draft.inputs) last[base[input]] = std::max(last[base[input]], position_[d]);
    }
    for (int result : results_) last[base[result]] = end;
    for (const auto& assignment : assignments_) last[base[assignment.second]] = end;

    std::unordered_map<int, int> updates;  // item -> variable
    for (std::size_t a = 0; a < assignments_.size(); ++a)
      if (in_place_update_[a]) updates[assignments_[a].second] = assignments_[a].first;
    std::unordered_map<int, int> result_of_base;
    std::vector<int> holder;  // block -> item that currently owns it
    holder.assign(layout_.blocks.size(), -1);
    std::unordered_set<int> is_result_base;
    for (int result : results_) is_result_base.insert(base[result]);

    for (int d : schedule_) {
      Draft& draft = drafts_[d];
      const int now = position_[d];
      for (std::size_t k = 0; k < draft.outputs.size(); ++k) {
        const int id = draft.outputs[k];
        Item& item = items_[id];
        if (base[id] != id) {
          item.block = items_[base[id]].block;
          continue;
        }
        const std::size_t bytes = bytes_of(item.type);
        auto update = updates.find(id);
        if (update != updates.end()) {
          item.block = items_[draft.inputs[draft.op->in_place_input(static_cast<int>(k))]].block;
          ++layout_.summary.in_place;
          continue;
        }
        if (is_result_base.count(id)) {
          item.block = new_block(Home::output, bytes, static_cast<int>(layout_.output_blocks.size()));
          layout_.output_blocks.push_back(item.block);
          continue;
        }
        const int input = draft.op->in_place_input(static_cast<int>(k));
        if (input >= 0 && input < static_cast<int>(draft.inputs.size())) {
          const int source = base[draft.inputs[input]];
          const int block = items_[source].block;
          const bool sole = std::count_if(draft.inputs.begin(), draft.inputs.end(), [&](int other) { return items_[other].block == block; }) == 1;
          if (layout_.blocks[block].home == Home::arena && last[source] == now && sole && layout_.blocks[block].last <= now &&
              bytes_of(items_[source].type) == bytes) {
            item.block = block;
            layout_.blocks[block].last = std::max(last[id], now);
            ++layout_.summary.in_place;
            continue;
          }
        }
        item.block = new_block(Home::arena, bytes);
        layout_.blocks[item.block].first = now;
        layout_.blocks[item.block].last = std::max(last[id], now);
      }
    }
  }

  // Offsets in one arena: blocks in order of birth, each into the smallest gap that fits.
  void place() {
    std::vector<int> order;
    for (std::size_t b = 0; b < layout_.blocks.size(); ++b)
      if (layout_.blocks[b].home == Home::arena) order.push_back(static_cast<int>(b));
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      const Block &x = layout_.blocks[a], &y = layout_.blocks[b];
      return x.first != y.first ? x.first < y.first : a < b;
    });
    std::vector<int> alive;
    for (int b : order) {
      Block& block = layout_.blocks[b];
      alive.erase(std::remove_if(alive.begin(), alive.end(), [&](int other) { return layout_.blocks[other].last < block.first; }), alive.end());
      std::sort(alive.begin(), alive.end(), [&](int x, int y) { return layout_.blocks[x].offset < layout_.blocks[y].offset; });
      const std::size_t size = round_up(std::max<std::size_t>(block.bytes, 1));
      std::size_t best = std::numeric_limits<std::size_t>::max(), best_gap = best, cursor = 0;
      for (int other : alive) {
        const Block& taken = layout_.blocks[other];
        if (taken.offset > cursor && taken.offset - cursor >= size && taken.offset - cursor < best_gap) {
          best = cursor;
          best_gap = taken.offset - cursor;
        }
        cursor = std::max(cursor, taken.offset + round_up(std::max<std::size_t>(taken.bytes, 1)));
      }
      block.offset = best == std::numeric_limits<std::size_t>::max() ? cursor : best;
      layout_.arena_bytes = std::max(layout_.arena_bytes, block.offset + size);
      alive.push_back(b);
    }
  }

  Layout emit() {
    auto slot = [&](int id) { return Slot{items_[id].type, items_[id].block}; };
    for (int d : schedule_) {
      const Draft& draft = drafts_[d];
      if (draft.op->is_view()) continue;
      Step step;
      step.op = draft.op;
      for (int input : draft.inputs) step.inputs.push_back(slot(input));
      for (int output : draft.outputs) step.outputs.push_back(slot(output));
      layout_.steps.push_back(std::move(step));
    }
    for (std::size_t a = 0; a < assignments_.size(); ++a)
      if (!in_place_update_[a]) layout_.copies.push_back({slot(assignments_[a].second), assignments_[a].first});
    for (int result : results_) layout_.results.push_back(slot(result));
    layout_.summary.steps = layout_.steps.size();
    layout_.summary.arena_bytes = layout_.arena_bytes;
    return std::move(layout_);
  }
};

}  // namespace

Layout lay_out(const Graph& graph, const Values& outputs) {
  for (const Value& input : graph.inputs)
    if (!input->type.shape.is_known()) fail_internal("a program needs known input shapes. Received: ", input->type.shape, ".");
  return Planner(graph, outputs).finish();
}

}  // namespace keratin
