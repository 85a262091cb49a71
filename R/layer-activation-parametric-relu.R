#' Rectified linear unit with a learned slope
#'
#' `x` for positive `x`, `alpha * x` for negative, where `alpha` is learned, one for each element of a sample.
#'
#' @inheritParams layer_dense
#' @param alpha_initializer,alpha_regularizer,alpha_constraint First values, penalty and constraint of the slopes.
#' @param shared_axes Axes along which the slope is shared, counted from 1 without the batch axis: `c(1, 2)` for one slope a channel of
#'   images.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references He et al. (2015), <https://arxiv.org/abs/1502.01852>.
#' @examples
#' layer_activation_parametric_relu()(matrix(c(-1, 2), 1))
#' @family activation layers
#' @export
layer_activation_parametric_relu <- function(object, alpha_initializer = "zeros", alpha_regularizer = NULL, alpha_constraint = NULL,
                                             shared_axes = NULL, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                                             dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(PReLU, object, capture_args())
}

PReLU <- R6::R6Class("PReLU", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.activation.prelu.PReLU",
    supports_masking = TRUE,
    alpha = NULL, alpha_initializer = NULL, alpha_regularizer = NULL, alpha_constraint = NULL, shared_axes = NULL,
    initialize = function(alpha_initializer = "zeros", alpha_regularizer = NULL, alpha_constraint = NULL, shared_axes = NULL, ...) {
      super$initialize(...)
      keep_weight_rules(self, "alpha")
      if (!is.null(shared_axes)) self$shared_axes <- as.integer(unlist(shared_axes))
    },
    build = function(input_shape) {
      dims <- as_dims(input_shape)[-1L]
      if (!is.null(self$shared_axes)) {
        if (any(!self$shared_axes %in% seq_along(dims))) {
          abort_argument("`shared_axes` must be axes of a sample, 1 to ", length(dims), ". Received: ", received(self$shared_axes))
        }
        dims[self$shared_axes] <- 1L
      }
      self$alpha <- self$add_weight("alpha", dims, initializer = self$alpha_initializer, regularizer = self$alpha_regularizer,
                                    constraint = self$alpha_constraint)
      self$built <- TRUE
    },
    call = function(inputs) op_subtract(op_relu(inputs), op_multiply(self$alpha, op_relu(op_negative(inputs)))),
    get_config = function() c(super$get_config(), list(
      alpha_initializer = serialize_callable(self$alpha_initializer), alpha_regularizer = serialize_callable(self$alpha_regularizer),
      alpha_constraint = serialize_callable(self$alpha_constraint), shared_axes = if (!is.null(self$shared_axes)) as.list(self$shared_axes)))
  )
)
