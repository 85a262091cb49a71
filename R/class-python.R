# Classes in the form of Python's: Name(parent) %py_class% { methods }, over the same bases as new_layer_class() and its kin.

#' Make a class in Python's form
#'
#' `Name(parent) %py_class% { ... }` defines a class and keeps it under `Name`: functions in the braces are methods (`self` is the object, `super` its
#' parent; `initialize` is the constructor), other values fields. `%<-active%` makes a method that is called without parentheses. It does
#' what [new_layer_class()], [new_model_class()], [new_callback_class()] and the others do.
#'
#' @param spec The name, or the name called with the parent: `keras$layers$Layer`, `keras$Model`, `keras$callbacks$Callback`, `keras$losses$Loss`,
#'   `keras$metrics$Metric`, `keras$optimizers$schedules$LearningRateSchedule`, `keras$constraints$Constraint`, `keras$regularizers$Regularizer`,
#'   `keras$initializers$Initializer`, a class of the package such as `keras$layers$Dense`, or one made so.
#' @param body The methods and fields, in braces.
#' @param sym,value Name of the method, and the function without arguments.
#' @return The class, invisibly: a function that makes objects.
#' @examples
#' Scale(keras$layers$Layer) %py_class% {
#'   initialize <- function(factor, ...) {
#'     super$initialize(...)
#'     self$factor <- factor
#'   }
#'   call <- function(inputs) inputs * self$factor
#' }
#' Scale(3)(c(1, 2))
#' @export
`%py_class%` <- function(spec, body) {
  spec <- substitute(spec)
  frame <- parent.frame()
  parents <- if (is.call(spec)) lapply(as.list(spec)[-1L], eval, envir = frame) else list()
  name <- as.character(if (is.call(spec)) spec[[1L]] else spec)
  if (length(parents) > 1L) abort_argument("a class of keratin has one parent. Received: ", length(parents), " for `", name, "`.")
  scope <- new.env(parent = frame)
  eval(substitute(body), scope)
  members <- mget(ls(scope, all.names = TRUE, sorted = FALSE), envir = scope)
  class <- define_class(name, if (length(parents)) parents[[1L]], members, frame)
  assign(name, class, envir = frame)
  invisible(class)
}

#' @rdname grapes-py_class-grapes
#' @export
`%<-active%` <- function(sym, value) assign(as.character(substitute(sym)), mark_active(value), envir = parent.frame())

# The class function for the parent's family. Methods' Python names are R's here: `__init__`, `__call__`.
define_class <- function(name, parent, members, frame) {
  names(members) <- c("__init__" = "initialize", "__call__" = "call")[names(members)] |> (\(known) ifelse(is.na(known), names(members), known))()
  if (is.null(parent)) return(user_constructor(user_class(name, PlainObject, members, frame), "keratin_class", identity))
  generator <- as_generator(parent)
  made <- user_class(name, generator, members, frame)
  if (extends(generator, "Layer")) {
    return(user_constructor(made, if (extends(generator, "Model")) "keras_model_class" else "keras_layer_class",
                            function(object) new_instance(ensure_initialized(object))))
  }
  if (extends(generator, "KerasCallback")) return(user_constructor(made, "keras_callback_class", function(object) as_callback_object(object, name)))
  if (extends(generator, "Loss")) return(user_constructor(made, "keras_loss_class", function(object) loss_instance(object, name)))
  if (extends(generator, "Metric")) return(user_constructor(made, "keras_metric_class", function(object) metric_instance(object, name)))
  if (extends(generator, "LearningRateSchedule")) {
    return(user_constructor(made, "keras_schedule_class", function(object) schedule_instance(object, name)))
  }
  user_constructor(made, "keratin_class", if (extends(generator, "KerasCallable")) wrap_user_callable else identity)
}

# The base of classes without a parent.
PlainObject <- R6::R6Class("object", cloneable = FALSE, lock_objects = FALSE, public = list(initialize = function(...) NULL))

#' Define a learning rate schedule
#'
#' @param classname Name of the class.
#' @param ... Further methods and fields.
#' @param initialize Function that keeps the arguments in `self`.
#' @param call `function(step)`: the learning rate at a step, in `k_*` functions and operators.
#' @param get_config `function()` that gives the list of arguments.
#' @return A function that makes the schedule, for the argument `learning_rate` of an optimizer.
#' @examples
#' schedule <- new_learning_rate_schedule_class("halving",
#'   initialize = function(start, every) { self$start <- start; self$every <- every },
#'   call = function(step) self$start * k_pow(0.5, floor(step / self$every)))
#' optimizer_sgd(learning_rate = schedule(0.1, every = 100))
#' @family optimizers
#' @export
new_learning_rate_schedule_class <- function(classname, ..., initialize = NULL, call, get_config = NULL) {
  members <- c(drop_null(list(initialize = initialize, get_config = get_config)), list(call = call), list(...))
  generator <- user_class(classname, LearningRateSchedule, members, parent.frame())
  user_constructor(generator, "keras_schedule_class", function(object) schedule_instance(object, classname))
}

#' @export
print.keratin_class <- function(x, ...) {
  cat("<class ", attr(x, "generator")$classname, ">\n", sep = "")
  invisible(x)
}
#' @export
print.keras_layer_class <- print.keratin_class
#' @export
print.keras_callback_class <- print.keratin_class
#' @export
print.keras_loss_class <- print.keratin_class
#' @export
print.keras_metric_class <- print.keratin_class
#' @export
print.keras_schedule_class <- print.keratin_class

# What keras$... gives for classes that one inherits from.
class_of_keras <- function(path, name) {
  switch(paste(c(path, name), collapse = "$"),
    "layers$Layer" = BaseLayer, "layers$Wrapper" = KerasWrapper, "callbacks$Callback" = KerasCallback, "losses$Loss" = Loss,
    "metrics$Metric" = Metric,
    "optimizers$schedules$LearningRateSchedule" = LearningRateSchedule, "constraints$Constraint" = KerasConstraint,
    "regularizers$Regularizer" = , "initializers$Initializer" = KerasCallable,
    Model = , "models$Model" = with_generator(keras_model, Model), Sequential = ,
    "models$Sequential" = with_generator(keras_model_sequential, Sequential))
}
with_generator <- function(f, generator) {
  attr(f, "generator") <- generator
  f
}
