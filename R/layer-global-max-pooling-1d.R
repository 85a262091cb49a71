#' Global max pooling of sequences
#'
#' The largest element of each channel over all steps.
#'
#' @inheritParams layer_max_pooling_1d
#' @param keepdims Whether the pooled axes stay, with size 1.
#' @param ... Arguments every layer takes: `name`, `dtype`, `input_shape`, `batch_input_shape`, `batch_size`, `trainable`, `weights`.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, channels), or with `keepdims = TRUE` (batch, 1, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' x <- array(runif(2 * 5 * 3), c(2, 5, 3))
#' dim(layer_global_max_pooling_1d()(x))   # 2 3
#' @family pooling layers
#' @export
layer_global_max_pooling_1d <- function(object, data_format = "channels_last", keepdims = FALSE, ...) {
  create_layer(GlobalMaxPooling1D, object, capture_args())
}

GlobalMaxPooling1D <- R6::R6Class("GlobalMaxPooling1D", inherit = GlobalPooling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.pooling.global_max_pooling1d.GlobalMaxPooling1D",
                  "keras.layers.pooling.base_global_pooling1d.GlobalPooling1D"),
  rank = 1L,
  reduce = function(...) op_reduce_max(...)
))
