# The layout of model.weights.h5 in .keras files: a group for each layer under the name of its class, variables numbered in `vars`, and
# what a layer holds in groups below it, under the names of its fields.

v3_layers_name <- function(group) if ("_layer_checkpoint_dependencies" %in% hdf5_names(group)) "_layer_checkpoint_dependencies" else "layers"
is_v3_group <- function(group) any(c("layers", "_layer_checkpoint_dependencies") %in% hdf5_names(group)) && !has_layer_names(group)

# list(path =, variables =) for the object and all layers in it. A shared layer is stored once, where it comes first.
# `naming` gives the names of a model's layers and of those in a list.
v3_places <- function(layer, path = "", seen = new.env(parent = emptyenv()), naming = v3_naming()) {
  id <- rlang::obj_address(layer)
  if (!is.null(seen[[id]])) return(list())
  seen[[id]] <- layer   # kept, so that the address stays taken
  own <- own_variables(layer)
  trainable <- vapply(own, variable_trainable, NA)
  places <- list(list(path = path, name = layer$name, layer = layer, variables = c(own[trainable], own[!trainable])))
  below <- function(name) if (nzchar(path)) paste0(path, "/", name) else name
  for (child in v3_children(layer, naming)) places <- c(places, v3_places(child$layer, below(child$name), seen, naming))
  places
}

# Layers directly in a layer, with the part of the path each adds.
v3_children <- function(layer, naming) {
  contained <- function(layers, names) unname(Map(function(layer, name) list(name = name, layer = layer), unname(layers), names))
  if (!is.null(layer$network_layers)) return(contained(model_layers(layer), naming$model(model_layers(layer))))
  fields <- layer_fields(layer)
  children <- list()
  for (name in sort(names(fields), method = "radix")) {
    value <- fields[[name]]
    if (is.function(value)) {
      if (is_layer(value) && !is_metric(value)) children[[length(children) + 1L]] <- list(name = name, layer = unwrap(value))
    } else if (is.environment(value)) {
      if (inherits(value, "Layer")) children[[length(children) + 1L]] <- list(name = name, layer = value)
    } else if (is.list(value) && !is.object(value)) {
      layers <- lapply(
        Filter(function(item) (is.function(item) && is_layer(item) && !is_metric(item)) || (is.environment(item) && inherits(item, "Layer")), value),
        unwrap)
      if (length(layers)) children <- c(children, contained(layers, naming$list(layers, name)))
    }
  }
  children
}

# Names of classes, counted: layers/dense, layers/dense_1.
v3_naming <- function(layers_name = "layers") {
  keyed <- function(layers, name) paste0(name, "/", v3_keys(vapply(layers, function(layer) class(layer)[1L], "")))
  list(model = function(layers) keyed(layers, layers_name), list = keyed)
}
v3_keys <- function(class_names) {
  keys <- vapply(class_names, v3_key, "", USE.NAMES = FALSE)
  count <- stats::ave(seq_along(keys), keys, FUN = seq_along) - 1L
  paste0(keys, ifelse(count > 0L, paste0("_", count), ""))
}

# Not the rule of layer names: "conv_lstm2d" here, "conv_lst_m2d" there.
v3_key <- function(class_name) {
  name <- gsub("(.)([A-Z][a-z]+)", "\\1_\\2", gsub("\\W+", "", class_name))
  tolower(gsub("([a-z])([A-Z])", "\\1_\\2", name))
}

write_weights_v3 <- function(file, model, optimizer = NULL) {
  for (place in v3_places(model)) write_vars(file, place$path, place$variables)
  if (!is.null(optimizer)) write_vars(file, "optimizer", optimizer$variables())
}

write_vars <- function(file, path, variables) {
  vars <- hdf5_make_group(file, paste0(path, "/vars"))
  for (i in seq_along(variables)) write_variable(vars, as.character(i - 1L), variables[[i]])
}

plan_weights_v3 <- function(group, model, skip_mismatch = FALSE) {
  plans <- list()
  for (place in v3_places(model, naming = v3_naming(v3_layers_name(group)))) {
    what <- paste0('layer "', place$name, '"')
    vars <- hdf5_member(group, paste0(place$path, "/vars"))
    # Keras 3: query_dense
    if (is.null(vars)) vars <- hdf5_member(group, paste0(gsub("(^|/)_(?!layer_checkpoint)", "\\1", place$path, perl = TRUE), "/vars"))
    keys <- number_names(vars)
    if (length(keys) != length(place$variables)) {
      message <- paste0(what, " has ", length(place$variables), " weights, the file has ", length(keys), " at ", place$path, "/vars")
      if (!isTRUE(skip_mismatch)) abort_file(message)
      warning("Skipping loading of weights: ", message, call. = FALSE)
      next
    }
    for (i in seq_along(keys)) {
      plan <- planned(place$variables[[i]], hdf5_member(vars, keys[i]), paste0(what, ": the weight ", place$path, "/vars/", keys[i]))
      if (plan$fits) {
        plans[[length(plans) + 1L]] <- plan
      } else if (isTRUE(skip_mismatch)) warning("Skipping loading of ", plan$what, ": other shape", call. = FALSE) else shape_mismatch(plan)
    }
  }
  plans
}

# "0", "1", ..., "10": HDF5 lists 10 before 2.
number_names <- function(group) {
  keys <- grep("^[0-9]{1,9}$", hdf5_names(group), value = TRUE)
  keys[order(as.integer(keys))]
}
