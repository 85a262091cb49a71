# What a user holds: a function that calls the layer, with Keras's class vector and `$` reaching into the R6 object behind it.

base_layer_class <- c("keras.engine.base_layer.Layer", "keras.utils.version_utils.LayerVersionSelector")

new_instance <- function(object) {
  instance <- function(...) call_layer(object, ...)
  name <- class(object)[1L]
  path <- object$keras_class   # the package's classes; a user's class comes before
  structure_changed()
  class(instance) <- unique(c(if (!length(path) || !endsWith(path[1L], paste0(".", name))) name, path, base_layer_class))
  object$instance <- instance
  instance
}

is_layer <- function(x) inherits(x, "keras.engine.base_layer.Layer")

# The R6 object of an instance; an R6 object is its own.
unwrap <- function(x) {
  if (is.function(x)) environment(x)$object
  else if (is.environment(x)) x
  else abort_argument("a layer or model is wanted here. Received: ", received(x))
}

# What users get for a value found in an R6 object: layers as instances.
as_instance <- function(value) if (inherits(value, "R6") && is.function(value$instance)) value$instance else value

#' @export
`$.keras.engine.base_layer.Layer` <- function(x, name) layer_get(unwrap(x), name)

#' @export
`[[.keras.engine.base_layer.Layer` <- function(x, name, ...) if (is.character(name)) layer_get(
  unwrap(x), name) else abort_argument("a layer has no element ", received(name))

layer_get <- function(object, name) {
  value <- get0(name, envir = object, inherits = FALSE)
  if (is.environment(value)) {
    as_instance(value)
  } else if (is.integer(value) && name %in% c("input_dims", "batch_input_shape")) shape_as_list(value) else value
}

#' @export
`$<-.keras.engine.base_layer.Layer` <- function(x, name, value) {
  object <- unwrap(x)
  # model$optimizer$learning_rate <- 0.01 assigns the same optimizer
  if (is.environment(value) && identical(get0(name, envir = object, inherits = FALSE), value)) return(x)
  assign(name, value, envir = object)
  if (is.null(value) || !is.atomic(value)) structure_changed()
  x
}

#' @export
`[[<-.keras.engine.base_layer.Layer` <- `$<-.keras.engine.base_layer.Layer`

#' @exportS3Method utils::.DollarNames
.DollarNames.keras.engine.base_layer.Layer <- function(x, pattern = "") {
  names <- setdiff(ls(unwrap(x)),
                   c("instance", "own_weights", "own_trainable", "own_metrics", "call_takes", "keras_class", "keras_module", "initial_weights",
                     "initialize"))
  grep(pattern, names, value = TRUE)
}

#' @export
format.keras.engine.base_layer.Layer <- function(x, ...) {
  layer <- unwrap(x)
  shapes <- if (length(layer$inbound_nodes) == 1L) {
    paste0(": ", format_shape(layer_dims(layer, "inputs")), " -> ", format_shape(layer_dims(layer, "outputs")))
  }
  paste0("<", class(layer)[1L], ' layer "', layer$name, '"', shapes, if (isTRUE(layer$built)) paste0(", ", layer_count_params(layer), " parameters"),
         ">")
}

#' @export
print.keras.engine.base_layer.Layer <- function(x, ...) {
  cat(format(x, ...), "\n", sep = "")
  invisible(x)
}
