# Kills training processes (kill -9) at random moments and lets them go on. Run by hand, from anywhere, with the package and callr installed:
#   Rscript tools/verify-resume.R            20 kills for each way to keep a run
#   Rscript tools/verify-resume.R 5 h5       5 kills, only runs kept in .h5 files
# After every kill the kept file must be whole, and a run that was killed, however often, must end with the weights and metrics, bit for bit, of
# one that was not. Prints a line for each way; fails if there is a difference.
arguments <- commandArgs(trailingOnly = TRUE)
kills_wanted <- if (length(arguments)) as.integer(arguments[[1L]]) else 20L

# One run, begun or gone on with; `folder` keeps it. What it gives is what must not depend on the kills.
train <- function(way, folder, started) {
  suppressPackageStartupMessages(library(keratin))
  options(keras.fit_verbose = 0)
  set.seed(11)
  x <- matrix(rnorm(400 * 8), 400)
  y <- rowSums(x[, 1:3]) + rnorm(400)
  pace <- callback_lambda(on_train_batch_end = function(batch, logs) {
    if (!file.exists(started)) file.create(started)
    Sys.sleep(0.004)
  })
  make <- function() {
    model <- keras_model_sequential(input_shape = 8) |> layer_dense(64, activation = "relu") |> layer_batch_normalization() |> layer_dropout(0.3) |>
      layer_dense(1)
    model |> compile(optimizer_adam(learning_rate_schedule_exponential_decay(0.01, 20, 0.9), amsgrad = TRUE, clipnorm = 1), "mse", metrics = "mae")
    model
  }
  epochs <- 12
  result <- function(model, metrics)
    list(weights = get_weights(model), optimizer = model$optimizer$get_weights(), metrics = metrics, draw = stats::runif(1))
  if (startsWith(way, "backup")) {
    model <- make()
    freq <- if (way == "backup") "epoch" else 3
    keep <- list(callback_reduce_lr_on_plateau(monitor = "val_loss", patience = 100), pace, callback_backup_and_restore(folder, save_freq = freq))
    history <- fit(model, x, y, epochs = epochs, batch_size = 25, validation_split = 0.2, callbacks = keep)
    return(result(model, history$metrics))
  }
  # An epoch at a time, then everything into one file.
  file <- file.path(folder, switch(way, rds = "run.rds", h5 = "model.h5", keras = "model.keras"))
  metrics <- file.path(folder, "metrics.rds")
  in_place <- function(path, write) {
    write(partial <- paste0(path, ".partial"))
    file.rename(partial, path)
  }
  model <- if (!file.exists(file)) make() else if (way == "rds") readRDS(file) else load_model(file)
  done <- as.numeric(as.array(model$optimizer$iterations)) / 16
  for (epoch in seq_len(epochs)[seq_len(epochs) > done]) {
    set.seed(epoch)
    log <- fit(model, x, y, epochs = 1, batch_size = 25, callbacks = list(pace))$metrics
    in_place(file.path(folder, paste0("log", epoch, ".rds")), function(path) saveRDS(log, path))
    if (way == "rds") in_place(file, function(path) saveRDS(model, path)) else save_model(model, file, overwrite = TRUE)
  }
  result(model, lapply(seq_len(epochs), function(epoch) readRDS(file.path(folder, paste0("log", epoch, ".rds")))))
}

# Reads what a killed process has left.
check_whole <- function(way, folder) {
  file <- list.files(folder, "^(backup\\.rds|run\\.rds|model\\.h5|model\\.keras)$", full.names = TRUE)
  if (!length(file)) return(FALSE)
  if (grepl("\\.rds$", file)) readRDS(file) else keratin::load_model(file)
  TRUE
}

run_in_child <- function(way, folder, moment = NULL) {
  started <- tempfile("started")
  child <- callr::r_bg(train, list(way, folder, started), libpath = .libPaths())
  if (is.null(moment)) {
    child$wait()
    return(child$get_result())
  }
  while (!file.exists(started) && child$is_alive()) Sys.sleep(0.002)
  Sys.sleep(moment)
  if (child$kill()) return(NULL)
  child$get_result()
}

suppressPackageStartupMessages(library(keratin))
ways <- c("backup", "backup in epochs", "rds", "h5", "keras")
if (length(arguments) > 1L) ways <- ways[ways %in% arguments[-1L]]
failures <- 0L
set.seed(as.integer(Sys.time()))
for (way in ways) {
  new_folder <- function() {
    folder <- tempfile("run")
    dir.create(folder)
    folder
  }
  whole <- run_in_child(way, new_folder())
  longest <- 0.6   # seconds of training before a kill
  kills <- whole_files <- runs <- differences <- 0L
  while (kills < kills_wanted) {
    folder <- new_folder()
    before <- kills
    repeat {
      result <- run_in_child(way, folder, if (kills < kills_wanted) stats::runif(1, 0, longest))
      if (!is.null(result)) break
      kills <- kills + 1L
      whole_files <- whole_files + tryCatch(check_whole(way, folder), error = function(e) {
        message(way, ": ", conditionMessage(e))
        failures <<- failures + 1L
        FALSE
      })
    }
    runs <- runs + (kills > before)
    differences <- differences + !identical(result, whole)
  }
  failures <- failures + differences
  cat(sprintf("%-17s %d kills, %d whole files left; %d runs that were killed, %d differ from the one that was not\n", way, kills, whole_files, runs,
              differences))
}
if (failures) stop(failures, " failures")
