skip_if_not_installed("hdf5r")

set.seed(1)
x <- array(rnorm(16 * 12), c(16, 6, 2))
y <- matrix(rnorm(16))

test_that("training goes on after loading as if the model had never been saved", {
  model <- file_model()
  fit(model, x, y, epochs = 1, verbose = 0)
  for (ending in c(".h5", if (requireNamespace("zip", quietly = TRUE)) ".keras")) {
    path <- withr::local_tempfile(fileext = ending)
    save_model(model, path)
    copy <- load_model(path)
    expect_identical(model_state(copy), model_state(model))
    expect_identical(predict(copy, x, verbose = 0), predict(model, x, verbose = 0))
  }
  copy <- unserialize_model(serialize_model(model))
  again <- fit(model, x, y, epochs = 2, verbose = 0, shuffle = FALSE)
  expect_identical(fit(copy, x, y, epochs = 2, verbose = 0, shuffle = FALSE)$metrics, again$metrics)
})

test_that("weights go through both layouts", {
  model <- file_model()
  for (ending in c(".h5", ".weights.h5")) {
    path <- withr::local_tempfile(fileext = ending)
    save_model_weights_hdf5(model, path)
    other <- file_model()
    load_model_weights_hdf5(other, path)
    expect_identical(get_weights(other), get_weights(model))
  }
})

test_that("weights of another model are refused, and nothing changes", {
  path <- withr::local_tempfile(fileext = ".h5")
  one <- keras_model_sequential(input_shape = 3) |> layer_dense(4, name = "a") |> layer_dense(2, name = "b")
  two <- keras_model_sequential(input_shape = 3) |> layer_dense(4, name = "a") |> layer_dense(5, name = "b")
  save_model_weights_hdf5(one, path)
  before <- get_weights(two)
  expect_error(load_model_weights_hdf5(two, path), "b.*shape \\(4, 5\\).*\\(4, 2\\)", class = "keratin_error_file")
  expect_identical(get_weights(two), before)
  suppressWarnings(load_model_weights_hdf5(two, path, by_name = TRUE, skip_mismatch = TRUE))
  expect_identical(get_weights(two)[[1]], get_weights(one)[[1]])
  expect_identical(get_weights(two)[[3]], before[[3]])
})

test_that("a file that is there is replaced as a whole or not at all", {
  path <- withr::local_tempfile(fileext = ".h5")
  model <- keras_model_sequential(input_shape = 3) |> layer_dense(1)
  save_model_hdf5(model, path)
  bytes <- readBin(path, "raw", 1e6)
  expect_error(save_model_hdf5(model, path, overwrite = FALSE), "exists already", class = "keratin_error_file")
  expect_error(write_in_place(path, function(partial) { writeLines("half", partial); stop("disk full") }), "disk full", class = "keratin_error_file")
  expect_identical(readBin(path, "raw", 1e6), bytes)
  expect_length(list.files(dirname(path), paste0("^\\.", basename(path)), all.files = TRUE), 0L)
})

test_that("R functions are restored only when asked for", {
  skip_if_not_installed("zip")
  model <- keras_model_sequential(input_shape = 2) |> layer_lambda(function(x) x * 3, name = "thrice")
  json <- model_to_json(model)
  expect_error(model_from_json(json), "thrice.*safe_mode = FALSE", class = "keratin_error_file")
  withr::with_options(list(keratin.safe_mode = FALSE), expect_equal(as.array(model_from_json(json)(matrix(1:2, 1))), matrix(c(3, 6), 1)))
  path <- withr::local_tempfile(fileext = ".keras")
  save_model(model, path)
  expect_error(load_model(path), "safe_mode", class = "keratin_error_file")
  expect_equal(as.array(load_model(path, safe_mode = FALSE)(matrix(1:2, 1))), matrix(c(3, 6), 1))
})

test_that("Python code is not run, an R function may take its place", {
  json <- '{"class_name": "Sequential", "config": {"name": "s", "layers": [
    {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "dtype": "float32", "name": "x"}},
    {"class_name": "Lambda", "config": {"name": "twice", "trainable": true, "dtype": "float32", "function": ["4wEA", null, null],
     "function_type": "lambda", "module": "__main__", "arguments": {}}}]}}'
  expect_error(model_from_json(json), "twice.*Python code", class = "keratin_error_argument")
  model <- model_from_json(json, custom_objects = list(twice = function(x) 2 * x))
  expect_equal(as.array(model(matrix(1:2, 1))), matrix(c(2, 4), 1))
  expect_error(model_from_json(gsub('"Lambda"', '"popen", "module": "os"', json)), "os", class = "keratin_error_argument")
})

test_that("JSON that would exhaust memory or stack is refused before it is parsed", {
  expect_error(model_from_json(strrep("[", 20000)), "nested deeper", class = "keratin_error_file")
  expect_error(model_from_json('{"a": '), "not JSON", class = "keratin_error_file")
  expect_error(model_from_json("[1, 2]"), "class_name", class = "keratin_error_file")
  expect_equal(json_depth('{"a": "[[[", "b": ["\\"[["]}'), 2)
})

test_that("damaged zip archives are refused", {
  skip_if_not_installed("zip")
  path <- withr::local_tempfile(fileext = ".keras")
  save_model(keras_model_sequential(input_shape = 3) |> layer_dense(2), path)
  bytes <- readBin(path, "raw", 1e6)
  broken <- withr::local_tempfile(fileext = ".keras")
  writeBin(bytes[seq_len(length(bytes) - 30)], broken)
  expect_error(load_model(broken), class = "keratin_error_file")
  at <- grepRaw("GlorotUniform", bytes, fixed = TRUE)
  bytes[at] <- charToRaw("g")
  writeBin(bytes, broken)
  expect_error(load_model(broken), "checksum", class = "keratin_error_file")
})

test_that("checksums are those of zip archives", {
  expect_equal(crc32(charToRaw("123456789")), 0xCBF43926)
  expect_equal(crc32(raw()), 0)
})

test_that("models within models are counted as Keras does, and come back", {
  inner <- keras_model_sequential(input_shape = 3, name = "inner") |> layer_dense(3)
  input <- layer_input(shape = 3)
  output <- layer_add(list(inner(input), inner(input))) |> layer_dense(1)
  model <- keras_model(input, output)
  expect_match(model_to_json(model), '["inner", 1, 0', fixed = TRUE)
  copy <- model_from_json(model_to_json(model))
  set_weights(copy, get_weights(model))
  expect_equal(as.array(copy(matrix(1:3, 1))), as.array(model(matrix(1:3, 1))))
})

test_that("learned vocabularies are in .keras files", {
  skip_if_not_installed("zip")
  layer <- layer_text_vectorization(output_sequence_length = 3)
  adapt(layer, c("a b", "b c d"))
  input <- layer_input(shape = 1, dtype = "string")
  model <- keras_model(input, layer(input))
  path <- withr::local_tempfile(fileext = ".keras")
  save_model(model, path)
  copy <- load_model(path, compile = FALSE)
  expect_identical(get_vocabulary(copy$layers[[2]]), get_vocabulary(layer))
})

test_that("YAML is gone", {
  expect_error(model_to_yaml(NULL), "model_to_json")
})
