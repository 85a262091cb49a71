#' Upsampling of sequences: repeats every step
#'
#' Without weights; followed by a convolution it is an alternative to a transposed convolution that leaves no checkerboard.
#'
#' @inheritParams layer_dense
#' @param size How many times each element is repeated: one whole number.
#' @param batch_size Fixed batch size.
#' @param name Name of the layer; made from the class if not given.
#' @param trainable,weights Of no effect: the layer has no weights.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, channels), each length times `size`
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs of another rank.
#' @examples
#' as.vector(as.array(layer_upsampling_1d(size = 2)(array(1:3, c(1, 3, 1)))))   # 1 1 2 2 3 3
#' @family convolutional layers
#' @export
layer_upsampling_1d <- function(object, size = 2L, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(UpSampling1D, object, capture_args())
}

UpSampling1D <- R6::R6Class("UpSampling1D", inherit = UpSampling, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = "keras.layers.reshaping.up_sampling1d.UpSampling1D",
  rank = 1L
))
