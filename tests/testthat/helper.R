# The package's inner functions by name: tests may look inside.
internal <- function(name) getFromNamespace(name, "keratin")
as_value <- function(x) if (inherits(x, "tensorflow.tensor")) as.array(x) else x

# Evaluates `code` (a string) in a new R process that has loaded keratin; gives its value.
in_new_process <- function(code, ...) {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  arguments <- list(...)
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script), add = TRUE)
  inputs <- tempfile(fileext = ".rds")
  on.exit(unlink(inputs), add = TRUE)
  saveRDS(arguments, inputs)
  writeLines(c(sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")), "suppressPackageStartupMessages(library(keratin))",
    sprintf("list2env(readRDS(%s), environment())", deparse(inputs)), "value <- {", code, "}", sprintf("saveRDS(value, %s)", deparse(file))), script)
  output <- suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(script)), stdout = TRUE, stderr = TRUE))
  if (!file.exists(file)) stop("the new process failed:\n", paste(output, collapse = "\n"))
  readRDS(file)
}

with_threads <- function(n, code) {
  before <- internal("threads_get")()
  internal("threads_set")(as.integer(n))
  on.exit(internal("threads_set")(before))
  force(code)
}

# Gradients of sum(f(x) * cotangent) by central differences, computed in float64.
finite_difference <- function(f, x, step = 1e-5) {
  out <- array(0, if (is.null(dim(x))) length(x) else dim(x))
  for (i in seq_along(x)) {
    up <- down <- x
    up[i] <- up[i] + step
    down[i] <- down[i] - step
    out[i] <- (f(up) - f(down)) / (2 * step)
  }
  out
}
with_isa <- function(isa, code) {
  before <- internal("isa_get")()
  internal("isa_set")(isa)
  on.exit(internal("isa_set")(before))
  force(code)
}
