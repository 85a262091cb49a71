test_that("the history is Keras's", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(0.05), loss = "mse", metrics = list("mae", "mape"))
  h <- fit_fixed(model, epochs = 3, batch_size = 10, validation_split = 0.25)
  expect_identical(names(h$metrics), c("loss", "mae", "mape", "val_loss", "val_mae", "val_mape"))
  expect_equal(h$metrics$loss, c(0.7181761, 0.6828462, 0.6558255), tolerance = 1e-5)
  expect_equal(h$metrics$val_mae, c(0.9024012, 0.8959534, 0.8903963), tolerance = 1e-5)
  expect_identical(h$params[c("epochs", "steps")], list(epochs = 3L, steps = 2L))
  e <- evaluate(model, fixed_x, fixed_y, batch_size = 5, verbose = 0)
  expect_equal(e, c(loss = 0.7471764, mae = 0.6874849, mape = 119.1708755), tolerance = 1e-5)
  d <- as.data.frame(h)
  expect_identical(names(d), c("epoch", "value", "metric", "data"))
  expect_equal(d$value[1:3], h$metrics$loss)
  expect_output(print(h), "Final epoch \\(plot to see history\\):\n    loss: 0.6558")
})

test_that("plots of the history are drawn", {
  h <- structure(list(params = list(epochs = 2L), metrics = list(loss = c(2, 1), val_loss = c(3, 2))), class = "keras_training_history")
  file <- withr::local_tempfile(fileext = ".png")
  grDevices::png(file)
  plot(h, method = "base")
  grDevices::dev.off()
  expect_gt(file.size(file), 1000)
  skip_if_not_installed("ggplot2")
  expect_s3_class(plot(h), "ggplot")
})

test_that("sample and class weights", {
  model <- fixed_model()
  model %>% compile(optimizer = "rmsprop", loss = "mae")
  h <- fit_fixed(model, epochs = 2, batch_size = 8, sample_weight = rep(c(0.5, 2, 0), 8))
  expect_equal(h$metrics$loss, c(0.7053006, 0.6985337), tolerance = 1e-5)

  x <- seeded(c(20, 4), 11)
  set.seed(11)
  y <- to_categorical(sample(0:2, 20, TRUE), 3)
  model <- keras_model_sequential() %>% layer_dense(3, activation = "softmax", input_shape = 4)
  fixed_weights(model, 11)
  model %>% compile(optimizer = "sgd", loss = "categorical_crossentropy", metrics = "accuracy")
  h <- fit(model, x, y, epochs = 3, batch_size = 6, shuffle = FALSE, verbose = 0, class_weight = list("0" = 1, "1" = 2, "2" = 0.5))
  expect_equal(h$metrics$loss, c(1.483855, 1.464460, 1.446101), tolerance = 1e-5)
  expect_equal(h$metrics$accuracy, c(0.25, 0.25, 0.3), tolerance = 1e-6)
})

test_that("run_eagerly gives what the traced step gives", {
  run <- function(eagerly) {
    model <- fixed_model()
    model %>% compile(optimizer = optimizer_adam(0.01, clipnorm = 1), loss = "mse", metrics = "mae", run_eagerly = eagerly)
    h <- fit_fixed(model, epochs = 2, validation_split = 0.25)
    list(h$metrics, get_weights(model), predict(model, fixed_x, verbose = 0))
  }
  expect_equal(run(TRUE), run(FALSE), tolerance = 1e-6)
})

test_that("one thread and two give the same bits, and the seed decides the order", {
  run <- function(threads, seed = 3) with_threads(threads, {
    model <- fixed_model()
    model %>% compile(optimizer = "adam", loss = "mse")
    set.seed(seed)
    fit_fixed(model, shuffle = TRUE)
    get_weights(model)
  })
  expect_identical(run(1), run(2))
  expect_false(identical(run(1, 3), run(1, 4)))
})

test_that("lists, names, data frames and generators are data", {
  a <- layer_input(shape = 4, name = "a")
  b <- layer_input(shape = 2, name = "b")
  joined <- layer_concatenate(list(a, b))
  model <- keras_model(list(a, b), list(layer_dense(joined, 1, name = "o1"), layer_dense(joined, 2, name = "o2")))
  fixed_weights(model, 3)
  model %>% compile(optimizer = optimizer_sgd(0), loss = list(o1 = "mse", o2 = "mae"), loss_weights = list(o1 = 1, o2 = 0.5),
                    metrics = list(o2 = "mse"))
  xa <- fixed_x[, 1:4]
  xb <- fixed_x[, 5:6]
  h <- fit(model, list(b = xb, a = xa), list(o2 = fixed_y, o1 = fixed_y[, 1, drop = FALSE]), epochs = 1, verbose = 0)
  expect_identical(names(h$metrics), c("loss", "o1_loss", "o2_loss", "o2_mse"))
  expect_equal(h$metrics$loss, h$metrics$o1_loss + 0.5 * h$metrics$o2_loss, tolerance = 1e-6)
  e <- evaluate(model, list(xa, xb), list(fixed_y[, 1], fixed_y), verbose = 0)
  expect_equal(unname(e), unname(unlist(h$metrics)), tolerance = 1e-6)
  p <- predict(model, list(xa, xb), verbose = 0)
  expect_equal(lapply(p, dim), list(c(24L, 1L), c(24L, 2L)))

  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(0), loss = "mse")
  expected <- evaluate(model, fixed_x, fixed_y, verbose = 0)
  expect_equal(evaluate(model, as.data.frame(fixed_x), as.data.frame(fixed_y), verbose = 0), expected)
  i <- 0
  generator <- function() { rows <- (i %% 3) * 8 + 1:8; i <<- i + 1; list(fixed_x[rows, ], fixed_y[rows, ]) }
  h <- fit(model, generator, steps_per_epoch = 3, epochs = 2, verbose = 0)
  expect_equal(h$metrics$loss, rep(unname(expected), 2), tolerance = 1e-5)
  expect_equal(evaluate(model, generator, steps = 3, verbose = 0), expected, tolerance = 1e-5)
  expect_equal(predict(model, function() fixed_x[1:8, ], steps = 1, verbose = 0), predict(model, fixed_x[1:8, ], verbose = 0))
})

test_that("a generator that ends early ends the training with a warning", {
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  i <- 0
  generator <- function() { i <<- i + 1; if (i < 6) list(fixed_x[1:8, ], fixed_y[1:8, ]) }
  expect_warning(h <- fit(model, generator, steps_per_epoch = 3, epochs = 5, verbose = 0), "ran out of data")
  expect_length(h$metrics$loss, 2)
})

test_that("initial_epoch, steps_per_epoch and validation_freq", {
  model <- fixed_model()
  model %>% compile(optimizer = "adam", loss = "mse")
  h <- fit_fixed(model, epochs = 5, initial_epoch = 2, batch_size = 8)
  expect_length(h$metrics$loss, 3)
  h <- fit(model, fixed_x, fixed_y, epochs = 1, steps_per_epoch = 4, verbose = 0)
  expect_equal(as.numeric(as.array(model$optimizer$iterations)), 9 + 4)
  h <- fit_fixed(model, epochs = 4, validation_split = 0.25, validation_freq = 2)
  expect_length(h$metrics$val_loss, 2)
})

test_that("one step on one batch", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_adam(0.01), loss = "mse", metrics = "mae")
  a <- vapply(1:3, function(i) train_on_batch(model, fixed_x, fixed_y), c(0, 0))
  expect_equal(a[1, ], c(0.8171686, 0.7903321, 0.7666588), tolerance = 1e-4)
  expect_equal(test_on_batch(model, fixed_x, fixed_y)[[1]], 0.745984, tolerance = 1e-4)
  expect_equal(predict_on_batch(model, fixed_x), predict(model, fixed_x, verbose = 0))
})

test_that("regularizers, activity regularizers and add_loss() are part of the loss", {
  model <- keras_model_sequential() %>% layer_dense(2, input_shape = 6, kernel_regularizer = regularizer_l2(0.1))
  fixed_weights(model, 1)
  model %>% compile(optimizer = "sgd", loss = "mse")
  plain <- keras_model_sequential() %>% layer_dense(2, input_shape = 6)
  set_weights(plain, get_weights(model))
  plain %>% compile(optimizer = "sgd", loss = "mse")
  expect_equal(unname(evaluate(model, fixed_x, fixed_y, verbose = 0)),
               unname(evaluate(plain, fixed_x, fixed_y, verbose = 0)) + 0.1 * sum(get_weights(model)[[1]]^2), tolerance = 1e-5)
})

test_that("models replace the train step", {
  Net <- new_model_class("Net", initialize = function() { super$initialize(); self$d <- layer_dense(units = 2) },
    call = function(inputs, ...) self$d(inputs),
    train_step = function(data) {
      with(tf$GradientTape() %as% tape, {
        y_pred <- self(data[[1]], training = TRUE)
        loss <- self$compiled_loss(data[[2]], y_pred, regularization_losses = self$losses)
      })
      gradients <- tape$gradient(loss, self$trainable_variables)
      self$optimizer$apply_gradients(Map(list, gradients, self$trainable_variables))
      self$compiled_metrics$update_state(data[[2]], y_pred)
      list(loss = loss, twice = loss * 2)
    })
  model <- Net()
  model %>% compile(optimizer = "sgd", loss = "mse")
  h <- fit_fixed(model, epochs = 2, batch_size = 24)
  expect_equal(h$metrics$twice, 2 * h$metrics$loss, tolerance = 1e-6)
  expect_lt(h$metrics$loss[[2]], h$metrics$loss[[1]])
})

test_that("Ctrl-C keeps what finished and says so", {
  skip_if_not_installed("callr")
  skip_on_os("windows")
  flag <- withr::local_tempfile()
  child <- callr::r_bg(function(flag) {
    library(keratin)
    x <- matrix(rnorm(64000 * 20), 64000, 20)
    model <- keras_model_sequential() %>% layer_dense(32, activation = "relu", input_shape = 20) %>% layer_dense(1)
    model %>% compile(optimizer = "adam", loss = "mse")
    running <- callback_lambda(on_epoch_end = function(epoch, logs) if (epoch == 1) file.create(flag))
    condition <- tryCatch(fit(model, x, x[, 1], epochs = 1e6, verbose = 0, callbacks = list(running)), keratin_error_interrupted = function(e) e)
    list(class = class(condition), kept = identical(condition$history, model$history), ended = Sys.time(),
         steps = as.numeric(as.array(model$optimizer$iterations)),
         usable = all(is.finite(evaluate(model, x, x[, 1], verbose = 0))))
  }, list(flag), libpath = .libPaths())
  for (i in 1:600) if (file.exists(flag)) break else Sys.sleep(0.05)
  Sys.sleep(0.5)
  sent <- Sys.time()
  child$interrupt()
  child$wait(10000)
  r <- child$get_result()
  expect_true("keratin_error_interrupted" %in% r$class)
  expect_true(r$kept)
  expect_true(r$usable)
  expect_gt(r$steps, 3999)
  expect_lt(as.numeric(r$ended - sent, units = "secs"), 1)
})

test_that("an interrupt stops a long op outside fit() too", {
  skip_if_not_installed("callr")
  skip_on_os("windows")
  skip_on_cran()
  started <- withr::local_tempfile()
  child <- callr::r_bg(function(started) {
    library(keratin)
    options(keratin.threads = 1L)
    x <- k_ones(c(1, 20000, 256))
    kernel <- k_ones(c(256, 256, 256))
    file.create(started)
    class <- tryCatch(for (i in 1:9) k_conv1d(x, kernel, padding = "same"), keratin_error_interrupted = function(e) class(e),
                      interrupt = function(e) "interrupt")
    list(class = class, sum = k_get_value(k_sum(x)))
  }, list(started), libpath = .libPaths())
  for (i in 1:600) if (file.exists(started) || !child$is_alive()) break else Sys.sleep(0.02)
  Sys.sleep(0.3)
  begun <- Sys.time()
  child$interrupt()
  child$wait(20000)
  expect_lt(as.numeric(Sys.time() - begun, units = "secs"), 4)
  r <- child$get_result()
  expect_true("keratin_error_interrupted" %in% r$class || identical(r$class, "interrupt"))
  expect_equal(r$sum, 5120000)
})

test_that("sparse matrices are trained on batch by batch", {
  skip_if_not_installed("Matrix")
  dense <- fixed_x * (fixed_x > 0.5)
  sparse <- Matrix::Matrix(dense, sparse = TRUE)
  run <- function(x) {
    model <- fixed_model()
    model %>% compile(optimizer = "sgd", loss = "mse")
    set.seed(1)
    h <- fit(model, x, fixed_y, epochs = 2, batch_size = 7, verbose = 0, validation_split = 0.25, sample_weight = 1:24 / 24)
    list(h$metrics, predict(model, x, verbose = 0))
  }
  expect_equal(run(sparse), run(dense), tolerance = 1e-6)
})

test_that("a loss that is not a number is pointed out once, with what may help", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(1e20), loss = "mse")
  expect_message(capture.output(fit(model, fixed_x, fixed_y, epochs = 4, verbose = 1)), "learning rate")
})

test_that("view_metrics writes a page of curves", {
  shown <- NULL
  withr::local_options(viewer = function(url) shown <<- url)
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse", metrics = "mae")
  fit_fixed(model, epochs = 3, validation_split = 0.25, view_metrics = TRUE)
  page <- paste(readLines(shown), collapse = "\n")
  expect_match(page, "<h2>loss</h2>.*<h2>mae</h2>")
  expect_false(grepl("refresh", page))
})

test_that("the next batch of a generator is made while the core computes, with nothing else changed", {
  run <- function(train) {
    set.seed(3)
    model <- keras_model_sequential(input_shape = 4) |> layer_dense(8, activation = "relu") |> layer_dropout(0.5) |> layer_dense(1)
    model |> compile(optimizer = "adam", loss = "mse")
    train(model, function() {
      x <- matrix(rnorm(32), 8)
      list(x, rowSums(x))
    })
    list(get_weights(model), runif(1))
  }
  beside <- run(function(model, generator) fit(model, generator, steps_per_epoch = 4, epochs = 2, verbose = 0))
  in_turn <- run(function(model, generator) for (i in 1:8) do.call(train_on_batch, c(list(model), generator())))
  expect_identical(beside, in_turn)
})

test_that("a generator may look at the model, and its error comes after the batches before it", {
  model <- keras_model_sequential(input_shape = 1) |> layer_dense(1, use_bias = FALSE, kernel_initializer = "ones")
  model |> compile(optimizer = optimizer_sgd(0.5), loss = "mse")
  seen <- ended <- NULL
  generator <- function() {
    if (length(seen) == 3) stop("no more")
    seen <<- c(seen, get_weights(model)[[1]])
    list(matrix(1), matrix(0))
  }
  count <- callback_lambda(on_batch_end = function(batch, logs) ended <<- c(ended, batch))
  expect_error(fit(model, generator, steps_per_epoch = 5, epochs = 1, verbose = 0, callbacks = list(count)), "no more")
  expect_equal(ended, 0:2)
  expect_equal(seen, c(1, 0, 0), tolerance = 1e-6)   # a step with rate 0.5 ends at the minimum: each batch sees the weights after the last one
})

test_that("targets that do not fit their loss are noticed, and a generator that is empty at an epoch's start ends training", {
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(1, activation = "sigmoid")
  model |> compile(optimizer = "sgd", loss = "binary_crossentropy")
  x <- matrix(0, 4, 2)
  expect_warning(fit(model, x, c(1, 2, 1, 2), epochs = 1, verbose = 0), "from 1 to 2", fixed = TRUE)
  expect_silent(fit(model, x, c(0, 1, 0.5, 1), epochs = 1, verbose = 0))
  expect_error(fit(model, x, letters[1:4], epochs = 1, verbose = 0), "text", class = "keratin_error_argument")
  left <- 2
  generator <- function() if ((left <<- left - 1) >= 0) list(x, rep(1, 4))
  expect_warning(history <- fit(model, generator, epochs = 3, verbose = 0), "ran out of data after 0 of 2")
  expect_length(history$metrics$loss, 1)
})

test_that("steps that are not a pass over the data go on where the epoch before stopped", {
  trained <- function(...) {
    model <- fixed_model()
    model %>% compile(optimizer = optimizer_sgd(0.05), loss = "mse")
    seen <- integer()
    count <- callback_lambda(on_epoch_begin = function(epoch, logs) seen <<- c(seen, 0L),
                             on_train_batch_end = function(batch, logs) seen[length(seen)] <<- seen[length(seen)] + 1L)
    history <- fit(model, ..., shuffle = FALSE, verbose = 0, callbacks = list(count))
    list(weights = get_weights(model), seen = seen, loss = history$metrics$loss, steps = history$params$steps)
  }
  two_passes <- trained(fixed_x, fixed_y, batch_size = 5, epochs = 2)   # of 5 batches, the last one smaller
  expect_identical(trained(fixed_x, fixed_y, batch_size = 5, epochs = 2, steps_per_epoch = 2)$seen, c(2L, 2L))
  uneven <- trained(fixed_x[1:20, ], fixed_y[1:20, ], batch_size = 5, epochs = 4, steps_per_epoch = 1)
  expect_identical(uneven$weights, trained(fixed_x[1:20, ], fixed_y[1:20, ], batch_size = 5, epochs = 1)$weights)
  expect_warning(long <- trained(fixed_x, fixed_y, batch_size = 5, epochs = 2, steps_per_epoch = 7), "ran out of data after 3 of 7")
  expect_identical(long$seen, c(7L, 3L))
  expect_identical(long$weights, two_passes$weights)
  expect_identical(long$steps, 7L)
  dataset <- tensor_slices_dataset(list(fixed_x, fixed_y)) |> dataset_batch(5)
  expect_warning(of_dataset <- trained(dataset, epochs = 3, steps_per_epoch = 3), "ran out of data after 2 of 3")
  expect_identical(of_dataset$seen, c(3L, 2L))
  expect_equal(of_dataset$weights, trained(fixed_x, fixed_y, batch_size = 5, epochs = 1)$weights, tolerance = 1e-6)
})

test_that("classes weigh in training, not in the validation split of the same data", {
  model <- fixed_model(3)
  model %>% compile(optimizer = optimizer_sgd(0), loss = loss_sparse_categorical_crossentropy(from_logits = TRUE))
  ids <- rep(0:2, 8)
  history <- fit(model, fixed_x, ids, epochs = 1, verbose = 0, validation_split = 0.25, class_weight = list("0" = 5, "1" = 7, "2" = 9))
  expect_equal(history$metrics$val_loss, evaluate(model, fixed_x[19:24, ], ids[19:24], verbose = 0)[["loss"]], tolerance = 1e-6)
  expect_gt(history$metrics$loss, 3 * history$metrics$val_loss)
})

test_that("an output without a metric is NULL in the list of metrics", {
  input <- layer_input(6)
  model <- keras_model(input, list(layer_dense(input, 2, name = "a"), layer_dense(input, 2, name = "b")))
  model %>% compile(optimizer = "sgd", loss = list("mse", NULL), metrics = list(list("mae"), NULL))
  expect_named(evaluate(model, fixed_x, list(fixed_y, fixed_y), verbose = 0), c("loss", "a_loss", "a_mae"))
})

test_that("a step is traced anew when what it runs has changed", {
  quiet <- function(...) predict(..., verbose = 0)
  x <- matrix(c(-1, 2, 3, -4), 2)
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(2, kernel_initializer = "identity")
  model |> compile("sgd", "mse")
  expect_equal(quiet(model, x), x)
  model |> layer_activation_relu()
  expect_equal(quiet(model, x), pmax(x, 0))
  expect_equal(evaluate(model, x, 0 * x, verbose = 0), c(loss = mean(pmax(x, 0)^2)))
  pop_layer(model)
  expect_equal(quiet(model, x), x)

  # layers that are frozen between two steps, from the next compile() on; another optimizer, a schedule in the place of a number
  moves <- function() {
    before <- get_weights(model)
    train_on_batch(model, x, x + 1)
    !mapply(identical, before, get_weights(model))
  }
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(2) |> layer_dense(2)
  model |> compile(optimizer_sgd(0.1), "mse")
  expect_equal(moves(), rep(TRUE, 4))
  freeze_weights(model, to = 1)
  expect_equal(moves(), rep(TRUE, 4))
  expect_length(model$trainable_weights, 2)
  model |> compile(optimizer_sgd(0.1), "mse")
  expect_equal(moves(), c(FALSE, FALSE, TRUE, TRUE))
  model$layers[[2]]$trainable <- FALSE
  model$layers[[1]]$trainable <- TRUE
  model |> compile(optimizer_sgd(0.1), "mse")
  expect_equal(moves(), c(TRUE, TRUE, FALSE, FALSE))
  model$optimizer$learning_rate <- 0
  expect_false(any(moves()))
  model$optimizer$learning_rate <- learning_rate_schedule_exponential_decay(0.1, 10, 0.9)
  expect_equal(moves(), c(TRUE, TRUE, FALSE, FALSE))
  model$optimizer <- optimizer_sgd(0)
  expect_false(any(moves()))
})

test_that("a compiled discriminator that is frozen within the model that trains the generator trains by itself", {
  generator <- keras_model_sequential(input_shape = 3) |> layer_dense(4)
  discriminator <- keras_model_sequential(input_shape = 4) |> layer_dense(3) |> layer_batch_normalization() |> layer_dense(1, activation = "sigmoid")
  discriminator |> compile("sgd", "binary_crossentropy")
  freeze_weights(discriminator)
  noise <- layer_input(3)
  gan <- keras_model(noise, discriminator(generator(noise)))
  gan |> compile("sgd", "binary_crossentropy")
  changed <- function(expr) {
    before <- list(get_weights(generator), get_weights(discriminator))
    force(expr)
    !mapply(identical, before, list(get_weights(generator), get_weights(discriminator)))
  }
  x <- matrix(sin(1:12), 3)
  for (pass in 1:2) {
    expect_equal(changed(train_on_batch(gan, t(x), c(0, 0, 0, 0))), c(TRUE, FALSE))
    expect_equal(changed(train_on_batch(discriminator, x, c(1, 0, 1))), c(FALSE, TRUE))
    expect_equal(changed(fit(discriminator, x, c(1, 0, 1), epochs = 1, verbose = 0)), c(FALSE, TRUE))
  }
  expect_false(discriminator$trainable)
  expect_error(train_on_batch(discriminator, x, c(1, 0)), class = "keratin_error")
  expect_length(discriminator$trainable_weights, 0)
})

test_that("metrics made by a step start anew with each batch, and a model read back finds its weights", {
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(1, kernel_initializer = "ones")
  model |> compile(optimizer_sgd(0), "mse", metrics = "mae")
  x <- matrix(1:4, 2)
  first <- train_on_batch(model, x, c(0, 0))
  expect_equal(train_on_batch(model, 10 * x, c(0, 0)), first * c(100, 10))
  expect_equal(test_on_batch(model, x, c(0, 0)), first)
  given <- keras_model_sequential(input_shape = 2) |> layer_dense(1, kernel_initializer = "ones")   # a metric that was there before the step
  given |> compile(optimizer_sgd(0), "mse", metrics = list(metric_mean_absolute_error()))
  expect_equal(train_on_batch(given, x, c(0, 0)), first)
  expect_equal(train_on_batch(given, 10 * x, c(0, 0)), first * c(100, 10))
  file <- tempfile(fileext = ".rds")
  saveRDS(model, file)
  again <- readRDS(file)
  again$optimizer$learning_rate <- 0.1
  train_on_batch(again, x, c(0, 0))
  expect_false(identical(get_weights(again), get_weights(model)))
  expect_equal(get_weights(model)[[1]], matrix(1, 2, 1))
})

test_that("a model of thousands of weights trains", {
  many <- new_layer_class("Many",
    build = function(input_shape) {
      self$parts <- lapply(seq_len(2500), function(i) self$add_weight(paste0("part_", i), shape = list(), initializer = "zeros"))
    },
    call = function(inputs) inputs * tf$add_n(self$parts))
  model <- keras_model_sequential(layers = list(many(input_shape = 1L)))
  model %>% compile(optimizer = optimizer_sgd(learning_rate = 1e-5), loss = "mse")
  history <- model %>% fit(matrix(1:4), matrix(1:4), epochs = 2, verbose = 0)
  expect_lt(history$metrics$loss[2], history$metrics$loss[1])
})
