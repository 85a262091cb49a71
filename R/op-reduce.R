# Reductions. Axes count from 0, negative ones from the end; NULL is all of them.

op_reduce_sum <- function(x, axes = NULL, keepdims = FALSE) call_op("reduce_sum", list(x), list(axes = axes, keepdims = keepdims))
op_reduce_mean <- function(x, axes = NULL, keepdims = FALSE) call_op("reduce_mean", list(x), list(axes = axes, keepdims = keepdims))
op_reduce_max <- function(x, axes = NULL, keepdims = FALSE) call_op("reduce_max", list(x), list(axes = axes, keepdims = keepdims))
op_reduce_min <- function(x, axes = NULL, keepdims = FALSE) call_op("reduce_min", list(x), list(axes = axes, keepdims = keepdims))
op_reduce_prod <- function(x, axes = NULL, keepdims = FALSE) call_op("reduce_prod", list(x), list(axes = axes, keepdims = keepdims))
op_reduce_any <- function(x, axes = NULL, keepdims = FALSE) call_op("reduce_any", list(x), list(axes = axes, keepdims = keepdims))
op_reduce_all <- function(x, axes = NULL, keepdims = FALSE) call_op("reduce_all", list(x), list(axes = axes, keepdims = keepdims))
op_reduce_logsumexp <- function(x, axes = NULL, keepdims = FALSE) {
  call_op("reduce_logsumexp", list(x), list(axes = axes, keepdims = keepdims))
}

# Population variance, as Keras and TensorFlow take it.
op_reduce_variance <- function(x, axes = NULL, keepdims = FALSE) {
  op_reduce_mean(op_squared_difference(x, op_reduce_mean(x, axes, TRUE)), axes, keepdims)
}
op_reduce_std <- function(x, axes = NULL, keepdims = FALSE) op_sqrt(op_reduce_variance(x, axes, keepdims))

op_argmax <- function(x, axis = -1L, dtype = "int64") call_op("argmax", list(x), list(axis = axis, dtype = dtype_name(dtype)))
op_argmin <- function(x, axis = -1L, dtype = "int64") call_op("argmin", list(x), list(axis = axis, dtype = dtype_name(dtype)))

op_cumsum <- function(x, axis = 0L, exclusive = FALSE, reverse = FALSE) {
  call_op("cumsum", list(x), list(axis = axis, exclusive = exclusive, reverse = reverse))
}
op_cumprod <- function(x, axis = 0L, exclusive = FALSE, reverse = FALSE) {
  call_op("cumprod", list(x), list(axis = axis, exclusive = exclusive, reverse = reverse))
}

# list(values, indices from 0) of the k largest along the last axis, largest first.
op_top_k <- function(x, k = 1L) call_op("top_k", list(x), list(k = k))
# list(values, indices from 0) in order along the last axis.
op_sort <- function(x, descending = FALSE) call_op("sort", list(x), list(descending = descending))
op_in_top_k <- function(predictions, targets, k) {
  if (!is_tensor(targets)) targets <- tensor(targets, "int32")
  call_op("in_top_k", list(as_data_tensor(predictions), targets), list(k = k))
}
