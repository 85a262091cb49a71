# evaluate() and the test_on_batch() kin.

#' Evaluate a model
#'
#' @param object Model.
#' @param ... See the method for models, [evaluate.keras.engine.training.Model()].
#' @return A named vector: the loss and the metrics.
#' @export
evaluate <- function(object, ...) UseMethod("evaluate")

#' Evaluate a model on data
#'
#' @inheritParams fit.keras.engine.training.Model
#' @param steps Number of batches (default: all data).
#' @param ... Unused: `max_queue_size`, `workers` and `use_multiprocessing` are accepted for compatibility, others with a warning.
#' @return A named numeric vector: the loss and the metrics, each over all samples.
#' @name evaluate.keras.engine.training.Model
#' @export
evaluate.keras.engine.training.Model <- function(object, x = NULL, y = NULL, batch_size = NULL,
                                                 verbose = getOption("keras.evaluate_verbose", default = "auto"),
                                                 sample_weight = NULL, steps = NULL, callbacks = NULL, ...) {
  model <- unwrap(object)
  check_compiled(model)
  warn_of_unused("evaluate()", ...)
  source <- batch_source(model, x, y, sample_weight, batch_size = batch_size, steps = steps)
  callbacks <- CallbackList$new(normalize_callbacks(callbacks), object, list(verbose = verbosity(verbose), epochs = 1L, steps = source$batches))
  progress <- new_progress(verbosity(verbose), source$batches)
  logs <- guard_interrupts(without_jit(run_test(model, source, callbacks, progress)), what = "evaluate()")
  progress$finish(logs)
  unlist_logs(logs)
}

unlist_logs <- function(logs) {
  if (all(vapply(logs, function(value) is.numeric(value) && length(value) == 1L, NA))) unlist(logs) else logs
}

# One pass of the test step over a source; gives the logs of the end.
run_test <- function(model, source, callbacks, progress = NULL) {
  prepare_model(model, source$example()[[1L]])
  reset_metrics(model)
  callbacks$call("on_test_begin")
  logs <- run_epoch(model, "test", source, callbacks, progress)$logs
  callbacks$call("on_test_end", logs = logs)
  logs
}

#' One step on one batch
#'
#' `train_on_batch()` makes one update of the weights, `test_on_batch()` none; both give the loss and the metrics of the batch.
#' `predict_on_batch()` gives the outputs.
#'
#' @param object Model.
#' @param x,y Arrays (or lists of them): inputs and targets of the batch.
#' @param class_weight Named list of weights of the classes.
#' @param sample_weight Weights of the samples.
#' @return Numbers: the loss, then the metrics, in the order of `object$metrics_names`; for `predict_on_batch()` an array (or a list).
#' @export
train_on_batch <- function(object, x, y, class_weight = NULL, sample_weight = NULL) {
  model <- unwrap(object)
  check_compiled(model)
  with_compiled_trainable(model, step_on_batch(model, "train", array_data(model, x, y, sample_weight, class_weight)$data))
}

#' @rdname train_on_batch
#' @export
test_on_batch <- function(object, x, y, sample_weight = NULL) {
  model <- unwrap(object)
  check_compiled(model)
  step_on_batch(model, "test", array_data(model, x, y, sample_weight)$data)
}

step_on_batch <- function(model, kind, data) {
  prepare_model(model, data[[1L]], training = kind == "train")
  reset_metrics(model)
  logs <- log_values(run_step(model, kind, data))
  unname(unlist_logs(logs))
}

# One step on tensors: traced, or as written if the model runs eagerly.
run_step <- function(model, kind, data) {
  if (runs_as_written(model, kind)) return(step_function(model, kind)(data))
  flat <- flatten_data(data)
  rows <- tensor_shape(flat$tensors[[1L]])[[1L]]
  program_run(step_program(model, kind, flat, rows), flat$tensors)
}
