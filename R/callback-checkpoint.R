ModelCheckpoint <- R6Class("ModelCheckpoint", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(filepath, monitor, verbose, save_best_only, save_weights_only, mode, save_freq, initial_value_threshold = NULL) {
    self$filepath <- path.expand(filepath)
    self$monitor <- monitor
    self$verbose <- verbose
    self$save_best_only <- isTRUE(save_best_only)
    self$save_weights_only <- isTRUE(save_weights_only)
    self$save_freq <- save_freq
    self$rule <- improvement(mode, monitor)
    self$best <- initial_value_threshold %||% self$rule$worst
    self$batches_since_save <- 0
    self$epoch <- 0
    self$period <- 1
  },
  on_epoch_begin = function(epoch, logs = NULL) self$epoch <- epoch,
  on_train_batch_end = function(batch, logs = NULL) {
    if (!is.numeric(self$save_freq)) return(invisible())
    self$batches_since_save <- self$batches_since_save + 1
    if (self$batches_since_save >= self$save_freq) {
      self$batches_since_save <- 0
      self$save_if_due(self$epoch, logs, batch)
    }
  },
  on_epoch_end = function(epoch, logs = NULL)
    if (identical(self$save_freq, "epoch") && (epoch + 1) %% self$period == 0) self$save_if_due(epoch, logs),

  save_if_due = function(epoch, logs, batch = NULL) {
    path <- fill_template(self$filepath, c(list(epoch = epoch + 1, batch = if (!is.null(batch)) batch + 1), logs))
    say <- function(...) if (self$verbose > 0) cat("\nEpoch ", epoch + 1, ": ", ..., "\n", sep = "")
    if (self$save_best_only) {
      current <- logs[[self$monitor]]
      if (is.null(current)) {
        warning("Can save best model only with ", self$monitor, " available, skipping.", call. = FALSE)
        return(invisible())
      }
      if (!isTRUE(self$rule$is_better(current, self$best))) return(say(self$monitor, " did not improve from ", sprintf("%.5f", self$best)))
      say(self$monitor, " improved from ", sprintf("%.5f", self$best), " to ", sprintf("%.5f", current), ", saving model to ", path)
      self$best <- current
    } else say("saving model to ", path)
    self$save(path)
  },

  # Written beside the place it goes to, then moved there: a file is the old one or the new one, never half of it.
  save = function(path) {
    dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
    is_hdf5 <- grepl("\\.(h5|hdf5)$", path)
    partial <- file.path(dirname(path), paste0(".partial-", Sys.getpid(), "-", basename(path)))
    if (self$save_weights_only) {
      if (is_hdf5) save_model_weights_hdf5(self$model, partial) else return(save_model_weights_tf(self$model, path))
    } else if (is_hdf5) save_model_hdf5(self$model, partial)
    else if (grepl("\\.keras$", path)) save_model_tf(self$model, partial)
    else return(save_model_tf(self$model, path))
    put_in_place(partial, path)
  },
  get_state = function() list(best = self$best, batches_since_save = self$batches_since_save),
  set_state = function(state) for (name in names(state)) self[[name]] <- state[[name]]
))

# fsync, then rename.
put_in_place <- function(partial, path) {
  file_sync(partial)
  if (!file.rename(partial, path)) abort_file("cannot move \"", partial, "\" to \"", path, "\"")
  invisible(path)
}

# "weights.{epoch:02d}-{val_loss:.2f}.hdf5": names in braces with Python's number formats.
fill_template <- function(template, values) {
  fields <- regmatches(template, gregexpr("\\{[^{}]*\\}", template))[[1L]]
  for (field in unique(fields)) {
    parts <- regmatches(field, regexec("^\\{([A-Za-z0-9_]+)(?::([^{}]*))?\\}$", field, perl = TRUE))[[1L]]
    value <- if (length(parts)) values[[parts[[2L]]]]
    if (is.null(value)) {
      abort_argument("the file name \"", template, "\" asks for ", field, "; there are: ",
                     paste(names(Filter(Negate(is.null), values)), collapse = ", "))
    }
    format <- parts[[3L]]
    text <- if (is.numeric(value) && !is.finite(value)) python_non_finite(value)
            else if (!nzchar(format)) format(value, digits = 15L, trim = TRUE)
            else if (grepl("d$", format)) sprintf(paste0("%", format), as.integer(value))
            else if (grepl("%$", format)) sprintf(paste0("%", sub("%$", "f%%", format)), value * 100)
            else sprintf(paste0("%", format), as.numeric(value))
    template <- gsub(field, text, template, fixed = TRUE)
  }
  template
}

#' Save the model during training
#'
#' @inheritParams callback_early_stopping
#' @param filepath File name, in which `{epoch:02d}`, `{val_loss:.2f}` and so on stand for the epoch (from 1) and the metrics.
#' @param monitor Metric that decides what is best.
#' @param save_best_only Save only when the metric has improved?
#' @param save_weights_only Save the weights, not the whole model?
#' @param period Save every so many epochs (superseded by `save_freq`).
#' @param save_freq `"epoch"`, or a number of batches.
#' @inherit callback_lambda return
#' @examples
#' callback_model_checkpoint("weights.{epoch:02d}-{val_loss:.2f}.hdf5", save_weights_only = TRUE)
#' @family callbacks
#' @export
callback_model_checkpoint <- function(filepath, monitor = "val_loss", verbose = 0, save_best_only = FALSE, save_weights_only = FALSE,
                                      mode = c("auto", "min", "max"), period = NULL, save_freq = "epoch") {
  if (!identical(save_freq, "epoch")) save_freq <- as_whole_number(save_freq, "save_freq")
  checkpoint <- new_callback(ModelCheckpoint, filepath, monitor, verbose, save_best_only, save_weights_only, mode, save_freq)
  if (!is.null(period) && period > 1) {
    warning("`period` argument is deprecated. Please use `save_freq` to specify the frequency in number of batches seen.", call. = FALSE)
    checkpoint$period <- period
  }
  checkpoint
}
