#include <cstring>

#include "../core/thread_pool.h"
#include "functions.h"
#include "large_result.h"

// Putting arrays together along an axis and taking them apart.
namespace keratin {
namespace {

struct Part {
  char* data;
  std::size_t bytes;  // of one block: what a part holds of each outer position
};
// Between one array of `outer` blocks and its parts, in either direction.
void copy_parts(char* whole, std::int64_t outer, const std::vector<Part>& parts, bool join, bool past_caches) {
  std::size_t block = 0;
  for (const Part& part : parts) block += part.bytes;
  if (block == 0) return;
  parallel_ranges(outer, static_cast<std::int64_t>(131072 / block + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) {
      char* at = whole + static_cast<std::size_t>(o) * block;
      for (const Part& part : parts) {
        char* other = part.data + static_cast<std::size_t>(o) * part.bytes;
        char *to = join ? at : other, *from = join ? other : at;
        if (past_caches) copy_past_caches(to, from, part.bytes);
        else std::memcpy(to, from, part.bytes);
        at += part.bytes;
      }
    }
  });
}
std::vector<Part> parts_of(const Tensors& tensors, std::int64_t outer) {
  std::vector<Part> parts;
  for (const Tensor& t : tensors) parts.push_back({static_cast<char*>(t.raw()), outer == 0 ? 0 : t.bytes() / static_cast<std::size_t>(outer)});
  return parts;
}
void check_one_dtype(const Types& inputs, const char* op) {
  for (const TensorType& type : inputs) {
    if (type.dtype != inputs[0].dtype) {
      fail_argument(op, ": all inputs must have one dtype. Received: ", name_of(inputs[0].dtype), " and ", name_of(type.dtype), ".");
    }
  }
}

class Concat : public Op {
 public:
  explicit Concat(const Attributes& a) : axis_(a.integer("axis", -1)) {}
  const char* name() const override { return "concat"; }
  Types infer(const Types& inputs) const override {
    if (inputs.empty()) fail_argument("concat: takes at least one array. Received none.");
    check_one_dtype(inputs, "concat");
    Shape result = inputs[0].shape;
    const int axis = normalize_axis(axis_, result.rank(), "concat");
    for (std::size_t k = 1; k < inputs.size(); ++k) {
      const Shape& shape = inputs[k].shape;
      bool fits = shape.rank() == result.rank();
      for (int i = 0; fits && i < shape.rank(); ++i) {
        if (i == axis) {
          result[i] = result[i] < 0 || shape[i] < 0 ? unknown_size : result[i] + shape[i];
        } else {
          fits = sizes_fit(result[i], shape[i]);
          if (result[i] < 0) result[i] = shape[i];
        }
      }
      if (!fits) {
        fail_shape("concat: the arrays must agree on all axes but ", axis, ". Received shapes ", inputs[0].shape, " and ", shape, ".");
      }
    }
    return {{inputs[0].dtype, result}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = outputs[0].shape();
    const std::int64_t outer = shape.product(0, normalize_axis(axis_, shape.rank(), "concat"));
    copy_parts(static_cast<char*>(outputs[0].raw()), outer, parts_of(inputs, outer), true, is_large_result(outputs[0], inputs));
  }
  Values gradient(const GradientContext& g) const override {
    const Shape& first = g.input(0)->type.shape;
    const int axis = normalize_axis(axis_, first.rank(), "concat");
    Values result(g.node->inputs.size());
    std::int64_t at = 0;
    for (std::size_t k = 0; k < result.size(); ++k) {
      const std::int64_t n = g.input(static_cast<int>(k))->type.shape[axis];
      if (n < 0) fail_shape("concat: the gradient along axis ", axis, " needs known sizes.");
      if (g.wants(static_cast<int>(k))) {
        std::vector<std::int64_t> begin(first.rank(), 0), size(first.rank(), -1);
        begin[axis] = at;
        size[axis] = n;
        result[k] = slice(g.upstream(), begin, size);
      }
      at += n;
    }
    return result;
  }

 private:
  std::int64_t axis_;
};
REGISTER_OP("concat", [](const Attributes& a) { return std::make_shared<Concat>(a); });

class Stack : public Op {
 public:
  explicit Stack(const Attributes& a) : axis_(a.integer("axis", 0)) {}
  const char* name() const override { return "stack"; }
  Types infer(const Types& inputs) const override {
    if (inputs.empty()) fail_argument("stack: takes at least one array. Received none.");
    check_one_dtype(inputs, "stack");
    Shape result = inputs[0].shape;
    for (const TensorType& type : inputs) {
      bool fits = type.shape.rank() == result.rank();
      for (int i = 0; fits && i < result.rank(); ++i) {
        fits = sizes_fit(result[i], type.shape[i]);
        if (result[i] < 0) result[i] = type.shape[i];
      }
      if (!fits) fail_shape("stack: the arrays must have one shape. Received shapes ", inputs[0].shape, " and ", type.shape, ".");
    }
    result.insert(normalize_axis(axis_, result.rank() + 1, "stack"), static_cast<std::int64_t>(inputs.size()));
    return {{inputs[0].dtype, result}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = outputs[0].shape();
    const std::int64_t outer = shape.product(0, normalize_axis(axis_, shape.rank(), "stack"));
    copy_parts(static_cast<char*>(outputs[0].raw()), outer, parts_of(inputs, outer), true, is_large_result(outputs[0], inputs));
  }
  Values gradient(const GradientContext& g) const override {
    return apply(make_op("unstack", attributes({{"axis", {static_cast<double>(axis_)}}})), {g.upstream()});
  }

 private:
  std::int64_t axis_;
};
REGISTER_OP("stack", [](const Attributes& a) { return std::make_shared<Stack>(a); });

// Upstreams of an op with several outputs, zeros where one does not reach the target.
Values filled_upstreams(const GradientContext& g) {
  Values all;
  for (std::size_t k = 0; k < g.upstreams.size(); ++k) {
    all.push_back(g.upstreams[k] ? g.upstreams[k] : zeros_like(g.output(static_cast<int>(k))));
  }
  return all;
}

class Unstack : public Op {
 public:
  explicit Unstack(const Attributes& a) : axis_(a.integer("axis", 0)) {}
  const char* name() const override { return "unstack"; }
  Types infer(const Types& inputs) const override {
    Shape shape = inputs.at(0).shape;
    const int axis = normalize_axis(axis_, shape.rank(), "unstack");
    const std::int64_t n = shape[axis];
    if (n < 0) fail_shape("unstack: the size of axis ", axis, " must be known. Received an array of shape ", shape, ".");
    shape.erase(axis);
    return Types(static_cast<std::size_t>(n), TensorType{inputs[0].dtype, shape});
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const std::int64_t outer = shape.product(0, normalize_axis(axis_, shape.rank(), "unstack"));
    copy_parts(static_cast<char*>(inputs[0].raw()), outer, parts_of(outputs, outer), false, is_large_result(outputs[0], inputs));
  }
  Values gradient(const GradientContext& g) const override {
    const int rank = g.input(0)->type.shape.rank();
    const double axis = normalize_axis(axis_, rank, "unstack");
    return {apply1(make_op("stack", attributes({{"axis", {axis}}})), filled_upstreams(g))};
  }

 private:
  std::int64_t axis_;
};
REGISTER_OP("unstack", [](const Attributes& a) { return std::make_shared<Unstack>(a); });

// split(axis, sizes), or split(axis, parts) into equal parts.
class Split : public Op {
 public:
  explicit Split(const Attributes& a) : axis_(a.integer("axis", 0)), sizes_(a.integers("sizes")), parts_(a.integer("parts", 0)) {}
  const char* name() const override { return "split"; }
  Types infer(const Types& inputs) const override {
    const Shape& shape = inputs.at(0).shape;
    const int axis = normalize_axis(axis_, shape.rank(), "split");
    const std::int64_t n = shape[axis];
    std::vector<std::int64_t> sizes = sizes_;
    if (sizes.empty()) {
      if (parts_ < 1) fail_argument("split: the number of parts must be at least 1. Received: ", parts_);
      if (n >= 0 && n % parts_ != 0)
        fail_shape("split: axis ", axis, " of an array of shape ", shape, " cannot be cut into ", parts_, " equal parts.");
      sizes.assign(static_cast<std::size_t>(parts_), n < 0 ? unknown_size : n / parts_);
    } else {
      std::int64_t total = 0;
      for (std::int64_t size : sizes) total += size;
      if (!sizes_fit(n, total)) {
        fail_shape("split: the sizes add up to ", total, ", axis ", axis, " of an array of shape ", shape, " does not.");
      }
    }
    Types result;
    for (std::int64_t size : sizes) {
      Shape part = shape;
      part[axis] = size;
      result.push_back({inputs[0].dtype, part});
    }
    return result;
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const std::int64_t outer = shape.product(0, normalize_axis(axis_, shape.rank(), "split"));
    copy_parts(static_cast<char*>(inputs[0].raw()), outer, parts_of(outputs, outer), false, is_large_result(outputs[0], inputs));
  }
  Values gradient(const GradientContext& g) const override { return {concat(filled_upstreams(g), axis_)}; }

 private:
  std::int64_t axis_;
  std::vector<std::int64_t> sizes_;
  std::int64_t parts_;
};
REGISTER_OP("split", [](const Attributes& a) { return std::make_shared<Split>(a); });

}  // namespace
}  // namespace keratin
