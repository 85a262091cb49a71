# Functional models: a graph of layers between inputs and outputs.

Functional <- R6::R6Class("Functional", inherit = Model, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.engine.functional.Functional", "keras.engine.training.Model"),
    initialize = function(inputs, outputs, name = NULL, trainable = NULL, ...) {
      super$initialize(name = if (is.null(name)) unique_name("model") else name, trainable = trainable, ...)
      init_network(self, inputs, outputs)
    },
    build = function(input_shape) self$built <- TRUE,
    call = function(inputs, training = NULL, mask = NULL) run_network(self, inputs, mask),
    infer = function(arguments) infer_network(self, arguments),
    get_config = function() network_config(self)
  ),
  active = list(
    inputs = function() self$network_inputs,
    outputs = function() self$network_outputs,
    input = function() if (is.null(self$input_structure)) NULL else self$input_structure,
    output = function() if (is.null(self$output_structure)) NULL else self$output_structure,
    input_shape = function() if (!is.null(self$input_structure)) nest_map(self$input_structure, function(x) shape_as_list(tensor_shape(x))),
    output_shape = function() if (!is.null(self$output_structure)) nest_map(self$output_structure, function(x) shape_as_list(tensor_shape(x))),
    input_names = function() vapply(self$network_inputs, function(x) .subset2(x, "history")$layer$name, ""),
    output_names = function() network_output_names(self)
  )
)

init_network <- function(model, inputs, outputs) {
  flat_inputs <- nest_flatten(inputs)
  flat_outputs <- nest_flatten(outputs)
  for (x in flat_inputs) if (!is_keras_tensor(x)) abort_argument("keras_model(): `inputs` must come from layer_input(). Received: ", received(x))
  for (x in flat_outputs) if (!is_keras_tensor(x)) abort_argument("keras_model(): `outputs` must be outputs of layers. Received: ", received(x))
  if (anyDuplicated(flat_inputs)) abort_argument("keras_model(): an input is given twice")
  if (!all(vapply(flat_inputs, is_input_tensor, NA))) {
    cut <- cut_at_inputs(flat_inputs, flat_outputs)
    inputs <- nest_pack(inputs, cut$inputs)
    outputs <- nest_pack(outputs, cut$outputs)
    flat_inputs <- cut$inputs
    flat_outputs <- cut$outputs
  }
  model$input_structure <- inputs
  model$output_structure <- outputs
  model$network_inputs <- flat_inputs
  model$network_outputs <- flat_outputs
  network <- map_network(flat_inputs, flat_outputs)
  check_connected(model, network, flat_inputs)
  model$network <- network
  model$network_layers <- network$layers
  model$built <- TRUE
  invisible(model)
}

# Keras mixes Functional into a subclass of Model when inputs and outputs are given: what the class does not define itself becomes that
# of functional models.
become_functional <- function(model, ends, name, trainable) {
  init_layer(model, name = if (is.null(name)) unique_name(snake_case(class(model)[1L])) else name, trainable = trainable)
  for (method in setdiff(names(Functional$public_methods), "initialize")) {
    if (defines_below_model(model$class_generator, method)) next
    rm(list = intersect(method, ls(model)), envir = model)   # methods are locked
    assign(method, bind_to(Functional$public_methods[[method]], model), envir = model)
  }
  for (field in names(Functional$active)) {
    rm(list = intersect(field, ls(model)), envir = model)
    makeActiveBinding(field, bind_to(Functional$active[[field]], model), model)
  }
  model$keras_class <- Functional$public_fields$keras_class
  class(model) <- append(class(model), "Functional", after = match("Model", class(model)) - 1L)
  do.call(init_network, c(list(model), ends))
}
bind_to <- function(method, model) {
  environment(method) <- list2env(list(self = model), parent = topenv())
  method
}
defines_below_model <- function(generator, method) {
  while (!is.null(generator) && !identical(generator$classname, "Model")) {
    if (method %in% c(names(generator$public_methods), names(generator$active))) return(TRUE)
    generator <- generator$get_inherit()
  }
  FALSE
}

is_input_tensor <- function(x) inherits(.subset2(x, "history")$layer, "InputLayer")

# A model between inner tensors: their place is taken by new inputs, and the layers on the way are called again.
cut_at_inputs <- function(inputs, outputs) {
  fresh <- new.env(hash = TRUE, parent = emptyenv())
  new_inputs <- lapply(inputs, function(x) {
    stand_in <- if (is_input_tensor(x)) x else input_tensor(tensor_shape(x), tensor_dtype(x))
    fresh[[tensor_key(x)]] <- stand_in
    stand_in
  })
  for (node in walk_back(outputs)$nodes) {
    if (is_input_node(node)) next
    known <- vapply(node$inputs, function(x) !is.null(fresh[[tensor_key(x)]]), NA)
    flat <- nest_flatten(node$outputs)
    if (!any(known) || all(vapply(flat, function(x) !is.null(fresh[[tensor_key(x)]]), NA))) next
    swap <- function(x) { if (!is_keras_tensor(x)) return(x); new <- fresh[[tensor_key(x)]]; if (is.null(new)) x else new }
    copies <- nest_map(node$outputs, function(x) new_keras_tensor(tensor_dtype(x), tensor_shape(x), x$name))
    new_node(node$layer, nest_map(node$arguments, swap), copies)
    copied <- nest_flatten(copies)
    for (i in seq_along(flat)) fresh[[tensor_key(flat[[i]])]] <- copied[[i]]
  }
  new_outputs <- lapply(outputs, function(x) { new <- fresh[[tensor_key(x)]]; if (is.null(new)) x else new })
  list(inputs = new_inputs, outputs = new_outputs)
}

# Every tensor a layer needs must come from the inputs.
check_connected <- function(model, network, inputs) {
  given <- vapply(inputs, tensor_key, "")
  for (nodes in network$nodes_by_depth) for (node in nodes) {
    if (is_input_node(node) && !all(vapply(nest_flatten(node$outputs), tensor_key, "") %in% given))
      abort_argument('model "', model$name, '": the graph is disconnected, the outputs need the input "', node$layer$name,
                     '", which is not among `inputs`')
  }
}

tensor_key <- function(x) {
  history <- .subset2(x, "history")
  paste0(history$node$key, ".", history$tensor_index)
}

network_output_names <- function(model) {
  names <- vapply(model$network_outputs, function(x) .subset2(x, "history")$layer$name, "")
  for (i in seq_along(names)) {   # a layer that gives two outputs, or is used twice
    base <- names[i]
    count <- 0L
    while (names[i] %in% names[seq_len(i - 1L)]) { count <- count + 1L; names[i] <- paste0(base, "_", count) }
  }
  names
}

# ---- running

run_network <- function(model, inputs, mask = NULL) {
  values <- new.env(hash = TRUE, parent = emptyenv())
  flat <- order_inputs(model, inputs)
  masks <- if (!is.null(mask)) nest_flatten(if (is_branch(mask)) lapply(mask, function(m) if (is.null(m)) NA else m) else list(mask))
  references <- model$network_inputs
  for (i in seq_along(references)) {
    value <- conform(flat[[i]], references[[i]], i, length(references))
    if (is_tensor(masks[[i]])) value <- set_mask(value, masks[[i]])
    values[[tensor_key(references[[i]])]] <- value
  }
  look_up <- function(x) if (is_keras_tensor(x)) values[[tensor_key(x)]] else x
  for (nodes in model$network$nodes_by_depth) for (node in nodes) {
    if (is_input_node(node)) next
    arguments <- nest_map(node$arguments, look_up)
    outputs <- if (length(arguments) == 1L) call_layer(node$layer, arguments[[1L]]) else do.call(call_layer, c(list(node$layer), arguments))
    made <- nest_flatten(node$outputs)
    if (length(made) == 1L) values[[tensor_key(made[[1L]])]] <- if (is_branch(outputs)) nest_flatten(outputs)[[1L]] else outputs
    else {
      outputs <- nest_flatten(outputs)
      for (i in seq_along(made)) values[[tensor_key(made[[i]])]] <- outputs[[i]]
    }
  }
  nest_map(model$output_structure, look_up)
}

# Inputs as a flat list in the model's order; named lists go by name.
order_inputs <- function(model, inputs) {
  wanted <- length(model$network_inputs)
  if (is_branch(inputs) && !is.null(names(inputs)) && all(nzchar(names(inputs)))) {
    known <- if (is_branch(model$input_structure) && !is.null(names(model$input_structure)) && all(names(model$input_structure) %in% names(inputs))) {
      names(model$input_structure)
    } else {
      model$input_names
    }
    if (all(known %in% names(inputs))) return(nest_flatten(unname(inputs[known])))
  }
  flat <- nest_flatten(inputs)
  if (length(flat) != wanted) {
    abort_shape("the model takes ", wanted, " input", if (wanted != 1L) "s", " (", paste(model$input_names, collapse = ", "), "), ", length(flat),
                " given")
  }
  flat
}

# An input in the dtype and rank the model was made for; an axis of one is added or dropped at the end.
conform <- function(x, reference, position, count) {
  type <- .subset2(reference, "type")
  from <- x
  dtype <- tensor_dtype(x)
  if (dtype != type$dtype) x <- op_cast(x, type$dtype)
  dims <- tensor_shape(x)
  wanted <- type$shape
  if (length(dims) != length(wanted)) {
    if (length(dims) == length(wanted) + 1L && identical(dims[length(dims)], 1L)) x <- op_squeeze(x, -1L)
    else if (length(dims) + 1L == length(wanted) && identical(wanted[length(wanted)], 1L)) x <- op_expand_dims(x, -1L)
    dims <- tensor_shape(x)
  }
  which <- if (count > 1L) paste0("input ", position) else "the input"
  if (length(dims) != length(wanted) || any(dims != wanted, na.rm = TRUE))
    abort_shape(which, " has shape ", format_shape(dims), ", the model takes ", format_shape(wanted))
  if (identical(x, from)) x else keep_mask(x, from)
}

# Called on the shapes it was made for, a model gives the shapes it was made with: no need to walk through its layers.
infer_network <- function(model, arguments) {
  inputs <- nest_flatten(arguments[[1L]])
  references <- model$network_inputs
  if (length(inputs) != length(references) || !is.null(arguments[["mask"]]) || !all(vapply(inputs, is_keras_tensor, NA)) ||
      !all(vapply(lapply(inputs, get_mask), is.null, NA))) return(NULL)
  same <- all(mapply(function(x, reference) identical(.subset2(x, "type"), .subset2(reference, "type")), inputs, references))
  if (!same) return(NULL)
  type_of <- function(x) structure(list(dtype = tensor_dtype(x), dims = tensor_shape(x)), class = "keratin_type")
  nest_map(model$output_structure, function(x) {
    type <- type_of(x)
    type$mask <- if (!is.null(get_mask(x))) type_of(get_mask(x))
    type
  })
}

#' Functional model
#'
#' A model from input tensors to output tensors: any graph of layers, with several inputs and outputs, shared layers and models within
#' models.
#'
#' @param inputs Input tensor, or list of them, from [layer_input()].
#' @param outputs Output tensor, or list of them.
#' @param ... `name`, `trainable`.
#' @return A model.
#' @section Errors: `keratin_error_argument` if an output cannot be computed from the inputs or two layers have the same name.
#' @examples
#' input <- layer_input(shape = 10)
#' a <- input |> layer_dense(4, activation = "relu")
#' b <- input |> layer_dense(4, activation = "tanh")
#' output <- layer_concatenate(list(a, b)) |> layer_dense(1)
#' model <- keras_model(input, output)
#' model
#' @family model functions
#' @export
keras_model <- function(inputs, outputs = NULL, ...) {
  force(inputs)  # first: keras_model(x <- layer_input(3), x %>% ...)
  if (is.null(outputs)) abort_argument("keras_model(): `outputs` is missing")
  new_instance(Functional$new(inputs = inputs, outputs = outputs, ...))
}
