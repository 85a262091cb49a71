value <- function(x) as.vector(as.array(x))

# Three batches of random labels and scores, then a weighted one, as R keras gives them.
run_batches <- function(m) {
  set.seed(11)
  r <- list()
  for (b in 1:3) {
    yt <- matrix(rbinom(8, 1, 0.5), 8, 1)
    yp <- matrix(round(runif(8), 3), 8, 1)
    m$update_state(yt, yp)
    r[[b]] <- value(m$result())
  }
  m$reset_state()
  m$update_state(yt, yp, sample_weight = seq_len(8) / 8)
  c(unlist(r), value(m$result()))
}

test_that("metrics accumulate over batches and weigh samples", {
  expect_equal(run_batches(metric_binary_accuracy()), c(0.375, 0.5625, 14 / 24, 0.5555556), tolerance = 1e-6)
  expect_equal(run_batches(metric_auc()), c(0.4166667, 0.5256410, 0.6052632, 0.6896552), tolerance = 1e-6)
  expect_equal(run_batches(metric_auc(curve = "PR")), c(0.2091583, 0.1904173, 0.2363952, 0.2603286), tolerance = 1e-6)
  expect_equal(run_batches(metric_precision()), c(0.2, 1 / 6, 2 / 9, 0.2352941), tolerance = 1e-6)
  expect_equal(run_batches(metric_recall()), c(0.5, 1 / 3, 0.4, 0.5714286), tolerance = 1e-6)
  tied <- metric_precision(top_k = 2L)
  tied$update_state(matrix(c(0, 1, 1, 0), 1), matrix(c(0.5, 0.9, 0.5, 0.5), 1))   # the first of the equal ones counts
  expect_equal(value(tied$result()), 0.5)
  expect_equal(run_batches(metric_true_negatives()), c(2, 8, 12, 2))
  expect_equal(run_batches(metric_precision_at_recall(recall = 0.5)), c(1 / 3, 0.25, 0.3, 0.4), tolerance = 1e-6)
  expect_equal(run_batches(metric_specificity_at_sensitivity(sensitivity = 0.5)), c(0.6666667, 0.3846154, 0.6315789, 0.7931035), tolerance = 1e-6)
  expect_equal(run_batches(metric_root_mean_squared_error())[1]^2, run_batches(metric_mean_squared_error())[1], tolerance = 1e-6)
})

test_that("plain means, sums and tables", {
  m <- metric_mean()
  m$update_state(c(1, 2, 4))
  m$update_state(7)
  expect_equal(value(m$result()), 3.5)
  s <- metric_sum()
  s$update_state(c(1, 2, 4), sample_weight = c(1, 0, 1))
  expect_equal(value(s$result()), 5)
  iou <- metric_mean_iou(num_classes = 3)
  iou$update_state(c(0, 1, 2, 1, 0), c(0, 2, 2, 1, 1))
  expect_equal(value(iou$result()), 4 / 9, tolerance = 1e-6)
  t <- metric_mean_tensor()
  t$update_state(c(1, 3))
  t$update_state(c(3, 5))
  expect_equal(value(t$result()), c(2, 4))
})

test_that("the class with the k-th highest score is still a hit", {
  scores <- rbind(c(0.1, 0.5, 0.4), c(0.6, 0.3, 0.1))
  m <- metric_sparse_top_k_categorical_accuracy(k = 2)
  m$update_state(c(2L, 2L), scores)
  expect_equal(value(m$result()), 0.5)
})

test_that("precision at the top k counts only the k highest scores", {
  m <- metric_precision(top_k = 2)
  m$update_state(rbind(c(0, 0, 1, 1)), rbind(c(0.9, 0.1, 0.8, 0.2)))
  expect_equal(value(m$result()), 0.5)
})

test_that("\"accuracy\" is resolved from the shapes, as Keras does", {
  resolve <- function(y, p) class(internal("get_metric")("accuracy", y, p))[[1]]
  name_of <- function(y, p) {
    fn <- internal("unwrap")(internal("get_metric")("accuracy", y, p))$fn
    names(Filter(function(f) identical(f, fn), internal("metric_functions")()))
  }
  expect_equal(name_of(c(NA, 1L), c(NA, 1L)), "binary_accuracy")
  expect_equal(name_of(c(NA, 1L), c(NA, 3L)), "sparse_categorical_accuracy")
  expect_equal(name_of(c(NA, 3L), c(NA, 3L)), "categorical_accuracy")
  expect_equal(name_of(c(NA, 5L), c(NA, 5L, 3L)), "sparse_categorical_accuracy")
})

test_that("an unknown metric is an error that offers the nearest names", {
  expect_error(internal("get_metric")("acuracy"), "Did you mean \"accuracy\"", class = "keratin_error_argument")
  expect_error(metric_precision(thresholds = 1.5), class = "keratin_error_argument")
  expect_error(metric_auc(curve = "XY"), class = "keratin_error_argument")
})

test_that("metrics of one class have names of their own", {
  k_clear_session()
  expect_equal(metric_auc()$name, "auc")
  expect_equal(metric_auc()$name, "auc_1")
  expect_equal(metric_mean_absolute_error()$name, "mean_absolute_error")
  expect_s3_class(metric_auc(), "keras.metrics.base_metric.Metric")
})

test_that("a metric of one's own keeps state", {
  Longest <- new_metric_class("longest",
    initialize = function(name = "longest", ...) { super$initialize(name = name, ...); self$n <- self$add_weight(name = "n", initializer = "zeros") },
    update_state = function(y_true, y_pred, sample_weight = NULL) self$n$assign_add(length(y_pred)),
    result = function() self$n)
  m <- Longest()
  m$update_state(0, c(1, 2))
  m$update_state(0, c(1, 2, 3))
  expect_equal(value(m$result()), 5)
  m$reset_state()
  expect_equal(value(m$result()), 0)
})

test_that("metric_binary_accuracy() weighs label by label", {
  truth <- rbind(c(1, 0), c(1, 1))
  predicted <- rbind(c(0.9, 0.9), c(0.2, 0.8))   # hits: 1 0 / 0 1
  weight <- rbind(c(1, 2), c(3, 4))
  metric <- metric_binary_accuracy()
  metric$update_state(truth, predicted, sample_weight = weight)
  expect_equal(as.numeric(metric$result()), 5 / 10)
  of_samples <- metric_binary_accuracy()
  of_samples$update_state(truth, predicted, sample_weight = c(1, 3))
  expect_equal(as.numeric(of_samples$result()), 0.5)
  expect_equal(as.numeric(metric_binary_accuracy(truth, predicted)), c(0.5, 0.5))
})

test_that("counts at thresholds are those of comparing each value with each threshold", {
  set.seed(3)
  x <- matrix(sample(c(0, 0.25, 0.3, 0.5, 0.75, 1, NaN), 60000, TRUE), 20000)
  truth <- matrix(sample(c(0, 1, 2), 60000, TRUE), 20000)
  weights <- matrix(sample(1:4, 60000, TRUE), 20000) / 4
  thresholds <- c(0.5, 0.25, 0.9, 0.25)
  above <- function(level) !is.nan(x) & x > level
  direct <- function(w) list(
    tp = t(sapply(thresholds, function(level) colSums(w * (above(level) & truth != 0)))),
    fp = t(sapply(thresholds, function(level) colSums(w * (above(level) & truth == 0)))),
    tn = t(sapply(thresholds, function(level) colSums(w * (!above(level) & truth == 0)))),
    fn = t(sapply(thresholds, function(level) colSums(w * (!above(level) & truth != 0)))))
  in32 <- function(x) tensor(x, "float32")
  expect_equal(lapply(op_threshold_counts(in32(x), in32(truth), thresholds, in32(weights)), as.array), direct(weights))
  expect_equal(lapply(op_threshold_counts(in32(x), in32(truth), thresholds), as.array), direct(1))
  one <- op_threshold_counts(in32(matrix(x)), in32(matrix(truth)), 0.25, in32(matrix(weights)))
  expect_equal(vapply(one, function(count) c(as.array(count)), 0), vapply(direct(weights), function(counts) sum(counts[2L, ]), 0))
  expect_error(op_threshold_counts(in32(x), in32(truth[, 1:2]), 0.5), class = "keratin_error_shape")
})

test_that("an infinite loss is infinite, not NaN", {
  m <- metric_mean()
  m$update_state(Inf, sample_weight = 4)
  m$update_state(1, sample_weight = 4)
  expect_equal(value(m$result()), Inf)
  model <- keras_model_sequential(input_shape = 1) |> layer_dense(1, kernel_initializer = "ones")
  model |> compile("sgd", "mse")
  expect_equal(evaluate(model, matrix(c(1e25, 1, 2, 3)), rep(0, 4), verbose = 0), c(loss = Inf))
  p <- metric_precision()
  p$update_state(c(1, 1, 0), c(0.9, NaN, 0.2), sample_weight = c(1, 2, 3))
  expect_equal(value(p$result()), 1)
})

test_that("metrics from their class names are named alike in every model", {
  for (pass in 1:2) {
    model <- keras_model_sequential(input_shape = 2) |> layer_dense(1, activation = "sigmoid")
    model |> compile("sgd", "mse", metrics = c("AUC", "Precision"))
    expect_named(evaluate(model, diag(2), c(0, 1), verbose = 0), c("loss", "auc", "precision"))
  }
})
