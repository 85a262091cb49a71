#' Apply an activation function
#'
#' @inheritParams layer_dense
#' @param activation Name of an activation, a function of a tensor, or a layer.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @section Errors: `keratin_error_argument` for an unknown name.
#' @examples
#' layer_activation(activation = "relu")(c(-1, 2))
#' @family core layers
#' @export
layer_activation <- function(object, activation, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                             trainable = NULL, weights = NULL) {
  create_layer(Activation, object, capture_args())
}

Activation <- R6::R6Class("Activation", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.activation.Activation",
    supports_masking = TRUE,
    activation = NULL,
    initialize = function(activation, ...) {
      super$initialize(...)
      self$activation <- get_activation(activation)
    },
    call = function(inputs) self$activation(inputs),
    get_config = function() c(super$get_config(), list(activation = serialize_activation(self$activation)))
  )
)
