# One funnel from layer functions to layers.

#' Make a layer and compose it with an object
#'
#' What every `layer_*()` function does with its arguments; for layers of your own see [new_layer_class()].
#'
#' @param layer_class An R6 class generator of a layer, or the value of [new_layer_class()].
#' @param object What to compose the layer with. Missing or `NULL`: the layer itself is returned. A sequential model: the model with the
#'   layer added (in place). A KerasTensor (from [layer_input()] or another layer) or a list of them: the symbolic output. An array or a
#'   tensor, or a list of them: the layer's value.
#' @param args List of arguments for the layer's constructor.
#' @return A layer, a model, a KerasTensor or a tensor, as `object` is.
#' @export
create_layer <- function(layer_class, object, args = list()) {
  # An object in a pipe is made before the layer, so that names count in reading order.
  object <- if (missing(object)) NULL else object
  layer <- in_layer_function(construct_layer(layer_class, args), sys.call(sys.parent()))
  compose_layer(object, layer)
}

# Errors of constructors are reported as the layer function's.
in_layer_function <- function(code, call) {
  counts <- layer_state$counts   # a layer that was not made takes no name
  withCallingHandlers(code, keratin_error = function(e) {
    layer_state$counts <- counts
    if (!is.null(e$layer) || isTRUE(e$located)) return()
    e$located <- TRUE
    if (is.call(call) && is.name(call[[1L]])) e$call <- call[1L]
    stop(e)
  })
}

common_arguments <- c("input_shape", "batch_input_shape", "batch_size", "dtype", "name", "trainable", "weights")

construct_layer <- function(layer_class, args) {
  if (inherits(layer_class, "keras_layer_wrapper")) layer_class <- attr(layer_class, "generator")
  if (!inherits(layer_class, "R6ClassGenerator")) {
    if (is.function(layer_class)) return(do.call(layer_class, args))
    abort_argument("create_layer(): `layer_class` must be a layer class. Received: ", received(layer_class))
  }
  args <- args[!(vapply(args, is.null, NA) & names(args) %in% common_arguments)]
  if (extends(layer_class, "KerasLayer")) return(construct_old_style(layer_class, args))
  layer <- do.call(layer_class$new, args)
  ensure_initialized(layer)
  new_instance(layer)
}

extends <- function(generator, name) {
  while (!is.null(generator)) {
    if (identical(generator$classname, name)) return(TRUE)
    generator <- generator$get_inherit()
  }
  FALSE
}

compose_layer <- function(object, layer, ...) {
  if (is.null(object)) return(layer)
  if (inherits(object, "keras.engine.sequential.Sequential")) {
    unwrap(object)$add(layer)
    return(object)
  }
  if (is_layer(object)) {
    if (is_model(object)) {
      abort_argument("a layer can be added to a sequential model only; call it on get_layer(model, ...)$output for a functional one")
    }
    abort_argument("a layer cannot be composed with a layer: start from keras_model_sequential() or layer_input()")
  }
  layer(object, ...)
}

# All arguments of the calling layer function but `object`, as a list, with what is in its `...`.
capture_args <- function(leave_out = "object", replace = list()) {
  frame <- parent.frame()
  parent <- sys.parent()
  arguments <- formals(sys.function(parent))
  arguments <- arguments[!names(arguments) %in% leave_out]
  required <- setdiff(names(arguments)[vapply(arguments, is.symbol, NA)], "...")
  for (name in required) if (eval(call("missing", as.name(name)), frame)) abort_argument("argument `", name, "` is missing, with no default")
  args <- mget(setdiff(names(arguments), "..."), envir = frame)
  if ("..." %in% names(arguments)) args <- c(args, eval(quote(list(...)), frame))
  args[names(replace)] <- replace
  args
}
