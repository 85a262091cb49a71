#' Crop the central portion of the images to target height and width
#'
#' Images smaller than the target are resized and cropped so as to keep the aspect ratio.
#'
#' @inheritParams layer_resizing
#' @return As `object` says.
#' @family image preprocessing layers
#' @examples
#' layer_center_crop(height = 2, width = 2)(array(1:16, c(1, 4, 4, 1)))
#' @export
layer_center_crop <- function(object, height, width, ...) create_layer(CenterCrop, object, capture_args())

CenterCrop <- R6::R6Class("CenterCrop", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.CenterCrop",
    height = NULL, width = NULL,
    initialize = function(height, width, ...) {
      super$initialize(...)
      self$height <- as_count(height, "height")
      self$width <- as_count(width, "width")
    },
    call = function(inputs) {
      size <- c(self$height, self$width)
      on_image_batch(self, inputs, function(x) {
        dims <- tensor_shape(x)[2:3]
        if (!anyNA(dims) && all(dims >= size)) crop_images(x, (dims - size) %/% 2L, size) else smart_resize(x, size, "bilinear")
      })
    },
    get_config = function() c(super$get_config(), list(height = self$height, width = self$width))
  )
)
