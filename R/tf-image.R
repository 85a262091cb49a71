# tf$image: one image (rows, columns, channels) or a batch of them.

# f works on batches.
on_images <- function(image, f) {
  x <- as_data_tensor(image)
  rank <- tensor_rank(x)
  if (!rank %in% 3:4) {
    abort_shape("an image has the axes (rows, columns, channels), with the batch before them for several. Received an array of shape (",
                shape_text(tensor_shape(x)), ").")
  }
  if (rank == 4L) f(x) else op_squeeze(f(op_expand_dims(x, 0L)), 0L)
}
height_and_width <- function(x) tensor_shape(x)[2:3]
crop_image <- function(x, top, left, height, width) op_slice(x, c(0, top, left, 0), c(-1, height, width, -1))

tf_resize <- function(images, size, method = "bilinear", preserve_aspect_ratio = FALSE, antialias = FALSE) {
  method <- as_choice(method, c("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"), "method")
  on_images(images, function(x) {
    size <- sizes_of(size)
    if (isTRUE(preserve_aspect_ratio)) size <- pmax(1, round(height_and_width(x) * min(size / height_and_width(x))))
    if (!is_float(tensor_dtype(x)) && method != "nearest") x <- op_cast(x, "float32")
    op_resize(x, size, method, isTRUE(antialias))
  })
}

# A coin for each image.
flip_at_random <- function(axis) {
  force(axis)
  function(image, seed = NULL) on_images(image, function(x) {
    coin <- op_random_uniform(c(tensor_shape(x)[1L], 1, 1, 1), dtype = "float32", seed = seed,
                              like = if (anyNA(tensor_shape(x))) op_slice(x, c(0, 0, 0, 0), c(-1, 1, 1, 1)))
    op_select(op_less(coin, 0.5), op_reverse(x, axis), x)
  })
}

adjust_contrast <- function(images, contrast_factor) on_images(as_float_tensor(images), function(x) {
  mean <- op_reduce_mean(x, c(1L, 2L), TRUE)
  op_add(op_multiply(op_subtract(x, mean), contrast_factor), mean)
})

# Hue, saturation and value, all from 0 to 1; and back: a channel is v - v s clip(min(k, 4 - k), 0, 1), k = (n + 6 h) mod 6, n = 5, 3, 1.
rgb_to_hsv <- function(images) {
  x <- as_float_tensor(images)
  parts <- op_unstack(x, -1L)
  value <- op_reduce_max(x, -1L)
  range <- op_subtract(value, op_reduce_min(x, -1L))
  part <- function(i, j, offset) op_add(op_divide_no_nan(op_subtract(parts[[i]], parts[[j]]), range), offset)
  hue <- op_select(op_equal(value, parts[[1L]]), part(2L, 3L, 0), op_select(op_equal(value, parts[[2L]]), part(3L, 1L, 2), part(1L, 2L, 4)))
  hue <- op_select(op_greater(range, 0), op_floor_mod(op_divide(hue, 6), 1), op_zeros_like(hue))
  op_stack(list(hue, op_divide_no_nan(range, value), value), -1L)
}
hsv_to_rgb <- function(images) {
  parts <- op_unstack(as_float_tensor(images), -1L)
  strength <- op_multiply(parts[[3L]], parts[[2L]])
  channel <- function(n) {
    k <- op_floor_mod(op_add(op_multiply(parts[[1L]], 6), n), 6)
    op_subtract(parts[[3L]], op_multiply(strength, op_clip(op_minimum(k, op_subtract(4, k)), 0, 1)))
  }
  op_stack(lapply(c(5, 3, 1), channel), -1L)
}
# f changes list(hue, saturation, value).
in_hsv <- function(image, f) hsv_to_rgb(op_stack(f(op_unstack(rgb_to_hsv(image), -1L)), -1L))

tf_image <- list(
  resize = tf_resize,
  ResizeMethod = list(AREA = "area", BICUBIC = "bicubic", BILINEAR = "bilinear", GAUSSIAN = "gaussian", LANCZOS3 = "lanczos3", LANCZOS5 = "lanczos5",
                      MITCHELLCUBIC = "mitchellcubic", NEAREST_NEIGHBOR = "nearest"),
  flip_left_right = function(image) on_images(image, function(x) op_reverse(x, 2L)),
  flip_up_down = function(image) on_images(image, function(x) op_reverse(x, 1L)),
  random_flip_left_right = flip_at_random(2L), random_flip_up_down = flip_at_random(1L),
  transpose = function(image) on_images(image, function(x) op_transpose(x, c(0L, 2L, 1L, 3L))),
  rot90 = function(image, k = 1L) on_images(image, function(x) switch(as.integer(k) %% 4L + 1L,
    x, op_reverse(op_transpose(x, c(0L, 2L, 1L, 3L)), 1L), op_reverse(x, c(1L, 2L)), op_transpose(op_reverse(x, 1L), c(0L, 2L, 1L, 3L)))),
  central_crop = function(image, central_fraction) on_images(image, function(x) {
    start <- floor((height_and_width(x) - height_and_width(x) * as_number(central_fraction, "central_fraction", 0, 1)) / 2)
    crop_image(x, start[1L], start[2L], height_and_width(x)[1L] - 2 * start[1L], height_and_width(x)[2L] - 2 * start[2L])
  }),
  crop_to_bounding_box = function(image, offset_height, offset_width, target_height, target_width)
    on_images(image,
              function(x) crop_image(x, as.numeric(offset_height), as.numeric(offset_width), as.numeric(target_height), as.numeric(target_width))),
  pad_to_bounding_box = function(image, offset_height, offset_width, target_height, target_width) on_images(image, function(x) {
    after <- c(target_height, target_width) - c(offset_height, offset_width) - height_and_width(x)
    op_pad(x, c(0, 0, offset_height, after[1L], offset_width, after[2L], 0, 0))
  }),
  resize_with_crop_or_pad = function(image, target_height, target_width) on_images(image, function(x) {
    target <- c(target_height, target_width)
    cut <- pmax(height_and_width(x) - target, 0)
    x <- crop_image(x, cut[1L] %/% 2, cut[2L] %/% 2, height_and_width(x)[1L] - cut[1L], height_and_width(x)[2L] - cut[2L])
    room <- target - height_and_width(x)
    op_pad(x, c(0, 0, room[1L] %/% 2, room[1L] - room[1L] %/% 2, room[2L] %/% 2, room[2L] - room[2L] %/% 2, 0, 0))
  }),
  random_crop = function(value, size, seed = NULL) tf_random_crop(value, size, seed),
  rgb_to_grayscale = function(images) op_reduce_sum(op_multiply(as_float_tensor(images), tensor(array(c(0.2989, 0.587, 0.114), 3L))), -1L, TRUE),
  grayscale_to_rgb = function(images) op_concat(list(images, images, images), -1L),
  rgb_to_hsv = rgb_to_hsv, hsv_to_rgb = hsv_to_rgb,
  adjust_brightness = function(image, delta) op_add(as_float_tensor(image), delta),
  adjust_contrast = adjust_contrast,
  adjust_saturation = function(image, saturation_factor)
    in_hsv(image, function(hsv) list(hsv[[1L]], op_clip(op_multiply(hsv[[2L]], saturation_factor), 0, 1), hsv[[3L]])),
  adjust_hue = function(image, delta) in_hsv(image, function(hsv) list(op_floor_mod(op_add(hsv[[1L]], delta), 1), hsv[[2L]], hsv[[3L]])),
  random_brightness = function(image, max_delta, seed = NULL)
    op_add(as_float_tensor(image), op_random_uniform(numeric(), -as.numeric(max_delta), as.numeric(max_delta), seed = seed)),
  random_contrast = function(image, lower, upper, seed = NULL)
    adjust_contrast(image, op_random_uniform(numeric(), as.numeric(lower), as.numeric(upper), seed = seed)),
  per_image_standardization = function(image) on_images(as_float_tensor(image), function(x) {
    least <- 1 / sqrt(prod(tensor_shape(x)[-1L]))
    op_divide(op_subtract(x, op_reduce_mean(x, 1:3, TRUE)), op_maximum(op_reduce_std(x, 1:3, TRUE), least))
  }),
  convert_image_dtype = function(image, dtype, saturate = FALSE) {
    x <- as_data_tensor(image)
    dtype <- dtype_name(dtype)
    if (!is_float(dtype)) abort_argument("tf$image$convert_image_dtype() gives float32 or float64. Received: dtype = ", received(dtype))
    if (is_float(tensor_dtype(x))) op_cast(x, dtype) else op_divide(op_cast(x, dtype), 255)   # R has no 8-bit numbers: whole ones count to 255
  },
  total_variation = function(images) {
    differences <- function(x, axis) {
      n <- tensor_shape(x)[axis + 1L]
      ahead <- replace(numeric(4), axis + 1L, 1)
      op_reduce_sum(op_abs(op_subtract(op_slice(x, ahead, rep(-1, 4)), op_slice(x, numeric(4), replace(rep(-1, 4), axis + 1L, n - 1)))), 1:3)
    }
    x <- as_data_tensor(images)
    single <- tensor_rank(x) == 3L
    if (single) x <- op_expand_dims(x, 0L)
    total <- op_add(differences(x, 1L), differences(x, 2L))
    if (single) op_squeeze(total, 0L) else total
  },
  psnr = function(a, b, max_val) {
    error <- op_reduce_mean(op_squared_difference(as_float_tensor(a), as_float_tensor(b)), -3:-1)
    op_subtract(20 * log10(as.numeric(max_val)), op_multiply(op_log(error), 10 / log(10)))
  })
