#' Gated recurrent unit
#'
#' Per step, with gates `z, r` (of `recurrent_activation`): `candidate = activation(x W + r * (h R + b))`,
#' `h = z * h + (1 - z) * candidate`; with `reset_after = FALSE` the candidate is `activation(x W + (r * h) R)`. The columns of the weights
#' stand in the order z, r, candidate. Runs fused, see [layer_lstm()].
#'
#' @inheritParams layer_rnn
#' @inheritParams layer_dense
#' @param units Number of outputs, which is also the size of the state, a whole number > 0.
#' @param activation Activation of the new state.
#' @param recurrent_activation Activation of the gates.
#' @param reset_after Whether the reset gate comes after the product with the recurrent kernel (which then has a bias of its own:
#'   the bias has shape (2, 3 * units)) or before it.
#' @param recurrent_initializer First values of the recurrent kernel.
#' @param recurrent_regularizer Penalty of the recurrent kernel.
#' @param recurrent_constraint Constraint of the recurrent kernel.
#' @param dropout Share of the inputs to drop in training, the same ones at every step.
#' @param recurrent_dropout Share of the state to drop on its way into the recurrent kernel, the same at every step.
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says; with `return_state` a list: the output, then the last state.
#' @section Input shape: (batch, steps, features)
#' @section Output shape: (batch, units), with `return_sequences` (batch, steps, units)
#' @section Errors: `keratin_error_shape` for inputs of another rank.
#' @section Calls: a layer instance takes `initial_state` (a list of tensors), `mask` and `training` besides its input.
#' @references Cho et al. (2014), <https://arxiv.org/abs/1406.1078>.
#' @examples
#' layer_gru(units = 2, return_sequences = TRUE)(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
layer_gru <- function(object, units, activation = "tanh", recurrent_activation = "sigmoid", use_bias = TRUE, return_sequences = FALSE,
                      return_state = FALSE, go_backwards = FALSE, stateful = FALSE, unroll = FALSE, time_major = FALSE, reset_after = TRUE,
                      kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal", bias_initializer = "zeros",
                      kernel_regularizer = NULL, recurrent_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL,
                      kernel_constraint = NULL, recurrent_constraint = NULL, bias_constraint = NULL, dropout = 0, recurrent_dropout = 0, ...) {
  create_layer(GRU, object, capture_args())
}

GRU <- R6::R6Class("GRU", inherit = CellRNN, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.gru.GRU", "keras.layers.rnn.dropout_rnn_cell_mixin.DropoutRNNCellMixin", "keras.layers.rnn.base_rnn.RNN",
                    "keras.engine.base_layer.BaseRandomLayer"),
    cell_class = function() GRUCell
  )
)
