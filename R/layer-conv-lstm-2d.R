#' 2-D convolutional LSTM
#'
#' See [layer_conv_lstm_1d()].
#'
#' @inheritParams layer_conv_lstm_1d
#' @inheritParams layer_dense
#' @return As `object` says; with `return_state` a list: the output, then the last states h and c.
#' @section Input shape: (batch, steps, rows, columns, channels)
#' @section Output shape: (batch, rows, columns, filters), with `return_sequences` (batch, steps, rows, columns, filters)
#' @section Errors: `keratin_error_shape` for inputs of another rank.
#' @references Shi et al. (2015), <https://arxiv.org/abs/1506.04214>.
#' @examples
#' x <- array(rnorm(1 * 2 * 4*4), c(1, 2, 4, 4, 1))
#' layer_conv_lstm_2d(filters = 2, kernel_size = 3, padding = "same")(x)
#' @family convolutional layers
#' @export
layer_conv_lstm_2d <- function(object, filters, kernel_size, strides = c(1L, 1L), padding = "valid", data_format = NULL, dilation_rate = c(1L, 1L),
                               activation = "tanh", recurrent_activation = "hard_sigmoid", use_bias = TRUE, kernel_initializer = "glorot_uniform",
                               recurrent_initializer = "orthogonal", bias_initializer = "zeros", unit_forget_bias = TRUE, kernel_regularizer = NULL,
                               recurrent_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                               recurrent_constraint = NULL, bias_constraint = NULL, return_sequences = FALSE, return_state = FALSE,
                               go_backwards = FALSE, stateful = FALSE, dropout = 0, recurrent_dropout = 0, batch_size = NULL, name = NULL,
                               trainable = NULL, weights = NULL, input_shape = NULL) {
  create_layer(ConvLSTM2D, object, capture_args())
}

ConvLSTM2D <- R6::R6Class("ConvLSTM2D", inherit = ConvLSTM, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.conv_lstm2d.ConvLSTM2D", "keras.layers.rnn.base_conv_lstm.ConvLSTM", "keras.layers.rnn.base_conv_rnn.ConvRNN",
                    "keras.layers.rnn.base_rnn.RNN"),
    rank = 2L))
