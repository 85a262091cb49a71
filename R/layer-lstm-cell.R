#' Cell of a long short-term memory
#'
#' One step of [layer_lstm()], for [layer_rnn()] and [layer_stacked_rnn_cells()].
#'
#' @inheritParams layer_lstm
#' @param ... Common arguments of layers: `name`, `dtype`, `trainable`.
#' @return A layer: `cell(inputs, list(h, c))` gives `list(output, list(h, c))`.
#' @references Hochreiter & Schmidhuber (1997), \doi{10.1162/neco.1997.9.8.1735}.
#' @examples
#' layer_rnn(cell = layer_lstm_cell(units = 2))(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
layer_lstm_cell <- function(units, activation = "tanh", recurrent_activation = "sigmoid", use_bias = TRUE, kernel_initializer = "glorot_uniform",
                            recurrent_initializer = "orthogonal", bias_initializer = "zeros", unit_forget_bias = TRUE, kernel_regularizer = NULL,
                            recurrent_regularizer = NULL, bias_regularizer = NULL, kernel_constraint = NULL, recurrent_constraint = NULL,
                            bias_constraint = NULL, dropout = 0, recurrent_dropout = 0, ...) {
  create_layer(LSTMCell, NULL, capture_args())
}

LSTMCell <- R6::R6Class("LSTMCell", inherit = RecurrentCell, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.lstm.LSTMCell", "keras.layers.rnn.dropout_rnn_cell_mixin.DropoutRNNCellMixin",
                    "keras.engine.base_layer.BaseRandomLayer"),
    gates = 4L,
    unit_forget_bias = NULL,

    initialize = function(units, ..., recurrent_activation = "sigmoid", unit_forget_bias = TRUE) {
      super$initialize(units, recurrent_activation = recurrent_activation, ...)
      self$unit_forget_bias <- as_flag(unit_forget_bias, "unit_forget_bias")
      self$state_size <- list(self$units, self$units)
    },

    first_bias = function() if (self$unit_forget_bias) forget_bias(self$bias_initializer, self$units) else self$bias_initializer,

    call = function(inputs, states, training = NULL) {
      h <- states[[1L]]
      drop <- self$masks(inputs, training)
      if (!is.null(drop$input)) inputs <- op_multiply(inputs, drop$input)
      seen <- if (is.null(drop$recurrent)) h else op_multiply(h, drop$recurrent)
      sums <- gate_columns(op_add(op_dense(inputs, self$kernel, self$bias), op_matmul(seen, self$recurrent_kernel)), self$units)
      gate <- self$recurrent_activation
      c <- op_add(op_multiply(gate(sums[[2L]]), states[[2L]]), op_multiply(gate(sums[[1L]]), self$activation(sums[[3L]])))
      h <- op_multiply(gate(sums[[4L]]), self$activation(c))
      list(h, list(h, c))
    },

    fused = function(x, states, mask, dropout, activations, zero_output_for_mask)
      op_lstm(x, self$kernel, self$recurrent_kernel, self$bias, states, mask, dropout, activations[1L], activations[2L], zero_output_for_mask),

    initializer_config = function() c(super$initializer_config(), list(unit_forget_bias = self$unit_forget_bias)),
    get_config = function() c(super$get_config(), list(implementation = self$implementation))
  )
)

# Ones in the forget gate's part of the bias, so that a new layer remembers (Jozefowicz et al., 2015).
forget_bias <- function(initializer, units) {
  function(shape, dtype = NULL) {
    part <- function(size) initial_value(initializer, size, dtype)
    op_concat(list(part(units), op_fill(units, 1, dtype), part(2L * units)), 0L)
  }
}
