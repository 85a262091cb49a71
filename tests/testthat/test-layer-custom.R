layer_scale <- new_layer_class("scale",
  initialize = function(start = 1, ...) { super$initialize(...); self$start <- start },
  build = function(input_shape) {
    self$seen <- input_shape
    self$factor <- self$add_weight("factor", list(), initializer = initializer_constant(self$start), trainable = TRUE)
  },
  call = function(inputs) inputs * self$factor,
  get_config = function() c(super$get_config(), list(start = self$start)))

test_that("a user's layer keeps the layer contract", {
  expect_layer_contract(layer_scale(start = 2), c(3, 4), unknown = 1:2)
})

test_that("build() is told the shape as R keras tells it", {
  layer <- layer_scale()
  layer(layer_input(3))
  expect_equal(layer$seen, list(NULL, 3L))
  expect_match(layer$name, "^scale")
})

test_that("sublayers in fields and in lists bring their weights", {
  layer_block <- new_layer_class("block",
    initialize = function(...) {
      super$initialize(...)
      self$first <- layer_dense(units = 2)
      self$more <- list(layer_dense(units = 2), layer_dense(units = 1))
    },
    call = function(inputs) { x <- self$first(inputs); for (layer in self$more) x <- layer(x); x })
  layer <- layer_block()
  layer(matrix(1, 1, 3))
  expect_length(layer$trainable_weights, 6)
  layer$trainable <- FALSE
  expect_length(layer$trainable_weights, 0)
})

test_that("training phase is handed down", {
  layer_phase <- new_layer_class("phase", call = function(inputs, training = NULL) if (training) inputs + 1 else inputs)
  outer <- new_layer_class("outer", initialize = function(...) { super$initialize(...); self$inner <- layer_phase() },
                           call = function(inputs) self$inner(inputs))()
  expect_equal(as.array(outer(c(1, 2), training = TRUE)), array(c(2, 3)))
  expect_equal(as.array(outer(c(1, 2))), array(c(1, 2)))
})

test_that("models of classes, with properties and add_loss()", {
  k_clear_session()
  Net <- new_model_class("Net",
    initialize = function(units) { super$initialize(); self$d <- layer_dense(units = units) },
    call = function(inputs, training = FALSE) { self$add_loss(k_mean(inputs)); self$d(inputs) },
    size = mark_active(function() self$d$units))
  net <- Net(units = 3)
  net(matrix(2, 2, 2))
  expect_equal(net$size, 3)
  expect_equal(as.numeric(as.array(net$losses[[1]])), 2)
  expect_equal(vapply(net$weights, function(w) w$name, ""), c("net/dense/kernel:0", "net/dense/bias:0"), ignore_attr = TRUE)
})

test_that("classes of the older kind", {
  Twice <- R6::R6Class("Twice", inherit = KerasLayer, public = list(times = NULL, initialize = function(times) self$times <- times,
    call = function(x, mask = NULL) x * self$times))
  layer_times <- function(object, times, name = NULL) create_layer(Twice, object, list(times = times, name = name))
  expect_equal(as.array(layer_times(times = 3)(c(1, 2))), array(c(3, 6)))
  expect_equal(layer_times(times = 3, name = "x")$name, "x")
})

test_that("errors name the innermost layer", {
  layer_bad <- new_layer_class("bad",
    initialize = function(...) {
      super$initialize(...)
      self$conv <- layer_conv_1d(filters = 1, kernel_size = 2, name = "inner")
    },
    call = function(inputs) self$conv(inputs))
  expect_error(layer_bad(name = "outer")(matrix(1, 2, 2)), "^layer \"inner\"", class = "keratin_error_shape")
})

test_that("masks pass through layers that support them and stop at others", {
  layer_hide <- new_layer_class("hide", call = function(inputs) inputs, compute_mask = function(inputs, mask = NULL) k_greater(inputs[, , 1], 0),
    initialize = function(...) { super$initialize(...); self$supports_masking <- TRUE })
  layer_see <- new_layer_class("see", call = function(inputs, mask = NULL) if (is.null(mask)) inputs * 0 else k_cast(mask, "float32"))
  x <- array(c(1, 0, 1, 1), c(1, 4, 1))
  hidden <- layer_hide()(x)
  expect_equal(as.vector(as.array(layer_see()(layer_dropout(rate = 0.1)(hidden)))), c(1, 0, 1, 1))
  expect_equal(as.vector(as.array(layer_see()(layer_flatten()(hidden)))), c(0, 0, 0, 0))
})

test_that("losses, schedules, metrics and functions of one's own come back from files with custom_objects", {
  ScaledError <- new_loss_class("ScaledError", initialize = function(factor = 2, ...) { super$initialize(...); self$factor <- factor },
                                call = function(y_true, y_pred) self$factor * k_mean(k_square(y_true - y_pred), axis = -1),
                                get_config = function() c(super$get_config(), list(factor = self$factor)))
  Largest <- new_metric_class("Largest",
                              initialize = function(name = "largest", ...) {
                                super$initialize(name = name, ...)
                                self$value <- self$add_weight("value", initializer = "zeros")
                              },
                              update_state = function(y_true, y_pred, sample_weight = NULL)
                                self$value$assign(k_maximum(self$value, k_max(y_pred))), result = function() self$value)
  Warm <- new_learning_rate_schedule_class("Warm", initialize = function(peak) self$peak <- peak,
                                           call = function(step) self$peak * k_minimum(step / 10, 1),
                                           get_config = function() list(peak = self$peak))
  double_tanh <- function(x) 2 * k_tanh(x)  # what the file holds besides its comment
  model <- keras_model_sequential() |> layer_dense(1, activation = double_tanh, input_shape = 2)
  model |> compile(optimizer_sgd(Warm(0.1)), ScaledError(3), metrics = list(Largest()))
  x <- matrix(c(1, 2, 3, 4), 2)
  mine <- list(ScaledError = ScaledError, Largest = Largest, Warm = Warm, double_tanh = double_tanh)
  for (extension in c(".keras", ".h5")) {
    file <- withr::local_tempfile(fileext = extension)
    if (extension == ".h5") save_model_hdf5(model, file) else save_model(model, file)
    again <- load_model(file, custom_objects = mine)
    expect_equal(evaluate(again, x, c(1, 2), verbose = 0), evaluate(model, x, c(1, 2), verbose = 0))
    expect_identical(again$optimizer$get_config()$learning_rate$config$peak, 0.1)
    expect_error(load_model(file, custom_objects = mine[1:3]), "safe_mode", class = "keratin_error")
    expect_error(load_model(file, custom_objects = c(mine[1:3], list(double_tanh = function(x) 3 * k_tanh(x)))), "safe_mode", class = "keratin_error")
  }
})

test_that("a branch on a tensor's value says what to do, and runs with run_eagerly = TRUE", {
  Branch <- new_layer_class("Branch", call = function(inputs) if (k_sum(inputs) > 0) inputs else -inputs)
  expect_error(Branch()(matrix(1, 2, 2)), "as.logical(k_sum(inputs) > 0)", fixed = TRUE, class = "keratin_error_argument")
  Folded <- new_model_class("Folded", initialize = function() { super$initialize(); self$d <- layer_dense(units = 1) },
                            call = function(inputs) { h <- self$d(inputs); if (as.logical(k_sum(h) > 0)) h else -h })
  model <- Folded()
  model |> compile("sgd", "mse", run_eagerly = TRUE)
  history <- fit(model, matrix(1:8, 4), 1:4, epochs = 1, verbose = 0)
  expect_true(is.finite(history$metrics$loss))
})

test_that("a layer that reads values is a layer of models that are run eagerly", {
  branch <- function(inputs) if (as.numeric(k_sum(inputs)) > 0) inputs * 2 else -inputs
  Branching <- new_layer_class("Branching", call = branch)
  x <- matrix(1:8 / 8, 4)
  input <- layer_input(shape = 2)
  models <- list(keras_model_sequential(list(Branching(), layer_dense(units = 1))),
                 keras_model_sequential(list(Branching(), layer_dense(units = 1)), input_shape = 2),
                 keras_model(input, input |> layer_dense(2, kernel_initializer = "identity") |> Branching() |> layer_dense(1)),
                 keras_model(input, input |> layer_lambda(branch) |> layer_dense(1)))
  for (model in models) {
    model |> compile(optimizer_sgd(0), "mse", run_eagerly = TRUE)
    history <- fit(model, x, 1:4, epochs = 1, batch_size = 2, verbose = 0)
    expect_true(is.finite(history$metrics$loss))
    expect_identical(model$output_shape, list(NULL, 1L))
    kernel <- tail(get_weights(model), 2)[[1]]
    expect_equal(unname(predict(model, x, verbose = 0)), 2 * x %*% kernel, tolerance = 1e-6)
    expect_equal(unname(predict(model, -x, verbose = 0)), x %*% kernel, tolerance = 1e-6)
    model |> compile("sgd", "mse")   # a trace knows no values
    expect_error(fit(model, x, 1:4, verbose = 0), "k_switch.*run_eagerly = TRUE", class = "keratin_error_argument")
  }
})

test_that("zeros, or the class itself, say the output shape of a layer that reads values", {
  sequence <- layer_input(shape = c(NA, 3))
  reading <- function(f) layer_lambda(f = function(z) if (as.numeric(k_sum(z)) >= 0) f(z) else z)
  expect_identical(reading(function(z) k_concatenate(list(z, z), axis = -1))(sequence)$shape$as_list(), list(NULL, NULL, 6L))
  expect_identical(reading(function(z) k_sum(z, axis = 2))(sequence)$shape$as_list(), list(NULL, 3L))
  expect_identical(reading(function(z) k_sum(z))(sequence)$shape$as_list(), list())
  expect_identical(k_dtype(reading(function(z) k_cast(z, "int32"))(sequence)), "int32")
  both <- reading(function(z) list(z, k_sum(z, axis = 3)))(sequence)
  expect_identical(lapply(both, function(y) y$shape$as_list()), list(list(NULL, NULL, 3L), list(NULL, NULL)))
  Counting <- new_layer_class("Counting",   # its weights stay as they are
    build = function(input_shape) self$calls <- self$add_weight("calls", shape = list(), initializer = "zeros", trainable = FALSE),
    call = function(inputs) { self$calls$assign_add(1); if (as.numeric(self$calls) + as.numeric(k_sum(inputs)) > 0) inputs else -inputs })
  counting <- Counting()
  counting(layer_input(shape = 2))
  expect_equal(as.numeric(counting$calls), 0)
  wants_positive <- function(inputs) if (as.numeric(k_min(inputs)) > 0) k_concatenate(list(inputs, inputs)) else stop("only positive ones")
  Positive <- new_layer_class("Positive", call = wants_positive)
  expect_error(Positive()(layer_input(shape = 2)), "layer \"positive.*part of a trace.*only positive ones.*compute_output_shape",
               class = "keratin_error_argument")
  Said <- new_layer_class("Said", call = wants_positive, compute_output_shape = function(input_shape) list(input_shape[[1]], 2L * input_shape[[2]]))
  input <- layer_input(shape = 2)
  model <- keras_model(input, Said()(input))
  expect_identical(model$output_shape, list(NULL, 4L))
  model |> compile("sgd", "mse", run_eagerly = TRUE)
  expect_equal(unname(predict(model, matrix(c(1, 2), 1), verbose = 0)), matrix(c(1, 2, 1, 2), 1))
})

test_that("time_distributed() wants something at each step", {
  expect_error(time_distributed(layer_input(3), layer_dense(units = 2)), "at each step", class = "keratin_error_shape")
})

test_that("a cell of one's own takes several inputs a step and comes back from files", {
  Pair <- new_layer_class("Pair",
    initialize = function(units, ...) { super$initialize(...); self$units <- units; self$state_size <- list(shape(units), shape(2, units)) },
    build = function(input_shapes) self$scale <- self$add_weight("scale", shape = input_shapes$wide[[3]], initializer = "ones"),
    call = function(inputs, states) {
      c(flat, wide) %<-% tf$nest$flatten(inputs)
      new <- list(states[[1]] + flat, states[[2]] + wide * self$scale)
      list(list(flat, wide), new)
    },
    get_config = function() list(units = self$units))
  flat <- array(1:12 + 0, c(2, 3, 2))
  wide <- array(1:24 + 0, c(2, 3, 2, 2))
  result <- layer_rnn(cell = Pair(units = 2), return_sequences = TRUE, return_state = TRUE)(list(flat = flat, wide = wide))
  expect_equal(as.array(result[[1]][[2]]), wide)
  expect_equal(as.array(result[[2]]), apply(flat, c(1, 3), sum))
  expect_equal(as.array(result[[3]]), apply(wide, c(1, 3, 4), sum))
  inputs <- list(flat = layer_input(list(NULL, 2)), wide = layer_input(list(NULL, 2, 2)))
  model <- keras_model(unname(inputs), layer_rnn(cell = Pair(units = 2))(inputs))
  file <- withr::local_tempfile(fileext = ".keras")
  save_model(model, file)
  again <- load_model(file, custom_objects = list(Pair = Pair))
  expect_equal(predict(again, list(flat, wide), verbose = 0), predict(model, list(flat, wide), verbose = 0))
})

test_that("copies of layers know the class of a cell", {
  Adding <- new_layer_class("Adding", initialize = function(units, ...) { super$initialize(...); self$units <- units; self$state_size <- units },
                            call = function(inputs, states) { new <- states[[1]] + inputs; list(new, list(new)) },
                            get_config = function() c(super$get_config(), list(units = self$units)))
  x <- array(1:12 + 0, c(2, 3, 2))
  both <- bidirectional(layer = layer_rnn(cell = Adding(units = 2)))
  expect_equal(as.array(both(x)), cbind(apply(x, c(1, 3), sum), apply(x, c(1, 3), sum)))
  inputs <- layer_input(c(3, 2))
  model <- keras_model(inputs, layer_rnn(inputs, cell = Adding(units = 2)) |> layer_dense(1))
  copy <- clone_model(model)
  set_weights(copy, get_weights(model))
  expect_equal(predict(copy, x, verbose = 0), predict(model, x, verbose = 0))
})

test_that("a train step that gives no named list is told so", {
  Five <- new_model_class("Five", initialize = function() { super$initialize(); self$d <- layer_dense(units = 1) },
                          call = function(inputs) self$d(inputs), train_step = function(data) 5)
  model <- Five()
  model |> compile("sgd", "mse")
  expect_error(fit(model, matrix(1:4, 2), 1:2, verbose = 0), "named list", class = "keratin_error_argument")
})
