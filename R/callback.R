# Callbacks: what happens between batches and epochs.

#' Base class of callbacks
#'
#' Inherit from it with [R6::R6Class()] to write a callback. `self$model` is the model being trained, `self$params` a list with
#' `verbose`, `epochs` and `steps`. Setting `self$model$stop_training <- TRUE` ends training. Epochs and batches count from 0; `logs` is a
#' named list of the metrics so far.
#'
#' @format An [R6::R6Class()] generator with the methods `on_epoch_begin(epoch, logs)`, `on_epoch_end(epoch, logs)`,
#'   `on_batch_begin(batch, logs)`, `on_batch_end(batch, logs)`, `on_train_begin(logs)`, `on_train_end(logs)`, and the same with `train_`,
#'   `test_` and `predict_`.
#' @examples
#' LossHistory <- R6::R6Class("LossHistory", inherit = KerasCallback, public = list(
#'   losses = NULL,
#'   on_batch_end = function(batch, logs = list()) self$losses <- c(self$losses, logs[["loss"]])
#' ))
#' @family callbacks
#' @name KerasCallback
#' @export KerasCallback
NULL

KerasCallback <- R6Class("KerasCallback", lock_objects = FALSE, cloneable = FALSE, public = list(
  params = NULL,
  model = NULL,
  initialize = function() NULL,
  set_params = function(params) self$params <- params,
  set_model = function(model) self$model <- model,
  on_epoch_begin = function(epoch, logs = NULL) NULL,
  on_epoch_end = function(epoch, logs = NULL) NULL,
  on_batch_begin = function(batch, logs = NULL) NULL,
  on_batch_end = function(batch, logs = NULL) NULL,
  on_train_batch_begin = function(batch, logs = NULL) self$on_batch_begin(batch, logs),
  on_train_batch_end = function(batch, logs = NULL) self$on_batch_end(batch, logs),
  on_test_batch_begin = function(batch, logs = NULL) NULL,
  on_test_batch_end = function(batch, logs = NULL) NULL,
  on_predict_batch_begin = function(batch, logs = NULL) NULL,
  on_predict_batch_end = function(batch, logs = NULL) NULL,
  on_train_begin = function(logs = NULL) NULL,
  on_train_end = function(logs = NULL) NULL,
  on_test_begin = function(logs = NULL) NULL,
  on_test_end = function(logs = NULL) NULL,
  on_predict_begin = function(logs = NULL) NULL,
  on_predict_end = function(logs = NULL) NULL,
  # What the callback adds to the logs of an epoch (the learning rate, say), seen by the callbacks after it and by the history.
  extra_logs = function() NULL,
  # State that a resumed run needs.
  get_state = function() NULL,
  set_state = function(state) NULL
))

new_callback <- function(Class, ...) {
  callback <- Class$new(...)
  class(callback) <- c(paste0("keras.callbacks.", Class$classname), "keras.callbacks.Callback")
  callback
}

#' @export
print.keras.callbacks.Callback <- function(x, ...) {
  cat("<", sub("^keras\\.callbacks\\.", "", class(x)[[1L]]), " callback>\n", sep = "")
  invisible(x)
}

is_callback <- function(x) inherits(x, c("KerasCallback", "keras.callbacks.Callback"))

normalize_callbacks <- function(callbacks) {
  if (is.null(callbacks)) return(list())
  if (is_callback(callbacks)) callbacks <- list(callbacks)
  if (!is.list(callbacks)) abort_argument("`callbacks` must be a list of callbacks. Received: ", received(callbacks))
  for (callback in callbacks)
    if (!is_callback(callback)) abort_argument("`callbacks` must hold callbacks, such as callback_early_stopping(). Received: ", received(callback))
  unname(callbacks)
}

# The hook a callback has for an event; NULL if it does nothing there.
callback_hook <- function(callback, event) {
  if (inherits(callback, "keras.callbacks.LambdaCallback")) {
    hook <- callback$functions[[event]]
    if (is.null(hook) && event %in% c("on_train_batch_begin", "on_train_batch_end")) hook <- callback$functions[[sub("train_", "", event)]]
    return(hook)
  }
  if (event %in% c("on_train_batch_begin", "on_train_batch_end") && !overrides(callback, event)) event <- sub("train_", "", event)
  if (overrides(callback, event)) callback[[event]] else NULL
}

overrides <- function(callback, event) !identical(body(callback[[event]]), body(KerasCallback$public_methods[[event]]))

# All callbacks of a run; hooks are looked up once, so that a run without batch callbacks stays inside the core.
CallbackList <- R6Class("CallbackList", cloneable = FALSE, public = list(
  callbacks = NULL,
  hooks = NULL,
  savers = list(),   # those that write the state of the run after all the others are done
  initialize = function(callbacks, model, params) {
    self$callbacks <- callbacks
    self$savers <- Filter(function(callback) inherits(callback, "keras.callbacks.BackupAndRestore"), callbacks)
    for (callback in callbacks) {
      callback$set_params(params)
      callback$set_model(model)
    }
    self$hooks <- new.env(parent = emptyenv())
  },
  hooks_for = function(event) {
    found <- self$hooks[[event]]
    if (is.null(found)) {
      found <- lapply(self$callbacks, callback_hook, event = event)
      self$hooks[[event]] <- found
    }
    found
  },
  listens = function(events) any(vapply(events, function(event) any(!vapply(self$hooks_for(event), is.null, NA)), NA)),
  wants_train_batches = function() self$listens(c("on_train_batch_begin", "on_train_batch_end")) || self$saves_batches(),
  saves_batches = function() any(vapply(self$savers, function(saver) saver$wants_batches(), NA)),
  wants_test_batches = function() self$listens(c("on_test_batch_begin", "on_test_batch_end")),
  wants_predict_batches = function() self$listens(c("on_predict_batch_begin", "on_predict_batch_end")),

  call = function(event, ..., logs = list()) {
    for (hook in self$hooks_for(event)) if (!is.null(hook)) call_hook(hook, ..., logs)
    invisible(NULL)
  },
  # In turn, each seeing what those before it have added to the logs.
  epoch_end = function(epoch, logs) {
    hooks <- self$hooks_for("on_epoch_end")
    for (i in seq_along(hooks)) {
      if (!is.null(hooks[[i]])) call_hook(hooks[[i]], epoch, logs)
      extra <- if (is.function(self$callbacks[[i]]$extra_logs)) self$callbacks[[i]]$extra_logs()
      logs[names(extra)] <- extra
    }
    logs
  }
))

# Users write hooks with as many arguments as they need.
call_hook <- function(hook, ...) {
  arguments <- list(...)
  takes <- names(formals(hook))
  if (!"..." %in% takes && length(takes) < length(arguments)) arguments <- arguments[seq_along(takes)]
  if (identical(topenv(environment(hook)), topenv())) {
    do.call(hook, arguments, quote = TRUE)
  } else {
    with_users_jit(do.call(hook, arguments, quote = TRUE))
  }
}

#' Callback from functions
#'
#' @param on_epoch_begin,on_epoch_end Functions of `(epoch, logs)`; epochs count from 0.
#' @param on_batch_begin,on_batch_end,on_train_batch_begin,on_train_batch_end Functions of `(batch, logs)`.
#' @param on_train_begin,on_train_end Functions of `(logs)`.
#' @param on_predict_batch_begin,on_predict_batch_end,on_predict_begin,on_predict_end The same during [predict()].
#' @param on_test_batch_begin,on_test_batch_end,on_test_begin,on_test_end The same during [evaluate()] and validation.
#' @return A callback for the `callbacks` of [fit()], [evaluate()] or [predict()].
#' @examples
#' callback_lambda(on_epoch_end = function(epoch, logs) message("loss: ", logs$loss))
#' @family callbacks
#' @export
callback_lambda <- function(on_epoch_begin = NULL, on_epoch_end = NULL, on_batch_begin = NULL, on_batch_end = NULL, on_train_batch_begin = NULL,
                            on_train_batch_end = NULL, on_train_begin = NULL, on_train_end = NULL, on_predict_batch_begin = NULL,
                            on_predict_batch_end = NULL, on_predict_begin = NULL, on_predict_end = NULL, on_test_batch_begin = NULL,
                            on_test_batch_end = NULL, on_test_begin = NULL, on_test_end = NULL) {
  functions <- mget(names(formals()), envir = environment())
  functions <- Filter(Negate(is.null), functions)
  for (name in names(functions))
    if (!is.function(functions[[name]])) abort_argument("callback_lambda(): `", name, "` must be a function. Received: ", received(functions[[name]]))
  new_callback(LambdaCallback, functions)
}

LambdaCallback <- R6Class("LambdaCallback", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  functions = NULL,
  initialize = function(functions) self$functions <- functions
))

# Is a value of the monitored metric better? "auto" goes by the name: upward for accuracies ("acc" anywhere, as in Keras) and areas under curves
# ("auc", "val_auc_1"; Keras's checkpoints would keep the worst of these).
improvement <- function(mode, monitor, min_delta = 0) {
  mode <- match_choice(mode[[1L]], c("auto", "min", "max"), "mode")
  upward <- mode == "max" || (mode == "auto" && (grepl("acc|auc(_[0-9]+)?$", monitor) || startsWith(monitor, "fmeasure")))
  list(upward = upward, worst = if (upward) -Inf else Inf,
       is_better = if (upward) function(now, best) now - abs(min_delta) > best else function(now, best) now + abs(min_delta) < best)
}

monitored_value <- function(logs, monitor, what) {
  value <- logs[[monitor]]
  if (is.null(value)) {
    warning(what, " conditioned on metric `", monitor, "` which is not available. Available metrics are: ", paste(names(logs), collapse = ","),
            call. = FALSE)
    return(NULL)
  }
  as.numeric(value)[[1L]]
}
