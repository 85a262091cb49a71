# predict()

#' Predictions of a model
#'
#' @inheritParams fit.keras.engine.training.Model
#' @param steps Number of batches (default: all data).
#' @param ... Unused: `max_queue_size`, `workers` and `use_multiprocessing` are accepted for compatibility, others with a warning.
#' @return An array with one row per sample; for several outputs a list of them.
#' @name predict.keras.engine.training.Model
#' @export
predict.keras.engine.training.Model <- function(object, x, batch_size = NULL, verbose = getOption("keras.predict_verbose", default = "auto"),
                                                steps = NULL, callbacks = NULL, ...) {
  model <- unwrap(object)
  verbose <- verbosity(verbose)
  if (...length()) warn_of_unused("predict()", ...)
  if (verbose == 0L && is.null(callbacks) && is.null(steps) && is.null(batch_size)) {
    done <- predict_at_once(model, x)
    if (!is.null(done)) return(done$outputs)
  }
  without_jit({
    source <- batch_source(model, x, batch_size = batch_size, steps = steps, allow_nan = TRUE)
    callbacks <- CallbackList$new(normalize_callbacks(callbacks), object, list(verbose = verbose, epochs = 1L, steps = source$batches))
    prepare_model(model, source$example()[[1L]])
    guard_interrupts(run_predict(model, source, callbacks, verbose), what = "predict()")
  })
}

# The short way for what a service asks again and again: one plain array of at most one batch, in a shape seen before. NULL: take the
# long way, which leaves its program where the next call finds it.
predict_at_once <- function(model, x) {
  size <- dim(x)
  if (is.null(size) || is.object(x) || !is.double(x) || size[[1L]] > default_batch_size || size[[1L]] == 0L || is.null(model$programs) ||
      isTRUE(model$run_eagerly)) {
    return(NULL)
  }
  program <- model$programs[[paste(c("at once", size), collapse = " ")]]
  if (is.null(program) || !program_is_alive(program$pointer)) return(NULL)
  tensors <- program_run_call(program$pointer, list(tensor_create(x, program$input_dtype)))
  list(outputs = fill_skeleton(program$skeleton, lapply(tensors, tensor_value)))
}

remember_for_one_batch <- function(model, source, program) {
  tensors <- source$flat$tensors
  if (source$batches != 1 || length(tensors) != 1L || !startsWith(tensor_dtype(tensors[[1L]]), "float") || is_branch_list(source$example()[[1L]])) {
    return(invisible())
  }
  program$input_dtype <- tensor_dtype(tensors[[1L]])
  assign(paste(c("at once", tensor_shape(tensors[[1L]])), collapse = " "), program, envir = model$programs)
}

run_predict <- function(model, source, callbacks, verbose) {
  callbacks$call("on_predict_begin")
  progress <- if (verbose > 0L) new_progress(verbose, source$batches)
  in_core <- source$is_array && !runs_as_written(model, "predict") && !callbacks$wants_predict_batches()
  outputs <- if (in_core) predict_in_core(model, source, progress) else predict_one_by_one(model, source, callbacks, progress)
  if (!is.null(progress)) progress$finish(list())
  callbacks$call("on_predict_end")
  outputs
}

predict_in_core <- function(model, source, progress = NULL) {
  source$start()
  programs <- source$programs(model, "predict")
  remember_for_one_batch(model, source, programs$whole)
  tensors <- loop_outputs(programs$whole$pointer, min(source$n, source$batches * source$batch_size))
  seen <- 0
  while (seen < source$batches) {
    result <- loop_predict(source$feed, programs$whole$pointer, programs$rest$pointer, tensors, seen, source$batches, source$batch_size,
                           if (is.null(progress)) 1e300 else progress$patience())
    if (result$interrupted) signal_interrupt()
    seen <- result[["next"]]
    if (!is.null(progress) && seen < source$batches) progress$update(seen, list())
  }
  fill_skeleton(programs$whole$skeleton, lapply(tensors, tensor_value))
}

predict_one_by_one <- function(model, source, callbacks, progress) {
  source$start()
  parts <- list()
  while (is.na(source$batches) || length(parts) < source$batches) {
    index <- length(parts)
    data <- source$take()
    if (is.null(data)) break
    callbacks$call("on_predict_batch_begin", as.integer(index), logs = list())
    outputs <- step_beside(model, "predict", data, source, prepare = !source$is_array && !isTRUE(index + 1 >= source$batches))
    parts[[index + 1L]] <- outputs
    callbacks$call("on_predict_batch_end", as.integer(index), logs = list(outputs = outputs))
    if (!is.null(progress) && progress$is_due()) progress$update(index + 1, list())
  }
  if (!length(parts)) abort_argument("the generator gave no batch")
  if (!is.null(progress)) progress$seen <- length(parts)
  bind_outputs(parts)
}

# Outputs of the batches, one under the other.
bind_outputs <- function(parts) {
  first <- parts[[1L]]
  if (is_branch_list(first)) return(lapply(stats::setNames(seq_along(first), names(first)), function(i) bind_outputs(lapply(parts, `[[`, i))))
  as.array(if (length(parts) == 1L) first else op_concat(parts, axis = 0L))
}

#' @rdname train_on_batch
#' @export
predict_on_batch <- function(object, x) {
  model <- unwrap(object)
  data <- array_data(model, x, allow_nan = TRUE)$data
  prepare_model(model, data[[1L]])
  outputs <- run_step(model, "predict", data)
  map_leaves(outputs, function(t) as.array(t))
}

map_leaves <- function(x, f) if (is_branch_list(x)) lapply(x, map_leaves, f) else f(x)

#' Class predictions
#'
#' Defunct in R keras 2.6 and later, kept for scripts: for classes of a softmax use `k_argmax(predict(object, x))`.
#'
#' @inheritParams predict.keras.engine.training.Model
#' @return Class ids, counted from 0 (`predict_classes()`), or what [predict()] gives (`predict_proba()`).
#' @export
predict_classes <- function(object, x, batch_size = NULL, verbose = 0, steps = NULL) {
  p <- predict(object, x, batch_size = batch_size, verbose = verbose, steps = steps)
  if (length(dim(p)) == 2L && ncol(p) > 1L) max.col(p, ties.method = "first") - 1L else as.integer(p > 0.5)
}

#' @rdname predict_classes
#' @export
predict_proba <- function(object, x, batch_size = NULL, verbose = 0, steps = NULL)
  predict(object, x, batch_size = batch_size, verbose = verbose, steps = steps)
