#' Noise on the input
#'
#' In training `layer_gaussian_noise()` adds normal noise, `layer_gaussian_dropout()` multiplies by it (mean 1, variance `rate / (1 - rate)`).
#' At other times nothing happens.
#'
#' @inheritParams layer_dense
#' @param stddev Standard deviation of the noise, >= 0.
#' @param rate Share of a [dropout][layer_dropout] of the same strength, in `[0, 1)`.
#' @param seed Whole number that fixes the draws; `NULL`: from R's generator, see [set.seed()].
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references Srivastava et al. (2014), <https://jmlr.org/papers/v15/srivastava14a.html>.
#' @examples
#' layer_gaussian_noise(stddev = 0.1)(matrix(1, 2, 3), training = TRUE)
#' @family dropout layers
#' @export
layer_gaussian_noise <- function(object, stddev, seed = NULL, ...) {
  create_layer(GaussianNoise, object, capture_args())
}

#' @rdname layer_gaussian_noise
#' @export
layer_gaussian_dropout <- function(object, rate, seed = NULL, ...) {
  create_layer(GaussianDropout, object, capture_args())
}

GaussianNoise <- R6::R6Class("GaussianNoise", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.regularization.gaussian_noise.GaussianNoise", "keras.engine.base_layer.BaseRandomLayer"),
    supports_masking = TRUE,
    stddev = NULL, seed = NULL,
    initialize = function(stddev, seed = NULL, ...) {
      super$initialize(...)
      self$stddev <- as_number(stddev, "stddev", 0)
      self$seed <- if (!is.null(seed)) as.integer(seed)
    },
    call = function(inputs, training = NULL) {
      if (!isTRUE(training)) return(op_identity(inputs))
      op_add(inputs, op_random_normal(like = inputs, stddev = self$stddev, dtype = tensor_dtype(inputs), seed = self$seed))
    },
    get_config = function() c(super$get_config(), list(stddev = self$stddev, seed = self$seed))
  )
)

GaussianDropout <- R6::R6Class("GaussianDropout", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.regularization.gaussian_dropout.GaussianDropout", "keras.engine.base_layer.BaseRandomLayer"),
    supports_masking = TRUE,
    rate = NULL, seed = NULL,
    initialize = function(rate, seed = NULL, ...) {
      super$initialize(...)
      self$rate <- as_number(rate, "rate", 0, 1)
      self$seed <- if (!is.null(seed)) as.integer(seed)
    },
    call = function(inputs, training = NULL) {
      if (!isTRUE(training) || self$rate == 0 || self$rate == 1) return(op_identity(inputs))
      op_multiply(inputs,
                  op_random_normal(like = inputs, mean = 1, stddev = sqrt(self$rate / (1 - self$rate)), dtype = tensor_dtype(inputs),
                                   seed = self$seed))
    },
    get_config = function() c(super$get_config(), list(rate = self$rate, seed = self$seed))
  )
)
