test_that("attention layers keep the layer contract", {
  set.seed(1)
  inputs <- list(c(2, 3, 4), c(2, 5, 4))
  expect_layer_contract(layer_attention(), inputs)
  expect_layer_contract(layer_attention(use_scale = TRUE, score_mode = "concat"), inputs)
  expect_layer_contract(layer_additive_attention(), inputs)
})

test_that("attention averages the values that the masks allow", {
  query <- array(rnorm(8), c(1, 2, 4))
  value <- array(rnorm(12), c(1, 3, 4))
  only_first <- as.array(layer_attention()(list(query, value), mask = list(NULL, matrix(c(TRUE, FALSE, FALSE), 1))))
  expect_equal(only_first[1, 1, ], value[1, 1, ], tolerance = 1e-6)
  weights <- as.array(layer_attention()(list(value, value), use_causal_mask = TRUE, return_attention_scores = TRUE)[[2]])[1, , ]
  expect_equal(weights[upper.tri(weights)], rep(0, 3))
  expect_equal(rowSums(weights), rep(1, 3), tolerance = 1e-6)
})

test_that("multi-head attention has Keras's weights, masks, and comes back from its config", {
  k_clear_session()
  set.seed(2)
  x <- layer_input(shape = list(NULL, 6))
  layer <- layer_multi_head_attention(num_heads = 2, key_dim = 3)
  model <- keras_model(x, layer(x, x))
  expect_identical(vapply(layer$weights, function(v) v$name, "")[c(1, 8)],
                   c("multi_head_attention/query/kernel:0", "multi_head_attention/attention_output/bias:0"))
  again <- model_from_json(model_to_json(model))
  set_weights(again, get_weights(model))
  data <- array(rnorm(48), c(2, 4, 6))
  expect_equal(predict(again, data, verbose = 0), predict(model, data, verbose = 0))
  scores <- as.array(layer(data, data, use_causal_mask = TRUE, return_attention_scores = TRUE)[[2]])
  expect_identical(dim(scores), c(2L, 2L, 4L, 4L))
  expect_equal(scores[, , 1, 1], matrix(1, 2, 2), tolerance = 1e-6)
  model |> compile(optimizer = "adam", loss = "mse")
  history <- model |> fit(data, data, epochs = 5, verbose = 0)
  expect_lt(history$metrics$loss[5], history$metrics$loss[1])
})

test_that("several masks of multi-head attention hide a value once", {
  # Where all values are hidden the weights are equal, whichever masks hide them, as in Keras.
  layer <- layer_multi_head_attention(num_heads = 1, key_dim = 2)
  x <- array(sin(1:8), c(1, 4, 2))
  found <- layer(x[, 1, , drop = FALSE], x, use_causal_mask = TRUE, attention_mask = array(c(FALSE, TRUE, TRUE, FALSE), c(1, 1, 4)),
                 return_attention_scores = TRUE)
  expect_equal(as.array(found[[2]]), array(0.25, c(1, 1, 1, 4)))
})

test_that("scores over several axes come with those axes", {
  layer <- layer_multi_head_attention(num_heads = 2, key_dim = 2, attention_axes = c(1, 2))
  found <- layer(array(1, c(1, 2, 3, 2)), array(1, c(1, 4, 5, 2)), return_attention_scores = TRUE)
  expect_identical(dim(found[[2]]), c(1L, 2L, 2L, 3L, 4L, 5L))
})
