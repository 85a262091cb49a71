# Recurrences over all steps. `sums` [batch, steps, gates * units]: the input's part of every step's sums, kernel and bias in it (op_dense);
# `mask` [batch, steps]; `recurrent_dropout` [batch, units] multiplies the state on its way into the recurrent kernel. `activation` and
# `recurrent_activation` are one of `fused_activations`. Each gives a list: the output sequence, then the last states.
fused_activations <- c("linear", "tanh", "sigmoid", "hard_sigmoid", "relu", "relu6", "elu", "selu", "softsign", "exponential")

# Gates: i, f, c, o.
op_lstm <- function(sums, recurrent_kernel, states = NULL, mask = NULL, recurrent_dropout = NULL, activation = "tanh",
                    recurrent_activation = "sigmoid", zero_output_for_mask = FALSE) {
  recurrence("lstm", 3L, sums, recurrent_kernel, states, NULL, mask, recurrent_dropout, list(
    activation = activation, recurrent_activation = recurrent_activation, zero_output_for_mask = zero_output_for_mask))
}
# Gates: z, r, h. `recurrent_bias` belongs to reset_after = TRUE.
op_gru <- function(sums, recurrent_kernel, recurrent_bias = NULL, states = NULL, mask = NULL, recurrent_dropout = NULL, activation = "tanh",
                   recurrent_activation = "sigmoid", reset_after = TRUE, zero_output_for_mask = FALSE) {
  recurrence("gru", 2L, sums, recurrent_kernel, states, recurrent_bias, mask, recurrent_dropout, list(
    activation = activation, recurrent_activation = recurrent_activation, reset_after = reset_after, zero_output_for_mask = zero_output_for_mask))
}
op_simple_rnn <- function(sums, recurrent_kernel, states = NULL, mask = NULL, recurrent_dropout = NULL, activation = "tanh",
                          zero_output_for_mask = FALSE) {
  recurrence("simple_rnn", 2L, sums, recurrent_kernel, states, NULL, mask, recurrent_dropout, list(
    activation = activation, zero_output_for_mask = zero_output_for_mask))
}

# Gates: i, f, c, o. `sums` [batch, steps, spatial..., 4 * filters]; the state is convolved with stride 1 and padding "same".
op_conv_lstm <- function(sums, recurrent_kernel, states = NULL, mask = NULL, recurrent_dropout = NULL, activation = "tanh",
                         recurrent_activation = "hard_sigmoid", zero_output_for_mask = FALSE) {
  recurrence("conv_lstm", 3L, sums, recurrent_kernel, states, NULL, mask, recurrent_dropout, list(
    activation = activation, recurrent_activation = recurrent_activation, zero_output_for_mask = zero_output_for_mask))
}

recurrence <- function(name, outputs, sums, recurrent_kernel, states, recurrent_bias, mask, recurrent_dropout, attributes) {
  optional <- list(states = states, recurrent_bias = if (!is.null(recurrent_bias)) list(recurrent_bias), mask = if (!is.null(mask)) list(mask),
                   recurrent_dropout = if (!is.null(recurrent_dropout)) list(recurrent_dropout))
  present <- lapply(optional, function(x) length(x) > 0L)
  inputs <- c(list(sums, recurrent_kernel), unlist(unname(optional), recursive = FALSE))
  call_op(name, inputs, c(attributes, present))[seq_len(outputs)]
}
