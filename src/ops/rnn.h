#pragma once
// What the recurrent ops share.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <vector>

#include "../core/thread_pool.h"
#include "../graph/graph.h"
#include "../kernels/dispatch.h"
#include "rnn_unrolled.h"

namespace keratin {

RnnActivation rnn_activation(const Attributes& attributes, const std::string& name, const char* otherwise);

template <class T>
struct Memory {
  explicit Memory(std::int64_t n) : buffer(allocate(sizeof(T) * static_cast<std::size_t>(n))), data(static_cast<T*>(buffer->data())) {}
  BufferPtr buffer;
  T* data;
};

// Rows an odd number of cache lines apart do not keep each other out of the cache.
template <class T>
inline int padded(int elements) {
  const int line = 64 / static_cast<int>(sizeof(T));
  return ((elements + line - 1) / line | 1) * line;
}

// A [rows x depth] times one matrix B [depth x columns], asked for again and again: B is laid out once for all of them.
template <class T>
class StepProduct {
 public:
  // B[k, j] lies at b[k * row + j * column], one of the two is 1; `rows`, of all samples in a call, decides how it is laid out (never the number
  // of threads).
  StepProduct(const T* b, std::ptrdiff_t row, std::ptrdiff_t column, int depth, int columns, std::int64_t rows);
  // C += A B for `rows` rows.
  void add_to(T* c, std::ptrdiff_t c_row, const T* a, std::ptrdiff_t a_row, std::int64_t rows) const { run(c, c_row, a, a_row, rows, true, nullptr); }
  // C = A B + bias, which may be null.
  void write_to(T* c, std::ptrdiff_t c_row, const T* a, std::ptrdiff_t a_row, std::int64_t rows, const T* bias = nullptr) const {
    run(c, c_row, a, a_row, rows, false, bias);
  }

 private:
  void run(T* c, std::ptrdiff_t c_row, const T* a, std::ptrdiff_t a_row, std::int64_t rows, bool accumulate, const T* bias) const;

  int depth_, columns_, vectors_ = 0;
  const T* b_ = nullptr;  // row-major (few samples), or panels
  std::ptrdiff_t b_row_ = 0;
  BufferPtr memory_;
};
extern template class StepProduct<float>;
extern template class StepProduct<double>;

// C [features x columns] += A' B, summed over rows of A and B. C null: not wanted.
template <class T>
struct SumOfProducts {
  const T* a;
  std::ptrdiff_t a_row;
  int features;
  T* c;
  std::ptrdiff_t c_row;
};
// All that are multiplied with one B, [rows x columns], and its own column sums (null: not wanted).
template <class T>
void add_sums_of_products(const T* b, std::ptrdiff_t b_row, int columns, std::int64_t rows, std::initializer_list<SumOfProducts<T>> products,
                          T* column_sums);

// Samples are independent of each other: each thread takes some of them through all steps. Where the cut lies changes no bit of a row.
template <class Body>
void for_samples(std::int64_t batch, Body&& body) {
  const std::int64_t smallest = 4, parts = std::max<std::int64_t>(1, std::min<std::int64_t>(thread_count(), batch / smallest));
  parallel_parts(parts, [&](std::int64_t part) { body(batch * part / parts, batch * (part + 1) / parts); });
}

struct RnnSizes {
  std::int64_t batch, steps;
  int units, channels = 0;
};

// Pointers to the optional inputs of a run, null where absent.
template <class T>
struct StepInputs {
  const T* bias = nullptr;
  const T* state[2] = {nullptr, nullptr};
  const T* recurrent_bias = nullptr;
  const bool* mask = nullptr;
  const T* dropout = nullptr;

  const T* dropout_of(std::int64_t sample, int units) const { return dropout ? dropout + sample * units : nullptr; }
};

// Which optional inputs an op has, and where. They follow the `first` fixed ones in this order.
struct RnnInputs {
  int first = 0, state_count = 1;
  bool has_bias = false, has_states = false, has_recurrent_bias = false, has_mask = false, has_dropout = false;

  int bias() const { return has_bias ? first : -1; }
  int state(int i) const { return has_states && i < state_count ? first + has_bias + i : -1; }
  int recurrent_bias() const { return has_recurrent_bias ? after_states() : -1; }
  int mask() const { return has_mask ? after_states() + has_recurrent_bias : -1; }
  int dropout() const { return has_dropout ? after_states() + has_recurrent_bias + has_mask : -1; }
  int count() const { return after_states() + has_recurrent_bias + has_mask + has_dropout; }

  template <class T>
  StepInputs<T> read(const Tensors& inputs) const {
    const auto data = [&](int i) -> const T* { return i < 0 ? nullptr : inputs[i].data<T>(); };
    return {
        data(bias()), {data(state(0)), data(state(1))}, data(recurrent_bias()), has_mask ? inputs[mask()].data<bool>() : nullptr, data(dropout())};
  }

 private:
  int after_states() const { return first + has_bias + has_states * state_count; }
};

// Base of the recurrent ops: after `fixed` inputs what the attributes announce, `bias` [gates * units], initial states (`states`),
// `recurrent_bias`, `mask` [batch, steps], `recurrent_dropout` [batch, units], which multiplies the state on its way into the recurrent
// kernel.
class RecurrentOp : public Op {
 public:
  RecurrentOp(const Attributes& attributes, int fixed, int state_count);
  bool may_be_shared() const override { return false; }

 protected:
  // What the gradient reads (activated gates, states of each step) is written only if a gradient will be asked for: the outputs
  // are always there, but memory that nobody touches costs nothing.
  bool keeps() const { return wanted_by_trace_ || is_recording(); }
  void keep_for_gradient() const { wanted_by_trace_ = true; }

  RnnInputs optional_;
  bool zero_output_;
  RnnActivation activation_, recurrent_activation_;

 private:
  mutable std::atomic<bool> wanted_by_trace_{false};
};

// The other half: takes some fixed inputs, the op's optional ones, then the upstream gradients that there are.
class RecurrentGradientOp : public Op {
 public:
  RecurrentGradientOp(bool zero_output, RnnActivation activation, RnnActivation recurrent_activation)
      : zero_output_(zero_output), activation_(activation), recurrent_activation_(recurrent_activation) {}
  // The inputs for apply(): `fixed`, the op's own optional inputs, the upstreams of its outputs 0 (sequence), 1, 2 (states).
  Values collect(const GradientContext& g, const RnnInputs& of_op, Values fixed);
  Values gradient(const GradientContext&) const override;

 protected:
  template <class T>
  const T* upstream(const Tensors& inputs, int i) const {
    return upstream_[i] < 0 ? nullptr : inputs[upstream_[i]].data<T>();
  }
  RnnInputs optional_;
  int upstream_[3] = {-1, -1, -1};  // of the output sequence and of each state
  bool zero_output_;
  RnnActivation activation_, recurrent_activation_;
};

// What an RnnGradient gives, each as the input of the op that it belongs to.
enum RnnGradientOutput { d_x, d_kernel, d_recurrent_kernel, d_bias, d_recurrent_bias, d_h, d_c, rnn_gradients };

// The gradient of an RnnOp. Fixed inputs: `saved` outputs of the op, then all of the op's own inputs. Its own gradient goes step by step, by the
// op's inputs alone: what was saved is a function of them.
class RnnGradient : public RecurrentGradientOp {
 public:
  RnnGradient(const UnrolledRecurrence& recurrence, int saved);
  int saved() const { return saved_; }
  using Places = std::array<int, rnn_gradients>;
  static Places places(const RnnInputs& of);  // of the inputs that the outputs belong to, or -1
  Values collect(const GradientContext& g, const RnnInputs& of_op, Values fixed);

  Types infer(const Types& in) const override;
  Values gradient(const GradientContext& g) const override;

 protected:
  template <class T>
  friend class WayBack;

  UnrolledRecurrence recurrence_;
  int saved_;
  bool wants_[rnn_gradients] = {};
};

// LSTM, GRU and simple RNN. Inputs: x [batch, steps, channels], kernel [channels, gates * units], recurrent kernel [units, gates * units],
// then the optional ones. Outputs: sequence, last states; then what only the gradient reads, laid out [steps, batch, ...], so that the rows of
// a step are neighbours.
class RnnOp : public RecurrentOp {
 public:
  RnnOp(const Attributes& attributes, int state_count, int gate_count) : RecurrentOp(attributes, 3, state_count), gate_count_(gate_count) {}
  Values gradient(const GradientContext& g) const override;

 protected:
  virtual std::shared_ptr<RnnGradient> gradient_op() const = 0;
  RnnSizes check(const Types& inputs) const;  // fails where an input does not fit
  static RnnSizes sizes(const Shape& x, const Shape& recurrent_kernel) {
    return {x[0], x[1], static_cast<int>(recurrent_kernel[0]), static_cast<int>(x[2])};
  }

  int gate_count_;
};

// Rows of scratch for the samples [first, …) of one thread.
template <class T>
class SampleRows {
 public:
  SampleRows(std::int64_t first, std::int64_t rows, int units, const T* start = nullptr)
      : first_(first), units_(units), values_(static_cast<std::size_t>(rows * units), T(0)) {
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
  if (to != from) std::memcpy(to, from, sizeof(T) * static_cast<std::size_t>(n));
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

// ---- forward

constexpr std::int64_t rows_of_block = 64;

// x * kernel + bias of the samples [from, to), for a few steps at once: enough rows for each panel of the kernel to be worth its way into the
// nearest cache, and so few that their sums stay in the second.
template <class T>
class InputSums {
 public:
  InputSums(const StepProduct<T>& product, const T* x, const T* bias, const RnnSizes& n, int columns, std::int64_t from, std::int64_t to)
      : product_(product),
        x_(x),
        bias_(bias),
        n_(n),
        columns_(columns),
        from_(from),
        rows_(to - from),
        steps_(std::min(n.steps, std::max<std::int64_t>(1, rows_of_block / std::max<std::int64_t>(1, rows_)))),
        block_(steps_ * rows_ * n.channels),
        sums_(steps_ * rows_ * columns) {}

  // [sample][columns] of step t, to be asked for in order; the caller may use it as its own.
  T* of_step(std::int64_t t) {
    if (t % steps_ == 0) compute(t, std::min(steps_, n_.steps - t));
    return sums_.data + t % steps_ * rows_ * columns_;
  }

 private:
  void compute(std::int64_t first, std::int64_t steps) {
    for (std::int64_t t = 0; t < steps; ++t)
      for (std::int64_t s = 0; s < rows_; ++s)
        copy_row(block_.data + (t * rows_ + s) * n_.channels, x_ + ((from_ + s) * n_.steps + first + t) * n_.channels, n_.channels);
    product_.write_to(sums_.data, columns_, block_.data, n_.channels, steps * rows_, bias_);
  }

  const StepProduct<T>& product_;
  const T *x_, *bias_;
  RnnSizes n_;
  int columns_;
  std::int64_t from_, rows_, steps_;
  Memory<T> block_, sums_;
};

// A state of the samples [from, to): of every step, [step][sample], where they are kept for the gradient, else the latest one.
template <class T>
class States {
 public:
  States(T* kept, const RnnSizes& n, std::int64_t from, std::int64_t to, const T* start)
      : kept_(kept), n_(n), from_(from), to_(to), latest_(from, to - from, n.units, start) {}
  T* after(std::int64_t t, std::int64_t s) { return kept_ && t >= 0 ? kept_ + (t * n_.batch + s) * n_.units : latest_.of(s); }
  T* before(std::int64_t t, std::int64_t s) { return after(t - 1, s); }
  void carry(std::int64_t t, std::int64_t s) { copy_row(after(t, s), before(t, s), n_.units); }
  void save(T* to) { copy_row(to + from_ * n_.units, before(n_.steps, from_), (to_ - from_) * n_.units); }

  // What the recurrent kernel sees of all samples at step t; `dropped`: room for it.
  const T* seen(std::int64_t t, SampleRows<T>& dropped, const StepInputs<T>& extra) {
    if (!extra.dropout) return before(t, from_);
    for (std::int64_t s = from_; s < to_; ++s) enter_step(dropped.of(s), before(t, s), extra.dropout_of(s, n_.units), n_.units);
    return dropped.of(from_);
  }

 private:
  T* kept_;
  RnnSizes n_;
  std::int64_t from_, to_;
  SampleRows<T> latest_;
};

// ---- backward

// Upstream gradient of the output sequence, walked from the last step to the first: a repeated output hands its share to the step that
// it repeats.
template <class T>
class OutputGradient {
 public:
  OutputGradient(const T* dy, const RnnSizes& n, bool repeats)
      : dy_(dy), n_(n), repeats_(dy && repeats), carried_(0, repeats_ ? n.batch : 0, n.units) {}
  void add_to(T* dh, std::int64_t sample, std::int64_t step, bool valid) {
    if (!dy_) return;
    const T* d = dy_ + (sample * n_.steps + step) * n_.units;
    const std::size_t units = static_cast<std::size_t>(n_.units);
    if (valid) kernels<T>().add_to(dh, d, units);
    if (!repeats_) return;
    T* carried = carried_.of(sample);
    kernels<T>().add_to(valid ? dh : carried, valid ? carried : d, units);
    if (valid) clear_row(carried, n_.units);
  }

 private:
  const T* dy_;
  RnnSizes n_;
  bool repeats_;
  SampleRows<T> carried_;
};

// The way of a gradient back through all steps, in blocks of steps: what a block's steps find for the sums goes into the gradients of x, kernels
// and biases while it is still in the cache.
template <class T>
class WayBack {
 public:
  // `columns`: gates * units. `h`: the states after each step.
  WayBack(const RnnGradient& op, const Tensors& in, Tensors& out, int columns, const T* h)
      : n(sizes(op, in)),
        extra(op.optional_.read<T>(in)),
        dh(0, n.batch, n.units, op.upstream<T>(in, 1)),
        columns_(columns),
        h_(h),
        x_(in[op.saved_].data<T>()),
        zeros_(static_cast<std::size_t>(n.units), T(0)),
        outputs_(op.upstream<T>(in, 0), n, extra.mask && !op.zero_output_),
        share_(0, extra.dropout ? n.batch : 0, n.units),
        steps_(std::min(n.steps, std::max<std::int64_t>(1, rows_of_block_back / std::max<std::int64_t>(1, n.batch)))),
        x_row_(padded<T>(n.channels)),
        h_row_(padded<T>(n.units)),
        d_sums_(steps_ * n.batch * columns),
        x_block_(steps_ * n.batch * x_row_),
        h_block_(steps_ * n.batch * h_row_),
        through_input_(in[op.saved_ + 1].data<T>(), 1, columns, columns, op.wants_[d_x] ? n.channels : 0, std::max(n.batch, steps_)) {
    for (int i = 0; i < rnn_gradients; ++i) {
      d_[i] = op.wants_[i] ? out[i].data<T>() : nullptr;
      if (d_[i] && i != d_x && i != d_h && i != d_c) clear_row(d_[i], out[i].size());
    }
  }

  const RnnSizes n;
  const StepInputs<T> extra;
  SampleRows<T> dh;  // gradient of the state between the steps

  bool is_valid(std::int64_t s, std::int64_t t) const { return !extra.mask || extra.mask[s * n.steps + t]; }
  std::int64_t steps_of_block() const { return steps_; }
  // A state before step t, of those kept after each step.
  const T* before(const T* kept, const T* start, std::int64_t t, std::int64_t s) const {
    return t > 0 ? kept + ((t - 1) * n.batch + s) * n.units : start ? start + s * n.units : zeros_.data();
  }
  const T* h_before(std::int64_t t, std::int64_t s) const { return before(h_, extra.state[0], t, s); }
  void add_output(std::int64_t s, std::int64_t t) { outputs_.add_to(dh.of(s), s, t, is_valid(s, t)); }

  // Where what comes back through the recurrent kernel is added up, and its way through the dropout to dh.
  T* open_share(std::int64_t from, std::int64_t to) {
    if (!extra.dropout) return dh.of(from);
    clear_row(share_.of(from), (to - from) * n.units);
    return share_.of(from);
  }
  void close_share(std::int64_t from, std::int64_t to) {
    if (!extra.dropout) return;
    const T *share = share_.of(from), *factor = extra.dropout + from * n.units;
    T* sum = dh.of(from);
    for (std::int64_t i = 0; i < (to - from) * n.units; ++i) sum[i] += share[i] * factor[i];
  }

  struct Block {
    std::int64_t first, rows;
    const T* d_sums;                  // [rows][columns], a step's rows after those of the step before
    SumOfProducts<T> kernel, recurrent;  // the kernels' gradients, from x and from the states that the recurrent kernel saw
    T *d_bias, *d_recurrent_bias;
  };
  // step(from, to, t, place, d_sums) takes the samples [from, to) one step back: writes the gradients of its sums, [sample][columns], and moves dh.
  // `place`: of the step in the block. finish(block) adds up the gradients of kernels and biases.
  template <class Step, class Finish>
  void run(Step&& step, Finish&& finish) {
    for (std::int64_t end = n.steps; end > 0; end -= std::min(end, steps_)) {
      const std::int64_t begin = std::max<std::int64_t>(0, end - steps_);
      for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t t = end - 1; t >= begin; --t) {
          T* d = d_sums_.data + (t - begin) * n.batch * columns_;
          step(from, to, t, t - begin, d);
          for (std::int64_t s = from; s < to; ++s) {
            const std::int64_t row = (t - begin) * n.batch + s;
            if (d_[d_kernel]) copy_row(x_block_.data + row * x_row_, x_ + (s * n.steps + t) * n.channels, n.channels);
            if (d_[d_recurrent_kernel]) enter_step(h_block_.data + row * h_row_, h_before(t, s), extra.dropout_of(s, n.units), n.units);
          }
        }
        if (d_[d_x]) through_input(from, to, begin, end);
      });
      finish(Block{begin, (end - begin) * n.batch, d_sums_.data, {x_block_.data, x_row_, n.channels, d_[d_kernel], columns_},
                   {h_block_.data, h_row_, n.units, d_[d_recurrent_kernel], columns_}, d_[d_bias], d_[d_recurrent_bias]});
    }
    if (d_[d_h]) dh.save(d_[d_h]);
  }

 private:
  static constexpr std::int64_t rows_of_block_back = 128;
  static RnnSizes sizes(const RnnGradient& op, const Tensors& in) {
    const Shape &x = in[op.saved_].shape(), &recurrent_kernel = in[op.saved_ + 2].shape();
    return {x[0], x[1], static_cast<int>(recurrent_kernel[0]), static_cast<int>(x[2])};
  }
  // Step by step, or sample by sample: where the rows are more.
  void through_input(std::int64_t from, std::int64_t to, std::int64_t begin, std::int64_t end) {
    T* dx = d_[d_x] + (from * n.steps + begin) * n.channels;
    const T* d = d_sums_.data + from * columns_;
    if (n.batch >= steps_) {
      for (std::int64_t t = begin; t < end; ++t, dx += n.channels, d += n.batch * columns_)
        through_input_.write_to(dx, n.steps * n.channels, d, columns_, to - from);
    } else {
      for (std::int64_t s = from; s < to; ++s, dx += n.steps * n.channels, d += columns_)
        through_input_.write_to(dx, n.channels, d, n.batch * columns_, end - begin);
    }
  }

  int columns_;
  const T *h_, *x_;
  std::vector<T> zeros_;
  OutputGradient<T> outputs_;
  SampleRows<T> share_;
  std::int64_t steps_, x_row_, h_row_;
  Memory<T> d_sums_, x_block_, h_block_;
  StepProduct<T> through_input_;
  T* d_[rnn_gradients];
};

}  // namespace keratin
