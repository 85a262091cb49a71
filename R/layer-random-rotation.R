#' Randomly rotate each image
#'
#' @inheritParams layer_random_flip
#' @param factor Share of a full turn: one number f draws from -f to f, two give the range; positive ones turn counter clock-wise.
#' @param fill_mode How points beyond the edges are filled: `"reflect"` (d c b a | a b c d | d c b a), `"wrap"`, `"constant"`, `"nearest"`.
#' @param interpolation `"bilinear"` or `"nearest"`.
#' @param fill_value Value for `fill_mode = "constant"`.
#' @return As `object` says.
#' @family image augmentation layers
#' @export
layer_random_rotation <- function(object, factor, fill_mode = "reflect", interpolation = "bilinear", seed = NULL, fill_value = 0, ...) {
  create_layer(RandomRotation, object, capture_args())
}

RandomRotation <- R6::R6Class("RandomRotation", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.RandomRotation",
    factor = NULL, range = NULL,
    initialize = function(factor, fill_mode = "reflect", interpolation = "bilinear", seed = NULL, fill_value = 0, ...) {
      self$init_random(seed, ...)
      self$init_fill(fill_mode, interpolation, fill_value)
      self$factor <- factor
      self$range <- factor_range(factor, "factor")
    },
    augment = function(images) {
      dims <- known_or(tensor_shape(images)[2:3]) - 1
      angle <- image_draws(self, images, 1L, self$range[1L] * 2 * pi, self$range[2L] * 2 * pi)
      sin <- op_sin(angle)
      cos <- op_cos(angle)
      # About the centre of the image.
      shift_x <- (dims[2L] - (cos * dims[2L] - sin * dims[1L])) / 2
      shift_y <- (dims[1L] - (sin * dims[2L] + cos * dims[1L])) / 2
      self$transformed(images, transform_rows(list(cos, -sin, shift_x, sin, cos, shift_y, 0, 0), angle))
    },
    get_config = function() c(super$get_config(), list(factor = config_factor(self$factor), fill_mode = self$fill_mode, fill_value = self$fill_value,
                                                       interpolation = self$interpolation, seed = self$seed))
  )
)
