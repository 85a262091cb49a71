#' Leaky rectified linear unit
#'
#' `x` for positive `x`, `alpha * x` for negative.
#'
#' @inheritParams layer_dense
#' @param alpha Slope of the negative part.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @examples
#' layer_activation_leaky_relu()(c(-1, 2))
#' @family activation layers
#' @export
layer_activation_leaky_relu <- function(object, alpha = 0.3, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                                        dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(LeakyReLU, object, capture_args())
}

LeakyReLU <- R6::R6Class("LeakyReLU", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.activation.leaky_relu.LeakyReLU",
    supports_masking = TRUE,
    alpha = NULL,
    initialize = function(alpha = 0.3, ...) {
      super$initialize(...)
      self$alpha <- as_floatx_number(alpha, "alpha")
    },
    call = function(inputs) op_leaky_relu(inputs, alpha = self$alpha),
    get_config = function() c(super$get_config(), list(alpha = self$alpha))
  )
)
