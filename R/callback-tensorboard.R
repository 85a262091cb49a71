# TensorBoard's event files: records of protocol buffers, written byte by byte.

masked_crc <- function(bytes) little_endian(masked_crc32c(list(bytes)), 4L)
# length, its checksum, data, their checksum
record_bytes <- function(data) {
  head <- little_endian(length(data), 8L)
  c(head, masked_crc(head), data, masked_crc(data))
}

tensor_proto <- function(values, shape) {
  sizes <- unlist(lapply(shape, function(n) pb_bytes(2, pb_whole(1, n))))
  data <- if (length(shape)) {
    writeBin(as.double(values), raw(), endian = "little")
  } else {
    writeBin(as.double(values), raw(), size = 4L, endian = "little")
  }
  c(pb_whole(1, if (length(shape)) 2 else 1), pb_bytes(2, as.raw(sizes)), pb_bytes(if (length(shape)) 6 else 5, data))
}
summary_metadata <- function(plugin, data_class) c(pb_bytes(1, pb_string(1, plugin)), pb_whole(4, data_class))

event <- function(step, ...) c(pb_double(1, as.numeric(Sys.time())), pb_whole(2, step), ...)
scalar_event <- function(tag, value, step) {
  event(step, pb_bytes(5, pb_bytes(1, c(pb_string(1, tag), pb_bytes(9, summary_metadata("scalars", 1)),
                                        pb_bytes(8, tensor_proto(value, integer()))))))
}
# A histogram is a table of left edge, right edge, count.
histogram_event <- function(tag, values, step, buckets = 30L) {
  values <- as.numeric(values)
  values <- values[is.finite(values)]
  if (!length(values)) return(NULL)
  range <- range(values)
  if (range[[1L]] == range[[2L]]) {
    edges <- c(range[[1L]] - 0.5, range[[2L]] + 0.5)
    counts <- length(values)
  } else {
    edges <- seq(range[[1L]], range[[2L]], length.out = buckets + 1L)
    counts <- tabulate(pmin(findInterval(values, edges), buckets), buckets)
  }
  table <- rbind(edges[-length(edges)], edges[-1L], counts)
  event(step, pb_bytes(5, pb_bytes(1, c(pb_string(1, tag), pb_bytes(9, summary_metadata("histograms", 2)),
                                        pb_bytes(8, tensor_proto(table, dim(table)[2:1]))))))
}

event_file_count <- new.env(parent = emptyenv())
event_file_count$n <- 0L

open_event_file <- function(folder) {
  dir.create(folder, recursive = TRUE, showWarnings = FALSE)
  name <- sprintf("events.out.tfevents.%d.%s.%d.%d.v2", as.integer(Sys.time()), Sys.info()[["nodename"]], Sys.getpid(), event_file_count$n)
  event_file_count$n <- event_file_count$n + 1L
  path <- file.path(folder, name)
  write_records(path, c(pb_double(1, as.numeric(Sys.time())), pb_string(3, "brain.Event:2")))
  path
}
write_records <- function(path, ...) {
  connection <- file(path, open = "ab")
  on.exit(close(connection))
  for (data in list(...)) if (!is.null(data)) writeBin(record_bytes(data), connection)
}

TensorBoard <- R6Class("TensorBoard", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(log_dir, histogram_freq, update_freq) {
    self$log_dir <- path.expand(log_dir)
    self$histogram_freq <- histogram_freq
    self$update_freq <- update_freq
    self$steps <- 0
    self$files <- list()
  },
  file = function(part) {
    if (is.null(self$files[[part]])) self$files[[part]] <- open_event_file(file.path(self$log_dir, part))
    self$files[[part]]
  },
  on_train_begin = function(logs = NULL) self$files <- list(),
  on_train_batch_end = function(batch, logs = NULL) {
    self$steps <- self$steps + 1
    if (identical(self$update_freq, "epoch") || self$steps %% self$update_freq != 0) return(invisible())
    self$write(self$file("train"), "batch_", logs, self$steps)
  },
  on_epoch_end = function(epoch, logs = NULL) {
    is_validation <- startsWith(names(logs), "val_")
    training <- logs[!is_validation]
    if (is_schedule_rate(self$model$optimizer)) training$learning_rate <- as.numeric(as.array(self$model$optimizer$current_learning_rate()))
    self$write(self$file("train"), "epoch_", training, epoch)
    if (any(is_validation)) {
      validation <- logs[is_validation]
      names(validation) <- sub("^val_", "", names(validation))
      self$write(self$file("validation"), "epoch_", validation, epoch)
    }
    if (self$histogram_freq > 0 && epoch %% self$histogram_freq == 0)
      for (weight in self$model$weights) write_records(self$file("train"),
                                                       histogram_event(paste0(sub(":", "_", weight$name), "/histogram"), as.array(weight), epoch))
  },
  on_test_end = function(logs = NULL) {
    if (!is.null(self$model$optimizer))
      self$write(self$file("validation"), "evaluation_", logs, as.numeric(as.array(self$model$optimizer$iterations)), "_vs_iterations")
  },
  write = function(path, prefix, logs, step, suffix = "") {
    for (name in names(logs)) if (length(logs[[name]]) == 1L) write_records(path, scalar_event(paste0(prefix, name, suffix), logs[[name]], step))
  }
))

is_schedule_rate <- function(optimizer) is.list(optimizer$get_config()$learning_rate)

#' TensorBoard files
#'
#' Writes the metrics (and histograms of the weights) of a run as TensorBoard reads them: `tensorboard --logdir logs`.
#'
#' @param log_dir Folder; training goes to its folder `train`, validation to `validation`. `NULL`: `"logs"`.
#' @param histogram_freq Write histograms of the weights every so many epochs (0: never).
#' @param update_freq `"epoch"`, `"batch"`, or a number of batches after which metrics are also written within an epoch.
#' @param batch_size,write_graph,write_grads,write_images,embeddings_freq,embeddings_layer_names,embeddings_metadata,embeddings_data,profile_batch
#'   Ignored: there is no graph to write.
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_tensorboard <- function(log_dir = NULL, histogram_freq = 0, batch_size = NULL, write_graph = TRUE, write_grads = FALSE, write_images = FALSE,
                                 embeddings_freq = 0, embeddings_layer_names = NULL, embeddings_metadata = NULL, embeddings_data = NULL,
                                 update_freq = "epoch", profile_batch = 0) {
  if (identical(update_freq, "batch")) update_freq <- 1
  if (!identical(update_freq, "epoch")) update_freq <- as_whole_number(update_freq, "update_freq")
  new_callback(if (identical(update_freq, "epoch")) TensorBoardByEpoch else TensorBoard, log_dir %||% "logs", histogram_freq, update_freq)
}

# Without a batch hook, so that batches stay inside the core.
TensorBoardByEpoch <- R6Class("TensorBoard", inherit = TensorBoard, lock_objects = FALSE, cloneable = FALSE, public = list(
  on_train_batch_end = function(batch, logs = NULL) self$on_batch_end(batch, logs)
))
