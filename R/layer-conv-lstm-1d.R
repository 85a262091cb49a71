#' 1-D convolutional LSTM
#'
#' A recurrent layer whose state is a sequence, an image or a volume: the products with the kernels of [layer_lstm()] are convolutions. For
#' sequences of frames: precipitation maps, videos, sensor fields.
#'
#' @inheritParams layer_conv_1d
#' @inheritParams layer_lstm
#' @param filters Number of filters: channels of the output and of the states.
#' @param padding `"valid"` or `"same"` for the convolution of the input; the one of the state keeps its size.
#' @param strides,dilation_rate Of the convolution of the input.
#' @param data_format `"channels_last"`: (batch, steps, spatial axes, channels), or `"channels_first"`: (batch, steps, channels, spatial axes).
#' @param dropout Share of the inputs to drop in training, the same ones at every step, others for each gate.
#' @param recurrent_dropout Share of the state to drop before it is convolved, the same at every step, others for each gate.
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says; with `return_state` a list: the output, then the last states h and c.
#' @section Input shape: (batch, steps, length, channels)
#' @section Output shape: (batch, length, filters), with `return_sequences` (batch, steps, length, filters)
#' @section Errors: `keratin_error_shape` for inputs of another rank.
#' @references Shi et al. (2015), <https://arxiv.org/abs/1506.04214>.
#' @examples
#' x <- array(rnorm(1 * 2 * 4), c(1, 2, 4, 1))
#' layer_conv_lstm_1d(filters = 2, kernel_size = 3, padding = "same")(x)
#' @family convolutional layers
#' @export
layer_conv_lstm_1d <- function(object, filters, kernel_size, strides = 1L, padding = "valid", data_format = NULL, dilation_rate = 1L,
                               activation = "tanh", recurrent_activation = "hard_sigmoid", use_bias = TRUE, kernel_initializer = "glorot_uniform",
                               recurrent_initializer = "orthogonal", bias_initializer = "zeros", unit_forget_bias = TRUE, kernel_regularizer = NULL,
                               recurrent_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                               recurrent_constraint = NULL, bias_constraint = NULL, return_sequences = FALSE, return_state = FALSE,
                               go_backwards = FALSE, stateful = FALSE, dropout = 0, recurrent_dropout = 0, ...) {
  create_layer(ConvLSTM1D, object, capture_args())
}

ConvLSTM1D <- R6::R6Class("ConvLSTM1D", inherit = ConvLSTM, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.conv_lstm1d.ConvLSTM1D", "keras.layers.rnn.base_conv_lstm.ConvLSTM", "keras.layers.rnn.base_conv_rnn.ConvRNN",
                    "keras.layers.rnn.base_rnn.RNN"),
    rank = 1L))
