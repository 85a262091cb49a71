# Weights and losses of layers. Sublayers and variables are found where they are kept: in fields and in (nested) lists in fields, in the
# order the fields were made, as in Keras.

is_metric <- function(x) inherits(x, "keras.metrics.base_metric.Metric")

# Names that every layer has; what else is in a layer's environment may be a sublayer.
base_member_names <- function(generator) {
  names <- c(".__enclos_env__", "super", "private", "self", "initialize")
  while (!is.null(generator)) {
    names <- c(names, names(generator$public_methods), names(generator$public_fields), names(generator$active))
    generator <- generator$get_inherit()
  }
  unique(names)
}

# The fields that are the layer's own and can hold a layer, variable or metric (environments, functions, lists), oldest first (an R6
# object's environment is a list whose newest binding is in front).
layer_fields <- function(layer) {
  if (is.null(layer_state$base_names)) {
    names <- base_member_names(Sequential)
    layer_state$base_names <- list2env(setNames(rep(list(TRUE), length(names)), names), parent = emptyenv())
  }
  fields_of(layer, layer_state$base_names)
}

# Layers (R6 objects), variables and metrics held directly by a layer, in order.
tracked <- function(layer) {
  found <- list()
  look <- function(value) {
    if (is_metric(value)) found[[length(found) + 1L]] <<- value
    else if (is.function(value)) {
      if (is_layer(value)) found[[length(found) + 1L]] <<- unwrap(value)
    } else if (is.list(value) && !is.object(value)) for (item in value) look(item)
    else if (is.environment(value) && (is_variable(value) || inherits(value, "Layer"))) found[[length(found) + 1L]] <<- value
  }
  if (!is.null(layer$network_layers)) for (sublayer in layer$network_layers) look(sublayer)
  for (value in layer_fields(layer)) look(value)
  unique_values(found)
}
sublayers <- function(layer) Filter(function(x) inherits(x, "Layer"), tracked(layer))
attached_metrics <- function(layer) Filter(is_metric, tracked(layer))

# The layer and all layers in it, outermost first.
flatten_layers <- function(layer, include_self = TRUE) {
  all <- c(if (include_self) list(layer), unlist(lapply(sublayers(layer), flatten_layers), recursive = FALSE))
  all[!duplicated(all)]
}

# Users' classes in a layer, such as that of its cell, by name: a copy by config needs them.
own_classes <- function(layer) {
  generators <- drop_null(lapply(flatten_layers(unwrap(layer)), function(one) one$class_generator))
  setNames(generators, vapply(generators, function(generator) generator$classname, ""))
}

own_variables <- function(layer) {
  fields <- layer_fields(layer)
  unique_values(c(layer$own_weights, unname(fields[vapply(fields, is_variable, NA)])))
}
# By identity: duplicated() takes two closures with the same body for one.
unique_values <- function(x) x[!duplicated(lapply(x, function(value) if (is.function(value)) unwrap(value) else value))]
variable_trainable <- function(variable) isTRUE(variable$trainable)

# A model lists its weights layer by layer, a layer the trainable ones first.
layer_weights <- function(layer) {
  if (is.null(layer$network_layers) && !inherits(layer, "Model")) {
    return(unique_values(c(layer_trainable_weights(layer), layer_non_trainable_weights(layer))))
  }
  unique_values(c(unlist(lapply(sublayers(layer), layer_weights), recursive = FALSE), own_variables(layer)))
}
layer_trainable_weights <- function(layer) {
  if (!layer$own_trainable) return(list())
  own <- Filter(variable_trainable, own_variables(layer))
  below <- unlist(lapply(sublayers(layer), layer_trainable_weights), recursive = FALSE)
  unique_values(if (inherits(layer, "Model")) c(below, own) else c(own, below))
}
layer_non_trainable_weights <- function(layer) {
  own <- own_variables(layer)
  trainable <- vapply(own, variable_trainable, NA)
  layers <- sublayers(layer)
  below <- unlist(lapply(layers, if (layer$own_trainable) layer_non_trainable_weights else layer_weights), recursive = FALSE)
  if (layer$own_trainable) own <- own[!trainable] else own <- c(own[trainable], own[!trainable])
  unique_values(if (inherits(layer, "Model")) c(below, own) else c(own, below))
}

set_trainable <- function(layer, value) {
  value <- as_flag(value, "trainable")
  for (each in flatten_layers(layer)) each$own_trainable <- value
  structure_changed()
  invisible(layer)
}

layer_add_weight <- function(layer, name, shape, dtype, initializer, regularizer, trainable, constraint) {
  ensure_initialized(layer)
  dtype <- if (is.null(dtype)) layer$dtype else as_dtype(dtype)
  dims <- as_dims(shape)
  if (anyNA(dims)) {
    abort_shape("weight `", if (is.null(name)) "unnamed" else name, "` would have the shape ", format_shape(dims),
                ": all sizes must be known to make it")
  }
  initializer <- get_initializer(if (is.null(initializer)) { if (startsWith(dtype, "float")) "glorot_uniform" else "zeros" } else initializer)
  scope <- layer_state$scope
  if (is.null(name)) name <- "Variable"
  full_name <- paste0(paste(c(if (length(scope)) scope else layer$name, name), collapse = "/"), ":0")
  trainable <- is.null(trainable) || as_flag(trainable, "trainable")
  value <- outside_traces(initial_value(initializer, dims, dtype))
  variable <- new_variable(value, name = full_name, trainable = trainable, dtype = dtype)
  constraint <- get_constraint(constraint)
  if (!is.null(constraint)) variable$constraint <- constraint
  layer$own_weights <- c(layer$own_weights, list(variable))
  structure_changed()
  regularizer <- get_regularizer(regularizer)
  if (!is.null(regularizer)) layer$weight_losses <- c(layer$weight_losses, list(list(variable = variable, regularizer = regularizer)))
  variable
}

# How weights begin, what they cost and where they must lie: the arguments `<weight>_initializer`, `_regularizer` and `_constraint` of the
# initialize() that calls.
keep_weight_rules <- function(layer, weights, frame = parent.frame()) {
  read <- list(initializer = get_initializer, regularizer = get_regularizer, constraint = get_constraint)
  for (weight in weights) for (rule in names(read)) {
    argument <- paste0(weight, "_", rule)
    assign(argument, read[[rule]](get(argument, envir = frame)), envir = layer)
  }
}

# A variable's first value cannot wait for the end of a trace.
outside_traces <- function(code) {
  if (!trace_is_on()) return(code)
  program_run(trace_program(function(inputs) code, list()), list())
}

layer_count_params <- function(layer) {
  if (!isTRUE(layer$built) && inherits(layer, "Model"))
    abort_argument('model "', layer$name, '" has no weights yet: give the first layer `input_shape`, or call the model on data first')
  count_weights(layer$weights)
}
count_weights <- function(weights) {
  total <- sum(vapply(weights, function(v) prod(tensor_shape(v)), 0))
  if (total <= .Machine$integer.max) as.integer(total) else total
}

# `at_once`: also within a trace, which otherwise assigns when its program has run.
layer_set_weights <- function(layer, weights, at_once = FALSE) {
  variables <- layer$weights
  if (!is.list(weights)) weights <- list(weights)
  if (length(weights) != length(variables))
    abort("shape", data = list(layer = layer$name), 'layer "', layer$name, '" has ', length(variables), " weight", if (length(variables) != 1L) "s",
          ", the list holds ", length(weights))
  for (i in seq_along(variables)) {
    given <- value_dims(weights[[i]])
    wanted <- tensor_shape(variables[[i]])
    if (is_open(variables[[i]]) && length(given) == length(wanted) && given[1L] == wanted[1L]) next
    if (!identical(given, wanted) && !(prod(wanted) == 1 && length(weights[[i]]) == 1L && length(wanted) <= 1L))
      abort("shape", data = list(layer = layer$name), 'layer "', layer$name, '": weight ', i, " (", variables[[i]]$name, ") has shape ",
            format_shape(wanted), ", the value given has ", format_shape(given))
  }
  for (i in seq_along(variables)) {
    value <- weights[[i]]
    if (is.numeric(value) && length(tensor_shape(variables[[i]])) == 1L && is.null(dim(value))) dim(value) <- length(value)
    if (is.numeric(value) && !length(tensor_shape(variables[[i]]))) value <- as.vector(value)
    if (is_open(variables[[i]])) { variable_resize(variables[[i]], value); next }
    if (at_once) variable_replace(variables[[i]], value) else variable_assign(variables[[i]], value)
  }
  invisible(layer)
}
variable_replace <- function(variable, value) {
  dtype <- tensor_dtype(variable)
  variable$memory <- variable_memory(tensor(value, dtype), dtype)
  variable$pointer <- NULL
}
value_dims <- function(x) if (is.atomic(x)) { if (is.null(dim(x))) length(x) else as.integer(dim(x)) } else tensor_shape(x)

# ---- losses and metrics

layer_add_loss <- function(layer, losses) {
  if (layer_state$inferring) return(invisible())
  losses <- if (is_branch(losses)) losses else list(losses)
  symbolic <- vapply(losses, is_keras_tensor, NA)
  if (any(symbolic)) layer_add_symbolic_loss(layer, losses[symbolic])
  for (loss in losses[!symbolic])
    if (is.function(loss)) layer$weight_losses <- c(layer$weight_losses, list(loss)) else add_call_loss(layer, loss)
  invisible()
}

# Losses last until the next outermost call. Walking through all layers to drop them is left to models that have some: the outermost layer
# remembers that it has, and a layer's losses of an earlier call give way to those of this one.
add_call_loss <- function(layer, loss) {
  layer$call_losses <- c(if (identical(layer$losses_of_call, layer_state$calls)) layer$call_losses, list(loss))
  layer$losses_of_call <- layer_state$calls
  layer$holds_losses <- TRUE
  if (!is.null(layer_state$outermost)) layer_state$outermost$holds_losses <- TRUE
}

# Of the layer and those in it: what its latest call added, then the regularizers of its weights.
layer_losses <- function(layer) {
  one <- function(layer)
    c(layer$call_losses, lapply(layer$weight_losses, function(loss) if (is.function(loss)) loss() else loss$regularizer(loss$variable)))
  unlist(lapply(flatten_layers(layer), one), recursive = FALSE)
}
begin_losses <- function(layer) {
  layer_state$calls <- layer_state$calls + 1
  layer_state$outermost <- layer
  if (!isTRUE(layer$holds_losses)) return()
  for (each in flatten_layers(layer)) each$call_losses <- NULL
  layer$holds_losses <- FALSE
}

layer_metrics <- function(layer) {
  one <- function(layer) c(layer$own_metrics, attached_metrics(layer))
  unique_values(unlist(lapply(flatten_layers(layer), one), recursive = FALSE))
}

layer_add_metric <- function(layer, value, name) {
  if (layer_state$inferring) return(invisible())
  if (is_keras_tensor(value)) return(extend_network(layer, AddMetric$new(metric_name = name), value))
  known <- Filter(function(metric) identical(metric$name, name), layer$own_metrics)
  metric <- if (length(known)) known[[1L]] else {
    metric <- metric_mean(name = name)
    layer$own_metrics <- c(layer$own_metrics, list(metric))
    structure_changed()
    metric
  }
  metric$update_state(value)
  invisible()
}
