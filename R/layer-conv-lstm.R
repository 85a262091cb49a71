# Convolutional LSTM of rank 1 to 3: the ranks only forward (layer-conv-lstm-1d.R, ...). Outside it may be channels_first; the cell, its
# states and the fused op are channels_last.

ConvLSTMCell <- R6::R6Class("ConvLSTMCell", inherit = LSTMCell, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL, filters = NULL, kernel_size = NULL, strides = NULL, padding = NULL, data_format = NULL, dilation_rate = NULL,

    initialize = function(rank, filters, kernel_size, strides = 1L, padding = "valid", data_format = NULL, dilation_rate = 1L, ...) {
      self$rank <- rank
      self$filters <- as_count(filters, "filters")
      super$initialize(units = self$filters, ...)
      self$kernel_size <- as_sizes(kernel_size, rank, "kernel_size")
      self$strides <- as_sizes(strides, rank, "strides")
      self$padding <- as_choice(padding, c("valid", "same"), "padding")
      self$data_format <- as_data_format(data_format)
      self$dilation_rate <- as_sizes(dilation_rate, rank, "dilation_rate")
      if (any(self$strides > 1L) && any(self$dilation_rate > 1L))
        abort_argument("`strides` > 1 cannot be combined with `dilation_rate` > 1. Received: strides = ", received(self$strides),
                       ", dilation_rate = ", received(self$dilation_rate))
    },

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      channels <- dims[length(dims)]
      if (is.na(channels)) abort_shape("the channel axis of the input must be known to make the weights, a step has shape ", format_shape(dims))
      self$kernel <- self$add_weight("kernel", c(self$kernel_size, channels, 4L * self$filters), initializer = self$kernel_initializer,
                                     regularizer = self$kernel_regularizer, constraint = self$kernel_constraint)
      self$recurrent_kernel <- self$add_weight("recurrent_kernel", c(self$kernel_size, self$filters, 4L * self$filters),
                                               initializer = self$recurrent_initializer,
                                               regularizer = self$recurrent_regularizer, constraint = self$recurrent_constraint)
      if (self$use_bias)
        self$bias <- self$add_weight("bias", 4L * self$filters, initializer = self$first_bias(), regularizer = self$bias_regularizer,
                                     constraint = self$bias_constraint)
      self$built <- TRUE
    },

    # Dropout has a mask for each gate. Four masked copies of what goes in, side by side, are convolved in groups, one for each gate; the
    # kernel is the same.
    gate_copies = function(x) op_concat(rep(list(x), 4L), tensor_rank(x) - 1L),
    groups_of = function(x, kernel) tensor_shape(x)[self$rank + 2L] %/% tensor_shape(kernel)[self$rank + 1L],
    drops_inputs = function(training) isTRUE(training) && self$dropout > 0,
    convolve = function(x) {
      pads <- conv_pads(tensor_shape(x), self$kernel_size, self$strides, self$dilation_rate, self$padding)
      op_conv(x, self$kernel, self$bias, strides = self$strides, dilation = self$dilation_rate, groups = self$groups_of(x, self$kernel),
              padding_before = pads$before, padding_after = pads$after)
    },
    convolve_state = function(h) {
      pads <- conv_pads(tensor_shape(h), self$kernel_size, rep(1L, self$rank), rep(1L, self$rank), "same")
      op_conv(h, self$recurrent_kernel, groups = self$groups_of(h, self$recurrent_kernel), padding_before = pads$before, padding_after = pads$after)
    },
    # Spatial sizes of a step's output.
    output_sizes = function(step_dims) {
      step_dims <- as_dims(step_dims)
      pads <- conv_pads(c(NA, step_dims), self$kernel_size, self$strides, self$dilation_rate, self$padding)
      (step_dims[seq_len(self$rank)] + pads$before + pads$after - (self$kernel_size - 1L) * self$dilation_rate - 1L) %/% self$strides + 1L
    },

    call = function(inputs, states, training = NULL) {
      h <- states[[1L]]
      if (self$drops_inputs(training)) inputs <- self$gate_copies(inputs)
      drop <- self$masks(inputs, training, h)
      if (!is.null(drop$input)) inputs <- op_multiply(inputs, drop$input)
      seen <- if (is.null(drop$recurrent)) h else op_multiply(self$gate_copies(h), drop$recurrent)
      sums <- gate_columns(op_add(self$convolve(inputs), self$convolve_state(seen)), self$filters)
      gate <- self$recurrent_activation
      c <- op_add(op_multiply(gate(sums[[2L]]), states[[2L]]), op_multiply(gate(sums[[1L]]), self$activation(sums[[3L]])))
      h <- op_multiply(gate(sums[[4L]]), self$activation(c))
      list(h, list(h, c))
    },

    # `inputs`: the gates' copies, where they are dropped.
    masks = function(inputs, training, state = NULL) {
      if (!isTRUE(training) || (self$dropout == 0 && self$recurrent_dropout == 0)) return(list())
      if (is.null(self$step_masks)) {
        if (is.null(state)) state <- state_zeros(inputs, c(self$output_sizes(tensor_shape(inputs)[-1L]), self$filters))
        self$step_masks <- list(input = if (self$dropout > 0) op_dropout(op_ones_like(inputs), self$dropout),
                                recurrent = if (self$recurrent_dropout > 0) op_dropout(op_ones_like(self$gate_copies(state)), self$recurrent_dropout))
      }
      self$step_masks
    },

    sequence = function(x, states, mask, training, zero_output_for_mask)
      super$sequence(if (self$drops_inputs(training)) self$gate_copies(x) else x, states, mask, training, zero_output_for_mask),
    fused = function(x, states, mask, dropout, activations, zero_output_for_mask)
      op_conv_lstm(apply_to_steps(x, self$convolve), self$recurrent_kernel, states, mask, dropout, activations[1L], activations[2L],
                   zero_output_for_mask),

    get_config = function() {
      config <- super$get_config()
      config <- config[!names(config) %in% c("units", "implementation")]
      at <- match("activation", names(config)) - 1L
      append(config, list(filters = self$filters, kernel_size = as.list(self$kernel_size), strides = as.list(self$strides), padding = self$padding,
                          data_format = self$data_format, dilation_rate = as.list(self$dilation_rate)), at)
    }
  )
)

ConvLSTM <- R6::R6Class("ConvLSTM", inherit = CellRNN, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL,
    initialize = function(...) {
      self$step_rank <- self$rank + 1L
      super$initialize(...)
    },
    make_cell = function(arguments) do.call(ConvLSTMCell$new, c(list(rank = self$rank, name = "conv_lstm_cell"), arguments)),
    build_cell = function(cell, dims) build_sublayer(cell, dims, in_scope = FALSE),
    state_dims = function(step_dims) {
      cell <- unwrap(self$cell)
      sizes <- c(cell$output_sizes(step_dims), cell$filters)
      list(sizes, sizes)
    },
    is_channels_first = function() unwrap(self$cell)$data_format == "channels_first",

    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      if (is.list(dims)) dims <- dims[[1L]]
      if (length(dims) != self$rank + 3L) abort_shape("the input has shape ", format_shape(dims), ", ", self$takes(length(dims)))
      if (!self$is_channels_first()) return(super$build(shape_as_list(dims)))
      super$build(shape_as_list(dims[c(1:2, seq(4L, length(dims)), 3L)]))
      self$input_spec <- input_spec(ndim = 2L + self$step_rank, axes = list("2" = dims[3L]))
    },

    call = function(inputs, mask = NULL, training = NULL, initial_state = NULL) {
      if (!self$is_channels_first()) return(super$call(inputs, mask, training, initial_state))
      parts <- split_rnn_inputs(inputs, initial_state, NULL, 2L)
      to_last <- function(x, lead) op_transpose(x, c(seq_len(lead) - 1L, lead + seq_len(self$rank), lead))
      states <- if (!is.null(parts$states)) lapply(parts$states, function(state) to_last(input_value(state, self), 1L))
      outputs <- super$call(to_last(parts$x, 2L), mask, training, states)
      nest_map(outputs, function(y) {
        lead <- tensor_rank(y) - self$rank - 1L
        op_transpose(y, c(seq_len(lead) - 1L, lead + self$rank, lead + seq_len(self$rank) - 1L))
      })
    },

    # One step goes through the convolution of the inputs; that of the state keeps its sizes.
    explain = function(dims) {
      step <- if (self$is_channels_first()) dims[c(1L, seq(4L, length(dims)), 3L)] else dims[-2L]
      explain_conv(unwrap(self$cell), step)
    },

    takes = function(rank) {
      spatial <- axis_words[[self$rank]]
      axes <- if (self$is_channels_first()) c("batch", "steps", "channels", spatial) else c("batch", "steps", spatial, "channels")
      paste0("a ", self$rank, "-D convolutional LSTM takes (", paste(axes, collapse = ", "), ")")
    }
  )
)
