w <- matrix(c(3, -4, 0.3, 0.4), 2)   # columns of norm 5 and 0.5

test_that("constraints move weights where they belong", {
  expect_equal(as.array(constraint_maxnorm(1)(w)), matrix(c(0.6, -0.8, 0.3, 0.4), 2), tolerance = 1e-6)
  expect_equal(as.array(constraint_nonneg()(w)), matrix(c(3, 0, 0.3, 0.4), 2), tolerance = 1e-6)
  expect_equal(as.array(constraint_unitnorm()(w)), matrix(c(0.6, -0.8, 0.6, 0.8), 2), tolerance = 1e-6)
  expect_equal(as.array(constraint_minmaxnorm(1, 2, rate = 0.5)(w)), matrix(c(3, -4, 0.3, 0.4), 2) * rep(c(3.5 / 5, 1.5), each = 2), tolerance = 1e-6)
})

test_that("a constraint holds after an update", {
  model <- keras_model_sequential() %>%
    layer_dense(1, input_shape = 2, kernel_constraint = constraint_nonneg(), weights = list(matrix(c(0.01, 1)), 0))
  model %>% compile(optimizer = optimizer_sgd(1), loss = "mse")
  model %>% fit(matrix(1, 4, 2), matrix(-5, 4), epochs = 1, verbose = 0)
  expect_true(all(get_weights(model)[[1]] >= 0))
})
