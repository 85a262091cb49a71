test_that("depthwise layers keep the layer contract", {
  expect_layer_contract(layer_depthwise_conv_1d(kernel_size = 2, depth_multiplier = 2), c(2, 4, 2), unknown = 1:2)
  expect_layer_contract(layer_depthwise_conv_2d(kernel_size = c(2, 3), strides = c(1, 2), padding = "same", activation = "tanh"), c(2, 3, 4, 2),
                        unknown = 1:3)
  expect_layer_contract(layer_depthwise_conv_2d(kernel_size = 2, dilation_rate = c(2, 1), depth_multiplier = 2, data_format = "channels_first",
                                                use_bias = FALSE), c(1, 2, 4, 3), unknown = c(1, 3))
})
test_that("separable layers keep the layer contract", {
  expect_layer_contract(layer_separable_conv_1d(filters = 3, kernel_size = 2, padding = "causal", dilation_rate = 2), c(2, 5, 2), unknown = 1:2)
  expect_layer_contract(layer_separable_conv_2d(filters = 2, kernel_size = 2, strides = 2, padding = "same", depth_multiplier = 2,
                                                activation = "tanh"), c(2, 3, 4, 2), unknown = 1:3)
  expect_layer_contract(layer_separable_conv_2d(filters = 2, kernel_size = c(2, 1), data_format = "channels_first"), c(1, 2, 3, 2), unknown = c(1, 4))
})
test_that("a depthwise convolution is a convolution with as many groups as channels", {
  set.seed(1)
  x <- array(rnorm(2 * 5 * 5 * 3), c(2, 5, 5, 3)); w <- array(rnorm(2 * 2 * 3 * 2), c(2, 2, 3, 2))
  depthwise <- layer_depthwise_conv_2d(kernel_size = 2, depth_multiplier = 2, strides = c(1, 2), weights = list(w, rnorm(6)))
  grouped <- array(0, c(2, 2, 1, 6))
  for (c in 1:3) for (m in 1:2) grouped[, , 1, (c - 1) * 2 + m] <- w[, , c, m]
  y <- depthwise(x)
  conv <- layer_conv_2d(filters = 6, kernel_size = 2, strides = c(1, 2), groups = 3, weights = list(grouped, get_weights(depthwise)[[2]]))
  expect_equal(as.array(y), as.array(conv(x)), tolerance = 1e-6)
})
test_that("weights have Keras's names and shapes", {
  layer <- layer_separable_conv_2d(filters = 5, kernel_size = c(3, 2), depth_multiplier = 2)
  layer(array(0, c(1, 4, 4, 3)))
  expect_identical(sub(".*/", "", vapply(layer$weights, function(w) w$name, "")), c("depthwise_kernel:0", "pointwise_kernel:0", "bias:0"))
  expect_identical(lapply(get_weights(layer), function(w) dim(w)), list(c(3L, 2L, 3L, 2L), c(1L, 1L, 6L, 5L), 5L))
})

test_that("a depthwise convolution computes its bias and activation in one pass and trains as in several", {
  x <- array(sin(1:(2 * 7 * 6 * 5)), c(2, 7, 6, 5))
  for (multiplier in 1:2) for (activation in list("relu", "tanh", "elu", NULL)) {
    layer <- layer_depthwise_conv_2d(kernel_size = c(3, 2), padding = "same", depth_multiplier = multiplier, activation = activation,
                                     bias_initializer = "random_normal", input_shape = c(7, 6, 5))
    model <- keras_model_sequential(layers = list(layer))
    plain <- layer_activation(activation = if (is.null(activation)) "linear" else activation)
    by_steps <- plain(k_depthwise_conv2d(k_constant(x), layer$weights[[1]], padding = "same") + layer$weights[[2]])
    expect_equal(predict(model, x, verbose = 0), as.array(by_steps), tolerance = 1e-6)
    with(tf$GradientTape() %as% tape, {
      loss <- k_sum(k_square(plain(k_depthwise_conv2d(k_constant(x), layer$weights[[1]], padding = "same") + layer$weights[[2]])))
    })
    slopes <- lapply(tape$gradient(loss, layer$weights), as.array)
    before <- lapply(layer$weights, as.array)
    model %>% compile(optimizer = optimizer_sgd(learning_rate = 1), loss = function(y_true, y_pred) k_sum(k_square(y_pred)))
    model %>% fit(x, x, batch_size = 2, epochs = 1, verbose = 0, shuffle = FALSE)
    after <- lapply(layer$weights, as.array)
    for (i in 1:2) expect_equal(before[[i]] - after[[i]], slopes[[i]], tolerance = 1e-4)
  }
})
