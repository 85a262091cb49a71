#' Convolutions and their gradients on plain arrays
#'
#' The kernels below [layer_conv_1d()], [layer_conv_1d_transpose()] and their relatives, for one call without a layer or a model. They take R arrays
#' or tensors and return what they were given: arrays for arrays, computed in double precision unless `dtype` says otherwise, tensors for
#' tensors, computed in the dtype of `x`. The rank (one to three spatial axes) follows from the dimensions of `x`.
#'
#' @param x Numeric array or tensor of 3 to 5 axes: (batch, one to three spatial axes, channels), or (batch, channels, spatial axes) for
#'   `data_format = "channels_first"`.
#' @param kernel Weights: (one size per spatial axis, channels / groups, filters) for a convolution, (one size per spatial axis,
#'   filters / groups, channels) for a transposed one.
#' @param bias `NULL` or one number per filter.
#' @param upstream Gradient of a loss with respect to the result, in the shape of the result.
#' @param strides,dilation Whole numbers of at least 1, one for all spatial axes or one for each.
#' @param padding `"valid"` or `"same"`.
#' @param output_padding `NULL`, or whole numbers smaller than `strides`: length added at the end. `NULL` is not 0, see Details.
#' @param groups Number of groups into which channels and filters are shared out.
#' @param data_format `"channels_last"` or `"channels_first"`.
#' @param dtype `NULL`, `"float32"` or `"float64"`: the precision to compute in.
#'
#' @details With `ke = (kernel_size - 1) * dilation + 1` and an input of length `n`, a convolution's output has length `(n - ke) %/% strides + 1` for
#'   `"valid"`, `ceiling(n / strides)` for `"same"`. A transposed convolution's has, with `output_padding = NULL`,
#'   `n * strides + max(ke - strides, 0)` for `"valid"` and `n * strides` for `"same"`; with a given `output_padding`,
#'   `(n - 1) * strides + ke - 2 * p + output_padding`, where `p` is 0 for `"valid"` and `ke %/% 2` for `"same"`.
#'
#' @return `conv_forward()` and `conv_transpose_forward()`: the result, (batch, spatial axes, filters). `conv_backward()` and
#'   `conv_transpose_backward()`: a list of the gradients with respect to `x`, `kernel` and `bias`.
#'
#'   Errors are of class `keratin_error_shape` (arrays that do not go together) or `keratin_error_argument` (a setting that is not allowed);
#'   a result too large for memory is a `keratin_error_memory`.
#' @references Dumoulin, V. and Visin, F. (2016). A guide to convolution arithmetic for deep learning. \url{https://arxiv.org/abs/1603.07285}
#' @examples
#' x <- array(1:8, c(1, 4, 2))
#' kernel <- array(1, c(3, 2, 1))
#' conv_forward(x, kernel)[1, , 1]
#'
#' # A transposed convolution of stride 2 doubles the length.
#' up <- conv_transpose_forward(x, array(1, c(2, 1, 2)), strides = 2)
#' dim(up)
#'
#' # It is the gradient of the convolution that goes the other way.
#' y <- array(0, c(1, 8, 1))
#' back <- conv_backward(y, array(1, c(2, 1, 2)), upstream = x, strides = 2)
#' all.equal(back$x, up)
#' @name conv_forward
#' @aliases conv_backward conv_transpose_forward conv_transpose_backward
#' @usage
#' conv_forward(x, kernel, bias = NULL, strides = 1, padding = "valid", dilation = 1,
#'   groups = 1, data_format = "channels_last", dtype = NULL)
#'
#' conv_backward(x, kernel, upstream, strides = 1, padding = "valid", dilation = 1,
#'   groups = 1, data_format = "channels_last", dtype = NULL)
#'
#' conv_transpose_forward(x, kernel, bias = NULL, strides = 1, padding = "valid",
#'   output_padding = NULL, dilation = 1, groups = 1, data_format = "channels_last",
#'   dtype = NULL)
#'
#' conv_transpose_backward(x, kernel, upstream, strides = 1, padding = "valid",
#'   output_padding = NULL, dilation = 1, groups = 1, data_format = "channels_last",
#'   dtype = NULL)
#' @export conv_forward
#' @export conv_backward
#' @export conv_transpose_forward
#' @export conv_transpose_backward
NULL
