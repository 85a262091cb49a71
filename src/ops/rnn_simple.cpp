// The fully connected recurrence h = f(x W + b + h R) over all steps.
#include "rnn.h"

namespace keratin {
namespace {

// d sums, d state before the first step. Fixed inputs: values f(...) of each step, recurrent kernel.
class SimpleRnnGradient final : public RecurrentGradientOp {
 public:
  SimpleRnnGradient(bool zero_output, RnnActivation activation) {
    zero_output_ = zero_output;
    activation_ = activation;
  }
  Values inputs(const GradientContext& g, const RnnInputs& of_op) { return collect(g, of_op, {g.output(2), g.input(1)}); }

  const char* name() const override { return "simple_rnn_gradient"; }
  Types infer(const Types& in) const override { return {in[0], {in[0].dtype, Shape{in[0].shape[0], in[1].shape[0]}}}; }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "simple_rnn_gradient", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n{in[0].shape()[0], in[0].shape()[1], static_cast<int>(in[1].shape()[0])};
    const int units = n.units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const T *values = in[0].data<T>(), *dy = data_or_null<T>(in, upstream_[0]), *dh_last = data_or_null<T>(in, upstream_[1]);
    T* d_sums = out[0].data<T>();
    const StepProduct<T> back(in[1].data<T>(), 1, units, units, units, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      SampleRows<T> dh(from, rows, units, dh_last), through_kernel(from, rows, units);
      OutputGradient<T> outputs(dy, n, from, rows, zero_output_);
      for (std::int64_t t = n.steps - 1; t >= 0; --t) {
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          const bool valid = !extra.mask || extra.mask[row];
          outputs.add_to(dh.of(s), s, t, valid);
          if (!valid) {
            clear_row(d_sums + row * units, units);
            continue;
          }
          k.rnn_activate_gradient(d_sums + row * units, dh.of(s), values + row * units, units, activation_);
          clear_row(dh.of(s), units);
        }
        clear_row(through_kernel.of(from), rows * units);
        back.add_to(through_kernel.of(from), units, d_sums + (from * n.steps + t) * units, n.steps * units, rows);
        T* sum = dh.of(from);
        const T *share = through_kernel.of(from), *factor = extra.dropout ? extra.dropout + from * units : nullptr;
        for (std::int64_t i = 0; i < rows * units; ++i) sum[i] += factor ? share[i] * factor[i] : share[i];
      }
      dh.save(out[1].data<T>());
    });
  }
};

// Outputs: sequence, last h; for the gradient: values of each step, states before each step.
class SimpleRnn final : public RecurrentOp {
 public:
  explicit SimpleRnn(const Attributes& attributes) : RecurrentOp(attributes, 1, 1) {}
  const char* name() const override { return "simple_rnn"; }

  Types infer(const Types& in) const override {
    const RnnSizes n = check(in);
    const TensorType sequence{in[0].dtype, Shape{n.batch, n.steps, n.units}};
    return {sequence, {in[0].dtype, Shape{n.batch, n.units}}, sequence, sequence};
  }
  int in_place_input(int output) const override { return output == 2 ? 0 : -1; }

  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "simple_rnn", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

  std::optional<Unrolling> unrolling() const override {
    return Unrolling{{RecurrenceKind::simple, false, zero_output_, activation_, recurrent_activation_}, 2, 3, -1};
  }
  Values gradient(const GradientContext& g) const override {
    keep_for_gradient();
    auto op = std::make_shared<SimpleRnnGradient>(zero_output_, activation_);
    const Values inputs = op->inputs(g, optional_);
    const Values d = keratin::apply(op, inputs);
    Values result(g.node->inputs.size());
    result[0] = d[0];
    if (g.wants(1)) result[1] = product_over_steps(g.output(3), d[0]);
    if (optional_.has_states) result[optional_.state(0)] = d[1];
    add_hidden_gradients(g, result);
    return result;
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n = sizes(in[0], in[1]);
    const int units = n.units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const T* sums = in[0].data<T>();
    T *y = out[0].data<T>(), *values = out[2].data<T>(), *before = out[3].data<T>();
    const bool keep = keeps();
    const StepProduct<T> forward(in[1].data<T>(), units, 1, units, units, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      SampleRows<T> h(from, rows, units, extra.state[0]), seen(from, rows, units), sum(from, rows, units);
      for (std::int64_t t = 0; t < n.steps; ++t) {
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          copy_row(sum.of(s), sums + row * units, units);
          enter_step(seen.of(s), h.of(s), extra.dropout_of(s, units), units);
          if (keep) copy_row(before + row * units, seen.of(s), units);
        }
        forward.add_to(sum.of(from), units, seen.of(from), units, rows);
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          if (!extra.mask || extra.mask[row]) {
            k.rnn_activate(h.of(s), sum.of(s), units, activation_);
            copy_row(y + row * units, h.of(s), units);
            if (keep) copy_row(values + row * units, h.of(s), units);
          } else {
            carry_output(y + row * units, t, units, zero_output_);
          }
        }
      }
      h.save(out[1].data<T>());
    });
  }
};

REGISTER_OP("simple_rnn", [](const Attributes& attributes) { return std::make_shared<SimpleRnn>(attributes); });

}  // namespace
}  // namespace keratin
