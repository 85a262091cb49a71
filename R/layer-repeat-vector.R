#' Repeat a vector as a sequence
#'
#' @inheritParams layer_dense
#' @param n How often, a whole number, at least 0.
#' @return As `object` says.
#' @section Input shape: (batch, features)
#' @section Output shape: (batch, n, features)
#' @examples
#' layer_repeat_vector(n = 3)(matrix(1:4, 2))
#' @family core layers
#' @export
layer_repeat_vector <- function(object, n, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(RepeatVector, object, capture_args())
}

RepeatVector <- R6::R6Class("RepeatVector", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.reshaping.repeat_vector.RepeatVector",
    n = NULL,
    initialize = function(n, ...) {
      super$initialize(...)
      self$n <- as_count(n, "n", 0L)
      self$input_spec <- input_spec(ndim = 2L)
    },
    call = function(inputs) op_tile(op_expand_dims(inputs, 1L), c(1L, self$n, 1L)),
    get_config = function() c(super$get_config(), list(n = self$n)),
    takes = function(rank) "repetition takes (batch, features)"
  )
)
