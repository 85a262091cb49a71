#' Cropping of images
#'
#' Takes elements away before and after the rows and the columns.
#'
#' @inheritParams layer_upsampling_2d
#' @param cropping How many elements to take away: one whole number; two, for rows and columns; or `list(c(top, bottom), c(left, right))`.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, or an axis of which nothing
#'   would be left.
#' @examples
#' x <- array(1:20, c(1, 4, 5, 1))
#' as.array(layer_cropping_2d(cropping = list(c(1, 1), c(2, 0)))(x))[1, , , 1]
#' @family convolutional layers
#' @export
layer_cropping_2d <- function(object, cropping = list(c(0L, 0L), c(0L, 0L)), data_format = NULL, batch_size = NULL, name = NULL,
                              trainable = NULL, weights = NULL) {
  create_layer(Cropping2D, object, capture_args())
}

Cropping2D <- R6::R6Class("Cropping2D", inherit = Cropping, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.cropping2d.Cropping2D",
  rank = 2L
))
