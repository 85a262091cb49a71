# Every error is a classed condition: keratin_error_<kind>, keratin_error, error.

abort <- function(kind, ..., call = NULL, data = list()) {
  message <- paste0(...)
  stop(structure(class = c(paste0("keratin_error_", kind), if (kind == "value") "keratin_error_argument", "keratin_error", "error", "condition"),
                 c(list(message = message, call = call), data)))
}
abort_argument <- function(..., call = NULL) abort("argument", ..., call = call)
abort_shape <- function(..., call = NULL) abort("shape", ..., call = call)
abort_value <- function(..., call = NULL) abort("value", ..., call = call)   # a tensor's values are wanted where there are only shapes
abort_file <- function(..., call = NULL) abort("file", ..., call = call)

# Says where an error came about: "batch 4 of the generator: ...".
with_place <- function(expr, ...) {
  tryCatch(expr, keratin_error = function(e) {
    if (!inherits(e, "keratin_error_interrupted")) e$message <- paste0(..., ": ", conditionMessage(e))
    stop(e)
  })
}

# Called by the core (src/glue.cpp).
abort_from_core <- function(kind, message) abort(kind, message)

# rlang has the same; loading it would take a third of the time that loading keratin takes.
`%||%` <- function(x, y) if (is.null(x)) y else x

# A value as an error message shows it: c(2, 0), "smae", NULL.
received <- function(x) {
  text <- paste(deparse(x, width.cutoff = 200L, nlines = 3L), collapse = " ")
  if (nchar(text) > 80L) text <- paste0(substr(text, 1L, 77L), "...")
  text
}

# Asks for a suggested package by name.
need_package <- function(package, what) {
  if (!requireNamespace(package, quietly = TRUE))
    abort_argument(what, " needs the package ", package, ". Install it with install.packages(\"", package, "\").")
}
