# Callbacks, losses and metrics defined by users, over the same base classes as the package's own.

#' Define a callback, a loss, a metric
#'
#' Each makes a function that creates an object of the new class. In the methods `self` is the object and `super` its base class;
#' `initialize` must call `super$initialize(...)`.
#'
#' @param classname Name of the class.
#' @param ... Further methods and fields, such as `initialize`; `inherit = ` another class made so.
#' @param on_epoch_begin,on_epoch_end,on_train_begin,on_train_end,on_batch_begin,on_batch_end,on_predict_batch_begin,on_predict_batch_end,on_predict_begin,on_predict_end,on_test_batch_begin,on_test_batch_end,on_test_begin,on_test_end,on_train_batch_begin,on_train_batch_end
#'   See [callback_lambda()].
#' @return A function that makes the object.
#' @examples
#' callback_watch <- new_callback_class("watch",
#'   initialize = function(every) { super$initialize(); self$every <- every },
#'   on_epoch_end = function(epoch, logs = NULL) {
#'     if (epoch %% self$every == 0) message(epoch, ": ", logs$loss)
#'   })
#' callback_watch(every = 2)
#' @family callbacks
#' @export
new_callback_class <- function(classname, ..., on_epoch_begin = NULL, on_epoch_end = NULL, on_train_begin = NULL, on_train_end = NULL,
                               on_batch_begin = NULL, on_batch_end = NULL, on_predict_batch_begin = NULL, on_predict_batch_end = NULL,
                               on_predict_begin = NULL, on_predict_end = NULL, on_test_batch_begin = NULL, on_test_batch_end = NULL,
                               on_test_begin = NULL, on_test_end = NULL, on_train_batch_begin = NULL, on_train_batch_end = NULL) {
  hooks <- drop_null(mget(setdiff(names(formals()), c("classname", "...")), envir = environment()))
  generator <- user_class(classname, KerasCallback, c(list(...), hooks), parent.frame())
  user_constructor(generator, "keras_callback_class", function(object) as_callback_object(object, classname))
}
as_callback_object <- function(object, classname) {
  class(object) <- unique(c(classname, "keras.callbacks.Callback", class(object)))
  object
}

#' @rdname new_callback_class
#' @param call `function(y_true, y_pred)` that gives one value per sample.
#' @export
new_loss_class <- function(classname, ..., call = NULL) {
  generator <- user_class(classname, Loss, c(list(...), drop_null(list(call = call))), parent.frame())
  user_constructor(generator, "keras_loss_class", function(object) loss_instance(object, classname))
}

#' @rdname new_callback_class
#' @param initialize,update_state,result Methods of the metric: `initialize` makes the state with `self$add_weight(name, initializer)`,
#'   `update_state(y_true, y_pred, sample_weight = NULL)` changes it, `result()` gives the value.
#' @export
new_metric_class <- function(classname, ..., initialize, update_state, result) {
  members <- c(list(...), if (!missing(initialize)) list(initialize = initialize), if (!missing(update_state)) list(update_state = update_state),
               if (!missing(result)) list(result = result))
  generator <- user_class(classname, Metric, members, parent.frame())
  user_constructor(generator, "keras_metric_class", function(object) metric_instance(object, classname))
}
