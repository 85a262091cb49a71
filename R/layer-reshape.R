#' Reshape a sample
#'
#' The elements keep their order (row-major: the last axis changes fastest, as in [array_reshape()]).
#'
#' @inheritParams layer_dense
#' @param target_shape Sizes of the output, without the batch axis; one of them may be `-1` (or `NA`), it follows from the others.
#' @return As `object` says.
#' @section Input shape: (batch, ...)
#' @section Output shape: (batch, target_shape)
#' @section Errors: `keratin_error_shape` if the number of elements differs.
#' @examples
#' layer_reshape(target_shape = c(2, 3))(array(1:12, c(2, 6)))
#' @family core layers
#' @export
layer_reshape <- function(object, target_shape, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                          trainable = NULL, weights = NULL) {
  create_layer(Reshape, object, capture_args())
}

Reshape <- R6::R6Class("Reshape", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.reshaping.reshape.Reshape",
    target_shape = NULL,
    initialize = function(target_shape, ...) {
      super$initialize(...)
      target <- as_dims(target_shape, "target_shape")
      if (sum(is.na(target)) > 1L) abort_argument("`target_shape` can leave one size open. Received: target_shape = ", received(target_shape))
      self$target_shape <- target
    },
    call = function(inputs) {
      dims <- tensor_shape(inputs)
      size <- if (length(dims) > 1L) prod(dims[-1L]) else 1
      target <- self$target_shape
      fixed <- prod(target, na.rm = TRUE)
      if (!is.na(size) && (if (anyNA(target)) fixed == 0 || size %% fixed != 0 else size != fixed))
        abort_shape("the input has shape ", format_shape(dims), ": its ", size, " elements a sample do not fit into ", format_shape(target))
      if (anyNA(target) && !is.na(size)) target[is.na(target)] <- as.integer(size / fixed)
      op_reshape(inputs, c(if (anyNA(target) && is.na(dims[1L])) NA else dims[1L], target))
    },
    get_config = function() c(super$get_config(), list(target_shape = as.list(ifelse(is.na(self$target_shape), -1L, self$target_shape))))
  )
)
