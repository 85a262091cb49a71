model <- fixed_model()
model %>% compile(optimizer = "sgd", loss = "mse")
before <- get_weights(model)
expect_refused <- function(code, pattern, class = "keratin_error_argument") {
  expect_error(code, pattern, class = class)
  expect_identical(get_weights(model), before)
}
x <- fixed_x
y <- fixed_y

test_that("data that cannot be trained on is refused before anything changes", {
  expect_refused(fit(model, NULL, y, verbose = 0), "`x` is NULL")
  expect_refused(fit(model, x[1:20, ], y, verbose = 0), "same number of samples. Received: x 20, y 24", "keratin_error_shape")
  expect_refused(fit(model, replace(x, 5, NaN), y, verbose = 0), "1 missing value \\(NA or NaN\\), the first at \\[5, 1\\]")
  expect_refused(fit(model, x, replace(y, 30, NA), verbose = 0), "`y` has 1 missing value")
  expect_refused(fit(model, factor(letters[1:24]), y, verbose = 0), "factor")
  expect_refused(fit(model, data.frame(x[, 1:5], f = factor(rep(1:2, 12))), y, verbose = 0), "factor")
  expect_refused(fit(model, x, factor(rep(c("a", "b"), 12)), verbose = 0), "to_categorical")
  expect_refused(fit(model, x, y, batch_size = 0, verbose = 0), "batch_size")
  expect_refused(fit(model, x, y, batch_size = 2.5, verbose = 0), "batch_size")
  expect_refused(fit(model, x, y, epochs = 0, verbose = 0), "epochs")
  expect_refused(fit(model, x, y, validation_split = 1, verbose = 0), "validation_split")
  expect_refused(fit(model, list(x, x), y, verbose = 0), "has 1 input")
  expect_refused(fit(model, x, y[, c(1, 2, 2)], verbose = 0), "targets of shape", "keratin_error_shape")
  expect_refused(fit(model, x, y, class_weight = list("0" = 1, "2" = 1), verbose = 0), "class_weight")
  expect_refused(fit(model, x, y, sample_weight = 1:3, verbose = 0), "sample_weight 3", "keratin_error_shape")
  expect_refused(fit(model, x, y, verbose = 0, epoks = 1), "epoks")
  expect_error(fit(model, x[, 1:5], y, verbose = 0), class = "keratin_error_shape")
  expect_refused(fit(fixed_model(), x, y), "must be compiled")
})

test_that("a class id out of range names the sample", {
  m <- keras_model_sequential() %>% layer_dense(3, activation = "softmax", input_shape = 6)
  m %>% compile(optimizer = "sgd", loss = "sparse_categorical_crossentropy")
  expect_error(fit(m, x, c(rep(0:2, 7), 0, 3, 1), verbose = 0), "`y` of sample 23 is 3, but the model has 3 classes",
               class = "keratin_error_argument")
  m %>% compile(optimizer = "sgd", loss = "categorical_crossentropy")
  expect_error(fit(m, x, rep(0:2, 8), verbose = 0), "sparse_categorical_crossentropy", class = "keratin_error_shape")
})

test_that("unknown names are errors of compile()", {
  m <- fixed_model()
  expect_error(compile(m, loss = "mess"), "Did you mean", class = "keratin_error_argument")
  expect_error(compile(m, loss = "mse", metrics = "acuracy"), "Did you mean", class = "keratin_error_argument")
  expect_error(compile(m, optimizer = "adm", loss = "mse"), "Did you mean", class = "keratin_error_argument")
  expect_null(m$optimizer)
})

test_that("a column of a data frame is an input of a model of several, by its name", {
  age <- layer_input(1, name = "age")
  size <- layer_input(1, name = "size")
  model <- keras_model(list(age, size), layer_subtract(list(age, size)))
  expect_equal(predict(model, data.frame(size = c(1, 2), age = c(5, 7)), verbose = 0), matrix(c(4, 5)))
  model %>% compile("sgd", "mse")
  expect_equal(unname(evaluate(model, data.frame(size = c(1, 2), age = c(5, 7)), c(4, 5), verbose = 0)), 0)
})

test_that("logical targets train with cross-entropy", {
  model <- keras_model_sequential(input_shape = 2) %>% layer_dense(1, activation = "sigmoid", kernel_initializer = "zeros")
  model %>% compile("sgd", "binary_crossentropy")
  expect_equal(fit(model, matrix(1, 2, 2), c(TRUE, FALSE), epochs = 1, verbose = 0)$metrics$loss, log(2), tolerance = 1e-6)
})

# The numbers are those of Keras.
two_outputs <- function(named = FALSE) {
  a <- layer_input(2, name = "a")
  outputs <- list(u = layer_dense(a, 1, name = "d1"), v = layer_dense(a, 2, name = "d2"))
  model <- keras_model(a, if (named) outputs else unname(outputs))
  weights <- get_weights(model)
  set_weights(model, lapply(seq_along(weights), function(i) {
    sizes <- dim(weights[[i]]) %||% length(weights[[i]])
    values <- 0.5 * sin(seq_len(prod(sizes)) * 0.7 + i)
    if (length(sizes) == 2L) matrix(values, sizes[[1L]], byrow = TRUE) else array(values)
  }))
  model
}

test_that("losses, metrics and targets of outputs = list(u = , v = ) are named by u and v, or by the layers", {
  x <- matrix(sin(1:4 * 1.3), 2, byrow = TRUE)
  y <- list(u = sin(1:2 * 1.3), v = x)
  model <- two_outputs(named = TRUE)
  model %>% compile("sgd", loss = list(u = "mse", v = "mae"), metrics = list(v = list("mse")), loss_weights = list(u = 1, v = 0.5))
  expect_equal(model$evaluate(x, y, verbose = 0), c(loss = 1.1034818, d1_loss = 0.4477299, d2_loss = 1.3115035, d2_mse = 1.9222226), tolerance = 1e-6)
  history <- fit(model, x, rev(y), epochs = 1, verbose = 0, sample_weight = list(u = c(1, 1)))
  expect_equal(history$metrics$loss, 1.1034818, tolerance = 1e-6)
  by_layer <- two_outputs(named = TRUE) %>% compile("sgd", loss = list(d1 = "mse", d2 = "mae"))
  expect_equal(evaluate(by_layer, x, y, verbose = 0)[["d2_loss"]], 1.3115035, tolerance = 1e-6)
  expect_error(fit(two_outputs(named = TRUE) %>% compile("sgd", loss = list(w = "mse")), x, y, verbose = 0), "unknown output \"w\"",
               class = "keratin_error_argument")
})

test_that("named outputs keep their names in files and copies", {
  x <- matrix(sin(1:4 * 1.3), 2, byrow = TRUE)
  y <- list(u = sin(1:2 * 1.3), v = x)
  model <- two_outputs(named = TRUE)
  model %>% compile("sgd", loss = list(u = "mse", v = "mae"), metrics = list(v = "mse"))
  expected <- evaluate(model, x, y, verbose = 0)
  for (extension in c(".keras", ".h5", "")) {
    path <- tempfile(fileext = extension)
    save_model_tf(model, path)
    again <- load_model_tf(path)
    expect_equal(evaluate(again, x, rev(y), verbose = 0), expected)
    expect_equal(predict(again, x, verbose = 0), predict(model, x, verbose = 0))
  }
  expect_named(predict(clone_model(model), x, verbose = 0), c("u", "v"))
  config <- get_config(model)
  config$output_layers <- rev(config$output_layers)   # files of Keras count layers in the order of the sorted names all the same
  expect_identical(from_config(config)$output_names, c("d1", "d2"))
  input <- layer_input(2)
  one <- keras_model(input, list(u = layer_dense(input, 1)))
  expect_named(predict(from_config(get_config(one)), x, verbose = 0), names(predict(one, x, verbose = 0)))
})

test_that("an output may go without sample weights", {
  x <- matrix(sin(1:4 * 1.3), 2, byrow = TRUE)
  model <- two_outputs() %>% compile("sgd", "mse")
  y <- list(sin(1:2 * 1.3), x)
  plain <- evaluate(model, x, y, verbose = 0)
  weighted <- evaluate(model, x, y, sample_weight = list(c(2, 2), NULL), verbose = 0)
  expect_equal(weighted, plain + c(plain[["d1_loss"]], plain[["d1_loss"]], 0), tolerance = 1e-6)
  expect_equal(train_on_batch(model, x, y, sample_weight = list(c(2, 2), NULL))[[1L]], weighted[["loss"]], tolerance = 1e-6)
})

test_that("whole numbers and logicals are data as well", {
  m <- fixed_model()
  m %>% compile(optimizer = "sgd", loss = "mse")
  integers <- matrix(rep(1:6, each = 4), 4)
  expect_equal(predict(m, integers, verbose = 0), predict(m, integers + 0, verbose = 0))
  expect_equal(dim(predict(m, integers > 3, verbose = 0)), c(4L, 2L))
})

test_that("train_step() gets a single x without y as itself", {
  seen <- NULL
  one <- new_model_class("one",
    initialize = function(...) { super$initialize(...); self$dense <- layer_dense(units = 1, input_shape = 2); self$dense$build(list(NULL, 2L)) },
    train_step = function(data) { seen <<- class(data); list(loss = k_mean(self$dense(data))) })
  model <- one()
  compile(model, "sgd")
  fit(model, matrix(1, 4, 2), verbose = 0)
  expect_true("tensorflow.tensor" %in% seen)
})

test_that("a class id out of range is named for each output of several", {
  input <- layer_input(6)
  several <- keras_model(input, list(layer_dense(input, 3, activation = "softmax", name = "kind"), layer_dense(input, 2, name = "size")))
  several %>% compile(optimizer = "sgd", loss = list("sparse_categorical_crossentropy", "mse"))
  expect_refused(fit(several, x, list(replace(rep(0, 24), 7, 3), y), verbose = 0),
                 "`y` of output \"kind\" of sample 7 is 3, but the model has 3 classes")
  several %>% compile(optimizer = "sgd", loss = list(size = "mse", kind = "sparse_categorical_crossentropy"))
  expect_refused(fit(several, x, list(size = y, kind = replace(rep(0, 24), 2, -1)), verbose = 0), "output \"kind\" of sample 2 is -1")
})

test_that("an argument that does not exist is not passed over", {
  expect_refused(compile(model, optimiser = "adam", loss = "mse"), "Did you mean \"optimizer\"")
  compile(model, "sgd", "mse", jit_compile = FALSE)
  expect_warning(evaluate(model, x, y, verbose = 0, wait = 1), "no argument \"wait\"")
  expect_warning(predict(model, x, verbose = 0, type = "class"), "no argument \"type\"")
  expect_silent(predict(model, x, verbose = 0, workers = 2))
})

test_that("a vector of one number is one sample", {
  model <- fixed_model(1)
  model |> compile("sgd", "mse")
  x <- fixed_x[1, , drop = FALSE]
  expect_equal(unname(evaluate(model, x, 2, verbose = 0)), c((predict(model, x, verbose = 0) - 2)^2), tolerance = 1e-6)
  at <- 0
  batches <- function() {   # of two and of one
    at <<- at %% 3 + 1
    list(fixed_x[c(at, if (at < 3) at + 1), , drop = FALSE], fixed_y[c(at, if (at < 3) at + 1), 1])
  }
  expect_length(fit(model, batches, steps_per_epoch = 3, epochs = 2, verbose = 0)$metrics$loss, 2)
  expect_error(fit(model, fixed_x, 2, verbose = 0), "x 24, y 1", class = "keratin_error_shape")
})

test_that("errors say which batch, or that it is the validation data", {
  model <- fixed_model()
  model |> compile("sgd", "mse")
  at <- 0
  narrower <- function() {
    at <<- at + 1
    list(if (at == 4) fixed_x[, 1:3] else fixed_x, fixed_y)
  }
  expect_error(fit(model, narrower, steps_per_epoch = 5, epochs = 1, verbose = 0), "^batch 4: .*\\(24, 3\\)", class = "keratin_error_shape")
  at <- 0
  fewer <- function() {
    at <<- at + 1
    list(fixed_x, if (at == 2) fixed_y[1:5, ] else fixed_y)
  }
  expect_error(fit(model, fewer, steps_per_epoch = 5, epochs = 1, verbose = 0), "^batch 2: .*x 24, y 5", class = "keratin_error_shape")
  expect_error(fit_fixed(model, validation_data = list(fixed_x[, 1:3], fixed_y)), "^validation data: .*\\(24, 3\\)|^validation data: .*\\(7, 3\\)",
               class = "keratin_error_shape")
  expect_error(fit_fixed(model, validation_data = list(fixed_x, fixed_y[1:3, ])), "^validation data: .*y 3", class = "keratin_error_shape")
  expect_error(predict(model, matrix("a", 1, 6), verbose = 0), "`x` is text, such as \"a\"", class = "keratin_error_argument")
})
