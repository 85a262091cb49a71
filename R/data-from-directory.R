# Datasets of batches made from folders and arrays.

#' Create a dataset from a folder of images or text files
#'
#' The folder has one subfolder for each class: `main/class_a/1.jpg` ...
#'
#' JPEG files are decoded with the accurate transform, as [image_load()] does. TensorFlow takes a faster, coarser one here: its levels are a
#' few away from these.
#'
#' @param directory The folder.
#' @param labels `"inferred"` (from the subfolders), `NULL` (no labels: all files of the folder, whether in subfolders or not), or class
#'   numbers, one for each file in alphabetical order (folder by folder).
#' @param label_mode `"int"`, `"categorical"`, `"binary"` or `NULL` (no labels).
#' @param class_names Names of all the subfolders, in the order of the class numbers; `NULL` for the alphabetical one.
#' @param color_mode `"rgb"`, `"rgba"` or `"grayscale"`.
#' @param batch_size Number of samples a batch; `NULL` gives single samples.
#' @param image_size `c(height, width)` to which the images are resized.
#' @param shuffle Whether to shuffle; if not, the order is alphabetical.
#' @param seed Random seed of shuffling and splitting; the split of a seed is that of Keras.
#' @param validation_split Fraction of the data to set aside for validation.
#' @param subset `"training"`, `"validation"` or `"both"`, with `validation_split`.
#' @param interpolation `"bilinear"`, `"nearest"`, `"bicubic"`, `"area"`, `"lanczos3"`, `"lanczos5"`, `"gaussian"`, `"mitchellcubic"`.
#' @param follow_links Whether to look into folders within the folder (or a class) that are symbolic links.
#' @param crop_to_aspect_ratio Whether to cut the images rather than distort them.
#' @param max_length Longest text to keep, in characters; longer ones are cut.
#' @param ... Not used.
#' @return A dataset of batches: float images (batch, height, width, channels), or texts; with labels a list of both. `$class_names` are
#'   the classes.
#' @inheritSection flow_images_from_directory Unreadable files
#' @export
image_dataset_from_directory <- function(directory, labels = "inferred", label_mode = "int", class_names = NULL, color_mode = "rgb", batch_size = 32,
                                         image_size = c(256, 256), shuffle = TRUE, seed = NULL, validation_split = NULL, subset = NULL,
                                         interpolation = "bilinear", follow_links = FALSE, crop_to_aspect_ratio = FALSE, ...) {
  size <- image_size(image_size, "image_size")
  color_mode <- one_of(color_mode, c("rgb", "rgba", "grayscale"), "color_mode")
  interpolation <- one_of(interpolation, c("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"),
                          "interpolation")
  slow <- function(path) {
    image <- op_expand_dims(tensor(in_color_mode(read_image(path), color_mode), "float32"), axis = 0L)
    op_squeeze(if (crop_to_aspect_ratio) smart_resize(image, size, interpolation) else op_resize(image, size, interpolation), axes = 0L)
  }
  read <- image_reading(size, color_mode, interpolation, crop_to_aspect_ratio, FALSE, slow)
  dataset_from_files(directory, labels, label_mode, class_names, c("bmp", "gif", "jpeg", "jpg", "png"), batch_size, shuffle, seed, validation_split,
                     subset, follow_links, read)
}

#' @rdname image_dataset_from_directory
#' @export
text_dataset_from_directory <- function(directory, labels = "inferred", label_mode = "int", class_names = NULL, batch_size = 32L, max_length = NULL,
                                        shuffle = TRUE, seed = NULL, validation_split = NULL, subset = NULL, follow_links = FALSE, ...) {
  read <- function(path) {
    bytes <- readBin(path, "raw", file.size(path))
    whole <- !any(bytes == 0)  # as the text of UTF-16 has them; R's strings do not
    text <- if (whole) rawToChar(bytes) else ""
    Encoding(text) <- "UTF-8"
    if (!whole || !validUTF8(text)) abort_file("\"", path, "\" is not UTF-8 text. Convert it, for example with iconv().")
    tensor(if (is.null(max_length)) text else substr(text, 1L, max_length), "string")
  }
  dataset_from_files(directory, labels, label_mode, class_names, "txt", batch_size, shuffle, seed, validation_split, subset, follow_links, read)
}

dataset_from_files <- function(directory, labels, label_mode, class_names, extensions, batch_size, shuffle, seed, validation_split, subset,
                               follow_links, read) {
  if (!is.null(label_mode)) label_mode <- one_of(label_mode, c("int", "categorical", "binary"), "label_mode")
  if (is.null(validation_split) != is.null(subset)) abort_argument("`validation_split` and `subset` must be given together.")
  if (!is.null(subset)) {
    subset <- one_of(subset, c("training", "validation", "both"), "subset")
    if (!is.numeric(validation_split) || validation_split <= 0 || validation_split >= 1) {
      abort_argument("`validation_split` must be between 0 and 1. Received: ", received(validation_split), ".")
    }
    if (shuffle && is.null(seed)) {
      abort_argument("with `validation_split` and `shuffle`, give a `seed`, so that the training and the validation set do not overlap.")
    }
  }
  if (is.null(labels) || is.null(label_mode)) labels <- label_mode <- NULL
  inferred <- identical(labels, "inferred")
  if (!inferred && !is.null(labels) && !is.numeric(unlist(labels))) {
    abort_argument("`labels` must be \"inferred\", NULL or class numbers. Received: ", received(labels), ".")
  }
  if (!inferred && !is.null(class_names)) abort_argument("`class_names` may be given with labels = \"inferred\" only.")
  found <- if (inferred) files_by_class(directory, check_class_names(directory, class_names), extensions, follow_links = follow_links)
           else files_unlabelled(directory, extensions, labels, follow_links)
  if (identical(label_mode, "binary") && length(found$classes) != 2L) {
    abort_argument("label_mode = \"binary\" takes 2 classes. Found: ", length(found$classes), ".")
  }
  n <- length(found$files)
  message("Found ", n, " files", if (!is.null(found$classes)) paste0(" belonging to ", length(found$classes), " classes"), ".")
  # The split that Keras makes for the seed.
  order <- if (shuffle && !is.null(seed)) numpy_shuffles(seed, n)[[1L]] else seq_len(n)
  one <- function(rows, what) {
    if (!is.null(what)) message("Using ", length(rows), " files for ", what, ".")
    dataset_of_files(found, rows, label_mode, batch_size, shuffle, seed, read)
  }
  if (is.null(subset)) return(one(order, NULL))
  held <- trunc(validation_split * n)
  training <- order[seq_len(n - held)]
  validation <- order[n - held + seq_len(held)]
  switch(subset, training = one(training, "training"), validation = one(validation, "validation"),
         both = list(one(training, "training"), one(validation, "validation")))
}

# Class names given are all the subfolders there are, in an order of their own.
check_class_names <- function(directory, class_names) {
  extra <- if (!is.null(class_names) && dir.exists(directory)) setdiff(class_folders(directory), class_names)
  if (length(extra)) {
    abort_argument("`class_names` must name all subfolders of \"", directory, "\", but not \"", extra[1L], "\". Received: ", received(class_names),
                   ".")
  }
  class_names
}

files_unlabelled <- function(directory, extensions, labels, follow_links) {
  if (!dir.exists(directory)) abort_file("there is no folder \"", directory, "\".")
  names <- files_below(directory, extensions, follow_links)
  if (!length(names)) abort_file("folder \"", directory, "\" has no files ending in ", paste0(".", extensions, collapse = ", "), ".")
  labels <- unlist(labels)
  if (!is.null(labels) && length(labels) != length(names)) {
    abort_shape("`labels` has ", length(labels), " entries, the folder ", length(names), " files.")
  }
  list(files = file.path(directory, names), names = names, labels = labels, classes = if (!is.null(labels)) as.character(sort(unique(labels))))
}

dataset_of_files <- function(found, rows, label_mode, batch_size, shuffle, seed, read) {
  label <- switch(label_mode %||% "none",
    int = function(i) tensor(as.integer(found$labels[i]), "int32"),
    categorical = function(i) tensor(array(as.numeric(seq_along(found$classes) - 1L == found$labels[i])), "float32"),
    binary = function(i) tensor(array(as.numeric(found$labels[i])), "float32"),
    NULL)
  if (is.null(found$labels)) label <- NULL
  passes <- 0L
  open <- function() {
    order <- if (shuffle) with_seed(if (!is.null(seed)) seed + passes, rows[sample.int(length(rows))]) else rows
    passes <<- passes + 1L
    samples <- reader_of_files(found$files[order], read, ahead = if (is.null(batch_size)) 16L else batch_size)
    at <- 0L
    function() {
      while (at < length(order)) {
        at <<- at + 1L
        sample <- samples$at(at)
        if (!is.null(sample)) return(if (is.null(label)) sample else list(sample, label(order[at])))
      }
      samples$stop()
      NULL
    }
  }
  ds <- new_dataset(open, length(rows))
  if (!is.null(batch_size)) ds <- dataset_batch(ds, batch_size)
  assign("class_names", found$classes, envir = ds)
  assign("file_paths", found$files[rows], envir = ds)
  ds
}

# The samples of files one after the other: images are read `ahead`, texts when they are asked for.
reader_of_files <- function(files, read, ahead) {
  if (is.function(read)) return(list(at = function(i) load_or_skip(files[i], read), stop = function() NULL))
  images <- images_ahead(files, read)
  list(at = function(i) {
    images$ask(seq.int(i, min(length(files), i + ahead)))
    images$at(i)
  }, stop = images$stop)
}

#' Creates a dataset of sliding windows over a timeseries provided as array
#'
#' @param data Array of consecutive data points, time along the first axis.
#' @param targets Targets of the windows (target i goes with the window that starts at point i), or `NULL`.
#' @param sequence_length Number of time steps of a window.
#' @param sequence_stride Period between successive windows.
#' @param sampling_rate Period between successive time steps within a window.
#' @param batch_size Number of windows a batch; `NULL` gives single windows.
#' @param shuffle Whether to shuffle the windows.
#' @param seed Random seed of the shuffle.
#' @param start_index,end_index Use only data points from `start_index` to before `end_index` (counted from 0).
#' @param ... Not used.
#' @return A dataset of batches: windows (batch, time, ...), with targets a list of both.
#' @family time series
#' @examples
#' ds <- timeseries_dataset_from_array(matrix(1:24, 12), 1:12, sequence_length = 4, batch_size = 2)
#' iter_next(as_iterator(ds))
#' @export
timeseries_dataset_from_array <- function(data, targets, sequence_length, sequence_stride = 1L, sampling_rate = 1L, batch_size = 128L,
                                          shuffle = FALSE, ..., seed = NULL, start_index = NULL, end_index = NULL) {
  data <- as_row_array(data)
  if (!is.null(targets)) targets <- as_row_array(targets)
  points <- dim(data)[1L]
  sequence_length <- as_whole(sequence_length, "sequence_length", least = 1)
  stride <- as_whole(sequence_stride, "sequence_stride", least = 1)
  rate <- as_whole(sampling_rate, "sampling_rate", least = 1)
  start <- if (is.null(start_index)) 0 else as_whole(start_index, "start_index", least = 0, most = points - 1)
  end <- if (is.null(end_index)) points else as_whole(end_index, "end_index", least = start + 1, most = points)
  starts <- end - start - (sequence_length - 1) * rate
  if (!is.null(targets)) {
    if (dim(targets)[1L] <= start) {
      abort_argument("`targets` has ", dim(targets)[1L], " entries, none for windows from `start_index` (", start, ") on.")
    }
    starts <- min(starts, dim(targets)[1L] - start)
  }
  if (starts < 1) {
    abort_argument("`sequence_length` (", sequence_length, ") times `sampling_rate` (", rate, ") spans more than the ", end - start, " data points.")
  }
  begins <- seq.int(0, starts - 1, by = stride)
  steps <- (seq_len(sequence_length) - 1) * rate
  windows <- function(at) {
    x <- tensor(take_windows(data, outer(start + at, steps, `+`) + 1))
    if (is.null(targets)) x else list(x, tensor(take_rows(targets, start + at + 1)))
  }
  passes <- 0L
  size <- if (is.null(batch_size)) 1 else as_whole(batch_size, "batch_size", least = 1)
  new_dataset(function() {
    order <- if (shuffle) with_seed(if (!is.null(seed)) seed + passes, begins[sample.int(length(begins))]) else begins
    passes <<- passes + 1L
    at <- 0
    function() {
      if (at >= length(order)) return(NULL)
      batch <- windows(order[seq.int(at + 1, min(length(order), at + size))])
      at <<- at + size
      if (!is.null(batch_size)) batch else if (is.list(batch)) lapply(batch, op_squeeze, axes = 0L) else op_squeeze(batch, axes = 0L)
    }
  }, ceiling(length(begins) / size))
}
