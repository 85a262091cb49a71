#' Apply a layer to every step
#'
#' The same layer, with the same weights, is applied to each step of a sequence.
#'
#' @inheritParams layer_dense
#' @param layer The layer (or model).
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says.
#' @section Input shape: (batch, steps, ...)
#' @section Output shape: (batch, steps, ...), after the axis of steps as the layer gives them
#' @section Errors: `keratin_error_shape` for inputs without an axis of steps.
#' @examples
#' frames <- array(runif(2 * 3 * 4 * 4), c(2, 3, 4, 4, 1))
#' time_distributed(layer = layer_conv_2d(filters = 2, kernel_size = 3))(frames)
#' @family recurrent layers
#' @export
time_distributed <- function(object, layer, ...) {
  create_layer(TimeDistributed, object, capture_args())
}

TimeDistributed <- R6::R6Class("TimeDistributed", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.time_distributed.TimeDistributed", "keras.layers.rnn.base_wrapper.Wrapper"),
    supports_masking = TRUE,
    layer = NULL,

    initialize = function(layer, ...) {
      super$initialize(...)
      self$layer <- wrapped_layer(layer)
      self$input_spec <- input_spec(min_ndim = 3L)
    },

    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      if (is.list(dims)) dims <- dims[[1L]]
      layer <- unwrap(self$layer)
      if (!isTRUE(layer$built)) build_sublayer(layer, c(NA_integer_, dims[-(1:2)]), in_scope = FALSE)
      self$built <- TRUE
    },

    call = function(inputs, mask = NULL, training = NULL) {
      layer <- unwrap(self$layer)
      more <- if (!is.null(mask) && "mask" %in% takes_of(layer)) list(mask = merge_steps(mask))
      apply_to_steps(inputs, function(x) do.call(call_layer, c(list(layer, x, training = training), more)))
    },

    compute_mask = function(inputs, mask = NULL) {
      if (is.null(mask) || is_branch(mask)) return(NULL)
      if (tensor_rank(mask) > 2L) op_reduce_any(mask, seq(2L, tensor_rank(mask) - 1L)) else mask
    },

    get_config = function() c(super$get_config(), list(layer = serialize_keras_object(self$layer))),

    takes = function(rank)
      paste0("time_distributed() takes (batch, steps, ...), with something at each step that its layer takes.\n",
             "  One number a step: array_reshape(x, c(dim(x), 1)).")
  )
)
