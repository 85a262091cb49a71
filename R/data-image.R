# Images from and to files, and as arrays.

#' Loads an image
#'
#' PNG and JPEG files are read with the packages png and jpeg, BMP by keratin itself, other formats (GIF, TIFF, WebP ...) with magick.
#' Levels are from 0 to 255. A gray PNG of 16 bits keeps its levels from 0 to 65535 if it is read as `"grayscale"`; in the other color
#' modes, and of 16-bit files in color, the higher 8 bits are taken.
#'
#' @param path Path of the image file.
#' @param grayscale Older way to say `color_mode = "grayscale"`.
#' @param color_mode `"rgb"`, `"rgba"` or `"grayscale"`: the image is converted.
#' @param target_size `NULL` for the size of the file, or `c(height, width)`.
#' @param interpolation Used to resize: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos"`, `"box"`, `"hamming"`.
#' @return An image, for [image_to_array()] and `plot()`.
#' @family image preprocessing
#' @examples
#' file <- tempfile(fileext = ".bmp")
#' image_array_save(array(0:11 * 20, c(2, 2, 3)), file, scale = FALSE)
#' image_to_array(image_load(file))
#' @export
image_load <- function(path, grayscale = FALSE, color_mode = "rgb", target_size = NULL, interpolation = "nearest") {
  color_mode <- if (isTRUE(grayscale)) "grayscale" else one_of(color_mode, c("rgb", "rgba", "grayscale"), "color_mode")
  pixels <- in_color_mode(read_image(path, deep = color_mode == "grayscale"), color_mode)
  if (!is.null(target_size)) pixels <- resize_levels(pixels, image_size(target_size, "target_size"), interpolation)
  storage.mode(pixels) <- "integer"
  structure(list(pixels = pixels, path = path), class = "PIL.Image.Image")
}

image_size <- function(size, what) {
  size <- unlist(size)
  if (!is.numeric(size) || length(size) < 2L || any(size[1:2] < 1) || any(size != floor(size))) {
    abort_argument("`", what, "` must be c(height, width). Received: ", received(size), ".")
  }
  as.integer(size[1:2])
}

# Levels from 0 to 255 as an array (height, width, channels): 1 gray, 2 gray and opacity, 3 RGB, 4 RGBA. `deep`: gray levels of 16 bits as they are.
read_image <- function(path, deep = FALSE) {
  if (!is.character(path) || length(path) != 1L) abort_argument("`path` must be the path of one image file. Received: ", received(path), ".")
  if (!file.exists(path)) abort_file("there is no image file \"", path, "\".")
  if (dir.exists(path)) abort_file("\"", path, "\" is a folder, not an image file.")
  magic <- readBin(path, "raw", 8L)
  starts <- function(...) length(magic) >= ...length() && identical(magic[seq_len(...length())], as.raw(c(...)))
  pixels <- tryCatch(
    if (starts(0x89, 0x50, 0x4e, 0x47)) {
      need_package("png", "Reading a PNG file")
      read_png(path, deep)
    } else if (starts(0xff, 0xd8)) {
      need_package("jpeg", "Reading a JPEG file")
      jpeg::readJPEG(path) * 255
    } else if (starts(0x42, 0x4d)) read_bmp(path)
    else {
      need_package("magick", "Reading an image that is not PNG, JPEG or BMP")
      data <- magick::image_data(magick::image_read(path)[1L])
      aperm(array(as.integer(unclass(data)), dim(data)), 3:1)  # as a "bitmap" it would have been turned already
    },
    keratin_error = function(e) stop(e),
    error = function(e) abort_file("\"", path, "\" cannot be read as an image: ", conditionMessage(e)))
  pixels <- round(pixels)
  if (length(dim(pixels)) == 2L) dim(pixels) <- c(dim(pixels), 1L)
  pixels
}

# Of samples of 16 bits the higher 8, as PIL and TensorFlow take them, unless they are `deep`.
read_png <- function(path, deep) {
  pixels <- png::readPNG(path, info = TRUE)
  bits <- attr(pixels, "info")$bit.depth
  attr(pixels, "info") <- NULL
  if (!identical(bits, 16L)) return(pixels * 255)
  levels <- round(pixels * 65535)
  if (deep && length(dim(levels)) == 2L) levels else levels %/% 256
}

# Luma of ITU-R 601-2 in 16-bit integers, as PIL computes it.
in_color_mode <- function(pixels, mode) {
  channels <- dim(pixels)[3L]
  part <- function(i) pixels[, , i, drop = FALSE]
  opaque <- function() array(255, c(dim(pixels)[1:2], 1L))
  switch(mode,
    grayscale = if (channels <= 2L) part(1L) else (part(1L) * 19595 + part(2L) * 38470 + part(3L) * 7471 + 32768) %/% 65536,
    rgb = if (channels <= 2L) part(c(1L, 1L, 1L)) else part(1:3),
    rgba = switch(channels, bind_channels(part(c(1L, 1L, 1L)), opaque()), part(c(1L, 1L, 1L, 2L)), bind_channels(pixels, opaque()), pixels))
}
bind_channels <- function(a, b) array(c(a, b), c(dim(a)[1:2], dim(a)[3L] + dim(b)[3L]))

highest_level <- function(pixels) if (max(pixels) > 255) 65535 else 255
pil_filters <- c("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
resize_levels <- function(pixels, size, interpolation = "nearest") {
  interpolation <- one_of(interpolation, pil_filters, "interpolation")
  sizes <- dim(pixels)
  if (all(sizes[1:2] == size)) return(pixels)
  if (interpolation != "nearest") return(image_resize_levels(pixels, size, interpolation, highest_level(pixels)))
  at <- function(from, to) pmin(from, floor((seq_len(to) - 0.5) * from / to) + 1)
  pixels[at(sizes[1L], size[1L]), at(sizes[2L], size[2L]), , drop = FALSE]
}

# Windows bitmaps without compression, of 1, 4 or 8 (palette), 24 and 32 bits.
read_bmp <- function(path) {
  bytes <- readBin(path, "raw", file.size(path))
  number <- function(at, size = 4L) readBin(bytes[at + seq_len(size)], "integer", 1L, size = size, signed = size == 4L, endian = "little")
  start <- number(10L)
  width <- number(18L)
  height <- number(22L)
  bits <- number(28L, 2L)
  if (number(30L) != 0L && !(bits == 32L && number(30L) == 3L) || !bits %in% c(1L, 4L, 8L, 24L, 32L)) {
    stop("only uncompressed bitmaps of 1, 4, 8, 24 and 32 bits are read")
  }
  line <- (bits * width + 31L) %/% 32L * 4L
  rows <- abs(height)
  if (length(bytes) < start + line * rows) stop("the file is cut off")
  lines <- matrix(as.integer(bytes[start + seq_len(line * rows)]), line)
  if (height > 0L) lines <- lines[, rev(seq_len(rows)), drop = FALSE]
  if (bits <= 8L) {
    if (bits < 8L) {  # the first pixel of a byte is in its highest bits
      places <- 2L^(bits * rev(seq_len(8L %/% bits) - 1L))
      lines <- matrix(outer(places, as.vector(lines), function(place, byte) byte %/% place %% 2L^bits), ncol = ncol(lines))
    }
    palette <- matrix(as.integer(bytes[14L + number(14L) + seq_len(start - 14L - number(14L))]), 4L)
    index <- t(lines[seq_len(width), , drop = FALSE]) + 1L
    return(array(c(palette[3L, index], palette[2L, index], palette[1L, index]), c(rows, width, 3L)))
  }
  step <- bits %/% 8L
  plane <- function(offset) t(lines[seq.int(offset, by = step, length.out = width), , drop = FALSE])
  array(c(plane(3L), plane(2L), plane(1L)), c(rows, width, 3L))
}

write_bmp <- function(pixels, path) {
  if (dim(pixels)[3L] == 1L) pixels <- pixels[, , c(1L, 1L, 1L), drop = FALSE]
  sizes <- dim(pixels)
  line <- (3L * sizes[2L] + 3L) %/% 4L * 4L
  lines <- matrix(0L, line, sizes[1L])
  for (channel in 1:3) lines[seq.int(4L - channel, by = 3L, length.out = sizes[2L]), ] <- t(pixels[rev(seq_len(sizes[1L])), , channel])
  con <- file(path, "wb")
  on.exit(close(con))
  int <- function(...) writeBin(as.integer(c(...)), con, size = 4L, endian = "little")
  short <- function(...) writeBin(as.integer(c(...)), con, size = 2L, endian = "little")
  writeBin(charToRaw("BM"), con)
  int(54L + length(lines), 0L, 54L, 40L, sizes[2L], sizes[1L])
  short(1L, 24L)
  int(0L, length(lines), 2835L, 2835L, 0L, 0L)
  writeBin(as.raw(lines), con)
}

#' 3D array representation of images
#'
#' @param img An image from [image_load()], or a path.
#' @param data_format `"channels_last"` or `"channels_first"`.
#' @param path Path of the file to write.
#' @param height,width Size to resize to.
#' @param file_format `NULL`: by the end of the path; or `"png"`, `"jpeg"`, `"bmp"`, `"gif"` ...
#' @param scale Whether to stretch the values to the range from 0 to 255.
#' @return `image_to_array()`: a numeric array (height, width, channels) of levels from 0 to 255. `image_array_resize()`: an array.
#' @family image preprocessing
#' @export
image_to_array <- function(img, data_format = c("channels_last", "channels_first")) {
  data_format <- one_of(data_format, c("channels_last", "channels_first"), "data_format")
  if (is.character(img)) img <- image_load(img)
  pixels <- if (inherits(img, "PIL.Image.Image")) unclass(img)$pixels else img
  if (length(dim(pixels)) == 2L) dim(pixels) <- c(dim(pixels), 1L)
  if (length(dim(pixels)) != 3L) abort_argument("`img` must be an image from image_load(). Received: ", received(class(img)), ".")
  storage.mode(pixels) <- "double"
  if (data_format == "channels_first") aperm(pixels, c(3L, 1L, 2L)) else pixels
}

#' @rdname image_to_array
#' @export
image_array_resize <- function(img, height, width, data_format = c("channels_last", "channels_first")) {
  data_format <- one_of(data_format, c("channels_last", "channels_first"), "data_format")
  if (is_tensor(img)) img <- as.array(img)
  sizes <- dim(img)
  batch <- length(sizes) == 4L && sizes[1L] == 1L
  if (batch) dim(img) <- sizes[-1L]
  if (length(dim(img)) != 3L) abort_shape("`img` must have 3 dimensions (or 4, the first of size 1). Received: ", paste(sizes, collapse = ", "), ".")
  if (data_format == "channels_first") img <- aperm(img, c(2L, 3L, 1L))
  to <- image_size(c(height, width), "height, width")
  # Corners stay corners.
  step <- (dim(img)[1:2] - 1) / pmax(to - 1, 1)
  out <- image_affine(img, diag(step, 2L), c(0, 0), to, "nearest", 0)
  if (data_format == "channels_first") out <- aperm(out, c(3L, 1L, 2L))
  if (batch) dim(out) <- c(1L, dim(out))
  out
}

written_formats <- c("png", "jpeg", "jpg", "bmp", "gif", "tiff", "tif", "webp", "ppm", "pgm", "pdf")

#' @rdname image_to_array
#' @export
image_array_save <- function(img, path, data_format = NULL, file_format = NULL, scale = TRUE) {
  if (is_tensor(img)) img <- as.array(img)
  if (inherits(img, "PIL.Image.Image")) img <- image_to_array(img)
  if (length(dim(img)) == 2L) dim(img) <- c(dim(img), 1L)
  if (length(dim(img)) != 3L) abort_shape("`img` must have 3 dimensions. Received: ", paste(dim(img), collapse = ", "), ".")
  if (identical(data_format %||% k_image_data_format(), "channels_first")) img <- aperm(img, c(2L, 3L, 1L))
  if (!dim(img)[3L] %in% c(1L, 3L, 4L)) abort_shape("an image has 1, 3 or 4 channels. Received: ", dim(img)[3L], ".")
  if (scale) {
    img <- img - min(img)
    if (max(img) != 0) img <- img / max(img) * 255
  }
  levels <- array(pmin(255, pmax(0, trunc(img))), dim(img))
  format <- tolower(file_format %||% tools::file_ext(path))
  if (!format %in% written_formats) abort_argument("an image is written as ", paste0("\"", written_formats, "\"", collapse = ", "), ". Received: ",
                                                   if (is.null(file_format)) paste0(
                                                     "path = ", received(path)) else paste0("file_format = ", received(file_format)), ".")
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  plane <- if (dim(levels)[3L] == 1L) matrix(levels, dim(levels)[1L]) else levels
  switch(sub("^jpg$", "jpeg", format),
    png = { need_package("png", "Writing a PNG file"); png::writePNG(plane / 255, path) },
    jpeg = { need_package("jpeg", "Writing a JPEG file"); jpeg::writeJPEG(plane / 255, path, quality = 0.75) },
    bmp = write_bmp(levels, path),
    {
      need_package("magick", paste("Writing a file of format", format))
      magick::image_write(magick::image_read(grDevices::as.raster(plane / 255)), path, format = format, depth = 8)
    })
  invisible(path)
}

#' @export
dim.PIL.Image.Image <- function(x) dim(unclass(x)$pixels)
#' @export
as.array.PIL.Image.Image <- function(x, ...) image_to_array(x)
#' @export
as.raster.PIL.Image.Image <- function(x, ...) {
  pixels <- unclass(x)$pixels
  grDevices::as.raster(if (dim(pixels)[3L] == 1L) matrix(pixels, dim(pixels)[1L]) else pixels, max = highest_level(pixels))
}
#' @export
plot.PIL.Image.Image <- function(x, ...) graphics::plot(as.raster.PIL.Image.Image(x), ...)
#' @export
`$.PIL.Image.Image` <- function(x, name) {
  pixels <- unclass(x)$pixels
  switch(name, size = list(dim(pixels)[2L], dim(pixels)[1L]), width = dim(pixels)[2L], height = dim(pixels)[1L],
         mode = if (highest_level(pixels) > 255) "I" else c("L", "LA", "RGB", "RGBA")[dim(pixels)[3L]], unclass(x)[[name]])
}
#' @export
print.PIL.Image.Image <- function(x, ...) {
  cat(sprintf("<image: %s, %d x %d pixels, mode %s>\n", basename(unclass(x)$path), x$width, x$height, x$mode))
  invisible(x)
}
