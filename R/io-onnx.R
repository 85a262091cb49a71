# ONNX (opset 17): a model is run on stand-ins layer by layer, which leaves the ops it consists of; io-onnx-ops.R says each in ONNX's terms.

#' Write a model as ONNX
#'
#' For other programs that compute predictions: ONNX Runtime, servers, browsers. The file holds the model as it is at inference (dropout
#' and noise do nothing) with its weights, in opset 17; the size of the batch stays open, other sizes too where the layers allow it.
#' Inputs and outputs have the names of `model$input_names` and `model$output_names` and keep their shapes (channels stay last).
#'
#' Covered are the convolution family, pooling, dense, normalization, recurrent, attention, embedding, activation, merging and
#' reshaping layers, upsampling, padding and cropping, models within models, and layers of your own and operators on Keras tensors that
#' are made of such parts. Not covered: text, lookups, random image layers, convolutional LSTMs, masks.
#'
#' @param model A model with known input shapes.
#' @param file Path of the file, in general ending in `.onnx`.
#' @param overwrite Replace a file that is there already? It is replaced as a whole, or, if something fails, not at all.
#' @return The model, invisibly.
#' @section Errors: `keratin_error_argument` that names the first layer with no counterpart in ONNX; `keratin_error_file` if the file
#'   cannot be written.
#' @references The Open Neural Network Exchange format, <https://onnx.ai>.
#' @examples
#' model <- keras_model_sequential(input_shape = c(8, 3)) |>
#'   layer_conv_1d_transpose(filters = 4, kernel_size = 3, strides = 2) |>
#'   layer_activation_relu()
#' save_model_onnx(model, tempfile(fileext = ".onnx"))
#' @family model persistence
#' @export
save_model_onnx <- function(model, file, overwrite = TRUE) {
  if (!is_model(model)) abort_argument("save_model_onnx(): `model` must be a model. Received: ", received(model))
  path <- check_writable(file, overwrite)
  network <- unwrap(model)
  check_has_weights(network)
  if (is.null(network$network_inputs))
    abort_argument('model "', network$name, '" has no known input shape: give the first layer `input_shape`, or make the model with keras_model()')
  bytes <- onnx_model(network)
  write_in_place(path, function(partial) write_bytes(partial, bytes))
  invisible(model)
}

onnx_model <- function(model) {
  undo <- remember_graph(model)
  on.exit(undo())
  e <- new_onnx_graph()
  inputs <- model$network_inputs
  input_names <- make.unique(model$input_names, "_")
  e$taken <- input_names
  tensors <- new.env(parent = emptyenv())
  for (i in seq_along(inputs)) assign(tensor_key(inputs[[i]]), input_names[i], envir = tensors)
  output_names <- make.unique(ifelse(model$output_names %in% input_names, paste0(model$output_names, "_output"), model$output_names), "_")
  e$taken <- c(e$taken, output_names)
  outputs <- model$network_outputs
  for (i in seq_along(outputs)) {
    found <- onnx_value(e, outputs[[i]], tensors)
    e$nodes <- c(e$nodes, list(onnx_node("Identity", found, output_names[i])))
  }
  graph <- c(unlist(lapply(e$nodes, function(node) pb_bytes(1L, node))), pb_string(2L, model$name),
             unlist(lapply(e$initializers, function(initializer) pb_bytes(5L, initializer))),
             unlist(Map(function(x, name) pb_bytes(11L, value_info(name, x)), inputs, input_names)),
             unlist(Map(function(x, name) pb_bytes(12L, value_info(name, x)), outputs, output_names)))
  c(pb_whole(1L, 8), pb_string(2L, "keratin"), pb_bytes(7L, graph), pb_message(8L, pb_string(1L, ""), pb_whole(2L, 17)))
}

# Running layers on stand-ins leaves traces in them and uses up names.
remember_graph <- function(model) {
  layers <- flatten_layers(model)
  nodes <- lapply(layers, function(layer) layer$inbound_nodes)
  counts <- layer_state$counts
  function() {
    for (i in seq_along(layers)) layers[[i]]$inbound_nodes <- nodes[[i]]
    layer_state$counts <- counts
  }
}

# ---- the graph as it grows

new_onnx_graph <- function() {
  e <- new.env(parent = emptyenv())
  e$nodes <- list()
  e$initializers <- list()
  e$known <- new.env(parent = emptyenv())   # variables that are initializers already
  e$taken <- character()
  e$count <- 0L
  e$layer <- NULL                           # the layer whose ops are written
  e
}

# A fresh name that tells the layer.
onnx_name <- function(e, base) {
  name <- base
  while (name %in% e$taken) { e$count <- e$count + 1L; name <- paste0(base, "_", e$count) }
  e$taken <- c(e$taken, name)
  name
}

onnx_dtypes <- c(float32 = 1, int32 = 6, int64 = 7, string = 8, bool = 9, float64 = 11)

# Adds nodes and gives the names of their outputs.
onnx_add <- function(e, type, inputs, ..., outputs = 1L) {
  prefix <- if (is.null(e$layer)) "" else paste0(e$layer$name, "/")
  names <- vapply(seq_len(outputs), function(i) onnx_name(e, paste0(prefix, type)), "")
  e$nodes[[length(e$nodes) + 1L]] <- onnx_node(type, unlist(inputs), names, ...)
  names
}

onnx_node <- function(type, inputs, outputs, ...) {
  attributes <- list(...)
  c(unlist(lapply(inputs, function(name) pb_string(1L, name))), unlist(lapply(outputs, function(name) pb_string(2L, name))),
    pb_string(3L, outputs[1L]), pb_string(4L, type),
    unlist(Map(function(name, value) pb_bytes(5L, onnx_attribute(name, value)), names(attributes), attributes)))
}

# A list is several values; doubles are floats, integers whole numbers.
onnx_attribute <- function(name, value) {
  many <- is.list(value)
  first <- if (many) value[[1L]] else value
  kind <- if (is.character(first)) 3 else if (is.double(first)) 1 else 2
  write <- list(pb_float, pb_whole, pb_string)[[kind]]
  field <- if (many) c(7L, 8L, 9L)[kind] else c(2L, 3L, 4L)[kind]
  c(pb_string(1L, name), unlist(lapply(value, function(v) write(field, v))), pb_whole(20L, kind + if (many) 5 else 0))
}

onnx_tensor <- function(name, value, dtype) {
  value <- tensor(value, dtype)
  sizes <- tensor_shape(value)
  bytes <- if (dtype == "bool") as.raw(as.integer(aperm(as.array(value)))) else tensor_bytes(value)
  c(unlist(lapply(sizes, function(size) pb_whole(1L, size))), pb_whole(2L, onnx_dtypes[[dtype]]), pb_string(8L, name), pb_bytes(9L, bytes))
}

onnx_constant <- function(e, value, dtype = "float32", name = "constant") {
  name <- onnx_name(e, paste0(if (!is.null(e$layer)) paste0(e$layer$name, "/"), name))
  e$initializers[[length(e$initializers) + 1L]] <- onnx_tensor(name, value, dtype)
  name
}
onnx_numbers <- function(e, values) {   # the shapes, axes, ... that ONNX wants as arrays
  values[is.na(values)] <- -1
  onnx_constant(e, array(as.double(values), length(values)), "int64", "numbers")
}

value_info <- function(name, x) {
  sizes <- tensor_shape(x)
  open <- paste0(name, c("_batch", paste0("_size_", seq_along(sizes)[-1L])))
  if (length(sizes)) open[1L] <- "batch"
  dims <- unlist(Map(function(size, unknown) pb_message(1L, if (is.na(size)) pb_string(2L, unknown) else pb_whole(1L, size)), sizes,
                     open[seq_along(sizes)]))
  c(pb_string(1L, name), pb_message(2L, pb_message(1L, pb_whole(1L, onnx_dtypes[[tensor_dtype(x)]]), pb_message(2L, dims))))
}

# ---- walking back from a tensor

# The name of a Keras tensor's value. `tensors`: names by tensor, of one call of one model.
onnx_value <- function(e, x, tensors) {
  found <- tensors[[tensor_key(x)]]
  if (!is.null(found)) return(found)
  node <- .subset2(x, "history")$node
  if (is.null(node) || is_input_node(node)) onnx_refuse(e, "it uses a tensor from outside")
  inputs <- lapply(node$inputs, onnx_value, e = e, tensors = tensors)   # before the layer changes
  outer <- e$layer
  on.exit(e$layer <- outer)
  layer <- node$layer
  if (is.null(layer$op)) e$layer <- layer
  names <- if (!is.null(layer$op)) onnx_op(e, layer$op, node, tensors)
           else if (!is.null(layer$network_inputs)) onnx_network(e, layer, inputs)
           else onnx_layer(e, layer, node, inputs)
  outputs <- nest_flatten(node$outputs)
  for (i in seq_along(names)) assign(tensor_key(outputs[[i]]), names[[i]], envir = tensors)
  tensors[[tensor_key(x)]] %||% onnx_refuse(e, "it uses a result of a recurrence that is not known there")
}

# A model within a model.
onnx_network <- function(e, model, inputs) {
  within <- new.env(parent = emptyenv())
  for (i in seq_along(inputs)) assign(tensor_key(model$network_inputs[[i]]), inputs[[i]], envir = within)
  lapply(model$network_outputs, onnx_value, e = e, tensors = within)
}

# A layer: its call() on stand-ins is a small graph of ops and further layers.
onnx_layer <- function(e, layer, node, inputs) {
  if (inherits(layer, "Masking") || isTRUE(layer$mask_zero)) onnx_refuse(e, "masks are not known there")
  within <- new.env(parent = emptyenv())
  stand_ins <- lapply(node$inputs, function(x) new_keras_tensor(tensor_dtype(x), tensor_shape(x)))
  for (i in seq_along(inputs)) {
    new_node(InputLayer$new(input_shape = 1L, name = "stand_in"), list(), list(stand_ins[[i]]))
    assign(tensor_key(stand_ins[[i]]), inputs[[i]], envir = within)
  }
  at <- 0L
  arguments <- nest_map(node$arguments, function(x) if (is_keras_tensor(x)) stand_ins[[at <<- at + 1L]] else x)
  takes <- takes_of(layer)
  arguments$training <- if ("training" %in% takes) FALSE
  if ("mask" %in% takes && !is.null(arguments[["mask"]])) onnx_refuse(e, "masks are not known there")
  arguments$mask <- NULL
  outputs <- tryCatch(in_call(layer, FALSE, do.call(layer$call, cast_inputs(layer, arguments), quote = TRUE)),
                      error = function(err) onnx_refuse(e, conditionMessage(err)))
  check_stand_ins(e, layer, arguments, stand_ins, nest_flatten(outputs))
  lapply(nest_flatten(outputs), function(output) {
    if (!is_keras_tensor(output)) return(onnx_input(e, output, "float32", within))
    onnx_value(e, output, within)
  })
}

# On open sizes a layer may take a short way that is right in shape only: what it recorded must give what it gives.
check_stand_ins <- function(e, layer, arguments, stand_ins, outputs) {
  if (inherits(layer, "Conv")) return(invisible())   # io-onnx-ops.R knows their rules
  if ("string" %in% vapply(stand_ins, tensor_dtype, "")) return(invisible())
  values <- lapply(stand_ins, function(x) {
    sizes <- tensor_shape(x)
    sizes[is.na(sizes)] <- c(2L, rep(7L, length(sizes)))[which(is.na(sizes))]
    n <- prod(sizes)
    tensor(array(if (is_float(tensor_dtype(x))) sin(seq_len(n)) else rep_len(0:1, n), if (length(sizes)) sizes else 1L), tensor_dtype(x))
  })
  at <- new.env(parent = emptyenv())
  for (i in seq_along(values)) assign(tensor_key(stand_ins[[i]]), values[[i]], envir = at)
  value_of <- function(x) {
    if (!is_keras_tensor(x)) return(x)
    if (is.null(at[[tensor_key(x)]])) {
      node <- .subset2(x, "history")$node
      made <- nest_flatten(do.call(call_layer, c(list(node$layer), nest_map(node$arguments, value_of)), quote = TRUE))
      results <- nest_flatten(node$outputs)
      for (i in seq_along(results)) assign(tensor_key(results[[i]]), made[[i]], envir = at)
    }
    at[[tensor_key(x)]]
  }
  i <- 0L
  actual <- nest_map(arguments, function(x) if (is_keras_tensor(x)) values[[i <<- i + 1L]] else x)
  wanted <- tryCatch(in_call(layer, FALSE, do.call(layer$call, actual, quote = TRUE)), error = function(err) NULL)
  if (is.null(wanted)) return(invisible())   # not at these sizes
  found <- tryCatch(in_call(layer, FALSE, lapply(outputs, value_of)), error = function(err) onnx_refuse(e, conditionMessage(err)))
  same <- mapply(function(a, b) isTRUE(all.equal(as.numeric(a), as.numeric(b), tolerance = 1e-4)), nest_flatten(wanted), found)
  if (!all(same)) onnx_refuse(e, "what it does depends on sizes that are open: give the model fixed sizes")
  invisible()
}

onnx_op <- function(e, op, node, tensors) {
  inputs <- node$arguments[[1L]]
  if (!is_branch(inputs)) inputs <- list(inputs)
  attributes <- lapply(node$arguments$attributes, plain_attribute)
  attributes <- drop_null(attributes)
  write <- onnx_ops[[op]]
  if (is.null(write)) onnx_refuse(e, paste0("the op \"", op, "\" has no counterpart there"))
  types <- vapply(Filter(is_tensor, inputs), tensor_dtype, "")
  # The kernels of these are rearranged first.
  rearranged <- if (op %in% c("conv", "conv_transpose", "depthwise_conv")) 2L else if (op %in% c("lstm", "gru", "simple_rnn")) seq_along(inputs)
  names <- vapply(seq_along(inputs),
                  function(i) if (i %in% rearranged && is_variable(inputs[[i]])) "" else onnx_input(e, inputs[[i]], types[1L], tensors), "")
  write(e, names, inputs, attributes, nest_flatten(node$outputs))
}

# An input of an op: a value of the graph, a weight, or a number in the dtype of the tensor beside it.
onnx_input <- function(e, x, dtype, tensors) {
  if (is_keras_tensor(x)) return(onnx_value(e, x, tensors))
  if (!is_variable(x)) return(onnx_constant(e, x, if (is_tensor(x)) tensor_dtype(x) else if (is.character(x)) "string" else dtype))
  key <- variable_key(x)
  if (is.null(e$known[[key]])) {
    name <- onnx_name(e, sub(":0$", "", .subset2(x, "name")))
    e$initializers[[length(e$initializers) + 1L]] <- onnx_tensor(name, x, tensor_dtype(x))
    e$known[[key]] <- name
  }
  e$known[[key]]
}
variable_key <- function(variable) rlang::obj_address(variable)

onnx_refuse <- function(e, why) {
  layer <- e$layer
  abort_argument(if (is.null(layer)) "an operator on Keras tensors" else paste0("layer ", dQuote(layer$name, FALSE), " (", class(layer)[1L], ")"),
                 " cannot be written as ONNX: ", why)
}
