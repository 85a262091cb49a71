# Losses of regression: one value per sample, the mean (or sum) over the last axis.

mean_squared_error <- function(y_true, y_pred) {
  op_reduce_mean(op_squared_difference(y_pred, targets_like(y_true, y_pred)), axes = -1L)
}

mean_absolute_error <- function(y_true, y_pred) {
  op_reduce_mean(op_abs(op_subtract(y_pred, targets_like(y_true, y_pred))), axes = -1L)
}

mean_absolute_percentage_error <- function(y_true, y_pred) {
  y_true <- targets_like(y_true, y_pred)
  relative <- op_divide(op_abs(op_subtract(y_true, y_pred)), op_maximum(op_abs(y_true), k_epsilon()))
  op_multiply(op_reduce_mean(relative, axes = -1L), 100)
}

mean_squared_logarithmic_error <- function(y_true, y_pred) {
  log_of <- function(x) op_log1p(op_maximum(x, k_epsilon()))
  op_reduce_mean(op_squared_difference(log_of(y_pred), log_of(targets_like(y_true, y_pred))), axes = -1L)
}

# log(cosh(x)) = x + softplus(-2x) - log(2), without overflow
log_cosh <- function(y_true, y_pred) {
  x <- op_subtract(y_pred, targets_like(y_true, y_pred))
  op_reduce_mean(op_subtract(op_add(x, op_softplus(op_multiply(x, -2))), log(2)), axes = -1L)
}

huber <- function(y_true, y_pred, delta = 1) {
  error <- op_abs(op_subtract(y_pred, targets_like(y_true, y_pred)))
  # 1/2 m^2 + delta (|e| - m) with m = min(|e|, delta): quadratic up to delta, linear beyond
  near <- op_minimum(error, delta)
  op_reduce_mean(op_add(op_multiply(op_square(near), 0.5), op_multiply(op_subtract(error, near), delta)), axes = -1L)
}

l2_normalize <- function(x, axis = -1L) {
  op_multiply(x, op_rsqrt(op_maximum(op_reduce_sum(op_square(x), axes = axis, keepdims = TRUE), 1e-12)))
}

cosine_similarity <- function(y_true, y_pred, axis = -1L) {
  product <- op_multiply(l2_normalize(targets_like(y_true, y_pred), axis), l2_normalize(y_pred, axis))
  op_negative(op_reduce_sum(product, axes = axis))
}

#' Losses
#'
#' Each function computes a loss between targets and predictions when it is given data, and returns a loss object for [compile()] when
#' it is not. The value has one entry per sample: the last axis is reduced. The object adds sample weights and the reduction over the
#' batch.
#'
#' In [compile()] a loss can be given by name (`"mse"`, `"binary_crossentropy"`), as such an object, or as an R function of
#' `(y_true, y_pred)`.
#'
#' @param y_true Tensor or R array of targets, batch first.
#' @param y_pred Tensor or R array of predictions, of the same shape (sparse losses: without the class axis).
#' @param delta Point where the Huber loss turns from quadratic to linear.
#' @param axis Axis (1-based, `-1` is the last) along which the loss is computed.
#' @param from_logits Are the predictions logits (unbounded) rather than probabilities?
#' @param label_smoothing In \[0, 1\]: how far targets are drawn towards the uniform distribution.
#' @param ... `loss_sparse_categorical_crossentropy()` takes `ignore_class`: samples of that class id count for nothing. Other unknown arguments
#'   are an error.
#' @param reduction `"auto"`, `"sum_over_batch_size"` (the mean), `"sum"` or `"none"`.
#' @param name Name of the loss.
#' @return A tensor with one value per sample, or a loss object (callable as `loss(y_true, y_pred, sample_weight)`).
#' @examples
#' as.array(loss_mean_squared_error(rbind(c(0, 1), c(0, 0)), rbind(c(1, 1), c(1, 0))))
#' loss_huber(delta = 0.5)
#' @name loss-functions
#' @rdname loss-functions
#' @export
loss_mean_squared_error <- function(y_true, y_pred, ..., reduction = "auto", name = "mean_squared_error") {
  loss_or_value("MeanSquaredError", mean_squared_error, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_mean_absolute_error <- function(y_true, y_pred, ..., reduction = "auto", name = "mean_absolute_error") {
  loss_or_value("MeanAbsoluteError", mean_absolute_error, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_mean_absolute_percentage_error <- function(y_true, y_pred, ..., reduction = "auto", name = "mean_absolute_percentage_error") {
  loss_or_value("MeanAbsolutePercentageError", mean_absolute_percentage_error, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_mean_squared_logarithmic_error <- function(y_true, y_pred, ..., reduction = "auto", name = "mean_squared_logarithmic_error") {
  loss_or_value("MeanSquaredLogarithmicError", mean_squared_logarithmic_error, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_logcosh <- function(y_true, y_pred, ..., reduction = "auto", name = "log_cosh") {
  loss_or_value("LogCosh", log_cosh, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_huber <- function(y_true, y_pred, delta = 1, ..., reduction = "auto", name = "huber_loss") {
  loss_or_value("Huber", huber, y_true, y_pred, reduction, name, list(delta = delta), ...)
}

#' @rdname loss-functions
#' @export
loss_cosine_similarity <- function(y_true, y_pred, axis = -1L, ..., reduction = "auto", name = "cosine_similarity") {
  loss_or_value("CosineSimilarity", cosine_similarity, y_true, y_pred, reduction, name, list(axis = zero_based_axis(axis)), ...)
}

#' @rdname loss-functions
#' @export
loss_cosine_proximity <- function(...) loss_cosine_similarity(...)

# Axes that users count from one (negative ones from the end) as the ops count them.
zero_based_axis <- function(axis) {
  axis <- as.integer(axis)
  if (anyNA(axis) || any(axis == 0L)) abort_argument("`axis` counts from 1, or from the end if negative. Received: ", received(axis))
  ifelse(axis > 0L, axis - 1L, axis)
}
