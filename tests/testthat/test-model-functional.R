test_that("several inputs and outputs, shared layers", {
  k_clear_session()
  a <- layer_input(2, name = "a")
  b <- layer_input(2, name = "b")
  shared <- layer_dense(units = 3, use_bias = FALSE, kernel_initializer = "ones")
  sum <- layer_add(list(shared(a), shared(b)))
  model <- keras_model(list(a, b), list(sum, shared(a)))
  y <- model(list(matrix(c(1, 2), 1), matrix(c(3, 4), 1)))
  expect_equal(lapply(y, function(t) as.vector(as.array(t))), list(rep(10, 3), rep(3, 3)))
  named <- model(list(b = matrix(c(3, 4), 1), a = matrix(c(1, 2), 1)))
  expect_equal(as.array(named[[2]]), as.array(y[[2]]))
  expect_equal(model$input_names, c("a", "b"))
  expect_equal(count_params(model), 6)
  expect_equal(vapply(model$layers, function(l) l$name, ""), c("a", "b", "dense", "add"))
})

test_that("layers stand by depth, then in the order a walk from the outputs meets them", {
  k_clear_session()
  i <- layer_input(4, name = "i")
  left <- i %>% layer_dense(3, name = "l1") %>% layer_dense(3, name = "l2")
  right <- i %>% layer_dense(3, name = "r1")
  model <- keras_model(i, layer_add(list(right, left), name = "sum"))
  expect_equal(vapply(model$layers, function(l) l$name, ""), c("i", "l1", "r1", "l2", "sum"))
})

test_that("models within models, and models between inner tensors", {
  inner <- keras_model_sequential(input_shape = 3) %>% layer_dense(2, kernel_initializer = "ones")
  i <- layer_input(3)
  outer <- keras_model(i, inner(i) %>% layer_dense(1, kernel_initializer = "ones"))
  expect_equal(as.array(outer(matrix(1, 1, 3))), matrix(6))
  expect_length(outer$weights, 4)
  deep <- keras_model_sequential(input_shape = 3) %>% layer_dense(2, name = "first") %>% layer_dense(2, name = "second")
  tail <- keras_model(get_layer(deep, "second")$input, get_layer(deep, "second")$output)
  expect_equal(length(tail$layers), 2)
  x <- matrix(1:2, 1)
  expect_equal(as.array(tail(x)), as.array(get_layer(deep, "second")(x)))
})

test_that("arithmetic on symbolic tensors becomes layers", {
  k_clear_session()
  i <- layer_input(2)
  model <- keras_model(i, (i * 2 + 1) / i - 3)
  expect_equal(as.array(model(matrix(c(1, 2), 1))), matrix(c(0, -0.5), 1))
  expect_equal(vapply(model$layers, function(l) l$name, ""),
               c("input_1", "tf.math.multiply", "tf.__operators__.add", "tf.math.truediv", "tf.math.subtract"))
  expect_equal(as.array(model_from_json(model_to_json(model))(matrix(c(1, 2), 1))), matrix(c(0, -0.5), 1))
})

test_that("what cannot be a model is told", {
  i <- layer_input(2)
  other <- layer_input(2)
  expect_error(keras_model(i, layer_add(list(i, other))), "disconnected", class = "keratin_error_argument")
  expect_error(keras_model(i, i %>% layer_dense(1, name = "x") %>% layer_dense(1, name = "x")), "\"x\"", class = "keratin_error_argument")
  expect_error(keras_model(matrix(1), matrix(1)), class = "keratin_error_argument")
  model <- keras_model(i, layer_dense(i, 1))
  expect_error(model(matrix(0, 2, 3)), "\\(2, 3\\).*\\(NULL, 2\\)", class = "keratin_error_shape")
})

test_that("an input of another rank by one axis of size 1 fits", {
  i <- layer_input(1)
  model <- keras_model(i, layer_dense(i, 1, kernel_initializer = "ones"))
  expect_equal(as.array(model(c(1, 2, 3))), matrix(1:3))
})

test_that("losses and metrics of symbolic tensors", {
  k_clear_session()
  i <- layer_input(2)
  h <- layer_dense(i, 1, kernel_initializer = "ones", name = "h")
  model <- keras_model(i, h)
  model$add_loss(k_mean(k_square(h)))
  model$add_metric(k_mean(h), name = "size")
  model(matrix(c(1, 2), 1))
  expect_equal(as.numeric(as.array(model$losses[[1]])), 9)
  model %>% compile(optimizer = optimizer_sgd(0), loss = NULL)
  history <- model %>% fit(matrix(c(1, 2), 1), epochs = 1, verbose = 0)
  expect_equal(history$metrics$loss, 9)
  expect_equal(history$metrics$size, 3)
  expect_true("AddLoss" %in% vapply(model$layers, function(l) class(internal("unwrap")(l))[1], ""))
})

test_that("a loss that reaches for a Keras tensor says what to do instead", {
  input <- layer_input(shape = 2)
  code <- layer_dense(input, 3)
  model <- keras_model(input, layer_dense(code, 1))
  compile(model, "sgd", loss = function(y_true, y_pred) k_mean(k_square(y_pred - y_true)) + k_mean(code))
  expect_error(fit(model, matrix(0, 4, 2), matrix(0, 4, 1), verbose = 0), "mixes a Keras tensor.*model\\$add_loss", class = "keratin_error_argument")
  expect_error(layer_dense(input, 1) %>% layer_lambda(function(x) x + k_mean(code)), "mixes a Keras tensor", class = "keratin_error_argument")
})

test_that("keras_model() evaluates its inputs first, so that outputs can be made from them in the call", {
  model <- keras_model(fresh_input <- layer_input(3), fresh_input %>% layer_dense(2))
  expect_equal(model$count_params(), 8)
})
