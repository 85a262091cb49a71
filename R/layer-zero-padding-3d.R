#' Zero padding of volumes
#'
#' Adds zeros before and after depth, rows and columns.
#'
#' @inheritParams layer_upsampling_3d
#' @param padding How many zeros: one whole number; three, for depth, rows and columns; or a list of three pairs c(before, after).
#' @return As `object` says.
#' @section Input shape: (batch, depth, rows, columns, channels)
#' @section Output shape: (batch, new_depth, new_rows, new_columns, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' dim(layer_zero_padding_3d(padding = c(0, 1, 2))(array(1:8, c(1, 2, 2, 2, 1))))   # 1 2 4 6 1
#' @family convolutional layers
#' @export
layer_zero_padding_3d <- function(object, padding = c(1L, 1L, 1L), data_format = NULL, batch_size = NULL, name = NULL, trainable = NULL,
                                  weights = NULL) {
  create_layer(ZeroPadding3D, object, capture_args())
}

ZeroPadding3D <- R6::R6Class("ZeroPadding3D", inherit = ZeroPadding, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.zero_padding3d.ZeroPadding3D",
  rank = 3L
))
