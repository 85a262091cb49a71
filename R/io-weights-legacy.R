# The layout of Keras's .h5 weight files: a group per layer, its weights listed by name, the trainable ones first.

# R6 layers whose weights are saved, in order.
stored_layers <- function(model) if (inherits(model, "Model")) model_layers(model) else list(model)
stored_weights <- function(layer) unique_values(c(layer_trainable_weights(layer), layer_non_trainable_weights(layer)))

# What a layer's group holds, by name; names of weights that happen to be equal are numbered.
stored_names <- function(variables) {
  names <- vapply(variables, function(v) v$name, "")
  while (anyDuplicated(names)) {
    twice <- duplicated(names)
    names[twice] <- paste0(sub(":0$", "", names[twice]), "_", seq_len(sum(twice)), ":0")
  }
  names
}

check_has_weights <- function(model) {
  if (!isTRUE(model$built) && !length(model$weights))
    abort_argument('model "', model$name, '" has no weights yet: give the first layer `input_shape`, or call the model on data first')
}

write_legacy_weights <- function(group, model) {
  layers <- stored_layers(model)
  write_name_list(group, "layer_names", vapply(layers, function(layer) layer$name, ""))
  write_text_attribute(group, "backend", "tensorflow")
  write_text_attribute(group, "keras_version", "2.15.0")
  write_weight_group(group, "top_level_model_weights", if (inherits(model, "Model")) own_variables(model) else list())
  for (layer in layers) write_weight_group(group, layer$name, stored_weights(layer))
}

write_weight_group <- function(group, name, variables, own = TRUE) {
  into <- hdf5_make_group(group, name)
  names <- stored_names(variables)
  write_name_list(into, "weight_names", names)
  for (i in seq_along(variables)) write_variable(into, names[i], variables[[i]])
}

# ---- reading: everything is checked and read before the first weight changes

# One weight that will be read: from the dataset (or the entry of a checkpoint), into the variable.
planned <- function(variable, dataset, what, reshape = FALSE) {
  in_checkpoint <- inherits(dataset, "bundle_entry")
  dataset <- if (in_checkpoint) check_bundle_entry(dataset, what) else check_dataset(dataset, what)
  wanted <- tensor_shape(variable)
  found <- if (in_checkpoint) dataset$sizes else hdf5_sizes(dataset)
  if (is_open(variable) && length(found) == 2L) wanted[2L] <- found[2L]
  fits <- if (isTRUE(reshape)) prod(wanted) == prod(found) else length(wanted) == length(found) && all(wanted == found)
  list(variable = variable, dataset = dataset, fits = fits, what = what, found = found, wanted = wanted)
}

shape_mismatch <- function(plan)
  abort_file(plan$what, ": the weight ", plan$variable$name, " of the model has shape ", format_shape(tensor_shape(plan$variable)),
             ", the file has ", format_shape(plan$found))

# Reads what was planned, then assigns it.
carry_out <- function(plans) {
  values <- lapply(plans, function(plan) {
    read <- if (inherits(plan$dataset, "bundle_entry")) bundle_tensor else hdf5_tensor
    read(plan$dataset, plan$wanted, tensor_dtype(plan$variable))
  })
  variables <- lapply(plans, `[[`, "variable")
  suspendInterrupts(
    for (i in seq_along(values)) if (is_open(variables[[i]])) variable_resize(
      variables[[i]], values[[i]]) else variable_assign(variables[[i]], values[[i]]))
  invisible(length(values))
}

plan_legacy_weights <- function(group, model, by_name = FALSE, skip_mismatch = FALSE, reshape = FALSE) {
  names <- hdf5_name_list(group, "layer_names")
  if (is.null(names)) abort_file("the file holds no weights of Keras: the attribute `layer_names` is missing")
  layers <- stored_layers(model)
  stored <- lapply(names, function(name) {
    layer_group <- hdf5_member(group, name)
    if (!is_hdf5_group(layer_group)) abort_file("the layer \"", name, "\" is listed in the file, but is not there")
    list(name = name, group = layer_group, weights = hdf5_name_list(layer_group, "weight_names"))
  })
  pairs <- if (by_name) pairs_by_name(layers, stored) else pairs_by_order(layers, stored)
  plans <- list()
  for (pair in pairs) plans <- c(plans, plan_layer(pair$layer$name, stored_weights(pair$layer), pair$stored, skip_mismatch, reshape))
  top <- hdf5_member(group, "top_level_model_weights")
  top_names <- if (is_hdf5_group(top)) hdf5_name_list(top, "weight_names")
  own <- if (inherits(model, "Model")) own_variables(model)
  if (length(top_names) && length(own))
    plans <- c(plans, plan_layer(model$name, own, list(name = "top_level_model_weights", group = top, weights = top_names), skip_mismatch, reshape))
  plans
}

pairs_by_name <- function(layers, stored) {
  pairs <- list()
  for (entry in stored) {
    for (layer in layers) if (identical(layer$name, entry$name)) pairs[[length(pairs) + 1L]] <- list(layer = layer, stored = entry)
  }
  pairs
}

# Layers with weights, one after the other.
pairs_by_order <- function(layers, stored) {
  layers <- Filter(function(layer) length(layer_weights(layer)) > 0L, layers)
  stored <- Filter(function(entry) length(entry$weights) > 0L, stored)
  if (length(layers) != length(stored))
    abort_file("the model has ", length(layers), " layer", if (length(layers) != 1L) "s", " with weights, the file has ", length(stored),
               ". Use `by_name = TRUE` to load those that have the same names")
  Map(function(layer, entry) list(layer = layer, stored = entry), layers, stored)
}

plan_layer <- function(layer_name, variables, entry, skip_mismatch, reshape) {
  if (length(variables) != length(entry$weights)) {
    message <- paste0('layer "', layer_name, '" has ', length(variables), " weights, \"", entry$name, "\" in the file has ", length(entry$weights))
    if (!isTRUE(skip_mismatch)) abort_file(message)
    warning("Skipping loading of weights: ", message, call. = FALSE)
    return(list())
  }
  plans <- list()
  for (i in seq_along(variables)) {
    what <- paste0('layer "', layer_name, '": the weight "', entry$weights[i], '"')
    plan <- planned(variables[[i]], hdf5_member(entry$group, entry$weights[i]), what, reshape)
    if (plan$fits) plans[[length(plans) + 1L]] <- plan
    else if (isTRUE(skip_mismatch)) warning("Skipping loading of ", what, ": the shape is ", format_shape(plan$found), ", the model's ",
                                            format_shape(tensor_shape(variables[[i]])), call. = FALSE)
    else shape_mismatch(plan)
  }
  plans
}
