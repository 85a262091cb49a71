test_that("layer_conv_1d keeps the layer contract", {
  expect_layer_contract(layer_conv_1d(filters = 3, kernel_size = 2), c(2, 5, 3), unknown = 1:2)
  expect_layer_contract(layer_conv_1d(filters = 2, kernel_size = 3, strides = 2, padding = "same", activation = "tanh"), c(2, 6, 2), unknown = 1:2)
  expect_layer_contract(layer_conv_1d(filters = 4, kernel_size = 2, padding = "causal", dilation_rate = 2, groups = 2), c(2, 5, 4), unknown = 1:2)
  expect_layer_contract(layer_conv_1d(filters = 2, kernel_size = 2, data_format = "channels_first", use_bias = FALSE), c(2, 3, 4), unknown = c(1, 3))
})

test_that("a moving sum", {
  sum_of_two <- function(...)
    as.vector(as.array(layer_conv_1d(filters = 1, kernel_size = 2, kernel_initializer = "ones", ...)(array(1:4, c(1, 4, 1)))))
  expect_equal(sum_of_two(), c(3, 5, 7))
  expect_equal(sum_of_two(padding = "same"), c(3, 5, 7, 4))
  expect_equal(sum_of_two(padding = "CAUSAL"), c(1, 3, 5, 7))
  expect_equal(sum_of_two(strides = 2), c(3, 7))
  expect_equal(sum_of_two(dilation_rate = 2), c(4, 6))
})
