#' Max pooling of images
#'
#' The largest element of every window, for each channel.
#'
#' @inheritParams layer_upsampling_2d
#' @param pool_size Size of the window: one whole number or two, for rows and columns.
#' @param strides Steps from one window to the next: one whole number or two, for rows and columns; `NULL`: side by side.
#' @param padding `"valid"`: only whole windows; `"same"`: windows at the edges may be cut, so that each axis has `ceiling(length / strides)`
#'   positions. Upper and lower case are the same.
#' @param data_format `"channels_last"` (the default, see `k_image_data_format()`): (batch, rows, columns, channels), or `"channels_first"`: (batch,
#'   channels, rows, columns).
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, channels): each axis of length `n` becomes `(n - pool_size) %/% strides + 1` ("valid") or
#'   `ceiling(n / strides)` ("same")
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, or an axis shorter than the
#'   window.
#' @examples
#' x <- array(1:16, c(1, 4, 4, 1))
#' as.array(layer_max_pooling_2d(pool_size = 2)(x + 0))[1, , , 1]
#' @family pooling layers
#' @export
layer_max_pooling_2d <- function(object, pool_size = c(2L, 2L), strides = NULL, padding = "valid", data_format = NULL, batch_size = NULL,
                                 name = NULL, trainable = NULL, weights = NULL) {
  create_layer(MaxPooling2D, object, capture_args())
}

MaxPooling2D <- R6::R6Class("MaxPooling2D", inherit = Pooling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.pooling.max_pooling2d.MaxPooling2D", "keras.layers.pooling.base_pooling2d.Pooling2D"),
  rank = 2L,
  reduce = function(...) op_max_pool(...)
))
