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
#' @param tensors An array (its rows are the elements) or a list of arrays with the same number of rows, which may hold lists again, as for
#'   a model of several inputs: `list(list(a, b), y)`.
#' @param dataset A dataset.
#' @param map_func Function (or formula, as in `~ .x / 255`) of an element; elements that are lists are spread over its arguments. A list
#'   with names is given to a function of one argument as it is.
#' @param batch_size Number of elements a batch.
#' @param drop_remainder Whether to leave out a last batch that is smaller.
#' @param buffer_size Number of elements among which the next one is drawn. For `dataset_prefetch()` the number of batches to prepare
#'   ahead (`NULL` or -1: 2).
#' @section Preparing batches ahead:
#' While the core computes a training step, `fit()` already asks for the next batch, so that R's one thread prepares it meanwhile. What
#' takes no R is done on background threads besides:
#' * PNG and JPEG files of [image_dataset_from_directory()] and [flow_images_from_directory()] are read, decoded and resized ahead,
#'   one batch, whether `dataset_prefetch()` is called or not (as Keras does). Other kinds of image files are read by R packages, and wait for R's
#'   thread.
#' * Batches of [tensor_slices_dataset()], also shuffled, repeated, skipped or taken from, are gathered ahead after `dataset_prefetch()`.
#'
#' After any other step (`dataset_map()`, whose function is R's; `zip_datasets()`; texts; time series) `dataset_prefetch()` adds nothing:
#' the elements are computed on R's thread when they are asked for. With `options(keratin.threads = 1)` there are no background threads.
#' The elements and their order are the same in every case.
#' @param seed Seed of the order; `NULL` draws from R's generator.
#' @param reshuffle_each_iteration Whether each pass has a new order.
#' @param count Number of passes (`NULL` or -1: without end), or of elements (-1: all).
#' @param predicate Function of an element, as `map_func`: elements for which it is `TRUE` are kept.
#' @param num_shards,index Every `num_shards`th element is kept, from the one with number `index` on, counted from 0.
#' @param initial_state,reduce_func A value, and a function of it and an element that gives the next one: `dataset_reduce()` returns the last.
#' @param start The number of the first element; `dataset_enumerate()` gives lists of a number and an element.
#' @param num_parallel_calls,deterministic Have no effect: the elements are made one by one, in order.
#' @param ... Datasets to be walked through side by side, or after `dataset`.
#' @return A dataset. `dataset_cache()` keeps the elements of the first whole pass in memory, `dataset_unbatch()` takes the rows of each
#'   element one by one.
#' @examples
#' ds <- tensor_slices_dataset(list(matrix(1:6, 3), 1:3)) |>
#'   dataset_map(\(x, y) list(x * 2, y)) |> dataset_batch(2)
#' iter_next(as_iterator(ds))
#' @export
tensor_slices_dataset <- function(tensors) {
  parts <- lapply(nest_flatten(tensors), slice_source)
  if (!length(parts)) abort_argument("`tensors` must be an array or a list of arrays. Received: ", received(tensors), ".")
  counts <- vapply(parts, function(p) tensor_shape(p)[1L], 0L)
  if (length(unique(counts)) != 1L) abort_shape("the tensors must have the same number of rows. Received: ", paste(counts, collapse = ", "), ".")
  n <- counts[[1L]]
  # The structure of an element, without keeping the arrays themselves.
  row_dataset(function() count_to(n), list(parts = parts, structure = nest_map(tensors, function(x) NA)), n, straight = n)
}
slice_source <- function(x) {
  x <- tensor(if (is_tensor(x)) x else as_row_array(x))
  if (tensor_rank(x) == 0L) abort_shape("a single number has no rows to be the elements of a dataset.")
  x
}
# Elements that `element(i)` makes, i from 1 to n.
from_rows <- function(n, element) {
  new_dataset(function() {
    at <- count_to(n)
    function() if (!is.null(i <- at())) element(i)
  }, n)
}
count_to <- function(n) {
  at <- 0L
  function() if (at < n) at <<- at + 1L
}

# A dataset whose elements are rows of tensors knows them by their numbers, which `numbers()` gives one by one: shuffling then moves numbers,
# and a batch is gathered in one piece. `straight`: the numbers are 1 to this.
row_dataset <- function(numbers, source, size, straight = NULL) {
  force(source)
  new_dataset(function() {
    read <- numbers()
    function() {
      i <- read()
      if (is.null(i)) NULL else from_source(lapply(gather_rows(source$parts, i), op_squeeze, axes = 0L), source)
    }
  }, size, list(numbers = numbers, source = source, straight = straight))
}
from_source <- function(parts, source) nest_pack(source$structure, parts)

# The dataset that reads with `open(of)`, where `of()` begins a pass over the dataset: over its row numbers if it has them.
passing <- function(dataset, open, size) {
  check_is_dataset(dataset)
  force(open)
  if (is.null(dataset$numbers)) new_dataset(function() open(dataset$open), size)
  else row_dataset(function() open(dataset$numbers), dataset$source, size)
}
# `step(read)` gives a reader from a reader: one that only leaves out elements, or changes their order,
through <- function(dataset, step, size) {
  force(step)
  passing(dataset, function(of) step(of()), size)
}
# and one that looks at them.
through_elements <- function(dataset, step, size) {
  check_is_dataset(dataset)
  force(step)
  new_dataset(function() step(dataset$open()), size)
}

check_is_dataset <- function(dataset, argument = "dataset") {
  if (!inherits(dataset, "keratin_dataset")) {
    abort_argument("`", argument, "` must be a dataset, as from tensor_slices_dataset(). Received: ", received(class(dataset)), ".")
  }
}

#' @rdname tensor_slices_dataset
#' @export
dataset_map <- function(dataset, map_func, num_parallel_calls = NULL) {
  check_is_dataset(dataset)
  map_func <- element_function(map_func, "map_func")
  through_elements(dataset, function(read) function() {
    element <- read()
    if (is.null(element)) {
      NULL
    } else if (is.null(value <- apply_to_element(map_func, element))) abort_argument("`map_func` returned NULL instead of an element.") else value
  }, dataset$size)
}
element_function <- function(f, argument) {
  if (!is.function(f) && !inherits(f, "formula")) abort_argument("`", argument, "` must be a function or a formula. Received: ", received(f), ".")
  rlang::as_function(f)
}
# A list is spread over the arguments of a function. One with names is one argument, as tf.data has it, if the function takes only one.
apply_to_element <- function(f, element) {
  if (!is_branch(element)) return(f(element))
  if (!is.null(names(element)) && length(setdiff(names(formals(args(f))), "...")) <= 1L) f(element) else do.call(f, unname(element))
}

#' @rdname tensor_slices_dataset
#' @export
dataset_batch <- function(dataset, batch_size, drop_remainder = FALSE, num_parallel_calls = NULL, deterministic = NULL) {
  check_is_dataset(dataset)
  batch_size <- as_whole(batch_size, "batch_size", least = 1)
  size <- if (drop_remainder) dataset$size %/% batch_size else ceiling(dataset$size / batch_size)
  # The next elements of a reader, NULL at the end.
  collect <- function(read) function() {
    elements <- vector("list", batch_size)
    n <- 0L
    while (n < batch_size && !is.null(element <- read())) elements[[n <- n + 1L]] <- element
    if (n == 0L || drop_remainder && n < batch_size) NULL else elements[seq_len(n)]
  }
  if (is.null(dataset$numbers)) return(new_dataset(function() {
    read <- collect(dataset$open())
    function() if (!is.null(elements <- read())) stack_elements(elements)
  }, size))
  row_batches(dataset, collect, size)
}
# Batches of a row dataset; the next ones gathered ahead if dataset_prefetch() asks for it.
row_batches <- function(dataset, collect, size, ahead = 0) {
  source <- dataset$source
  numeric <- !any(vapply(source$parts, tensor_dtype, "") == "string")
  new_dataset(function() {
    read <- collect(dataset$numbers())
    rows <- function() if (!is.null(elements <- read())) unlist(elements)
    if (ahead > 0 && numeric) {
      made <- batches_ahead(source$parts, rows, ahead)
      return(function() if (!is.null(batch <- made())) from_source(batch, source))
    }
    function() if (!is.null(now <- rows())) from_source(gather_rows(source$parts, now), source)
  }, size, list(prefetched = function(ahead) row_batches(dataset, collect, size, ahead)))
}
stack_elements <- function(elements) {
  first <- elements[[1L]]
  if (!is_branch(first)) {
    elements <- lapply(elements, tensor)
    shapes <- unique(lapply(elements, tensor_shape))
    if (length(shapes) > 1L) {
      abort_shape("elements of different shapes make no batch. Received: ", format_shape(shapes[[1L]]), " and ", format_shape(shapes[[2L]]), ".")
    }
    return(op_stack(elements, axis = 0L))
  }
  out <- lapply(seq_along(first), function(k) stack_elements(lapply(elements, `[[`, k)))
  names(out) <- names(first)
  out
}

#' @rdname tensor_slices_dataset
#' @export
dataset_shuffle <- function(dataset, buffer_size, seed = NULL, reshuffle_each_iteration = TRUE) {
  buffer_size <- as_whole(buffer_size, "buffer_size", least = 1)
  passes <- 0L
  passing(dataset, function(of) {
    own_seed <- if (!is.null(seed)) seed + if (reshuffle_each_iteration) passes else 0L
    passes <<- passes + 1L
    if (!is.null(dataset$straight) && buffer_size >= dataset$straight) {
      order <- with_seed(own_seed, sample.int(dataset$straight))
      at <- count_to(length(order))
      return(function() if (!is.null(i <- at())) order[i])
    }
    shuffled(of(), buffer_size, own_seed)
  }, dataset$size)
}
# Each element is drawn from a buffer, which is then filled up. With a seed of its own the order leaves R's generator alone.
shuffled <- function(read, buffer_size, seed) {
  buffer <- list()
  filled <- 0L
  draws <- used <- 0
  blocks <- 0L
  pick <- function(n) {
    if (used == length(draws) || blocks == 0L) {
      draws <<- with_seed(if (!is.null(seed)) seed + 7919L * blocks, stats::runif(256L))
      blocks <<- blocks + 1L
      used <<- 0
    }
    used <<- used + 1
    1L + as.integer(draws[used] * n)
  }
  ended <- FALSE
  function() {
    while (!ended && filled < buffer_size) {
      element <- read()
      if (is.null(element)) ended <<- TRUE else {
        filled <<- filled + 1L
        buffer[[filled]] <<- element
      }
    }
    if (filled == 0L) return(NULL)
    i <- pick(filled)
    element <- buffer[[i]]
    buffer[[i]] <<- buffer[[filled]]
    filled <<- filled - 1L
    element
  }
}

#' @rdname tensor_slices_dataset
#' @export
dataset_repeat <- function(dataset, count = NULL) {
  count <- whole_count(count)
  passing(dataset, function(of) {
    read <- NULL
    pass <- 0
    function() {
      repeat {
        if (is.null(read)) {
          if (pass >= count) return(NULL)
          read <<- of()
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
  }, if (count == 0 || isTRUE(dataset$size == 0)) 0 else if (count == Inf) Inf else dataset$size * count)
}
# A number of passes or elements; -1 (or NULL) stands for all there are.
whole_count <- function(count) {
  count <- if (is.null(count)) -1 else as_whole(count, "count", least = -1)
  if (count < 0) Inf else count
}

#' @rdname tensor_slices_dataset
#' @export
dataset_take <- function(dataset, count) {
  count <- whole_count(count)
  if (count == Inf) return(dataset)
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
  count <- whole_count(count)
  if (count == Inf) return(dataset_take(dataset, 0))
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
dataset_prefetch <- function(dataset, buffer_size = NULL) {
  check_is_dataset(dataset)
  ahead <- if (is.null(buffer_size) || identical(as.numeric(buffer_size), -1)) 2 else as_whole(buffer_size, "buffer_size", least = 0)
  if (is.null(dataset$prefetched)) dataset else dataset$prefetched(ahead)
}

#' @rdname tensor_slices_dataset
#' @export
zip_datasets <- function(...) {
  datasets <- list(...)
  if (length(datasets) == 1L && is_branch(datasets[[1L]])) datasets <- datasets[[1L]]
  for (one in datasets) check_is_dataset(one, "...")
  new_dataset(function() {
    readers <- lapply(datasets, function(d) d$open())
    function() {
      elements <- lapply(readers, function(read) read())
      if (any(vapply(elements, is.null, NA))) NULL else elements
    }
  }, do.call(pmin, lapply(datasets, function(d) d$size)))
}

#' @export
`$.keratin_dataset` <- function(x, name) {
  found <- get0(name, envir = x, inherits = FALSE)
  if (!is.null(found)) return(found)
  switch(name,
    map = function(map_func, num_parallel_calls = NULL, deterministic = NULL, name = NULL) dataset_map(x, map_func),
    batch = function(batch_size, drop_remainder = FALSE, num_parallel_calls = NULL, deterministic = NULL, name = NULL)
      dataset_batch(x, batch_size, drop_remainder),
    shuffle = function(buffer_size, seed = NULL, reshuffle_each_iteration = TRUE, name = NULL)
      dataset_shuffle(x, buffer_size, seed, reshuffle_each_iteration),
    `repeat` = function(count = NULL, name = NULL) dataset_repeat(x, count),
    prefetch = function(buffer_size = NULL, name = NULL) dataset_prefetch(x, buffer_size),
    cache = function(filename = "", name = NULL) dataset_cache(x),
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
    as_numpy_iterator = function()
      as_iterator(dataset_map(x, function(...) { values <- nest_map(list(...), as.array); if (length(values) == 1L) values[[1L]] else values })),
    if (!name %in% optional_fields) abort_argument("a dataset has no member \"", name, "\".", " It has: ", paste(dataset_members, collapse = ", "),
                                                   "."))
}
# Fields that only some datasets have.
optional_fields <- c("numbers", "source", "straight", "prefetched", "class_names", "file_paths", "running")
dataset_members <- c("map", "filter", "batch", "unbatch", "shuffle", "repeat", "take", "skip", "shard", "concatenate", "enumerate", "reduce",
                     "cache", "prefetch",
                     "with_options", "cardinality", "as_numpy_iterator")

#' @exportS3Method
as_iterator.keratin_dataset <- function(x) new_iterator(x$open())
#' @exportS3Method
batch_count.keratin_dataset <- function(x) x$size
#' @export
length.keratin_dataset <- function(x) x$size
#' @export
print.keratin_dataset <- function(x, ...) {
  cat("<dataset of ", if (is.na(x$size)) "an unknown number of" else format(x$size), " elements>\n", sep = "")
  invisible(x)
}
