# Sources of batches: arrays (the core gathers the rows), or R functions and iterators that give one batch at a time.

default_batch_size <- 32L

# What fit(), evaluate() and predict() run over. `batches`: per epoch, NA if not known. `passes`: over arrays, one for each epoch.
batch_source <- function(model, x, y = NULL, sample_weight = NULL, class_weight = NULL, batch_size = NULL, steps = NULL, allow_nan = FALSE,
                         suffix = "", passes = 1) {
  steps <- as_whole_number(steps, paste0("steps", if (nzchar(suffix)) "_per_epoch"))
  if (is.null(x) && is.null(y)) abort_argument("`x` is NULL: an array with one row per sample is needed")
  reader <- batch_reader(x)
  if (!is.null(reader)) {
    for (name in c("y", "sample_weight")) if (!is.null(get(name))) abort_argument(
      "`", name, "` comes from the dataset or generator `x` itself, as in list(x, y, sample_weight); it cannot be given besides")
    if (is.null(steps) && isTRUE(reader$length == Inf)) {
      abort_argument("the dataset `x` has no end: say how many batches an epoch has (`steps_per_epoch`, `validation_steps` or `steps`), ",
                     "or leave out dataset_repeat()")
    }
    return(ReaderSource$new(model, reader, steps, class_weight))
  }
  batch_size <- as_whole_number(batch_size, "batch_size")
  if (has_read_rows(list(x, y, sample_weight))) {
    return(rows_source(model, list(x = x, y = y, sample_weight = sample_weight), class_weight, batch_size, steps, allow_nan))
  }
  data <- array_data(model, x, y, sample_weight, class_weight, allow_nan)
  if (length(data$data) > 1L) warn_of_range(model, data$data[[2L]])
  if (is.null(batch_size)) batch_size <- if (!is.null(steps)) ceiling(data$n / steps) else fixed_batch_size(model) %||% default_batch_size
  ArraySource$new(data$data, data$n, batch_size, steps, passes = passes)
}

# Stateful models fix their batch size.
fixed_batch_size <- function(model) {
  inputs <- model$network_inputs
  if (is.null(inputs)) return(NULL)
  size <- tensor_shape(inputs[[1L]])[[1L]]
  if (is.na(size)) NULL else size
}

ArraySource <- R6Class("ArraySource", cloneable = FALSE, public = list(
  flat = NULL, n = NULL, batch_size = NULL, batches = NULL, feed = NULL, rows = NULL, made = list(), is_array = TRUE, is_known = TRUE, passes = 1,
  per_pass = NULL,       # batches of one pass over the data
  at = NULL,             # the next batch of the pass
  passes_left = NULL,    # where an epoch is not a pass (see initialize)
  shuffle = FALSE, random_at_pass = NULL,

  initialize = function(data, n, batch_size, steps = NULL, rows = NULL, passes = 1) {
    self$flat <- flatten_data(data)
    self$rows <- rows
    self$n <- if (is.null(rows)) n else length(rows)
    self$batch_size <- min(batch_size, self$n)
    self$per_pass <- self$batches <- ceiling(self$n / self$batch_size)
    self$passes <- passes
    if (!is.null(steps) && steps != self$per_pass && passes > 1) {
      # Steps that are not a pass over the data: an epoch goes on where the one before stopped, for as many passes as there are epochs (as in Keras).
      self$batches <- steps
      self$passes_left <- passes
    } else if (!is.null(steps)) {
      if (steps > self$batches)
        warning("the data has ", self$batches, " batches of ", batch_size, " samples, ", steps, " steps were asked for: all of the data is used",
                call. = FALSE)
      self$batches <- min(steps, self$batches)
    }
  },

  # The first rows (in the data's order), for building the model.
  example = function() fill_skeleton(self$flat$skeleton, self$flat$tensors),

  # A part of the samples, by number.
  part = function(rows, steps = NULL, batch_size = self$batch_size, passes = 1)
    ArraySource$new(self$example(), self$n, batch_size, steps, rows, passes),

  # Begins an epoch (where the next one of a resumed run begins, see resume(), is a `place` in a pass).
  start = function(shuffle = FALSE, place = NULL) {
    self$shuffle <- shuffle
    if (is.null(place) && (is.null(self$passes_left) || is.null(self$at))) self$begin_pass()
  },

  # Is there another batch? At the end of a pass the next one begins, if there is one.
  has_more = function() {
    if (self$at < self$per_pass) return(TRUE)
    if (!isTRUE(self$passes_left > 0)) return(FALSE)
    self$begin_pass()
    TRUE
  },

  # New order of the samples; without shuffling they stay as they lie.
  begin_pass = function() {
    if (!is.null(self$passes_left)) {
      self$passes_left <- self$passes_left - 1
      self$random_at_pass <- random_state()
    }
    self$at <- 0
    shuffle <- self$shuffle
    order <- self$rows
    if (identical(shuffle, "batch")) {
      places <- shuffled_batches(self$n, self$batch_size)
      order <- if (is.null(order)) places else order[places]
    } else if (isTRUE(shuffle)) order <- if (is.null(order)) sample.int(self$n) else order[sample.int(self$n)]
    if (is.null(self$feed)) self$feed <- feed_create(self$flat$tensors, order)
    else if (!is.null(order)) feed_reorder(self$feed, order)
  },

  # Where a resumed run goes on: in the order of an epoch that start() has made, or in a pass that began in an earlier epoch.
  place = function() if (!is.null(self$passes_left)) list(at = self$at, passes_left = self$passes_left, random_at_pass = self$random_at_pass),
  resume = function(batch, place = NULL) {
    if (is.null(place)) return(self$at <- batch)
    set_random_state(place$random_at_pass)
    self$begin_pass()
    self$at <- place$at
    self$passes_left <- place$passes_left
  },

  # Traced once for a run, so that finding them again does not cost every epoch. (What a callback sets to trainable counts from the
  # next fit() on, as in Keras from the next compile() on.)
  programs = function(model, kind) {
    known <- self$made[[kind]]
    if (!is.null(known) && identical(known$of, model$programs)) return(known)
    rest <- self$n - (self$per_pass - 1) * self$batch_size
    self$made[[kind]] <- list(whole = step_program(model, kind, self$flat, self$batch_size),
         rest = if (rest < self$batch_size) step_program(model, kind, self$flat, rest))
    self$made[[kind]]$of <- model$programs
    self$made[[kind]]
  },

  one_batch = function() fill_skeleton(self$flat$skeleton, feed_batch(self$feed, 0, self$batch_size)),
  take = function() {
    if (!self$has_more()) return(NULL)
    begin <- self$at * self$batch_size
    self$at <- self$at + 1
    fill_skeleton(self$flat$skeleton, feed_batch(self$feed, begin, min(self$batch_size, self$n - begin)))
  }
))

# Batches from a reader: a list of `read()` (the next batch or NULL at the end), `restart()` and `length` (or NA).
ReaderSource <- R6Class("ReaderSource", cloneable = FALSE, public = list(
  model = NULL, reader = NULL, batches = NULL, class_weight = NULL, ahead = NULL, prepared = FALSE, failure = NULL, made = list(), is_array = FALSE,
  steps = NULL,
  is_known = FALSE,  # has it given batches before?

  initialize = function(model, reader, steps = NULL, class_weight = NULL) {
    self$model <- model
    self$reader <- reader
    self$steps <- steps
    self$class_weight <- class_weight
    self$batches <- steps %||% reader$length
  },

  example = function() {
    if (is.null(self$ahead)) self$ahead <- self$read_next()
    if (is.null(self$ahead)) abort_argument("the generator gave no batch")
    self$ahead
  },
  one_batch = function() self$example(),

  # Without steps, or with as many as there are batches, each epoch begins anew.
  restarts = function() is.null(self$steps) || (isTRUE(self$reader$restarts) && isTRUE(self$steps == self$reader$length)),
  start = function(shuffle = FALSE, place = NULL) {
    if (is.null(self$ahead) && self$restarts()) self$reader$restart()
    self$prepared <- FALSE
  },
  # A run goes on within an epoch: what begins anew is read up to there, what does not is taken as it comes.
  place = function() NULL,
  resume = function(batch, place = NULL) if (self$restarts()) for (i in seq_len(batch)) self$take(),

  read_next = function() {
    batch <- with_users_jit(self$reader$read())
    if (is.null(batch)) return(NULL)
    if (!is_branch_list(batch)) batch <- list(batch)
    if (length(batch) > 3L) abort_argument("a generator gives list(x, y) or list(x, y, sample_weight). Received: a list of ", length(batch))
    names(batch) <- NULL
    array_data(self$model, batch[[1L]], if (length(batch) > 1L) batch[[2L]], if (length(batch) > 2L) batch[[3L]], self$class_weight)$data
  },

  # Reads the next batch before it is asked for; what goes wrong is said when it is.
  prepare = function() {
    self$ahead <- tryCatch(self$read_next(), error = function(e) {
      self$failure <- e
      NULL
    })
    self$prepared <- TRUE
  },

  # The next batch of this epoch; NULL at its end.
  take = function() {
    batch <- if (self$prepared) self$ahead else self$ahead %||% self$read_next()
    failure <- self$failure
    self$ahead <- self$failure <- NULL
    self$prepared <- FALSE
    if (!is.null(failure)) stop(failure)
    batch
  }
))

#' Readers of batches
#'
#' Extends [fit()], [evaluate()] and [predict()] to further kinds of data.
#'
#' @param x What was given as `x`.
#' @return `NULL` for data given as arrays. For anything that gives one batch at a time a list of `read` (a function that gives the
#'   next batch, `list(x, y)` or `list(x, y, sample_weight)`, and `NULL` at the end), `restart` (a function that begins anew),
#'   `length` (batches per epoch, `NA` if not known) and `restarts` (does each epoch begin anew when as many steps are given as there are batches?).
#' @keywords internal
#' @export
batch_reader <- function(x) UseMethod("batch_reader")

#' @export
batch_reader.default <- function(x) {
  if (!gives_batches(x)) return(NULL)
  at <- as_iterator(x)
  list(read = function() iter_next(at), restart = function() at <<- as_iterator(x), length = as.numeric(batch_count(x)),
       restarts = inherits(x, "keratin_dataset"))
}

# Data that is made into arrays batch by batch: a sparse matrix (package Matrix) stays sparse as a whole, a dataset of an HDF5 file where it is.
RowsSource <- R6Class("RowsSource", cloneable = FALSE, public = list(
  rows_of = NULL, n = NULL, batch_size = NULL, batches = NULL, rows = NULL, order = NULL, at = 0, ahead = NULL, made = list(), is_array = FALSE,
  is_known = TRUE,

  # `rows_of(rows)` gives the data of these samples.
  initialize = function(rows_of, rows, batch_size, steps = NULL) {
    self$rows_of <- rows_of
    self$rows <- rows
    self$order <- rows
    self$n <- length(rows)
    self$batch_size <- min(batch_size, self$n)
    self$batches <- min(ceiling(self$n / self$batch_size), steps %||% Inf)
  },
  part = function(rows, steps = NULL, batch_size = self$batch_size, passes = 1) RowsSource$new(self$rows_of, rows, batch_size, steps),
  example = function() self$rows_of(head(self$rows, 1L)),
  one_batch = function() self$example(),
  start = function(shuffle = FALSE, place = NULL) {
    self$at <- 0
    self$ahead <- NULL
    self$order <- if (isTRUE(shuffle)) {
      self$rows[sample.int(self$n)]
    } else if (identical(shuffle, "batch")) self$rows[shuffled_batches(self$n, self$batch_size)] else self$rows
  },
  place = function() NULL,
  resume = function(batch, place = NULL) self$at <- batch * self$batch_size,
  prepare = function() self$ahead <- self$take(),
  take = function() {
    if (!is.null(self$ahead)) {
      batch <- self$ahead
      self$ahead <- NULL
      return(batch)
    }
    if (self$at >= self$n) return(NULL)
    rows <- self$order[seq.int(self$at + 1, min(self$at + self$batch_size, self$n))]
    self$at <- self$at + length(rows)
    self$rows_of(rows)
  }
))

# The places of the samples where whole batches change places; a last, smaller batch stays.
shuffled_batches <- function(n, batch_size) {
  full <- n %/% batch_size
  c(outer(seq_len(batch_size), (sample.int(full) - 1L) * batch_size, `+`), seq_len(n - full * batch_size) + full * batch_size)
}

# Some samples of a tensor, or of a list of them.
take_samples <- function(x, rows) map_leaves(x, function(t) op_gather(t, as.integer(rows - 1L), axis = 0L))

is_read_by_rows <- function(x) inherits(x, c("Matrix", "keras.utils.io_utils.HDF5Matrix"))
has_read_rows <- function(x) if (is_branch_list(x)) any(vapply(x, has_read_rows, NA)) else is_read_by_rows(x)
read_rows <- function(x, rows) if (inherits(x, "Matrix")) unname(as.matrix(x[rows, , drop = FALSE])) else hdf5_rows(x, rows)

rows_source <- function(model, parts, class_weight, batch_size, steps, allow_nan) {
  parts <- Filter(Negate(is.null), parts)
  parts <- Map(function(part, name) map_leaves(part,
                                               function(leaf)
                                                 if (is_read_by_rows(leaf)) leaf else data_argument(leaf, name, allow_nan = allow_nan)), parts,
                                                 names(parts))
  counts <- lapply(parts,
                   function(part)
                     vapply(flatten_outputs(part), function(leaf) if (is_read_by_rows(leaf)) dim(leaf)[1L] else sample_counts(leaf)[[1L]], 0L))
  n <- counts[[1L]][[1L]]
  if (any(unlist(counts) != n)) {
    abort_shape("all data must have the same number of samples. Received: ",
                paste(rep(names(counts), lengths(counts)), unlist(counts), collapse = ", "))
  }
  if (n == 0L) abort_shape("there is no data: `x` has 0 samples")
  if (!has_read_rows(parts$y)) check_class_ids(model, parts$y)
  rows_of <- function(rows) {
    data <- lapply(parts, map_leaves, function(leaf) if (is_read_by_rows(leaf)) read_rows(leaf, rows) else take_samples(leaf, rows))
    array_data(model, data$x, data$y, data$sample_weight, class_weight, allow_nan)$data
  }
  RowsSource$new(rows_of, seq_len(n), batch_size %||% default_batch_size, steps)
}
