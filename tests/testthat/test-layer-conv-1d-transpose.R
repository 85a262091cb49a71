test_that("layer_conv_1d_transpose keeps the layer contract", {
  expect_layer_contract(layer_conv_1d_transpose(filters = 3, kernel_size = 4, strides = 2), c(2, 5, 3), unknown = 1:2)
  expect_layer_contract(layer_conv_1d_transpose(filters = 2, kernel_size = 3, strides = 2, padding = "same", activation = "sigmoid"), c(2, 3, 2),
                        unknown = 1:2)
  expect_layer_contract(layer_conv_1d_transpose(filters = 2, kernel_size = 2, strides = 3, output_padding = 1), c(2, 3, 2), unknown = 1:2)
  expect_layer_contract(layer_conv_1d_transpose(filters = 2, kernel_size = 2, dilation_rate = 2, data_format = "channels_first"), c(2, 3, 4),
                        unknown = c(1, 3))
})

length_of <- function(...) dim(as.array(layer_conv_1d_transpose(filters = 1, ...)(array(0, c(1, 4, 1)))))[2]

test_that("output_padding = NULL is not output_padding = 0", {
  expect_equal(length_of(kernel_size = 3, strides = 2, padding = "same"), 8)
  expect_equal(length_of(kernel_size = 3, strides = 2, padding = "same", output_padding = 0), 7)
})

test_that("lengths: n * s + max(k - s, 0) for valid, n * s for same", {
  expect_equal(length_of(kernel_size = 5, strides = 2), 11)
  expect_equal(length_of(kernel_size = 1, strides = 3), 12)
  expect_equal(length_of(kernel_size = 5, strides = 3, padding = "SAME"), 12)
  expect_equal(length_of(kernel_size = 3, dilation_rate = 2), 8)
  expect_equal(length_of(kernel_size = 4, strides = 3, output_padding = 2), 15)
})

test_that("a single 1 becomes the kernel", {
  y <- layer_conv_1d_transpose(filters = 1, kernel_size = 3, strides = 2, use_bias = FALSE,
                               weights = list(array(c(1, 2, 3), c(3, 1, 1))))(array(c(0, 1, 0), c(1, 3, 1)))
  expect_equal(as.vector(as.array(y)), c(0, 0, 1, 2, 3, 0, 0))
})

test_that("object: a model, a symbolic tensor, an array, a tensor", {
  k_clear_session()
  model <- keras_model_sequential(input_shape = c(4, 2))
  expect_identical(internal("unwrap")(layer_conv_1d_transpose(model, 3, 2)), internal("unwrap")(model))
  expect_equal(model$layers[[1]]$name, "conv1d_transpose")
  expect_equal(layer_conv_1d_transpose(layer_input(c(NA, 2)), 3, 2)$shape$as_list(), list(NULL, NULL, 3L))
  expect_equal(dim(layer_conv_1d_transpose(array(0, c(1, 4, 2)), 3, 2)), c(1, 5, 3))
  expect_equal(dim(layer_conv_1d_transpose(k_constant(array(0, c(1, 4, 2))), 3, 2)), c(1, 5, 3))
  expect_s3_class(layer_conv_1d_transpose(filters = 3, kernel_size = 2), "keras.layers.convolutional.conv1d_transpose.Conv1DTranspose")
})
