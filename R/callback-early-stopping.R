EarlyStopping <- R6Class("EarlyStopping", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(monitor, min_delta, patience, verbose, mode, baseline, restore_best_weights) {
    self$monitor <- monitor
    self$min_delta <- min_delta
    self$patience <- patience
    self$verbose <- verbose
    self$baseline <- baseline
    self$restore_best_weights <- restore_best_weights
    self$rule <- improvement(mode, monitor, min_delta)
    self$wait <- 0
    self$stopped_epoch <- 0
    self$best <- self$rule$worst
    self$best_epoch <- 0
    self$best_weights <- NULL
  },
  on_train_begin = function(logs = NULL) {
    if (!is.null(self$resumed)) return(self$resumed <- NULL)
    self$wait <- 0
    self$stopped_epoch <- 0
    self$best <- self$rule$worst
    self$best_weights <- NULL
    self$best_epoch <- 0
  },
  on_epoch_end = function(epoch, logs = NULL) {
    current <- monitored_value(logs, self$monitor, "Early stopping")
    if (is.null(current)) return(invisible())
    if (self$restore_best_weights && is.null(self$best_weights)) {
      self$best_weights <- self$model$get_weights()
      self$best_epoch <- epoch
    }
    self$wait <- self$wait + 1
    if (isTRUE(self$rule$is_better(current, self$best))) {
      self$best <- current
      self$best_epoch <- epoch
      if (self$restore_best_weights) self$best_weights <- self$model$get_weights()
      if (is.null(self$baseline) || isTRUE(self$rule$is_better(current, self$baseline))) self$wait <- 0
      return(invisible())
    }
    if (self$wait >= self$patience && epoch > 0) {
      self$stopped_epoch <- epoch
      self$model$stop_training <- TRUE
      if (self$restore_best_weights && !is.null(self$best_weights)) {
        if (self$verbose > 0) cat("Restoring model weights from the end of the best epoch: ", self$best_epoch + 1, ".\n", sep = "")
        self$model$set_weights(self$best_weights)
      }
    }
  },
  on_train_end = function(logs = NULL) {
    if (self$stopped_epoch > 0 && self$verbose > 0) cat("Epoch ", self$stopped_epoch + 1, ": early stopping\n", sep = "")
  },
  get_state = function() list(wait = self$wait, best = self$best, best_epoch = self$best_epoch, best_weights = self$best_weights),
  set_state = function(state) {
    for (name in names(state)) self[[name]] <- state[[name]]
    self$resumed <- TRUE
  }
))

#' Stop training when a metric no longer improves
#'
#' @param monitor Name of the metric.
#' @param min_delta Smallest change that counts as an improvement.
#' @param patience Number of epochs without improvement after which training stops.
#' @param verbose 0 or 1.
#' @param mode `"min"`, `"max"`, or `"auto"` (by the metric's name).
#' @param baseline Value that must be reached for the waiting to start anew.
#' @param restore_best_weights Go back to the weights of the best epoch?
#' @inherit callback_lambda return
#' @examples
#' callback_early_stopping(monitor = "val_loss", patience = 3, restore_best_weights = TRUE)
#' @family callbacks
#' @export
callback_early_stopping <- function(monitor = "val_loss", min_delta = 0, patience = 0, verbose = 0, mode = c("auto", "min", "max"), baseline = NULL,
                                    restore_best_weights = FALSE) {
  new_callback(EarlyStopping, monitor, min_delta, patience, verbose, mode, baseline, isTRUE(restore_best_weights))
}
