#' Average pooling of volumes
#'
#' The mean of every window, for each channel. Zeros that padding adds do not count.
#'
#' @inheritParams layer_upsampling_3d
#' @param pool_size Size of the window: one whole number or three, for depth, rows and columns.
#' @param strides Steps from one window to the next: one whole number or three, for depth, rows and columns; `NULL`: side by side.
#' @param padding `"valid"`: only whole windows; `"same"`: windows at the edges may be cut, so that each axis has `ceiling(length / strides)`
#'   positions. Upper and lower case are the same.
#' @param data_format `"channels_last"` (the default, see `k_image_data_format()`): (batch, depth, rows, columns, channels), or `"channels_first"`:
#'   (batch, channels, depth, rows, columns).
#' @return As `object` says.
#' @section Input shape: (batch, depth, rows, columns, channels)
#' @section Output shape: (batch, new_depth, new_rows, new_columns, channels): each axis of length `n` becomes `(n - pool_size) %/% strides + 1`
#'   ("valid") or `ceiling(n / strides)` ("same")
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, or an axis shorter than the
#'   window.
#' @examples
#' x <- array(runif(64), c(1, 4, 4, 4, 1))
#' dim(layer_average_pooling_3d(pool_size = c(1, 2, 2))(x))   # 1 4 2 2 1
#' @family pooling layers
#' @export
layer_average_pooling_3d <- function(object, pool_size = c(2L, 2L, 2L), strides = NULL, padding = "valid", data_format = NULL,
                                     batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(AveragePooling3D, object, capture_args())
}

AveragePooling3D <- R6::R6Class("AveragePooling3D", inherit = Pooling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.pooling.average_pooling3d.AveragePooling3D", "keras.layers.pooling.base_pooling3d.Pooling3D"),
  rank = 3L,
  reduce = function(x, ...) op_average_pool(as_float(x, self$dtype), ...)
))
