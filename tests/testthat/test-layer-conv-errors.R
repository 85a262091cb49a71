# What the layers refuse, and what they say.

zeros <- function(...) array(0, c(...))

test_that("a window that does not fit names the axis and what would fit", {
  expect_error(layer_conv_2d(filters = 2, kernel_size = c(2, 3))(zeros(1, 4, 2, 1)), "2 columns, the window spans 3.*At most 2 fits",
               class = "keratin_error_shape")
  expect_error(layer_conv_2d(filters = 2, kernel_size = 2, dilation_rate = 3)(zeros(1, 3, 5, 1)),
               "3 rows.*spans 4 \\(`kernel_size` 2, `dilation_rate` 3\\).*At most 1 fits",
               class = "keratin_error_shape")
  expect_error(layer_max_pooling_2d(data_format = "channels_first")(zeros(1, 3, 1, 5)), "1 rows.*`pool_size`.*At most 1",
               class = "keratin_error_shape")
  expect_error(layer_depthwise_conv_1d(kernel_size = 4)(zeros(1, 3, 2)), "3 steps.*spans 4", class = "keratin_error_shape")
  expect_error(layer_conv_3d(filters = 1, kernel_size = 3)(zeros(1, 2, 5, 5, 1)), "2 planes", class = "keratin_error_shape")
})

test_that("crops larger than the axis, wrong ranks and channels are errors", {
  expect_error(layer_cropping_2d(cropping = 2)(zeros(1, 3, 5, 1)), "axis 2 of the input \\(rows\\) has length 3.*At most 2",
               class = "keratin_error_shape")
  expect_error(layer_cropping_3d(cropping = 1, data_format = "channels_first")(zeros(1, 3, 5, 2, 4)), "axis 4 of the input \\(rows\\)",
               class = "keratin_error_shape")
  expect_error(layer_conv_2d(filters = 4, kernel_size = 2, groups = 2)(zeros(1, 3, 5, 3)), "3 channels.*`groups` \\(2\\)",
               class = "keratin_error_shape")
  expect_error(layer_conv_2d(filters = 3, kernel_size = 2, groups = 2), "`filters` \\(3\\).*multiple of `groups` \\(2\\)",
               class = "keratin_error_argument")
  expect_error(layer_conv_2d(filters = 4, kernel_size = 2)(zeros(3, 5, 3)),
               "2-D convolution takes \\(batch, rows, columns, channels\\).*Add a channel axis", class = "keratin_error_shape")
  for (layer in list(layer_upsampling_1d(), layer_zero_padding_1d(), layer_cropping_1d(), layer_average_pooling_1d(), layer_global_max_pooling_1d(),
                     layer_separable_conv_1d(filters = 1, kernel_size = 1)))
    expect_error(layer(zeros(2, 3, 4, 5)), "(batch, steps, channels)", fixed = TRUE, class = "keratin_error_shape")
  expect_error(layer_conv_2d_transpose(filters = 1, kernel_size = 2, padding = "same", output_padding = 0)(zeros(1, 1, 0, 1)), "length 0",
               class = "keratin_error_shape")
})

test_that("arguments out of range quote what was received", {
  expect_error(layer_upsampling_2d(size = 0), "size = 0", class = "keratin_error_argument")
  expect_error(layer_upsampling_2d(interpolation = "cubic"), '"cubic"', class = "keratin_error_argument")
  expect_error(layer_zero_padding_2d(padding = list(1, c(1, 2, 3))), "list of 2 pairs.*Received", class = "keratin_error_argument")
  expect_error(layer_zero_padding_1d(padding = -1), "padding = -1", class = "keratin_error_argument")
  expect_error(layer_cropping_3d(cropping = c(1, 2)), "3 of them", class = "keratin_error_argument")
  expect_error(layer_max_pooling_2d(pool_size = c(1, 2, 3)), "pool_size = c\\(1, 2, 3\\)", class = "keratin_error_argument")
  expect_error(layer_average_pooling_2d(strides = 0), "strides = 0", class = "keratin_error_argument")
  expect_error(layer_average_pooling_3d(padding = "causal"), "causal", class = "keratin_error_argument")
  expect_error(layer_depthwise_conv_1d(kernel_size = 2, padding = "causal"), "causal", class = "keratin_error_argument")
  expect_error(layer_depthwise_conv_2d(kernel_size = 2, depth_multiplier = 0), "depth_multiplier = 0", class = "keratin_error_argument")
  expect_error(layer_separable_conv_2d(filters = 1.5, kernel_size = 2), "filters = 1.5", class = "keratin_error_argument")
  expect_error(layer_conv_2d_transpose(filters = 1, kernel_size = 2, strides = c(1, 2), output_padding = 1),
               "output_padding.*smaller than `strides`", class = "keratin_error_argument")
  expect_error(layer_conv_3d(filters = 1, kernel_size = 2, strides = 2, dilation_rate = 2), "cannot be combined", class = "keratin_error_argument")
})

test_that("k_ functions check what they get", {
  expect_error(k_conv2d(zeros(1, 4, 4, 1), zeros(2, 2, 1)), "`kernel` must have 4 axes", class = "keratin_error_shape")
  expect_error(k_conv2d_transpose(zeros(1, 2, 2, 1), zeros(2, 2, 1, 1), output_shape = c(1, 9, 4, 1), strides = 2), "does not fit",
               class = "keratin_error_shape")
  expect_error(k_local_conv1d(zeros(1, 4, 1), zeros(2, 2, 1), 2, 1), "(3, 2, filters) is wanted", fixed = TRUE, class = "keratin_error_shape")
  expect_error(k_pool2d(zeros(1, 4, 4, 1), 2, pool_mode = "mean"), '"avg"', class = "keratin_error_argument")
})
