draw <- function(n = 1000) as.vector(as.array(internal("op_random_normal")(n)))

test_that("set.seed() decides random numbers, and calls follow each other", {
  set.seed(5)
  first <- list(draw(), draw())
  set.seed(5)
  expect_identical(list(draw(), draw()), first)
  expect_false(identical(first[[1]], first[[2]]))
})

test_that("the thread count does not change random numbers", {
  set.seed(6)
  one <- with_threads(1, draw(1e5))
  set.seed(6)
  expect_identical(with_threads(2, draw(1e5)), one)
  expect_equal(mean(one), 0, tolerance = 0.02)
  expect_equal(sd(one), 1, tolerance = 0.02)
})
