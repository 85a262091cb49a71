# Exact resume: everything a run depends on, in one file that is replaced as a whole.

BackupAndRestore <- R6Class("BackupAndRestore", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(backup_dir, save_freq = "epoch", delete_checkpoint = TRUE, save_before_preemption = FALSE) {
    self$file <- file.path(path.expand(backup_dir), "backup.rds")
    self$save_freq <- if (identical(save_freq, "epoch")) save_freq else as_whole_number(save_freq, "save_freq")
    self$delete_checkpoint <- delete_checkpoint
    self$batches_since_save <- 0
    dir.create(backup_dir, recursive = TRUE, showWarnings = FALSE)
    if (!dir.exists(backup_dir)) abort_file("callback_backup_and_restore(): cannot create the folder \"", backup_dir, "\"")
  },
  on_train_begin = function(logs = NULL) {
    unlink(list.files(dirname(self$file), "^backup\\.rds\\.partial-[0-9]+$", full.names = TRUE))  # of a process killed while it wrote
    if (file.exists(self$file)) restore_run(unwrap(self$model), readRDS(self$file))
  },
  on_train_end = function(logs = NULL) if (self$delete_checkpoint) unlink(self$file),

  # Called by the training loop after all other callbacks.
  after_batch = function(epoch, batches_done) {
    self$batches_since_save <- self$batches_since_save + 1
    if (is.numeric(self$save_freq) && self$batches_since_save >= self$save_freq) self$save(epoch, batches_done)
  },
  after_epoch = function(epoch) if (identical(self$save_freq, "epoch") || self$batches_since_save > 0) self$save(epoch + 1L, 0),
  save = function(epoch, batch) {
    self$batches_since_save <- 0
    partial <- paste0(self$file, ".partial-", Sys.getpid())
    saveRDS(capture_run(unwrap(self$model), epoch, batch), partial, compress = FALSE)
    put_in_place(partial, self$file)
  },
  wants_batches = function() is.numeric(self$save_freq)
))

#' Back up a run, and go on with it after a crash
#'
#' After each epoch (or every `save_freq` batches) the state of the run is written: weights, optimizer, metrics, history, random numbers, the order
#' of the samples, other callbacks. If [fit()] is called again with the same arguments after the process died, it goes on from there, to the
#' same bits as if it had never stopped. The file is removed when the run ends well.
#'
#' @param backup_dir Folder of the backup, of this run only.
#' @param ... `save_freq` (`"epoch"` or a number of batches), `delete_checkpoint`.
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_backup_and_restore <- function(backup_dir, ...) new_callback(BackupAndRestore, backup_dir, ...)

random_state <- function() {
  if (!exists(".Random.seed", envir = globalenv(), inherits = FALSE)) stats::runif(1L)
  get(".Random.seed", envir = globalenv(), inherits = FALSE)
}
set_random_state <- function(state) if (!is.null(state)) assign(".Random.seed", state, envir = globalenv())

# Every variable of the optimizer, with those that files of Keras do not have.
optimizer_state <- function(optimizer) {
  rate <- optimizer$learning_rate
  c(optimizer$variables(), if (is_variable(rate)) list(rate), if (!is.null(optimizer$product)) list(optimizer$product))
}

capture_run <- function(model, epoch, batch) {
  run <- model$run
  list(format = 1L, epoch = as.integer(epoch), batch = batch,
       weights = lapply(model$weights, as.array), optimizer = lapply(optimizer_state(model$optimizer), as.array),
       metrics = if (batch > 0) lapply(model_metrics(model), function(metric) lapply(metric$weights, as.array)),
       history = run$record$metrics, epochs_done = run$record$epoch,
       callbacks = lapply(run$callbacks, function(callback) if (is.function(callback$get_state)) callback$get_state()),
       place = run$source$place(), random_at_epoch = run$random_at_epoch, random = random_state())
}

restore_run <- function(model, state) {
  if (length(state$weights) != length(model$weights) || length(state$optimizer) != length(optimizer_state(model$optimizer)))
    abort_argument("the backup is of another model or optimizer: it has ", length(state$weights), " weights, the model ", length(model$weights))
  Map(variable_assign, model$weights, state$weights)
  Map(variable_assign, optimizer_state(model$optimizer), state$optimizer)
  run <- model$run
  run$record$metrics <- state$history
  run$record$epoch <- state$epochs_done
  if (length(state$callbacks) == length(run$callbacks))
    for (i in seq_along(run$callbacks)) if (!is.null(state$callbacks[[i]])) run$callbacks[[i]]$set_state(state$callbacks[[i]])
  run$resume <- state[intersect(c("epoch", "batch", "metrics", "place", "random_at_epoch", "random"), names(state))]
  if (state$batch == 0) set_random_state(state$random)
}

# Goes on within a started epoch, to the batch that is returned.
resume_epoch <- function(model, source, resume) {
  if (is.null(resume)) return(0)
  random <- if (resume$batch > 0) resume$random else random_state()
  source$resume(resume$batch, resume$place)
  set_random_state(random)
  if (resume$batch == 0) return(0)
  # Metrics exist only once a step has seen data: if none has been traced yet, a test step makes them.
  if (length(model_metrics(model)) < length(resume$metrics)) {
    data <- source$one_batch()
    random <- random_state()
    step_function(model, "test")(data)
    set_random_state(random)
  }
  Map(function(metric, values) Map(variable_assign, metric$weights, values), model_metrics(model), resume$metrics)
  resume$batch
}
