# Configs: layers and models as lists, in Keras's form, and back.

# ---- custom objects

#' Names for your own classes and functions while models are rebuilt
#'
#' @param objects Named list of layer classes, functions, ... that configs may mention.
#' @param expr Expression evaluated while the names are known.
#' @return The value of `expr`.
#' @examples
#' twice <- function(x) 2 * x
#' with_custom_object_scope(list(twice = twice), layer_dense(units = 1, activation = "twice"))
#' @export
with_custom_object_scope <- function(objects, expr) {
  outer <- layer_state$custom_objects
  on.exit(layer_state$custom_objects <- outer)
  layer_state$custom_objects <- c(named_custom_objects(objects), outer)
  expr
}

named_custom_objects <- function(objects) {
  if (is.null(objects)) return(list())
  if (!is.list(objects)) objects <- list(objects)
  names <- names(objects)
  if (is.null(names)) names <- character(length(objects))
  for (i in which(!nzchar(names))) {
    generator <- attr(objects[[i]], "generator")
    names[i] <- if (!is.null(generator)) generator$classname else if (inherits(objects[[i]], "R6ClassGenerator")) objects[[i]]$classname else
      abort_argument("`custom_objects` must be a named list")
  }
  # Layers and models are made through their class, what compile() takes through the function that also wraps it.
  lapply(setNames(objects, names), function(object) {
    if (is.null(attr(object, "generator")) || inherits(object, c("keras_loss_class", "keras_metric_class", "keras_schedule_class"))) {
      object
    } else {
      attr(object, "generator")
    }
  })
}

find_custom_object <- function(name) {
  name <- sub("^.*>", "", name)   # "package>Name"
  layer_state$custom_objects[[name]]
}

# ---- functions: by value, since R functions are values

serialize_function <- function(f) list(module = "r", class_name = "function", config = list(value = f), registered_name = "function")
deserialize_function <- function(x) x$config$value

# ---- objects

serialize_keras_object <- function(x) {
  if (is.null(x)) return(NULL)
  if (is_layer(x) || inherits(x, "Layer")) return(serialize_layer(unwrap(x)))
  if (is_callable(x)) return(serialize_callable(x))
  if (is.function(x)) return(serialize_function(x))
  x
}

# Classes that Keras does not find among its layers: module and registered name.
keras_places <- list(Functional = list("keras.src.engine.functional", "Functional"),
                     CustomScaleLayer = list("keras.src.applications.inception_resnet_v2", "Custom>CustomScaleLayer"))

serialize_layer <- function(layer) {
  custom <- is.null(builtin_class(class(layer)[1L]))
  out <- serialized(if (custom) list(NULL) else layer$keras_module, class(layer)[1L], layer$get_config())
  if (inherits(layer, "TFOpLambda")) out[c("module", "registered_name")] <- list("keras.src.layers.core.tf_op_layer", class(layer)[1L])
  elsewhere <- keras_places[[class(layer)[1L]]]
  if (!is.null(elsewhere)) out[c("module", "registered_name")] <- elsewhere
  if (custom) { out["module"] <- list(NULL); out$registered_name <- class(layer)[1L] }
  dims <- layer$input_dims %||% network_input_dims(layer)
  if (!is.null(dims) && !inherits(layer, "InputLayer")) out$build_config <- list(input_shape = input_shape_as_list(dims))
  out
}

# The shape of a model's input, or a list of the shapes of its inputs.
network_input_dims <- function(layer) {
  dims <- lapply(layer$network_inputs, tensor_shape)
  if (length(dims) == 1L) dims[[1L]] else if (length(dims)) dims
}

# A class of the package by its Keras name.
builtin_class <- function(name) {
  if (!is.character(name) || length(name) != 1L || is.na(name) || !nzchar(name)) return(NULL)
  found <- get0(name, envir = parent.env(environment()), inherits = FALSE)
  if (inherits(found, "R6ClassGenerator") && extends(found, "Layer")) found else NULL
}

deserialize_keras_object <- function(x, custom_objects = NULL) {
  if (length(custom_objects)) return(with_custom_object_scope(custom_objects, deserialize_keras_object(x)))
  if (is.null(x) || is.function(x)) return(x)
  if (!is.list(x) || is.null(x$class_name)) abort_argument("a config has `class_name` and `config`. Received: ", received(x))
  name <- sub("^.*>", "", x$class_name)
  if (name == "function") return(deserialize_function(x))
  generator <- find_custom_object(name)
  if (is.function(generator) && !inherits(generator, "R6ClassGenerator")) return(generator)
  if (is.null(generator)) generator <- builtin_class(name)
  if (is.null(generator)) {
    abort_argument("unknown class ", dQuote(name, FALSE), ': if it is yours, give it in `custom_objects = list("', name, '" = ...)`')
  }
  from_class_config(generator, x$config, x)
}

from_class_config <- function(generator, config, whole = NULL) {
  attr(config, "config_class") <- NULL
  make <- generator$private_methods$from_config %||% generator$public_methods$from_config
  if (extends(generator, "Sequential")) return(sequential_from_config(config))
  if (extends(generator, "Functional")) return(functional_from_config(config))
  if (is.function(make)) return(make(config))
  if (extends(generator, "Model") && !is.null(config$input_layers)) return(functional_from_config(config, generator))
  layer <- do.call(generator$new, config_arguments(generator, config))
  ensure_initialized(layer)
  new_instance(layer)
}

# Sublayers in configs become layers again; fields that constructors do not take are left out.
config_arguments <- function(generator, config) {
  lapply(config, function(value) {
    if (is.list(value) && is.character(value$class_name) && is_layer_class(value$class_name)) deserialize_keras_object(value) else value
  })
}
is_layer_class <- function(name) {
  custom <- find_custom_object(name)
  !is.null(builtin_class(name)) || inherits(custom, "R6ClassGenerator") && extends(custom, "Layer")
}

#' Configuration of a layer or model
#'
#' `get_config()` gives the arguments that make the layer, or the layers and connections of a model, as a list without weights;
#' `from_config()` makes a new one of it.
#'
#' @param object A layer, model, initializer, ... .
#' @param config Value of `get_config()`.
#' @param custom_objects Named list of your own classes and functions that the config mentions.
#' @return A list; a layer or model.
#' @examples
#' layer <- layer_dense(units = 3, activation = "relu")
#' config <- get_config(layer)
#' config$units
#' from_config(config)
#' @family layer methods
#' @export
get_config <- function(object) {
  if (is_callable(object)) {
    config <- callable_field(object, "config")
    attr(config, "config_class") <- serialize_callable(object)[c("module", "class_name")]
    return(config)
  }
  if (is.function(object) && !is_layer(object)) {
    inner <- environment(object)$object
    if (is.null(inner)) abort_argument("get_config() takes a layer or model. Received: ", received(object))
    return(inner$get_config())
  }
  layer <- unwrap(object)
  config <- layer$get_config()
  if (inherits(layer, "Layer")) {
    attr(config, "config_class") <- if (is.null(builtin_class(class(layer)[1L]))) layer_generator(layer) else class(layer)[1L]
  }
  config
}

#' @rdname get_config
#' @export
from_config <- function(config, custom_objects = NULL) {
  origin <- attr(config, "config_class")
  if (is.null(origin)) {
    if (is.list(config) && !is.null(config$class_name)) return(deserialize_keras_object(config, custom_objects))
    if (is.list(config) && !is.null(config$layers)) origin <- if (is.null(config$input_layers)) "Sequential" else "Functional"
    else abort_argument("from_config() takes the value of get_config()")
  }
  with_custom_object_scope(custom_objects, {
    if (inherits(origin, "R6ClassGenerator")) from_class_config(origin, config)
    else if (is.list(origin)) deserialize_callable(list(module = origin$module, class_name = origin$class_name, config = config))
    else deserialize_keras_object(list(class_name = origin, config = config))
  })
}

deserialize_callable <- function(x) {
  attr(x$config, "config_class") <- NULL
  switch(sub("^keras\\.", "", x$module), initializers = get_initializer(x), regularizers = get_regularizer(x), constraints = get_constraint(x),
         abort_argument("unknown class ", dQuote(x$class_name, FALSE)))
}

# The generator that made a layer of a user's class.
layer_generator <- function(layer) {
  generator <- layer$class_generator
  if (is.null(generator)) class(layer)[1L] else generator
}

# ---- models

sequential_config <- function(model) {
  config <- list(name = model$name, layers = lapply(model$network_layers, serialize_layer))
  if (is.null(model$network_inputs) && !is.null(model$input_dims)) config$build_input_shape <- input_shape_as_list(model$input_dims)
  config
}

sequential_from_config <- function(config) {
  model <- new_instance(Sequential$new(name = config$name, trainable = config$trainable))
  for (entry in config$layers) unwrap(model)$add(deserialize_keras_object(entry))
  if (!is.null(config$build_input_shape) && !isTRUE(unwrap(model)$built)) unwrap(model)$build(config$build_input_shape)
  model
}

# Connections of a functional model: for each call of a layer its input tensors as list(layer, node, tensor, other arguments).
network_config <- function(model) {
  numbers <- network_node_numbers(model)
  entry <- function(x) {
    history <- .subset2(x, "history")
    list(history$layer$name, numbers[[history$node$key]], history$tensor_index)
  }
  layers <- lapply(model$network_layers, function(layer) {
    nodes <- Filter(function(node) !is.null(numbers[[node$key]]) && !is_input_node(node), layer$inbound_nodes)
    c(serialize_layer(layer), list(name = layer$name, inbound_nodes = lapply(nodes, node_config, entry = entry)))
  })
  # outputs = list(a = , b = ) go by these names from a file, too. (Keras counts layers in the order of the sorted names: others go without.)
  keys <- if (is_branch(model$output_structure)) names(model$output_structure)
  outputs <- lapply(unname(model$network_outputs), entry)
  if (length(keys) == length(outputs) && identical(keys, sort(keys, method = "radix"))) names(outputs) <- keys
  list(name = model$name, trainable = model$own_trainable, layers = layers, input_layers = lapply(model$network_inputs, entry),
       output_layers = outputs)
}

# Numbers of a model's nodes among those of their layers that belong to the model.
network_node_numbers <- function(model) {
  numbers <- list()
  for (layer in model$network_layers) {
    count <- if (has_own_node(layer)) 1L else 0L
    for (node in layer$inbound_nodes) if (!is.null(model$network$nodes[[node$key]])) { numbers[[node$key]] <- count; count <- count + 1L }
  }
  numbers
}

# In Keras a model with inputs has a first node of its own, between them and its outputs, so its calls count from one.
has_own_node <- function(layer) inherits(layer, "Functional") && !is.null(layer$network_inputs)

node_config <- function(node, entry) {
  if (inherits(node$layer, "TFOpLambda")) return(op_node_config(node, entry))
  others <- node$arguments[-1L]
  others <- lapply(others, function(value) nest_map(value, function(leaf) if (is_keras_tensor(leaf)) entry(leaf) else plain_value(leaf)))
  if (!length(others)) others <- empty_config()
  one <- function(x) if (is_keras_tensor(x)) c(entry(x), list(others)) else list("_CONSTANT_VALUE", -1L, plain_value(x), others)
  first <- node$arguments[[1L]]
  if (is_branch(first)) setNames(lapply(nest_flatten_named(first), one), names(first)) else list(one(first))
}
nest_flatten_named <- function(x) if (is.null(names(x))) nest_flatten(x) else x
plain_value <- function(x) if (is_tensor(x)) as.array(x) else x

functional_from_config <- function(config, generator = Functional) {
  layers <- list()
  for (entry in config$layers) {
    layer <- deserialize_keras_object(entry)
    # a number would be a place in the list
    layers[[if (is.character(entry$name) && length(entry$name) == 1L) entry$name else unwrap(layer)$name]] <- unwrap(layer)
  }
  from_one <- counted_from_one(config, names(Filter(has_own_node, layers)))
  made <- list()   # made[[layer]][[node + 1]]: flat outputs
  for (name in names(layers)) if (inherits(layers[[name]], "InputLayer")) made[[name]] <- list(list(layers[[name]]$inbound_nodes[[1L]]$outputs))
  look_up <- function(reference) {
    outputs <- made[[reference[[1L]]]]
    node <- as.integer(reference[[2L]]) + 1L - if (reference[[1L]] %in% from_one) 1L else 0L
    if (is.na(node) || node < 1L || length(outputs) < node) NULL else outputs[[node]][[as.integer(reference[[3L]]) + 1L]]
  }
  waiting <- list()
  for (entry in config$layers) for (node in entry$inbound_nodes) waiting[[length(waiting) + 1L]] <- list(name = entry$name, node = node)
  while (length(waiting)) {
    left <- list()
    blocked <- character()
    for (job in waiting) {
      arguments <- if (job$name %in% blocked) NULL else node_arguments(job$node, look_up, layers[[job$name]])
      if (is.null(arguments)) { left[[length(left) + 1L]] <- job; blocked <- c(blocked, job$name); next }   # calls of one layer keep their order
      output <- do.call(call_layer, c(list(layers[[job$name]]), arguments))
      made[[job$name]] <- c(made[[job$name]], list(nest_flatten(output)))
    }
    if (length(left) == length(waiting)) abort_argument("the config's connections cannot be resolved: ", paste(unique(blocked), collapse = ", "))
    waiting <- left
  }
  inputs <- lapply(as_references(config$input_layers), look_up)
  outputs <- lapply(as_references(config$output_layers), look_up)
  if (!is.null(names(outputs))) outputs <- outputs[order(names(outputs), method = "radix")]   # the order in which Keras counts layers
  new_instance(generator$new(inputs = if (length(inputs) == 1L) inputs[[1L]] else inputs,
                             outputs = if (length(outputs) == 1L && is.null(names(outputs))) outputs[[1L]] else outputs,
                             name = config$name, trainable = config$trainable))
}

# Models among `names` whose calls the config counts from one: Keras 2 does, Keras 3 does not.
counted_from_one <- function(config, names) {
  from_zero <- character()
  look <- function(x) {
    if (!is.list(x)) return()
    if (is.null(names(x)) && length(x) %in% 3:4 && is.character(x[[1L]]) &&
        is.numeric(x[[2L]])) { if (x[[2L]] == 0) from_zero <<- c(from_zero, x[[1L]]) }
    else lapply(x, look)
  }
  if (length(names)) {
    for (entry in config$layers) look(entry$inbound_nodes)
    look(config$output_layers)
  }
  setdiff(names, from_zero)
}

as_references <- function(x) if (length(x) && is.character(x[[1L]])) list(x) else x

# Arguments of a recorded call, or NULL while a tensor it needs is not there yet.
node_arguments <- function(node, look_up, layer) {
  is_reference <- function(x) is.list(x) && is.null(names(x)) && length(x) %in% 3:4 && is.character(x[[1L]]) && is.numeric(x[[2L]])
  complete <- TRUE
  tensor_of <- function(x) {
    if (identical(x[[1L]], "_CONSTANT_VALUE")) return(x[[3L]])
    found <- look_up(x)
    if (is.null(found)) complete <<- FALSE
    found
  }
  bare <- is_reference(node)
  if (bare) node <- list(node)
  inputs <- lapply(node, tensor_of)
  others <- node[[1L]][4L][[1L]]
  resolve <- function(x) {
    if (is_reference(x) && length(x) == 3L && nzchar(x[[1L]]) && !is.null(look_up(x))) return(look_up(x))
    if (is_reference(x) && length(x) == 3L) { complete <<- FALSE; return(NULL) }
    if (is_branch(x)) lapply(x, resolve) else x
  }
  others <- lapply(others, resolve)
  if (!complete) return(NULL)
  if (inherits(layer, "TFOpLambda")) {
    return(c(list(constant_array(if (bare) inputs[[1L]] else inputs)), tf_arguments(others, inherits(layer, "SlicingOpLambda"))))
  }
  single <- length(inputs) == 1L && is.null(names(inputs)) && !isTRUE(layer$takes_list)
  c(list(if (single) inputs[[1L]] else inputs), others)
}
