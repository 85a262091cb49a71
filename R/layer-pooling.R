# Pooling layers of rank 1 to 3; the ranks only forward (layer-max-pooling-1d.R, ...). A class says what it does with a window:
# reduce(x, pool_size, strides, padding), for the global ones reduce(x, axes, keepdims).

Pooling <- R6::R6Class("Pooling", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL,
    pool_size = NULL, strides = NULL, padding = NULL, data_format = NULL,

    initialize = function(pool_size = 2L, strides = NULL, padding = "valid", data_format = NULL, ...) {
      super$initialize(...)
      self$pool_size <- as_sizes(pool_size, self$rank, "pool_size")
      self$strides <- if (is.null(strides)) self$pool_size else as_sizes(strides, self$rank, "strides")
      self$padding <- as_choice(padding, c("valid", "same"), "padding")
      self$data_format <- as_data_format(data_format)
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },

    call = function(inputs) {
      x <- channels_to_last(inputs, self$data_format)
      if (self$padding == "valid") check_window(tensor_shape(x), self$pool_size, received = tensor_shape(inputs))
      channels_back(self$reduce(x, self$pool_size, self$strides, self$padding), self$data_format)
    },

    get_config = function() {
      keys <- list(pool_size = as.list(self$pool_size), padding = self$padding, strides = as.list(self$strides), data_format = self$data_format)
      c(super$get_config(), if (self$rank == 1L) keys[c("strides", "pool_size", "padding", "data_format")] else keys)
    },

    takes = function(rank) conv_takes(self, rank, "pooling"),
    explain = function(dims) list(axes = explain_windows(dims, self$pool_size, self$strides, self$padding))
  )
)

# The whole of each axis as one window.
GlobalPooling <- R6::R6Class("GlobalPooling", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL,
    data_format = NULL, keepdims = NULL,

    initialize = function(data_format = NULL, keepdims = FALSE, ...) {
      super$initialize(...)
      self$data_format <- as_data_format(data_format)
      self$keepdims <- as_flag(keepdims, "keepdims")
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },

    pooled_axes = function() seq_len(self$rank) + (self$data_format == "channels_first"),

    call = function(inputs) {
      axes <- self$pooled_axes()
      dims <- tensor_shape(inputs)
      if (any(dims[axes + 1L] %in% 0L)) {
        abort_shape("the input has shape ", format_shape(dims), ": there is nothing to pool along axis ", axes[dims[axes + 1L] %in% 0L][1L] + 1L)
      }
      self$reduce(inputs, axes, self$keepdims)
    },

    get_config = function() c(super$get_config(), list(data_format = self$data_format, keepdims = self$keepdims)),

    takes = function(rank) conv_takes(self, rank, "global pooling")
  )
)
