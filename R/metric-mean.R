# Means and sums, and the metrics that are means of a per-sample function.

# Values times weights, ranks matched as losses do; weights of lower rank average the values' further axes first.
weighted_values <- function(values, sample_weight, dtype) {
  values <- cast_to(values, dtype)
  if (is.null(sample_weight)) return(list(values = values, weight = NULL))
  weight <- match_weight_rank(cast_to(sample_weight, dtype), values)
  beyond <- tensor_rank(values) - tensor_rank(weight)
  if (beyond > 0L && tensor_rank(weight) > 0L) values <- op_reduce_mean(values, axes = seq_len(beyond) + tensor_rank(weight) - 1L)
  list(values = op_multiply(values, weight), weight = op_broadcast_like(weight, values))
}

count_of <- function(values) op_reduce_sum(op_ones_like(values))

Mean <- R6Class("Mean", inherit = Metric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(...) {
    super$initialize(...)
    self$total <- self$add_weight("total")
    self$count <- self$add_weight("count")
  },
  update_state = function(values, sample_weight = NULL) {
    weighted <- weighted_values(values, sample_weight, self$dtype)
    add_to(self$total, op_reduce_sum(weighted$values))
    shape <- tensor_shape(weighted$values)
    count <- if (!is.null(weighted$weight)) op_reduce_sum(weighted$weight) else if (anyNA(shape)) count_of(weighted$values) else prod(shape)
    add_to(self$count, count)
    invisible(NULL)
  },
  result = function() div_no_nan(variable_read(self$total), variable_read(self$count))
))

Sum <- R6Class("Sum", inherit = Metric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(...) {
    super$initialize(...)
    self$total <- self$add_weight("total")
  },
  update_state = function(values, sample_weight = NULL) {
    add_to(self$total, op_reduce_sum(weighted_values(values, sample_weight, self$dtype)$values))
    invisible(NULL)
  },
  result = function() variable_read(self$total)
))

# Element by element; the shape is that of the first values.
MeanTensor <- R6Class("MeanTensor", inherit = Metric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(shape = NULL, ...) {
    super$initialize(...)
    if (!is.null(shape)) self$build(unlist(shape))
  },
  build = function(shape) {
    self$total <- self$add_weight("total", shape = shape)
    self$count <- self$add_weight("count", shape = shape)
  },
  update_state = function(values, sample_weight = NULL) {
    if (is.null(self$total)) self$build(tensor_shape(as_loss_input(values)))
    weighted <- weighted_values(values, sample_weight, self$dtype)
    add_to(self$total, weighted$values)
    add_to(self$count, weighted$weight %||% op_ones_like(weighted$values))
    invisible(NULL)
  },
  result = function() div_no_nan(variable_read(self$total), variable_read(self$count))
))

# The mean of fn(y_true, y_pred).
MeanMetricWrapper <- R6Class("MeanMetricWrapper", inherit = Mean, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(fn, name = NULL, dtype = NULL, settings = list()) {
    super$initialize(name = name, dtype = dtype)
    self$fn <- fn
    self$fn_name <- name
    self$settings <- settings
    for (setting in names(settings)) self[[setting]] <- settings[[setting]]
  },
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    pair <- match_ranks(cast_to(y_true, self$dtype), cast_to(y_pred, self$dtype))
    super$update_state(do.call(self$fn, c(list(pair$y_true, pair$y_pred), self$settings)), sample_weight)
  },
  get_config = function() c(super$get_config(), self$settings)
))

cast_to_keeping_mask <- function(x, dtype) cast_to(x, dtype)

RootMeanSquaredError <- R6Class("RootMeanSquaredError", inherit = Mean, lock_objects = FALSE, cloneable = FALSE, public = list(
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    pair <- match_ranks(cast_to(y_true, self$dtype), cast_to(y_pred, self$dtype))
    super$update_state(op_squared_difference(pair$y_pred, pair$y_true), sample_weight)
  },
  result = function() op_sqrt(super$result())
))

MeanRelativeError <- R6Class("MeanRelativeError", inherit = Mean, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(normalizer, ...) {
    super$initialize(...)
    self$normalizer <- normalizer
  },
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    pair <- match_ranks(cast_to(y_true, self$dtype), cast_to(y_pred, self$dtype))
    super$update_state(div_no_nan(op_abs(op_subtract(pair$y_true, pair$y_pred)), cast_to(self$normalizer, self$dtype)), sample_weight)
  },
  get_config = function() c(super$get_config(), list(normalizer = self$normalizer))
))

# metric_<name>(): with data the function's value, without data the object.
metric_or_value <- function(class, fn, y_true, y_pred, name, dtype, settings = list(), ...) {
  if (...length()) abort_argument("unknown argument ", quoted_names(names(list(...)) %||% "(unnamed)"), " for the metric \"", name, "\"")
  if (missing(y_true) != missing(y_pred)) abort_argument("a metric takes both `y_true` and `y_pred`, or neither")
  if (!missing(y_pred)) return(do.call(fn, c(list(as_loss_input(y_true), as_loss_input(y_pred)), settings)))
  metric_instance(MeanMetricWrapper$new(fn, name, dtype, settings),
                  c(paste0("keras.metrics.", class), "keras.metrics.base_metric.MeanMetricWrapper", "keras.metrics.base_metric.Mean",
                    "keras.metrics.base_metric.Reduce"))
}

#' Metrics
#'
#' A metric is a number shown during training and evaluation. Metric objects accumulate over batches: `update_state(y_true, y_pred,
#' sample_weight)` (for the plain means and sums: `update_state(values, sample_weight)`), `result()`, `reset_state()`. Those that are means of a
#' function compute that function when called with `y_true` and `y_pred`.
#'
#' In [compile()] a metric can be given by name (`"accuracy"`, `"mae"`), as such an object, or as a [custom_metric()].
#'
#' @inheritParams loss-functions
#' @param name,dtype Name and dtype of the metric.
#' @param ... For forward compatibility; unknown arguments are an error.
#' @param threshold,thresholds Predictions above it count as positive; several thresholds give several values.
#' @param k Number of highest predictions among which the class must be.
#' @param fn A function of `(y_true, y_pred)`.
#' @param normalizer What errors are divided by.
#' @param num_classes Number of classes.
#' @param num_thresholds Number of thresholds that stand for the curve.
#' @param curve `"ROC"` or `"PR"`.
#' @param summation_method `"interpolation"`, `"minoring"` or `"majoring"`.
#' @param multi_label,num_labels,label_weights Average the area over labels, weighted?
#' @param top_k,class_id Count only the highest predictions, or only this class.
#' @param precision,recall,sensitivity,specificity The value to be reached, in \[0, 1\].
#' @return A metric object, or a tensor.
#' @examples
#' m <- metric_binary_accuracy()
#' m$update_state(c(1, 1, 0, 0), c(0.98, 1, 0, 0.6))
#' m$result()
#' @name metrics
#' @rdname metrics
#' @export
metric_mean <- function(..., name = "mean", dtype = NULL)
  new_metric(Mean, c("keras.metrics.base_metric.Mean", "keras.metrics.base_metric.Reduce"), name = name, dtype = dtype, ...)

#' @rdname metrics
#' @export
metric_sum <- function(..., name = NULL, dtype = NULL)
  new_metric(Sum, c("keras.metrics.base_metric.Sum", "keras.metrics.base_metric.Reduce"), name = name, dtype = dtype, ...)

#' @rdname metrics
#' @export
metric_mean_tensor <- function(..., name = NULL, dtype = NULL)
  new_metric(MeanTensor, "keras.metrics.base_metric.MeanTensor", name = name, dtype = dtype, ...)

#' @rdname metrics
#' @export
metric_mean_wrapper <- function(..., fn, name = NULL, dtype = NULL) {
  new_metric(MeanMetricWrapper,
             c("keras.metrics.base_metric.MeanMetricWrapper", "keras.metrics.base_metric.Mean", "keras.metrics.base_metric.Reduce"),
             fn = fn, name = name, dtype = dtype, ...)
}

#' @rdname metrics
#' @export
metric_root_mean_squared_error <- function(..., name = NULL, dtype = NULL) {
  new_metric(RootMeanSquaredError,
             c("keras.metrics.regression_metrics.RootMeanSquaredError", "keras.metrics.base_metric.Mean", "keras.metrics.base_metric.Reduce"),
             name = name, dtype = dtype, ...)
}

#' @rdname metrics
#' @export
metric_mean_relative_error <- function(..., normalizer, name = NULL, dtype = NULL) {
  new_metric(MeanRelativeError,
             c("keras.metrics.regression_metrics.MeanRelativeError", "keras.metrics.base_metric.Mean", "keras.metrics.base_metric.Reduce"),
             normalizer = normalizer, name = name, dtype = dtype, ...)
}

#' @rdname metrics
#' @export
metric_mean_squared_error <- function(y_true, y_pred, ..., name = "mean_squared_error", dtype = NULL) {
  metric_or_value("regression_metrics.MeanSquaredError", mean_squared_error, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_mean_absolute_error <- function(y_true, y_pred, ..., name = "mean_absolute_error", dtype = NULL) {
  metric_or_value("regression_metrics.MeanAbsoluteError", mean_absolute_error, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_mean_absolute_percentage_error <- function(y_true, y_pred, ..., name = "mean_absolute_percentage_error", dtype = NULL) {
  metric_or_value("regression_metrics.MeanAbsolutePercentageError", mean_absolute_percentage_error, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_mean_squared_logarithmic_error <- function(y_true, y_pred, ..., name = "mean_squared_logarithmic_error", dtype = NULL) {
  metric_or_value("regression_metrics.MeanSquaredLogarithmicError", mean_squared_logarithmic_error, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_logcosh_error <- function(..., name = "logcosh", dtype = NULL)
  metric_or_value("regression_metrics.LogCoshError", log_cosh, name = name, dtype = dtype, ...)

# As a metric the similarity itself, not its negative.
cosine_similarity_metric <- function(y_true, y_pred, axis = -1L) op_negative(cosine_similarity(y_true, y_pred, axis))

#' @rdname metrics
#' @export
metric_cosine_similarity <- function(..., axis = -1L, name = "cosine_similarity", dtype = NULL) {
  metric_or_value("regression_metrics.CosineSimilarity", cosine_similarity_metric, name = name, dtype = dtype,
                  settings = list(axis = zero_based_axis(axis)), ...)
}

#' @rdname metrics
#' @export
metric_cosine_proximity <- function(y_true, y_pred) {
  metric_or_value("regression_metrics.CosineSimilarity", cosine_similarity_metric, y_true, y_pred, "cosine_proximity", NULL)
}

#' @rdname metrics
#' @export
metric_binary_crossentropy <- function(y_true, y_pred, from_logits = FALSE, label_smoothing = 0, axis = -1L, ..., name = "binary_crossentropy",
                                       dtype = NULL) {
  metric_or_value("probabilistic_metrics.BinaryCrossentropy", binary_crossentropy, y_true, y_pred, name, dtype,
                  list(from_logits = from_logits, label_smoothing = label_smoothing, axis = zero_based_axis(axis)), ...)
}

#' @rdname metrics
#' @export
metric_categorical_crossentropy <- function(y_true, y_pred, from_logits = FALSE, label_smoothing = 0, axis = -1L, ...,
                                            name = "categorical_crossentropy", dtype = NULL) {
  metric_or_value("probabilistic_metrics.CategoricalCrossentropy", categorical_crossentropy, y_true, y_pred, name, dtype,
                  list(from_logits = from_logits, label_smoothing = label_smoothing, axis = zero_based_axis(axis)), ...)
}

#' @rdname metrics
#' @export
metric_sparse_categorical_crossentropy <- function(y_true, y_pred, from_logits = FALSE, axis = -1L, ..., name = "sparse_categorical_crossentropy",
                                                   dtype = NULL) {
  metric_or_value("probabilistic_metrics.SparseCategoricalCrossentropy", sparse_categorical_crossentropy, y_true, y_pred, name, dtype,
                  list(from_logits = from_logits, axis = zero_based_axis(axis)), ...)
}

#' @rdname metrics
#' @export
metric_kullback_leibler_divergence <- function(y_true, y_pred, ..., name = "kullback_leibler_divergence", dtype = NULL) {
  metric_or_value("probabilistic_metrics.KLDivergence", kl_divergence, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_poisson <- function(y_true, y_pred, ..., name = "poisson", dtype = NULL) {
  metric_or_value("probabilistic_metrics.Poisson", poisson_loss, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_hinge <- function(y_true, y_pred, ..., name = "hinge", dtype = NULL)
  metric_or_value("hinge_metrics.Hinge", hinge, y_true, y_pred, name, dtype, ...)

#' @rdname metrics
#' @export
metric_squared_hinge <- function(y_true, y_pred, ..., name = "squared_hinge", dtype = NULL) {
  metric_or_value("hinge_metrics.SquaredHinge", squared_hinge, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_categorical_hinge <- function(..., name = "categorical_hinge", dtype = NULL) {
  metric_or_value("hinge_metrics.CategoricalHinge", categorical_hinge, name = name, dtype = dtype, ...)
}
