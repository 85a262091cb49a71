#' Dropout of whole channels
#'
#' As [layer_dropout()], but a channel of a sample (a sequence, an image, a volume) is dropped as a whole: neighbours in it say nearly the
#' same, and dropping single elements would only slow training down.
#'
#' @inheritParams layer_dropout
#' @param data_format `"channels_last"` or `"channels_first"`.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels), (batch, rows, columns, channels) or (batch, depth, rows, columns, channels)
#' @section Output shape: that of the input
#' @references Tompson et al. (2015), <https://arxiv.org/abs/1411.4280>.
#' @examples
#' layer_spatial_dropout_1d(rate = 0.5)(array(1, c(1, 2, 4)), training = TRUE)
#' @family dropout layers
#' @export
layer_spatial_dropout_1d <- function(object, rate, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(SpatialDropout1D, object, capture_args())
}

#' @rdname layer_spatial_dropout_1d
#' @export
layer_spatial_dropout_2d <- function(object, rate, data_format = NULL, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(SpatialDropout2D, object, capture_args())
}

#' @rdname layer_spatial_dropout_1d
#' @export
layer_spatial_dropout_3d <- function(object, rate, data_format = NULL, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(SpatialDropout3D, object, capture_args())
}

SpatialDropout <- R6::R6Class("SpatialDropout", inherit = Dropout, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL, data_format = NULL,
    initialize = function(rate, data_format = NULL, ...) {
      super$initialize(rate = rate, ...)
      self$data_format <- as_data_format(data_format)
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },
    mask_dims = function(inputs) {
      dims <- tensor_shape(inputs)
      dims[if (self$data_format == "channels_first") seq(3L, self$rank + 2L) else seq(2L, self$rank + 1L)] <- 1L
      dims
    }
  )
)
spatial_dropout_class <- function(rank) c(
  paste0("keras.layers.regularization.spatial_dropout", rank, "d.SpatialDropout", rank, "D"),
  paste0("keras.layers.regularization.spatial_dropout", rank, "d.BaseSpatialDropout"), "keras.layers.regularization.dropout.Dropout",
  "keras.engine.base_layer.BaseRandomLayer")

SpatialDropout1D <- R6::R6Class("SpatialDropout1D", inherit = SpatialDropout, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = spatial_dropout_class(1L), rank = 1L))
SpatialDropout2D <- R6::R6Class("SpatialDropout2D", inherit = SpatialDropout, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = spatial_dropout_class(2L), rank = 2L))
SpatialDropout3D <- R6::R6Class("SpatialDropout3D", inherit = SpatialDropout, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = spatial_dropout_class(3L), rank = 3L))
