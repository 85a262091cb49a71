# Recurrences over all steps of x [batch, steps, channels]. `mask` [batch, steps]; `recurrent_dropout` [batch, units] multiplies the state on its way
# into the recurrent kernel. `activation` and
# `recurrent_activation` are one of `fused_activations`. Each gives a list: the output sequence, then the last states.
fused_activations <- c("linear", "tanh", "sigmoid", "hard_sigmoid", "relu", "relu6", "elu", "selu", "softsign", "exponential")

# Gates: i, f, c, o.
op_lstm <- function(x, kernel, recurrent_kernel, bias = NULL, states = NULL, mask = NULL, recurrent_dropout = NULL, activation = "tanh",
                    recurrent_activation = "sigmoid", zero_output_for_mask = FALSE) {
  recurrence("lstm", 3L, list(x, kernel, recurrent_kernel), bias, states, NULL, mask, recurrent_dropout, list(
    activation = activation, recurrent_activation = recurrent_activation, zero_output_for_mask = zero_output_for_mask))
}
# Gates: z, r, h. `recurrent_bias` belongs to reset_after = TRUE.
op_gru <- function(x, kernel, recurrent_kernel, bias = NULL, recurrent_bias = NULL, states = NULL, mask = NULL, recurrent_dropout = NULL,
                   activation = "tanh", recurrent_activation = "sigmoid", reset_after = TRUE, zero_output_for_mask = FALSE) {
  recurrence("gru", 2L, list(x, kernel, recurrent_kernel), bias, states, recurrent_bias, mask, recurrent_dropout, list(
    activation = activation, recurrent_activation = recurrent_activation, reset_after = reset_after, zero_output_for_mask = zero_output_for_mask))
}
op_simple_rnn <- function(x, kernel, recurrent_kernel, bias = NULL, states = NULL, mask = NULL, recurrent_dropout = NULL, activation = "tanh",
                          zero_output_for_mask = FALSE) {
  recurrence("simple_rnn", 2L, list(x, kernel, recurrent_kernel), bias, states, NULL, mask, recurrent_dropout, list(
    activation = activation, zero_output_for_mask = zero_output_for_mask))
}

# Gates: i, f, c, o. `sums` [batch, steps, spatial..., 4 * filters]: the input's part of every step's sums, kernel and bias in it; the state is
# convolved with stride 1 and padding "same".
op_conv_lstm <- function(sums, recurrent_kernel, states = NULL, mask = NULL, recurrent_dropout = NULL, activation = "tanh",
                         recurrent_activation = "hard_sigmoid", zero_output_for_mask = FALSE) {
  recurrence("conv_lstm", 3L, list(sums, recurrent_kernel), NULL, states, NULL, mask, recurrent_dropout, list(
    activation = activation, recurrent_activation = recurrent_activation, zero_output_for_mask = zero_output_for_mask))
}

recurrence <- function(name, outputs, fixed, bias, states, recurrent_bias, mask, recurrent_dropout, attributes) {
  one <- function(x) if (!is.null(x)) list(x)
  optional <- list(bias = one(bias), states = states, recurrent_bias = one(recurrent_bias), mask = one(mask),
                   recurrent_dropout = one(recurrent_dropout))
  present <- lapply(optional, function(x) length(x) > 0L)
  inputs <- c(fixed, unlist(unname(optional), recursive = FALSE))
  call_op(name, inputs, c(attributes, present))[seq_len(outputs)]
}
