# Callbacks that set the learning rate.

rate_of <- function(optimizer) as.numeric(as.array(tensor(optimizer$learning_rate)))

LearningRateScheduler <- R6Class("LearningRateScheduler", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(schedule, verbose = 0) {
    self$schedule <- schedule
    self$verbose <- verbose
  },
  on_epoch_begin = function(epoch, logs = NULL) {
    takes <- length(formals(self$schedule))
    rate <- if (is_schedule(self$schedule)) {
      self$schedule(epoch)
    } else if (takes > 1L) self$schedule(epoch, rate_of(self$model$optimizer)) else self$schedule(epoch)
    if (is_tensor(rate)) rate <- as.numeric(as.array(rate))
    if (!is.numeric(rate) || length(rate) != 1L || is.na(rate))
      abort_argument("callback_learning_rate_scheduler(): `schedule` must give a number. Received: ", received(rate))
    self$model$optimizer$learning_rate <- rate
    if (self$verbose > 0) cat("\nEpoch ", epoch + 1, ": LearningRateScheduler setting learning rate to ", format(rate), ".\n", sep = "")
  },
  extra_logs = function() list(lr = rate_of(self$model$optimizer))
))

#' Set the learning rate at the beginning of each epoch
#'
#' @param schedule A function of `(epoch, lr)`, or of `(epoch)` only, that gives the learning rate; epochs count from 0.
#' @inherit callback_lambda return
#' @examples
#' callback_learning_rate_scheduler(function(epoch, lr) if (epoch < 10) lr else lr * 0.9)
#' @family callbacks
#' @export
callback_learning_rate_scheduler <- function(schedule) {
  if (!is.function(schedule)) abort_argument("callback_learning_rate_scheduler(): `schedule` must be a function. Received: ", received(schedule))
  new_callback(LearningRateScheduler, schedule)
}

ReduceLROnPlateau <- R6Class("ReduceLROnPlateau", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(monitor, factor, patience, verbose, mode, min_delta, cooldown, min_lr) {
    if (factor >= 1) abort_argument("callback_reduce_lr_on_plateau(): `factor` must be less than 1. Received: factor = ", factor)
    self$monitor <- monitor
    self$factor <- factor
    self$patience <- patience
    self$verbose <- verbose
    self$cooldown <- cooldown
    self$min_lr <- min_lr
    self$rule <- improvement(mode, monitor, min_delta)
    self$reset()
  },
  reset = function() {
    self$best <- self$rule$worst
    self$cooldown_counter <- 0
    self$wait <- 0
  },
  on_train_begin = function(logs = NULL) if (is.null(self$resumed)) self$reset() else self$resumed <- NULL,
  on_epoch_end = function(epoch, logs = NULL) {
    self$rate <- rate_of(self$model$optimizer)
    current <- monitored_value(logs, self$monitor, "Learning rate reduction is")
    if (is.null(current)) return(invisible())
    if (self$cooldown_counter > 0) {
      self$cooldown_counter <- self$cooldown_counter - 1
      self$wait <- 0
    }
    if (isTRUE(self$rule$is_better(current, self$best))) {
      self$best <- current
      self$wait <- 0
    } else if (self$cooldown_counter <= 0) {
      self$wait <- self$wait + 1
      if (self$wait >= self$patience && self$rate > self$min_lr) {
        rate <- max(self$rate * self$factor, self$min_lr)
        self$model$optimizer$learning_rate <- rate
        if (self$verbose > 0) cat("\nEpoch ", epoch + 1, ": ReduceLROnPlateau reducing learning rate to ", format(rate), ".\n", sep = "")
        self$cooldown_counter <- self$cooldown
        self$wait <- 0
      }
    }
  },
  extra_logs = function() list(lr = self$rate),
  get_state = function() list(best = self$best, wait = self$wait, cooldown_counter = self$cooldown_counter),
  set_state = function(state) {
    for (name in names(state)) self[[name]] <- state[[name]]
    self$resumed <- TRUE
  }
))

#' Reduce the learning rate when a metric no longer improves
#'
#' @inheritParams callback_early_stopping
#' @param factor What the learning rate is multiplied with.
#' @param patience Number of epochs without improvement after which it is reduced.
#' @param cooldown Number of epochs to wait after a reduction.
#' @param min_lr Lower bound of the learning rate.
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_reduce_lr_on_plateau <- function(monitor = "val_loss", factor = 0.1, patience = 10, verbose = 0, mode = c("auto", "min", "max"),
                                          min_delta = 1e-04, cooldown = 0, min_lr = 0) {
  new_callback(ReduceLROnPlateau, monitor, factor, patience, verbose, mode, min_delta, cooldown, min_lr)
}
