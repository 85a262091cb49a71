# Losses of maximum-margin classification.

# Targets coded 0/1 become -1/1; any other coding is taken as it is.
signed_labels <- function(y_true) {
  is_binary <- op_reduce_all(op_logical_or(op_equal(y_true, 0), op_equal(y_true, 1)))
  op_select(is_binary, op_subtract(op_multiply(y_true, 2), 1), y_true)
}

margin_violation <- function(y_true, y_pred) {
  op_maximum(op_subtract(1, op_multiply(signed_labels(targets_like(y_true, y_pred)), y_pred)), 0)
}

hinge <- function(y_true, y_pred) op_reduce_mean(margin_violation(y_true, y_pred), axes = -1L)

squared_hinge <- function(y_true, y_pred) op_reduce_mean(op_square(margin_violation(y_true, y_pred)), axes = -1L)

categorical_hinge <- function(y_true, y_pred) {
  y_true <- targets_like(y_true, y_pred)
  positive <- op_reduce_sum(op_multiply(y_true, y_pred), axes = -1L)
  negative <- op_reduce_max(op_multiply(op_subtract(1, y_true), y_pred), axes = -1L)
  op_maximum(op_add(op_subtract(negative, positive), 1), 0)
}

#' @rdname loss-functions
#' @export
loss_hinge <- function(y_true, y_pred, ..., reduction = "auto", name = "hinge") {
  loss_or_value("Hinge", hinge, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_squared_hinge <- function(y_true, y_pred, ..., reduction = "auto", name = "squared_hinge") {
  loss_or_value("SquaredHinge", squared_hinge, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_categorical_hinge <- function(y_true, y_pred, ..., reduction = "auto", name = "categorical_hinge") {
  loss_or_value("CategoricalHinge", categorical_hinge, y_true, y_pred, reduction, name, ...)
}
