// LSTM over all steps: the products of the two kernels and the cell, step by step.
#include "rnn.h"

namespace keratin {
namespace {

// Saved: gates, cell states and states after each step.
class LstmGradient final : public RnnGradient {
 public:
  using RnnGradient::RnnGradient;
  const char* name() const override { return "lstm_gradient"; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "lstm_gradient", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const T *gates = in[0].data<T>(), *cells = in[1].data<T>(), *recurrent_kernel = in[5].data<T>();
    const int units = static_cast<int>(in[5].shape()[0]), columns = 4 * units;
    WayBack<T> way(*this, in, out, columns, in[2].data<T>());
    const std::int64_t batch = way.n.batch;
    const StepProduct<T> back(recurrent_kernel, 1, columns, columns, units, batch);
    SampleRows<T> dc(0, batch, units, upstream<T>(in, 2));
    const Kernels<T>& k = kernels<T>();

    way.run(
        [&](std::int64_t from, std::int64_t to, std::int64_t t, std::int64_t, T* d_sums) {
          for (std::int64_t s = from; s < to; ++s) {
            const std::int64_t row = t * batch + s;
            way.add_output(s, t);
            if (!way.is_valid(s, t)) {
              clear_row(d_sums + s * columns, columns);
              continue;
            }
            k.lstm_cell_gradient({d_sums + s * columns, gates + row * columns, way.before(cells, way.extra.state[1], t, s), cells + row * units,
                                  way.dh.of(s), dc.of(s), units, activation_, recurrent_activation_});
            clear_row(way.dh.of(s), units);
          }
          back.add_to(way.open_share(from, to), units, d_sums + from * columns, columns, to - from);
          way.close_share(from, to);
        },
        [&](const typename WayBack<T>::Block& block) {
          add_sums_of_products(block.d_sums, columns, columns, block.rows, {block.kernel, block.recurrent}, block.d_bias);
        });
    if (wants_[d_c]) dc.save(out[d_c].data<T>());
  }
};

class Lstm final : public RnnOp {
 public:
  explicit Lstm(const Attributes& attributes) : RnnOp(attributes, 2, 4) {}
  const char* name() const override { return "lstm"; }

  Types infer(const Types& in) const override {
    const RnnSizes n = check(in);
    const DType dtype = in[0].dtype;
    const TensorType state{dtype, Shape{n.batch, n.units}}, kept{dtype, Shape{n.steps, n.batch, n.units}};
    return {{dtype, Shape{n.batch, n.steps, n.units}}, state, state, {dtype, Shape{n.steps, n.batch, 4 * n.units}}, kept, kept};
  }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "lstm", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  std::shared_ptr<RnnGradient> gradient_op() const override {
    return std::make_shared<LstmGradient>(UnrolledRecurrence{RecurrenceKind::lstm, false, zero_output_, activation_, recurrent_activation_}, 3);
  }

  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n = sizes(in[0].shape(), in[2].shape());
    const int units = n.units, columns = 4 * units;
    const StepInputs<T> extra = optional_.read<T>(in);
    const bool keep = keeps();
    T *y = out[0].data<T>(), *gates = keep ? out[3].data<T>() : nullptr, *cells = keep ? out[4].data<T>() : nullptr,
      *states = keep ? out[5].data<T>() : nullptr;
    const StepProduct<T> input(in[1].data<T>(), columns, 1, n.channels, columns, n.batch * n.steps),
        recurrent(in[2].data<T>(), columns, 1, units, columns, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      InputSums<T> input_sums(input, in[0].data<T>(), extra.bias, n, columns, from, to);
      States<T> h(states, n, from, to, extra.state[0]), c(cells, n, from, to, extra.state[1]);
      SampleRows<T> dropped(from, extra.dropout ? rows : 0, units);
      for (std::int64_t t = 0; t < n.steps; ++t) {
        T* sums = input_sums.of_step(t);
        recurrent.add_to(sums, columns, h.seen(t, dropped, extra), units, rows);
        for (std::int64_t s = from; s < to; ++s) {
          T* y_row = y + (s * n.steps + t) * units;
          if (!extra.mask || extra.mask[s * n.steps + t]) {
            k.lstm_cell({sums + (s - from) * columns, nullptr, gates ? gates + (t * n.batch + s) * columns : nullptr, c.before(t, s), c.after(t, s),
                         h.after(t, s), units, activation_, recurrent_activation_});
            copy_row(y_row, h.after(t, s), units);
          } else {
            h.carry(t, s);
            c.carry(t, s);
            carry_output(y_row, t, units, zero_output_);
          }
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
