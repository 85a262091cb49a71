# Flows of image batches: over arrays, over folders, over a data frame of files.

#' Generate batches of augmented images from arrays
#'
#' @param x Array of images, (samples, height, width, channels).
#' @param y Labels, or `NULL`.
#' @param generator [image_data_generator()].
#' @param batch_size Number of images a batch.
#' @param shuffle Whether to shuffle the images each epoch.
#' @param sample_weight Weights of the samples.
#' @param seed Random seed of shuffling and augmentation; `NULL` draws from R's generator.
#' @param save_to_dir `NULL`, or a folder to which the augmented images are written.
#' @param save_prefix,save_format Prefix and format (`"png"` or `"jpeg"`) of these files.
#' @param subset `"training"` or `"validation"`, with the generator's `validation_split`.
#' @return A flow without end for `fit()`, [generator_next()], with `$n`, `$batch_size`; `length()` is the number of batches an epoch.
#' @family image preprocessing
#' @export
flow_images_from_data <- function(x, y = NULL, generator = image_data_generator(), batch_size = 32, shuffle = TRUE, sample_weight = NULL, seed = NULL,
                                  save_to_dir = NULL, save_prefix = "", save_format = "png", subset = NULL) {
  x <- as_image_batch(x, generator$data_format)
  n <- dim(x)[1L]
  y <- if (!is.null(y)) as_row_array(if (is.factor(y)) as.integer(y) - 1L else y)
  if (!is.null(y) && dim(y)[1L] != n) abort_shape("`x` has ", n, " images, `y` ", dim(y)[1L], " labels.")
  if (!is.null(sample_weight) && length(sample_weight) != n) {
    abort_shape("`x` has ", n, " images, `sample_weight` ", length(sample_weight), " weights.")
  }
  keep <- subset_rows(n, generator$validation_split, subset)
  new_image_flow("keras.preprocessing.image.NumpyArrayIterator", generator, length(keep), batch_size, shuffle, seed,
                 function(i)
                   image_of(x, keep[i]), function(i) if (!is.null(y)) take_rows(y, keep[i]), save = list(save_to_dir, save_prefix, save_format),
                 weights_of = function(i) if (!is.null(sample_weight)) array(sample_weight[keep[i]]))
}

subset_rows <- function(n, split, subset) {
  if (is.null(subset)) return(seq_len(n))
  subset <- one_of(subset, c("training", "validation"), "subset")
  held <- trunc(n * split)
  if (subset == "validation") seq_len(held) else held + seq_len(n - held)
}

# `image_at(i)` gives image i as an array, `labels_of(i)` the labels of images i (NULL: no labels).
new_image_flow <- function(class, generator, n, batch_size, shuffle, seed, image_at, labels_of, save = list(NULL), weights_of = function(i) NULL,
                           fields = list()) {
  if (n < 1L) abort_argument("there are no images.")
  flow <- list2env(c(fields,
                     list(generator = generator, n = n, samples = n, batch_size = as_whole(batch_size, "batch_size", least = 1), shuffle = shuffle,
                          seed = seed,
                       image_at = image_at, labels_of = labels_of, weights_of = weights_of, save = save, seen = 0L, order = NULL, at = 0L)),
                       parent = emptyenv())
  flow$reset <- function() {
    flow$order <- NULL
    flow$at <- 0L
    invisible(flow)
  }
  flow$on_epoch_end <- flow$reset
  flow$`next` <- function() generator_next(structure(flow, class = c(class, "keratin_sequence")))
  structure(flow, class = c(class, "keratin_sequence", "keras.preprocessing.image.Iterator"))
}

#' @export
length.keras.preprocessing.image.Iterator <- function(x) as.integer(ceiling(.subset2(x, "n") / .subset2(x, "batch_size")))

#' @export
`[.keras.preprocessing.image.Iterator` <- function(x, i) {
  i <- as_whole(i, "i", least = 0, most = length(x) - 1)
  if (is.null(.subset2(x, "order")) || i == 0) assign("order", flow_order(x), envir = x)
  rows <- flow_rows(x, i)
  # The files of the next batch are read while this one is trained on.
  ask <- .subset2(x, "ask")
  if (!is.null(ask)) ask(union(rows, if (i + 1 < length(x)) flow_rows(x, i + 1) else if (!isTRUE(.subset2(x, "shuffle"))) flow_rows(x, 0)))
  flow_batch(x, rows)
}
flow_rows <- function(x, i) {
  first <- i * .subset2(x, "batch_size")
  .subset2(x, "order")[seq.int(first + 1, min(.subset2(x, "n"), first + .subset2(x, "batch_size")))]
}

flow_seed <- function(x) if (!is.null(.subset2(x, "seed"))) .subset2(x, "seed") + .subset2(x, "seen")
# With a seed, the order that NumPy gives Keras for it.
flow_order <- function(x) {
  n <- .subset2(x, "n")
  if (!isTRUE(.subset2(x, "shuffle"))) seq_len(n) else if (is.null(.subset2(x, "seed"))) sample.int(n) else numpy_shuffles(flow_seed(x), n)[[1L]]
}

flow_batch <- function(x, rows) {
  g <- .subset2(x, "generator")
  images <- with_seed(flow_seed(x), lapply(rows, function(i) {
    image <- .subset2(x, "image_at")(i)
    if (is.null(image)) NULL else standardize_image(g, random_transform(g, image))
  }))
  assign("seen", .subset2(x, "seen") + 1L, envir = x)
  read <- !vapply(images, is.null, NA)
  if (!any(read)) abort_file("no image of the batch could be read.")
  batch <- stack_images(images[read])
  rows <- rows[read]
  save_flow_images(x, batch, rows)
  if (g$data_format == "channels_first") batch <- aperm(batch, c(1L, 4L, 2L, 3L))
  labels <- .subset2(x, "labels_of")(rows)
  if (identical(labels, "input")) labels <- batch
  weights <- .subset2(x, "weights_of")(rows)
  if (is.null(labels)) batch else if (is.null(weights)) list(batch, labels) else list(batch, labels, weights)
}

save_flow_images <- function(x, batch, rows) {
  save <- .subset2(x, "save")
  if (is.null(save[[1L]])) return()
  for (i in seq_along(rows)) {
    name <- sprintf("%s_%d_%d.%s", save[[2L]], rows[i] - 1L, sample.int(1e7L, 1L), save[[3L]])
    image_array_save(image_of(batch, i), file.path(save[[1L]], name), data_format = "channels_last", scale = TRUE)
  }
}

#' @export
print.keras.preprocessing.image.Iterator <- function(x, ...) {
  cat(sprintf("<flow of %d images in batches of %d>\n", as.integer(.subset2(x, "n")), as.integer(.subset2(x, "batch_size"))))
  invisible(x)
}

#' Generate batches of augmented images from a folder
#'
#' @inheritParams flow_images_from_data
#' @param directory Folder with one subfolder for each class.
#' @param target_size `c(height, width)` to which the images are resized.
#' @param color_mode `"rgb"`, `"rgba"` or `"grayscale"`.
#' @param classes Names of the subfolders, in the order of the class numbers; `NULL`: all, in alphabetical order.
#' @param class_mode `"categorical"` (one-hot), `"binary"`, `"sparse"` (class numbers), `"input"` (the images themselves) or `NULL`.
#' @param follow_links Whether to look into folders within a class that are symbolic links (the folder of a class may always be one).
#' @param interpolation Used to resize, see [image_load()].
#' @details PNG and JPEG files are read, decoded and resized on background threads, those of the next batch while the model trains on this
#'   one; augmentation is done on R's own thread. See the section on preparing batches ahead of [tensor_slices_dataset()].
#' @return As [flow_images_from_data()], also with `$class_indices`, `$classes`, `$filenames`.
#' @section Unreadable files: An image that cannot be read is an error that names it. `options(keratin.unreadable_images = "skip")`
#'   leaves it out with a warning instead.
#' @family image preprocessing
#' @export
flow_images_from_directory <- function(directory, generator = image_data_generator(), target_size = c(256, 256), color_mode = "rgb", classes = NULL,
                                       class_mode = "categorical", batch_size = 32, shuffle = TRUE, seed = NULL, save_to_dir = NULL, save_prefix = "",
                                       save_format = "png", follow_links = FALSE, subset = NULL, interpolation = "nearest") {
  if (!is.null(class_mode)) class_mode <- one_of(class_mode, c("categorical", "binary", "sparse", "input"), "class_mode")
  found <- files_by_class(directory, classes, image_extensions, generator$validation_split, subset, follow_links)
  message("Found ", length(found$files), " images belonging to ", length(found$classes), " classes.")
  flow_of_files("keras.preprocessing.image.DirectoryIterator", found$files, class_labels(found$labels, length(found$classes), class_mode), generator,
                target_size, color_mode,
                interpolation, batch_size, shuffle, seed, list(save_to_dir, save_prefix, save_format),
                list(directory = directory, filenames = found$names, filepaths = found$files, classes = array(found$labels),
                     num_classes = length(found$classes),
                     class_indices = as.list(setNames(seq_along(found$classes) - 1L, found$classes)), labels = array(found$labels)))
}

image_extensions <- c("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

# Files of the subfolders of a folder, class by class. Hidden folders are no classes.
files_by_class <- function(directory, classes, extensions, split = 0, subset = NULL, follow_links = FALSE) {
  if (!dir.exists(directory)) abort_file("there is no folder \"", directory, "\".")
  known <- class_folders(directory)
  if (is.null(classes)) classes <- known
  missing <- setdiff(classes, known)
  if (length(missing)) abort_file("folder \"", directory, "\" has no subfolder \"", missing[1L], "\". It has: ", paste(known, collapse = ", "), ".")
  bar <- cli::cli_progress_bar(paste("Looking through", directory), total = length(classes), clear = TRUE)
  per_class <- lapply(classes, function(class) {
    cli::cli_progress_update(id = bar)
    files <- files_below(file.path(directory, class), extensions, follow_links)
    files[subset_rows(length(files), split, subset)]
  })
  cli::cli_progress_done(id = bar)
  names <- unlist(Map(file.path, classes, per_class), use.names = FALSE)
  if (!length(names)) {
    abort_file("folder \"", directory, "\" has no files ending in ", paste0(".", extensions, collapse = ", "), " in subfolders (one for each class).")
  }
  list(files = file.path(directory, names), names = names, labels = rep(seq_along(classes) - 1L, lengths(per_class)), classes = classes)
}
class_folders <- function(directory) {
  names <- list.files(directory)
  sort(names[dir.exists(file.path(directory, names))], method = "radix")
}

# Files with these extensions in a folder and the folders below it: folder by folder, in the order of Python's os.walk().
files_below <- function(directory, extensions, follow_links) {
  names <- list.files(directory, paste0("\\.(", paste(extensions, collapse = "|"), ")$"), recursive = TRUE, ignore.case = TRUE)
  folders <- sub("^\\.$", "", dirname(names))
  if (!follow_links) {
    linked <- below_link(directory, unique(folders))
    names <- names[!folders %in% linked]
    folders <- folders[!folders %in% linked]
  }
  names[order(folders, basename(names), method = "radix")]
}
# Those of the folders that are, or lie in, a symbolic link.
below_link <- function(directory, folders) {
  Filter(function(folder) {
    parts <- strsplit(folder, "/", fixed = TRUE)[[1L]]
    length(parts) > 0L && any(nzchar(Sys.readlink(file.path(directory, Reduce(file.path, parts, accumulate = TRUE)))), na.rm = TRUE)
  }, folders)
}

# A function of row numbers: labels as the class mode has them.
class_labels <- function(labels, classes, mode) {
  force(labels)
  if (is.null(mode)) return(function(i) NULL)
  switch(mode,
    categorical = function(i) to_categorical(labels[i], classes),
    binary = , sparse = function(i) array(as.numeric(labels[i])),
    input = function(i) "input")
}

flow_of_files <- function(class, files, labels_of, generator, target_size, color_mode, interpolation, batch_size, shuffle, seed, save, fields) {
  size <- image_size(target_size, "target_size")
  color_mode <- one_of(color_mode, c("rgb", "rgba", "grayscale"), "color_mode")
  one_of(interpolation, pil_filters, "interpolation")
  slow <- function(path) resize_levels(in_color_mode(read_image(path, deep = color_mode == "grayscale"), color_mode), size, interpolation)
  reading <- image_reading(size, color_mode, interpolation, FALSE, TRUE, slow)
  images <- images_ahead(files, reading)
  image_at <- function(i) {
    image <- images$at(i)
    if (is_tensor(image)) as.array(image) else image
  }
  new_image_flow(class, generator, length(files), batch_size, shuffle, seed, image_at, labels_of, save,
                 fields = c(fields, list(target_size = size, color_mode = color_mode, image_shape = reading$shape, ask = images$ask)))
}

load_or_skip <- function(path, read) {
  if (!identical(getOption("keratin.unreadable_images", "stop"), "skip")) return(read(path))
  tryCatch(read(path), keratin_error_file = function(e) {
    warning(conditionMessage(e), " It is left out.", call. = FALSE)
    NULL
  })
}

#' Takes a data frame of files and targets, and gives batches of augmented images
#'
#' @inheritParams flow_images_from_directory
#' @param dataframe Data frame with the names of the image files and the targets.
#' @param directory Folder of the files; `NULL` if the names are whole paths.
#' @param x_col Column of the file names.
#' @param y_col Column (or columns) of the targets.
#' @param class_mode Also `"raw"`: the numbers of `y_col` as they are; `"multi_output"`: a list of the columns.
#' @param drop_duplicates Not used.
#' @return As [flow_images_from_directory()].
#' @family image preprocessing
#' @export
flow_images_from_dataframe <- function(dataframe, directory = NULL, x_col = "filename", y_col = "class", generator = image_data_generator(),
                                       target_size = c(256, 256), color_mode = "rgb", classes = NULL, class_mode = "categorical", batch_size = 32,
                                       shuffle = TRUE, seed = NULL, save_to_dir = NULL, save_prefix = "", save_format = "png", subset = NULL,
                                       interpolation = "nearest", drop_duplicates = NULL) {
  if (!is.null(class_mode)) class_mode <- one_of(class_mode, c("categorical", "binary", "sparse", "input", "raw", "multi_output"), "class_mode")
  if (!is.data.frame(dataframe)) abort_argument("`dataframe` must be a data frame. Received: ", received(class(dataframe)), ".")
  wanted <- c(x_col, if (!is.null(class_mode) && class_mode != "input") y_col)
  missing <- setdiff(wanted, names(dataframe))
  if (length(missing)) abort_argument("`dataframe` has no column \"", missing[1L], "\". It has: ", paste(names(dataframe), collapse = ", "), ".")
  names <- as.character(dataframe[[x_col]])
  files <- if (is.null(directory)) names else file.path(directory, names)
  valid <- file.exists(files) & tolower(sub(".*\\.", "", names)) %in% image_extensions
  if (!all(valid)) {
    warning("Found ", sum(!valid), " invalid image filename(s) in `x_col` \"", x_col, "\" (", files[!valid][1L], "); they are left out.",
            call. = FALSE)
  }
  keep <- which(valid)
  labels <- NULL
  by_class <- !is.null(class_mode) && class_mode %in% c("categorical", "binary", "sparse")
  if (by_class) {
    target <- as.character(dataframe[[y_col[1L]]])
    if (is.null(classes)) classes <- sort(unique(target[valid]), method = "radix")
    keep <- keep[target[keep] %in% classes]
    labels <- match(target, classes) - 1L
    if (class_mode == "binary" && length(classes) != 2L) {
      abort_argument("class_mode = \"binary\" takes 2 classes. Found in `y_col`: ", length(classes), ".")
    }
  }
  keep <- keep[subset_rows(length(keep), generator$validation_split, subset)]
  message("Found ", length(keep), " validated image filenames", if (by_class) paste0(" belonging to ", length(classes), " classes"), ".")
  of_columns <- function(i) unname(as.matrix(dataframe[keep[i], y_col, drop = FALSE]))
  labels_of <- if (identical(class_mode, "raw")) function(i) if (length(y_col) == 1L) array(dataframe[[y_col]][keep[i]]) else of_columns(i)
               else if (identical(class_mode, "multi_output")) function(i) lapply(y_col, function(column) array(dataframe[[column]][keep[i]]))
               else class_labels(labels[keep], length(classes), class_mode)
  flow_of_files("keras.preprocessing.image.DataFrameIterator", files[keep], labels_of, generator, target_size, color_mode, interpolation, batch_size,
                shuffle, seed,
                list(save_to_dir, save_prefix, save_format),
                list(filenames = names[keep], filepaths = files[keep], classes = labels[keep],
                     class_indices = if (!is.null(classes)) as.list(setNames(seq_along(classes) - 1L, classes))))
}
