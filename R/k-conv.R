# Convolutions over tensors and R arrays, for layers of one's own.

#' Convolutions of tensors
#'
#' What the convolution layers compute, with the kernel as an argument. All take R arrays as well as tensors and can be differentiated.
#'
#' @param x Tensor or array: (batch, steps, channels), (batch, rows, columns, channels) or (batch, depth, rows, columns, channels); the channels
#'   come second for `data_format = "channels_first"`.
#' @param kernel Tensor or array: (size of each axis, channels, filters); for transposed convolutions (size of each axis, filters, channels).
#' @param depthwise_kernel (rows, columns, channels, multiplier).
#' @param pointwise_kernel (1, 1, channels * multiplier, filters).
#' @param strides,dilation_rate One whole number or one for each axis.
#' @param padding `"valid"`, `"same"`, and for `k_conv1d()` `"causal"`.
#' @param data_format `"channels_last"` or `"channels_first"`; `NULL`: `k_image_data_format()`.
#' @param output_shape Shape of the result with the batch axis, which may be `NULL` or `NA`: vector, list or tensor. The filters are taken from
#'   the kernel.
#' @return A tensor.
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for shapes that do not go together.
#' @seealso [layer_conv_1d()], [layer_conv_2d_transpose()], [layer_depthwise_conv_2d()], [layer_separable_conv_2d()]
#' @examples
#' x <- array(c(1, 2, 4, 7), c(1, 4, 1))
#' difference <- array(c(-1, 1), c(2, 1, 1))
#' k_conv1d(x, difference)                     # 1 2 3
#' k_conv1d(x, difference, padding = "causal")  # 1 1 2 3
#' k_conv2d_transpose(array(1, c(1, 2, 2, 1)), array(1:4, c(2, 2, 1, 1)),
#'   output_shape = c(1, 4, 4, 1), strides = c(2, 2))
#' @name k_conv1d
NULL

#' @rdname k_conv1d
#' @export
k_conv1d <- function(x, kernel, strides = 1, padding = "valid", data_format = NULL, dilation_rate = 1)
  convolve(x, kernel, strides, padding, data_format, dilation_rate, rank = 1L)

#' @rdname k_conv1d
#' @export
k_conv2d <- function(x, kernel, strides = c(1, 1), padding = "valid", data_format = NULL, dilation_rate = c(1, 1))
  convolve(x, kernel, strides, padding, data_format, dilation_rate, rank = 2L)

#' @rdname k_conv1d
#' @export
k_conv3d <- function(x, kernel, strides = c(1, 1, 1), padding = "valid", data_format = NULL, dilation_rate = c(1, 1, 1))
  convolve(x, kernel, strides, padding, data_format, dilation_rate, rank = 3L)

#' @rdname k_conv1d
#' @export
k_conv2d_transpose <- function(x, kernel, output_shape, strides = c(1, 1), padding = "valid", data_format = NULL)
  convolve_transposed(x, kernel, output_shape, strides, padding, data_format, rank = 2L)

#' @rdname k_conv1d
#' @export
k_conv3d_transpose <- function(x, kernel, output_shape, strides = c(1, 1, 1), padding = "valid", data_format = NULL)
  convolve_transposed(x, kernel, output_shape, strides, padding, data_format, rank = 3L)

#' @rdname k_conv1d
#' @export
k_depthwise_conv2d <- function(x, depthwise_kernel, strides = c(1, 1), padding = "valid", data_format = NULL, dilation_rate = c(1, 1))
  convolve(x, depthwise_kernel, strides, padding, data_format, dilation_rate, rank = 2L, op = op_depthwise_conv)

#' @rdname k_conv1d
#' @export
k_separable_conv2d <- function(x, depthwise_kernel, pointwise_kernel, strides = c(1, 1), padding = "valid", data_format = NULL,
                               dilation_rate = c(1, 1)) {
  y <- k_depthwise_conv2d(x, depthwise_kernel, strides, padding, data_format, dilation_rate)
  k_conv2d(y, pointwise_kernel, data_format = data_format)
}

#' Convolutions with a kernel of its own at every position
#'
#' @param inputs Tensor or array: (batch, steps, channels) or (batch, rows, columns, channels).
#' @param kernel (positions, elements of a window, filters). In two dimensions positions are counted by rows; a window's elements are in the
#'   order of its axes and channels as `data_format` has them.
#' @param kernel_size,strides One whole number, or one for each axis.
#' @param output_shape Rows and columns of the result.
#' @param data_format `"channels_last"` or `"channels_first"`; `NULL`: `k_image_data_format()`.
#' @return A tensor.
#' @section Errors: `keratin_error_shape` if the kernel does not fit the input.
#' @examples
#' # every step has its own factor
#' k_local_conv1d(array(1, c(1, 3, 1)), array(c(1, 10, 100), c(3, 1, 1)), kernel_size = 1, strides = 1)
#' @name k_local_conv1d
NULL

#' @rdname k_local_conv1d
#' @export
k_local_conv1d <- function(inputs, kernel, kernel_size, strides, data_format = NULL)
  convolve_locally(inputs, kernel, as_sizes(kernel_size, 1L, "kernel_size"), as_sizes(strides, 1L, "strides"), as_data_format(data_format))

#' @rdname k_local_conv1d
#' @export
k_local_conv2d <- function(inputs, kernel, kernel_size, strides, output_shape, data_format = NULL)
  convolve_locally(inputs, kernel, as_sizes(kernel_size, 2L, "kernel_size"), as_sizes(strides, 2L, "strides"), as_data_format(data_format),
                   as_dims(output_shape, "output_shape"))

# ---- how

# An operand of floating type: R arrays count as numbers whatever their type.
as_operand <- function(x) if (is_tensor(x)) as_float(x, k_floatx()) else tensor(if (is.data.frame(x)) as.matrix(x) else x, k_floatx())

check_rank <- function(x, rank, what) {
  if (tensor_rank(x) != rank) abort_shape("`", what, "` must have ", rank, " axes. Received the shape ", format_shape(tensor_shape(x)))
}

convolve <- function(x, kernel, strides, padding, data_format, dilation, rank, op = op_conv) {
  data_format <- as_data_format(data_format)
  padding <- as_choice(padding, c("valid", "same", if (rank == 1L) "causal"), "padding")
  strides <- as_sizes(strides, rank, "strides")
  dilation <- as_sizes(dilation, rank, "dilation_rate")
  x <- channels_to_last(as_operand(x), data_format)
  kernel <- as_operand(kernel)
  check_rank(x, rank + 2L, "x")
  check_rank(kernel, rank + 2L, "kernel")
  pads <- conv_pads(tensor_shape(x), tensor_shape(kernel)[seq_len(rank)], strides, dilation, padding)
  channels_back(op(x, kernel, strides = strides, dilation = dilation, padding_before = pads$before, padding_after = pads$after), data_format)
}

convolve_transposed <- function(x, kernel, output_shape, strides, padding, data_format, rank) {
  data_format <- as_data_format(data_format)
  padding <- as_choice(padding, c("valid", "same"), "padding")
  strides <- as_sizes(strides, rank, "strides")
  x <- channels_to_last(as_operand(x), data_format)
  kernel <- as_operand(kernel)
  check_rank(x, rank + 2L, "x")
  check_rank(kernel, rank + 2L, "kernel")
  output <- as_dims(if (is_tensor(output_shape)) as.integer(as.array(output_shape)) else output_shape, "output_shape")
  if (length(output) != rank + 2L) abort_argument("`output_shape` must have ", rank + 2L, " sizes. Received: ", format_shape(output))
  size <- if (data_format == "channels_first") output[-(1:2)] else output[seq_len(rank) + 1L]
  window <- tensor_shape(kernel)[seq_len(rank)]
  n <- tensor_shape(x)[seq_len(rank) + 1L]
  back <- if (padding == "same") ceiling(size / strides) else (size - window) %/% strides + 1
  if (!all(is.na(back) | is.na(n) | back == n))
    abort_shape("`output_shape` ", format_shape(output), " does not fit the input's ", format_shape(n), ": a convolution of it would give ",
                format_shape(as.integer(back)))
  crop <- if (padding == "same") pmax((n - 1L) * strides + window - size, 0L) %/% 2L else integer(rank)
  channels_back(op_conv_transpose(x, kernel, strides = strides, crop_before = crop, output_size = size), data_format)
}

# Gathers the windows, each a row, and multiplies them by their own matrices.
convolve_locally <- function(inputs, kernel, kernel_size, strides, data_format, output_size = NULL) {
  rank <- length(kernel_size)
  x <- channels_to_last(as_operand(inputs), data_format)
  kernel <- as_operand(kernel)
  check_rank(x, rank + 2L, "inputs")
  check_rank(kernel, 3L, "kernel")
  dims <- tensor_shape(x)
  check_window(dims, kernel_size, kernel_size, rep(1L, rank))
  if (is.null(output_size)) output_size <- (dims[seq_len(rank) + 1L] - kernel_size) %/% strides + 1L
  positions <- prod(output_size)
  columns <- prod(kernel_size) * dims[rank + 2L]
  wanted <- tensor_shape(kernel)
  if (wanted[1L] != positions || wanted[2L] != columns)
    abort_shape("`kernel` has shape ", format_shape(wanted), ", (", positions, ", ", columns, ", filters) is wanted for ", positions,
                " positions of windows with ", columns, " elements")
  for (axis in rev(seq_len(rank))) {   # each axis becomes two: position and place in the window
    index <- outer((seq_len(output_size[axis]) - 1L) * strides[axis], seq_len(kernel_size[axis]) - 1L, `+`)
    x <- op_gather(x, index, axis = axis)
  }
  place <- 2L * seq_len(rank)          # (batch, position 1, place 1, position 2, place 2, channels)
  last <- 2L * rank + 1L
  window <- if (data_format == "channels_first") c(last, place) else c(place, last)
  x <- op_transpose(x, c(place - 1L, 0L, window))
  batch <- if (is.na(dims[1L])) -1L else dims[1L]
  y <- op_transpose(op_matmul(op_reshape(x, c(positions, batch, columns)), kernel), c(1L, 0L, 2L))
  channels_back(op_reshape(y, c(batch, output_size, wanted[3L])), data_format)
}
