#' Depthwise 1-D convolution layer
#'
#' Convolves every channel with filters of its own and does not mix channels: the first half of a separable convolution.
#'
#' @inheritParams layer_separable_conv_1d
#' @param padding `"valid"`: only whole windows; `"same"`: zeros around, so that each axis has `ceiling(length / strides)` positions. Upper and
#'   lower case are the same.
#' @param depth_multiplier Number of filters of each channel.
#' @param ... Arguments every layer takes: `input_shape`, `batch_input_shape`, `batch_size`, `dtype`, `name`, `trainable`, `weights`.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, channels * depth_multiplier), lengths as of [layer_conv_1d()].
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, unknown channels or an axis
#'   shorter than the window.
#' @examples
#' x <- array(runif(2 * 10 * 3), c(2, 10, 3))
#' dim(layer_depthwise_conv_1d(kernel_size = 3, depth_multiplier = 2)(x))   # 2 8 6
#' @family convolutional layers
#' @export
layer_depthwise_conv_1d <- function(object, kernel_size, strides = 1L, padding = "valid", depth_multiplier = 1L, data_format = NULL,
                                    dilation_rate = 1L, activation = NULL, use_bias = TRUE, depthwise_initializer = "glorot_uniform",
                                    bias_initializer = "zeros", depthwise_regularizer = NULL, bias_regularizer = NULL,
                                    activity_regularizer = NULL, depthwise_constraint = NULL, bias_constraint = NULL, ...) {
  create_layer(DepthwiseConv1D, object, capture_args())
}

DepthwiseConv1D <- R6::R6Class("DepthwiseConv1D", inherit = DepthwiseConv, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.depthwise_conv1d.DepthwiseConv1D",
                  "keras.layers.convolutional.base_depthwise_conv.DepthwiseConv",
                  "keras.layers.convolutional.base_conv.Conv"),
  rank = 1L
))
