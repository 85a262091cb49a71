#' Reductions of the backend
#'
#' Sum, mean and others over one axis, several, or (`axis = NULL`) all.
#'
#' @param x Tensor or array; of bool for `k_any()` and `k_all()`.
#' @param axis Axes counted from 1, from the end if negative; `NULL` for all.
#' @param keepdims Whether the reduced axes stay, with size 1.
#' @return A tensor. `k_argmax()` and `k_argmin()` give positions counted from 0.
#' @family backend functions
#' @examples
#' x <- matrix(c(1, 2, 3, 4, 5, 6), 2)
#' k_sum(x)
#' k_mean(x, axis = 2)
#' k_argmax(x)
#' @name k_reductions
NULL

#' @rdname k_reductions
#' @export
k_sum <- function(x, axis = NULL, keepdims = FALSE) op_reduce_sum(x, axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_mean <- function(x, axis = NULL, keepdims = FALSE) op_reduce_mean(if (is_bool(x)) as_float_tensor(x) else x, axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_prod <- function(x, axis = NULL, keepdims = FALSE) op_reduce_prod(x, axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_max <- function(x, axis = NULL, keepdims = FALSE) op_reduce_max(x, axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_min <- function(x, axis = NULL, keepdims = FALSE) op_reduce_min(x, axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_var <- function(x, axis = NULL, keepdims = FALSE) op_reduce_variance(if (is_bool(x)) as_float_tensor(x) else x, axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_std <- function(x, axis = NULL, keepdims = FALSE) op_sqrt(k_var(x, axis, keepdims))
#' @rdname k_reductions
#' @export
k_logsumexp <- function(x, axis = NULL, keepdims = FALSE) op_reduce_logsumexp(x, axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_any <- function(x, axis = NULL, keepdims = FALSE) op_reduce_any(if (is_bool(x)) x else op_cast(x, "bool"), axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_all <- function(x, axis = NULL, keepdims = FALSE) op_reduce_all(if (is_bool(x)) x else op_cast(x, "bool"), axes_from_one(axis), keepdims)
#' @rdname k_reductions
#' @export
k_argmax <- function(x, axis = -1) op_argmax(x, axes_from_one(axis))
#' @rdname k_reductions
#' @export
k_argmin <- function(x, axis = -1) op_argmin(x, axes_from_one(axis))

#' Running sums and products
#'
#' @param x Tensor or array.
#' @param axis Axis, counted from 1.
#' @return A tensor of the shape of `x`.
#' @family backend functions
#' @examples
#' k_cumsum(1:4)
#' @export
k_cumsum <- function(x, axis = 1) op_cumsum(x, axes_from_one(axis))
#' @rdname k_cumsum
#' @export
k_cumprod <- function(x, axis = 1) op_cumprod(x, axes_from_one(axis))

#' Scales to unit length
#'
#' Divides by the square root of the sum of squares along an axis.
#'
#' @param x Tensor or array.
#' @param axis Axes counted from 1; `NULL` takes the whole array as one vector.
#' @return A tensor of the shape of `x`.
#' @family backend functions
#' @examples
#' k_l2_normalize(matrix(c(3, 4), 1), axis = 2)
#' @export
k_l2_normalize <- function(x, axis = NULL) {
  total <- op_reduce_sum(op_square(x), axes_from_one(axis), keepdims = TRUE)
  op_multiply(x, op_rsqrt(op_maximum(total, 1e-12)))
}

#' Is the target among the k best?
#'
#' @param predictions Scores, of shape (batch, classes).
#' @param targets Class of each sample, counted from 0.
#' @param k Number of best scores to look at.
#' @return A bool tensor of shape (batch).
#' @family backend functions
#' @examples
#' k_in_top_k(matrix(c(0.1, 0.7, 0.2, 0.3, 0.4, 0.3), 2, byrow = TRUE), c(2L, 1L), 2)
#' @export
k_in_top_k <- function(predictions, targets, k) op_in_top_k(as_float_tensor(predictions), targets, k)
