#include <algorithm>
#include <cmath>
#include <numeric>

#include "../core/thread_pool.h"
#include "functions.h"

// Ops that compare elements along an axis: argmax, argmin, top_k, sort, in_top_k.
namespace keratin {
namespace {

class ArgExtreme : public Op {
 public:
  ArgExtreme(const char* name, bool largest, const Attributes& a)
      : name_(name), largest_(largest), axis_(a.integer("axis", -1)), dtype_(a.dtype("dtype", DType::int64)) {}
  const char* name() const override { return name_; }
  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    if (inputs[0].dtype == DType::string) fail_argument(name_, ": takes numbers. Received: string");
    const int axis = normalize_axis(axis_, shape.rank(), name_);
    if (shape[axis] == 0) fail_shape(name_, ": axis ", axis, " of an array of shape ", shape, " has no elements.");
    shape.erase(axis);
    return {{dtype_, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const int axis = normalize_axis(axis_, shape.rank(), name_);
    const std::int64_t n = shape[axis], inner = shape.product(axis + 1, shape.rank());
    visit_any(inputs[0].dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T* x = inputs[0].data<T>();
      parallel_ranges(outputs[0].size(), std::max<std::int64_t>(1, 32768 / n), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t o = begin; o < end; ++o) {
          const T* column = x + o / inner * n * inner + o % inner;
          std::int64_t best = 0;
          T value = column[0];
          for (std::int64_t i = 1; i < n; ++i) {
            const T candidate = column[i * inner];
            if (largest_ ? candidate > value : candidate < value) {
              value = candidate;
              best = i;
            }
          }
          if (outputs[0].dtype() == DType::int64) {
            outputs[0].data<std::int64_t>()[o] = best;
          } else {
            outputs[0].data<std::int32_t>()[o] = static_cast<std::int32_t>(best);
          }
        }
      });
    });
  }
  bool is_differentiable() const override { return false; }

 private:
  const char* name_;
  bool largest_;
  std::int64_t axis_;
  DType dtype_;
};
REGISTER_OP("argmax", [](const Attributes& a) { return std::make_shared<ArgExtreme>("argmax", true, a); });
REGISTER_OP("argmin", [](const Attributes& a) { return std::make_shared<ArgExtreme>("argmin", false, a); });

// Values in order along the last axis, and where they were (int32). Equal values keep their order.
class Ordered : public Op {
 public:
  Ordered(const char* name, bool descending) : name_(name), descending_(descending) {}
  const char* name() const override { return name_; }
  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    if (shape.rank() == 0) fail_shape(name_, ": takes an array with at least one axis. Received a scalar.");
    if (inputs[0].dtype == DType::string || inputs[0].dtype == DType::boolean) {
      fail_argument(name_, ": takes numbers. Received: ", name_of(inputs[0].dtype));
    }
    shape[shape.rank() - 1] = kept(shape);
    return {{inputs[0].dtype, shape}, {DType::int32, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const std::int64_t n = shape.back(), k = outputs[0].shape().back(), rows = n == 0 ? 0 : inputs[0].size() / n;
    visit_numeric(inputs[0].dtype(), name_, [&](auto zero) {
      using T = decltype(zero);
      parallel_ranges(rows, std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, n)), [&](std::int64_t begin, std::int64_t end) {
        std::vector<std::int32_t> order(static_cast<std::size_t>(n));
        for (std::int64_t r = begin; r < end; ++r) {
          const T* x = inputs[0].data<T>() + r * n;
          const auto before = [x, this](std::int32_t i, std::int32_t j) {
            if (x[i] != x[j]) {
              if (x[i] != x[i]) return false;  // NaN last
              if (x[j] != x[j]) return true;
              return descending_ ? x[i] > x[j] : x[i] < x[j];
            }
            return i < j;
          };
          std::iota(order.begin(), order.end(), 0);
          if (k < n) {
            std::partial_sort(order.begin(), order.begin() + k, order.end(), before);
          } else {
            std::sort(order.begin(), order.end(), before);
          }
          for (std::int64_t i = 0; i < k; ++i) {
            outputs[0].data<T>()[r * k + i] = x[order[static_cast<std::size_t>(i)]];
            outputs[1].data<std::int32_t>()[r * k + i] = order[static_cast<std::size_t>(i)];
          }
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    if (!g.upstream(0)) return {nullptr};
    const double last = g.input(0)->type.shape.rank() - 1;
    return {apply1(make_op("gather_gradient", attributes({{"axis", {last}}, {"batch_dims", {last}}})), {g.upstream(0), g.output(1), g.input(0)})};
  }

 protected:
  virtual std::int64_t kept(const Shape& shape) const { return shape.back(); }

 private:
  const char* name_;
  bool descending_;
};
REGISTER_OP("sort", [](const Attributes& a) { return std::make_shared<Ordered>("sort", a.flag("descending")); });

class TopK : public Ordered {
 public:
  explicit TopK(const Attributes& a) : Ordered("top_k", true), k_(a.integer("k", 1)) {}

 protected:
  std::int64_t kept(const Shape& shape) const override {
    if (k_ < 0 || (shape.back() >= 0 && k_ > shape.back())) {
      fail_argument("top_k: `k` must be between 0 and the size of the last axis. Received: k = ", k_, " for an array of shape ", shape, ".");
    }
    return k_;
  }

 private:
  std::int64_t k_;
};
REGISTER_OP("top_k", [](const Attributes& a) { return std::make_shared<TopK>(a); });

// in_top_k(predictions, targets; k): is the target's score among the k largest of its row? Ties count as in; a score that is not
// finite never is.
class InTopK : public Op {
 public:
  explicit InTopK(const Attributes& a) : k_(a.integer("k")) {}
  const char* name() const override { return "in_top_k"; }
  Types infer(const Types& inputs) const override {
    const Shape &scores = inputs.at(0).shape, &targets = inputs.at(1).shape;
    if (!is_floating(inputs[0].dtype) || !is_integer(inputs[1].dtype)) {
      fail_argument("in_top_k: takes scores (float) and targets (integer). Received: ", name_of(inputs[0].dtype), " and ", name_of(inputs[1].dtype));
    }
    if (scores.rank() != 2 || targets.rank() != 1 || !sizes_fit(scores[0], targets[0])) {
      fail_shape("in_top_k: takes scores (batch, classes) and targets (batch). Received shapes ", scores, " and ", targets, ".");
    }
    return {{DType::boolean, targets}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::int64_t rows = inputs[0].shape()[0], n = inputs[0].shape()[1];
    visit_floating(inputs[0].dtype(), "in_top_k", [&](auto zero) {
      using T = decltype(zero);
      for (std::int64_t r = 0; r < rows; ++r) {
        const T* scores = inputs[0].data<T>() + r * n;
        const std::int64_t target =
            inputs[1].dtype() == DType::int32 ? inputs[1].data<std::int32_t>()[r] : inputs[1].data<std::int64_t>()[r];
        bool in = target >= 0 && target < n && std::isfinite(scores[target]);
        std::int64_t larger = 0;
        for (std::int64_t i = 0; in && i < n; ++i) {
          if (!std::isfinite(scores[i])) in = false;
          larger += scores[i] > scores[target];
        }
        outputs[0].data<bool>()[r] = in && larger < k_;
      }
    });
  }
  bool is_differentiable() const override { return false; }

 private:
  std::int64_t k_;
};
REGISTER_OP("in_top_k", [](const Attributes& a) { return std::make_shared<InTopK>(a); });

}  // namespace
}  // namespace keratin
