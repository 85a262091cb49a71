# Losses. A loss function takes (y_true, y_pred) and gives one value per sample (the last axis is reduced); a Loss object adds sample
# weights and the reduction over the batch.

reductions <- c("auto", "none", "sum", "sum_over_batch_size")

as_reduction <- function(reduction) {
  reduction <- tolower(as.character(reduction %||% "auto"))
  if (length(reduction) != 1L || !reduction %in% reductions)
    abort_argument("`reduction` must be one of ", quoted_names(reductions), ". Received: ", received(reduction))
  reduction
}

Loss <- R6Class("Loss", lock_objects = FALSE, cloneable = FALSE, public = list(
  reduction = "auto",
  name = NULL,

  initialize = function(reduction = "auto", name = NULL, ...) {
    self$reduction <- as_reduction(reduction)
    self$name <- name
  },

  call = function(y_true, y_pred) abort_argument("a Loss class must implement `call(y_true, y_pred)`"),

  # The batch's loss: per-sample values, weighted, reduced.
  compute = function(y_true, y_pred, sample_weight = NULL, mask = NULL) {
    y_pred <- as_loss_input(y_pred)
    values <- cast_to(self$call(y_true, y_pred))
    ignored <- get_mask(values)
    if (!is.null(ignored)) mask <- if (is.null(mask)) ignored else op_logical_and(op_cast(mask, "bool"), ignored)
    reduce_weighted(values, valid_weight(values, sample_weight, mask, self$reduction), self$reduction)
  },

  get_config = function() list(reduction = self$reduction, name = self$name)
))

# A Loss around a loss function; what else the function takes is kept in `settings`.
LossFunctionWrapper <- R6Class("LossFunctionWrapper", inherit = Loss, lock_objects = FALSE, cloneable = FALSE, public = list(
  fn = NULL,
  settings = list(),

  initialize = function(fn, reduction = "auto", name = NULL, settings = list()) {
    super$initialize(reduction = reduction, name = name)
    self$fn <- fn
    self$settings <- settings
    for (setting in names(settings)) self[[setting]] <- settings[[setting]]
  },

  call = function(y_true, y_pred) {
    squeezed <- match_ranks(as_loss_input(y_true), as_loss_input(y_pred))
    do.call(self$fn, c(list(squeezed$y_true, squeezed$y_pred), self$settings))
  },

  get_config = function() c(super$get_config(), self$settings)
))

# What loss_*() returns when called without data: callable as loss(y_true, y_pred, sample_weight).
loss_instance <- function(object, class) {
  class <- c(class, "keras.losses.Loss")
  instance <- function(y_true, y_pred, sample_weight = NULL) object$compute(y_true, y_pred, sample_weight)
  object$instance <- structure(instance, class = unique(class))
  object$instance
}

#' @export
`$.keras.losses.Loss` <- function(x, name) environment(x)$object[[name]]
#' @export
`[[.keras.losses.Loss` <- function(x, name) environment(x)$object[[name]]
#' @export
`$<-.keras.losses.Loss` <- function(x, name, value) {
  assign(name, value, envir = environment(x)$object)
  x
}
#' @export
print.keras.losses.Loss <- function(x, ...) {
  self <- environment(x)$object
  cat("<", sub("^keras\\.losses\\.", "", class(x)[[1L]]), " loss, name \"", self$name %||% "", "\", reduction \"", self$reduction, "\">\n", sep = "")
  invisible(x)
}

is_loss <- function(x) inherits(x, "keras.losses.Loss")

# loss_<name>(): with data the function's value, without data the object.
loss_or_value <- function(class_name, fn, y_true, y_pred, reduction, name, settings = list(), ignore_class = NULL, ...) {
  extra <- c(list(...), if (!"ignore_class" %in% names(formals(fn))) list(ignore_class = ignore_class))
  extra <- Filter(Negate(is.null), extra)
  if (length(extra)) abort_argument("unknown argument ", quoted_names(names(extra) %||% "(unnamed)"), " for the loss \"", name, "\"")
  if (missing(y_true) != missing(y_pred)) abort_argument("a loss takes both `y_true` and `y_pred`, or neither")
  if (!is.null(ignore_class)) settings$ignore_class <- ignore_class
  if (!missing(y_pred)) return(do.call(fn, c(list(as_loss_input(y_true), as_loss_input(y_pred)), settings)))
  loss_instance(LossFunctionWrapper$new(fn, reduction, name, settings),
                paste0("keras.losses.", c(class_name, "LossFunctionWrapper")))
}

# ---- shapes and dtypes of targets, predictions and weights

as_loss_input <- function(x) if (is_tensor(x)) x else tensor(x)

# y_true in the dtype of y_pred.
targets_like <- function(y_true, y_pred) cast_to(y_true, tensor_dtype(y_pred))

cast_to <- function(x, dtype = NULL) {
  if (!is_tensor(x)) return(tensor(x, dtype = dtype))
  if (is.null(dtype) || identical(tensor_dtype(x), dtype)) x else op_cast(x, dtype)
}

last_size <- function(x) { shape <- tensor_shape(x); if (length(shape)) shape[[length(shape)]] else NA_integer_ }
is_one <- function(size) !is.na(size) && size == 1L

# Ranks that differ by a last axis of length one are made equal, as Keras does: (n, 1) against (n).
match_ranks <- function(y_true, y_pred) {
  difference <- tensor_rank(y_pred) - tensor_rank(y_true)
  if (difference == 1L && is_one(last_size(y_pred))) y_pred <- op_squeeze(y_pred, -1L)
  else if (difference == -1L && is_one(last_size(y_true))) y_true <- op_squeeze(y_true, -1L)
  list(y_true = y_true, y_pred = y_pred)
}

# Sample weights given the rank of the values they multiply.
match_weight_rank <- function(weight, values) {
  rank <- tensor_rank(weight)
  if (rank == 0L) return(weight)
  if (rank - tensor_rank(values) == 1L && is_one(last_size(weight))) op_squeeze(weight, -1L)
  else if (tensor_rank(values) - rank == 1L) op_expand_dims(weight, -1L)
  else weight
}

# Weights times mask; under a mean reduction the mask is scaled so that the mean is over the valid entries only.
valid_weight <- function(values, sample_weight, mask, reduction) {
  if (!is.null(sample_weight)) {
    sample_weight <- match_weight_rank(cast_to(sample_weight, tensor_dtype(values)), values)
    if (tensor_rank(values) == 0L && tensor_rank(sample_weight) == 1L)
      abort_shape("the loss of two vectors is one number: `sample_weight` of shape ", dims_text(tensor_shape(sample_weight)),
                  " has nothing to weigh. Give `y_true` and `y_pred` a second axis: k_expand_dims(y_pred)")
  }
  if (is.null(mask)) return(sample_weight)
  mask <- cast_to(mask, tensor_dtype(values))
  if (reduction %in% c("auto", "sum_over_batch_size")) mask <- op_divide(mask, op_reduce_mean(mask))
  mask <- match_weight_rank(mask, values)
  if (is.null(sample_weight)) mask else op_multiply(sample_weight, mask)
}

reduce_weighted <- function(values, weight, reduction) {
  if (!is.null(weight)) values <- op_multiply(values, weight)
  switch(reduction, none = values, sum = op_reduce_sum(values), op_reduce_mean(values))
}

# ---- from what users pass to compile()

loss_names <- c(
  mse = "mean_squared_error", mae = "mean_absolute_error", mape = "mean_absolute_percentage_error", msle = "mean_squared_logarithmic_error",
  bce = "binary_crossentropy", kld = "kl_divergence", kullback_leibler_divergence = "kl_divergence", logcosh = "log_cosh", huber_loss = "huber",
  cosine_proximity = "cosine_similarity", log_cosh = "log_cosh", huber = "huber", hinge = "hinge", squared_hinge = "squared_hinge",
  categorical_hinge = "categorical_hinge", poisson = "poisson", kl_divergence = "kl_divergence", cosine_similarity = "cosine_similarity",
  binary_crossentropy = "binary_crossentropy", categorical_crossentropy = "categorical_crossentropy",
  sparse_categorical_crossentropy = "sparse_categorical_crossentropy", binary_focal_crossentropy = "binary_focal_crossentropy",
  categorical_focal_crossentropy = "categorical_focal_crossentropy",
  mean_squared_error = "mean_squared_error", mean_absolute_error = "mean_absolute_error",
  mean_absolute_percentage_error = "mean_absolute_percentage_error", mean_squared_logarithmic_error = "mean_squared_logarithmic_error")

loss_functions <- function() list(
  mean_squared_error = mean_squared_error, mean_absolute_error = mean_absolute_error,
  mean_absolute_percentage_error = mean_absolute_percentage_error, mean_squared_logarithmic_error = mean_squared_logarithmic_error,
  log_cosh = log_cosh, huber = huber, cosine_similarity = cosine_similarity, poisson = poisson_loss, kl_divergence = kl_divergence,
  hinge = hinge, squared_hinge = squared_hinge, categorical_hinge = categorical_hinge, binary_crossentropy = binary_crossentropy,
  categorical_crossentropy = categorical_crossentropy, sparse_categorical_crossentropy = sparse_categorical_crossentropy,
  binary_focal_crossentropy = binary_focal_crossentropy, categorical_focal_crossentropy = categorical_focal_crossentropy)

# "mse", "mean_squared_error", "MeanSquaredError" or "MSE" -> the function; NULL if there is none of that name.
loss_function_named <- function(name) {
  snake <- loss_names[tolower(name)]
  if (is.na(snake)) snake <- loss_names[camel_to_snake(name)]
  if (is.na(snake)) return(NULL)
  loss_functions()[[unname(snake)]]
}

camel_to_snake <- function(x) tolower(gsub("([a-z0-9])([A-Z])", "\\1_\\2", x))

# A Loss object from a name, an object, a loss_* function or any function(y_true, y_pred).
get_loss <- function(loss, name = NULL) {
  if (is.null(loss) || is_loss(loss)) return(loss)
  if (is.list(loss) && !is.null(loss$class_name)) return(deserialize_loss(loss))
  if (is.character(loss) && length(loss) == 1L) {
    custom <- find_custom_object(loss)
    if (!is.null(custom)) return(get_loss(custom, name = loss))
    fn <- loss_function_named(loss)
    if (is.null(fn)) abort_unknown_name("loss", loss, names(loss_names))
    return(wrap_loss_function(fn, loss))
  }
  if (is.function(loss)) {
    if (is_loss_constructor(loss)) return(loss())
    return(wrap_loss_function(loss, attr(loss, "py_function_name", exact = TRUE) %||% name %||% "custom_loss"))
  }
  abort_argument("`loss` must be a name, a loss object or a function(y_true, y_pred). Received: ", received(loss))
}

wrap_loss_function <- function(fn, name) {
  loss_instance(LossFunctionWrapper$new(plain_pair(fn), "auto", name), c("keras.losses.LossFunctionWrapper"))
}

# loss_mean_squared_error (the function itself) passed as a loss: its arguments begin with y_true, y_pred and it has a `reduction`.
is_loss_constructor <- function(f) {
  arguments <- names(formals(args(f)))
  identical(head(arguments, 2L), c("y_true", "y_pred")) && "reduction" %in% arguments
}

# User functions are called by position: their arguments may have any name.
plain_pair <- function(fn) { force(fn); function(y_true, y_pred) fn(y_true, y_pred) }

serialize_loss <- function(loss) {
  if (is.null(loss)) return(NULL)
  if (is.character(loss)) return(loss)
  if (is.list(loss) && !is_loss(loss)) return(lapply(loss, serialize_loss))
  if (!is_loss(loss)) return(attr(loss, "py_function_name", exact = TRUE) %||% "custom_loss")
  class_name <- sub("^keras\\.losses\\.", "", class(loss)[[1L]])
  if (class_name == "LossFunctionWrapper") return(loss$name)
  list(module = "keras.losses", class_name = class_name, config = environment(loss)$object$get_config(), registered_name = NULL)
}

deserialize_loss <- function(config) {
  constructor <- loss_constructors()[[config$class_name]]
  if (is.null(constructor)) {
    custom <- find_custom_object(config$class_name)
    if (is.null(custom)) abort_unknown_name("loss", config$class_name, names(loss_constructors()))
    return(do.call(custom, drop_null(config$config)))
  }
  settings <- config$config
  settings$fn <- NULL
  if (isTRUE(settings$axis >= 0)) settings$axis <- settings$axis + 1L  # files count axes from 0, arguments from 1
  known <- c(intersect(names(settings), names(formals(constructor))), if (!is.null(settings$ignore_class)) "ignore_class")
  do.call(constructor, settings[known])
}

loss_constructors <- function() list(
  MeanSquaredError = loss_mean_squared_error, MeanAbsoluteError = loss_mean_absolute_error,
  MeanAbsolutePercentageError = loss_mean_absolute_percentage_error, MeanSquaredLogarithmicError = loss_mean_squared_logarithmic_error,
  LogCosh = loss_logcosh, Huber = loss_huber, CosineSimilarity = loss_cosine_similarity, Poisson = loss_poisson,
  KLDivergence = loss_kl_divergence, Hinge = loss_hinge, SquaredHinge = loss_squared_hinge, CategoricalHinge = loss_categorical_hinge,
  BinaryCrossentropy = loss_binary_crossentropy, CategoricalCrossentropy = loss_categorical_crossentropy,
  SparseCategoricalCrossentropy = loss_sparse_categorical_crossentropy,
  BinaryFocalCrossentropy = loss_binary_focal_crossentropy, CategoricalFocalCrossentropy = loss_categorical_focal_crossentropy)
