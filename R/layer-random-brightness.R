#' Randomly adjust brightness
#'
#' The same random amount is added to all pixels of an image, which are cut to `value_range`.
#'
#' @inheritParams layer_random_flip
#' @param factor One number f draws from -f to f, two give the range; -1 is black, 1 white.
#' @param value_range Least and greatest value of the pixels.
#' @return As `object` says.
#' @family image augmentation layers
#' @export
layer_random_brightness <- function(object, factor, value_range = c(0, 255), seed = NULL, ...) create_layer(RandomBrightness, object, capture_args())

RandomBrightness <- R6::R6Class("RandomBrightness", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.RandomBrightness",
    factor = NULL, range = NULL, value_range = NULL,
    initialize = function(factor, value_range = c(0, 255), seed = NULL, ...) {
      self$init_random(seed, ...)
      self$factor <- factor
      self$range <- factor_range(factor, "factor", function(f) sort(c(-f, f)), least = -1, most = 1)
      self$value_range <- factor_range(value_range, "value_range")
    },
    augment = function(images) {
      added <- image_draws(self, images, c(1L, 1L, 1L), self$range[1L], self$range[2L]) * diff(self$value_range)
      op_clip(op_add(images, added), self$value_range[1L], self$value_range[2L])
    },
    get_config = function() c(super$get_config(), list(factor = as.list(self$range), value_range = as.list(self$value_range), seed = self$seed))
  )
)
