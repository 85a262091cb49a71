# keratin's side of the benchmark: one case in, its times (seconds of single runs) out. `internal` functions are used where a user's
# call would add R's overhead to the kernel under test; the whole-program cases use only what users call.
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
normal <- function(...) internal("tensor")(array(rnorm(prod(...)), c(...)), "float32")

# Times of a traced function, run by the core as fit() runs a train step.
program_seconds <- function(f, inputs, budget) {
  types <- lapply(inputs, function(t) list(dtype = internal("tensor_dtype")(t), shape = internal("tensor_shape")(t)))
  program <- internal("trace_program")(f, types)
  internal("program_time")(program$pointer, inputs, budget)
}

# forward(x, weight, bias); the step adds the gradients of all three.
forward_and_step <- function(forward, x, weight, bias, budget) {
  upstream <- normal(internal("tensor_shape")(forward(x, weight, bias)))
  list(
    forward = program_seconds(function(i) list(forward(i[[1]], i[[2]], i[[3]])), list(x, weight, bias), budget),
    step = program_seconds(function(i) {
      y <- forward(i[[1]], i[[2]], i[[3]])
      c(list(y), internal("op_gradients")(y, i[1:3], upstream = i[[4]]))
    }, list(x, weight, bias, upstream), budget)
  )
}

convolution <- function(case) {
  spatial <- rep(case$length, case$rank)
  kernel <- rep(case$kernel, case$rank)
  x <- normal(c(case$batch, spatial, case$channels))
  bias <- normal(case$filters)
  if (case$kind == "conv") {
    forward <- function(x, weight, bias) {
      internal("op_conv")(x, weight, bias, strides = case$stride, dilation = case$dilation, padding_before = case$pad, padding_after = case$pad)
    }
    weight <- normal(c(kernel, case$channels, case$filters))
  } else {
    size <- rep(output_length(case), case$rank)
    forward <- function(x, weight, bias) internal("op_conv_transpose")(x, weight, bias, strides = case$stride, dilation = case$dilation, output_size = size)
    weight <- normal(c(kernel, case$filters, case$channels))
  }
  forward_and_step(forward, x, weight, bias, case$budget)
}

dense <- function(case) {
  forward_and_step(function(x, weight, bias) internal("op_dense")(x, weight, bias), normal(c(case$batch, case$channels)),
                   normal(c(case$channels, case$filters)), normal(case$filters), case$budget)
}

arrays <- function(case) {
  x <- array(rnorm(case$batch * case$length * case$channels), c(case$batch, case$length, case$channels))
  t <- internal("tensor")(x, "float32")
  list(forward = seconds(function() internal("tensor")(x, "float32"), case$budget), step = seconds(function() as.array(t), case$budget))
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

mlp <- function() keras_model_sequential(input_shape = 20) %>% layer_dense(32, activation = "relu") %>% layer_dense(1)

autoencoder <- function() {
  keras_model_sequential(input_shape = c(256, 8)) %>%
    layer_conv_1d(32, 5, strides = 2, padding = "same", activation = "relu") %>%
    layer_conv_1d(64, 5, strides = 2, padding = "same", activation = "relu") %>%
    layer_conv_1d_transpose(32, 5, strides = 2, padding = "same", activation = "relu") %>%
    layer_conv_1d_transpose(8, 5, strides = 2, padding = "same")
}

whole_program <- function(case) {
  if (case$kind == "one") {
    model <- mlp()
    x <- matrix(runif(20), 1)
    return(list(forward = seconds(function() predict(model, x, verbose = 0), case$budget)))
  }
  if (case$kind == "mlp") {
    model <- mlp() %>% compile(optimizer = "adam", loss = "mse")
    x <- matrix(runif(3200 * 20), 3200)
    y <- runif(3200)
    return(list(step = seconds(function() fit(model, x, y, batch_size = 32, epochs = 1, verbose = 0), case$budget, least = 3) / 100))
  }
  model <- autoencoder() %>% compile(optimizer = "adam", loss = "mse")
  x <- array(runif(2048 * 256 * 8), c(2048, 256, 8))
  list(step = seconds(function() fit(model, x, x, batch_size = 64, epochs = 1, verbose = 0), case$budget, least = 3),
       forward = seconds(function() predict(model, x, verbose = 0), case$budget, least = 3))
}

# A process of its own: seconds from its start to the end of the first predict(), and its largest memory.
startup <- function() {
  code <- "library(keratin); m <- keras_model_sequential(input_shape = 20) %>% layer_dense(32, activation = 'relu') %>% layer_dense(1);
    invisible(predict(m, matrix(0, 1, 20), verbose = 0)); s <- '/proc/self/status';
    cat(if (file.exists(s)) as.numeric(gsub('[^0-9]', '', grep('VmHWM', readLines(s), value = TRUE))) / 1024 else NA)"
  before <- clock()
  megabytes <- system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE)
  list(forward = clock() - before, megabytes = as.numeric(megabytes[length(megabytes)]))
}

run_keratin <- function(case) {
  switch(case$kind,
    conv = , conv_transpose = convolution(case), dense = dense(case), arrays = arrays(case), istft = istft(case), hifigan = hifigan(case),
    startup = startup(), whole_program(case))
}
