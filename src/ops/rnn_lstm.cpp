// LSTM over all steps: the recurrent kernel's product and the cell, step by step; the input's part of the sums comes ready.
#include "rnn.h"

namespace keratin {
namespace {

// d sums of all steps, d states before the first. Fixed inputs: gates, cell states, recurrent kernel.
class LstmGradient final : public RecurrentGradientOp {
 public:
  LstmGradient(bool zero_output, RnnActivation activation, RnnActivation recurrent_activation) {
    zero_output_ = zero_output;
    activation_ = activation;
    recurrent_activation_ = recurrent_activation;
  }
  Values inputs(const GradientContext& g, const RnnInputs& of_op) { return collect(g, of_op, {g.output(3), g.output(4), g.input(1)}); }

  const char* name() const override { return "lstm_gradient"; }
  Types infer(const Types& in) const override {
    const TensorType state{in[0].dtype, Shape{in[0].shape[0], in[2].shape[0]}};
    return {in[0], state, state};
  }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "lstm_gradient", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n{in[0].shape()[0], in[0].shape()[1], static_cast<int>(in[2].shape()[0])};
    const int units = n.units, columns = 4 * units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const T *gates = in[0].data<T>(), *cells = in[1].data<T>();
    const T *dy = data_or_null<T>(in, upstream_[0]), *dh_last = data_or_null<T>(in, upstream_[1]), *dc_last = data_or_null<T>(in, upstream_[2]);
    T* d_sums = out[0].data<T>();
    const StepProduct<T> back(in[2].data<T>(), 1, columns, columns, units, n.batch);
    const Kernels<T>& k = kernels<T>();
    const std::vector<T> zeros(static_cast<std::size_t>(units), T(0));

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      SampleRows<T> dh(from, to - from, units, dh_last), dc(from, to - from, units, dc_last), through_dropout(from, extra.dropout ? to - from : 0, units);
      OutputGradient<T> outputs(dy, n, from, to - from, zero_output_);
      for (std::int64_t t = n.steps - 1; t >= 0; --t) {
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          const bool valid = !extra.mask || extra.mask[row];
          outputs.add_to(dh.of(s), s, t, valid);
          if (!valid) {
            clear_row(d_sums + row * columns, columns);
            continue;
          }
          const T* c_before = t > 0 ? cells + (row - 1) * units : extra.state[1] ? extra.state[1] + s * units : zeros.data();
          k.lstm_cell_gradient({d_sums + row * columns, gates + row * columns, c_before, cells + row * units, dh.of(s), dc.of(s), units, activation_, recurrent_activation_});
          clear_row(dh.of(s), units);
        }
        const T* d = d_sums + (from * n.steps + t) * columns;
        if (!extra.dropout) {
          back.add_to(dh.of(from), units, d, n.steps * columns, to - from);
          continue;
        }
        clear_row(through_dropout.of(from), (to - from) * units);
        back.add_to(through_dropout.of(from), units, d, n.steps * columns, to - from);
        const T *share = through_dropout.of(from), *factor = extra.dropout + from * units;
        T* sum = dh.of(from);
        for (std::int64_t i = 0; i < (to - from) * units; ++i) sum[i] += share[i] * factor[i];
      }
      dh.save(out[1].data<T>());
      dc.save(out[2].data<T>());
    });
  }
};

// Outputs: sequence, last h, last c; for the gradient: gates, cell states after each step, states before each step.
class Lstm final : public RecurrentOp {
 public:
  explicit Lstm(const Attributes& attributes) : RecurrentOp(attributes, 2, 4) {}
  const char* name() const override { return "lstm"; }

  Types infer(const Types& in) const override {
    const RnnSizes n = check(in);
    const DType dtype = in[0].dtype;
    const TensorType sequence{dtype, Shape{n.batch, n.steps, n.units}}, state{dtype, Shape{n.batch, n.units}}, gates{dtype, Shape{n.batch, n.steps, 4 * n.units}};
    return {sequence, state, state, gates, sequence, sequence};
  }
  int in_place_input(int output) const override { return output == 3 ? 0 : -1; }

  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "lstm", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

  std::optional<Unrolling> unrolling() const override {
    return Unrolling{{RecurrenceKind::lstm, false, zero_output_, activation_, recurrent_activation_}, 3, 5, -1};
  }
  Values gradient(const GradientContext& g) const override {
    keep_for_gradient();
    auto op = std::make_shared<LstmGradient>(zero_output_, activation_, recurrent_activation_);
    const Values inputs = op->inputs(g, optional_);
    const Values d = keratin::apply(op, inputs);
    Values result(g.node->inputs.size());
    result[0] = d[0];
    if (g.wants(1)) result[1] = product_over_steps(g.output(5), d[0]);
    if (optional_.has_states) {
      result[optional_.state(0)] = d[1];
      result[optional_.state(1)] = d[2];
    }
    add_hidden_gradients(g, result);
    return result;
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n = sizes(in[0], in[1]);
    const int units = n.units, columns = 4 * units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const T* sums = in[0].data<T>();
    T *y = out[0].data<T>(), *gates = out[3].data<T>(), *cells = out[4].data<T>(), *before = out[5].data<T>();
    const bool keep = keeps(), in_gates = keep || gates == sums;  // where sums become gates: in what is kept or may be overwritten, or in memory of a step
    const StepProduct<T> forward(in[1].data<T>(), columns, 1, units, columns, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      SampleRows<T> h(from, rows, units, extra.state[0]), c(from, rows, units, extra.state[1]);
      SampleRows<T> dropped(from, extra.dropout && !keep ? rows : 0, units), scratch(from, in_gates ? 0 : rows, columns);
      for (std::int64_t t = 0; t < n.steps; ++t) {
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          T* sum = in_gates ? gates + row * columns : scratch.of(s);
          if (sum != sums + row * columns) copy_row(sum, sums + row * columns, columns);
          if (keep || extra.dropout) enter_step(keep ? before + row * units : dropped.of(s), h.of(s), extra.dropout_of(s, units), units);
        }
        const std::int64_t first = from * n.steps + t;
        const T* a = keep ? before + first * units : extra.dropout ? dropped.of(from) : h.of(from);
        forward.add_to(in_gates ? gates + first * columns : scratch.of(from), in_gates ? n.steps * columns : columns, a, keep ? n.steps * units : units, rows);
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          if (!extra.mask || extra.mask[row]) {
            k.lstm_cell({in_gates ? gates + row * columns : scratch.of(s), c.of(s), c.of(s), h.of(s), units, activation_, recurrent_activation_});
            copy_row(y + row * units, h.of(s), units);
          } else {
            carry_output(y + row * units, t, units, zero_output_);
          }
          if (keep) copy_row(cells + row * units, c.of(s), units);
        }
      }
      h.save(out[1].data<T>());
      c.save(out[2].data<T>());
    });
  }
};

REGISTER_OP("lstm", [](const Attributes& attributes) { return std::make_shared<Lstm>(attributes); });

}  // namespace
}  // namespace keratin
