#' Image resizing layer
#'
#' @inheritParams layer_string_lookup
#' @param height,width Size of the output.
#' @param interpolation `"bilinear"`, `"nearest"`, `"bicubic"`, `"area"`, `"lanczos3"`, `"lanczos5"`, `"gaussian"` or `"mitchellcubic"`.
#' @param crop_to_aspect_ratio Whether to cut the images to the aspect ratio of the output rather than to distort them.
#' @return As `object` says.
#' @section Input shape: (batch, height, width, channels) or (height, width, channels).
#' @family image preprocessing layers
#' @examples
#' layer_resizing(height = 2, width = 3)(array(runif(16), c(1, 4, 4, 1)))
#' @export
layer_resizing <- function(object, height, width, interpolation = "bilinear", crop_to_aspect_ratio = FALSE, ...)
  create_layer(Resizing, object, capture_args())

Resizing <- R6::R6Class("Resizing", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.Resizing",
    height = NULL, width = NULL, interpolation = NULL, crop_to_aspect_ratio = NULL,
    initialize = function(height, width, interpolation = "bilinear", crop_to_aspect_ratio = FALSE, ...) {
      super$initialize(...)
      self$height <- as_count(height, "height")
      self$width <- as_count(width, "width")
      self$interpolation <- as_choice(interpolation,
                                      c("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"),
                                      "interpolation")
      self$crop_to_aspect_ratio <- as_flag(crop_to_aspect_ratio, "crop_to_aspect_ratio")
    },
    call = function(inputs) {
      size <- c(self$height, self$width)
      on_image_batch(self, inputs,
                     function(x) if (self$crop_to_aspect_ratio) smart_resize(x, size, self$interpolation) else op_resize(x, size, self$interpolation))
    },
    get_config = function() c(super$get_config(), list(height = self$height, width = self$width, interpolation = self$interpolation,
                                                       crop_to_aspect_ratio = self$crop_to_aspect_ratio))
  )
)
