#' Unit normalization
#'
#' Scales each sample to length 1 along `axis`.
#'
#' @inheritParams layer_dense
#' @param axis Axis or axes, counted from 1 (the batch) as R counts; -1 is the last.
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @examples
#' layer_unit_normalization()(matrix(c(3, 4), 1))
#' @family normalization layers
#' @export
layer_unit_normalization <- function(object, axis = -1L, ...) {
  create_layer(UnitNormalization, object, capture_args(replace = list(axis = as_axis(axis))))
}

UnitNormalization <- R6::R6Class("UnitNormalization", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.normalization.unit_normalization.UnitNormalization",
    supports_masking = TRUE,
    axis = NULL,
    initialize = function(axis = -1L, ...) {
      super$initialize(...)
      self$axis <- normalized_axes(axis)
    },
    build = function(input_shape) {
      self$axis <- resolve_axes(self$axis, as_dims(input_shape))
      self$built <- TRUE
    },
    call = function(inputs) {
      if (identical(self$axis, tensor_rank(inputs) - 1L)) return(op_unit_norm(inputs))
      op_multiply(inputs, op_rsqrt(op_maximum(op_reduce_sum(op_square(inputs), self$axis, keepdims = TRUE), 1e-12)))
    },
    get_config = function() c(super$get_config(), list(axis = as.list(self$axis)))
  )
)
