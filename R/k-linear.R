#' Products of the backend
#'
#' `k_dot()` multiplies along the last axis of `x` and the last but one of `y`. `k_batch_dot()` does so sample by sample along any axis.
#'
#' @param x,y Tensors or arrays.
#' @param axes One or two axes (of `x` and of `y`) to multiply along, counted from 1; not the first, which is the batch.
#' @param bias Vector with one number for each channel.
#' @param data_format `"channels_last"` or `"channels_first"`; [k_image_data_format()] if `NULL`.
#' @return A tensor.
#' @family backend functions
#' @examples
#' k_dot(matrix(1:6, 2), matrix(1:6, 3))
#' k_batch_dot(matrix(1:6, 2), matrix(1:6, 2), axes = 2)
#' k_bias_add(matrix(0, 2, 3), c(1, 2, 3))
#' @export
k_dot <- function(x, y) {
  if (!is_tensor(x)) x <- tensor(x, if (!is_tensor(y)) k_floatx())
  if (!is_tensor(y)) y <- tensor(y, tensor_dtype(x))
  shape_x <- tensor_shape(x)
  shape_y <- tensor_shape(y)
  if (length(shape_y) == 1L) return(op_squeeze(op_matmul(x, op_expand_dims(y, -1L)), -1L))
  if (length(shape_y) == 2L && length(shape_x) == 2L) return(op_matmul(x, y))
  rank <- length(shape_y)
  if (rank > 2L) {
    y <- op_transpose(y, c(rank - 2L, seq_len(rank - 2L) - 1L, rank - 1L))
    y <- op_reshape(y, c(shape_y[rank - 1L], prod(shape_y[-(rank - 1L)])))
  }
  result <- op_dense(x, y)
  if (rank > 2L) op_reshape(result, one_free(c(shape_x[-length(shape_x)], shape_y[-(rank - 1L)]))) else result
}

# One unknown size follows from the others.
one_free <- function(shape) if (sum(is.na(shape)) == 1L) replace(shape, is.na(shape), -1) else shape

#' @rdname k_dot
#' @export
k_batch_dot <- function(x, y, axes) {
  if (!is_tensor(x)) x <- tensor(x, if (!is_tensor(y)) k_floatx())
  if (!is_tensor(y)) y <- tensor(y, tensor_dtype(x))
  shape_x <- tensor_shape(x)
  shape_y <- tensor_shape(y)
  rank_x <- length(shape_x)
  rank_y <- length(shape_y)
  if (rank_x < 2L || rank_y < 2L) {
    abort_shape("k_batch_dot() takes arrays with a batch axis and at least one more. Received ", rank_x, " and ", rank_y, " axes.")
  }
  if (missing(axes) || is.null(axes)) axes <- c(rank_x, if (rank_y == 2L) 2L else rank_y - 1L)
  axes <- rep_len(unlist(axes), 2L)
  axis_x <- if (axes[1L] < 0) rank_x + 1 + axes[1L] else axes[1L]
  axis_y <- if (axes[2L] < 0) rank_y + 1 + axes[2L] else axes[2L]
  if (axis_x < 2 || axis_x > rank_x || axis_y < 2 || axis_y > rank_y) {
    abort_argument("`axes` must name axes after the batch axis. Received: axes = ", received(axes))
  }
  if (!is.na(shape_x[axis_x]) && !is.na(shape_y[axis_y]) && shape_x[axis_x] != shape_y[axis_y])
    abort_shape("k_batch_dot(): axis ", axis_x, " of x has size ", shape_x[axis_x], ", axis ", axis_y, " of y has size ", shape_y[axis_y], ".")
  rest_x <- setdiff(seq_len(rank_x), c(1L, axis_x))
  rest_y <- setdiff(seq_len(rank_y), c(1L, axis_y))
  x <- op_transpose(x, c(1L, rest_x, axis_x) - 1L)
  y <- op_transpose(y, c(1L, axis_y, rest_y) - 1L)
  depth <- shape_x[axis_x]
  x <- op_reshape(x, one_free(c(shape_x[1L], prod(shape_x[rest_x]), depth)))
  y <- op_reshape(y, one_free(c(shape_y[1L], shape_y[axis_y], prod(shape_y[rest_y]))))
  shape <- c(shape_x[1L], shape_x[rest_x], shape_y[rest_y])
  op_reshape(op_matmul(x, y), one_free(if (length(shape) == 1L) c(shape, 1) else shape))
}

#' @rdname k_dot
#' @export
k_bias_add <- function(x, bias, data_format = NULL) {
  rank_x <- tensor_rank(x)
  size <- tensor_shape(bias)
  if (as_data_format(data_format) == "channels_first" && rank_x > 2L) {
    bias <- if (length(size) == 1L) op_reshape(bias, c(1, size, rep_len(1, rank_x - 2L)))
            else op_reshape(bias, c(1, size[length(size)], size[-length(size)]))   # the same memory, as in Keras
  }
  op_add(x, bias)
}

#' Batch normalization of the backend
#'
#' @param x Tensor or array.
#' @param mean,var,beta,gamma Mean, variance, offset and scale: vectors along `axis`, or arrays that broadcast. `NULL` beta is 0, gamma 1.
#' @param axis Axis of the channels, counted from 1.
#' @param reduction_axes Axes over which mean and variance are taken, counted from 0 (as R keras
#'   has it, unlike `axis`).
#' @param epsilon Added to the variance.
#' @return A tensor. `k_normalize_batch_in_training()`: a list of the normalized tensor, the mean and the variance.
#' @family backend functions
#' @examples
#' x <- matrix(c(1, 2, 3, 4), 2)
#' k_batch_normalization(x, mean = c(1.5, 3.5), var = c(0.25, 0.25), beta = c(0, 0), gamma = c(1, 1))
#' @export
k_batch_normalization <- function(x, mean, var, beta, gamma, axis = -1, epsilon = 0.001) {
  rank <- tensor_rank(x)
  at <- axes_from_one(axis)
  if (at < 0L) at <- rank + at
  along <- function(v) {
    if (is.null(v) || tensor_rank(v) != 1L || at == rank - 1L) return(v)
    op_reshape(v, replace(rep_len(1, rank), at + 1L, tensor_shape(v)))
  }
  x <- as_float_tensor(x)
  scale <- op_rsqrt(op_add(as_float_tensor(along(var)), epsilon))
  if (!is.null(gamma)) scale <- op_multiply(scale, along(gamma))
  centred <- op_multiply(op_subtract(x, along(mean)), scale)
  if (is.null(beta)) centred else op_add(centred, along(beta))
}
#' @rdname k_batch_normalization
#' @export
k_normalize_batch_in_training <- function(x, gamma, beta, reduction_axes, epsilon = 0.001) {
  axes <- as.integer(unlist(reduction_axes))
  x <- as_float_tensor(x)
  mean <- op_reduce_mean(x, axes, keepdims = TRUE)
  var <- op_reduce_mean(op_square(op_subtract(x, mean)), axes, keepdims = TRUE)
  kept <- tensor_shape(mean)
  shaped <- function(v) if (is.null(v) || tensor_rank(v) == length(kept)) v else op_reshape(v, kept)
  scale <- op_rsqrt(op_add(var, epsilon))
  if (!is.null(gamma)) scale <- op_multiply(scale, shaped(gamma))
  result <- op_multiply(op_subtract(x, mean), scale)
  if (!is.null(beta)) result <- op_add(result, shaped(beta))
  list(result, op_squeeze(mean, axes), op_squeeze(var, axes))
}

#' Cross-entropies of the backend
#'
#' @param target What should come out: probabilities, or class numbers from 0 for the sparse one.
#' @param output What came out: probabilities, or logits if `from_logits`.
#' @param from_logits Whether `output` holds logits.
#' @param axis Axis of the classes, counted from 1.
#' @return A tensor: of the shape of `output` for the binary one, else without the class axis.
#' @family backend functions
#' @examples
#' k_binary_crossentropy(c(0, 1), c(0.2, 0.9))
#' k_categorical_crossentropy(matrix(c(0, 1), 1), matrix(c(0.3, 0.7), 1))
#' @export
k_binary_crossentropy <- function(target, output, from_logits = FALSE) {
  output <- as_float_tensor(output)
  if (from_logits) return(op_sigmoid_cross_entropy(same_dtype(target, output), output))
  target <- same_dtype(target, output)
  epsilon <- k_epsilon()
  output <- op_clip(output, epsilon, 1 - epsilon)
  op_negative(op_add(op_multiply(target, op_log(op_add(output, epsilon))),
                     op_multiply(op_subtract(1, target), op_log(op_add(op_subtract(1, output), epsilon)))))
}
same_dtype <- function(x, like) tensor(x, tensor_dtype(like))

#' @rdname k_binary_crossentropy
#' @export
k_categorical_crossentropy <- function(target, output, from_logits = FALSE, axis = -1) {
  output <- as_float_tensor(output)
  target <- same_dtype(target, output)
  at <- axes_from_one(axis)
  if (from_logits) {
    rank <- tensor_rank(output)
    if (at < 0L) at <- rank + at
    last <- c(setdiff(seq_len(rank) - 1L, at), at)
    if (at < rank - 1L) return(op_softmax_cross_entropy(op_transpose(target, last), op_transpose(output, last)))
    return(op_softmax_cross_entropy(target, output))
  }
  output <- op_divide(output, op_reduce_sum(output, at, keepdims = TRUE))
  output <- op_clip(output, k_epsilon(), 1 - k_epsilon())
  op_negative(op_reduce_sum(op_multiply(target, op_log(output)), at))
}

#' @rdname k_binary_crossentropy
#' @export
k_sparse_categorical_crossentropy <- function(target, output, from_logits = FALSE, axis = -1) {
  output <- as_float_tensor(output)
  rank <- tensor_rank(output)
  at <- axes_from_one(axis)
  if (at < 0L) at <- rank + at
  if (!from_logits) output <- op_log(op_clip(output, k_epsilon(), 1 - k_epsilon()))
  if (at < rank - 1L) output <- op_transpose(output, c(setdiff(seq_len(rank) - 1L, at), at))
  target <- tensor(target)
  if (!tensor_dtype(target) %in% c("int32", "int64")) target <- op_cast(target, "int64")
  if (tensor_rank(target) == rank && rank > 0L) target <- op_squeeze(target, -1L)
  op_sparse_softmax_cross_entropy(target, output)
}
