# tf$nn: activations, convolutions, pooling, losses from logits.

# Strides and windows: one number, one for each spatial axis, or one for each axis of the input, as TensorFlow allows.
tf_windows <- function(x, rank, data_format, what) {
  x <- as.numeric(unlist(x))
  if (length(x) == rank + 2L) {
    spatial <- if (data_format == "channels_first") seq_len(rank) + 2L else seq_len(rank) + 1L
    if (any(x[-spatial] != 1)) abort_argument("`", what, "` must be 1 for the batch and the channels. Received: ", what, " = ", received(x))
    x <- x[spatial]
  }
  as_sizes(x, rank, what)
}

# "NHWC", "NCHW" and their kin.
tf_format <- function(data_format) {
  if (is.null(data_format)) return("channels_last")
  if (!is.character(data_format) || !grepl("^N[DHWC]+$|^channels_(first|last)$", data_format)) {
    abort_argument("`data_format` must be \"NHWC\" or \"NCHW\". Received: data_format = ", received(data_format))
  }
  if (startsWith(data_format, "NC") || data_format == "channels_first") "channels_first" else "channels_last"
}

# conv1d() calls its strides `stride`, which R takes for `strides`.
tf_convolution <- function(rank) {
  force(rank)
  function(input, filters, strides = 1L, padding = "VALID", data_format = NULL, dilations = NULL) {
    format <- tf_format(data_format)
    convolve(input, filters, tf_windows(strides, rank, format, "strides"), padding, format, tf_windows(dilations %||% 1L, rank, format, "dilations"),
             rank)
  }
}

# The kernel is [size per axis, filters, channels], as that of k_conv2d_transpose().
tf_transposed_convolution <- function(rank) {
  force(rank)
  function(input, filters, output_shape, strides, padding = "SAME", data_format = NULL, dilations = NULL) {
    refuse(dilations)
    format <- tf_format(data_format)
    convolve_transposed(input, filters, sizes_of(output_shape), tf_windows(strides, rank, format, "strides"), padding, format, rank)
  }
}

tf_pooling <- function(rank, mode) {
  force(rank)
  force(mode)
  function(input, ksize, strides, padding = "VALID", data_format = NULL) {
    format <- tf_format(data_format)
    rank <- rank %||% (tensor_rank(input) - 2L)
    pool_windows(input, tf_windows(ksize, rank, format, "ksize"), tf_windows(strides, rank, format, "strides"), padding, format, mode, rank)
  }
}

tf_softmax_cross_entropy <- function(labels, logits, axis = -1L) {
  axis <- tf_axes(axis)
  logits <- as_float_tensor(logits)
  labels <- if (is_tensor(labels)) op_cast(labels, tensor_dtype(logits)) else tensor(labels, tensor_dtype(logits))
  if (axis %in% c(-1L, tensor_rank(logits) - 1L)) op_softmax_cross_entropy(labels, logits)
  else op_negative(op_reduce_sum(op_multiply(labels, op_log_softmax(logits, axis)), axis))
}

tf_moments <- function(x, axes, shift = NULL, keepdims = FALSE) {
  axes <- tf_axes(axes, "axes")
  list(mean = op_reduce_mean(x, axes, isTRUE(keepdims)), variance = op_reduce_variance(x, axes, isTRUE(keepdims)))
}

tf_nn <- list(
  relu = function(features) op_relu(features), relu6 = function(features) op_relu6(features), elu = function(features) op_elu(features),
  selu = function(features)
    op_selu(features), softplus = function(features) op_softplus(features), softsign = function(features) op_softsign(features),
  leaky_relu = function(features, alpha = 0.2) op_leaky_relu(features, alpha),
  gelu = function(features, approximate = FALSE) op_gelu(features, isTRUE(approximate)),
  silu = function(features, beta = 1)
    if (identical(as.numeric(beta), 1)) op_swish(features) else op_multiply(features, op_sigmoid(op_multiply(features, beta))),
  swish = function(features, beta = 1)
    if (identical(as.numeric(beta), 1)) op_swish(features) else op_multiply(features, op_sigmoid(op_multiply(features, beta))),
  sigmoid = op_sigmoid, tanh = op_tanh,
  softmax = function(logits, axis = -1L) op_softmax(logits, tf_axes(axis)),
  log_softmax = function(logits, axis = -1L) op_log_softmax(logits, tf_axes(axis)),

  conv1d = tf_convolution(1L), conv2d = tf_convolution(2L), conv3d = tf_convolution(3L),
  conv1d_transpose = tf_transposed_convolution(1L), conv2d_transpose = tf_transposed_convolution(2L),
  conv3d_transpose = tf_transposed_convolution(3L),
  depthwise_conv2d = function(input, filter, strides, padding, data_format = NULL, dilations = NULL) {
    format <- tf_format(data_format)
    k_depthwise_conv2d(input, filter, tf_windows(strides, 2L, format, "strides"), padding, format,
                       tf_windows(dilations %||% 1L, 2L, format, "dilations"))
  },
  separable_conv2d = function(input, depthwise_filter, pointwise_filter, strides, padding, data_format = NULL, dilations = NULL) {
    format <- tf_format(data_format)
    k_separable_conv2d(input, depthwise_filter, pointwise_filter, tf_windows(strides, 2L, format, "strides"), padding, format,
                       tf_windows(dilations %||% 1L, 2L, format, "dilations"))
  },
  max_pool = tf_pooling(NULL, "max"), max_pool1d = tf_pooling(1L, "max"), max_pool2d = tf_pooling(2L, "max"), max_pool3d = tf_pooling(3L, "max"),
  avg_pool = tf_pooling(NULL, "avg"), avg_pool1d = tf_pooling(1L, "avg"), avg_pool2d = tf_pooling(2L, "avg"), avg_pool3d = tf_pooling(3L, "avg"),
  bias_add = function(value, bias, data_format = NULL) {
    format <- tf_format(data_format)
    channels_back(op_bias_add(channels_to_last(as_operand(value), format), bias), format)
  },
  dropout = function(x, rate, noise_shape = NULL, seed = NULL)
    op_dropout(as_float_tensor(x), as.numeric(rate), if (!is.null(noise_shape)) sizes_of(noise_shape), seed),
  embedding_lookup = function(params, ids, max_norm = NULL) {
    refuse(max_norm)
    op_gather(params, ids)
  },
  moments = tf_moments,
  batch_normalization = function(x, mean, variance, offset, scale, variance_epsilon) {
    factor <- op_rsqrt(op_add(variance, variance_epsilon))
    if (!is.null(scale)) factor <- op_multiply(factor, scale)
    shift <- op_negative(op_multiply(mean, factor))
    op_add(op_multiply(x, factor), if (is.null(offset)) shift else op_add(shift, offset))
  },
  l2_loss = function(t) op_divide(op_reduce_sum(op_square(t)), 2),
  l2_normalize = tf_l2_normalize,
  top_k = function(input, k = 1L, sorted = TRUE) tf_top_k(input, k),
  in_top_k = function(targets, predictions, k) op_in_top_k(predictions, targets, k),
  zero_fraction = function(value) op_reduce_mean(op_cast(op_equal(value, 0), "float32")),

  softmax_cross_entropy_with_logits = tf_softmax_cross_entropy,
  sparse_softmax_cross_entropy_with_logits = function(labels, logits) op_sparse_softmax_cross_entropy(labels, logits),
  sigmoid_cross_entropy_with_logits = function(labels, logits) op_sigmoid_cross_entropy(labels, as_float_tensor(logits)),
  # (1 - z) x + (1 + (q - 1) z) log(1 + exp(-x))
  weighted_cross_entropy_with_logits = function(labels, logits, pos_weight) {
    logits <- as_float_tensor(logits)
    weight <- op_add(op_multiply(op_subtract(pos_weight, 1), labels), 1)
    op_add(op_multiply(op_subtract(1, labels), logits), op_multiply(weight, op_softplus(op_negative(logits))))
  },
  log_poisson_loss = function(targets, log_input, compute_full_loss = FALSE) {
    refuse(compute_full_loss, FALSE)
    op_subtract(op_exp(log_input), op_multiply(log_input, targets))
  },
  compute_average_loss = function(per_example_loss, sample_weight = NULL, global_batch_size = NULL) {
    loss <- if (is.null(sample_weight)) as_data_tensor(per_example_loss) else op_multiply(per_example_loss, sample_weight)
    if (is.null(global_batch_size)) op_reduce_mean(loss) else op_divide(op_reduce_sum(loss), as.numeric(global_batch_size))
  })
