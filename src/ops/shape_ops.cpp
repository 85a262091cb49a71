#include <cmath>
#include <cstring>

#include "broadcast.h"
#include "elementwise.h"
#include "large_result.h"

namespace keratin {
namespace {

void copy_bytes(const Tensor& from, const Tensor& to) {
  if (from.raw() != to.raw() && from.bytes() > 0) std::memcpy(to.raw(), from.raw(), from.bytes());
}

// ---- views: the same memory under another shape
class View : public Op {
 public:
  bool is_view() const override { return true; }
  int in_place_input(int) const override { return 0; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override { copy_bytes(inputs[0], outputs[0]); }
  Values gradient(const GradientContext& g) const override {
    Values result(g.node->inputs.size());
    result[0] = reshape_like(g.upstream(), g.input(0));
    return result;
  }
};

class Identity : public View {
 public:
  const char* name() const override { return "identity"; }
  Types infer(const Types& inputs) const override { return {inputs.at(0)}; }
  Values gradient(const GradientContext& g) const override { return {g.upstream()}; }
};
REGISTER_OP("identity", [](const Attributes&) { return std::make_shared<Identity>(); });

class StopGradient : public Identity {
 public:
  const char* name() const override { return "stop_gradient"; }
  Values gradient(const GradientContext&) const override { return {nullptr}; }
  bool is_differentiable() const override { return false; }
};
REGISTER_OP("stop_gradient", [](const Attributes&) { return std::make_shared<StopGradient>(); });

// reshape(shape): one size may be -1, then it follows from the others. While sizes of the input are unknown, several may be.
class Reshape : public View {
 public:
  explicit Reshape(const Attributes& a) : shape_(a.shape("shape")) {}
  const char* name() const override { return "reshape"; }
  Types infer(const Types& inputs) const override {
    const Shape& from = inputs.at(0).shape;
    int free_axis = -1, free_axes = 0;
    std::int64_t known = 1;
    for (int i = 0; i < shape_.rank(); ++i) {
      if (shape_[i] < 0) {
        free_axis = i;
        ++free_axes;
      } else {
        known *= shape_[i];
      }
    }
    Shape to = shape_;
    for (int i = 0; i < to.rank(); ++i) {
      if (to[i] < 0) to[i] = unknown_size;
    }
    if (!from.is_known()) {
      // With one unknown on either side and the same known product, or the same single unknown axis, nothing can be said to be wrong.
      return {{inputs[0].dtype, to}};
    }
    const std::int64_t elements = from.elements();
    if (free_axes > 1) fail_argument("reshape: only one size may be -1. Received: shape = ", shape_);
    if (free_axes == 1) {
      if (known == 0 || elements % known != 0) {
        fail_shape("reshape: an array of shape ", from, " (", elements, " elements) cannot take the shape ", shape_, ".");
      }
      to[free_axis] = elements / known;
    } else if (known != elements) {
      fail_shape("reshape: an array of shape ", from, " (", elements, " elements) cannot take the shape ", shape_, " (", known, " elements).");
    }
    return {{inputs[0].dtype, to}};
  }

 private:
  Shape shape_;
};
REGISTER_OP("reshape", [](const Attributes& a) { return std::make_shared<Reshape>(a); });

class ReshapeLike : public View {
 public:
  const char* name() const override { return "reshape_like"; }
  bool is_view() const override { return false; }
  Types infer(const Types& inputs) const override {
    const Shape &from = inputs.at(0).shape, &to = inputs.at(1).shape;
    if (from.is_known() && to.is_known() && from.elements() != to.elements()) {
      fail_shape("reshape: an array of shape ", from, " cannot take the shape ", to, ".");
    }
    return {{inputs[0].dtype, to}};
  }
};
REGISTER_OP("reshape_like", [](const Attributes&) { return std::make_shared<ReshapeLike>(); });

class ExpandDims : public View {
 public:
  explicit ExpandDims(const Attributes& a) : axis_(a.integer("axis", -1)) {}
  const char* name() const override { return "expand_dims"; }
  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    shape.insert(normalize_axis(axis_, shape.rank() + 1, "expand_dims"), 1);
    return {{inputs[0].dtype, shape}};
  }

 private:
  std::int64_t axis_;
};
REGISTER_OP("expand_dims", [](const Attributes& a) { return std::make_shared<ExpandDims>(a); });

// squeeze(axes): without axes, all of size one go.
class Squeeze : public View {
 public:
  explicit Squeeze(const Attributes& a) : axes_(a.integers("axes")) {}
  const char* name() const override { return "squeeze"; }
  Types infer(const Types& inputs) const override {
    const Shape& shape = inputs.at(0).shape;
    std::vector<bool> dropped(shape.rank(), false);
    for (std::int64_t axis : axes_) {
      const int i = normalize_axis(axis, shape.rank(), "squeeze");
      if (!sizes_fit(shape[i], 1)) fail_shape("squeeze: axis ", axis, " has size ", shape[i], ", not 1. Received an array of shape ", shape, ".");
      dropped[i] = true;
    }
    Shape result;
    for (int i = 0; i < shape.rank(); ++i) {
      if (axes_.empty() ? shape[i] != 1 : !dropped[i]) result.append(shape[i]);
    }
    return {{inputs[0].dtype, result}};
  }

 private:
  std::vector<std::int64_t> axes_;
};
REGISTER_OP("squeeze", [](const Attributes& a) { return std::make_shared<Squeeze>(a); });

// ---- broadcasting
class Broadcast : public Op {
 public:
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    visit_any(inputs[0].dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T* x = inputs[0].data<T>();
      const LargeResult<T> result(outputs[0], inputs);
      const BroadcastLoop<1> loop(outputs[0].shape(), {inputs[0].shape()});
      parallel_ranges(outputs[0].size(), elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t from = begin; from < end; from += block_size) {
          const std::int64_t count = std::min(block_size, end - from);
          T* room = result.room(from, count);
          loop.run_range(from, from + count,
                         [&](std::int64_t at, const std::array<std::int64_t, 1>& offset, const std::array<std::int64_t, 1>& step, std::int64_t n) {
                           T* to = room + (at - from);
                           if (step[0])
                             std::memcpy(to, x + offset[0], static_cast<std::size_t>(n) * sizeof(T));
                           else
                             std::fill(to, to + n, x[offset[0]]);
                         });
          result.send(room, from, count);
        }
      });
    });
  }

 private:
  static constexpr std::int64_t block_size = 4096;
};

class BroadcastTo : public Broadcast {
 public:
  explicit BroadcastTo(const Attributes& a) : shape_(a.shape("shape")) {}
  const char* name() const override { return "broadcast_to"; }
  // A size of -1 keeps the input's.
  Types infer(const Types& inputs) const override {
    const Shape& from = inputs.at(0).shape;
    Shape to = shape_;
    const int extra = to.rank() - from.rank();
    bool fits = extra >= 0;
    for (int i = 0; fits && i < from.rank(); ++i) {
      if (to[i + extra] < 0) to[i + extra] = from[i];
      fits = from[i] == 1 || sizes_fit(from[i], to[i + extra]);
    }
    if (!fits) fail_shape("broadcast_to: an array of shape ", from, " cannot be stretched to ", shape_, ".");
    return {{inputs[0].dtype, to}};
  }
  Values gradient(const GradientContext& g) const override { return {sum_to(g.upstream(), g.input(0))}; }
  OpPtr absorb(const Op& next, int position, const Types& inputs, const Types& next_inputs) const override {
    return absorb_stretched(next, position, inputs, next_inputs);
  }

 private:
  Shape shape_;
};
REGISTER_OP("broadcast_to", [](const Attributes& a) { return std::make_shared<BroadcastTo>(a); });

class BroadcastLike : public Broadcast {
 public:
  const char* name() const override { return "broadcast_like"; }
  Types infer(const Types& inputs) const override {
    const Shape &from = inputs.at(0).shape, &to = inputs.at(1).shape;
    const int extra = to.rank() - from.rank();
    bool fits = extra >= 0;
    for (int i = 0; fits && i < from.rank(); ++i) fits = from[i] == 1 || sizes_fit(from[i], to[i + extra]);
    if (!fits) fail_shape("broadcast_to: an array of shape ", from, " cannot be stretched to ", to, ".");
    return {{inputs[0].dtype, to}};
  }
  Values gradient(const GradientContext& g) const override { return {sum_to(g.upstream(), g.input(0)), nullptr}; }
};
REGISTER_OP("broadcast_like", [](const Attributes&) { return std::make_shared<BroadcastLike>(); });

// ---- sizes and constants
class ShapeOf : public Op {
 public:
  explicit ShapeOf(const Attributes& a) : dtype_(a.dtype("dtype", DType::int32)) {
    if (!is_integer(dtype_)) fail_argument("shape_of: `dtype` must be int32 or int64. Received: ", name_of(dtype_));
  }
  const char* name() const override { return "shape_of"; }
  Types infer(const Types& inputs) const override { return {{dtype_, Shape{inputs.at(0).shape.rank()}}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    visit_numeric(dtype_, "shape_of", [&](auto zero) {
      using T = decltype(zero);
      for (int i = 0; i < shape.rank(); ++i) outputs[0].data<T>()[i] = static_cast<T>(shape[i]);
    });
  }
  bool is_differentiable() const override { return false; }

 private:
  DType dtype_;
};
REGISTER_OP("shape_of", [](const Attributes& a) { return std::make_shared<ShapeOf>(a); });

class Generator : public Op {
 public:
  bool is_differentiable() const override { return false; }
};

// range(start, stop, step): stop is not included.
class Range : public Generator {
 public:
  explicit Range(const Attributes& a)
      : start_(a.number("start", 0)), stop_(a.number("stop")), step_(a.number("step", 1)), dtype_(a.dtype("dtype", DType::int32)) {}
  const char* name() const override { return "range"; }
  Types infer(const Types&) const override {
    if (step_ == 0) fail_argument("range: `step` must not be 0.");
    const double n = (stop_ - start_) / step_;
    if (std::isnan(n)) return {{dtype_, Shape{-1}}};
    std::int64_t count = n > 0 ? static_cast<std::int64_t>(n) : 0;
    if (static_cast<double>(count) < n) ++count;
    return {{dtype_, Shape{count}}};
  }
  void run(const Tensors&, Tensors& outputs, const RunContext&) const override {
    visit_numeric(dtype_, "range", [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      for (std::int64_t i = 0; i < outputs[0].size(); ++i) y[i] = static_cast<T>(start_ + step_ * static_cast<double>(i));
    });
  }

 private:
  double start_, stop_, step_;
  DType dtype_;
};
REGISTER_OP("range", [](const Attributes& a) { return std::make_shared<Range>(a); });

class Fill : public Generator {
 public:
  explicit Fill(const Attributes& a) : shape_(a.shape("shape")), value_(a.number("value", 0)), dtype_(a.dtype("dtype", DType::float32)) {}
  const char* name() const override { return "fill"; }
  Types infer(const Types&) const override { return {{dtype_, shape_}}; }
  void run(const Tensors&, Tensors& outputs, const RunContext&) const override {
    visit_any(dtype_, [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      std::fill(y, y + outputs[0].size(), static_cast<T>(value_));
    });
  }

 private:
  Shape shape_;
  double value_;
  DType dtype_;
};
REGISTER_OP("fill", [](const Attributes& a) { return std::make_shared<Fill>(a); });

class Eye : public Generator {
 public:
  explicit Eye(const Attributes& a) : rows_(a.integer("rows")), columns_(a.integer("columns", rows_)), dtype_(a.dtype("dtype", DType::float32)) {}
  const char* name() const override { return "eye"; }
  Types infer(const Types&) const override {
    if (rows_ < 0 || columns_ < 0) fail_argument("eye: sizes must not be negative. Received: ", rows_, " and ", columns_);
    return {{dtype_, Shape{rows_, columns_}}};
  }
  void run(const Tensors&, Tensors& outputs, const RunContext&) const override {
    visit_any(dtype_, [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      for (std::int64_t i = 0; i < rows_; ++i) {
        for (std::int64_t j = 0; j < columns_; ++j) y[i * columns_ + j] = static_cast<T>(i == j);
      }
    });
  }

 private:
  std::int64_t rows_, columns_;
  DType dtype_;
};
REGISTER_OP("eye", [](const Attributes& a) { return std::make_shared<Eye>(a); });

}  // namespace
}  // namespace keratin
