CSVLogger <- R6Class("CSVLogger", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(filename, separator = ",", append = FALSE) {
    self$filename <- path.expand(filename)
    self$separator <- separator
    self$append <- isTRUE(append)
    self$keys <- NULL
  },
  on_train_begin = function(logs = NULL) {
    self$keys <- NULL
    self$has_header <- self$append && isTRUE(file.size(self$filename) > 0)
    if (!self$append) file.create(self$filename)
  },
  on_epoch_end = function(epoch, logs = NULL) {
    first <- is.null(self$keys)
    if (first) {
      self$keys <- sort(names(logs), method = "radix")
      # with validation_freq > 1 the first epoch may lack the val_ columns
      if (!any(startsWith(self$keys, "val_"))) self$keys <- c(self$keys, paste0("val_", self$keys))
    }
    value <- function(key) if (is.null(logs[[key]])) "NA" else paste(vapply(as.numeric(logs[[key]]), format, "", digits = 15L), collapse = ", ")
    lines <- c(if (first && !self$has_header) paste(c("epoch", self$keys), collapse = self$separator),
               paste(c(epoch, vapply(self$keys, value, "")), collapse = self$separator))
    connection <- file(self$filename, open = "ab")
    on.exit(close(connection))
    writeLines(lines, connection, sep = "\r\n")
  }
))

#' Write the metrics of each epoch to a file
#'
#' @param filename Name of the file.
#' @param separator Between the columns.
#' @param append Add to an existing file, or begin anew?
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_csv_logger <- function(filename, separator = ",", append = FALSE) new_callback(CSVLogger, filename, separator, append)
