#' Depthwise 2-D convolution layer
#'
#' Convolves every channel with filters of its own and does not mix channels: the first half of a separable convolution.
#'
#' @inheritParams layer_separable_conv_2d
#' @param padding `"valid"`: only whole windows; `"same"`: zeros around, so that each axis has `ceiling(length / strides)` positions. Upper and
#'   lower case are the same.
#' @param depth_multiplier Number of filters of each channel.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, channels * depth_multiplier), lengths as of [layer_conv_2d()].
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, unknown channels or an axis
#'   shorter than the window.
#' @examples
#' x <- array(runif(2 * 8 * 8 * 3), c(2, 8, 8, 3))
#' dim(layer_depthwise_conv_2d(kernel_size = 3, strides = 2, padding = "same")(x))   # 2 4 4 3
#' @family convolutional layers
#' @export
layer_depthwise_conv_2d <- function(object, kernel_size, strides = c(1, 1), padding = "valid", depth_multiplier = 1, data_format = NULL,
                                    dilation_rate = c(1, 1), activation = NULL, use_bias = TRUE, depthwise_initializer = "glorot_uniform",
                                    bias_initializer = "zeros", depthwise_regularizer = NULL, bias_regularizer = NULL,
                                    activity_regularizer = NULL, depthwise_constraint = NULL, bias_constraint = NULL, input_shape = NULL,
                                    batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(DepthwiseConv2D, object, capture_args())
}

DepthwiseConv2D <- R6::R6Class("DepthwiseConv2D", inherit = DepthwiseConv, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.depthwise_conv2d.DepthwiseConv2D",
                  "keras.layers.convolutional.base_depthwise_conv.DepthwiseConv",
                  "keras.layers.convolutional.base_conv.Conv"),
  rank = 2L
))
