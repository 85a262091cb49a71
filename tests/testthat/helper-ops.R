# Every differentiable op, once: how to call it, and a point (away from kinks) at which to differentiate.
op <- function(name, ...) internal(paste0("op_", name))(...)
double_tensor <- function(x) internal("tensor")(x, "float64")

any_point <- array(c(0.31, -1.2, 0.77, 1.9, -0.45, 0.12, -2.1, 1.05, 0.6, -0.9, 1.4, -0.2), c(3, 4))
unit_point <- array(seq(0.15, 0.85, length.out = 12), c(3, 4))
large_point <- array(seq(1.2, 3, length.out = 12), c(3, 4))
other_point <- array(c(0.8, 1.7, 0.6, 1.1), c(1, 4))
cube <- array(sin(1:24 * 1.7), c(2, 3, 4))

batch_normalized <- function(x, gamma, beta) op("batch_norm", x, op("channel_moments", x), gamma, beta, 0.1)

differentiable_ops <- function() {
  unary <- function(names, at) setNames(lapply(names, function(name) list(f = function(x) op(name, x), at = at)), names)
  binary <- function(names) do.call(c, lapply(names, function(name) setNames(list(
    list(f = function(x) op(name, x, double_tensor(other_point)), at = large_point),
    list(f = function(y) op(name, double_tensor(large_point), y), at = other_point)), paste(name, c("left", "right")))))
  reductions <- function(names) do.call(c, lapply(names, function(name) {
    axes <- list(all = NULL, first = 0L, `outer and inner` = c(0L, 2L), last = -1L)
    setNames(lapply(axes, function(axis) list(f = function(x) op(paste0("reduce_", name), x, axis, keepdims = length(axis) == 1L), at = cube)),
             paste(name, names(axes)))
  }))
  c(
    unary(c("negative", "abs", "square", "exp", "expm1", "sin", "cos", "atan", "sinh", "cosh", "tanh", "asinh", "erf", "sigmoid", "softplus",
            "softsign",
            "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "hard_sigmoid", "swish", "softmax", "log_softmax", "identity"), any_point),
    unary(c("sqrt", "rsqrt", "reciprocal", "log", "log1p", "tan", "asin", "acos", "atanh"), unit_point),
    unary("acosh", large_point),
    binary(c("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "squared_difference", "atan2", "floor_mod", "multiply_no_nan",
             "divide_no_nan")),
    reductions(c("sum", "mean", "max", "min", "prod", "logsumexp", "variance", "std")),
    list(
      `gelu, tanh form` = list(f = function(x) op("gelu", x, approximate = TRUE), at = any_point),
      layer_norm = list(f = function(x) op("layer_norm", x, double_tensor(array(1:4 / 2)), double_tensor(array(0:3 * 1)), 0.1), at = cube),
      `layer_norm gamma` = list(f = function(g) op("layer_norm", double_tensor(cube), g, epsilon = 0.1, axes = 2L), at = cube[1, , ]),
      batch_norm = list(f = function(x) batch_normalized(x, double_tensor(1:4 / 2), double_tensor(0:3)), at = cube),
      `batch_norm gamma` = list(f = function(g) batch_normalized(double_tensor(cube), g, NULL), at = array(1:4 / 2)),
      unit_norm = list(f = function(x) op("unit_norm", x), at = cube),
      `unit_norm, held up` = list(f = function(x) op("unit_norm", x, 1e3), at = cube),
      `channel_moments mean` = list(f = function(x) op("channel_moments", x)[[1L]], at = cube),
      `channel_moments variance` = list(f = function(x) op("channel_moments", x)[[2L]], at = cube),
      `softmax axis` = list(f = function(x) op("softmax", x, 1L), at = cube),
      `log_softmax axis` = list(f = function(x) op("log_softmax", x, 0L), at = cube),
      reshape = list(f = function(x) op("reshape", x, c(4, -1)), at = cube),
      transpose = list(f = function(x) op("transpose", x, c(2L, 0L, 1L)), at = cube),
      expand_dims = list(f = function(x) op("expand_dims", x, 1L), at = cube),
      squeeze = list(f = function(x) op("squeeze", x), at = array(1:3, c(1, 3, 1))),
      broadcast_to = list(f = function(x) op("broadcast_to", x, c(5, 3, 4)), at = array(1:3, c(3, 1))),
      tile = list(f = function(x) op("tile", x, c(2, 1, 3)), at = cube),
      repeat_elements = list(f = function(x) op("repeat_elements", x, 1L, 3L), at = cube),
      reverse = list(f = function(x) op("reverse", x, c(0L, 2L)), at = cube),
      concat = list(f = function(x) op("concat", list(x, op("square", x)), 1L), at = cube),
      stack = list(f = function(x) op("stack", list(x, op("square", x)), 1L), at = cube),
      unstack = list(f = function(x) { parts <- op("unstack", x, 1L); op("multiply", parts[[1]], parts[[3]]) }, at = cube),
      split = list(f = function(x) { parts <- op("split", x, 2L, c(1, 3)); op("multiply", parts[[1]], parts[[2]]) }, at = cube),
      pad = list(f = function(x) op("pad", x, c(1, 2, 0, 0, 3, 1)), at = cube),
      `pad by reflection` = list(f = function(x) op("pad", x, c(1, 1, 0, 0, 2, 1), "reflect"), at = cube),
      `pad symmetric` = list(f = function(x) op("pad", x, c(1, 1, 0, 0, 2, 1), "symmetric"), at = cube),
      slice = list(f = function(x) op("slice", x, c(0, 1, 2), c(-1, 1, 2)), at = cube),
      strided_slice = list(f = function(x) op("strided_slice", x, c(0, 2, 1), c(0, 0, 4), c(1, -1, 2), c(1, 0, 0), c(1, 1, 0)), at = cube),
      `strided_slice, dropping` = list(f = function(x) op("strided_slice", x, c(1, -1), c(0, 0), shrink_mask = c(1, 1)), at = cube),
      gather = list(f = function(x) op("gather", x, c(2, 0, 0, 1), 1L), at = cube),
      `gather by batch` = list(f = function(x) op("gather", x, matrix(c(2, 0, 0, 1), 2), 1L, 1L), at = cube),
      gather_nd = list(f = function(x) op("gather_nd", x, matrix(c(1, 0, 1, 2, 2, 2), 3)), at = cube),
      cumsum = list(f = function(x) op("cumsum", x, 1L), at = cube),
      `cumsum backwards` = list(f = function(x) op("cumsum", x, 2L, exclusive = TRUE, reverse = TRUE), at = cube),
      cumprod = list(f = function(x) op("cumprod", x, 1L), at = cube),
      top_k = list(f = function(x) op("top_k", x, 2L)[[1]], at = cube),
      sort = list(f = function(x) op("sort", x)[[1]], at = cube),
      select = list(f = function(x) op("select", cube[1, , ] > 0, x, op("square", x)), at = cube),
      clip = list(f = function(x) op("clip", x, -0.5, 0.5), at = cube),
      dropout = list(f = function(x) op("dropout", x, 0.5, c(2, 1, 4), seed = 3), at = cube),
      softmax_cross_entropy = list(f = function(x) op("softmax_cross_entropy", double_tensor(diag(4)[1:3, ]), x), at = any_point),
      sparse_softmax_cross_entropy = list(f = function(x) op("sparse_softmax_cross_entropy", c(0L, 2L, 3L), x), at = any_point),
      sigmoid_cross_entropy = list(f = function(x) op("sigmoid_cross_entropy", double_tensor(unit_point), x), at = any_point)))
}

# sum(f(x) * cotangent), its gradient, and the gradient of sum(gradient * direction)
weighted <- function(y) {
  shape <- internal("tensor_shape")(y)
  cotangent <- cos(seq_len(max(1, prod(shape))))
  op("reduce_sum", op("multiply", y, double_tensor(if (length(shape)) array(cotangent, shape) else cotangent)))
}
op_first_derivative <- function(f, x) internal("with_recording")({
  at <- double_tensor(x)
  internal("op_gradients")(weighted(f(at)), list(at))[[1L]]
})
op_second_derivative <- function(f, x, direction) internal("with_recording")({
  at <- double_tensor(x)
  first <- internal("op_gradients")(weighted(f(at)), list(at))[[1L]]
  internal("op_gradients")(op("reduce_sum", op("multiply", first, double_tensor(direction))), list(at))[[1L]]
})
