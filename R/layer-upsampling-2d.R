#' Upsampling of images: repeats or interpolates rows and columns
#'
#' Without weights; followed by a convolution it is an alternative to a transposed convolution that leaves no checkerboard.
#'
#' @inheritParams layer_dense
#' @param size How many times each element is repeated: one whole number or two, for rows and columns.
#' @param data_format `"channels_last"` (the default, see `k_image_data_format()`): (batch, rows, columns, channels), or `"channels_first"`: (batch,
#'   channels, rows, columns).
#' @param interpolation `"nearest"` repeats; `"bilinear"`, `"area"`, `"bicubic"`, `"lanczos3"`, `"lanczos5"`, `"gaussian"` and `"mitchellcubic"`
#'   interpolate, with half-pixel centres.
#' @param batch_size Fixed batch size.
#' @param name Name of the layer; made from the class if not given.
#' @param trainable,weights Of no effect: the layer has no weights.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, channels), each length times `size`
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' x <- array(1:4, c(1, 2, 2, 1))
#' as.array(layer_upsampling_2d(size = c(2, 3))(x))[1, , , 1]
#' as.array(layer_upsampling_2d(interpolation = "bilinear")(x))[1, , , 1]
#' @family convolutional layers
#' @export
layer_upsampling_2d <- function(object, size = c(2L, 2L), data_format = NULL, interpolation = "nearest", batch_size = NULL, name = NULL,
                                trainable = NULL, weights = NULL) {
  create_layer(UpSampling2D, object, capture_args())
}

UpSampling2D <- R6::R6Class("UpSampling2D", inherit = UpSampling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.up_sampling2d.UpSampling2D",
  rank = 2L,

  initialize = function(size = 2L, data_format = NULL, interpolation = "nearest", ...) {
    super$initialize(size = size, data_format = data_format, ...)
    self$interpolation <- as_choice(interpolation, c("nearest", "bilinear", "area", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"),
                                    "interpolation")
  },

  get_config = function() c(super$get_config(), list(interpolation = self$interpolation))
))
