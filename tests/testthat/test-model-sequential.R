test_that("a model with an input shape has its weights at once, without one after the first call", {
  k_clear_session()
  expect_length((keras_model_sequential() %>% layer_dense(2, input_shape = 3))$weights, 2)
  expect_length((keras_model_sequential(input_shape = 3) %>% layer_dense(2))$weights, 2)
  late <- keras_model_sequential() %>% layer_dense(2)
  expect_false(late$built)
  expect_error(count_params(late), "input_shape", class = "keratin_error_argument")
  expect_equal(format(late), "Model: <no summary available, model was not built>")
  late(matrix(1, 5, 3))
  expect_equal(late$output_shape, list(NULL, 2L))
})

test_that("layers are added in place, popped and found", {
  model <- keras_model_sequential(input_shape = 3)
  same <- model %>% layer_dense(4, name = "a") %>% layer_dense(2, name = "b")
  expect_length(model$layers, 2)
  expect_identical(get_layer(model, "b")$units, 2L)
  expect_identical(get_layer(model, index = 1)$units, 4L)
  expect_error(get_layer(model, "c"), "a, b", class = "keratin_error_argument")
  pop_layer(model)
  expect_equal(model$output_shape, list(NULL, 4L))
  expect_error(model %>% layer_dense(1, name = "a"), "\"a\"", class = "keratin_error_argument")
  expect_length(model$layers, 1)
})

test_that("a model is added to a model as a layer is", {
  base <- keras_model_sequential(input_shape = 4, name = "base") %>% layer_dense(3)
  model <- keras_model_sequential() %>% base %>% layer_dense(1)
  expect_identical(model$layers[[1L]]$name, "base")
  expect_equal(as.array(model(diag(4))), as.array(model$layers[[2L]](base(diag(4)))))
  flatten <- layer_flatten()
  expect_length((keras_model_sequential(input_shape = c(2, 2)) %>% flatten())$layers, 1)
  expect_warning(base(keras_model_sequential(), training = FALSE), "no effect")
  expect_error(flatten(layer_dense(units = 1)), "cannot be composed", class = "keratin_error_argument")
})

test_that("names count from the start of the session", {
  k_clear_session()
  expect_equal(layer_dense(units = 1)$name, "dense")
  expect_equal(layer_dense(units = 1)$name, "dense_1")
  expect_equal(layer_conv_1d_transpose(filters = 1, kernel_size = 1)$name, "conv1d_transpose")
  expect_equal(layer_batch_normalization()$name, "batch_normalization")
  expect_equal(keras_model_sequential()$name, "sequential")
  expect_equal(layer_input(1)$name, "input_1")
  expect_equal(layer_input(1)$name, "input_2")
  expect_error(layer_dense(units = 0))
  expect_equal(layer_dense(units = 1)$name, "dense_2")
})

test_that("freezing", {
  model <- keras_model_sequential(input_shape = 3) %>% layer_dense(4, name = "a") %>% layer_dense(3, name = "b") %>% layer_dense(2, name = "c")
  freeze_weights(model, to = "b")
  expect_equal(vapply(model$layers, function(l) l$trainable, NA), c(FALSE, FALSE, TRUE))
  expect_length(model$trainable_weights, 2)
  unfreeze_weights(model, from = "b", to = "b")
  expect_equal(vapply(model$layers, function(l) l$trainable, NA), c(FALSE, TRUE, TRUE))
  freeze_weights(model)
  expect_length(model$trainable_weights, 0)
  expect_equal(vapply(model$non_trainable_weights, function(w) w$name, ""), vapply(model$weights, function(w) w$name, ""))
  unfreeze_weights(model)
  freeze_weights(model, which = function(layer) layer$units > 2)
  expect_length(model$trainable_weights, 2)
})

test_that("configs, copies and JSON make the same model", {
  model <- keras_model_sequential(name = "net", input_shape = c(6, 2)) %>% layer_conv_1d_transpose(3, 3, strides = 2, activation = "relu") %>%
    layer_flatten() %>% layer_dense(2, kernel_regularizer = regularizer_l2(0.1))
  x <- array(sin(1:24), c(2, 6, 2))
  for (copy in list(from_config(get_config(model)), model_from_json(model_to_json(model)), clone_model(model))) {
    set_weights(copy, get_weights(model))
    expect_identical(as.array(copy(x)), as.array(model(x)))
  }
  expect_match(model_to_json(model), '"l2": 0.10000000149011612', fixed = TRUE)
})

test_that("a model from a file computes the same in a new process", {
  model <- keras_model_sequential(input_shape = 3) %>% layer_dense(4, activation = "relu") %>% layer_batch_normalization() %>% layer_dense(1)
  file <- tempfile(fileext = ".rds")
  saveRDS(model, file)
  x <- matrix(1:6, 2)
  expect_identical(in_new_process("m <- readRDS(file); sub <- keras_model(m$input, m$layers[[1]]$output); list(as.array(m(x)), dim(sub(x)))",
                                  file = file, x = x),
                   list(as.array(model(x)), c(2L, 4L)))
})
