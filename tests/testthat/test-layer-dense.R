test_that("layer_dense keeps the layer contract", {
  expect_layer_contract(layer_dense(units = 3), c(4, 5))
  expect_layer_contract(layer_dense(units = 2, activation = "tanh", use_bias = FALSE), c(2, 3, 4), unknown = 1:2)
})

test_that("layer_dense multiplies the last axis and adds the bias", {
  k_clear_session()
  layer <- layer_dense(units = 2, weights = list(matrix(c(1, 2, 3, 4), 2), c(10, 20)))
  expect_equal(as.array(layer(matrix(c(1, 0, 0, 1), 2))), matrix(c(11, 12, 23, 24), 2))
  expect_equal(vapply(layer$weights, function(w) w$name, ""), c("dense/kernel:0", "dense/bias:0"))
})

test_that("layer_dense casts whole numbers and keeps its dtype", {
  expect_equal(as.array(layer_dense(units = 1, kernel_initializer = "ones")(matrix(1:4, 2))), matrix(c(4, 6), 2))
  layer <- layer_dense(units = 1, dtype = "float64")
  layer(matrix(1, 1, 2))
  expect_equal(layer$kernel$dtype$name, "float64")
})

test_that("penalties of weights and of the output, the latter per sample", {
  layer <- layer_dense(units = 1, kernel_initializer = "ones", kernel_regularizer = regularizer_l2(0.5), activity_regularizer = regularizer_l1(1))
  layer(matrix(c(1, 2, 3, 4), 2))
  expect_equal(vapply(layer$losses, function(l) as.numeric(as.array(l)), 0), c((4 + 6) / 2, 0.5 * 2))
})
