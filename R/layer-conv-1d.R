#' 1-D convolution layer
#'
#' A window of `kernel_size` steps moves along the sequence; each filter gives one number per position.
#'
#' @inheritParams layer_dense
#' @param filters Number of filters (output channels), a whole number > 0.
#' @param kernel_size Length of the window.
#' @param strides Steps from one window to the next. Values > 1 exclude `dilation_rate` > 1.
#' @param padding `"valid"`: only whole windows; `"same"`: zeros around, so that the output has `ceiling(steps / strides)` steps; `"causal"`:
#'   zeros in front, so that a step never sees later ones. Upper and lower case are the same.
#' @param data_format `"channels_last"`: (batch, steps, channels), or `"channels_first"`: (batch, channels, steps).
#' @param dilation_rate Distance between the steps of a window.
#' @param groups Number of groups that the channels are split into; each is convolved with its own filters. Divides channels and filters.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, filters)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, unknown channels or
#'   sequences shorter than the window.
#' @examples
#' layer_conv_1d(filters = 2, kernel_size = 3)(array(1:12, c(1, 6, 2)))
#' @family convolutional layers
#' @export
layer_conv_1d <- function(object, filters, kernel_size, strides = 1L, padding = "valid", data_format = "channels_last", dilation_rate = 1L,
                          groups = 1L, activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros",
                          kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                          bias_constraint = NULL, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                          trainable = NULL, weights = NULL) {
  create_layer(Conv1D, object, capture_args())
}

Conv1D <- R6::R6Class("Conv1D", inherit = Conv, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.conv1d.Conv1D", "keras.layers.convolutional.base_conv.Conv"),
  rank = 1L,
  paddings = c("valid", "same", "causal")
))
