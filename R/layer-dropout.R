#' Dropout
#'
#' In training a share `rate` of the inputs is set to 0 and the others are multiplied by `1 / (1 - rate)`, so that the expected sum stays;
#' at other times nothing happens.
#'
#' @inheritParams layer_dense
#' @param rate Share of inputs to drop, in `[0, 1]`.
#' @param noise_shape Shape of the mask; axes of size 1 share their mask: `c(NA, 1, 3)` for (batch, 1, 3) drops whole sequences of a channel.
#'   `NULL` or `NA` sizes are those of the input.
#' @param seed Whole number that fixes the draws; `NULL`: from R's generator, see [set.seed()].
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references Srivastava et al. (2014), <https://jmlr.org/papers/v15/srivastava14a.html>.
#' @examples
#' layer_dropout(rate = 0.5)(matrix(1, 2, 3), training = TRUE)
#' @family dropout layers
#' @export
layer_dropout <- function(object, rate, noise_shape = NULL, seed = NULL, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, name = NULL,
                          trainable = NULL, weights = NULL) {
  create_layer(Dropout, object, capture_args())
}

Dropout <- R6::R6Class("Dropout", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.regularization.dropout.Dropout", "keras.engine.base_layer.BaseRandomLayer"),
    supports_masking = TRUE,
    rate = NULL, noise_shape = NULL, seed = NULL,
    initialize = function(rate, noise_shape = NULL, seed = NULL, ...) {
      super$initialize(...)
      self$rate <- as_number(rate, "rate", 0, 1)
      if (!is.null(noise_shape)) self$noise_shape <- as_dims(noise_shape, "noise_shape")
      self$seed <- if (!is.null(seed)) as.integer(seed)
    },
    call = function(inputs, training = NULL) {
      if (!isTRUE(training) || self$rate == 0) return(op_identity(inputs))
      op_dropout(inputs, self$rate, noise_shape = self$mask_dims(inputs), seed = self$seed)
    },
    # Shape of the mask; NULL is the input's.
    mask_dims = function(inputs) if (!is.null(self$noise_shape)) ifelse(is.na(self$noise_shape), tensor_shape(inputs), self$noise_shape),
    get_config = function()
      c(super$get_config(), list(rate = self$rate, noise_shape = if (!is.null(self$noise_shape)) shape_as_list(self$noise_shape), seed = self$seed))
  )
)
