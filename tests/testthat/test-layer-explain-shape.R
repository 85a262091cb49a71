text_of_shape <- function(...) paste(format(explain_shape(...)), collapse = "\n")

test_that("explain_shape() fills the formulas in and agrees with the layer", {
  layer <- layer_conv_2d_transpose(filters = 16, kernel_size = c(4, 5), strides = c(2, 3), padding = "same", output_padding = 1, name = "up")
  table <- as.data.frame(explain_shape(layer, c(14, 9, 3)))
  expect_equal(table$to, c(27L, 26L, 16L))
  expect_equal(dim(layer(array(0, c(1, 14, 9, 3))))[-1], table$to)
  expect_match(text_of_shape(layer, c(14, 9, 3)), "27 = \\(14 - 1\\) \\* 2 \\+ 4 - 2 \\* 2 \\+ 1")
  expect_match(text_of_shape(layer, list(NULL, 9, 3)), "unknown = \\(n - 1\\) \\* 2")
  expect_match(text_of_shape(layer_conv_1d(filters = 1, kernel_size = 3, dilation_rate = 4), c(20, 2)), "12 = \\(20 - 9\\).*dilation_rate \\+ 1 = 9")
})

test_that("explain_shape() warns of checkerboards exactly when the stride does not divide the kernel", {
  expect_match(text_of_shape(layer_conv_1d_transpose(filters = 1, kernel_size = 3, strides = 2), c(5, 1)),
               "Checkerboard.*1 or 2 terms.*kernel_size 4")
  expect_no_match(text_of_shape(layer_conv_1d_transpose(filters = 1, kernel_size = 4, strides = 2), c(5, 1)), "Checkerboard")
  expect_no_match(text_of_shape(layer_conv_1d_transpose(filters = 1, kernel_size = 3, strides = 1), c(5, 1)), "Checkerboard")
})

test_that("explain_shape() goes through sequential and functional models", {
  model <- keras_model_sequential(input_shape = c(28, 28, 1)) %>%
    layer_zero_padding_2d(padding = 1) %>% layer_conv_2d(4, 3, strides = 2) %>% layer_max_pooling_2d(2) %>% layer_upsampling_2d(c(2, 3)) %>%
    layer_cropping_2d(1) %>% layer_depthwise_conv_2d(3, depth_multiplier = 2) %>% layer_separable_conv_2d(5, 3, padding = "same")
  table <- as.data.frame(explain_shape(model))
  expect_equal(tail(table$to, 3), c(10L, 17L, 5L))
  expect_equal(tail(as.data.frame(explain_shape(model, c(56, 56, 1)))$to, 3), c(24L, 38L, 5L))
  input <- layer_input(c(8, 8, 2))
  joined <- layer_concatenate(list(layer_conv_2d(input, 3, 1), layer_conv_2d(input, 2, 3, padding = "same")))
  expect_match(text_of_shape(keras_model(input, joined)), "8, 8, 3\\), \\(NULL, 8, 8, 2\\)\\] -> \\(NULL, 8, 8, 5\\)")
  expect_error(explain_shape(layer_dense(units = 1)), "input_shape", class = "keratin_error_argument")
  expect_error(explain_shape(1), "layer or a model", class = "keratin_error_argument")
})

test_that("explain_shape() explains a step of a convolutional LSTM, in either data format", {
  for (format in c("channels_last", "channels_first")) {
    layer <- layer_conv_lstm_2d(filters = 2, kernel_size = 3, strides = 2, data_format = format)
    table <- as.data.frame(explain_shape(layer, if (format == "channels_first") c(4, 1, 5, 8) else c(4, 5, 8, 1)))
    expect_equal(table$axis, c("rows", "columns", "channels"))
    expect_equal(table$from, c(5L, 8L, 1L))
    expect_equal(table$to, c(2L, 3L, 2L))
  }
})
