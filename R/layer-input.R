#' Entry point of a functional model
#'
#' Makes a tensor without values: its shape and dtype are known, and layers called on it build a graph that [keras_model()] turns into a
#' model.
#'
#' @param shape Sizes of one sample, without the batch axis: `c(28, 28)`, `list(NULL, 3)` where a size may vary, `NA` meaning the same.
#' @param batch_shape Sizes with the batch axis. Give either this or `shape`.
#' @param name Name of the input layer; `"input_1"`, ... if not given.
#' @param dtype dtype of the input: `"float32"` (default), `"float64"`, `"int32"`, `"int64"`, `"bool"`, `"string"`.
#' @param sparse,ragged Not supported; must be `FALSE`.
#' @param tensor A tensor to wrap instead of making one.
#' @return A KerasTensor.
#' @section Errors: `keratin_error_argument` if sizes are not whole numbers or both shapes are given.
#' @examples
#' input <- layer_input(shape = c(10, 3))
#' output <- input |> layer_conv_1d(4, 3) |> layer_flatten() |> layer_dense(1)
#' keras_model(input, output)
#' @family core layers
#' @export
layer_input <- function(shape = NULL, batch_shape = NULL, name = NULL, dtype = NULL, sparse = FALSE, tensor = NULL, ragged = FALSE) {
  if (isTRUE(sparse) || isTRUE(ragged)) abort_argument("layer_input(): sparse and ragged inputs are not supported; give a dense array")
  if (!is.null(shape) && !is.null(batch_shape)) abort_argument("layer_input(): give `shape` or `batch_shape`, not both")
  if (is_keras_tensor(tensor)) return(tensor)
  if (is_keras_tensor(shape) || is_tensor(shape)) abort_argument("layer_input(): `shape` holds sizes, not a tensor")
  dims <- if (!is.null(tensor)) {
    tensor_shape(tensor)
  } else if (!is.null(batch_shape)) as_dims(batch_shape, "batch_shape") else if (!is.null(shape)) c(NA_integer_, as_dims(shape))
  if (is.null(dims)) abort_argument("layer_input(): `shape` or `batch_shape` must be given")
  if (is.null(dtype) && !is.null(tensor)) dtype <- tensor_dtype(tensor)
  input_tensor(dims, dtype, name)
}

InputLayer <- R6::R6Class("InputLayer", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.engine.input_layer.InputLayer",
    initialize = function(batch_input_shape = NULL, dtype = NULL, name = NULL, sparse = FALSE, ragged = FALSE, input_shape = NULL, batch_size = NULL,
                          ...) {
      if (is.null(name)) name <- unique_name("input", zero_based = FALSE)
      super$initialize(name = name, dtype = dtype, batch_input_shape = batch_input_shape, input_shape = input_shape, batch_size = batch_size)
      self$built <- TRUE
      self$input_dims <- self$batch_input_shape
      output <- new_keras_tensor(self$dtype, self$batch_input_shape, self$name)
      new_node(self, list(), output)
    },
    get_config = function()
      list(batch_input_shape = shape_as_list(self$batch_input_shape), dtype = self$dtype, sparse = FALSE, ragged = FALSE, name = self$name)
  ),
  active = list(   # Keras lists the shapes of this layer: [(None, 4)]
    input_shape = function() list(super$input_shape),
    output_shape = function() list(super$output_shape)
  )
)

input_tensor <- function(dims, dtype = NULL, name = NULL) {
  layer <- InputLayer$new(batch_input_shape = dims, dtype = dtype, name = name)
  new_instance(layer)
  layer$inbound_nodes[[1L]]$outputs
}
