# Predictors as a numeric matrix and outcomes as targets, the same way for training and for new data.

# What a model frame of predictors needs to be made again: terms, factor levels, contrasts.
new_encoder <- function(frame, contrasts) {
  terms <- stats::delete.response(attr(frame, "terms"))
  levels <- stats::.getXlevels(terms, frame)
  used <- attr(terms, "term.labels")
  if (!length(used)) abort_argument("there are no predictors.")
  single <- names(levels)[lengths(levels) < 2L]
  if (length(single)) {
    abort_argument("`", single[1L], "` has the same value \"", levels[[single[1L]]], "\" in all rows: a factor needs two levels. Leave it out.")
  }
  unfit <- setdiff(names(contrasts), names(levels))
  if (length(unfit)) abort_argument("`contrasts` names `", unfit[1L], "`, which is no factor among the predictors.")
  matrix <- stats::model.matrix(terms, frame, contrasts.arg = contrasts, xlev = levels)
  list(terms = terms, xlevels = levels, contrasts = attr(matrix, "contrasts"), columns = setdiff(colnames(matrix), "(Intercept)"),
       variables = all.vars(terms))
}

# Numeric matrix of the encoder's columns. The network has a bias of its own, so the constant column goes.
encode_predictors <- function(encoder, frame) {
  odd <- names(frame)[vapply(frame, function(v) is.numeric(v) && any(is.infinite(v)), NA)]
  if (length(odd)) abort_argument("`", odd[1L], "` has infinite values.")
  x <- stats::model.matrix(encoder$terms, frame, contrasts.arg = encoder$contrasts, xlev = encoder$xlevels)
  x <- x[, encoder$columns, drop = FALSE]
  attr(x, "assign") <- attr(x, "contrasts") <- NULL
  x
}

# A model frame of new data: missing columns, columns of another kind and unseen levels are told by name.
frame_of_new_data <- function(encoder, newdata, unseen) {
  if (is.matrix(newdata)) newdata <- matrix_columns(newdata)
  if (!is.data.frame(newdata)) abort_argument("`newdata` must be a data frame or a matrix. Received: ", received(class(newdata)), ".")
  missing <- setdiff(Filter(function(v) !is_value_in(v, environment(encoder$terms)), encoder$variables), names(newdata))
  if (length(missing)) abort_argument("`newdata` lacks the column", if (length(missing) > 1L) "s", " ", paste0("\"", missing, "\"", collapse = ", "),
                                      ". It has: ",
                                      paste(utils::head(names(newdata), 20L), collapse = ", "), ".")
  frame <- stats::model.frame(encoder$terms, newdata, na.action = stats::na.pass)
  classes <- attr(encoder$terms, "dataClasses")
  for (name in names(frame)) {
    wanted <- classes[[name]]
    found <- stats::.MFclass(frame[[name]])
    as_levels <- c("factor", "ordered", "character")
    if (name %in% names(encoder$xlevels)) {
      values <- as.character(frame[[name]])
      new <- setdiff(unique(values[!is.na(values)]), encoder$xlevels[[name]])
      if (length(new) && unseen == "stop")
        abort_argument("`", name, "` has ", if (length(new) > 1L) "levels" else "a level", " that the model was not fitted with: ",
                       paste0("\"", utils::head(new, 5L), "\"", collapse = ", "),
                       ". Known: ", paste0("\"", utils::head(encoder$xlevels[[name]], 20L), "\"", collapse = ", "),
                       ". With unseen = \"na\" such rows are predicted as NA.")
      frame[[name]] <- factor(values, encoder$xlevels[[name]], ordered = wanted == "ordered")
    } else if (wanted != found &&
               (found %in% as_levels || wanted %in% as_levels || wanted == "logical" || sub("nmatrix.", "", wanted) != sub("nmatrix.", "", found))) {
      if (!(all(is.na(frame[[name]])) && wanted == "numeric")) {
        abort_argument("`", name, "` was ", wanted, " when the model was fitted, in `newdata` it is ", found, ".")
      }
      frame[[name]] <- as.numeric(frame[[name]])
    }
  }
  frame
}

scaling <- function(x, scale) {
  if (!scale) return(list(center = NULL, scale = NULL))
  spread <- apply(x, 2L, stats::sd)
  list(center = colMeans(x), scale = ifelse(is.na(spread) | spread < 1e-12, 1, spread))
}
scale_columns <- function(x, by) {
  if (is.null(by$center)) return(unname(x))
  unname(sweep(sweep(x, 2L, by$center), 2L, by$scale, "/"))
}

# Targets as the network is trained on them: list(kind, y, units, activation, loss, levels ...). `offset`: added to what the network
# gives, one number a row, or NULL.
encode_outcome <- function(outcome, name, scale, loss = NULL, offset = NULL) {
  if (inherits(outcome, "AsIs")) class(outcome) <- setdiff(class(outcome), "AsIs")
  if (is.character(outcome)) outcome <- factor(outcome)
  if (is.logical(outcome) && is.null(dim(outcome))) outcome <- factor(outcome, c(FALSE, TRUE))
  if (is.factor(outcome)) return(encode_classes(outcome, name, offset))
  if (!is.numeric(outcome)) {
    abort_argument("the outcome `", name, "` must be numbers, a factor, a logical or character. Received: ", received(class(outcome)), ".")
  }
  if (any(is.infinite(outcome))) abort_argument("the outcome `", name, "` has infinite values.")
  y <- if (is.null(dim(outcome))) matrix(as.numeric(outcome), ncol = 1L) else outcome
  counts <- is_poisson(loss)
  if (counts && any(y < 0)) abort_argument("the outcome `", name, "` of a Poisson regression must be at least 0. Received: ", received(min(y)), ".")
  by <- scaling(if (is.null(offset)) y else y - offset, scale && !counts)
  list(kind = "regression", y = scale_columns(y, by), units = ncol(y), activation = if (counts) "exponential" else "linear",
       loss = "mean_squared_error", columns = colnames(y),
       center = by$center, scale = by$scale, original = unname(y))
}

# Counts: the network gives the logarithm of what is to be expected.
is_poisson <- function(loss)
  is.character(loss) && identical(tolower(loss), "poisson") || inherits(loss, "keras.losses.Poisson") || identical(loss, loss_poisson)

encode_classes <- function(outcome, name, offset) {
  levels <- levels(outcome)
  used <- length(unique(outcome))
  if (used < 2L) abort_argument("the outcome `", name, "` has the same class in all rows: there is nothing to tell apart.")
  class <- array(as.integer(outcome) - 1)
  binary <- length(levels) == 2L
  if (!binary && !is.null(offset)) {
    abort_argument("an offset() shifts numbers, or the odds of two classes. The outcome `", name, "` has ", length(levels), " classes.")
  }
  list(kind = if (binary) "binary" else "multiclass", y = class, units = if (binary) 1L else length(levels),
       activation = if (binary) "sigmoid" else "softmax",
       loss = if (binary) "binary_crossentropy" else "sparse_categorical_crossentropy", levels = levels, labels = as.character(outcome))
}
