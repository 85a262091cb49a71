# The kernels against the definition:  y[o, f] = sum over k, c of x[o * strides - padding + k * dilation, c] * kernel[k, c, f].

tensor <- internal("tensor")
op_conv <- internal("op_conv")
op_conv_transpose <- internal("op_conv_transpose")
op_conv_grad_weight <- internal("op_conv_grad_weight")

# A random geometry: the plain convolution's input x, output y and kernel, from which all three directions follow.
random_geometry <- function() {
  rank <- sample(3, 1)
  longest <- c(40, 9, 5)[rank]
  g <- list(
    rank = rank, batch = sample(3, 1), n = sample(longest, rank, TRUE), kernel = sample(min(longest, 6), rank, TRUE),
    strides = sample(3, rank, TRUE), dilation = sample(2, rank, TRUE, c(2, 1)), groups = sample(c(1, 1, 1, 2, 3), 1))
  g$channels <- g$groups * sample(c(1, 2, 5, 9, 17), 1)
  g$filters <- g$groups * sample(c(1, 2, 5, 9, 17), 1)
  if (runif(1) < 0.2) g$channels <- g$filters <- g$groups <- sample(2:20, 1)
  if (runif(1) < 0.15) g$kernel <- g$strides <- rep(1, rank)  # every pixel by itself: all of them in one line
  with_data(g)
}

# Many pixels with few channels on one side: the forms that multiply all kernel positions first or have registers along the depth, and lines
# whose ends alone are copied.
random_narrow_geometry <- function() {
  rank <- sample(2, 1)
  few <- sample(5, 1)
  many <- sample(c(16, 24), 1)
  turn <- runif(1) < 0.5
  with_data(list(
    rank = rank, batch = 2, n = if (rank == 1) sample(300:400, 1) else sample(16:24, 2), kernel = sample(2:4, rank, TRUE),
    strides = rep(sample(2, 1), rank), dilation = sample(2, rank, TRUE, c(3, 1)), groups = 1, channels = if (turn) few else many,
    filters = if (turn) many else few))
}

with_data <- function(g) {
  rank <- g$rank
  extent <- (g$kernel - 1) * g$dilation + 1
  g$before <- vapply(extent, function(e) sample(0:(e - 1), 1), 0)
  g$after <- pmax(vapply(extent, function(e) sample(0:(e - 1), 1), 0), extent - g$n - g$before)
  g$length <- (g$n + g$before + g$after - extent) %/% g$strides + 1
  g$x <- array(rnorm(g$batch * prod(g$n) * g$channels), c(g$batch, g$n, g$channels))
  g$y <- array(rnorm(g$batch * prod(g$length) * g$filters), c(g$batch, g$length, g$filters))
  g$w <- array(rnorm(prod(g$kernel) * g$channels / g$groups * g$filters), c(g$kernel, g$channels / g$groups, g$filters))
  g
}

# Forward and both gradients by the definition: one matrix product for each output pixel, kernel position and group.
by_definition <- function(g) {
  pixels <- as.matrix(expand.grid(lapply(g$length, seq_len)))
  positions <- as.matrix(expand.grid(lapply(g$kernel, seq_len)))
  x <- matrix(g$x, g$batch * prod(g$n))
  y <- matrix(g$y, g$batch * prod(g$length))
  w <- array(g$w, c(prod(g$kernel), g$channels / g$groups, g$filters))
  out <- list(forward = 0 * y, input = 0 * x, weight = 0 * w)
  row <- function(at, sizes) 1 + sum((at - 1) * cumprod(c(1, sizes))[seq_along(sizes)])
  for (o in seq_len(nrow(pixels))) for (k in seq_len(nrow(positions))) {
    i <- (pixels[o, ] - 1) * g$strides - g$before + (positions[k, ] - 1) * g$dilation + 1
    if (any(i < 1 | i > g$n)) next
    from <- (row(i, g$n) - 1) * g$batch + seq_len(g$batch)
    to <- (o - 1) * g$batch + seq_len(g$batch)
    for (group in seq_len(g$groups)) {
      cs <- (group - 1) * dim(w)[2] + seq_len(dim(w)[2])
      fs <- (group - 1) * g$filters / g$groups + seq_len(g$filters / g$groups)
      weights <- matrix(w[k, , fs], dim(w)[2])
      out$forward[to, fs] <- out$forward[to, fs] + x[from, cs, drop = FALSE] %*% weights
      out$input[from, cs] <- out$input[from, cs] + y[to, fs, drop = FALSE] %*% t(weights)
      out$weight[k, , fs] <- out$weight[k, , fs] + crossprod(x[from, cs, drop = FALSE], y[to, fs, drop = FALSE])
    }
  }
  list(forward = array(out$forward, dim(g$y)), input = array(out$input, dim(g$x)), weight = array(out$weight, dim(g$w)))
}

by_kernels <- function(g, dtype) {
  t <- function(x) tensor(x, dtype)
  list(
    forward = as.array(op_conv(t(g$x), t(g$w), NULL, g$strides, g$dilation, g$groups, g$before, g$after)),
    input = as.array(op_conv_transpose(t(g$y), t(g$w), NULL, g$strides, g$dilation, g$groups, g$before, g$n)),
    weight = as.array(op_conv_grad_weight(t(g$x), t(g$y), g$kernel, g$strides, g$dilation, g$groups, g$before)))
}

test_that("every kernel on every instruction set computes the definition", {
  set.seed(1)
  before <- internal("isa_get")()
  on.exit(internal("isa_set")(before))
  for (i in 1:60) {
    g <- random_geometry()
    want <- by_definition(g)
    for (isa in internal("isas_available")()) {
      internal("isa_set")(isa)
      expect_equal(by_kernels(g, "float64"), want, tolerance = 1e-12, info = paste(isa, i))
      expect_equal(by_kernels(g, "float32"), want, tolerance = 2e-6, info = paste(isa, i))
    }
  }
})

test_that("few channels on one side and long lines give the definition's numbers on every instruction set", {
  set.seed(4)
  before <- internal("isa_get")()
  on.exit(internal("isa_set")(before))
  for (i in 1:12) {
    g <- random_narrow_geometry()
    want <- by_definition(g)
    for (isa in internal("isas_available")()) {
      internal("isa_set")(isa)
      expect_equal(by_kernels(g, "float64"), want, tolerance = 1e-12, info = paste(isa, i))
      expect_equal(by_kernels(g, "float32"), want, tolerance = 2e-6, info = paste(isa, i))
    }
    expect_identical(with_threads(2, by_kernels(g, "float32")), with_threads(1, by_kernels(g, "float32")), info = i)
  }
})

test_that("output_padding = NULL is not output_padding = 0", {
  x <- array(1, c(1, 4, 1))
  kernel <- array(1, c(4, 1, 1))
  expect_equal(dim(conv_transpose_forward(x, kernel, strides = 2, padding = "same")), c(1, 8, 1))
  expect_equal(dim(conv_transpose_forward(x, kernel, strides = 2, padding = "same", output_padding = 0)), c(1, 6, 1))
})

test_that("the transposed convolution is the gradient of the convolution for its input", {
  set.seed(2)
  x <- array(rnorm(2 * 9 * 3), c(2, 9, 3))
  kernel <- array(rnorm(4 * 3 * 5), c(4, 3, 5))
  y <- conv_forward(x, kernel, strides = 3, padding = "same")
  expect_equal(conv_backward(x, kernel, y, strides = 3, padding = "same")$x, conv_transpose_forward(y, kernel, strides = 3, padding = "same"))
})

test_that("conv_backward() and conv_transpose_backward() agree with finite differences", {
  set.seed(3)
  slope <- function(f, at, eps = 1e-6) {
    array(vapply(seq_along(at), function(i) (f(replace(at, i, at[i] + eps)) - f(replace(at, i, at[i] - eps))) / (2 * eps), 0), dim(at))
  }
  x <- array(rnorm(2 * 5 * 4 * 3), c(2, 5, 4, 3))
  kernel <- array(rnorm(3 * 2 * 3 * 2), c(3, 2, 3, 2))
  g <- conv_backward(x, kernel, conv_forward(x, kernel, strides = 2, padding = "same"), strides = 2, padding = "same")
  loss <- function(x, kernel) sum(conv_forward(x, kernel, strides = 2, padding = "same")^2) / 2
  expect_equal(g$x, slope(function(v) loss(v, kernel), x), tolerance = 1e-6)
  expect_equal(g$kernel, slope(function(v) loss(x, v), kernel), tolerance = 1e-6)

  x <- array(rnorm(2 * 4 * 2), c(2, 4, 2))
  kernel <- array(rnorm(3 * 3 * 2), c(3, 3, 2))
  bias <- array(rnorm(3))
  call <- function(x, kernel, bias) conv_transpose_forward(x, kernel, bias, strides = 2, output_padding = 1)
  g <- conv_transpose_backward(x, kernel, call(x, kernel, bias), strides = 2, output_padding = 1)
  loss <- function(x, kernel, bias) sum(call(x, kernel, bias)^2) / 2
  expect_equal(g$x, slope(function(v) loss(v, kernel, bias), x), tolerance = 1e-6)
  expect_equal(g$kernel, slope(function(v) loss(x, v, bias), kernel), tolerance = 1e-6)
  expect_equal(as.vector(g$bias), as.vector(slope(function(v) loss(x, kernel, v), bias)), tolerance = 1e-6)
})

test_that("arrays come back as arrays, tensors as tensors of their dtype, channels first as channels first", {
  x <- array(rnorm(24), c(2, 4, 3))
  kernel <- array(rnorm(6), c(2, 3, 1))
  y <- conv_forward(x, kernel)
  expect_true(is.array(y))
  t <- conv_forward(tensor(x, "float32"), kernel)
  expect_identical(internal("tensor_dtype")(t), "float32")
  expect_equal(as.array(t), y, tolerance = 1e-6)
  expect_equal(aperm(conv_forward(aperm(x, c(1, 3, 2)), kernel, data_format = "channels_first"), c(1, 3, 2)), y)
})

test_that("bad input is a classed error", {
  x <- array(0, c(2, 4, 3))
  kernel <- array(0, c(2, 3, 1))
  for (bad in list(NULL, "a", iris, factor(1:3), quote(a), sum, list(1), 1i)) {
    expect_error(conv_forward(bad, kernel), class = "keratin_error_argument")
    expect_error(conv_forward(x, bad), class = "keratin_error_argument")
  }
  for (bad in list(0, -1, 1.5, NA, NA_real_, NULL, "1", c(1, 2), Inf, list(1))) {
    expect_error(conv_forward(x, kernel, strides = bad), class = "keratin_error_argument")
    expect_error(conv_transpose_forward(x, array(0, c(2, 1, 3)), dilation = bad), class = "keratin_error_argument")
  }
  expect_error(conv_forward(1:3, kernel), class = "keratin_error_shape")
  expect_error(conv_forward(x[, , 1:2], kernel), class = "keratin_error_shape")
  expect_error(conv_forward(x[, 1, , drop = FALSE], kernel), class = "keratin_error_shape")
  expect_error(conv_forward(x, kernel, groups = 2), class = "keratin_error")
  expect_error(conv_forward(x, kernel, bias = c(1, 2)), class = "keratin_error_shape")
  expect_error(conv_transpose_forward(x, array(0, c(2, 1, 3)), strides = 2, output_padding = 2),
               "`output_padding` \\(2\\) must be smaller than `strides` \\(2\\)")
  expect_error(conv_transpose_forward(x, array(0, c(2, 1, 3)), strides = 2^30), class = "keratin_error")
})
