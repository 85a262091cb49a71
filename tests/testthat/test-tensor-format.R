# What TensorFlow 2.15 prints.
shown <- function(x) paste(format(x), collapse = "\n")

test_that("tensors print as TensorFlow prints them", {
  expect_equal(shown(k_constant(1)), "tf.Tensor(1.0, shape=(), dtype=float32)")
  expect_equal(shown(k_constant(c(0.5, 1.25, -3))), "tf.Tensor([ 0.5   1.25 -3.  ], shape=(3,), dtype=float32)")
  expect_equal(shown(k_constant(matrix(1:6, 2))), "tf.Tensor(\n[[1. 3. 5.]\n [2. 4. 6.]], shape=(2, 3), dtype=float32)")
  expect_equal(shown(tf$constant(matrix(c(-1L, 10L, 3L, 4L), 2))), "tf.Tensor(\n[[-1  3]\n [10  4]], shape=(2, 2), dtype=int32)")
  expect_equal(shown(tf$constant(c(TRUE, FALSE))), "tf.Tensor([ True False], shape=(2,), dtype=bool)")
  expect_equal(shown(tf$constant(c("a", "bc"))), "tf.Tensor([b'a' b'bc'], shape=(2,), dtype=string)")
  expect_equal(shown(k_constant(c(1e-5, 1))), "tf.Tensor([1.e-05 1.e+00], shape=(2,), dtype=float32)")
  expect_equal(shown(k_constant(c(NaN, 1, Inf))), "tf.Tensor([nan  1. inf], shape=(3,), dtype=float32)")
  expect_equal(shown(k_constant(c(0.1, 0.2), dtype = "float64")), "tf.Tensor([0.1 0.2], shape=(2,), dtype=float64)")
  expect_equal(shown(k_constant(1:2000)),
               "tf.Tensor([1.000e+00 2.000e+00 3.000e+00 ... 1.998e+03 1.999e+03 2.000e+03], shape=(2000,), dtype=float32)")
  expect_equal(shown(k_constant(array(1:8, c(2, 2, 2)))),
               "tf.Tensor(\n[[[1. 5.]\n  [3. 7.]]\n\n [[2. 6.]\n  [4. 8.]]], shape=(2, 2, 2), dtype=float32)")
  expect_equal(shown(k_constant(array(0, c(0, 2)))), "tf.Tensor([], shape=(0, 2), dtype=float32)")
  long <- strsplit(shown(k_constant(seq(0.123, 30, length.out = 30))), "\n")[[1]]
  expect_true(all(nchar(long[-c(1, length(long))]) <= 75))
})

test_that("variables print as TensorFlow prints them", {
  expect_equal(shown(k_variable(c(1, 2))), "<tf.Variable 'Variable:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>")
  expect_equal(shown(tf$Variable(3L, name = "n")), "<tf.Variable 'n:0' shape=() dtype=int32, numpy=3>")
  expect_equal(shown(k_variable(diag(2), dtype = "float64")),
               "<tf.Variable 'Variable:0' shape=(2, 2) dtype=float64, numpy=\narray([[1., 0.],\n       [0., 1.]])>")
})

test_that("a tensor of a trace has no value to print", {
  text <- NULL
  internal("trace_program")(function(x) { text <<- format(x[[1]]); x[[1]] }, list(list(dtype = "float32", shape = 2)))
  expect_match(text, "shape=(2,), dtype=float32", fixed = TRUE)
})
