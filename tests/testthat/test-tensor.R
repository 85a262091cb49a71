tensor <- internal("tensor")

test_that("an R array becomes a tensor of the same meaning and comes back", {
  for (dims in list(3, c(2, 3), c(2, 3, 4), c(1, 17, 9, 5), c(33, 70, 11))) {
    x <- array(seq_len(prod(dims)) / 8, dims)
    expect_identical(as.array(tensor(x, "float64")), x)
    expect_equal(as.array(tensor(x)), x)
    expect_identical(internal("tensor_dtype")(tensor(x)), "float32")
  }
})

test_that("the last axis is the fastest in memory: reshape follows row-major order", {
  x <- array(1:6, c(2, 3))
  expect_equal(as.vector(as.array(internal("op_reshape")(tensor(x), 6))), c(1, 3, 5, 2, 4, 6))
})

test_that("R's types keep their kind", {
  expect_identical(internal("tensor_dtype")(tensor(1L)), "int32")
  expect_identical(internal("tensor_dtype")(tensor(TRUE)), "bool")
  expect_identical(internal("tensor_dtype")(tensor("a")), "string")
  expect_identical(internal("tensor_dtype")(tensor(1L, "float64")), "float64")
  expect_identical(as.array(tensor(c(a = TRUE, b = FALSE))), array(c(TRUE, FALSE)))
})

test_that("nested lists stand for arrays", {
  expect_equal(as.array(tensor(list(list(1, 2, 3), list(4, 5, 6)))), rbind(1:3, 4:6) * 1)
})

test_that("non-finite values survive the way there and back", {
  x <- c(NaN, Inf, -Inf, 0)
  expect_identical(as.vector(as.array(tensor(x))), x)
})

test_that("arithmetic is R's, elementwise and with broadcasting", {
  x <- matrix(c(1, -2, 3, 4, 5, -6), 2)
  t <- tensor(x, "float64")
  expect_equal(as.array(t + 1), x + 1)
  expect_equal(as.array(2 - t), 2 - x)
  expect_equal(as.array(-t * t / 4), -x * x / 4)
  expect_equal(as.array(t^2), x^2)
  expect_equal(as.array(t %% 4), x %% 4)
  expect_equal(as.array(t %/% 4), x %/% 4)
  expect_identical(as.array(t > 0), x > 0)
  expect_identical(as.array(!(t > 0)), !(x > 0))
  row <- tensor(matrix(c(10, 20, 30), 1), "float64")
  expect_equal(as.array(t + row), x + rep(c(10, 20, 30), each = 2))
})

test_that("shapes that cannot be combined are a classed error with both shapes", {
  a <- tensor(matrix(0, 2, 3))
  b <- tensor(matrix(0, 2, 4))
  expect_error(a + b, class = "keratin_error_shape")
  expect_match(tryCatch(a + b, error = conditionMessage), "3.*4")
})

test_that("a tensor that was saved to a file says that it is stale", {
  file <- withr::local_tempfile()
  saveRDS(tensor(1:3), file)
  expect_error(as.array(readRDS(file)), class = "keratin_error")
})

test_that("an array larger than any memory is refused before anything is allocated", {
  expect_error(internal("op_fill")(c(2^31, 2^31), 0), class = "keratin_error")
})

test_that("a few numbers that took part in nothing are known again by a tape and by a trace", {
  x <- tensor(c(1, 2, 3))
  y <- x * 2                       # kept by R, not by the core, until it is recorded
  with(tf$GradientTape(persistent = TRUE) %as% tape, {
    tape$watch(y)
    z <- sum(y * y * x)
  })
  expect_equal(as.numeric(tape$gradient(z, y)), 2 * c(2, 4, 6) * c(1, 2, 3))
  expect_null(tape$gradient(z, x))  # not watched
  traced <- internal("trace_program")(function(inputs) inputs[[1]] * y + y, list(list(dtype = "float32", shape = 3)))
  rm(y)
  gc()
  expect_equal(as.numeric(internal("program_run")(traced, list(c(1, 0, 1)))), c(4, 4, 12))
  stale <- unserialize(serialize(x, NULL))
  expect_error(stale + 1, "another R session", class = "keratin_error")
  expect_equal(as.numeric(x), 1:3)
  expect_false(identical(tensor(1), tensor(2)))
  expect_length(unique(list(x, tensor(4), x)), 2L)
})
