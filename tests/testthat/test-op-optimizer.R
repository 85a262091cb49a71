# One step of each, against the formulas of Keras 2.15 in R.
set.seed(4)
n <- 21L
p <- rnorm(n); g <- rnorm(n); m <- rnorm(n) * 0.1; v <- runif(n); w <- runif(n)
lr <- 0.01
as_vectors <- function(result) lapply(result, function(x) c(as.array(x)))
arrays <- function(...) lapply(list(...), function(x) double_tensor(array(x)))
step_of <- function(name, state, ...) as_vectors(do.call(internal(paste0("op_", name, "_update")), c(do.call(arrays, state), list(...))))
m2 <- m + (g - m) * 0.1
v2 <- v + (g^2 - v) * 0.001

test_that("sgd, with momentum, with Nesterov's, with weight decay", {
  expect_equal(step_of("sgd", list(p, g), lr), list(p - lr * g))
  expect_equal(step_of("sgd", list(p, g), lr, weight_decay = 0.1), list(p * (1 - 0.1 * lr) - lr * g))
  velocity <- 0.9 * m - lr * g
  expect_equal(step_of("sgd", list(p, g), lr, double_tensor(array(m)), 0.9), list(p + velocity, velocity))
  expect_equal(step_of("sgd", list(p, g), lr, double_tensor(array(m)), 0.9, TRUE), list(p + 0.9 * velocity - lr * g, velocity))
})

test_that("adam, amsgrad, adamax, nadam", {
  alpha <- lr * sqrt(1 - 0.999^3) / (1 - 0.9^3)
  expect_equal(step_of("adam", list(p, m, v, g), lr, 3L), list(p - alpha * m2 / (sqrt(v2) + 1e-7), m2, v2))
  most <- pmax(w, v2)
  expect_equal(step_of("adam", list(p, m, v, g), lr, 3L, v_hat = double_tensor(array(w))), list(p - alpha * m2 / (sqrt(most) + 1e-7), m2, v2, most))
  u <- pmax(0.999 * v, abs(g))
  expect_equal(step_of("adamax", list(p, m, v, g), lr, 3L), list(p - lr / (1 - 0.9^3) * m2 / (u + 1e-7), m2, u))
  u_t <- 0.9 * (1 - 0.5 * 0.96^3)
  u_next <- 0.9 * (1 - 0.5 * 0.96^4)
  direction <- u_next * m2 / (1 - 0.3 * u_next) + (1 - u_t) * g / (1 - 0.3)
  expect_equal(step_of("nadam", list(p, m, v, g), lr, 3L, 0.3), list(p - lr * direction / (sqrt(v2 / (1 - 0.999^3)) + 1e-7), m2, v2))
})

test_that("rmsprop, adagrad, adadelta, ftrl", {
  velocity <- 0.9 * v + 0.1 * g^2
  expect_equal(step_of("rmsprop", list(p, v, g), lr), list(p - lr * g / sqrt(velocity + 1e-7), velocity))
  average <- 0.9 * m + 0.1 * g
  momentum <- 0.8 * w + lr * g / sqrt(velocity - average^2 + 1e-7)
  expect_equal(step_of("rmsprop", list(p, v, g), lr, double_tensor(array(m)), double_tensor(array(w)), momentum = 0.8),
               list(p - momentum, velocity, average, momentum))
  expect_equal(step_of("adagrad", list(p, v, g), lr), list(p - lr * g / sqrt(v + g^2 + 1e-7), v + g^2))
  total <- 0.95 * v + 0.05 * g^2
  delta <- -sqrt(w + 1e-7) / sqrt(total + 1e-7) * g
  expect_equal(step_of("adadelta", list(p, v, w, g), lr), list(p + lr * delta, total, 0.95 * w + 0.05 * delta^2))
  new <- v + g^2
  linear <- m + g + 0.02 * p - (sqrt(new) - sqrt(v)) / lr * p
  expect_equal(step_of("ftrl", list(p, v, m, g), lr, l1 = 0.01, l2 = 0.02, l2_shrinkage = 0.01, beta = 0.1),
               list((pmin(pmax(linear, -0.01), 0.01) - linear) / (sqrt(new) / lr + 2 * (0.02 + 0.1 / (2 * lr))), new, linear))
})

test_that("every update keeps a moving average, and takes it over when told to", {
  kept <- new_variable(array(w), "average", dtype = "float64")
  calls <- list(sgd = list(p, g), adam = list(p, m, v, g), adamax = list(p, m, v, g), rmsprop = list(p, v, g), adagrad = list(p, v, g),
                adadelta = list(p, v, w, g),
                nadam = list(p, m, v, g), ftrl = list(p, v, m, g))
  further <- list(adam = 3L, adamax = 3L, nadam = list(3L, 0.3))
  for (name in names(calls)) {
    step <- function(...) do.call(step_of, c(list(name, calls[[name]], lr), further[[name]], list(...)))
    plain <- step()
    average <- 0.9 * w + 0.1 * plain[[1L]]
    expect_equal(step(average = list(variable = kept, momentum = 0.9, overwrite = 0)), c(plain, list(average)))
    plain[[1L]] <- average
    expect_equal(step(average = list(variable = kept, momentum = 0.9, overwrite = 1)), c(plain, list(average)))
  }
})
