#' Dropout that keeps mean and variance
#'
#' In training dropped elements become the negative saturation value of [selu][activation_selu()], and the result is scaled and shifted so
#' that mean and variance stay.
#'
#' @inheritParams layer_dropout
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references Klambauer et al. (2017), <https://arxiv.org/abs/1706.02515>.
#' @examples
#' layer_alpha_dropout(rate = 0.5)(matrix(rnorm(6), 2), training = TRUE)
#' @family dropout layers
#' @export
layer_alpha_dropout <- function(object, rate, noise_shape = NULL, seed = NULL, ...) {
  create_layer(AlphaDropout, object, capture_args())
}

AlphaDropout <- R6::R6Class("AlphaDropout", inherit = Dropout, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.regularization.alpha_dropout.AlphaDropout", "keras.engine.base_layer.BaseRandomLayer"),
    call = function(inputs, training = NULL) {
      if (!isTRUE(training) || self$rate == 0 || self$rate == 1) return(op_identity(inputs))
      dtype <- tensor_dtype(inputs)
      draws <- op_random_uniform(self$mask_dims(inputs), dtype = dtype, seed = self$seed, like = if (is.null(self$noise_shape)) inputs)
      kept <- op_cast(op_greater_equal(draws, self$rate), dtype)
      saturation <- -1.7580993408473766   # - alpha * scale of selu
      scale <- ((1 - self$rate) * (1 + self$rate * saturation^2))^-0.5
      shift <- -scale * saturation * self$rate
      dropped <- op_add(op_multiply(inputs, kept), op_multiply(op_subtract(1, kept), saturation))
      op_add(op_multiply(dropped, scale), shift)
    },
    get_config = function() c(layer_config(self), list(rate = self$rate, seed = self$seed))
  )
)
