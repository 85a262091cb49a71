# tf$random. set.seed() decides what is drawn, and so does tf$random$set_seed(), which is the same; `seed` makes one draw repeatable.

tf_uniform <- function(shape, minval = 0, maxval = NULL, dtype = "float32", seed = NULL) {
  dtype <- dtype_name(dtype)
  if (is_float(dtype)) return(op_random_uniform(new_sizes(shape), as.numeric(minval), as.numeric(maxval %||% 1), dtype, seed))
  if (is.null(maxval)) abort_argument("`maxval` is needed for whole numbers. Received: dtype = \"", dtype, "\"")
  low <- as.numeric(minval)
  high <- as.numeric(maxval)
  drawn <- op_floor(op_random_uniform(new_sizes(shape), low, high, "float64", seed))
  op_cast(op_minimum(drawn, high - 1), dtype)
}

# The largest of the logits with Gumbel noise is a draw from their distribution.
tf_categorical <- function(logits, num_samples, dtype = "int64", seed = NULL) {
  logits <- as_float_tensor(logits)
  shape <- tensor_shape(logits)
  if (length(shape) != 2L) abort_shape("`logits` must have the axes (batch, classes). Received an array of shape (", shape_text(shape), ").")
  drawn <- op_random_uniform(c(shape[1L], as.numeric(num_samples), shape[2L]), 1e-20, 1, tensor_dtype(logits), seed,
                             like = if (anyNA(shape)) op_tile(op_expand_dims(logits, 1L), c(1, as.numeric(num_samples), 1)))
  noise <- op_negative(op_log(op_negative(op_log(drawn))))
  op_argmax(op_add(op_expand_dims(logits, 1L), noise), -1L, dtype)
}

tf_shuffle <- function(value, seed = NULL) {
  value <- as_data_tensor(value)
  op_gather(value, op_sort(op_random_uniform(tensor_shape(value)[1L], dtype = "float32", seed = seed))[[2L]])
}

# A part of `size` at a random place: positions are drawn, so it is another one at every run of a traced function.
tf_random_crop <- function(value, size, seed = NULL) {
  x <- as_data_tensor(value)
  shape <- tensor_shape(x)
  size <- sizes_of(size)
  if (length(size) != length(shape) || any(size > shape, na.rm = TRUE))
    abort_shape("`size` must not be larger than the tensor. Received: size = ", received(size), " for an array of shape (", shape_text(shape), ").")
  for (axis in which(is.na(shape) | size < shape)) {
    start <- tf_uniform(1L, 0, shape[axis] - size[axis] + 1, "int32", seed)
    x <- op_gather(x, op_add(op_range(0, size[axis]), start), axis - 1L)
  }
  x
}

# The two numbers of a stateless seed as one.
one_seed <- function(seed) {
  seed <- as.numeric(seed)
  (seed[1L] * 2654435 + sum(seed[-1L]) * 40503) %% 2^31
}

tf_random <- list(
  normal = function(shape, mean = 0, stddev = 1, dtype = "float32", seed = NULL) {
    if (is_tensor(mean) || is_tensor(stddev)) {
      return(op_add(op_multiply(op_random_normal(new_sizes(shape), dtype = dtype, seed = seed), stddev), mean))
    }
    op_random_normal(new_sizes(shape), as.numeric(mean), as.numeric(stddev), dtype, seed)
  },
  uniform = tf_uniform,
  truncated_normal = function(shape, mean = 0, stddev = 1, dtype = "float32", seed = NULL)
    op_truncated_normal(new_sizes(shape), as.numeric(mean), as.numeric(stddev), dtype, seed),
  categorical = tf_categorical, shuffle = tf_shuffle,
  set_seed = function(seed) {
    set.seed(as.integer(seed))
    invisible(NULL)
  },
  stateless_normal = function(shape, seed, mean = 0, stddev = 1, dtype = "float32")
    op_random_normal(new_sizes(shape), as.numeric(mean), as.numeric(stddev), dtype, one_seed(seed)),
  stateless_uniform = function(shape, seed, minval = 0, maxval = NULL, dtype = "float32") tf_uniform(shape, minval, maxval, dtype, one_seed(seed)))
