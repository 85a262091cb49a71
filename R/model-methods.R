# Functions on layers and models.

#' Weights of a layer or model
#'
#' @param object A layer or model.
#' @param trainable `NA`: all weights, `TRUE`: those that training changes, `FALSE`: the others.
#' @param weights List of arrays, in the order and of the shapes that `get_weights()` gives.
#' @return `get_weights()`: a list of arrays. `set_weights()`: `object`, invisibly.
#' @section Errors: `keratin_error_shape` if the number of arrays or a shape differs; nothing is changed then.
#' @examples
#' layer <- layer_dense(units = 1, input_shape = 2)
#' model <- keras_model_sequential(list(layer))
#' set_weights(model, list(matrix(c(1, 2)), array(0)))
#' get_weights(model)
#' @family layer methods
#' @export
get_weights <- function(object, trainable = NA) {
  layer <- unwrap(object)
  variables <- if (is.na(trainable)) layer$weights else if (trainable) layer$trainable_weights else layer$non_trainable_weights
  lapply(variables, as.array)
}

#' @rdname get_weights
#' @export
set_weights <- function(object, weights) {
  unwrap(object)$set_weights(weights)
  invisible(object)
}

#' Number of weights
#'
#' @param object A layer or model.
#' @return The total number of scalars in its weights.
#' @examples
#' count_params(keras_model_sequential(input_shape = 3) |> layer_dense(4))
#' @family layer methods
#' @export
count_params <- function(object) {
  if (is.list(object) && !is.object(object)) return(count_weights(object))
  unwrap(object)$count_params()
}

#' Tensors of a layer's calls
#'
#' A layer that was called several times in functional models has several inputs and outputs.
#'
#' @param object A layer.
#' @param node_index Number of the call, from 1.
#' @return Tensors (`get_input_at()`, `get_output_at()`), shapes, or masks.
#' @examples
#' layer <- layer_dense(units = 2)
#' layer(layer_input(shape = 3))
#' get_output_shape_at(layer, 1)
#' @family layer methods
#' @export
get_input_at <- function(object, node_index) unwrap(object)$get_input_at(as_node_index(node_index))
#' @rdname get_input_at
#' @export
get_output_at <- function(object, node_index) unwrap(object)$get_output_at(as_node_index(node_index))
#' @rdname get_input_at
#' @export
get_input_shape_at <- function(object, node_index) unwrap(object)$get_input_shape_at(as_node_index(node_index))
#' @rdname get_input_at
#' @export
get_output_shape_at <- function(object, node_index) unwrap(object)$get_output_shape_at(as_node_index(node_index))
#' @rdname get_input_at
#' @export
get_input_mask_at <- function(object, node_index) unwrap(object)$get_input_mask_at(as_node_index(node_index))
#' @rdname get_input_at
#' @export
get_output_mask_at <- function(object, node_index) unwrap(object)$get_output_mask_at(as_node_index(node_index))

as_node_index <- function(node_index) as_count(node_index, "node_index") - 1L

#' A layer of a model
#'
#' @param object A model.
#' @param name Name of the layer.
#' @param index Position, from 1; negative from the end.
#' @return The layer.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |>
#'   layer_dense(4, name = "hidden") |> layer_dense(1)
#' get_layer(model, "hidden")
#' get_layer(model, index = -1)
#' @family model functions
#' @export
get_layer <- function(object, name = NULL, index = NULL) {
  layers <- model_layers(unwrap(object))
  if (!is.null(index)) {
    if (length(index) != 1L || !is_whole(index) || index == 0 || abs(index) > length(layers))
      abort_argument("get_layer(): the model has ", length(layers), " layers. Received: index = ", received(index))
    return(layers[[if (index < 0) length(layers) + 1L + index else index]]$instance)
  }
  if (is.null(name)) abort_argument("get_layer(): give `name` or `index`")
  names <- vapply(layers, function(layer) layer$name, "")
  found <- match(name, names)
  if (is.na(found)) abort_argument("get_layer(): there is no layer ", dQuote(name, FALSE), "; the layers are ", paste(names, collapse = ", "))
  layers[[found]]$instance
}

#' Remove the last layer of a sequential model
#'
#' @param object A sequential model.
#' @return `object`, invisibly; the model is changed in place.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(4) |> layer_dense(1)
#' pop_layer(model)
#' length(model$layers)
#' @family model functions
#' @export
pop_layer <- function(object) {
  if (!inherits(object, "keras.engine.sequential.Sequential")) abort_argument("pop_layer() takes a sequential model")
  unwrap(object)$pop()
  invisible(object)
}

#' Freeze and unfreeze weights
#'
#' Frozen weights do not change in training; batch normalization layers that are frozen use their moving statistics. Compile the model
#' again afterwards.
#'
#' @param object A layer or model.
#' @param from,to First and last layer (name or position): only these are changed.
#' @param which Names, positions, a logical vector, or a function of a layer that says which layers.
#' @return `object`, invisibly.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(4) |> layer_dense(1)
#' freeze_weights(model, to = 1)
#' length(model$trainable_weights)
#' unfreeze_weights(model)
#' @family model functions
#' @export
freeze_weights <- function(object, from = NULL, to = NULL, which = NULL) {
  set_layers_trainable(object, from, to, which, FALSE)
}

#' @rdname freeze_weights
#' @export
unfreeze_weights <- function(object, from = NULL, to = NULL, which = NULL) {
  model <- unwrap(object)
  model$own_trainable <- TRUE
  structure_changed()
  set_layers_trainable(object, from, to, which, TRUE)
}

set_layers_trainable <- function(object, from, to, which, value) {
  layer <- unwrap(object)
  if (is.null(from) && is.null(to) && is.null(which)) {
    set_trainable(layer, value)
    return(invisible(object))
  }
  layers <- model_layers(layer)
  names <- vapply(layers, function(each) each$name, "")
  position <- function(x, what) {
    if (is.character(x)) {
      found <- match(x, names)
      if (anyNA(found)) abort_argument("`", what, "`: there is no layer ", dQuote(x[is.na(found)][1L], FALSE))
      return(found)
    }
    if (is.numeric(x) && is_whole(x) && all(abs(x) <= length(layers) & x != 0)) return(ifelse(x < 0, length(layers) + 1L + x, x))
    abort_argument("`", what, "` must be names or positions of layers. Received: ", what, " = ", received(x))
  }
  chosen <- if (!is.null(which)) {
    if (is.function(which)) base::which(vapply(layers, function(each) isTRUE(as.logical(which(each$instance))), NA))
    else if (is.logical(which)) base::which(rep_len(which, length(layers)))
    else position(which, "which")
  } else seq(if (is.null(from)) 1L else position(from, "from"), if (is.null(to)) length(layers) else position(to, "to"))
  for (i in chosen) set_trainable(layers[[i]], value)
  invisible(object)
}

#' Forget the session's names
#'
#' Layer names start again from `"dense"`; models that exist are not touched.
#' @return `NULL`, invisibly.
#' @examples
#' k_clear_session()
#' @export
k_clear_session <- function() {
  reset_names()
  layer_state$training <- NULL
  layer_state$learning_phase <- NULL
  layer_state$scope <- character()
  layer_state$depth <- 0L
  layer_state$outermost <- NULL
  layer_state$inferring <- FALSE
  invisible(NULL)
}

#' Copy a model's architecture
#'
#' A model with the same layers and new weights.
#'
#' @param model A functional or sequential model.
#' @param input_tensors Input tensors to build on; new ones if `NULL`.
#' @param clone_function Function of a layer that gives the layer to use instead.
#' @return A model.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(1)
#' copy <- clone_model(model)
#' set_weights(copy, get_weights(model))
#' @family model functions
#' @export
clone_model <- function(model, input_tensors = NULL, clone_function = NULL) {
  original <- unwrap(model)
  if (!inherits(original, "Functional")) abort_argument("clone_model() takes a functional or sequential model")
  copy_layer <- function(layer) {
    if (!is.null(clone_function) && !inherits(layer, "InputLayer")) return(unwrap(clone_function(layer$instance)))
    if (inherits(layer, "Functional")) return(unwrap(clone_model(layer$instance, clone_function = clone_function)))
    entry <- serialize_layer(layer)
    if (inherits(layer, "TFOpLambda")) entry$config$`function` <- layer$symbol   # its calls are repeated as they were made
    generator <- layer_generator(layer)
    with_custom_object_scope(own_classes(layer),
                             unwrap(
                               if (inherits(generator, "R6ClassGenerator")) from_class_config(
                                 generator, entry$config) else deserialize_keras_object(entry)))
  }
  if (inherits(original, "Sequential")) {
    copy <- new_instance(Sequential$new(name = original$name))
    if (!is.null(input_tensors)) unwrap(copy)$add(nest_flatten(input_tensors)[[1L]])
    for (layer in original$network_layers) if (is.null(input_tensors) || !inherits(layer, "InputLayer")) unwrap(copy)$add(copy_layer(layer)$instance)
    return(copy)
  }
  copies <- list()
  values <- list()
  inputs <- if (is.null(input_tensors)) lapply(original$network_inputs, function(x) {
    layer <- copy_layer(.subset2(x, "history")$layer)
    layer$inbound_nodes[[1L]]$outputs
  }) else nest_flatten(input_tensors)
  for (i in seq_along(inputs)) values[[tensor_key(original$network_inputs[[i]])]] <- inputs[[i]]
  look_up <- function(x) if (is_keras_tensor(x)) values[[tensor_key(x)]] else x
  for (nodes in original$network$nodes_by_depth) for (node in nodes) {
    if (is_input_node(node)) next
    id <- layer_key(node$layer)
    if (is.null(copies[[id]])) copies[[id]] <- copy_layer(node$layer)
    outputs <- nest_flatten(do.call(call_layer, c(list(copies[[id]]), nest_map(node$arguments, look_up))))
    made <- nest_flatten(node$outputs)
    for (i in seq_along(made)) values[[tensor_key(made[[i]])]] <- outputs[[i]]
  }
  new_instance(Functional$new(inputs = nest_pack(original$input_structure, inputs), outputs = nest_map(original$output_structure, look_up),
                              name = original$name))
}
