#' Cropping of sequences
#'
#' Takes elements away before and after the steps.
#'
#' @inheritParams layer_upsampling_1d
#' @param cropping How many elements to take away: one whole number for both ends, or c(before, after).
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank, or an axis of which nothing
#'   would be left.
#' @examples
#' as.vector(as.array(layer_cropping_1d(cropping = c(1, 2))(array(1:6, c(1, 6, 1)))))   # 2 3 4
#' @family convolutional layers
#' @export
layer_cropping_1d <- function(object, cropping = c(1L, 1L), batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(Cropping1D, object, capture_args())
}

Cropping1D <- R6::R6Class("Cropping1D", inherit = Cropping, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.cropping1d.Cropping1D",
  rank = 1L
))
