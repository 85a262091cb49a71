// Chains of elementwise ops in one pass over memory. The planner joins an op with its reader where nobody else reads what lies between;
// the steps then run one after the other on blocks that stay in the nearest cache, with the same kernels and so the same bits.
#include <algorithm>

#include "../kernels/dispatch.h"
#include "../kernels/scratch.h"
#include "broadcast.h"
#include "elementwise.h"
#include "large_result.h"

namespace keratin {
namespace {

constexpr std::int64_t block_size = 1024;
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
    const std::int64_t size = block + period_;
    repeated_.resize(static_cast<std::size_t>(size));
    std::copy_n(data_, period_, repeated_.begin());
    for (std::int64_t filled = period_; filled < size; filled *= 2)
      std::copy_n(repeated_.begin(), std::min(filled, size - filled), repeated_.begin() + filled);
  }
  // Elements [at, at + n); `room` is theirs if they have to be put together.
  const T* elements(std::int64_t at, std::int64_t n, T* room) const {
    if (whole_) return data_ + at;
    if (period_ > 0) return repeated_.data() + at % period_;
    loop_.run_range(at, at + n,
                    [&](std::int64_t from, const std::array<std::int64_t, 1>& offset, const std::array<std::int64_t, 1>& step, std::int64_t count) {
                      if (step[0])
                        std::copy_n(data_ + offset[0], count, room + (from - at));
                      else
                        std::fill_n(room + (from - at), count, data_[offset[0]]);
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

// The inputs of a chain and its steps, ready to compute any elements of its result.
template <class T>
class ChainRun {
 public:
  ChainRun(const ChainSteps& steps, int slots, const Tensors& inputs, const Shape& shape)
      : steps_(steps), dtype_(inputs[0].dtype()), block_(std::min(block_size, shape.elements())), slots_(slots) {
    readers_.reserve(inputs.size());
    for (const Tensor& input : inputs) readers_.emplace_back(input, shape, block_);
  }
  std::int64_t block() const { return block_; }
  // Working memory of one thread; the last block of it is for a result that goes nowhere else.
  T* room() const { return scratch<T>(Scratch::chain, block_ * (static_cast<std::int64_t>(readers_.size()) + slots_ + 1)); }
  T* result(T* room) const { return room + block_ * (static_cast<std::int64_t>(readers_.size()) + slots_); }

  // y: elements [at, at + n) of the result, n <= block()
  void compute(T* y, std::int64_t at, std::int64_t n, T* room) const {
    T* results = room + block_ * static_cast<std::int64_t>(readers_.size());
    const auto operand = [&](int k) -> const T* {
      if (k >= 0) return readers_[static_cast<std::size_t>(k)].elements(at, n, room + block_ * k);
      return results + block_ * steps_[static_cast<std::size_t>(-1 - k)].slot;
    };
    for (const ChainStep& step : steps_) {
      T* to = &step == &steps_.back() ? y : results + block_ * step.slot;
      if (step.unary) step.unary->block(dtype_, to, operand(step.a), static_cast<std::size_t>(n), step.parameter);
      else step.binary->block(dtype_, to, operand(step.a), operand(step.b), static_cast<std::size_t>(n), step.parameter);
    }
  }

 private:
  const ChainSteps& steps_;
  DType dtype_;
  std::int64_t block_;
  int slots_;
  std::vector<BlockReader<T>> readers_;
};

template <class T>
void run_steps(const ChainSteps& steps, int slots, const Tensors& inputs, Tensor& output) {
  const ChainRun<T> chain(steps, slots, inputs, output.shape());
  const LargeResult<T> result(output, inputs);
  parallel_ranges(output.size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    T* room = chain.room();
    for (std::int64_t at = begin; at < end; at += chain.block()) {
      const std::int64_t n = std::min(chain.block(), end - at);
      T* y = result.room(at, n);
      chain.compute(y, at, n, room);
      result.send(y, at, n);
    }
  });
}

// Sums of a chain's result, seen as (outer, length, inner), over the middle axis. Where the pieces lie depends on the sizes alone and
// they are added in order: the same bits on any number of threads.
template <class T>
void sum_steps(const ChainSteps& steps, int slots, const Tensors& inputs, const Shape& shape, std::int64_t outer, std::int64_t length,
               std::int64_t inner, bool is_mean, T* y) {
  const Kernels<T>& k = kernels<T>();
  const ChainRun<T> chain(steps, slots, inputs, shape);
  const std::size_t columns = static_cast<std::size_t>(inner);
  // rows [from, to) of one `outer`, added up
  const auto sum_of = [&](T* total, std::int64_t o, std::int64_t from, std::int64_t to, T* room) {
    T *block = chain.result(room), part[block_size];
    const std::int64_t rows = chain.block() / inner;
    for (std::int64_t r = from; r < to; r += rows) {
      const std::int64_t n = std::min(rows, to - r);
      chain.compute(block, (o * length + r) * inner, n * inner, room);
      if (inner == 1) {
        const T sum = k.sum(block, static_cast<std::size_t>(n));
        *total = r == from ? sum : *total + sum;
      } else {
        k.sum_rows(r == from ? total : part, block, static_cast<std::size_t>(n), columns, columns);
        if (r != from) k.add_to(total, part, columns);
      }
    }
  };
  const std::int64_t piece = std::max<std::int64_t>(1, elementwise_grain / inner), pieces = (length + piece - 1) / piece;
  if (inner == 1 && length <= chain.block()) {  // many short rows: several to a block
    const std::int64_t rows = chain.block() / length;
    parallel_ranges(outer, std::max<std::int64_t>(1, elementwise_grain / length), [&](std::int64_t begin, std::int64_t end) {
      T *room = chain.room(), *block = chain.result(room);
      for (std::int64_t o = begin; o < end; o += rows) {
        const std::int64_t n = std::min(rows, end - o);
        chain.compute(block, o * length, n * length, room);
        for (std::int64_t r = 0; r < n; ++r) y[o + r] = k.sum(block + r * length, static_cast<std::size_t>(length));
      }
    });
  } else if (pieces == 1) {
    parallel_ranges(outer, std::max<std::int64_t>(1, elementwise_grain / (length * inner)), [&](std::int64_t begin, std::int64_t end) {
      T* room = chain.room();
      for (std::int64_t o = begin; o < end; ++o) sum_of(y + o * inner, o, 0, length, room);
    });
  } else {
    Tensor partial(DTypeOf<T>::value, Shape{outer * pieces * inner});
    T* p = partial.data<T>();
    parallel_parts(outer * pieces, [&](std::int64_t j) {
      const std::int64_t from = j % pieces * piece;
      sum_of(p + j * inner, j / pieces, from, std::min(length, from + piece), chain.room());
    });
    for (std::int64_t o = 0; o < outer; ++o)
      k.sum_rows(y + o * inner, p + o * pieces * inner, static_cast<std::size_t>(pieces), columns, columns);
  }
  if (is_mean) {
    for (std::int64_t i = 0; i < outer * inner; ++i) y[i] /= static_cast<T>(length);
  }
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

// The sum or mean of a chain's result over neighbouring axes, without the result ever being written.
class ChainSum final : public Op {
 public:
  ChainSum(ChainSteps steps, const TensorType& between, int first, int last, bool is_mean, const TensorType& output)
      : steps_(std::move(steps)), shape_(between.shape), outer_(shape_.product(0, first)), length_(shape_.product(first, last)),
        inner_(shape_.product(last, shape_.rank())), is_mean_(is_mean), output_(output) {
    slots_ = assign_slots(steps_);
  }
  const char* name() const override { return "chain_sum"; }
  Types infer(const Types&) const override { return {output_}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    visit_floating(output_.dtype, "elementwise", [&](auto zero) {
      using T = decltype(zero);
      sum_steps<T>(steps_, slots_, inputs, shape_, outer_, length_, inner_, is_mean_, outputs[0].data<T>());
    });
  }

 private:
  ChainSteps steps_;
  Shape shape_;
  std::int64_t outer_, length_, inner_;
  bool is_mean_;
  TensorType output_;
  int slots_ = 0;
};

// A sum as the reader of a chain: null where its axes are not neighbours or too much stays to add up in a block.
OpPtr chain_into_sum(const ElementwiseOp& op, const SummingOp& sum, const TensorType& between) {
  ChainSteps steps = op.chain();
  const Shape& shape = between.shape;
  if (steps.empty() || sum.summing() == Summing::no || shape.elements() == 0) return nullptr;
  const std::vector<bool> gone = sum.mask(shape.rank());
  int first = 0, last = shape.rank();
  while (first < last && (!gone[first] || shape[first] == 1)) ++first;
  while (last > first && (!gone[last - 1] || shape[last - 1] == 1)) --last;
  for (int i = first; i < last; ++i)
    if (!gone[i] && shape[i] != 1) return nullptr;
  if (first == last || shape.product(last, shape.rank()) > block_size) return nullptr;
  return std::make_shared<ChainSum>(std::move(steps), between, first, last, sum.summing() == Summing::mean, sum.infer({between})[0]);
}

}  // namespace

void run_chain(const ChainSteps& steps, int slots, const Tensors& inputs, Tensor& output) {
  if (output.size() == 0) return;
  visit_floating(output.dtype(), "elementwise", [&](auto zero) { run_steps<decltype(zero)>(steps, slots, inputs, output); });
}

namespace {
// `steps` (none: its one input as it is) on `inputs`, then the reader's steps, for which this is input `position`.
OpPtr joined(ChainSteps steps, const Types& inputs, const ElementwiseOp& reader, int position, const Types& reader_inputs) {
  const ChainSteps more = reader.chain();
  if (more.empty() || steps.size() + more.size() > longest_chain) return nullptr;
  const int own_inputs = static_cast<int>(inputs.size()), own_steps = static_cast<int>(steps.size());
  const auto moved = [&](int operand) {
    if (operand < 0) return operand - own_steps;
    if (operand == position) return -own_steps;  // the last result, or input 0
    return own_inputs + operand - (operand > position);
  };
  for (ChainStep step : more) {
    step.a = moved(step.a);
    step.b = moved(step.b);
    steps.push_back(step);
  }
  Types all = inputs;
  for (std::size_t i = 0; i < reader_inputs.size(); ++i)
    if (static_cast<int>(i) != position) all.push_back(reader_inputs[i]);
  return std::make_shared<Chain>(std::move(steps), all, reader.infer(reader_inputs)[0]);
}
}  // namespace

OpPtr ElementwiseOp::absorb(const Op& next, int position, const Types& inputs, const Types& next_inputs) const {
  const TensorType& between = next_inputs[static_cast<std::size_t>(position)];
  if (!between.shape.is_known() || !is_floating(between.dtype)) return nullptr;
  if (const auto* sum = dynamic_cast<const SummingOp*>(&next)) return chain_into_sum(*this, *sum, between);
  const auto* reader = dynamic_cast<const ElementwiseOp*>(&next);
  ChainSteps steps = chain();
  // What is stretched afterwards is better computed before.
  if (!reader || steps.empty() || !(next.infer(next_inputs)[0] == between)) return nullptr;
  return joined(std::move(steps), inputs, *reader, position, next_inputs);
}

OpPtr absorb_stretched(const Op& next, int position, const Types& inputs, const Types& next_inputs) {
  const auto* reader = dynamic_cast<const ElementwiseOp*>(&next);
  const TensorType& stretched = next_inputs[static_cast<std::size_t>(position)];
  if (!reader || !stretched.shape.is_known() || !is_floating(stretched.dtype)) return nullptr;
  return joined({}, inputs, *reader, position, next_inputs);
}

}  // namespace keratin
