# The record of a training run.

HistoryCallback <- R6Class("History", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  epoch = NULL,
  metrics = NULL,
  initialize = function() {
    self$epoch <- integer()
    self$metrics <- list()
  },
  on_epoch_end = function(epoch, logs = NULL) {
    self$epoch <- c(self$epoch, epoch)
    for (name in names(logs)) {
      value <- logs[[name]]
      self$metrics[[name]] <- if (length(value) == 1L && !is.list(self$metrics[[name]])) {
        c(self$metrics[[name]], value)
      } else {
        c(as.list(self$metrics[[name]]), list(value))
      }
    }
  }
))

new_history <- function(params, metrics) structure(list(params = params, metrics = metrics), class = "keras_training_history")

#' @export
print.keras_training_history <- function(x, ...) {
  metrics <- Filter(is.numeric, x$metrics)
  if (!length(metrics) || !length(metrics[[1L]])) {
    cat("\nNo epochs have been completed.\n")
    return(invisible(x))
  }
  last <- vapply(metrics, function(m) m[[length(m)]], 0)
  labels <- format(names(last), width = max(nchar(names(last))), justify = "right")
  cat("\nFinal epoch (plot to see history):\n")
  cat(paste0(labels, ": ", vapply(last, function(v) prettyNum(v, big.mark = ",", digits = 4L), ""), collapse = "\n"), "\n")
  invisible(x)
}

#' @export
as.data.frame.keras_training_history <- function(x, ...) {
  metrics <- Filter(is.numeric, x$metrics)
  epochs <- x$params$epochs
  # a run that ended early is filled up with NA, as R keras does
  values <- lapply(metrics, function(m) c(m, rep(NA_real_, max(0L, epochs - length(m)))))
  base_names <- unique(sub("^val_", "", names(values)))
  n <- if (length(values)) length(values[[1L]]) else 0L
  data.frame(
    epoch = rep(seq_len(n), times = length(values)),
    value = unlist(values, use.names = FALSE),
    metric = factor(rep(sub("^val_", "", names(values)), each = n), levels = base_names),
    data = factor(rep(ifelse(startsWith(names(values), "val_"), "validation", "training"), each = n), levels = intersect(c("training", "validation"),
      unique(ifelse(startsWith(names(values), "val_"), "validation", "training")))))
}

#' Plot the history of a training run
#'
#' One panel per metric, training and validation together.
#'
#' @param x What [fit()] returned.
#' @param y Unused.
#' @param metrics Names of the metrics to show (default: all).
#' @param method `"ggplot2"` or `"base"`; `"auto"` takes ggplot2 if it is installed.
#' @param smooth Add a smoother (ggplot2, from ten epochs on)?
#' @param theme_bw Use `ggplot2::theme_bw()`?
#' @param ... For the base plot, passed to [graphics::plot.default()].
#' @return The ggplot object, or `x` invisibly.
#' @export
plot.keras_training_history <- function(x, y, metrics = NULL, method = c("auto", "ggplot2", "base"),
                                        smooth = getOption("keras.plot.history.smooth", TRUE),
                                        theme_bw = getOption("keras.plot.history.theme_bw", FALSE), ...) {
  method <- match.arg(method)
  if (method == "auto") method <- if (requireNamespace("ggplot2", quietly = TRUE)) "ggplot2" else "base"
  df <- as.data.frame(x)
  df <- df[!is.na(df$value), , drop = FALSE]
  if (!is.null(metrics)) {
    unknown <- setdiff(metrics, levels(df$metric))
    if (length(unknown)) abort_unknown_name("metric", unknown[[1L]], levels(df$metric))
    df <- df[df$metric %in% metrics, , drop = FALSE]
    df$metric <- factor(as.character(df$metric), levels = metrics)
  }
  if (method == "ggplot2") return(history_ggplot(df, smooth, theme_bw))
  history_base_plot(df, ...)
  invisible(x)
}

history_ggplot <- function(df, smooth, theme_bw) {
  need_package("ggplot2", "plot(method = \"ggplot2\")")
  int_breaks <- function(x) unique(floor(pretty(x)))
  .data <- rlang::.data
  aes <- if (nlevels(df$data) > 1L) {
    ggplot2::aes(.data$epoch, .data$value, color = .data$data, fill = .data$data)
  } else {
    ggplot2::aes(.data$epoch, .data$value)
  }
  p <- ggplot2::ggplot(df, aes)
  if (smooth && max(df$epoch) >= 10L) p <- p + ggplot2::geom_smooth(se = FALSE, method = "loess", na.rm = TRUE, formula = y ~ x)
  else p <- p + ggplot2::geom_line()
  p <- p + ggplot2::geom_point(shape = 21, col = 1, na.rm = TRUE) + ggplot2::facet_grid(metric ~ ., switch = "y", scales = "free_y") +
    ggplot2::scale_x_continuous(breaks = int_breaks) + ggplot2::labs(x = "epoch", y = NULL, color = "data", fill = "data")
  if (theme_bw) p <- p + ggplot2::theme_bw()
  p + ggplot2::theme(axis.title.y = ggplot2::element_blank(), strip.placement = "outside",
                     strip.text = ggplot2::element_text(colour = "black", size = 11),
                     strip.background = ggplot2::element_rect(fill = NA, color = NA))
}

# Where curves rise, the legend sits below their end.
rises <- function(panel) {
  panel <- panel[is.finite(panel$value), , drop = FALSE]
  nrow(panel) > 1L && isTRUE(stats::cov(panel$epoch, panel$value) > 0)
}

history_base_plot <- function(df, ...) {
  panels <- split(df, df$metric, drop = TRUE)
  old <- graphics::par(mfrow = c(length(panels), 1L), mar = c(3.5, 4, 1, 1), mgp = c(2.2, 0.7, 0))
  on.exit(graphics::par(old))
  colours <- c(training = "#F8766D", validation = "#00BFC4")
  for (name in names(panels)) {
    panel <- panels[[name]]
    finite <- panel$value[is.finite(panel$value)]
    graphics::plot(range(panel$epoch), if (length(finite)) range(finite) else c(0, 1), type = "n", xlab = "epoch", ylab = name, ...)
    for (kind in levels(panel$data)) {
      part <- panel[panel$data == kind, , drop = FALSE]
      graphics::lines(part$epoch, part$value, type = "b", pch = 19, col = colours[[kind]])
    }
    if (nlevels(panel$data) > 1L) {
      graphics::legend(if (rises(panel)) "bottomright" else "topright", legend = levels(panel$data), col = colours[levels(panel$data)], pch = 19,
                       lty = 1, bty = "n")
    }
  }
}
