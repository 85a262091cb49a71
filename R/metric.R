# Metrics: numbers that accumulate over batches. State lives in variables, so that an update can be traced into the train step.

Metric <- R6Class("Metric", lock_objects = FALSE, cloneable = FALSE, public = list(
  name = NULL,
  dtype = "float32",
  stateful = TRUE,
  built = TRUE,
  weights = list(),
  starts = list(),
  instance = NULL,

  initialize = function(name = NULL, dtype = NULL, ...) {
    self$name <- name %||% unique_name(camel_to_snake(class(self)[[1L]]))
    self$dtype <- dtype_name(dtype) %||% k_floatx()
    others <- list(...)
    if (length(others) && is.null(names(others)))
      abort_argument("the metric \"", self$name, "\" takes its arguments by name. Received without one: ", received(others[[1L]]))
    if (length(others)) abort_argument("unknown argument ", quoted_names(names(others)), " for the metric \"", self$name, "\"")
  },

  # A variable of the metric's state. `shape`: c() for a number.
  add_weight = function(name = NULL, shape = c(), initializer = "zeros", dtype = NULL, ...) {
    shape <- as.integer(unlist(shape))
    start <- if (is.numeric(initializer)) initializer else as.array(get_initializer(initializer)(if (length(shape)) shape else 1L))
    start <- if (length(shape)) array(start, shape) else as.vector(start)
    variable <- new_variable(start, name = name %||% "state", trainable = FALSE, dtype = dtype_name(dtype) %||% self$dtype)
    self$weights <- c(self$weights, list(variable))
    self$starts <- c(self$starts, list(start))
    variable
  },
  add_variable = function(...) self$add_weight(...),

  update_state = function(...) abort_argument("a Metric class must implement `update_state()`"),
  result = function() abort_argument("a Metric class must implement `result()`"),

  reset_state = function() {
    for (i in seq_along(self$weights)) variable_assign(self$weights[[i]], self$starts[[i]])
    invisible(NULL)
  },
  reset_states = function() self$reset_state(),

  get_config = function() list(name = self$name, dtype = self$dtype),
  get_weights = function() lapply(self$weights, as.array)
), active = list(
  variables = function() self$weights,
  trainable_weights = function() list(),
  non_trainable_weights = function() self$weights,
  trainable_variables = function() list(),
  non_trainable_variables = function() self$weights
))

# Callable as metric(y_true, y_pred, sample_weight): updates the state and gives the result.
metric_instance <- function(object, class) {
  instance <- function(...) {
    object$update_state(...)
    object$result()
  }
  class(instance) <- unique(c(class, "keras.metrics.base_metric.Metric", base_layer_class))
  object$instance <- instance
  structure_changed()
  instance
}

new_metric <- function(Class, module, ...) metric_instance(Class$new(...), module)

#' @export
format.keras.metrics.base_metric.Metric <- function(x, ...) paste0("<", sub(".*\\.", "", class(x)[[1L]]), " metric \"", x$name, "\">")
#' @export
print.keras.metrics.base_metric.Metric <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}

add_to <- function(variable, delta) variable_assign(variable, op_add(variable_read(variable), cast_to(delta, variable_dtype(variable))))
variable_dtype <- function(variable) tensor_dtype(variable)

div_no_nan <- function(numerator, denominator) {
  is_zero <- op_equal(denominator, 0)
  one <- cast_to(1, tensor_dtype(denominator))
  op_select(is_zero, cast_to(0, tensor_dtype(numerator)), op_divide(numerator, op_select(is_zero, one, denominator)))
}

# ---- from what users pass to compile()

metric_aliases <- c(acc = "accuracy", ACC = "accuracy", ce = "crossentropy", bce = "binary_crossentropy", BCE = "binary_crossentropy",
                    mse = "mean_squared_error",
                    mae = "mean_absolute_error", mape = "mean_absolute_percentage_error", msle = "mean_squared_logarithmic_error",
                    kld = "kl_divergence", kullback_leibler_divergence = "kl_divergence", logcosh = "log_cosh",
                    cosine_proximity = "cosine_similarity")

# Functions (y_true, y_pred) -> per-sample values that Keras knows by name as metrics.
metric_functions <- function() utils::modifyList(loss_functions(), list(
  cosine_similarity = cosine_similarity_metric,
  binary_accuracy = binary_accuracy, categorical_accuracy = categorical_accuracy, sparse_categorical_accuracy = sparse_categorical_accuracy,
  top_k_categorical_accuracy = top_k_categorical_accuracy, sparse_top_k_categorical_accuracy = sparse_top_k_categorical_accuracy))

# Metric objects known by their class name: "AUC", "Precision", "MeanIoU".
metric_constructors <- function() list(
  Accuracy = metric_accuracy, AUC = metric_auc, BinaryAccuracy = metric_binary_accuracy, BinaryCrossentropy = metric_binary_crossentropy,
  CategoricalAccuracy = metric_categorical_accuracy, CategoricalCrossentropy = metric_categorical_crossentropy,
  CategoricalHinge = metric_categorical_hinge,
  CosineSimilarity = metric_cosine_similarity, FalseNegatives = metric_false_negatives, FalsePositives = metric_false_positives, Hinge = metric_hinge,
  KLDivergence = metric_kullback_leibler_divergence, LogCoshError = metric_logcosh_error, Mean = metric_mean,
  MeanAbsoluteError = metric_mean_absolute_error,
  MeanAbsolutePercentageError = metric_mean_absolute_percentage_error, MeanIoU = metric_mean_iou, MeanRelativeError = metric_mean_relative_error,
  MeanSquaredError = metric_mean_squared_error, MeanSquaredLogarithmicError = metric_mean_squared_logarithmic_error, MeanTensor = metric_mean_tensor,
  MeanMetricWrapper = metric_mean_wrapper, Poisson = metric_poisson, Precision = metric_precision, PrecisionAtRecall = metric_precision_at_recall,
  Recall = metric_recall, RecallAtPrecision = metric_recall_at_precision, RootMeanSquaredError = metric_root_mean_squared_error,
  SensitivityAtSpecificity = metric_sensitivity_at_specificity, SparseCategoricalAccuracy = metric_sparse_categorical_accuracy,
  SparseCategoricalCrossentropy = metric_sparse_categorical_crossentropy, SparseTopKCategoricalAccuracy = metric_sparse_top_k_categorical_accuracy,
  SpecificityAtSensitivity = metric_specificity_at_sensitivity, SquaredHinge = metric_squared_hinge, Sum = metric_sum,
  TopKCategoricalAccuracy = metric_top_k_categorical_accuracy, TrueNegatives = metric_true_negatives, TruePositives = metric_true_positives)

# A metric object for one output. "accuracy" and "crossentropy" are resolved from the shapes of targets and predictions.
get_metric <- function(metric, y_true_shape = NULL, y_pred_shape = NULL) {
  if (is.null(metric) || is_metric(metric)) return(metric)
  if (is_loss(metric)) return(metric_mean_wrapper(fn = plain_pair(metric), name = metric$name))
  if (is.list(metric) && !is.null(metric$class_name)) return(deserialize_metric(metric))
  if (is.character(metric) && length(metric) == 1L) {
    if (tolower(metric) %in% c("accuracy", "acc", "crossentropy", "ce") && !is.null(y_pred_shape))
      return(metric_mean_wrapper(fn = resolve_by_shape(tolower(metric), y_true_shape, y_pred_shape), name = metric))
    custom <- find_custom_object(metric)
    if (!is.null(custom)) {
      return(
        if (is.function(custom) && !is_metric(custom) && !is_metric_constructor(custom)) metric_mean_wrapper(
          fn = plain_pair(custom), name = metric) else get_metric(custom))
    }
    constructor <- metric_constructors()[[metric]]
    if (!is.null(constructor)) return(with_names_anew(constructor()))
    full <- unname(metric_aliases[metric])
    if (is.na(full)) full <- unname(metric_aliases[tolower(metric)])
    fn <- metric_functions()[[if (is.na(full)) metric else full]] %||% metric_functions()[[tolower(metric)]]
    if (is.null(fn)) {
      constructor <- metric_constructors()[[match(metric, camel_to_snake(names(metric_constructors())))]]
      if (!is.null(constructor)) return(with_names_anew(constructor()))
      abort_unknown_name("metric", metric, c("accuracy", names(metric_functions()), names(metric_aliases), names(metric_constructors())))
    }
    return(metric_mean_wrapper(fn = fn, name = metric))
  }
  if (is.function(metric)) {
    if (is_metric_constructor(metric)) return(metric())
    return(metric_mean_wrapper(fn = plain_pair(metric), name = attr(metric, "py_function_name", exact = TRUE) %||% "custom_metric"))
  }
  abort_argument("a metric must be a name, a metric object or a function(y_true, y_pred). Received: ", received(metric))
}

# metric_mean_squared_error (the function itself) passed as a metric.
is_metric_constructor <- function(f) {
  arguments <- names(formals(args(f)))
  all(c("name", "dtype") %in% arguments) && "..." %in% arguments
}

# Keras's rule: binary if the predictions' last axis has length one, sparse if the targets lack the class axis.
resolve_by_shape <- function(name, y_true_shape, y_pred_shape) {
  last <- function(shape) if (length(shape)) shape[[length(shape)]] else NA_integer_
  is_binary <- is_one(last(y_pred_shape))
  is_sparse <- (length(y_true_shape) < length(y_pred_shape) || is_one(last(y_true_shape))) && !is_binary
  kind <- if (is_binary) "binary" else if (is_sparse) "sparse_categorical" else "categorical"
  metric_functions()[[paste0(kind, if (name %in% c("accuracy", "acc")) "_accuracy" else "_crossentropy")]]
}

serialize_metric <- function(metric) {
  if (is.null(metric) || is.character(metric)) return(metric)
  if (is_metric(metric)) {
    class_name <- sub(".*\\.", "", class(metric)[[1L]])
    config <- unwrap(metric)$get_config()
    if (class_name == "MeanMetricWrapper") config$fn <- metric_function_name(unwrap(metric))
    return(list(module = "keras.metrics", class_name = class_name, config = config, registered_name = NULL))
  }
  if (is.function(metric)) return(attr(metric, "py_function_name", exact = TRUE) %||% "custom_metric")
  lapply(metric, serialize_metric)
}

# A function of the package has its own name, any other that of the metric.
metric_function_name <- function(metric) {
  known <- Filter(function(fn) identical(fn, metric$fn), metric_functions())
  if (length(known)) names(known)[1L] else metric$fn_name
}

deserialize_metric <- function(config) {
  constructor <- metric_constructors()[[config$class_name]]
  if (is.null(constructor)) {
    custom <- find_custom_object(config$class_name)
    if (is.null(custom)) abort_unknown_name("metric", config$class_name, names(metric_constructors()))
    return(do.call(custom, drop_null(config$config)))
  }
  settings <- config$config
  if (identical(config$class_name, "MeanMetricWrapper") && is.character(settings$fn)) return(get_metric(settings$fn))
  if (isTRUE(settings$axis >= 0)) settings$axis <- settings$axis + 1L  # files count axes from 0, arguments from 1
  do.call(constructor, settings[intersect(names(settings), names(formals(constructor)))])
}

#' Custom metric function
#'
#' @param name Name under which the metric is shown.
#' @param metric_fn A function of `(y_true, y_pred)` that gives one value, or one per sample, in tensor operations (`k_*()`).
#' @return The function, named, for the `metrics` of [compile()]. Its values are averaged over the batches.
#' @examples
#' worst <- custom_metric("worst", function(y_true, y_pred) k_max(k_abs(y_true - y_pred)))
#' @family metrics
#' @export
custom_metric <- function(name, metric_fn) {
  if (!is.function(metric_fn)) abort_argument("custom_metric(): `metric_fn` must be a function(y_true, y_pred). Received: ", received(metric_fn))
  structure(metric_fn, py_function_name = name)
}
