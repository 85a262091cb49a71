TerminateOnNaN <- R6Class("TerminateOnNaN", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  on_batch_end = function(batch, logs = NULL) {
    loss <- logs[["loss"]]
    if (!is.null(loss) && !is.finite(loss)) {
      cat("Batch ", batch, ": Invalid loss, terminating training\n", sep = "")
      self$model$stop_training <- TRUE
    }
  }
))

#' Stop training when the loss is not a number or infinite
#'
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_terminate_on_naan <- function() new_callback(TerminateOnNaN)

ProgbarLogger <- R6Class("ProgbarLogger", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(count_mode, stateful_metrics) {
    self$count_mode <- count_mode
    self$stateful_metrics <- stateful_metrics
  }
))

#' Progress bar
#'
#' [fit()] shows its progress itself (`verbose = 1`); this callback is accepted for scripts that name it.
#'
#' @param count_mode `"steps"` or `"samples"`.
#' @param stateful_metrics Names of metrics that are not averaged.
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_progbar_logger <- function(count_mode = "samples", stateful_metrics = NULL) new_callback(ProgbarLogger, count_mode, stateful_metrics)
