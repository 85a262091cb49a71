# Functional graphs: KerasTensors remember the call that made them (a node of a layer); a model's layers and their order follow from that.

# A tensor without a value: dtype and dims (NA: unknown), and where it comes from.
new_keras_tensor <- function(dtype, dims, name = NULL) {
  x <- new.env(hash = FALSE, parent = emptyenv())
  x$type <- list(dtype = dtype, shape = dims)
  x$dtype_name <- dtype
  x$name <- name
  class(x) <- c("keras.engine.keras_tensor.KerasTensor", "tensorflow.tensor")
  x
}

keras_tensor_shape <- function(x) .subset2(x, "type")$shape

#' @export
`$.keras.engine.keras_tensor.KerasTensor` <- function(x, name) switch(name,
  dtype = dtype_object(.subset2(x, "type")$dtype),
  shape = tensor_shape_object(.subset2(x, "type")$shape),
  `_keras_mask` = .subset2(x, "keras_mask"),
  get_shape = function() tensor_shape_object(.subset2(x, "type")$shape),
  ndim = , rank = length(.subset2(x, "type")$shape),
  .subset2(x, name))

#' @export
dim.keras.engine.keras_tensor.KerasTensor <- function(x) NULL

no_values <- function(x, ...)
  abort_argument("a Keras tensor stands for values that are not there yet: make a model of it, keras_model(inputs, outputs), and call that on data.")
#' @export
as.array.keras.engine.keras_tensor.KerasTensor <- no_values
#' @export
as.vector.keras.engine.keras_tensor.KerasTensor <- no_values
#' @export
as.double.keras.engine.keras_tensor.KerasTensor <- no_values
#' @export
as.integer.keras.engine.keras_tensor.KerasTensor <- no_values
#' @export
as.matrix.keras.engine.keras_tensor.KerasTensor <- no_values

#' @export
format.keras.engine.keras_tensor.KerasTensor <- function(x, ...) {
  history <- x$history
  paste0("KerasTensor(type_spec=TensorSpec(shape=", format_shape(keras_tensor_shape(x), "None"), ", dtype=tf.", tensor_dtype(x), ", name=",
         if (is.null(x$name)) "None" else paste0("'", x$name, "'"), ")",
         if (!is.null(history)) paste0(", description=\"created by layer '", history$layer$name, "'\""), ")")
}

#' @export
print.keras.engine.keras_tensor.KerasTensor <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}

# ---- nodes

# A call of `layer`: arguments (with KerasTensors in them) and outputs.
new_node <- function(layer, arguments, outputs) {
  node <- new.env(hash = FALSE, parent = emptyenv())
  node$key <- new_key()
  node$layer <- layer
  node$arguments <- arguments
  node$inputs <- Filter(is_keras_tensor, nest_flatten(unname(arguments)))
  node$outputs <- outputs
  node$index <- length(layer$inbound_nodes)
  layer$inbound_nodes <- c(layer$inbound_nodes, list(node))
  flat <- nest_flatten(outputs)
  for (i in seq_along(flat)) {
    output <- flat[[i]]
    if (is.null(.subset2(output, "history"))) assign("history", list(layer = layer, node = node, tensor_index = i - 1L), envir = output)
  }
  node
}

# Keys stay different from those of models that come from files or other processes.
new_key <- function() {
  if (!identical(layer_state$process, Sys.getpid())) {
    layer_state$process <- Sys.getpid()
    layer_state$session <- sprintf("%x-%x", layer_state$process, bitwAnd(as.integer(as.numeric(Sys.time()) %% 2^30 * 1), 0xfffffffL))
    layer_state$node_count <- 0L
  }
  layer_state$node_count <- layer_state$node_count + 1L
  paste0(layer_state$session, "-", layer_state$node_count)
}

is_input_node <- function(node) !length(node$inputs)
parent_node <- function(tensor) .subset2(tensor, "history")$node

layer_dims <- function(layer, side, index = 1L) nest_map(node_side(layer$inbound_nodes[[index]], side), tensor_shape)
node_side <- function(node, side) if (side == "outputs") node$outputs else if (is_input_node(node)) node$outputs else node$arguments[[1L]]

node_at <- function(layer, node_index) {
  if (length(node_index) != 1L || !node_index %in% (seq_along(layer$inbound_nodes) - 1L))
    abort_argument('layer "', layer$name, '" was called symbolically ', length(layer$inbound_nodes), " times; there is no call ",
                   received(node_index))
  layer$inbound_nodes[[node_index + 1L]]
}
node_tensors <- function(layer, node_index, side) node_side(node_at(layer, node_index), side)
node_shapes <- function(layer, node_index, side) nest_map(node_tensors(layer, node_index, side), function(x) shape_as_list(tensor_shape(x)))

only_node_tensors <- function(layer, side) {
  nodes <- layer$inbound_nodes
  if (!length(nodes)) abort_argument('layer "', layer$name, '" was not called symbolically, so it has no ', sub("s$", "", side), " tensor")
  if (length(nodes) > 1L) {
    first <- nest_flatten(node_side(nodes[[1L]], side))
    same <- all(vapply(nodes[-1L], function(node) identical(nest_flatten(node_side(node, side)), first), NA))
    if (!same) abort_argument('layer "', layer$name, '" was called ', length(nodes), " times: use get_", sub("s$", "", side), "_at()")
  }
  node_side(nodes[[1L]], side)
}
only_node_shapes <- function(layer, side) {
  nodes <- layer$inbound_nodes
  if (!length(nodes)) {
    if (is.null(layer$input_dims)) abort_argument('layer "', layer$name, '" was never called, so its shapes are unknown')
    return(if (side == "inputs") input_shape_as_list(layer$input_dims) else layer$compute_output_shape(input_shape_as_list(layer$input_dims)))
  }
  shapes <- unique(lapply(seq_along(nodes), function(i) layer_dims(layer, side, i)))
  if (length(shapes) > 1L) abort_argument('layer "', layer$name, '" was called on different shapes: use get_', sub("s$", "", side), "_shape_at()")
  nest_map(shapes[[1L]], shape_as_list)
}

# To be called whenever what a model's step does may have changed: its traces know nothing of it.
drop_programs <- function(model) {
  model$programs <- NULL
  invisible(model)
}

# ---- calling a layer on KerasTensors

call_symbolically <- function(layer, arguments) {
  arguments[[1L]] <- nest_map(arguments[[1L]], function(x) if (is_keras_tensor(x)) x else input_value(x, layer))
  # outlives the session
  arguments <- nest_map(arguments, function(x) if (inherits(x, "keratin_tensor")) new_variable(x, "constant", trainable = FALSE) else x)
  inputs <- arguments[[1L]]
  phase <- training_phase(arguments$training)
  in_call(layer, phase, maybe_build(layer, nest_map(inputs, tensor_shape)))
  inferred <- infer_call(layer, arguments)
  outputs <- nest_map(inferred$outputs, function(type) {
    if (is_keras_tensor(type)) return(type)
    if (is.null(type$dims)) abort_argument("call() gave ", received(type), ", a tensor or a list of tensors is wanted")
    output <- new_keras_tensor(type$dtype, type$dims)
    if (is.null(type$mask)) output else set_mask(output, new_keras_tensor(type$mask$dtype, type$mask$dims))
  })
  new_node(layer, arguments, outputs)
  flat <- nest_flatten(outputs)
  for (i in seq_along(flat)) if (is.null(.subset2(flat[[i]], "name"))) assign(
    "name", paste0(layer$name, if (i > 1L) paste0("_", i - 1L)), envir = flat[[i]])
  outputs
}

# dtype and dims of what the layer gives for these arguments: leaves list(dtype =, dims =, mask =) wrapped to be leaves of a nest. The
# mask, if there is one, is such a leaf too.
infer_call <- function(layer, arguments) {
  quick <- if (is.function(layer$infer)) layer$infer(arguments)
  if (!is.null(quick)) return(list(outputs = quick))
  leaves <- nest_flatten(unname(arguments))
  symbolic <- vapply(leaves, is_keras_tensor, NA)
  types <- lapply(leaves[symbolic], function(x) .subset2(x, "type"))
  masks <- lapply(leaves[symbolic], get_mask)
  masked <- !vapply(masks, is.null, NA)
  mask_types <- lapply(masks[masked], function(x) .subset2(x, "type"))
  outer <- layer_state$inferring
  on.exit(layer_state$inferring <- outer)
  layer_state$inferring <- TRUE
  run <- function(placeholders) {
    values <- placeholders[seq_along(types)]
    values[masked] <- Map(set_mask, values[masked], placeholders[-seq_along(types)])
    leaves[symbolic] <- values
    outputs <- call_on_values(layer, nest_pack(arguments, leaves))
    list(outputs = outputs, masks = lapply(nest_flatten(outputs), function(x) if (is_tensor(x)) get_mask(x)))
  }
  all_types <- c(types, mask_types)
  found <- tryCatch(infer_types(run, all_types), keratin_error_value = function(e) {
    if (trace_is_on()) stop(e)
    said_types(layer, arguments) %||% tryCatch(types_by_example(layer, run, all_types), error = function(by_example) {
      e$message <- paste0(conditionMessage(e),
                          " A model that is run eagerly could have the layer, but arrays of zeros do not tell its output shape either (",
                          conditionMessage(by_example),
                          "): give its class a compute_output_shape(input_shape).")
      stop(e)
    })
  })
  masks <- lapply(found$masks, as_type_nest)
  at <- 0L
  list(outputs = nest_map(as_type_nest(found$outputs), function(type) {
    at <<- at + 1L
    if (inherits(type, "keratin_type")) type$mask <- masks[[at]]
    type
  }))
}

# A layer that reads values, as it may where a model is run eagerly, cannot be traced. Its class may say the output shape (this is for one output) ...
said_types <- function(layer, arguments) {
  own <- !identical(body(layer$compute_output_shape), body(BaseLayer$public_methods$compute_output_shape))
  if (!own || isTRUE(layer$says_shape)) return(NULL)
  layer$says_shape <- TRUE   # it may ask for the inherited one
  on.exit(layer$says_shape <- NULL)
  inputs <- arguments[[1L]]
  dims <- as_input_dims(layer$compute_output_shape(input_shape_as_list(nest_map(inputs, tensor_shape))))
  if (is.list(dims)) return(NULL)
  list(outputs = list(dtype = if (is_float(layer$dtype)) layer$dtype else tensor_dtype(nest_flatten(inputs)[[1L]]), shape = dims), masks = list(NULL))
}

# ... or zeros are put through it: twice if sizes are unknown, for those of the output that follow from them are unknown too. Its weights stay as they
# are.
types_by_example <- function(layer, run, types) {
  weights <- layer$weights
  values <- lapply(weights, as.array)
  on.exit(Map(variable_assign, weights, values))
  type_of <- function(x) {
    if (is.null(x)) return(NULL)
    if (!is_tensor(x)) x <- tensor(x)
    list(dtype = tensor_dtype(x), shape = tensor_shape(x))
  }
  outputs_for <- function(size) nest_map(run(lapply(types, example_tensor, size)), type_of)
  found <- outputs_for(32L)
  if (anyNA(unlist(lapply(types, function(type) type$shape)))) found <- merge_types(found, outputs_for(64L))
  found
}
example_tensor <- function(type, size) {
  dims <- type$shape
  dims[is.na(dims)] <- size
  zero <- switch(type$dtype, bool = TRUE, string = "", 0)
  tensor(if (length(dims)) array(zero, dims) else zero, type$dtype)
}
merge_types <- function(a, b) {
  if (!is.list(a)) return(a)
  if (!identical(names(a), c("dtype", "shape"))) return(Map(merge_types, a, b))
  if (length(a$shape) != length(b$shape)) abort_shape("the output has ", length(a$shape), " axes for one input, ", length(b$shape), " for another")
  a$shape[a$shape != b$shape] <- NA
  a
}

# infer_types() gives list(dtype =, shape =) for each tensor.
as_type_nest <- function(x) {
  if (is.null(x)) return(NULL)
  if (is.list(x) && identical(names(x), c("dtype", "shape"))) return(structure(list(dtype = x$dtype, dims = x$shape), class = "keratin_type"))
  lapply(x, as_type_nest)
}

# ---- from tensors to a network

# Nodes and layers that lead from `inputs` to `outputs`, by depth (distance from the outputs), in Keras's order: layers of equal depth
# stand in the order a depth-first walk from the outputs meets them.
map_network <- function(inputs, outputs) {
  reached <- walk_back(outputs)
  nodes <- reached$nodes                                   # inner before outer
  keys <- vapply(nodes, function(node) node$key, "")
  names(nodes) <- keys
  node_depth <- new_order()
  layer_depth <- new_order()
  layers <- list()
  for (node in rev(nodes)) {
    id <- layer_key(node$layer)
    layers[[id]] <- node$layer
    depth <- max(node_depth$get(node$key), layer_depth$get(id))
    node_depth$set(node$key, depth)
    layer_depth$set(id, depth)
    for (parent in node$parents) node_depth$set(parent, max(depth + 1, node_depth$get(parent)))
  }
  for (input in inputs) {
    history <- .subset2(input, "history")
    id <- layer_key(history$layer)
    if (is.null(layers[[id]])) {
      layers[[id]] <- history$layer
      layer_depth$set(id, 0)
      reached$layer_order <- c(id, reached$layer_order)
      node_depth$set(history$node$key, 0)
      nodes[[history$node$key]] <- history$node
    }
  }
  all_depths <- node_depth$all()
  depths <- sort(unique(all_depths), decreasing = TRUE)
  nodes_by_depth <- lapply(depths, function(depth) unname(nodes[names(all_depths)[all_depths == depth]]))
  layer_depths <- layer_depth$all()
  order <- order(-layer_depths, match(names(layer_depths), reached$layer_order))
  network_layers <- unname(layers[names(layer_depths)[order]])
  check_names(network_layers)
  list(layers = network_layers, nodes_by_depth = nodes_by_depth, nodes = nodes)
}

# A layer's identity: the number of its first node.
layer_key <- function(layer) layer$inbound_nodes[[1L]]$key

# Numbers by name, in the order the names came.
new_order <- function() {
  names <- character()
  values <- numeric()
  list(get = function(name) { at <- match(name, names); if (is.na(at)) 0 else values[at] },
       set = function(name, value) {
         force(value)
         at <- match(name, names)
         if (is.na(at)) {
           names <<- c(names, name)
           at <- length(names)
         }
         values[at] <<- value
       },
       all = function() setNames(values, names))
}

# Depth-first from the outputs, without recursion: networks can be deep.
walk_back <- function(outputs) {
  finished <- new.env(hash = TRUE, parent = emptyenv())
  done <- list()
  layer_order <- character()
  for (output in outputs) {
    node <- parent_node(output)
    if (!is.null(finished[[node$key]])) next
    stack <- list(list(node = node, next_input = 1L))
    layer_order <- union_last(layer_order, layer_key(node$layer))
    while (length(stack)) {
      top <- length(stack)
      at <- stack[[top]]$next_input
      node <- stack[[top]]$node
      if (at <= length(node$inputs)) {
        stack[[top]]$next_input <- at + 1L
        parent <- parent_node(node$inputs[[at]])
        if (is.null(finished[[parent$key]])) {
          layer_order <- union_last(layer_order, layer_key(parent$layer))
          stack[[top + 1L]] <- list(node = parent, next_input = 1L)
        }
      } else {
        node$parents <- unique(vapply(node$inputs, function(x) parent_node(x)$key, ""))
        finished[[node$key]] <- TRUE
        done[[length(done) + 1L]] <- node
        stack[[top]] <- NULL
      }
    }
  }
  list(nodes = done, layer_order = layer_order)
}
union_last <- function(all, new) if (new %in% all) all else c(all, new)

check_names <- function(layers) {
  names <- vapply(layers, function(layer) layer$name, "")
  twice <- unique(names[duplicated(names)])
  if (length(twice)) abort_argument('layer names of a model must differ; "', twice[1L], '" is used ', sum(names == twice[1L]), " times")
}
