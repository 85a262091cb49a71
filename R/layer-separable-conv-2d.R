#' Separable 2-D convolution layer
#'
#' A depthwise convolution, which filters every channel on its own, followed by a pointwise one, which mixes the channels: far fewer weights
#' and operations than a full convolution of the same window.
#'
#' @inheritParams layer_conv_2d
#' @param depth_multiplier Number of depthwise filters of each channel.
#' @param dilation_rate Distance between the elements of a window: one whole number or two, for rows and columns.
#' @param depthwise_initializer First values of the depthwise kernel.
#' @param pointwise_initializer First values of the pointwise kernel.
#' @param depthwise_regularizer Penalty of the depthwise kernel.
#' @param pointwise_regularizer Penalty of the pointwise kernel.
#' @param depthwise_constraint Constraint of the depthwise kernel.
#' @param pointwise_constraint Constraint of the pointwise kernel.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, filters), lengths as of [layer_conv_2d()].
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, unknown channels or an axis
#'   shorter than the window.
#' @references Chollet (2017), Xception: Deep learning with depthwise separable convolutions, <https://arxiv.org/abs/1610.02357>.
#' @examples
#' x <- array(runif(2 * 8 * 8 * 3), c(2, 8, 8, 3))
#' layer <- layer_separable_conv_2d(filters = 4, kernel_size = 3, depth_multiplier = 2)
#' dim(layer(x))   # 2 6 6 4
#' @family convolutional layers
#' @export
layer_separable_conv_2d <- function(object, filters, kernel_size, strides = c(1, 1), padding = "valid", data_format = NULL, dilation_rate = 1,
                                    depth_multiplier = 1, activation = NULL, use_bias = TRUE, depthwise_initializer = "glorot_uniform",
                                    pointwise_initializer = "glorot_uniform", bias_initializer = "zeros", depthwise_regularizer = NULL,
                                    pointwise_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL,
                                    depthwise_constraint = NULL, pointwise_constraint = NULL, bias_constraint = NULL, input_shape = NULL,
                                    batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(SeparableConv2D, object, capture_args())
}

SeparableConv2D <- R6::R6Class("SeparableConv2D", inherit = SeparableConv, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.separable_conv2d.SeparableConv2D",
                  "keras.layers.convolutional.base_separable_conv.SeparableConv",
                  "keras.layers.convolutional.base_conv.Conv"),
  rank = 2L
))
