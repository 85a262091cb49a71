// Convolutions of rank 1 to 3, channels last. Their gradients are written in one another, so that gradients of gradients work.
#include "../kernels/conv.h"

#include "epilogue.h"
#include "functions.h"

namespace keratin {
namespace {

std::string list_of(const std::vector<std::int64_t>& numbers) {
  std::string out;
  for (std::size_t i = 0; i < numbers.size(); ++i) out += (i ? ", " : "") + std::to_string(numbers[i]);
  return numbers.size() == 1 ? out : "c(" + out + ")";
}

// What an op was asked for. A single number stands for all axes.
struct ConvSettings {
  std::vector<std::int64_t> strides, dilation, before, after, output_size, kernel_size;
  std::int64_t groups = 1;

  // One number per axis.
  static std::int64_t at(const std::vector<std::int64_t>& numbers, int axis, std::int64_t otherwise) {
    if (numbers.empty()) return otherwise;
    return numbers[numbers.size() == 1 ? 0 : static_cast<std::size_t>(axis)];
  }
  std::int64_t stride(int axis) const { return at(strides, axis, 1); }
  std::int64_t step(int axis) const { return at(dilation, axis, 1); }
  std::int64_t pad_before(int axis) const { return at(before, axis, 0); }
  std::int64_t pad_after(int axis) const { return at(after, axis, 0); }
};

ConvSettings settings_from(const Attributes& a, const char* before) {
  ConvSettings s;
  s.strides = a.integers("strides");
  s.dilation = a.integers("dilation");
  s.before = a.integers(before);
  s.after = a.integers("padding_after");
  s.output_size = a.integers("output_size");
  s.kernel_size = a.integers("kernel_size");
  s.groups = a.integer("groups", 1);
  return s;
}

void check_numbers(const char* op, const char* what, const std::vector<std::int64_t>& numbers, int rank, std::int64_t lowest) {
  if (numbers.empty()) return;
  if (numbers.size() != 1 && numbers.size() != static_cast<std::size_t>(rank)) {
    fail_argument(op, ": `", what, "` must have one value or one for each of the ", rank, " spatial axes. Received: ", what, " = ", list_of(numbers));
  }
  for (std::int64_t number : numbers) {
    if (number < lowest) fail_argument(op, ": `", what, "` must be at least ", lowest, ". Received: ", what, " = ", list_of(numbers));
    if (number > (std::int64_t{1} << 31)) fail_argument(op, ": `", what, "` must be at most 2^31. Received: ", what, " = ", list_of(numbers));
  }
}

int check_input(const char* op, const TensorType& x, const ConvSettings& s) {
  const int rank = x.shape.rank() - 2;
  if (rank < 1 || rank > 3) fail_shape(op, ": takes (batch, 1 to 3 spatial axes, channels). Received an input of shape ", x.shape, ".");
  if (!is_floating(x.dtype)) fail_argument(op, ": takes float32 or float64. Received: ", name_of(x.dtype), "; use k_cast().");
  check_numbers(op, "strides", s.strides, rank, 1);
  check_numbers(op, "dilation", s.dilation, rank, 1);
  if (s.groups < 1) fail_argument(op, ": `groups` must be at least 1. Received: groups = ", s.groups);
  return rank;
}

void check_dtypes(const char* op, const Types& inputs) {
  for (const TensorType& input : inputs) {
    if (input.dtype != inputs[0].dtype) {
      fail_argument(op, ": all inputs must have one dtype. Received: ", name_of(inputs[0].dtype), " and ", name_of(input.dtype), "; use k_cast().");
    }
  }
}

void check_kernel(const char* op, const TensorType& x, const TensorType& kernel, int rank) {
  if (kernel.shape.rank() != rank + 2) {
    fail_shape(op, ": an input of shape ", x.shape, " takes a kernel of ", rank + 2, " axes. Received a kernel of shape ", kernel.shape, ".");
  }
  if (!kernel.shape.is_known()) fail_shape(op, ": the kernel's shape must be known. Received: ", kernel.shape, ".");
  for (int axis = 0; axis < rank + 2; ++axis) {
    if (kernel.shape[axis] < 1) fail_shape(op, ": the kernel must not be empty. Received a kernel of shape ", kernel.shape, ".");
  }
}

void check_bias(const char* op, const Types& inputs, std::int64_t filters) {
  if (inputs.size() < 3) return;
  const Shape& bias = inputs[2].shape;
  if (bias.rank() != 1 || bias[0] != filters) fail_shape(op, ": the bias must have shape (", filters, "). Received: ", bias, ".");
}

// Length of a convolution's output along one axis.
std::int64_t conv_length(const char* op, const ConvSettings& s, int axis, std::int64_t length, std::int64_t kernel) {
  const std::int64_t given = ConvSettings::at(s.output_size, axis, unknown_size);
  if (given != unknown_size) return given;
  if (length == unknown_size) return unknown_size;
  const std::int64_t extent = (kernel - 1) * s.step(axis) + 1, padded = length + s.pad_before(axis) + s.pad_after(axis);
  if (padded < extent) {
    fail_shape(op, ": spatial axis ", axis + 1, " has ", length, " elements (", padded, " with padding), but the kernel reaches over ", extent,
               " (size ", kernel, ", dilation ", s.step(axis), ").");
  }
  return (padded - extent) / s.stride(axis) + 1;
}

// The kernels' description: `in` and `out` as the plain convolution has them.
ConvGeometry geometry_of(const ConvSettings& s, const Shape& in, const Shape& out, const std::vector<std::int64_t>& kernel_size) {
  ConvGeometry g;
  const int rank = in.rank() - 2;
  g.batch = in[0];
  for (int axis = 0; axis < rank; ++axis) {
    const int slot = 3 - rank + axis;
    g.in[slot] = in[axis + 1];
    g.out[slot] = out[axis + 1];
    g.kernel[slot] = kernel_size[static_cast<std::size_t>(axis)];
    g.strides[slot] = s.stride(axis);
    g.dilation[slot] = s.step(axis);
    g.padding[slot] = s.pad_before(axis);
  }
  g.channels = in.back();
  g.filters = out.back();
  g.groups = s.groups;
  return g;
}

std::vector<std::int64_t> spatial(const Shape& shape) {
  std::vector<std::int64_t> sizes = shape.sizes();
  return {sizes.begin() + 1, sizes.end() - 1};
}
std::vector<std::int64_t> kernel_sizes(const Shape& kernel) {
  std::vector<std::int64_t> sizes = kernel.sizes();
  return {sizes.begin(), sizes.end() - 2};
}

Value bias_gradient(const Value& upstream) {
  std::vector<std::int64_t> axes;
  for (int axis = 0; axis + 1 < upstream->type.shape.rank(); ++axis) axes.push_back(axis);
  return reduce_sum(upstream, axes, false);
}

Value conv(const Value& x, const Value& kernel, const ConvSettings& s, const std::vector<std::int64_t>& output_size);
Value conv_transpose(const Value& x, const Value& kernel, const ConvSettings& s, const std::vector<std::int64_t>& output_size);
Value weight_gradient(const Value& x, const Value& upstream, const ConvSettings& s, const std::vector<std::int64_t>& kernel_size);

class Conv : public Op {
 public:
  Conv(ConvSettings settings, Activation activation) : s_(std::move(settings)), activation_(activation) {}
  const char* name() const override { return "conv"; }

  Types infer(const Types& inputs) const override {
    if (inputs.size() < 2 || inputs.size() > 3)
      fail_argument("conv: takes an input, a kernel and perhaps a bias. Received: ", inputs.size(), " inputs.");
    const TensorType &x = inputs[0], &kernel = inputs[1];
    const int rank = check_input(name(), x, s_);
    check_dtypes(name(), inputs);
    check_kernel(name(), x, kernel, rank);
    check_numbers(name(), "padding_before", s_.before, rank, 0);
    check_numbers(name(), "padding_after", s_.after, rank, 0);
    const std::int64_t filters = kernel.shape.back(), channels = kernel.shape[rank] * s_.groups;
    if (!sizes_fit(x.shape.back(), channels)) {
      fail_shape("conv: the input has ", x.shape.back(), " channels, but a kernel of shape ", kernel.shape, " with groups = ", s_.groups, " takes ",
                 channels, ".");
    }
    if (filters % s_.groups != 0) fail_argument("conv: the ", filters, " filters cannot be shared out equally. Received: groups = ", s_.groups);
    check_bias(name(), inputs, filters);
    Shape out{x.shape[0]};
    for (int axis = 0; axis < rank; ++axis) out.append(conv_length(name(), s_, axis, x.shape[axis + 1], kernel.shape[axis]));
    out.append(filters);
    return {{x.dtype, out}};
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const ConvGeometry g = geometry_of(s_, inputs[0].shape(), outputs[0].shape(), kernel_sizes(inputs[1].shape()));
    visit_floating(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T* bias = inputs.size() > 2 ? inputs[2].data<T>() : nullptr;
      conv_forward<T>(g, inputs[0].data<T>(), inputs[1].data<T>(), epilogue_of<T>(bias, activation_), outputs[0].data<T>());
    });
  }

  Values gradient(const GradientContext& g) const override {
    Values result(g.node->inputs.size());
    const Value &x = g.input(0), &kernel = g.input(1), &upstream = g.upstream();
    if (g.wants(0)) result[0] = conv_transpose(upstream, kernel, s_, spatial(x->type.shape));
    if (g.wants(1)) result[1] = weight_gradient(x, upstream, s_, kernel_sizes(kernel->type.shape));
    if (result.size() > 2 && g.wants(2)) result[2] = bias_gradient(upstream);
    return result;
  }

  OpPtr absorb(const Op& next, int position, const Types& inputs, const Types&) const override {
    return absorb_epilogue(next, position, inputs.size(), activation_, [&](Activation a) -> OpPtr { return std::make_shared<Conv>(s_, a); });
  }

 private:
  ConvSettings s_;
  Activation activation_;
};

class ConvTranspose : public Op {
 public:
  ConvTranspose(ConvSettings settings, Activation activation) : s_(std::move(settings)), activation_(activation) {}
  const char* name() const override { return "conv_transpose"; }

  Types infer(const Types& inputs) const override {
    if (inputs.size() < 2 || inputs.size() > 3)
      fail_argument("conv_transpose: takes an input, a kernel and perhaps a bias. Received: ", inputs.size(), " inputs.");
    const TensorType &x = inputs[0], &kernel = inputs[1];
    const int rank = check_input(name(), x, s_);
    check_dtypes(name(), inputs);
    check_kernel(name(), x, kernel, rank);
    check_numbers(name(), "crop_before", s_.before, rank, 0);
    check_numbers(name(), "output_size", s_.output_size, rank, unknown_size);
    if (s_.output_size.empty()) fail_argument("conv_transpose: `output_size` is missing.");
    if (!sizes_fit(x.shape.back(), kernel.shape.back())) {
      fail_shape("conv_transpose: the input has ", x.shape.back(), " channels, but a kernel of shape ", kernel.shape, " takes ", kernel.shape.back(),
                 ".");
    }
    if (kernel.shape.back() % s_.groups != 0) {
      fail_argument("conv_transpose: the ", kernel.shape.back(), " channels cannot be shared out equally. Received: groups = ", s_.groups);
    }
    const std::int64_t filters = kernel.shape[rank] * s_.groups;
    check_bias(name(), inputs, filters);
    Shape out{x.shape[0]};
    for (int axis = 0; axis < rank; ++axis) out.append(ConvSettings::at(s_.output_size, axis, unknown_size));
    out.append(filters);
    return {{x.dtype, out}};
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const ConvGeometry g = geometry_of(s_, outputs[0].shape(), inputs[0].shape(), kernel_sizes(inputs[1].shape()));
    visit_floating(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T* bias = inputs.size() > 2 ? inputs[2].data<T>() : nullptr;
      conv_grad_input<T>(g, inputs[0].data<T>(), inputs[1].data<T>(), epilogue_of<T>(bias, activation_), outputs[0].data<T>());
    });
  }

  Values gradient(const GradientContext& g) const override {
    Values result(g.node->inputs.size());
    const Value &x = g.input(0), &kernel = g.input(1), &upstream = g.upstream();
    if (g.wants(0)) result[0] = conv(upstream, kernel, s_, spatial(x->type.shape));
    if (g.wants(1)) result[1] = weight_gradient(upstream, x, s_, kernel_sizes(kernel->type.shape));
    if (result.size() > 2 && g.wants(2)) result[2] = bias_gradient(upstream);
    return result;
  }

  OpPtr absorb(const Op& next, int position, const Types& inputs, const Types&) const override {
    return absorb_epilogue(next, position, inputs.size(), activation_, [&](Activation a) -> OpPtr { return std::make_shared<ConvTranspose>(s_, a); });
  }

 private:
  ConvSettings s_;
  Activation activation_;
};

// d conv(x, kernel) / d kernel, from x and the upstream gradient.
class ConvGradWeight : public Op {
 public:
  explicit ConvGradWeight(ConvSettings settings) : s_(std::move(settings)) {}
  const char* name() const override { return "conv_grad_weight"; }

  Types infer(const Types& inputs) const override {
    if (inputs.size() != 2) fail_argument("conv_grad_weight: takes an input and an upstream gradient. Received: ", inputs.size(), " inputs.");
    const TensorType &x = inputs[0], &upstream = inputs[1];
    const int rank = check_input(name(), x, s_);
    check_dtypes(name(), inputs);
    check_numbers(name(), "padding_before", s_.before, rank, 0);
    check_numbers(name(), "kernel_size", s_.kernel_size, rank, 1);
    if (s_.kernel_size.empty()) fail_argument("conv_grad_weight: `kernel_size` is missing.");
    if (upstream.shape.rank() != rank + 2 || !sizes_fit(x.shape[0], upstream.shape[0])) {
      fail_shape("conv_grad_weight: an input of shape ", x.shape, " does not go with an upstream gradient of shape ", upstream.shape, ".");
    }
    const std::int64_t channels = x.shape.back(), filters = upstream.shape.back();
    if (channels == unknown_size || filters == unknown_size)
      fail_shape("conv_grad_weight: the channels must be known. Received: ", x.shape, ", ", upstream.shape, ".");
    if (channels % s_.groups != 0 || filters % s_.groups != 0) {
      fail_argument("conv_grad_weight: ", channels, " channels and ", filters,
                    " filters cannot be shared out equally. Received: groups = ", s_.groups);
    }
    Shape out;
    for (int axis = 0; axis < rank; ++axis) out.append(ConvSettings::at(s_.kernel_size, axis, 1));
    out.append(channels / s_.groups);
    out.append(filters);
    return {{x.dtype, out}};
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const ConvGeometry g = geometry_of(s_, inputs[0].shape(), inputs[1].shape(), kernel_sizes(outputs[0].shape()));
    visit_floating(outputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      conv_grad_weight<T>(g, inputs[0].data<T>(), inputs[1].data<T>(), outputs[0].data<T>());
    });
  }

  // Linear in both inputs: the upstream gradient takes the kernel's place.
  Values gradient(const GradientContext& g) const override {
    Values result(2);
    const Value &x = g.input(0), &upstream = g.input(1), &kernel = g.upstream();
    if (g.wants(0)) result[0] = conv_transpose(upstream, kernel, s_, spatial(x->type.shape));
    if (g.wants(1)) result[1] = conv(x, kernel, s_, spatial(upstream->type.shape));
    return result;
  }

 private:
  ConvSettings s_;
};

ConvSettings with_output(ConvSettings s, const std::vector<std::int64_t>& output_size) {
  s.output_size = output_size;
  return s;
}

Value conv(const Value& x, const Value& kernel, const ConvSettings& s, const std::vector<std::int64_t>& output_size) {
  return apply1(std::make_shared<Conv>(with_output(s, output_size), Activation::none), {x, kernel});
}
Value conv_transpose(const Value& x, const Value& kernel, const ConvSettings& s, const std::vector<std::int64_t>& output_size) {
  return apply1(std::make_shared<ConvTranspose>(with_output(s, output_size), Activation::none), {x, kernel});
}
Value weight_gradient(const Value& x, const Value& upstream, const ConvSettings& s, const std::vector<std::int64_t>& kernel_size) {
  ConvSettings settings = s;
  settings.kernel_size = kernel_size;
  return apply1(std::make_shared<ConvGradWeight>(settings), {x, upstream});
}

// kernel [k..., channels, multiplier]: a convolution with one group per channel and the kernel's last axes read as (1, channels * multiplier).
class DepthwiseConv : public Op {
 public:
  DepthwiseConv(ConvSettings settings, Activation activation) : s_(std::move(settings)), activation_(activation) {}
  const char* name() const override { return "depthwise_conv"; }

  Types infer(const Types& inputs) const override {
    if (inputs.size() < 2 || inputs.size() > 3)
      fail_argument("depthwise_conv: takes an input, a kernel and perhaps a bias. Received: ", inputs.size(), " inputs.");
    const int rank = check_input(name(), inputs[0], s_);
    check_kernel(name(), inputs[0], inputs[1], rank);
    const Shape& kernel = inputs[1].shape;
    if (!sizes_fit(inputs[0].shape.back(), kernel[rank])) {
      fail_shape("depthwise_conv: the input has ", inputs[0].shape.back(), " channels, but a kernel of shape ", kernel, " takes ", kernel[rank], ".");
    }
    Types grouped_inputs = inputs;
    grouped_inputs[1].shape = grouped_shape(kernel);
    return grouped(kernel).infer(grouped_inputs);
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext& context) const override {
    const Shape& kernel = inputs[1].shape();
    Tensors grouped_inputs = inputs;
    grouped_inputs[1] = inputs[1].reshaped(grouped_shape(kernel));
    grouped(kernel).run(grouped_inputs, outputs, context);
  }

  Values gradient(const GradientContext& g) const override {
    Values result(g.node->inputs.size());
    const Value &x = g.input(0), &kernel = g.input(1), &upstream = g.upstream();
    const Shape& shape = kernel->type.shape;
    ConvSettings s = s_;
    s.groups = shape[shape.rank() - 2];
    if (g.wants(0)) result[0] = conv_transpose(upstream, reshape(kernel, grouped_shape(shape)), s, spatial(x->type.shape));
    if (g.wants(1)) result[1] = reshape(weight_gradient(x, upstream, s, kernel_sizes(shape)), shape);
    if (result.size() > 2 && g.wants(2)) result[2] = bias_gradient(upstream);
    return result;
  }

  OpPtr absorb(const Op& next, int position, const Types& inputs, const Types&) const override {
    return absorb_epilogue(next, position, inputs.size(), activation_, [&](Activation a) -> OpPtr { return std::make_shared<DepthwiseConv>(s_, a); });
  }

 private:
  static Shape grouped_shape(const Shape& kernel) {
    Shape shape = kernel;
    shape[kernel.rank() - 2] = 1;
    shape[kernel.rank() - 1] = kernel[kernel.rank() - 2] * kernel.back();
    return shape;
  }
  Conv grouped(const Shape& kernel) const {
    ConvSettings s = s_;
    s.groups = kernel[kernel.rank() - 2];
    return {s, activation_};
  }
  ConvSettings s_;
  Activation activation_;
};

REGISTER_OP("conv", [](const Attributes& a) { return std::make_shared<Conv>(settings_from(a, "padding_before"), Activation::none); });
REGISTER_OP("conv_transpose", [](const Attributes& a) { return std::make_shared<ConvTranspose>(settings_from(a, "crop_before"), Activation::none); });
REGISTER_OP("conv_grad_weight", [](const Attributes& a) { return std::make_shared<ConvGradWeight>(settings_from(a, "padding_before")); });
REGISTER_OP("depthwise_conv", [](const Attributes& a) {
  return std::make_shared<DepthwiseConv>(settings_from(a, "padding_before"), Activation::none);
});

}  // namespace
}  // namespace keratin
