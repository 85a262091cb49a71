# Accuracies: one value, 0 or 1 (or a share of labels), per sample.

as_hits <- function(matches) op_cast(matches, k_floatx())

accuracy <- function(y_true, y_pred) as_hits(op_equal(y_true, cast_to(y_pred, tensor_dtype(y_true))))

binary_matches <- function(y_true, y_pred, threshold = 0.5) as_hits(op_equal(y_true, op_cast(op_greater(y_pred, threshold), tensor_dtype(y_true))))

binary_accuracy <- function(y_true, y_pred, threshold = 0.5) op_reduce_mean(binary_matches(y_true, y_pred, threshold), axes = -1L)

categorical_accuracy <- function(y_true, y_pred) as_hits(op_equal(op_argmax(y_true, axis = -1L), op_argmax(y_pred, axis = -1L)))

# Class ids without a class axis: (n) or (n, 1).
class_ids <- function(y_true, y_pred) {
  if (tensor_rank(y_true) == tensor_rank(y_pred) && is_one(last_size(y_true))) y_true <- op_squeeze(y_true, -1L)
  op_cast(y_true, "int64")
}

sparse_categorical_accuracy <- function(y_true, y_pred) {
  if (tensor_rank(y_pred) == tensor_rank(y_true) && !is_one(last_size(y_true)))
    abort_shape("sparse accuracy takes class ids of shape ", shape_text(head(tensor_shape(y_pred), -1L)), ". Received: targets of shape ",
                shape_text(tensor_shape(y_true)))
  as_hits(op_equal(class_ids(y_true, y_pred), op_cast(op_argmax(y_pred, axis = -1L), "int64")))
}

# A prediction counts if fewer than k others are higher (ties count in its favour, as in TensorFlow's in_top_k).
in_top_k <- function(classes, y_pred, k) {
  hit <- op_one_hot(classes, depth = last_size(y_pred), dtype = tensor_dtype(y_pred))
  own <- op_reduce_sum(op_multiply(y_pred, hit), axes = -1L, keepdims = TRUE)
  higher <- op_reduce_sum(op_cast(op_greater(y_pred, own), tensor_dtype(y_pred)), axes = -1L)
  as_hits(op_less(higher, k))
}

top_k_categorical_accuracy <- function(y_true, y_pred, k = 5) in_top_k(op_cast(op_argmax(y_true, axis = -1L), "int64"), y_pred, k)

sparse_top_k_categorical_accuracy <- function(y_true, y_pred, k = 5) in_top_k(class_ids(y_true, y_pred), y_pred, k)

#' @rdname metrics
#' @export
metric_accuracy <- function(..., name = NULL, dtype = NULL)
  metric_or_value("accuracy_metrics.Accuracy", accuracy, name = name %||% "accuracy", dtype = dtype, ...)

#' @rdname metrics
#' @export
metric_binary_accuracy <- function(y_true, y_pred, threshold = 0.5, ..., name = "binary_accuracy", dtype = NULL) {
  # The object weighs every label by itself (weights may have one entry per label), the function gives a share per sample.
  fn <- if (missing(y_pred)) binary_matches else binary_accuracy
  metric_or_value("accuracy_metrics.BinaryAccuracy", fn, y_true, y_pred, name, dtype, list(threshold = threshold), ...)
}

#' @rdname metrics
#' @export
metric_categorical_accuracy <- function(y_true, y_pred, ..., name = "categorical_accuracy", dtype = NULL) {
  metric_or_value("accuracy_metrics.CategoricalAccuracy", categorical_accuracy, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_sparse_categorical_accuracy <- function(y_true, y_pred, ..., name = "sparse_categorical_accuracy", dtype = NULL) {
  metric_or_value("accuracy_metrics.SparseCategoricalAccuracy", sparse_categorical_accuracy, y_true, y_pred, name, dtype, ...)
}

#' @rdname metrics
#' @export
metric_top_k_categorical_accuracy <- function(y_true, y_pred, k = 5L, ..., name = "top_k_categorical_accuracy", dtype = NULL) {
  metric_or_value("accuracy_metrics.TopKCategoricalAccuracy", top_k_categorical_accuracy, y_true, y_pred, name, dtype, list(k = k), ...)
}

#' @rdname metrics
#' @export
metric_sparse_top_k_categorical_accuracy <- function(y_true, y_pred, k = 5L, ..., name = "sparse_top_k_categorical_accuracy", dtype = NULL) {
  metric_or_value("accuracy_metrics.SparseTopKCategoricalAccuracy", sparse_top_k_categorical_accuracy, y_true, y_pred, name, dtype, list(k = k), ...)
}
