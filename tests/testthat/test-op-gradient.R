test_that("every op's gradient is that of finite differences, and so is its gradient's", {
  ops <- differentiable_ops()
  for (name in names(ops)) {
    f <- ops[[name]]$f
    at <- ops[[name]]$at + 0
    value <- function(x) as.numeric(weighted(f(double_tensor(x))))
    expect_equal(as.array(op_first_derivative(f, at)), finite_difference(value, at), tolerance = 1e-6, ignore_attr = TRUE, info = name)
    direction <- array(sin(seq_along(at) + 0.5), dim(at))
    slope <- function(x) sum(as.array(op_first_derivative(f, x)) * direction)
    second <- op_second_derivative(f, at, direction)
    wanted <- finite_difference(slope, at)
    if (is.null(second)) expect_lt(max(abs(wanted)), 1e-6, label = paste("second derivative of", name))
    else expect_equal(as.array(second), wanted, tolerance = 1e-5, ignore_attr = TRUE, info = name)
  }
})

test_that("traced ops give what eager ones give, with unknown sizes in the shape too", {
  ops <- differentiable_ops()
  for (name in names(ops)) {
    at <- ops[[name]]$at + 0
    eager <- as.array(ops[[name]]$f(double_tensor(at)))
    traced <- internal("trace_program")(function(inputs) ops[[name]]$f(inputs[[1L]]), list(list(dtype = "float64", shape = dim(at))))
    expect_equal(as.array(internal("program_run")(traced, list(double_tensor(at)))), eager, tolerance = 1e-12, info = name)
    if (name %in% c("softmax_cross_entropy", "sparse_softmax_cross_entropy", "pad by reflection", "pad symmetric", "squeeze")) next
    shape <- replace(dim(at), 1L, NA)
    inferred <- internal("infer_types")(function(inputs) ops[[name]]$f(inputs[[1L]]), list(list(dtype = "float64", shape = shape)))$shape
    known <- dim(eager)
    expect_length(inferred, length(known))
    expect_true(all(is.na(inferred) | inferred == known), info = name)
  }
})

test_that("TensorFlow's conventions at kinks and ties", {
  gradient <- function(f, x) as.array(internal("with_recording")({
    at <- double_tensor(x)
    internal("op_gradients")(op("reduce_sum", f(at)), list(at))[[1L]]
  }))
  expect_equal(c(gradient(function(x) op("abs", x), array(c(-1, 0, 2)))), c(-1, 0, 1))
  expect_equal(c(gradient(function(x) op("relu", x), array(c(-1, 0, 2)))), c(0, 0, 1))
  expect_equal(c(gradient(function(x) op("reduce_max", x), array(c(3, 1, 3)))), c(0.5, 0, 0.5))
  expect_equal(c(gradient(function(x) op("maximum", x, 1), array(c(0, 1, 2)))), c(0, 1, 1))
  expect_equal(c(gradient(function(x) op("clip", x, 0, 1), array(c(-1, 0, 1, 2)))), c(0, 1, 1, 0))
  expect_equal(c(gradient(function(x) op("power", double_tensor(array(c(0, 2))), x), array(c(1, 1)))), c(0, 2 * log(2)))
  expect_equal(c(as.array(op("round", c(0.5, 1.5, 2.5, -0.5)))), c(0, 2, 2, 0))
  expect_equal(c(as.array(op("floor_mod", c(-5, 5, -5.5), c(3, -3, 3)))), c(1, -1, 0.5))
  expect_equal(c(as.array(op("floor_divide", c(-5L, 5L, -6L), c(3L, -3L, 3L)))), c(-2L, -2L, -2L))
  empty <- array(numeric(), c(0, 3))
  expect_equal(c(as.array(op("reduce_sum", empty, 0L))), c(0, 0, 0))
  expect_equal(c(as.array(op("reduce_prod", empty, 0L))), c(1, 1, 1))
  expect_equal(c(as.array(op("reduce_max", empty, 0L))), rep(-Inf, 3))
  expect_true(is.nan(as.array(op("reduce_max", c(1, NaN, 2)))))
})

test_that("a tensor's gradient for itself is one, that of a sign nothing", {
  gradient <- function(f, x) {
    with(tf$GradientTape() %as% tape, { tape$watch(x); y <- f(x) })
    tape$gradient(y, x)
  }
  for (x in list(k_constant(c(1, 2)), k_constant(rep(1, 1000)), k_constant(3, dtype = "float64"))) {
    expect_equal(as.array(gradient(identity, x)), as.array(x) * 0 + 1)
    expect_equal(as.array(gradient(activation_linear, x)), as.array(x) * 0 + 1)
    expect_equal(as.array(gradient(k_sign, x)), as.array(x) * 0)
  }
  two <- list(k_constant(1), k_constant(2))
  expect_equal(lapply(k_gradients(two[[2]], two), function(g) if (!is.null(g)) as.numeric(g)), list(NULL, 1))
})

test_that("the gradient of an extreme is shared by those that tie, along any axes", {
  set.seed(7)
  cases <- expand.grid(axes = I(list(0, 1, 2, 0:1, c(0, 2), 1:2, 0:2)), d = I(list(c(2, 3, 4), c(5, 130, 3), c(2, 90, 70), c(3, 2, 4100))),
                       keepdims = c(FALSE, TRUE))
  for (i in seq_len(nrow(cases))) {
    d <- cases$d[[i]]; gone <- cases$axes[[i]] + 1; kept <- setdiff(1:3, gone); keepdims <- cases$keepdims[i]
    x <- array(sample(50, prod(d), TRUE) + 0, d)
    u <- rnorm(prod(d[kept]))
    over_x <- function(values) as.vector(aperm(array(values, d[c(kept, gone)]), order(c(kept, gone))))
    group <- over_x(seq_along(u))
    hits <- as.numeric(as.vector(x) == ave(as.vector(x), group, FUN = max))
    got <- internal("with_recording")({
      at <- double_tensor(x)
      y <- op("reduce_max", at, cases$axes[[i]], keepdims)
      internal("op_gradients")(y, list(at), upstream = double_tensor(if (length(dim(y))) array(u, dim(y)) else u))[[1L]]
    })
    expect_equal(as.vector(as.array(got)), hits * over_x(u) / ave(hits, group, FUN = sum), info = paste(c(gone, "of", d), collapse = " "))
  }
})

test_that("a row whose extreme is NaN has no gradient but NaN, and its neighbours have theirs", {
  for (length in c(3, 200)) {
    x <- matrix(0, 70, length)
    x[, 2] <- 1
    x[5, 3] <- NaN
    at <- internal("tensor")(x)
    got <- as.array(internal("op_gradients")(internal("with_recording")(op("reduce_max", at, 1L)), list(at))[[1L]])
    expect_true(all(is.nan(got[5, ])))
    expect_equal(got[-5, ], (x == 1)[-5, ] + 0)
  }
})

test_that("errors quote what came", {
  expect_error(op("add", array(1, c(2, 3)), array(1, c(2, 2))), "\\(2, 3\\) and \\(2, 2\\)", class = "keratin_error_shape")
  expect_error(op("reshape", array(1, c(3, 4)), c(5, 2)), "\\(3, 4\\)", class = "keratin_error_shape")
  expect_error(op("gather", array(1, c(3, 4)), 7L), "index 7", class = "keratin_error_argument")
  expect_error(op("dropout", 1, 1.5), "1.5", class = "keratin_error_argument")
  expect_error(op("softmax", internal("tensor")(1:3)), "int32", class = "keratin_error_argument")
  expect_error(op("transpose", array(1, c(2, 3)), c(0L, 0L)), "twice", class = "keratin_error_argument")
  expect_error(op("sparse_softmax_cross_entropy", array(4L), array(0, c(1, 3))), "4", class = "keratin_error_argument")
})

test_that("gradients inside a trace, with memory reused, are the eager ones, run after run", {
  ops <- differentiable_ops()
  for (name in names(ops)) {
    f <- ops[[name]]$f
    at <- ops[[name]]$at + 0
    derivative <- function(inputs) internal("op_gradients")(weighted(f(inputs[[1L]])), list(inputs[[1L]]))[[1L]]
    program <- internal("trace_program")(derivative, list(list(dtype = "float64", shape = dim(at))))
    first <- as.array(internal("program_run")(program, list(double_tensor(at))))
    expect_equal(first, as.array(op_first_derivative(f, at)), tolerance = 1e-12, info = name)
    expect_identical(as.array(internal("program_run")(program, list(double_tensor(at)))), first)
  }
})

test_that("gradients of lookups add rows in the order of the indices, few and many, in batches too", {
  set.seed(8)
  for (k in c(5L, 1000L)) for (n in c(7L, 3000L)) {  # compared or sorted by digits, of which 3000 rows have two
    index <- matrix(sample.int(n, 2L * k, replace = TRUE), 2L)
    upstream <- array(sin(seq_len(2L * k * 3L)), c(2L, k, 3L))
    expected <- array(0, c(2L, n, 3L))
    for (b in 1:2) for (j in seq_len(k)) expected[b, index[b, j], ] <- expected[b, index[b, j], ] + upstream[b, j, ]
    x <- internal("tensor")(array(0, dim(expected)), "float64")
    inputs <- list(internal("tensor")(upstream, "float64"), internal("tensor")(index - 1L, "int32"), x)
    got <- internal("call_op")("gather_gradient", inputs, list(axis = 1, batch_dims = 1))
    expect_equal(as.array(got), expected, tolerance = 1e-14, info = paste(k, n))
  }
})
