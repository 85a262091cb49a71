#' Global average pooling of sequences
#'
#' The mean of each channel over all steps.
#'
#' @inheritParams layer_average_pooling_1d
#' @param keepdims Whether the pooled axes stay, with size 1.
#' @param ... Arguments every layer takes: `name`, `dtype`, `input_shape`, `batch_input_shape`, `batch_size`, `trainable`, `weights`.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, channels), or with `keepdims = TRUE` (batch, 1, channels)
#' @section Masks: steps that a mask leaves out do not count.
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' x <- array(runif(2 * 5 * 3), c(2, 5, 3))
#' dim(layer_global_average_pooling_1d()(x))   # 2 3
#' @family pooling layers
#' @export
layer_global_average_pooling_1d <- function(object, data_format = "channels_last", keepdims = FALSE, ...) {
  create_layer(GlobalAveragePooling1D, object, capture_args())
}

GlobalAveragePooling1D <- R6::R6Class("GlobalAveragePooling1D", inherit = GlobalPooling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.pooling.global_average_pooling1d.GlobalAveragePooling1D",
                  "keras.layers.pooling.base_global_pooling1d.GlobalPooling1D"),
  rank = 1L,
  reduce = function(x, ...) op_reduce_mean(as_float(x, self$dtype), ...),
  supports_masking = TRUE,

  call = function(inputs, mask = NULL) {
    if (is.null(mask)) return(super$call(inputs))
    axis <- self$pooled_axes()
    weight <- op_expand_dims(op_cast(mask, tensor_dtype(inputs)), if (axis == 1L) 2L else 1L)
    op_divide(op_reduce_sum(op_multiply(inputs, weight), axis, self$keepdims), op_reduce_sum(weight, axis, self$keepdims))
  },

  compute_mask = function(inputs, mask = NULL) NULL
))
