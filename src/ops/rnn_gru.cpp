// GRU over all steps, with the reset gate after the recurrent kernel's product (as cuDNN computes it) or before it.
#include "rnn.h"

namespace keratin {
namespace {

// Saved: gates, inner sums of the candidate (reset_after) or reset states, states after each step.
class GruGradient final : public RnnGradient {
 public:
  using RnnGradient::RnnGradient;
  const char* name() const override { return "gru_gradient"; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "gru_gradient", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const bool reset_after = recurrence_.reset_after;
    const T *gates = in[0].data<T>(), *kept = in[1].data<T>(), *kernel = in[5].data<T>();
    const int units = static_cast<int>(in[5].shape()[0]), columns = 3 * units;
    WayBack<T> way(*this, in, out, columns, in[2].data<T>());
    const std::int64_t batch = way.n.batch;
    const StepProduct<T> back(kernel, 1, columns, reset_after ? columns : 2 * units, units, batch);
    const StepProduct<T> back_candidate(kernel + 2 * units, 1, columns, reset_after ? 0 : units, units, batch);
    const Memory<T> inner(reset_after ? way.steps_of_block() * batch * columns : 0);  // gradients of the recurrent kernel's sums
    SampleRows<T> d_reset(0, reset_after ? 0 : batch, units), seen(0, reset_after ? 0 : batch, units);
    const Kernels<T>& k = kernels<T>();

    way.run(
        [&](std::int64_t from, std::int64_t to, std::int64_t t, std::int64_t place, T* d_sums) {
          T* d_inner = reset_after ? inner.data + place * batch * columns : d_sums;
          auto cell_of = [&](std::int64_t s) {
            const std::int64_t row = t * batch + s;
            GruCellGradient<T> cell{};
            cell.d_gates = d_sums + s * columns;
            cell.gates = gates + row * columns;
            cell.h_before = way.h_before(t, s);
            cell.dh = way.dh.of(s);
            cell.units = units;
            cell.activation = activation_;
            cell.recurrent_activation = recurrent_activation_;
            if (reset_after) {
              cell.inner = kept + row * units;
              cell.d_inner = d_inner + s * columns;
            } else {
              cell.d_reset = d_reset.of(s);
            }
            return cell;
          };
          for (std::int64_t s = from; s < to; ++s) {
            way.add_output(s, t);
            if (way.is_valid(s, t)) {
              k.gru_cell_gradient(cell_of(s));
            } else {
              clear_row(d_sums + s * columns, columns);
              clear_row(d_inner + s * columns, columns);
            }
          }
          // Masked rows get nothing through the kernel, and keep their dh.
          T* share = way.open_share(from, to);
          if (!reset_after) {
            clear_row(d_reset.of(from), (to - from) * units);
            back_candidate.add_to(d_reset.of(from), units, d_sums + from * columns + 2 * units, columns, to - from);
            for (std::int64_t s = from; s < to; ++s) {
              if (!way.is_valid(s, t)) continue;
              GruCellGradient<T> cell = cell_of(s);
              enter_step(seen.of(s), cell.h_before, way.extra.dropout_of(s, units), units);
              cell.h_before = seen.of(s);
              cell.dh = share + (s - from) * units;
              k.gru_reset_gradient(cell);
            }
          }
          back.add_to(share, units, d_inner + from * columns, columns, to - from);
          way.close_share(from, to);
        },
        [&](const typename WayBack<T>::Block& block) {
          add_sums_of_products(block.d_sums, columns, columns, block.rows, {block.kernel}, block.d_bias);
          SumOfProducts<T> recurrent = block.recurrent;
          if (reset_after)
            return add_sums_of_products(static_cast<const T*>(inner.data), columns, columns, block.rows, {recurrent}, block.d_recurrent_bias);
          add_sums_of_products<T>(block.d_sums, columns, 2 * units, block.rows, {recurrent}, nullptr);
          recurrent.a = kept + block.first * batch * units;
          recurrent.a_row = units;
          if (recurrent.c) recurrent.c += 2 * units;
          add_sums_of_products<T>(block.d_sums + 2 * units, columns, units, block.rows, {recurrent}, nullptr);
        });
  }
};

class Gru final : public RnnOp {
 public:
  explicit Gru(const Attributes& attributes) : RnnOp(attributes, 1, 3), reset_after_(attributes.flag("reset_after", true)) {
    if (optional_.has_recurrent_bias && !reset_after_) fail_internal("gru: a recurrent bias goes with reset_after.");
  }
  const char* name() const override { return "gru"; }

  Types infer(const Types& in) const override {
    const RnnSizes n = check(in);
    const DType dtype = in[0].dtype;
    const TensorType kept{dtype, Shape{n.steps, n.batch, n.units}};
    return {{dtype, Shape{n.batch, n.steps, n.units}}, {dtype, Shape{n.batch, n.units}}, {dtype, Shape{n.steps, n.batch, 3 * n.units}}, kept, kept};
  }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "gru", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  std::shared_ptr<RnnGradient> gradient_op() const override {
    return std::make_shared<GruGradient>(UnrolledRecurrence{RecurrenceKind::gru, reset_after_, zero_output_, activation_, recurrent_activation_}, 3);
  }

  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n = sizes(in[0].shape(), in[2].shape());
    const int units = n.units, columns = 3 * units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const T* kernel = in[2].data<T>();
    const bool keep = keeps();
    T *y = out[0].data<T>(), *gates = keep ? out[2].data<T>() : nullptr, *kept = out[3].data<T>(), *states = keep ? out[4].data<T>() : nullptr;
    const StepProduct<T> input(in[1].data<T>(), columns, 1, n.channels, columns, n.batch * n.steps);
    const StepProduct<T> recurrent(kernel, columns, 1, units, reset_after_ ? columns : 2 * units, n.batch);
    const StepProduct<T> candidate(kernel + 2 * units, columns, 1, units, reset_after_ ? 0 : units, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      InputSums<T> input_sums(input, in[0].data<T>(), extra.bias, n, columns, from, to);
      States<T> h(states, n, from, to, extra.state[0]);
      SampleRows<T> dropped(from, extra.dropout ? rows : 0, units), inner(from, reset_after_ ? rows : 0, columns),
          reset(from, reset_after_ ? 0 : rows, units);
      for (std::int64_t t = 0; t < n.steps; ++t) {
        T* sums = input_sums.of_step(t);
        const T* seen = h.seen(t, dropped, extra);
        // Recurrent dropout is on the way into the recurrent kernel; the update gate mixes in the state itself.
        auto cell_of = [&](std::int64_t s, const T* h_before) {
          return GruCell<T>{sums + (s - from) * columns, gates ? gates + (t * n.batch + s) * columns : nullptr, reset_after_ ? inner.of(s) : nullptr,
                            h_before, h.after(t, s), reset_after_ ? nullptr : reset.of(s), units, activation_, recurrent_activation_};
        };
        if (reset_after_) {
          recurrent.write_to(inner.of(from), columns, seen, units, rows, extra.recurrent_bias);
        } else {
          recurrent.add_to(sums, columns, seen, units, rows);
          for (std::int64_t s = from; s < to; ++s) k.gru_reset(cell_of(s, seen + (s - from) * units));
          candidate.add_to(sums + 2 * units, columns, reset.of(from), units, rows);
        }
        for (std::int64_t s = from; s < to; ++s) {
          T* y_row = y + (s * n.steps + t) * units;
          if (!extra.mask || extra.mask[s * n.steps + t]) {
            k.gru_cell(cell_of(s, h.before(t, s)));
            copy_row(y_row, h.after(t, s), units);
          } else {
            h.carry(t, s);
            carry_output(y_row, t, units, zero_output_);
          }
          if (keep) copy_row(kept + (t * n.batch + s) * units, reset_after_ ? inner.of(s) + 2 * units : reset.of(s), units);
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
