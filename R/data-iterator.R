# One way through everything that gives batches: as_iterator(x) makes a function-like object whose next value is iter_next(it).
# Datasets end; generators (image flows, time series generators, R functions) go on for ever or end with NULL, as they please.

#' Iterate over a dataset or generator
#'
#' Scripts for R keras say `reticulate::as_iterator()` and `reticulate::iter_next()`: where reticulate is installed these work as well, see
#' `keratin.reticulate` in [keratin-package].
#'
#' @param x A dataset, a generator (from [flow_images_from_data()] and the like), or an R function that returns the next value on each
#'   call and `NULL` at the end.
#' @param it An iterator.
#' @param completed What to return after the last value.
#' @return `as_iterator()`: an iterator. `iter_next()`: its next value.
#' @examples
#' ds <- timeseries_dataset_from_array(matrix(1:24, 12), 1:12, sequence_length = 4, batch_size = 2)
#' it <- as_iterator(ds)
#' while (!is.null(batch <- iter_next(it))) print(dim(batch[[1]]))
#' @export
as_iterator <- function(x) UseMethod("as_iterator")

#' @rdname as_iterator
#' @export
iter_next <- function(it, completed = NULL) {
  if (!inherits(it, "keratin_iterator")) it <- as_iterator(it)
  value <- .subset2(it, "step")()
  if (is.null(value)) completed else value
}

# `step` returns the next value, NULL at the end.
new_iterator <- function(step) {
  it <- new.env(parent = emptyenv())
  it$step <- step
  structure(it, class = c("keratin_iterator", "python.builtin.iterator"))
}

#' @exportS3Method
as_iterator.default <- function(x) {
  if (!is.function(x)) abort_argument("cannot iterate over an object of class ", received(class(x)), ".")
  new_iterator(x)
}
#' @exportS3Method
as_iterator.keratin_iterator <- function(x) x
#' @exportS3Method
as_iterator.keratin_sequence <- function(x) {
  at <- 0L
  new_iterator(function() {
    batch <- x[at %% length(x)]
    at <<- at + 1L
    batch
  })
}
#' @export
print.keratin_iterator <- function(x, ...) {
  cat("<iterator>\n")
  invisible(x)
}

#' Retrieve the next item from a generator
#'
#' @param generator Generator: an image or time series generator, an iterator, a dataset or a function.
#' @param completed What to return after the last item.
#' @return The next item.
#' @export
generator_next <- function(generator, completed = NULL) {
  if (is.function(generator)) {
    value <- generator()
    return(if (is.null(value)) completed else value)
  }
  # An object that can be iterated over goes on where the last call left it.
  if (is.environment(generator) && !inherits(generator, "keratin_iterator")) {
    if (is.null(get0("running", envir = generator, inherits = FALSE))) assign("running", as_iterator(generator), envir = generator)
    return(iter_next(get("running", envir = generator, inherits = FALSE), completed))
  }
  iter_next(generator, completed)
}

# How many batches one pass has: NA if nobody knows.
batch_count <- function(x) UseMethod("batch_count")
#' @exportS3Method
batch_count.default <- function(x) NA_integer_
#' @exportS3Method
batch_count.keratin_sequence <- function(x) length(x)

# Is it something that gives batches?
gives_batches <- function(x)
  inherits(x, c("keratin_dataset", "keratin_sequence", "keratin_iterator")) || (is.function(x) && !inherits(x, "R6ClassGenerator") && !is_tensor(x))
