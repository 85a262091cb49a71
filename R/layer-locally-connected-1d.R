#' 1-D locally connected layer
#'
#' As [layer_conv_1d()], but the weights are not shared: every place of the window has filters of its own.
#'
#' @inheritParams layer_conv_1d
#' @param data_format `"channels_last"` or `"channels_first"`.
#' @param implementation How the weights are kept: 1: a matrix for each place (`padding = "valid"` only); 2: one large tensor, zero outside the
#'   windows; 3: a vector of the weights inside them. The results are the same, the shapes of the weights differ.
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels), all sizes of a sample known
#' @section Output shape: (batch, new_steps, filters)
#' @section Errors: `keratin_error_shape` if a size is unknown, `keratin_error_argument` for `padding = "same"` with `implementation = 1`.
#' @examples
#' layer_locally_connected_1d(filters = 2, kernel_size = 2)(array(rnorm(3), c(1, 3, 1)))
#' @family locally connected layers
#' @export
layer_locally_connected_1d <- function(object, filters, kernel_size, strides = 1L, padding = "valid", data_format = NULL, activation = NULL,
                                       use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros", kernel_regularizer = NULL,
                                       bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL, bias_constraint = NULL,
                                       implementation = 1L, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(LocallyConnected1D, object, capture_args())
}

LocallyConnected1D <- R6::R6Class("LocallyConnected1D", inherit = LocallyConnected, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = "keras.layers.locally_connected.locally_connected1d.LocallyConnected1D", rank = 1L))
