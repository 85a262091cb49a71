# Layers and cells that are variants of others keep the contract too.
test_that("cuDNN's layers, spatial dropout and cells keep the layer contract", {
  steps <- c(2, 3, 2)
  expect_layer_contract(layer_cudnn_gru(units = 2), steps, unknown = 1:2)
  expect_layer_contract(layer_cudnn_lstm(units = 2, return_sequences = TRUE), steps, unknown = 1:2)
  expect_layer_contract(layer_spatial_dropout_2d(rate = 0.5), c(2, 2, 3, 2), unknown = 1:3)
  expect_layer_contract(layer_spatial_dropout_3d(rate = 0.5), c(1, 2, 2, 2, 2), unknown = 1:4)
  in_double(expect_layer_contract(layer_rnn(cell = layer_simple_rnn_cell(units = 2)), steps, unknown = 1:2))
  in_double(
    expect_layer_contract(layer_rnn(cell = layer_stacked_rnn_cells(cells = list(layer_simple_rnn_cell(units = 2), layer_gru_cell(units = 3)))),
                          steps))
})

test_that("random heights and widths keep the layer contract outside of training", {
  expect_layer_contract(layer_random_height(factor = 0.3), c(2, 4, 4, 2), varying = 2L, train = FALSE)
  expect_layer_contract(layer_random_width(factor = 0.3), c(2, 4, 4, 2), varying = 3L, train = FALSE)
})

test_that("layers of whole numbers and texts keep the layer contract", {
  codes <- matrix(c(0L, 1L, 2L, 2L), 2)
  expect_layer_contract(layer_embedding(input_dim = 3, output_dim = 2), codes, gradient = FALSE, unknown = 1:2)
  words <- matrix(c("a", "b", "z", "a"), 2)
  expect_layer_contract(layer_string_lookup(vocabulary = c("a", "b")), words, gradient = FALSE, train = FALSE, unknown = 1:2)
  expect_layer_contract(layer_text_vectorization(vocabulary = c("a", "b"), output_sequence_length = 2), matrix(c("a b", "c")), gradient = FALSE,
                        train = FALSE)
})

test_that("multi-head attention keeps the layer contract, within a layer that calls it", {
  layer_self_attention <- new_layer_class("SelfAttention",
    initialize = function(...) { super$initialize(...); self$attention <- layer_multi_head_attention(num_heads = 2, key_dim = 3) },
    call = function(inputs, training = NULL) self$attention(inputs, inputs, training = training))
  in_double(expect_layer_contract(layer_self_attention(), c(2, 3, 2), config = FALSE, unknown = 1:2))
})
