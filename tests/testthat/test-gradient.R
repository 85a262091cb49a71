tensor <- internal("tensor")
op <- function(name) internal(paste0("op_", name))

# The gradient of sum(f(x)) against central differences, both in float64.
expect_gradient <- function(f, x, tolerance = 1e-6) {
  tape <- tf$GradientTape()
  t <- tensor(x, "float64")
  with(tape, {
    tape$watch(t)
    y <- op("reduce_sum")(f(t))
  })
  difference <- finite_difference(function(x) sum(as.array(f(tensor(x, "float64")))), x)
  expect_equal(as.vector(as.array(tape$gradient(y, t))), as.vector(difference), tolerance = tolerance)
}

test_that("gradients of compositions are those of finite differences", {
  set.seed(1)
  x <- matrix(runif(12, 0.5, 1.5), 3)
  w <- tensor(matrix(rnorm(20), 4), "float64")
  expect_gradient(function(t) op("tanh")(op("matmul")(t, w))^2, x)
  expect_gradient(function(t) op("log")(t) * op("exp")(-t) / (1 + t), x)
  expect_gradient(function(t) op("softmax")(t, axis = -1) * t, x)
  expect_gradient(function(t) op("reduce_mean")(op("sigmoid")(t), axes = 0) * t, x)
  expect_gradient(function(t) op("concat")(list(t, op("transpose")(op("transpose")(t)) * 2), axis = 1)^3, x)
})

test_that("the second derivative of a transposed convolution's penalty", {
  set.seed(2)
  x <- array(rnorm(2 * 4 * 3), c(2, 4, 3))
  w <- array(rnorm(3 * 2 * 3), c(3, 2, 3))
  # Gradient penalty, as in WGAN-GP: the square of the gradient for the input is itself differentiated for the weights.
  penalty <- function(w) {
    t <- tensor(x, "float64")
    tape <- tf$GradientTape()
    with(tape, {
      tape$watch(t)
      y <- op("reduce_sum")(op("tanh")(op("conv_transpose")(t, w, strides = 2, output_size = 9)))
    })
    op("reduce_sum")(tape$gradient(y, t)^2)
  }
  weight <- tensor(w, "float64")
  tape <- tf$GradientTape()
  with(tape, {
    tape$watch(weight)
    p <- penalty(weight)
  })
  difference <- finite_difference(function(w) as.vector(as.array(penalty(tensor(w, "float64")))), w)
  expect_equal(as.vector(as.array(tape$gradient(p, weight))), as.vector(difference), tolerance = 1e-6)
})
