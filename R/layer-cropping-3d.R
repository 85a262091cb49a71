#' Cropping of volumes
#'
#' Takes elements away before and after depth, rows and columns.
#'
#' @inheritParams layer_upsampling_3d
#' @param cropping How many elements to take away: one whole number; three, for depth, rows and columns; or a list of three pairs c(before, after).
#' @return As `object` says.
#' @section Input shape: (batch, depth, rows, columns, channels)
#' @section Output shape: (batch, new_depth, new_rows, new_columns, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, or an axis of which nothing
#'   would be left.
#' @examples
#' dim(layer_cropping_3d(cropping = 1)(array(1:60, c(1, 3, 4, 5, 1))))   # 1 1 2 3 1
#' @family convolutional layers
#' @export
layer_cropping_3d <- function(object, cropping = list(c(1L, 1L), c(1L, 1L), c(1L, 1L)), data_format = NULL, batch_size = NULL, name = NULL,
                              trainable = NULL, weights = NULL) {
  create_layer(Cropping3D, object, capture_args())
}

Cropping3D <- R6::R6Class("Cropping3D", inherit = Cropping, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.cropping3d.Cropping3D",
  rank = 3L
))
