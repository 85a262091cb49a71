#' Several cells as one
#'
#' Each cell takes the output of the one before; for [layer_rnn()].
#'
#' @param cells List of cells.
#' @param ... Common arguments of layers: `name`, `dtype`, `trainable`.
#' @return A layer that is a cell; its states are a list with the states of each cell.
#' @examples
#' cells <- layer_stacked_rnn_cells(list(layer_lstm_cell(3), layer_gru_cell(2)))
#' layer_rnn(cell = cells)(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
layer_stacked_rnn_cells <- function(cells, ...) {
  create_layer(StackedRNNCells, NULL, capture_args())
}

StackedRNNCells <- R6::R6Class("StackedRNNCells", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.rnn.stacked_rnn_cells.StackedRNNCells",
    cells = NULL, state_size = NULL, output_size = NULL,

    initialize = function(cells, ...) {
      super$initialize(...)
      if (!is_branch(cells) || !length(cells)) abort_argument("`cells` must be a list of cells. Received: ", received(cells))
      cells <- lapply(cells, function(cell) if (is_branch(cell)) deserialize_keras_object(cell) else cell)
      self$cells <- lapply(unname(cells), checked_cell)
      self$state_size <- lapply(self$cells, function(cell) unwrap(cell)$state_size)
      last <- unwrap(self$cells[[length(self$cells)]])
      self$output_size <- if (is.null(last$output_size)) unlist(last$state_size)[1L] else last$output_size
    },

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      for (cell in lapply(self$cells, unwrap)) {
        if (!isTRUE(cell$built)) build_sublayer(cell, dims)
        size <- if (is.null(cell$output_size)) cell_state_dims(cell)[[1L]] else as_dims(cell$output_size)
        dims <- c(dims[1L], size)
      }
      self$built <- TRUE
    },

    call = function(inputs, states, training = NULL) {
      new_states <- vector("list", length(self$cells))
      for (i in seq_along(self$cells)) {
        cell <- unwrap(self$cells[[i]])
        arguments <- c(list(inputs, states[[i]]), if ("training" %in% takes_of(cell)) list(training = training))
        result <- step_result(do.call(cell$call, arguments))
        inputs <- result[[1L]]
        new_states[[i]] <- result[[2L]]
      }
      list(inputs, new_states)
    },

    # One cell after the other over all steps: the same, as a masked step changes no state and its outputs are not read.
    sequence = function(x, states, mask, training, zero_output_for_mask) {
      cells <- lapply(self$cells, unwrap)
      if (!all(vapply(cells, function(cell) is.function(cell$sequence), NA))) return(NULL)
      new_states <- vector("list", length(cells))
      for (i in seq_along(cells)) {
        result <- cells[[i]]$sequence(x, states[[i]], mask, training, zero_output_for_mask)
        if (is.null(result)) return(NULL)
        x <- result[[1L]]
        new_states[[i]] <- result[[2L]]
      }
      list(x, new_states)
    },

    reset_dropout_mask = function() for (cell in lapply(self$cells, unwrap)) if (is.function(cell$reset_dropout_mask)) cell$reset_dropout_mask(),

    get_config = function() c(super$get_config(), list(cells = lapply(self$cells, serialize_keras_object)))
  )
)
