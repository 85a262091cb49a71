# fit()

#' Train a model
#'
#' @param object Model, compiled.
#' @param x Inputs: an array with one row per sample, a data frame, a (named) list of these for several inputs, or a generator: a function that
#'   gives the next batch, `list(x, y)` or `list(x, y, sample_weight)`, each time it is called.
#' @param y Targets: an array, or a (named) list of them for several outputs.
#' @param batch_size Samples per update (default 32).
#' @param epochs Number of the last epoch.
#' @param verbose 0 silent, 1 a progress bar, 2 a line per epoch; `"auto"` is 1, or 2 in a knitted document.
#' @param callbacks List of callbacks, such as [callback_early_stopping()].
#' @param view_metrics Show the metrics in the viewer while training?
#' @param validation_split Share of the samples, the last ones, kept for validation.
#' @param validation_data `list(x, y)` or `list(x, y, sample_weight)`, or a generator, to validate with after each epoch.
#' @param shuffle Shuffle the samples before each epoch (by R's generator: `set.seed()` decides)? `"batch"` shuffles whole batches.
#' @param class_weight Named list: weight of each class (`list("0" = 1, "1" = 2)`).
#' @param sample_weight Weight of each sample (or of each sample and time step).
#' @param initial_epoch Number of the first epoch, from 0: to go on after an earlier run.
#' @param steps_per_epoch Batches per epoch (generators; default: all data).
#' @param validation_steps Batches of the validation data (default: all).
#' @param ... `validation_freq`, `validation_batch_size`; `workers`, `max_queue_size` are accepted and ignored.
#' @return The history, of class `keras_training_history`: `$metrics` and `$params`; it can be printed, plotted and made a data frame.
#'
#'   Ctrl-C raises a condition of class `keratin_error_interrupted` with the history so far in `$history`; the model keeps the updates of
#'   all finished batches.
#' @examples
#' x <- as.matrix(scale(mtcars[, c("wt", "hp")]))
#' model <- keras_model_sequential() |> layer_dense(1, input_shape = 2)
#' model |> compile(optimizer = optimizer_sgd(0.1), loss = "mse", metrics = "mae")
#' history <- model |> fit(x, mtcars$mpg, epochs = 5, verbose = 0)
#' history
#' @name fit.keras.engine.training.Model
#' @export
fit.keras.engine.training.Model <- function(object, x = NULL, y = NULL, batch_size = NULL, epochs = 10,
                                            verbose = getOption("keras.fit_verbose", default = "auto"),
                                            callbacks = NULL, view_metrics = getOption("keras.view_metrics", default = "auto"), validation_split = 0,
                                            validation_data = NULL, shuffle = TRUE, class_weight = NULL, sample_weight = NULL, initial_epoch = 0,
                                            steps_per_epoch = NULL, validation_steps = NULL, ...) {
  model <- unwrap(object)
  check_compiled(model)
  options <- fit_options(...)
  guard_interrupts(what = "fit()", keep = function() list(history = model$history), without_jit({
    epochs <- as.integer(as_whole_number(epochs, "epochs"))
    initial_epoch <- as.integer(as_whole_number(initial_epoch, "initial_epoch", least = 0))
    verbose <- verbosity(verbose)
    validation <- NULL
    if (is.null(validation_data) && !identical(as.numeric(validation_split), 0)) {
      source <- batch_source(model, x, y, sample_weight, class_weight, batch_size)
      # classes weigh in training only
      unweighted <- if (is.null(class_weight)) source else suppressWarnings(batch_source(model, x, y, sample_weight, batch_size = batch_size))
      sizes <- list(batch_size, options$validation_batch_size %||% batch_size)
      parts <- split_source(source, unweighted, validation_split, sizes, list(steps_per_epoch, validation_steps), epochs)
      source <- parts$training
      validation <- parts$validation
    } else {
      source <- batch_source(model, x, y, sample_weight, class_weight, batch_size, steps_per_epoch, passes = epochs)
      if (!is.null(validation_data))
        validation <- with_place(validation_source(model, validation_data, options$validation_batch_size %||% batch_size, validation_steps),
                                 "validation data")
    }
    with_compiled_trainable(model, run_fit(object, model, source, validation, epochs, initial_epoch, verbose, normalize_callbacks(callbacks), shuffle,
                                           options$validation_freq, view_metrics))
  }))
}

fit_options <- function(validation_freq = 1, validation_batch_size = NULL, workers = 1, max_queue_size = 10, use_multiprocessing = FALSE, ...) {
  if (...length()) abort_argument("fit() has no argument ", quoted_names(names(list(...)) %||% "(unnamed)"))
  list(validation_freq = validation_freq, validation_batch_size = validation_batch_size)
}

validation_source <- function(model, data, batch_size, steps) {
  if (!is.null(batch_reader(data))) return(batch_source(model, data, steps = steps))
  if (!is_branch_list(data) || !length(data) %in% 2:3)
    abort_argument("`validation_data` must be list(x, y) or list(x, y, sample_weight). Received: ", received(data))
  if (!is.null(names(data)) && all(c("x", "y") %in% names(data))) data <- data[c("x", "y", setdiff(names(data), c("x", "y")))]
  batch_source(model, data[[1L]], data[[2L]], if (length(data) == 3L) data[[3L]], batch_size = batch_size, steps = steps)
}

# The last samples are for validation, as they lie. `sizes` (of batches) and `steps`: of training, of validation.
split_source <- function(source, unweighted, share, sizes, steps, epochs) {
  if (!is.numeric(share) || length(share) != 1L || is.na(share) || share < 0 || share >= 1)
    abort_argument("`validation_split` must be in [0, 1). Received: validation_split = ", received(share))
  if (!is.function(source$part)) abort_argument("`validation_split` needs data as arrays: with a generator give `validation_data`")
  first <- floor(source$n * (1 - share))
  if (first == 0 || first == source$n)
    abort_argument("`validation_split` = ", share, " of ", source$n, " samples leaves nothing to ", if (first == 0) "train" else "validate", " on")
  part <- function(source, rows, i, passes = 1) {
    size <- as_whole_number(sizes[[i]], "batch_size")
    count <- as_whole_number(steps[[i]], c("steps_per_epoch", "validation_steps")[[i]])
    source$part(rows, count, size %||% (if (!is.null(count)) ceiling(length(rows) / count)) %||% source$batch_size, passes)
  }
  list(training = part(source, seq_len(first), 1L, epochs), validation = part(unweighted, seq.int(first + 1, source$n), 2L))
}

run_fit <- function(object, model, source, validation, epochs, initial_epoch, verbose, callbacks, shuffle, validation_freq = 1,
                    view_metrics = FALSE) {
  record <- HistoryCallback$new()
  params <- list(verbose = verbose, epochs = epochs, steps = if (is.na(source$batches)) NULL else as.integer(source$batches))
  history <- function() new_history(params, record$metrics)
  viewer <- metrics_viewer(view_metrics, params, record)
  run <- list2env(list(record = record, callbacks = callbacks, source = source), parent = emptyenv())
  model$run <- run
  on.exit(model$run <- NULL)
  callbacks <- CallbackList$new(c(callbacks, list(record), viewer), object, params)
  progress <- new_progress(verbose, source$batches)
  model$stop_training <- FALSE
  prepare_model(model, source$example()[[1L]], training = TRUE)

  keep <- function() {
    progress$abandon()
    model$history <- history()
    list(history = model$history)
  }
  hinted <- FALSE
  guard_interrupts(what = "fit()", keep = keep, {
    callbacks$call("on_train_begin")
    logs <- list()
    first <- if (is.null(run$resume)) initial_epoch else run$resume$epoch
    for (epoch in seq_len(max(0L, epochs - first)) + first - 1L) {
      resume <- run$resume
      run$resume <- NULL
      run$epoch <- epoch
      progress$epoch(epoch, epochs)
      if (!isTRUE(resume$batch > 0)) {
        reset_metrics(model)
        callbacks$call("on_epoch_begin", as.integer(epoch))
      } else set_random_state(resume$random_at_epoch)
      if (length(callbacks$savers)) run$random_at_epoch <- random_state()
      result <- run_epoch(model, "train", source, callbacks, progress, shuffle, resume)
      if (result$seen == 0) {
        warn_of_end(0, source$batches)
        break
      }
      logs <- result$logs
      enough <- is.na(source$batches) || result$seen >= source$batches || isTRUE(model$stop_training)
      if (is.na(source$batches)) {
        source$batches <- result$seen
        progress$target <- result$seen
      }
      if (!is.null(validation) && is_validation_epoch(epoch, validation_freq)) {
        tested <- with_place(run_test(model, validation, callbacks), "validation data")
        logs <- c(logs, stats::setNames(tested, paste0("val_", names(tested))))
      }
      shown <- callbacks$epoch_end(as.integer(epoch), logs)   # with what callbacks add, which on_train_end does not see
      progress$finish(shown, result$seen)
      if (verbose > 0L && isTRUE(is.nan(logs$loss)) && !hinted) {
        hinted <- TRUE
        message("The loss is not a number from epoch ", epoch + 1,
                " on. A smaller learning rate, clipnorm = 1 in the optimizer, or scaled inputs may help; ",
                "callback_terminate_on_naan() stops there.")
      }
      for (saver in callbacks$savers) saver$after_epoch(as.integer(epoch))
      if (!enough) {
        warn_of_end(result$seen, source$batches)
        break
      }
      if (isTRUE(model$stop_training)) break
    }
    model$optimizer$finalize_variable_values(step_parts(model)$trainable)
    callbacks$call("on_train_end", logs = logs)
  })
  model$history <- history()
  invisible(model$history)
}

warn_of_end <- function(seen, batches) {
  warning("training ran out of data after ", seen, " of ", batches,
          " batches of this epoch and ends here: `steps_per_epoch * epochs` batches are needed", call. = FALSE)
}

# validation_freq: every so many epochs, or the epochs (from 1) named.
is_validation_epoch <- function(epoch, frequency) if (length(frequency) > 1L) (epoch + 1) %in% frequency else (epoch + 1) %% frequency == 0

#' Train, test and predict with generators
#'
#' Superseded: [fit()], [evaluate()] and [predict()] take generators themselves.
#'
#' @inheritParams fit.keras.engine.training.Model
#' @param generator A generator.
#' @param steps,steps_per_epoch Batches to take.
#' @param max_queue_size,workers Ignored, for compatibility.
#' @inherit fit.keras.engine.training.Model return
#' @export
fit_generator <- function(object, generator, steps_per_epoch, epochs = 1, verbose = getOption("keras.fit_verbose", default = 1), callbacks = NULL,
                          view_metrics = getOption("keras.view_metrics", default = "auto"), validation_data = NULL, validation_steps = NULL,
                          class_weight = NULL, max_queue_size = 10, workers = 1, initial_epoch = 0) {
  fit(object, generator, steps_per_epoch = steps_per_epoch, epochs = epochs, verbose = verbose, callbacks = callbacks, view_metrics = view_metrics,
      validation_data = validation_data, validation_steps = validation_steps, class_weight = class_weight, initial_epoch = initial_epoch)
}

#' @rdname fit_generator
#' @export
evaluate_generator <- function(object, generator, steps, max_queue_size = 10, workers = 1, callbacks = NULL) {
  evaluate(object, generator, steps = steps, callbacks = callbacks, verbose = 0)
}

#' @rdname fit_generator
#' @export
predict_generator <- function(object, generator, steps, max_queue_size = 10, workers = 1, verbose = 0, callbacks = NULL) {
  predict(object, generator, steps = steps, verbose = verbose, callbacks = callbacks)
}
