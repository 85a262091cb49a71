#' Mask steps by their value
#'
#' Steps all of whose features equal `mask_value` are set to zero and marked, so that later layers, losses and metrics skip them.
#'
#' @inheritParams layer_dense
#' @param mask_value Value of padded steps.
#' @return As `object` says.
#' @section Input shape: (batch, steps, features)
#' @section Output shape: that of the input
#' @examples
#' x <- array(c(1, 0, 2, 0), c(1, 2, 2))
#' model <- keras_model_sequential() |> layer_masking(input_shape = c(2, 2)) |> layer_lstm(3)
#' model(x)
#' @family core layers
#' @export
layer_masking <- function(object, mask_value = 0, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                          trainable = NULL, weights = NULL) {
  create_layer(Masking, object, capture_args())
}

Masking <- R6::R6Class("Masking", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.masking.Masking",
    supports_masking = TRUE,
    mask_value = NULL,
    initialize = function(mask_value = 0, ...) {
      super$initialize(...)
      self$mask_value <- as_number(mask_value, "mask_value")
    },
    valid = function(inputs, keepdims) op_reduce_any(op_not_equal(inputs, self$mask_value), -1L, keepdims = keepdims),
    call = function(inputs) op_multiply(inputs, op_cast(self$valid(inputs, TRUE), tensor_dtype(inputs))),
    compute_mask = function(inputs, mask = NULL) self$valid(inputs, FALSE),
    get_config = function() c(super$get_config(), list(mask_value = self$mask_value))
  )
)
