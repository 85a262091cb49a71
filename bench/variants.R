# Beyond the table of cases: the parts of a step, case 9 on other kernels, threads and dtypes, and the memory of a step. Uses what bench/run.R
# has set up (machine, show(), ...).
case_of <- function(number) {
  case <- Filter(function(case) identical(case$number, number), kernel_cases)[[1]]
  with_rate(c(case, list(threads = 1, budget = budget)))
}

# Percent of the peak beside them of forward and the gradients of data and weight, and time of the bias's.
show_parts <- function(case) {
  parts <- convolution(case, parts_of_step)
  times <- vapply(parts, min, 0)
  share <- 100 * vapply(parts, attr, 0, "share")
  show("%-44s forward %5.1f %%  data %5.1f %%  weight %5.1f %%  (ms %8.3f %8.3f %8.3f)  bias %7.3f ms", describe(case), share[[1]], share[[2]],
       share[[3]],
       1000 * times[["forward"]], 1000 * times[["data"]], 1000 * times[["weight"]], 1000 * times[["bias"]])
}

show_variants <- function() {
  case <- case_of(9)
  best_isa <- internal("isa_get")()
  show("\nCase 9 otherwise [goals]")
  for (isa in rev(internal("isas_available")())) {
    internal("isa_set")(isa)
    now <- measure_machine(isa, 0.3)
    for (dtype in c("float32", "float64")) {
      case$dtype <- dtype
      case$budget <- budget / 2
      case <- with_rate(case)
      ours <- convolution(case)
      theirs <- if (torch && dtype == "float64" && isa == best_isa) run_python("torch_cases.py", case)$step
      show("  %-8s %s forward %5.1f %% of its peak (%.1f GFLOP/s), %.1f beside%s%s", isa, dtype,
           100 * flops(case) / min(ours$forward) / 1e9 / now[[dtype]],
           now[[dtype]], 100 * attr(ours$forward, "share"),
           if (isa == "scalar") "" else " [85]",
           if (is.null(theirs)) "" else sprintf(", step %.2f x as fast as torch [3]", min(theirs) / min(ours$step)))
    }
  }
  internal("isa_set")(best_isa)
  for (number in c(9, 13)) {
    case <- case_of(number)
    one <- two <- numeric()
    for (round in 1:3) {
      set_threads(1L)
      one <- c(one, convolution(case)$step)
      set_threads(2L)
      two <- c(two, convolution(case)$step)
    }
    set_threads(1L)
    show("  two threads, step of case %s: %.2f x one [1.84] (medians %.2f)", number, min(one) / min(two), median(one) / median(two))
  }
}

# A process of its own runs a step of case 13: how far its memory rises above what it had before the inputs, as a multiple of inputs + outputs +
# gradients.
show_memory <- function() {
  case <- case_of(13)
  code <- "suppressPackageStartupMessages(library(keratin)); source('bench/cases.R'); source('bench/keratin_cases.R'); cat(step_memory(13))"
  ratio <- as.numeric(tail(system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE), 1))
  show("\nMemory of a step of case 13: %.2f x (inputs + outputs + gradients) [1.2]", ratio)
}
