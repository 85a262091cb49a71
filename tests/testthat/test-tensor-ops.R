a <- array(as.numeric(1:24), c(2, 3, 4))
x <- k_constant(a)
value <- function(t) as.array(t)

test_that("[ counts from 1, negative from the end, and takes slices, new axes and positions", {
  expect_equal(value(x[1, , ]), a[1, , ])
  expect_equal(value(x[, 2:3, ]), a[, 2:3, ])
  expect_equal(value(x[-1]), a[2, , ])
  expect_equal(value(x[, -2, 4]), array(a[, 2, 4]))
  expect_equal(value(x[, 2:-1, ]), a[, 2:3, ])
  expect_equal(value(x[, , NULL:2]), a[, , 1:2])
  expect_equal(value(x[, , 2:NULL]), a[, , 2:4])
  expect_equal(value(x[, , 1:4:2]), a[, , c(1, 3)])
  expect_equal(value(x[, , -1:1:-2]), a[, , c(4, 2)])
  expect_equal(dim(x[1, , , drop = FALSE]), c(1L, 3L, 4L))
  expect_equal(dim(x[, NULL, , 1]), c(2L, 1L, 3L))
  expect_equal(value(x[, c(3, 1), ]), a[, c(3, 1), ])
  expect_equal(value(x[, k_constant(2, dtype = "int32"), ]), a[, 2, ])
  i <- 2
  expect_equal(value(x[i, , ]), a[2, , ])
  expect_equal(value(x[, i:3, ]), a[, 2:3, ])
  expect_error(x[1, 1, 1, 1], "4 subscripts", class = "keratin_error_argument")
  expect_error(x[0], "count from 1", class = "keratin_error_argument")
  expect_error(x[5], "element 5", class = "keratin_error_shape")
})

test_that("operators, Math and Summary functions", {
  b <- a[1, , ]
  y <- k_constant(b)
  expect_equal(value(3 - y), 3 - b)
  expect_equal(value(y %% 5), b %% 5)
  expect_equal(value(y %/% 5), b %/% 5)
  expect_equal(value(y > 5 & y < 15), b > 5 & b < 15)
  expect_equal(value(!(y > 5)), !(b > 5))
  expect_equal(value(-y^2), -b^2)
  expect_equal(as.numeric(k_constant(7, dtype = "int32") / 2L), 3.5)
  expect_equal(value(sqrt(y)), sqrt(b), tolerance = 1e-6)
  expect_equal(value(log(y, 2)), log(b, 2), tolerance = 1e-6)
  expect_equal(value(round(k_constant(1.256), 2)), 1.26, tolerance = 1e-6)
  expect_equal(as.numeric(sum(y)), sum(b))
  expect_equal(as.numeric(max(y, 100)), 100)
  expect_equal(c(value(range(y))), range(b))
  expect_equal(as.numeric(mean(y)), mean(b))
  expect_equal(value(t(y)), t(b))
  expect_output(str(y), "shape=\\(3, 4\\)")
})

test_that("&, | and ! take numbers; sort(), rep(), range() and t() do what the tensorflow package's do", {
  v <- k_constant(c(2, 0, -1))
  expect_identical(c(value(v & c(1, 1, 0))), c(TRUE, FALSE, FALSE))
  expect_identical(c(value(0 | v)), c(TRUE, FALSE, TRUE))
  expect_identical(c(value(!v)), c(FALSE, TRUE, FALSE))
  expect_identical(c(value(v > 0 | c(FALSE, TRUE, FALSE))), c(TRUE, TRUE, FALSE))
  m <- matrix(c(3, 1, 2, 6, 5, 4), 2)
  y <- k_constant(m)
  expect_equal(value(sort(v, decreasing = TRUE)), array(c(2, 0, -1)))
  expect_equal(value(sort(y)), t(apply(m, 1, sort)))
  expect_equal(value(sort(y, axis = 1)), apply(m, 2, sort))
  expect_equal(value(rep(v, 2)), array(c(2, 0, -1, 2, 0, -1)))
  expect_equal(value(rep(k_constant(5), times = 3)), array(c(5, 5, 5)))
  expect_error(rep(y, 2), "shape \\(2, 3\\)", class = "keratin_error_shape")
  expect_error(rep(v, 1.5), "times = 1.5", class = "keratin_error_argument")
  expect_equal(value(range(y, axis = 1)), apply(m, 2, range))
  expect_equal(dim(range(y, axis = 2, keepdims = TRUE)), c(2L, 2L, 1L))
  expect_equal(value(t(v)), t(c(2, 0, -1)))
  expect_equal(dim(t(k_constant(1))), c(1L, 1L))
})

test_that("operators and [ work on Keras tensors", {
  f <- layer_input(shape = c(3, 4))
  model <- keras_model(f, f[, 1, ] * 2 + 1)
  expect_equal(predict(model, a, verbose = 0), a[, 1, ] * 2 + 1)
  expect_equal(k_int_shape(f[, 2:3, ]), list(NULL, 2L, 4L))
})

test_that("sum(), mean() and their kin reduce along axes counted from 1; cbind() and rbind() join", {
  a <- array(1:12 + 0, c(2, 3, 2))
  x <- k_constant(a)
  expect_equal(as.array(sum(x, axis = c(2, 3))), array(apply(a, 1, sum)))
  expect_equal(as.array(mean(x, axis = -1, keepdims = TRUE)), array(apply(a, 1:2, mean), c(2, 3, 1)))
  expect_equal(as.array(max(x, axis = 1)), apply(a, 2:3, max))
  expect_equal(as.array(sum(x, x)), 2 * sum(a))
  expect_equal(as.array(range(x)), array(c(1, 12)))
  expect_error(sum(x, axis = 0), "count from 1", class = "keratin_error_argument")
  expect_equal(as.array(cbind(k_constant(1:2), c(3, 4))), cbind(1:2, c(3, 4)))
  expect_equal(as.array(rbind(k_constant(matrix(1:4, 2)), c(5, 6))), rbind(matrix(1:4, 2), c(5, 6)))
})

test_that("what tensors cannot do says what to do instead", {
  x <- k_constant(c(1, NaN))
  expect_equal(as.array(is.na(x)), array(c(FALSE, TRUE)))
  expect_error(x[1] <- 2, "tensor_scatter_nd_update", class = "keratin_error_argument")
  branching <- new_layer_class("Branching", call = function(inputs) if (k_sum(inputs) > 0) inputs else -inputs)
  expect_error(branching()(layer_input(2)), "if \\(k_sum\\(inputs\\) > 0\\).*k_switch.*run_eagerly = TRUE", class = "keratin_error_argument")
  expect_error(layer_multi_head_attention(num_heads = 1, key_dim = 2)(layer_input(c(2, 3))), "layer\\(query, value\\)",
               class = "keratin_error_argument")
})

test_that("[ takes all_dims() and slices between backticks; [[ counts from 0", {
  a <- array(1:24, c(2, 3, 4))
  x <- k_constant(a)
  expect_equal(as.array(x[all_dims(), 1]), a[, , 1])
  expect_equal(as.array(x[2, all_dims(), NULL]), array(a[2, , ], c(3, 4, 1)))
  expect_equal(as.array(x[all_dims(), 1, 1, 2]), a[1, 1, 2], ignore_attr = TRUE)
  expect_error(x[all_dims(), all_dims()], "one all_dims()", class = "keratin_error_argument")
  expect_equal(as.array(x[, `2:`, ]), a[, 2:3, ])
  expect_equal(as.array(x[, , `::2`]), a[, , c(1, 3)])
  expect_equal(as.array(x[, , `:-2`]), a[, , 1:3])
  expect_equal(vapply(c(0, 1, -1), function(i) as.numeric(k_shape(x)[[i]]), 0), c(2, 3, 4))
  expect_error(x[[1.5]], "counted from 0", class = "keratin_error_argument")
})

test_that("sizes of a batch that is not known yet make ranges, ones and noise", {
  x <- layer_input(shape = 4)
  placed <- new_layer_class("Placed", call = function(x) {
    x + tf$cast(tf$range(start = 0L, limit = tf$shape(x)[-1], delta = 1L),
                "float32") + tf$ones(shape = list(tf$shape(x)[1], 1L)) * tf$cast(tf$range(tf$shape(x)[-1]), "float32")
  })
  model <- keras_model(x, placed(x))
  expect_equal(as.array(model(matrix(0, 2, 4))), rbind(c(0, 2, 4, 6), c(0, 2, 4, 6)))
  # The sampling of the variational autoencoder of the keras guides: noise of the size of the code.
  noisy <- layer_lambda(x, function(z) z + 0 * k_random_normal(shape = c(k_shape(z)[[1]])))
  expect_equal(predict(keras_model(x, noisy), matrix(1:24, 6), verbose = 0), matrix(1:24, 6))
})

test_that("a plain number has no axis, and whole numbers beside others are numbers", {
  expect_equal(k_ndim(5), 0L)
  expect_equal(dim(k_zeros_like(5)), integer())
  expect_equal(value(k_maximum(1:3, 1.5)), array(c(1.5, 2, 3)))
})

test_that("%*% is the matrix product where R asks for it", {
  skip_if(getRversion() < "4.3.0")
  m <- matrix(1:4 + 0, 2)
  expect_equal(value(k_constant(m) %*% m), m %*% m)
})

test_that("a Keras tensor where a value is needed is named as such", {
  expect_error(k_variable(layer_input(3)), "Keras tensor", class = "keratin_error_argument")
})

test_that("x[[\"shape\"]] is x$shape, and TRUE takes a whole axis", {
  expect_identical(x[["shape"]], x$shape)
  expect_identical(as.integer(layer_input(3)[["shape"]]), c(NA, 3L))
  expect_equal(value(x[TRUE, 1, ]), a[, 1, ])
})
