# A small regression whose weights and data are fixed by numbers, not by an initializer.
seeded <- function(dim, seed) {
  set.seed(seed)
  array(round(rnorm(prod(dim)), 3), dim = dim)
}
fixed_weights <- function(model, seed) {
  weights <- get_weights(model)
  set_weights(model, lapply(seq_along(weights), function(i) seeded(dim(weights[[i]]), seed + i) * 0.3))
}
fixed_model <- function(units = 2) {
  model <- keras_model_sequential() %>% layer_dense(5, activation = "tanh", input_shape = 6) %>% layer_dense(units)
  fixed_weights(model, 13)
  model
}
fixed_x <- seeded(c(24, 6), 11)
fixed_y <- seeded(c(24, 2), 12)
fit_fixed <- function(model, ..., x = fixed_x, y = fixed_y, epochs = 4, batch_size = 7, shuffle = FALSE) {
  fit(model, x, y, epochs = epochs, batch_size = batch_size, shuffle = shuffle, verbose = 0, ...)
}

# A model with layers of several kinds whose training must go on from a file, and all that it must keep.
file_model <- function() {
  model <- keras_model_sequential(input_shape = c(6, 2)) |>
    layer_conv_1d(3, 2, padding = "same", activation = "relu") |>
    layer_batch_normalization() |>
    bidirectional(layer_lstm(units = 2)) |>
    layer_dense(1, kernel_regularizer = regularizer_l2(0.01))
  compile(model, optimizer = optimizer_adam(0.01), loss = "mse", metrics = list("mae"))
  model
}
model_state <- function(model) lapply(c(get_weights(model), model$optimizer$get_weights()), as.vector)
