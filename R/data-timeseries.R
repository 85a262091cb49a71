#' Utility for generating batches of temporal data
#'
#' Takes a sequence of data points gathered at equal intervals, and time series parameters such as stride and length of history, and
#' gives batches for training or validation.
#'
#' @param data Data points, time along the first axis.
#' @param targets Targets of the time steps of `data`; same length.
#' @param length Length of the output sequences, in time steps.
#' @param sampling_rate Period between successive time steps within a sequence: `data[i]`, `data[i - r]`, ...
#' @param stride Period between successive output sequences.
#' @param start_index,end_index Data points before `start_index` or after `end_index` (counted from 0) are not used, to set some aside
#'   for testing.
#' @param shuffle Whether to draw the samples at random rather than in time order.
#' @param reverse Whether the time steps of each sample run backwards.
#' @param batch_size Number of samples a batch (the last may be smaller).
#' @return An object for `fit()`, `evaluate()` and `predict()`; `g[0]` is its first batch, `length(g)` the number of batches.
#' @family time series
#' @examples
#' x <- matrix(1:30, 15, 2)
#' g <- timeseries_generator(x, 1:15, length = 4, sampling_rate = 2, stride = 2, batch_size = 3)
#' g[0]
#' @export
timeseries_generator <- function(data, targets, length, sampling_rate = 1, stride = 1, start_index = 0, end_index = NULL,
                                 shuffle = FALSE, reverse = FALSE, batch_size = 128) {
  data <- as_row_array(data)
  targets <- as_row_array(targets)
  points <- dim(data)[1L]
  if (points != dim(targets)[1L])
    abort_shape("`data` and `targets` must have the same length. Received: ", points, " data points and ", dim(targets)[1L], " targets.")
  end_index <- if (is.null(end_index)) points - 1 else as_whole(end_index, "end_index", most = points - 1)
  start <- as_whole(start_index, "start_index", least = 0) + as_whole(length, "length", least = 1)
  if (start > end_index)
    abort_argument("`start_index + length` (", start, ") is greater than `end_index` (", end_index, "): no time step is left to be the current one.")
  structure(list2env(list(data = data, targets = targets, length = length, sampling_rate = as_whole(sampling_rate, "sampling_rate", least = 1),
                          stride = as_whole(stride, "stride", least = 1), start_index = start, end_index = end_index, shuffle = shuffle,
                          reverse = reverse, batch_size = as_whole(batch_size, "batch_size", least = 1)), parent = emptyenv()),
            class = c("keras.preprocessing.sequence.TimeseriesGenerator", "keratin_sequence"))
}

# An array (a vector becomes a 1-d one) whose first axis counts samples.
as_row_array <- function(x) {
  if (is.data.frame(x)) x <- data.matrix(x)
  if (is.list(x)) x <- simplify2array(x)
  if (is.null(dim(x))) array(x) else x
}

# x[rows, , ...] for an array of any rank, no axis dropped.
take_rows <- function(x, rows) {
  rank <- length(dim(x))
  if (rank <= 1L) return(array(as.vector(x)[rows]))
  if (rank == 2L) return(x[rows, , drop = FALSE])
  sizes <- dim(x)
  flat <- x
  dim(flat) <- c(sizes[1L], prod(sizes[-1L]))
  array(flat[rows, , drop = FALSE], c(length(rows), sizes[-1L]))
}

# Windows of an array: result[i, j, ...] = x[rows[i, j], ...].
take_windows <- function(x, rows) {
  out <- take_rows(x, as.vector(rows))
  dim(out) <- c(dim(rows), dim(x)[-1L])
  out
}

#' @export
length.keras.preprocessing.sequence.TimeseriesGenerator <- function(x) {
  span <- .subset2(x, "batch_size") * .subset2(x, "stride")
  as.integer((.subset2(x, "end_index") - .subset2(x, "start_index") + span) %/% span)
}

#' @export
`[.keras.preprocessing.sequence.TimeseriesGenerator` <- function(x, i) {
  g <- function(name) .subset2(x, name)
  i <- as_whole(i, "i", least = -length(x), most = length(x) - 1)
  if (i < 0) i <- i + length(x)
  span <- g("batch_size") * g("stride")
  begin <- g("start_index") + span * i
  current <- if (g("shuffle")) g("start_index") - 1 + sample.int(g("end_index") - g("start_index") + 1, g("batch_size"), replace = TRUE)
             else seq.int(begin, min(begin + span, g("end_index") + 1) - 1, by = g("stride"))
  steps <- seq.int(0, g("length") - 1, by = g("sampling_rate"))
  if (g("reverse")) steps <- rev(steps)
  rows <- outer(current - g("length"), steps, `+`) + 1  # counted from 1
  list(take_windows(g("data"), rows), take_rows(g("targets"), current + 1))
}
