row_of <- function(y) as.vector(as.array(y))

test_that("upsampling, padding and cropping keep the layer contract", {
  expect_layer_contract(layer_upsampling_1d(size = 3), c(2, 3, 2), unknown = 1:2)
  expect_layer_contract(layer_upsampling_2d(size = c(2, 3)), c(2, 2, 3, 2), unknown = 1:3)
  expect_layer_contract(layer_upsampling_3d(size = c(1, 2, 2), data_format = "channels_first"), c(1, 2, 2, 1, 2), unknown = c(1, 3))
  for (interpolation in c("bilinear", "area", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"))
    expect_layer_contract(layer_upsampling_2d(size = c(2, 3), interpolation = interpolation), c(1, 3, 2, 2), unknown = 1:3)
  expect_layer_contract(layer_zero_padding_1d(padding = c(0, 2)), c(2, 3, 2), unknown = 1:2)
  expect_layer_contract(layer_zero_padding_2d(padding = list(c(1, 0), c(2, 3)), data_format = "channels_first"), c(1, 2, 2, 3), unknown = c(1, 3))
  expect_layer_contract(layer_zero_padding_3d(padding = c(0, 1, 2)), c(1, 2, 2, 1, 2), unknown = 1:4)
  expect_layer_contract(layer_cropping_1d(cropping = c(0, 2)), c(2, 4, 2), unknown = 1:2)
  expect_layer_contract(layer_cropping_2d(cropping = list(c(1, 0), c(0, 2)), data_format = "channels_first"), c(1, 2, 3, 4), unknown = c(1, 3))
  expect_layer_contract(layer_cropping_3d(cropping = 1), c(1, 3, 4, 3, 2), unknown = 1:4)
})

test_that("known values", {
  expect_equal(row_of(layer_upsampling_1d()(array(1:2, c(1, 2, 1)))), c(1, 1, 2, 2))
  expect_equal(row_of(layer_zero_padding_1d()(array(1:2, c(1, 2, 1)))), c(0, 1, 2, 0))
  expect_equal(row_of(layer_cropping_1d(cropping = c(0, 2))(array(1:4, c(1, 4, 1)))), 1:2)
  expect_equal(row_of(layer_upsampling_2d(size = c(1, 2), interpolation = "bilinear")(array(c(0, 4), c(1, 1, 2, 1)))), c(0, 1, 3, 4))
})

test_that("layer_cropping_2d() takes nothing by default, as in R keras, the others one element at each end", {
  x <- array(1:36, c(1, 6, 6, 1))
  expect_equal(dim(layer_cropping_2d()(x)), c(1L, 6L, 6L, 1L))
  expect_equal(dim(layer_cropping_1d()(array(1:6, c(1, 6, 1)))), c(1L, 4L, 1L))
  expect_equal(dim(layer_zero_padding_2d()(x)), c(1L, 8L, 8L, 1L))
})
