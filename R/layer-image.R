# What the layers over images share. Images are (height, width, channels) or batches of them.

# Calls f on a batch of floating point images; a single image is a batch of one.
on_image_batch <- function(layer, images, f) {
  if (tensor_dtype(images) != layer$dtype) images <- op_cast(images, layer$dtype)
  rank <- length(tensor_shape(images))
  if (!rank %in% 3:4) {
    abort_shape("the layer takes images of shape (batch, height, width, channels) or (height, width, channels). Received: ",
                format_shape(tensor_shape(images)))
  }
  if (rank == 4L) f(images) else op_squeeze(f(op_expand_dims(images, axis = 0L)), axes = 0L)
}

# Cuts the largest centred part of the wanted aspect ratio, then resizes: nothing is distorted.
smart_resize <- function(images, size, interpolation) {
  dims <- tensor_shape(images)[2:3]
  if (!anyNA(dims)) {
    crop <- pmin(dims, c((dims[2L] * size[1L]) %/% size[2L], (dims[1L] * size[2L]) %/% size[1L]))
    images <- crop_images(images, (dims - crop) %/% 2L, crop)
  }
  op_resize(images, size, interpolation)
}
crop_images <- function(images, begin, size) op_slice(images, c(0, begin, 0), c(-1, size, -1))

# Draws for each image, shape (batch, 1, …): `seed` starts a sequence of draws of its own; within a trace set.seed() decides.
image_draws <- function(layer, images, shape, min, max) {
  seed <- if (!is.null(layer$seed) && !trace_is_on()) layer$seed + (layer$calls <- (layer$calls %||% 0L) + 1L) - 1L
  op_random_uniform(c(NA, shape), min = min, max = max, dtype = layer$dtype, seed = seed, like = images)
}

# c(lower, upper) of a factor: one number f means `one` (such as c(-f, f)).
factor_range <- function(factor, what, one = function(f) c(-f, f), least = -Inf, most = Inf) {
  range <- unlist(factor)
  if (length(range) == 1L && is.numeric(range)) range <- one(range)
  if (!is.numeric(range) || length(range) != 2L || anyNA(range) || range[1L] > range[2L] || range[1L] < least || range[2L] > most)
    abort_argument("`", what, "` must be one number, or two that ascend",
                   if (is.finite(least)) paste0(", from ", least, if (is.finite(most)) paste0(" to ", most)), ". Received: ", what, " = ",
                   received(factor))
  range
}
config_factor <- function(factor) if (length(unlist(factor)) > 1L) as.list(unlist(factor)) else factor

fill_modes <- c("reflect", "wrap", "constant", "nearest")
# Eight numbers a transform, shape (batch, 8), from eight tensors of shape (batch, 1) or numbers.
transform_rows <- function(parts, like) {
  zero <- op_multiply(like, 0)
  op_concat(lapply(parts, function(p) if (is_tensor(p)) p else op_add(zero, p)), axis = 1L)
}
known_or <- function(dims, otherwise = 2L) ifelse(is.na(dims), otherwise, dims)

RandomImageLayer <- R6::R6Class("RandomImageLayer", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    seed = NULL, fill_mode = NULL, fill_value = NULL, interpolation = NULL,
    init_random = function(seed = NULL, ..., auto_vectorize = NULL) {
      init_layer(self, ...)
      self$seed <- if (!is.null(seed)) as.integer(seed)
    },
    init_fill = function(fill_mode, interpolation, fill_value) {
      self$fill_mode <- as_choice(fill_mode, fill_modes, "fill_mode")
      self$interpolation <- as_choice(interpolation, c("nearest", "bilinear"), "interpolation")
      self$fill_value <- as_number(fill_value, "fill_value")
    },
    call = function(inputs, training = NULL) {
      if (!isTRUE(training)) return(on_image_batch(self, inputs, op_identity))
      on_image_batch(self, inputs, self$augment)
    },
    transformed = function(images, rows) op_image_transform(images, rows, self$fill_mode, self$fill_value, self$interpolation)
  )
)
