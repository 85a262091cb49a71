#' Penalty on the activity of a layer
#'
#' Passes its input on and adds `l1 * sum(abs(x)) + l2 * sum(x^2)`, divided by the batch size, to the loss.
#'
#' @inheritParams layer_dense
#' @param l1,l2 Weights of the two penalties, numbers >= 0.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @examples
#' layer <- layer_activity_regularization(l1 = 0.1)
#' invisible(layer(matrix(c(1, 2, 3, 4), 2)))
#' layer$losses
#' @family core layers
#' @export
layer_activity_regularization <- function(object, l1 = 0, l2 = 0, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL,
                                          name = NULL, trainable = NULL, weights = NULL) {
  create_layer(ActivityRegularization, object, capture_args())
}

ActivityRegularization <- R6::R6Class("ActivityRegularization", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.regularization.activity_regularization.ActivityRegularization",
    supports_masking = TRUE,
    l1 = NULL, l2 = NULL,
    initialize = function(l1 = 0, l2 = 0, ...) {
      self$l1 <- as_number(l1, "l1", 0)
      self$l2 <- as_number(l2, "l2", 0)
      super$initialize(activity_regularizer = regularizer_l1_l2(l1 = self$l1, l2 = self$l2), ...)
    },
    call = function(inputs) op_identity(inputs),
    get_config = function() c(super$get_config(), list(l1 = self$l1, l2 = self$l2))
  )
)
