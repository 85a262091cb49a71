#' Cell of a fully connected recurrence
#'
#' One step `h = activation(x %*% kernel + bias + h %*% recurrent_kernel)`, for [layer_rnn()].
#'
#' @inheritParams layer_simple_rnn
#' @param ... Common arguments of layers: `name`, `dtype`, `trainable`.
#' @return A layer: `cell(inputs, states)` gives `list(output, list(state))`.
#' @examples
#' cell <- layer_simple_rnn_cell(units = 2)
#' cell(matrix(1, 1, 3), list(matrix(0, 1, 2)))[[1]]
#' @family recurrent layers
#' @export
layer_simple_rnn_cell <- function(units, activation = "tanh", use_bias = TRUE, kernel_initializer = "glorot_uniform",
                                  recurrent_initializer = "orthogonal", bias_initializer = "zeros", kernel_regularizer = NULL,
                                  recurrent_regularizer = NULL, bias_regularizer = NULL, kernel_constraint = NULL, recurrent_constraint = NULL,
                                  bias_constraint = NULL, dropout = 0, recurrent_dropout = 0, ...) {
  create_layer(SimpleRNNCell, NULL, capture_args())
}

SimpleRNNCell <- R6::R6Class("SimpleRNNCell", inherit = RecurrentCell, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.simple_rnn.SimpleRNNCell", "keras.layers.rnn.dropout_rnn_cell_mixin.DropoutRNNCellMixin",
                    "keras.engine.base_layer.BaseRandomLayer"),

    call = function(inputs, states, training = NULL) {
      h <- only_state(states)
      drop <- self$masks(inputs, training)
      if (!is.null(drop$input)) inputs <- op_multiply(inputs, drop$input)
      seen <- if (is.null(drop$recurrent)) h else op_multiply(h, drop$recurrent)
      h <- self$activation(op_add(op_dense(inputs, self$kernel, self$bias), op_matmul(seen, self$recurrent_kernel)))
      list(h, list(h))
    },

    fused = function(x, states, mask, dropout, activations, zero_output_for_mask)
      op_simple_rnn(x, self$kernel, self$recurrent_kernel, self$bias, states, mask, dropout, activations[1L], zero_output_for_mask)
  )
)
