#include <algorithm>

#include "../core/thread_pool.h"
#include "functions.h"

namespace keratin {
namespace {

// Running sums and products along an axis. `exclusive` leaves the element itself out, `reverse` runs from the end.
class Cumulative : public Op {
 public:
  Cumulative(bool product, const Attributes& a)
      : product_(product), axis_(a.integer("axis", 0)), exclusive_(a.flag("exclusive")), reverse_(a.flag("reverse")) {}
  const char* name() const override { return product_ ? "cumprod" : "cumsum"; }
  Types infer(const Types& inputs) const override {
    normalize_axis(axis_, inputs.at(0).shape.rank(), name());
    if (!is_floating(inputs[0].dtype) && !is_integer(inputs[0].dtype)) fail_argument(name(), ": takes numbers. Received: ", name_of(inputs[0].dtype));
    return {inputs[0]};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const int axis = normalize_axis(axis_, shape.rank(), name());
    const std::int64_t n = shape[axis], inner = shape.product(axis + 1, shape.rank()), outer = shape.product(0, axis);
    visit_numeric(inputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      parallel_ranges(outer, std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, n * inner)), [&](std::int64_t begin, std::int64_t end) {
        std::vector<T> total(static_cast<std::size_t>(inner));
        for (std::int64_t o = begin; o < end; ++o) {
          std::fill(total.begin(), total.end(), product_ ? T(1) : T(0));
          for (std::int64_t step = 0; step < n; ++step) {
            const std::int64_t k = reverse_ ? n - 1 - step : step, at = (o * n + k) * inner;
            const T* x = inputs[0].data<T>() + at;
            T* y = outputs[0].data<T>() + at;
            for (std::int64_t i = 0; i < inner; ++i) {
              const T before = total[i], after = product_ ? before * x[i] : before + x[i];
              y[i] = exclusive_ ? before : after;
              total[i] = after;
            }
          }
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    const auto sum = [&](const Value& x) {
      return apply1(
          make_op("cumsum",
                  attributes({{"axis", {static_cast<double>(axis_)}}, {"exclusive", {exclusive_ ? 1.0 : 0.0}}, {"reverse", {reverse_ ? 0.0 : 1.0}}})),
          {x});
    };
    if (!product_) return {sum(g.upstream())};
    return {call_binary("divide_no_nan", sum(g.upstream() * g.output()), g.input(0))};  // as TensorFlow: 0 where the factor is 0
  }
  int in_place_input(int) const override { return 0; }

 private:
  bool product_;
  std::int64_t axis_;
  bool exclusive_, reverse_;
};
REGISTER_OP("cumsum", [](const Attributes& a) { return std::make_shared<Cumulative>(false, a); });
REGISTER_OP("cumprod", [](const Attributes& a) { return std::make_shared<Cumulative>(true, a); });

}  // namespace
}  // namespace keratin
