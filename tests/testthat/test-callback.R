test_that("hooks are called in Keras's order, with its logs", {
  log <- character()
  note <- function(...) log <<- c(log, paste(...))
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  fit_fixed(model, epochs = 2, batch_size = 12, validation_split = 0.25, callbacks = list(callback_lambda(
    on_train_begin = function(logs) note("train_begin"), on_train_end = function(logs) note("train_end"),
    on_epoch_begin = function(epoch, logs)
      note("epoch_begin", epoch), on_epoch_end = function(epoch, logs) note("epoch_end", epoch, names(logs)[1], names(logs)[2]),
    on_train_batch_begin = function(batch, logs) note("batch_begin", batch), on_train_batch_end = function(batch, logs) note("batch_end", batch),
    on_test_begin = function(logs) note("test_begin"), on_test_end = function(logs) note("test_end"))))
  one_epoch <- function(i)
    c(paste("epoch_begin", i), "batch_begin 0", "batch_end 0", "batch_begin 1", "batch_end 1", "test_begin", "test_end",
      paste("epoch_end", i, "loss val_loss"))
  expect_identical(log, c("train_begin", one_epoch(0), one_epoch(1), "train_end"))
})

test_that("early stopping restores the best weights", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(0.5), loss = "mse")
  h <- fit_fixed(model, epochs = 30, batch_size = 8, validation_split = 0.3,
                 callbacks = list(callback_early_stopping(patience = 2, restore_best_weights = TRUE)))
  expect_equal(h$metrics$val_loss, c(1.0304, 1.0105, 1.0212, 1.0422), tolerance = 2e-2)
  best <- fixed_model()
  best %>% compile(optimizer = optimizer_sgd(0.5), loss = "mse")
  fit_fixed(best, epochs = which.min(h$metrics$val_loss), batch_size = 8, validation_split = 0.3)
  expect_identical(get_weights(model), get_weights(best))
})

test_that("a monitored metric that does not exist is a warning", {
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  expect_warning(fit_fixed(model, epochs = 1, callbacks = list(callback_early_stopping(monitor = "val_acc"))), "val_acc")
})

test_that("learning rate callbacks set the rate and log it", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(0.1), loss = "mse")
  h <- fit_fixed(model, epochs = 3, callbacks = list(callback_learning_rate_scheduler(function(epoch, lr) lr * 0.5)))
  expect_equal(h$metrics$lr, c(0.05, 0.025, 0.0125), tolerance = 1e-6)
  expect_identical(names(h$metrics), c("loss", "lr"))
  h <- fit_fixed(model, epochs = 4, callbacks = list(callback_reduce_lr_on_plateau(monitor = "loss", patience = 1, factor = 0.1, min_delta = 10)))
  expect_equal(h$metrics$lr, 0.0125 * c(1, 1, 0.1, 0.01), tolerance = 1e-5)
})

test_that("training ends at a loss that is not a number", {
  model <- fixed_model()
  model %>% compile(optimizer = optimizer_sgd(1e20), loss = "mse")
  expect_output(h <- fit_fixed(model, epochs = 10, callbacks = list(callback_terminate_on_naan())), "Invalid loss")
  expect_lt(length(h$metrics$loss), 10)
})

test_that("the CSV logger writes a line per epoch", {
  file <- withr::local_tempfile(fileext = ".csv")
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse", metrics = "mae")
  h <- fit_fixed(model, epochs = 2, validation_split = 0.25, callbacks = list(callback_csv_logger(file)))
  d <- read.csv(file)
  expect_identical(names(d), c("epoch", "loss", "mae", "val_loss", "val_mae"))
  expect_equal(d$val_mae, h$metrics$val_mae, tolerance = 1e-6)
  fit_fixed(model, epochs = 2, validation_split = 0.25, callbacks = list(callback_csv_logger(file, append = TRUE)))
  expect_equal(nrow(read.csv(file)), 4)
})

test_that("callbacks are written as R6 classes or with new_callback_class()", {
  LossHistory <- R6::R6Class("LossHistory", inherit = KerasCallback, public = list(
    losses = NULL, on_batch_end = function(batch, logs = list()) self$losses <- c(self$losses, logs[["loss"]])))
  history <- LossHistory$new()
  seen <- c()
  watch <- new_callback_class("watch", initialize = function(every) { super$initialize(); self$every <- every },
                              on_epoch_end = function(epoch, logs = NULL) if (epoch %% self$every == 0) seen <<- c(seen, epoch))
  stop_early <- new_callback_class("stop_early", on_epoch_end = function(epoch, logs = NULL) if (epoch == 2) self$model$stop_training <- TRUE)
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  fit_fixed(model, epochs = 10, callbacks = list(history, watch(every = 2), stop_early()))
  expect_length(history$losses, 3 * 4)
  expect_equal(seen, c(0, 2))
})

test_that("what is no callback is an error", {
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  expect_error(fit_fixed(model, callbacks = list("early")), class = "keratin_error_argument")
  expect_error(callback_lambda(on_epoch_end = 3), class = "keratin_error_argument")
  expect_error(callback_reduce_lr_on_plateau(factor = 1), class = "keratin_error_argument")
})

test_that("file names are filled in with Python's number formats", {
  fill <- internal("fill_template")
  expect_equal(fill("w.{epoch:02d}-{val_loss:.2f}.h5", list(epoch = 3, val_loss = 0.1278)), "w.03-0.13.h5")
  expect_equal(fill("{loss:.2f} {val:.3f}", list(loss = Inf, val = NaN)), "inf nan")   # as Python writes them
  expect_equal(fill("{epoch}-{acc:.1%}", list(epoch = 3, acc = 0.5)), "3-50.0%")
  expect_error(fill("{val_los}", list(epoch = 1, val_loss = 2)), "val_los", class = "keratin_error_argument")
})

test_that("a run that was killed goes on to the same bits", {
  folder <- withr::local_tempdir()
  run <- function(callbacks, epochs = 4) {
    set.seed(7)
    model <- keras_model_sequential() %>% layer_dense(5, activation = "relu", input_shape = 6) %>% layer_dropout(0.2) %>% layer_dense(2)
    model %>% compile(optimizer = optimizer_adam(0.01), loss = "mse", metrics = "mae")
    h <- fit(model, fixed_x, fixed_y, epochs = epochs, batch_size = 4, verbose = 0,
             callbacks = c(list(callback_reduce_lr_on_plateau(monitor = "loss", patience = 1)), callbacks))
    list(get_weights(model), h$metrics, stats::runif(1))
  }
  whole <- run(NULL)
  for (freq in list("epoch", 4)) {
    crash <- callback_lambda(on_train_batch_end = local({ n <- 0; function(batch, logs) { n <<- n + 1; if (n == 15) stop("crash") } }))
    expect_error(run(list(callback_backup_and_restore(folder, save_freq = freq), crash)), "crash")
    expect_identical(run(list(callback_backup_and_restore(folder, save_freq = freq))), whole)
    expect_false(file.exists(file.path(folder, "backup.rds")))
  }
})

test_that("a stopped run goes on over datasets, in steps across passes, and op by op", {
  folder <- withr::local_tempdir()
  run <- function(callbacks, kind) {
    set.seed(7)
    model <- keras_model_sequential() %>% layer_dense(5, activation = "relu", input_shape = 6) %>% layer_dropout(0.2) %>% layer_dense(2)
    model %>% compile(optimizer = optimizer_adam(0.01), loss = "mse", metrics = "mae", run_eagerly = kind == "op by op")
    data <- if (kind == "dataset") list(tensor_slices_dataset(list(fixed_x, fixed_y)) |> dataset_batch(4)) else list(fixed_x, fixed_y, batch_size = 4)
    if (kind == "across passes") data$steps_per_epoch <- 4
    history <- do.call(fit, c(list(model), data, list(epochs = 4, verbose = 0, callbacks = callbacks)))
    list(get_weights(model), history$metrics, stats::runif(1))
  }
  for (kind in c("dataset", "across passes", "op by op")) {
    whole <- run(NULL, kind)
    for (freq in list("epoch", 3)) {
      crash <- callback_lambda(on_train_batch_end = local({ n <- 0; function(batch, logs) { n <<- n + 1; if (n == 11) stop("crash") } }))
      expect_error(run(list(callback_backup_and_restore(folder, save_freq = freq), crash), kind), "crash")
      expect_true(file.exists(file.path(folder, "backup.rds")))
      expect_identical(run(list(callback_backup_and_restore(folder, save_freq = freq)), kind), whole, info = paste(kind, freq))
    }
  }
})

test_that("a process killed at any moment goes on to the same bits", {
  skip_if_not_installed("callr")
  skip_on_os("windows")
  skip_on_cran()
  folder <- withr::local_tempdir()
  run <- function(folder, started = NULL) {
    library(keratin)
    set.seed(7)
    x <- matrix(rnorm(256 * 6), 256)
    model <- keras_model_sequential(input_shape = 6) |> layer_dense(8, activation = "relu") |> layer_dropout(0.2) |> layer_dense(1)
    model |> compile(optimizer = "adam", loss = "mse")
    slow <- callback_lambda(on_train_batch_end = function(batch, logs) {
      if (!is.null(started) && !file.exists(started)) file.create(started)
      if (!is.null(started)) Sys.sleep(0.01)
    })
    backup <- if (!is.null(folder)) callback_backup_and_restore(folder, save_freq = 3)
    history <- fit(model, x, rowSums(x), epochs = 6, batch_size = 16, verbose = 0, callbacks = c(list(slow), backup))
    list(get_weights(model), history$metrics, stats::runif(1))
  }
  whole <- run(NULL)
  for (moment in c(0.05, 0.3)) {
    started <- withr::local_tempfile()
    child <- callr::r_bg(run, list(folder, started), libpath = .libPaths())
    for (i in 1:600) if (file.exists(started) || !child$is_alive()) break else Sys.sleep(0.02)
    Sys.sleep(moment)
    expect_true(child$kill())   # SIGKILL
  }
  expect_true(file.exists(file.path(folder, "backup.rds")))
  expect_identical(run(folder), whole)
})

test_that("on_train_end gets the logs of the last epoch", {
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  last <- NULL
  history <- fit_fixed(model, callbacks = list(callback_lambda(on_train_end = function(logs) last <<- logs)), validation_split = 0.25)
  expect_identical(last, list(loss = history$metrics$loss[[4]], val_loss = history$metrics$val_loss[[4]]))
  history <- fit_fixed(model,
                       callbacks = list(callback_learning_rate_scheduler(function(epoch) 0.01),
                                        callback_lambda(on_train_end = function(logs) last <<- logs)))
  expect_identical(last, list(loss = history$metrics$loss[[4]]))   # without the learning rate, as in Keras
  expect_named(history$metrics, c("loss", "lr"))
})

test_that("the direction of a metric goes by its name", {
  upward <- internal("improvement")
  for (name in c("val_acc", "accuracy_1", "auc", "val_auc_2", "fmeasure")) expect_true(upward("auto", name)$upward, info = name)
  for (name in c("val_loss", "mae", "auction")) expect_false(upward("auto", name)$upward, info = name)
})

test_that("TensorBoard files are records with their checksums", {
  expect_equal(internal("masked_crc32c")(list(charToRaw("1234"), charToRaw("56789"))), 0xC78AB0E5)   # of 0xE3069283
  folder <- withr::local_tempdir()
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  fit_fixed(model, epochs = 2, validation_split = 0.25, callbacks = list(callback_tensorboard(folder, histogram_freq = 1)))
  expect_setequal(list.files(folder), c("train", "validation"))
  file <- list.files(file.path(folder, "train"), full.names = TRUE)
  bytes <- readBin(file, "raw", file.size(file))
  records <- 0
  at <- 1
  while (at < length(bytes)) {
    n <- sum(as.integer(bytes[at + 0:3]) * 256^(0:3))
    expect_identical(internal("masked_crc")(bytes[at + 12 + seq_len(n) - 1]), bytes[at + 12 + n + 0:3])
    at <- at + 12 + n + 4
    records <- records + 1
  }
  expect_equal(records, 1 + 2 * (1 + 4))
})

test_that("remote monitors post the logs of each epoch", {
  skip_if_not_installed("callr")
  skip_if_not_installed("curl")
  skip_on_cran()
  port <- 20000L + Sys.getpid() %% 20000L
  ready <- withr::local_tempfile()
  server <- callr::r_bg(function(port, ready) {
    listener <- serverSocket(port)
    file.create(ready)
    connection <- socketAccept(listener, blocking = TRUE, open = "r+b", timeout = 20)
    header <- character()
    while (nzchar(line <- sub("\r$", "", readLines(connection, 1L)))) header <- c(header, line)
    body <- readChar(connection, as.integer(sub(".*: ", "", grep("content-length", header, ignore.case = TRUE, value = TRUE))), useBytes = TRUE)
    writeLines("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r", connection, sep = "\n")
    writeLines("\r", connection)
    close(connection)
    list(header = header, body = body)
  }, list(port, ready))
  for (i in 1:300) if (file.exists(ready)) break else Sys.sleep(0.02)
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  withr::local_envvar(no_proxy = "127.0.0.1")
  monitor <- callback_remote_monitor(paste0("http://127.0.0.1:", port), path = "/run", headers = list(`X-Run` = "7"), send_as_json = TRUE)
  h <- fit_fixed(model, epochs = 1, callbacks = list(monitor))
  server$wait(10000)
  got <- server$get_result()
  expect_equal(got$header[[1]], "POST /run HTTP/1.1")
  expect_true(all(c("X-Run: 7", "Content-Type: application/json") %in% got$header))
  expect_equal(jsonlite::fromJSON(got$body), list(epoch = 0L, loss = h$metrics$loss))
})
