# One pass over a source of batches.

# kind: "train" or "test". Gives the logs of the end and how many batches ran.
run_epoch <- function(model, kind, source, callbacks, progress = NULL, shuffle = FALSE, resume = NULL) {
  source$start(shuffle, resume$place)
  run <- if (source$is_array && !runs_as_written(model, kind)) run_in_core else run_one_by_one
  run(model, kind, source, callbacks, progress, resume)
}

# The core runs the batches; R is asked only for batch callbacks and progress.
run_in_core <- function(model, kind, source, callbacks, progress, resume = NULL) {
  programs <- source$programs(model, kind)
  wanted <- if (kind == "train") callbacks$wants_train_batches() else callbacks$wants_test_batches()
  events <- paste0("on_", kind, "_batch_", c("begin", "end"))
  rest <- programs$rest$pointer
  seen <- resume_epoch(model, source, resume)
  logs <- list()
  while (seen < source$batches && source$has_more()) {
    if (wanted) callbacks$call(events[[1L]], as.integer(seen), logs = list())
    first <- source$at
    last <- if (wanted) first + 1 else min(first + source$batches - seen, source$per_pass)
    result <- loop_run(source$feed, programs$whole$pointer, rest, first, last, source$batch_size,
                       if (is.null(progress)) 1e300 else progress$patience())
    if (result$interrupted) signal_interrupt()
    source$at <- result[["next"]]
    seen <- seen + source$at - first
    skeleton <- if (source$at == source$per_pass && !is.null(rest)) programs$rest$skeleton else programs$whole$skeleton
    logs <- log_values(fill_skeleton(skeleton, result$outputs))
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
  seen <- resume_epoch(model, source, resume)
  saves <- kind == "train" && callbacks$saves_batches()
  logs <- list()
  while (is.na(source$batches) || seen < source$batches) {
    data <- with_place(source$take(), "batch ", seen + 1)
    if (is.null(data)) break
    callbacks$call(events[[1L]], as.integer(seen), logs = list())
    last <- isTRUE(seen + 1 >= source$batches)
    logs <- with_place(log_values(step_beside(model, kind, data, source, prepare = !source$is_array && !last && !saves)), "batch ", seen + 1)
    seen <- seen + 1
    callbacks$call(events[[2L]], as.integer(seen - 1), logs = logs)
    if (saves && !last) for (saver in callbacks$savers) saver$after_batch(model$run$epoch, seen)
    if (!is.null(progress) && progress$is_due()) progress$update(seen, logs)
    if (kind == "train" && isTRUE(model$stop_training)) break
  }
  if (seen == 0 && !source$is_known) abort_argument("the generator gave no batch")
  source$is_known <- TRUE
  list(logs = logs, seen = seen)
}

# The core computes the step while R makes the next batch. (Random numbers are drawn in the order as if it did not.)
step_beside <- function(model, kind, data, source, prepare) {
  if (runs_as_written(model, kind)) return(with_users_jit(step_function(model, kind)(data)))
  flat <- flatten_data(data)
  rows <- tensor_shape(flat$tensors[[1L]])[[1L]]
  program <- source_program(source, model, kind, flat, rows)
  if (!prepare) return(program_run(program, flat$tensors))
  handle <- program_start(program$pointer, flat$tensors)
  finished <- FALSE
  on.exit(if (!finished) program_abandon(handle))
  source$prepare()
  outputs <- program_finish(handle)
  finished <- TRUE
  fill_skeleton(program$skeleton, outputs)
}

# Looking a program up costs a walk through the model: once for each shape of a run is enough.
source_program <- function(source, model, kind, flat, rows) {
  key <- paste(c(kind, rows, unlist(lapply(flat$tensors, function(t) c(tensor_dtype(t), tensor_shape(t)[-1L], ";"))), names(unlist(flat$skeleton))),
               collapse = " ")
  known <- source$made[[key]]
  if (!is.null(known) && identical(known$of, model$programs)) return(known$program)
  program <- step_program(model, kind, flat, rows)
  source$made[[key]] <- list(program = program, of = model$programs)
  program
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
