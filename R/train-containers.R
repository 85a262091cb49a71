# The compiled loss and the compiled metrics of a model: one loss, and any number of metrics, per output.

flatten_outputs <- function(x) if (is.list(x) && !is.object(x)) unlist(lapply(unname(x), flatten_outputs), recursive = FALSE) else list(x)

# Targets (or weights) in the order of the outputs; NULL where there is none.
per_output_values <- function(values, n, names, what) {
  if (is.null(values)) return(vector("list", n))
  if (!is.list(values) || is.object(values)) values <- list(values)
  if (!is.null(names(values)) && all(nzchar(names(values))) && n > 1L) {
    names(values) <- layer_names_of(names(values), names)
    unknown <- setdiff(names(values), names)
    if (length(unknown)) abort_argument("`", what, "` names an unknown output ", quoted_names(unknown), ". The outputs are: ", quoted_names(names))
    return(lapply(unname(names), function(name) values[[name]]))
  }
  if (length(values) != n) {
    abort_argument("the model has ", n, " output", if (n != 1L) "s", " (", paste(names, collapse = ", "), "), `", what, "` has ", length(values))
  }
  unname(values)
}

# One more axis for plain vectors against a matrix of predictions, and the dtype of the predictions.
match_target <- function(y_true, y_pred) {
  if (is.null(y_true)) return(NULL)
  if (tensor_rank(y_true) == 1L && tensor_rank(y_pred) == 2L) y_true <- op_expand_dims(y_true, -1L)
  floating <- c("float32", "float64")
  same_kind <- tensor_dtype(y_true) %in% floating && tensor_dtype(y_pred) %in% floating
  if (same_kind) cast_to(y_true, tensor_dtype(y_pred)) else y_true
}

match_weight <- function(weight, y_pred) {
  if (is.null(weight)) return(NULL)
  if (tensor_rank(weight) == 1L && tensor_rank(y_pred) == 2L) weight <- op_expand_dims(weight, -1L)
  cast_to(weight, tensor_dtype(y_pred))
}

# A mask that the layers left on the predictions multiplies the weights.
weight_with_mask <- function(weight, mask, y_pred) {
  if (is.null(mask)) return(weight)
  mask <- cast_to(mask, tensor_dtype(y_pred))
  if (is.null(weight)) mask else op_multiply(match_weight_rank(weight, mask), mask)
}

rows_of_batch <- function(x) {
  n <- tensor_shape(x)[[1L]]
  if (is.na(n)) op_gather(op_shape_of(x), 0L, axis = 0L) else n
}

new_compiled_loss <- function(loss, loss_weights, model) {
  check_known_losses(loss)
  object <- CompiledLoss$new(loss, loss_weights, model)
  structure(
    function(y_true, y_pred, sample_weight = NULL, regularization_losses = NULL) object$compute(y_true, y_pred, sample_weight, regularization_losses),
            class = "keratin_compiled_loss")
}

# An unknown name is an error of compile(), not of the first step.
check_known_losses <- function(loss) {
  if (is.list(loss) && is.null(loss$class_name)) return(invisible(lapply(loss, check_known_losses)))
  if (is.character(loss) && length(loss) > 1L) return(invisible(lapply(loss, check_known_losses)))
  invisible(get_loss(loss))
}

#' @export
`$.keratin_compiled_loss` <- function(x, name) environment(x)$object[[name]]

# One loss given alone is that of every output.
losses_per_output <- function(spec, n, names) {
  per_output(spec, n, names, "loss", broadcast = is.character(spec) && length(spec) == 1L || is.function(spec))
}

CompiledLoss <- R6Class("CompiledLoss", cloneable = FALSE, public = list(
  spec = NULL, weight_spec = NULL, model = NULL, names = NULL,
  losses = NULL, weights = NULL, output_metrics = NULL, loss_metric = NULL, checked = FALSE,

  initialize = function(spec, weight_spec, model) {
    self$spec <- spec
    self$weight_spec <- weight_spec
    self$model <- model
  },

  build = function(n) {
    if (!is.null(self$losses)) return(invisible())
    self$names <- output_names_of(self$model, n)
    specs <- losses_per_output(self$spec, n, self$names)
    self$weights <- lapply(per_output(as_named_list(self$weight_spec), n, self$names, "loss_weights"),
                           function(w) if (is.null(w)) NULL else as.numeric(w))
    self$output_metrics <- lapply(seq_len(n), function(i) if (n > 1L && !is.null(specs[[i]])) metric_mean(name = paste0(self$names[[i]], "_loss")))
    self$loss_metric <- metric_mean(name = "loss")
    self$losses <- lapply(specs, get_loss)
    if (n > 0L && !length(self$losses)) self$losses <- vector("list", n)
    structure_changed()
  },

  # The loss objects of n outputs (NULL: an output without one).
  losses_of = function(n) {
    self$build(n)
    self$losses
  },

  compute = function(y_true, y_pred, sample_weight = NULL, regularization_losses = NULL) {
    predictions <- flatten_outputs(y_pred)
    n <- length(predictions)
    self$build(n)
    targets <- per_output_values(y_true, n, self$names, "y")
    sample_weights <- per_output_values(
      if (n > 1L && !is.null(sample_weight) && !is_branch_list(sample_weight)) rep(list(sample_weight), n) else sample_weight, n, self$names,
      "sample_weight")
    total <- NULL
    rows <- NULL
    for (i in seq_len(n)) {
      loss <- self$losses[[i]]
      if (is.null(loss) || is.null(targets[[i]])) next
      y_p <- predictions[[i]]
      mask <- get_mask(y_p)
      y_t <- match_target(targets[[i]], y_p)
      check_target_shape(loss, y_t, y_p, self$names[[i]])
      weight <- weight_with_mask(match_weight(sample_weights[[i]], y_p), mask, y_p)
      object <- environment(loss)$object
      value <- object$compute(y_t, y_p, weight, mask)
      rows <- rows_of_batch(y_t)
      if (!is.null(self$output_metrics[[i]])) self$output_metrics[[i]]$update_state(value, sample_weight = rows)
      if (tensor_rank(value) > 0L) value <- op_reduce_mean(value)
      if (!is.null(self$weights[[i]])) value <- op_multiply(value, self$weights[[i]])
      total <- if (is.null(total)) value else op_add(total, value)
    }
    for (loss in regularization_losses) {
      loss <- if (tensor_rank(loss) > 0L) op_reduce_sum(loss) else loss
      total <- if (is.null(total)) loss else op_add(total, cast_to(loss, tensor_dtype(total)))
    }
    if (is.null(total))
      abort_argument("no loss found. Give compile() a `loss`, call add_loss(), and give fit() a `y`")
    if (is.null(rows)) rows <- rows_of_batch(predictions[[1L]])
    self$loss_metric$update_state(total, sample_weight = rows)
    total
  }
), active = list(
  metrics = function() if (is.null(self$losses)) list() else c(list(self$loss_metric), Filter(Negate(is.null), self$output_metrics))
))

is_branch_list <- function(x) is.list(x) && !is.object(x)
as_named_list <- function(x) if (is.null(x) || is.list(x)) x else as.list(x)

# Known losses take targets shaped like the predictions (an axis of one in the targets may stand for any length); sparse ones lack the class axis.
check_target_shape <- function(loss, y_true, y_pred, output) {
  name <- environment(loss)$object$name %||% "loss"
  known <- unname(loss_names[name])
  if (is.na(known)) return(invisible())
  truth <- tensor_shape(y_true)
  predicted <- tensor_shape(y_pred)
  fail <- function(wanted, mend = NULL) abort_shape(
    "output \"", output, "\": targets of shape ", dims_text(truth), " do not fit predictions of shape ", dims_text(predicted), " under the loss \"",
    name, "\", ", wanted, mend)
  if (known == "sparse_categorical_crossentropy") {
    classes <- predicted[length(predicted)]
    without <- head(predicted, -1L)
    if (length(truth) == length(predicted)) {
      if (!is_one(truth[length(truth)])) {
        fail("which takes class ids (counted from 0), one per sample.", " For indicator columns use \"categorical_crossentropy\".")
      }
      truth <- head(truth, -1L)
    }
    if (!sizes_agree(truth, without)) fail("which takes class ids (counted from 0), one per sample.")
    return(invisible(classes))
  }
  if (length(truth) == length(predicted) - 1L && is_one(predicted[length(predicted)])) predicted <- head(predicted, -1L)
  if (length(truth) - 1L == length(predicted) && is_one(truth[length(truth)])) truth <- head(truth, -1L)
  exact <- known %in% c("categorical_crossentropy", "categorical_hinge", "categorical_focal_crossentropy", "binary_crossentropy")
  if (length(truth) != length(predicted) ||
      !(sizes_agree(truth, predicted) || (!exact && all(is.na(truth) | is.na(predicted) | truth == predicted | truth == 1L)))) {
    mend <- if (known == "categorical_crossentropy" && is_one(truth[length(truth)])) {
      " For class ids use \"sparse_categorical_crossentropy\", or to_categorical(y)."
    }
    fail("which takes targets of the same shape.", mend)
  }
  invisible()
}

sizes_agree <- function(a, b) length(a) == length(b) && all(is.na(a) | is.na(b) | a == b)
dims_text <- function(shape) paste0("(", paste(ifelse(is.na(shape), "NULL", shape), collapse = ", "), ")")

# ---- metrics

new_compiled_metrics <- function(metrics, weighted_metrics, model) {
  check_known_metrics(metrics)
  check_known_metrics(weighted_metrics)
  CompiledMetrics$new(metrics, weighted_metrics, model)
}

check_known_metrics <- function(metrics) {
  if (is.list(metrics) && is.null(metrics$class_name)) return(invisible(lapply(metrics, check_known_metrics)))
  if (is.character(metrics)) {
    for (metric in metrics) if (!tolower(metric) %in% c("accuracy", "acc", "crossentropy", "ce")) get_metric(metric)
  } else if (!is.null(metrics) && !is_metric(metrics) && !is.function(metrics)) get_metric(metrics)
  invisible()
}

CompiledMetrics <- R6Class("CompiledMetrics", cloneable = FALSE, public = list(
  spec = NULL, weighted_spec = NULL, model = NULL, names = NULL, plain = NULL, weighted = NULL,

  initialize = function(spec, weighted_spec, model) {
    self$spec <- spec
    self$weighted_spec <- weighted_spec
    self$model <- model
  },

  build = function(predictions, targets) {
    if (!is.null(self$plain)) return(invisible())
    n <- length(predictions)
    self$names <- output_names_of(self$model, n)
    seen <- character()
    # a function, not a method: the containers' two lists are named alike
    resolve <- function(spec, what) {
      per <- metrics_per_output(spec, n, self$names, what)
      lapply(seq_len(n), function(i) lapply(Filter(Negate(is.null), per[[i]]), function(metric) {
        shape_of <- function(x) if (!is.null(x)) tensor_shape(x)
        made <- get_metric(metric, shape_of(targets[[i]]), shape_of(predictions[[i]]))
        object <- unwrap(made)
        if (n > 1L && !startsWith(object$name, paste0(self$names[[i]], "_"))) object$name <- paste0(self$names[[i]], "_", object$name)
        made
      }))
    }
    plain <- resolve(self$spec, "metrics")
    weighted <- resolve(self$weighted_spec, "weighted_metrics")
    taken <- vapply(unlist(plain, recursive = FALSE), function(metric) unwrap(metric)$name, "")
    for (i in seq_len(n)) for (object in lapply(weighted[[i]], unwrap)) if (object$name %in% taken)
      object$name <- if (n > 1L) {
        sub(paste0(self$names[[i]], "_"), paste0(self$names[[i]], "_weighted_"), object$name, fixed = TRUE)
      } else {
        paste0("weighted_", object$name)
      }
    for (metric in unlist(c(plain, weighted), recursive = FALSE)) {
      if (metric$name %in% seen) abort_argument("two metrics have the same name \"", metric$name, "\": give one of them another `name`")
      seen <- c(seen, metric$name)
    }
    self$plain <- plain
    self$weighted <- weighted
    structure_changed()
  },

  update_state = function(y_true, y_pred, sample_weight = NULL) {
    predictions <- flatten_outputs(y_pred)
    n <- length(predictions)
    names <- self$names %||% output_names_of(self$model, n)
    targets <- per_output_values(y_true, n, names, "y")
    for (i in seq_len(n)) targets[i] <- list(match_target(targets[[i]], predictions[[i]]))
    weights <- per_output_values(
      if (n > 1L && !is.null(sample_weight) && !is_branch_list(sample_weight)) rep(list(sample_weight), n) else sample_weight, n, names,
      "sample_weight")
    self$build(predictions, targets)
    for (i in seq_len(n)) {
      if (is.null(targets[[i]]) || !length(c(self$plain[[i]], self$weighted[[i]]))) next
      y_p <- predictions[[i]]
      mask <- get_mask(y_p)
      for (metric in self$plain[[i]]) metric$update_state(targets[[i]], y_p, sample_weight = mask)
      weight <- weight_with_mask(match_weight(weights[[i]], y_p), mask, y_p)
      for (metric in self$weighted[[i]]) metric$update_state(targets[[i]], y_p, sample_weight = weight)
    }
    invisible(NULL)
  }
), active = list(
  metrics = function() {
    if (is.null(self$plain)) return(list())
    unlist(lapply(seq_along(self$plain), function(i) c(self$plain[[i]], self$weighted[[i]])), recursive = FALSE) %||% list()
  }
))

# One list of metrics per output, from the forms compile() takes.
metrics_per_output <- function(spec, n, names, what) {
  if (is.null(spec)) return(rep(list(list()), n))
  if (is.character(spec) && is.null(names(spec))) spec <- as.list(spec)
  if (is.character(spec)) spec <- as.list(spec)
  if (!is.list(spec) || is_metric(spec)) spec <- list(spec)
  if (!is.null(names(spec))) names(spec) <- layer_names_of(names(spec), names)
  given <- names(spec)
  names <- unname(names)
  if (!is.null(given) && all(given %in% names) && all(nzchar(given))) return(lapply(names, function(name) as_metric_list(spec[[name]])))
  if (n > 1L && !is.null(given) && all(nzchar(given)) && !any(vapply(spec, is.function, NA)))
    abort_argument("`", what, "` names an unknown output ", quoted_names(setdiff(given, names)), ". The outputs are: ", quoted_names(names))
  spec <- Map(function(metric, name) {
    if (is.function(metric) && !is_metric(metric) && nzchar(name)) structure(metric, py_function_name = name) else metric
  }, spec, given %||% rep("", length(spec)))
  nested <- vapply(spec, function(s) is.list(s) && !is_metric(s) && is.null(s$class_name), NA)
  if (any(nested)) {
    if (length(spec) != n) abort_argument("`", what, "` has ", length(spec), " lists for ", n, " outputs")
    return(lapply(unname(spec), as_metric_list))
  }
  rep(list(unname(spec)), n)
}

as_metric_list <- function(x) if (is.null(x)) list() else if (is.character(x)) as.list(x) else if (is.list(x) && !is_metric(x)) unname(x) else list(x)

# ---- what a model reports

model_metrics <- function(model) {
  own <- c(if (!is.null(model$compiled_loss)) model$compiled_loss$metrics, if (!is.null(model$compiled_metrics)) model$compiled_metrics$metrics,
           layer_metrics(model))
  unique_values(own)
}

model_metrics_names <- function(model) vapply(model_metrics(model), function(metric) metric$name, "")

metric_results <- function(model) {
  results <- list()
  for (metric in model_metrics(model)) {
    value <- metric$result()
    if (is_branch_list(value)) results[names(value)] <- value else results[[metric$name]] <- tensor(value)
  }
  results
}

reset_metrics <- function(model) for (metric in step_parts(model)$metrics) metric$reset_state()
