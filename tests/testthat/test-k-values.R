# Backend functions whose value R states itself: call, what it must give.
m <- matrix(c(0.3, -1.2, 0.7, 2.4, -0.4, 1.1), 2)
p <- matrix(c(0.2, 0.7, 0.5, 0.1, 0.3, 0.2), 2)
b <- matrix(c(TRUE, FALSE, TRUE, TRUE), 2)
sigmoid <- function(x) 1 / (1 + exp(-x))

test_that("elementwise functions and reductions of the backend", {
  cases <- list(
    quote(k_abs(m)), abs(m), quote(k_cos(m)), cos(m), quote(k_exp(m)), exp(m), quote(k_log(p)), log(p), quote(k_sin(m)), sin(m), quote(k_sqrt(p)),
    sqrt(p),
    quote(k_round(m)), round(m), quote(k_sign(m)), sign(m), quote(k_tanh(m)), tanh(m), quote(k_sigmoid(m)), sigmoid(m), quote(k_pow(p, 2)), p^2,
    quote(k_softplus(m)), log1p(exp(m)), quote(k_softsign(m)), m / (1 + abs(m)), quote(k_elu(m)), ifelse(m > 0, m, exp(m) - 1),
    quote(k_relu(m, alpha = 0.1)), ifelse(m > 0, m, 0.1 * m),
    quote(k_hard_sigmoid(m)), pmin(pmax(0.2 * m + 0.5, 0), 1), quote(k_maximum(m, p)), pmax(m, p), quote(k_minimum(m, p)), pmin(m, p),
    quote(k_identity(m)), m,
    quote(k_equal(m, m)), m == m, quote(k_not_equal(m, p)), m != p, quote(k_less(m, p)), m < p, quote(k_less_equal(m, p)), m <= p,
    quote(k_greater_equal(m, p)), m >= p,
    quote(k_all(b, axis = 1)), array(c(FALSE, TRUE)), quote(k_any(b)), TRUE, quote(k_min(m, axis = 2)), array(c(-0.4, -1.2)),
    quote(k_prod(m, axis = 1)), array(c(-0.36, 1.68, -0.44)),
    quote(k_std(m, axis = 2)), array(apply(m, 1, function(r) sqrt(mean((r - mean(r))^2)))), quote(k_var(m)), mean((m - mean(m))^2),
    quote(k_logsumexp(m, axis = 2)), array(log(rowSums(exp(m)))),
    quote(k_argmin(m, axis = 2)), array(c(2, 0)), quote(k_cumprod(m, axis = 1)), apply(m, 2, cumprod), quote(k_l2_normalize(m, axis = 2)),
    m / sqrt(rowSums(m^2)),
    quote(k_transpose(m)), t(m), quote(k_flatten(m)), array(t(m)), quote(k_batch_flatten(array(1:8, c(2, 2, 2)))),
    matrix(c(1, 2, 5, 6, 3, 4, 7, 8), 2), quote(k_squeeze(array(1:2, c(1, 2)), axis = 1)), array(1:2),
    quote(k_unstack(k_constant(m), axis = 2)[[3]]), array(m[, 3]), quote(k_repeat(matrix(1:2, 1), 2)), array(c(1, 1, 2, 2), c(1, 2, 2)),
    quote(k_one_hot(c(0L, 2L), 3)), rbind(c(1, 0, 0), c(0, 0, 1)),
    quote(k_in_top_k(p, c(0L, 0L), 1)), array(c(FALSE, TRUE)), quote(k_arange(1, 7, 2)), array(c(1, 3, 5)), quote(k_eye(2)), diag(2),
    quote(k_ones(c(1, 2))), matrix(1, 1, 2), quote(k_ones_like(m)), m * 0 + 1,
    quote(k_zeros_like(m)), m * 0, quote(k_cast_to_floatx(1:2)), array(c(1, 2)), quote(k_bias_add(m, c(1, 2, 3))), m + rep(1:3, each = 2),
    quote(k_stop_gradient(k_constant(m))), m, quote(k_in_test_phase(1, 2)), 1,
    quote(k_binary_crossentropy(p, 1 - p)), -(p * log(1 - p) + (1 - p) * log(p)),
    quote(k_categorical_crossentropy(diag(2), matrix(c(0.4, 0.9, 0.6, 0.1), 2))), array(-log(c(0.4, 0.1))),
    quote(k_sparse_categorical_crossentropy(c(0L, 1L), matrix(c(0.4, 0.9, 0.6, 0.1), 2))), array(-log(c(0.4, 0.1))),
    quote(k_batch_normalization(m, 0.5, 4, 1, 3, epsilon = 0)), (m - 0.5) / 2 * 3 + 1,
    quote(k_dropout(m, 0)), m, quote(k_random_bernoulli(c(2, 1), p = 1)), matrix(1, 2, 1), quote(k_random_binomial(c(2, 1), p = 0)), matrix(0, 2, 1),
    quote(k_pool3d(array(1:8, c(1, 2, 2, 2, 1)), c(2, 2, 2))), array(8, c(1, 1, 1, 1, 1)),
    quote(k_conv3d(array(1, c(1, 2, 2, 2, 1)), array(1, c(2, 2, 2, 1, 1)))), array(8, c(1, 1, 1, 1, 1)),
    quote(k_depthwise_conv2d(array(1:2, c(1, 1, 1, 2)), array(3:4, c(1, 1, 2, 1)))), array(c(3, 8), c(1, 1, 1, 2)),
    quote(k_separable_conv2d(array(1:2, c(1, 1, 1, 2)), array(3:4, c(1, 1, 2, 1)), array(1, c(1, 1, 2, 1)))), array(11, c(1, 1, 1, 1)),
    quote(k_spatial_2d_padding(array(5, c(1, 1, 1, 1)), list(list(0, 1), list(0, 0)))), array(c(5, 0), c(1, 2, 1, 1)))
  for (i in seq(1, length(cases), 2)) {
    found <- as_value(eval(cases[[i]]))
    expect_equal(found, cases[[i + 1]], tolerance = 1e-5, ignore_attr = TRUE, label = deparse(cases[[i]])[1])
    expect_equal(length(dim(found)), length(dim(cases[[i + 1]])), label = paste("axes of", deparse(cases[[i]])[1]))
  }
})

test_that("random functions of the backend", {
  expect_true(all(abs(as.array(k_truncated_normal(c(5, 5)))) <= 2))
  expect_equal(dim(k_random_normal_variable(c(2, 3), 0, 1)), c(2L, 3L))
  drawn <- as.array(k_random_uniform_variable(c(2, 3), 4, 5))
  expect_true(all(drawn >= 4 & drawn < 5))
})

test_that("variables, shapes and questions", {
  v <- k_variable(c(1, 2))
  k_update(v, c(5, 6))
  k_update_sub(v, c(1, 1))
  expect_equal(k_get_value(v), array(c(4, 5)))
  k_set_value(v, c(0, 1))
  expect_equal(k_batch_get_value(list(v)), list(array(c(0, 1))))
  expect_equal(k_get_variable_shape(v), list(2L))
  expect_equal(k_ndim(v), 1L)
  expect_equal(k_count_params(v), 2)
  expect_true(k_is_tensor(v))
  expect_false(k_is_tensor(1))
  expect_false(k_is_sparse(v))
  x <- k_placeholder(c(NA, 2))
  expect_true(k_is_placeholder(x) && k_is_keras_tensor(x))
  expect_false(k_is_placeholder(layer_dense(units = 1)(x)))
  k_reset_uids()
  expect_equal(c(k_get_uid("a"), k_get_uid("a")), 1:2)
  expect_null(k_get_session())
  expect_null(k_set_session(NULL))
  expect_null(k_manual_variable_initialization(TRUE))
  x <- k_constant(3)
  expect_equal(as.array(internal("with_recording")(k_gradients(x * x, x))[[1]]), 6)
  expect_equal(lapply(k_normalize_batch_in_training(matrix(c(1, 3), 2), 1, 0, 0, epsilon = 0), as.array),
               list(matrix(c(-1, 1), 2), array(2), array(1)), ignore_attr = TRUE)
})

test_that("settings of the backend are kept and checked", {
  expect_equal(k_backend(), "tensorflow")
  expect_equal(k_floatx(), "float32")
  k_set_epsilon(1e-3)
  expect_equal(k_epsilon(), 1e-3)
  k_set_epsilon(1e-7)
  k_set_image_data_format("channels_first")
  expect_equal(k_image_data_format(), "channels_first")
  k_set_image_data_format("channels_last")
  k_set_learning_phase(1)
  expect_equal(k_learning_phase(), 1L)
  k_set_learning_phase(0)
  expect_error(k_set_learning_phase(2), class = "keratin_error_argument")
})

test_that("corners of elementwise and ordering functions are TensorFlow's", {
  expect_equal(as.array(k_argmax(k_constant(rbind(c(FALSE, TRUE), c(TRUE, FALSE)), dtype = "bool"))), array(c(1L, 0L)))
  rounded <- k_round(k_constant(c(3L, -2L), dtype = "int32"))
  expect_identical(k_dtype(rounded), "int32")
  expect_equal(as.array(rounded), array(c(3L, -2L)))
  expect_equal(as.array(k_pow(c(-Inf, 4, 0, -1), 0.5)), array(c(Inf, 2, 0, NaN)))
  expect_equal(as.array(k_pow(c(-2, 0, 3), 3)), array(c(-8, 0, 27)))
  expect_equal(as.array(k_pow(c(-2, 0, -Inf), -1)), array(c(-0.5, Inf, 0)))
  expect_identical(dim(k_batch_flatten(k_zeros(c(3, 0, 2)))), c(3L, 0L))
  expect_error(k_repeat(k_zeros(c(2, 3, 4)), 2), "k_repeat.*two axes.*\\(2, 3, 4\\)")
  x <- k_constant(c(-1, 0, 2))
  with(tf$GradientTape() %as% tape, {
    tape$watch(x)
    y <- k_sum(activation_selu(x))
  })
  expect_equal(as.array(tape$gradient(y, x)), array(c(1.75809934 * exp(-1), 1.05070099, 1.05070099)), tolerance = 1e-6)  # 0 is above
})

test_that("k_eye() takes one size", {
  for (size in list(2, 2L, k_constant(2L, dtype = "int32"))) expect_equal(as.array(k_eye(size)), diag(2))
  expect_error(k_eye(c(2, 3)), "size = c\\(2, 3\\)", class = "keratin_error_argument")
})
