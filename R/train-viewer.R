# Live curves while training: an HTML page that reloads itself, shown where there is a viewer. No server is needed.

# view_metrics: TRUE, FALSE, or "auto": in RStudio, if there is more than one epoch and progress is shown.
metrics_viewer <- function(view_metrics, params, record) {
  viewer <- getOption("viewer")
  if (identical(view_metrics, "auto")) view_metrics <- is.function(viewer) && interactive() && params$epochs > 1L && params$verbose > 0L
  if (!isTRUE(view_metrics)) return(list())
  show <- if (is.function(viewer)) viewer else if (interactive()) utils::browseURL else function(url) message("Metrics of the run: ", url)
  list(MetricsViewer$new(params, record, show))
}

MetricsViewer <- R6Class("MetricsViewer", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(params, record, show) {
    self$epochs <- params$epochs
    self$record <- record
    self$show <- show
    folder <- tempfile("metrics")
    dir.create(folder)
    self$page <- file.path(folder, "index.html")
    self$is_shown <- FALSE
  },
  on_epoch_end = function(epoch, logs = NULL) {
    self$write(is_running = TRUE)
    if (!self$is_shown) self$show(self$page)
    self$is_shown <- TRUE
  },
  on_train_end = function(logs = NULL) if (self$is_shown) self$write(is_running = FALSE),
  write = function(is_running) {
    partial <- paste0(self$page, ".partial")
    writeLines(metrics_page(self$record$metrics, self$epochs, is_running), partial, useBytes = TRUE)
    file.rename(partial, self$page)
  }
))

metrics_page <- function(metrics, epochs, is_running) {
  metrics <- Filter(is.numeric, metrics)
  names <- unique(sub("^val_", "", names(metrics)))
  panels <- vapply(names, function(name) curve_panel(name, metrics[[name]], metrics[[paste0("val_", name)]], epochs), "")
  c("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>Training metrics</title>",
    if (is_running) "<meta http-equiv=\"refresh\" content=\"1\">",
    paste0("<style>body{font-family:sans-serif;margin:12px;color:#333} h2{font-size:13px;margin:10px 0 2px} ",
           "svg{width:100%;max-width:640px} text{font-size:10px;fill:#666}</style></head><body>"),
    panels,
    paste0("<p style=\"font-size:11px\"><span style=\"color:#F8766D\">&#9679;</span> training ",
           "<span style=\"color:#00BFC4\">&#9679;</span> validation</p></body></html>"))
}

curve_panel <- function(name, training, validation, epochs) {
  values <- c(training, validation)
  values <- values[is.finite(values)]
  if (!length(values)) values <- c(0, 1)
  range <- range(values)
  if (range[[1L]] == range[[2L]]) range <- range + c(-0.5, 0.5)
  x <- function(i) 50 + 580 * (i - 1) / max(1, epochs - 1)
  y <- function(v) 130 - 115 * (v - range[[1L]]) / diff(range)
  line <- function(v, colour) {
    at <- which(is.finite(v))
    if (!length(at)) return("")
    points <- paste(sprintf("%.1f,%.1f", x(at), y(v[at])), collapse = " ")
    dots <- paste(sprintf("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>", x(at), y(v[at]), colour), collapse = "")
    sprintf("<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>%s", points, colour, dots)
  }
  name <- gsub("<", "&lt;", gsub("&", "&amp;", name, fixed = TRUE), fixed = TRUE)
  text <- function(x, y, what) sprintf("<text x=\"%d\" y=\"%d\">%s</text>", x, y, what)
  paste0("<h2>", name, "</h2><svg viewBox=\"0 0 640 150\"><rect x=\"50\" y=\"15\" width=\"580\" height=\"115\" fill=\"#f7f7f7\"/>",
         text(2L, 20L, format(range[[2L]], digits = 4L)), text(2L, 132L, format(range[[1L]], digits = 4L)),
         text(50L, 145L, "1"), text(610L, 145L, format(epochs, scientific = FALSE)), line(training, "#F8766D"), line(validation, "#00BFC4"), "</svg>")
}
