#' Flatten a sample to a vector
#'
#' @inheritParams layer_dense
#' @param data_format `"channels_last"` (the default) or `"channels_first"`: the channels are moved behind the other axes first, so that
#'   both formats give the same vector.
#' @return As `object` says.
#' @section Input shape: (batch, ...)
#' @section Output shape: (batch, product of the other sizes)
#' @examples
#' layer_flatten()(array(1:12, c(2, 3, 2)))
#' @family core layers
#' @export
layer_flatten <- function(object, data_format = NULL, input_shape = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(Flatten, object, capture_args())
}

Flatten <- R6::R6Class("Flatten", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.reshaping.flatten.Flatten",
    data_format = NULL,
    initialize = function(data_format = NULL, ...) {
      super$initialize(...)
      self$data_format <- as_data_format(data_format)
      self$input_spec <- input_spec(min_ndim = 1L)
    },
    call = function(inputs) {
      if (tensor_rank(inputs) > 2L) inputs <- channels_to_last(inputs, self$data_format)
      dims <- tensor_shape(inputs)
      if (length(dims) == 2L) return(op_identity(inputs))
      size <- if (length(dims) == 1L) 1 else prod(dims[-1L])
      op_reshape(inputs, if (is.na(size)) { if (is.na(dims[1L])) return(flatten_unknown(inputs)) else c(dims[1L], NA) } else c(dims[1L], size))
    },
    get_config = function() c(super$get_config(), list(data_format = self$data_format))
  )
)

# Neither the batch nor the sample has a known size: the result's shape is unknown too, in a trace only.
flatten_unknown <- function(x) op_reshape(op_slice(op_reshape(x, NA), 0L, -1L), c(NA, NA))
