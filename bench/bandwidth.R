# Ops that memory bounds, beside the bandwidth measured in the same run; optimizer steps; and what a call costs.
#   Rscript bench/bandwidth.R                  everything, about a minute
#   Rscript bench/bandwidth.R pool "batch norm"    only cases whose label contains one of these
# One thread. "bytes" counts every array that must come from or go to memory once (the upstream of a gradient too), whatever an op really
# moves: 100 % is the rate of a triad a = b + 3 c counted the same way. Goals: 70 %, optimizer steps 80 %.
suppressPackageStartupMessages(library(keratin))
source("bench/keratin_cases.R")
arguments <- commandArgs(trailingOnly = TRUE)
wanted <- function(label) !length(arguments) || any(vapply(arguments, grepl, NA, x = label, fixed = TRUE))
budget <- as.numeric(Sys.getenv("KERATIN_BENCH_SECONDS", "0.3"))
show <- function(...) cat(sprintf(...), "\n", sep = "")
op <- function(name, inputs, ...) internal("call_op")(name, inputs, list(...))
Rcpp::sourceCpp("bench/peak.cpp")
internal("threads_set")(1L)
machine <- measure_machine(internal("isa_get")(), 0.1)
bandwidth <- machine$bandwidth
show("kernels: %s, bandwidth %.1f GB/s, peak %.1f GFLOP/s, load average %s", internal("isa_get")(), bandwidth, machine$float32,
     if (file.exists("/proc/loadavg")) readLines("/proc/loadavg") else "unknown")

# f(inputs) and, if there is one, its gradient by the inputs `by`. `forward` and `backward`: megabytes.
case <- function(label, shapes, f, forward, backward = NULL, by = 1L, integers = NULL, goal = 70) {
  if (!wanted(label)) return(invisible())
  gc()  # the arrays of the case before: memory that is asked for anew costs more than an op
  inputs <- lapply(shapes, normal)
  if (!is.null(integers)) inputs <- c(inputs, list(integers))
  as_list <- function(y) if (is.list(y)) y else list(y)
  line <- function(part, seconds, megabytes) {
    bandwidth <<- max(bandwidth, measure_machine("none", 0.001)$bandwidth)
    rate <- megabytes / 1e3 / min(seconds)
    show("%-44s %-9s %8.3f ms %6.1f GB/s %5.0f %% [%g] (median %.0f %%)", label, part, 1e3 * min(seconds), rate, 100 * rate / bandwidth, goal,
         100 * megabytes / 1e3 / median(seconds) / bandwidth)
  }
  line("forward", program_seconds(function(i) as_list(f(i)), inputs, budget), forward)
  if (is.null(backward)) return(invisible())
  shape <- internal("tensor_shape")(as_list(f(inputs))[[1L]])
  upstream <- if (length(shape)) normal(shape) else internal("tensor")(1)
  n <- length(inputs)
  step <- function(i) internal("op_gradients")(as_list(f(i[seq_len(n)]))[[1L]], i[by], upstream = i[[n + 1L]])
  line("gradient", program_seconds(step, c(inputs, list(upstream)), budget), backward)
}
mb <- function(...) 4 * prod(...) / 1e6

# ---- pooling and resizing
x <- c(16, 112, 112, 64)
for (window in list(c(3, 2), c(2, 2), c(3, 1))) {
  y <- c(16, if (window[2] == 1) c(112, 112) else c(56, 56), 64)
  for (kind in c("max", "average")) {
    case(sprintf("%s pool %d, stride %d", kind, window[1], window[2]), list(x),
         function(i) op(paste0(kind, "_pool"), i[1], pool_size = rep(window[1], 2),
         strides = rep(window[2], 2), padding = "same"), mb(x) + mb(y), (if (kind == "max") mb(x) else 0) + mb(x) + mb(y))
  }
}
case("average pool 1d 2, stride 2, 3 channels", list(c(64, 65536, 3)), function(i) op("average_pool", i[1], pool_size = 2), mb(64, 65536, 3, 1.5),
     mb(64, 65536, 3, 1.5))
case("global average pool", list(x), function(i) op("reduce_mean", i[1], axes = c(1, 2)), mb(x), mb(x))
case("global max pool", list(x), function(i) op("reduce_max", i[1], axes = c(1, 2)), mb(x), 2 * mb(x))
small <- c(16, 56, 56, 64)
case("upsampling 2d by 2", list(small), function(i) op("upsample", i[1], size = c(2, 2)), mb(small) + mb(x), mb(small) + mb(x))
case("bilinear resize 56 to 112", list(small), function(i) op("resize", i[1], size = c(112, 112), interpolation = "bilinear"), mb(small) + mb(x),
     mb(small) + mb(x))
case("bilinear resize 112 to 56", list(x), function(i) op("resize", i[1], size = c(56, 56), interpolation = "bilinear"), mb(small) + mb(x),
     mb(small) + mb(x))
case("bilinear resize 128 to 224, 3 channels", list(c(32, 128, 128, 3)),
     function(i) op("resize", i[1], size = c(224, 224), interpolation = "bilinear"),
     mb(32, 3, 128^2 + 224^2), mb(32, 3, 128^2 + 224^2))
case("bicubic resize 56 to 112", list(small), function(i) op("resize", i[1], size = c(112, 112), interpolation = "bicubic"), mb(small) + mb(x),
     mb(small) + mb(x))

# ---- normalization: layers as users have them. A gradient needs what the forward pass finds, and runs it too.
layer_case <- function(label, layer, shape, training, forward, backward) {
  if (!wanted(label)) return(invisible())
  layer(normal(c(2, shape[-1])))  # builds
  case(label, list(shape), function(i) layer(i[[1]], training = training), forward, backward)
}
layer_case("batch norm, inference", layer_batch_normalization(), x, FALSE, 2 * mb(x), 2 * mb(x))
layer_case("batch norm, training", layer_batch_normalization(), x, TRUE, 3 * mb(x), 5 * mb(x))
layer_case("layer norm 256", layer_layer_normalization(), c(128, 400, 256), TRUE, 2 * mb(128, 400, 256), 5 * mb(128, 400, 256))
layer_case("unit norm 256", layer_unit_normalization(), c(128, 400, 256), TRUE, 2 * mb(128, 400, 256), 5 * mb(128, 400, 256))

# ---- softmax, embedding
wide <- c(128, 100, 1000)
case("softmax 1000, last axis", list(wide), function(i) op("softmax", i[1], axis = -1), 2 * mb(wide), 5 * mb(wide))
case("softmax 10, last axis", list(c(1e6, 10)), function(i) op("softmax", i[1], axis = -1), 2 * mb(1e7), 5 * mb(1e7))
case("softmax 100, inner axis", list(wide), function(i) op("softmax", i[1], axis = 1), 2 * mb(wide), 5 * mb(wide))
case("log_softmax 1000, last axis", list(wide), function(i) op("log_softmax", i[1], axis = -1), 2 * mb(wide), 5 * mb(wide))
tokens <- internal("tensor")(array(sample.int(20000L, 128 * 400, TRUE) - 1L, c(128, 400)), "int32")
case("embedding 20000 x 256, 51200 tokens", list(c(20000, 256)), function(i) op("gather", i, axis = 0), 2 * mb(51200, 256),
     mb(51200, 256) + mb(20000, 256), integers = tokens)
case("embedding 20000 x 16, 51200 tokens", list(c(20000, 16)), function(i) op("gather", i, axis = 0), 2 * mb(51200, 16),
     mb(51200, 16) + mb(20000, 16), integers = tokens)

# ---- elementwise
big <- 12e6
for (name in c("sin", "cos", "tanh", "exp", "log", "erf", "log1p")) case(name, list(big), function(i) op(name, list(if (grepl("log", name)) op("square", i[1]) else i[[1]])), 2 * mb(big))
case("a * b + c", list(big, big, big), function(i) i[[1]] * i[[2]] + i[[3]], 4 * mb(big))
case("chain of 6: swish(2 x + 1) - x^2", list(big), function(i) op("swish", list(i[[1]] * 2 + 1)) - op("square", i[1]), 2 * mb(big), 3 * mb(big))
case("power 1.7", list(big), function(i) op("power", list(op("abs", i[1]), 1.7)), 2 * mb(big))
case("mean squared error", list(big, big), function(i) op("reduce_mean", list(op("squared_difference", i))), 2 * mb(big), 3 * mb(big))
case("random normal", list(1), function(i) op("random_normal", list(), shape = big, dtype = "float32"), mb(big))
case("random uniform", list(1), function(i) op("random_uniform", list(), shape = big, dtype = "float32"), mb(big))
case("truncated normal", list(1), function(i) op("truncated_normal", list(), shape = big, dtype = "float32"), mb(big))
case("dropout 0.3", list(big), function(i) op("dropout", i[1], rate = 0.3)[[1L]], 2.25 * mb(big), 2.25 * mb(big))
case("transpose 4000 x 3000", list(c(4000, 3000)), function(i) op("transpose", i[1]), 2 * mb(4000, 3000))
case("channels first to last", list(c(16, 64, 112, 112)), function(i) op("transpose", i[1], perm = c(0, 2, 3, 1)), 2 * mb(x))
case("channels last to first", list(x), function(i) op("transpose", i[1], perm = c(0, 3, 1, 2)), 2 * mb(x))
case("concat on the last axis", list(x, x), function(i) op("concat", i, axis = -1), 4 * mb(x), 4 * mb(x))

# ---- optimizers: the update of one variable of 8 million numbers inside a program; arrays read and written
optimizer_case <- function(label, optimizer, slots) {
  if (!wanted(label)) return(invisible())
  n <- 8e6
  weight <- internal("new_variable")(normal(n), "w")
  step <- function(i) {
    optimizer$apply_gradients(list(list(i[[1L]], weight)))
    list(i[[2L]])
  }
  gradient <- normal(n)
  optimizer$apply_gradients(list(list(gradient, weight)))  # makes the slots
  seconds <- program_seconds(step, list(gradient, normal(1)), budget)
  bandwidth <<- max(bandwidth, measure_machine("none", 0.001)$bandwidth)
  rate <- (2 * (1 + slots) + 1) * mb(n) / 1e3 / min(seconds)
  show("%-44s %-9s %8.3f ms %6.1f GB/s %5.0f %% [80]", label, "update", 1e3 * min(seconds), rate, 100 * rate / bandwidth)
}
optimizer_case("optimizer sgd", optimizer_sgd(), 0)
optimizer_case("optimizer sgd, momentum", optimizer_sgd(momentum = 0.9), 1)
optimizer_case("optimizer adam", optimizer_adam(), 2)
optimizer_case("optimizer adam, amsgrad", optimizer_adam(amsgrad = TRUE), 3)
optimizer_case("optimizer adamax", optimizer_adamax(), 2)
optimizer_case("optimizer nadam", optimizer_nadam(), 2)
optimizer_case("optimizer rmsprop", optimizer_rmsprop(), 1)
optimizer_case("optimizer rmsprop, centered, momentum", optimizer_rmsprop(centered = TRUE, momentum = 0.9), 3)
optimizer_case("optimizer adagrad", optimizer_adagrad(), 1)
optimizer_case("optimizer adadelta", optimizer_adadelta(), 2)
optimizer_case("optimizer ftrl", optimizer_ftrl(), 2)
optimizer_case("optimizer adam, weight decay", optimizer_adam(weight_decay = 0.01), 2)
optimizer_case("optimizer adam, clipvalue", optimizer_adam(clipvalue = 0.5), 2)
optimizer_case("optimizer adam, clipnorm", optimizer_adam(clipnorm = 1), 2)
optimizer_case("optimizer adam, moving average", optimizer_adam(use_ema = TRUE), 3)
optimizer_case("optimizer adam, average taken over", optimizer_adam(use_ema = TRUE, ema_overwrite_frequency = 10L), 3)
optimizer_case("optimizer rmsprop, moving average", optimizer_rmsprop(use_ema = TRUE), 2)

# ---- overheads: seconds of one call
overhead <- function(label, run, goal, times = 2000, divide = 1, unit = 1e6, name = "us") {
  if (!wanted(label)) return(invisible())
  for (i in 1:100) run()
  best <- min(vapply(1:7, function(k) system.time(for (i in seq_len(times)) run(), gcFirst = FALSE)[["elapsed"]], 0)) / times / divide
  show("%-44s %8.2f %s [%g]", label, best * unit, name, goal)
}
t <- normal(c(4, 4))
internal_add <- internal("op_add")
internal_sum <- internal("op_reduce_sum")
overhead("eager call: add(tensor, tensor)", function() internal_add(t, t), 5)
overhead("eager call: tensor + tensor", function() t + t, 5)
overhead("eager call: tensor * 2", function() t * 2, 5)
overhead("eager call: reduce_sum with axes", function() internal_sum(t, 1L), 5)
overhead("eager call: k_relu(tensor)", function() k_relu(t), 5)
overhead("eager call: tensor[1]", function() t[1], 20)
if (wanted("op in a trained step")) {
  program <- internal("trace_program")(function(i) {
    y <- i[[1]]
    for (k in 1:250) y <- op("relu", list(op("matmul", list(y, i[[2]]))))
    list(y)
  }, rep(list(list(dtype = "float32", shape = c(1L, 1L))), 2L))
  tiny <- normal(c(1, 1))
  seconds <- min(internal("program_time")(program$pointer, list(tiny, tiny), 0.1))
  show("%-44s %8.3f us [0.3]", "op in a trained step", 1e6 * seconds / length(internal("program_summary")(program$pointer)$steps))
}
if (wanted("MLP")) {
  model <- keras_model_sequential(input_shape = 20) %>% layer_dense(32, activation = "relu") %>% layer_dense(1) %>%
    compile(optimizer = "adam", loss = "mse")
  a <- matrix(runif(3200 * 20), 3200)
  b <- runif(3200)
  overhead("MLP 20-32-1, batch 32, a step of fit()", function() fit(model, a, b, batch_size = 32, epochs = 10, verbose = 0), 0.03, 1, 1000, 1e3, "ms")
  one <- matrix(runif(20), 1)
  overhead("MLP predict() of one sample", function() predict(model, one, verbose = 0), 0.2, 1000, 1, 1e3, "ms")
}
show("bandwidth in the end %.1f GB/s", measure_machine("none", 0.001)$bandwidth)
