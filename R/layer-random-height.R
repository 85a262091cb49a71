#' Randomly vary the height, or the width, of a batch of images
#'
#' The new size is drawn when the layer runs by itself; within a model that is trained it is drawn once for each compiled shape, since
#' the shapes of a compiled program are fixed.
#'
#' @inheritParams layer_random_rotation
#' @param factor Share by which the size changes: one number f draws from -f to f, two give the range.
#' @param interpolation As in [layer_resizing()].
#' @return As `object` says.
#' @family image augmentation layers
#' @export
layer_random_height <- function(object, factor, interpolation = "bilinear", seed = NULL, ...) create_layer(RandomHeight, object, capture_args())

#' @rdname layer_random_height
#' @export
layer_random_width <- function(object, factor, interpolation = "bilinear", seed = NULL, ...) create_layer(RandomWidth, object, capture_args())

RandomSize <- R6::R6Class("RandomSize", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    factor = NULL, range = NULL, axis = NULL,  # 1: height, 2: width
    initialize = function(factor, interpolation = "bilinear", seed = NULL, ...) {
      self$init_random(seed, ...)
      self$factor <- factor
      self$range <- factor_range(factor, "factor", least = -1)
      self$interpolation <- as_choice(interpolation,
                                      c("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"),
                                      "interpolation")
    },
    call = function(inputs, training = NULL) if (layer_state$inferring) on_image_batch(self, inputs, self$augment) else super$call(inputs, training),
    needs_values = function(training) training,
    augment = function(images) {
      size <- tensor_shape(images)[2:3]
      size[self$axis] <- if (layer_state$inferring || anyNA(size)) {
        NA
      } else {
        max(1L, as.integer(size[self$axis] * (1 + stats::runif(1L, self$range[1L], self$range[2L]))))
      }
      op_resize(images, size, self$interpolation)
    },
    get_config = function() c(super$get_config(), list(factor = config_factor(self$factor), interpolation = self$interpolation, seed = self$seed))
  )
)
RandomHeight <- R6::R6Class("RandomHeight", inherit = RandomSize, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = "keras.layers.preprocessing.image_preprocessing.RandomHeight", axis = 1L))
RandomWidth <- R6::R6Class("RandomWidth", inherit = RandomSize, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = "keras.layers.preprocessing.image_preprocessing.RandomWidth", axis = 2L))
