# What the cells of simple_rnn, gru and lstm share. A cell computes one step: call(inputs, states) -> list(output, states). `sequence()` does
# all steps of a layer at once in the core, where the activations are among those it knows.

RecurrentCell <- R6::R6Class("RecurrentCell", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    gates = 1L,
    units = NULL, activation = NULL, recurrent_activation = NULL, use_bias = NULL, kernel = NULL, recurrent_kernel = NULL, bias = NULL,
    kernel_initializer = NULL, recurrent_initializer = NULL, bias_initializer = NULL, kernel_regularizer = NULL, recurrent_regularizer = NULL,
    bias_regularizer = NULL, kernel_constraint = NULL, recurrent_constraint = NULL, bias_constraint = NULL, dropout = NULL, recurrent_dropout = NULL,
    implementation = 2L, state_size = NULL, output_size = NULL, step_masks = NULL,

    initialize = function(units, activation = "tanh", use_bias = TRUE, kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal",
                          bias_initializer = "zeros", kernel_regularizer = NULL, recurrent_regularizer = NULL, bias_regularizer = NULL,
                          kernel_constraint = NULL, recurrent_constraint = NULL, bias_constraint = NULL, dropout = 0, recurrent_dropout = 0, ...,
                          recurrent_activation = NULL, implementation = 2L) {
      super$initialize(...)
      self$units <- as_count(units, "units")
      self$activation <- get_activation(activation)
      self$recurrent_activation <- if (!is.null(recurrent_activation)) get_activation(recurrent_activation)
      self$use_bias <- as_flag(use_bias, "use_bias")
      for (name in c("kernel_initializer", "recurrent_initializer", "bias_initializer")) self[[name]] <- get_initializer(get(name))
      for (name in c("kernel_regularizer", "recurrent_regularizer", "bias_regularizer")) assign(name, get_regularizer(get(name)), envir = self)
      for (name in c("kernel_constraint", "recurrent_constraint", "bias_constraint")) assign(name, get_constraint(get(name)), envir = self)
      self$dropout <- min(1, max(0, as_number(dropout, "dropout")))
      self$recurrent_dropout <- min(1, max(0, as_number(recurrent_dropout, "recurrent_dropout")))
      self$implementation <- if (self$recurrent_dropout > 0) 1L else as_count(implementation, "implementation")   # as configs of Keras say
      self$state_size <- self$units
      self$output_size <- self$units
    },

    bias_dims = function() self$gates * self$units,
    first_bias = function() self$bias_initializer,

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      channels <- dims[length(dims)]
      if (is.na(channels)) abort_shape("the last axis of the input must be known to make the weights, the steps have shape ", format_shape(dims))
      columns <- self$gates * self$units
      self$kernel <- self$add_weight("kernel", c(channels, columns), initializer = self$kernel_initializer, regularizer = self$kernel_regularizer,
                                     constraint = self$kernel_constraint)
      self$recurrent_kernel <- self$add_weight("recurrent_kernel", c(self$units, columns), initializer = self$recurrent_initializer,
                                               regularizer = self$recurrent_regularizer, constraint = self$recurrent_constraint)
      if (self$use_bias)
        self$bias <- self$add_weight("bias", self$bias_dims(), initializer = self$first_bias(), regularizer = self$bias_regularizer,
                                     constraint = self$bias_constraint)
      self$built <- TRUE
    },

    # ---- dropout: one mask for all steps of a call
    reset_dropout_mask = function() self$step_masks <- NULL,
    reset_recurrent_dropout_mask = function() self$step_masks <- NULL,
    masks = function(inputs, training) {
      if (!isTRUE(training) || (self$dropout == 0 && self$recurrent_dropout == 0)) return(list())
      if (is.null(self$step_masks))
        self$step_masks <- list(input = if (self$dropout > 0) op_dropout(op_ones_like(inputs), self$dropout),
                                recurrent = if (self$recurrent_dropout > 0) op_dropout(state_zeros(inputs, self$units, 1), self$recurrent_dropout))
      self$step_masks
    },

    # ---- all steps: list(sequence, states), or NULL if the core does not know the activations
    sequence = function(x, states, mask, training, zero_output_for_mask) {
      names <- c(fused_name(self$activation), if (!is.null(self$recurrent_activation)) fused_name(self$recurrent_activation))
      if (anyNA(names)) return(NULL)
      drop <- self$masks(first_step(x), training)
      self$step_masks <- NULL
      if (!is.null(drop$input)) x <- op_multiply(x, op_expand_dims(drop$input, 1L))
      result <- self$fused(x, states, mask, drop$recurrent, names, zero_output_for_mask)
      list(result[[1L]], result[-1L], state_is_output = TRUE)
    },

    get_config = function() {
      c(super$get_config(), list(units = self$units, activation = serialize_activation(self$activation)),
        if (!is.null(self$recurrent_activation)) list(recurrent_activation = serialize_activation(self$recurrent_activation)),
        list(use_bias = self$use_bias), self$weight_config(), list(dropout = self$dropout, recurrent_dropout = self$recurrent_dropout))
    },
    initializer_config = function() list(
      kernel_initializer = serialize_callable(self$kernel_initializer), recurrent_initializer = serialize_callable(self$recurrent_initializer),
      bias_initializer = serialize_callable(self$bias_initializer)),
    weight_config = function() c(self$initializer_config(), list(
      kernel_regularizer = serialize_callable(self$kernel_regularizer), recurrent_regularizer = serialize_callable(self$recurrent_regularizer),
      bias_regularizer = serialize_callable(self$bias_regularizer), kernel_constraint = serialize_callable(self$kernel_constraint),
      recurrent_constraint = serialize_callable(self$recurrent_constraint), bias_constraint = serialize_callable(self$bias_constraint)))
  )
)

fused_name <- function(activation) {
  name <- serialize_activation(activation)
  if (is.character(name) && length(name) == 1L && name %in% fused_activations) name else NA_character_
}

# Slices of the last axis, `units` wide each.
gate_columns <- function(x, units) {
  rank <- tensor_rank(x)
  gates <- tensor_shape(x)[rank] %/% units
  op_split(x, axis = rank - 1L, sizes = rep(units, gates))
}

first_step <- function(x) {
  rank <- tensor_rank(x)
  op_squeeze(op_slice(x, rep(0L, rank), c(-1L, 1L, rep(-1L, rank - 2L))), 1L)
}

# [batch, sizes] of a value, for the batch of `inputs`.
state_zeros <- function(inputs, sizes, value = 0) {
  dims <- tensor_shape(inputs)
  dtype <- tensor_dtype(inputs)
  if (!is_float(dtype)) dtype <- k_floatx()
  if (!is.na(dims[1L])) return(op_fill(c(dims[1L], sizes), value, dtype))
  one <- op_zeros_like(op_cast(inputs, dtype))
  one <- op_reduce_sum(op_reshape(one, c(NA, max(1, prod(dims[-1L], na.rm = TRUE)))), 1L, keepdims = TRUE)
  op_add(op_reshape(one, c(NA, rep(1L, length(sizes)))), op_fill(c(1L, sizes), value, dtype))
}

# One state or a list of them.
only_state <- function(states) if (is_branch(states)) states[[1L]] else states
