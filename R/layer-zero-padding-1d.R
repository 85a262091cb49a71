#' Zero padding of sequences
#'
#' Adds zeros before and after the steps.
#'
#' @inheritParams layer_upsampling_1d
#' @param padding How many zeros: one whole number for both ends, or c(before, after).
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, channels)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' dim(layer_zero_padding_1d(padding = c(0, 2))(array(1:6, c(1, 3, 2))))   # 1 5 2
#' @family convolutional layers
#' @export
layer_zero_padding_1d <- function(object, padding = 1L, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(ZeroPadding1D, object, capture_args())
}

ZeroPadding1D <- R6::R6Class("ZeroPadding1D", inherit = ZeroPadding, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.zero_padding1d.ZeroPadding1D",
  rank = 1L
))
