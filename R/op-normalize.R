# Normalization. Over the last `axes` axes: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, gamma and beta of the shape of these
# axes, or NULL.
op_layer_norm <- function(x, gamma = NULL, beta = NULL, epsilon = 0.001, axes = 1L) {
  weights <- Filter(Negate(is.null), list(gamma, beta))
  call_op("layer_norm", c(list(x), weights), list(axes = axes, epsilon = epsilon, scale = !is.null(gamma), center = !is.null(beta)))[[1L]]
}

# list(mean, variance) of each channel (the last axis) over all other axes.
op_channel_moments <- function(x) call_op("channel_moments", list(x))
