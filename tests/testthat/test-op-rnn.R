# Recurrences against the formulas step by step in R, float64, with gradients by finite differences.
ops <- asNamespace("keratin")
logistic <- function(x) 1 / (1 + exp(-x))

by_hand <- function(kind, x, input_kernel, input_bias, kernel, h, c, bias, mask, drop, zero, reset_after) {
  n <- dim(x)
  sums <- array(sweep(matrix(x, n[1] * n[2]) %*% input_kernel, 2, input_bias, "+"), c(n[1:2], ncol(kernel)))
  units <- nrow(kernel)
  columns <- function(k) (k - 1) * units + seq_len(units)
  y <- array(0, c(n[1], n[2], units))
  before <- matrix(0, n[1], units)
  for (t in seq_len(n[2])) {
    seen <- h * drop
    x <- matrix(sums[, t, ], n[1])
    part <- function(m, k) m[, columns(k), drop = FALSE]
    if (kind == "lstm") {
      g <- x + seen %*% kernel
      new_c <- logistic(part(g, 2)) * c + logistic(part(g, 1)) * tanh(part(g, 3))
      new_h <- logistic(part(g, 4)) * tanh(new_c)
    } else if (kind == "simple_rnn") {
      new_h <- tanh(x + seen %*% kernel)
    } else {
      inner <- sweep(seen %*% kernel, 2, bias, "+")
      z <- logistic(part(x, 1) + part(inner, 1))
      r <- logistic(part(x, 2) + part(inner, 2))
      candidate <- tanh(part(x, 3) + if (reset_after) r * part(inner, 3) else (r * seen) %*% kernel[, columns(3)])
      new_h <- z * h + (1 - z) * candidate
    }
    valid <- mask[, t] * 1
    h <- valid * new_h + (1 - valid) * h
    if (kind == "lstm") c <- valid * new_c + (1 - valid) * c
    before <- valid * new_h + if (zero) 0 else (1 - valid) * before
    y[, t, ] <- before
  }
  list(y, h, c)[seq_len(if (kind == "lstm") 3 else 2)]
}

draw <- function(kind, batch, steps, units, reset_after = TRUE, masked = TRUE) {
  gates <- c(lstm = 4, gru = 3, simple_rnn = 1)[[kind]]
  list(kind = kind, reset_after = reset_after, x = array(rnorm(batch * steps * 5), c(batch, steps, 5)),
       input_kernel = matrix(rnorm(5 * gates * units) / 2, 5), input_bias = rnorm(gates * units), kernel = matrix(rnorm(gates * units^2) / 2, units),
       h = matrix(rnorm(batch * units), batch), c = matrix(rnorm(batch * units), batch),
       bias = if (reset_after) rnorm(gates * units) else rep(0, gates * units), mask = matrix(!masked | runif(batch * steps) < 0.7, batch),
       drop = matrix(sample(c(0, 1.5), batch * units, TRUE), batch), zero = runif(1) < 0.5)
}
expected <- function(p) by_hand(p$kind, p$x, p$input_kernel, p$input_bias, p$kernel, p$h, p$c, p$bias, p$mask, p$drop, p$zero, p$reset_after)
inputs <- function(p, dtype)
  lapply(p[c("x", "input_kernel", "input_bias", "kernel", "h", "c", "drop", "bias")],
         function(x) ops$tensor(if (is.null(dim(x))) array(x) else x, dtype))
computed <- function(p, t) switch(p$kind,
  lstm = ops$op_lstm(t$x, t$input_kernel, t$kernel, t$input_bias, list(t$h, t$c), ops$tensor(p$mask), t$drop, zero_output_for_mask = p$zero),
  gru = ops$op_gru(t$x, t$input_kernel, t$kernel, t$input_bias, if (p$reset_after) t$bias, list(t$h), ops$tensor(p$mask), t$drop,
                   reset_after = p$reset_after, zero_output_for_mask = p$zero),
  simple_rnn = ops$op_simple_rnn(t$x, t$input_kernel, t$kernel, t$input_bias, list(t$h), ops$tensor(p$mask), t$drop, zero_output_for_mask = p$zero))
cases <- function(code)
  for (kind in c("lstm", "gru", "gru_before", "simple_rnn")) for (batch in c(1, 4, 9)) code(
    draw(sub("_before", "", kind), batch, 4, if (batch == 4) 3 else 9, kind != "gru_before"))

test_that("recurrences compute what the formulas say, masked, with dropout of the state", {
  set.seed(1)
  cases(function(p) {
    for (dtype in c("float64", "float32"))
      expect_equal(lapply(computed(p, inputs(p, dtype)), as.array), lapply(expected(p), function(a) array(a, dim(a))),
                   tolerance = if (dtype == "float64") 1e-10 else 1e-4)
  })
})

test_that("gradients of recurrences agree with finite differences", {
  set.seed(2)
  cases(function(p) {
    weights <- lapply(expected(p), function(a) array(rnorm(length(a)), dim(a)))
    loss <- function(p) sum(mapply(function(a, w) sum(a * w), expected(p), weights))
    t <- inputs(p, "float64")
    total <- ops$with_recording(Reduce(ops$op_add,
                                       Map(function(a, w) ops$op_reduce_sum(ops$op_multiply(a, ops$tensor(w, "float64"))), computed(p, t), weights)))
    names <- c("x", "input_kernel", "input_bias", "kernel", "h", if (p$kind == "lstm") "c", if (p$kind == "gru" && p$reset_after) "bias")
    for (name in names) {
      found <- as.array(ops$op_gradients(total, list(t[[name]]))[[1]])
      for (i in sample(length(found), min(8, length(found)))) {
        up <- down <- p
        up[[name]][i] <- up[[name]][i] + 1e-5
        down[[name]][i] <- down[[name]][i] - 1e-5
        expect_equal(found[i], (loss(up) - loss(down)) / 2e-5, tolerance = 1e-6, info = paste(p$kind, name))
      }
    }
  })
})

test_that("threads change no bit of a recurrence, nor of its gradients", {
  set.seed(3)
  old <- ops$threads_get()
  on.exit(ops$threads_set(old))
  for (kind in c("lstm", "gru", "simple_rnn")) {
    p <- draw(kind, 13, 30, 10)
    results <- lapply(c(1L, 2L, 3L), function(threads) {
      ops$threads_set(threads)
      t <- inputs(p, "float32")
      outputs <- ops$with_recording(computed(p, t))
      lapply(c(computed(p, t), outputs, ops$op_gradients(outputs[[1]], t[c("x", "input_kernel", "input_bias", "kernel", "h")])), as.array)
    })
    expect_identical(results[[1]], results[[2]])
    expect_identical(results[[1]], results[[3]])
  }
})

test_that("a traced recurrence gives what the eager one gives, and its gradient", {
  set.seed(4)
  p <- draw("gru", 5, 3, 4)
  t <- inputs(p, "float32")
  f <- function(x) {
    y <- ops$op_gru(x[[1]], t$input_kernel, t$kernel, t$input_bias, t$bias)
    list(y[[1]], ops$op_gradients(ops$op_reduce_sum(ops$op_square(y[[1]])), list(x[[1]]))[[1]])
  }
  traced <- ops$program_run(ops$trace_program(f, list(list(dtype = "float32", shape = dim(p$x)))), list(t$x))
  eager <- ops$with_recording({
    y <- ops$op_gru(t$x, t$input_kernel, t$kernel, t$input_bias, t$bias)
    list(y[[1]], ops$op_gradients(ops$op_reduce_sum(ops$op_square(y[[1]])), list(t$x))[[1]])
  })
  expect_equal(lapply(traced, as.array), lapply(eager, as.array))
})

test_that("a recurrence says what does not fit", {
  expect_error(ops$op_lstm(array(0, c(2, 3, 8)), matrix(0, 8, 8), matrix(0, 3, 12)), "kernel must have shape \\(features, 12\\)",
               class = "keratin_error_shape")
  expect_error(ops$op_lstm(array(0, c(2, 3, 8)), matrix(0, 8, 7), matrix(0, 2, 7)), "4 \\* units", class = "keratin_error_shape")
  expect_error(ops$op_lstm(array(0, c(2, 3, 8)), matrix(0, 8, 8), matrix(0, 2, 8), activation = "softplus"), "softplus",
               class = "keratin_error_argument")
})

test_that("every instruction set steps through recurrences alike, forward and backward", {
  set.seed(5)
  cases(function(p) {
    for (dtype in c("float32", "float64")) {
      compute <- function() {
        t <- inputs(p, dtype)
        outputs <- ops$with_recording(computed(p, t))
        lapply(c(outputs, ops$op_gradients(ops$with_recording(ops$op_reduce_sum(computed(p, t)[[1]])), t[c("x", "input_kernel", "kernel", "h")])),
               as.array)
      }
      scalar <- with_isa("scalar", compute())
      for (isa in setdiff(ops$isas_available(), "scalar"))
        expect_equal(with_isa(isa, compute()), scalar, tolerance = if (dtype == "float32") 1e-5 else 1e-12, info = paste(p$kind, isa, dtype))
    }
  })
})

test_that("gradients of recurrences can be differentiated again, at once and traced", {
  set.seed(6)
  cases(function(p) {
    if (dim(p$x)[1] == 9) return()
    t <- inputs(p, "float64")
    names <- c("x", "input_kernel", "input_bias", "kernel", "h", if (p$kind == "gru" && p$reset_after) "bias")
    direction <- lapply(p[names], function(x) if (is.null(dim(x))) array(rnorm(length(x))) else array(rnorm(length(x)), dim(x)))
    penalty <- function(t) {  # along a direction, of all first derivatives
      loss <- ops$op_reduce_sum(ops$op_square(computed(p, t)[[1]]))
      Reduce(ops$op_add,
             Map(function(g, d) ops$op_reduce_sum(ops$op_multiply(g, ops$tensor(d, "float64"))), ops$op_gradients(loss, t[names]), direction))
    }
    second <- function(t) ops$with_recording(ops$op_gradients(penalty(t), t[names]))
    found <- second(t)
    traced <- ops$trace_program(function(i) second(replace(t, names, i)), lapply(t[names], function(x) list(dtype = "float64", shape = dim(x))))
    expect_equal(lapply(ops$program_run(traced, unname(t[names])), as.array), lapply(unname(found), as.array), tolerance = 1e-10)
    for (k in seq_along(names)) for (i in sample(length(p[[names[k]]]), 3)) {
      at <- function(step) {
        q <- p
        q[[names[k]]][i] <- q[[names[k]]][i] + step
        as.numeric(as.array(ops$with_recording(penalty(inputs(q, "float64")))))
      }
      expect_equal(as.array(found[[k]])[i], (at(1e-5) - at(-1e-5)) / 2e-5, tolerance = 1e-5, info = paste(p$kind, names[k]))
    }
  })
})
