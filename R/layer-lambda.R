#' Wrap an R function as a layer
#'
#' @inheritParams layer_dense
#' @param f Function of a tensor (or list of tensors) that gives a tensor; it may have an argument `training` or `mask`.
#' @param output_shape Not needed: the shape follows from `f`.
#' @param mask Mask of the output, or a function of inputs and mask that gives it.
#' @param arguments Named list of further arguments of `f`.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: what `f` gives
#' @examples
#' layer_lambda(f = function(x) x^2)(c(1, 2, 3))
#' @family core layers
#' @export
layer_lambda <- function(object, f, output_shape = NULL, mask = NULL, arguments = NULL, input_shape = NULL, batch_input_shape = NULL,
                         batch_size = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(Lambda, object, capture_args())
}

Lambda <- R6::R6Class("Lambda", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.lambda_layer.Lambda",
    f = NULL, arguments = NULL, mask = NULL, output_shape_given = NULL,
    initialize = function(f = NULL, output_shape = NULL, mask = NULL, arguments = NULL, `function` = NULL, function_type = NULL, module = NULL,
                          output_shape_type = NULL, output_shape_module = NULL, ...) {
      super$initialize(...)
      if (is.null(f)) f <- if (is.list(`function`)) deserialize_function(`function`) else `function`
      given <- f
      if (is.character(f)) f <- find_custom_object(f)
      if (!is.function(f)) abort_argument("`f` must be an R function of a tensor. Received: f = ", received(given))
      self$f <- f
      self$output_shape_given <- output_shape
      self$arguments <- if (length(arguments)) arguments else empty_config()
      self$mask <- mask
      self$supports_masking <- !is.null(mask)
      self$call_takes <- c("inputs", intersect(c("training", "mask"), names(formals(args(f)))))
    },
    call = function(inputs, ...) do.call(self$f, c(list(inputs), self$arguments, list(...))),
    compute_mask = function(inputs, mask = NULL) if (is.function(self$mask)) self$mask(inputs, mask) else self$mask,
    get_config = function() {
      c(super$get_config(), list(`function` = serialize_function(self$f), function_type = "lambda", module = "rpytools.call",
                                 output_shape = self$output_shape_given, output_shape_type = "raw", output_shape_module = NULL,
                                 arguments = self$arguments))
    }
  )
)
