# Files are written beside their place, synced, and moved there: a reader finds the old file or the new one, never half of one.

check_writable <- function(path, overwrite) {
  if (!is.character(path) || length(path) != 1L || is.na(path) || !nzchar(path)) {
    abort_argument("`filepath` must be one string. Received: ", received(path))
  }
  path <- path.expand(path)
  if (dir.exists(path)) abort_file("\"", path, "\" is a folder")
  if (file.exists(path) && !isTRUE(overwrite)) abort_file("\"", path, "\" exists already: give `overwrite = TRUE` to replace it")
  folder <- dirname(path)
  if (!dir.exists(folder) && !dir.create(folder, showWarnings = FALSE, recursive = TRUE)) {
    abort_file("there is no folder \"", folder, "\", and it cannot be made")
  }
  path
}

# `write(partial)` makes the file, or the files that belong together: all are whole before the first is moved.
write_in_place <- function(path, write) {
  partial <- tempfile(paste0(".", basename(path), "-"), dirname(path))
  on.exit(unlink(partial))
  tryCatch(write(partial), error = function(e) {
    if (inherits(e, "keratin_error") && !inherits(e, "keratin_error_file")) stop(e)
    abort_file("cannot write \"", path[1L], "\": ", trimws(gsub("[[:space:]]+", " ", conditionMessage(e))))
  })
  for (file in partial[-1L]) file_sync(file)
  for (i in seq_along(path)) put_in_place(partial[i], path[i])
}

write_text <- function(path, text) write_bytes(path, charToRaw(enc2utf8(paste(text, collapse = "\n"))))

write_bytes <- function(path, bytes) {
  file <- file(path, "wb")
  on.exit(close(file))
  write_whole(file, bytes)
}

# R's connections say nothing of a full disk; the place in the file tells.
write_whole <- function(file, bytes) {
  before <- seek(file, rw = "write")
  suppressWarnings(writeBin(bytes, file))
  flush(file)
  if (seek(file, rw = "write") != before + length(bytes)) abort_file("the disk is full: ", length(bytes), " bytes could not be written")
}
