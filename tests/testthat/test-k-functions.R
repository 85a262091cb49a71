value <- function(x) as.array(x)

test_that("axes count from 1, positions from 0", {
  x <- matrix(c(1, 5, 2, 4, 6, 3), 2)
  expect_equal(c(value(k_sum(x, axis = 1))), colSums(x))
  expect_equal(c(value(k_argmax(x, axis = 2))), max.col(x) - 1)
  expect_equal(value(k_concatenate(list(x, x), axis = 1)), rbind(x, x))
  expect_equal(value(k_permute_dimensions(x, c(2, 1))), t(x))
  expect_equal(c(value(k_gather(x, 1L))), x[2, ])
  expect_error(k_sum(x, axis = 0), "count from 1", class = "keratin_error_argument")
})

test_that("k_constant takes values row by row into a shape, or fills it", {
  expect_equal(value(k_constant(1:6, shape = c(2, 3))), matrix(1:6, 2, byrow = TRUE) + 0)
  expect_equal(value(k_constant(7, shape = c(2, 2))), matrix(7, 2, 2))
  expect_equal(k_dtype(k_constant(1:3)), "float32")
})

test_that("k_dot and k_batch_dot contract as Keras does", {
  x <- array(rnorm(24), c(2, 3, 4)); y <- array(rnorm(40), c(5, 4, 2))
  got <- value(k_dot(x, y))
  expect_equal(dim(got), c(2L, 3L, 5L, 2L))
  expect_equal(got[2, 3, 4, 1], sum(x[2, 3, ] * y[4, , 1]), tolerance = 1e-6)
  z <- array(rnorm(40), c(2, 4, 5))
  expect_equal(value(k_batch_dot(x, z, axes = c(3, 2)))[2, , ], x[2, , ] %*% z[2, , ], tolerance = 1e-6)
})

test_that("k_switch chooses as a whole or element by element, and runs functions", {
  expect_equal(c(value(k_switch(k_constant(TRUE, dtype = "bool"), c(1, 2), c(3, 4)))), c(1, 2))
  expect_equal(value(k_switch(k_constant(c(TRUE, FALSE), dtype = "bool"), matrix(1, 2, 2), matrix(0, 2, 2))), matrix(c(1, 0), 2, 2))
  expect_equal(k_in_train_phase(function() 1, function() stop("not this one"), training = TRUE), 1)
})

test_that("variables are updated, printed and read", {
  v <- k_variable(c(1, 2))
  k_update_add(v, c(10, 10))
  expect_equal(c(k_get_value(v)), c(11, 12))
  k_moving_average_update(v, c(0, 0), 0.5)
  expect_equal(c(k_get_value(v)), c(5.5, 6))
  k_batch_set_value(list(list(v, c(0, 1))))
  expect_equal(c(k_eval(v)), c(0, 1))
  expect_output(k_print_tensor(v, "v:"), "v:")
})

test_that("k_rnn runs a step over time, passing over masked steps", {
  step <- function(x, states) { y <- x + states[[1]]; list(y, list(y)) }
  x <- array(1, c(1, 3, 2))
  plain <- k_rnn(step, x, list(k_zeros(c(1, 2))))
  expect_equal(value(plain[[2]])[1, , 1], c(1, 2, 3))
  masked <- k_rnn(step, x, list(k_zeros(c(1, 2))), mask = matrix(c(TRUE, FALSE, TRUE), 1))
  expect_equal(value(masked[[2]])[1, , 1], c(1, 1, 2))
  backwards <- k_rnn(step, array(c(1, 2, 3), c(1, 3, 1)), list(k_zeros(c(1, 1))), go_backwards = TRUE)
  expect_equal(value(backwards[[2]])[1, , 1], c(3, 5, 6))
})

test_that("k_map_fn, k_foldl, k_foldr, k_function", {
  expect_equal(value(k_map_fn(function(e) e * 2, k_constant(matrix(1:4, 2)))), matrix(1:4, 2) * 2)
  expect_equal(as.numeric(k_foldl(function(acc, e) acc - e, k_constant(1:4))), -8)
  expect_equal(as.numeric(k_foldr(function(acc, e) acc - e, k_constant(1:4))), -2)
  x <- layer_input(shape = 2)
  expect_equal(k_function(list(x), list(x * 2))(list(matrix(1:4, 2)))[[1]], matrix(1:4, 2) * 2)
})

# All alignments of the labels with the steps, one by one.
ctc_by_enumeration <- function(p, labels) {
  steps <- nrow(p); classes <- ncol(p)
  paths <- as.matrix(expand.grid(rep(list(seq_len(classes)), steps)))
  collapse <- function(path) { runs <- rle(as.vector(path))$values; runs[runs != classes] - 1 }
  fits <- apply(paths, 1, function(path) identical(as.numeric(collapse(path)), as.numeric(labels)))
  -log(sum(apply(paths[fits, , drop = FALSE], 1, function(path) prod(p[cbind(seq_len(steps), path)]))))
}

test_that("CTC loss is that of all alignments, its gradient that of finite differences", {
  set.seed(2)
  p <- array(runif(2 * 4 * 3), c(2, 4, 3))
  p <- p / c(apply(p, 1:2, sum))
  y <- matrix(c(0, 1, 1, 1), 2)  # 0 1 and 1 1: a repeated label needs a blank
  loss <- function(q) k_ctc_batch_cost(y, k_constant(q, dtype = "float64"), c(4, 3), c(2, 2))
  wanted <- c(ctc_by_enumeration(p[1, , ], c(0, 1)), ctc_by_enumeration(p[2, 1:3, ], c(1, 1)))
  expect_equal(c(value(loss(p))), wanted, tolerance = 1e-5)
  x <- k_constant(p, dtype = "float64")
  with(tf$GradientTape() %as% tape, {
    tape$watch(x)
    total <- k_sum(k_ctc_batch_cost(y, x, c(4, 3), c(2, 2)))
  })
  expect_equal(value(tape$gradient(total, x)), finite_difference(function(q) sum(value(loss(q))), p), tolerance = 1e-4)
})

test_that("CTC decoding: greedy and by beams", {
  p <- array(c(0.6, 0.2, 0.3, 0.7, 0.1, 0.1), c(1, 2, 3))
  greedy <- k_ctc_decode(p, 2)
  expect_equal(c(value(greedy[[1]][[1]])), c(0, 1))
  expect_equal(as.numeric(greedy[[2]]), -log(0.6 * 0.7), tolerance = 1e-5)
  beams <- k_ctc_decode(p, 2, greedy = FALSE, top_paths = 2)
  expect_equal(c(value(beams[[1]][[2]])), c(1, -1))  # padded to the number of steps
  expect_equal(c(value(beams[[2]])), log(c(0.42, 0.3 * 0.7 + 0.3 * 0.1 + 0.1 * 0.7)), tolerance = 1e-5)
  sparse <- k_ctc_label_dense_to_sparse(matrix(c(1, 2, 3, 4), 2), c(1, 2))
  expect_equal(value(k_to_dense(sparse)), matrix(c(1, 2, 0, 4), 2))
})

test_that("a plain array keeps its numbers beside indices", {
  expect_equal(c(value(k_gather(c(0.5, 1.5, 2.5), c(2L, 0L)))), c(2.5, 0.5))
})
