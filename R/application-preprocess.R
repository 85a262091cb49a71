# Pixels from 0 to 255 as the pretrained networks were shown them.

#' Preprocess images for the `application_*` models
#'
#' `imagenet_preprocess_input()` (and that of ResNet, and VGG's) turns RGB to BGR and subtracts the means 103.939, 116.779, 123.68;
#' `densenet_preprocess_input()` scales to 0..1 and then by the mean and standard deviation of ImageNet; the others scale to -1..1.
#'
#' @param x Array or tensor of pixels from 0 to 255, (height, width, channels) or (batch, height, width, channels).
#' @param data_format `"channels_last"` or `"channels_first"`; `NULL` is [k_image_data_format()]. As in R keras 2.15 it has no effect on
#'   `densenet_preprocess_input()`.
#' @param mode Has no effect, as in R keras 2.15: the mode is `"caffe"`.
#' @return The array or tensor, preprocessed.
#' @family applications
#' @examples
#' mobilenet_preprocess_input(array(c(0, 127.5, 255), c(1, 1, 1, 3)))
#' @export
imagenet_preprocess_input <- function(x, data_format = NULL, mode = "caffe") {
  preprocess_pixels(x, "caffe", data_format %||% k_image_data_format())
}

preprocess_pixels <- function(x, mode, data_format = k_image_data_format()) {
  data_format <- one_of(data_format, c("channels_last", "channels_first"), "data_format")
  if (mode == "tf") return(if (is_tensor(x)) op_subtract(op_divide(as_float_tensor(x), 127.5), 1) else x / 127.5 - 1)
  rank <- if (is_tensor(x)) tensor_rank(x) else length(dim(x))
  if (!rank %in% 3:4) abort_shape("`x` must have 3 or 4 dimensions. Received: ", rank, ".")
  axis <- if (data_format == "channels_first") rank - 2L else rank
  channels <- if (is_tensor(x)) tensor_shape(x)[axis] else dim(x)[axis]
  if (!identical(as.integer(channels), 3L)) abort_shape("`x` must have 3 channels (axis ", axis, "). Received: ", channels, ".")
  mean <- if (mode == "caffe") c(103.939, 116.779, 123.68) else c(0.485, 0.456, 0.406)
  std <- c(0.229, 0.224, 0.225)
  if (is_tensor(x)) {
    shape <- rep(1L, rank)
    shape[axis] <- 3L
    along <- function(v) tensor(array(v, shape), tensor_dtype(x))
    x <- as_float_tensor(x)
    if (mode == "caffe") {
      op_subtract(op_reverse(x, axes = axis - 1L), along(mean))
    } else {
      op_divide(op_subtract(op_divide(x, 255), along(mean)), along(std))
    }
  } else if (mode == "caffe") sweep(reversed_along(x, axis), axis, mean) else sweep(sweep(x / 255, axis, mean), axis, std, "/")
}
reversed_along <- function(x, axis) {
  index <- rep(list(TRUE), length(dim(x)))
  index[[axis]] <- rev(seq_len(dim(x)[axis]))
  do.call(`[`, c(list(x), index, list(drop = FALSE)))
}

#' @rdname imagenet_preprocess_input
#' @export
resnet_preprocess_input <- function(x) preprocess_pixels(x, "caffe")
#' @rdname imagenet_preprocess_input
#' @export
resnet_v2_preprocess_input <- function(x) preprocess_pixels(x, "tf")
#' @rdname imagenet_preprocess_input
#' @export
densenet_preprocess_input <- function(x, data_format = NULL) preprocess_pixels(x, "torch")
#' @rdname imagenet_preprocess_input
#' @export
inception_resnet_v2_preprocess_input <- function(x) preprocess_pixels(x, "tf")
#' @rdname imagenet_preprocess_input
#' @export
inception_v3_preprocess_input <- function(x) preprocess_pixels(x, "tf")
#' @rdname imagenet_preprocess_input
#' @export
mobilenet_preprocess_input <- function(x) preprocess_pixels(x, "tf")
#' @rdname imagenet_preprocess_input
#' @export
mobilenet_v2_preprocess_input <- function(x) preprocess_pixels(x, "tf")
#' @rdname imagenet_preprocess_input
#' @export
nasnet_preprocess_input <- function(x) preprocess_pixels(x, "tf")
#' @rdname imagenet_preprocess_input
#' @export
xception_preprocess_input <- function(x) preprocess_pixels(x, "tf")

#' Decodes the prediction of an ImageNet model
#'
#' The names of the classes are fetched once, see [get_file()].
#'
#' @param preds Predictions, a matrix of 1000 columns.
#' @param top How many top guesses to return.
#' @param filepath Path of the file.
#' @return `mobilenet_load_model_hdf5()` and `mobilenet_v2_load_model_hdf5()`: a model. The others: a list with a data frame for each row:
#'   `class_name`, `class_description`, `score`.
#' @family applications
#' @export
imagenet_decode_predictions <- function(preds, top = 5) {
  if (is_tensor(preds)) preds <- as.array(preds)
  if (length(dim(preds)) != 2L || ncol(preds) != 1000L)
    abort_shape("`preds` must be a matrix with the 1000 classes of ImageNet as columns. Received: (",
                paste(if (is.null(dim(preds))) length(preds) else dim(preds), collapse = ", "), ").")
  path <- get_file("imagenet_class_index.json", "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
                   cache_subdir = "models",
                   file_hash = "c2c37ea517e94d9795004a39431a14cb")
  classes <- jsonlite::fromJSON(path, simplifyVector = FALSE)
  lapply(seq_len(nrow(preds)), function(i) {
    best <- order(preds[i, ], decreasing = TRUE)[seq_len(top)]
    info <- classes[as.character(best - 1L)]
    data.frame(class_name = vapply(info, `[[`, "", 1L), class_description = vapply(info, `[[`, "", 2L), score = preds[i, best], row.names = NULL)
  })
}

#' @rdname imagenet_decode_predictions
#' @export
mobilenet_decode_predictions <- function(preds, top = 5) imagenet_decode_predictions(preds, top)
#' @rdname imagenet_decode_predictions
#' @export
mobilenet_v2_decode_predictions <- function(preds, top = 5) imagenet_decode_predictions(preds, top)
#' @rdname imagenet_decode_predictions
#' @export
mobilenet_load_model_hdf5 <- function(filepath) load_model_hdf5(filepath)
#' @rdname imagenet_decode_predictions
#' @export
mobilenet_v2_load_model_hdf5 <- function(filepath) load_model_hdf5(filepath)
