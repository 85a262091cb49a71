// The fully connected recurrence h = f(x W + b + h R) over all steps.
#include "rnn.h"

namespace keratin {
namespace {

// Saved: states after each step.
class SimpleRnnGradient final : public RnnGradient {
 public:
  using RnnGradient::RnnGradient;
  const char* name() const override { return "simple_rnn_gradient"; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "simple_rnn_gradient", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const T *h = in[0].data<T>(), *recurrent_kernel = in[3].data<T>();
    const int units = static_cast<int>(in[3].shape()[0]);
    WayBack<T> way(*this, in, out, units, h);
    const StepProduct<T> back(recurrent_kernel, 1, units, units, units, way.n.batch);
    const Kernels<T>& k = kernels<T>();

    way.run(
        [&](std::int64_t from, std::int64_t to, std::int64_t t, std::int64_t, T* d_sums) {
          for (std::int64_t s = from; s < to; ++s) {
            way.add_output(s, t);
            if (!way.is_valid(s, t)) {
              clear_row(d_sums + s * units, units);
              continue;
            }
            k.rnn_activate_gradient(d_sums + s * units, way.dh.of(s), h + (t * way.n.batch + s) * units, units, activation_);
            clear_row(way.dh.of(s), units);
          }
          back.add_to(way.open_share(from, to), units, d_sums + from * units, units, to - from);
          way.close_share(from, to);
        },
        [&](const typename WayBack<T>::Block& block) {
          add_sums_of_products(block.d_sums, units, units, block.rows, {block.kernel, block.recurrent}, block.d_bias);
        });
  }
};

class SimpleRnn final : public RnnOp {
 public:
  explicit SimpleRnn(const Attributes& attributes) : RnnOp(attributes, 1, 1) {}
  const char* name() const override { return "simple_rnn"; }

  Types infer(const Types& in) const override {
    const RnnSizes n = check(in);
    const DType dtype = in[0].dtype;
    return {{dtype, Shape{n.batch, n.steps, n.units}}, {dtype, Shape{n.batch, n.units}}, {dtype, Shape{n.steps, n.batch, n.units}}};
  }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "simple_rnn", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  std::shared_ptr<RnnGradient> gradient_op() const override {
    return std::make_shared<SimpleRnnGradient>(UnrolledRecurrence{RecurrenceKind::simple, false, zero_output_, activation_, recurrent_activation_},
                                               1);
  }

  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const RnnSizes n = sizes(in[0].shape(), in[2].shape());
    const int units = n.units;
    const StepInputs<T> extra = optional_.read<T>(in);
    T *y = out[0].data<T>(), *states = keeps() ? out[2].data<T>() : nullptr;
    const StepProduct<T> input(in[1].data<T>(), units, 1, n.channels, units, n.batch * n.steps),
        recurrent(in[2].data<T>(), units, 1, units, units, n.batch);
    const Kernels<T>& k = kernels<T>();

    for_samples(n.batch, [&](std::int64_t from, std::int64_t to) {
      const std::int64_t rows = to - from;
      InputSums<T> input_sums(input, in[0].data<T>(), extra.bias, n, units, from, to);
      States<T> h(states, n, from, to, extra.state[0]);
      SampleRows<T> dropped(from, extra.dropout ? rows : 0, units);
      for (std::int64_t t = 0; t < n.steps; ++t) {
        T* sums = input_sums.of_step(t);
        recurrent.add_to(sums, units, h.seen(t, dropped, extra), units, rows);
        for (std::int64_t s = from; s < to; ++s) {
          T* y_row = y + (s * n.steps + t) * units;
          if (!extra.mask || extra.mask[s * n.steps + t]) {
            k.rnn_activate(h.after(t, s), sums + (s - from) * units, units, activation_);
            copy_row(y_row, h.after(t, s), units);
          } else {
            h.carry(t, s);
            carry_output(y_row, t, units, zero_output_);
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
