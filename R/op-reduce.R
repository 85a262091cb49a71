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

# Of arrays (rows, columns): list(tp, fp, tn, fn), each (thresholds, columns), when what lies above a threshold is called positive.
op_threshold_counts <- function(x, truth, thresholds, weights = NULL) {
  order <- order(thresholds)
  counts <- call_op("threshold_counts", c(list(x, truth), if (!is.null(weights)) list(weights)), list(thresholds = as.numeric(thresholds)[order]))
  if (is.unsorted(order)) counts <- lapply(counts, op_gather, order(order) - 1L, axis = 0L)
  stats::setNames(counts, c("tp", "fp", "tn", "fn"))
}

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
