#' Fully connected recurrent layer
#'
#' The output of each step is an input of the next: `h = activation(x %*% kernel + bias + h %*% recurrent_kernel)`.
#'
#' @inheritParams layer_rnn
#' @inheritParams layer_dense
#' @param units Number of outputs, which is also the size of the state, a whole number > 0.
#' @param activation Activation of the new state.
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
#' @examples
#' layer_simple_rnn(units = 2)(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
layer_simple_rnn <- function(object, units, activation = "tanh", use_bias = TRUE, return_sequences = FALSE, return_state = FALSE,
                             go_backwards = FALSE, stateful = FALSE, unroll = FALSE, kernel_initializer = "glorot_uniform",
                             recurrent_initializer = "orthogonal", bias_initializer = "zeros", kernel_regularizer = NULL,
                             recurrent_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                             recurrent_constraint = NULL, bias_constraint = NULL, dropout = 0, recurrent_dropout = 0, ...) {
  create_layer(SimpleRNN, object, capture_args())
}

# A recurrent layer of the package: the arguments that are the cell's go to its cell.
CellRNN <- R6::R6Class("CellRNN", inherit = RNN, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    step_rank = 1L,
    cell_class = function() NULL,
    initialize = function(...) {
      arguments <- list(...)
      is_cells <- names(arguments) %in% names(formals(self$init_cell))
      cell <- self$make_cell(c(arguments[is_cells], arguments[intersect(names(arguments), c("dtype", "trainable"))]))
      do.call(super$initialize, c(list(cell = new_instance(cell)), arguments[!is_cells]))
    },
    # Declares the arguments that are the cell's.
    init_cell = function(units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
                         unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
                         bias_constraint, dropout, recurrent_dropout, implementation, reset_after, filters, kernel_size, strides, padding,
                         data_format, dilation_rate) invisible(),
    make_cell = function(arguments) {
      generator <- self$cell_class()
      do.call(generator$new, c(arguments, list(name = snake_case(generator$classname))))
    },
    get_config = function() {
      cell <- unwrap(self$cell)
      config <- cell$get_config()
      config <- config[!names(config) %in% c("name", "trainable", "dtype", "batch_input_shape")]
      at <- match("bias_regularizer", names(config))
      c(super$get_config(), append(config, list(activity_regularizer = serialize_callable(self$activity_regularizer)), at))
    }
  ),
  active = list(
    units = function()
      unwrap(self$cell)$units, activation = function() unwrap(self$cell)$activation, use_bias = function() unwrap(self$cell)$use_bias,
    recurrent_activation = function() unwrap(self$cell)$recurrent_activation, dropout = function() unwrap(self$cell)$dropout,
    recurrent_dropout = function() unwrap(self$cell)$recurrent_dropout
  )
)
SimpleRNN <- R6::R6Class("SimpleRNN", inherit = CellRNN, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.simple_rnn.SimpleRNN", "keras.layers.rnn.base_rnn.RNN", "keras.engine.base_layer.BaseRandomLayer"),
    cell_class = function() SimpleRNNCell
  )
)
