# `make test`: the layering, the vignettes and the tests, one line each, and at the end the line
#   N passed, N failed, N skipped
# A test is one `test_that()` block, a layering check or a vignette. Fails (status 1) if any of them does.
# `Rscript tools/run-tests.R FILTER` runs only the test files that match.
arguments <- commandArgs(trailingOnly = TRUE)
counts <- c(passed = 0L, failed = 0L, skipped = 0L)
count <- function(outcome, n = 1L) counts[[outcome]] <<- counts[[outcome]] + as.integer(n)
rscript <- file.path(R.home("bin"), "Rscript")
cat("keratin", as.character(packageVersion("keratin")), "from", dirname(system.file(package = "keratin")), "on", R.version.string, "\n\n")

run_script <- function(label, args) {
  output <- suppressWarnings(system2(rscript, shQuote(args), stdout = TRUE, stderr = TRUE))
  ok <- is.null(attr(output, "status"))
  count(if (ok) "passed" else "failed")
  cat(if (ok) "ok   " else "FAIL ", label, "\n", sep = "")
  if (!ok) writeLines(paste0("     ", utils::tail(output, 40)))
}

if (!length(arguments)) {
  run_script("tools/check-layers.R (calls go down only)", "tools/check-layers.R")
  same <- grepl(paste(readLines("demo/sunspots.R"), collapse = "\n"), paste(readLines("README.md"), collapse = "\n"), fixed = TRUE)
  count(if (same) "passed" else "failed")
  cat(if (same) "ok   " else "FAIL ", "README's first example is demo/sunspots.R\n", sep = "")
  for (vignette in list.files("vignettes", "[.]Rmd$", full.names = TRUE)) {
    if (!requireNamespace("rmarkdown", quietly = TRUE) || !rmarkdown::pandoc_available()) {
      count("skipped")
      cat("skip ", vignette, ": needs rmarkdown and pandoc\n", sep = "")
    } else {
      code <- sprintf("rmarkdown::render('%s', output_dir = tempdir(), intermediates_dir = tempdir(), quiet = TRUE)", vignette)
      run_script(paste("vignette", vignette), c("-e", code))
    }
  }
}

suppressPackageStartupMessages(library(testthat))
# One line a file while it runs, and every failure in full.
reporter <- R6::R6Class("LineReporter", inherit = testthat::ListReporter, public = list(
  file = NULL, started = NULL, tally = NULL,
  start_file = function(name) {
    super$start_file(name)
    self$file <- name
    self$started <- proc.time()[["elapsed"]]
    self$tally <- counts
  },
  add_result = function(context, test, result) {
    super$add_result(context, test, result)
    if (inherits(result, c("expectation_failure", "expectation_error"))) {
      if (is.null(test)) count("failed")  # outside of any test_that(), which end_test() never sees
      cat("\n-- ", self$file, ": ", test, "\n", paste0("   ", strsplit(format(result), "\n")[[1]], "\n"), "\n", sep = "")
    }
  },
  end_test = function(context, test) {
    results <- self$current_expectations$as_list()
    super$end_test(context, test)
    broken <- any(vapply(results, inherits, NA, c("expectation_failure", "expectation_error")))
    skipped <- any(vapply(results, inherits, NA, "expectation_skip"))
    count(if (broken) "failed" else if (skipped) "skipped" else "passed")
  },
  end_file = function() {
    super$end_file()
    new <- counts - self$tally
    cat(sprintf("%s %-40s %3d passed%s%s  %.1f s\n", if (new[["failed"]]) "FAIL" else "ok  ", self$file, new[["passed"]],
      if (new[["failed"]]) sprintf(", %d failed", new[["failed"]]) else "",
      if (new[["skipped"]]) sprintf(", %d skipped", new[["skipped"]]) else "", proc.time()[["elapsed"]] - self$started))
  }
))$new()
Sys.setenv(NOT_CRAN = "true")
test_dir("tests/testthat", package = "keratin", load_package = "installed", reporter = reporter, stop_on_failure = FALSE,
  filter = if (length(arguments)) arguments[1])

cat(sprintf("\n%d passed, %d failed, %d skipped\n", counts[["passed"]], counts[["failed"]], counts[["skipped"]]))
quit(status = as.integer(counts[["failed"]] > 0))
