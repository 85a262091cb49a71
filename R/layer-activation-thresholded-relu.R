#' Thresholded rectified linear unit
#'
#' `x` above `theta`, else 0.
#'
#' @inheritParams layer_dense
#' @param theta Threshold, a number >= 0.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references Konda et al. (2015), <https://arxiv.org/abs/1402.3337>.
#' @examples
#' layer_activation_thresholded_relu()(c(0.5, 2))
#' @family activation layers
#' @export
layer_activation_thresholded_relu <- function(object, theta = 1, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                                              dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(ThresholdedReLU, object, capture_args())
}

ThresholdedReLU <- R6::R6Class("ThresholdedReLU", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.activation.thresholded_relu.ThresholdedReLU",
    supports_masking = TRUE,
    theta = NULL,
    initialize = function(theta = 1, ...) {
      super$initialize(...)
      self$theta <- as_number(theta, "theta", 0)
    },
    call = function(inputs) op_multiply(inputs, op_cast(op_greater(inputs, self$theta), tensor_dtype(inputs))),
    get_config = function() c(super$get_config(), list(theta = self$theta))
  )
)
