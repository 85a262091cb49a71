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

test_that("k_arange() of fractions keeps them", {
  expect_equal(as.vector(k_arange(0, 1, 0.25)), c(0, 0.25, 0.5, 0.75))
  expect_equal(k_dtype(k_arange(0, 1, 0.25)), "float32")
  expect_equal(k_dtype(k_arange(0, 4)), "int32")
  expect_error(k_arange("a"), "`start` must be one number. Received: start = \"a\"", class = "keratin_error_argument")
})

test_that("sizes that are not numbers are refused by name", {
  expect_error(k_reshape(1:6, "a"), "sizes are whole numbers. Received: \"a\"", class = "keratin_error_argument")
  expect_error(k_zeros("a"), "Received: \"a\"", class = "keratin_error_argument")
  expect_equal(dim(k_reshape(1:6, c(NA, 2))), c(3L, 2L))
})

test_that("backend functions take lists and data frames of numbers", {
  expect_equal(as.vector(k_abs(list(-1, 2))), c(1, 2))
  expect_equal(as.array(k_abs(data.frame(a = -1:1, b = 2:4))), matrix(c(1, 0, 1, 2, 3, 4), 3))
  expect_equal(as.vector(k_maximum(k_constant(1:2, dtype = "int32"), list(2, 1))), c(2, 2))
  expect_equal(as.vector(k_sum(list(list(1, 2), list(3, 4)), axis = 1)), c(4, 6))
  x <- k_constant(3)
  with(tf$GradientTape() %as% tape, {
    tape$watch(x)
    y <- k_sum(k_square(list(x, x)))
  })
  expect_equal(as.numeric(tape$gradient(y, x)), 12)
  expect_error(k_abs(list(1, "a")), class = "keratin_error")
  expect_equal(dim(k_batch_flatten(list(list(1, 2), list(3, 4)))), c(2L, 2L))
})

test_that("tensors without a finite value and large whole numbers print", {
  expect_no_warning(text <- format(k_constant(c(NaN, Inf))))
  expect_equal(text, "tf.Tensor([nan inf], shape=(2,), dtype=float32)")
  expect_no_warning(text <- format(tf$constant(2^40, "int64")))
  expect_equal(text, "tf.Tensor(1099511627776, shape=(), dtype=int64)")
  expect_equal(format(tf$constant(c(2^40, -1), "int64")), "tf.Tensor([1099511627776            -1], shape=(2,), dtype=int64)")
})

test_that("x[mask] takes the elements under a mask of several axes", {
  x <- k_constant(matrix(1:6, 2))
  expect_equal(as.vector(x[x > 2]), c(3, 5, 4, 6))
  expect_equal(as.vector(x[as.array(x) > 2]), c(3, 5, 4, 6))
  expect_equal(dim(k_constant(array(1:24, c(2, 3, 4)))[x > 2]), c(4L, 4L))
  expect_error(x[x > 2, 1], "only subscript", class = "keratin_error_argument")
})

test_that("all.equal() compares tensors by their values", {
  x <- k_constant(c(1, 2))
  expect_true(all.equal(x, x + 0))
  expect_match(all.equal(x, x + 1), "difference")
  expect_match(all.equal(x, k_cast(x, "int32")), "float32 and int32")
  v <- k_variable(c(1, 2))
  expect_true(all.equal(v, x))
})

test_that("metrics and sequences say what they cannot take", {
  expect_error(metric_precision(0.3), "\"precision.*\" takes its arguments by name. Received without one: 0.3", class = "keratin_error_argument")
  expect_error(pad_sequences(list(1:2, "a")), "`sequences` must hold numbers. Received: \"a\"", class = "keratin_error_argument")
  expect_error(pad_sequences(list(factor("a"))), "must hold numbers", class = "keratin_error_argument")
})

test_that("infinite slopes of roots and reciprocals count nothing where nothing comes from above, as in TensorFlow", {
  x <- k_constant(c(0, 0, 4))
  chosen <- k_constant(c(0, 1, 1))
  slope <- function(f) {
    with(tf$GradientTape() %as% tape, {
      tape$watch(x)
      y <- k_sum(tf$where(chosen == 0, tf$zeros_like(x), f(x)))
    })
    as.vector(tape$gradient(y, x))
  }
  expect_equal(slope(tf$sqrt), c(0, Inf, 0.25))
  expect_equal(slope(tf$math$rsqrt), c(0, -Inf, -0.0625))
  expect_equal(slope(tf$math$reciprocal), c(0, -Inf, -0.0625))
  still <- k_constant(matrix(1, 2, 3))
  with(tf$GradientTape() %as% tape, {
    tape$watch(still)
    y <- k_sum(k_square(k_std(still, axis = 2)))
  })
  expect_equal(as.array(tape$gradient(y, still)), matrix(0, 2, 3))
})

test_that("k_foldl() and k_foldr() fold over a batch of unknown size", {
  input <- layer_input(3)
  model <- keras_model(input, layer_lambda(input, function(x) k_foldl(function(a, b) a + b, x) * x - k_foldr(function(a, b) a * b, x)))
  x <- matrix(1:6, 2)
  expect_equal(predict(model, x, verbose = 0), x * rep(colSums(x), each = 2) - rep(apply(x, 2, prod), each = 2))
})

test_that("layer_lambda() quotes the name that it does not know", {
  expect_error(layer_lambda(layer_input(3), "no_such_function"), "Received: f = \"no_such_function\"", class = "keratin_error_argument")
})

test_that("an array that is to be made has no negative sizes", {
  for (make in list(k_zeros, k_ones, k_random_uniform, k_random_normal, k_truncated_normal, tf$zeros, tf$random$uniform)) {
    expect_error(make(c(2L, -1L)), "`shape` must not have negative sizes. Received: shape = c\\(2L?, -1L?\\)", class = "keratin_error_argument")
  }
})
