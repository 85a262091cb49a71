moments <- function(initializer, dims = c(300, 200)) {
  v <- as.array(initializer(dims))
  c(mean = mean(v), sd = sd(v), min = min(v), max = max(v))
}

test_that("initializers have the spread they say", {
  set.seed(7)
  expect_equal(moments(initializer_random_normal(mean = 1, stddev = 0.2))[1:2], c(mean = 1, sd = 0.2), tolerance = 0.01)
  cut <- moments(initializer_truncated_normal(stddev = 0.2))
  expect_equal(cut[["sd"]], 0.2 * 0.8796, tolerance = 0.01)
  expect_lte(cut[["max"]], 0.4)
  flat <- moments(initializer_random_uniform(-0.1, 0.3))
  expect_equal(flat[c("mean", "sd")], c(mean = 0.1, sd = 0.4 / sqrt(12)), tolerance = 0.02)
  expect_equal(moments(initializer_glorot_uniform())[["max"]], sqrt(6 / 500), tolerance = 0.001)
  expect_equal(moments(initializer_glorot_normal())[["sd"]], sqrt(2 / 500), tolerance = 0.01)
  expect_equal(moments(initializer_he_normal())[["sd"]], sqrt(2 / 300), tolerance = 0.01)
  expect_equal(moments(initializer_he_uniform())[["max"]], sqrt(6 / 300), tolerance = 0.001)
  expect_equal(moments(initializer_lecun_normal())[["sd"]], sqrt(1 / 300), tolerance = 0.01)
  expect_equal(moments(initializer_lecun_uniform())[["max"]], sqrt(3 / 300), tolerance = 0.001)
  expect_equal(moments(initializer_variance_scaling(scale = 2, mode = "fan_out", distribution = "untruncated_normal"))[["sd"]], sqrt(2 / 200),
               tolerance = 0.01)
})

test_that("fans of a convolution kernel count its window", {
  expect_equal(internal("compute_fans")(c(3L, 5L, 7L)), c(15, 21))
  expect_equal(internal("compute_fans")(4L), c(4, 4))
})

test_that("fixed values", {
  expect_equal(as.array(initializer_zeros()(c(2, 2))), matrix(0, 2, 2))
  expect_equal(as.array(initializer_constant(3)(2)), array(c(3, 3)))
  expect_equal(as.array(initializer_identity(gain = 2)(c(2, 3))), cbind(diag(2, 2), 0))
  q <- as.array(initializer_orthogonal(gain = 2)(c(2, 2, 3)))
  expect_equal(crossprod(matrix(q, 4)), diag(4, 3), tolerance = 1e-5)
  wide <- as.array(initializer_orthogonal()(c(2, 5)))
  expect_equal(tcrossprod(wide), diag(2), tolerance = 1e-5)
})

test_that("a seed fixes the values, and set.seed() decides without one", {
  expect_identical(as.array(initializer_he_normal(seed = 3)(c(2, 3))), as.array(initializer_he_normal(seed = 3)(c(2, 3))))
  draw <- function() { set.seed(5); as.array(initializer_he_normal()(c(2, 3))) }
  expect_identical(draw(), draw())
  set.seed(1); a <- runif(1); set.seed(1); initializer_orthogonal(seed = 2)(c(3, 3)); expect_identical(runif(1), a)
})

test_that("initializers by name, config, function", {
  expect_equal(layer_dense(units = 1, kernel_initializer = "he_normal")$kernel_initializer$get_config(), list(seed = NULL))
  expect_error(layer_dense(units = 1, kernel_initializer = "he_norml"), "he_norml", class = "keratin_error_argument")
  layer <- layer_dense(units = 2, kernel_initializer = function(shape, dtype = NULL) array(7, shape))
  layer(matrix(1, 1, 3))
  expect_equal(get_weights(layer)[[1]], matrix(7, 3, 2))
  expect_equal(get_config(from_config(get_config(initializer_he_normal(seed = 3))))$seed, 3L)
})

test_that("initializer_variance_scaling() names the argument that it refuses", {
  expect_error(initializer_variance_scaling(mode = "foo"), "`mode` must be .* Received: mode = \"foo\"", class = "keratin_error_argument")
  expect_error(initializer_variance_scaling(distribution = 1), "Received: distribution = 1", class = "keratin_error_argument")
})
