# Traces: an R function over tensors run once with promises instead of values, then planned and run by the core.

# f: takes a list of tensors, gives a (nested) list of tensors or one tensor. input_types: list of list(dtype =, shape =).
trace_program <- function(f, input_types) {
  traced <- trace_function(f, input_types)
  on.exit(trace_end(traced$graph))
  structure(list(pointer = program_create(traced$graph, traced$outputs), skeleton = traced$skeleton), class = "keratin_program")
}

program_run <- function(program, inputs) fill_skeleton(program$skeleton, program_run_call(program$pointer, inputs))

# Only the dtypes and shapes (NA: unknown) of what f gives: same structure, list(dtype =, shape =) in the place of tensors.
infer_types <- function(f, input_types) {
  traced <- trace_function(f, input_types)
  on.exit(trace_end(traced$graph))
  fill_skeleton(traced$skeleton, lapply(traced$outputs, function(t) list(dtype = tensor_dtype(t), shape = tensor_shape(t))))
}

trace_function <- function(f, input_types) {
  graph <- trace_begin()
  complete <- FALSE
  on.exit(if (!complete) trace_end(graph))
  inputs <- lapply(input_types, function(type) trace_placeholder(dtype_name(type$dtype), as.numeric(type$shape)))
  result <- withCallingHandlers(f(inputs), error = explain_branch)
  outputs <- list()
  skeleton <- make_skeleton(result, function(t) {
    outputs[[length(outputs) + 1L]] <<- t
    length(outputs)
  })
  complete <- TRUE
  list(graph = graph, outputs = outputs, skeleton = skeleton)
}

# if (x > 0) on a tensor is R's own error, which does not say what to do.
explain_branch <- function(e) {
  if (!inherits(e, "simpleError") ||
      !conditionMessage(e) %in% gettext(c("argument is not interpretable as logical", "argument is of length zero"), domain = "R")) {
    return()
  }
  branch <- conditionCall(e)
  if (!is.call(branch) || !as.character(branch[[1L]])[1L] %in% c("if", "while")) return()
  if (!trace_is_on())
    abort_argument("`", as.character(branch[[1L]]), " (", received(branch[[2L]]),
                   ")` wants TRUE or FALSE. Is it a tensor, put as.logical() around it: ", as.character(branch[[1L]]), " (as.logical(",
                   received(branch[[2L]]),
                   ")). Where the function is traced, as in fit() without run_eagerly = TRUE, write k_switch(condition, then, else).")
  abort_argument("`", as.character(branch[[1L]]), " (", received(branch[[2L]]),
                 ")` branches on the value of a tensor, which is not known while a function is traced. ",
                 "Write k_switch(condition, then, else), or compile() the model with run_eagerly = TRUE and put as.logical() around the condition.")
}

# The nested list with tensors replaced by their number.
make_skeleton <- function(x, number) {
  if (is.null(x)) return(NULL)
  if (is.list(x) && !is.object(x)) return(lapply(x, make_skeleton, number = number))
  structure(number(if (is_tensor(x)) x else tensor(x)), class = "keratin_place")
}
fill_skeleton <- function(skeleton, values) {
  if (is.null(skeleton)) return(NULL)
  if (inherits(skeleton, "keratin_place")) return(values[[unclass(skeleton)]])
  lapply(skeleton, fill_skeleton, values = values)
}

#' @export
print.keratin_program <- function(x, ...) {
  s <- program_summary(x$pointer)
  cat(sprintf("<program of %d steps: %g fused, %g in place, %g dropped, %.1f MB of working memory>\n", length(s$steps), s$fused, s$in_place,
              s$dropped, s$arena_bytes / 1e6))
  invisible(x)
}
