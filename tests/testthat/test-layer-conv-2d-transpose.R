test_that("layer_conv_2d_transpose keeps the layer contract", {
  expect_layer_contract(layer_conv_2d_transpose(filters = 2, kernel_size = c(2, 3), strides = c(2, 1)), c(2, 2, 3, 2), unknown = 1:3)
  expect_layer_contract(layer_conv_2d_transpose(filters = 1, kernel_size = 3, strides = 2, padding = "same", output_padding = c(1, 0),
                                                activation = "sigmoid"), c(1, 2, 3, 2), unknown = 1:3)
  expect_layer_contract(layer_conv_2d_transpose(filters = 2, kernel_size = 2, dilation_rate = 2, data_format = "channels_first"), c(2, 1, 2, 3),
                        unknown = c(1, 3))
})
test_that("output_padding works per axis, and NULL is not 0", {
  size <- function(...) dim(layer_conv_2d_transpose(filters = 1, kernel_size = 3, strides = 2, padding = "same", ...)(array(0, c(1, 5, 5, 1))))[2:3]
  expect_equal(size(), c(10L, 10L))
  expect_equal(size(output_padding = 0), c(9L, 9L))
  expect_equal(size(output_padding = c(0, 1)), c(9L, 10L))
})
test_that("a kernel of ones paints: how often each output is reached", {
  painted <- as.array(layer_conv_2d_transpose(filters = 1, kernel_size = c(1, 3), strides = c(1, 2),
                                              kernel_initializer = "ones")(array(1, c(1, 1, 3, 1))))
  expect_equal(as.vector(painted), c(1, 1, 2, 1, 2, 1, 1))
})
