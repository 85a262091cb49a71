#' Randomly translate each image
#'
#' @inheritParams layer_random_rotation
#' @param height_factor,width_factor Share of the height and width: one number f draws from -f to f, two give the range. Positive ones
#'   shift down and right.
#' @return As `object` says.
#' @family image augmentation layers
#' @export
layer_random_translation <- function(object, height_factor, width_factor, fill_mode = "reflect", interpolation = "bilinear", seed = NULL,
                                     fill_value = 0, ...) {
  create_layer(RandomTranslation, object, capture_args())
}

RandomTranslation <- R6::R6Class("RandomTranslation", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.RandomTranslation",
    height_factor = NULL, width_factor = NULL, height_range = NULL, width_range = NULL,
    initialize = function(height_factor, width_factor, fill_mode = "reflect", interpolation = "bilinear", seed = NULL, fill_value = 0, ...) {
      self$init_random(seed, ...)
      self$init_fill(fill_mode, interpolation, fill_value)
      self$height_factor <- height_factor
      self$width_factor <- width_factor
      self$height_range <- factor_range(height_factor, "height_factor", least = -1, most = 1)
      self$width_range <- factor_range(width_factor, "width_factor", least = -1, most = 1)
    },
    augment = function(images) {
      dims <- known_or(tensor_shape(images)[2:3])
      shift_y <- image_draws(self, images, 1L, self$height_range[1L], self$height_range[2L]) * -dims[1L]
      shift_x <- image_draws(self, images, 1L, self$width_range[1L], self$width_range[2L]) * -dims[2L]
      self$transformed(images, transform_rows(list(1, 0, shift_x, 0, 1, shift_y, 0, 0), shift_y))
    },
    get_config = function() c(super$get_config(),
                              list(height_factor = config_factor(self$height_factor), width_factor = config_factor(self$width_factor),
                                                       fill_mode = self$fill_mode, fill_value = self$fill_value, interpolation = self$interpolation,
                                                       seed = self$seed))
  )
)
