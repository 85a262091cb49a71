#' Upsampling of volumes: repeats along depth, rows and columns
#'
#' Without weights; followed by a convolution it is an alternative to a transposed convolution that leaves no checkerboard.
#'
#' @inheritParams layer_dense
#' @param size How many times each element is repeated: one whole number or three, for depth, rows and columns.
#' @param data_format `"channels_last"` (the default, see `k_image_data_format()`): (batch, depth, rows, columns, channels), or `"channels_first"`:
#'   (batch, channels, depth, rows, columns).
#' @param batch_size Fixed batch size.
#' @param name Name of the layer; made from the class if not given.
#' @param trainable,weights Of no effect: the layer has no weights.
#' @return As `object` says.
#' @section Input shape: (batch, depth, rows, columns, channels)
#' @section Output shape: (batch, new_depth, new_rows, new_columns, channels), each length times `size`
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' dim(layer_upsampling_3d(size = c(1, 2, 2))(array(1:8, c(1, 2, 2, 2, 1))))   # 1 2 4 4 1
#' @family convolutional layers
#' @export
layer_upsampling_3d <- function(object, size = c(2L, 2L, 2L), data_format = NULL, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(UpSampling3D, object, capture_args())
}

UpSampling3D <- R6::R6Class("UpSampling3D", inherit = UpSampling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.up_sampling3d.UpSampling3D",
  rank = 3L
))
