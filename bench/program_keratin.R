# keratin's side of bench/programs.R: Rscript program_keratin.R CASE SECONDS prints {"first": , "times": [...], "megabytes": } in seconds.
options(keratin.threads = 2L, keras.fit_verbose = 0, keras.predict_verbose = 0)
suppressPackageStartupMessages(library(keratin))
arguments <- commandArgs(trailingOnly = TRUE)
case <- arguments[[1L]]
budget <- as.numeric(arguments[[2L]])
clock <- function() as.numeric(Sys.time())
uniform <- function(...) array(runif(prod(...)), c(...))

mlp <- function() keras_model_sequential(input_shape = 20) |> layer_dense(32, activation = "relu") |> layer_dense(1)
autoencoder <- function() {
  keras_model_sequential(input_shape = c(256, 8)) |>
    layer_conv_1d(32, 5, strides = 2, padding = "same", activation = "relu") |>
    layer_conv_1d(64, 5, strides = 2, padding = "same", activation = "relu") |>
    layer_conv_1d_transpose(32, 5, strides = 2, padding = "same", activation = "relu") |>
    layer_conv_1d_transpose(8, 5, strides = 2, padding = "same")
}
cnn <- function() {
  keras_model_sequential(input_shape = c(28, 28, 1)) |>
    layer_conv_2d(32, c(3, 3), activation = "relu") |> layer_conv_2d(64, c(3, 3), activation = "relu") |>
    layer_max_pooling_2d(c(2, 2)) |> layer_dropout(0.25) |> layer_flatten() |>
    layer_dense(128, activation = "relu") |> layer_dropout(0.5) |> layer_dense(10, activation = "softmax")
}
generator <- function() {
  keras_model_sequential(input_shape = 100) |>
    layer_dense(7 * 7 * 64) |> layer_batch_normalization() |> layer_activation_relu() |> layer_reshape(c(7, 7, 64)) |>
    layer_conv_2d_transpose(32, 5, strides = 2, padding = "same") |> layer_batch_normalization() |> layer_activation_relu() |>
    layer_conv_2d_transpose(1, 5, strides = 2, padding = "same", activation = "tanh")
}
convlstm <- function() {
  keras_model_sequential(input_shape = c(8, 32, 32, 1)) |>
    layer_conv_lstm_2d(16, c(3, 3), padding = "same", return_sequences = TRUE) |>
    layer_conv_3d(1, c(3, 3, 3), padding = "same", activation = "sigmoid")
}
training <- function(model, x, y, batch, loss = "mse", metrics = NULL, steps = 1) {
  model |> compile(optimizer = "adam", loss = loss, metrics = metrics)
  list(run = function() fit(model, x, y, batch_size = batch, epochs = 1), steps = steps)
}

program <- switch(case,
  startup = list(run = function() predict(mlp(), matrix(0, 1, 20)), once = TRUE),
  one = { model <- mlp(); x <- matrix(runif(20), 1); list(run = function() predict(model, x)) },
  predict = { model <- autoencoder(); x <- uniform(2048, 256, 8); list(run = function() predict(model, x)) },
  autoencoder = { x <- uniform(2048, 256, 8); training(autoencoder(), x, x, 64) },
  mlp = training(mlp(), uniform(3200, 20), runif(3200), 32, steps = 100),
  cnn = training(cnn(), uniform(6000, 28, 28, 1), to_categorical(rep(0:9, 600), 10), 128, "categorical_crossentropy", "accuracy"),
  lstm = training(keras_model_sequential(input_shape = c(100, 16)) |> layer_lstm(64) |> layer_dense(1), uniform(1024, 100, 16), runif(1024), 32),
  generator = training(generator(), uniform(512, 100), uniform(512, 28, 28, 1), 32),
  convlstm = training(convlstm(), uniform(32, 8, 32, 32, 1), uniform(32, 8, 32, 32, 1), 8))

start <- clock()
invisible(program$run())
first <- clock() - start
times <- numeric()
start <- clock()
while (!isTRUE(program$once) && (length(times) < 3 || clock() - start < budget)) {
  before <- clock()
  program$run()
  times <- c(times, (clock() - before) / (if (is.null(program$steps)) 1 else program$steps))
}
status <- "/proc/self/status"
megabytes <- if (file.exists(status)) as.numeric(gsub("[^0-9]", "", grep("VmHWM", readLines(status), value = TRUE))) / 1024 else NA
cat("\n", jsonlite::toJSON(list(first = first, times = if (length(times)) times else first, megabytes = megabytes), auto_unbox = TRUE, digits = NA),
    "\n", sep = "")
