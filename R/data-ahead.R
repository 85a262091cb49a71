# Work done ahead on background threads while the main thread trains. The threads cannot call R: they read and resize PNG and JPEG files,
# and gather rows of arrays. What needs R (other kinds of files, functions in dataset_map(), augmentation) waits for the main thread.

# The threads belong to a process: a child of fork() or a new session gets its own.
new_background <- function() list2env(list(pointer = NULL, process = 0L, last = 0), parent = emptyenv())
background_pointer <- function(background) {
  if (is.null(background$pointer) || background$process != Sys.getpid()) {
    background$pointer <- ahead_create()
    background$process <- Sys.getpid()
  }
  background$pointer
}

# How an image file is read: `slow(path)` does it in R, the other fields tell the threads.
image_reading <- function(size, color_mode, interpolation, crop, levels, slow) {
  list(shape = c(size, c(rgb = 3L, rgba = 4L, grayscale = 1L)[[color_mode]]), interpolation = interpolation, crop = crop, levels = levels,
       slow = slow)
}

# Images of files by their numbers: `ask(i)` has them read ahead (and forgets what was asked for before and is not among them), `at(i)`
# gives one as a tensor.
images_ahead <- function(files, reading) {
  background <- new_background()
  asked <- integer()
  ask <- function(i) {
    pointer <- background_pointer(background)
    if (background$last != background$process) asked <<- integer()
    background$last <- background$process
    for (stale in setdiff(asked, i)) ahead_take(pointer, stale)
    new <- setdiff(i, asked)
    if (length(new)) ahead_images(pointer, new, files[new], reading$shape, reading$interpolation, reading$crop, reading$levels)
    asked <<- union(intersect(asked, i), new)
  }
  at <- function(i) {
    if (!i %in% asked || background$process != Sys.getpid()) ask(union(asked, i))
    asked <<- setdiff(asked, i)
    made <- ahead_take(background_pointer(background), i)
    if (is.null(made)) load_or_skip(files[i], reading$slow) else made[[1L]]
  }
  list(ask = ask, at = at, stop = function() {
    if (!is.null(background$pointer) && background$process == Sys.getpid()) ahead_stop(background$pointer)
    background$pointer <- NULL
    asked <<- integer()
  })
}

# Batches of rows of tensors, gathered `ahead` batches before they are asked for. `rows()` gives the row numbers of the next batch.
batches_ahead <- function(parts, rows, ahead) {
  background <- ahead_create()
  first <- 1
  last <- 0
  process <- Sys.getpid()
  queue <- list()
  function() {
    while (last - first + 1 < ahead && !is.null(wanted <- rows())) {
      last <<- last + 1
      queue[[length(queue) + 1L]] <<- wanted
      ahead_rows(background, last, parts, wanted)
    }
    if (first > last) {
      if (process == Sys.getpid()) ahead_stop(background)
      return(NULL)
    }
    batch <- ahead_take(background, first)
    if (is.null(batch)) batch <- gather_rows(parts, queue[[1L]])  # in a forked child
    first <<- first + 1
    queue[[1L]] <<- NULL
    batch
  }
}
gather_rows <- function(parts, rows) lapply(parts, op_gather, array(as.integer(rows - 1)), axis = 0L)
