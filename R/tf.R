#' The TensorFlow functions that R keras scripts call
#'
#' `tf$GradientTape()`, `tf$constant()`, `tf$float32` and others, under the names scripts use, so that custom training loops run as
#' written. A member that does not exist is an error that names the nearest known one.
#'
#' @format An object whose members are reached with `$`.
#' @examples
#' x <- k_constant(3)
#' with(tf$GradientTape() %as% tape, {
#'   tape$watch(x)
#'   y <- x * x
#' })
#' tape$gradient(y, x)
#' @export
tf <- structure(new.env(parent = emptyenv()), class = "keratin_tf")

#' @export
`$.keratin_tf` <- function(x, name) {
  found <- get0(name, envir = x, inherits = FALSE)
  if (is.null(found)) {
    near <- agrep(name, ls(x), value = TRUE, ignore.case = TRUE, max.distance = 0.3)
    abort_argument("keratin's `tf` has no member `", name, "`.", if (length(near)) paste0(" Did you mean `", near[1L], "`?"))
  }
  found
}
#' @export
print.keratin_tf <- function(x, ...) {
  cat("<tf: ", paste(sort(ls(x)), collapse = ", "), ">\n", sep = "")
  invisible(x)
}

#' Name the object that `with()` opens
#'
#' @param object An object that `with()` can open, such as `tf$GradientTape()`.
#' @param name The name under which the expression (and the code after it) sees it.
#' @return `object`, marked with the name.
#' @examples
#' v <- k_variable(2)
#' with(tf$GradientTape() %as% tape, y <- v * v)
#' tape$gradient(y, v)
#' @export
`%as%` <- function(object, name) {
  attr(object, "as") <- as.character(substitute(name))
  object
}

# ---- GradientTape
new_tape <- function(persistent = FALSE) {
  tape <- new.env(parent = emptyenv())
  tape$persistent <- persistent
  tape$watched <- list()
  tape$used <- FALSE
  tape$recording <- FALSE
  tape$watch <- function(tensor) {
    for (t in if (is.list(tensor)) tensor else list(tensor)) {
      if (!is_tensor(t)) abort_argument("tape$watch() takes tensors and variables. Received: ", received(t), ".")
      if (!is_variable(t)) tape$watched[[length(tape$watched) + 1L]] <- t
    }
    invisible(NULL)
  }
  tape$gradient <- function(target, sources, output_gradients = NULL, unconnected_gradients = "none") {
    if (tape$used && !tape$persistent)
      abort_argument("a tape gives gradients once. Use tf$GradientTape(persistent = TRUE) to ask again.")
    tape$used <- TRUE
    tape_gradient(tape, target, sources, output_gradients, unconnected_gradients)
  }
  tape$stop_recording <- function() tape_stop(tape)
  tape$reset <- function() tape$watched <- list()
  class(tape) <- "keratin_tape"
  tape
}

tape_stop <- function(tape) {
  if (tape$recording) {
    tape$recording <- FALSE
    recording_end()
  }
  invisible(NULL)
}

# Gradients of one target (or of the sum over a list of them), in the structure of `sources`.
tape_gradient <- function(tape, target, sources, upstream, unconnected) {
  if (is.list(target)) {
    weigh <- function(t, u) op_reduce_sum(if (is.null(u)) t else op_multiply(t, u))
    target <- with_recording(Reduce(op_add, Map(weigh, target, if (is.null(upstream)) vector("list", length(target)) else upstream)))
    upstream <- NULL
  }
  if (!is.list(sources)) return(tape_gradients(tape, target, list(sources), upstream, unconnected)[[1L]])
  if (any(vapply(sources, is.list, NA))) return(lapply(sources, function(s) tape_gradient(tape, target, s, upstream, unconnected)))
  tape_gradients(tape, target, sources, upstream, unconnected)
}

tape_gradients <- function(tape, target, sources, upstream, unconnected) {
  found <- if (is_tensor(target)) op_gradients(target, unname(sources), upstream) else vector("list", length(sources))
  out <- Map(function(gradient, source) {
    known <- is_variable(source) || is_symbolic(source) || tensor_is_recorded(source) || any(vapply(tape$watched, tensor_is_same, NA, b = source))
    if (!is.null(gradient) && known) gradient else if (identical(as.character(unconnected), "zero")) op_multiply(source, 0)
  }, found, unname(sources))
  names(out) <- names(sources)
  out
}

#' @export
with.keratin_tape <- function(data, expr, ...) {
  name <- attr(data, "as")
  if (!is.null(name)) assign(name, data, envir = parent.frame())
  data$recording <- TRUE
  recording_begin()
  on.exit(tape_stop(data))
  force(expr)
}

assign("GradientTape", function(persistent = FALSE, watch_accessed_variables = TRUE) new_tape(persistent), envir = tf)
for (name in c("float32", "float64", "int32", "int64", "bool", "string")) assign(name, structure(list(name), class = "keratin_dtype"), envir = tf)
rm(name)
