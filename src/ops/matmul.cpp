// Matrix products: matmul (with batch axes), dense (a layer's x * kernel + bias) and bias_add.
#include "../core/thread_pool.h"
#include "../kernels/gemm.h"
#include "epilogue.h"
#include "functions.h"

namespace keratin {
namespace {

// Integer products are rare and small.
template <class T>
void plain_product(const GemmShape& s, const T* a, const T* b, T* y) {
  for (Index i = 0; i < s.rows; ++i) {
    for (Index j = 0; j < s.columns; ++j) {
      T sum = 0;
      for (Index k = 0; k < s.depth; ++k)
        sum = static_cast<T>(sum + a[s.transpose_a ? k * s.rows + i : i * s.depth + k] * b[s.transpose_b ? j * s.depth + k : k * s.columns + j]);
      y[i * s.columns + j] = sum;
    }
  }
}
void product(const GemmShape& s, const float* a, const float* b, const Epilogue<float>& end, float* y) { gemm(s, a, b, end, y); }
void product(const GemmShape& s, const double* a, const double* b, const Epilogue<double>& end, double* y) { gemm(s, a, b, end, y); }
void product(const GemmShape& s, const std::int32_t* a, const std::int32_t* b, const Epilogue<std::int32_t>&, std::int32_t* y) {
  plain_product(s, a, b, y);
}
void product(const GemmShape& s, const std::int64_t* a, const std::int64_t* b, const Epilogue<std::int64_t>&, std::int64_t* y) {
  plain_product(s, a, b, y);
}

Shape batch_of(const Shape& shape) {
  const std::vector<std::int64_t> sizes = shape.sizes();
  return Shape(std::vector<std::int64_t>(sizes.begin(), sizes.end() - 2));
}

// How far each batch axis of the result moves an input of this batch shape, in matrices.
std::vector<std::int64_t> batch_steps(const Shape& batch, const Shape& result) {
  std::vector<std::int64_t> steps(static_cast<std::size_t>(result.rank()), 0);
  std::int64_t step = 1;
  for (int i = 1; i <= batch.rank(); ++i) {
    const int axis = batch.rank() - i;
    if (batch[axis] != 1) steps[static_cast<std::size_t>(result.rank() - i)] = step;
    step *= batch[axis];
  }
  return steps;
}

class MatMul : public Op {
 public:
  MatMul(bool transpose_a, bool transpose_b) : transpose_a_(transpose_a), transpose_b_(transpose_b) {}
  const char* name() const override { return "matmul"; }

  Types infer(const Types& inputs) const override {
    if (inputs.size() != 2) fail_argument("matmul: takes two inputs. Received: ", inputs.size());
    const TensorType &a = inputs[0], &b = inputs[1];
    if (a.dtype != b.dtype)
      fail_argument("matmul: both inputs must have one dtype. Received: ", name_of(a.dtype), " and ", name_of(b.dtype), "; use k_cast().");
    if (!is_floating(a.dtype) && !is_integer(a.dtype)) fail_argument("matmul: takes numbers. Received: ", name_of(a.dtype));
    if (a.shape.rank() < 2 || b.shape.rank() < 2)
      fail_shape("matmul: takes arrays of at least 2 axes. Received shapes ", a.shape, " and ", b.shape, ".");
    const int ra = a.shape.rank(), rb = b.shape.rank();
    const std::int64_t rows = a.shape[transpose_a_ ? ra - 1 : ra - 2], depth = a.shape[transpose_a_ ? ra - 2 : ra - 1];
    const std::int64_t depth_b = b.shape[transpose_b_ ? rb - 1 : rb - 2], columns = b.shape[transpose_b_ ? rb - 2 : rb - 1];
    if (!sizes_fit(depth, depth_b)) {
      fail_shape("matmul: the inner sizes differ. Received shapes ", a.shape, transpose_a_ ? " (transposed)" : "", " and ", b.shape,
                 transpose_b_ ? " (transposed)" : "", ".");
    }
    Shape out = broadcast(batch_of(a.shape), batch_of(b.shape), "matmul");
    out.append(rows);
    out.append(columns);
    return {{a.dtype, out}};
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Tensor &a = inputs[0], &b = inputs[1];
    const Shape& out = outputs[0].shape();
    const int rank = out.rank(), ra = a.shape().rank();
    GemmShape s{out[rank - 2], out[rank - 1], a.shape()[transpose_a_ ? ra - 2 : ra - 1], transpose_a_, transpose_b_};
    const Shape batch_a = batch_of(a.shape()), batch_b = batch_of(b.shape()), batch = batch_of(out);
    std::int64_t count = batch.elements();
    // One matrix for all of a's: the batch axes are more rows.
    if (!transpose_a_ && b.shape().elements() == b.shape()[b.shape().rank() - 1] * b.shape()[b.shape().rank() - 2] && count > 1) {
      s.rows *= count;
      count = 1;
    }
    const std::vector<std::int64_t> steps_a = batch_steps(batch_a, batch), steps_b = batch_steps(batch_b, batch);
    visit_numeric(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      auto one = [&](std::int64_t i) {
        std::int64_t at_a = 0, at_b = 0, rest = i;
        if (count > 1) {
          for (int axis = batch.rank() - 1; axis >= 0; --axis) {
            at_a += rest % batch[axis] * steps_a[static_cast<std::size_t>(axis)];
            at_b += rest % batch[axis] * steps_b[static_cast<std::size_t>(axis)];
            rest /= batch[axis];
          }
        }
        product(s, a.data<T>() + at_a * s.rows * s.depth, b.data<T>() + at_b * s.columns * s.depth, Epilogue<T>(),
                outputs[0].data<T>() + i * s.rows * s.columns);
      };
      parallel_parts(count, one);
    });
  }

  Values gradient(const GradientContext& g) const override {
    Values result(2);
    const Value &a = g.input(0), &b = g.input(1), &u = g.upstream();
    if (g.wants(0)) result[0] = sum_to(transpose_a_ ? matmul(b, u, transpose_b_, true) : matmul(u, b, false, !transpose_b_), a);
    if (g.wants(1)) result[1] = sum_to(transpose_b_ ? matmul(u, a, true, transpose_a_) : matmul(a, u, !transpose_a_, false), b);
    return result;
  }

 private:
  bool transpose_a_, transpose_b_;
};

std::int64_t leading_elements(const Shape& shape) { return shape.product(0, shape.rank() - 1); }

// x[..., depth] * kernel[depth, units] (+ bias)
class Dense : public Op {
 public:
  explicit Dense(Activation activation) : activation_(activation) {}
  const char* name() const override { return "dense"; }

  Types infer(const Types& inputs) const override {
    if (inputs.size() < 2 || inputs.size() > 3)
      fail_argument("dense: takes an input, a kernel and perhaps a bias. Received: ", inputs.size(), " inputs.");
    const TensorType &x = inputs[0], &kernel = inputs[1];
    for (const TensorType& input : inputs) {
      if (input.dtype != x.dtype)
        fail_argument("dense: all inputs must have one dtype. Received: ", name_of(x.dtype), " and ", name_of(input.dtype), "; use k_cast().");
    }
    if (!is_floating(x.dtype) && !is_integer(x.dtype)) fail_argument("dense: takes numbers. Received: ", name_of(x.dtype));
    if (x.shape.rank() < 1 || kernel.shape.rank() != 2)
      fail_shape("dense: takes an input of at least 1 axis and a kernel of 2. Received shapes ", x.shape, " and ", kernel.shape, ".");
    if (!sizes_fit(x.shape.back(), kernel.shape[0])) {
      fail_shape("dense: the last axis of the input, of shape ", x.shape, ", must have the ", kernel.shape[0], " elements that a kernel of shape ",
                 kernel.shape, " takes.");
    }
    if (inputs.size() > 2 && (inputs[2].shape.rank() != 1 || !sizes_fit(inputs[2].shape[0], kernel.shape[1]))) {
      fail_shape("dense: the bias must have shape (", kernel.shape[1], "). Received: ", inputs[2].shape, ".");
    }
    Shape out = x.shape;
    out[out.rank() - 1] = kernel.shape[1];
    return {{x.dtype, out}};
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& kernel = inputs[1].shape();
    const GemmShape s{leading_elements(outputs[0].shape()), kernel[1], kernel[0], false, false};
    visit_numeric(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_floating_point<T>::value) {
        const T* bias = inputs.size() > 2 ? inputs[2].data<T>() : nullptr;
        gemm(s, inputs[0].data<T>(), inputs[1].data<T>(), epilogue_of<T>(bias, activation_), outputs[0].data<T>());
      } else {
        T* y = outputs[0].data<T>();
        plain_product(s, inputs[0].data<T>(), inputs[1].data<T>(), y);
        for (Index i = 0; inputs.size() > 2 && i < s.rows * s.columns; ++i) y[i] = static_cast<T>(y[i] + inputs[2].data<T>()[i % s.columns]);
      }
    });
  }

  Values gradient(const GradientContext& g) const override;

  OpPtr absorb(const Op& next, int position, const Types& inputs, const Types&) const override {
    if (!is_floating(inputs[0].dtype)) return nullptr;
    return absorb_epilogue(next, position, inputs.size(), activation_, [](Activation a) -> OpPtr { return std::make_shared<Dense>(a); });
  }

 private:
  Activation activation_;
};

// x[..., depth]' * upstream[..., units], summed over all leading axes.
class DenseGradWeight : public Op {
 public:
  const char* name() const override { return "dense_grad_weight"; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != 2) fail_argument("dense_grad_weight: takes two inputs. Received: ", inputs.size());
    const TensorType &x = inputs[0], &u = inputs[1];
    if (x.dtype != u.dtype || !is_floating(x.dtype))
      fail_argument("dense_grad_weight: takes two inputs of one floating dtype. Received: ", name_of(x.dtype), " and ", name_of(u.dtype), ".");
    bool fits = x.shape.rank() == u.shape.rank() && x.shape.rank() > 0;
    for (int axis = 0; fits && axis + 1 < x.shape.rank(); ++axis) fits = sizes_fit(x.shape[axis], u.shape[axis]);
    if (!fits) fail_shape("dense_grad_weight: an input of shape ", x.shape, " does not go with an upstream gradient of shape ", u.shape, ".");
    return {{x.dtype, Shape{x.shape.back(), u.shape.back()}}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& out = outputs[0].shape();
    const GemmShape s{out[0], out[1], leading_elements(inputs[0].shape()), true, false};
    visit_floating(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      gemm(s, inputs[0].data<T>(), inputs[1].data<T>(), Epilogue<T>(), outputs[0].data<T>());
    });
  }
  Values gradient(const GradientContext& g) const override {
    Values result(2);
    if (g.wants(0)) result[0] = call_binary("dense_grad_input", g.input(1), g.upstream());
    if (g.wants(1)) result[1] = call_binary("dense", g.input(0), g.upstream());
    return result;
  }
};

// x[..., units] * kernel[depth, units]': the gradient of dense for its input.
class DenseGradInput : public Op {
 public:
  const char* name() const override { return "dense_grad_input"; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != 2) fail_argument("dense_grad_input: takes two inputs. Received: ", inputs.size());
    const TensorType &u = inputs[0], &kernel = inputs[1];
    if (u.dtype != kernel.dtype || !is_floating(u.dtype))
      fail_argument("dense_grad_input: takes two inputs of one floating dtype. Received: ", name_of(u.dtype), " and ", name_of(kernel.dtype), ".");
    if (u.shape.rank() < 1 || kernel.shape.rank() != 2 || !sizes_fit(u.shape.back(), kernel.shape[1])) {
      fail_shape("dense_grad_input: an upstream gradient of shape ", u.shape, " does not go with a kernel of shape ", kernel.shape, ".");
    }
    Shape out = u.shape;
    out[out.rank() - 1] = kernel.shape[0];
    return {{u.dtype, out}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& kernel = inputs[1].shape();
    const GemmShape s{leading_elements(outputs[0].shape()), kernel[0], kernel[1], false, true};
    visit_floating(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      gemm(s, inputs[0].data<T>(), inputs[1].data<T>(), Epilogue<T>(), outputs[0].data<T>());
    });
  }
  Values gradient(const GradientContext& g) const override {
    Values result(2);
    if (g.wants(0)) result[0] = call_binary("dense", g.upstream(), g.input(1));
    if (g.wants(1)) result[1] = call_binary("dense_grad_weight", g.upstream(), g.input(0));
    return result;
  }
};

Value sum_leading(const Value& x) {
  std::vector<std::int64_t> axes;
  for (int axis = 0; axis + 1 < x->type.shape.rank(); ++axis) axes.push_back(axis);
  return axes.empty() ? x : reduce_sum(x, axes, false);
}

Values Dense::gradient(const GradientContext& g) const {
  Values result(g.node->inputs.size());
  if (!is_floating(g.upstream()->type.dtype)) return result;
  if (g.wants(0)) result[0] = call_binary("dense_grad_input", g.upstream(), g.input(1));
  if (g.wants(1)) result[1] = call_binary("dense_grad_weight", g.input(0), g.upstream());
  if (result.size() > 2 && g.wants(2)) result[2] = sum_leading(g.upstream());
  return result;
}

// x + bias along the last axis.
class BiasAdd : public Op {
 public:
  const char* name() const override { return "bias_add"; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != 2) fail_argument("bias_add: takes an input and a bias. Received: ", inputs.size(), " inputs.");
    const TensorType &x = inputs[0], &bias = inputs[1];
    if (x.dtype != bias.dtype || (!is_floating(x.dtype) && !is_integer(x.dtype))) {
      fail_argument("bias_add: takes numbers of one dtype. Received: ", name_of(x.dtype), " and ", name_of(bias.dtype), "; use k_cast().");
    }
    if (x.shape.rank() < 1 || bias.shape.rank() != 1 || !sizes_fit(x.shape.back(), bias.shape[0])) {
      fail_shape("bias_add: the bias must be as long as the input's last axis. Received shapes ", x.shape, " and ", bias.shape, ".");
    }
    return {x};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Index columns = inputs[1].size(), rows = columns ? inputs[0].size() / columns : 0;
    visit_numeric(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T *x = inputs[0].data<T>(), *bias = inputs[1].data<T>();
      T* y = outputs[0].data<T>();
      parallel_ranges(rows, larger_grain(columns), [&](Index begin, Index end) {
        for (Index r = begin; r < end; ++r) {
          for (Index c = 0; c < columns; ++c) y[r * columns + c] = static_cast<T>(x[r * columns + c] + bias[c]);
        }
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    Values result(2);
    if (g.wants(0)) result[0] = g.upstream();
    if (g.wants(1)) result[1] = sum_leading(g.upstream());
    return result;
  }
  int in_place_input(int) const override { return 0; }

 private:
  static Index larger_grain(Index columns) { return 16384 / columns + 1; }
};

REGISTER_OP("matmul", [](const Attributes& a) { return std::make_shared<MatMul>(a.flag("transpose_a"), a.flag("transpose_b")); });
REGISTER_OP("dense", [](const Attributes&) { return std::make_shared<Dense>(Activation::none); });
REGISTER_OP("dense_grad_input", [](const Attributes&) { return std::make_shared<DenseGradInput>(); });
REGISTER_OP("dense_grad_weight", [](const Attributes&) { return std::make_shared<DenseGradWeight>(); });
REGISTER_OP("bias_add", [](const Attributes&) { return std::make_shared<BiasAdd>(); });

}  // namespace
}  // namespace keratin
