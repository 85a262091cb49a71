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
    refuse <- function(condition) self$refuse()
    tryCatch(close(file(self$filename, open = if (self$append) "ab" else "wb")), error = refuse, warning = refuse)
  },
  refuse = function() {
    folder <- dirname(self$filename)
    abort_file("callback_csv_logger(): cannot write to \"", self$filename, "\"",
               if (!dir.exists(folder)) paste0(": there is no folder \"", folder, "\""))
  },
  on_epoch_end = function(epoch, logs = NULL) {
    first <- is.null(self$keys)
    if (first) {
      self$keys <- sort(names(logs), method = "radix")
      # with validation_freq > 1 the first epoch may lack the val_ columns
      if (!any(startsWith(self$keys, "val_"))) self$keys <- c(self$keys, paste0("val_", self$keys))
    }
    value <- function(key) {
      if (is.null(logs[[key]])) return("NA")
      numbers <- vapply(as.numeric(logs[[key]]), csv_number, "", is_float32 = key %in% c("lr", "learning_rate"))
      if (length(numbers) == 1L) numbers else paste0("\"\"\"[", paste(numbers, collapse = ", "), "]\"\"\"")
    }
    lines <- c(if (first && !self$has_header) paste(c("epoch", self$keys), collapse = self$separator),
               paste(c(epoch, vapply(self$keys, value, "")), collapse = self$separator))
    connection <- file(self$filename, open = "ab")
    on.exit(close(connection))
    writeLines(lines, connection, sep = "\r\n")
  }
))

# As Python writes them.
python_non_finite <- function(x) if (is.na(x)) "nan" else if (x > 0) "inf" else "-inf"

# As Python writes them; learning rates come as float32.
csv_number <- function(x, is_float32) {
  if (!is.finite(x)) python_non_finite(x) else python_number(if (is_float32) signif(x, 7L) else x)
}

#' Write the metrics of each epoch to a file
#'
#' @param filename Name of the file.
#' @param separator Between the columns.
#' @param append Add to an existing file, or begin anew?
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_csv_logger <- function(filename, separator = ",", append = FALSE) new_callback(CSVLogger, filename, separator, append)
