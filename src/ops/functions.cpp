#include "functions.h"

namespace keratin {

Attributes attributes(std::initializer_list<std::pair<const char*, std::vector<double>>> numbers) {
  Attributes a;
  for (const auto& entry : numbers) a.set(entry.first, entry.second);
  return a;
}

std::vector<double> as_numbers(const Shape& shape) { return as_numbers(shape.sizes()); }
std::vector<double> as_numbers(const std::vector<std::int64_t>& integers) { return {integers.begin(), integers.end()}; }

Value call_unary(const char* name, const Value& x) { return apply1(make_op(name, {}), {x}); }
Value call_binary(const char* name, const Value& a, const Value& b) { return apply1(make_op(name, {}), {a, b}); }

Value operator-(const Value& x) { return call_unary("negative", x); }
Value operator+(const Value& a, const Value& b) { return call_binary("add", a, b); }
Value operator-(const Value& a, const Value& b) { return call_binary("subtract", a, b); }
Value operator*(const Value& a, const Value& b) { return call_binary("multiply", a, b); }
Value operator/(const Value& a, const Value& b) { return call_binary("divide", a, b); }
Value operator+(const Value& a, double b) { return a + constant_like(a, b); }
Value operator-(const Value& a, double b) { return a - constant_like(a, b); }
Value operator*(const Value& a, double b) { return a * constant_like(a, b); }
Value operator/(const Value& a, double b) { return a / constant_like(a, b); }
Value operator+(double a, const Value& b) { return constant_like(b, a) + b; }
Value operator-(double a, const Value& b) { return constant_like(b, a) - b; }
Value operator*(double a, const Value& b) { return constant_like(b, a) * b; }
Value operator/(double a, const Value& b) { return constant_like(b, a) / b; }

Value square(const Value& x) { return call_unary("square", x); }
Value sqrt(const Value& x) { return call_unary("sqrt", x); }
Value exp(const Value& x) { return call_unary("exp", x); }
Value log(const Value& x) { return call_unary("log", x); }
Value sigmoid(const Value& x) { return call_unary("sigmoid", x); }
Value sign(const Value& x) { return call_unary("sign", x); }
Value power(const Value& a, const Value& b) { return call_binary("power", a, b); }

Value equal(const Value& a, const Value& b) { return call_binary("equal", a, b); }
Value less(const Value& a, const Value& b) { return call_binary("less", a, b); }
Value less_equal(const Value& a, const Value& b) { return call_binary("less_equal", a, b); }
Value greater(const Value& a, const Value& b) { return call_binary("greater", a, b); }
Value greater_equal(const Value& a, const Value& b) { return call_binary("greater_equal", a, b); }
Value logical_and(const Value& a, const Value& b) { return call_binary("logical_and", a, b); }
Value select(const Value& condition, const Value& x, const Value& y) { return apply1(make_op("select", {}), {condition, x, y}); }
Value zeros_like(const Value& x) { return broadcast_like(constant_like(x, 0), x); }
Value ones_like(const Value& x) { return broadcast_like(constant_like(x, 1), x); }

Value cast(const Value& x, DType dtype) {
  if (x->type.dtype == dtype) return x;
  Attributes a;
  a.set("dtype", std::vector<std::string>{name_of(dtype)});
  return apply1(make_op("cast", a), {x});
}

Value reshape(const Value& x, const Shape& shape) {
  if (x->type.shape == shape && shape.is_known()) return x;
  return apply1(make_op("reshape", attributes({{"shape", as_numbers(shape)}})), {x});
}
Value reshape_like(const Value& x, const Value& like) {
  if (like->type.shape.is_known()) return reshape(x, like->type.shape);
  return call_binary("reshape_like", x, like);
}
Value transpose(const Value& x, const std::vector<std::int64_t>& perm) {
  return apply1(make_op("transpose", attributes({{"perm", as_numbers(perm)}})), {x});
}
Value expand_dims(const Value& x, std::int64_t axis) {
  return apply1(make_op("expand_dims", attributes({{"axis", {static_cast<double>(axis)}}})), {x});
}
Value broadcast_to(const Value& x, const Shape& shape) {
  if (x->type.shape == shape && shape.is_known()) return x;
  return apply1(make_op("broadcast_to", attributes({{"shape", as_numbers(shape)}})), {x});
}
Value broadcast_like(const Value& x, const Value& like) {
  if (like->type.shape.is_known()) return broadcast_to(x, like->type.shape);
  return call_binary("broadcast_like", x, like);
}
Value concat(const Values& parts, std::int64_t axis) {
  if (parts.size() == 1) return parts[0];
  return apply1(make_op("concat", attributes({{"axis", {static_cast<double>(axis)}}})), parts);
}
Value slice(const Value& x, const std::vector<std::int64_t>& begin, const std::vector<std::int64_t>& size) {
  return apply1(make_op("slice", attributes({{"begin", as_numbers(begin)}, {"size", as_numbers(size)}})), {x});
}
Value pad(const Value& x, const std::vector<std::int64_t>& before_after) {
  return apply1(make_op("pad", attributes({{"paddings", as_numbers(before_after)}})), {x});
}

Value reduce(const char* name, const Value& x, const std::vector<std::int64_t>& axes, bool keepdims) {
  Attributes a = attributes({{"axes", as_numbers(axes)}, {"keepdims", {keepdims ? 1.0 : 0.0}}});
  return apply1(make_op(name, a), {x});
}
Value reduce_sum(const Value& x, const std::vector<std::int64_t>& axes, bool keepdims) {
  return axes.empty() ? x : reduce("reduce_sum", x, axes, keepdims);
}
Value reduce_mean(const Value& x, const std::vector<std::int64_t>& axes, bool keepdims) {
  return axes.empty() ? x : reduce("reduce_mean", x, axes, keepdims);
}

Value sum_to(const Value& x, const Value& like) {
  const Shape& from = x->type.shape;
  const Shape& to = like->type.shape;
  if (from == to) return x;  // equal unknown sizes were the same size when the values met
  const int extra = from.rank() - to.rank();
  std::vector<std::int64_t> axes;
  bool leading_only = true;
  for (int i = 0; i < from.rank(); ++i) {
    if (i < extra) {
      axes.push_back(i);
    } else if (to[i - extra] == 1 && from[i] != 1) {
      axes.push_back(i);
      leading_only = false;
    } else if (to[i - extra] == unknown_size && from[i] != unknown_size && from[i] != 1) {
      return call_binary("sum_like", x, like);  // only the run knows whether this axis was stretched
    }
  }
  if (axes.empty()) return x;
  if (leading_only) return reduce_sum(x, axes, false);
  Value y = reduce_sum(x, axes, true);
  return extra > 0 ? reshape_like(y, like) : y;
}

Value gather(const Value& x, const Value& indices, std::int64_t axis) {
  return apply1(make_op("gather", attributes({{"axis", {static_cast<double>(axis)}}})), {x, indices});
}
Value matmul(const Value& a, const Value& b, bool transpose_a, bool transpose_b) {
  return apply1(make_op("matmul", attributes({{"transpose_a", {transpose_a ? 1.0 : 0.0}}, {"transpose_b", {transpose_b ? 1.0 : 0.0}}})), {a, b});
}

Values differentiate_again(const Values& inputs, const Values& upstreams, const std::function<Values(const Values&)>& same) {
  struct Recording {
    Recording() { begin_recording(); }
    ~Recording() { end_recording(); }
  } recording;
  // Under names of their own, so that the way ends at the inputs.
  Values own;
  for (const Value& input : inputs) own.push_back(call_unary("identity", input));
  const Values outputs = same(own);
  Value target;
  for (std::size_t i = 0; i < outputs.size() && i < upstreams.size(); ++i) {
    if (!upstreams[i] || !outputs[i]) continue;
    std::vector<std::int64_t> all;
    for (int axis = 0; axis < outputs[i]->type.shape.rank(); ++axis) all.push_back(axis);
    const Value part = all.empty() ? outputs[i] * upstreams[i] : reduce_sum(outputs[i] * upstreams[i], all, false);
    target = target ? target + part : part;
  }
  return target ? gradients(target, own, {}, nullptr) : Values(inputs.size());
}

}  // namespace keratin
