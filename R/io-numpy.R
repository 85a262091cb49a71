# numpy's files, and the arrays in Python's pickles.

# All arrays of an .npz file, a named list.
read_npz <- function(path) {
  folder <- tempfile("npz")
  on.exit(unlink(folder, recursive = TRUE))
  files <- suppressWarnings(utils::unzip(path, exdir = folder))
  if (!length(files)) abort_file("\"", path, "\" is not an .npz file.")
  setNames(lapply(files, read_npy), sub("\\.npy$", "", basename(files)))
}

read_npy <- function(path) {
  con <- file(path, "rb")
  on.exit(close(con))
  magic <- readBin(con, "raw", 6L)
  if (!identical(magic, as.raw(c(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)))) abort_file("\"", path, "\" is not an .npy file.")
  version <- readBin(con, "integer", 2L, size = 1L)
  size <- if (version[1L] == 1L) {
    readBin(con, "integer", 1L, size = 2L, signed = FALSE, endian = "little")
  } else {
    readBin(con, "integer", 1L, endian = "little")
  }
  header <- rawToChar(readBin(con, "raw", size))
  field <- function(pattern) sub(paste0(".*", pattern, ".*"), "\\1", header)
  descr <- field("'descr': *'([^']*)'")
  shape <- as.numeric(strsplit(gsub("[^0-9,]", "", field("'shape': *\\(([^)]*)\\)")), ",")[[1L]])
  bytes <- readBin(con, "raw", file.size(path))
  if (grepl("O", descr)) return(from_pickle(pickle_read(bytes)))
  numpy_values(bytes, descr, shape, grepl("'fortran_order': *True", header))
}

# Bytes of a numpy array as an R array (numbers, integers where they fit, logical).
numpy_values <- function(bytes, descr, shape, fortran = FALSE) {
  endian <- if (grepl("^>", descr)) "big" else "little"
  type <- sub("^[<>|=]", "", descr)
  n <- if (length(shape)) prod(shape) else 1
  width <- as.integer(substr(type, 2L, nchar(type)))
  values <- switch(substr(type, 1L, 1L),
    u = if (width <= 2L) readBin(
      bytes, "integer", n, width, signed = FALSE, endian = endian) else readBin(bytes, "integer", n, width, endian = endian),
    i = readBin(bytes, "integer", n, width, endian = endian),
    f = readBin(bytes, "double", n, width, endian = endian),
    b = as.logical(readBin(bytes, "integer", n, 1L)),
    abort_file("arrays of numpy type ", descr, " are not read."))
  if (!length(shape)) return(values)
  if (fortran || length(shape) == 1L) array(values, shape) else aperm(array(values, rev(shape)))
}

# What a pickle holds, with numpy arrays and scalars as R values.
from_pickle <- function(x) {
  if (inherits(x, "pickled_object")) {
    made_by <- x[[1L]]
    if (grepl("multiarray._reconstruct$", made_by) && length(x[[3L]]) == 5L) {
      state <- x[[3L]]
      shape <- as.numeric(unlist(state[[2L]]))
      kind <- unclass(state[[3L]])[[2L]][[1L]]
      if (startsWith(kind, "O")) return(from_pickle(as.list(state[[5L]])))
      data <- state[[5L]]
      if (is.character(data)) data <- charToRaw(data)
      order <- unclass(state[[3L]])[[3L]][[2L]]
      return(numpy_values(data, paste0(if (identical(order, ">")) ">" else "<", kind), shape, isTRUE(state[[4L]])))
    }
    if (grepl("multiarray.scalar$", made_by)) {
      data <- x[[2L]][[2L]]
      return(numpy_values(if (is.character(data)) charToRaw(data) else data, unclass(x[[2L]][[1L]])[[2L]][[1L]], numeric()))
    }
    return(lapply(unclass(x), from_pickle))
  }
  if (is.list(x)) lapply(x, from_pickle) else x
}

read_pickle_file <- function(path) from_pickle(pickle_read(readBin(path, "raw", file.size(path))))
