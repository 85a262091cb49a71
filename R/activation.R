#' Activation functions
#'
#' Given to layers by name (`activation = "relu"`) or as functions, or called on tensors and arrays.
#'
#' @param x Tensor or array.
#' @param alpha Slope below `threshold` (`activation_relu()`), scale of the negative part (`activation_elu()`).
#' @param max_value Greatest value of the output; `NULL` for none.
#' @param threshold Values below it are damped by `alpha`.
#' @param axis Axis along which softmax adds up to one, counted from 0 (-1 is the last), as in Keras.
#' @param approximate Whether to use the tanh formula.
#' @return Tensor of the shape of `x`.
#' @references Clevert et al. (2016), <https://arxiv.org/abs/1511.07289>; Klambauer et al. (2017), <https://arxiv.org/abs/1706.02515>;
#'   Hendrycks & Gimpel (2016), <https://arxiv.org/abs/1606.08415>; Ramachandran et al. (2017), <https://arxiv.org/abs/1710.05941>.
#' @examples
#' activation_relu(c(-1, 0, 2))
#' @name activations
NULL

#' @rdname activations
#' @export
activation_relu <- function(x, alpha = 0, max_value = NULL, threshold = 0) {
  if (alpha == 0 && is.null(max_value) && threshold == 0) return(op_relu(x))
  if (is.null(max_value) && threshold == 0) return(op_leaky_relu(x, alpha = alpha))
  if (alpha == 0 && threshold == 0 && identical(as.numeric(max_value), 6)) return(op_relu6(x))
  above <- if (threshold == 0) op_relu(x) else op_multiply(x, op_cast(op_greater(x, threshold), tensor_dtype(x)))
  if (!is.null(max_value)) above <- op_clip(above, 0, max_value)
  if (alpha == 0) above else op_subtract(above, op_multiply(alpha, op_relu(op_subtract(threshold, x))))
}

#' @rdname activations
#' @export
activation_elu <- function(x, alpha = 1) op_elu(x, alpha = alpha)

#' @rdname activations
#' @export
activation_selu <- function(x) op_selu(x)

#' @rdname activations
#' @export
activation_hard_sigmoid <- function(x) op_hard_sigmoid(x)

#' @rdname activations
#' @export
activation_linear <- function(x) if (is.atomic(x)) tensor(x) else x

#' @rdname activations
#' @details `activation_sigmoid(x)`, called directly, gives softmax: so does R keras 2.15, whose values keratin reproduces. Given to a layer
#'   (`activation = activation_sigmoid` or `"sigmoid"`) it is the sigmoid, as there. `k_sigmoid(x)` is always the sigmoid.
#' @export
activation_sigmoid <- function(x) {
  rlang::warn("activation_sigmoid(x), called directly, gives softmax as in R keras 2.15; k_sigmoid(x) gives the sigmoid.", .frequency = "once",
              .frequency_id = "activation_sigmoid")
  op_softmax(x)
}
sigmoid_of_layers <- function(x) op_sigmoid(x)

#' @rdname activations
#' @export
activation_softmax <- function(x, axis = -1) op_softmax(x, axis = as.integer(axis))

#' @rdname activations
#' @export
activation_softplus <- function(x) op_softplus(x)

#' @rdname activations
#' @export
activation_softsign <- function(x) op_softsign(x)

#' @rdname activations
#' @export
activation_tanh <- function(x) op_tanh(x)

#' @rdname activations
#' @export
activation_exponential <- function(x) op_exp(x)

#' @rdname activations
#' @export
activation_gelu <- function(x, approximate = FALSE) op_gelu(x, approximate = approximate)

#' @rdname activations
#' @export
activation_swish <- function(x) op_swish(x)

# Names Keras knows that have no activation_*() function.
activation_relu6 <- function(x) op_relu6(x)
activation_leaky_relu <- function(x, alpha = 0.2) op_leaky_relu(x, alpha = alpha)
activation_log_softmax <- function(x, axis = -1) op_log_softmax(x, axis = axis)
activation_mish <- function(x) op_multiply(x, op_tanh(op_softplus(x)))

activation_functions <- function() list(
  relu = activation_relu, elu = activation_elu, selu = activation_selu, hard_sigmoid = activation_hard_sigmoid, linear = activation_linear,
  sigmoid = sigmoid_of_layers, softmax = activation_softmax, softplus = activation_softplus, softsign = activation_softsign, tanh = activation_tanh,
  exponential = activation_exponential, gelu = activation_gelu, swish = activation_swish, relu6 = activation_relu6,
  leaky_relu = activation_leaky_relu,
  log_softmax = activation_log_softmax, mish = activation_mish)

# A name, a function, a layer or a config -> a function of a tensor. NULL is the linear activation.
get_activation <- function(x) {
  if (is.null(x)) return(activation_linear)
  if (identical(x, activation_sigmoid)) return(sigmoid_of_layers)
  if (is.function(x)) return(x)
  if (is.character(x) && length(x) == 1L && !is.na(x)) {
    known <- activation_functions()
    found <- find_custom_object(x)
    if (is.null(found)) found <- known[[if (x == "silu") "swish" else x]]
    if (is.null(found)) {
      abort_argument("unknown `activation` ", dQuote(x, FALSE), "; known are ", paste0('"', sort(names(known)), '"', collapse = ", "))
    }
    return(found)
  }
  if (is.list(x) && !is.null(x$class_name)) return(deserialize_keras_object(x))
  abort_argument("`activation` must be a name, a function or a layer. Received: activation = ", received(x))
}

# The name of a known function, else the function or layer in config form.
serialize_activation <- function(f) {
  if (is.null(f)) return(NULL)
  if (is_layer(f)) return(serialize_keras_object(f))
  known <- activation_functions()
  for (name in names(known)) if (identical(f, known[[name]])) return(name)
  serialize_function(f)
}
