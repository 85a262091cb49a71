# A lazy sequence of elements (tensors, or lists of them) that is computed as it is walked through.

# `open()` gives a function that returns the next element, NULL at the end. `size`: number of elements, NA if not known, Inf.
new_dataset <- function(open, size = NA_real_, fields = list()) {
  ds <- list2env(c(fields, list(open = open, size = size)), parent = emptyenv())
  ds$batches <- function() open()
  class(ds) <- c("keratin_dataset", "tensorflow.python.data.ops.dataset_ops.DatasetV2")
  ds
}

#' Datasets
#'
#' A dataset is a sequence of elements (tensors, or lists of tensors) that are made when they are asked for. `fit()`, `evaluate()` and
#' `predict()` take datasets of batches; [as_iterator()] and [iter_next()] walk through one. All steps also exist as members, as in
#' Python: `ds$shuffle(100)$batch(32)`.
#'
#' @param tensors An array (its rows are the elements) or a list of arrays with the same number of rows.
#' @param dataset A dataset.
#' @param map_func Function of an element; elements that are lists are spread over its arguments.
#' @param batch_size Number of elements a batch.
#' @param drop_remainder Whether to leave out a last batch that is smaller.
#' @param buffer_size Number of elements among which the next one is drawn; `prefetch`: not used.
#' @param seed Seed of the order; `NULL` draws from R's generator.
#' @param reshuffle_each_iteration Whether each pass has a new order.
#' @param count Number of passes (`NULL` or -1: without end), or of elements.
#' @param ... Datasets to be walked through side by side.
#' @return A dataset.
#' @examples
#' ds <- tensor_slices_dataset(list(matrix(1:6, 3), 1:3)) |>
#'   dataset_map(\(x, y) list(x * 2, y)) |> dataset_batch(2)
#' iter_next(as_iterator(ds))
#' @export
tensor_slices_dataset <- function(tensors) {
  parts <- if (is.list(tensors) && !is.data.frame(tensors)) lapply(tensors, slice_source) else list(slice_source(tensors))
  counts <- vapply(parts, function(p) tensor_shape(p)[1L], 0L)
  if (length(unique(counts)) != 1L) abort_shape("the tensors must have the same number of rows. Received: ", paste(counts, collapse = ", "), ".")
  many <- is.list(tensors) && !is.data.frame(tensors)
  row <- function(i) {
    out <- lapply(parts, function(p) op_squeeze(op_slice(p, c(i - 1, rep(0, tensor_rank(p) - 1L)), c(1, rep(-1, tensor_rank(p) - 1L))), axes = 0L))
    if (many) out else out[[1L]]
  }
  from_rows(counts[1L], row)
}
slice_source <- function(x) tensor(if (is_tensor(x)) x else as_row_array(x))
from_rows <- function(n, row, fields = list()) {
  new_dataset(function() {
    at <- 0L
    function() if (at < n) row(at <<- at + 1L)
  }, n, fields)
}

#' @rdname tensor_slices_dataset
#' @export
dataset_map <- function(dataset, map_func) {
  force(map_func)
  through(dataset, function(read) function() {
    element <- read()
    if (is.null(element)) NULL else if (is.list(element)) do.call(map_func, unname(element)) else map_func(element)
  }, dataset$size)
}
through <- function(dataset, step, size) {
  force(step)
  new_dataset(function() step(dataset$open()), size)
}

#' @rdname tensor_slices_dataset
#' @export
dataset_batch <- function(dataset, batch_size, drop_remainder = FALSE) {
  batch_size <- as_whole(batch_size, "batch_size", least = 1)
  through(dataset, function(read) function() {
    elements <- list()
    while (length(elements) < batch_size && !is.null(element <- read())) elements[[length(elements) + 1L]] <- element
    if (!length(elements) || drop_remainder && length(elements) < batch_size) NULL else stack_elements(elements)
  }, if (drop_remainder) dataset$size %/% batch_size else ceiling(dataset$size / batch_size))
}
stack_elements <- function(elements) {
  first <- elements[[1L]]
  if (!is.list(first)) return(op_stack(lapply(elements, tensor), axis = 0L))
  out <- lapply(seq_along(first), function(k) stack_elements(lapply(elements, `[[`, k)))
  names(out) <- names(first)
  out
}

#' @rdname tensor_slices_dataset
#' @export
dataset_shuffle <- function(dataset, buffer_size, seed = NULL, reshuffle_each_iteration = TRUE) {
  buffer_size <- as_whole(buffer_size, "buffer_size", least = 1)
  passes <- 0L
  new_dataset(function() {
    read <- dataset$open()
    own_seed <- if (!is.null(seed)) seed + if (reshuffle_each_iteration) passes else 0L
    passes <<- passes + 1L
    # The order of a pass does not disturb R's generator when it has a seed of its own.
    draws <- 0L
    pick <- function(n) {
      draws <<- draws + 1L
      with_seed(if (!is.null(own_seed)) own_seed + 7919L * draws, sample.int(n, 1L))
    }
    buffer <- list()
    function() {
      while (length(buffer) < buffer_size && !is.null(element <- read())) buffer[[length(buffer) + 1L]] <<- element
      if (!length(buffer)) return(NULL)
      i <- pick(length(buffer))
      element <- buffer[[i]]
      buffer[[i]] <<- buffer[[length(buffer)]]
      buffer[[length(buffer)]] <<- NULL
      element
    }
  }, dataset$size)
}

#' @rdname tensor_slices_dataset
#' @export
dataset_repeat <- function(dataset, count = NULL) {
  count <- if (is.null(count) || count < 0) Inf else count
  new_dataset(function() {
    read <- NULL
    pass <- 0
    function() {
      repeat {
        if (is.null(read)) {
          if (pass >= count) return(NULL)
          read <<- dataset$open()
          pass <<- pass + 1
          element <- read()
          if (is.null(element)) return(NULL)
          return(element)
        }
        element <- read()
        if (!is.null(element)) return(element)
        read <<- NULL
      }
    }
  }, dataset$size * count)
}

#' @rdname tensor_slices_dataset
#' @export
dataset_take <- function(dataset, count) {
  if (count < 0) return(dataset)
  through(dataset, function(read) {
    taken <- 0
    function() if (taken < count) {
      taken <<- taken + 1
      read()
    }
  }, pmin(dataset$size, count))
}

#' @rdname tensor_slices_dataset
#' @export
dataset_skip <- function(dataset, count) {
  through(dataset, function(read) {
    skipped <- FALSE
    function() {
      if (!skipped) {
        skipped <<- TRUE
        for (i in seq_len(count)) if (is.null(read())) return(NULL)
      }
      read()
    }
  }, pmax(0, dataset$size - count))
}

#' @rdname tensor_slices_dataset
#' @export
dataset_prefetch <- function(dataset, buffer_size = NULL) dataset

#' @rdname tensor_slices_dataset
#' @export
zip_datasets <- function(...) {
  datasets <- list(...)
  if (length(datasets) == 1L && is.list(datasets[[1L]])) datasets <- datasets[[1L]]
  new_dataset(function() {
    readers <- lapply(datasets, function(d) d$open())
    function() {
      elements <- lapply(readers, function(read) read())
      if (any(vapply(elements, is.null, NA))) NULL else elements
    }
  }, do.call(pmin, lapply(datasets, function(d) d$size)))
}

dataset_filter <- function(dataset, predicate) {
  through(dataset, function(read) function() {
    while (!is.null(element <- read())) {
      keep <- if (is.list(element)) do.call(predicate, unname(element)) else predicate(element)
      if (isTRUE(as.logical(as.vector(if (is_tensor(keep)) as.array(keep) else keep)))) return(element)
    }
  }, NA_real_)
}

dataset_concatenate <- function(dataset, other) {
  new_dataset(function() {
    read <- dataset$open()
    second <- FALSE
    function() {
      element <- read()
      if (is.null(element) && !second) {
        second <<- TRUE
        read <<- other$open()
        element <- read()
      }
      element
    }
  }, dataset$size + other$size)
}

# The rows of each element one by one.
dataset_unbatch <- function(dataset) {
  through(dataset, function(read) {
    rows <- function() NULL
    function() {
      while (is.null(row <- rows())) {
        element <- read()
        if (is.null(element)) return(NULL)
        rows <<- tensor_slices_dataset(element)$open()
      }
      row
    }
  }, NA_real_)
}

# Every `num_shards`th element, from `index` (counted from 0) on.
dataset_shard <- function(dataset, num_shards, index) {
  through(dataset, function(read) {
    at <- -1
    function() while (!is.null(element <- read())) {
      at <<- at + 1
      if (at %% num_shards == index) return(element)
    }
  }, ceiling((dataset$size - index) / num_shards))
}

dataset_reduce <- function(dataset, initial_state, reduce_func) {
  read <- dataset$open()
  state <- initial_state
  while (!is.null(element <- read())) state <- reduce_func(state, element)
  state
}

dataset_enumerate <- function(dataset, start = 0) {
  through(dataset, function(read) {
    at <- start - 1
    function() {
      element <- read()
      if (!is.null(element)) list(tensor(at <<- at + 1, "int64"), element)
    }
  }, dataset$size)
}

#' @export
`$.keratin_dataset` <- function(x, name) {
  found <- get0(name, envir = x, inherits = FALSE)
  if (!is.null(found)) return(found)
  switch(name,
    map = function(map_func, num_parallel_calls = NULL, deterministic = NULL, name = NULL) dataset_map(x, map_func),
    batch = function(batch_size, drop_remainder = FALSE, num_parallel_calls = NULL, deterministic = NULL, name = NULL) dataset_batch(x, batch_size, drop_remainder),
    shuffle = function(buffer_size, seed = NULL, reshuffle_each_iteration = TRUE, name = NULL) dataset_shuffle(x, buffer_size, seed, reshuffle_each_iteration),
    `repeat` = function(count = NULL, name = NULL) dataset_repeat(x, count),
    prefetch = function(buffer_size = NULL, name = NULL) x,
    cache = function(filename = "", name = NULL) x,
    take = function(count, name = NULL) dataset_take(x, count),
    skip = function(count, name = NULL) dataset_skip(x, count),
    filter = function(predicate, name = NULL) dataset_filter(x, predicate),
    concatenate = function(dataset, name = NULL) dataset_concatenate(x, dataset),
    unbatch = function(name = NULL) dataset_unbatch(x),
    shard = function(num_shards, index, name = NULL) dataset_shard(x, num_shards, index),
    reduce = function(initial_state, reduce_func, name = NULL) dataset_reduce(x, initial_state, reduce_func),
    enumerate = function(start = 0, name = NULL) dataset_enumerate(x, start),
    with_options = function(options, name = NULL) x,
    cardinality = function() x$size,
    as_numpy_iterator = function() as_iterator(dataset_map(x, function(...) { values <- lapply(list(...), as.array); if (length(values) == 1L) values[[1L]] else values })),
    NULL)
}

#' @exportS3Method
as_iterator.keratin_dataset <- function(x) new_iterator(x$open())
#' @exportS3Method
batch_count.keratin_dataset <- function(x) if (is.finite(x$size)) x$size else NA_real_
#' @export
length.keratin_dataset <- function(x) x$size
#' @export
print.keratin_dataset <- function(x, ...) {
  cat("<dataset of ", if (is.na(x$size)) "an unknown number of" else format(x$size), " elements>\n", sep = "")
  invisible(x)
}
