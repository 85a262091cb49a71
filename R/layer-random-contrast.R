#' Adjust the contrast of an image or images by a random factor
#'
#' Each channel of each image becomes `(x - mean) * factor + mean`, cut to the range from 0 to 255.
#'
#' @inheritParams layer_random_flip
#' @param factor One number f draws the factor from `1 - f` to `1 + f`; two numbers l, u from `1 - l` to `1 + u`.
#' @return As `object` says.
#' @family image augmentation layers
#' @export
layer_random_contrast <- function(object, factor, seed = NULL, ...) create_layer(RandomContrast, object, capture_args())

RandomContrast <- R6::R6Class("RandomContrast", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.RandomContrast",
    factor = NULL, range = NULL,
    initialize = function(factor, seed = NULL, ...) {
      self$init_random(seed, ...)
      self$factor <- factor
      range <- unlist(factor)
      if (!is.numeric(range) || !length(range) %in% 1:2 || anyNA(range) || any(range < 0) || range[1L] >= 1)
        abort_argument("`factor` must be one or two numbers, at least 0, the first below 1. Received: factor = ", received(factor))
      range <- rep_len(range, 2L)
      self$range <- c(1 - range[1L], 1 + range[2L])
    },
    augment = function(images) {
      factor <- image_draws(self, images, c(1L, 1L, 1L), self$range[1L], self$range[2L])
      mean <- op_reduce_mean(images, axes = c(1L, 2L), keepdims = TRUE)
      op_clip(op_add(op_multiply(op_subtract(images, mean), factor), mean), 0, 255)
    },
    get_config = function() c(super$get_config(), list(factor = config_factor(self$factor), seed = self$seed))
  )
)
