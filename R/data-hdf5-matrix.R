#' Representation of an HDF5 dataset, for use instead of an R array
#'
#' A slice of a dataset in a file, read as far as it is needed: `x[rows, ...]`, and batch by batch in `fit()`, `evaluate()` and
#' `predict()`. Give `shuffle = "batch"` to `fit()`, as HDF5 reads neighbouring rows fastest.
#'
#' @param datapath Path to an HDF5 file.
#' @param dataset Name of the dataset in the file.
#' @param start,end First row and the row after the last (counted from 0); `NULL` is the end.
#' @param normalizer Function to be applied to what is read.
#' @return An array-like object.
#' @family utils
#' @export
hdf5_matrix <- function(datapath, dataset, start = 0, end = NULL, normalizer = NULL) {
  need_package("hdf5r", "Reading an HDF5 file")
  if (!file.exists(datapath)) abort_file("there is no file \"", datapath, "\".")
  file <- tryCatch(hdf5r::H5File$new(datapath, mode = "r"), error = function(e) abort_file("\"", datapath, "\" cannot be read as an HDF5 file."))
  if (!isTRUE(tryCatch(file$exists(dataset), error = function(e) FALSE))) {
    known <- names(file)
    file$close()
    abort_file("\"", datapath, "\" has no dataset \"", dataset, "\". It holds: ", paste(known, collapse = ", "), ".")
  }
  data <- file[[dataset]]
  if (!inherits(data, "H5D")) {
    file$close_all()
    abort_file("\"", dataset, "\" in \"", datapath, "\" is a group, not a dataset.")
  }
  sizes <- rev(data$dims)
  end <- if (is.null(end)) sizes[1L] else as_whole(end, "end", least = 1, most = sizes[1L])
  start <- as_whole(start, "start", least = 0, most = end - 1)
  structure(list2env(list(file = file, data = data, start = start, end = end, sizes = sizes, normalizer = normalizer), parent = emptyenv()),
            class = "keras.utils.io_utils.HDF5Matrix")
}

# Rows of the slice, counted from 1. HDF5 stores the last axis fastest, which hdf5r hands over as R's first.
hdf5_rows <- function(x, rows) {
  field <- function(name) get(name, envir = x)
  sizes <- field("sizes")
  index <- c(rep(list(quote(expr = )), length(sizes) - 1L), list(field("start") + rows))
  value <- eval(as.call(c(list(quote(`[`), field("data")), index, list(drop = FALSE))))
  value <- if (length(sizes) > 1L) aperm(array(value, c(rev(sizes[-1L]), length(rows)))) else array(value)
  normalizer <- field("normalizer")
  if (is.null(normalizer)) value else normalizer(value)
}

#' @export
dim.keras.utils.io_utils.HDF5Matrix <- function(x) as.integer(c(get("end", envir = x) - get("start", envir = x), get("sizes", envir = x)[-1L]))
#' @export
length.keras.utils.io_utils.HDF5Matrix <- function(x) dim(x)[1L]
#' @export
`[.keras.utils.io_utils.HDF5Matrix` <- function(x, i, ..., drop = TRUE) {
  rows <- seq_len(dim(x)[1L])
  if (!missing(i)) rows <- rows[i]
  if (anyNA(rows)) abort_argument("row ", i[is.na(rows)][1L], " is outside of the ", dim(x)[1L], " rows.")
  value <- hdf5_rows(x, rows)
  if (nargs() - (if (missing(drop)) 0L else 1L) <= 2L) return(value)
  rest <- as.list(substitute(list(...)))[-1L]
  eval(as.call(c(list(quote(`[`), value, quote(expr = )), rest, list(drop = drop))), parent.frame())
}
#' @export
as.array.keras.utils.io_utils.HDF5Matrix <- function(x, ...) hdf5_rows(x, seq_len(dim(x)[1L]))
#' @export
print.keras.utils.io_utils.HDF5Matrix <- function(x, ...) {
  cat("<HDF5 dataset (", paste(dim(x), collapse = ", "), ") in ", get("file", envir = x)$filename, ">\n", sep = "")
  invisible(x)
}
