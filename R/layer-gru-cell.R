#' Cell of a gated recurrent unit
#'
#' One step of [layer_gru()], for [layer_rnn()] and [layer_stacked_rnn_cells()].
#'
#' @inheritParams layer_gru
#' @param ... Common arguments of layers: `name`, `dtype`, `trainable`.
#' @return A layer: `cell(inputs, list(h))` gives `list(output, list(h))`.
#' @references Cho et al. (2014), <https://arxiv.org/abs/1406.1078>.
#' @examples
#' layer_rnn(cell = layer_gru_cell(units = 2))(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
layer_gru_cell <- function(units, activation = "tanh", recurrent_activation = "sigmoid", use_bias = TRUE, kernel_initializer = "glorot_uniform",
                           recurrent_initializer = "orthogonal", bias_initializer = "zeros", kernel_regularizer = NULL,
                           recurrent_regularizer = NULL, bias_regularizer = NULL, kernel_constraint = NULL, recurrent_constraint = NULL,
                           bias_constraint = NULL, dropout = 0, recurrent_dropout = 0, reset_after = TRUE, ...) {
  create_layer(GRUCell, NULL, capture_args())
}

GRUCell <- R6::R6Class("GRUCell", inherit = RecurrentCell, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.gru.GRUCell", "keras.layers.rnn.dropout_rnn_cell_mixin.DropoutRNNCellMixin",
                    "keras.engine.base_layer.BaseRandomLayer"),
    gates = 3L,
    reset_after = NULL,

    initialize = function(units, ..., recurrent_activation = "sigmoid", reset_after = TRUE) {
      super$initialize(units, recurrent_activation = recurrent_activation, ...)
      self$reset_after <- as_flag(reset_after, "reset_after")
    },

    bias_dims = function() c(if (self$reset_after) 2L, 3L * self$units),

    # The input's bias, and the recurrent kernel's, which reset_after has.
    biases = function() {
      if (!self$use_bias) return(list(NULL, NULL))
      if (self$reset_after) op_unstack(self$bias, axis = 0L) else list(self$bias, NULL)
    },

    call = function(inputs, states, training = NULL) {
      h <- only_state(states)
      drop <- self$masks(inputs, training)
      if (!is.null(drop$input)) inputs <- op_multiply(inputs, drop$input)
      seen <- if (is.null(drop$recurrent)) h else op_multiply(h, drop$recurrent)
      bias <- self$biases()
      units <- self$units
      gate <- self$recurrent_activation
      sums <- gate_columns(op_dense(inputs, self$kernel, bias[[1L]]), units)
      if (self$reset_after) {
        inner <- gate_columns(op_dense(seen, self$recurrent_kernel, bias[[2L]]), units)
        z <- gate(op_add(sums[[1L]], inner[[1L]]))
        r <- gate(op_add(sums[[2L]], inner[[2L]]))
        candidate <- self$activation(op_add(sums[[3L]], op_multiply(r, inner[[3L]])))
      } else {
        kernels <- gate_columns(self$recurrent_kernel, units)
        z <- gate(op_add(sums[[1L]], op_matmul(seen, kernels[[1L]])))
        r <- gate(op_add(sums[[2L]], op_matmul(seen, kernels[[2L]])))
        candidate <- self$activation(op_add(sums[[3L]], op_matmul(op_multiply(r, seen), kernels[[3L]])))
      }
      h <- op_add(op_multiply(z, h), op_multiply(op_subtract(1, z), candidate))
      list(h, list(h))
    },

    fused = function(x, states, mask, dropout, activations, zero_output_for_mask) {
      bias <- self$biases()
      op_gru(x, self$kernel, self$recurrent_kernel, bias[[1L]], bias[[2L]], states, mask, dropout, activations[1L], activations[2L],
             self$reset_after, zero_output_for_mask)
    },

    get_config = function() c(super$get_config(), list(implementation = self$implementation, reset_after = self$reset_after))
  )
)
