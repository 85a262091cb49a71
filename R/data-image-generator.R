# Augmentation of single images, with the transformations and the order of Keras's ImageDataGenerator.

#' Generate minibatches of image data with real-time data augmentation
#'
#' @param featurewise_center,featurewise_std_normalization Subtract the mean of the data set, divide by its standard deviation, channel by
#'   channel; see [fit_image_data_generator()].
#' @param samplewise_center,samplewise_std_normalization The same with the mean and standard deviation of each image.
#' @param zca_whitening,zca_epsilon Whether to decorrelate the pixels over the data set; epsilon of the whitening.
#' @param rotation_range Range of random rotations, in degrees.
#' @param width_shift_range,height_shift_range Range of random shifts: a share of the size if below 1, else pixels; a vector is a choice.
#' @param brightness_range `c(least, most)` factor of brightness.
#' @param shear_range Shear angle, in degrees.
#' @param zoom_range `c(lower, upper)`, or one number z for `c(1 - z, 1 + z)`.
#' @param channel_shift_range Range of a random amount added to all values.
#' @param fill_mode How points beyond the edges are filled: `"nearest"`, `"constant"`, `"reflect"` or `"wrap"`.
#' @param cval Value for `fill_mode = "constant"`.
#' @param horizontal_flip,vertical_flip Whether to flip images at random.
#' @param rescale Factor for the values, after all other transformations; `NULL` for none.
#' @param preprocessing_function Function of one image (an array), applied after the augmentation.
#' @param data_format `"channels_last"` or `"channels_first"`.
#' @param validation_split Fraction of the images set aside for `subset = "validation"`.
#' @return A generator for [flow_images_from_data()] and its kin.
#' @family image preprocessing
#' @examples
#' generator <- image_data_generator(rescale = 1 / 255, horizontal_flip = TRUE)
#' images <- array(runif(96) * 255, c(2, 4, 4, 3))
#' flow <- flow_images_from_data(images, c(0, 1), generator, batch_size = 2)
#' str(generator_next(flow))
#' @export
image_data_generator <- function(featurewise_center = FALSE, samplewise_center = FALSE, featurewise_std_normalization = FALSE,
                                 samplewise_std_normalization = FALSE, zca_whitening = FALSE, zca_epsilon = 1e-06, rotation_range = 0,
                                 width_shift_range = 0, height_shift_range = 0, brightness_range = NULL, shear_range = 0, zoom_range = 0,
                                 channel_shift_range = 0, fill_mode = "nearest", cval = 0, horizontal_flip = FALSE, vertical_flip = FALSE,
                                 rescale = NULL, preprocessing_function = NULL, data_format = NULL, validation_split = 0) {
  one_of(fill_mode, c("nearest", "constant", "reflect", "wrap"), "fill_mode")
  if (!is.null(brightness_range) && length(unlist(brightness_range)) != 2L) {
    abort_argument("`brightness_range` must be c(least, most). Received: ", received(brightness_range), ".")
  }
  zoom <- unlist(zoom_range)
  if (!is.numeric(zoom) || !length(zoom) %in% 1:2) {
    abort_argument("`zoom_range` must be one number or c(lower, upper). Received: ", received(zoom_range), ".")
  }
  if (!is.numeric(validation_split) || validation_split < 0 || validation_split >= 1) {
    abort_argument("`validation_split` must be at least 0 and below 1. Received: ", received(validation_split), ".")
  }
  if (zca_whitening) featurewise_center <- TRUE
  if (featurewise_std_normalization) featurewise_center <- TRUE
  if (samplewise_std_normalization) samplewise_center <- TRUE
  settings <- mget(setdiff(names(formals()), "..."))
  settings$zoom_range <- if (length(zoom) == 1L) c(1 - zoom, 1 + zoom) else zoom
  settings$data_format <- data_format %||% k_image_data_format()
  settings["mean"] <- settings["std"] <- settings["whitening"] <- list(NULL)
  structure(list2env(settings, parent = emptyenv()), class = "keras.preprocessing.image.ImageDataGenerator")
}

#' @export
print.keras.preprocessing.image.ImageDataGenerator <- function(x, ...) {
  defaults <- as.list(formals(image_data_generator))
  set <- Filter(function(n) !identical(get(n, envir = x), tryCatch(eval(defaults[[n]]), error = function(e) NULL)),
                setdiff(names(defaults), c("zoom_range", "data_format")))
  cat("<image data generator", if (length(set)) ": ",
      paste(set, vapply(set, function(n) received(get(n, envir = x)), ""), sep = " = ", collapse = ", "), ">\n", sep = "")
  invisible(x)
}

#' Fit image data generator internal statistics to some sample data
#'
#' Needed for `featurewise_center`, `featurewise_std_normalization` and `zca_whitening`.
#'
#' @param object [image_data_generator()].
#' @param x Array of images, (samples, height, width, channels).
#' @param augment Whether to fit to augmented images.
#' @param rounds With `augment`, how many passes over the data.
#' @param seed Random seed.
#' @return The generator, invisibly.
#' @family image preprocessing
#' @export
fit_image_data_generator <- function(object, x, augment = FALSE, rounds = 1, seed = NULL) {
  x <- as_image_batch(x, object$data_format)
  if (!is.null(object$rescale)) x <- x * object$rescale
  if (augment) {
    n <- dim(x)[1L]
    x <- with_seed(seed, stack_images(lapply(rep(seq_len(n), rounds), function(i) random_transform(object, image_of(x, i)))))
  }
  if (object$featurewise_center) {
    object$mean <- apply(x, 4L, mean)
    x <- sweep(x, 4L, object$mean)
  }
  if (object$featurewise_std_normalization) {
    object$std <- apply(x, 4L, function(v) sqrt(mean((v - mean(v))^2)))
    x <- sweep(x, 4L, object$std + 1e-6, "/")
  }
  if (object$zca_whitening) {
    flat <- matrix(x, dim(x)[1L])
    s <- svd(t(flat), nv = 0L)
    object$whitening <- s$u %*% (sqrt(nrow(flat)) / (s$d + object$zca_epsilon) * t(s$u))
  }
  invisible(object)
}

# (samples, height, width, channels), numbers.
as_image_batch <- function(x, data_format) {
  if (is_tensor(x)) x <- as.array(x)
  if (length(dim(x)) != 4L) {
    abort_shape("images are wanted as an array of 4 dimensions (samples, height, width, channels). Received: ", length(dim(x)), " dimensions.")
  }
  storage.mode(x) <- "double"
  if (data_format == "channels_first") aperm(x, c(1L, 3L, 4L, 2L)) else x
}
image_of <- function(x, i) array(x[i, , , ], dim(x)[-1L])
stack_images <- function(images) {
  sizes <- dim(images[[1L]])
  aperm(array(unlist(images, use.names = FALSE), c(sizes, length(images))), c(length(sizes) + 1L, seq_along(sizes)))
}

# Draws the parameters of one transformation.
random_parameters <- function(g, size) {
  uniform <- function(range) stats::runif(1L, range[1L], range[2L])
  shift <- function(range, extent) {
    if (length(range) > 1L) return(sample(range, 1L) * sample(c(-1, 1), 1L) * if (max(range) < 1) extent else 1)
    if (!range) return(0)
    uniform(c(-range, range)) * if (range < 1) extent else 1
  }
  zoom <- if (all(g$zoom_range == 1)) c(1, 1) else stats::runif(2L, g$zoom_range[1L], g$zoom_range[2L])
  list(theta = if (g$rotation_range) uniform(c(-1, 1) * g$rotation_range) else 0, tx = shift(unlist(g$width_shift_range), size[2L]),
       ty = shift(unlist(g$height_shift_range), size[1L]), shear = if (g$shear_range) uniform(c(-1, 1) * g$shear_range) else 0, zx = zoom[1L],
       zy = zoom[2L],
       flip_horizontal = g$horizontal_flip && stats::runif(1L) < 0.5, flip_vertical = g$vertical_flip && stats::runif(1L) < 0.5,
       channel_shift = if (g$channel_shift_range) uniform(c(-1, 1) * g$channel_shift_range) else NULL,
       brightness = if (!is.null(g$brightness_range)) uniform(unlist(g$brightness_range)) else NULL)
}

random_transform <- function(g, image) transform_image(image, random_parameters(g, dim(image)), g$fill_mode, g$cval)

# Rotation, shift, shear and zoom about the centre in one affine map; then channel shift, flips, brightness.
transform_image <- function(image, p, fill_mode = "nearest", cval = 0) {
  matrix <- affine_matrix(p, dim(image))
  if (!is.null(matrix)) image <- image_affine(image, matrix[1:2, 1:2], matrix[1:2, 3L], dim(image)[1:2], fill_mode, cval)
  if (!is.null(p$channel_shift)) image <- array(pmin(max(image), pmax(min(image), image + p$channel_shift)), dim(image))
  if (isTRUE(p$flip_horizontal)) image <- image[, rev(seq_len(dim(image)[2L])), , drop = FALSE]
  if (isTRUE(p$flip_vertical)) image <- image[rev(seq_len(dim(image)[1L])), , , drop = FALSE]
  if (!is.null(p$brightness)) image <- brighten(image, p$brightness)
  image
}

affine_matrix <- function(p, size) {
  radians <- function(degrees) degrees * pi / 180
  parts <- list(
    if (p$theta != 0) rbind(c(cos(radians(p$theta)), -sin(radians(p$theta)), 0), c(sin(radians(p$theta)), cos(radians(p$theta)), 0), c(0, 0, 1)),
    if (p$tx != 0 || p$ty != 0) rbind(c(1, 0, p$tx), c(0, 1, p$ty), c(0, 0, 1)),
    if (p$shear != 0) rbind(c(1, -sin(radians(p$shear)), 0), c(0, cos(radians(p$shear)), 0), c(0, 0, 1)),
    if (p$zx != 1 || p$zy != 1) diag(c(p$zx, p$zy, 1)))
  parts <- Filter(Negate(is.null), parts)
  if (!length(parts)) return(NULL)
  centre <- size[1:2] / 2 - 0.5
  move <- function(by) rbind(c(1, 0, by[1L]), c(0, 1, by[2L]), c(0, 0, 1))
  # The parameters speak of x and y, the map of rows and columns. (Keras takes the centre before it turns them round, so images that are
  # not square rotate about another point.)
  turned <- c(2L, 1L, 3L)
  (move(centre) %*% Reduce(`%*%`, parts) %*% move(-centre))[turned, turned]
}

# As PIL's ImageEnhance.Brightness on whole levels: images that leave 0 to 255 are stretched there and back.
brighten <- function(image, factor) {
  range <- range(image)
  outside <- range[1L] < 0 || range[2L] > 255
  levels <- if (outside) (image - range[1L]) / max(range[2L] - range[1L], 1e-12) * 255 else image
  levels <- pmin(255, pmax(0, trunc(trunc(levels) * factor)))
  array(if (outside) levels / 255 * (range[2L] - range[1L]) + range[1L] else levels, dim(image))
}

# What comes after the augmentation.
standardize_image <- function(g, image) {
  if (!is.null(g$preprocessing_function)) {
    image <- g$preprocessing_function(image)
    if (is_tensor(image)) image <- as.array(image)
  }
  if (!is.null(g$rescale)) image <- image * g$rescale
  if (g$samplewise_center) image <- image - mean(image)
  if (g$samplewise_std_normalization) image <- image / (sqrt(mean((image - mean(image))^2)) + 1e-6)
  if (g$featurewise_center) image <- if (is.null(g$mean)) unfitted("featurewise_center", image) else sweep(image, 3L, g$mean)
  if (g$featurewise_std_normalization) {
    image <- if (is.null(g$std)) unfitted("featurewise_std_normalization", image) else sweep(image, 3L, g$std + 1e-6, "/")
  }
  if (g$zca_whitening) image <- if (is.null(g$whitening)) unfitted("zca_whitening", image) else array(as.vector(image) %*% g$whitening, dim(image))
  image
}
unfitted <- function(what, image) {
  warning("the image data generator has `", what, "`, but was not fitted: call fit_image_data_generator() first.", call. = FALSE)
  image
}
