# inst/extdata/exports.csv lists the exports of R keras 2.15; tools/exports-table.R writes it.
exports <- read.csv(system.file("extdata", "exports.csv", package = "keratin"), colClasses = "character")

test_that("every export of R keras is there, with its arguments in their order and with their defaults", {
  expect_gt(nrow(exports), 500)
  expect_setequal(setdiff(exports$export, getNamespaceExports("keratin")), character())
  text <- function(f) {
    f <- formals(args(f))
    paste(mapply(function(name,
                          default) { d <- paste(trimws(deparse(default, 500L)), collapse = " "); if (nzchar(d)) paste(name, "=", d) else name },
                          names(f), f), collapse = ", ")
  }
  wanted <- exports[exports$arguments != "", ]
  for (i in seq_len(nrow(wanted))) {
    stated <- text(eval(parse(text = paste0("function(", wanted$arguments[i], ") NULL"))))
    expect_equal(gsub("keratin::keras", "keras", text(getExportedValue("keratin", wanted$export[i])), fixed = TRUE), stated, label = wanted$export[i])
  }
})

test_that("what managed Python says so once and returns invisibly", {
  forget <- function() rm(list = ls(internal("told_about_python")), envir = internal("told_about_python"))
  forget()
  calls <- list(use_python = quote(use_python("x")), use_virtualenv = quote(use_virtualenv("x")), use_condaenv = quote(use_condaenv("x")),
                use_backend = quote(use_backend("theano")),
                use_implementation = quote(use_implementation("keras")), install_keras = quote(install_keras()))
  for (name in names(calls)) {
    expect_message(result <- withVisible(eval(calls[[name]])), paste0(name, "\\(\\) has nothing to do"))
    expect_false(result$visible)
    expect_null(result$value)
    expect_silent(eval(calls[[name]]))
  }
  expect_message(expect_equal(multi_gpu_model(3), 3), "nothing to do")
  expect_message(expect_null(tensorboard("logs")), "tensorboard --logdir logs")
  expect_null(use_session_with_seed(1))
  expect_true(is_keras_available())
  expect_false(is_keras_available("3.0"))
  forget()
})

test_that("every application asks for weights it knows", {
  applications <- c(application_densenet121, application_densenet169, application_densenet201, application_efficientnet_b0,
                    application_efficientnet_b1, application_efficientnet_b2,
    application_efficientnet_b3, application_efficientnet_b4, application_efficientnet_b5, application_efficientnet_b6, application_efficientnet_b7,
    application_inception_resnet_v2,
    application_inception_v3, application_mobilenet, application_mobilenet_v2, application_mobilenet_v3_large, application_mobilenet_v3_small,
    application_nasnetlarge, application_nasnetmobile,
    application_resnet50, application_resnet50_v2, application_resnet101, application_resnet101_v2, application_resnet152, application_resnet152_v2,
    application_vgg16, application_vgg19,
    application_xception)
  for (application in applications) expect_error(application(weights = "nowhere.h5"), "nowhere.h5", class = "keratin_error_argument")
  expect_error(mobilenet_decode_predictions(matrix(1, 1, 3)), "1000 classes", class = "keratin_error_shape")
  expect_error(mobilenet_v2_decode_predictions(matrix(1, 1, 3)), "1000 classes", class = "keratin_error_shape")
  black <- array(0, c(1, 1, 1, 3))
  for (f in c(inception_v3_preprocess_input, inception_resnet_v2_preprocess_input, mobilenet_v2_preprocess_input, nasnet_preprocess_input,
              resnet_v2_preprocess_input, xception_preprocess_input))
    expect_equal(as.vector(f(black)), c(-1, -1, -1))
  expect_equal(as.vector(resnet_preprocess_input(black)), -c(103.939, 116.779, 123.68), tolerance = 1e-5)
})

test_that("small functions do what they say", {
  expect_equal(as.array(activation_exponential(c(0, 1))), array(exp(c(0, 1))), tolerance = 1e-6)
  expect_equal(as.array(activation_linear(c(-1, 1))), array(c(-1, 1)))
  expect_equal(as.array(activation_selu(c(-1, 1))), array(c(-1.1113307, 1.050701)), tolerance = 1e-6)
  expect_equal(as.array(activation_softplus(0)), log(2), tolerance = 1e-6)
  expect_equal(as.array(activation_tanh(1)), tanh(1), tolerance = 1e-6)
  expect_equal(as.array(as_tensor(0, "float64", shape = c(1, 2))), matrix(0, 1, 2))
  expect_equal(as.array(backend()$sum(matrix(1:4, 2) + 0, axis = 0L)), array(c(3, 7)))
  expect_s3_class(implementation()$layers$Dense(units = 1L), "keras.layers.core.dense.Dense")
  expect_equal(as.array(initializer_ones()(2)), array(c(1, 1)))
  expect_equal(keras_array(list(1:2)), list(array(1:2)))
  expect_equal(zip_lists(list(a = 1), list(a = 2)), list(a = list(1, 2)))
  expect_equal(text_to_word_sequence("A b!"), c("a", "b"))
  expect_equal(length(unique(text_one_hot("a b a", 10))), 2)
  tokenizer <- text_tokenizer(4) |> fit_text_tokenizer(c("a b", "b c"))
  expect_equal(sequences_to_matrix(tokenizer, list(c(1, 2), 3)), rbind(c(0, 1, 1, 0), c(0, 0, 0, 1)))
  expect_equal(texts_to_sequences_generator(tokenizer, c("a b", "b c"))(), c(2L, 1L))
  expect_error(model_from_yaml("a"), "model_from_json")
  expect_error(layer_dense_features(feature_columns = 1), "layer_string_lookup", class = "keratin_error_argument")
  expect_equal(flag_string("a", "b")$default, "b")
  expect_true(dir.exists(run_dir()))
  doubled <- with_custom_object_scope(c(own_double = function(x) x * 2), layer_activation(activation = "own_double"))
  expect_equal(as.array(doubled(c(1, 2))), array(c(2, 4)))
  x <- c(1, 2)
  x %<>% rev()
  expect_equal(x, c(2, 1))
  expect_equal(class(callback_progbar_logger())[2], "keras.callbacks.Callback")
  expect_equal(class(callback_remote_monitor())[2], "keras.callbacks.Callback")
  expect_equal(class(callback_model_checkpoint("x.h5"))[2], "keras.callbacks.Callback")
})

test_that("symbolic calls can be looked at; Keras tensors say that they have no values", {
  inputs <- layer_input(shape = list(NULL), dtype = "int32")
  embedding <- layer_embedding(input_dim = 5, output_dim = 2, mask_zero = TRUE)
  lstm <- layer_lstm(units = 3, return_sequences = TRUE)
  outputs <- lstm(embedding(inputs))
  expect_identical(get_input_at(embedding, 1), inputs)
  expect_identical(get_output_at(lstm, 1), outputs)
  expect_equal(get_input_shape_at(lstm, 1), list(NULL, NULL, 2L))
  expect_equal(get_output_shape_at(lstm, 1), list(NULL, NULL, 3L))
  expect_null(get_input_mask_at(embedding, 1))
  for (mask in list(get_output_mask_at(embedding, 1), get_input_mask_at(lstm, 1), get_output_mask_at(lstm, 1), outputs$`_keras_mask`)) {
    expect_true(k_is_keras_tensor(mask))
    expect_equal(k_dtype(mask), "bool")
    expect_equal(k_int_shape(mask), list(NULL, NULL))
  }
  expect_null(layer_lstm(units = 1)(outputs)$`_keras_mask`)
  nested <- keras_model(inputs, outputs)
  expect_true(k_is_keras_tensor(nested(layer_input(shape = list(NULL), dtype = "int32"))$`_keras_mask`))
  expect_error(as.array(outputs), "keras_model\\(inputs, outputs\\)", class = "keratin_error_argument")
  layer_last_two <- new_layer_class("LastTwo", call = function(inputs) inputs[, , -2:-1],
                                    compute_mask = function(inputs, mask = NULL) k_any(k_not_equal(inputs, 0), axis = -1))
  x <- array(c(0, 1, 0, 2, 0, 3), c(1, 2, 3))
  expect_equal(as.array(layer_last_two()(x)$`_keras_mask`), matrix(c(FALSE, TRUE), 1))
})

test_that("layers that few scripts use", {
  x <- array(1, c(1, 2, 2, 1))
  expect_equal(as.array(layer_spatial_dropout_2d(rate = 0.5)(x)), x)
  expect_equal(as.array(layer_spatial_dropout_3d(rate = 0.5)(array(1, c(1, 1, 2, 2, 1)))), array(1, c(1, 1, 2, 2, 1)))
  for (layer in list(layer_cudnn_gru(units = 2), layer_cudnn_lstm(units = 2))) expect_equal(dim(layer(array(1, c(1, 2, 2)))), c(1L, 2L))
  cells <- layer_stacked_rnn_cells(cells = list(layer_simple_rnn_cell(units = 2), layer_simple_rnn_cell(units = 3)))
  expect_equal(dim(layer_rnn(cell = cells)(array(1, c(1, 2, 2)))), c(1L, 3L))
  expect_equal(as.array(keras_model_custom(function(self) function(inputs, mask = NULL, training = FALSE) inputs * 2)(c(1, 2))), array(c(2, 4)))
  lookup <- layer_string_lookup()
  set_vocabulary(lookup, c("a", "b"))
  expect_equal(as.array(lookup(c("b", "z"))), array(c(2, 0)))
  set.seed(1)
  heights <- vapply(1:6, function(i) dim(layer_random_height(factor = 0.5)(array(1, c(1, 20, 3, 1)), training = TRUE))[2L], 0L)
  expect_gt(length(unique(heights)), 1)
  sizes <- list()
  layer_look <- new_layer_class("Look",
                                call = function(inputs) { if (is.finite(dim(inputs)[3])) sizes[[length(sizes) + 1]] <<- dim(inputs)[3]; inputs })
  model <- keras_model_sequential(input_shape = c(4, 20, 1)) |> layer_random_width(factor = 0.5) |> layer_look() |>
    layer_global_average_pooling_2d() |> layer_dense(1)
  model |> compile("sgd", "mse")
  model |> fit(array(1, c(6, 4, 20, 1)), 1:6, batch_size = 1, epochs = 1, verbose = 0)
  expect_gt(length(unique(unlist(sizes))), 1)
})

test_that("text_vectorization without a fixed length, and with a function of one's own, trains", {
  vectorize <- layer_text_vectorization(standardize = function(x) tf$strings$regex_replace(tf$strings$lower(x), "[!?]", ""))
  adapt(vectorize, c("A! b?", "a B c"))
  expect_setequal(get_vocabulary(vectorize), c("", "[UNK]", "a", "b", "c"))
  inputs <- layer_input(shape = 1, dtype = "string")
  outputs <- vectorize(inputs) |> layer_embedding(8, 2, mask_zero = TRUE) |> layer_lstm(2) |> layer_dense(1)
  model <- keras_model(inputs, outputs)
  model |> compile("sgd", "mse")
  x <- matrix(c("a b c", "b", "c c", "a"))
  expect_true(is.finite(fit(model, x, 1:4, batch_size = 2, epochs = 1, verbose = 0)$metrics$loss))
  expect_equal(dim(predict(model, x, batch_size = 1, verbose = 0)), c(4L, 1L))
})

test_that("functions over an unknown number of steps or elements", {
  step <- function(x, states) { y <- x + states[[1]]; list(y, list(y)) }
  inputs <- layer_input(shape = list(NULL, 2))
  sums <- layer_lambda(inputs, function(x) k_rnn(step, x, list(k_zeros_like(x[, 1, ])))[[2]])
  x <- array(1:12, c(2, 3, 2))
  expect_equal(predict(keras_model(inputs, sums), x, verbose = 0)[2, , 1], cumsum(x[2, , 1]))
  expect_error(k_rnn(step, inputs, list(k_zeros_like(inputs[, 1, ]))), "layer_rnn", class = "keratin_error_argument")
  doubled <- layer_lambda(inputs, function(x) k_map_fn(function(e) e * 2, x))
  expect_equal(predict(keras_model(inputs, doubled), x, verbose = 0), x * 2)
})

test_that("models go into files and come back, and generators feed them", {
  skip_if_not_installed("hdf5r")
  skip_if_not_installed("zip")
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(1, activation = "sigmoid")
  model |> compile("sgd", "mse")
  folder <- withr::local_tempdir()
  same <- function(other) expect_equal(get_weights(other), get_weights(model))
  save_model_tf(model, file.path(folder, "a"))
  same(load_model_tf(file.path(folder, "a")))
  model_to_saved_model(model, file.path(folder, "b"))
  same(model_from_saved_model(file.path(folder, "b")))
  export_savedmodel(model, file.path(folder, "c"))
  same(load_model_tf(file.path(folder, "c")))
  path <- file.path(folder, "d.h5")
  save_model_hdf5(model, path)
  for (load in list(load_model_hdf5, mobilenet_load_model_hdf5, mobilenet_v2_load_model_hdf5)) same(load(path))
  x <- matrix(1, 2, 2)
  generator <- function() list(x, c(0, 1))
  suppressWarnings({
    expect_equal(dim(predict_proba(model, x)), c(2L, 1L))
    expect_true(all(predict_classes(model, x) %in% 0:1))
    expect_length(fit_generator(model, generator, steps_per_epoch = 2, epochs = 1, verbose = 0)$metrics$loss, 1)
    expect_true(is.finite(evaluate_generator(model, generator, steps = 2)))
    expect_equal(dim(predict_generator(model, function() list(x), steps = 2)), c(4L, 1L))
  })
})

test_that("texts from a directory", {
  folder <- withr::local_tempdir()
  for (class in c("a", "b")) {
    dir.create(file.path(folder, class))
    writeLines(class, file.path(folder, class, "1.txt"))
  }
  suppressMessages(batch <- iter_next(as_iterator(text_dataset_from_directory(folder))))
  expect_setequal(trimws(as.character(batch[[1]])), c("a", "b"))
})
