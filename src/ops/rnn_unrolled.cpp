// Recurrences step by step in plain ops: what the gradients of fused gradients are made of.
#include "rnn_unrolled.h"

#include "functions.h"

namespace keratin {
namespace {

Value activate(RnnActivation activation, const Value& x) {
  switch (activation) {
    case RnnActivation::linear: return x;
    case RnnActivation::tanh: return call_unary("tanh", x);
    case RnnActivation::sigmoid: return call_unary("sigmoid", x);
    case RnnActivation::hard_sigmoid: return call_unary("hard_sigmoid", x);
    case RnnActivation::relu: return call_unary("relu", x);
    case RnnActivation::relu6: return call_unary("relu6", x);
    case RnnActivation::elu: return call_unary("elu", x);
    case RnnActivation::selu: return call_unary("selu", x);
    case RnnActivation::softsign: return call_unary("softsign", x);
    case RnnActivation::exponential: return call_unary("exp", x);
  }
  return x;
}
Value columns(const Value& x, std::int64_t units, int gate, int count = 1) { return slice(x, {0, gate * units}, {-1, count * units}); }
Value at_step(const Value& x, std::int64_t t) {
  return apply1(make_op("squeeze", attributes({{"axes", {1}}})), {slice(x, {0, t, 0}, {-1, 1, -1})});
}
Value over_steps(const Values& parts) {
  Values rows;
  for (const Value& part : parts) rows.push_back(expand_dims(part, 1));
  return concat(rows, 1);
}

}  // namespace

Values unroll(const UnrolledRecurrence& r, const UnrolledInputs& in) {
  const std::int64_t units = in.recurrent_kernel->type.shape[0], steps = in.x->type.shape[1];
  if (steps < 0) fail_argument("the gradient of a recurrent layer's gradient needs a known number of steps.");
  Value sums = call_binary("dense", in.x, in.kernel), output;
  if (in.bias) sums = sums + in.bias;
  Value h = in.h ? in.h : zeros_like(columns(at_step(sums, 0), units, 0)), c = r.kind != RecurrenceKind::lstm || in.c ? in.c : zeros_like(h);
  Values sequence;
  for (std::int64_t t = 0; t < steps; ++t) {
    const Value x = at_step(sums, t), seen = in.dropout ? h * in.dropout : h;
    Value next, next_c;
    if (r.kind == RecurrenceKind::simple) {
      next = activate(r.activation, x + matmul(seen, in.recurrent_kernel));
    } else if (r.kind == RecurrenceKind::lstm) {
      const Value gates = x + matmul(seen, in.recurrent_kernel);
      next_c = activate(r.recurrent_activation, columns(gates, units, 1)) * c +
               activate(r.recurrent_activation, columns(gates, units, 0)) * activate(r.activation, columns(gates, units, 2));
      next = activate(r.recurrent_activation, columns(gates, units, 3)) * activate(r.activation, next_c);
    } else if (r.reset_after) {
      Value inner = matmul(seen, in.recurrent_kernel);
      if (in.recurrent_bias) inner = inner + in.recurrent_bias;
      const Value gates = activate(r.recurrent_activation, columns(x, units, 0, 2) + columns(inner, units, 0, 2));
      const Value update = columns(gates, units, 0);
      const Value candidate = activate(r.activation, columns(x, units, 2) + columns(gates, units, 1) * columns(inner, units, 2));
      next = update * (h - candidate) + candidate;
    } else {
      const Value gates = activate(r.recurrent_activation, columns(x, units, 0, 2) + matmul(seen, columns(in.recurrent_kernel, units, 0, 2)));
      const Value update = columns(gates, units, 0);
      const Value candidate =
          activate(r.activation, columns(x, units, 2) + matmul(columns(gates, units, 1) * seen, columns(in.recurrent_kernel, units, 2)));
      next = update * (h - candidate) + candidate;
    }
    if (in.mask) {
      const Value valid = broadcast_like(slice(in.mask, {0, t}, {-1, 1}), h), none = zeros_like(h);
      output = select(valid, next, r.zero_output || !output ? none : output);
      h = select(valid, next, h);
      if (c) c = select(valid, next_c, c);
    } else {
      output = h = next;
      c = next_c;
    }
    sequence.push_back(output);
  }
  Values results{over_steps(sequence), h};
  if (r.kind == RecurrenceKind::lstm) results.push_back(c);
  return results;
}

}  // namespace keratin
