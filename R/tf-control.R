# Control flow, functions, checks and context managers under tf.

# Values that are lists are taken apart; R numbers become tensors.
choose_by <- function(condition, yes, no) {
  if (is_plain_list(yes)) return(Map(choose_by, list(condition), yes, no))
  op_select(condition, tensor_of(yes), tensor_of(no))
}

tf_cond <- function(pred, true_fn = NULL, false_fn = NULL) {
  if (!is_tensor(pred)) return(if (isTRUE(as.logical(pred))) true_fn() else false_fn())
  if (!is_symbolic(pred)) return(if (isTRUE(as.logical(as.array(pred)))) true_fn() else false_fn())
  choose_by(if (tensor_dtype(pred) == "bool") pred else op_cast(pred, "bool"), true_fn(), false_fn())
}

tf_case <- function(pred_fn_pairs, default = NULL) {
  rest <- function(pairs)
    if (length(pairs)) {
      tf_cond(pairs[[1L]][[1L]], pairs[[1L]][[2L]], function() rest(pairs[-1L]))
    } else if (is.null(default)) pred_fn_pairs[[1L]][[2L]]() else default()
  rest(pred_fn_pairs)
}

tf_while_loop <- function(cond, body, loop_vars, shape_invariants = NULL, parallel_iterations = 10L, back_prop = TRUE, swap_memory = FALSE,
                          maximum_iterations = NULL) {
  one <- !is_plain_list(loop_vars)
  state <- if (one) list(loop_vars) else loop_vars
  names <- names(state)
  steps <- 0
  most <- if (is.null(maximum_iterations)) Inf else as.numeric(maximum_iterations)
  while (steps < most) {
    goes_on <- do.call(cond, unname(state))
    if (is_tensor(goes_on) && is_symbolic(goes_on)) {
      abort_value("tf$while_loop() cannot decide on a value that is not known while a function is traced. ",
                  "Loop a fixed number of times over whole tensors, or use run_eagerly = TRUE.")
    }
    if (!isTRUE(as.logical(if (is_tensor(goes_on)) as.array(goes_on) else goes_on))) break
    state <- do.call(body, unname(state))
    if (!is_plain_list(state)) state <- list(state)
    steps <- steps + 1
  }
  names(state) <- names
  if (one) state[[1L]] else state
}

tf_map_fn <- function(fn, elems, dtype = NULL, parallel_iterations = NULL, back_prop = TRUE, swap_memory = FALSE, infer_shape = TRUE,
                      fn_output_signature = NULL) {
  wanted <- fn_output_signature %||% dtype
  k_map_fn(fn, elems, dtype = if (inherits(wanted, "keratin_dtype") || is.character(wanted)) dtype_name(wanted))
}

# All accumulated values, one after the other.
tf_scan <- function(fn, elems, initializer = NULL, parallel_iterations = 10L, back_prop = TRUE, swap_memory = FALSE, infer_shape = TRUE,
                    reverse = FALSE) {
  parts <- elements_of(elems)
  if (isTRUE(reverse)) parts <- rev(parts)
  values <- if (is.null(initializer)) Reduce(fn, parts, accumulate = TRUE) else Reduce(fn, parts, initializer, accumulate = TRUE)[-1L]
  if (isTRUE(reverse)) values <- rev(values)
  if (is_plain_list(values[[1L]])) lapply(seq_along(values[[1L]]), function(i) op_stack(lapply(values, `[[`, i))) else op_stack(values)
}

# ---- functions that are traced

tf_settings <- new.env(parent = emptyenv())
tf_settings$eager <- FALSE

#' Trace a function of tensors
#'
#' The function is traced for each combination of dtypes and shapes it is called with, planned, and from then on run by the core without
#' returning to R: what it prints is printed once, what it computes is the same. Numbers, functions and other arguments that hold no tensor
#' are constants of a trace. A function that needs the values of its tensors (`if (as.numeric(x) > 0)`) cannot be traced; it then runs as it is
#' written.
#'
#' @param f A function.
#' @param input_signature,... Kept for scripts; has no effect: there is a trace for each shape anyway.
#' @param autograph Kept for scripts.
#' @return A function with the same results.
#' @examples
#' v <- k_variable(0)
#' add <- tf_function(function(x) v$assign_add(k_sum(x)))
#' add(k_constant(1:3))
#' v
#' @seealso [tf]
#' @export
tf_function <- function(f, input_signature = NULL, autograph = TRUE, ...) {
  if (!is.function(f)) abort_argument("`f` must be a function. Received: ", received(f))
  programs <- new.env(parent = emptyenv())
  programs$traces <- TRUE
  traced <- function(...) {
    arguments <- list(...)
    if (!programs$traces || tf_settings$eager || trace_is_on() || recording_is_on() || holds_source(arguments)) return(f(...))
    run_traced(f, arguments, programs)
  }
  structure(traced, class = c("keratin_traced_function", "function"))
}

# Batches that R makes cannot be part of a trace.
holds_source <- function(x)
  if (is_plain_list(x) && !is.object(x)) {
    any(vapply(x, holds_source, NA))
  } else {
    is_keras_tensor(x) || inherits(x, c("keratin_dataset", "keratin_iterator", "keratin_sequence"))
  }

run_traced <- function(f, arguments, programs) {
  tensors <- list()
  constants <- list()
  place <- function(x) {
    if (is_plain_list(x) && !is.object(x)) return(lapply(x, place))
    if (is_tensor(x) && !is_variable(x) || is.numeric(x) && !is.object(x) && length(x) > 1L) {
      tensors[[length(tensors) + 1L]] <<- tensor(x)
      return(structure(length(tensors), class = "keratin_place"))
    }
    constants[[length(constants) + 1L]] <<- if (is.function(x) || is.environment(x)) rlang::obj_address(x) else x
    x
  }
  skeleton <- lapply(arguments, place)
  types <- lapply(tensors, function(t) list(dtype = tensor_dtype(t), shape = tensor_shape(t)))
  key <- rlang::hash(list(types, constants, names(unlist(skeleton)), names(arguments)))
  program <- programs[[key]]
  if (is.null(program) || !program_is_alive(program$pointer)) {
    program <- tryCatch(trace_program(function(inputs) do.call(f, fill_arguments(skeleton, inputs)), types), keratin_error = function(e) NULL)
    if (is.null(program)) {   # it asks for values, or something is wrong: then it says so itself
      programs$traces <- FALSE
      return(do.call(f, arguments))
    }
    programs[[key]] <- program
  }
  program_run(program, tensors)
}
fill_arguments <- function(skeleton, values) lapply(skeleton, function(x) {
  if (inherits(x, "keratin_place")) values[[unclass(x)]] else if (is_plain_list(x) && !is.object(x)) fill_arguments(x, values) else x
})

#' @export
print.keratin_traced_function <- function(x, ...) {
  cat("<traced function>\n")
  print(get("f", envir = environment(x)))
  invisible(x)
}

# ---- checks

tf_assert <- function(op, words) {
  force(op)
  force(words)
  function(x, y, message = NULL, summarize = NULL) {
    holds <- op_reduce_all(op(x, y))
    if (is_symbolic(holds)) return(invisible(NULL))   # a traced run checks nothing
    if (!as.logical(as.array(holds))) {
      abort_argument(message %||% "the assertion failed", ": x ", words, " y does not hold everywhere. Received: x = ", tf_shown(x), ", y = ",
                     tf_shown(y))
    }
    invisible(NULL)
  }
}
tf_shown <- function(x) received(as.vector(if (is_tensor(x)) as.array(x) else x))
tf_check_numerics <- function(tensor, message = "") {
  if (!is_symbolic(tensor) && !as.logical(as.array(op_reduce_all(op_is_finite(tensor))))) {
    abort_argument(message, if (nzchar(message)) ": ", "the tensor has values that are NaN or infinite.")
  }
  tensor
}

tf_debugging <- list(
  assert_equal = tf_assert(op_equal, "=="), assert_none_equal = tf_assert(op_not_equal, "!="), assert_less = tf_assert(op_less, "<"),
  assert_less_equal = tf_assert(op_less_equal, "<="), assert_greater = tf_assert(op_greater, ">"),
  assert_greater_equal = tf_assert(op_greater_equal, ">="),
  assert_positive = function(x, message = NULL, summarize = NULL) tf_assert(op_greater, ">")(x, 0, message),
  assert_non_negative = function(x, message = NULL, summarize = NULL) tf_assert(op_greater_equal, ">=")(x, 0, message),
  assert_rank = function(x, rank, message = NULL) {
    if (tensor_rank(x) != as.numeric(rank)) {
      abort_shape(message %||% "the assertion failed", ": the tensor has shape (", shape_text(tensor_shape(x)), "), ", as.numeric(rank),
                  " axes are wanted.")
    }
    invisible(NULL)
  },
  assert_all_finite = function(x, message = "") tf_check_numerics(x, message),
  check_numerics = tf_check_numerics,
  Assert = function(condition, data, summarize = NULL)
    tf_assert(op_equal, "==")(condition, TRUE, paste(vapply(as_tensor_list(data), tf_shown, ""), collapse = " ")))

# ---- what `with()` opens and that changes nothing here: devices, scopes of names

tf_context <- function(...) structure(list(...), class = "keratin_context")

#' @export
with.keratin_context <- function(data, expr, ...) {
  name <- attr(data, "as")
  if (!is.null(name)) assign(name, data, envir = parent.frame())
  force(expr)
}

# One machine: a strategy runs what it is given, once.
tf_strategy <- function(...) {
  strategy <- list(
    num_replicas_in_sync = 1L, scope = function() tf_context(),
    run = function(fn, args = list(), kwargs = list()) do.call(fn, c(args, kwargs)),
    reduce = function(reduce_op, value, axis = NULL) value,
    experimental_distribute_dataset = function(dataset, ...) dataset)
  structure(strategy, class = "keratin_strategy")
}
#' @export
print.keratin_strategy <- function(x, ...) {
  cat("<strategy: one device, all cores>\n")
  invisible(x)
}

tf_print <- function(..., output_stream = NULL, summarize = 3L, sep = " ", end = "\n") {
  text <- vapply(list(...), function(x) paste(if (is_tensor(x)) value_text(x) else format(x), collapse = "\n"), "")
  cat(paste(text, collapse = sep), end, sep = "")
  invisible(NULL)
}
# As print() shows it, without shape and dtype.
value_text <- function(x) {
  if (is_symbolic(x)) return(format(x))
  value <- as.array(x)
  if (is.null(dim(value))) format_scalar(value, tensor_dtype(x)) else array_text(value, tensor_dtype(x))
}

tf_control <- list(
  cond = tf_cond, case = tf_case, while_loop = tf_while_loop, map_fn = tf_map_fn, scan = tf_scan,
  vectorized_map = function(fn, elems, fallback_to_while_loop = TRUE) k_map_fn(fn, elems),
  foldl = function(fn, elems, initializer = NULL) k_foldl(fn, elems, initializer),
  foldr = function(fn, elems, initializer = NULL) k_foldr(fn, elems, initializer),
  `function` = function(func = NULL, input_signature = NULL, autograph = TRUE, jit_compile = NULL, reduce_retracing = FALSE) tf_function(func),
  group = function(...) invisible(NULL), no_op = function() invisible(NULL),
  control_dependencies = function(control_inputs) tf_context(), name_scope = function(name) tf_context(), device = function(device_name) tf_context(),
  executing_eagerly = function() !trace_is_on(),
  print = tf_print)
