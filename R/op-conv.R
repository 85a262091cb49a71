# Convolutions of rank 1 to 3, channels last. `kernel` has shape [size per axis, channels / groups, filters], for transposed ones
# [size per axis, filters / groups, channels]: a transposed convolution is the gradient of a convolution for its input.
# `strides`, `dilation`, the padding, the crop and the output size have one value per spatial axis (a single one is recycled).

op_conv <- function(x, kernel, bias = NULL, strides = 1, dilation = 1, groups = 1, padding_before = 0, padding_after = padding_before) {
  call_op("conv", c(list(x, kernel), if (!is.null(bias)) list(bias)), list(
    strides = strides, dilation = dilation, groups = groups, padding_before = padding_before, padding_after = padding_after))
}

op_conv_transpose <- function(x, kernel, bias = NULL, strides = 1, dilation = 1, groups = 1, crop_before = 0, output_size) {
  call_op("conv_transpose", c(list(x, kernel), if (!is.null(bias)) list(bias)), list(
    strides = strides, dilation = dilation, groups = groups, crop_before = crop_before, output_size = output_size))
}

# Gradient of op_conv() for its kernel, whose sizes are `kernel_size`.
op_conv_grad_weight <- function(x, upstream, kernel_size, strides = 1, dilation = 1, groups = 1, padding_before = 0) {
  call_op("conv_grad_weight", list(x, upstream), list(
    kernel_size = kernel_size, strides = strides, dilation = dilation, groups = groups, padding_before = padding_before))
}

# `kernel`: [size per axis, channels, multiplier].
op_depthwise_conv <- function(x, kernel, strides = 1, dilation = 1, padding_before = 0, padding_after = padding_before) {
  call_op("depthwise_conv", list(x, kernel), list(
    strides = strides, dilation = dilation, padding_before = padding_before, padding_after = padding_after))
}
