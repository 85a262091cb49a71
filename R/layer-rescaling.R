#' Multiply inputs by `scale` and add `offset`
#'
#' To bring pixels from 0 to 255 to the range from 0 to 1: `scale = 1/255`; to that from -1 to 1: `scale = 1/127.5, offset = -1`.
#'
#' @inheritParams layer_string_lookup
#' @param scale,offset Numbers (or vectors, one for each channel).
#' @return As `object` says.
#' @family image preprocessing layers
#' @examples
#' layer_rescaling(scale = 1 / 255)(matrix(c(0, 255), 1))
#' @export
layer_rescaling <- function(object, scale, offset = 0, ...) create_layer(Rescaling, object, capture_args())

Rescaling <- R6::R6Class("Rescaling", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.Rescaling",
    scale = NULL, offset = NULL,
    initialize = function(scale, offset = 0, ...) {
      super$initialize(...)
      scale <- unlist(scale)
      offset <- unlist(offset)
      if (!is.numeric(scale) || anyNA(scale)) abort_argument("`scale` must be numeric. Received: scale = ", received(scale))
      if (!is.numeric(offset) || anyNA(offset)) abort_argument("`offset` must be numeric. Received: offset = ", received(offset))
      self$scale <- scale
      self$offset <- offset
    },
    call = function(inputs) {
      as_operand <- function(v) tensor(if (length(v) == 1L) v else array(v), self$dtype)
      op_add(op_multiply(op_cast(inputs, self$dtype), as_operand(self$scale)), as_operand(self$offset))
    },
    get_config = function() c(super$get_config(), list(scale = as_config_number(self$scale), offset = as_config_number(self$offset)))
  )
)
