#include "functions.h"
#include "large_result.h"
#include "strided_copy.h"

// Ops that move elements about without changing them.
namespace keratin {
namespace {

class Transpose : public Op {
 public:
  explicit Transpose(const Attributes& a) : perm_(a.integers("perm")) {}
  const char* name() const override { return "transpose"; }
  Types infer(const Types& inputs) const override {
    const Shape& shape = inputs.at(0).shape;
    const std::vector<int> order = permutation(shape.rank());
    Shape result;
    for (int axis : order) result.append(shape[axis]);
    return {{inputs[0].dtype, result}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& to = outputs[0].shape();
    const std::vector<int> order = permutation(to.rank());
    const std::vector<std::int64_t> from = strides_of(inputs[0].shape()), strides = strides_of(to);
    StridedCopy copy;
    for (int i = 0; i < to.rank(); ++i) copy.axis(to[i], from[order[i]], strides[i]);
    const bool past_caches = is_large_result(outputs[0], inputs);
    visit_any(inputs[0].dtype(), [&](auto zero) { copy.run(inputs[0].data<decltype(zero)>(), outputs[0].data<decltype(zero)>(), past_caches); });
  }
  Values gradient(const GradientContext& g) const override {
    const std::vector<int> order = permutation(g.input(0)->type.shape.rank());
    std::vector<std::int64_t> inverse(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) inverse[order[i]] = static_cast<std::int64_t>(i);
    return {transpose(g.upstream(), inverse)};
  }

 private:
  // Without `perm`: the axes in reverse.
  std::vector<int> permutation(int rank) const {
    std::vector<int> order(rank);
    if (perm_.empty()) {
      for (int i = 0; i < rank; ++i) order[i] = rank - 1 - i;
      return order;
    }
    std::vector<bool> seen(rank, false);
    if (static_cast<int>(perm_.size()) != rank) fail_argument("transpose: `perm` has ", perm_.size(), " axes, the array has ", rank, ".");
    for (int i = 0; i < rank; ++i) {
      order[i] = normalize_axis(perm_[i], rank, "transpose");
      if (seen[order[i]]) fail_argument("transpose: `perm` names axis ", perm_[i], " twice.");
      seen[order[i]] = true;
    }
    return order;
  }
  std::vector<std::int64_t> perm_;
};
REGISTER_OP("transpose", [](const Attributes& a) { return std::make_shared<Transpose>(a); });

// tile(multiples) and repeat_elements(axis, repeats) undo alike: the copies of an axis get an axis of their own and are summed.
Value sum_copies(Value upstream, const Shape& shape, int axis, std::int64_t copies, bool copies_first) {
  if (copies == 1) return upstream;
  Shape split = upstream->type.shape;
  split[axis] = copies_first ? copies : shape[axis];
  split.insert(axis + 1, copies_first ? shape[axis] : copies);
  return reduce_sum(reshape(upstream, split), {copies_first ? axis : axis + 1}, false);
}

class Tile : public Op {
 public:
  explicit Tile(const Attributes& a) : multiples_(a.integers("multiples")) {}
  const char* name() const override { return "tile"; }
  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    if (static_cast<int>(multiples_.size()) != shape.rank()) {
      fail_argument("tile: `multiples` needs one number for each axis. Received ", multiples_.size(), " for an array of shape ", shape, ".");
    }
    for (int i = 0; i < shape.rank(); ++i) {
      if (multiples_[i] < 0) fail_argument("tile: `multiples` must not be negative. Received: ", multiples_[i]);
      if (shape[i] != unknown_size) shape[i] *= multiples_[i];
    }
    return {{inputs[0].dtype, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const std::vector<std::int64_t> from = strides_of(shape), to = strides_of(outputs[0].shape());
    StridedCopy copy;
    for (int i = 0; i < shape.rank(); ++i) {
      copy.axis(multiples_[i], 0, to[i] * shape[i]);
      copy.axis(shape[i], from[i], to[i]);
    }
    visit_any(inputs[0].dtype(), [&](auto zero) { copy.run(inputs[0].data<decltype(zero)>(), outputs[0].data<decltype(zero)>()); });
  }
  Values gradient(const GradientContext& g) const override {
    Value result = g.upstream();
    const Shape& shape = g.input(0)->type.shape;
    for (int i = 0; i < shape.rank(); ++i) result = sum_copies(result, shape, i, multiples_[i], true);
    return {result};
  }

 private:
  std::vector<std::int64_t> multiples_;
};
REGISTER_OP("tile", [](const Attributes& a) { return std::make_shared<Tile>(a); });

class RepeatElements : public Op {
 public:
  explicit RepeatElements(const Attributes& a) : axis_(a.integer("axis")), repeats_(a.integer("repeats")) {}
  const char* name() const override { return "repeat_elements"; }
  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    if (repeats_ < 0) fail_argument("repeat_elements: `repeats` must not be negative. Received: ", repeats_);
    const int axis = normalize_axis(axis_, shape.rank(), "repeat_elements");
    if (shape[axis] != unknown_size) shape[axis] *= repeats_;
    return {{inputs[0].dtype, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const int axis = normalize_axis(axis_, shape.rank(), "repeat_elements");
    const std::vector<std::int64_t> from = strides_of(shape), to = strides_of(outputs[0].shape());
    StridedCopy copy;
    for (int i = 0; i < shape.rank(); ++i) {
      if (i == axis) {
        copy.axis(shape[i], from[i], to[i] * repeats_);
        copy.axis(repeats_, 0, to[i]);
      } else {
        copy.axis(shape[i], from[i], to[i]);
      }
    }
    visit_any(inputs[0].dtype(), [&](auto zero) { copy.run(inputs[0].data<decltype(zero)>(), outputs[0].data<decltype(zero)>()); });
  }
  Values gradient(const GradientContext& g) const override {
    const Shape& shape = g.input(0)->type.shape;
    return {sum_copies(g.upstream(), shape, normalize_axis(axis_, shape.rank(), "repeat_elements"), repeats_, false)};
  }

 private:
  std::int64_t axis_, repeats_;
};
REGISTER_OP("repeat_elements", [](const Attributes& a) { return std::make_shared<RepeatElements>(a); });

class Reverse : public Op {
 public:
  explicit Reverse(const Attributes& a) : axes_(a.integers("axes")) {}
  const char* name() const override { return "reverse"; }
  Types infer(const Types& inputs) const override {
    for (std::int64_t axis : axes_) normalize_axis(axis, inputs.at(0).shape.rank(), "reverse");
    return {inputs.at(0)};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    std::vector<bool> turned(shape.rank(), false);
    for (std::int64_t axis : axes_) turned[normalize_axis(axis, shape.rank(), "reverse")] = true;
    const std::vector<std::int64_t> strides = strides_of(shape);
    StridedCopy copy;
    std::int64_t start = 0;
    for (int i = 0; i < shape.rank(); ++i) {
      copy.axis(shape[i], turned[i] ? -strides[i] : strides[i], strides[i]);
      if (turned[i] && shape[i] > 0) start += (shape[i] - 1) * strides[i];
    }
    visit_any(inputs[0].dtype(), [&](auto zero) { copy.run(inputs[0].data<decltype(zero)>() + start, outputs[0].data<decltype(zero)>()); });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("reverse", attributes({{"axes", as_numbers(axes_)}})), {g.upstream()})};
  }

 private:
  std::vector<std::int64_t> axes_;
};
REGISTER_OP("reverse", [](const Attributes& a) { return std::make_shared<Reverse>(a); });

// pad(paddings = (before, after) per axis, value)
class Pad : public Op {
 public:
  explicit Pad(const Attributes& a) : paddings_(a.integers("paddings")), value_(a.number("value", 0)) {}
  const char* name() const override { return "pad"; }
  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    if (static_cast<int>(paddings_.size()) != 2 * shape.rank()) {
      fail_argument("pad: `paddings` needs two numbers for each axis. Received ", paddings_.size(), " for an array of shape ", shape, ".");
    }
    for (int i = 0; i < shape.rank(); ++i) {
      if (paddings_[2 * i] < 0 || paddings_[2 * i + 1] < 0) {
        fail_argument("pad: `paddings` must not be negative. Received: ", paddings_[2 * i], " and ", paddings_[2 * i + 1]);
      }
      if (shape[i] != unknown_size) shape[i] += paddings_[2 * i] + paddings_[2 * i + 1];
    }
    return {{inputs[0].dtype, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const std::vector<std::int64_t> from = strides_of(shape), to = strides_of(outputs[0].shape());
    StridedCopy copy;
    std::int64_t start = 0;
    for (int i = 0; i < shape.rank(); ++i) {
      copy.axis(shape[i], from[i], to[i]);
      start += paddings_[2 * i] * to[i];
    }
    visit_any(inputs[0].dtype(), [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      parallel_ranges(outputs[0].size(), 65536, [&](std::int64_t begin, std::int64_t end) { std::fill(y + begin, y + end, static_cast<T>(value_)); });
      if (inputs[0].size() > 0) copy.run(inputs[0].data<T>(), y + start);
    });
  }
  Values gradient(const GradientContext& g) const override {
    const Shape& shape = g.input(0)->type.shape;
    if (shape.is_known()) {
      std::vector<std::int64_t> begin;
      for (int i = 0; i < shape.rank(); ++i) begin.push_back(paddings_[2 * i]);
      return {slice(g.upstream(), begin, shape.sizes())};
    }
    std::vector<double> begin, end, end_open;
    for (int i = 0; i < shape.rank(); ++i) {
      begin.push_back(static_cast<double>(paddings_[2 * i]));
      end.push_back(-static_cast<double>(paddings_[2 * i + 1]));
      end_open.push_back(paddings_[2 * i + 1] == 0);
    }
    return {apply1(make_op("strided_slice", attributes({{"begin", begin}, {"end", end}, {"end_mask", end_open}})), {g.upstream()})};
  }

 private:
  std::vector<std::int64_t> paddings_;
  double value_;
};
REGISTER_OP("pad", [](const Attributes& a) { return std::make_shared<Pad>(a); });

}  // namespace
}  // namespace keratin
