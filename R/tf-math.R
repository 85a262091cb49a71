# tf$math, of which TensorFlow also has most directly under tf: element by element, over axes, along an axis. Axes count from 0.

# Whole numbers from a number, a vector, a list or a tensor; NULL stays NULL.
tf_axes <- function(axis, what = "axis") {
  if (is.null(axis)) return(NULL)
  axis <- unlist(lapply(if (is_tensor(axis)) list(axis) else axis, function(a) as.numeric(a)))
  if (!is_whole(axis)) abort_argument("`", what, "` must be whole numbers, counted from 0. Received: ", what, " = ", received(axis))
  as.integer(axis)
}

# An argument of TensorFlow's for which keratin has only the value of its default: refuse(adjoint_a, FALSE).
refuse <- function(value, default = NULL) {
  if (identical(value, default) || isTRUE(all.equal(value, default))) return(invisible())
  abort_argument("`", deparse(substitute(value)), "` can only be ", received(default), " in keratin. Received: ", received(value))
}

# At least one of two operands as a tensor, so that R's operators are those of tensors.
tf_operands <- function(x, y) list(if (is_tensor(x) || is_tensor(y)) x else tensor(x), y)

tf_reduction <- function(op) {
  force(op)
  function(input_tensor, axis = NULL, keepdims = FALSE) op(input_tensor, tf_axes(axis), isTRUE(keepdims))
}

tf_elementwise <- list(
  abs = op_abs, acos = op_acos, acosh = op_acosh, asin = op_asin, asinh = op_asinh, atan = op_atan, atanh = op_atanh, cos = op_cos, cosh = op_cosh,
  exp = op_exp, floor = op_floor, negative = op_negative, round = op_round, sigmoid = op_sigmoid, sign = op_sign, sin = op_sin, sinh = op_sinh,
  sqrt = op_sqrt, square = op_square, tan = op_tan, tanh = op_tanh,
  add = op_add, subtract = op_subtract, multiply = op_multiply, pow = op_power, maximum = op_maximum, minimum = op_minimum,
  atan2 = function(y, x) op_atan2(y, x),
  divide = function(x, y) do.call(`/`, tf_operands(x, y)),
  truediv = function(x, y) do.call(`/`, tf_operands(x, y)),
  add_n = function(inputs) Reduce(op_add, inputs),
  equal = op_equal, not_equal = op_not_equal, less = op_less, less_equal = op_less_equal, greater = op_greater, greater_equal = op_greater_equal,
  logical_and = op_logical_and, logical_or = op_logical_or, logical_not = op_logical_not)

tf_reductions <- list(
  reduce_sum = tf_reduction(op_reduce_sum), reduce_mean = tf_reduction(op_reduce_mean), reduce_max = tf_reduction(op_reduce_max),
  reduce_min = tf_reduction(op_reduce_min), reduce_prod = tf_reduction(op_reduce_prod), reduce_any = tf_reduction(op_reduce_any),
  reduce_all = tf_reduction(op_reduce_all), reduce_logsumexp = tf_reduction(op_reduce_logsumexp))

tf_along_axis <- list(
  argmax = function(input, axis = 0L, output_type = "int64") op_argmax(input, tf_axes(axis), output_type),
  argmin = function(input, axis = 0L, output_type = "int64") op_argmin(input, tf_axes(axis), output_type),
  cumsum = function(x, axis = 0L, exclusive = FALSE, reverse = FALSE) op_cumsum(x, tf_axes(axis), exclusive, reverse))

# Only under tf$math in TensorFlow.
tf_math_only <- list(
  ceil = op_ceil, erf = op_erf, expm1 = op_expm1, log = op_log, log1p = op_log1p, reciprocal = op_reciprocal, rsqrt = op_rsqrt,
  softplus = op_softplus,
  softsign = op_softsign, is_finite = op_is_finite, is_inf = op_is_inf, is_nan = op_is_nan, floordiv = op_floor_divide, floormod = op_floor_mod,
  mod = op_floor_mod,
  squared_difference = op_squared_difference, multiply_no_nan = op_multiply_no_nan, divide_no_nan = op_divide_no_nan, logical_xor = op_logical_xor,
  log_sigmoid = function(x) op_negative(op_softplus(op_negative(x))),
  xlogy = function(x, y) op_multiply_no_nan(op_log(y), x),
  reduce_std = tf_reduction(op_reduce_std), reduce_variance = tf_reduction(op_reduce_variance),
  reduce_euclidean_norm = tf_reduction(function(x, axes, keepdims) {  # of whole numbers a whole number
    norm <- op_sqrt(as_float_tensor(op_reduce_sum(op_square(x), axes, keepdims)))
    if (is_tensor(x) && !is_float(tensor_dtype(x))) op_cast(norm, tensor_dtype(x)) else norm
  }),
  count_nonzero = function(input, axis = NULL, keepdims = FALSE, dtype = "int64")
    op_cast(op_reduce_sum(op_cast(op_not_equal(input, 0), "int32"), tf_axes(axis), isTRUE(keepdims)), dtype),
  cumprod = function(x, axis = 0L, exclusive = FALSE, reverse = FALSE) op_cumprod(x, tf_axes(axis), exclusive, reverse),
  accumulate_n = function(inputs) Reduce(op_add, inputs),
  l2_normalize = function(x, axis = NULL, epsilon = 1e-12) tf_l2_normalize(x, axis, epsilon),
  top_k = function(input, k = 1L, sorted = TRUE) tf_top_k(input, k),
  in_top_k = function(targets, predictions, k) op_in_top_k(predictions, targets, k),
  bincount = function(arr, weights = NULL, minlength = NULL, maxlength = NULL, dtype = "int32", binary_output = FALSE) {
    size <- max(c(-1, as.numeric(if (is_tensor(arr)) as.array(arr) else arr))) + 1
    if (!is.null(minlength)) size <- max(size, as.numeric(minlength))
    if (!is.null(maxlength)) size <- min(size, as.numeric(maxlength))
    counted <- op_bincount(op_reshape(as_index_tensor(arr), c(1, -1)), size, if (!is.null(weights)) op_reshape(weights, c(1, -1)),
                           isTRUE(binary_output))
    op_cast(op_squeeze(counted, 0L), if (is.null(weights)) dtype else tensor_dtype(tensor(weights)))
  },
  confusion_matrix = function(labels, predictions, num_classes = NULL, weights = NULL, dtype = "int32") {
    if (is.null(num_classes)) num_classes <- max(as.numeric(tensor(labels)), as.numeric(tensor(predictions))) + 1
    rows <- op_one_hot(labels, num_classes)
    if (!is.null(weights)) rows <- op_multiply(rows, op_expand_dims(tensor(weights, "float32"), -1L))
    op_cast(op_matmul(rows, op_one_hot(predictions, num_classes), transpose_a = TRUE), dtype)
  },
  unsorted_segment_sum = function(data, segment_ids, num_segments) tf_segment_sum(data, segment_ids, num_segments),
  unsorted_segment_mean = function(data, segment_ids, num_segments) {
    data <- as_data_tensor(data)
    counts <- tf_segment_sum(op_ones_like(data), segment_ids, num_segments)
    op_divide(tf_segment_sum(data, segment_ids, num_segments), op_maximum(counts, 1))
  },
  segment_sum = function(data, segment_ids) tf_segment_sum(data, segment_ids, max(as.numeric(tensor(segment_ids))) + 1))

tf_l2_normalize <- function(x, axis = NULL, epsilon = 1e-12) {
  x <- as_data_tensor(x)
  op_multiply(x, op_rsqrt(op_maximum(op_reduce_sum(op_square(x), tf_axes(axis), TRUE), epsilon)))
}

tf_top_k <- function(input, k = 1L) setNames(op_top_k(input, as.integer(tf_axes(k, "k"))), c("values", "indices"))

# Rows of `data` added up by their segment: the transposed indicator matrix times the rows.
tf_segment_sum <- function(data, segment_ids, num_segments) {
  data <- as_data_tensor(data)
  shape <- tensor_shape(data)
  rows <- op_reshape(data, c(if (is.na(shape[1L])) -1 else shape[1L], if (length(shape) > 1L) prod(shape[-1L]) else 1))
  indicator <- op_one_hot(segment_ids, as.numeric(num_segments), dtype = tensor_dtype(data))
  op_reshape(op_matmul(indicator, rows, transpose_a = TRUE), c(as.numeric(num_segments), shape[-1L]))
}

tf_math <- c(tf_elementwise, tf_reductions, tf_along_axis, tf_math_only)
