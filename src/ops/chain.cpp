// Chains of elementwise ops in one pass over memory. The planner joins an op with its reader where nobody else reads what lies between;
// the steps then run one after the other on blocks that stay in the nearest cache, with the same kernels and so the same bits.
#include <algorithm>

#include "../kernels/scratch.h"
#include "broadcast.h"
#include "elementwise.h"

namespace keratin {
namespace {

constexpr std::int64_t block_size = 2048;
constexpr std::size_t longest_chain = 24;

// An input as blocks of neighbouring elements of the output.
template <class T>
class BlockReader {
 public:
  BlockReader(const Tensor& x, const Shape& output, std::int64_t block)
      : data_(x.data<T>()), whole_(x.size() == output.elements()), loop_(output, {x.shape()}) {
    if (whole_ || !loop_.repeats_row(0)) return;
    // A short row, repeated: laid out once for a block that begins anywhere in it. A single number is a row of one.
    period_ = loop_.advances_in_row(0) ? loop_.row() : 1;
    if (period_ > block_size) {
      period_ = 0;
      return;
    }
    repeated_.resize(static_cast<std::size_t>(block + period_));
    for (std::size_t i = 0; i < repeated_.size(); ++i) repeated_[i] = data_[i % static_cast<std::size_t>(period_)];
  }
  // Elements [at, at + n); `room` is theirs if they have to be put together.
  const T* elements(std::int64_t at, std::int64_t n, T* room) const {
    if (whole_) return data_ + at;
    if (period_ > 0) return repeated_.data() + at % period_;
    loop_.run_range(at, at + n, [&](std::int64_t from, const std::array<std::int64_t, 1>& offset, const std::array<std::int64_t, 1>& step, std::int64_t count) {
      if (step[0]) std::copy_n(data_ + offset[0], count, room + (from - at));
      else std::fill_n(room + (from - at), count, data_[offset[0]]);
    });
    return room;
  }

 private:
  const T* data_;
  bool whole_;
  BroadcastLoop<1> loop_;
  std::int64_t period_ = 0;
  std::vector<T> repeated_;
};

template <class T>
void run_steps(const ChainSteps& steps, int slots, const Tensors& inputs, Tensor& output) {
  const std::int64_t total = output.size(), block = std::min(block_size, total);
  const DType dtype = output.dtype();
  std::vector<BlockReader<T>> readers;
  readers.reserve(inputs.size());
  for (const Tensor& input : inputs) readers.emplace_back(input, output.shape(), block);
  const std::size_t width = static_cast<std::size_t>(block);
  parallel_ranges(total, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    T* room = scratch<T>(Scratch::chain, static_cast<std::ptrdiff_t>(width * (readers.size() + static_cast<std::size_t>(slots))));
    T* results = room + width * readers.size();
    for (std::int64_t at = begin; at < end; at += block) {
      const std::int64_t n = std::min(block, end - at);
      const auto operand = [&](int k) -> const T* {
        if (k >= 0) return readers[static_cast<std::size_t>(k)].elements(at, n, room + width * static_cast<std::size_t>(k));
        return results + width * static_cast<std::size_t>(steps[static_cast<std::size_t>(-1 - k)].slot);
      };
      for (const ChainStep& step : steps) {
        T* y = &step == &steps.back() ? output.data<T>() + at : results + width * static_cast<std::size_t>(step.slot);
        if (step.unary) step.unary->block(dtype, y, operand(step.a), static_cast<std::size_t>(n), step.parameter);
        else step.binary->block(dtype, y, operand(step.a), operand(step.b), static_cast<std::size_t>(n), step.parameter);
      }
    }
  });
}

// Gives every result a slot of working memory; one that has been read is free again, already for the result of its reader.
int assign_slots(ChainSteps& steps) {
  std::vector<int> free;
  int slots = 0;
  for (ChainStep& step : steps) {
    for (int operand : {step.a, step.binary ? step.b : 0})
      if (operand < 0) free.push_back(steps[static_cast<std::size_t>(-1 - operand)].slot);
    if (free.empty()) free.push_back(slots++);
    step.slot = free.back();
    free.pop_back();
  }
  return slots;
}

class Chain final : public ElementwiseOp {
 public:
  Chain(ChainSteps steps, const Types& inputs, const TensorType& output) : steps_(std::move(steps)), output_(output) {
    slots_ = assign_slots(steps_);
    for (std::size_t i = inputs.size(); i-- > 0;)
      if (inputs[i].shape == output.shape) whole_input_ = static_cast<int>(i);
  }
  const char* name() const override { return "chain"; }
  Types infer(const Types&) const override { return {output_}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override { run_chain(steps_, slots_, inputs, outputs[0]); }
  // All inputs of a block are read before its last step writes there, or in that very step.
  int in_place_input(int) const override { return whole_input_; }
  ChainSteps chain() const override { return steps_; }

 private:
  ChainSteps steps_;
  TensorType output_;
  int slots_ = 0, whole_input_ = -1;
};

}  // namespace

void run_chain(const ChainSteps& steps, int slots, const Tensors& inputs, Tensor& output) {
  if (output.size() == 0) return;
  visit_floating(output.dtype(), "elementwise", [&](auto zero) { run_steps<decltype(zero)>(steps, slots, inputs, output); });
}

OpPtr ElementwiseOp::absorb(const Op& next, int position, const Types& inputs, const Types& next_inputs) const {
  const auto* reader = dynamic_cast<const ElementwiseOp*>(&next);
  const TensorType& between = next_inputs[static_cast<std::size_t>(position)];
  if (!reader || !between.shape.is_known() || !is_floating(between.dtype)) return nullptr;
  // What is stretched afterwards is better computed before.
  const TensorType result = next.infer(next_inputs)[0];
  if (!(result == between)) return nullptr;
  ChainSteps steps = chain(), more = reader->chain();
  if (steps.empty() || more.empty() || steps.size() + more.size() > longest_chain) return nullptr;

  const int own_inputs = static_cast<int>(inputs.size()), own_steps = static_cast<int>(steps.size());
  const auto moved = [&](int operand) {
    if (operand < 0) return operand - own_steps;
    if (operand == position) return -own_steps;
    return own_inputs + operand - (operand > position);
  };
  for (ChainStep step : more) {
    step.a = moved(step.a);
    step.b = moved(step.b);
    steps.push_back(step);
  }
  Types all = inputs;
  for (std::size_t i = 0; i < next_inputs.size(); ++i)
    if (static_cast<int>(i) != position) all.push_back(next_inputs[i]);
  return std::make_shared<Chain>(std::move(steps), all, result);
}

}  // namespace keratin
