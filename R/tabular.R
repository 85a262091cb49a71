# Data frames in, predictions out: keratin(formula, data) fits a network of dense layers and keeps what is needed to predict with it.

#' Fit a neural network to a data frame
#'
#' A network of dense layers for regression and classification, used as [stats::lm()] or [stats::glm()] are: a formula and a data frame,
#' or predictors and an outcome. The type of the outcome decides what is fitted: numbers give a regression (several columns, as in
#' `cbind(a, b) ~ .`, are fitted together), a logical or a factor of two levels a binary classification, a factor of more levels (or
#' character) a classification over all of them.
#'
#' The fitted object holds everything that [predict()][predict.keratin()] needs: the network, factor levels, contrasts, and the means
#' and standard deviations by which predictors (and the outcome of a regression) were scaled. It survives [saveRDS()], in a new R
#' session too.
#'
#' Rows with missing values are left out, with a message, as `na.action` says. The random choices (initial weights, order of the rows,
#' dropout, held-out rows) follow [set.seed()].
#'
#' Where the package parsnip is loaded, `"keratin"` is an engine of its `mlp()`: `mlp(hidden_units = 16, epochs = 50) |>
#' set_engine("keratin") |> set_mode("classification")`. Further arguments of `keratin()` may be given to `set_engine()`.
#'
#' @param x A formula, or the predictors: a data frame, or a numeric matrix.
#' @param formula Outcome and predictors, as for [stats::glm()]: `y ~ .`, `log(y) ~ a * b`. An `offset()` is added to what the network
#'   gives: to the number, to the logarithm of a count (`loss = "poisson"`), to the log odds of the second of two classes.
#' @param data Data frame in which the names of the formula are looked up.
#' @param y The outcome: a vector, factor, or a matrix of several numeric outcomes.
#' @param weights Weights of the rows in the loss, or `NULL`. In the formula form looked up in `data` first.
#' @param subset Rows of `data` to use; looked up in `data` first.
#' @param na.action What to do with missing values, [stats::na.omit()] or [stats::na.fail()].
#' @param contrasts `NULL`, or a list of contrasts for factors, see [stats::model.matrix()].
#' @param ... How the network is built and trained, in all forms:
#'   * `hidden_units = c(32, 16)`: units of the hidden layers, one number a layer; `NULL` or 0 for none (a linear model).
#'   * `activation = "relu"`: activation of the hidden layers, one for all or one a layer.
#'   * `dropout = 0`: share of units left out at random after each hidden layer while training.
#'   * `penalty = 0`: L2 penalty on the weights of the layers.
#'   * `network = NULL`: `NULL`, or a function that takes the symbolic tensor of the predictors and gives that of the last hidden
#'     layer, in place of the above four.
#'   * `epochs = 100`: passes over the data.
#'   * `batch_size = 32`: rows a gradient step.
#'   * `learning_rate = 0.01`: learning rate of the optimizer.
#'   * `optimizer = "adam"`: name of an optimizer, or an `optimizer_*()`, which has a learning rate of its own.
#'   * `loss = NULL`: `NULL` for what fits the outcome (mean squared error, or cross-entropy), or another loss for [compile()]. With
#'     `"poisson"` the outcome is a count: the network gives the logarithm of the number to be expected.
#'   * `scale = TRUE`: whether to scale predictors, and the outcome of a regression, to mean 0 and standard deviation 1. The loss is
#'     then that of scaled outcomes.
#'   * `validation = 0`: share of the rows, drawn at random, to be held out: the loss on them is shown, and watched by `patience`.
#'   * `patience = NULL`: `NULL`, or the number of epochs without an improvement after which training stops; the best weights are
#'     kept.
#'   * `callbacks = NULL`: list of callbacks for [fit()].
#'   * `verbose = 0`: 0 silent, 1 progress bar, 2 one line an epoch.
#' @return An object of class `"keratin"`: a list with `model` (the network), `history`, `fitted.values`, `residuals`, `levels`, `terms`
#'   and others. It has methods for `predict()`, `print()`, `summary()`, `plot()` (of the history), `fitted()`, `residuals()`,
#'   `formula()`, `nobs()` and [stats::update()].
#' @seealso [predict.keratin()]
#' @examples
#' set.seed(1)
#' fit <- keratin(Species ~ ., data = iris, hidden_units = 16, epochs = 30)
#' fit
#' predict(fit, head(iris), type = "class")
#' round(predict(fit, head(iris), type = "prob"), 2)
#'
#' cars <- keratin(mpg ~ wt + factor(cyl), data = mtcars, hidden_units = 8, epochs = 60)
#' predict(cars, data.frame(wt = 3, cyl = c(4, 8)))
#' @export
keratin <- function(x, ...) UseMethod("keratin")

#' @rdname keratin
#' @exportS3Method
keratin.formula <- function(formula, data = NULL, weights = NULL, subset = NULL, na.action = stats::na.omit, contrasts = NULL, ...) {
  call <- match.call()
  call[[1L]] <- quote(keratin)
  check_formula_data(formula, data)
  frame <- match.call(expand.dots = FALSE)
  frame <- frame[c(1L, match(c("formula", "data", "weights", "subset"), names(frame), 0L))]
  frame[[1L]] <- quote(stats::model.frame)
  frame["na.action"] <- list(quote(stats::na.pass))
  frame$drop.unused.levels <- FALSE
  frame <- eval(frame, parent.frame())
  frame <- complete_rows(frame, na.action)
  outcome <- stats::model.response(frame)
  if (is.null(outcome)) abort_argument("`formula` has no outcome on its left-hand side. Received: ", received(formula), ".")
  encoder <- new_encoder(frame, contrasts)
  name <- paste(deparse(formula[[2L]]), collapse = " ")
  fit_tabular(call, encoder, frame, outcome, name, stats::model.weights(frame), formula, ...)
}

# The columns that the formula names must be in the data (or, as in lm(), where the formula was written).
check_formula_data <- function(formula, data) {
  if (is.null(data)) return(invisible())
  if (!is.data.frame(data) && !is.list(data) && !is.environment(data)) {
    abort_argument("`data` must be a data frame. Received: ", received(class(data)), ".")
  }
  missing <- Filter(function(v) v != "." && !v %in% names(data) && !is_value_in(v, environment(formula)), all.vars(formula))
  if (length(missing)) {
    abort_argument("`data` has no column ", paste0("\"", missing, "\"", collapse = ", "), ". It has: ",
                   paste(utils::head(names(data), 20L), collapse = ", "), ".")
  }
}

is_value_in <- function(name, env) !is.null(env) && !is.null(value <- get0(name, envir = env)) && !is.function(value)

#' @rdname keratin
#' @exportS3Method
keratin.data.frame <- function(x, y, weights = NULL, na.action = stats::na.omit, contrasts = NULL, ...) {
  call <- match.call()
  call[[1L]] <- quote(keratin)
  fit_predictors(call, x, y, weights, na.action, contrasts, ...)
}

#' @rdname keratin
#' @exportS3Method
keratin.matrix <- function(x, y, weights = NULL, na.action = stats::na.omit, ...) {
  call <- match.call()
  call[[1L]] <- quote(keratin)
  if (!is.numeric(x) && !is.logical(x)) abort_argument("`x` must be a numeric matrix or a data frame. Received: a matrix of type ", typeof(x), ".")
  fit_predictors(call, matrix_columns(x), y, weights, na.action, NULL, ...)
}

#' @exportS3Method
keratin.default <- function(x, ...)
  abort_argument("keratin() takes a formula, a data frame or a matrix of predictors. Received: ", received(class(x)), ".")

matrix_columns <- function(x) {
  if (is.null(colnames(x))) colnames(x) <- paste0("x", seq_len(ncol(x)))
  as.data.frame(x)
}

fit_predictors <- function(call, x, y, weights, na.action, contrasts, ...) {
  x <- as.data.frame(x)
  if (!length(x)) abort_argument("`x` has no columns.")
  count <- if (is.null(dim(y))) length(y) else nrow(y)
  if (count != nrow(x)) abort_shape("`x` has ", nrow(x), " rows, `y` ", count, ".")
  if (!is.null(weights) && length(weights) != nrow(x)) abort_shape("`x` has ", nrow(x), " rows, `weights` ", length(weights), " values.")
  # y beside x, not in it, whatever the columns of x are called
  together <- list(y = I(if (is.data.frame(y)) as.matrix(y) else y), weights = weights)
  kept <- complete_rows(x, na.action, together)
  frame <- stats::model.frame(stats::terms(~ ., data = kept$frame), kept$frame, na.action = stats::na.pass)
  fit_tabular(call, new_encoder(frame, contrasts), frame, kept$others$y, "y", kept$others$weights, NULL, ...)
}

# A model frame without the rows that `na.action` leaves out; `others`: values that go with the rows.
complete_rows <- function(frame, na.action, others = NULL) {
  has_na <- function(v) if (is.null(v)) FALSE else if (is.null(dim(v))) is.na(v) else rowSums(is.na(as.matrix(v))) > 0
  bad <- Reduce(`|`, lapply(c(as.list(frame), others), has_na), logical(nrow(frame)))
  if (any(bad)) {
    columns <- names(frame)[vapply(frame, function(v) any(has_na(v)), NA)]
    where <- if (length(columns)) paste0(" (in ", paste(columns, collapse = ", "), ")")
    if (identical(na.action, "na.fail") || identical(na.action, stats::na.fail)) abort_argument(sum(bad), " rows have missing values", where, ".")
    if (!identical(na.action, "na.omit") && !identical(na.action, stats::na.omit) && !identical(na.action, "na.exclude") &&
        !identical(na.action, stats::na.exclude))
      abort_argument("`na.action` must be na.omit or na.fail: a network takes no missing values. Received: ", received(na.action), ".")
    if (all(bad)) abort_argument("every row has missing values", where, ".")
    message(sum(bad), " of ", length(bad), " rows with missing values", where, " are left out.")
  }
  keep <- which(!bad)
  rows <- function(v) if (is.null(v)) NULL else if (is.null(dim(v))) v[keep] else v[keep, , drop = FALSE]
  terms <- attr(frame, "terms")
  if (any(bad)) frame <- frame[keep, , drop = FALSE]
  attr(frame, "terms") <- terms
  attr(frame, "left_out") <- sum(bad)
  if (is.null(others)) frame else list(frame = frame, others = lapply(others, rows))
}

# ---- Fitting ----------------------------------------------------------------------------------------------------------------------

fit_tabular <- function(call, encoder, frame, outcome, outcome_name, weights, formula, hidden_units = c(32, 16), activation = "relu", dropout = 0,
                        penalty = 0, network = NULL, epochs = 100, batch_size = 32, learning_rate = 0.01, optimizer = "adam", loss = NULL,
                        scale = TRUE, validation = 0, patience = NULL, callbacks = NULL, verbose = 0, ...) {
  extra <- list(...)
  if (length(extra)) abort_argument("keratin() has no argument `", if (is.null(names(extra))) received(extra[[1L]]) else names(extra)[1L], "`.")
  if (nrow(frame) < 2L) abort_shape("at least 2 rows of data are needed. Received: ", nrow(frame), ".")
  as_share(dropout, "dropout")
  as_share(validation, "validation")
  epochs <- as_whole(epochs, "epochs", least = 1)
  x <- encode_predictors(encoder, frame)
  if (!is.null(weights) && (!is.numeric(weights) || anyNA(weights) || any(weights < 0))) abort_argument("`weights` must be numbers of at least 0.")
  for (i in attr(attr(frame, "terms"), "offset")) if (!is.numeric(frame[[i]])) abort_argument(
    "`", names(frame)[i], "` must be numbers. Received: ", received(class(frame[[i]])), ".")
  offset <- stats::model.offset(frame)
  target <- encode_outcome(outcome, outcome_name, scale, loss, offset)
  encoder <- c(encoder, scaling(x, scale))
  x <- scale_columns(x, encoder)

  hidden <- if (is.null(network)) hidden_layers(hidden_units, activation, dropout, penalty)
  input <- layer_input(shape = ncol(x))
  body <- if (is.null(network)) hidden$build(input) else network(input)
  if (!is_keras_tensor(body)) abort_argument("`network` must return a tensor made of layers. Received: ", received(class(body)), ".")
  shift <- if (!is.null(offset)) layer_input(shape = max(1L, length(target$scale)), name = "offset")
  output <- if (is.null(offset)) layer_dense(body, units = target$units, activation = target$activation)
            else layer_activation(layer_add(list(layer_dense(body, units = target$units), shift)), target$activation)
  model <- keras_model(if (is.null(offset)) input else list(input, shift), output)
  inputs_of <- function(rows) network_inputs(x[rows, , drop = FALSE], offset[rows], target$scale)
  if (is.character(optimizer)) optimizer <- named_optimizer(optimizer, learning_rate)
  compile(model, optimizer = optimizer, loss = if (is.null(loss)) target$loss else loss, metrics = if (target$kind != "regression") "accuracy")

  n <- nrow(x)
  held <- if (validation > 0) sort(sample.int(n, max(1, min(n - 1, round(validation * n)))))
  used <- setdiff(seq_len(n), held)
  if (!is.null(patience)) {
    watcher <- callback_early_stopping(monitor = if (length(held)) "val_loss" else "loss", patience = as_whole(patience, "patience", least = 0),
                                       restore_best_weights = TRUE)
    callbacks <- c(if (is.list(callbacks)) callbacks else if (!is.null(callbacks)) list(callbacks), list(watcher))
  }
  held_data <- if (length(held)) c(list(inputs_of(held), take_rows(target$y, held)), if (!is.null(weights)) list(array(weights[held])))
  history <- fit(model, inputs_of(used), take_rows(target$y, used), epochs = epochs, batch_size = batch_size, verbose = verbose,
                 sample_weight = if (!is.null(weights)) array(weights[used]), validation_data = held_data, callbacks = callbacks,
                 view_metrics = FALSE)

  object <- structure(list(call = call, model = model, history = history, kind = target$kind, outcome = outcome_name, levels = target$levels,
                           encoder = encoder,
                           target = target[c("center", "scale", "columns", "units")], hidden = hidden$units, activation = hidden$activation, n = n,
                           left_out = attr(frame, "left_out"), held_out = length(held), terms = encoder$terms, formula = formula), class = "keratin")
  raw <- predict_scaled(object, x, offset)
  rownames(raw) <- rownames(frame)
  object$fitted.values <- as_prediction(object, raw, if (target$kind == "regression") "response" else "class")
  object$residuals <- if (target$kind == "regression") drop_single(matrix(target$original, nrow = n) - raw)
  object$hits <- if (target$kind != "regression") table(outcome = factor(target$labels, target$levels), predicted = object$fitted.values)
  object
}

as_share <- function(x, argument) {
  if (!is.numeric(x) || length(x) != 1L || is.na(x) || x < 0 || x >= 1) {
    abort_argument("`", argument, "` must be at least 0 and below 1. Received: ", received(x), ".")
  }
}

hidden_layers <- function(units, activation, dropout, penalty) {
  units <- unlist(units)
  units <- units[units != 0]
  if (length(units) && (!is.numeric(units) || anyNA(units) || any(units < 1) || any(units != floor(units))))
    abort_argument("`hidden_units` must be whole numbers, one a layer. Received: ", received(units), ".")
  if (length(activation) != 1L && length(activation) != length(units))
    abort_argument("`activation` must have one entry, or one for each of the ", length(units), " hidden layers. Received: ", received(activation),
                   ".")
  if (!is.numeric(penalty) || length(penalty) != 1L || is.na(penalty) || penalty < 0) {
    abort_argument("`penalty` must be a number of at least 0. Received: ", received(penalty), ".")
  }
  activations <- rep_len(if (is.function(activation)) list(activation) else as.list(activation), length(units))
  list(units = units, activation = unique(unlist(Filter(is.character, activations))), build = function(x) {
    for (i in seq_along(units)) {
      x <- layer_dense(x, units = units[i], activation = activations[[i]], kernel_regularizer = if (penalty > 0) regularizer_l2(penalty))
      if (dropout > 0) x <- layer_dropout(x, dropout)
    }
    x
  })
}

named_optimizer <- function(name, learning_rate) {
  if (!is.numeric(learning_rate) || length(learning_rate) != 1L || is.na(learning_rate) || learning_rate <= 0)
    abort_argument("`learning_rate` must be a positive number. Received: ", received(learning_rate), ".")
  make <- get0(paste0("optimizer_", name), envir = asNamespace("keratin"), mode = "function")
  if (is.null(make)) abort_argument("`optimizer` must be the name of an optimizer_*() function, or its result. Received: ", received(name), ".")
  make(learning_rate = learning_rate)
}
