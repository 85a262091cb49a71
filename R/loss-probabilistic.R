# Losses between probabilities and classes.

# Probabilities that came out of a softmax or sigmoid are better taken back to its input: exact where the probability itself rounds to
# 0 or 1. Keras does the same with the `_keras_logits` that its activations leave behind.
logits_behind <- function(y_pred, activation, axis = -1L) {
  producer <- producer_of(y_pred)
  if (is.null(producer) || !identical(producer$op, activation)) return(NULL)
  producer$inputs[[1L]]
}

smooth_labels <- function(y_true, smoothing, classes) {
  if (identical(as.numeric(smoothing), 0)) return(y_true)
  op_add(op_multiply(y_true, 1 - smoothing), smoothing / classes)
}

clip_probability <- function(p) op_clip(p, k_epsilon(), 1 - k_epsilon())

binary_crossentropy_elements <- function(y_true, y_pred, from_logits = FALSE) {
  logits <- if (from_logits) y_pred else logits_behind(y_pred, "sigmoid")
  if (!is.null(logits)) return(op_sigmoid_cross_entropy(y_true, logits))
  p <- clip_probability(y_pred)
  epsilon <- k_epsilon()
  positive <- op_multiply(y_true, op_log(op_add(p, epsilon)))
  negative <- op_multiply(op_subtract(1, y_true), op_log(op_add(op_subtract(1, p), epsilon)))
  op_negative(op_add(positive, negative))
}

binary_crossentropy <- function(y_true, y_pred, from_logits = FALSE, label_smoothing = 0, axis = -1L) {
  y_true <- smooth_labels(targets_like(y_true, y_pred), label_smoothing, 2)
  op_reduce_mean(binary_crossentropy_elements(y_true, y_pred, from_logits), axes = axis)
}

categorical_crossentropy <- function(y_true, y_pred, from_logits = FALSE, label_smoothing = 0, axis = -1L) {
  y_true <- targets_like(y_true, y_pred)
  shape <- tensor_shape(y_pred)
  y_true <- smooth_labels(y_true, label_smoothing, shape[[if (axis < 0L) length(shape) + axis + 1L else axis + 1L]])
  logits <- if (from_logits) y_pred else logits_behind(y_pred, "softmax")
  if (!is.null(logits)) return(crossentropy_of_logits(y_true, logits, axis))
  p <- clip_probability(op_divide(y_pred, op_reduce_sum(y_pred, axes = axis, keepdims = TRUE)))
  op_negative(op_reduce_sum(op_multiply(y_true, op_log(p)), axes = axis))
}

sparse_categorical_crossentropy <- function(y_true, y_pred, from_logits = FALSE, axis = -1L, ignore_class = NULL) {
  rank <- tensor_rank(y_pred)
  if (axis >= 0L) axis <- axis - rank
  if (tensor_rank(y_true) == rank && is_one(last_size(y_true))) y_true <- op_squeeze(y_true, -1L)
  logits <- if (from_logits) y_pred else logits_behind(y_pred, "softmax") %||% op_log(clip_probability(y_pred))
  classes <- cast_to(y_true, "int64")
  if (is.null(ignore_class)) return(sparse_crossentropy_of_logits(classes, logits, axis))
  # Samples of the ignored class are masked: a mean is taken over the others only.
  kept <- op_not_equal(classes, cast_to(as.integer(ignore_class), "int64"))
  loss <- sparse_crossentropy_of_logits(op_multiply(classes, op_cast(kept, "int64")), logits, axis)
  # Chosen, not multiplied by 0: in a batch that has only ignored samples the mean is not a number, the gradients are 0 all the same.
  set_mask(op_select(kept, loss, cast_to(0, tensor_dtype(loss))), kept)
}

# The fused ops take the classes on the last axis.
crossentropy_of_logits <- function(y_true, logits, axis = -1L) {
  if (is_last_axis(axis, logits)) return(op_softmax_cross_entropy(y_true, logits))
  op_negative(op_reduce_sum(op_multiply(y_true, op_log_softmax(logits, axis = axis)), axes = axis))
}

sparse_crossentropy_of_logits <- function(classes, logits, axis = -1L) {
  if (!is_last_axis(axis, logits)) {
    rank <- tensor_rank(logits)
    moved <- if (axis < 0L) axis + rank else axis
    logits <- op_transpose(logits, c(setdiff(seq_len(rank) - 1L, moved), moved))
  }
  op_sparse_softmax_cross_entropy(classes, logits)
}

is_last_axis <- function(axis, x) axis == -1L || axis == tensor_rank(x) - 1L

kl_divergence <- function(y_true, y_pred) {
  clip <- function(p) op_clip(p, k_epsilon(), 1)
  y_true <- clip(targets_like(y_true, y_pred))
  op_reduce_sum(op_multiply(y_true, op_log(op_divide(y_true, clip(y_pred)))), axes = -1L)
}

poisson_loss <- function(y_true, y_pred) {
  y_true <- targets_like(y_true, y_pred)
  op_reduce_mean(op_subtract(y_pred, op_multiply(y_true, op_log(op_add(y_pred, k_epsilon())))), axes = -1L)
}

# Focal losses (Lin et al., "Focal loss for dense object detection", 2017), known by name in Keras 2.15.
binary_focal_crossentropy <- function(y_true, y_pred, apply_class_balancing = FALSE, alpha = 0.25, gamma = 2, from_logits = FALSE,
                                      label_smoothing = 0, axis = -1L) {
  y_true <- smooth_labels(targets_like(y_true, y_pred), label_smoothing, 2)
  probability <- if (from_logits) op_sigmoid(y_pred) else clip_probability(y_pred)
  opposite <- op_subtract(1, y_true)
  right <- op_add(op_multiply(y_true, probability), op_multiply(opposite, op_subtract(1, probability)))
  loss <- op_multiply(op_power(op_subtract(1, right), gamma), binary_crossentropy_elements(y_true, y_pred, from_logits))
  if (apply_class_balancing) loss <- op_multiply(loss, op_add(op_multiply(y_true, alpha), op_multiply(opposite, 1 - alpha)))
  op_reduce_mean(loss, axes = axis)
}

categorical_focal_crossentropy <- function(y_true, y_pred, alpha = 0.25, gamma = 2, from_logits = FALSE, label_smoothing = 0, axis = -1L) {
  y_true <- targets_like(y_true, y_pred)
  y_true <- smooth_labels(y_true, label_smoothing, last_size(y_pred))
  p <- if (from_logits) op_softmax(y_pred, axis = axis) else y_pred
  p <- clip_probability(op_divide(p, op_reduce_sum(p, axes = axis, keepdims = TRUE)))
  focus <- op_multiply(op_power(op_subtract(1, p), gamma), alpha)
  op_negative(op_reduce_sum(op_multiply(focus, op_multiply(y_true, op_log(p))), axes = axis))
}

# Objects of them come out of files of Keras.
loss_binary_focal_crossentropy <- function(y_true, y_pred, apply_class_balancing = FALSE, alpha = 0.25, gamma = 2, from_logits = FALSE,
                                           label_smoothing = 0, axis = -1L, ..., reduction = "auto", name = "binary_focal_crossentropy") {
  loss_or_value("BinaryFocalCrossentropy", binary_focal_crossentropy, y_true, y_pred, reduction, name,
                list(apply_class_balancing = apply_class_balancing, alpha = alpha, gamma = gamma, from_logits = from_logits,
                     label_smoothing = label_smoothing, axis = zero_based_axis(axis)), ...)
}
loss_categorical_focal_crossentropy <- function(y_true, y_pred, alpha = 0.25, gamma = 2, from_logits = FALSE, label_smoothing = 0, axis = -1L, ...,
                                                reduction = "auto", name = "categorical_focal_crossentropy") {
  loss_or_value("CategoricalFocalCrossentropy", categorical_focal_crossentropy, y_true, y_pred, reduction, name,
                list(alpha = alpha, gamma = gamma, from_logits = from_logits, label_smoothing = label_smoothing, axis = zero_based_axis(axis)), ...)
}

#' @rdname loss-functions
#' @export
loss_binary_crossentropy <- function(y_true, y_pred, from_logits = FALSE, label_smoothing = 0, axis = -1L, ..., reduction = "auto",
                                     name = "binary_crossentropy") {
  loss_or_value("BinaryCrossentropy", binary_crossentropy, y_true, y_pred, reduction, name,
                list(from_logits = from_logits, label_smoothing = label_smoothing, axis = zero_based_axis(axis)), ...)
}

#' @rdname loss-functions
#' @export
loss_categorical_crossentropy <- function(y_true, y_pred, from_logits = FALSE, label_smoothing = 0L, axis = -1L, ..., reduction = "auto",
                                          name = "categorical_crossentropy") {
  loss_or_value("CategoricalCrossentropy", categorical_crossentropy, y_true, y_pred, reduction, name,
                list(from_logits = from_logits, label_smoothing = label_smoothing, axis = zero_based_axis(axis)), ...)
}

#' @rdname loss-functions
#' @export
loss_sparse_categorical_crossentropy <- function(y_true, y_pred, from_logits = FALSE, axis = -1L, ..., reduction = "auto",
                                                 name = "sparse_categorical_crossentropy") {
  loss_or_value("SparseCategoricalCrossentropy", sparse_categorical_crossentropy, y_true, y_pred, reduction, name,
                list(from_logits = from_logits, axis = zero_based_axis(axis)), ...)
}

#' @rdname loss-functions
#' @export
loss_kullback_leibler_divergence <- function(y_true, y_pred, ..., reduction = "auto", name = "kl_divergence") {
  loss_or_value("KLDivergence", kl_divergence, y_true, y_pred, reduction, name, ...)
}

#' @rdname loss-functions
#' @export
loss_kl_divergence <- loss_kullback_leibler_divergence

#' @rdname loss-functions
#' @export
loss_poisson <- function(y_true, y_pred, ..., reduction = "auto", name = "poisson") {
  loss_or_value("Poisson", poisson_loss, y_true, y_pred, reduction, name, ...)
}
