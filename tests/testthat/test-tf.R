test_that("a tape gives first and second derivatives", {
  x <- tensor(c(1, 2, -3))
  with(tf$GradientTape() %as% outer, {
    outer$watch(x)
    with(tf$GradientTape() %as% inner, {
      inner$watch(x)
      y <- op_reduce_sum(x^3)
    })
    first <- inner$gradient(y, x)
    total <- op_reduce_sum(first)
  })
  expect_equal(as.vector(first), c(3, 12, 27), tolerance = 1e-6)
  expect_equal(as.vector(outer$gradient(total, x)), c(6, 12, -18), tolerance = 1e-6)
})

test_that("constants are watched on request only, variables always", {
  x <- tensor(2)
  v <- new_variable(3)
  with(tf$GradientTape(persistent = TRUE) %as% tape, y <- x * v)
  expect_null(tape$gradient(y, x))
  expect_equal(as.array(tape$gradient(y, v)), 2)
  expect_equal(as.array(tape$gradient(y, list(a = x, b = v))$b), 2)
  expect_equal(as.array(tape$gradient(y, x, unconnected_gradients = "zero")), 0)
})

test_that("a tape that is not persistent gives gradients once", {
  v <- new_variable(3)
  with(tf$GradientTape() %as% tape, y <- v * v)
  expect_equal(as.array(tape$gradient(y, v)), 6)
  expect_error(tape$gradient(y, v), "persistent = TRUE", class = "keratin_error_argument")
})

test_that("the gradient of a list of targets is the gradient of their sum", {
  v <- new_variable(c(1, 2))
  with(tf$GradientTape() %as% tape, y <- list(v * 3, v * v))
  expect_equal(as.vector(tape$gradient(y, v)), c(5, 7))
})

test_that("a variable that changes under a tape keeps the gradient of what was computed", {
  v <- new_variable(3)
  with(tf$GradientTape() %as% tape, {
    y <- v * v
    v$assign(100)
  })
  expect_equal(as.array(tape$gradient(y, v)), 6)
})

test_that("an unknown member of tf is an error that names the nearest", {
  expect_error(tf$GradientTap, "GradientTape", class = "keratin_error_argument")
})
