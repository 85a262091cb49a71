#' Long short-term memory
#'
#' Per step, with gates `i, f, o` (of `recurrent_activation`) and candidate `g` (of `activation`), each from
#' `x %*% kernel + h %*% recurrent_kernel + bias`: `c = f * c + i * g`, `h = o * activation(c)`. The columns of the weights stand in the order
#' i, f, g, o. All steps run fused in compiled code if the activations are any of
#' linear, tanh, sigmoid, hard_sigmoid, relu, relu6, elu, selu, softsign, exponential.
#'
#' @inheritParams layer_rnn
#' @inheritParams layer_dense
#' @param units Number of outputs, which is also the size of the state, a whole number > 0.
#' @param activation Activation of the new state.
#' @param recurrent_activation Activation of the gates.
#' @param unit_forget_bias Whether the bias of the forget gate starts at one.
#' @param recurrent_initializer First values of the recurrent kernel.
#' @param recurrent_regularizer Penalty of the recurrent kernel.
#' @param recurrent_constraint Constraint of the recurrent kernel.
#' @param dropout Share of the inputs to drop in training, the same ones at every step.
#' @param recurrent_dropout Share of the state to drop on its way into the recurrent kernel, the same at every step.
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says; with `return_state` a list: the output, then the last states h and c.
#' @section Input shape: (batch, steps, features)
#' @section Output shape: (batch, units), with `return_sequences` (batch, steps, units)
#' @section Errors: `keratin_error_shape` for inputs of another rank.
#' @section Calls: a layer instance takes `initial_state` (a list of tensors), `mask` and `training` besides its input.
#' @references Hochreiter & Schmidhuber (1997), \doi{10.1162/neco.1997.9.8.1735}.
#' @examples
#' layer_lstm(units = 2)(array(rnorm(12), c(2, 3, 2)))
#'
#' # Encoder and decoder: the last states of one are the first of the other.
#' encoded <- layer_lstm(units = 2, return_state = TRUE)(array(rnorm(12), c(2, 3, 2)))
#' decoder <- layer_lstm(units = 2, return_sequences = TRUE)
#' decoder(array(rnorm(16), c(2, 4, 2)), initial_state = encoded[2:3])
#' @family recurrent layers
#' @export
layer_lstm <- function(object, units, activation = "tanh", recurrent_activation = "sigmoid", use_bias = TRUE, return_sequences = FALSE,
                       return_state = FALSE, go_backwards = FALSE, stateful = FALSE, time_major = FALSE, unroll = FALSE,
                       kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal", bias_initializer = "zeros",
                       unit_forget_bias = TRUE, kernel_regularizer = NULL, recurrent_regularizer = NULL, bias_regularizer = NULL,
                       activity_regularizer = NULL, kernel_constraint = NULL, recurrent_constraint = NULL, bias_constraint = NULL, dropout = 0,
                       recurrent_dropout = 0, ...) {
  create_layer(LSTM, object, capture_args())
}

LSTM <- R6::R6Class("LSTM", inherit = CellRNN, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.lstm.LSTM", "keras.layers.rnn.dropout_rnn_cell_mixin.DropoutRNNCellMixin", "keras.layers.rnn.base_rnn.RNN",
                    "keras.engine.base_layer.BaseRandomLayer"),
    cell_class = function() LSTMCell
  )
)
