#' 2-D locally connected layer
#'
#' See [layer_locally_connected_1d()].
#'
#' @inheritParams layer_locally_connected_1d
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels), all sizes of a sample known
#' @section Output shape: (batch, new_rows, new_columns, filters)
#' @section Errors: `keratin_error_shape` if a size is unknown, `keratin_error_argument` for `padding = "same"` with `implementation = 1`.
#' @examples
#' layer_locally_connected_2d(filters = 2, kernel_size = 2)(array(rnorm(3*3), c(1, 3, 3, 1)))
#' @family locally connected layers
#' @export
layer_locally_connected_2d <- function(object, filters, kernel_size, strides = c(1L, 1L), padding = "valid", data_format = NULL, activation = NULL,
                                       use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros", kernel_regularizer = NULL,
                                       bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL, bias_constraint = NULL,
                                       implementation = 1L, batch_size = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(LocallyConnected2D, object, capture_args())
}

LocallyConnected2D <- R6::R6Class("LocallyConnected2D", inherit = LocallyConnected, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = "keras.layers.locally_connected.locally_connected2d.LocallyConnected2D", rank = 2L))
