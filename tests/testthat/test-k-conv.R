numbers <- function(...) array(stats::rnorm(prod(...)), c(...))

test_that("k_conv*() take arrays, tensors and both data formats", {
  set.seed(1)
  x <- numbers(2, 5, 6, 3)
  kernel <- numbers(2, 3, 3, 4)
  y <- as.array(k_conv2d(x, kernel, padding = "same"))
  expect_equal(as.array(k_conv2d(k_constant(x), k_constant(kernel), padding = "same")), y)
  turned <- k_conv2d(aperm(x, c(1, 4, 2, 3)), kernel, padding = "same", data_format = "channels_first")
  expect_equal(as.array(turned), aperm(y, c(1, 4, 2, 3)))
  expect_equal(as.vector(as.array(k_conv1d(array(c(1L, 2L, 4L), c(1, 3, 1)), array(c(-1, 1), c(2, 1, 1)), padding = "causal"))), c(1, 1, 2))
})

test_that("a transposed convolution is the gradient of the convolution", {
  set.seed(2)
  x <- numbers(1, 7, 8, 2); kernel <- numbers(3, 2, 2, 3)
  for (padding in c("valid", "same")) {
    y <- as.array(k_conv2d(x, kernel, strides = c(2, 3), padding = padding))
    u <- numbers(dim(y))
    back <- as.array(k_conv2d_transpose(u, kernel, output_shape = k_constant(c(1L, 7L, 8L, 2L), dtype = "int32"), strides = c(2, 3),
                                        padding = padding))
    expect_equal(sum(y * u), sum(x * back), tolerance = 1e-5)
  }
  expect_equal(dim(k_conv3d_transpose(numbers(1, 2, 2, 2, 3), numbers(2, 2, 2, 1, 3), c(1, 4, 4, 4, 1), strides = c(2, 2, 2))), c(1L, 4L, 4L, 4L, 1L))
})

test_that("local convolutions use each position's own kernel", {
  set.seed(3)
  x <- numbers(2, 4, 5, 3); kernel <- numbers(3 * 2, 2 * 2 * 3, 4)
  y <- as.array(k_local_conv2d(x, kernel, c(2, 2), c(1, 2), c(3, 2)))
  for (r in 1:3) for (c in 1:2) {
    window <- aperm(x[, r + 0:1, 2 * c - 1:0, , drop = FALSE], c(1, 4, 3, 2))   # column-major of this is row-major of the window
    expect_equal(y[, r, c, ], matrix(window, 2) %*% kernel[(r - 1) * 2 + c, , ], tolerance = 1e-5)
  }
  order <- with(expand.grid(column = 0:1, row = 0:1, channel = 0:2), (row * 2 + column) * 3 + channel + 1)   # of a window, channels first
  first <- as.array(k_local_conv2d(aperm(x, c(1, 4, 2, 3)), kernel[, order, ], c(2, 2), c(1, 2), c(3, 2), "channels_first"))
  expect_equal(first, aperm(y, c(1, 4, 2, 3)), tolerance = 1e-5)
  expect_equal(as.vector(as.array(k_local_conv1d(array(1, c(1, 3, 1)), array(c(1, 10, 100), c(3, 1, 1)), 1, 1))), c(1, 10, 100))
})

test_that("pooling, padding and resizing of arrays", {
  x <- array(1:16, c(1, 4, 4, 1))
  expect_equal(as.array(k_pool2d(x, 2, 2, pool_mode = "avg"))[1, , , 1], matrix(c(3.5, 5.5, 11.5, 13.5), 2))
  expect_equal(as.vector(as.array(k_temporal_padding(array(1:3, c(1, 3, 1)), c(1, 2)))), c(0, 1, 2, 3, 0, 0))
  expect_equal(dim(k_spatial_3d_padding(numbers(1, 2, 2, 2, 1), list(list(1, 0), list(0, 2), list(1, 1)))), c(1L, 3L, 4L, 4L, 1L))
  expect_equal(as.array(k_resize_images(x[, 1:2, 1:2, , drop = FALSE], 1, 2, "channels_last"))[1, , , 1], x[1, c(1, 2), c(1, 1, 2, 2), 1] + 0)
  expect_equal(dim(k_resize_volumes(numbers(1, 3, 2, 2, 2), 1, 2, 3, "channels_first")), c(1L, 3L, 2L, 4L, 6L))
})
