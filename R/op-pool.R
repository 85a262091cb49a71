# Pooling over the axes between batch and channels (1 to 3 of them), channels last. `pool_size` and `strides` have one value per axis
# or one for all; padding ("valid", "same") as in TensorFlow counts neither in a maximum nor in an average.

op_max_pool <- function(x, pool_size, strides = pool_size, padding = "valid") {
  call_op("max_pool", list(x), list(pool_size = pool_size, strides = strides, padding = padding))
}

op_average_pool <- function(x, pool_size, strides = pool_size, padding = "valid") {
  call_op("average_pool", list(x), list(pool_size = pool_size, strides = strides, padding = padding))
}

op_sum_pool <- function(x, pool_size, strides = pool_size, padding = "valid") {
  call_op("sum_pool", list(x), list(pool_size = pool_size, strides = strides, padding = padding))
}
