# Random ops. set.seed() decides what they draw; `seed` makes one the same at every call. A `shape` with unknown sizes takes them
# from `like`.

op_random_uniform <- function(shape = NULL, min = 0, max = 1, dtype = NULL, seed = NULL, like = NULL) {
  random_op("random_uniform", shape, like, dtype, list(min = min, max = max, seed = seed))
}
op_random_normal <- function(shape = NULL, mean = 0, stddev = 1, dtype = NULL, seed = NULL, like = NULL) {
  random_op("random_normal", shape, like, dtype, list(mean = mean, stddev = stddev, seed = seed))
}
op_truncated_normal <- function(shape = NULL, mean = 0, stddev = 1, dtype = NULL, seed = NULL, like = NULL) {
  random_op("truncated_normal", shape, like, dtype, list(mean = mean, stddev = stddev, seed = seed))
}
random_op <- function(name, shape, like, dtype, attributes) {
  attributes$dtype <- dtype_name(dtype) %||% floatx_get()
  if (!is.null(shape)) attributes$shape <- as.numeric(shape)
  call_op(name, if (!is.null(like)) list(like) else list(), attributes)
}

# Sets a share `rate` of the elements to zero and scales the others so that the expected sum stays.
op_dropout <- function(x, rate, noise_shape = NULL, seed = NULL) {
  call_op("dropout", list(x), list(rate = rate, noise_shape = if (!is.null(noise_shape)) as.numeric(noise_shape), seed = seed))[[1L]]
}
