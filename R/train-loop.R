# One pass over a source of batches.

# kind: "train" or "test". Gives the logs of the end and how many batches ran.
run_epoch <- function(model, kind, source, callbacks, progress = NULL, shuffle = FALSE, resume = NULL) {
  source$start(shuffle)
  run <- if (source$is_array && !runs_as_written(model, kind)) run_in_core else run_one_by_one
  run(model, kind, source, callbacks, progress, resume)
}

# The core runs the batches; R is asked only for batch callbacks and progress.
run_in_core <- function(model, kind, source, callbacks, progress, resume = NULL) {
  programs <- source$programs(model, kind)
  wanted <- if (kind == "train") callbacks$wants_train_batches() else callbacks$wants_test_batches()
  events <- paste0("on_", kind, "_batch_", c("begin", "end"))
  rest <- programs$rest$pointer
  seen <- 0
  if (!is.null(resume)) {
    seen <- resume$batch
    resume_epoch(model, resume)
  }
  logs <- list()
  while (seen < source$batches) {
    if (wanted) callbacks$call(events[[1L]], as.integer(seen), logs = list())
    result <- loop_run(source$feed, programs$whole$pointer, rest, seen, if (wanted) seen + 1 else source$batches, source$batch_size,
                       if (is.null(progress)) 1e300 else progress$patience())
    seen <- result[["next"]]
    skeleton <- if (seen == source$batches && !is.null(rest)) programs$rest$skeleton else programs$whole$skeleton
    logs <- log_values(fill_skeleton(skeleton, result$outputs))
    if (result$interrupted) signal_interrupt()
    if (wanted) callbacks$call(events[[2L]], as.integer(seen - 1), logs = logs)
    if (wanted && kind == "train" && seen < source$batches) for (saver in callbacks$savers) saver$after_batch(model$run$epoch, seen)
    if (!is.null(progress) && seen < source$batches && progress$is_due()) progress$update(seen, logs)
    if (kind == "train" && isTRUE(model$stop_training)) break
  }
  list(logs = logs, seen = seen)
}

# Batches that R makes (generators), or steps that R runs (run_eagerly).
run_one_by_one <- function(model, kind, source, callbacks, progress, resume = NULL) {
  events <- paste0("on_", kind, "_batch_", c("begin", "end"))
  seen <- 0
  logs <- list()
  while (is.na(source$batches) || seen < source$batches) {
    data <- if (source$is_array) source$batch(seen) else source$take()
    if (is.null(data)) break
    callbacks$call(events[[1L]], as.integer(seen), logs = list())
    logs <- log_values(run_step(model, kind, data))
    seen <- seen + 1
    callbacks$call(events[[2L]], as.integer(seen - 1), logs = logs)
    if (!is.null(progress) && progress$is_due()) progress$update(seen, logs)
    if (kind == "train" && isTRUE(model$stop_training)) break
  }
  if (seen == 0) abort_argument("the generator gave no batch")
  list(logs = logs, seen = seen)
}

signal_interrupt <- function() stop(structure(class = c("keratin_interrupt_in_core", "condition"), list(message = "interrupted", call = NULL)))

# Ctrl-C (in R or in the core) as a classed error; `keep` runs first and may add to the condition. The innermost guard speaks.
guard_interrupts <- function(expr, what, keep = function() list()) {
  handle <- function(e) {
    if (!is.null(e$interrupted)) stop(e)
    abort("interrupted", what, " was interrupted. What finished before is kept.", data = c(keep(), list(interrupted = what)))
  }
  tryCatch(expr, interrupt = handle, keratin_interrupt_in_core = handle, keratin_error_interrupted = handle)
}
