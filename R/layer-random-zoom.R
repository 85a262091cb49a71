#' Randomly zoom each image
#'
#' @inheritParams layer_random_rotation
#' @param height_factor Share by which the visible height grows: one number f draws from -f to f, two give the range. Positive ones zoom
#'   out, negative ones in.
#' @param width_factor The same for the width; `NULL` keeps the aspect ratio.
#' @return As `object` says.
#' @family image augmentation layers
#' @export
layer_random_zoom <- function(object, height_factor, width_factor = NULL, fill_mode = "reflect", interpolation = "bilinear", seed = NULL,
                              fill_value = 0, ...) {
  create_layer(RandomZoom, object, capture_args())
}

RandomZoom <- R6::R6Class("RandomZoom", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.RandomZoom",
    height_factor = NULL, width_factor = NULL, height_range = NULL, width_range = NULL,
    initialize = function(height_factor, width_factor = NULL, fill_mode = "reflect", interpolation = "bilinear", seed = NULL, fill_value = 0, ...) {
      self$init_random(seed, ...)
      self$init_fill(fill_mode, interpolation, fill_value)
      self$height_factor <- height_factor
      self$width_factor <- width_factor
      self$height_range <- factor_range(height_factor, "height_factor", least = -1)
      if (!is.null(width_factor)) self$width_range <- factor_range(width_factor, "width_factor", least = -1)
    },
    augment = function(images) {
      dims <- known_or(tensor_shape(images)[2:3]) - 1
      zoom_y <- image_draws(self, images, 1L, 1 + self$height_range[1L], 1 + self$height_range[2L])
      zoom_x <- if (is.null(self$width_range)) zoom_y else image_draws(self, images, 1L, 1 + self$width_range[1L], 1 + self$width_range[2L])
      self$transformed(images, transform_rows(list(zoom_x, 0, (1 - zoom_x) * (dims[2L] / 2), 0, zoom_y, (1 - zoom_y) * (dims[1L] / 2), 0, 0), zoom_y))
    },
    get_config = function() c(super$get_config(),
                              list(height_factor = config_factor(self$height_factor), width_factor = config_factor(self$width_factor),
                                                       fill_mode = self$fill_mode, fill_value = self$fill_value, interpolation = self$interpolation,
                                                       seed = self$seed))
  )
)
