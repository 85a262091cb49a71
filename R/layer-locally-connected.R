# Locally connected layers: convolutions whose weights differ from place to place. Rank 1 and 2 only forward.

LocallyConnected <- R6::R6Class("LocallyConnected", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL, filters = NULL, kernel_size = NULL, strides = NULL, padding = NULL, data_format = NULL, activation = NULL, use_bias = NULL,
    kernel = NULL,
    bias = NULL, kernel_initializer = NULL, bias_initializer = NULL, kernel_regularizer = NULL, bias_regularizer = NULL, kernel_constraint = NULL,
    bias_constraint = NULL, implementation = NULL, sizes = NULL, output_sizes = NULL, channels = NULL,

    initialize = function(filters, kernel_size, strides = 1L, padding = "valid", data_format = NULL, activation = NULL, use_bias = TRUE,
                          kernel_initializer = "glorot_uniform", bias_initializer = "zeros", kernel_regularizer = NULL, bias_regularizer = NULL,
                          activity_regularizer = NULL, kernel_constraint = NULL, bias_constraint = NULL, implementation = 1L, ...) {
      super$initialize(activity_regularizer = activity_regularizer, ...)
      self$filters <- as_count(filters, "filters")
      self$kernel_size <- as_sizes(kernel_size, self$rank, "kernel_size")
      self$strides <- as_sizes(strides, self$rank, "strides")
      self$padding <- as_choice(padding, c("valid", "same"), "padding")
      self$implementation <- as_count(implementation, "implementation")
      if (self$implementation > 3L) abort_argument("`implementation` must be 1, 2 or 3. Received: implementation = ", self$implementation)
      if (self$padding == "same" && self$implementation == 1L)
        abort_argument('`padding = "same"` needs `implementation` 2 or 3. Received: implementation = 1')
      self$data_format <- as_data_format(data_format)
      self$activation <- get_activation(activation)
      self$use_bias <- as_flag(use_bias, "use_bias")
      keep_weight_rules(self, c("kernel", "bias"))
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },

    is_channels_first = function() self$data_format == "channels_first",

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      if (anyNA(dims[-1L])) {
        abort_shape("the input has shape ", format_shape(dims),
                    ": a locally connected layer must know all sizes of a sample, its weights differ from place to place")
      }
      self$channels <- dims[if (self$is_channels_first()) 2L else length(dims)]
      self$sizes <- if (self$is_channels_first()) dims[-(1:2)] else dims[-c(1L, length(dims))]
      pads <- conv_pads(c(NA, self$sizes), self$kernel_size, self$strides, rep(1L, self$rank), self$padding)
      self$output_sizes <- (self$sizes + pads$before + pads$after - self$kernel_size) %/% self$strides + 1L
      places <- prod(self$output_sizes)
      order <- function(sizes, channels) if (self$is_channels_first()) c(channels, sizes) else c(sizes, channels)
      shape <- switch(self$implementation,
        c(places, prod(self$kernel_size) * self$channels, self$filters),
        c(order(self$sizes, self$channels), order(self$output_sizes, self$filters)),
        sum(self$window_counts()) * self$channels * self$filters)
      self$kernel <- self$add_weight("kernel", as.integer(shape), initializer = self$kernel_initializer, regularizer = self$kernel_regularizer,
                                     constraint = self$kernel_constraint)
      if (self$use_bias)
        self$bias <- self$add_weight("bias", c(self$output_sizes, self$filters), initializer = self$bias_initializer,
                                     regularizer = self$bias_regularizer,
                                     constraint = self$bias_constraint)
      self$input_spec <- input_spec(ndim = self$rank + 2L, axes = setNames(list(self$channels), if (self$is_channels_first()) "1" else "-1"))
      self$built <- TRUE
    },

    # For every output place (row-major) the input places of its window, each a vector of row-major places from 0, in order. Unlike those of
    # convolutions, windows of padding "same" have their middle at the place itself, whatever the stride.
    windows = function() {
      before <- if (self$padding == "same") self$kernel_size %/% 2L else rep(0L, self$rank)
      along <- lapply(seq_len(self$rank), function(axis) lapply(seq_len(self$output_sizes[axis]) - 1L, function(o) {
        at <- o * self$strides[axis] - before[axis] + seq_len(self$kernel_size[axis]) - 1L
        at[at >= 0L & at < self$sizes[axis]]
      }))
      if (self$rank == 1L) return(along[[1L]])
      unlist(lapply(along[[1L]], function(rows) lapply(along[[2L]], function(columns) as.vector(t(outer(rows * self$sizes[2L], columns, "+"))))),
             recursive = FALSE)
    },
    window_counts = function() lengths(self$windows()),

    call = function(inputs) {
      batch <- tensor_shape(inputs)[1L]
      flat <- if (self$implementation == 1L) self$by_place(inputs) else
        op_matmul(op_reshape(inputs, c(batch, prod(self$sizes) * self$channels)), self$dense_kernel())
      first <- self$is_channels_first()
      y <- if (first && self$implementation > 1L) op_reshape(flat, c(batch, self$filters, self$output_sizes)) else
        channels_back(op_reshape(flat, c(batch, self$output_sizes, self$filters)), self$data_format)
      # With channels first the bias is read as (filters, places) from the same memory, as in Keras.
      if (!is.null(self$bias)) y <- op_add(y, if (first) op_reshape(self$bias, c(self$filters, self$output_sizes)) else self$bias)
      self$activation(y)
    },

    # One product for each place: [places, batch, window] with [places, window, filters].
    by_place = function(inputs) {
      x <- channels_to_last(inputs, self$data_format)
      places <- prod(self$sizes)
      x <- op_reshape(x, c(tensor_shape(x)[1L], places, self$channels))
      window <- prod(self$kernel_size)
      x <- op_gather(op_transpose(x, c(1L, 0L, 2L)), unlist(self$windows()))   # [out places * window, batch, channels]
      x <- op_reshape(x, c(prod(self$output_sizes), window, tensor_shape(inputs)[1L], self$channels))
      order <- if (self$is_channels_first()) c(0L, 2L, 3L, 1L) else c(0L, 2L, 1L, 3L)
      x <- op_reshape(op_transpose(x, order), c(prod(self$output_sizes), tensor_shape(inputs)[1L], window * self$channels))
      op_transpose(op_matmul(x, self$kernel), c(1L, 0L, 2L))
    },

    # The whole map from inputs to outputs [sizes * channels, output sizes * filters], zero outside the windows.
    dense_kernel = function() {
      places <- prod(self$sizes)
      inputs <- places * self$channels
      outputs <- prod(self$output_sizes) * self$filters
      input_of <- function(place, channel) if (self$is_channels_first()) channel * places + place else place * self$channels + channel
      output_of <- function(place, filter) if (self$is_channels_first()) filter * prod(self$output_sizes) + place else place * self$filters + filter
      windows <- self$windows()
      pairs <- do.call(rbind, lapply(seq_along(windows), function(o) {
        from <- as.vector(outer(seq_len(self$channels) - 1L, windows[[o]], function(channel, place) input_of(place, channel)))
        to <- vapply(seq_len(self$filters) - 1L, function(filter) output_of(o - 1L, filter), 0)
        cbind(rep(to, each = length(from)), rep(from, length(to)))
      }))
      pairs <- pairs[order(pairs[, 1L], pairs[, 2L]), , drop = FALSE]
      if (self$implementation == 2L) {
        allowed <- matrix(0, inputs, outputs)
        allowed[cbind(pairs[, 2L] + 1L, pairs[, 1L] + 1L)] <- 1
        return(op_multiply(op_reshape(self$kernel, c(inputs, outputs)), allowed))
      }
      at <- matrix(nrow(pairs), inputs, outputs)   # a zero stands behind the weights
      at[cbind(pairs[, 2L] + 1L, pairs[, 1L] + 1L)] <- seq_len(nrow(pairs)) - 1
      storage.mode(at) <- "integer"
      op_gather(op_concat(list(self$kernel, op_fill(1L, 0, tensor_dtype(self$kernel))), 0L), at)
    },

    get_config = function() c(super$get_config(), list(
      filters = self$filters, kernel_size = as.list(self$kernel_size), strides = as.list(self$strides), padding = self$padding,
      data_format = self$data_format,
      activation = serialize_activation(self$activation), use_bias = self$use_bias, kernel_initializer = serialize_callable(self$kernel_initializer),
      bias_initializer = serialize_callable(self$bias_initializer), kernel_regularizer = serialize_callable(self$kernel_regularizer),
      bias_regularizer = serialize_callable(self$bias_regularizer), activity_regularizer = serialize_callable(self$activity_regularizer),
      kernel_constraint = serialize_callable(self$kernel_constraint), bias_constraint = serialize_callable(self$bias_constraint),
      implementation = self$implementation)),

    takes = function(rank) conv_takes(self, rank, "locally connected layer")
  )
)
