value <- function(t) as.vector(as.array(t))

test_that("activations", {
  x <- c(-2, 0, 3)
  expect_equal(value(activation_relu(x)), c(0, 0, 3))
  expect_equal(value(activation_relu(x, alpha = 0.1, max_value = 2)), c(-0.2, 0, 2), tolerance = 1e-6)
  expect_equal(value(activation_relu(x, alpha = 0.1, threshold = 1)), c(-0.3, -0.1, 3), tolerance = 1e-6)
  expect_equal(value(activation_elu(x)), c(exp(-2) - 1, 0, 3), tolerance = 1e-6)
  expect_equal(value(activation_hard_sigmoid(x)), c(0.1, 0.5, 1), tolerance = 1e-6)
  expect_equal(value(activation_swish(x)), x * plogis(x), tolerance = 1e-6)
  expect_equal(value(activation_gelu(x)), x * pnorm(x), tolerance = 1e-5)
  expect_equal(value(activation_softsign(x)), x / (1 + abs(x)), tolerance = 1e-6)
  expect_equal(value(activation_softmax(matrix(c(1, 1, 1, 1), 1))), rep(0.25, 4))
})

test_that("sigmoid in a layer is the sigmoid; called directly it is what R keras gives", {
  expect_equal(value(layer_activation(activation = activation_sigmoid)(c(-2, 0, 3))), plogis(c(-2, 0, 3)), tolerance = 1e-6)
  expect_equal(get_config(layer_activation(activation = activation_sigmoid))$activation, "sigmoid")
  suppressWarnings(expect_equal(value(activation_sigmoid(c(1, 1))), c(0.5, 0.5)))
})

test_that("an activation is a name, a function or a layer", {
  x <- matrix(c(-1, 1), 1)
  act <- function(a) value(layer_dense(units = 2, activation = a, kernel_initializer = "identity")(x))
  expect_equal(act("relu"), c(0, 1))
  expect_equal(act(activation_relu), c(0, 1))
  expect_equal(act(function(x) x * 2), c(-2, 2))
  expect_equal(act(layer_activation(activation = "relu")), c(0, 1))
  expect_error(layer_dense(units = 1, activation = "rleu"), "rleu", class = "keratin_error_argument")
})

test_that("relu up to a limit and clipped values pass the gradient on as TensorFlow's", {
  x <- k_constant(c(-1, 0, 2, 4, 6, 9, NaN))
  slope <- function(f) {
    with(tf$GradientTape() %as% tape, {
      tape$watch(x)
      y <- k_sum(f(x))
    })
    as.vector(as.array(tape$gradient(y, x)))
  }
  for (limit in list(6, 6L)) {
    expect_equal(as.vector(as.array(activation_relu(x, max_value = limit))), c(0, 0, 2, 4, 6, 6, NaN))
    expect_equal(slope(function(x) activation_relu(x, max_value = limit))[1:6], c(0, 0, 1, 1, 0, 0))
  }
  expect_equal(as.vector(as.array(activation_relu(x, max_value = 4)))[1:6], c(0, 0, 2, 4, 4, 4))
  expect_equal(as.vector(as.array(k_clip(x, 0, 4))), c(0, 0, 2, 4, 4, 4, NaN))
  expect_equal(slope(function(x) k_clip(x, 0, 4)), c(0, 1, 1, 1, 0, 0, 0))  # the bounds pass it on
  expect_identical(as.vector(as.array(k_clip(k_constant(c(-3L, 2L, 9L), dtype = "int32"), 0, 4))), c(0L, 2L, 4L))
  for (n in c(2, 15, 16, 17, 5000)) expect_equal(as.array(k_clip(sin(1:n), -0.5, 0.25)), array(pmax(-0.5, pmin(0.25, sin(1:n)))), tolerance = 1e-6)
})
