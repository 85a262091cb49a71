#' Global average pooling of images
#'
#' The mean of each channel over all rows and columns.
#'
#' @inheritParams layer_average_pooling_2d
#' @param keepdims Whether the pooled axes stay, with size 1.
#' @param ... Arguments every layer takes: `name`, `dtype`, `input_shape`, `batch_input_shape`, `batch_size`, `trainable`, `weights`.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, channels), or with `keepdims = TRUE` (batch, 1, 1, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' x <- array(runif(2 * 4 * 4 * 3), c(2, 4, 4, 3))
#' dim(layer_global_average_pooling_2d()(x))   # 2 3
#' @family pooling layers
#' @export
layer_global_average_pooling_2d <- function(object, data_format = NULL, keepdims = FALSE, ...) {
  create_layer(GlobalAveragePooling2D, object, capture_args())
}

GlobalAveragePooling2D <- R6::R6Class("GlobalAveragePooling2D", inherit = GlobalPooling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.pooling.global_average_pooling2d.GlobalAveragePooling2D",
                  "keras.layers.pooling.base_global_pooling2d.GlobalPooling2D"),
  rank = 2L,
  reduce = function(x, ...) op_reduce_mean(as_float(x, self$dtype), ...)
))
