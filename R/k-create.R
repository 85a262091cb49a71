#' Tensors and variables of the backend
#'
#' @param value Number, array or tensor.
#' @param dtype Name of the dtype; the default float if `NULL`. `k_arange()` gives int32, for fractions the default float.
#' @param shape Sizes. For `k_constant()`: the shape that the value (read row by row) takes, or that a single number fills.
#' @param name Name; used for variables.
#' @param constraint Function that is applied to the variable after an optimizer's step.
#' @param size Number of rows and columns.
#' @param start,stop,step First value, end (not included) and step; with one number it is the end and 0 the first value.
#' @param x Tensor or array whose shape and dtype are taken.
#' @return A tensor; a variable from `k_variable()`, `k_zeros()`, `k_ones()` and `k_eye()`.
#' @family backend functions
#' @examples
#' k_constant(c(1, 2, 3))
#' k_constant(0, shape = c(2, 2))
#' k_variable(array(1, c(2, 2)))
#' k_arange(2, 10, 3)
#' @export
k_constant <- function(value, dtype = NULL, shape = NULL, name = NULL) {
  if (is.null(dtype)) dtype <- if (is.character(value)) "string" else if (is_tensor(value)) tensor_dtype(value) else k_floatx()
  x <- tensor(value, dtype)
  if (is.null(shape)) return(x)
  sizes <- sizes_of(shape)
  if (prod(tensor_shape(x)) == 1 && prod(sizes) != 1) op_broadcast_to(op_reshape(x, numeric()), sizes) else op_reshape(x, sizes)
}
#' Tensor of an R value
#'
#' @param x R value, tensor or variable.
#' @param dtype Name of the dtype; `NULL`: that of `x` (R numbers are [k_floatx()], integers `int32`).
#' @param shape Shape; a single number fills it.
#' @param ...,name Not used.
#' @return A tensor.
#' @examples
#' as_tensor(1:3, "float32")
#' as_tensor(0, shape = c(2, 2))
#' @export
as_tensor <- function(x, dtype = NULL, ..., shape = NULL, name = NULL) {
  x <- tensor(x, dtype)
  if (is.null(shape)) x else k_constant(x, shape = shape)
}
#' @rdname k_constant
#' @export
k_variable <- function(value, dtype = NULL, name = NULL, constraint = NULL) {
  variable <- new_variable(value, name = name %||% "Variable",
                           dtype = dtype_name(dtype) %||% (if (is_tensor(value)) tensor_dtype(value) else k_floatx()))
  assign("constraint", constraint, envir = variable)
  variable
}
#' @rdname k_constant
#' @export
k_zeros <- function(shape, dtype = NULL, name = NULL) k_variable(op_fill(new_sizes(shape), 0, dtype), name = name)
#' @rdname k_constant
#' @export
k_ones <- function(shape, dtype = NULL, name = NULL) k_variable(op_fill(new_sizes(shape), 1, dtype), name = name)
#' @rdname k_constant
#' @export
k_eye <- function(size, dtype = NULL, name = NULL) {
  k_variable(op_eye(as_count(if (is_tensor(size)) as.array(size) else size, "size", 0L), dtype = dtype), name = name)
}
#' @rdname k_constant
#' @export
k_zeros_like <- function(x, dtype = NULL, name = NULL) op_zeros_like(x, dtype)
#' @rdname k_constant
#' @export
k_ones_like <- function(x, dtype = NULL, name = NULL) op_ones_like(x, dtype)
#' @rdname k_constant
#' @export
k_arange <- function(start, stop = NULL, step = 1, dtype = "int32") {
  bounds <- lapply(list(start = start, stop = stop, step = step), function(x) if (is_tensor(x)) as.array(x) else x)
  for (name in names(bounds)) {
    x <- bounds[[name]]
    if (!is.null(x) && (!is.numeric(x) || length(x) != 1L || is.na(x)))
      abort_argument("k_arange(): `", name, "` must be one number. Received: ", name, " = ", received(x))
  }
  if (missing(dtype) && !all(vapply(bounds, function(x) is.null(x) || x == trunc(x), NA))) dtype <- k_floatx()
  from <- if (is.null(stop)) 0 else bounds$start
  op_range(as.numeric(from), as.numeric(bounds$stop %||% bounds$start), as.numeric(bounds$step), dtype)
}
#' @rdname k_constant
#' @export
k_identity <- function(x, name = NULL) op_identity(x)

#' Random tensors
#'
#' `set.seed()` decides what they draw.
#'
#' @param shape Sizes.
#' @param minval,maxval,low,high Bounds of the uniform distribution (the upper one not included).
#' @param mean,stddev,scale Mean and standard deviation of the normal distribution. `k_truncated_normal()` draws again what is
#'   more than two standard deviations away.
#' @param p Probability of a 1.
#' @param dtype Name of the dtype; the default float if `NULL`.
#' @param seed Whole number that makes this call give the same numbers each time; `NULL` leaves it to `set.seed()`.
#' @param name Name of the variable.
#' @return A tensor; a variable from `k_random_uniform_variable()` and `k_random_normal_variable()`.
#' @family backend functions
#' @examples
#' set.seed(1)
#' k_random_uniform(c(2, 3))
#' k_random_binomial(5, p = 0.5)
#' @name k_random
NULL

#' @rdname k_random
#' @export
k_random_uniform <- function(shape, minval = 0, maxval = 1, dtype = NULL, seed = NULL) {
  op_random_uniform(new_sizes(shape), minval, maxval, dtype, seed)
}
#' @rdname k_random
#' @export
k_random_normal <- function(shape, mean = 0, stddev = 1, dtype = NULL, seed = NULL) op_random_normal(new_sizes(shape), mean, stddev, dtype, seed)
#' @rdname k_random
#' @export
k_truncated_normal <- function(shape, mean = 0, stddev = 1, dtype = NULL, seed = NULL) {
  op_truncated_normal(new_sizes(shape), mean, stddev, dtype, seed)
}
#' @rdname k_random
#' @export
k_random_binomial <- function(shape, p = 0, dtype = NULL, seed = NULL) {
  dtype <- dtype_name(dtype) %||% k_floatx()
  op_cast(op_less(op_random_uniform(new_sizes(shape), dtype = "float32", seed = seed), p), dtype)
}
#' @rdname k_random
#' @export
k_random_bernoulli <- k_random_binomial
#' @rdname k_random
#' @export
k_random_uniform_variable <- function(shape, low, high, dtype = NULL, name = NULL, seed = NULL)
  k_variable(k_random_uniform(shape, low, high, dtype, seed), name = name)
#' @rdname k_random
#' @export
k_random_normal_variable <- function(shape, mean, scale, dtype = NULL, name = NULL, seed = NULL)
  k_variable(k_random_normal(shape, mean, scale, dtype, seed), name = name)

#' Sets a share of the elements to zero
#'
#' The others are scaled so that the expected sum stays the same.
#'
#' @param x Tensor or array.
#' @param level Share of the elements to drop, between 0 and 1.
#' @param noise_shape Shape of the pattern; 1 where all elements along an axis are dropped or kept together.
#' @param seed See [k_random_uniform()].
#' @return A tensor of the shape of `x`.
#' @family backend functions
#' @examples
#' set.seed(1)
#' k_dropout(k_ones(c(2, 5)), 0.4)
#' @export
k_dropout <- function(x, level, noise_shape = NULL, seed = NULL)
  op_dropout(as_float_tensor(x), level, if (!is.null(noise_shape)) sizes_of(noise_shape), seed)
