#' Batch normalization
#'
#' Brings each channel to mean 0 and variance 1 (`epsilon` added to the variance), then scales by `gamma` and shifts by `beta`. In training
#' mean and variance are those of the batch, and moving averages of them are updated; at other times, and when the layer is frozen, the moving
#' averages are used.
#'
#' @inheritParams layer_dense
#' @param axis Axis or axes to keep apart (the channels), counted from 1 with the batch axis being 1; -1 is the last.
#' @param momentum Share of the moving average that stays at each update.
#' @param epsilon Added to the variance.
#' @param center,scale Whether to add `beta`, whether to multiply by `gamma`.
#' @param beta_initializer,gamma_initializer,moving_mean_initializer,moving_variance_initializer First values.
#' @param beta_regularizer,gamma_regularizer Penalties.
#' @param beta_constraint,gamma_constraint Constraints.
#' @param synchronized Has no effect on one machine.
#' @param ... Arguments of every layer: `input_shape`, `batch_input_shape`, `batch_size`, `dtype`, `name`, `trainable`, `weights`.
#' @return As `object` says.
#' @section Input shape: any of rank 2 or more
#' @section Output shape: that of the input
#' @references Ioffe & Szegedy (2015), <https://arxiv.org/abs/1502.03167>.
#' @examples
#' layer_batch_normalization()(matrix(c(1, 2, 3, 4, 5, 6), 3), training = TRUE)
#' @family normalization layers
#' @export
layer_batch_normalization <- function(object, axis = -1L, momentum = 0.99, epsilon = 0.001, center = TRUE, scale = TRUE, beta_initializer = "zeros",
                                      gamma_initializer = "ones", moving_mean_initializer = "zeros", moving_variance_initializer = "ones",
                                      beta_regularizer = NULL, gamma_regularizer = NULL, beta_constraint = NULL, gamma_constraint = NULL,
                                      synchronized = FALSE, ...) {
  create_layer(BatchNormalization, object, capture_args(c("object", "synchronized"), list(axis = as_axis(axis))))
}

BatchNormalization <- R6::R6Class("BatchNormalization", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.normalization.batch_normalization.BatchNormalization",
                    "keras.layers.normalization.batch_normalization.BatchNormalizationBase"),
    supports_masking = TRUE,
    axis = NULL, momentum = NULL, epsilon = NULL, center = NULL, scale = NULL, gamma = NULL, beta = NULL, moving_mean = NULL, moving_variance = NULL,
    beta_initializer = NULL, gamma_initializer = NULL, moving_mean_initializer = NULL, moving_variance_initializer = NULL,
    beta_regularizer = NULL, gamma_regularizer = NULL, beta_constraint = NULL, gamma_constraint = NULL, unbiased = FALSE,

    initialize = function(axis = -1L, momentum = 0.99, epsilon = 0.001, center = TRUE, scale = TRUE, beta_initializer = "zeros",
                          gamma_initializer = "ones", moving_mean_initializer = "zeros", moving_variance_initializer = "ones",
                          beta_regularizer = NULL, gamma_regularizer = NULL, beta_constraint = NULL, gamma_constraint = NULL, ...) {
      super$initialize(...)
      axis <- unlist(axis)
      if (!length(axis) || !is_whole(axis)) abort_argument("`axis` must be whole numbers. Received: axis = ", received(axis))
      self$axis <- as.integer(axis)
      self$momentum <- as_number(momentum, "momentum", 0, 1)
      self$epsilon <- as_number(epsilon, "epsilon", 0)
      self$center <- as_flag(center, "center")
      self$scale <- as_flag(scale, "scale")
      keep_weight_rules(self, c("beta", "gamma"))
      self$moving_mean_initializer <- get_initializer(moving_mean_initializer)
      self$moving_variance_initializer <- get_initializer(moving_variance_initializer)
    },

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      rank <- length(dims)
      axis <- ifelse(self$axis < 0L, self$axis + rank, self$axis)
      if (any(axis < 0L | axis >= rank)) {
        abort_argument("`axis` (", paste(self$axis + (self$axis >= 0L), collapse = ", "), ") is not an axis of an input of shape ",
                       format_shape(dims))
      }
      if (anyNA(dims[axis + 1L])) abort_shape("the input has shape ", format_shape(dims), ", the size along `axis` must be known to make the weights")
      self$axis <- axis
      # TensorFlow's fused kernels (images and volumes) average the unbiased variance.
      self$unbiased <- length(axis) == 1L && ((rank == 4L && axis %in% c(1L, 3L)) || (rank == 5L && axis %in% c(1L, 4L)))
      self$input_spec <- input_spec(ndim = rank, axes = setNames(as.list(dims[axis + 1L]), axis))
      # One axis: vectors; several: an array that broadcasts.
      shape <- if (length(axis) == 1L) dims[axis + 1L] else replace(rep(1L, rank), axis + 1L, dims[axis + 1L])
      if (self$scale) {
        self$gamma <- self$add_weight("gamma", shape, initializer = self$gamma_initializer, regularizer = self$gamma_regularizer,
                                      constraint = self$gamma_constraint)
      }
      if (self$center) {
        self$beta <- self$add_weight("beta", shape, initializer = self$beta_initializer, regularizer = self$beta_regularizer,
                                     constraint = self$beta_constraint)
      }
      self$moving_mean <- self$add_weight("moving_mean", shape, initializer = self$moving_mean_initializer, trainable = FALSE)
      self$moving_variance <- self$add_weight("moving_variance", shape, initializer = self$moving_variance_initializer, trainable = FALSE)
      self$built <- TRUE
    },

    call = function(inputs, training = NULL, mask = NULL) {
      if (isTRUE(training) && self$own_trainable) normalize_by_batch(self, inputs, mask) else {
        apply_moments(self, inputs, self$moving_mean, self$moving_variance)
      }
    },

    get_config = function() {
      c(super$get_config(), list(
        axis = as.list(self$axis), momentum = self$momentum, epsilon = self$epsilon, center = self$center, scale = self$scale,
        beta_initializer = serialize_callable(self$beta_initializer), gamma_initializer = serialize_callable(self$gamma_initializer),
        moving_mean_initializer = serialize_callable(self$moving_mean_initializer),
        moving_variance_initializer = serialize_callable(self$moving_variance_initializer),
        beta_regularizer = serialize_callable(self$beta_regularizer), gamma_regularizer = serialize_callable(self$gamma_regularizer),
        beta_constraint = serialize_callable(self$beta_constraint), gamma_constraint = serialize_callable(self$gamma_constraint)))
    }
  )
)

# Steps that the mask leaves out do not count, as in Keras (but for images and volumes, where its fused kernels take all).
normalize_by_batch <- function(layer, x, mask = NULL) {
  rank <- tensor_rank(x)
  axes <- setdiff(seq_len(rank) - 1L, layer$axis)
  masked <- !is.null(mask) && !layer$unbiased
  last <- identical(layer$axis, rank - 1L) && !masked
  if (masked) {
    moments <- masked_moments(x, mask, axes, keepdims = length(layer$axis) > 1L)
    mean <- moments[[1L]]
    variance <- moments[[2L]]
  } else if (last) {
    moments <- op_channel_moments(x)
    mean <- moments[[1L]]
    variance <- moments[[2L]]
  } else {
    several <- length(layer$axis) > 1L
    mean <- op_reduce_mean(x, axes, keepdims = several)
    variance <- op_reduce_mean(op_squared_difference(x, along_axis(layer, mean, rank)), axes, keepdims = several)
  }
  update <- function(moving, batch) variable_assign(moving, op_add(op_multiply(moving, layer$momentum), op_multiply(batch, 1 - layer$momentum)))
  if (!layer_state$inferring) {
    update(layer$moving_mean, op_stop_gradient(mean))
    update(layer$moving_variance, op_stop_gradient(if (layer$unbiased) op_multiply(variance, bessel(x, axes)) else variance))
  }
  if (last) op_batch_norm(x, moments, layer$gamma, layer$beta, layer$epsilon) else apply_moments(layer, x, mean, variance)
}

# Mean and variance of what the mask, of the leading axes of x, leaves; 0 where it leaves nothing.
masked_moments <- function(x, mask, axes, keepdims) {
  weights <- op_cast(mask, tensor_dtype(x))
  while (tensor_rank(weights) < tensor_rank(x)) weights <- op_expand_dims(weights, -1L)
  count <- op_reduce_sum(op_add(weights, op_zeros_like(x)), axes, keepdims = TRUE)
  average <- function(values) op_divide_no_nan(op_reduce_sum(op_multiply(values, weights), axes, keepdims = TRUE), count)
  mean <- average(x)
  variance <- average(op_squared_difference(x, mean))
  lapply(list(mean, variance), function(moment) if (keepdims) moment else op_squeeze(moment, axes))
}

# n / (n - 1), n elements to a mean.
bessel <- function(x, axes) {
  n <- prod(tensor_shape(x)[axes + 1L])
  if (!is.na(n)) return(n / max(n - 1, 1))
  count <- op_cast(op_reduce_prod(op_gather(op_shape_of(x), axes)), tensor_dtype(x))
  op_divide(count, op_maximum(op_subtract(count, 1), 1))
}

# A vector along the layer's axis, in the shape that broadcasts with an input of `rank`.
along_axis <- function(layer, v, rank) {
  if (length(layer$axis) > 1L || layer$axis == rank - 1L) return(v)
  op_reshape(v, replace(rep(1L, rank), layer$axis + 1L, tensor_shape(v)))
}

# (x - mean) / sqrt(variance + epsilon) * gamma + beta
apply_moments <- function(layer, x, mean, variance) {
  rank <- tensor_rank(x)
  factor <- op_rsqrt(op_add(variance, layer$epsilon))
  if (layer$scale) factor <- op_multiply(factor, layer$gamma)
  shift <- op_multiply(mean, factor)
  shift <- if (layer$center) op_subtract(layer$beta, shift) else op_negative(shift)
  op_add(op_multiply(x, along_axis(layer, factor, rank)), along_axis(layer, shift, rank))
}
