# Models of every kind, trained a step, with what other programs need to check them. Usage: Rscript verify-models.R FOLDER [keras|onnx]
suppressPackageStartupMessages(library(keratin))
arguments <- commandArgs(TRUE)
folder <- arguments[1L]
kind <- if (is.na(arguments[2L])) "keras" else arguments[2L]
set.seed(1)

sequential <- function(shape, ...) { model <- keras_model_sequential(input_shape = shape); for (layer in list(...)) model$add(layer); model }
functional <- function(shapes, f) {
  inputs <- lapply(if (is.list(shapes)) shapes else list(shapes), function(shape) layer_input(shape = shape))
  keras_model(if (length(inputs) == 1L) inputs[[1L]] else inputs, do.call(f, inputs))
}
typed <- function(dtype, shape, f) { input <- layer_input(shape = shape, dtype = dtype); keras_model(input, f(input)) }
end <- layer_dense
words <- c("red", "green", "blue", "grey")

models <- list(
  dense = function() sequential(5, layer_dense(units = 4, activation = "relu", kernel_regularizer = regularizer_l2(0.01)), end(units = 1)),
  normalized = function() sequential(5, layer_dense(units = 4), layer_batch_normalization(), layer_dropout(rate = 0.2), end(units = 1)),
  conv_1d = function()
    sequential(c(8, 3), layer_conv_1d(filters = 4, kernel_size = 3, strides = 2, padding = "same"), layer_max_pooling_1d(), layer_flatten(),
               end(units = 1)),
  conv_1d_causal = function()
    sequential(c(8, 4), layer_conv_1d(filters = 4, kernel_size = 3, dilation_rate = 2, padding = "causal", groups = 2), layer_average_pooling_1d(),
               layer_flatten(), end(units = 1)),
  conv_1d_transpose = function()
    sequential(c(8, 3), layer_conv_1d_transpose(filters = 4, kernel_size = 3, strides = 2, output_padding = 1), layer_global_average_pooling_1d(),
               end(units = 1)),
  conv_1d_transpose_same = function()
    sequential(c(8, 3), layer_conv_1d_transpose(filters = 4, kernel_size = 5, strides = 3, padding = "same", activation = "tanh"),
               layer_cropping_1d(cropping = 2L), layer_flatten(), end(units = 1)),
  conv_2d = function()
    sequential(c(6, 6, 2), layer_conv_2d(filters = 3, kernel_size = 3, dilation_rate = c(2, 1)), layer_max_pooling_2d(), layer_flatten(),
               end(units = 1)),
  conv_2d_transpose = function()
    sequential(c(5, 5, 2), layer_conv_2d_transpose(filters = 3, kernel_size = 3, strides = 2, padding = "same"), layer_cropping_2d(cropping = 1L),
               layer_global_max_pooling_2d(), end(units = 1)),
  conv_3d = function()
    sequential(c(4, 4, 4, 2), layer_conv_3d(filters = 2, kernel_size = 2), layer_conv_3d_transpose(filters = 2, kernel_size = 3, strides = 2),
               layer_global_average_pooling_3d(), end(units = 1)),
  separable = function()
    sequential(c(6, 6, 2), layer_separable_conv_2d(filters = 3, kernel_size = 3, depth_multiplier = 2), layer_depthwise_conv_2d(kernel_size = 2),
               layer_flatten(), end(units = 1)),
  separable_1d = function()
    sequential(c(9, 2), layer_separable_conv_1d(filters = 3, kernel_size = 3), layer_depthwise_conv_1d(kernel_size = 2),
               layer_global_max_pooling_1d(), end(units = 1)),
  resampled = function()
    sequential(c(4, 4, 2), layer_upsampling_2d(interpolation = "bilinear"), layer_zero_padding_2d(padding = 1L), layer_average_pooling_2d(),
               layer_flatten(), end(units = 1)),
  upsampled = function()
    sequential(c(4, 2), layer_upsampling_1d(size = 3), layer_zero_padding_1d(padding = c(1L, 2L)), layer_conv_1d(filters = 2, kernel_size = 3),
               layer_flatten(), end(units = 1)),
  locally_connected = function() sequential(c(6, 2), layer_locally_connected_1d(filters = 2, kernel_size = 3), layer_flatten(), end(units = 1)),
  lstm = function() sequential(c(5, 3), layer_lstm(units = 4, return_sequences = TRUE), layer_lstm(units = 2), end(units = 1)),
  gru = function() sequential(c(5, 3), layer_gru(units = 4, return_sequences = TRUE), layer_simple_rnn(units = 2), end(units = 1)),
  gru_before = function() sequential(c(5, 3), layer_gru(units = 4, reset_after = FALSE, recurrent_activation = "hard_sigmoid"), end(units = 1)),
  bidirectional = function()
    sequential(c(5, 3), bidirectional(layer = layer_lstm(units = 4, return_sequences = TRUE)),
               bidirectional(layer = layer_gru(units = 2), merge_mode = "sum"), end(units = 1)),
  time_distributed = function() sequential(c(5, 3), time_distributed(layer = layer_dense(units = 4)), layer_flatten(), end(units = 1)),
  time_distributed_conv = function()
    sequential(c(3, 5, 5, 2), time_distributed(layer = layer_conv_2d(filters = 2, kernel_size = 2)), layer_flatten(), end(units = 1)),
  stacked_cells = function() sequential(c(5, 3), layer_rnn(cell = list(layer_lstm_cell(units = 3), layer_gru_cell(units = 2))), end(units = 1)),
  conv_lstm_1d = function()
    sequential(c(3, 5, 2), layer_conv_lstm_1d(filters = 2, kernel_size = 2, return_sequences = TRUE), layer_flatten(), end(units = 1)),
  conv_lstm = function() sequential(c(3, 5, 5, 2), layer_conv_lstm_2d(filters = 2, kernel_size = 2), layer_flatten(), end(units = 1)),
  conv_lstm_3d = function() sequential(c(2, 3, 3, 3, 2), layer_conv_lstm_3d(filters = 2, kernel_size = 2), layer_flatten(), end(units = 1)),
  layer_normalization = function() sequential(5, layer_layer_normalization(), layer_unit_normalization(), end(units = 1, activation = "tanh")),
  activations = function()
    sequential(5, layer_dense(units = 3), layer_activation_parametric_relu(), layer_activation_leaky_relu(), layer_activation_elu(),
               layer_activation_thresholded_relu(theta = 0.1), layer_activation_softmax(), end(units = 1, activation = "softplus")),
  named_activations = function()
    sequential(5, layer_dense(units = 4, activation = "gelu"), layer_dense(units = 4, activation = "swish"),
               layer_dense(units = 4, activation = "selu"), layer_activation(activation = "exponential"),
               layer_dense(units = 3, activation = "hard_sigmoid"), layer_activation(activation = "softsign"), end(units = 1, activation = "mish")),
  branches = function()
    functional(5, function(x) end(layer_concatenate(list(layer_dense(x, 3), layer_add(list(layer_dense(x, 2), layer_dense(x, 2))))), 1)),
  merges = function()
    functional(list(4, 4),
               function(a, b)
                 end(layer_concatenate(list(layer_multiply(list(a, b)), layer_subtract(list(a, b)), layer_average(list(a, b)),
                                            layer_maximum(list(a, b)), layer_minimum(list(a, b)), layer_dot(list(a, b), axes = 1))), 1)),
  shared = function() functional(5, function(x) { d <- layer_dense(units = 5, activation = "tanh"); end(d(d(x)), 1) }),
  several = function()
    functional(list(5, c(4, 3)),
               function(a, b) list(layer_dense(a, 2, name = "first"), end(layer_concatenate(list(a, layer_lstm(b, 3))), 1, name = "second"))),
  attention = function()
    functional(c(4, 6), function(x) end(layer_global_average_pooling_1d(layer_multi_head_attention(num_heads = 2, key_dim = 3)(x, x)), 1)),
  attention_simple = function()
    functional(list(c(4, 6), c(5, 6)),
               function(q, v) end(layer_flatten(layer_concatenate(list(layer_attention(list(q, v)), layer_additive_attention(list(q, v))))), 1)),
  cross_attention = function()
    functional(list(c(4, 6), c(5, 8)),
               function(q, v) end(layer_flatten(layer_multi_head_attention(num_heads = 2, key_dim = 3, value_dim = 4, output_shape = 5)(q, v)), 1)),
  nested = function() functional(5, function(x) { inner <- sequential(5, layer_dense(units = 4), layer_batch_normalization()); end(inner(x), 1) }),
  nested_twice = function() functional(list(5, 5), function(a, b) {
    inner <- functional(5, function(x) layer_dense(layer_add(list(layer_dense(x, 5, activation = "relu"), x)), 3))
    outer <- functional(5, function(x) layer_dense(inner(x), 2))
    end(layer_concatenate(list(outer(a), outer(b))), 1) }),
  frozen = function() { model <- sequential(5, layer_dense(units = 4), end(units = 1)); first <- model$layers[[1]]; first$trainable <- FALSE; model },
  shapes = function()
    sequential(c(4, 6), layer_permute(dims = c(2, 1)), layer_reshape(target_shape = c(3, 8)), layer_flatten(), layer_repeat_vector(n = 2),
               layer_spatial_dropout_1d(rate = 0.1), layer_gaussian_noise(stddev = 0.1), layer_flatten(), end(units = 1)),
  embedding = function() typed("int32", 6, function(x) end(layer_lstm(layer_embedding(x, 10, 4, mask_zero = TRUE), 3), 1)),
  masked = function() sequential(c(5, 3), layer_masking(mask_value = 0), layer_gru(units = 3), end(units = 1)),
  normalized_2d = function()
    sequential(c(4, 4, 6), layer_conv_2d(filters = 6, kernel_size = 1), layer_batch_normalization(axis = -1, scale = FALSE),
               layer_global_average_pooling_2d(), end(units = 1)),
  normalization = function()
    functional(
      4, function(x) { layer <- layer_normalization(); adapt(layer, matrix(rnorm(40, 3, 2), 10)); end(layer_rescaling(layer(x), 0.5, 1), 1) }),
  lookups = function() typed("string", 3, function(x) end(layer_flatten(layer_embedding(layer_string_lookup(x, vocabulary = words), 8, 2)), 1)),
  categories = function()
    typed("int64", 3,
          function(x) end(layer_category_encoding(layer_integer_lookup(x, vocabulary = c(2L, 4L, 6L)), num_tokens = 5, output_mode = "count"), 1)),
  discretized = function()
    functional(3, function(x) end(layer_flatten(layer_embedding(layer_discretization(x, bin_boundaries = c(-1, 0, 1)), 4, 2)), 1)),
  text = function()
    typed("string", 1,
          function(x) { layer <- layer_text_vectorization(output_sequence_length = 4); adapt(layer, c("red green", "blue green grey")); end(layer_flatten(layer_embedding(layer(x), 8, 2)), 1) }),
  image_layers = function()
    sequential(c(6, 8, 3), layer_resizing(height = 5, width = 5), layer_center_crop(height = 4, width = 4), layer_rescaling(scale = 1 / 255),
               layer_random_flip(), layer_flatten(), end(units = 1)),
  operators = function()
    functional(list(4, 4), function(a, b) end(layer_concatenate(list(a * 2 + b, 1 - a / b, (a - b)^2, -a, abs(a) %% 2, exp(a) %/% 2)), 1)),
  backend = function() functional(c(4, 6), function(x) {
    y <- k_concatenate(list(k_relu(x), k_sum(x, axis = 2, keepdims = TRUE), k_softmax(x)), axis = 2)
    z <- k_batch_dot(y, k_permute_dimensions(y, c(1, 3, 2)))
    end(layer_flatten(k_clip(k_sqrt(k_square(z) + 1), 0, 5) + k_mean(x)) + k_expand_dims(k_max(y, axis = c(2, 3)), 2), 1) }),
  slices = function()
    functional(c(4, 6),
               function(x)
                 end(layer_concatenate(list(x[, 2, ], x[, -1, 2:4], layer_flatten(x[, , NULL, 1]), layer_flatten(x[, 1:3, 5]),
                                            layer_flatten(k_reverse(x, 2)))), 1)),
  constants = function() functional(3, function(x) end(x * c(1, 2, 3) + k_constant(matrix(1:3, 1)) + k_dot(x, k_constant(matrix(rnorm(9), 3))), 1)),
  lambda_free = function()
    functional(c(3, 4), function(x) end(k_stack(list(k_argmax(x), k_argmax(-x)), axis = 2) |> k_cast("float32") |> layer_flatten(), 1)))
if (kind == "onnx") models <- c(models, list(   # beyond what Keras runs on a processor
  open_length = function()
    functional(list(c(NA, 3)),
               function(x)
                 end(
                   layer_global_average_pooling_1d(layer_conv_1d_transpose(layer_conv_1d(x, 4, 3, strides = 2, padding = "same"), 3, 5, strides = 2, padding = "same")), 1)),
  channels_first = function()
    sequential(c(2, 6, 6), layer_conv_2d(filters = 3, kernel_size = 3, data_format = "channels_first"),
               layer_max_pooling_2d(data_format = "channels_first"), layer_flatten(), end(units = 1)),
  transposed_groups = function()
    sequential(c(6, 4), layer_conv_1d_transpose(filters = 6, kernel_size = 3, strides = 2, output_padding = 0),
               layer_conv_1d(filters = 4, kernel_size = 2, groups = 2), layer_flatten(), end(units = 1)),
  transposed_short = function()
    sequential(c(6, 4), layer_conv_1d_transpose(filters = 3, kernel_size = 2, strides = 3),
               layer_conv_1d_transpose(filters = 3, kernel_size = 3, dilation_rate = 2), layer_flatten(), end(units = 1)),
  embedding_open = function() typed("int32", 6, function(x) end(layer_lstm(layer_embedding(x, 10, 4), 3), 1)),
  image_2d = function()
    sequential(c(6, 6, 2), layer_upsampling_2d(size = c(2, 3)), layer_upsampling_2d(interpolation = "bilinear"),
               layer_resizing(height = 9, width = 7), layer_flatten(), end(units = 1))))

optimizers <- list(function() optimizer_adam(0.01), function() optimizer_sgd(0.001), function() optimizer_rmsprop(0.001),
                   function() optimizer_adagrad(),
                   function() optimizer_adam(0.001, amsgrad = TRUE), function() optimizer_sgd(0.01, momentum = 0.9, nesterov = TRUE),
                   function()
                     optimizer_adam(learning_rate_schedule_exponential_decay(0.01, 10, 0.9)), function() optimizer_adadelta(1),
                     function() optimizer_adamax(0.01),
                   function()
                     optimizer_rmsprop(0.001, momentum = 0.9, centered = TRUE), function() optimizer_ftrl(0.01),
                     function() optimizer_adam(0.01, clipnorm = 1, weight_decay = 0.01))
# not nadam: Keras does not save its momentum product

row_major <- function(x) { x <- as.array(x); as.vector(aperm(x, rev(seq_along(dim(x))))) }
described <- function(x) { x <- as.array(x); list(shape = as.list(dim(x)),
                                                  dtype = if (is.character(x)) "string" else if (is.integer(x)) "int32" else "float32",
                                                  data = as.list(row_major(x))) }
input_for <- function(tensor) {
  dims <- c(4L, vapply(tensor$shape[-1], function(size) if (is.null(size)) 7L else as.integer(size), 0L))
  switch(as.character(tensor$dtype), int32 = , int64 = array(sample(0:7, prod(dims), TRUE), dims),
         string = array(
           if (dims[2] == 1L) sample(c("red green", "blue", "grey other red"), prod(dims), TRUE) else sample(c(words, "other"), prod(dims), TRUE),
           dims),
         array(rnorm(prod(dims)), dims))
}
as_one <- function(x) if (length(x) == 1L) x[[1L]] else x
write_json <- function(x, path) writeLines(jsonlite::toJSON(x, digits = 17, auto_unbox = TRUE, null = "null"), path)

for (i in seq_along(models)) {
  name <- names(models)[i]
  path <- function(ending) file.path(folder, paste0(name, ending))
  tryCatch({
    model <- models[[i]]()
    x <- lapply(model$inputs, input_for)
    outputs <- length(model$outputs)
    targets <- lapply(model$outputs, function(tensor) array(0, c(4L, as.integer(unlist(tensor$shape[-1])))))
    compile(model, optimizer = optimizers[[(i - 1L) %% length(optimizers) + 1L]](), loss = "mse", metrics = if (outputs == 1L) list("mae"))
    fit(model, as_one(x), as_one(lapply(targets, function(y) y + 1)), epochs = 1, verbose = 0)
    y <- predict(model, as_one(x), verbose = 0)
    record <- list(inputs = lapply(x, described), outputs = lapply(if (outputs == 1L) list(y) else y, described))
    if (kind == "onnx") {
      tryCatch({ save_model_onnx(model, path(".onnx")); write_json(record, path(".json")) },
               keratin_error = function(e) cat("  -     ", name, ": ", conditionMessage(e), "\n", sep = ""))
    } else {
      save_model_tf(model, path(".keras"))
      if (name != "text") save_model_hdf5(model, path(".h5"))
      save_model_weights_hdf5(model, path(".weights.h5"))
      if (name != "text") save_model_weights_hdf5(model, path("_weights.h5"))
      save_model_weights_tf(model, path("_tf"))
      writeLines(model_to_json(model), path("_architecture.json"))
      record$random <- any(grepl("Dropout|Noise|Random", vapply(model$layers, function(layer) class(layer)[1L], "")))
      record$losses <- fit(model, as_one(x), as_one(targets), epochs = 2, batch_size = 4, shuffle = FALSE, verbose = 0)$metrics$loss
      write_json(record, path(".json"))
    }
  }, error = function(e) cat("  FAIL  ", name, ": R: ", conditionMessage(e), "\n", sep = ""))
}
