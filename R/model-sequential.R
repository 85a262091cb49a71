# Sequential models: layers in a row. With a known input shape the graph exists from the start, otherwise from the first call on.

Sequential <- R6::R6Class("Sequential", inherit = Functional, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.engine.sequential.Sequential", "keras.engine.functional.Functional", "keras.engine.training.Model"),
    initialize = function(layers = NULL, name = NULL, trainable = NULL, ...) {
      init_model(self, name = name, trainable = trainable, ...)
      self$network_layers <- list()
      for (layer in layers) self$add(layer)
    },
    build = function(input_shape) {
      if (is.null(self$network_inputs)) grow_from(self, as_input_dims(input_shape))
      self$built <- TRUE
    },
    call = function(inputs, training = NULL, mask = NULL) if (self$runs_graph) run_network(self, inputs, mask) else run_sequence(self, inputs, mask),
    infer = function(arguments) if (!is.null(self$network_inputs)) infer_network(self, arguments),
    add = function(layer) sequential_add(self, layer),
    pop = function() sequential_pop(self),
    get_config = function() sequential_config(self)
  )
)

sequential_add <- function(model, layer) {
  if (is_keras_tensor(layer)) layer <- .subset2(layer, "history")$layer
  if (is.function(layer) && !is_layer(layer)) layer <- layer_lambda(f = layer)
  layer <- unwrap(layer)
  if (!inherits(layer, "Layer")) abort_argument("a layer is wanted here. Received an object of class ", class(layer)[1L])
  if (layer$name %in% vapply(model$network_layers, function(other) other$name, ""))
    abort_argument('layer names of a model must differ; model "', model$name, '" already has a layer "', layer$name, '"')
  if (is.null(layer$instance)) new_instance(layer)
  if (!length(model$network_layers)) {
    start <- sequence_start(layer)
    if (inherits(layer, "InputLayer")) start_sequence(model, layer)
    else if (!is.null(start)) {
      start_sequence(model, InputLayer$new(batch_input_shape = start$shape, dtype = start$dtype, name = paste0(layer$name, "_input")))
      extend_sequence(model, layer)
    } else model$network_layers <- list(layer)
  } else if (!is.null(model$network_inputs)) extend_sequence(model, layer)
  else model$network_layers <- c(model$network_layers, list(layer))
  invisible(model$instance)
}

# Shape with which a first layer starts the graph, if it says one.
sequence_start <- function(layer) {
  if (!is.null(layer$batch_input_shape)) {
    return(list(shape = layer$batch_input_shape, dtype = if (is.null(layer$input_dtype)) layer$dtype else layer$input_dtype))
  }
  if (inherits(layer, "Functional") && length(layer$network_inputs) == 1L) return(.subset2(layer$network_inputs[[1L]], "type"))
  NULL
}

start_sequence <- function(model, input_layer) {
  if (is.null(input_layer$instance)) new_instance(input_layer)
  x <- input_layer$inbound_nodes[[1L]]$outputs
  model$network_layers <- list(input_layer)
  model$network_inputs <- list(x)
  model$input_structure <- x
  end_sequence(model, x)
}

extend_sequence <- function(model, layer) {
  output <- call_layer(layer, model$output_structure)
  if (is_branch(output)) {
    abort_argument('layer "', layer$name, '" gives ', length(output), " outputs; all layers of a sequential model must give one. Use keras_model()")
  }
  model$network_layers <- c(model$network_layers, list(layer))
  end_sequence(model, output)
}

end_sequence <- function(model, output) {
  model$network_outputs <- list(output)
  model$output_structure <- output
  model$network <- NULL
  model$built <- TRUE
  drop_programs(model)
}

# The graph of a model whose input shape was not said, from the first input's.
grow_from <- function(model, dims) {
  if (is.list(dims)) {
    if (length(dims) != 1L) abort_shape("a sequential model takes one input, ", length(dims), " given")
    dims <- dims[[1L]]
  }
  if (length(dims)) dims[1L] <- NA_integer_
  layers <- model$network_layers
  if (!length(layers)) abort_argument('model "', model$name, '" has no layers')
  dtype <- if (is.null(layers[[1L]]$input_dtype)) layers[[1L]]$dtype else layers[[1L]]$input_dtype
  complete <- FALSE
  on.exit(if (!complete) { model$network_layers <- layers; model$network_inputs <- NULL; model$input_structure <- NULL; model$built <- FALSE })
  start_sequence(model, InputLayer$new(batch_input_shape = dims, dtype = dtype, name = paste0(layers[[1L]]$name, "_input")))
  for (layer in layers) extend_sequence(model, layer)
  complete <- TRUE
  invisible(model)
}

sequential_pop <- function(model) {
  layers <- model$network_layers
  if (!length(model_layers(model))) abort_argument('model "', model$name, '" has no layer to remove')
  layers <- layers[-length(layers)]
  model$network_layers <- layers
  if (is.null(model$network_inputs)) return(invisible())
  if (length(layers) <= 1L) {   # only the input layer is left
    model$network_layers <- list()
    model$network_inputs <- model$network_outputs <- model$input_structure <- model$output_structure <- NULL
    model$built <- FALSE
  } else {
    nodes <- layers[[length(layers)]]$inbound_nodes
    end_sequence(model, nodes[[length(nodes)]]$outputs)
  }
  invisible()
}

run_sequence <- function(model, inputs, mask = NULL) {
  x <- order_inputs(model, inputs)[[1L]]
  x <- conform(x, model$network_inputs[[1L]], 1L, 1L)
  if (is_tensor(mask)) x <- set_mask(x, mask)
  for (layer in model_layers(model)) x <- call_layer(layer, x)
  x
}

#' Sequential model
#'
#' Layers in a row, each fed by the one before. Layers are added with `%>%` or `|>`; the model is changed in place.
#'
#' @param layers List of layers to start with.
#' @param name Name of the model.
#' @param ... `input_shape` (one sample's sizes), `batch_input_shape`, `batch_size`, `dtype`: adds an input layer.
#' @return A model.
#' @examples
#' model <- keras_model_sequential(input_shape = 10) |>
#'   layer_dense(16, activation = "relu") |>
#'   layer_dense(1)
#' model
#' @family model functions
#' @export
keras_model_sequential <- function(layers = NULL, name = NULL, ...) {
  if (is_layer(layers)) layers <- list(layers)
  model <- new_instance(Sequential$new(name = name))
  start <- list(...)
  if (length(start)) {
    names(start)[names(start) == "shape"] <- "input_shape"
    names(start)[names(start) == "batch_shape"] <- "batch_input_shape"
    unwrap(model)$add(new_instance(do.call(InputLayer$new, start)))
  }
  for (layer in layers) unwrap(model)$add(layer)
  model
}
