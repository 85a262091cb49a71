# The standing benchmark: see bench/README.md. From the checkout's root:
#   make bench                       everything keratin alone can measure
#   KERATIN_BENCH_PYTHON=python make bench     beside PyTorch and TensorFlow of that Python (either may be missing)
#   Rscript bench/run.R 1 2 9        only these cases
#   Rscript bench/run.R --parts 2 9  forward and each gradient by itself
# Case by case keratin and the others take turns (two rounds); minimum and median of all single runs are printed, so that the spread
# is seen. Kernel cases use one thread, whole programs (bench/programs.R) two, on every side.
suppressPackageStartupMessages({
  library(keratin)
})
source("bench/cases.R")
source("bench/keratin_cases.R")
source("bench/variants.R")
arguments <- commandArgs(trailingOnly = TRUE)
in_parts <- "--parts" %in% arguments
arguments <- setdiff(arguments, "--parts")
wanted <- function(name) !length(arguments) || as.character(name) %in% arguments
budget <- as.numeric(Sys.getenv("KERATIN_BENCH_SECONDS", "0.5"))  # of each measurement
python <- Sys.getenv("KERATIN_BENCH_PYTHON")
has_module <- function(module) nzchar(python) && system2(python, c("-c", shQuote(paste("import", module))), stdout = FALSE, stderr = FALSE) == 0
torch <- has_module("torch")

run_python <- function(script, case) {
  case <- Filter(Negate(is.function), case)
  output <- system2(python, c(file.path("bench", script), shQuote(jsonlite::toJSON(case, auto_unbox = TRUE))), stdout = TRUE, stderr = FALSE)
  jsonlite::fromJSON(output[length(output)])
}
# Every side in turn, twice.
measure <- function(case, sides) {
  results <- lapply(sides, function(side) NULL)
  for (round in 1:2) {
    for (name in names(sides)) {
      new <- sides[[name]](case)
      for (part in c("forward", "step")) results[[name]][[part]] <- c(results[[name]][[part]], new[[part]])
      results[[name]]$megabytes <- max(0, results[[name]]$megabytes, new$megabytes)
    }
  }
  results
}
set_threads <- function(n) getFromNamespace("threads_set", "keratin")(n)
show <- function(...) cat(sprintf(...), "\n", sep = "")
two <- function(x) if (is.null(x)) "" else sprintf("%9.3f %9.3f", 1000 * min(x), 1000 * median(x))

# ---- the machine
isa <- keratin:::isa_get()
Rcpp::sourceCpp("bench/peak.cpp")
machine <- measure_machine(isa, 1)
# Measured again before every case: the best so far is the peak, should somebody else have been busy.
measure_again <- function() {
  now <- measure_machine(isa, 0.1)
  for (what in names(machine)) machine[[what]] <<- max(machine[[what]], now[[what]])
}
# What a case asks of the machine, and what that gives just now: arithmetic, of a depthwise convolution memory.
with_rate <- function(case) {
  case$work <- if (is_depthwise(case)) forward_bytes(case) else if (!case$kind %in% c("arrays", "istft")) flops(case)
  dtype <- if (is.null(case$dtype)) "float32" else case$dtype
  case$rate <- if (is_depthwise(case)) function() measure_bandwidth(1, 4e6) else function() measure_peak(internal("isa_get")(), dtype, 0)
  case
}
cpu <- if (file.exists("/proc/cpuinfo")) sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]) else R.version$platform
show("%s, kernels: %s", cpu, isa)
show("measured peak: %.1f GFLOP/s float32, %.1f float64; bandwidth %.1f GB/s (one thread)", machine$float32, machine$float64, machine$bandwidth)
show("load average at the start: %s", if (file.exists("/proc/loadavg")) readLines("/proc/loadavg") else "unknown")

# ---- kernels
show("\nOne thread. Times in ms: minimum, median. A step is forward + the gradients of data, weight and bias. Goals in brackets.
\"at the peak\": the ratio that no kernel can exceed here, were all of its arithmetic done at the peak.
\"beside\": percent of what the machine reached in short looks between the runs, the median (of two rounds the better).")
show("%-44s %19s %20s %19s %19s %13s", "case", "forward", "% peak, beside", "step", "torch step", "ratio")
set_threads(1L)
for (case in Filter(function(case) wanted(case$number), kernel_cases)) {
  measure_again()
  case$threads <- 1
  case$budget <- budget
  case <- with_rate(case)
  if (in_parts) {
    if (case$kind %in% c("conv", "conv_transpose")) show_parts(case)
    next
  }
  shares <- numeric()
  sides <- list(keratin = function(case) {
    new <- run_keratin(case)
    shares <<- c(shares, attr(new$forward, "share"))
    new
  })
  if (torch && case$kind != "arrays") sides$torch <- function(case) run_python("torch_cases.py", case)
  results <- tryCatch(measure(case, sides), error = function(e) conditionMessage(e))
  if (is.character(results)) {
    show("%-44s failed: %s", describe(case), results)
    next
  }
  ours <- results$keratin
  if (case$kind == "arrays") {
    gigabytes <- case$batch * case$length * case$channels * 12 / 1e9
    show("%-44s to a tensor %.1f GB/s (median %.1f), back %.1f GB/s (median %.1f) [%g]", describe(case), gigabytes / min(ours$forward),
         gigabytes / median(ours$forward), gigabytes / min(ours$step), gigabytes / median(ours$step), case$goal_bandwidth)
    next
  }
  work <- if (case$kind == "istft") mean(vapply(case$lengths, function(length) flops(case, length), 0)) else flops(case)
  # istft: unseen shapes are the point, so the mean of all calls counts. A case without a forward time is a training step.
  main <- if (case$kind == "istft") mean(ours$forward) else min(if (is.null(ours$forward)) ours$step / 3 else ours$forward)
  part <- if (is.null(ours$step)) "forward" else "step"
  best <- if (case$kind == "istft") mean else min
  theirs <- results$torch[[part]]
  bound <- if (is_depthwise(case)) forward_bytes(case) / machine$bandwidth else work / machine$float32  # nanoseconds
  show("%-44s %19s %6.1f %s [%g] %19s %19s %s", describe(case), two(ours$forward), 100 * bound / main / 1e9,
       if (length(shares)) sprintf("%6.1f", 100 * max(shares)) else "      ", case$goal_peak, two(ours$step), two(theirs),
       if (is.null(theirs)) "" else sprintf("%.2f (median %.2f) [%g]%s", best(theirs) / best(ours[[part]]), median(theirs) / median(ours[[part]]),
                                            case$goal_ratio,
                                            if (is_depthwise(case)) "" else sprintf(
                                              ", %.2f at the peak", best(theirs) * machine$float32 * 1e9 / (if (part == "step") 3 else 1) / work)))
}


if (!in_parts && wanted("variants")) show_variants()
if (!in_parts && wanted("memory")) show_memory()

measure_again()
show("peak in the end: %.1f GFLOP/s float32, %.1f float64; bandwidth %.1f GB/s", machine$float32, machine$float64, machine$bandwidth)

# ---- whole programs, each in processes of its own
if (!length(arguments)) system2(file.path(R.home("bin"), "Rscript"), "bench/programs.R")
