test_that("layer_conv_2d keeps the layer contract", {
  expect_layer_contract(layer_conv_2d(filters = 2, kernel_size = c(2, 3)), c(2, 4, 4, 2), unknown = 1:3)
  expect_layer_contract(layer_conv_2d(filters = 2, kernel_size = 3, strides = c(1, 2), padding = "same", activation = "tanh"), c(2, 3, 4, 1),
                        unknown = 1:3)
  expect_layer_contract(layer_conv_2d(filters = 4, kernel_size = 2, dilation_rate = c(1, 2), groups = 2, data_format = "channels_first"),
                        c(2, 2, 3, 4), unknown = c(1, 3))
})

test_that("rank 2 with one row is rank 1", {
  set.seed(1)
  x <- array(rnorm(24), c(2, 6, 2)); w <- array(rnorm(12), c(3, 2, 2))
  one <- layer_conv_1d(filters = 2, kernel_size = 3, strides = 2, padding = "same", weights = list(w, c(1, -1)))(x)
  two <- layer_conv_2d(filters = 2, kernel_size = c(1, 3), strides = c(1, 2), padding = "same",
                       weights = list(array(w, c(1, 3, 2, 2)), c(1, -1)))(array(x, c(2, 1, 6, 2)))
  expect_equal(as.vector(as.array(one)), as.vector(as.array(two)))
})

test_that("groups are convolutions side by side", {
  set.seed(2)
  x <- array(rnorm(2 * 4 * 4 * 4), c(2, 4, 4, 4)); w <- array(rnorm(2 * 2 * 2 * 6), c(2, 2, 2, 6))
  y <- as.array(layer_conv_2d(filters = 6, kernel_size = 2, groups = 2, use_bias = FALSE, weights = list(w))(x))
  first <- as.array(layer_conv_2d(filters = 3, kernel_size = 2, use_bias = FALSE, weights = list(w[, , , 1:3]))(x[, , , 1:2]))
  second <- as.array(layer_conv_2d(filters = 3, kernel_size = 2, use_bias = FALSE, weights = list(w[, , , 4:6]))(x[, , , 3:4]))
  expect_equal(y[, , , 1:3], first, tolerance = 1e-6)
  expect_equal(y[, , , 4:6], second, tolerance = 1e-6)
})

test_that("class and names are Keras's", {
  layer <- layer_conv_2d(filters = 2, kernel_size = 2)
  expect_identical(class(layer)[1:2], c("keras.layers.convolutional.conv2d.Conv2D", "keras.layers.convolutional.base_conv.Conv"))
  layer(array(0, c(1, 3, 3, 1)))
  expect_match(layer$weights[[1]]$name, "^conv2d(_[0-9]+)?/kernel:0$")
})
