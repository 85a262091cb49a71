#' Randomly flip each image horizontally and vertically
#'
#' Like all `layer_random_*()`: active in training only, each image has a draw of its own.
#'
#' @inheritParams layer_resizing
#' @param mode `"horizontal"`, `"vertical"` or `"horizontal_and_vertical"`.
#' @param seed Whole number that starts the layer's own sequence of draws; `NULL`: from R's generator, see [set.seed()].
#' @return As `object` says.
#' @family image augmentation layers
#' @examples
#' layer_random_flip(mode = "horizontal")(array(1:4, c(1, 2, 2, 1)), training = TRUE)
#' @export
layer_random_flip <- function(object, mode = "horizontal_and_vertical", seed = NULL, ...) create_layer(RandomFlip, object, capture_args())

RandomFlip <- R6::R6Class("RandomFlip", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.RandomFlip",
    mode = NULL,
    initialize = function(mode = "horizontal_and_vertical", seed = NULL, ...) {
      self$init_random(seed, ...)
      self$mode <- as_choice(mode, c("horizontal", "vertical", "horizontal_and_vertical"), "mode")
    },
    augment = function(images) {
      flip <- function(x, axis) op_select(op_less(image_draws(self, x, c(1L, 1L, 1L), 0, 1), 0.5), op_reverse(x, axes = axis), x)
      if (self$mode != "vertical") images <- flip(images, 2L)
      if (self$mode != "horizontal") images <- flip(images, 1L)
      images
    },
    get_config = function() c(super$get_config(), list(mode = self$mode, seed = self$seed))
  )
)
