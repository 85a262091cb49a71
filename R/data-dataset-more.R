# Steps between datasets beyond those that most training needs.

#' @rdname tensor_slices_dataset
#' @export
dataset_filter <- function(dataset, predicate) {
  predicate <- element_function(predicate, "predicate")
  through_elements(dataset, function(read) function() {
    while (!is.null(element <- read())) {
      keep <- apply_to_element(predicate, element)
      if (isTRUE(as.logical(as.vector(if (is_tensor(keep)) as.array(keep) else keep)))) return(element)
    }
  }, NA_real_)
}

# The elements of the first whole pass are kept in memory; later passes give them again.
#' @rdname tensor_slices_dataset
#' @export
dataset_cache <- function(dataset) {
  check_is_dataset(dataset)
  kept <- NULL
  new_dataset(function() {
    if (!is.null(kept)) {
      at <- count_to(length(kept))
      return(function() if (!is.null(i <- at())) kept[[i]])
    }
    read <- dataset$open()
    seen <- list()
    function() {
      element <- read()
      if (is.null(element)) {
        if (is.null(kept)) kept <<- seen
      } else seen[[length(seen) + 1L]] <<- element
      element
    }
  }, dataset$size)
}

#' @rdname tensor_slices_dataset
#' @export
dataset_concatenate <- function(dataset, ...) {
  datasets <- list(dataset, ...)
  for (one in datasets) check_is_dataset(one)
  new_dataset(function() {
    read <- dataset$open()
    at <- 1L
    function() {
      repeat {
        element <- read()
        if (!is.null(element) || at == length(datasets)) return(element)
        at <<- at + 1L
        read <<- datasets[[at]]$open()
      }
    }
  }, sum(vapply(datasets, function(one) one$size, 0)))
}

# The rows of each element one by one.
#' @rdname tensor_slices_dataset
#' @export
dataset_unbatch <- function(dataset) {
  through_elements(dataset, function(read) {
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
#' @rdname tensor_slices_dataset
#' @export
dataset_shard <- function(dataset, num_shards, index) {
  through(dataset, function(read) {
    at <- -1
    function() while (!is.null(element <- read())) {
      at <<- at + 1
      if (at %% num_shards == index) return(element)
    }
  }, ceiling((dataset$size - index) / num_shards))
}

#' @rdname tensor_slices_dataset
#' @export
dataset_reduce <- function(dataset, initial_state, reduce_func) {
  check_is_dataset(dataset)
  read <- dataset$open()
  state <- initial_state
  while (!is.null(element <- read())) state <- reduce_func(state, element)
  state
}

#' @rdname tensor_slices_dataset
#' @export
dataset_enumerate <- function(dataset, start = 0) {
  through_elements(dataset, function(read) {
    at <- start - 1
    function() {
      element <- read()
      if (!is.null(element)) list(tensor(at <<- at + 1, "int64"), element)
    }
  }, dataset$size)
}
