#' Rectified linear unit as a layer
#'
#' `x` where it is above `threshold`, at most `max_value`; `negative_slope * (x - threshold)` below.
#'
#' @inheritParams layer_dense
#' @param max_value Greatest value of the output; `NULL` for none.
#' @param negative_slope Slope below `threshold`.
#' @param threshold Where the function leaves its negative part.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @examples
#' layer_activation_relu(max_value = 1)(c(-1, 0.5, 3))
#' @family activation layers
#' @export
layer_activation_relu <- function(object, max_value = NULL, negative_slope = 0, threshold = 0, input_shape = NULL, batch_input_shape = NULL,
                                  batch_size = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(ReLU, object, capture_args())
}

ReLU <- R6::R6Class("ReLU", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.activation.relu.ReLU",
    supports_masking = TRUE,
    max_value = NULL, negative_slope = NULL, threshold = NULL,
    initialize = function(max_value = NULL, negative_slope = 0, threshold = 0, ...) {
      super$initialize(...)
      self$max_value <- if (!is.null(max_value)) as_floatx_number(max_value, "max_value", 0)
      self$negative_slope <- as_floatx_number(negative_slope, "negative_slope", 0)
      self$threshold <- as_floatx_number(threshold, "threshold", 0)
    },
    call = function(inputs) activation_relu(inputs, alpha = self$negative_slope, max_value = self$max_value, threshold = self$threshold),
    get_config = function() c(super$get_config(), list(max_value = self$max_value, negative_slope = self$negative_slope, threshold = self$threshold))
  )
)

# A number as Keras keeps it in these layers: rounded to the default floating type.
as_floatx_number <- function(x, what, ...) as.double(tensor(as_number(x, what, ...), k_floatx()))
