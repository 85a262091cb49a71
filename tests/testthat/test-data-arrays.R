test_that("classes become rows of zeros and a one", {
  expect_equal(to_categorical(c(0, 2, 1)), rbind(c(1, 0, 0), c(0, 0, 1), c(0, 1, 0)))
  expect_identical(dim(to_categorical(array(c(0, 1, 2, 0), c(2, 2)))), c(2L, 2L, 3L))
  expect_equal(to_categorical(factor(c("a", "c"), levels = c("a", "b", "c"))), rbind(c(1, 0, 0), c(0, 0, 1)))
  expect_error(to_categorical(c(0, 5), num_classes = 3), "class 5", class = "keratin_error_argument")
})

test_that("normalize counts axes from 1", {
  x <- matrix(c(3, 4, 0, 0), 2)
  expect_equal(normalize(x, axis = 1), matrix(c(0.6, 0.8, 0, 0), 2))
  expect_equal(normalize(x, order = 1), matrix(c(1, 1, 0, 0), 2))
})

test_that("array_reshape keeps row-major order", {
  expect_identical(array_reshape(1:6, c(2, 3)), rbind(1:3, 4:6))
  expect_identical(array_reshape(array(1:24, c(2, 3, 4)), c(6, -1))[2, ], c(3L, 9L, 15L, 21L))
  expect_error(array_reshape(1:6, c(4, 2)), class = "keratin_error_shape")
})

test_that("%<-% takes values apart", {
  c(c(a, b), ., ...rest) %<-% list(list(1, 2), 3, 4, 5)
  expect_identical(list(a, b, rest), list(1, 2, list(4, 5)))
  expect_error(c(a, b) %<-% 1:3, "2 names", class = "keratin_error_argument")
})

test_that("flags come from the command line", {
  f <- flags(flag_numeric("dropout", 0.4), flag_integer("units", 32), flag_boolean("fast", FALSE), arguments = c("--units", "8", "--fast"))
  expect_identical(f, list(dropout = 0.4, units = 8L, fast = TRUE))
})

test_that("a time series generator cuts windows", {
  x <- matrix(1:30, 15, 2)
  g <- timeseries_generator(x, 1:15, length = 4, sampling_rate = 2, stride = 2, batch_size = 3)
  batch <- g[0]
  expect_identical(batch[[1]][, , 1], rbind(c(1L, 3L), c(3L, 5L), c(5L, 7L)))
  expect_identical(as.vector(batch[[2]]), c(5L, 7L, 9L))
  expect_identical(length(g), 2L)
  expect_error(timeseries_generator(x, 1:15, length = 20), class = "keratin_error_argument")
})

test_that("functions that managed Python say so once", {
  keratin:::told_about_python |> (\(e) rm(list = ls(e), envir = e))()
  expect_message(use_condaenv("r-keras"), "without Python")
  expect_silent(use_condaenv("r-keras"))
})
