#' Softmax as a layer
#'
#' Positive numbers that add up to one along `axis`. A layer instance takes a `mask` besides its input: masked elements get 0.
#'
#' @inheritParams layer_dense
#' @param axis Axis, counted from 0 (the batch) as in Keras; -1 is the last. Several axes are taken together.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @examples
#' layer_activation_softmax()(matrix(c(1, 2, 3, 4), 2))
#' @family activation layers
#' @export
layer_activation_softmax <- function(object, axis = -1, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                                     dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(Softmax, object, capture_args())
}

Softmax <- R6::R6Class("Softmax", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.activation.softmax.Softmax",
    supports_masking = TRUE,
    axis = NULL,
    initialize = function(axis = -1, ...) {
      super$initialize(...)
      axis <- unlist(axis)
      if (!is_whole(axis)) abort_argument("`axis` must hold whole numbers. Received: axis = ", received(axis))
      self$axis <- as.integer(axis)
    },
    call = function(inputs, mask = NULL) {
      if (!is.null(mask)) inputs <- hide_masked(inputs, mask)
      if (length(self$axis) == 1L) return(op_softmax(inputs, self$axis))
      op_exp(op_subtract(inputs, op_reduce_logsumexp(inputs, self$axis, keepdims = TRUE)))
    },
    get_config = function() c(super$get_config(), list(axis = if (length(self$axis) == 1L) self$axis else as.list(self$axis)))
  )
)

# Scores that softmax turns into zeros where the mask says so.
hide_masked <- function(scores, mask) op_add(scores, op_multiply(op_subtract(1, op_cast(mask, tensor_dtype(scores))), -1e9))
