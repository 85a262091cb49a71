# Whole programs as a user writes them, beside Keras 2.15/TensorFlow and PyTorch, two threads on every side. From the checkout's root:
#   Rscript bench/programs.R                                     keratin alone
#   KERATIN_BENCH_PYTHON=python Rscript bench/programs.R         beside those of that Python (either may be missing)
#   KERATIN_BENCH_PYTHON=python Rscript bench/programs.R cnn lstm     only these
# Each case runs in processes of its own, the sides in turn, for two rounds. Printed: the first run (with tracing), minimum and median
# of the others, and the largest memory of the process.
cases <- c(
  startup = "library() + first predict()", autoencoder = "1-D conv autoencoder 2048 x 256 x 8, batch 64, an epoch",
  predict = "predict() of the same 2048",
  cnn = "MNIST CNN, 6000 images, batch 128, an epoch", mlp = "MLP 20-32-1, batch 32, a step of fit()",
  lstm = "LSTM(64), 1024 x 100 x 16, batch 32, an epoch",
  generator = "generator: dense, 2 conv_2d_transpose, 512 images, an epoch", convlstm = "ConvLSTM2D(16) + Conv3D, 32 x 8 x 32 x 32, an epoch",
  one = "predict() of one sample, MLP 20-32-1")
goals <- c(startup = 400, autoencoder = 300, predict = 150, cnn = 5000, mlp = 0.03, lstm = 400, generator = 250, convlstm = 600, one = 0.2)
wanted <- commandArgs(trailingOnly = TRUE)
if (length(wanted)) cases <- cases[wanted]
budget <- Sys.getenv("KERATIN_BENCH_SECONDS", "2")
python <- Sys.getenv("KERATIN_BENCH_PYTHON")
has_module <- function(module) nzchar(python) && system2(python, c("-c", shQuote(paste("import", module))), stdout = FALSE, stderr = FALSE) == 0
sides <- list(keratin = c(file.path(R.home("bin"), "Rscript"), "bench/program_keratin.R"))
if (has_module("tensorflow")) sides$Keras <- c(python, "bench/keras_cases.py")
if (has_module("torch")) sides$PyTorch <- c(python, "bench/torch_programs.py")

run <- function(side, case) {
  before <- as.numeric(Sys.time())
  output <- system2(sides[[side]][[1L]], c(sides[[side]][[2L]], case, budget), stdout = TRUE, stderr = FALSE)
  took <- as.numeric(Sys.time()) - before
  result <- jsonlite::fromJSON(output[length(output)])
  if (case == "startup") result$times <- took
  result
}
both <- function(a, b) list(first = min(a$first, b$first), times = c(a$times, b$times), megabytes = max(a$megabytes, b$megabytes))
if (file.exists("/proc/cpuinfo")) cat(sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]), "\n")
if (file.exists("/proc/loadavg")) cat("load average at the start:", readLines("/proc/loadavg"), "\n")
cat(sprintf("%-62s %-8s %10s %10s %10s %8s %7s\n", "case [goal]; times in ms", "", "first", "minimum", "median", "MB", "ratio"))
for (case in names(cases)) {
  results <- lapply(stats::setNames(nm = names(sides)), function(side) NULL)
  for (round in 1:2) for (side in names(sides)) {
    new <- run(side, case)
    results[[side]] <- if (is.null(results[[side]])) new else both(results[[side]], new)
  }
  ours <- min(results$keratin$times)
  for (side in names(sides)) {
    r <- results[[side]]
    label <- if (side == "keratin") sprintf("%s [%g]", cases[[case]], goals[[case]]) else ""
    cat(sprintf("%-62s %-8s %10.2f %10.3f %10.3f %8.0f %7.2f\n", label, side, 1000 * r$first, 1000 * min(r$times), 1000 * median(r$times),
                r$megabytes, min(r$times) / ours))
  }
}
