#' Shapes of the backend
#'
#' Change the shape, the order or the number of axes. Axes count from 1, from the end if negative.
#'
#' @param x,reference Tensor or array (a list of them for `k_stack()`).
#' @param tensors List of tensors or arrays.
#' @param axis,axes Axis or axes, counted from 1; `NULL` in `k_squeeze()` drops all of size 1.
#' @param shape Sizes; one may be -1 (or `NA`) and follows from the others.
#' @param pattern Order of the axes, for example `c(1, 3, 2)`.
#' @param n Number of copies: of a new axis 2 (`k_repeat()`), or along each axis (`k_tile()`).
#' @param rep Number of times each element is repeated.
#' @param num Number of parts, if the size of the axis is unknown.
#' @param indices Positions along the first axis, counted from 0; classes from 0 for `k_one_hot()`.
#' @param num_classes Number of classes.
#' @param name Ignored; kept so that scripts run.
#' @return A tensor; a list of tensors from `k_unstack()`.
#' @family backend functions
#' @examples
#' x <- k_constant(array(1:6, c(2, 3)))
#' k_reshape(x, c(3, 2))
#' k_expand_dims(x, 1)
#' k_concatenate(list(x, x), axis = 2)
#' k_one_hot(k_constant(c(0, 2), dtype = "int32"), 3)
#' @name k_shapes
NULL

#' @rdname k_shapes
#' @export
k_reshape <- function(x, shape) op_reshape(x, sizes_of(shape, in_reshape = TRUE))
#' @rdname k_shapes
#' @export
k_flatten <- function(x) op_reshape(x, -1)
#' @rdname k_shapes
#' @export
k_batch_flatten <- function(x) {
  shape <- tensor_shape(x)
  op_reshape(x, c(if (is.na(shape[1L]) && !anyNA(shape[-1L])) -1 else shape[1L], prod(shape[-1L])))
}
#' @rdname k_shapes
#' @export
k_transpose <- function(x) op_transpose(x)
#' @rdname k_shapes
#' @export
k_permute_dimensions <- function(x, pattern) op_transpose(x, axes_from_one(pattern))
#' @rdname k_shapes
#' @export
k_expand_dims <- function(x, axis = -1) op_expand_dims(x, axes_from_one(axis))
#' @rdname k_shapes
#' @export
k_squeeze <- function(x, axis = NULL) op_squeeze(x, axes_from_one(axis))
#' @rdname k_shapes
#' @export
k_concatenate <- function(tensors, axis = -1) op_concat(as_tensor_list(tensors), axes_from_one(axis))
#' @rdname k_shapes
#' @export
k_stack <- function(x, axis = 1) op_stack(as_tensor_list(x), axes_from_one(axis))
#' @rdname k_shapes
#' @export
k_unstack <- function(x, axis = 1L, num = NULL, name = NULL) op_unstack(x, axes_from_one(axis))
#' @rdname k_shapes
#' @export
k_repeat <- function(x, n) {
  if (tensor_rank(x) != 2) abort_shape("k_repeat: `x` must have two axes (batch, features). Received: shape ", format_shape(tensor_shape(x)), ".")
  op_tile(op_expand_dims(x, 1L), c(1, as.numeric(n), 1))
}
#' @rdname k_shapes
#' @export
k_repeat_elements <- function(x, rep, axis) op_repeat_elements(x, axes_from_one(axis), rep)
#' @rdname k_shapes
#' @export
k_tile <- function(x, n) {
  rank <- tensor_rank(x)
  n <- sizes_of(n)
  op_tile(if (length(n) > rank) op_reshape(x, c(rep_len(1, length(n) - rank), tensor_shape(x))) else x, c(rep_len(1, max(0, rank - length(n))), n))
}
#' @rdname k_shapes
#' @export
k_reverse <- function(x, axes) op_reverse(x, axes_from_one(axes))
#' @rdname k_shapes
#' @export
k_gather <- function(reference, indices) op_gather(reference, indices)
#' @rdname k_shapes
#' @export
k_one_hot <- function(indices, num_classes) op_one_hot(indices, num_classes)

# Sizes from numbers, lists with NULL or NA for unknown, shapes and tensors. A tensor without a value, which k_shape() gives while only
# shapes are inferred, stands for unknown sizes; so does, for a reshape, a KerasTensor that is one size.
sizes_of <- function(shape, in_reshape = FALSE) {
  if (is.list(shape)) return(unlist(lapply(unclass(shape), function(n) if (is.null(n)) NA_real_ else sizes_of(n, in_reshape))))
  if (in_reshape && is_keras_tensor(shape) && tensor_rank(shape) == 0L) return(NA_real_)
  if (is_keras_tensor(shape)) abort_argument("a shape must be known here. Received a KerasTensor: put the expression into layer_lambda().")
  if (is_tensor(shape) && is_symbolic(shape)) return(rep(NA_real_, prod(tensor_shape(shape))))
  if (!is_tensor(shape) && !is.numeric(shape) && !all(is.na(shape)) && !inherits(shape, "keratin_shape"))
    abort_argument("sizes are whole numbers. Received: ", received(shape))
  as.numeric(shape)
}

# Of an array that is to be made.
new_sizes <- function(shape) {
  sizes <- sizes_of(shape)
  if (any(sizes < 0, na.rm = TRUE)) abort_argument("`shape` must not have negative sizes. Received: shape = ", received(shape))
  sizes
}

#' Shape, dtype and size of a tensor
#'
#' @param x Tensor, variable or array.
#' @return `k_shape()`: an int32 tensor. `k_int_shape()`: a list, `NULL` where a size is unknown. `k_ndim()`: the number of axes.
#'   `k_dtype()`: its name. `k_count_params()`: the number of elements.
#' @family backend functions
#' @examples
#' x <- k_zeros(c(2, 3))
#' k_int_shape(x)
#' k_dtype(x)
#' @export
k_shape <- function(x) op_shape_of(x)
#' @rdname k_shape
#' @export
k_int_shape <- function(x) lapply(tensor_shape(x), function(n) if (is.na(n)) NULL else as.integer(n))
#' @rdname k_shape
#' @export
k_get_variable_shape <- function(x) k_int_shape(x)
#' @rdname k_shape
#' @export
k_ndim <- function(x) as.integer(tensor_rank(x))
#' @rdname k_shape
#' @export
k_dtype <- function(x) tensor_dtype(if (is_tensor(x)) x else tensor(x))
#' @rdname k_shape
#' @export
k_count_params <- function(x) prod(tensor_shape(x))

#' Casts to another dtype
#'
#' @param x Tensor, variable or array.
#' @param dtype Name of the dtype, for example `"float32"`, `"int32"`, `"bool"`.
#' @return A tensor. `k_cast_to_floatx()` gives an R array for an R array.
#' @family backend functions
#' @examples
#' k_cast(c(1.7, -1.7), "int32")
#' @export
k_cast <- function(x, dtype) op_cast(x, dtype)
#' @rdname k_cast
#' @export
k_cast_to_floatx <- function(x) if (is_tensor(x)) op_cast(x, k_floatx()) else as.array(tensor(x, k_floatx()))
