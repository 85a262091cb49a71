#' 2-D convolution layer
#'
#' A window of `kernel_size` moves over images; each filter gives one number per position.
#'
#' @inheritParams layer_conv_1d
#' @param kernel_size Size of the window: one whole number or two, for rows and columns.
#' @param strides Steps from one window to the next: one whole number or two, for rows and columns. Values > 1 exclude `dilation_rate` > 1.
#' @param padding `"valid"`: only whole windows; `"same"`: zeros around, so that each axis has `ceiling(length / strides)` positions. Upper and
#'   lower case are the same.
#' @param data_format `"channels_last"` (the default, see `k_image_data_format()`): (batch, rows, columns, channels), or `"channels_first"`: (batch,
#'   channels, rows, columns).
#' @param dilation_rate Distance between the elements of a window: one whole number or two, for rows and columns.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, filters). With `k = (kernel_size - 1) * dilation_rate + 1`, each axis of length `n` becomes
#'   `(n - k) %/% strides + 1` ("valid") or `ceiling(n / strides)` ("same"). See [explain_shape()].
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, unknown channels, channels
#'   that `groups` does not divide, or an axis shorter than the window.
#' @examples
#' x <- array(runif(2 * 8 * 8 * 3), c(2, 8, 8, 3))
#' layer <- layer_conv_2d(filters = 4, kernel_size = c(3, 5), padding = "same", activation = "relu")
#' dim(layer(x))   # 2 8 8 4
#' @family convolutional layers
#' @export
layer_conv_2d <- function(object, filters, kernel_size, strides = c(1L, 1L), padding = "valid", data_format = NULL, dilation_rate = c(1L, 1L),
                          groups = 1L, activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros",
                          kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                          bias_constraint = NULL, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                          trainable = NULL, weights = NULL) {
  create_layer(Conv2D, object, capture_args())
}

Conv2D <- R6::R6Class("Conv2D", inherit = Conv, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.conv2d.Conv2D", "keras.layers.convolutional.base_conv.Conv"),
  rank = 2L
))
