# Metrics made from counts of true and false positives and negatives at one or more thresholds.

# Weighted counts over a batch, one per threshold (and label, if `by_label`): a list of the `wanted` among tp, fp, tn, fn.
confusion_counts <- function(y_true, y_pred, thresholds, sample_weight = NULL, wanted = c("tp", "fp", "tn", "fn"), by_label = FALSE,
                             label_weights = NULL, top_k = NULL, class_id = NULL, dtype = "float32") {
  pair <- match_ranks(cast_to(y_true, dtype), cast_to(y_pred, dtype))
  y_true <- pair$y_true
  y_pred <- pair$y_pred
  weight <- sample_weight
  if (!is.null(top_k)) y_pred <- keep_top_k(y_pred, top_k)
  if (!is.null(class_id)) {
    y_true <- op_gather(y_true, as.integer(class_id), axis = -1L)
    y_pred <- op_gather(y_pred, as.integer(class_id), axis = -1L)
  }
  if (!is.null(weight)) {
    weight <- match_weight_rank(cast_to(weight, dtype), y_pred)
    weight <- op_broadcast_like(weight, y_pred)
  }
  if (!is.null(label_weights)) {
    labels <- op_broadcast_like(cast_to(label_weights, dtype), y_pred)
    weight <- if (is.null(weight)) labels else op_multiply(weight, labels)
  }
  columns <- if (by_label) last_size(y_pred) else 1L
  flat <- function(x) op_reshape(x, c(-1L, columns))
  counts <- op_threshold_counts(flat(y_pred), flat(y_true), thresholds, if (!is.null(weight)) flat(weight))[wanted]
  if (by_label) counts else lapply(counts, op_squeeze, -1L)
}

# All but the k highest predictions become very small. Of equal ones the first count, as in TensorFlow.
keep_top_k <- function(y_pred, k) {
  dtype <- tensor_dtype(y_pred)
  least <- op_reduce_min(op_top_k(y_pred, k = as.integer(k))[[1L]], axes = -1L, keepdims = TRUE)
  above <- op_greater(y_pred, least)
  equal <- op_cast(op_equal(y_pred, least), dtype)
  room <- op_subtract(as.integer(k), op_reduce_sum(op_cast(above, dtype), axes = -1L, keepdims = TRUE))
  kept <- op_logical_or(above, op_logical_and(op_cast(equal, "bool"), op_less_equal(op_cumsum(equal, axis = -1L), room)))
  op_select(kept, y_pred, cast_to(-1e10, dtype))
}

check_share <- function(x, what) {
  if (!is.numeric(x) || length(x) != 1L || is.na(x) || x < 0 || x > 1) {
    abort_argument("`", what, "` must be in [0, 1]. Received: ", what, " = ", received(x))
  }
  x
}
check_thresholds <- function(thresholds) {
  thresholds <- as.numeric(unlist(thresholds))
  if (anyNA(thresholds) || any(thresholds < 0 | thresholds > 1)) {
    abort_argument("`thresholds` must be in [0, 1]. Received: thresholds = ", received(thresholds))
  }
  thresholds
}

# Counts of one kind.
ConditionCount <- R6Class("ConditionCount", inherit = Metric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(kind, thresholds = NULL, ...) {
    super$initialize(...)
    self$kind <- kind
    self$init_thresholds <- thresholds
    self$thresholds <- check_thresholds(thresholds %||% 0.5)
    self$accumulator <- self$add_weight("accumulator", shape = length(self$thresholds))
  },
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    add_to(self$accumulator, confusion_counts(y_true, y_pred, self$thresholds, sample_weight, self$kind, dtype = self$dtype)[[1L]])
    invisible(NULL)
  },
  result = function() only_value(variable_read(self$accumulator)),
  get_config = function() c(super$get_config(), list(thresholds = self$init_thresholds))
))

# One threshold: a number, several: a vector.
only_value <- function(x) if (is_one(last_size(x))) op_squeeze(x, -1L) else x

# Precision, tp / (tp + fp), and recall, tp / (tp + fn).
RatioOfPositives <- R6Class("RatioOfPositives", inherit = Metric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(against, thresholds = NULL, top_k = NULL, class_id = NULL, ...) {
    super$initialize(...)
    self$against <- against
    self$init_thresholds <- thresholds
    self$top_k <- top_k
    self$class_id <- class_id
    self$thresholds <- if (!is.null(thresholds)) check_thresholds(thresholds) else if (is.null(top_k)) 0.5 else -1e10 + 1e3
    self$true_positives <- self$add_weight("true_positives", shape = length(self$thresholds))
    self$others <- self$add_weight(if (against == "fp") "false_positives" else "false_negatives", shape = length(self$thresholds))
  },
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    counts <- confusion_counts(y_true, y_pred, self$thresholds, sample_weight, c("tp", self$against), top_k = self$top_k, class_id = self$class_id,
                               dtype = self$dtype)
    add_to(self$true_positives, counts[[1L]])
    add_to(self$others, counts[[2L]])
    invisible(NULL)
  },
  result = function() {
    tp <- variable_read(self$true_positives)
    only_value(div_no_nan(tp, op_add(tp, variable_read(self$others))))
  },
  get_config = function() c(super$get_config(), list(thresholds = self$init_thresholds, top_k = self$top_k, class_id = self$class_id))
))

# All four counts over a range of thresholds.
CurveMetric <- R6Class("CurveMetric", inherit = Metric, lock_objects = FALSE, cloneable = FALSE, public = list(
  start_counts = function(columns = NULL) {
    shape <- c(length(self$thresholds), columns)
    self$true_positives <- self$add_weight("true_positives", shape = shape)
    self$true_negatives <- self$add_weight("true_negatives", shape = shape)
    self$false_positives <- self$add_weight("false_positives", shape = shape)
    self$false_negatives <- self$add_weight("false_negatives", shape = shape)
  },
  add_counts = function(counts) {
    add_to(self$true_positives, counts$tp)
    add_to(self$true_negatives, counts$tn)
    add_to(self$false_positives, counts$fp)
    add_to(self$false_negatives, counts$fn)
    invisible(NULL)
  },
  counts = function() list(tp = variable_read(self$true_positives), tn = variable_read(self$true_negatives),
                           fp = variable_read(self$false_positives), fn = variable_read(self$false_negatives))
))

# The best of one rate while another is at least `value`.
RateAtRate <- R6Class("RateAtRate", inherit = CurveMetric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(held, sought, value, num_thresholds = 200L, class_id = NULL, ...) {
    super$initialize(...)
    self$held <- held
    self$sought <- sought
    self$value <- check_share(value, held)
    self[[held]] <- value
    self$num_thresholds <- as.integer(num_thresholds)
    self$class_id <- class_id
    n <- self$num_thresholds
    if (is.na(n) || n <= 0L) abort_argument("`num_thresholds` must be positive. Received: num_thresholds = ", received(num_thresholds))
    self$thresholds <- if (n == 1L) 0.5 else c(0, seq_len(n - 2L) / (n - 1), 1)
    self$start_counts()
  },
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    self$add_counts(confusion_counts(y_true, y_pred, self$thresholds, sample_weight, class_id = self$class_id, dtype = self$dtype))
  },
  rate = function(name, counts) switch(name,
    precision = div_no_nan(counts$tp, op_add(counts$tp, counts$fp)),
    recall = , sensitivity = div_no_nan(counts$tp, op_add(counts$tp, counts$fn)),
    specificity = div_no_nan(counts$tn, op_add(counts$tn, counts$fp))),
  result = function() {
    counts <- self$counts()
    sought <- self$rate(self$sought, counts)
    feasible <- op_greater_equal(self$rate(self$held, counts), self$value)
    # rates are not negative: infeasible thresholds count as 0
    op_reduce_max(op_select(feasible, sought, cast_to(0, tensor_dtype(sought))))
  },
  get_config = function()
    c(super$get_config(), stats::setNames(list(self$value), self$held), list(num_thresholds = self$num_thresholds, class_id = self$class_id))
))

AUC <- R6Class("AUC", inherit = CurveMetric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(num_thresholds = 200L, curve = "ROC", summation_method = "interpolation", thresholds = NULL, multi_label = FALSE,
                        num_labels = NULL, label_weights = NULL, from_logits = FALSE, ...) {
    super$initialize(...)
    self$curve <- match_choice(toupper(curve), c("ROC", "PR"), "curve")
    self$summation_method <- match_choice(tolower(summation_method), c("interpolation", "minoring", "majoring"), "summation_method")
    epsilon <- 1e-7
    if (is.null(thresholds)) {
      if (num_thresholds <= 1) abort_argument("`num_thresholds` must be greater than 1. Received: num_thresholds = ", received(num_thresholds))
      inner <- seq_len(num_thresholds - 2L) / (num_thresholds - 1)
    } else inner <- sort(check_thresholds(thresholds))
    self$num_thresholds <- length(inner) + 2L
    self$thresholds <- c(-epsilon, inner, 1 + epsilon)
    self$init_thresholds <- thresholds
    self$multi_label <- isTRUE(multi_label)
    self$num_labels <- num_labels
    self$label_weights <- if (!is.null(label_weights)) as.numeric(unlist(label_weights))
    self$from_logits <- isTRUE(from_logits)
    if (!self$multi_label) self$start_counts() else if (!is.null(num_labels)) self$start_counts(as.integer(num_labels))
  },
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    y_pred <- as_loss_input(y_pred)
    if (self$from_logits) y_pred <- op_sigmoid(cast_to(y_pred, self$dtype))
    if (is.null(self$true_positives)) self$start_counts(last_size(y_pred))
    self$add_counts(confusion_counts(y_true, y_pred, self$thresholds, sample_weight, by_label = self$multi_label,
                                     label_weights = if (!self$multi_label) self$label_weights, dtype = self$dtype))
  },
  result = function() {
    counts <- self$counts()
    rank <- tensor_rank(counts$tp)
    n <- self$num_thresholds
    high <- function(x) op_slice(x, begin = integer(rank), size = c(n - 1L, rep(-1L, rank - 1L)))
    low <- function(x) op_slice(x, begin = c(1L, integer(rank - 1L)), size = rep(-1L, rank))
    areas <- if (self$curve == "PR" && self$summation_method == "interpolation") interpolated_pr_areas(counts, high, low) else {
      recall <- div_no_nan(counts$tp, op_add(counts$tp, counts$fn))
      x <- if (self$curve == "ROC") div_no_nan(counts$fp, op_add(counts$fp, counts$tn)) else recall
      y <- if (self$curve == "ROC") recall else div_no_nan(counts$tp, op_add(counts$tp, counts$fp))
      height <- switch(self$summation_method, interpolation = op_multiply(op_add(high(y), low(y)), 0.5), minoring = op_minimum(high(y), low(y)),
                       op_maximum(high(y), low(y)))
      op_multiply(op_subtract(high(x), low(x)), height)
    }
    if (!self$multi_label) return(op_reduce_sum(areas))
    by_label <- op_reduce_sum(areas, axes = 0L)
    if (is.null(self$label_weights)) return(op_reduce_mean(by_label))
    op_reduce_sum(op_multiply(by_label, cast_to(self$label_weights / sum(self$label_weights), self$dtype)))
  },
  get_config = function() c(super$get_config(), list(
    num_thresholds = self$num_thresholds, curve = self$curve, summation_method = self$summation_method, multi_label = self$multi_label,
    num_labels = self$num_labels, label_weights = self$label_weights, from_logits = self$from_logits,
    thresholds = if (!is.null(self$init_thresholds)) self$init_thresholds))
))

# Precision interpolates between thresholds with true positives linear in the number of positives (Davis, Goadrich, "The relationship
# between precision-recall and ROC curves", 2006).
interpolated_pr_areas <- function(counts, high, low) {
  tp <- counts$tp
  positives <- op_add(tp, counts$fp)
  more_tp <- op_subtract(high(tp), low(tp))
  slope <- div_no_nan(more_tp, op_maximum(op_subtract(high(positives), low(positives)), 0))
  intercept <- op_subtract(low(tp), op_multiply(slope, low(positives)))
  both <- op_logical_and(op_greater(high(positives), 0), op_greater(low(positives), 0))
  ratio <- div_no_nan(high(positives), op_maximum(low(positives), 0))
  ratio <- op_select(both, ratio, cast_to(1, tensor_dtype(ratio)))
  div_no_nan(op_multiply(slope, op_add(more_tp, op_multiply(intercept, op_log(ratio)))), op_maximum(op_add(low(tp), low(counts$fn)), 0))
}

match_choice <- function(x, choices, what) {
  if (!is.character(x) || length(x) != 1L || !x %in% choices) {
    abort_argument("`", what, "` must be one of ", quoted_names(choices), ". Received: ", what, " = ", received(x))
  }
  x
}

MeanIoU <- R6Class("MeanIoU", inherit = Metric, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(num_classes, ...) {
    super$initialize(...)
    self$num_classes <- as.integer(num_classes)
    self$total_cm <- self$add_weight("total_confusion_matrix", shape = c(self$num_classes, self$num_classes))
  },
  update_state = function(y_true, y_pred, sample_weight = NULL) {
    coded <- function(x) op_one_hot(op_cast(op_reshape(as_loss_input(x), -1L), "int64"), depth = self$num_classes, dtype = self$dtype)
    truth <- coded(y_true)
    if (!is.null(sample_weight)) truth <- op_multiply(truth, op_reshape(cast_to(sample_weight, self$dtype), c(-1L, 1L)))
    add_to(self$total_cm, op_matmul(truth, coded(y_pred), transpose_a = TRUE))
    invisible(NULL)
  },
  # of each class: hits / (predicted + true - hits); classes that never occur are left out
  result = function() {
    matrix <- variable_read(self$total_cm)
    hits <- op_reduce_sum(op_multiply(matrix, op_one_hot(seq_len(self$num_classes) - 1L, depth = self$num_classes, dtype = self$dtype)), axes = 1L)
    union <- op_subtract(op_add(op_reduce_sum(matrix, axes = 0L), op_reduce_sum(matrix, axes = 1L)), hits)
    occurring <- op_reduce_sum(op_cast(op_not_equal(union, 0), self$dtype))
    div_no_nan(op_reduce_sum(div_no_nan(hits, union)), occurring)
  },
  get_config = function() c(super$get_config(), list(num_classes = self$num_classes))
))

confusion_class <- function(name) c(paste0("keras.metrics.confusion_metrics.", name))
condition_count <- function(class, kind, thresholds, name, dtype, ...) {
  new_metric(ConditionCount, c(confusion_class(class), confusion_class("_ConfusionMatrixConditionCount")), kind = kind, thresholds = thresholds,
             name = name %||% unique_name(camel_to_snake(class)), dtype = dtype, ...)
}
rate_at_rate <- function(class, held, sought, value, num_thresholds, class_id, name, dtype, ...) {
  new_metric(RateAtRate, c(confusion_class(class), confusion_class("SensitivitySpecificityBase")), held = held, sought = sought, value = value,
             num_thresholds = num_thresholds, class_id = class_id, name = name %||% unique_name(camel_to_snake(class)), dtype = dtype, ...)
}

#' @rdname metrics
#' @export
metric_true_positives <- function(..., thresholds = NULL, name = NULL, dtype = NULL)
  condition_count("TruePositives", "tp", thresholds, name, dtype, ...)
#' @rdname metrics
#' @export
metric_true_negatives <- function(..., thresholds = NULL, name = NULL, dtype = NULL)
  condition_count("TrueNegatives", "tn", thresholds, name, dtype, ...)
#' @rdname metrics
#' @export
metric_false_positives <- function(..., thresholds = NULL, name = NULL, dtype = NULL)
  condition_count("FalsePositives", "fp", thresholds, name, dtype, ...)
#' @rdname metrics
#' @export
metric_false_negatives <- function(..., thresholds = NULL, name = NULL, dtype = NULL)
  condition_count("FalseNegatives", "fn", thresholds, name, dtype, ...)

#' @rdname metrics
#' @export
metric_precision <- function(..., thresholds = NULL, top_k = NULL, class_id = NULL, name = NULL, dtype = NULL) {
  new_metric(RatioOfPositives, confusion_class("Precision"), against = "fp", thresholds = thresholds, top_k = top_k, class_id = class_id,
             name = name %||% unique_name("precision"), dtype = dtype, ...)
}
#' @rdname metrics
#' @export
metric_recall <- function(..., thresholds = NULL, top_k = NULL, class_id = NULL, name = NULL, dtype = NULL) {
  new_metric(RatioOfPositives, confusion_class("Recall"), against = "fn", thresholds = thresholds, top_k = top_k, class_id = class_id,
             name = name %||% unique_name("recall"), dtype = dtype, ...)
}

#' @rdname metrics
#' @export
metric_precision_at_recall <- function(..., recall, num_thresholds = 200L, class_id = NULL, name = NULL, dtype = NULL) {
  rate_at_rate("PrecisionAtRecall", "recall", "precision", recall, num_thresholds, class_id, name, dtype, ...)
}
#' @rdname metrics
#' @export
metric_recall_at_precision <- function(..., precision, num_thresholds = 200L, class_id = NULL, name = NULL, dtype = NULL) {
  rate_at_rate("RecallAtPrecision", "precision", "recall", precision, num_thresholds, class_id, name, dtype, ...)
}
#' @rdname metrics
#' @export
metric_sensitivity_at_specificity <- function(..., specificity, num_thresholds = 200L, class_id = NULL, name = NULL, dtype = NULL) {
  rate_at_rate("SensitivityAtSpecificity", "specificity", "sensitivity", specificity, num_thresholds, class_id, name, dtype, ...)
}
#' @rdname metrics
#' @export
metric_specificity_at_sensitivity <- function(..., sensitivity, num_thresholds = 200L, class_id = NULL, name = NULL, dtype = NULL) {
  rate_at_rate("SpecificityAtSensitivity", "sensitivity", "specificity", sensitivity, num_thresholds, class_id, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_auc <- function(..., num_thresholds = 200L, curve = "ROC", summation_method = "interpolation", thresholds = NULL, multi_label = FALSE,
                       num_labels = NULL, label_weights = NULL, from_logits = FALSE, name = NULL, dtype = NULL) {
  new_metric(AUC, confusion_class("AUC"), num_thresholds = num_thresholds, curve = curve, summation_method = summation_method,
             thresholds = thresholds,
             multi_label = multi_label, num_labels = num_labels, label_weights = label_weights, from_logits = from_logits,
             name = name %||% unique_name("auc"), dtype = dtype, ...)
}

#' @rdname metrics
#' @export
metric_mean_iou <- function(..., num_classes, name = NULL, dtype = NULL) {
  new_metric(MeanIoU, c("keras.metrics.iou_metrics.MeanIoU", "keras.metrics.iou_metrics.IoU"), num_classes = num_classes,
             name = name %||% unique_name("mean_io_u"), dtype = dtype, ...)
}
