# keratin's side of the benchmark: one case in, its times (seconds of single runs) out. `internal` functions are used where a user's
# call would add R's overhead to the kernel under test. Whole programs are in program_keratin.R.
seconds <- function(run, budget, least = 5, most = 1000, warm = 2) {
  for (i in seq_len(warm)) run()
  times <- numeric()
  start <- proc.time()[["elapsed"]]
  while (length(times) < most && (length(times) < least || proc.time()[["elapsed"]] - start < budget)) {
    before <- clock()
    run()
    times <- c(times, clock() - before)
  }
  times
}
clock <- function() as.numeric(Sys.time())
internal <- function(name) getFromNamespace(name, "keratin")
normal <- function(shape, dtype = "float32") internal("tensor")(array(rnorm(prod(shape)), shape), dtype)

# Times of a traced function, run by the core as fit() runs a train step.
program_seconds <- function(f, inputs, budget) {
  pointer <- trace_of(f, inputs)
  internal("program_time")(pointer, inputs, budget)
}
trace_of <- function(f, inputs) {
  types <- lapply(inputs, function(t) list(dtype = internal("tensor_dtype")(t), shape = internal("tensor_shape")(t)))
  internal("trace_program")(f, types)$pointer
}

# The same in slices of a few runs, each between two short looks at `rate()`, what the machine reaches just then: a processor's clock, and what
# its neighbours leave of it, change from one moment to the next. Attribute "share": the amount of `work` that a slice's median run did
# a second, as a part of the rate beside it; the median of all slices.
program_seconds_beside <- function(f, inputs, budget, work, rate) {
  pointer <- trace_of(f, inputs)
  times <- shares <- numeric()
  start <- proc.time()[["elapsed"]]
  before <- rate()
  while (length(shares) < 3 || proc.time()[["elapsed"]] - start < budget) {
    slice <- internal("program_time")(pointer, inputs, 0.002)
    after <- rate()
    times <- c(times, slice)
    shares <- c(shares, work / median(slice) / ((before + after) / 2))
    before <- after
  }
  structure(times, share = median(shares))
}

# forward(x, parameters); the step adds the gradients of the input and of each parameter.
forward_and_step <- function(forward, x, parameters, case) {
  y <- forward(x, parameters)
  upstream <- normal(internal("tensor_shape")(y), dtype = internal("tensor_dtype")(y))
  inputs <- c(list(x), parameters)
  list(
    forward = program_seconds_beside(function(i) list(forward(i[[1]], i[-1])), inputs, case$budget, case$work, case$rate),
    step = program_seconds(function(i) {
      sources <- i[-length(i)]
      y <- forward(i[[1]], sources[-1])
      c(list(y), internal("op_gradients")(y, sources, upstream = i[[length(i)]]))
    }, c(inputs, list(upstream)), case$budget)
  )
}

# What a convolution's step consists of, each op by itself.
parts_of_step <- function(forward, x, parameters, case) {
  y <- forward(x, parameters)
  upstream <- normal(internal("tensor_shape")(y), dtype = internal("tensor_dtype")(y))
  gradient <- function(which) {
    program_seconds_beside(function(i) {
      sources <- i[-length(i)]
      internal("op_gradients")(forward(i[[1]], sources[-1]), sources[which], upstream = i[[length(i)]])
    }, c(list(x), parameters, list(upstream)), case$budget, case$work, case$rate)
  }
  list(forward = program_seconds_beside(function(i) list(forward(i[[1]], i[-1])), c(list(x), parameters), case$budget, case$work, case$rate),
       data = gradient(1), weight = gradient(2), bias = gradient(3))
}

convolution <- function(case, run = forward_and_step) {
  spatial <- rep(case$length, case$rank)
  kernel <- rep(case$kernel, case$rank)
  x <- normal(c(case$batch, spatial, case$channels), dtype = case$dtype)
  bias <- normal(case$filters, dtype = case$dtype)
  if (case$kind == "conv") {
    forward <- function(x, p) {
      internal("op_conv")(x, p[[1]], p[[2]], strides = case$stride, dilation = case$dilation, groups = case$groups, padding_before = case$pad,
                          padding_after = case$pad)
    }
    weight <- normal(c(kernel, case$channels / case$groups, case$filters), dtype = case$dtype)
  } else {
    size <- rep(output_length(case), case$rank)
    forward <- function(x, p) {
      internal("op_conv_transpose")(x, p[[1]], p[[2]], strides = case$stride, dilation = case$dilation, groups = case$groups, crop_before = case$pad,
                                    output_size = size)
    }
    weight <- normal(c(kernel, case$filters / case$groups, case$channels), dtype = case$dtype)
  }
  run(forward, x, list(weight, bias), case)
}

conv_lstm <- function(case) {
  layer <- layer_conv_lstm_2d(filters = case$filters, kernel_size = case$kernel, padding = "same", recurrent_activation = "sigmoid",
                              return_sequences = TRUE)
  x <- normal(c(case$batch, case$steps, case$length, case$length, case$channels))
  upstream <- normal(internal("tensor_shape")(layer(x)))
  list(
    forward = program_seconds_beside(function(i) list(layer(i[[1]])), list(x), case$budget, case$work, case$rate),
    step = program_seconds(function(i) {
      y <- layer(i[[1]])
      c(list(y), internal("op_gradients")(y, c(i[1], layer$trainable_weights), upstream = i[[2]]))
    }, list(x, upstream), case$budget)
  )
}

dense <- function(case) {
  forward_and_step(function(x, p) internal("op_dense")(x, p[[1]], p[[2]]), normal(c(case$batch, case$channels)),
                   list(normal(c(case$channels, case$filters)), normal(case$filters)), case)
}

arrays <- function(case) {
  x <- array(rnorm(case$batch * case$length * case$channels), c(case$batch, case$length, case$channels))
  t <- internal("tensor")(x, "float32")
  list(forward = seconds(function() internal("tensor")(x, "float32"), case$budget), step = seconds(function() as.array(t), case$budget))
}

lstm <- function(case) {
  units <- case$filters
  parameters <- lapply(list(c(case$channels, 4 * units), c(units, 4 * units), 4 * units), normal)
  forward_and_step(function(x, p) {
    internal("op_lstm")(x, p[[1]], p[[2]], p[[3]])[[1]]
  }, normal(c(case$batch, case$steps, case$channels)), parameters, case)
}

istft <- function(case) {
  weight <- normal(c(case$kernel, case$filters, case$channels))
  bias <- normal(case$filters)
  list(forward = vapply(case$lengths, function(length) {
    x <- normal(c(case$batch, length, case$channels))
    before <- clock()
    internal("op_conv_transpose")(x, weight, bias, strides = case$stride, output_size = (length - 1) * case$stride + case$kernel)
    clock() - before
  }, 0))
}

hifigan_generator <- function() {
  leaky <- function(x, alpha = 0.1) layer_lambda(x, function(x) k_relu(x, alpha = alpha))
  conv <- function(x, filters, kernel, dilation = 1) layer_conv_1d(x, filters, kernel, dilation_rate = dilation, padding = "same")
  input <- layer_input(shape = list(NULL, 80))
  x <- conv(input, 512, 7)
  channels <- 512
  for (up in list(c(16, 8), c(16, 8), c(4, 2), c(4, 2))) {
    channels <- channels / 2
    x <- layer_conv_1d_transpose(leaky(x), channels, up[1], strides = up[2], padding = "same")
    blocks <- lapply(c(3, 7, 11), function(kernel) {
      y <- x
      for (dilation in c(1, 3, 5)) y <- layer_add(list(y, conv(leaky(conv(leaky(y), channels, kernel, dilation)), channels, kernel)))
      y
    })
    x <- layer_lambda(layer_add(blocks), function(x) x / 3)
  }
  keras_model(input, layer_activation(conv(leaky(x, 0.01), 1, 7), "tanh"))
}

hifigan <- function(case) {
  model <- hifigan_generator()
  x <- array(rnorm(case$batch * case$length * 80), c(case$batch, case$length, 80))
  if (!case$train) return(list(forward = seconds(function() predict(model, x, verbose = 0), case$budget, least = 3, most = 20)))
  model %>% compile(optimizer = optimizer_adam(2e-4), loss = "mae")
  y <- array(0, c(case$batch, case$length * 256, 1))
  list(step = seconds(function() train_on_batch(model, x, y), case$budget, least = 2, most = 20, warm = 1))
}

# Largest resident memory so far and memory now, in bytes (Linux).
memory <- function(what) {
  status <- "/proc/self/status"
  if (file.exists(status)) 1024 * as.numeric(gsub("[^0-9]", "", grep(what, readLines(status), value = TRUE))) else NA_real_
}

# How far the largest memory rises over a training step, as a multiple of inputs, outputs and gradients. The inputs are made by the core, so
# that no R array of doubles counts. To be run in a process of its own.
step_memory <- function(number) {
  case <- Filter(function(case) identical(case$number, number), kernel_cases)[[1]]
  shapes <- list(x = c(case$batch, rep(case$length, case$rank), case$channels),
                 weight = c(rep(case$kernel, case$rank), case$channels / case$groups, case$filters),
                 bias = case$filters,
                 upstream = c(case$batch, rep(output_length(case), case$rank), case$filters))
  types <- lapply(unname(shapes), function(shape) list(dtype = "float32", shape = as.integer(shape)))
  step <- internal("trace_program")(function(i) {
    y <- internal("op_conv")(i[[1]], i[[2]], i[[3]], strides = case$stride, dilation = case$dilation, groups = case$groups, padding_before = case$pad)
    c(list(y), internal("op_gradients")(y, i[1:3], upstream = i[[4]]))
  }, types)
  before <- memory("VmRSS")
  inputs <- lapply(unname(shapes), internal("op_fill"), value = 0.5, dtype = "float32")
  result <- internal("program_run")(step, inputs)
  (memory("VmHWM") - before) / (2 * 4 * sum(vapply(shapes, prod, 0)))
}

run_keratin <- function(case) {
  switch(case$kind,
    conv = , conv_transpose = convolution(case), lstm = lstm(case), conv_lstm = conv_lstm(case), dense = dense(case), arrays = arrays(case),
    istft = istft(case), hifigan = hifigan(case))
}
