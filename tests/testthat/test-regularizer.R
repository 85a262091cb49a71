w <- matrix(c(1, -2, 3, -4), 2)

test_that("penalties", {
  expect_equal(as.numeric(as.array(regularizer_l1(0.5)(w))), 5)
  expect_equal(as.numeric(as.array(regularizer_l2(0.5)(w))), 15)
  expect_equal(as.numeric(as.array(regularizer_l1_l2(0.5, 0.1)(w))), 8)
  expect_equal(as.numeric(as.array(regularizer_orthogonal(0.1)(diag(3)))), 0)
  expect_equal(as.numeric(as.array(regularizer_orthogonal(0.1, "rows")(matrix(1, 2, 2)))), 0.1, tolerance = 1e-6)
})

test_that("factors are float32 in configs, as in Keras", {
  expect_equal(format(get_config(regularizer_l2(0.01))$l2, digits = 17), "0.0099999997764825821")
})
