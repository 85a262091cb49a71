#' Randomly crop the images to target height and width
#'
#' All images of a batch are cropped at the same place. Outside of training the largest centred part of the target's aspect ratio is
#' resized.
#'
#' @inheritParams layer_random_flip
#' @param height,width Size of the output.
#' @return As `object` says.
#' @family image augmentation layers
#' @export
layer_random_crop <- function(object, height, width, seed = NULL, ...) create_layer(RandomCrop, object, capture_args())

RandomCrop <- R6::R6Class("RandomCrop", inherit = RandomImageLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.image_preprocessing.RandomCrop",
    height = NULL, width = NULL,
    initialize = function(height, width, seed = NULL, ...) {
      self$init_random(seed, ...)
      self$height <- as_count(height, "height")
      self$width <- as_count(width, "width")
    },
    call = function(inputs, training = NULL) {
      size <- c(self$height, self$width)
      on_image_batch(self, inputs, function(x) {
        room <- tensor_shape(x)[2:3] - size
        if (!isTRUE(training) || anyNA(room) || any(room < 0L)) return(smart_resize(x, size, "bilinear"))
        for (axis in 1:2) {
          begin <- op_cast(op_floor(op_random_uniform(1L, 0, room[axis] + 1, dtype = "float32")), "int32")
          begin <- op_minimum(begin, tensor(room[axis], "int32"))
          x <- op_gather(x, op_add(begin, tensor(array(seq_len(size[axis]) - 1L), "int32")), axis = axis)
        }
        x
      })
    },
    get_config = function() c(super$get_config(), list(height = self$height, width = self$width, seed = self$seed))
  )
)
