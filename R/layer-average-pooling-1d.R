#' Average pooling of sequences
#'
#' The mean of every window, for each channel. Zeros that padding adds do not count.
#'
#' @inheritParams layer_upsampling_1d
#' @param pool_size Size of the window: one whole number.
#' @param strides Steps from one window to the next: one whole number; `NULL`: side by side.
#' @param padding `"valid"`: only whole windows; `"same"`: windows at the edges may be cut, so that each axis has `ceiling(length / strides)`
#'   positions. Upper and lower case are the same.
#' @param data_format `"channels_last"`: (batch, steps, channels), or `"channels_first"`: (batch, channels, steps).
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, channels): each axis of length `n` becomes `(n - pool_size) %/% strides + 1` ("valid") or `ceiling(n /
#'   strides)` ("same")
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, or an axis shorter than the
#'   window.
#' @examples
#' x <- array(c(1, 5, 2, 8), c(1, 4, 1))
#' as.vector(as.array(layer_average_pooling_1d(pool_size = 2)(x)))   # 3 5
#' @family pooling layers
#' @export
layer_average_pooling_1d <- function(object, pool_size = 2L, strides = NULL, padding = "valid", data_format = "channels_last",
                                     batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(AveragePooling1D, object, capture_args())
}

AveragePooling1D <- R6::R6Class("AveragePooling1D", inherit = Pooling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.pooling.average_pooling1d.AveragePooling1D", "keras.layers.pooling.base_pooling1d.Pooling1D"),
  rank = 1L,
  reduce = function(x, ...) op_average_pool(as_float(x, self$dtype), ...)
))
