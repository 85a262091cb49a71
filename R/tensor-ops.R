# R's operators and functions on tensors, variables and KerasTensors.

operator_ops <- c(
  "+" = "add", "-" = "subtract", "*" = "multiply", "/" = "divide", "^" = "power", "%%" = "floor_mod", "%/%" = "floor_divide",
  "==" = "equal", "!=" = "not_equal", "<" = "less", "<=" = "less_equal", ">" = "greater", ">=" = "greater_equal",
  "&" = "logical_and", "|" = "logical_or")

#' @export
Ops.tensorflow.tensor <- function(e1, e2) {
  if (missing(e2)) return(switch(.Generic, "-" = op_negative(e1), "+" = e1, "!" = op_logical_not(truth_of(e1))))
  if (.Generic == "&" || .Generic == "|") return(call_op(operator_ops[[.Generic]], list(truth_of(e1), truth_of(e2))))
  if (.Generic == "/") {  # as in TensorFlow: whole numbers divide as float64
    dtype <- tensor_dtype(if (is_tensor(e1)) e1 else e2)
    if (dtype != "float32" && dtype != "float64") {
      e1 <- op_cast(e1, "float64")
      e2 <- op_cast(e2, "float64")
    }
  }
  call_op(operator_ops[[.Generic]], list(e1, e2))
}

# Numbers are true if they are not 0, as in R.
truth_of <- function(x) if (is_bool(x)) x else op_cast(x, "bool")

#' @export
Math.tensorflow.tensor <- function(x, ...) {
  switch(.Generic,
    abs = op_abs(x), sign = op_sign(x), sqrt = op_sqrt(x), floor = op_floor(x), ceiling = op_ceil(x),
    trunc = op_multiply(op_sign(x), op_floor(op_abs(x))), round = round_to(x, ...),
    exp = op_exp(x), expm1 = op_expm1(x), log = log_to(x, ...), log1p = op_log1p(x),
    log2 = op_divide(op_log(x), log(2)), log10 = op_divide(op_log(x), log(10)),
    cos = op_cos(x), sin = op_sin(x), tan = op_tan(x), acos = op_acos(x), asin = op_asin(x), atan = op_atan(x),
    cosh = op_cosh(x), sinh = op_sinh(x), tanh = op_tanh(x), acosh = op_acosh(x), asinh = op_asinh(x), atanh = op_atanh(x),
    cospi = op_cos(op_multiply(x, pi)), sinpi = op_sin(op_multiply(x, pi)), tanpi = op_tan(op_multiply(x, pi)),
    cumsum = op_cumsum(x, ...), cumprod = op_cumprod(x, ...),
    abort_argument(.Generic, "() is not there for tensors. Use it on as.array(x)."))
}
round_to <- function(x, digits = 0) if (digits == 0) op_round(x) else op_divide(op_round(op_multiply(x, 10^digits)), 10^digits)
log_to <- function(x, base = exp(1)) if (identical(base, exp(1))) op_log(x) else op_divide(op_log(x), log(as.numeric(base)))

# `axis` counts from 1, from the end if negative, as in the tensorflow package: sum(x, axis = 2), mean(x, axis = -1, keepdims = TRUE).
#' @export
Summary.tensorflow.tensor <- function(..., axis = NULL, keepdims = FALSE, na.rm = FALSE) {
  axes <- axes_from_one(axis)
  if (...length() == 1L && .Generic != "range") return(tensor_summaries[[.Generic]](..1, axes, isTRUE(keepdims)))
  if (.Generic == "range") return(range_of(..., axes = axes, keepdims = isTRUE(keepdims)))
  parts <- lapply(list(...), tensor_summaries[[.Generic]], axes, isTRUE(keepdims))
  combine <- switch(.Generic, sum = op_add, prod = op_multiply, max = op_maximum, min = op_minimum, any = op_logical_or, all = op_logical_and)
  Reduce(combine, parts)
}
tensor_summaries <- list(sum = op_reduce_sum, prod = op_reduce_prod, max = op_reduce_max, min = op_reduce_min, any = op_reduce_any,
                         all = op_reduce_all)
# The smallest and the largest, one after the other.
range_of <- function(..., axes, keepdims) {
  parts <- list(...)
  if (!is.null(axes) && length(parts) > 1L) abort_argument("range(): `axis` is for one tensor. Received: ", length(parts))
  op_stack(list(Reduce(op_minimum, lapply(parts, op_reduce_min, axes, keepdims)), Reduce(op_maximum, lapply(parts, op_reduce_max, axes, keepdims))))
}

#' @export
mean.tensorflow.tensor <- function(x, ..., axis = NULL, keepdims = FALSE) op_reduce_mean(x, axes_from_one(axis), isTRUE(keepdims))
#' @export
cbind.tensorflow.tensor <- function(..., deparse.level = 1) bind_along(list(...), 1L)
#' @export
rbind.tensorflow.tensor <- function(..., deparse.level = 1) bind_along(list(...), 0L)
# Vectors are columns, or rows, as in R.
bind_along <- function(parts, axis) {
  first <- tensor_dtype(Find(is_tensor, parts))
  op_concat(lapply(parts, function(x) {
    if (!is_tensor(x)) x <- tensor(x, first)
    if (tensor_rank(x) == 1L) op_expand_dims(x, axis) else if (tensor_rank(x) == 0L) op_reshape(x, c(1, 1)) else x
  }), axis)
}
# A vector becomes a row, as in R.
#' @export
t.tensorflow.tensor <- function(x) switch(as.character(tensor_rank(x)), "0" = op_reshape(x, c(1, 1)), "1" = op_expand_dims(x, 0L), op_transpose(x))
#' @export
aperm.tensorflow.tensor <- function(a, perm = NULL, ...) op_transpose(a, if (!is.null(perm)) as.integer(perm) - 1L)
#' @export
rev.tensorflow.tensor <- function(x) op_reverse(x, 0L)
#' @export
sort.tensorflow.tensor <- function(x, decreasing = FALSE, ..., axis = -1L) {
  on_last_axis(x, axes_from_one(axis), function(x) op_sort(x, isTRUE(decreasing))[[1L]])
}
#' @export
rep.tensorflow.tensor <- function(x, times = 1L, ...) {
  if (...length()) abort_argument("rep() of a tensor takes `times` alone. Use k_repeat_elements() or k_tile().")
  if (tensor_rank(x) > 1L)
    abort_shape("rep() takes a vector; k_tile() repeats along axes. Received a tensor of shape (", shape_text(tensor_shape(x)), ").")
  op_tile(if (tensor_rank(x) == 0L) op_expand_dims(x, 0L) else x, as_count(times, "times", 0L))
}
#' @export
is.nan.tensorflow.tensor <- function(x) op_is_nan(x)
#' @export
is.na.tensorflow.tensor <- function(x) op_is_nan(x)
#' @export
is.finite.tensorflow.tensor <- function(x) op_is_finite(x)
#' @export
is.infinite.tensorflow.tensor <- function(x) op_is_inf(x)

# By their values: all.equal() finds any two pointers equal.
#' @method all.equal tensorflow.tensor
#' @export
all.equal.tensorflow.tensor <- function(target, current, ...) {
  if (is_keras_tensor(target) || is_keras_tensor(current)) return(if (identical(target, current)) TRUE else "Keras tensors have no values to compare")
  if (is_tensor(current) && tensor_dtype(target) != tensor_dtype(current))
    return(paste0("dtypes differ: ", tensor_dtype(target), " and ", tensor_dtype(current)))
  all.equal(as.array(target), if (is_tensor(current)) as.array(current) else current, ...)
}

#' @export
str.tensorflow.tensor <- function(object, ...) {
  cat(sprintf("<tf.Tensor: shape=(%s), dtype=%s>\n", shape_text(tensor_shape(object)), tensor_dtype(object)))
  invisible(object)
}

# ---- x[...]: counted from 1, negative ones from the end. `a:b` and `a:b:step` include b and may leave an end open with NULL; a single
# number drops its axis unless drop = FALSE; NULL makes a new axis; a vector or tensor of positions gathers; truth values choose, also of
# several axes at once (x[x > 0]). Missing ones, also at the end, take the whole axis.
#' @export
`[.tensorflow.tensor` <- function(x, ..., drop = TRUE) {
  subscripts <- as.list(substitute(...()))
  frame <- parent.frame()
  used <- length(subscripts)
  rest <- FALSE
  for (i in seq_along(subscripts)) {
    s <- subscripts[[i]] <- read_subscript(subscripts[[i]], frame)
    if (s$kind == "new") used <- used - 1L else if (s$kind == "rest") rest <- TRUE
    if (s$kind == "mask") {
      if (length(subscripts) > 1L)
        abort_argument("`[`: a mask with several axes is the only subscript, x[mask]. Received: ", length(subscripts), " subscripts.")
      return(op_boolean_mask(x, if (is_tensor(s$mask)) as.array(s$mask) else s$mask))
    }
  }
  shape <- tensor_shape(x)
  rank <- length(shape)
  if (rest) {
    subscripts <- spread_rest(subscripts, rank)
    used <- sum(vapply(subscripts, function(s) s$kind != "new", NA))
  }
  if (used > rank) abort_argument("`[`: ", used, " subscripts for an array with ", rank, if (rank == 1L) " axis." else " axes.")

  begin <- end <- begin_open <- end_open <- numeric(used)
  strides <- rep_len(1, used)
  shrink <- numeric(used)
  sliced <- TRUE  # that was all
  axis <- 0L
  for (s in subscripts) {
    if (s$kind == "new") next
    axis <- axis + 1L
    if (s$kind == "one") {
      size <- shape[axis]
      at <- s$at
      if (!is.na(size) && (at >= size || at < -size))
        abort_shape("`[`: element ", at + (at >= 0), " is not in axis ", axis, ", which has ", size, ". Received an array of shape (",
                    shape_text(shape), ").")
      begin[axis] <- at
      end[axis] <- at + 1
      if (at == -1) end_open[axis] <- 1
      if (drop) shrink[axis] <- 1
    } else if (s$kind == "range") {
      begin[axis] <- s$begin
      end[axis] <- s$end
      begin_open[axis] <- s$begin_open
      end_open[axis] <- s$end_open
      strides[axis] <- s$step
    } else {
      begin_open[axis] <- end_open[axis] <- 1
      if (s$kind != "all") sliced <- FALSE
    }
  }
  plain <- all(begin_open == 1 & end_open == 1 & strides == 1)
  if (used > 0L && !plain) x <- op_strided_slice(x, begin, end, strides, begin_open, end_open, shrink)
  if (sliced && used == length(subscripts)) return(x)

  axis <- 0L  # of the result
  for (s in subscripts) {
    if (s$kind == "new") x <- op_expand_dims(x, axis)
    if (s$kind == "many") x <- op_gather(x, s$positions, axis)
    if (s$kind == "pick") {
      x <- op_gather(x, s$positions, axis)
      axis <- axis - 1L
    }
    if (s$kind != "one" || !drop) axis <- axis + 1L
  }
  x
}

# One subscript, unevaluated: `:` is read as a slice, so that 2:-1 means "from the second to the last".
read_subscript <- function(expression, frame) {
  if (is.double(expression) && length(expression) == 1L && !is.na(expression) && expression >= 1 && expression == trunc(expression)) {
    return(list(kind = "one", at = expression - 1))
  }
  if (identical(expression, quote(expr = ))) return(subscript_all)
  if (is.call(expression)) { if (identical(expression[[1L]], subscript_colon)) return(read_slice(expression, frame)) }
  else if (is.name(expression) && grepl(":", expression, fixed = TRUE)) return(read_slice(spelled_slice(as.character(expression)), frame))
  value <- eval(expression, frame)
  if (is.numeric(value) && !is.object(value) && length(value) == 1L && is.finite(value) && value != 0 && value == trunc(value)) {
    return(list(kind = "one", at = from_one(as.vector(value))))
  }
  if (is.null(value)) return(list(kind = "new"))
  if (inherits(value, "keratin_all_dims")) return(list(kind = "rest"))
  if (is_tensor(value)) return(tensor_subscript(value))
  if (identical(value, TRUE)) return(subscript_all)
  if (is.logical(value) && length(dim(value)) > 1L) return(list(kind = "mask", mask = value))
  if (is.logical(value)) value <- which(value)
  if (!is_whole(value)) abort_argument("`[`: a subscript must be a whole number, a slice, NULL or left out. Received: ", received(value))
  if (any(value == 0)) abort_argument("`[`: subscripts count from 1, or from the end with -1. Received: ", received(value))
  if (length(value) == 1L) return(list(kind = "one", at = from_one(value)))
  if (length(value) > 1L && value[1L] > 0 && all(diff(value) == 1))
    return(list(kind = "range", begin = value[1L] - 1, end = value[length(value)], begin_open = 0, end_open = 0, step = 1))
  if (any(value < 0)) abort_argument("`[`: several positions must count from 1. Received: ", received(value))
  list(kind = "many", positions = array(as.integer(value) - 1L, length(value)))
}
subscript_all <- list(kind = "all")
subscript_colon <- as.name(":")
# x[, `2:`], x[`::2`]: a slice between backticks may leave its ends out.
spelled_slice <- function(text) {
  parts <- lapply(regmatches(text, gregexpr(":", text, fixed = TRUE), invert = TRUE)[[1L]], function(part) if (nzchar(part)) str2lang(part))
  if (length(parts) > 3L) abort_argument("`[`: a slice is start:end or start:end:step. Received: ", received(text))
  slice <- as.call(list(as.name(":"), parts[[1L]], parts[[2L]]))
  if (length(parts) == 3L && !is.null(parts[[3L]])) call(":", slice, parts[[3L]]) else slice
}

#' All remaining axes of a tensor
#'
#' Stands in `x[all_dims(), 1]` for as many left out subscripts as the tensor has further axes: Python's `...`.
#'
#' @return An object that `[` of tensors understands.
#' @examples
#' x <- k_constant(array(1:24, c(2, 3, 4)))
#' x[all_dims(), 1]   # x[, , 1]
#' @seealso [tf]
#' @export
all_dims <- function() structure(list(), class = "keratin_all_dims")
spread_rest <- function(subscripts, rank) {
  kinds <- vapply(subscripts, `[[`, "", "kind")
  at <- which(kinds == "rest")
  if (length(at) > 1L) abort_argument("`[`: one all_dims() is enough. Received: ", length(at))
  all <- rep(list(list(kind = "all")), max(0L, rank - sum(!kinds %in% c("new", "rest"))))
  c(subscripts[seq_len(at - 1L)], all, subscripts[-seq_len(at)])
}
from_one <- function(i) if (i > 0) i - 1 else i

read_slice <- function(expression, frame) {
  step <- 1
  left <- expression[[2L]]
  right <- expression[[3L]]
  if (is.call(left) && identical(left[[1L]], subscript_colon)) {  # a:b:step is (a:b):step
    step <- slice_end(right, frame) %||% 1
    right <- left[[3L]]
    left <- left[[2L]]
  }
  begin <- slice_end(left, frame)
  end <- slice_end(right, frame)
  # the end is included: the core's is not
  past <- if (is.null(end)) 0 else if (step > 0) { if (end > 0) end else end + 1 } else { if (end > 0) end - 2 else end - 1 }
  open <- is.null(end) || (step > 0 && end == -1) || (step < 0 && end == 1)
  list(kind = "range", begin = if (is.null(begin)) 0 else from_one(begin), end = past, begin_open = as.integer(is.null(begin)),
       end_open = as.integer(open), step = step)
}

slice_end <- function(expression, frame) {
  end <- if (is.double(expression)) expression else eval(expression, frame)
  if (is.double(end) && length(end) == 1L && is.finite(end) && end != 0 && end == trunc(end)) return(as.vector(end))
  if (is_tensor(end)) end <- as.numeric(as.array(end))
  if (is.null(end) || (length(end) == 1L && is_whole(end) && end != 0)) return(end)
  abort_argument("`[`: the ends of a slice are whole numbers counted from 1 (or from the end with -1), or NULL. Received: ", received(end))
}

# A tensor counts from 1 too.
tensor_subscript <- function(value) {
  if (identical(tensor_dtype(value), "bool")) {
    if (is_symbolic(value)) abort_value("`[`: a tensor of bool has no value while a function is traced. Multiply by the mask, or use k_switch().")
    if (tensor_rank(value) > 1L) return(list(kind = "mask", mask = value))
    return(list(kind = "many", positions = array(which(as.vector(as.array(value))) - 1L)))
  }
  if (!tensor_dtype(value) %in% c("int32", "int64")) value <- op_cast(value, "int32")
  list(kind = if (tensor_rank(value) == 0L) "pick" else "many", positions = op_subtract(value, 1L))
}

#' @export
`[<-.tensorflow.tensor` <- function(x, ..., value) {
  abort_argument("elements of a tensor cannot be assigned. Make a new one with k_switch(condition, then, else), tf$where() or ",
                 "tf$tensor_scatter_nd_update(); a variable takes a whole value with v$assign(value).")
}

# One element along the first axis. `[[` is Python's x[i] in R keras and counts from 0: k_shape(x)[[1]] is the size behind the batch, on
# which what is written for it relies.
#' @export
`[[.tensorflow.tensor` <- function(x, i, ...) {
  if (is.character(i) && length(i) == 1L) {
    return(if (is.environment(x) && exists(i, envir = x, inherits = FALSE)) .subset2(x, i) else eval(call("$", x, as.name(i))))
  }
  if (...length() || length(i) != 1L || !is_whole(i)) {
    abort_argument("`[[` takes one whole number, counted from 0 as in R keras; `[` counts from 1. Received: ", received(i))
  }
  x[if (i < 0) i else i + 1]
}

# x %*% y, which asks the class of its operands since R 4.3 (registered as R is loaded; before, k_dot(x, y) and tf$matmul(x, y) do it).
matrix_product <- function(x, y) {
  if (.Generic != "%*%") abort_argument(.Generic, "() is not there for tensors. Use tf$matmul(x, y, transpose_a = , transpose_b = ).")
  op_matmul(x, y)
}
