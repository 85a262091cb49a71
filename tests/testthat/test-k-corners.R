test_that("the gradient of a running product is 0 where its factor is 0, as in TensorFlow", {
  x <- k_constant(c(2, 0, 3))
  with(tf$GradientTape() %as% tape, {
    tape$watch(x)
    y <- k_sum(k_cumprod(x))
  })
  expect_equal(as.vector(tape$gradient(y, x)), c(1, 0, 0))
})

test_that("x[, tf$newaxis] makes an axis", {
  x <- k_constant(matrix(1:6, 2))
  expect_equal(dim(x[, tf$newaxis, ]), c(2L, 1L, 3L))
  expect_null(tf$newaxis)
})
