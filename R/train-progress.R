# Progress of fit(), evaluate() and predict(), with Keras's look.

# verbose: 0 silent, 1 a bar, 2 a line per epoch; "auto" is 1, or 2 while knitting.
verbosity <- function(verbose) {
  if (identical(verbose, "auto")) return(if (isTRUE(getOption("knitr.in.progress"))) 2L else 1L)
  if (is.logical(verbose) && length(verbose) == 1L && !is.na(verbose)) return(as.integer(verbose))
  if (!is.numeric(verbose) || length(verbose) != 1L || !verbose %in% 0:2) {
    abort_argument("`verbose` must be 0, 1, 2 or \"auto\". Received: verbose = ", received(verbose))
  }
  as.integer(verbose)
}

# Can a line be written over? A terminal (or RStudio's console) can, a file, a pipe and a knitted page cannot.
is_live_output <- function() {
  live <- getOption("keratin.progress_live")
  if (!is.null(live)) return(isTRUE(live))
  if (sink.number() > 0L || isTRUE(getOption("knitr.in.progress"))) return(FALSE)
  isatty(stdout()) || identical(Sys.getenv("RSTUDIO"), "1")
}

# Of the terminal at this moment: windows are resized while a model trains.
terminal_width <- function() cli::console_width()

Progress <- R6Class("Progress", cloneable = FALSE, public = list(
  verbose = 0L, target = NA_real_, live = FALSE, started = 0, last_drawn = 0, seen = 0, shown_width = 0L, interval = 0.1,

  initialize = function(verbose, target = NA_real_) {
    self$verbose <- verbose
    self$target <- target
    self$live <- verbose == 1L && is_live_output()
    self$start()
  },

  start = function() {
    self$started <- now_seconds()
    self$last_drawn <- 0
    self$seen <- 0
    self$shown_width <- 0L
  },

  epoch = function(epoch, epochs) {
    if (self$verbose > 0L && epochs > 1) cat("Epoch ", epoch + 1, "/", epochs, "\n", sep = "")
    self$start()
  },

  # How long the core may run before it reports back.
  patience = function() if (self$live) self$interval else 1e300,
  is_due = function() self$live && now_seconds() - self$last_drawn >= self$interval,

  update = function(seen, logs) {
    self$seen <- seen
    if (!self$live) return(invisible())
    self$last_drawn <- now_seconds()
    self$draw(self$line(seen, logs, final = FALSE))
  },

  finish = function(logs, seen = NULL) {
    if (!is.null(seen)) self$seen <- seen
    if (self$verbose == 0L) return(invisible())
    if (is.na(self$target)) self$target <- max(self$seen, 1)
    text <- self$line(self$target, logs, final = TRUE)
    if (self$live) self$draw(text) else cat(text, sep = "")
    cat("\n")
  },

  # Whatever is on the line stays there.
  abandon = function() if (self$live && self$shown_width > 0L) cat("\n"),

  draw = function(text) {
    width <- nchar(text)
    cat("\r", text, strrep(" ", max(0L, self$shown_width - width)), sep = "")
    utils::flush.console()
    self$shown_width <- width
  },

  line = function(seen, logs, final) {
    elapsed <- now_seconds() - self$started
    per_step <- elapsed / max(seen, 1)
    metrics <- log_text(logs)
    if (self$verbose == 2L) {
      return(paste0(count_text(seen, self$target), " - ", elapsed_text(elapsed), metrics, " - ", step_text(elapsed), "/epoch - ",
                    step_text(per_step), "/step"))
    }
    counter <- count_text(seen, self$target)
    timing <- if (final) paste0(" - ", elapsed_text(elapsed), " ", step_text(per_step), "/step")
              else if (is.na(self$target)) paste0(" - ", elapsed_text(elapsed), " ", step_text(per_step), "/step")
              else paste0(" - ETA: ", eta_text(per_step * (self$target - seen)))
    room <- if (self$live) terminal_width() - 1L else 1e6
    width <- 30L
    left <- room - nchar(counter) - nchar(timing) - nchar(metrics) - 3L
    if (left < width) width <- max(if (final) 10 else 0, left)
    text <- paste0(counter, if (!is.na(self$target) && width >= 5) paste0(" ", bar_text(seen / self$target, width)), timing, metrics)
    if (nchar(text) > room && !final) paste0(substr(text, 1L, room - 3L), "...") else text
  }
))

new_progress <- function(verbose, target) Progress$new(verbose, target)
now_seconds <- function() as.numeric(Sys.time())   # proc.time() has milliseconds only

count_text <- function(seen, target) {
  if (is.na(target)) return(sprintf("%7s/Unknown", format(seen)))
  target <- format(target)
  paste0(formatC(format(seen), width = nchar(target)), "/", target)
}

# [=====>....]
bar_text <- function(share, width) {
  full <- floor(width * share)
  paste0("[", if (full > 0) paste0(strrep("=", full - 1), if (share < 1) ">" else "="), strrep(".", width - full), "]")
}

eta_text <- function(seconds) {
  seconds <- floor(seconds)
  if (seconds > 3600) sprintf("%d:%02d:%02d", seconds %/% 3600, (seconds %% 3600) %/% 60, seconds %% 60)
  else if (seconds > 60) sprintf("%d:%02d", seconds %/% 60, seconds %% 60)
  else sprintf("%ds", seconds)
}
elapsed_text <- function(seconds) sprintf("%.0fs", seconds)
step_text <- function(seconds) {
  if (seconds >= 1 || seconds == 0) {
    sprintf("%.0fs", seconds)
  } else if (seconds >= 1e-3) sprintf("%.0fms", seconds * 1e3) else sprintf("%.0fus", seconds * 1e6)
}

log_text <- function(logs) {
  logs <- Filter(function(value) is.numeric(value) && length(value) == 1L, logs)
  if (!length(logs)) return("")
  paste0(" - ", names(logs), ": ", vapply(logs, number_text, ""), collapse = "")
}
number_text <- function(value)
  if (is.na(value)) {
    "nan"
  } else if (is.infinite(value)) tolower(format(value)) else if (abs(value) > 1e-3) sprintf("%.4f", value) else sprintf("%.4e", value)
