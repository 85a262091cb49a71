# The sampling layer of a variational autoencoder, as R keras scripts write it.
test_that("a random tensor takes the shape of a tensor whose batch size is not known yet", {
  z <- layer_input(4)
  for (sample in list(function(z) z + 0 * k_random_normal(shape = c(k_shape(z)[1], 4)), function(z) z + 0 * k_random_normal(shape = k_shape(z)),
                      function(z) z + 0 * k_random_uniform(shape = list(k_shape(z)[[0]], k_int_shape(z)[[2]])))) {
    model <- keras_model(z, layer_lambda(z, sample))
    expect_identical(as_dims(model$output_shape), c(NA, 4L))
    expect_equal(predict(model, matrix(1:8 + 0, 2), verbose = 0), matrix(1:8 + 0, 2), ignore_attr = TRUE)
  }
})
