tensor <- internal("tensor")
trace <- internal("trace_program")
run <- internal("program_run")
type <- function(...) list(dtype = "float32", shape = c(...))

test_that("a traced function gives what it gives at once, in the same structure", {
  f <- function(inputs) list(sum = inputs[[1]] + inputs[[2]], rest = list(inputs[[1]] * 3, NULL))
  x <- tensor(matrix(1:6 / 2, 2))
  y <- tensor(matrix(6:1, 2) * 1)
  traced <- run(trace(f, list(type(2, 3), type(2, 3))), list(x, y))
  at_once <- f(list(x, y))
  expect_identical(as.array(traced$sum), as.array(at_once$sum))
  expect_identical(as.array(traced$rest[[1]]), as.array(at_once$rest[[1]]))
  expect_null(traced$rest[[2]])
})

test_that("the function is run once, the program as often as one likes", {
  calls <- 0
  program <- trace(function(inputs) {
    calls <<- calls + 1
    inputs[[1]] * 2
  }, list(type(3)))
  for (i in 1:3) expect_equal(as.vector(as.array(run(program, list(tensor(c(1, 2, 3) * i))))), 2 * i * 1:3)
  expect_identical(calls, 1)
})

test_that("assignments take effect at the end of a run and later reads in the trace see them", {
  v <- internal("new_variable")(1, "counter")
  program <- trace(function(inputs) {
    before <- internal("variable_read")(v) + 0
    internal("variable_assign")(v, v + inputs[[1]])
    list(before = before, after = v + 0)
  }, list(type(integer())))
  expect_equal(as.vector(as.array(v)), 1)
  result <- run(program, list(tensor(5)))
  expect_equal(as.vector(as.array(result$before)), 1)
  expect_equal(as.vector(as.array(result$after)), 6)
  expect_equal(as.vector(as.array(v)), 6)
  run(program, list(tensor(1)))
  expect_equal(as.vector(as.array(v)), 7)
})

test_that("shapes flow with unknown sizes", {
  got <- internal("infer_types")(function(inputs) inputs[[1]] + tensor(matrix(1, 1, 3)), list(type(NA, 3)))
  expect_identical(as.integer(got$shape), c(NA, 3L))
  expect_identical(got$dtype, "float32")
})

test_that("what does not reach the result is not computed, and bias and activation are fused", {
  program <- trace(function(inputs) {
    internal("op_exp")(inputs[[1]] * 3)
    internal("op_relu")(internal("op_dense")(inputs[[1]], inputs[[2]], inputs[[3]]))
  }, list(type(4, 3), type(3, 2), type(2)))
  summary <- internal("program_summary")(program$pointer)
  expect_false("exp" %in% summary$steps)
  expect_length(summary$steps, 1)
  expect_gte(summary$fused, 1)
})

test_that("an error inside a trace ends the trace", {
  expect_error(trace(function(inputs) stop("mine"), list(type(3))), "mine")
  expect_false(internal("trace_is_on")())
  expect_equal(as.vector(as.array(tensor(1) + 1)), 2)
})

test_that("inputs that do not fit are refused", {
  program <- trace(function(inputs) inputs[[1]] * 2, list(type(3)))
  expect_error(run(program, list()), class = "keratin_error")
  expect_error(run(program, list(tensor(1:4 * 1))), class = "keratin_error")
})

# What the planner does
float <- function(...) list(dtype = "float32", shape = c(...))

test_that("elementwise ops that are no chain work in one block of memory", {
  program <- trace_program(function(inputs) op_reduce_sum(op_atan(op_sinh(op_atan(op_cosh(inputs[[1]]))))), list(float(1000)))
  expect_equal(program_summary(program$pointer)$arena_bytes, 4032)   # 4000 bytes rounded up to lines of 64
  x <- seq(-2, 2, length.out = 1000)
  expect_equal(as.array(program_run(program, list(x))), sum(atan(sinh(atan(cosh(x))))), tolerance = 1e-5)
})

test_that("two variables can be swapped in one run", {
  a <- new_variable(1)
  b <- new_variable(2)
  program <- trace_program(function(inputs) {
    old <- list(variable_read(a), variable_read(b))
    variable_assign(a, old[[2]])
    variable_assign(b, old[[1]])
    inputs[[1]] * 1
  }, list(float()))
  program_run(program, list(0))
  expect_equal(c(as.vector(a), as.vector(b)), c(2, 1))
})

test_that("an old value that is still needed keeps an update from happening in place", {
  v <- new_variable(c(1, 2, 3))
  program <- trace_program(function(inputs) {
    old <- variable_read(v)
    new <- old * 2
    variable_assign(v, new)
    list(difference = new - old, both = new + op_reverse(old, axes = 0L))
  }, list())
  out <- program_run(program, list())
  expect_equal(as.vector(out$difference), c(1, 2, 3))
  expect_equal(as.vector(out$both), c(5, 6, 7))
  expect_equal(as.vector(v), c(2, 4, 6))
})

test_that("a tensor read from a variable keeps its value when the variable moves on", {
  v <- new_variable(c(1, 2))
  held <- variable_read(v)
  variable_assign(v, c(8, 9))
  expect_equal(as.vector(held), c(1, 2))
  held <- variable_read(v)
  program <- trace_program(function(inputs) {
    variable_assign(v, v + 1)
    inputs[[1]] * 1
  }, list(float()))
  program_run(program, list(0))
  expect_equal(as.vector(held), c(8, 9))
  expect_equal(as.vector(v), c(9, 10))
})

test_that("random ops in a program draw anew at every run, and set.seed() decides", {
  program <- trace_program(function(inputs) op_random_normal(c(4L)), list())
  set.seed(1)
  first <- as.vector(program_run(program, list()))
  second <- as.vector(program_run(program, list()))
  set.seed(1)
  expect_identical(as.vector(program_run(program, list())), first)
  expect_false(identical(first, second))
})

test_that("R cannot branch on a traced tensor, and the error says what to do", {
  expect_error(trace_program(function(inputs) if (as.array(inputs[[1]]) > 0) inputs[[1]] else -inputs[[1]], list(float())),
               "k_switch", class = "keratin_error_argument")
  expect_false(trace_is_on())
})

test_that("a traced tensor cannot be used after its trace", {
  leaked <- NULL
  trace_program(function(inputs) leaked <<- inputs[[1]] + 1, list(float(2)))
  expect_error(leaked + 1, class = "keratin_error_argument")
  expect_error(as.array(leaked), class = "keratin_error_argument")
})

test_that("elementwise ops without other readers become one chain, with the same bits", {
  broadcasts <- list(c(4, 5, 6), c(6), c(5, 1), c(4, 1, 1), integer())
  values <- lapply(broadcasts, function(shape) tensor(if (length(shape)) array(sin(seq_len(prod(shape)) * 1.7), shape) else 0.3))
  f <- function(i) {
    y <- internal("op_swish")((i[[1]] * i[[2]] + i[[3]]) * 2) - internal("op_square")(i[[4]] * i[[1]]) * i[[5]]
    internal("op_maximum")(internal("op_tanh")(y), i[[1]] / (1.5 + i[[2]] * i[[2]]))
  }
  program <- trace(f, lapply(broadcasts, function(shape) list(dtype = "float32", shape = shape)))
  expect_identical(as.array(run(program, values)), as.array(f(values)))
  steps <- internal("program_summary")(program$pointer)$steps
  expect_true("chain" %in% steps)
  expect_lt(length(steps), 5)
  # short rows at once, long ones, and the same on two threads
  x <- tensor(array(cos(1:60000), c(20000, 3)))
  row <- tensor(array(c(1, 2, 3)))
  expect_equal(as.array(x * row), sweep(as.array(x), 2, 1:3, "*"), tolerance = 1e-6)
  two <- trace(function(i) internal("op_exp")(i[[1]] * i[[2]]) + 1, list(type(20000, 3), type(3)))
  expect_identical(with_threads(2, as.array(run(two, list(x, row)))), with_threads(1, as.array(run(two, list(x, row)))))
})

test_that("a sum or mean at the end of a chain is part of it", {
  x <- tensor(array(sin(1:45000), c(50, 30, 30)))
  y <- tensor(array(cos(1:900), c(30, 30)))
  for (axes in list(NULL, 0L, c(0L, 1L), 1L, 2L, c(1L, 2L), c(0L, 2L))) {
    for (op in c("reduce_sum", "reduce_mean")) {
      f <- function(i) internal("call_op")(op, list(internal("op_squared_difference")(i[[1]], i[[2]])), list(axes = axes))
      program <- trace(f, list(type(50, 30, 30), type(30, 30)))
      once <- with_threads(1, as.array(run(program, list(x, y))))
      expect_equal(once, as.array(f(list(x, y))), tolerance = 1e-5)
      expect_identical(with_threads(2, as.array(run(program, list(x, y)))), once)
      expect_identical(internal("program_summary")(program$pointer)$steps[1], if (identical(axes, c(0L, 2L))) "squared_difference" else "chain_sum")
    }
  }
})
