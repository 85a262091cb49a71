test_that("pooling layers keep the layer contract", {
  expect_layer_contract(layer_max_pooling_1d(), c(2, 5, 2), unknown = 1:2)
  expect_layer_contract(layer_max_pooling_2d(pool_size = c(2, 3), strides = c(1, 2), padding = "same"), c(2, 3, 4, 2), unknown = 1:3)
  expect_layer_contract(layer_max_pooling_3d(pool_size = c(1, 2, 2), data_format = "channels_first"), c(1, 2, 2, 2, 3), unknown = c(1, 3))
  expect_layer_contract(layer_average_pooling_1d(pool_size = 3, strides = 1, padding = "same", data_format = "channels_first"), c(2, 2, 4),
                        unknown = c(1, 3))
  expect_layer_contract(layer_average_pooling_2d(pool_size = 3, strides = 2, padding = "same"), c(2, 4, 4, 2), unknown = 1:3)
  expect_layer_contract(layer_average_pooling_3d(), c(1, 2, 3, 2, 2), unknown = 1:4)
})
test_that("global pooling layers keep the layer contract", {
  for (make in list(layer_global_max_pooling_1d, layer_global_average_pooling_1d)) expect_layer_contract(make(), c(2, 4, 3), unknown = 1:2)
  for (make in list(layer_global_max_pooling_2d, layer_global_average_pooling_2d)) expect_layer_contract(
    make(keepdims = TRUE), c(2, 3, 2, 3), unknown = 1:3)
  for (make in list(layer_global_max_pooling_3d, layer_global_average_pooling_3d)) expect_layer_contract(
    make(data_format = "channels_first"), c(1, 2, 2, 3, 2), unknown = c(1, 3))
})
test_that("padding counts neither in a maximum nor in an average", {
  x <- array(c(-1, -2, -3), c(1, 3, 1))
  expect_equal(as.vector(as.array(layer_max_pooling_1d(pool_size = 2, padding = "same")(x))), c(-1, -3))
  expect_equal(as.vector(as.array(layer_average_pooling_1d(pool_size = 2, padding = "same")(x))), c(-1.5, -3))
})
test_that("integers are averaged as numbers and keep their type in a maximum", {
  x <- array(1:4, c(1, 4, 1))
  expect_equal(as.vector(as.array(layer_average_pooling_1d()(x))), c(1.5, 3.5))
  expect_identical(k_dtype(layer_max_pooling_1d()(x)), "int32")
})
test_that("masked steps do not count in a global average", {
  x <- array(c(1, 2, 6), c(1, 3, 1))
  expect_equal(as.vector(as.array(layer_global_average_pooling_1d()(x, mask = matrix(c(TRUE, TRUE, FALSE), 1)))), 1.5)
})

test_that("global pooling of no steps is an error, as in Keras", {
  expect_error(layer_global_max_pooling_1d()(array(0, c(1, 0, 2))), "nothing to pool along axis 2", class = "keratin_error_shape")
})

# Keras 2.15 fails wherever a graph is built (fit(), predict(), layer_input()); of direct calls maxima crash and averages may give an empty array.
test_that("a window longer than its axis is an error that names layer, axis and shape", {
  short <- array(0, c(2, 3, 6, 5))
  expect_error(layer_average_pooling_2d(pool_size = c(4, 2), name = "squeeze")(short),
               'layer "squeeze": the input has 3 rows, the window spans 4.*At most 3 fits.*Received an input of shape \\(2, 3, 6, 5\\)',
               class = "keratin_error_shape")
  expect_error(layer_max_pooling_2d(pool_size = c(2, 6), data_format = "channels_first", name = "first")(short),
               'layer "first": the input has 5 columns.*shape \\(2, 3, 6, 5\\)', class = "keratin_error_shape")
  expect_error(layer_max_pooling_1d(pool_size = 4)(layer_input(shape = c(3, 2))), "3 steps.*shape \\(NULL, 3, 2\\)", class = "keratin_error_shape")
  model <- keras_model_sequential(input_shape = c(NA, 2)) |> layer_max_pooling_1d(pool_size = 4, name = "thin")
  expect_error(predict(model, array(0, c(2, 3, 2)), verbose = 0), 'layer "thin": the input has 3 steps.*length 0', class = "keratin_error_shape")
  expect_identical(dim(predict(model, array(0, c(2, 4, 2)), verbose = 0)), c(2L, 1L, 2L))
  expect_error(layer_max_pooling_1d()(array(0, c(2, 0, 2))), "0 steps.*An axis without elements has no window", class = "keratin_error_shape")
  expect_error(k_pool2d(short, c(4, 2)), "3 rows.*shape \\(2, 3, 6, 5\\)", class = "keratin_error_shape")
})
