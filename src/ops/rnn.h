#pragma once
// What the recurrent ops share.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <vector>

#include "../core/thread_pool.h"
#include "../graph/graph.h"
#include "../kernels/dispatch.h"
#include "rnn_unrolled.h"

namespace keratin {

RnnActivation rnn_activation(const Attributes& attributes, const std::string& name, const char* otherwise);

// A [rows x depth] times one matrix B [depth x columns], asked for at every time step: B is laid out once for all of them.
template <class T>
class StepProduct {
 public:
  // B[k, j] lies at b[k * row + j * column]; `batch` decides how it is laid out (never the number of threads).
  StepProduct(const T* b, std::ptrdiff_t row, std::ptrdiff_t column, int depth, int columns, std::int64_t batch);
  // C += A B for `rows` rows.
  void add_to(T* c, std::ptrdiff_t c_row, const T* a, std::ptrdiff_t a_row, std::int64_t rows) const;

 private:
  int depth_, columns_, vectors_ = 0, tile_rows_ = 0;
  const T* b_ = nullptr;  // row-major (few samples), or panels
  std::ptrdiff_t b_row_ = 0;
  BufferPtr memory_;
};
extern template class StepProduct<float>;
extern template class StepProduct<double>;

// Samples are independent of each other: each thread takes some of them through all steps. Where the cut lies changes no bit of a row.
template <class Body>
void for_samples(std::int64_t batch, Body&& body) {
  const std::int64_t smallest = 4, parts = std::max<std::int64_t>(1, std::min<std::int64_t>(thread_count(), batch / smallest));
  parallel_parts(parts, [&](std::int64_t part) { body(batch * part / parts, batch * (part + 1) / parts); });
}

struct RnnSizes {
  std::int64_t batch, steps;
  int units;
};

// Pointers to the optional inputs of a run, null where absent.
template <class T>
struct StepInputs {
  const T* state[2] = {nullptr, nullptr};
  const T* bias = nullptr;
  const bool* mask = nullptr;
  const T* dropout = nullptr;

  const T* dropout_of(std::int64_t sample, int units) const { return dropout ? dropout + sample * units : nullptr; }
};

// Which optional inputs an op has, and where. They follow the `first` fixed ones in this order.
struct RnnInputs {
  int first = 0, state_count = 1;
  bool has_states = false, has_bias = false, has_mask = false, has_dropout = false;

  int state(int i) const { return has_states ? first + i : -1; }
  int bias() const { return has_bias ? first + has_states * state_count : -1; }
  int mask() const { return has_mask ? first + has_states * state_count + has_bias : -1; }
  int dropout() const { return has_dropout ? first + has_states * state_count + has_bias + has_mask : -1; }
  int count() const { return first + has_states * state_count + has_bias + has_mask + has_dropout; }

  template <class T>
  StepInputs<T> read(const Tensors& inputs) const {
    StepInputs<T> in;
    for (int i = 0; i < state_count; ++i)
      if (has_states) in.state[i] = inputs[state(i)].data<T>();
    if (has_bias) in.bias = inputs[bias()].data<T>();
    if (has_mask) in.mask = inputs[mask()].data<bool>();
    if (has_dropout) in.dropout = inputs[dropout()].data<T>();
    return in;
  }
};

// Base of the recurrent ops. Inputs: sums [batch, steps, gates * units] of the kernel's and the bias's part, recurrent kernel
// [units, gates * units], then what the attributes announce: initial states (`states`), `recurrent_bias`, `mask` [batch, steps],
// `recurrent_dropout` [batch, units], which multiplies the state on its way into the recurrent kernel.
class RecurrentOp : public Op {
 public:
  RecurrentOp(const Attributes& attributes, int state_count, int gate_count);
  bool may_be_shared() const override { return false; }

  // How to compute the same step by step, for gradients of gradients, and the outputs that only the gradient reads: the gates, the states
  // before each step, and what a GRU keeps besides (-1: nothing). None: cannot.
  struct Unrolling {
    UnrolledRecurrence recurrence;
    int gates, before, kept;
  };
  virtual std::optional<Unrolling> unrolling() const { return std::nullopt; }
  UnrolledInputs unrolled_inputs(const Values& inputs) const;
  std::vector<int> differentiable_inputs() const;

 protected:
  RnnSizes check(const Types& inputs) const;  // fails where an input does not fit
  static RnnSizes sizes(const Tensor& sums, const Tensor& kernel) {
    return {sums.shape()[0], sums.shape()[1], static_cast<int>(kernel.shape()[0])};
  }

  // What the gradient reads (activated gates, states before each step) is written only if a gradient will be asked for: the outputs
  // are always there, but memory that nobody touches costs nothing.
  bool keeps() const { return wanted_by_trace_ || is_recording(); }
  void keep_for_gradient() const { wanted_by_trace_ = true; }
  // What comes back through the outputs that only the gradient reads, when that gradient is differentiated: for the gates, the
  // gradient by the sums that they were made of (RecurrentGradientOp says so); for the others by way of the steps.
  void add_hidden_gradients(const GradientContext& g, Values& result) const;

  int gate_count_;
  RnnInputs optional_;
  bool zero_output_;
  RnnActivation activation_, recurrent_activation_;

 private:
  mutable std::atomic<bool> wanted_by_trace_{false};
};

// The other half: takes the op's optional inputs after `first` fixed ones (gates first, the recurrent kernel last), then the upstream
// gradients that there are. Its own gradient goes step by step; what it gives for the gates is the gradient by the sums.
class RecurrentGradientOp : public Op {
 public:
  Values gradient(const GradientContext&) const override;

 protected:
  template <class T>
  static const T* data_or_null(const Tensors& inputs, int index) {
    return index < 0 ? nullptr : inputs[index].data<T>();
  }
  RnnInputs optional_;
  int upstream_[3] = {-1, -1, -1};  // of the output sequence and of each state
  bool zero_output_ = false;
  RnnActivation activation_ = RnnActivation::tanh, recurrent_activation_ = RnnActivation::sigmoid;

  // The inputs for apply(): `fixed`, the op's own optional inputs, the upstreams of its outputs 0 (sequence), 1, 2 (states).
  Values collect(const GradientContext& g, const RnnInputs& of_op, Values fixed);
};

// Rows of scratch for the samples [first, …) of one thread.
template <class T>
class SampleRows {
 public:
  SampleRows(std::int64_t first, std::int64_t rows, int units, const T* start = nullptr) : first_(first), units_(units), values_(static_cast<std::size_t>(rows * units), T(0)) {
    if (start) std::copy(start + first * units, start + (first + rows) * units, values_.begin());
  }
  T* of(std::int64_t sample) { return values_.data() + (sample - first_) * units_; }
  void save(T* to) const { std::copy(values_.begin(), values_.end(), to + first_ * units_); }

 private:
  std::int64_t first_;
  int units_;
  std::vector<T> values_;
};

template <class T>
inline void copy_row(T* to, const T* from, std::int64_t n) {
  std::memcpy(to, from, sizeof(T) * static_cast<std::size_t>(n));
}
template <class T>
inline void clear_row(T* to, std::int64_t n) {
  std::memset(to, 0, sizeof(T) * static_cast<std::size_t>(n));
}

// What the recurrent kernel sees of the state.
template <class T>
inline void enter_step(T* seen, const T* state, const T* dropout, int units) {
  if (!dropout) return copy_row(seen, state, units);
  for (int u = 0; u < units; ++u) seen[u] = state[u] * dropout[u];
}

// Output of a step that the mask leaves out: the one before, or zeros. `y`: the row of this step.
template <class T>
inline void carry_output(T* y, std::int64_t step, int units, bool zero) {
  if (zero || step == 0) clear_row(y, units);
  else copy_row(y, y - units, units);
}

// Upstream gradient of the output sequence, walked from the last step to the first: a repeated output hands its share to the step that
// it repeats.
template <class T>
class OutputGradient {
 public:
  OutputGradient(const T* dy, const RnnSizes& n, std::int64_t first, std::int64_t rows, bool zero)
      : dy_(dy), n_(n), zero_(zero), carried_(first, dy ? rows : 0, n.units) {}
  void add_to(T* dh, std::int64_t sample, std::int64_t step, bool valid) {
    if (!dy_) return;
    const T* d = dy_ + (sample * n_.steps + step) * n_.units;
    T* carried = carried_.of(sample);
    if (valid) {
      for (int u = 0; u < n_.units; ++u) dh[u] += d[u] + carried[u];
      clear_row(carried, n_.units);
    } else if (!zero_) {
      for (int u = 0; u < n_.units; ++u) carried[u] += d[u];
    }
  }

 private:
  const T* dy_;
  RnnSizes n_;
  bool zero_;
  SampleRows<T> carried_;
};

// d kernel = A' B over all samples and steps (A: [batch, steps, depth], B: [batch, steps, columns]).
Value product_over_steps(const Value& a, const Value& b);

}  // namespace keratin
