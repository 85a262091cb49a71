test_that("layer_conv_3d keeps the layer contract", {
  expect_layer_contract(layer_conv_3d(filters = 2, kernel_size = c(2, 1, 2)), c(2, 3, 2, 3, 1), unknown = 1:4)
  expect_layer_contract(layer_conv_3d(filters = 2, kernel_size = 2, strides = c(1, 2, 1), padding = "same", groups = 2,
                                      data_format = "channels_first"), c(1, 2, 2, 3, 2), unknown = c(1, 3))
})
test_that("layer_conv_3d_transpose keeps the layer contract", {
  expect_layer_contract(layer_conv_3d_transpose(filters = 2, kernel_size = c(2, 1, 3), strides = c(2, 1, 2)), c(1, 2, 2, 2, 1), unknown = 1:4)
  expect_layer_contract(layer_conv_3d_transpose(filters = 1, kernel_size = 2, padding = "same", data_format = "channels_first"), c(1, 2, 2, 2, 2),
                        unknown = c(1, 4))
})
test_that("layer_conv_3d_transpose honours dilation, which Keras ignores", {
  layer <- layer_conv_3d_transpose(filters = 1, kernel_size = 2, dilation_rate = c(3, 1, 2), kernel_initializer = "ones", use_bias = FALSE)
  y <- as.array(layer(array(1, c(1, 1, 1, 1, 1))))
  expect_equal(dim(y), c(1L, 4L, 2L, 3L, 1L))
  expect_equal(which(y[1, , 1, 1, 1] == 1), c(1L, 4L))
  expect_equal(which(y[1, 1, 1, , 1] == 1), c(1L, 3L))
  expect_identical(get_config(layer)$dilation_rate, list(3L, 1L, 2L))
})
test_that("the windows of 'same' begin where the gradient says, also where the stride exceeds the kernel by two", {
  x <- array(seq_len(9) + 0, c(1, 9, 1, 1, 1))
  layer <- layer_conv_3d(filters = 1, kernel_size = 1, strides = c(3, 1, 1), padding = "same", kernel_initializer = "ones", use_bias = FALSE)
  expect_equal(as.vector(as.array(layer(x))), c(1, 4, 7))
})
