y_true <- rbind(c(0, 1, 2), c(1, -1, 0.5))
y_pred <- rbind(c(0.5, 1, 1), c(2, 1, 0.5))
value <- function(x) as.vector(as.array(x))

test_that("losses of regression are means over the last axis", {
  expect_equal(value(loss_mean_squared_error(y_true, y_pred)), c(1.25 / 3, 5 / 3), tolerance = 1e-6)
  expect_equal(value(loss_mean_absolute_error(y_true, y_pred)), c(0.5, 1), tolerance = 1e-6)
  expect_equal(value(loss_mean_absolute_percentage_error(y_true[2, , drop = FALSE], y_pred[2, , drop = FALSE])), 100, tolerance = 1e-6)
  expect_equal(value(loss_mean_squared_logarithmic_error(abs(y_true), y_pred)), rowMeans((log(abs(y_true) + 1) - log(y_pred + 1))^2),
               tolerance = 1e-5)
  expect_equal(value(loss_logcosh(y_true, y_pred)), rowMeans(log(cosh(y_pred - y_true))), tolerance = 1e-5)
  expect_equal(value(loss_huber(y_true, y_pred)), c((0.125 + 0 + 0.5) / 3, (0.5 + 1.5) / 3), tolerance = 1e-6)
  expect_equal(value(loss_huber(y_true, y_pred, delta = 0.3)), c(0.3 * ((0.5 - 0.15) + (1 - 0.15)) / 3, 0.3 * ((1 - 0.15) + (2 - 0.15)) / 3),
               tolerance = 1e-6)
  expect_equal(value(loss_poisson(abs(y_true), y_pred)), rowMeans(y_pred - abs(y_true) * log(y_pred)), tolerance = 1e-5)
  cosine <- -rowSums(y_true * y_pred) / sqrt(rowSums(y_true^2) * rowSums(y_pred^2))
  expect_equal(value(loss_cosine_similarity(y_true, y_pred)), cosine, tolerance = 1e-6)
  expect_equal(length(value(loss_cosine_similarity(y_true, y_pred, axis = 1))), 3)
})

test_that("hinges take 0/1 labels for -1/1", {
  labels <- rbind(c(0, 1), c(1, 1))
  p <- rbind(c(0.5, 0.5), c(2, -1))
  expect_equal(value(loss_hinge(labels, p)), c((1.5 + 0.5) / 2, (0 + 2) / 2), tolerance = 1e-6)
  expect_equal(value(loss_squared_hinge(2 * labels - 1, p)), c((1.5^2 + 0.5^2) / 2, 2), tolerance = 1e-6)
  expect_equal(value(loss_categorical_hinge(rbind(c(0, 1, 0)), rbind(c(0.3, 0.5, 0.2)))), 0.3 - 0.5 + 1, tolerance = 1e-6)
})

test_that("cross-entropies agree between probabilities, logits and class ids", {
  logits <- rbind(c(1, 2, -1), c(0.2, -0.3, 0.5))
  p <- exp(logits) / rowSums(exp(logits))
  onehot <- rbind(c(0, 1, 0), c(1, 0, 0))
  expected <- -log(c(p[1, 2], p[2, 1]))
  expect_equal(value(loss_categorical_crossentropy(onehot, p)), expected, tolerance = 1e-5)
  expect_equal(value(loss_categorical_crossentropy(onehot, logits, from_logits = TRUE)), expected, tolerance = 1e-5)
  expect_equal(value(loss_sparse_categorical_crossentropy(c(1L, 0L), p)), expected, tolerance = 1e-5)
  expect_equal(value(loss_sparse_categorical_crossentropy(matrix(c(1, 0)), logits, from_logits = TRUE)), expected, tolerance = 1e-5)
  smooth <- onehot * 0.8 + 0.2 / 3
  expect_equal(value(loss_categorical_crossentropy(onehot, p, label_smoothing = 0.2)), -rowSums(smooth * log(p)), tolerance = 1e-5)
  q <- plogis(logits)
  expect_equal(value(loss_binary_crossentropy(onehot, q)), -rowMeans(onehot * log(q) + (1 - onehot) * log(1 - q)), tolerance = 1e-5)
  expect_equal(value(loss_binary_crossentropy(onehot, logits, from_logits = TRUE)), value(loss_binary_crossentropy(onehot, q)), tolerance = 1e-5)
  expect_equal(value(loss_kullback_leibler_divergence(p, onehot * 0.98 + 0.01)), rowSums(p * log(p / (onehot * 0.98 + 0.01))), tolerance = 1e-4)
})

test_that("a probability that rounds to 0 does not make the training loss infinite or clipped: logits are taken", {
  model <- keras_model_sequential() %>% layer_dense(2, activation = "softmax", input_shape = 1, kernel_initializer = initializer_constant(0),
                                                    bias_initializer = initializer_constant(0))
  set_weights(model, list(matrix(c(0, 50), 1), array(c(0, 0))))
  model %>% compile(optimizer = "sgd", loss = "categorical_crossentropy")
  expect_equal(unname(evaluate(model, matrix(1), rbind(c(1, 0)), verbose = 0)), 50, tolerance = 1e-4)
})

test_that("loss objects weigh samples and reduce", {
  per_sample <- rowMeans(abs(y_pred - y_true))
  expect_equal(value(loss_mean_absolute_error(reduction = "sum")(y_true, y_pred)), sum(per_sample), tolerance = 1e-6)
  expect_equal(value(loss_mean_absolute_error()(y_true, y_pred, sample_weight = c(1, 3))), sum(per_sample * c(1, 3)) / 2, tolerance = 1e-6)
  expect_equal(value(loss_mean_absolute_error(reduction = "none")(y_true, y_pred, sample_weight = c(1, 3))), per_sample * c(1, 3), tolerance = 1e-6)
  loss <- loss_huber(delta = 0.5, name = "mine")
  expect_equal(loss$delta, 0.5)
  expect_equal(loss$name, "mine")
  expect_s3_class(loss, "keras.losses.Huber")
})

test_that("losses are found by name, in every spelling", {
  get_loss <- internal("get_loss")
  for (name in c("mse", "MSE", "mean_squared_error", "MeanSquaredError")) expect_equal(
    value(get_loss(name)(y_true, y_pred)), mean(rowMeans((y_pred - y_true)^2)), tolerance = 1e-6)
  expect_error(get_loss("mean_sqared_error"), "Did you mean \"mean_squared_error\"", class = "keratin_error_argument")
  expect_error(loss_mean_squared_error(reduction = "average"), class = "keratin_error_argument")
  expect_error(loss_mean_squared_error(y_true), class = "keratin_error_argument")
})

test_that("losses go through their configuration", {
  loss <- loss_sparse_categorical_crossentropy(from_logits = TRUE)
  copy <- internal("deserialize_loss")(internal("serialize_loss")(loss))
  expect_true(copy$from_logits)
  expect_identical(class(copy), class(loss))
})

test_that("samples of the ignored class count for nothing, in losses, fit() and files", {
  y <- c(0, -1, 2)
  p <- rbind(c(0.7, 0.2, 0.1), c(0.1, 0.1, 0.8), c(0.25, 0.25, 0.5))
  loss <- loss_sparse_categorical_crossentropy(ignore_class = -1)
  expect_equal(as.array(loss(y, p)), -mean(log(c(0.7, 0.5))), tolerance = 1e-6)
  expect_equal(as.numeric(as.array(loss_sparse_categorical_crossentropy(y, p, ignore_class = -1))), -log(c(0.7, 1, 0.5)), tolerance = 1e-6)
  model <- keras_model_sequential(input_shape = 3) |> layer_dense(3, activation = "softmax")
  model |> compile(optimizer = "sgd", loss = loss)
  expect_true(is.finite(fit(model, p, y, epochs = 1, verbose = 0)$metrics$loss))
  expect_error(loss_poisson(ignore_class = 1), "ignore_class")
  again <- keratin:::deserialize_loss(keratin:::serialize_loss(loss))
  expect_equal(as.array(again(y, p)), as.array(loss(y, p)))
})

test_that("axes of losses and metrics survive their configs", {
  a <- array(seq_len(12) / 7, c(2, 3, 2))
  b <- aperm(a, c(1, 2, 3))[, 3:1, ]
  loss <- loss_cosine_similarity(axis = 2)
  again <- keratin:::deserialize_loss(keratin:::serialize_loss(loss))
  expect_equal(as.array(again(a, b)), as.array(loss(a, b)))
  metric <- metric_cosine_similarity(axis = 2)
  copy <- keratin:::deserialize_metric(keratin:::serialize_metric(metric))
  metric$update_state(a, b)
  copy$update_state(a, b)
  expect_equal(as.array(copy$result()), as.array(metric$result()))
  focal <- keratin:::deserialize_loss(list(class_name = "BinaryFocalCrossentropy", config = list(gamma = 0, apply_class_balancing = FALSE)))
  expect_equal(as.array(focal(matrix(1), matrix(0.25))), -log(0.25), tolerance = 1e-6)
})

test_that("weights that a loss has no place for are an error, a batch of ignored samples leaves the weights alone", {
  expect_error(loss_mean_squared_error()(c(1, 2, 3), c(1, 2, 4), sample_weight = c(1, 1, 0)), class = "keratin_error_shape", "sample_weight.*\\(3\\)")
  expect_equal(as.array(loss_mean_squared_error()(c(1, 2, 3), c(1, 2, 4), sample_weight = 3)), 1, tolerance = 1e-6)
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(3)
  model |> compile("sgd", loss_sparse_categorical_crossentropy(from_logits = TRUE, ignore_class = -1L))
  before <- get_weights(model)
  expect_true(is.nan(train_on_batch(model, matrix(1:4, 2), c(-1, -1))))   # the mean over no samples
  expect_equal(get_weights(model), before)
})
