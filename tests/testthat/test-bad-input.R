# What a user can get wrong around layer_conv_1d_transpose(): a classed error that names the layer and shows what came, and nothing changed.
x <- array(as.numeric(1:24), c(2, 4, 3))

# The error's message, for a class and a text that must be in it.
expect_refusal <- function(code, says, class = "keratin_error") {
  condition <- tryCatch({
    force(code)
    NULL
  }, error = identity)
  expect_s3_class(condition, class)
  expect_match(conditionMessage(condition), says)
}
argument <- "keratin_error_argument"

test_that("counts and sizes that are no counts and sizes", {
  for (bad in list(0, -1, 2.5, NA, NaN, Inf, "many", c(2, 2), numeric(), TRUE, NULL)) {
    expect_refusal(layer_conv_1d_transpose(filters = bad, kernel_size = 3), "filters", argument)
    expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = bad), "kernel_size", argument)
    if (!is.null(bad)) expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, strides = bad), "strides", argument)
  }
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, strides = -7), "-7", argument)
})

test_that("settings that exclude each other", {
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, strides = 2, output_padding = 2), "output_padding.*2.*strides", argument)
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, strides = 2, dilation_rate = 2), "strides.*dilation_rate", argument)
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, padding = "causal"), "causal", argument)
})

test_that("names that are not known", {
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, padding = "full"), "full", argument)
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, data_format = "channels"), "channels", argument)
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, activation = "rleu"), "rleu", argument)
  expect_refusal(layer_conv_1d_transpose(filters = 2, kernel_size = 3, kernel_initializer = "glorot"), "glorot", argument)
})

test_that("inputs of another shape", {
  layer <- layer_conv_1d_transpose(filters = 2, kernel_size = 3, name = "up")
  expect_refusal(layer(matrix(0, 2, 3)), "up.*\\(2, 3\\)", "keratin_error_shape")
  expect_refusal(layer(array(0, c(2, 4, 3, 1))), "up.*\\(2, 4, 3, 1\\)", "keratin_error_shape")
  expect_refusal(layer(array(0, c(2, 0, 3))), "up", "keratin_error_shape")
  expect_refusal(layer(array(0, c(2, 4, 0))), "up", "keratin_error_shape")
  expect_refusal(layer(layer_input(shape = list(4, NULL))), "up", "keratin_error_shape")
  expect_false(isTRUE(layer$built))
  layer(x)
  expect_refusal(layer(array(0, c(2, 4, 5))), "up", "keratin_error_shape")
})

test_that("weights of the wrong shape change nothing", {
  layer <- layer_conv_1d_transpose(filters = 2, kernel_size = 3)
  layer(x)
  before <- get_weights(layer)
  expect_refusal(set_weights(layer, list(array(0, c(3, 3, 2)), c(0, 0))), "\\(3, 3, 2\\)|3, 3, 2")
  expect_refusal(set_weights(layer, before[1]), "1.*2|2.*1")
  expect_identical(get_weights(layer), before)
  expect_refusal(layer_conv_1d_transpose(x, filters = 2, kernel_size = 3, weights = list(array(0, c(1, 1, 1)), c(0, 0))), "1, 1, 1")
})

test_that("an output that no memory could hold is refused before it is tried", {
  expect_refusal(layer_conv_1d_transpose(x, filters = 2, kernel_size = 3, strides = 2e9), "", "keratin_error")
})

test_that("a refused layer leaves the model as it was", {
  model <- keras_model_sequential(input_shape = c(4, 3)) %>% layer_conv_1d_transpose(2, 3)
  expect_refusal(model %>% layer_conv_1d_transpose(2, 0), "kernel_size")
  expect_length(model$layers, 1)
  expect_refusal(model %>% layer_conv_1d_transpose(2, 3, strides = 2, output_padding = 5), "output_padding")
  expect_length(model$layers, 1)
  expect_equal(dim(predict(model, x, verbose = 0)), c(2, 6, 2))
})

test_that("data that does not fit the model", {
  model <- keras_model_sequential(input_shape = c(4, 3)) %>% layer_conv_1d_transpose(1, 3, padding = "same")
  model %>% compile(optimizer = "sgd", loss = "mse")
  y <- array(0, c(2, 4, 1))
  before <- get_weights(model)
  expect_refusal(fit(model, x, y[1, , , drop = FALSE], verbose = 0), "2.*1|1.*2")
  expect_refusal(fit(model, x, array(0, c(2, 5, 1)), verbose = 0), "5")
  expect_refusal(fit(model, NULL, y, verbose = 0), "x")
  expect_refusal(fit(model, x, y, batch_size = 0, verbose = 0), "batch_size.*0")
  expect_refusal(fit(model, x, y, batch_size = -3, verbose = 0), "batch_size.*-3")
  expect_refusal(fit(model, matrix(0, 2, 4), y, verbose = 0), "\\(.*4\\)")
  expect_refusal(predict(model, array(0, c(2, 4, 2)), verbose = 0), "2")
  expect_refusal(fit(model, x, y, epochs = 0.5, verbose = 0), "epochs")
  expect_identical(get_weights(model), before)
})

test_that("data frames are converted, and a factor column is an error that says what to use", {
  model <- keras_model_sequential(input_shape = 2) %>% layer_dense(1)
  model %>% compile(optimizer = "sgd", loss = "mse")
  data <- data.frame(a = c(1, 2), b = c(3, 4))
  expect_equal(predict(model, data, verbose = 0), predict(model, as.matrix(data), verbose = 0), ignore_attr = TRUE)
  data$b <- factor(c("u", "v"))
  expect_refusal(predict(model, data, verbose = 0), "to_categorical|as.integer|model.matrix")
  expect_refusal(fit(model, factor(c("u", "v")), c(0, 1), verbose = 0), "factor")
})
