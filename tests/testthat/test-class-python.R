test_that("%py_class% makes layers", {
  Linear(keras$layers$Layer) %py_class% {
    initialize <- function(units = 3, ...) {
      super()$`__init__`(...)
      self$units <- units
    }
    build <- function(input_shape) self$w <- self$add_weight("w", shape(tail(input_shape, 1), self$units), initializer = "ones", trainable = TRUE)
    call <- function(inputs) tf$matmul(inputs, self$w)
    doubled %<-active% function() self$units * 2
    get_config <- function() c(super$get_config(), list(units = self$units))
  }
  layer <- Linear(2, name = "mine")
  expect_equal(as.array(layer(matrix(c(1, 2), 1))), matrix(3, 1, 2))
  expect_equal(layer$doubled, 4)
  expect_s3_class(layer, c("Linear", "keras.engine.base_layer.Layer"), exact = FALSE)
  expect_equal(from_config(get_config(layer))$units, 2)
  expect_equal(as.array(create_layer_wrapper(Linear)(matrix(1, 1, 1), units = 1)), matrix(1))
  Twice(Linear) %py_class% { call <- function(inputs) super$call(inputs) * 2 }
  expect_equal(as.array(Twice(1)(matrix(1, 1, 1))), matrix(2))
  Bigger(keras$layers$Dense) %py_class% { call <- function(inputs) super$call(inputs) + 1 }
  expect_equal(as.array(Bigger(units = 1L, kernel_initializer = "ones")(matrix(1, 1, 1))), matrix(2))
  expect_output(print(Linear), "<class Linear>")
})

test_that("a layer's tf$Variable is one of its weights", {
  Total(keras$layers$Layer) %py_class% {
    initialize <- function(n) {
      super$initialize()
      self$total <- tf$Variable(initial_value = tf$zeros(shape(n)), trainable = FALSE)
    }
    call <- function(inputs) {
      self$total$assign_add(tf$reduce_sum(inputs, axis = 0L))
      self$total
    }
  }
  layer <- Total(2)
  layer(tf$ones(shape(2, 2)))
  expect_equal(as.array(layer(tf$ones(shape(2, 2)))), array(c(4, 4)))
  expect_length(layer$non_trainable_weights, 1)
  expect_length(layer$trainable_weights, 0)
})

test_that("%py_class% makes models, callbacks, losses, metrics, schedules, constraints and plain classes", {
  Net(keras$Model) %py_class% {
    initialize <- function() {
      super$initialize()
      self$dense <- layer_dense(units = 1)
    }
    call <- function(inputs) self$dense(inputs)
  }
  Watch(keras$callbacks$Callback) %py_class% {
    initialize <- function() self$seen <- 0
    on_epoch_end <- function(epoch, logs = NULL) self$seen <- self$seen + 1
  }
  Own(keras$losses$Loss) %py_class% { call <- function(y_true, y_pred) k_mean(k_abs(y_true - y_pred), axis = -1) }
  Count(keras$metrics$Metric) %py_class% {
    initialize <- function(...) {
      super$initialize(...)
      self$n <- self$add_weight(name = "n", initializer = "zeros")
    }
    update_state <- function(y_true, y_pred, sample_weight = NULL) self$n$assign_add(k_sum(k_ones_like(y_pred)))
    result <- function() self$n + 0
  }
  Halving(keras$optimizers$schedules$LearningRateSchedule) %py_class% {
    initialize <- function(start) self$start <- start
    `__call__` <- function(step) self$start * k_pow(0.5, step)
  }
  Small(keras$constraints$Constraint) %py_class% { `__call__` <- function(w) tf$clip_by_value(w, -0.01, 0.01) }
  model <- Net()
  watch <- Watch()
  model |> compile(optimizer_sgd(learning_rate = Halving(0.1)), Own(), metrics = list(Count(name = "count")))
  history <- model |> fit(matrix(1:6 + 0, 3), c(1, 2, 3), epochs = 2, verbose = 0, callbacks = list(watch))
  expect_equal(watch$seen, 2)
  expect_equal(history$metrics$count, c(3, 3))
  expect_equal(as.numeric(Halving(0.1)(2)), 0.025, tolerance = 1e-6)
  layer <- layer_dense(units = 1, kernel_constraint = Small())
  expect_equal(as.array(layer$kernel_constraint(k_constant(1))), 0.01, tolerance = 1e-6)
  Plain %py_class% {
    initialize <- function(x) self$x <- x
    twice <- function() self$x * 2
  }
  expect_equal(Plain(4)$twice(), 8)
})

test_that("the older R6 forms: constraints and wrappers", {
  Positive <- R6::R6Class("Positive", inherit = KerasConstraint, public = list(call = function(w) w * k_cast(w >= 0, k_floatx())))
  layer <- layer_dense(units = 1, kernel_constraint = Positive$new(), kernel_initializer = initializer_constant(-1))
  model <- keras_model_sequential(input_shape = 1)
  model$add(layer)
  model |> compile("sgd", "mse")
  model |> fit(matrix(1), matrix(-5), epochs = 1, verbose = 0)
  expect_equal(as.array(layer$kernel), matrix(0))
  Doubled <- R6::R6Class("Doubled", inherit = KerasWrapper, public = list(
    build = function(input_shape) {
      super$build(input_shape)
      self$seen <- dim(private$py_wrapper$layer$kernel)
    },
    seen = NULL,
    call = function(x, mask = NULL) super$call(x) * 2))
  layer_doubled <- function(object, layer, name = NULL) create_wrapper(Doubled, object, list(layer = layer, name = name))
  wrapped <- layer_doubled(layer = layer_dense(units = 1, kernel_initializer = "ones"), name = "twice")
  expect_equal(as.array(wrapped(matrix(c(1, 2), 1))), matrix(6))
  expect_equal(wrapped$seen, c(2L, 1L))
  expect_length(wrapped$trainable_weights, 2)
  expect_equal(wrapped$name, "twice")
  expect_error(create_wrapper(Doubled, args = list()), "`layer`", class = "keratin_error_argument")
})

test_that("schedules of one's own train a model", {
  schedule <- new_learning_rate_schedule_class("halving", initialize = function(start) self$start <- start,
                                               call = function(step) self$start * k_pow(0.5, step), get_config = function() list(start = self$start))
  optimizer <- optimizer_sgd(learning_rate = schedule(1))
  v <- k_variable(0)
  for (i in 1:3) optimizer$apply_gradients(list(list(k_constant(-1), v)))
  expect_equal(as.array(v), 1.75)
  expect_equal(schedule(1)$get_config(), list(start = 1))
})

test_that("a model class given inputs and outputs is a functional model", {
  Own <- new_model_class("Own", train_step = function(data) {
    c(x, y) %<-% data
    with(tf$GradientTape() %as% tape, {
      y_pred <- self(x, training = TRUE)
      loss <- self$compiled_loss(y, y_pred, regularization_losses = self$losses)
    })
    self$optimizer$apply_gradients(zip_lists(tape$gradient(loss, self$trainable_variables), self$trainable_variables))
    self$compiled_metrics$update_state(y, y_pred)
    results <- list(mine = k_constant(1))
    for (m in self$metrics) results[[m$name]] <- m$result()
    results
  })
  input <- layer_input(3)
  model <- Own(input, layer_dense(input, 1))
  expect_s3_class(model, "keras.engine.functional.Functional")
  model |> compile("adam", "mse")
  history <- model |> fit(matrix(1:6, 2), 1:2, epochs = 1, verbose = 0)
  expect_equal(history$metrics$mine, 1)
  expect_equal(model$output_shape, list(NULL, 1L))
  expect_length(get_weights(Own(inputs = input, outputs = layer_dense(input, 1), name = "named")), 2)
  copy <- from_config(get_config(model))
  expect_s3_class(copy, "Own")
})

test_that("a class with its own compile() and train_step() needs no call()", {
  Pair <- new_model_class("Pair",
    initialize = function(first) { super$initialize(); self$first <- first },
    compile = function(own_optimizer) { super$compile(); self$own_optimizer <- own_optimizer },
    train_step = function(x) {
      batch_size <- tf$shape(x)[1]
      with(tf$GradientTape() %as% tape, loss <- tf$reduce_mean(self$first(x + 0 * tf$random$normal(shape = c(batch_size, 3L)))^2))
      weights <- self$first$trainable_weights
      self$own_optimizer$apply_gradients(zip_lists(tape$gradient(loss, weights), weights))
      list(loss = loss)
    })
  model <- Pair(keras_model_sequential(input_shape = 3) |> layer_dense(1))
  model |> compile(own_optimizer = optimizer_sgd(0.01))
  history <- model |> fit(tensor_slices_dataset(matrix(runif(24), 8)) |> dataset_batch(3), epochs = 3, verbose = 0)
  expect_true(all(diff(history$metrics$loss) < 0))
  expect_length(fit(model, matrix(runif(24), 8), epochs = 1, verbose = 0)$metrics$loss, 1)
})

test_that("losses of one's own are classes with reduction", {
  loss_cubic <- new_loss_class("Cubic", call = function(y_true, y_pred) k_mean(k_abs(y_true - y_pred)^3, axis = -1))
  expect_equal(as.numeric(loss_cubic()(matrix(c(0, 0), 2), matrix(c(1, 2), 2))), 4.5)
  expect_equal(as.array(loss_cubic(reduction = "none")(matrix(c(0, 0), 2), matrix(c(1, 2), 2))), array(c(1, 8)))
})

test_that("keras$initializers and its kin get, serialize and deserialize", {
  expect_identical(as.array(keras$initializers$get("ones")(c(1, 2))), matrix(1, 1, 2))
  config <- keras$regularizers$serialize(regularizer_l2(0.5))
  expect_equal(as.numeric(keras$regularizers$deserialize(config)(k_constant(2))), 2)
  expect_equal(as.array(keras$activations$get("relu")(c(-1, 2))), array(c(0, 2)))
  expect_identical(keras$layers$deserialize(keras$layers$serialize(layer_dense(units = 3, name = "d")))$units, 3L)
})
