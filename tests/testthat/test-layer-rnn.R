# Cells and wrapped layers take the default dtype; finite differences want float64.
test_that("recurrent layers keep the layer contract", {
  set.seed(1)
  x <- c(2, 4, 3)
  expect_layer_contract(layer_simple_rnn(units = 3), x, unknown = 1:2)
  expect_layer_contract(layer_gru(units = 3, return_sequences = TRUE), x, unknown = 1:2)
  expect_layer_contract(layer_gru(units = 2, reset_after = FALSE, recurrent_activation = "hard_sigmoid"), x)
  expect_layer_contract(layer_lstm(units = 3, return_sequences = TRUE, return_state = TRUE), x, unknown = 1:2)
  expect_layer_contract(layer_lstm(units = 2, unroll = TRUE), x)
  expect_layer_contract(layer_lstm(units = 2, go_backwards = TRUE, use_bias = FALSE, unit_forget_bias = FALSE), x)
  in_double(expect_layer_contract(layer_rnn(cell = list(layer_lstm_cell(2), layer_gru_cell(3))), x, unknown = 1:2))
})

test_that("wrappers of recurrent layers keep the layer contract", {
  set.seed(2)
  in_double(expect_layer_contract(bidirectional(layer = layer_lstm(units = 2, return_sequences = TRUE)), c(2, 4, 3), unknown = 1:2))
  in_double(expect_layer_contract(bidirectional(layer = layer_gru(units = 2), merge_mode = "ave"), c(2, 4, 3), unknown = 1:2))
  in_double(expect_layer_contract(time_distributed(layer = layer_dense(units = 2)), c(2, 4, 3), unknown = 1:2))
  in_double(expect_layer_contract(time_distributed(layer = layer_conv_1d(filters = 2, kernel_size = 2)), c(2, 3, 4, 2), unknown = 1:2))
})

test_that("convolutional LSTMs keep the layer contract", {
  set.seed(3)
  expect_layer_contract(layer_conv_lstm_1d(filters = 2, kernel_size = 2, recurrent_activation = "sigmoid"), c(2, 3, 4, 2), unknown = 1:2)
  expect_layer_contract(layer_conv_lstm_2d(filters = 2, kernel_size = 2, strides = 2, padding = "same", return_sequences = TRUE,
                                           recurrent_activation = "sigmoid"), c(1, 2, 3, 4, 2), unknown = 1:2)
  expect_layer_contract(layer_conv_lstm_2d(filters = 2, kernel_size = 2, dilation_rate = 2, data_format = "channels_first",
                                           recurrent_activation = "sigmoid",
                                           return_state = TRUE), c(1, 2, 2, 4, 3))
  expect_layer_contract(layer_conv_lstm_3d(filters = 1, kernel_size = 2, recurrent_activation = "sigmoid"), c(1, 2, 2, 3, 2, 1))
})

test_that("fused and unrolled recurrences agree, masked too", {
  set.seed(4)
  x <- array(rnorm(24), c(2, 4, 3))
  mask <- matrix(c(FALSE, TRUE, TRUE, TRUE, TRUE, FALSE, TRUE, FALSE), 2)
  for (make in list(layer_simple_rnn, layer_gru, layer_lstm)) {
    fused <- make(units = 3, return_sequences = TRUE, return_state = TRUE)
    steps <- make(units = 3, return_sequences = TRUE, return_state = TRUE, unroll = TRUE)
    invisible(fused(x))
    invisible(steps(x))
    set_weights(steps, get_weights(fused))
    expect_equal(lapply(fused(x, mask = mask), as.array), lapply(steps(x, mask = mask), as.array), tolerance = 1e-5)
  }
})

test_that("a masked step passes the states on and repeats the output, or gives zeros", {
  set.seed(5)
  x <- array(rnorm(12), c(1, 4, 3))
  mask <- matrix(c(TRUE, TRUE, FALSE, FALSE), 1)
  layer <- layer_gru(units = 2, return_sequences = TRUE)
  y <- as.array(layer(x, mask = mask))
  expect_identical(y[1, 3, ], y[1, 2, ])
  expect_identical(y[1, 4, ], y[1, 2, ])
  expect_equal(y[1, 2, ], as.array(layer(x[, 1:2, , drop = FALSE]))[1, 2, ])
  zeros <- layer_rnn(cell = layer_gru_cell(units = 2), return_sequences = TRUE, zero_output_for_mask = TRUE)
  expect_identical(as.array(zeros(x, mask = mask))[1, 3:4, ], matrix(0, 2, 2))
})

test_that("stateful layers carry their states from batch to batch until reset_states()", {
  set.seed(6)
  layer <- layer_lstm(units = 2, stateful = TRUE, batch_input_shape = c(2, 3, 3))
  x <- array(rnorm(36), c(2, 6, 3))
  first <- as.array(layer(x[, 1:3, ]))
  second <- as.array(layer(x[, 4:6, ]))
  whole <- layer_lstm(units = 2)
  invisible(whole(x))
  set_weights(whole, get_weights(layer))
  expect_equal(second, as.array(whole(x)), tolerance = 1e-6)
  reset_states(layer)
  expect_identical(as.array(layer(x[, 1:3, ])), first)
  expect_error(keras_model_sequential() |> layer_lstm(2, stateful = TRUE, input_shape = c(3, 3)), "batch size", class = "keratin_error_argument")
})

test_that("a cell of one's own runs in layer_rnn(), with unknown steps, and trains", {
  k_clear_session()
  set.seed(7)
  cell_class <- new_layer_class("MinimalCell",
    initialize = function(units) {
      super$initialize()
      self$units <- units
      self$state_size <- units
    },
    build = function(input_shape) {
      self$w <- self$add_weight("w", shape = list(input_shape[[2]], self$units))
      self$u <- self$add_weight("u", shape = list(self$units, self$units))
    },
    call = function(inputs, states) {
      h <- k_dot(inputs, self$w) + k_dot(states[[1]], self$u)
      list(h, list(h))
    })
  input <- layer_input(shape = list(NULL, 2))
  model <- keras_model(input, input |> layer_rnn(cell_class(units = 3), return_sequences = TRUE) |> layer_rnn(cell_class(units = 1)))
  expect_identical(vapply(model$weights, function(v) v$name, ""),
                   c("rnn/minimal_cell/w:0", "rnn/minimal_cell/u:0", "rnn_1/minimal_cell_1/w:0", "rnn_1/minimal_cell_1/u:0"))
  model |> compile(optimizer = "sgd", loss = "mse")
  x <- array(rnorm(40), c(4, 5, 2))
  history <- model |> fit(x, matrix(0, 4, 1), epochs = 3, verbose = 0)
  expect_lt(history$metrics$loss[3], history$metrics$loss[1])
  w <- get_weights(model)
  h <- list(matrix(0, 4, 3), matrix(0, 4, 1))
  for (t in 1:5) {
    h[[1]] <- x[, t, ] %*% w[[1]] + h[[1]] %*% w[[2]]
    h[[2]] <- h[[1]] %*% w[[3]] + h[[2]] %*% w[[4]]
  }
  expect_equal(predict(model, x, verbose = 0), h[[2]], tolerance = 1e-5)
})

test_that("an encoder's states start a decoder", {
  set.seed(8)
  source <- layer_input(shape = list(NULL, 3))
  target <- layer_input(shape = list(NULL, 3))
  encoded <- source |> layer_lstm(4, return_state = TRUE)
  output <- layer_lstm(units = 4, return_sequences = TRUE)(target, initial_state = encoded[2:3])
  model <- keras_model(list(source, target), output)
  x <- array(rnorm(24), c(2, 4, 3))
  again <- model_from_json(model_to_json(model))
  set_weights(again, get_weights(model))
  expect_equal(predict(again, list(x, x[, 1:2, ]), verbose = 0), predict(model, list(x, x[, 1:2, ]), verbose = 0))
})

test_that("weight names and shapes are those of Keras", {
  k_clear_session()
  layer <- bidirectional(layer = layer_lstm(units = 2))
  invisible(layer(array(0, c(1, 2, 3))))
  expect_identical(vapply(layer$weights, function(v) v$name, "")[c(1, 6)],
                   c("bidirectional/forward_lstm/lstm_cell/kernel:0", "bidirectional/backward_lstm/lstm_cell/bias:0"))
  gru <- layer_gru(units = 2)
  invisible(gru(array(0, c(1, 2, 3))))
  expect_identical(lapply(get_weights(gru), dim), list(c(3L, 6L), c(2L, 6L), c(2L, 6L)))
  lstm <- layer_lstm(units = 2)
  invisible(lstm(array(0, c(1, 2, 3))))
  expect_identical(as.vector(get_weights(lstm)[[3]]), c(0, 0, 1, 1, 0, 0, 0, 0))
})

test_that("dropout of a recurrent layer is one mask for all steps, in training only", {
  set.seed(9)
  layer <- layer_simple_rnn(units = 3, activation = "linear", dropout = 0.5, recurrent_initializer = "zeros", kernel_initializer = "ones",
                            return_sequences = TRUE)
  x <- array(1, c(1, 6, 8))
  y <- as.array(layer(x, training = TRUE))
  expect_true(all(abs(y - y[1]) < 1e-6))
  expect_equal(as.array(layer(x)), array(8, c(1, 6, 3)))
})

test_that("dropout of a convolutional LSTM has a mask for each gate, fused and step by step alike", {
  make <- function(activation, ...) layer_conv_lstm_2d(filters = 2, kernel_size = c(2, 3), strides = c(1, 2), padding = "same",
                                                       activation = activation,
                                                       dropout = 0.4, recurrent_dropout = 0.3, return_sequences = TRUE, ...)
  in_double({
    x <- tensor(array(rnorm(2 * 3 * 4 * 5 * 3), c(2, 3, 4, 5, 3)), "float64")
    fused <- make("tanh")
    invisible(fused(x))
    by_steps <- make(function(x) k_tanh(x))
    invisible(by_steps(x))
    set_weights(by_steps, get_weights(fused))
    value_and_gradients <- function(layer) {
      set.seed(10)
      y <- with_recording(layer(x, training = TRUE))
      lapply(c(list(y), op_gradients(y, c(list(x), layer$trainable_weights))), as.array)
    }
    expect_equal(value_and_gradients(fused), value_and_gradients(by_steps))
  })
  # One step from a zero state, without a bias: each gate sums what its own mask leaves of eight ones.
  layer <- layer_conv_lstm_1d(filters = 1, kernel_size = 1, kernel_initializer = "ones", use_bias = FALSE, dropout = 0.5)
  set.seed(11)
  cell <- unwrap(unwrap(layer)$cell)
  invisible(layer(array(1, c(1, 1, 50, 8))))
  sums <- as.array(cell$convolve(op_dropout(cell$gate_copies(tensor(array(1, c(1, 50, 8)))), 0.5)))
  expect_identical(dim(sums), c(1L, 50L, 4L))
  expect_true(any(sums[, , 1] != sums[, , 2]) && any(sums[, , 3] != sums[, , 4]))
})

test_that("no samples give no outputs", {
  for (layer in list(layer_lstm(units = 2), layer_gru(units = 2), layer_simple_rnn(units = 2), layer_dense(units = 2)))
    expect_identical(dim(as.array(layer(array(0, c(0, 4, 3)))))[1], 0L)
})

test_that("what is switched off stays off in a model's JSON", {
  model <- keras_model_sequential() |>
    layer_gru(2, use_bias = FALSE, reset_after = FALSE, return_sequences = TRUE, input_shape = c(3, 2)) |>
    layer_lstm(2, use_bias = FALSE, unit_forget_bias = FALSE)
  again <- model_from_json(model_to_json(model))
  expect_identical(length(get_weights(again)), 4L)
  cells <- lapply(again$layers, function(layer) layer$cell)
  expect_false(cells[[1]]$reset_after)
  expect_false(cells[[2]]$unit_forget_bias)
})

test_that("a backward layer of one's own is named as Keras names it, and its config keeps the name it came with", {
  layer <- bidirectional(layer = layer_lstm(units = 2, name = "a"), backward_layer = layer_gru(units = 2, go_backwards = TRUE, name = "b"))
  layer(array(0, c(1, 2, 3)))
  expect_match(layer$weights[[4]]$name, "backward_b/gru_cell/kernel:0$")
  expect_identical(get_config(layer)$backward_layer$config$name, "b")
  copy <- from_config(get_config(layer))
  copy(array(0, c(1, 2, 3)))
  expect_identical(vapply(copy$weights, function(w) w$name, ""), vapply(layer$weights, function(w) w$name, ""))
})
