#' Predict with a network fitted by keratin()
#'
#' @param object Result of [keratin()].
#' @param newdata Data frame (or matrix) with the predictors; other columns are not looked at. If it is left out, the rows that the
#'   network was fitted to.
#' @param type `"response"`: the predicted numbers; for a binary outcome the probability of its second level, for more classes as
#'   `"prob"`. `"class"`: the most probable class, a factor with the levels of the outcome. `"prob"`: a matrix of probabilities, one
#'   column a class.
#' @param unseen What to do with factor levels that the network was not fitted with: `"stop"`, or `"na"` to predict `NA`.
#' @param batch_size Rows computed at once.
#' @param ... Not used.
#' @return A vector, factor or matrix with one element or row for each row of `newdata`; rows with missing predictors are `NA`.
#' @examples
#' set.seed(1)
#' fit <- keratin(am ~ wt + hp, data = transform(mtcars, am = am == 1), hidden_units = 8, epochs = 50)
#' predict(fit, data.frame(wt = c(2, 4), hp = c(100, 150)), type = "prob")
#' @exportS3Method
predict.keratin <- function(object, newdata, type = c("response", "class", "prob"), unseen = c("stop", "na"), batch_size = 256, ...) {
  type <- one_of(type, c("response", "class", "prob"), "type")
  unseen <- one_of(unseen, c("stop", "na"), "unseen")
  if (object$kind == "regression" && type != "response") {
    abort_argument("type = \"", type, "\" is for classifications; `", object$outcome, "` was fitted as numbers.")
  }
  if (missing(newdata)) {
    if (type == "class" || object$kind == "regression") return(object$fitted.values)
    abort_argument("type = \"", type, "\" takes `newdata`: only the fitted ", if (object$kind == "regression") "values" else "classes", " are kept.")
  }
  frame <- frame_of_new_data(object$encoder, newdata, unseen)
  whole <- stats::complete.cases(frame)
  raw <- matrix(NA_real_, nrow(frame), object$target$units)
  if (any(whole)) raw[whole, ] <- predict_scaled(object,
                                                 scale_columns(encode_predictors(object$encoder, frame[whole, , drop = FALSE]), object$encoder),
                                                 stats::model.offset(frame)[whole], batch_size)
  rownames(raw) <- if (is.matrix(newdata) && is.null(rownames(newdata))) NULL else rownames(frame)
  as_prediction(object, raw, type)
}

# The network's output in the scale of the outcome.
predict_scaled <- function(object, x, offset = NULL, batch_size = 256) {
  raw <- predict(object$model, network_inputs(x, offset, object$target$scale), batch_size = batch_size, verbose = 0)
  if (is.null(dim(raw))) raw <- matrix(raw, ncol = 1L)
  if (!is.null(object$target$center)) raw <- sweep(sweep(raw, 2L, object$target$scale, "*"), 2L, object$target$center, "+")
  raw
}

# The offset is in the scale of the outcome, the network's numbers are not.
network_inputs <- function(x, offset, scale) {
  if (is.null(offset)) return(x)
  list(x, outer(offset, 1 / (scale %||% 1)))
}

drop_single <- function(x) if (ncol(x) == 1L) x[, 1L] else x

as_prediction <- function(object, raw, type) {
  if (object$kind == "regression") {
    colnames(raw) <- object$target$columns
    return(drop_single(raw))
  }
  if (object$kind == "binary" && type == "response") return(drop_single(raw))
  probability <- if (object$kind == "binary") cbind(1 - raw, raw) else raw
  colnames(probability) <- object$levels
  if (type != "class") return(probability)
  best <- max.col(replace(probability, is.na(probability), 0), ties.method = "first")
  best[is.na(probability[, 1L])] <- NA
  out <- factor(object$levels[best], object$levels)
  if (!is.null(rownames(raw))) names(out) <- rownames(raw)
  out
}

#' @exportS3Method
print.keratin <- function(x, ...) {
  cat(tabular_lines(x), sep = "\n")
  invisible(x)
}

tabular_lines <- function(x) {
  what <- switch(x$kind, regression = "regression", binary = "binary classification",
                 multiclass = paste("classification into", length(x$levels), "classes"))
  shown <- function(v) format(signif(v, 4))
  losses <- x$history$metrics
  last <- length(losses$loss)
  c(paste0("Neural network, ", what, " of ", x$outcome),
    paste0("  data     ", x$n, " rows", if (isTRUE(x$left_out > 0)) paste0(" (", x$left_out, " with missing values left out)"),
           if (x$held_out) paste0(", ", x$held_out, " held out"),
           "; ", length(x$encoder$columns), if (length(x$encoder$columns) == 1L) " column from " else " columns from ",
           paste(x$encoder$variables, collapse = ", ")),
    paste0("  network  ",
           paste(c(length(x$encoder$columns), if (is.null(x$hidden) && is.null(x$activation)) "own" else x$hidden, x$target$units), collapse = " - "),
           if (length(x$hidden)) paste0(" (", paste(x$activation, collapse = ", "), ")"), ", ", format(count_params(x$model), big.mark = ","),
           " parameters"),
    paste0("  training ", last, " epochs, loss ", shown(losses$loss[last]),
           if (!is.null(losses$val_loss)) paste0(", held out ", shown(losses$val_loss[last]))),
    if (x$kind == "regression") paste0("  fit      root mean squared error ", shown(sqrt(mean(x$residuals^2))), ", R squared ", shown(r_squared(x)))
    else paste0("  fit      accuracy ", shown(sum(diag(x$hits)) / sum(x$hits))))
}

r_squared <- function(x) {
  residuals <- as.matrix(x$residuals)
  y <- as.matrix(x$fitted.values) + residuals
  1 - sum(residuals^2) / sum(sweep(y, 2L, colMeans(y))^2)
}

#' @exportS3Method
summary.keratin <- function(object, ...) structure(list(object = object), class = "summary.keratin")

#' @exportS3Method
print.summary.keratin <- function(x, ...) {
  object <- x$object
  cat("Call:\n", paste(deparse(object$call), collapse = "\n"), "\n\n", sep = "")
  print(object)
  cat("\n")
  if (object$kind == "regression") {
    cat("Residuals:\n")
    print(summary(as.vector(object$residuals)))
  } else {
    cat("Fitted classes:\n")
    print(object$hits)
  }
  cat("\n")
  summary(object$model)
  invisible(x)
}

#' @exportS3Method
plot.keratin <- function(x, ...) plot(x$history, ...)

#' @importFrom stats formula
#' @exportS3Method
formula.keratin <- function(x, ...) {
  if (is.null(x$formula)) abort_argument("this network was fitted to predictors and an outcome, not to a formula.")
  x$formula
}

#' @importFrom stats nobs
#' @exportS3Method
nobs.keratin <- function(object, ...) object$n
