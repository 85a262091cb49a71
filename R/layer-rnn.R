#' Recurrent layer over a cell
#'
#' Applies a cell step by step: a cell of the package ([layer_lstm_cell()], ...), several stacked, or one of your own. The package's cells run
#' fused in compiled code; your own is traced.
#'
#' A cell of your own is a layer (see [new_layer_class()]) with a field `state_size` (a number, or a list of numbers for several states) and a
#' method `call(inputs, states)` that returns `list(output, list(state, ...))`. If it has `get_initial_state(inputs, batch_size, dtype)`, that
#' gives the first states, otherwise they are zeros.
#'
#' @inheritParams layer_dense
#' @param cell A cell, or a list of cells, which are stacked.
#' @param return_sequences Whether to return the outputs of all steps, or the last.
#' @param return_state Whether to return the last states too: the result is then a list, output first.
#' @param go_backwards Whether to process the input from its last step to its first (the outputs are in the order of processing).
#' @param stateful Whether the last states of a batch are the first of the next one. Needs a fixed batch size; see [reset_states()].
#' @param unroll Whether to lay out the steps one by one instead of running them fused. Gradients of gradients need it.
#' @param time_major Whether inputs and outputs have shape (steps, batch, features).
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @param zero_output_for_mask Whether the output of a masked step is zero. The default repeats the output before it.
#' @return As `object` says; with `return_state` a list.
#' @section Input shape: (batch, steps, features)
#' @section Output shape: (batch, units), with `return_sequences` (batch, steps, units); states (batch, units)
#' @section Errors: `keratin_error_shape` for inputs of another rank; `keratin_error_argument` for a cell without `state_size`, and a stateful
#'   layer without a batch size.
#' @section Masks: the states pass a masked step unchanged.
#' @section Calls: a layer instance takes `initial_state` (a list of tensors), `constants`, `mask` and `training` besides its input.
#' @examples
#' layer_rnn(cell = list(layer_lstm_cell(3), layer_gru_cell(2)))(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
layer_rnn <- function(object, cell, return_sequences = FALSE, return_state = FALSE, go_backwards = FALSE, stateful = FALSE, unroll = FALSE,
                      time_major = FALSE, ..., zero_output_for_mask = FALSE) {
  create_layer(RNN, object, capture_args())
}

RNN <- R6::R6Class("RNN", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.base_rnn.RNN", "keras.engine.base_layer.BaseRandomLayer"),
    supports_masking = TRUE,
    cell = NULL, return_sequences = NULL, return_state = NULL, go_backwards = NULL, unroll = NULL, time_major = NULL, zero_output_for_mask = NULL,
    states = NULL,
    step_rank = NULL,   # of one step of one sample, if only one is right

    initialize = function(cell, return_sequences = FALSE, return_state = FALSE, go_backwards = FALSE, stateful = FALSE, unroll = FALSE,
                          time_major = FALSE, zero_output_for_mask = FALSE, ...) {
      super$initialize(...)
      if (is_branch(cell)) cell <- new_instance(StackedRNNCells$new(cells = cell))
      self$cell <- checked_cell(cell)
      self$return_sequences <- as_flag(return_sequences, "return_sequences")
      self$return_state <- as_flag(return_state, "return_state")
      self$go_backwards <- as_flag(go_backwards, "go_backwards")
      self$stateful <- as_flag(stateful, "stateful")
      self$unroll <- as_flag(unroll, "unroll")
      self$time_major <- as_flag(time_major, "time_major")
      self$zero_output_for_mask <- as_flag(zero_output_for_mask, "zero_output_for_mask")
      self$input_spec <- if (is.null(self$step_rank)) input_spec(min_ndim = 3L) else input_spec(ndim = 2L + self$step_rank)
    },

    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      nested <- is.list(dims) && has_names(dims)   # several inputs a step
      step_dims <- if (nested) lapply(dims, function(one) one[-if (self$time_major) 1L else 2L])
      if (is.list(dims)) dims <- dims[[1L]]
      batch <- dims[if (self$time_major) 2L else 1L]
      cell <- unwrap(self$cell)
      if (!isTRUE(cell$built)) self$build_cell(cell, if (nested) step_dims else c(batch, dims[-(1:2)]))
      if (self$stateful) {
        if (is.na(batch)) {
          abort_argument("a stateful layer must know its batch size: give `batch_input_shape` to the first layer (or `batch_shape` to layer_input())")
        }
        self$make_states(batch, dims[-(1:2)])
      }
      if (!is.null(self$step_rank)) self$input_spec <- input_spec(ndim = 2L + self$step_rank, axes = list("-1" = dims[length(dims)]))
      self$built <- TRUE
    },
    build_cell = function(cell, dims) build_sublayer(cell, dims),
    state_dims = function(step_dims) cell_state_dims(unwrap(self$cell)),
    make_states = function(batch, step_dims) {
      self$states <- nest_map_dims(self$state_dims(step_dims), function(sizes) {
        new_variable(outside_traces(op_fill(c(batch, sizes), 0, self$dtype)), paste0(self$name, "/state"), trainable = FALSE, dtype = self$dtype)
      })
    },

    call = function(inputs, mask = NULL, training = NULL, initial_state = NULL, constants = NULL) {
      parts <- split_rnn_inputs(inputs, initial_state, constants, length(self$count_states()))
      x <- parts$x
      if (is_branch(mask)) mask <- mask[[1L]]
      if (self$time_major) {
        x <- nest_map(x, swap_time)
        if (!is.null(mask)) mask <- swap_time(mask)
      }
      if (self$go_backwards) {
        x <- nest_map(x, function(one) op_reverse(one, 1L))
        if (!is.null(mask)) mask <- op_reverse(mask, 1L)
      }
      states <- self$known_states(x, parts$states)
      cell <- unwrap(self$cell)
      if (is.function(cell$reset_dropout_mask)) cell$reset_dropout_mask()
      result <- if (!self$unroll && is.null(parts$constants) && !is_branch(x)) self$run_fused(cell, x, states, mask, training)
      if (is.null(result)) result <- self$run_steps(cell, x, if (is.null(states)) self$zero_states(x) else states, mask, training, parts$constants)
      if (is.function(cell$reset_dropout_mask)) cell$reset_dropout_mask()
      if (self$stateful && !layer_state$inferring) Map(variable_assign, nest_flatten(self$states), nest_flatten(result[[2L]]))
      y <- result[[1L]]
      output <- if (self$return_sequences) { if (self$time_major) nest_map(y, swap_time) else y } else last_step(result, mask)
      if (self$return_state) c(list(output), result[[2L]]) else output
    },

    run_fused = function(cell, x, states, mask, training)
      if (is.function(cell$sequence)) cell$sequence(x, states, mask, training, self$zero_output_for_mask),

    run_steps = function(cell, x, states, mask, training, constants) {
      takes <- takes_of(cell)
      more <- c(if ("training" %in% takes) list(training = training),
                if (!is.null(constants) && any(c("constants", "...") %in% takes)) list(constants = constants))
      step <- function(input, states) do.call(cell$call, c(list(input, states), more))
      rnn_steps(step, x, states, mask, self$zero_output_for_mask)
    },

    count_states = function() cell_state_dims(unwrap(self$cell)),
    # Given, kept from the batch before, or the cell's own; NULL: zeros.
    known_states = function(x, given) {
      if (!is.null(given)) return(lapply(given, function(state) nest_map(state, function(s) input_value(s, self))))
      if (self$stateful) return(nest_map(self$states, variable_read))
      cell <- unwrap(self$cell)
      own <- if (is.function(cell$get_initial_state)) {
        cell$get_initial_state(inputs = nest_map(x, first_step), batch_size = tensor_shape(first_leaf(x))[1L], dtype = tensor_dtype(first_leaf(x)))
      }
      if (is.null(own) || is_branch(own)) own else list(own)
    },
    zero_states = function(x, one = first_leaf(x)) nest_map_dims(self$state_dims(tensor_shape(one)[-(1:2)]), function(sizes) state_zeros(one, sizes)),

    # Sets the states of a stateful layer: zeros, or the list given.
    reset_states = function(states = NULL) {
      if (!self$stateful) abort_argument('layer "', self$name, '" keeps no states: it was made without `stateful = TRUE`')
      if (is.null(self$states)) abort_argument('layer "', self$name, '" has no states yet: call it first, or give `batch_input_shape`')
      variables <- nest_flatten(self$states)
      values <- if (!is.null(states)) nest_flatten(if (is_branch(states)) states else list(states))
      if (!is.null(values) && length(values) != length(variables))
        abort_argument('layer "', self$name, '" has ', length(variables), " states, ", length(values), " were given")
      for (i in seq_along(variables)) variable_assign(variables[[i]], if (is.null(values)) op_zeros_like(variables[[i]]) else values[[i]])
      invisible()
    },

    compute_mask = function(inputs, mask = NULL) {
      if (is_branch(mask)) mask <- mask[[1L]]
      kept <- if (self$return_sequences) mask
      if (self$return_state) c(list(kept), vector("list", length(self$count_states()))) else kept
    },

    get_config = function() {
      c(super$get_config(), self$rnn_config(), if (class(self)[1L] == "RNN") list(cell = without_build_config(serialize_keras_object(self$cell))))
    },
    rnn_config = function() c(
      list(return_sequences = self$return_sequences, return_state = self$return_state, go_backwards = self$go_backwards, stateful = self$stateful,
           unroll = self$unroll, time_major = self$time_major),
      if (self$zero_output_for_mask) list(zero_output_for_mask = TRUE)),

    takes = function(rank) "a recurrent layer takes (batch, steps, features).\n  One feature per step: array_reshape(x, c(dim(x), 1))."
  )
)

checked_cell <- function(cell) {
  if (inherits(cell, "R6ClassGenerator")) abort_argument("`cell` must be a cell, not its class: make one with $new(...)")
  if (!is_layer(cell) && !(is.environment(cell) && is.function(cell$call))) {
    abort_argument("`cell` must be a cell such as layer_lstm_cell(), or a list of cells. Received: ", received(cell))
  }
  object <- unwrap(cell)
  if (is.null(object$state_size)) {
    abort_argument("the cell (", class(object)[1L], ") has no `state_size`: set it in initialize(), for instance self$state_size <- units")
  }
  cell
}

# Sizes of a cell's states without the batch: a list with an integer vector for each state (for stacked cells, a list of such lists).
cell_state_dims <- function(cell) {
  if (inherits(cell, "StackedRNNCells")) return(lapply(cell$cells, function(each) cell_state_dims(unwrap(each))))
  size <- cell$state_size
  if (is.list(size)) lapply(size, as_dims) else lapply(as.list(size), as_dims)
}
nest_map_dims <- function(x, f) if (is.list(x)) lapply(x, nest_map_dims, f) else f(x)

# The first weights of a layer inside a layer carry the names of both.
build_sublayer <- function(layer, dims, in_scope = TRUE) {
  outer <- layer_state$scope
  on.exit(layer_state$scope <- outer)
  if (in_scope) layer_state$scope <- c(outer, layer$name)
  ensure_initialized(layer)
  build_layer(layer, dims)
}

# inputs may be list(x, state, ..., constant, ...). A list with names is one input of several parts.
split_rnn_inputs <- function(inputs, initial_state, constants, state_count) {
  if (!is.null(initial_state) && !is_branch(initial_state)) initial_state <- list(initial_state)
  if (!is.null(constants) && !is_branch(constants)) constants <- list(constants)
  if (is_branch(inputs) && !has_names(inputs)) {
    rest <- inputs[-1L]
    inputs <- inputs[[1L]]
    if (length(rest) && is.null(initial_state)) {
      initial_state <- rest[seq_len(min(length(rest), state_count))]
      if (length(rest) > state_count && is.null(constants)) constants <- rest[-seq_len(state_count)]
    }
  }
  if (!is.null(initial_state) && length(initial_state) != state_count)
    abort_argument("`initial_state` must hold ", state_count, " states, it holds ", length(initial_state))
  list(x = inputs, states = initial_state, constants = constants)
}

swap_time <- function(x) op_transpose(x, c(1L, 0L, if (tensor_rank(x) > 2L) seq(2L, tensor_rank(x) - 1L)))

# The last output: the state where the two are one and no mask comes between them, else the sequence's last step.
last_step <- function(result, mask) {
  if (!is.null(result$last)) return(result$last)
  if (is.null(mask) && isTRUE(result$state_is_output)) return(nest_flatten(result[[2L]])[[1L]])
  y <- result[[1L]]
  rank <- tensor_rank(y)
  steps <- tensor_shape(y)[2L]
  if (is.na(steps)) return(first_step(y))   # only the type is wanted
  op_squeeze(op_slice(y, c(0L, steps - 1L, rep(0L, rank - 2L)), c(-1L, 1L, rep(-1L, rank - 2L))), 1L)
}

# ---- step by step. `step(x, states)` gives list(output, states); the result is list(sequence, states, last =).
rnn_steps <- function(step, x, states, mask = NULL, zero_output_for_mask = FALSE) {
  if (layer_state$inferring || is.na(tensor_shape(first_leaf(x))[2L])) return(infer_steps(step, x, states))
  leaves <- lapply(nest_flatten(x), op_unstack, axis = 1L)
  inputs <- lapply(seq_along(leaves[[1L]]), function(t) nest_pack(x, lapply(leaves, `[[`, t)))
  masks <- if (!is.null(mask)) op_unstack(op_cast(mask, "bool"), axis = 1L)
  outputs <- vector("list", length(inputs))
  for (t in seq_along(inputs)) {
    result <- step_result(step(inputs[[t]], states))
    output <- result[[1L]]
    new_states <- nest_pack(states, nest_flatten(result[[2L]]))
    if (!is.null(masks)) {
      before <- if (t == 1L || zero_output_for_mask) nest_map(output, op_zeros_like) else outputs[[t - 1L]]
      output <- nest_pack(output, Map(function(new, old) select_samples(masks[[t]], new, old), nest_flatten(output), nest_flatten(before)))
      old <- nest_flatten(states)
      new_states <- nest_pack(states, Map(function(new, old) select_samples(masks[[t]], new, old), nest_flatten(new_states), old))
    }
    outputs[[t]] <- output
    states <- new_states
  }
  last <- outputs[[length(outputs)]]
  flat <- lapply(outputs, nest_flatten)
  stacked <- lapply(seq_along(flat[[1L]]), function(i) op_stack(lapply(flat, `[[`, i), axis = 1L))
  list(nest_pack(last, stacked), states, last = last)
}

step_result <- function(result) {
  if (!is_branch(result) || length(result) != 2L) abort_argument("a step must give list(output, states). Received: ", received(result))
  if (!is_branch(result[[2L]])) result[[2L]] <- list(result[[2L]])
  result
}

select_samples <- function(valid, new, old) {
  while (tensor_rank(valid) < tensor_rank(new)) valid <- op_expand_dims(valid, -1L)
  op_select(valid, new, old)
}

# Only types are wanted: one step tells them all.
infer_steps <- function(step, x, states) {
  result <- step_result(step(nest_map(x, first_step), states))
  list(nest_map(result[[1L]], function(one) spread_over_steps(one, first_leaf(x))), nest_pack(states, nest_flatten(result[[2L]])),
       last = result[[1L]])
}
# [batch, ...] to [batch, steps, ...] with the (perhaps unknown) number of steps of x.
spread_over_steps <- function(one, x) {
  rank <- tensor_rank(x)
  steps <- op_cast(op_zeros_like(x), tensor_dtype(one))
  if (rank > 2L) steps <- op_reduce_sum(steps, seq(2L, rank - 1L))
  for (axis in seq_len(tensor_rank(one) - 1L)) steps <- op_expand_dims(steps, -1L)
  op_add(op_expand_dims(one, 1L), steps)
}

# A function of samples, applied to every step: [batch, steps, ...] to [batch, steps, ...].
apply_to_steps <- function(x, f) {
  dims <- tensor_shape(x)
  samples <- prod(dims[1:2])
  outputs <- f(merge_steps(x))
  nest_map(outputs, function(y) {
    if (is.na(samples) && sum(is.na(c(dims[1:2], tensor_shape(y)[-1L]))) > 1L) return(spread_over_steps(one_per_batch(y, x), x))
    op_reshape(y, c(dims[1:2], tensor_shape(y)[-1L]))
  })
}
merge_steps <- function(x) {
  dims <- tensor_shape(x)
  op_reshape(x, c(if (anyNA(dims[1:2])) NA else prod(dims[1:2]), dims[-(1:2)]))
}
# Sizes are unknown and only the type is wanted: [batch * steps, ...] to [batch, ...].
one_per_batch <- function(y, x) {
  first <- op_slice(y, rep(0L, tensor_rank(y)), c(1L, rep(-1L, tensor_rank(y) - 1L)))
  op_add(first, op_cast(state_zeros(x, rep(1L, tensor_rank(y) - 1L)), tensor_dtype(y)))
}

#' Forget the states of stateful layers
#'
#' @param object A model or a layer made with `stateful = TRUE`.
#' @return The object, invisibly.
#' @examples
#' model <- keras_model_sequential() |> layer_lstm(2, stateful = TRUE, batch_input_shape = c(1, 3, 2))
#' reset_states(model)
#' @family recurrent layers
#' @export
reset_states <- function(object) {
  for (layer in flatten_layers(unwrap(object))) if (inherits(layer, "RNN") && layer$stateful && !is.null(layer$states)) layer$reset_states()
  invisible(object)
}

# As Keras writes the cell of a recurrent layer.
without_build_config <- function(config) config[names(config) != "build_config"]
