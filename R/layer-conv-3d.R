#' 3-D convolution layer
#'
#' A window of `kernel_size` moves over volumes, or images over time; each filter gives one number per position.
#'
#' @inheritParams layer_conv_1d
#' @param kernel_size Size of the window: one whole number or three, for depth, rows and columns.
#' @param strides Steps from one window to the next: one whole number or three, for depth, rows and columns. Values > 1 exclude `dilation_rate` > 1.
#' @param padding `"valid"`: only whole windows; `"same"`: zeros around, so that each axis has `ceiling(length / strides)` positions. Upper and
#'   lower case are the same.
#' @param data_format `"channels_last"` (the default, see `k_image_data_format()`): (batch, depth, rows, columns, channels), or `"channels_first"`:
#'   (batch, channels, depth, rows, columns).
#' @param dilation_rate Distance between the elements of a window: one whole number or three, for depth, rows and columns.
#' @return As `object` says.
#' @section Input shape: (batch, depth, rows, columns, channels)
#' @section Output shape: (batch, new_depth, new_rows, new_columns, filters). With `k = (kernel_size - 1) * dilation_rate + 1`, each axis of length
#'   `n` becomes `(n - k) %/% strides + 1` ("valid") or `ceiling(n / strides)` ("same"). See [explain_shape()].
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, unknown channels, channels
#'   that `groups` does not divide, or an axis shorter than the window.
#' @section Differences from Keras: with `padding = "same"`, where a stride exceeds the kernel's size by 2 or more, TensorFlow's CPU kernel starts
#'   its windows later than its own gradient and its GPU kernel do; keratin follows the latter.
#' @examples
#' x <- array(runif(6 * 6 * 6), c(1, 6, 6, 6, 1))
#' layer <- layer_conv_3d(filters = 2, kernel_size = 3, strides = c(1, 2, 2))
#' dim(layer(x))   # 1 4 2 2 2
#' @family convolutional layers
#' @export
layer_conv_3d <- function(object, filters, kernel_size, strides = c(1L, 1L, 1L), padding = "valid", data_format = NULL,
                          dilation_rate = c(1L, 1L, 1L), groups = 1L, activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform",
                          bias_initializer = "zeros", kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL,
                          kernel_constraint = NULL, bias_constraint = NULL, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                          dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(Conv3D, object, capture_args())
}

Conv3D <- R6::R6Class("Conv3D", inherit = Conv, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.conv3d.Conv3D", "keras.layers.convolutional.base_conv.Conv"),
  rank = 3L
))
