# Calling a layer: on values (eager, taped or traced: the op decides) or on KerasTensors (a node of a functional model).

call_layer <- function(layer, ...) {
  ensure_initialized(layer)
  # model %>% conv_base(): a layer that is there already joins the model
  if (...length() && is_layer(..1)) return(join_model(layer, ...))
  arguments <- call_arguments(layer, list(...))
  withCallingHandlers(
    if (holds_keras_tensor(arguments)) call_symbolically(layer, arguments) else call_on_values(layer, arguments),
    keratin_error = function(e) rethrow_from(e, layer),
    simpleError = function(e) withCallingHandlers(explain_branch(e), keratin_error = function(e) rethrow_from(e, layer)))
}

join_model <- function(layer, model, ...) {
  if (...length()) warning("layer \"", layer$name, "\" is added to a model, further arguments have no effect", call. = FALSE)
  compose_layer(model, layer)
}

# The innermost layer that fails gives its name to the message.
rethrow_from <- function(e, layer) {
  if (!is.null(e$layer)) return()
  e$layer <- layer$name
  e$message <- paste0('layer "', layer$name, '": ', conditionMessage(e))
  e$call <- NULL
  stop(e)
}

call_arguments <- function(layer, arguments) {
  if (!length(arguments)) {
    if (inherits(layer, "Model") || length(takes_of(layer))) abort_argument('layer "', layer$name, '" was called without inputs')
    return(arguments)
  }
  first <- if (is.null(names(arguments))) {
    1L
  } else { named <- which(names(arguments) == "inputs"); if (length(named)) named[1L] else match("", names(arguments), 1L) }
  inputs <- arguments[first]
  names(inputs) <- NULL
  if (is.null(inputs[[1L]])) abort_argument('layer "', layer$name, '" was called on NULL: an array, a tensor or a list of them is wanted')
  c(inputs, name_positional(layer, arguments[-first]))
}

# Further inputs by position, attention(query, value), get the names that call() has for them.
name_positional <- function(layer, arguments) {
  if (!length(arguments)) return(arguments)
  names <- names(arguments)
  if (is.null(names)) names <- rep("", length(arguments))
  free <- setdiff(takes_of(layer)[-1L], c(names, "..."))
  unnamed <- which(!nzchar(names))
  unnamed <- unnamed[seq_len(min(length(unnamed), length(free)))]
  names[unnamed] <- free[seq_along(unnamed)]
  names(arguments) <- names
  arguments
}

takes_of <- function(layer) {
  if (is.null(layer$call_takes)) layer$call_takes <- names(formals(layer$call))
  layer$call_takes
}

holds_keras_tensor <- function(x) {
  if (is.environment(x)) return(is_keras_tensor(x))
  if (is.list(x) && !is.object(x)) for (item in x) if (holds_keras_tensor(item)) return(TRUE)
  FALSE
}

# ---- values

call_on_values <- function(layer, arguments) {
  if (layer_state$depth == 0L) begin_losses(layer)
  arguments[[1L]] <- nest_map(arguments[[1L]], function(x) input_value(x, layer))
  mask <- masks_of(arguments[[1L]])
  takes <- takes_of(layer)
  phase <- training_phase(arguments$training)
  arguments$training <- if ("training" %in% takes) phase
  if (is.null(arguments[["mask"]])) { if ("mask" %in% takes) arguments["mask"] <- list(mask) } else {
    arguments$mask <- nest_map(arguments$mask, as_mask)
    mask <- arguments$mask
    if (!"mask" %in% takes) arguments$mask <- NULL
  }
  in_call(layer, phase, {
    maybe_build(layer, nest_map(arguments[[1L]], tensor_shape))
    outputs <- run_call(layer, cast_inputs(layer, arguments))
    if (!is.null(layer$activity_regularizer)) add_activity_loss(layer, outputs)
    set_output_masks(layer, arguments[[1L]], outputs, mask)
    outputs
  })
}

# R arrays become tensors; a data frame its matrix.
input_value <- function(x, layer) {
  if (isTRUE(layer$takes_values)) return(x)
  if (is.environment(x) || typeof(x) == "externalptr") return(x)
  if (is.data.frame(x)) x <- data_frame_values(x)
  if (is.factor(x)) abort_argument("the input is a factor: use as.integer(x) - 1L, to_categorical() or layer_string_lookup()")
  if (is.null(x)) abort_argument("an input is NULL: an array or a tensor is wanted")
  if (!is.atomic(x)) abort_argument("an array or a tensor is wanted. Received: ", received(x))
  if (is.double(x)) tensor(x, if (startsWith(layer$dtype, "float")) layer$dtype else k_floatx()) else tensor(x)
}

data_frame_values <- function(x) {
  factors <- vapply(x, is.factor, NA)
  if (any(factors)) {
    abort_argument("column ", paste0("`", names(x)[factors], "`", collapse = ", "), " of the data frame is a factor: ",
                   "use as.integer(column) - 1L for codes, to_categorical() for indicator columns, or layer_string_lookup()")
  }
  text <- vapply(x, is.character, NA)
  if (any(text) && !all(text)) {
    abort_argument("the data frame mixes text (column ", paste0("`", names(x)[text], "`", collapse = ", "),
                   ") and numbers: give them as separate inputs")
  }
  unname(as.matrix(x))
}


# Inputs of another floating type are cast to the layer's.
cast_inputs <- function(layer, arguments) {
  dtype <- layer$dtype
  if (is_float(dtype) && !isFALSE(layer$autocast) && !isTRUE(layer$takes_values))
    arguments[[1L]] <- nest_map(arguments[[1L]], function(x) {
      from <- tensor_dtype(x)
      if (from != dtype && is_float(from)) keep_mask(op_cast(x, dtype), x) else x
    })
  arguments
}

run_call <- function(layer, arguments) {
  if (length(arguments) == 1L) layer$call(arguments[[1L]])
  else if (length(arguments) == 2L && identical(names(arguments)[2L], "training")) layer$call(arguments[[1L]], training = arguments$training)
  else do.call(layer$call, arguments)
}

# The phase: said in the call, else the outer call's, else k_set_learning_phase()'s, else inference.
training_phase <- function(training) {
  if (!is.null(training)) return(isTRUE(as.logical(if (is.atomic(training)) training else as.array(training))))
  if (!is.null(layer_state$training)) return(layer_state$training)
  isTRUE(as.logical(layer_state$learning_phase))
}

in_call <- function(layer, phase, code) {
  outer <- list(layer_state$training, layer_state$scope)
  layer_state$training <- phase
  layer_state$scope <- c(outer[[2L]], layer$name)
  layer_state$depth <- layer_state$depth + 1L
  on.exit({
    layer_state$training <- outer[[1L]]
    layer_state$scope <- outer[[2L]]
    layer_state$depth <- layer_state$depth - 1L
    if (layer_state$depth == 0L) layer_state$outermost <- NULL
  })
  code
}

maybe_build <- function(layer, dims) {
  if (isTRUE(layer$built)) { check_inputs(layer, dims); return(invisible()) }
  check_inputs(layer, dims)
  build_layer(layer, dims)
  check_inputs(layer, dims)
  invisible()
}

build_layer <- function(layer, dims) {
  if (!length(layer_state$scope)) { layer_state$scope <- layer$name; on.exit(layer_state$scope <- character()) }
  before <- mget(c("built", "input_dims", "own_weights", "weight_losses", "input_spec"), envir = layer)
  complete <- FALSE
  on.exit(if (!complete) list2env(before, layer), add = TRUE)
  layer$input_dims <- dims
  layer$build(input_shape_as_list(dims))
  layer$built <- TRUE
  if (!is.null(layer$initial_weights)) {
    layer_set_weights(layer, layer$initial_weights, at_once = TRUE)
    layer$initial_weights <- NULL
  }
  complete <- TRUE
}

check_inputs <- function(layer, dims) {
  if (is.list(dims)) return(invisible())
  check_input_spec(layer, dims)
}

# Keras divides what the regularizer says by the batch size.
add_activity_loss <- function(layer, outputs) {
  if (layer_state$inferring) return()
  for (output in nest_flatten(outputs)) {
    loss <- layer$activity_regularizer(output)
    batch <- op_cast(op_slice(op_shape_of(output), 0L, 1L), tensor_dtype(loss))
    add_call_loss(layer, op_divide(loss, op_reshape(batch, integer())))
  }
}

# ---- masks travel with tensors

get_mask <- function(x) if (is_keras_tensor(x)) x$keras_mask else attr(x, "keras_mask", exact = TRUE)
set_mask <- function(x, mask) {
  if (is_keras_tensor(x)) x$keras_mask <- mask else attr(x, "keras_mask") <- mask
  x
}
keep_mask <- function(to, from) {
  mask <- get_mask(from)
  if (is.null(mask)) to else set_mask(to, mask)
}
as_mask <- function(x) if (is.null(x)) NULL else if (is.atomic(x)) tensor(array(as.logical(x), if (is.null(dim(x))) length(x) else dim(x))) else x

masks_of <- function(inputs) {
  if (!is_branch(inputs)) return(get_mask(inputs))
  masks <- lapply(inputs, masks_of)
  if (all(vapply(masks, is.null, NA))) NULL else masks
}

# A class with a compute_mask() of its own.
makes_masks <- function(layer) {
  if (is.null(layer$computes_mask)) layer$computes_mask <- !identical(body(layer$compute_mask), body(BaseLayer$public_methods$compute_mask))
  layer$computes_mask
}

set_output_masks <- function(layer, inputs, outputs, mask) {
  if (!isTRUE(layer$supports_masking) && !makes_masks(layer)) return(outputs)
  masks <- layer$compute_mask(inputs, mask)
  if (is.null(masks)) return(outputs)
  if (is_branch(outputs)) {
    if (!is_branch(masks)) masks <- list(masks)
    for (i in seq_along(outputs)) {
      if (i <= length(masks) && !is.null(masks[[i]]) && !is_branch(outputs[[i]])) outputs[[i]] <- set_mask(outputs[[i]], masks[[i]])
    }
    outputs
  } else set_mask(outputs, masks)
}
