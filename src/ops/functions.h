#pragma once
#include <functional>

#include "../graph/graph.h"

// Ops as C++ functions over values: what gradients and composite ops are written in.
namespace keratin {

// Builds an attribute list: attributes({{"axis", 1}, ...}).
Attributes attributes(std::initializer_list<std::pair<const char*, std::vector<double>>> numbers);
std::vector<double> as_numbers(const Shape& shape);
std::vector<double> as_numbers(const std::vector<std::int64_t>& integers);

// One input, one output, by name.
Value call_unary(const char* name, const Value& x);
Value call_binary(const char* name, const Value& a, const Value& b);

Value operator-(const Value& x);
Value operator+(const Value& a, const Value& b);
Value operator-(const Value& a, const Value& b);
Value operator*(const Value& a, const Value& b);
Value operator/(const Value& a, const Value& b);
Value operator+(const Value& a, double b);
Value operator-(const Value& a, double b);
Value operator*(const Value& a, double b);
Value operator/(const Value& a, double b);
Value operator+(double a, const Value& b);
Value operator-(double a, const Value& b);
Value operator*(double a, const Value& b);
Value operator/(double a, const Value& b);

Value square(const Value& x);
Value sqrt(const Value& x);
Value exp(const Value& x);
Value log(const Value& x);
Value sigmoid(const Value& x);
Value power(const Value& a, const Value& b);
Value sign(const Value& x);

Value equal(const Value& a, const Value& b);
Value less(const Value& a, const Value& b);
Value less_equal(const Value& a, const Value& b);
Value greater(const Value& a, const Value& b);
Value greater_equal(const Value& a, const Value& b);
Value logical_and(const Value& a, const Value& b);
Value select(const Value& condition, const Value& x, const Value& y);
Value zeros_like(const Value& x);
Value ones_like(const Value& x);

Value cast(const Value& x, DType dtype);
Value reshape(const Value& x, const Shape& shape);
Value reshape_like(const Value& x, const Value& like);  // works where sizes are unknown too
Value transpose(const Value& x, const std::vector<std::int64_t>& perm);
Value expand_dims(const Value& x, std::int64_t axis);
Value broadcast_to(const Value& x, const Shape& shape);
Value broadcast_like(const Value& x, const Value& like);
Value concat(const Values& parts, std::int64_t axis);
Value slice(const Value& x, const std::vector<std::int64_t>& begin, const std::vector<std::int64_t>& size);
Value pad(const Value& x, const std::vector<std::int64_t>& before_after);  // (before, after) per axis, with zeros

Value reduce(const char* name, const Value& x, const std::vector<std::int64_t>& axes, bool keepdims);
Value reduce_sum(const Value& x, const std::vector<std::int64_t>& axes, bool keepdims);
Value reduce_mean(const Value& x, const std::vector<std::int64_t>& axes, bool keepdims);
// The gradient of a broadcast: sums `x` over the axes along which `like` was stretched to get the shape of `x`.
Value sum_to(const Value& x, const Value& like);

Value gather(const Value& x, const Value& indices, std::int64_t axis);
Value matmul(const Value& a, const Value& b, bool transpose_a = false, bool transpose_b = false);

// The gradient of a fused gradient: `same(inputs)` computes the fused op's outputs with plain ops, and these are differentiated.
// `upstreams` may be null where an output does not reach the target. Null where an input has no gradient.
Values differentiate_again(const Values& inputs, const Values& upstreams, const std::function<Values(const Values&)>& same);

}  // namespace keratin
