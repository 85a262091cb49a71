test_that("core layers keep the layer contract", {
  expect_layer_contract(layer_activation(activation = "tanh"), c(3, 4), unknown = 1:2)
  expect_layer_contract(layer_flatten(), c(2, 3, 4))
  expect_layer_contract(layer_flatten(data_format = "channels_first"), c(2, 3, 2, 2))
  expect_layer_contract(layer_reshape(target_shape = c(-1, 2)), c(2, 3, 4))
  expect_layer_contract(layer_dropout(rate = 0.5), c(3, 4), unknown = 1:2)
  expect_layer_contract(layer_lambda(f = function(x) x^2 + 1), c(3, 4), unknown = 1:2)
  expect_layer_contract(layer_batch_normalization(), c(6, 3))
  expect_layer_contract(layer_batch_normalization(axis = 2, epsilon = 0.1), c(3, 2, 2, 2))
  expect_layer_contract(layer_batch_normalization(center = FALSE, epsilon = 0.1), c(4, 3), training = TRUE, tolerance = 1e-5)
})

test_that("layer_reshape keeps row-major order", {
  expect_equal(as.array(layer_reshape(target_shape = c(2, 2))(matrix(1:4, 1))), array(c(1, 3, 2, 4), c(1, 2, 2)))
  expect_error(layer_reshape(target_shape = c(2, 3))(matrix(1:4, 1)), "4 elements", class = "keratin_error_shape")
})

test_that("layer_dropout drops in training only and keeps the sum on average", {
  x <- matrix(1, 100, 100)
  layer <- layer_dropout(rate = 0.25)
  expect_equal(as.array(layer(x)), x)
  set.seed(1)
  y <- as.array(layer(x, training = TRUE))
  expect_equal(sort(unique(as.vector(y))), c(0, 4 / 3), tolerance = 1e-6)
  expect_equal(mean(y == 0), 0.25, tolerance = 0.05)
  set.seed(1)
  expect_identical(as.array(layer(x, training = TRUE)), y)
  rows <- as.array(layer_dropout(rate = 0.5, noise_shape = c(NA, 1))(x, training = TRUE))
  expect_true(all(rows == rows[, 1]))
})

test_that("layer_batch_normalization: moving averages, frozen layers", {
  layer <- layer_batch_normalization(momentum = 0.9)
  x <- matrix(c(1, 3, 2, 6), 2)
  y <- as.array(layer(x, training = TRUE))
  expect_equal(y, matrix(c(-1, 1, -1, 1), 2), tolerance = 1e-3)
  expect_equal(lapply(get_weights(layer)[3:4], as.vector), list(c(0.2, 0.4), c(1, 1.3)), tolerance = 1e-6)
  layer$trainable <- FALSE
  before <- get_weights(layer)
  layer(x, training = TRUE)
  expect_identical(get_weights(layer), before)
  expect_length(layer$trainable_weights, 0)
})

test_that("layer_lambda takes arguments and the phase", {
  expect_equal(as.array(layer_lambda(f = function(x, by) x * by, arguments = list(by = 3))(c(1, 2))), array(c(3, 6)))
  layer <- layer_lambda(f = function(x, training = FALSE) if (training) x + 1 else x)
  expect_equal(as.array(layer(c(1, 2), training = TRUE)), array(c(2, 3)))
})

test_that("losses are those of the latest call, whichever layer was called from outside", {
  inner <- layer_dense(units = 2, activity_regularizer = "l2", input_shape = 2)
  model <- keras_model_sequential(list(inner, layer_dense(units = 1)))
  x <- k_ones(c(3, 2))
  for (i in 1:3) model(x)
  expect_length(model$losses, 1)
  inner(x)
  expect_length(inner$losses, 1)
  model(x)
  model(x)
  expect_length(model$losses, 1)
  plain <- layer_dense(units = 2)
  plain(x)
  expect_length(model$losses, 1)   # another layer's call leaves them
  expect_length(plain$losses, 0)
})

test_that("batch normalization leaves masked steps out of its moments", {   # values of Keras 2.15
  x <- aperm(array((1:12)^2 / 10, c(2, 3, 2)), 3:1)
  mask <- k_constant(rbind(c(TRUE, TRUE, FALSE), c(TRUE, FALSE, FALSE)))
  layer <- layer_batch_normalization(momentum = 0.5)
  y <- as.array(layer(x, training = TRUE, mask = mask))
  expect_equal(y[1, , 1], c(-0.88890, -0.50794, 0.25397), tolerance = 1e-4)
  expect_equal(as.array(layer$moving_variance), array(c(2.70444, 3.86)), tolerance = 1e-5)
  by_step <- layer_batch_normalization(axis = 2, momentum = 0.5)   # the last step is masked everywhere
  y <- as.array(by_step(x, training = TRUE, mask = mask))
  expect_equal(as.array(by_step$moving_mean), array(c(1.475, 0.625, 0)), tolerance = 1e-5)
  expect_equal(y[2, 3, ], c(382.63559, 455.36795), tolerance = 1e-5)
  model <- keras_model_sequential() |> layer_masking(input_shape = c(3, 2)) |> layer_batch_normalization(momentum = 0.5)
  z <- x
  z[1, 3, ] <- z[2, 2:3, ] <- 0
  invisible(model(z, training = TRUE))
  expect_equal(get_weights(model)[[3]], array(c(0.98333, 1.4)), tolerance = 1e-4)
})
