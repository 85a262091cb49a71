# Normalization. Over the last `axes` axes: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, gamma and beta of the shape of these
# axes, or NULL.
op_layer_norm <- function(x, gamma = NULL, beta = NULL, epsilon = 0.001, axes = 1L) {
  weights <- Filter(Negate(is.null), list(gamma, beta))
  call_op("layer_norm", c(list(x), weights), list(axes = axes, epsilon = epsilon, scale = !is.null(gamma), center = !is.null(beta)))[[1L]]
}

# list(mean, variance) of each channel (the last axis) over all other axes.
op_channel_moments <- function(x) call_op("channel_moments", list(x))

# x normalized by mean and variance, which are its own over all axes but the last (op_channel_moments); gamma, beta: vectors or NULL.
op_batch_norm <- function(x, moments, gamma = NULL, beta = NULL, epsilon = 0.001) {
  weights <- Filter(Negate(is.null), list(gamma, beta))
  call_op("batch_norm", c(list(x), moments, weights), list(epsilon = epsilon, scale = !is.null(gamma), center = !is.null(beta)))
}

# x / sqrt(max(sum(x^2), epsilon)) along the last axis.
op_unit_norm <- function(x, epsilon = 1e-12) call_op("unit_norm", list(x), list(epsilon = epsilon))[[1L]]
