#' Exponential linear unit
#'
#' `x` for positive `x`, `alpha * (exp(x) - 1)` for negative.
#'
#' @inheritParams layer_dense
#' @param alpha Scale of the negative part.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references Clevert et al. (2016), <https://arxiv.org/abs/1511.07289>.
#' @examples
#' layer_activation_elu()(c(-1, 2))
#' @family activation layers
#' @export
layer_activation_elu <- function(object, alpha = 1, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                                 dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(ELU, object, capture_args())
}

ELU <- R6::R6Class("ELU", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.activation.elu.ELU",
    supports_masking = TRUE,
    alpha = NULL,
    initialize = function(alpha = 1, ...) {
      super$initialize(...)
      self$alpha <- as_floatx_number(alpha, "alpha")
    },
    call = function(inputs) op_elu(inputs, alpha = self$alpha),
    get_config = function() c(super$get_config(), list(alpha = self$alpha))
  )
)
