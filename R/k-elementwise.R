#' Elementwise functions of the backend
#'
#' Each works on tensors, variables, Keras tensors and R arrays, element by element.
#'
#' @param x,y Tensor, variable or array; the two of a pair broadcast against each other.
#' @param a Exponent: a number or a tensor.
#' @param min_value,max_value Bounds; `NULL` for none.
#' @return A tensor of the same dtype; of bool for the comparisons.
#' @family backend functions
#' @examples
#' x <- k_constant(matrix(c(-1, 4, 9, 0.5), 2))
#' k_abs(x)
#' k_clip(x, 0, 1)
#' k_greater(x, 0)
#' @name k_elementwise
NULL

#' @rdname k_elementwise
#' @export
k_abs <- function(x) op_abs(x)
#' @rdname k_elementwise
#' @export
k_square <- function(x) op_square(x)
#' @rdname k_elementwise
#' @export
k_sqrt <- function(x) op_sqrt(op_clip(x, 0, Inf))  # as Keras: no NaN from rounding errors below zero
#' @rdname k_elementwise
#' @export
k_exp <- function(x) op_exp(x)
#' @rdname k_elementwise
#' @export
k_log <- function(x) op_log(x)
#' @rdname k_elementwise
#' @export
k_round <- function(x) op_round(x)
#' @rdname k_elementwise
#' @export
k_sign <- function(x) op_sign(x)
#' @rdname k_elementwise
#' @export
k_sin <- function(x) op_sin(x)
#' @rdname k_elementwise
#' @export
k_cos <- function(x) op_cos(x)
#' @rdname k_elementwise
#' @export
k_pow <- function(x, a) op_power(x, a)
#' @rdname k_elementwise
#' @export
k_clip <- function(x, min_value = NULL, max_value = NULL) {
  if (is_tensor(min_value) || is_tensor(max_value)) {
    if (!is.null(max_value)) x <- op_minimum(x, max_value)
    return(if (is.null(min_value)) x else op_maximum(x, min_value))
  }
  lower <- if (is.null(min_value)) -Inf else as.numeric(min_value)
  upper <- if (is.null(max_value)) Inf else as.numeric(max_value)
  op_clip(x, lower, max(lower, upper))
}
#' @rdname k_elementwise
#' @export
k_maximum <- function(x, y) op_maximum(x, y)
#' @rdname k_elementwise
#' @export
k_minimum <- function(x, y) op_minimum(x, y)
#' @rdname k_elementwise
#' @export
k_equal <- function(x, y) op_equal(x, y)
#' @rdname k_elementwise
#' @export
k_not_equal <- function(x, y) op_not_equal(x, y)
#' @rdname k_elementwise
#' @export
k_greater <- function(x, y) op_greater(x, y)
#' @rdname k_elementwise
#' @export
k_greater_equal <- function(x, y) op_greater_equal(x, y)
#' @rdname k_elementwise
#' @export
k_less <- function(x, y) op_less(x, y)
#' @rdname k_elementwise
#' @export
k_less_equal <- function(x, y) op_less_equal(x, y)

#' Activations of the backend
#'
#' @param x Tensor or array.
#' @param alpha Slope of the negative part (`k_relu()`) or its scale (`k_elu()`).
#' @param max_value Greatest value of the output; `NULL` for none.
#' @param axis Axis along which softmax adds up to one, counted from 1 (-1 is the last).
#' @return A tensor of the shape of `x`.
#' @family backend functions
#' @examples
#' k_relu(c(-1, 0, 2))
#' k_softmax(matrix(1:4, 2))
#' @name k_activations
NULL

#' @rdname k_activations
#' @export
k_relu <- function(x, alpha = 0, max_value = NULL) activation_relu(x, alpha = alpha, max_value = max_value)
#' @rdname k_activations
#' @export
k_elu <- function(x, alpha = 1) op_elu(x, alpha)
#' @rdname k_activations
#' @export
k_softmax <- function(x, axis = -1) op_softmax(as_float_tensor(x), axes_from_one(axis))
#' @rdname k_activations
#' @export
k_softplus <- function(x) op_softplus(x)
#' @rdname k_activations
#' @export
k_softsign <- function(x) op_softsign(x)
#' @rdname k_activations
#' @export
k_sigmoid <- function(x) op_sigmoid(x)
#' @rdname k_activations
#' @export
k_hard_sigmoid <- function(x) op_hard_sigmoid(x)
#' @rdname k_activations
#' @export
k_tanh <- function(x) op_tanh(x)

# Whole numbers and truth values as the default float, where an R user means a number.
as_float_tensor <- function(x) {
  if (!is_tensor(x)) return(tensor(x, k_floatx()))
  if (is_float(tensor_dtype(x))) x else op_cast(x, k_floatx())
}
