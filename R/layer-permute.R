#' Permute the axes of a sample
#'
#' @inheritParams layer_dense
#' @param dims The new order of the axes, counted from 1 without the batch axis: `c(2, 1)` exchanges the first two.
#' @return As `object` says.
#' @section Input shape: (batch, ...)
#' @section Output shape: the same sizes in the new order
#' @section Errors: `keratin_error_argument` if `dims` is no permutation.
#' @examples
#' layer_permute(dims = c(2, 1))(array(1:6, c(1, 2, 3)))
#' @family core layers
#' @export
layer_permute <- function(object, dims, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                          trainable = NULL, weights = NULL) {
  create_layer(Permute, object, capture_args())
}

Permute <- R6::R6Class("Permute", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.reshaping.permute.Permute",
    dims = NULL,
    initialize = function(dims, ...) {
      super$initialize(...)
      dims <- unlist(dims)
      if (!is_whole(dims) || !identical(sort(as.integer(dims)), seq_along(dims)))
        abort_argument("`dims` must be a permutation of 1, 2, .... Received: dims = ", received(dims))
      self$dims <- as.integer(dims)
      self$input_spec <- input_spec(ndim = length(dims) + 1L)
    },
    call = function(inputs) op_transpose(inputs, c(0L, self$dims)),
    get_config = function() c(super$get_config(), list(dims = as.list(self$dims)))
  )
)
