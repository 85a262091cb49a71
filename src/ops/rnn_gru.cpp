// GRU over all steps, with the reset gate after the recurrent kernel's product (as cuDNN computes it) or before it.
#include "rnn.h"

namespace keratin {
namespace {

// d sums, d inner sums (those of the recurrent kernel), d state before the first step.
// Fixed inputs: gates, kept (inner sums of the candidate, or reset states), states before each step, recurrent kernel.
class GruGradient final : public RecurrentGradientOp {
 public:
  GruGradient(bool reset_after, bool zero_output, RnnActivation activation, RnnActivation recurrent_activation) : reset_after_(reset_after) {
    zero_output_ = zero_output;
    activation_ = activation;
    recurrent_activation_ = recurrent_activation;
  }
  Values inputs(const GradientContext& g, const RnnInputs& of_op) { return collect(g, of_op, {g.output(2), g.output(3), g.output(4), g.input(1)}); }

  const char* name() const override { return "gru_gradient"; }
  Types infer(const Types& in) const override {
    const TensorType state{in[0].dtype, Shape{in[0].shape[0], in[3].shape[0]}};
    if (!reset_after_) return {in[0], state};
    return {in[0], state, in[0]};
  }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "gru_gradient", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n{in[0].shape()[0], in[0].shape()[1], static_cast<int>(in[3].shape()[0])};
    const int units = n.units, columns = 3 * units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const T *gates = in[0].data<T>(), *kept = in[1].data<T>(), *before = in[2].data<T>(), *kernel = in[3].data<T>();
    const T *dy = data_or_null<T>(in, upstream_[0]), *dh_last = data_or_null<T>(in, upstream_[1]);
    T *d_sums = out[0].data<T>(), *d_inner = reset_after_ ? out[2].data<T>() : nullptr;
    const StepProduct<T> back(kernel, 1, columns, reset_after_ ? columns : 2 * units, units, n.batch);
    const StepProduct<T> back_candidate(kernel + 2 * units, 1, columns, reset_after_ ? 0 : units, units, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      SampleRows<T> dh(from, rows, units, dh_last), d_reset(from, reset_after_ ? 0 : rows, units), through_kernel(from, rows, units), seen(from, rows, units);
      OutputGradient<T> outputs(dy, n, from, rows, zero_output_);
      for (std::int64_t t = n.steps - 1; t >= 0; --t) {
        auto is_valid = [&](std::int64_t s) { return !extra.mask || extra.mask[s * n.steps + t]; };
        auto cell_of = [&](std::int64_t s) {
          const std::int64_t row = s * n.steps + t;
          GruCellGradient<T> cell{};
          cell.d_gates = d_sums + row * columns;
          cell.gates = gates + row * columns;
          cell.h_before = before + row * units;
          cell.dh = dh.of(s);
          cell.units = units;
          cell.activation = activation_;
          cell.recurrent_activation = recurrent_activation_;
          if (reset_after_) {
            cell.inner = kept + row * units;
            cell.d_inner = d_inner + row * columns;
          } else {
            cell.d_reset = d_reset.of(s);
          }
          return cell;
        };
        for (std::int64_t s = from; s < to; ++s) {
          outputs.add_to(dh.of(s), s, t, is_valid(s));
          const GruCellGradient<T> cell = cell_of(s);
          if (is_valid(s)) {
            k.gru_cell_gradient(cell);
          } else {
            clear_row(cell.d_gates, columns);
            if (reset_after_) clear_row(cell.d_inner, columns);
          }
        }
        const std::int64_t first = from * n.steps + t;
        clear_row(through_kernel.of(from), rows * units);
        if (reset_after_) {
          back.add_to(through_kernel.of(from), units, d_inner + first * columns, n.steps * columns, rows);
        } else {
          clear_row(d_reset.of(from), rows * units);
          back_candidate.add_to(d_reset.of(from), units, d_sums + first * columns + 2 * units, n.steps * columns, rows);
          for (std::int64_t s = from; s < to; ++s) {
            if (!is_valid(s)) continue;
            GruCellGradient<T> cell = cell_of(s);
            enter_step(seen.of(s), cell.h_before, extra.dropout_of(s, units), units);
            cell.h_before = seen.of(s);
            cell.dh = through_kernel.of(s);
            k.gru_reset_gradient(cell);
          }
          back.add_to(through_kernel.of(from), units, d_sums + first * columns, n.steps * columns, rows);
        }
        // Masked rows got nothing through the kernel, and keep their dh.
        T* sum = dh.of(from);
        const T *share = through_kernel.of(from), *factor = extra.dropout ? extra.dropout + from * units : nullptr;
        for (std::int64_t i = 0; i < rows * units; ++i) sum[i] += factor ? share[i] * factor[i] : share[i];
      }
      dh.save(out[1].data<T>());
    });
  }
  bool reset_after_;
};

// Outputs: sequence, last h; for the gradient: gates, inner sums of the candidate (reset_after) or reset states, states before each step.
class Gru final : public RecurrentOp {
 public:
  explicit Gru(const Attributes& attributes) : RecurrentOp(attributes, 1, 3), reset_after_(attributes.flag("reset_after", true)) {
    if (optional_.has_bias && !reset_after_) fail_internal("gru: a recurrent bias goes with reset_after.");
  }
  const char* name() const override { return "gru"; }

  Types infer(const Types& in) const override {
    const RnnSizes n = check(in);
    const DType dtype = in[0].dtype;
    const TensorType sequence{dtype, Shape{n.batch, n.steps, n.units}}, state{dtype, Shape{n.batch, n.units}}, gates{dtype, Shape{n.batch, n.steps, 3 * n.units}};
    return {sequence, state, gates, sequence, sequence};
  }
  int in_place_input(int output) const override { return output == 2 ? 0 : -1; }

  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "gru", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

  std::optional<Unrolling> unrolling() const override {
    return Unrolling{{RecurrenceKind::gru, reset_after_, zero_output_, activation_, recurrent_activation_}, 2, 4, 3};
  }
  Values gradient(const GradientContext& g) const override {
    keep_for_gradient();
    auto op = std::make_shared<GruGradient>(reset_after_, zero_output_, activation_, recurrent_activation_);
    const Values inputs = op->inputs(g, optional_);
    const Values d = keratin::apply(op, inputs);
    Values result(g.node->inputs.size());
    result[0] = d[0];
    if (g.wants(1)) result[1] = d_kernel(g, d);
    if (optional_.has_states) result[optional_.state(0)] = d[1];
    if (optional_.has_bias) {
      Attributes axes;
      axes.set("axes", std::vector<double>{0, 1});
      result[optional_.bias()] = apply1(make_op("reduce_sum", axes), {d[2]});
    }
    add_hidden_gradients(g, result);
    return result;
  }

 private:
  Value d_kernel(const GradientContext& g, const Values& d) const {
    Value seen = g.output(4);
    if (optional_.has_dropout) {
      Attributes steps;
      steps.set("axis", std::vector<double>{1});
      seen = apply1(make_op("multiply", Attributes()), {seen, apply1(make_op("expand_dims", steps), {g.input(optional_.dropout())})});
    }
    if (reset_after_) return product_over_steps(seen, d[2]);
    const double units = static_cast<double>(g.input(1)->type.shape[0]);
    auto columns = [&](double begin, double size) {
      Attributes range;
      range.set("begin", std::vector<double>{0, 0, begin});
      range.set("size", std::vector<double>{-1, -1, size});
      return apply1(make_op("slice", range), {d[0]});
    };
    Attributes axis;
    axis.set("axis", std::vector<double>{1});
    return apply1(make_op("concat", axis), {product_over_steps(seen, columns(0, 2 * units)), product_over_steps(g.output(3), columns(2 * units, units))});
  }

  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n = sizes(in[0], in[1]);
    const int units = n.units, columns = 3 * units, inner_columns = reset_after_ ? columns : 2 * units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const T *sums = in[0].data<T>(), *kernel = in[1].data<T>();
    T *y = out[0].data<T>(), *gates = out[2].data<T>(), *kept = out[3].data<T>(), *before = out[4].data<T>();
    const bool keep = keeps();
    const StepProduct<T> forward(kernel, columns, 1, units, inner_columns, n.batch);
    const StepProduct<T> forward_candidate(kernel + 2 * units, columns, 1, units, reset_after_ ? 0 : units, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      SampleRows<T> h(from, rows, units, extra.state[0]), seen(from, rows, units);
      SampleRows<T> own_gates(from, rows, columns), inner(from, reset_after_ ? rows : 0, columns), reset(from, reset_after_ ? 0 : rows, units);
      for (std::int64_t t = 0; t < n.steps; ++t) {
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          copy_row(own_gates.of(s), sums + row * columns, columns);
          enter_step(seen.of(s), h.of(s), extra.dropout_of(s, units), units);
          if (keep) copy_row(before + row * units, h.of(s), units);
          if (!reset_after_) continue;
          if (extra.bias) copy_row(inner.of(s), extra.bias, columns);
          else clear_row(inner.of(s), columns);
        }
        // Recurrent dropout is on the way into the recurrent kernel; the update gate mixes in the state itself.
        auto cell_of = [&](std::int64_t s, const T* h_before) {
          return GruCell<T>{own_gates.of(s), reset_after_ ? inner.of(s) : nullptr, h_before, h.of(s), reset_after_ ? nullptr : reset.of(s), units, activation_, recurrent_activation_};
        };
        forward.add_to(reset_after_ ? inner.of(from) : own_gates.of(from), columns, seen.of(from), units, rows);
        if (!reset_after_) {
          for (std::int64_t s = from; s < to; ++s) k.gru_reset(cell_of(s, seen.of(s)));
          forward_candidate.add_to(own_gates.of(from) + 2 * units, columns, reset.of(from), units, rows);
        }
        for (std::int64_t s = from; s < to; ++s) {
          const std::int64_t row = s * n.steps + t;
          if (!extra.mask || extra.mask[row]) {
            k.gru_cell(cell_of(s, h.of(s)));
            copy_row(y + row * units, h.of(s), units);
          } else {
            carry_output(y + row * units, t, units, zero_output_);
          }
          if (!keep) continue;
          copy_row(gates + row * columns, own_gates.of(s), columns);
          copy_row(kept + row * units, reset_after_ ? inner.of(s) + 2 * units : reset.of(s), units);
        }
      }
      h.save(out[1].data<T>());
    });
  }
  bool reset_after_;
};

REGISTER_OP("gru", [](const Attributes& attributes) { return std::make_shared<Gru>(attributes); });

}  // namespace
}  // namespace keratin
