#' Regularizers
#'
#' Penalties on weights (`kernel_regularizer`, `bias_regularizer`) or on a layer's output (`activity_regularizer`), added to the loss.
#' Those on the output are divided by the batch size.
#'
#' @param l Factor: of the sum of absolute values (`regularizer_l1()`), of the sum of squares (`regularizer_l2()`).
#' @param l1,l2 The two factors.
#' @param factor Factor of the mean absolute cosine between rows or columns of a matrix.
#' @param mode `"rows"` or `"columns"`.
#' @param ... Not used.
#' @return A regularizer: a function of a tensor that gives a scalar tensor.
#' @examples
#' layer_dense(units = 4, kernel_regularizer = regularizer_l2(0.01))
#' regularizer_l1(0.1)(matrix(c(1, 2, 3, 4), 2))
#' @name regularizers
NULL

new_regularizer <- function(class_name, config, body) {
  new_callable(function(x) body(if (is_tensor(x)) x else tensor(x)), class_name, config,
               classes = c(paste0("keras.regularizers.", class_name), "keras.regularizers.Regularizer"), module = "keras.regularizers")
}

# Keras keeps the factors as float32, which shows in configs.
as_float32 <- function(x) as.vector(as.array(tensor(x, k_floatx())))

#' @rdname regularizers
#' @export
regularizer_l1 <- function(l = 0.01) {
  l <- as_number(l, "l")
  new_regularizer("L1", list(l1 = as_float32(l)), function(x) op_multiply(l, op_reduce_sum(op_abs(x))))
}

#' @rdname regularizers
#' @export
regularizer_l2 <- function(l = 0.01) {
  l <- as_number(l, "l")
  new_regularizer("L2", list(l2 = as_float32(l)), function(x) op_multiply(l, op_reduce_sum(op_square(x))))
}

#' @rdname regularizers
#' @export
regularizer_l1_l2 <- function(l1 = 0.01, l2 = 0.01) {
  l1 <- as_number(l1, "l1")
  l2 <- as_number(l2, "l2")
  new_regularizer("L1L2", list(l1 = as_float32(l1), l2 = as_float32(l2)), function(x)
    op_add(op_multiply(l1, op_reduce_sum(op_abs(x))), op_multiply(l2, op_reduce_sum(op_square(x)))))
}

#' @rdname regularizers
#' @export
regularizer_orthogonal <- function(factor = 0.01, mode = "rows", ...) {
  factor <- as_number(factor, "factor")
  mode <- as_choice(mode, c("rows", "columns"), "mode")
  new_regularizer("OrthogonalRegularizer", list(factor = factor, mode = mode), function(x) {
    dims <- tensor_shape(x)
    if (length(dims) != 2L) abort_shape("the orthogonal regularizer takes a matrix, not ", format_shape(dims))
    rows <- mode == "rows"
    unit <- op_multiply(x, op_rsqrt(op_maximum(op_reduce_sum(op_square(x), axes = if (rows) 1L else 0L, keepdims = TRUE), 1e-12)))
    product <- op_matmul(unit, unit, transpose_a = !rows, transpose_b = rows)
    size <- dims[if (rows) 1L else 2L]
    others <- op_multiply(product, tensor(1 - diag(1, size), tensor_dtype(x)))
    op_multiply(factor * 0.5 / (size * (size - 1) / 2), op_reduce_sum(op_abs(others)))
  })
}

regularizer_makers <- function() list(
  L1 = function(l1 = 0.01, ...) regularizer_l1(l1), L2 = function(l2 = 0.01, ...) regularizer_l2(l2), L1L2 = regularizer_l1_l2,
  OrthogonalRegularizer = regularizer_orthogonal)
regularizer_aliases <- list(l1 = "L1", l2 = "L2", l1_l2 = "L1L2", orthogonal_regularizer = "OrthogonalRegularizer")

get_regularizer <- function(x) get_callable(x, regularizer_makers(), regularizer_aliases, "regularizer", "a regularizer_*() object")
