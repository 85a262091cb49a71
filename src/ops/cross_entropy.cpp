#include <algorithm>
#include <cmath>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "elementwise.h"

// Cross-entropies from logits, stable for logits of any size.
namespace keratin {
namespace {

constexpr std::int64_t cross_entropy_grain = 32768;

// One row of logits: its softmax, and log(sum(exp)).
template <class T>
T softmax_row(const T* x, T* p, std::int64_t n) {
  const Kernels<T>& k = kernels<T>();
  const std::size_t count = static_cast<std::size_t>(n);
  const T largest = k.largest(x, count), total = k.exp_sum(p, x, largest, count);
  k.scale(p, T(1) / total, count);
  return largest + std::log(total);
}

Value expand_last(const Value& upstream) { return expand_dims(upstream, upstream->type.shape.rank()); }
Value softmax_gradient(const Value& upstream, const Value& p) { return apply1(make_op("softmax_gradient", {}), {upstream, p}); }

// (labels, logits), classes last -> (loss without the last axis, softmax of the logits)
class SoftmaxCrossEntropy : public Op {
 public:
  const char* name() const override { return "softmax_cross_entropy"; }
  Types infer(const Types& inputs) const override {
    const TensorType &labels = inputs.at(0), &logits = inputs.at(1);
    if (!is_floating(logits.dtype) || labels.dtype != logits.dtype) {
      fail_argument("softmax_cross_entropy: labels and logits must have one floating dtype. Received: ", name_of(labels.dtype), " and ",
                    name_of(logits.dtype));
    }
    bool fits = labels.shape.rank() == logits.shape.rank() && logits.shape.rank() > 0;
    for (int i = 0; fits && i < logits.shape.rank(); ++i) fits = sizes_fit(labels.shape[i], logits.shape[i]);
    if (!fits) fail_shape("softmax_cross_entropy: labels and logits must have one shape. Received shapes ", labels.shape, " and ", logits.shape, ".");
    Shape loss = logits.shape;
    loss.erase(loss.rank() - 1);
    return {{logits.dtype, loss}, logits};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::int64_t n = inputs[1].shape().back(), rows = outputs[0].size();
    visit_floating(inputs[1].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      parallel_ranges(rows, std::max<std::int64_t>(1, cross_entropy_grain / std::max<std::int64_t>(1, n)), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          const T *labels = inputs[0].data<T>() + r * n, *logits = inputs[1].data<T>() + r * n;
          const T shift = softmax_row(logits, outputs[1].data<T>() + r * n, n);
          T loss = 0;
          for (std::int64_t i = 0; i < n; ++i) loss += labels[i] == T(0) ? T(0) : labels[i] * (shift - logits[i]);
          outputs[0].data<T>()[r] = loss;
        }
      });
    });
  }
  // By the logits: softmax - labels (labels being a distribution); by the labels: -log(softmax).
  Values gradient(const GradientContext& g) const override {
    const Value p = g.output(1);
    Values result(2);
    if (g.wants(1)) {
      if (g.upstream(0)) result[1] = expand_last(g.upstream(0)) * (p - g.input(0));
      if (g.upstream(1)) result[1] = result[1] ? result[1] + softmax_gradient(g.upstream(1), p) : softmax_gradient(g.upstream(1), p);
    }
    if (g.wants(0) && g.upstream(0)) result[0] = -(expand_last(g.upstream(0)) * call_unary("log_softmax", g.input(1)));
    return result;
  }
};
REGISTER_OP("softmax_cross_entropy", [](const Attributes&) { return std::make_shared<SoftmaxCrossEntropy>(); });

template <class Body>
void visit_label(const Tensor& labels, Body&& body) {
  if (labels.dtype() == DType::int32) {
    body(labels.data<std::int32_t>());
  } else {
    body(labels.data<std::int64_t>());
  }
}

// (labels from 0, logits), classes last -> (loss, softmax of the logits)
class SparseSoftmaxCrossEntropy : public Op {
 public:
  const char* name() const override { return "sparse_softmax_cross_entropy"; }
  Types infer(const Types& inputs) const override {
    const TensorType &labels = inputs.at(0), &logits = inputs.at(1);
    if (!is_floating(logits.dtype) || !is_integer(labels.dtype)) {
      fail_argument(name(), ": takes integer labels and floating logits. Received: ", name_of(labels.dtype), " and ", name_of(logits.dtype));
    }
    bool fits = labels.shape.rank() + 1 == logits.shape.rank();
    for (int i = 0; fits && i < labels.shape.rank(); ++i) fits = sizes_fit(labels.shape[i], logits.shape[i]);
    if (!fits) {
      fail_shape(name(), ": the labels must have the shape of the logits without the last axis. Received shapes ", labels.shape, " and ",
                 logits.shape, ".");
    }
    Shape loss = logits.shape;
    loss.erase(loss.rank() - 1);
    return {{logits.dtype, loss}, logits};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::int64_t n = inputs[1].shape().back(), rows = outputs[0].size();
    visit_label(inputs[0], [&](const auto* labels) {
      for (std::int64_t r = 0; r < rows; ++r) {
        if (labels[r] < 0 || labels[r] >= n)
          fail_argument("label ", r + 1, " of the batch is ", labels[r], ", outside the valid range [0, ", n, ").");
      }
      visit_floating(inputs[1].dtype(), name(), [&](auto zero) {
        using T = decltype(zero);
        parallel_ranges(rows, std::max<std::int64_t>(1, cross_entropy_grain / std::max<std::int64_t>(1, n)),
                        [&](std::int64_t begin, std::int64_t end) {
                          for (std::int64_t r = begin; r < end; ++r) {
                            const T* logits = inputs[1].data<T>() + r * n;
                            outputs[0].data<T>()[r] = softmax_row(logits, outputs[1].data<T>() + r * n, n) - logits[labels[r]];
                          }
                        });
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    const Value p = g.output(1);
    Value result;
    if (g.upstream(0)) result = apply1(make_op("sparse_softmax_cross_entropy_gradient", {}), {g.upstream(0), p, g.input(0)});
    if (g.upstream(1)) result = result ? result + softmax_gradient(g.upstream(1), p) : softmax_gradient(g.upstream(1), p);
    return {nullptr, result};
  }
};
REGISTER_OP("sparse_softmax_cross_entropy", [](const Attributes&) { return std::make_shared<SparseSoftmaxCrossEntropy>(); });

// (upstream, softmax p, labels) -> upstream (p - one_hot(labels))
class SparseGradient : public Op {
 public:
  const char* name() const override { return "sparse_softmax_cross_entropy_gradient"; }
  Types infer(const Types& inputs) const override {
    const TensorType &upstream = inputs[0], &p = inputs[1], &labels = inputs[2];
    Shape rows = p.shape;
    if (rows.rank() > 0) rows.erase(rows.rank() - 1);
    const bool fits = p.shape.rank() > 0 && upstream.dtype == p.dtype && is_floating(p.dtype) && is_integer(labels.dtype) &&
                      upstream.shape.rank() == rows.rank() && labels.shape.rank() == rows.rank();
    for (int i = 0; fits && i < rows.rank(); ++i) {
      if (!sizes_fit(upstream.shape[i], rows[i]) || !sizes_fit(labels.shape[i], rows[i]))
        fail_shape(name(), ": shapes ", upstream.shape, ", ", p.shape, " and ", labels.shape, " do not fit together.");
    }
    if (!fits) fail_argument(name(), ": takes a gradient, probabilities and integer labels.");
    return {p};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::int64_t n = inputs[1].shape().back(), rows = inputs[0].size();
    visit_label(inputs[2], [&](const auto* labels) {
      for (std::int64_t r = 0; r < rows; ++r)
        if (labels[r] < 0 || labels[r] >= n)
          fail_argument("label ", r + 1, " of the batch is ", labels[r], ", outside the valid range [0, ", n, ").");
      visit_floating(inputs[1].dtype(), name(), [&](auto zero) {
        using T = decltype(zero);
        parallel_ranges(rows, std::max<std::int64_t>(1, cross_entropy_grain / std::max<std::int64_t>(1, n)),
                        [&](std::int64_t begin, std::int64_t end) {
                          for (std::int64_t r = begin; r < end; ++r) {
                            const T upstream = inputs[0].data<T>()[r], *p = inputs[1].data<T>() + r * n;
                            T* out = outputs[0].data<T>() + r * n;
                            for (std::int64_t i = 0; i < n; ++i) out[i] = upstream * p[i];
                            out[labels[r]] -= upstream;
                          }
                        });
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    const Value &w = g.upstream(), &p = g.input(1);
    Values result(3);
    if (g.wants(1)) result[1] = w * expand_last(g.input(0));
    if (g.wants(0)) {
      const double depth = static_cast<double>(p->type.shape.back());
      Attributes a = attributes({{"depth", {depth}}});
      a.set("dtype", std::vector<std::string>{name_of(p->type.dtype)});
      result[0] = reduce_sum(w * (p - apply1(make_op("one_hot", a), {g.input(2)})), {-1}, false);
    }
    return result;
  }
  int in_place_input(int) const override { return 1; }
};
REGISTER_OP("sparse_softmax_cross_entropy_gradient", [](const Attributes&) { return std::make_shared<SparseGradient>(); });

}  // namespace
}  // namespace keratin
