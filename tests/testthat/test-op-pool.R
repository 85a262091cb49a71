# Pooling and resizing against plain loops in R, and gradients against the adjoint of the same loops.

# One axis at a time: which inputs window o covers.
window_of <- function(o, n, k, s, padding) {
  out <- if (padding == "same") ceiling(n / s) else (n - k) %/% s + 1
  before <- if (padding == "same") max((out - 1) * s + k - n, 0) %/% 2 else 0
  i <- (o - 1) * s - before + seq_len(k)
  i[i >= 1 & i <= n]
}
pooled_size <- function(n, k, s, padding) if (padding == "same") ceiling(n / s) else (n - k) %/% s + 1

pool_by_loops <- function(x, k, s, padding, f) {
  d <- dim(x)
  n <- d[2:4]
  out <- mapply(pooled_size, n, k, s, MoreArgs = list(padding = padding))
  y <- array(0, c(d[1], out, d[5]))
  for (a in seq_len(out[1])) for (b in seq_len(out[2])) for (c in seq_len(out[3])) {
    window <- x[, window_of(a, n[1], k[1], s[1], padding), window_of(b, n[2], k[2], s[2], padding), window_of(c, n[3], k[3], s[3], padding), ,
                drop = FALSE]
    y[, a, b, c, ] <- apply(window, c(1, 5), f)
  }
  y
}
numbers <- function(...) array(stats::rnorm(prod(...)), c(...))
gradient_of <- function(f, x, upstream) {
  x <- tensor(x, "float64")
  y <- with_recording(f(x))
  as.array(op_gradients(y, list(x), tensor(upstream, "float64"))[[1L]])
}
# f is linear: <f(v), u> = <v, f'(u)>
expect_adjoint <- function(f, x) {
  y <- as.array(f(tensor(x, "float64")))
  u <- numbers(dim(y))
  expect_equal(sum(y * u), sum(x * gradient_of(f, x, u)), tolerance = 1e-10)
}

test_that("maximum and average over windows are what loops give, for both paddings and any strides", {
  set.seed(1)
  for (draw in 1:25) {
    d <- c(sample(3, 1), sample(3:7, 3, TRUE), sample(c(1, 3, 8, 19), 1))
    k <- sample(3, 3, TRUE); s <- sample(3, 3, TRUE)
    x <- numbers(d)
    for (padding in c("valid", "same")) {
      expect_equal(as.array(op_max_pool(tensor(x, "float64"), k, s, padding)), pool_by_loops(x, k, s, padding, max))
      expect_equal(as.array(op_average_pool(tensor(x, "float64"), k, s, padding)), pool_by_loops(x, k, s, padding, mean))
      expect_equal(as.array(op_max_pool(tensor(x, "float32"), k, s, padding)), pool_by_loops(x, k, s, padding, max), tolerance = 1e-6)
    }
  }
})

test_that("rank 1 and 2 are rank 3 with unit axes", {
  x <- numbers(2, 9, 3)
  expect_equal(as.array(op_max_pool(tensor(x, "float64"), 3, 2, "same")),
               array(pool_by_loops(array(x, c(2, 1, 1, 9, 3)), c(1, 1, 3), c(1, 1, 2), "same", max), c(2, 5, 3)))
  x <- numbers(2, 5, 6, 3)
  expect_equal(as.array(op_average_pool(tensor(x, "float64"), c(2, 3), c(1, 2))),
               array(pool_by_loops(array(x, c(2, 1, 5, 6, 3)), c(1, 2, 3), c(1, 1, 2), "valid", mean), c(2, 4, 2, 3)))
  expect_equal(as.array(op_max_pool(tensor(array(c(3L, 1L, 2L, 5L), c(1, 4, 1))), 2)), array(c(3L, 5L), c(1, 2, 1)))
})

test_that("gradients of pooling are the adjoints, also where windows overlap", {
  set.seed(2)
  for (draw in 1:20) {
    d <- c(sample(c(1, 2, 9), 1), sample(3:6, 3, TRUE), sample(c(1, 3, 17, 70), 1))
    k <- sample(3, 3, TRUE); s <- sample(3, 3, TRUE); padding <- sample(c("valid", "same"), 1)
    expect_adjoint(function(x) op_average_pool(x, k, s, padding), numbers(d))
    expect_adjoint(function(x) op_sum_pool(x, k, s, padding), numbers(d))
    expect_adjoint(function(x) op_max_pool(x, k, s, padding), numbers(d))  # homogeneous: <y, u> = <x, dx> too
  }
})

test_that("the first of equal elements gets the gradient of a maximum", {
  expect_equal(as.vector(gradient_of(function(x) op_max_pool(x, 4), array(c(1, 2, 2, 0), c(1, 4, 1)), array(1, c(1, 1, 1)))), c(0, 1, 0, 0))
})

test_that("NaN is the largest of its window wherever it lies, and the first one gets the gradient", {
  isa <- isa_get()
  on.exit(isa_set(isa))
  for (kernels in isas_available()) for (channels in c(1, 3, 16, 37)) for (dtype in c("float32", "float64")) {
    isa_set(kernels)
    run <- function(pool, window, ...) {
      x <- tensor(array(rep(window, each = channels), c(channels, 4, 1)) |> aperm(c(3, 2, 1)), dtype)
      y <- with_recording(pool(x, 4))
      list(y = unique(as.vector(as.array(y))), dx = unique(t(as.array(op_gradients(y, list(x))[[1L]])[1, , ])))
    }
    for (at in 1:4) {
      got <- run(op_max_pool, replace(c(1, 3, 2, 3.5), at, NaN))
      expect_identical(got$y, NaN, info = paste(kernels, channels, at))
      expect_equal(as.vector(got$dx), replace(numeric(4), at, 1), info = paste(kernels, channels, at))
      mean <- run(op_average_pool, replace(c(1, 3, 2, 3.5), at, NaN))
      expect_identical(mean$y, NaN)
      expect_equal(as.vector(mean$dx), rep(0.25, 4))
    }
    expect_equal(as.vector(run(op_max_pool, c(1, NaN, 5, NaN))$dx), c(0, 1, 0, 0))
    expect_equal(as.vector(run(op_max_pool, rep(NaN, 4))$dx), c(1, 0, 0, 0))
  }
  # The neighbours of a window with NaN are left alone, where windows overlap too.
  x <- array(c(1, 5, NaN, 4, 3, 2), c(1, 6, 1))
  expect_identical(as.vector(as.array(op_max_pool(tensor(x), 2, 1))), c(5, NaN, NaN, 4, 3))
  expect_equal(as.vector(gradient_of(function(x) op_max_pool(x, 2, 1), x, array(1:5 + 0, c(1, 5, 1)))), c(0, 1, 5, 4, 5, 0))
})

# dx of <y, u>: each window gives its u to its first largest element, in the order of the loops: the last axis moves first.
max_gradient_by_loops <- function(x, u, k, s, padding) {
  d <- dim(x)
  dx <- array(0, d)
  for (a in seq_len(dim(u)[2])) for (b in seq_len(dim(u)[3])) for (c in seq_len(dim(u)[4])) for (n in seq_len(d[1])) for (channel in seq_len(d[5])) {
    window <- expand.grid(window_of(c, d[4], k[3], s[3], padding), window_of(b, d[3], k[2], s[2], padding),
                          window_of(a, d[2], k[1], s[1], padding))[3:1]
    at <- cbind(n, as.matrix(window), channel)
    most <- at[which.max(x[at]), , drop = FALSE]
    dx[most] <- dx[most] + u[n, a, b, c, channel]
  }
  dx
}
test_that("gradients of a maximum are what loops give, where elements are equal too", {
  set.seed(4)
  for (draw in 1:12) {
    d <- c(sample(2, 1), sample(3:6, 2, TRUE), sample(c(2, 7, 12), 1), sample(c(1, 3, 9), 1))
    k <- sample(3, 3, TRUE); s <- sample(4, 3, TRUE)
    if (draw %% 3 == 0) d[3] <- k[2] <- 1
    x <- array(sample(4, prod(d), TRUE) + 0, d)
    for (padding in c("valid", "same")) {
      if (padding == "valid" && any(k > d[2:4])) next
      u <- numbers(c(d[1], mapply(pooled_size, d[2:4], k, s, MoreArgs = list(padding = padding)), d[5]))
      expect_equal(gradient_of(function(x) op_max_pool(x, k, s, padding), x, u), max_gradient_by_loops(x, u, k, s, padding))
    }
  }
})

test_that("lines longer than a piece, and samples of several pieces, have the gradients of their parts", {
  set.seed(5)
  for (pool in list(op_max_pool, op_average_pool)) {
    x <- numbers(1, 9000, 1); u <- numbers(1, 4500, 1)
    whole <- gradient_of(function(x) pool(x, 3, 2, "same"), x, u)
    part <- gradient_of(function(x) pool(x, 3, 2), x[, 8001:9000, , drop = FALSE], u[, 4001:4499, , drop = FALSE])
    expect_equal(whole[, 8004:8990, ], part[, 4:990, ])
    x <- numbers(1, 150, 60, 16); u <- numbers(1, 148, 58, 16)
    whole <- gradient_of(function(x) pool(x, 3, 1), x, u)
    part <- gradient_of(function(x) pool(x, 3, 1), x[, 60:150, , , drop = FALSE], u[, 60:148, , , drop = FALSE])
    expect_equal(whole[, 63:150, , ], part[, 4:91, , ])
  }
})

test_that("second derivatives of pooling pass through the gradient", {
  x <- tensor(numbers(2, 6, 3), "float64"); u <- tensor(numbers(2, 3, 3), "float64"); w <- tensor(numbers(2, 6, 3), "float64")
  for (pool in list(op_max_pool, op_average_pool)) {
    second <- with_recording({
      y <- pool(x, 2)
      dx <- op_gradients(y, list(x), u)[[1L]]
      op_gradients(dx, list(u), w)[[1L]]
    })
    expect_equal(sum(as.array(second) * as.array(u)), sum(as.array(dx) * as.array(w)))
  }
})

test_that("a window larger than a valid axis is an error that says what fits", {
  expect_error(op_max_pool(tensor(numbers(1, 2, 5, 1)), c(3, 2)), "window of 3 does not fit axis 2.*at most 2", class = "keratin_error_shape")
  expect_error(op_max_pool(tensor(numbers(1, 2)), 2), "batch, 1 to 3 axes, channels", class = "keratin_error_shape")
  expect_error(op_average_pool(tensor(numbers(1, 4, 1)), 2, padding = "causal"), "causal", class = "keratin_error_argument")
})

test_that("upsampling repeats, and its gradient sums", {
  x <- array(1:4, c(1, 2, 2, 1))
  expect_equal(as.array(op_upsample(tensor(x + 0), c(2, 3)))[1, , , 1], x[1, rep(1:2, each = 2), rep(1:2, each = 3), 1] + 0)
  set.seed(3)
  expect_adjoint(function(x) op_upsample(x, c(2, 1, 3)), numbers(2, 3, 2, 4, 5))
  expect_equal(dim(op_upsample(tensor(numbers(2, 3, 4)), 2)), c(2L, 6L, 4L))
})

test_that("resizing: nearest repeats, bilinear takes half-pixel centres, all gradients are adjoints", {
  x <- numbers(1, 3, 4, 2)
  expect_equal(as.array(op_resize(tensor(x, "float64"), c(6, 12))), as.array(op_upsample(tensor(x, "float64"), c(2, 3))))
  expect_equal(as.vector(as.array(op_resize(tensor(array(c(0, 4), c(1, 2, 1)), "float64"), 4, "bilinear"))), c(0, 1, 3, 4))
  expect_equal(as.vector(as.array(op_resize(tensor(array(c(0, 2, 4, 6), c(1, 4, 1)), "float64"), 2, "area"))), c(1, 5))
  for (method in c("nearest", "bilinear", "area", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")) {
    constant <- op_resize(tensor(array(1, c(1, 5, 4, 1)), "float64"), c(8, 3), method)
    expect_equal(as.vector(as.array(constant)), rep(1, 24))
    expect_adjoint(function(x) op_resize(x, c(7, 3), method), numbers(2, 5, 4, 3))
    expect_adjoint(function(x) op_resize(x, c(2, 5, 3), method, antialias = TRUE), numbers(2, 5, 4, 6, 1))
  }
  expect_error(op_resize(tensor(x), c(2, 2), "cubic"), "cubic", class = "keratin_error_argument")
})

test_that("every instruction set and thread count pools alike", {
  x <- tensor(numbers(3, 9, 10, 21)); u <- tensor(numbers(3, 5, 5, 21))
  all_results <- function() {
    y <- with_recording(list(op_max_pool(x, 3, 2, "same"), op_average_pool(x, 3, 2, "same")))
    c(lapply(y, as.array), lapply(y, function(t) as.array(op_gradients(t, list(x), u)[[1L]])))
  }
  want <- all_results()
  threads <- threads_get()
  on.exit(threads_set(threads))
  threads_set(1L)
  expect_identical(all_results(), want)
})
