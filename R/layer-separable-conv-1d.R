#' Separable 1-D convolution layer
#'
#' A depthwise convolution, which filters every channel on its own, followed by a pointwise one, which mixes the channels: far fewer weights
#' and operations than a full convolution of the same window.
#'
#' @inheritParams layer_conv_1d
#' @param depth_multiplier Number of depthwise filters of each channel.
#' @param dilation_rate Distance between the elements of a window: one whole number.
#' @param depthwise_initializer First values of the depthwise kernel.
#' @param pointwise_initializer First values of the pointwise kernel.
#' @param depthwise_regularizer Penalty of the depthwise kernel.
#' @param pointwise_regularizer Penalty of the pointwise kernel.
#' @param depthwise_constraint Constraint of the depthwise kernel.
#' @param pointwise_constraint Constraint of the pointwise kernel.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, filters), lengths as of [layer_conv_1d()].
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, unknown channels or an axis
#'   shorter than the window.
#' @references Chollet (2017), Xception: Deep learning with depthwise separable convolutions, <https://arxiv.org/abs/1610.02357>.
#' @examples
#' x <- array(runif(2 * 10 * 3), c(2, 10, 3))
#' layer <- layer_separable_conv_1d(filters = 4, kernel_size = 3, padding = "causal")
#' dim(layer(x))   # 2 10 4
#' @family convolutional layers
#' @export
layer_separable_conv_1d <- function(object, filters, kernel_size, strides = 1, padding = "valid", data_format = "channels_last", dilation_rate = 1,
                                    depth_multiplier = 1, activation = NULL, use_bias = TRUE, depthwise_initializer = "glorot_uniform",
                                    pointwise_initializer = "glorot_uniform", bias_initializer = "zeros", depthwise_regularizer = NULL,
                                    pointwise_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, depthwise_constraint = NULL,
                                    pointwise_constraint = NULL, bias_constraint = NULL, input_shape = NULL, batch_input_shape = NULL,
                                    batch_size = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(SeparableConv1D, object, capture_args())
}

SeparableConv1D <- R6::R6Class("SeparableConv1D", inherit = SeparableConv, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.separable_conv1d.SeparableConv1D",
                  "keras.layers.convolutional.base_separable_conv.SeparableConv",
                  "keras.layers.convolutional.base_conv.Conv"),
  rank = 1L,
  paddings = c("valid", "same", "causal")
))
