#' LSTM and GRU as cuDNN computes them
#'
#' Forward to [layer_lstm()] and [layer_gru()] (`reset_after = TRUE`), which compute the same.
#'
#' @inheritParams layer_lstm
#' @inheritParams layer_dense
#' @return As [layer_lstm()].
#' @examples
#' layer_cudnn_lstm(units = 2)(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
layer_cudnn_lstm <- function(object, units, kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal", bias_initializer = "zeros",
                             unit_forget_bias = TRUE, kernel_regularizer = NULL, recurrent_regularizer = NULL, bias_regularizer = NULL,
                             activity_regularizer = NULL, kernel_constraint = NULL, recurrent_constraint = NULL, bias_constraint = NULL,
                             return_sequences = FALSE, return_state = FALSE, stateful = FALSE, input_shape = NULL, batch_input_shape = NULL,
                             batch_size = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(LSTM, object, capture_args())
}

#' @rdname layer_cudnn_lstm
#' @export
layer_cudnn_gru <- function(object, units, kernel_initializer = "glorot_uniform", recurrent_initializer = "orthogonal", bias_initializer = "zeros",
                            kernel_regularizer = NULL, recurrent_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL,
                            kernel_constraint = NULL, recurrent_constraint = NULL, bias_constraint = NULL, return_sequences = FALSE,
                            return_state = FALSE, stateful = FALSE, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                            dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(GRU, object, capture_args())
}
