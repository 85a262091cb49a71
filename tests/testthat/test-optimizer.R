# Losses of four epochs, as R keras 2.15 gives them.
losses_with <- function(optimizer) {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer, loss = "mse")
  fit_fixed(model)$metrics$loss
}
expect_losses <- function(optimizer, expected) expect_equal(losses_with(optimizer), expected, tolerance = 1e-4)

test_that("optimizers make Keras's steps", {
  expect_losses(optimizer_sgd(0.05, momentum = 0.9, nesterov = TRUE), c(0.8137238, 0.6421226, 0.6596042, 0.6875596))
  expect_losses(optimizer_adam(), c(0.8182744, 0.8092607, 0.8021476, 0.7953523))
  expect_losses(optimizer_adam(0.01, beta_1 = 0.8, amsgrad = TRUE), c(0.8277548, 0.7481384, 0.7031960, 0.6738155))
  expect_losses(optimizer_rmsprop(0.01, rho = 0.8, momentum = 0.5, centered = TRUE), c(0.8476279, 0.6804255, 0.6343250, 0.6202711))
  expect_losses(optimizer_adamax(0.01), c(0.8280696, 0.7687785, 0.7346985, 0.7085182))
  expect_losses(optimizer_nadam(0.01), c(0.8198451, 0.7711729, 0.7335770, 0.7025943))
  expect_losses(optimizer_adagrad(0.1), c(0.8095527, 0.6801255, 0.6579553, 0.6480033))
  expect_losses(optimizer_adadelta(1), c(0.8175101, 0.8074444, 0.7985768, 0.7902623))
  expect_losses(optimizer_ftrl(0.1, l1_regularization_strength = 0.001, l2_regularization_strength = 0.01),
                c(0.7523804, 0.7469820, 0.7308633, 0.7160506))
})

test_that("weight decay, the three kinds of clipping and moving averages", {
  expect_losses(optimizer_adam(0.01, weight_decay = 0.01), c(0.8283299, 0.7486143, 0.7019480, 0.6704238))
  expect_losses(optimizer_sgd(0.1, clipnorm = 0.1), c(0.8208970, 0.7997075, 0.7805107, 0.7631770))
  expect_losses(optimizer_sgd(0.1, clipvalue = 0.05), c(0.8187976, 0.7918894, 0.7691291, 0.7497897))
  expect_losses(optimizer_sgd(0.1, global_clipnorm = 0.2), c(0.8162110, 0.7913370, 0.7694088, 0.7501079))
  expect_losses(optimizer_adam(0.01, use_ema = TRUE, ema_momentum = 0.9), c(0.8283793, 0.7487126, 0.7020311, 0.6704639))
})

test_that("with use_ema the weights are their averages after fit()", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(0.1, use_ema = TRUE, ema_momentum = 0.5), loss = "mse")
  fit_fixed(model, epochs = 1)
  expect_equal(get_weights(model)[[1]], as.array(model$optimizer$averages[[1]]))
})

test_that("schedules follow their formulas", {
  at <- function(schedule, steps) vapply(steps, function(t) as.numeric(as.array(schedule(t))), 0)
  expect_equal(at(learning_rate_schedule_exponential_decay(0.1, 10, 0.5), c(0, 5, 20)), 0.1 * 0.5^c(0, 0.5, 2), tolerance = 1e-6)
  expect_equal(at(learning_rate_schedule_exponential_decay(0.1, 10, 0.5, staircase = TRUE), c(9, 10)), c(0.1, 0.05), tolerance = 1e-6)
  expect_equal(at(learning_rate_schedule_inverse_time_decay(0.1, 10, 0.5), 20), 0.05, tolerance = 1e-6)
  expect_equal(at(learning_rate_schedule_polynomial_decay(0.1, 20, 0.01, power = 2), c(5, 33)), c(0.060625, 0.01), tolerance = 1e-6)
  expect_equal(at(learning_rate_schedule_piecewise_constant_decay(c(5, 15), c(0.1, 0.05, 0.01)), c(5, 6, 33)), c(0.1, 0.05, 0.01), tolerance = 1e-6)
  expect_equal(at(learning_rate_schedule_cosine_decay(0.1, 20, alpha = 0.1), c(10, 33)), c(0.055, 0.01), tolerance = 1e-6)
  expect_equal(at(learning_rate_schedule_cosine_decay_restarts(0.1, 6, t_mul = 2, m_mul = 0.9), c(5, 6, 20)), c(0.006698731, 0.09, 0.07962),
               tolerance = 1e-4)
})

test_that("the learning rate can be read and set while a traced step exists", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(0.1), loss = "mse")
  fit_fixed(model, epochs = 1)
  model$optimizer$learning_rate <- 0
  before <- get_weights(model)
  fit_fixed(model, epochs = 1)
  expect_identical(get_weights(model), before)
  model$optimizer$learning_rate$assign(0.2)
  expect_equal(as.numeric(as.array(model$optimizer$lr)), 0.2, tolerance = 1e-6)
  expect_equal(as.numeric(as.array(model$optimizer$iterations)), 8)
  expect_warning(old <- optimizer_sgd(lr = 0.5), "renamed")
  expect_equal(old$get_config()$learning_rate, 0.5)
})

test_that("optimizers serve loops of one's own", {
  v <- k_variable(c(1, 2))
  optimizer <- optimizer_sgd(0.1)
  with(tf$GradientTape() %as% tape, loss <- k_sum(v * v))
  optimizer$apply_gradients(list(list(tape$gradient(loss, v), v)))
  expect_equal(as.vector(as.array(v)), c(0.8, 1.6), tolerance = 1e-6)
  optimizer$minimize(function() k_sum(v * v), list(v))
  expect_equal(as.vector(as.array(v)), c(0.64, 1.28), tolerance = 1e-6)
})

test_that("weight decay leaves out what is excluded", {
  kernel <- k_variable(2, name = "kernel")
  bias <- k_variable(2, name = "bias")
  optimizer <- optimizer_sgd(0.5, weight_decay = 0.1)
  optimizer$exclude_from_weight_decay(var_names = list("bias"))
  zero <- k_constant(0)
  optimizer$apply_gradients(list(list(zero, kernel), list(zero, bias)))
  expect_equal(c(as.array(kernel), as.array(bias)), c(1.9, 2), tolerance = 1e-6)
})

test_that("bad settings are errors", {
  expect_error(optimizer_adam(clipnorm = 1, clipvalue = 1), class = "keratin_error_argument")
  expect_error(optimizer_sgd(learning_rate = "fast"), class = "keratin_error_argument")
  expect_error(optimizer_sgd(momentum = 2), class = "keratin_error_argument")
  expect_error(optimizer_adam(beta_1 = 1), class = "keratin_error_argument")
  expect_error(optimizer_adam(speed = 1), "speed", class = "keratin_error_argument")
  expect_error(internal("get_optimizer")("adamm"), "Did you mean \"adam\"", class = "keratin_error_argument")
})

test_that("an optimizer goes through its configuration", {
  optimizer <- optimizer_adam(learning_rate_schedule_exponential_decay(0.1, 10, 0.5), beta_1 = 0.8, clipnorm = 1)
  copy <- internal("deserialize_optimizer")(internal("serialize_optimizer")(optimizer))
  expect_equal(copy$get_config(), optimizer$get_config())
  expect_identical(class(copy), class(optimizer))
})

test_that("plain gradient descent has a slot per weight, and weights are excluded from decay by identity", {
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(1)
  optimizer <- optimizer_sgd(0.1, weight_decay = 0.5)
  optimizer$exclude_from_weight_decay(var_list = list(model$trainable_weights[[1]]))
  model |> compile(optimizer = optimizer, loss = "mse")
  before <- get_weights(model)
  train_on_batch(model, matrix(0, 1, 2), predict(model, matrix(0, 1, 2), verbose = 0))
  expect_equal(get_weights(model)[[1]], before[[1]])
  expect_equal(vapply(optimizer$variables(), function(v) v$name, ""),
               c("iteration:0", paste0("SGD/m/", vapply(model$weights, function(w) w$name, ""))))
})

test_that("the learning rate of a schedule is that of the latest update", {
  optimizer <- optimizer_sgd(learning_rate_schedule_exponential_decay(0.1, 1, 0.5))
  rate <- function() as.numeric(as.array(optimizer$learning_rate))
  expect_equal(rate(), 0.1, tolerance = 1e-6)
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(1)
  model |> compile(optimizer, "mse")
  for (wanted in c(0.1, 0.05, 0.025)) {
    train_on_batch(model, matrix(1:4, 2), c(0, 0))
    expect_equal(rate(), wanted, tolerance = 1e-6)
  }
})
