test_that("an embedding looks up rows of its matrix and trains only those it saw", {
  set.seed(1)
  layer <- layer_embedding(input_dim = 6, output_dim = 3)
  codes <- matrix(c(0, 5, 2, 2), 2)
  y <- as.array(layer(codes))
  w <- get_weights(layer)[[1]]
  for (i in 1:2) for (j in 1:2) expect_identical(y[i, j, ], w[codes[i, j] + 1, ])
  input <- layer_input(shape = list(NULL))
  model <- keras_model(input, layer(input) |> layer_global_average_pooling_1d())
  model |> compile(optimizer = optimizer_sgd(1), loss = "mse")
  model |> fit(codes, matrix(1, 2, 3), epochs = 1, verbose = 0)
  changed <- rowSums(abs(get_weights(layer)[[1]] - w)) > 0
  expect_identical(changed, c(TRUE, FALSE, TRUE, FALSE, FALSE, TRUE))
  expect_identical(get_config(from_config(get_config(layer)))$output_dim, 3L)
})

test_that("mask_zero masks code 0, and a code out of range is an error", {
  layer <- layer_embedding(input_dim = 3, output_dim = 2, mask_zero = TRUE)
  codes <- matrix(c(1, 0, 2, 2), 2)
  expect_identical(as.array(layer$compute_mask(k_constant(codes))), codes != 0)
  expect_error(layer(matrix(3, 1)), "3", class = "keratin_error")
})

test_that("shape, activation, noise and normalization layers keep the layer contract", {
  set.seed(2)
  x <- c(2, 3, 4)
  expect_layer_contract(layer_masking(), x, unknown = 1:2)
  expect_layer_contract(layer_permute(dims = c(2, 1)), x, unknown = 1:2)
  expect_layer_contract(layer_repeat_vector(n = 3), c(2, 4))
  expect_layer_contract(layer_activity_regularization(l2 = 0.1), x)
  expect_layer_contract(layer_activation_relu(max_value = 1, negative_slope = 0.5), x)
  expect_layer_contract(layer_activation_leaky_relu(), x)
  expect_layer_contract(layer_activation_parametric_relu(shared_axes = 1, alpha_initializer = "ones"), x)
  expect_layer_contract(layer_activation_elu(alpha = 0.5), x)
  expect_layer_contract(layer_activation_selu(), x)
  expect_layer_contract(layer_activation_softmax(axis = c(1, 2)), x)
  expect_layer_contract(layer_activation_thresholded_relu(theta = 0.5), x)
  expect_layer_contract(layer_layer_normalization(), x, unknown = 1:2)
  expect_layer_contract(layer_layer_normalization(axis = 1), x)
  expect_layer_contract(layer_unit_normalization(axis = 2), x)
  expect_layer_contract(layer_locally_connected_1d(filters = 2, kernel_size = 2, data_format = "channels_first"), c(2, 2, 4))
  expect_layer_contract(layer_locally_connected_1d(filters = 2, kernel_size = 2, padding = "same", implementation = 3), c(2, 4, 2))
  expect_layer_contract(layer_locally_connected_2d(filters = 2, kernel_size = 2, strides = 2, padding = "same", implementation = 2), c(1, 3, 4, 2))
  expect_layer_contract(layer_gaussian_noise(stddev = 1), x)
  expect_layer_contract(layer_gaussian_dropout(rate = 0.5), x)
  expect_layer_contract(layer_alpha_dropout(rate = 0.5), x)
  expect_layer_contract(layer_spatial_dropout_1d(rate = 0.5), x)
})

test_that("noise has the strength it says, in training only", {
  set.seed(3)
  x <- matrix(1, 200, 100)
  expect_equal(sd(as.array(layer_gaussian_noise(stddev = 0.5)(x, training = TRUE))), 0.5, tolerance = 0.05)
  y <- as.array(layer_gaussian_dropout(rate = 0.2)(x, training = TRUE))
  expect_equal(c(mean(y), sd(y)), c(1, 0.5), tolerance = 0.05)
  z <- as.array(layer_alpha_dropout(rate = 0.3)(matrix(rnorm(20000), 200), training = TRUE))
  expect_equal(c(mean(z), sd(z)), c(0, 1), tolerance = 0.05)
  channels <- as.array(layer_spatial_dropout_1d(rate = 0.5)(array(1, c(4, 5, 6)), training = TRUE))
  expect_true(all(apply(channels, c(1, 3), function(v) length(unique(v))) == 1))
  expect_identical(as.array(layer_alpha_dropout(rate = 0.3)(x)), x)
})

test_that("group normalization brings each group of channels to mean 0 and variance 1", {
  set.seed(4)
  layer <- from_config(list(class_name = "GroupNormalization", config = list(groups = 2L)))
  x <- array(rnorm(48, 3, 2), c(2, 6, 4))
  y <- as.array(layer(x))
  for (i in 1:2) for (g in list(1:2, 3:4)) expect_equal(c(mean(y[i, , g]), mean(y[i, , g]^2)), c(0, 1), tolerance = 1e-3)
})

# Values of Keras 2.15 with the weights 1, 2, 3, ...
test_that("windows of locally connected layers with padding have their middle at their place; channels first reads the bias as Keras does", {
  layer <- layer_locally_connected_1d(filters = 1, kernel_size = 3, strides = 2, padding = "same", implementation = 3, use_bias = FALSE)
  x <- array(c(1, 10, 100, 1000, 10000, 1e5), c(1, 6, 1))
  layer(x)
  expect_identical(dim(layer$weights[[1]]), 8L)
  set_weights(layer, list(1:8))
  expect_equal(as.array(layer(x))[1, , 1], c(1 + 2 * 10, 3 * 10 + 4 * 100 + 5 * 1000, 6 * 1000 + 7 * 10000 + 8 * 1e5))
  for (implementation in 1:3) {
    first <- layer_locally_connected_2d(filters = 2, kernel_size = 1, data_format = "channels_first", implementation = implementation,
                                        bias_initializer = "zeros")
    first(array(0, c(1, 1, 2, 1)))
    bias <- array(0, c(2, 1, 2))
    bias[, 1, ] <- rbind(c(1, 2), c(3, 4))   # in memory 1, 2, 3, 4
    set_weights(first, list(array(0, dim(first$weights[[1]])), bias))
    expect_equal(as.array(first(array(0, c(1, 1, 2, 1))))[1, , , 1], rbind(c(1, 2), c(3, 4)))
  }
})

test_that("the gradient of a table is the sum of the rows of upstream, whether the caches hold it or not, at any thread count", {
  tokens <- rep(c(3L, 499L, 0L, 3L, 77L), 60)
  upstream <- array(rep_len(c(1, -2, 0.5, 4, 8, -0.25, 3), 300 * 3), c(300, 3))
  gradient <- function(rows) {
    call_op("gather_gradient", list(tensor(upstream, "float32"), tensor(tokens, "int32"), k_zeros(c(rows, 3))), list(axis = 0))
  }
  expected <- rowsum(upstream, tokens)
  for (rows in c(500, 200000)) {
    got <- as.array(with_threads(2, gradient(rows)))
    expect_equal(got[sort(unique(tokens)) + 1, ], unname(expected))
    expect_identical(sum(got != 0), length(expected))
    expect_identical(as.array(with_threads(1, gradient(rows))), got)
  }
})
