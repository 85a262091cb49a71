# HDF5. Files of the plain kind that Keras writes are read by core/hdf5.cpp and written by core/hdf5_write.cpp; others are read through
# hdf5r. Every step of a path is looked at before it is opened: only hard links are followed, never a link to another file,
# and a dataset's type and sizes are compared with what is wanted before a byte of it is read. Data goes through flat, in the file's
# row-major order, so that nothing is transposed.

# Runs `code(file)` on an open file, which is closed whatever happens; what HDF5 complains about becomes a classed error.
with_hdf5 <- function(path, code) {
  plain <- plain_hdf5(path)
  if (!is.null(plain)) return(in_file(path, code(plain)))
  need_package("hdf5r", "reading this HDF5 file")
  file <- in_file(path, hdf5r::H5File$new(path, "r"))
  on.exit(tryCatch(file$close_all(), error = function(e) NULL))
  in_file(path, code(file))
}

# Errors of other packages as errors of the file; the package's own say already what is wrong.
in_file <- function(path, code) {
  tryCatch(code, error = function(e) {
    if (inherits(e, "keratin_error")) stop(e)
    message <- trimws(gsub("[[:space:]]+", " ", conditionMessage(e)))
    if (nchar(message) > 300L) message <- paste0(substr(message, 1L, 297L), "...")
    abort_file('cannot read "', path, '": ', message)
  })
}

check_readable <- function(path, what = "file") {
  if (!is.character(path) || length(path) != 1L || is.na(path)) abort_argument("`filepath` must be one string. Received: ", received(path))
  path <- path.expand(path)
  if (!file.exists(path)) abort_file("there is no file \"", path, "\"")
  if (dir.exists(path)) abort_file("\"", path, "\" is a folder, a ", what, " is wanted")
  path
}

# A group or dataset of a plain file: the index of the file and the row in it.
plain_hdf5 <- function(path) {
  index <- in_file(path, hdf5_plain_index(path.expand(path)))
  if (is.null(index) || anyDuplicated(index$path)) return(NULL)
  index$file <- path.expand(path)
  index$rows <- list2env(setNames(as.list(seq_along(index$path)), paste0("/", index$path)), parent = emptyenv())
  structure(list(index = index, row = 1L), class = "plain_hdf5")
}
is_plain <- function(object) inherits(object, "plain_hdf5")
is_hdf5_group <- function(object) if (is_plain(object)) is.na(object$index$dtype[object$row]) else inherits(object, c("H5Group", "H5File"))
is_hdf5_dataset <- function(object) if (is_plain(object)) !is_hdf5_group(object) else inherits(object, "H5D")
plain_path <- function(object, below) paste0(if (object$row > 1L) paste0("/", object$index$path[object$row]), "/", below)

is_hdf5_file <- function(path) identical(readBin(path, "raw", 8L), as.raw(c(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)))

# ---- reading

# The member at `path` of a group, or NULL. Links that leave the file, or may run in a circle, are refused.
hdf5_member <- function(group, path) {
  for (part in strsplit(path, "/", fixed = TRUE)[[1L]]) {
    if (!nzchar(part)) next
    if (part %in% c(".", "..")) abort_file("the name \"", path, "\" in the file is not a plain path")
    if (is_plain(group)) {
      row <- group$index$rows[[plain_path(group, part)]]
      if (is.null(row)) return(NULL)
      group$row <- row
      next
    }
    if (!is_hdf5_group(group) || !group$link_exists(part)) return(NULL)
    if (!identical(as.integer(group$link_info(part)$type), 0L))
      abort_file("\"", path, "\" in the file is a soft or external link. Links are not followed")
    group <- group[[part]]
  }
  group
}

hdf5_names <- function(group) {
  if (is.null(group)) return(character())
  if (!is_plain(group)) return(names(group))
  front <- if (group$row > 1L) paste0(group$index$path[group$row], "/") else ""
  below <- group$index$path[startsWith(group$index$path, front) & nzchar(group$index$path)]
  below <- substring(below, nchar(front) + 1L)
  below[!grepl("/", below, fixed = TRUE)]
}

has_hdf5_attribute <- function(object, name) if (is_plain(object)) name %in% names(object$index$texts[[object$row]]) else object$attr_exists(name)

# A text attribute; NULL if there is none. Keras writes an empty list of names as an array of no numbers.
hdf5_attribute <- function(object, name) {
  if (!has_hdf5_attribute(object, name)) return(NULL)
  if (is_plain(object)) return(enc2utf8(object$index$texts[[object$row]][[name]]))
  attribute <- object$attr_open(name)
  n <- attribute$get_space()$get_simple_extent_npoints()
  if (n == 0) return(character())
  if (n > 1e6) abort_file("the attribute \"", name, "\" declares ", format(n, big.mark = ","), " entries")
  value <- attribute$read()
  if (is.character(value)) enc2utf8(value) else value
}

# Lists of names that are too long for one attribute are split: layer_names0, layer_names1, ...
hdf5_name_list <- function(object, name) {
  whole <- hdf5_attribute(object, name)
  if (!is.null(whole)) return(as.character(whole))
  if (!has_hdf5_attribute(object, paste0(name, 0L))) return(NULL)
  found <- character()
  i <- 0L
  while (has_hdf5_attribute(object, paste0(name, i))) {
    found <- c(found, as.character(hdf5_attribute(object, paste0(name, i))))
    i <- i + 1L
  }
  found
}

hdf5_sizes <- function(dataset) if (is_plain(dataset)) dataset$index$sizes[[dataset$row]] else rev(as.numeric(dataset$dims))   # scalars: none

check_dataset <- function(dataset, what) {
  if (is.null(dataset)) abort_file(what, " is not in the file")
  if (!is_hdf5_dataset(dataset)) abort_file(what, " is a group in the file, an array is wanted")
  if (is_plain(dataset)) return(dataset)
  if (dataset$get_create_plist()$get_external_count() > 0L) abort_file(what, " keeps its data in another file, which is not read")
  kind <- as.character(dataset$get_type()$get_class())
  if (!kind %in% c("H5T_FLOAT", "H5T_INTEGER", "H5T_ENUM")) abort_file(what, " does not hold numbers but ", kind)
  dataset
}

# An array that has been checked, as a tensor: straight from the file's bytes where they lie there as they are in memory.
hdf5_tensor <- function(dataset, dims, dtype) {
  if (is_plain(dataset)) {
    stored <- dataset$index$dtype[dataset$row]
    value <- tensor_from_file(dataset$index$file, dataset$index$offset[dataset$row], stored, dims)
    return(if (stored == dtype) value else op_cast(value, dtype))
  }
  if (prod(dims) > 1000) {
    offset <- plain_offset(dataset, dims, dtype)
    if (!is.null(offset)) return(tensor_from_file(dataset$get_filename(), offset, dtype, dims))
  }
  values <- dataset$read()
  if (is.factor(values)) values <- as.integer(values) - 1L   # h5py's logical values
  if (dtype == "bool") values <- as.logical(as.numeric(values))
  else if (inherits(values, "integer64")) values <- as.numeric(values)
  op_reshape(tensor(as.vector(values), dtype), as.integer(dims))
}

plain_offset <- function(dataset, dims, dtype) {
  if (!dtype %in% c("float32", "float64", "int32", "int64") || !dataset$get_type()$equal(plain_type(dtype))) return(NULL)
  if (as.character(dataset$get_create_plist()$get_layout()) != "H5D_CONTIGUOUS") return(NULL)
  bytes <- prod(dims) * if (dtype %in% c("float64", "int64")) 8 else 4
  offset <- as.numeric(dataset$get_offset())
  if (as.numeric(dataset$get_storage_size()) == bytes && !is.na(offset) && offset > 0) offset
}

plain_type <- function(dtype) {
  types <- hdf5r::h5types
  switch(dtype, float32 = types$H5T_IEEE_F32LE, float64 = types$H5T_IEEE_F64LE, int32 = types$H5T_STD_I32LE, int64 = types$H5T_STD_I64LE)
}

# ---- writing: groups are listed with what is to be in them, then core/hdf5_write.cpp writes the file at once

# `fill(file)` says what is in the file.
write_hdf5 <- function(path, fill) {
  objects <- new.env(parent = emptyenv())
  fill(hdf5_object(objects, ""))
  objects <- unname(as.list(objects, all.names = TRUE))
  hdf5_write(path.expand(path), objects[order(vapply(objects, function(object) object$number, 0L))])
}

# A group or array to be: its path among the file's objects, which lie in the file in the order in which they were told of.
hdf5_object <- function(objects, path, value = NULL) {
  key <- paste0("/", path)
  number <- objects[[key]]$number
  if (is.null(number) || !is.null(value)) {
    assign(key, list(path = path, value = value, texts = list(), number = if (is.null(number)) length(objects) else number), envir = objects)
  }
  list(objects = objects, path = path)
}

hdf5_make_group <- function(group, path) {
  parts <- c(if (nzchar(group$path)) group$path, strsplit(path, "/", fixed = TRUE)[[1L]])
  hdf5_object(group$objects, paste(parts[nzchar(parts)], collapse = "/"))
}

write_variable <- function(group, name, variable)
  invisible(hdf5_object(group$objects, paste0(if (nzchar(group$path)) paste0(group$path, "/"), name), variable))

add_hdf5_text <- function(object, name, value) {
  key <- paste0("/", object$path)
  entry <- object$objects[[key]]
  entry$texts[[name]] <- value
  assign(key, entry, envir = object$objects)
}
write_text_attribute <- function(object, name, value) add_hdf5_text(object, name, I(enc2utf8(value)))

# Lists that are too long for one attribute are split.
write_name_list <- function(object, name, values) {
  size <- cumsum(pmax(nchar(values, "bytes"), 16))
  part <- as.integer(size %/% 60000)
  if (!length(values) || max(part) == 0L) return(add_hdf5_text(object, name, enc2utf8(values)))
  parts <- unname(split(enc2utf8(values), part))
  for (i in seq_along(parts)) add_hdf5_text(object, paste0(name, i - 1L), parts[[i]])
}
