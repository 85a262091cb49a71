#' Zero padding of images
#'
#' Adds zeros before and after the rows and the columns.
#'
#' @inheritParams layer_upsampling_2d
#' @param padding How many zeros: one whole number; two, for rows and columns; or `list(c(top, bottom), c(left, right))`.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' x <- array(1:4, c(1, 2, 2, 1))
#' as.array(layer_zero_padding_2d(padding = list(c(1, 0), c(0, 2)))(x))[1, , , 1]
#' @family convolutional layers
#' @export
layer_zero_padding_2d <- function(object, padding = c(1L, 1L), data_format = NULL, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(ZeroPadding2D, object, capture_args())
}

ZeroPadding2D <- R6::R6Class("ZeroPadding2D", inherit = ZeroPadding, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.zero_padding2d.ZeroPadding2D",
  rank = 2L
))
