# tf$GradientTape.

new_tape <- function(persistent = FALSE, watch_accessed_variables = TRUE) {
  tape <- new.env(parent = emptyenv())
  tape$persistent <- isTRUE(persistent)
  tape$watch_accessed_variables <- !isFALSE(watch_accessed_variables)
  tape$watched <- list()
  tape$used <- FALSE
  tape$recording <- FALSE
  tape$watch <- function(tensor) {
    for (t in if (is_plain_list(tensor)) rlang::squash(tensor) else list(tensor)) {
      if (!is_tensor(t)) abort_argument("tape$watch() takes tensors and variables. Received: ", received(t), ".")
      tape$watched[[length(tape$watched) + 1L]] <- t
    }
    invisible(NULL)
  }
  tape$gradient <- function(target, sources, output_gradients = NULL, unconnected_gradients = "none") {
    tape_ask(tape)
    tape_gradient(tape, target, sources, output_gradients, unconnected_gradients)
  }
  tape$jacobian <- function(target, sources, unconnected_gradients = "none", parallel_iterations = NULL, experimental_use_pfor = TRUE) {
    tape_ask(tape)
    if (is_plain_list(sources)) {
      lapply(sources, function(s) tape_jacobian(tape, target, s, unconnected_gradients))
    } else {
      tape_jacobian(tape, target, sources, unconnected_gradients)
    }
  }
  tape$batch_jacobian <- function(target, source, unconnected_gradients = "none", parallel_iterations = NULL, experimental_use_pfor = TRUE) {
    tape_ask(tape)
    tape_batch_jacobian(tape, target, source, unconnected_gradients)
  }
  tape$watched_variables <- function() Filter(is_variable, tape$watched)
  tape$stop_recording <- function() {
    tape_stop(tape)
    structure(list(tape = tape), class = "keratin_pause")
  }
  tape$reset <- function() {
    tape$watched <- list()
    invisible(NULL)
  }
  class(tape) <- "keratin_tape"
  tape
}

tape_ask <- function(tape) {
  if (tape$used && !tape$persistent) abort_argument("a tape gives gradients once. Use tf$GradientTape(persistent = TRUE) to ask again.")
  tape$used <- TRUE
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
  if (is_plain_list(target)) {
    weigh <- function(t, u) op_reduce_sum(if (is.null(u)) t else op_multiply(t, u))
    target <- with_recording(Reduce(op_add, Map(weigh, target, if (is.null(upstream)) vector("list", length(target)) else upstream)))
    upstream <- NULL
  }
  if (!is_plain_list(sources)) return(tape_gradients(tape, target, list(sources), upstream, unconnected)[[1L]])
  if (any(vapply(sources, is_plain_list, NA))) return(lapply(sources, function(s) tape_gradient(tape, target, s, upstream, unconnected)))
  tape_gradients(tape, target, sources, upstream, unconnected)
}

tape_gradients <- function(tape, target, sources, upstream, unconnected) {
  for (source in sources) if (!is_tensor(source)) abort_argument("gradients are taken for tensors and variables. Received: ", received(source), ".")
  found <- if (is_tensor(target)) op_gradients(target, unname(sources), upstream) else vector("list", length(sources))
  out <- Map(function(gradient, source) {
    if (!is.null(gradient) && tape_knows(tape, source)) gradient else if (identical(as.character(unconnected), "zero")) op_zeros_like(source)
  }, found, unname(sources))
  names(out) <- names(sources)
  out
}

tape_knows <- function(tape, source) {
  if (is_variable(source)) return(tape$watch_accessed_variables || any(vapply(tape$watched, identical, NA, y = source)))
  is_symbolic(source) || tensor_is_recorded(source) || any(vapply(tape$watched, function(t) !is_variable(t) && tensor_is_same(t, source), NA))
}

# One gradient for each element of the target: shape c(target's, source's).
tape_jacobian <- function(tape, target, source, unconnected) {
  shape <- tensor_shape(target)
  n <- prod(shape)
  unit <- op_eye(n, dtype = tensor_dtype(target))
  rows <- lapply(seq_len(n),
                 function(i) tape_gradients(tape, target, list(source), op_reshape(op_slice(unit, c(i - 1, 0), c(1, -1)), shape), unconnected)[[1L]])
  if (any(vapply(rows, is.null, NA))) return(NULL)
  op_reshape(op_stack(rows), c(shape, tensor_shape(source)))
}

# Samples do not depend on each other: one gradient for each element of a sample.
tape_batch_jacobian <- function(tape, target, source, unconnected) {
  shape <- tensor_shape(target)
  n <- prod(shape[-1L])
  unit <- op_eye(n, dtype = tensor_dtype(target))
  rows <- lapply(seq_len(n), function(i) {
    upstream <- op_reshape(op_tile(op_slice(unit, c(i - 1, 0), c(1, -1)), c(shape[1L], 1)), shape)
    tape_gradients(tape, target, list(source), upstream, unconnected)[[1L]]
  })
  if (any(vapply(rows, is.null, NA))) return(NULL)
  op_reshape(op_stack(rows, 1L), c(shape, tensor_shape(source)[-1L]))
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

# with(tape$stop_recording(), ...) inside the tape's own with().
#' @export
with.keratin_pause <- function(data, expr, ...) {
  tape <- data$tape
  on.exit({
    tape$recording <- TRUE
    recording_begin()
  })
  force(expr)
}

#' @export
print.keratin_tape <- function(x, ...) {
  cat("<GradientTape>\n")
  invisible(x)
}
