# The cases of the standing benchmark and their goals: percent of the FMA peak forward (depthwise: of what the memory bandwidth allows), ratio
# of a PyTorch step to keratin's.
# Shapes: batch, length (of each spatial axis), channels in, filters, kernel, stride. `pad`: on both sides, or cropped from both sides of a
# transposed convolution, whose `output_padding` is added at the end.
conv_case <- function(number, kind, batch, length, channels, filters, kernel, stride, goal_peak, goal_ratio, pad = 0, dilation = 1, rank = 1,
                      dtype = "float32",
                      groups = 1, output_padding = 0) {
  list(number = number, kind = kind, rank = rank, batch = batch, length = length, channels = channels, filters = filters, kernel = kernel,
       stride = stride, pad = pad, output_padding = output_padding, dilation = dilation, groups = groups, dtype = dtype, goal_peak = goal_peak,
       goal_ratio = goal_ratio)
}

kernel_cases <- list(
  conv_case(1, "conv_transpose", 32, 128, 3, 64, 3, 1, 65, 8),
  conv_case(2, "conv_transpose", 32, 128, 64, 64, 5, 2, 93, 3.8),
  conv_case(3, "conv_transpose", 32, 128, 64, 3, 5, 1, 50, 4.5),
  conv_case(4, "conv_transpose", 16, 1000, 64, 32, 16, 8, 90, 3.2),
  conv_case(5, "conv_transpose", 1, 16000, 64, 64, 7, 1, 96, 1.7),
  conv_case(6, "conv_transpose", 1, 16000, 32, 1, 16, 8, 60, 5),
  conv_case(7, "conv_transpose", 8, 512, 256, 256, 3, 1, 92, 1.3),
  conv_case(8, "conv_transpose", 8, 512, 256, 256, 4, 2, 92, 1.5),
  conv_case(9, "conv", 32, 128, 64, 64, 5, 1, 95, 1.5, pad = 2),
  conv_case(10, "conv", 16, 1000, 64, 64, 16, 8, 95, 1.7),
  conv_case(11, "conv", 16, 1000, 64, 64, 3, 1, 92, 2, pad = 8, dilation = 8),
  conv_case(12, "conv", 32, 28, 1, 32, 3, 1, 60, 4, rank = 2),
  conv_case(13, "conv", 32, 56, 64, 64, 3, 1, 95, 1.5, pad = 1, rank = 2),
  conv_case(14, "conv", 32, 28, 256, 64, 1, 1, 90, 1.3, rank = 2),
  conv_case(15, "conv_transpose", 32, 14, 64, 32, 3, 2, 90, 1.8, pad = 1, output_padding = 1, rank = 2),
  conv_case(16, "conv_transpose", 16, 32, 64, 3, 4, 2, 60, 2.5, pad = 1, rank = 2),
  conv_case(17, "conv_transpose", 4, 8, 64, 32, 3, 2, 85, 1.7, pad = 1, output_padding = 1, rank = 3),
  conv_case(18, "conv", 4, 16, 32, 32, 3, 1, 90, 1.4, pad = 1, rank = 3),
  conv_case(19, "conv", 16, 56, 64, 64, 3, 1, 70, 2, pad = 1, rank = 2, groups = 64),
  list(number = 20, kind = "lstm", batch = 32, steps = 100, channels = 32, filters = 128, goal_peak = 80, goal_ratio = 1.6),
  list(number = 21, kind = "lstm", batch = 1, steps = 200, channels = 64, filters = 64, goal_peak = 50, goal_ratio = 2),
  list(number = 22, kind = "conv_lstm", batch = 8, steps = 10, length = 32, channels = 16, filters = 32, kernel = 3, goal_peak = 85, goal_ratio = 2),
  list(number = 23, kind = "dense", batch = 128, channels = 512, filters = 512, goal_peak = 92, goal_ratio = 1.25),
  list(number = 24, kind = "arrays", batch = 32, length = 1000, channels = 64, goal_bandwidth = 16),
  list(number = 25, kind = "istft", batch = 1, channels = 1026, filters = 1, kernel = 1024, stride = 256, lengths = 200 + 2 * (0:30),
       goal_peak = 55, goal_ratio = 20),
  list(number = 26, kind = "hifigan", batch = 1, length = 100, train = FALSE, goal_peak = 85, goal_ratio = 1.4),
  list(number = 27, kind = "hifigan", batch = 16, length = 32, train = TRUE, goal_peak = 80, goal_ratio = 1.6)
)

# Of one spatial axis.
output_length <- function(case) {
  window <- (case$kernel - 1) * case$dilation + 1
  if (case$kind == "conv") return((case$length + 2 * case$pad - window) %/% case$stride + 1)
  (case$length - 1) * case$stride + window - 2 * case$pad + case$output_padding
}

is_depthwise <- function(case) case$kind == "conv" && case$groups == case$channels && case$groups > 1

# A depthwise convolution is bound by memory: its input is read once and its output written once.
forward_bytes <- function(case) 4 * case$batch * case$channels * (case$length^case$rank + output_length(case)^case$rank)

# Floating-point operations of a forward pass (a multiplication and an addition are two).
hifigan_flops <- function(batch, frames) {
  macs <- frames * 80 * 512 * 7
  length <- frames
  channels <- 512
  for (up in list(c(16, 8), c(16, 8), c(4, 2), c(4, 2))) {
    macs <- macs + length * channels * (channels / 2) * up[1]
    length <- length * up[2]
    channels <- channels / 2
    macs <- macs + length * channels^2 * 6 * sum(c(3, 7, 11))
  }
  2 * batch * (macs + length * channels * 7)
}

flops <- function(case, length = case$length) {
  switch(case$kind,
    conv = 2 * case$batch * output_length(case)^case$rank * case$channels * case$filters / case$groups * case$kernel^case$rank,
    conv_transpose = 2 * case$batch * length^case$rank * case$channels * case$filters * case$kernel^case$rank,
    istft = 2 * case$batch * length * case$channels * case$filters * case$kernel,
    lstm = 2 * case$batch * case$steps * (case$channels + case$filters) * 4 * case$filters,
    conv_lstm = 2 * case$batch * case$steps * case$length^2 * (case$channels + case$filters) * 4 * case$filters * case$kernel^2,
    dense = 2 * case$batch * case$channels * case$filters,
    hifigan = hifigan_flops(case$batch, case$length))
}

describe <- function(case) {
  convolution <- function() {
    name <- if (is_depthwise(case)) "depthwise" else if (case$kind == "conv") "C" else "T"
    paste0(name, case$rank, " ",
           paste(case$batch, paste(rep(case$length, case$rank), collapse = "x"), case$channels, case$filters, case$kernel, case$stride, sep = ","),
           if (case$pad > 0) " (same)", if (case$dilation > 1) paste(" dilation", case$dilation))
  }
  sizes <- switch(case$kind,
    conv = , conv_transpose = convolution(),
    lstm = sprintf("LSTM batch %d, %d steps, %d -> %d", case$batch, case$steps, case$channels, case$filters),
    conv_lstm = sprintf("ConvLSTM2D %d, %d steps, %dx%d, %d, %d, %dx%d", case$batch, case$steps, case$length, case$length, case$channels,
                        case$filters,
                        case$kernel, case$kernel),
    dense = sprintf("dense %d x %d -> %d", case$batch, case$channels, case$filters),
    arrays = "R array to tensor and back",
    istft = "T1 1,L,1026,1,1024,256, new L every call",
    hifigan = if (case$train) "HiFi-GAN V1, training step" else "HiFi-GAN V1, predict")
  paste0(case$number, "  ", sizes)
}
