# Wrappers and constraints as R6 classes, the older form.

#' Base class of wrappers written as R6 classes
#'
#' A wrapper is a layer around another, `self$layer`, whose methods `build()` and `call()` it extends with `super$build(input_shape)` and
#' `super$call(x)`. `create_wrapper()` makes it.
#'
#' @param wrapper_class R6 class that inherits from `KerasWrapper`.
#' @param object What to compose the wrapper with, see [create_layer()].
#' @param args List of arguments; `layer` among them is the wrapped layer.
#' @return As `object` says.
#' @examples
#' Doubled <- R6::R6Class("Doubled", inherit = KerasWrapper,
#'   public = list(call = function(x, mask = NULL) super$call(x) * 2))
#' layer_doubled <- function(object, layer) create_wrapper(Doubled, object, list(layer = layer))
#' layer_doubled(layer = layer_activation(activation = "relu"))(c(-1, 2))
#' @name KerasWrapper
#' @export KerasWrapper
NULL

KerasWrapper <- R6::R6Class("KerasWrapper", inherit = KerasLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.rnn.base_wrapper.Wrapper",
    layer = NULL,
    build = function(input_shape) {
      layer <- unwrap(self$layer)
      if (!isTRUE(layer$built)) build_sublayer(layer, as_input_dims(input_shape))
      self$built <- TRUE
    },
    call = function(inputs, mask = NULL) call_layer(unwrap(self$layer), inputs),
    get_config = function() c(super$get_config(), list(layer = serialize_keras_object(self$layer)))
  ),
  private = list(py_wrapper = NULL)   # scripts reach the layer as private$py_wrapper$layer
)

#' @rdname KerasWrapper
#' @export
create_wrapper <- function(wrapper_class, object, args = list()) {
  object <- if (missing(object)) NULL else object
  if (is.null(args$layer)) abort_argument("create_wrapper(): `args` must have the element `layer`, the layer to wrap.")
  wrapper <- construct_old_style(wrapper_class, args[names(args) != "layer"])
  inner <- unwrap(wrapper)
  inner$layer <- wrapped_layer(args$layer)
  inner$.__enclos_env__$private$py_wrapper <- wrapper
  compose_layer(object, wrapper)
}

# Objects with a call() that may stand where a constraint, a regularizer or an initializer is expected.
KerasCallable <- R6::R6Class("KerasCallable", cloneable = FALSE, lock_objects = FALSE, public = list(
  initialize = function(...) NULL,
  call = function(...) abort_argument("a class derived from ", class(self)[2L], " must have a method `call`"),
  get_config = function() empty_config()))

#' Base class of constraints written as R6 classes
#'
#' A constraint of your own: an R6 class that inherits from `KerasConstraint` with a method `call(w)` that gives the new weights.
#' An R function of the weights does the same.
#'
#' @examples
#' Positive <- R6::R6Class("Positive", inherit = KerasConstraint,
#'   public = list(call = function(w) w * k_cast(w >= 0, k_floatx())))
#' layer_dense(units = 2, kernel_constraint = Positive$new())
#' @seealso [constraint_maxnorm()]
#' @name KerasConstraint
#' @export KerasConstraint
NULL

KerasConstraint <- R6::R6Class("KerasConstraint", inherit = KerasCallable, cloneable = FALSE, lock_objects = FALSE)
