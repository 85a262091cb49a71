# Layers and models of users: R6 classes over the same base as the package's own.

#' Define a layer, a model
#'
#' `new_layer_class()` makes a layer function of methods written in R. In them, `self` is the layer and `super` its base class: weights are
#' made with `self$add_weight(name, shape, initializer, trainable)`, losses added with `self$add_loss()`; layers and lists of layers kept in
#' `self$...` bring their weights along. `new_model_class()` does the same for models; `train_step()` and `test_step()` replace what
#' [fit()] and [evaluate()] do with a batch.
#'
#' @param classname Name of the class.
#' @param ... Further methods and fields; `inherit = ` another class made so. Methods wrapped in [mark_active()] are called without
#'   parentheses.
#' @param initialize Function that keeps the arguments; it calls `super$initialize(...)`.
#' @param build `function(input_shape)` that makes the weights; `input_shape` is a list such as `list(NULL, 3L)`.
#' @param call `function(inputs, ...)` that computes; may take `training` and `mask`.
#' @param get_config `function()` that gives the list of arguments, from `super$get_config()`.
#' @param train_step,test_step,predict_step `function(data)`, one batch.
#' @param compute_loss,compute_metrics Replace how the loss and the metrics are computed.
#' @return `new_layer_class()`: a layer function, whose arguments are `object` and those of `initialize`. `new_model_class()`: a function
#'   that makes the model.
#' @examples
#' layer_scale <- new_layer_class("scale",
#'   initialize = function(start = 1, ...) { super$initialize(...); self$start <- start },
#'   build = function(input_shape) {
#'     self$factor <- self$add_weight("factor", list(), trainable = TRUE,
#'       initializer = initializer_constant(self$start))
#'   },
#'   call = function(inputs) inputs * self$factor)
#' layer_scale(start = 3)(c(1, 2))
#' @export
new_layer_class <- function(classname, ..., initialize = NULL, build = NULL, call = NULL, get_config = NULL) {
  generator <- user_class(classname, BaseLayer,
                          c(drop_null(list(initialize = initialize, build = build, call = call, get_config = get_config)), list(...)), parent.frame())
  layer_wrapper(generator)
}

#' @rdname new_layer_class
#' @export
new_model_class <- function(classname, ..., initialize = NULL, call = NULL, train_step = NULL, predict_step = NULL, test_step = NULL,
                            compute_loss = NULL, compute_metrics = NULL) {
  members <- drop_null(list(initialize = initialize, call = call, train_step = train_step, predict_step = predict_step, test_step = test_step,
                            compute_loss = compute_loss, compute_metrics = compute_metrics))
  generator <- user_class(classname, Model, c(members, list(...)), parent.frame())
  user_constructor(generator, "keras_model_class", function(object) new_instance(ensure_initialized(object)))
}

# The function that makes objects of a user's class.
user_constructor <- function(generator, class, wrap) {
  force(wrap)
  structure(function(...) wrap(generator$new(...)), class = c(class, "function"), generator = generator)
}

drop_null <- function(x) x[!vapply(x, is.null, NA)]

# An R6 class of a user's methods; they see what is visible where the class is defined.
user_class <- function(classname, parent, members, frame) {
  if (!is.character(classname) || length(classname) != 1L) abort_argument("`classname` must be one string. Received: ", received(classname))
  if (!is.null(members$inherit)) {
    parent <- as_generator(members$inherit)
    members$inherit <- NULL
  }
  enclosure <- new.env(parent = frame)
  enclosure$.parent_class <- parent
  # self(x), as R keras also allows: calls skip `self` the object and find this
  enclosure$self <- function(...) {
    object <- get("self", envir = parent.frame(), mode = "environment")
    if (is.null(object$instance)) new_instance(object)
    object$instance(...)
  }
  # super()$call(x) and super(Class, self)$`__init__`(), as R keras also allows
  enclosure$super <- function(...) structure(list(methods = eval(quote(super), parent.frame())), class = "keratin_super")
  active <- vapply(members, inherits, NA, what = "marked_active")
  generator <- R6::R6Class(classname, public = members[!active], active = lapply(members[active], unclass_active), parent_env = enclosure,
                           cloneable = FALSE, lock_objects = FALSE)
  generator$inherit <- quote(.parent_class)
  if ("class_generator" %in% names(generator$public_fields)) generator$public_fields$class_generator <- NULL
  generator$public_fields <- c(generator$public_fields, list(class_generator = generator))
  generator
}

#' @export
`$.keratin_super` <- function(x, name) {
  methods <- .subset2(x, "methods")
  get(if (name == "__init__") "initialize" else name, envir = methods)
}

unclass_active <- function(f) { class(f) <- NULL; f }

as_generator <- function(x) {
  if (inherits(x, "R6ClassGenerator")) return(x)
  found <- attr(x, "generator")
  if (is.null(found)) abort_argument("a class is wanted here. Received: ", received(x))
  found
}

#' Mark a method as a property
#'
#' A method so marked is called without parentheses: `self$metrics`.
#' @param x A function without arguments.
#' @return The function, marked.
#' @examples
#' mark_active(function() 1)
#' @export
mark_active <- function(x) {
  class(x) <- c("marked_active", class(x)[class(x) != "marked_active"])
  x
}

# function(object, <arguments of initialize>)
layer_wrapper <- function(generator, modifiers = NULL) {
  takes <- formals(find_method(generator, "initialize"))
  if (is.null(takes)) takes <- alist(... = )
  if (!"..." %in% names(takes)) takes <- c(takes, alist(... = ))
  takes <- takes[names(takes) != "object"]
  wrapper <- function(object, ...) {  # the arguments are put in below
    given <- setdiff(as.character(names(match.call(expand.dots = FALSE))[-1L]), c("object", "..."))
    args <- c(mget(given, envir = environment()), list(...))
    for (name in intersect(names(modifiers), names(args))) args[[name]] <- modifiers[[name]](args[[name]])
    create_layer(generator, object, args)
  }
  formals(wrapper) <- c(alist(object = ), takes)
  structure(wrapper, class = c("keras_layer_wrapper", "function"), generator = generator)
}

find_method <- function(generator, name) {
  while (!is.null(generator)) {
    if (!is.null(generator$public_methods[[name]])) {
      if (identical(generator$classname, "Layer")) return(function(...) NULL)
      return(generator$public_methods[[name]])
    }
    generator <- generator$get_inherit()
  }
}

#' @export
print.keras_layer_wrapper <- function(x, ...) {
  cat("<layer function of class ", attr(x, "generator")$classname, ">: function(", paste(names(formals(x)), collapse = ", "), ")\n", sep = "")
  invisible(x)
}
#' @export
print.keras_model_class <- function(x, ...) {
  cat("<model class ", attr(x, "generator")$classname, ">\n", sep = "")
  invisible(x)
}

#' Layer function of an R6 class
#'
#' @param Layer An R6 class that inherits from a layer class, or a class made by [new_layer_class()].
#' @param modifiers Named list of functions applied to arguments: `list(units = as.integer)`.
#' @param convert Has no effect.
#' @return A layer function.
#' @export
create_layer_wrapper <- function(Layer, modifiers = NULL, convert = TRUE) layer_wrapper(as_generator(Layer), modifiers)

#' @rdname new_layer_class
#' @param compute_output_shape `function(input_shape)`; not needed, the shape follows from `call`.
#' @param inherit Class to extend.
#' @export
Layer <- function(classname, initialize, build = NULL, call = NULL, compute_output_shape = NULL, ..., inherit = keratin::keras$layers$Layer) {
  members <- drop_null(list(initialize = if (!missing(initialize)) initialize, build = build, call = call,
                            compute_output_shape = compute_output_shape))
  layer_wrapper(user_class(classname, as_generator(inherit), c(members, list(...)), parent.frame()))
}

#' Base class of layers written as R6 classes
#'
#' The older way to write a layer: an R6 class that inherits from `KerasLayer`, with methods `build(input_shape)`, `call(x, mask = NULL)` and
#' `compute_output_shape(input_shape)`, made into a layer with [create_layer()]. New code uses [new_layer_class()].
#'
#' @examples
#' Twice <- R6::R6Class("Twice", inherit = KerasLayer,
#'   public = list(call = function(x, mask = NULL) x * 2))
#' layer_twice <- function(object, name = NULL) create_layer(Twice, object, list(name = name))
#' layer_twice()(c(1, 2))
#' @name KerasLayer
#' @export KerasLayer
NULL

KerasLayer <- R6::R6Class("KerasLayer", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(initialize = function(...) NULL))

# The class's own initialize() takes its own arguments only; name, dtype, ... are set here.
construct_old_style <- function(generator, args) {
  common <- names(args) %in% c(common_arguments, "activity_regularizer")
  generator$lock_objects <- FALSE
  object <- do.call(generator$new, args[!common])
  do.call(init_layer, c(list(object), args[common]))
  object$class_generator <- generator
  new_instance(object)
}

#' Model of a function
#'
#' @param model_fn `function(self)` that makes layers, keeps them in `self$...` and gives the model's `function(inputs, mask = NULL, training =
#'   FALSE)`.
#' @param name Name of the model.
#' @return A model.
#' @examples
#' model <- keras_model_custom(function(self) {
#'   self$dense <- layer_dense(units = 2)
#'   function(inputs, mask = NULL, training = FALSE) self$dense(inputs)
#' })
#' @export
keras_model_custom <- function(model_fn, name = NULL) {
  model <- CustomModel$new(name = name)
  new_instance(model)
  model$call_function <- model_fn(model)
  model$call_takes <- c("inputs", intersect(c("mask", "training"), names(formals(model$call_function))))
  model$instance
}
CustomModel <- R6::R6Class("CustomModel", inherit = Model, cloneable = FALSE, lock_objects = FALSE,
  public = list(call = function(inputs, ...) self$call_function(inputs, ...)))
