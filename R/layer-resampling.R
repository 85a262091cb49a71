# Repeating, padding with zeros and cropping along 1 to 3 axes; the ranks only forward (layer-upsampling-1d.R, ...).

UpSampling <- R6::R6Class("UpSampling", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL,
    size = NULL, data_format = NULL, interpolation = "nearest",

    initialize = function(size = 2L, data_format = "channels_last", ...) {
      super$initialize(...)
      self$size <- as_sizes(size, self$rank, "size")
      self$data_format <- as_data_format(data_format)
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },

    call = function(inputs) {
      x <- channels_to_last(inputs, self$data_format)
      y <- if (self$interpolation == "nearest") op_upsample(x, self$size)
           else op_resize(as_float(x, self$dtype), tensor_shape(x)[seq_len(self$rank) + 1L] * self$size, self$interpolation)
      channels_back(y, self$data_format)
    },

    get_config = function()
      c(super$get_config(), if (self$rank == 1L) list(size = self$size) else list(size = as.list(self$size), data_format = self$data_format)),

    takes = function(rank) conv_takes(self, rank, "upsampling"),
    explain = function(dims) list(axes = explained_axes(dims, function(axis, n, i) explained_axis(axis, n, "n * size", n = n, size = self$size[i])))
  )
)

ZeroPadding <- R6::R6Class("ZeroPadding", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL,
    padding = NULL,   # list of c(before, after), one per axis
    data_format = NULL,

    initialize = function(padding = 1L, data_format = "channels_last", ...) {
      super$initialize(...)
      self$padding <- as_margins(padding, self$rank, "padding")
      self$data_format <- as_data_format(data_format)
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },

    call = function(inputs) op_pad(inputs, unlist(margins_of_all_axes(self$padding, self$data_format))),

    get_config = function()
      c(super$get_config(), list(padding = margins_config(self$padding)), if (self$rank > 1L) list(data_format = self$data_format)),

    takes = function(rank) conv_takes(self, rank, "padding layer"),
    explain = function(dims) list(axes = explained_axes(dims, function(axis, n, i)
      explained_axis(axis, n, "n + before + after", n = n, before = self$padding[[i]][1L], after = self$padding[[i]][2L])))
  )
)

Cropping <- R6::R6Class("Cropping", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL,
    cropping = NULL,  # list of c(before, after), one per axis
    data_format = NULL,

    initialize = function(cropping = 1L, data_format = "channels_last", ...) {
      super$initialize(...)
      self$cropping <- as_margins(cropping, self$rank, "cropping")
      self$data_format <- as_data_format(data_format)
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },

    call = function(inputs) {
      margins <- margins_of_all_axes(self$cropping, self$data_format)
      check_cropping(tensor_shape(inputs), margins, self)
      before <- vapply(margins, `[`, 0L, 1L)
      after <- vapply(margins, `[`, 0L, 2L)
      op_strided_slice(inputs, before, -after, end_mask = as.integer(after == 0L))
    },

    get_config = function()
      c(super$get_config(), list(cropping = margins_config(self$cropping)), if (self$rank > 1L) list(data_format = self$data_format)),

    takes = function(rank) conv_takes(self, rank, "cropping"),
    explain = function(dims) list(axes = explained_axes(dims, function(axis, n, i)
      explained_axis(axis, n, "n - before - after", n = n, before = self$cropping[[i]][1L], after = self$cropping[[i]][2L])))
  )
)

# What comes before and after each axis: one number for all, one for each axis (before = after), or a pair for each axis. For one axis
# c(before, after).
as_margins <- function(x, rank, what) {
  wrong <- function() {
    forms <- if (rank == 1L) "one whole number or c(before, after)" else
      paste0("one whole number, ", rank, " of them, or a list of ", rank, " pairs c(before, after)")
    abort_argument("`", what, "` must be ", forms, ", at least 0. Received: ", what, " = ", received(x))
  }
  pair <- function(value) {
    value <- unlist(value)
    if (!length(value) %in% 1:2 || !is_whole(value) || any(value < 0)) wrong()
    rep_len(as.integer(value), 2L)
  }
  if (rank == 1L) return(list(pair(x)))
  if (!length(x) %in% c(1L, rank)) wrong()
  unname(lapply(rep_len(as.list(x), rank), pair))
}

margins_config <- function(margins) if (length(margins) == 1L) as.list(margins[[1L]]) else lapply(margins, as.list)

margins_of_all_axes <- function(margins, data_format) {
  none <- list(c(0L, 0L))
  if (data_format == "channels_first") c(none, none, margins) else c(none, margins, none)
}

check_cropping <- function(dims, margins, layer) {
  taken <- vapply(margins, sum, 0L)
  over <- which(!is.na(dims) & taken >= dims & taken > 0L)
  if (length(over)) {
    axis <- over[1L]
    abort_shape("axis ", axis, " of the input (", axis_words[[layer$rank]][axis - 1L - (layer$data_format == "channels_first")], ") has length ",
                dims[axis],
                ", `cropping` = c(", paste(margins[[axis]], collapse = ", "), ") takes all of it. At most ", dims[axis] - 1L, " may be taken in all")
  }
}
