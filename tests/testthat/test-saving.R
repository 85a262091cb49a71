autoencoder <- function() {
  set.seed(11)
  keras_model_sequential(input_shape = c(16, 2)) %>%
    layer_conv_1d(6, 4, strides = 2, padding = "same", activation = "relu", name = "down") %>%
    layer_batch_normalization(name = "norm") %>%
    layer_dropout(0.25, name = "drop") %>%
    layer_conv_1d_transpose(2, 4, strides = 2, padding = "same", name = "up") %>%
    compile(optimizer = optimizer_adam(0.01), loss = "mse", metrics = "mae")
}
set.seed(12)
x <- array(rnorm(40 * 16 * 2), c(40, 16, 2))
train <- function(model, epochs) fit(model, x, x, epochs = epochs, batch_size = 16, verbose = 0)

test_that("a model in a file predicts the same in a new process, and training goes on as if nothing had happened", {
  model <- autoencoder()
  train(model, 2)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(model, file)
  here <- predict(model, x, verbose = 0)
  there <- in_new_process("model <- readRDS(file)
    before <- predict(model, x, verbose = 0)
    set.seed(13)
    history <- fit(model, x, x, epochs = 2, batch_size = 16, verbose = 0)
    list(before = before, after = predict(model, x, verbose = 0), metrics = history$metrics,
         iterations = as.numeric(as.array(model$optimizer$iterations)))",
    file = file, x = x)
  expect_identical(there$before, here)
  set.seed(13)
  history <- train(model, 2)
  expect_identical(there$metrics, history$metrics)
  expect_identical(there$after, predict(model, x, verbose = 0))
  expect_equal(there$iterations, 4 * 3)
})

test_that("an untrained functional model with shared layers goes through a file", {
  input <- layer_input(shape = 3)
  shared <- layer_dense(units = 3, activation = "tanh")
  model <- keras_model(input, layer_add(list(shared(input), shared(shared(input)))))
  x <- matrix(rnorm(6), 2)
  there <- in_new_process("predict(model, x, verbose = 0)", model = model, x = x)
  expect_identical(there, predict(model, x, verbose = 0))
})

test_that("training does not depend on the number of threads, to the last bit", {
  result <- function(threads) {
    with_threads(threads, {
      model <- autoencoder()
      history <- train(model, 2)
      list(history$metrics, get_weights(model))
    })
  }
  one <- result(1)
  expect_identical(result(2), one)
  expect_identical(result(3), one)
})

test_that("the same seed trains the same model", {
  expect_identical(get_weights({
    model <- autoencoder()
    train(model, 1)
    model
  }), get_weights({
    model <- autoencoder()
    train(model, 1)
    model
  }))
})

test_that("a forked child predicts and trains on", {
  skip_on_os("windows")
  model <- autoencoder()
  train(model, 1)
  work <- function() {
    set.seed(14)
    train(model, 1)
    predict(model, x, verbose = 0)
  }
  job <- parallel::mcparallel(work())
  there <- NULL
  deadline <- Sys.time() + 60
  while (is.null(there) && Sys.time() < deadline) there <- parallel::mccollect(job, wait = FALSE, timeout = 1)
  if (is.null(there)) tools::pskill(job$pid, tools::SIGKILL)
  expect_identical(there[[1]], work())
})
