# Metrics of functions: their mean over the samples, beside R's own arithmetic.
y <- rbind(c(0, 1, 0), c(1, 0, 0), c(0, 0, 1))
p <- rbind(c(0.1, 0.8, 0.1), c(0.3, 0.6, 0.1), c(0.2, 0.2, 0.6))
label <- c(1L, 0L, 2L)
value <- function(metric, truth = y) { metric$update_state(truth, p); as.numeric(metric$result()) }

test_that("metrics give the mean of their function", {
  entropy <- -log(c(0.8, 0.3, 0.6))
  unit <- function(x) x / sqrt(rowSums(x^2))
  expected <- list(
    list(metric_accuracy(), mean(y == p)), list(metric_categorical_accuracy(), 2 / 3), list(metric_top_k_categorical_accuracy(k = 2), 1),
    list(metric_categorical_crossentropy(), mean(entropy)),
    list(metric_binary_crossentropy(), mean(-(y * log(p) + (1 - y) * log(1 - p)))),
    list(metric_kullback_leibler_divergence(), mean(rowSums(y * log(pmax(y, 1e-7) / p)))),
    list(metric_hinge(), mean(pmax(1 - (2 * y - 1) * p, 0))), list(metric_squared_hinge(), mean(pmax(1 - (2 * y - 1) * p, 0)^2)),
    list(metric_categorical_hinge(), mean(pmax(0, 1 + apply((1 - y) * p, 1, max) - rowSums(y * p)))),
    list(metric_cosine_similarity(), mean(rowSums(unit(y) * unit(p)))), list(metric_cosine_proximity(), mean(rowSums(unit(y) * unit(p)))),
    list(metric_logcosh_error(), mean(log(cosh(p - y)))), list(metric_mean_squared_logarithmic_error(), mean((log1p(p) - log1p(y))^2)),
    list(metric_poisson(), mean(p - y * log(p + 1e-7))),
    list(metric_mean_absolute_percentage_error(), mean(abs(y - p) / pmax(y, 1e-7)) * 100),
    list(metric_mean_wrapper(fn = function(y_true, y_pred) k_mean(y_pred * 2, axis = -1)), 2 / 3),
    list(metric_false_negatives(), 1), list(metric_false_positives(), 1), list(metric_true_positives(), 2),
    list(metric_recall_at_precision(precision = 0.5), 1), list(metric_mean_relative_error(normalizer = matrix(2, 3, 3)), mean(abs(y - p) / 2)))
  for (case in expected) expect_equal(value(case[[1L]]), case[[2L]], tolerance = 1e-4, label = class(case[[1L]])[1L])
  expect_equal(value(metric_sparse_categorical_accuracy(), label), 2 / 3, tolerance = 1e-6)
  expect_equal(value(metric_sparse_categorical_crossentropy(), label), mean(entropy), tolerance = 1e-6)
  expect_equal(value(metric_sensitivity_at_specificity(specificity = 0.5)), 1, tolerance = 1e-6)
  expect_equal(as.numeric(loss_kl_divergence(y, p)), as.numeric(rowSums(y * log(pmax(y, 1e-7) / p))), tolerance = 1e-4)
  expect_equal(as.numeric(loss_cosine_proximity(y, p)), -rowSums(unit(y) * unit(p)), tolerance = 1e-5)
  own <- custom_metric("own", function(y_true, y_pred) k_mean(y_pred))
  model <- keras_model_sequential(input_shape = 3) |> layer_activation("linear")
  model |> compile("sgd", "mse", metrics = list(own))
  expect_equal(evaluate(model, p, y, verbose = 0)[["own"]], mean(p), tolerance = 1e-6)
})
