// Runs a layout: binds memory, calls the steps, writes the variables.
#include "program.h"

#include <cstring>
#include <utility>

#include "interrupt.h"
#include "plan.h"

namespace keratin {

struct Program::Plan {
  Layout layout;
  BufferPtr arena;
  struct Bound {
    const Op* op;
    Tensors inputs, outputs;
  };
  std::vector<Bound> steps;
  // Tensors whose memory changes between runs.
  struct Patch {
    int step;
    bool is_output;
    int slot;
    int block;
  };
  std::vector<std::vector<Patch>> patches;       // by block
  std::vector<std::pair<std::uint64_t, void*>> bound_variables;  // version and address that the steps are bound to
  std::vector<int> dynamic_blocks;               // input and output blocks
  std::vector<std::vector<int>> variable_blocks;  // blocks of each variable
  bool draws_random = false;
  std::size_t first_write = 0;  // the first step that writes into a variable

  Tensor& tensor_at(const Patch& patch) {
    Bound& step = steps[patch.step];
    return (patch.is_output ? step.outputs : step.inputs)[patch.slot];
  }

  void bind(int block, const BufferPtr& buffer) {
    for (const Patch& patch : patches[block]) {
      Tensor& tensor = tensor_at(patch);
      const Step& step = layout.steps[patch.step];
      const Slot& slot = patch.is_output ? step.outputs[patch.slot] : step.inputs[patch.slot];
      tensor = Tensor(slot.type.dtype, slot.type.shape, buffer);
    }
  }

  // Bound without owning: the caller keeps inputs alive for the run, and a program that held a variable's memory would make every
  // assignment to it look shared (the variable itself is kept).
  static BufferPtr borrowed(const Tensor& tensor) { return adopt(tensor.raw(), tensor.bytes(), nullptr); }

  void prepare() {
    patches.resize(layout.blocks.size());
    variable_blocks.resize(layout.variables.size());
    bound_variables.assign(layout.variables.size(), {0, nullptr});
    for (std::size_t b = 0; b < layout.blocks.size(); ++b) {
      const Block& block = layout.blocks[b];
      if (block.home == Home::variable) variable_blocks[block.index].push_back(static_cast<int>(b));
    }
    arena = allocate(layout.arena_bytes);
    first_write = layout.steps.size();
    for (std::size_t s = layout.steps.size(); s-- > 0;)
      for (const Slot& slot : layout.steps[s].outputs)
        if (layout.blocks[slot.block].home == Home::variable) first_write = s;
    for (std::size_t s = 0; s < layout.steps.size(); ++s) {
      const Step& step = layout.steps[s];
      Bound bound;
      bound.op = step.op.get();
      draws_random = draws_random || step.op->is_stateful();
      auto bind_slots = [&](const std::vector<Slot>& slots, Tensors& tensors, bool is_output) {
        for (std::size_t i = 0; i < slots.size(); ++i) {
          const Block& block = layout.blocks[slots[i].block];
          if (block.home == Home::arena) {
            tensors.emplace_back(slots[i].type.dtype, slots[i].type.shape, arena, block.offset);
          } else if (block.home == Home::constant) {
            tensors.push_back(block.constant.reshaped(slots[i].type.shape));
          } else {
            tensors.emplace_back();
            patches[slots[i].block].push_back({static_cast<int>(s), is_output, static_cast<int>(i), slots[i].block});
          }
        }
      };
      bind_slots(step.inputs, bound.inputs, false);
      bind_slots(step.outputs, bound.outputs, true);
      steps.push_back(std::move(bound));
    }
  }

  void bind_variables() {
    for (std::size_t v = 0; v < layout.variables.size(); ++v) {
      Variable& variable = *layout.variables[v];
      // A tensor that a user still holds keeps the old memory.
      if (layout.written[v] && variable.storage.buffer().use_count() > 1 && variable.new_storage) {
        Tensor fresh = variable.new_storage(variable.type);
        std::memcpy(fresh.raw(), variable.storage.raw(), fresh.bytes());
        variable.storage = fresh;
        ++variable.version;
      }
      const std::pair<std::uint64_t, void*> now{variable.version, variable.storage.raw()};
      if (bound_variables[v] == now && now.second) continue;
      const BufferPtr buffer = borrowed(variable.storage);
      for (int block : variable_blocks[v]) bind(block, buffer);
      bound_variables[v] = now;
    }
  }

  Tensor tensor_of(const Slot& slot, const Tensors& inputs, const std::vector<BufferPtr>& output_buffers) const {
    const Block& block = layout.blocks[slot.block];
    switch (block.home) {
      case Home::arena: return Tensor(slot.type.dtype, slot.type.shape, arena, block.offset);
      case Home::constant: return block.constant.reshaped(slot.type.shape);
      case Home::input: return inputs[block.index].reshaped(slot.type.shape);
      case Home::output: return Tensor(slot.type.dtype, slot.type.shape, output_buffers[block.index]);
      case Home::variable: return layout.variables[block.index]->storage.reshaped(slot.type.shape);
    }
    fail_internal("unknown home of a block.");
  }
};

namespace {
Tensor copy_of(const Tensor& tensor) {
  Tensor out(tensor.dtype(), tensor.shape());
  std::memcpy(out.raw(), tensor.raw(), tensor.bytes());
  return out;
}
}  // namespace

Program::Program(const GraphPtr& graph, const Values& outputs) : plan_(new Plan) {
  plan_->layout = lay_out(*graph, outputs);
  plan_->prepare();
}
Program::~Program() = default;

const Types& Program::input_types() const { return plan_->layout.input_types; }
const Types& Program::output_types() const { return plan_->layout.output_types; }
Program::Summary Program::summary() const { return plan_->layout.summary; }

std::vector<std::string> Program::step_names() const {
  std::vector<std::string> names;
  for (const Step& step : plan_->layout.steps) names.push_back(step.op->name());
  return names;
}

Program::Run Program::begin(Tensors given) {
  Plan& plan = *plan_;
  const Layout& layout = plan.layout;
  Run run;
  run.inputs = std::move(given);
  const Tensors& inputs = run.inputs;
  if (inputs.size() != layout.input_types.size())
    fail_internal("a program was given ", inputs.size(), " inputs, it takes ", layout.input_types.size(), ".");
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!(inputs[i].type() == layout.input_types[i]))
      fail_internal("input ", i + 1, " of a program is ", name_of(inputs[i].dtype()), " ", inputs[i].shape(), ", planned for ",
                    name_of(layout.input_types[i].dtype), " ", layout.input_types[i].shape, ".");

  std::vector<BufferPtr>& output_buffers = run.output_buffers;
  output_buffers.reserve(layout.output_blocks.size());
  for (int block : layout.output_blocks) {
    output_buffers.push_back(allocate(layout.blocks[block].bytes));
    plan.bind(block, output_buffers.back());
  }
  for (std::size_t b = 0; b < layout.blocks.size(); ++b)
    if (layout.blocks[b].home == Home::input && !plan.patches[b].empty())
      plan.bind(static_cast<int>(b), Plan::borrowed(inputs[layout.blocks[b].index]));
  plan.bind_variables();

  if (plan.draws_random) run.context.seed = draw_seed();
  return run;
}

Tensors Program::finish(Run& run) {
  Plan& plan = *plan_;
  const Layout& layout = plan.layout;
  const Tensors& inputs = run.inputs;
  const std::vector<BufferPtr>& output_buffers = run.output_buffers;
  RunContext context = run.context;
  InterruptPoll poll(layout.arena_bytes > long_run_bytes);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (s < plan.first_write) poll.ask();
    else poll.end();
    context.stream = static_cast<std::uint32_t>(s);
    Plan::Bound& step = plan.steps[s];
    step.op->run(step.inputs, step.outputs, context);
  }

  // Results and assigned values that lie in a variable's memory are copied before any variable is written.
  Tensors results;
  for (const Slot& slot : layout.results) {
    Tensor result = plan.tensor_of(slot, inputs, output_buffers);
    const bool is_ours = layout.blocks[slot.block].home == Home::output;
    results.push_back(is_ours ? result : copy_of(result));
  }
  Tensors staged;
  for (const Copy& copy : layout.copies) {
    Tensor from = plan.tensor_of(copy.from, inputs, output_buffers);
    staged.push_back(layout.blocks[copy.from.block].home == Home::variable ? copy_of(from) : from);
  }
  for (std::size_t i = 0; i < staged.size(); ++i) {
    const Tensor& storage = layout.variables[layout.copies[i].variable]->storage;
    std::memcpy(storage.raw(), staged[i].raw(), storage.bytes());
  }
  return results;
}

}  // namespace keratin
