set.seed(2)
x <- array(rnorm(8 * 12), c(8, 6, 2))
y <- matrix(rnorm(8))

test_that("a TensorFlow checkpoint keeps weights and optimizer", {
  model <- file_model()
  fit(model, x, y, epochs = 1, verbose = 0)
  folder <- withr::local_tempdir()
  prefix <- file.path(folder, "weights")
  expect_identical(save_model_weights_tf(model, prefix), model)
  expect_setequal(list.files(folder), c("checkpoint", "weights.index", "weights.data-00000-of-00001"))
  for (path in list(prefix, paste0(prefix, ".index"), folder)) {
    copy <- file_model()
    load_model_weights_tf(copy, path)
    expect_identical(model_state(copy), model_state(model))
  }
  expect_error(save_model_weights_tf(model, prefix, overwrite = FALSE), "exists already", class = "keratin_error_file")
  expect_error(load_model_weights_tf(copy, prefix, by_name = TRUE), "HDF5", class = "keratin_error_argument")
})

test_that("a damaged checkpoint is refused, and nothing changes", {
  model <- keras_model_sequential(input_shape = 3) |> layer_dense(4, name = "first")
  folder <- withr::local_tempdir()
  prefix <- file.path(folder, "w")
  save_model_weights_tf(model, prefix)
  before <- get_weights(model)
  files <- paste0(prefix, c(".index", ".data-00000-of-00001"))
  for (file in files) {
    whole <- readBin(file, "raw", 1e6)
    for (at in c(1, 20, length(whole) %/% 2, length(whole) - 1)) {
      bytes <- whole
      bytes[at] <- xor(bytes[at], as.raw(0xff))
      writeBin(bytes, file)
      expect_error(load_model_weights_tf(model, prefix), class = "keratin_error_file")
      writeBin(whole[seq_len(at - 1)], file)
      expect_error(load_model_weights_tf(model, prefix), class = "keratin_error_file")
    }
    writeBin(whole, file)
  }
  expect_identical(get_weights(model), before)
  other <- keras_model_sequential(input_shape = 3) |> layer_dense(5, name = "first")
  expect_error(load_model_weights_tf(other, prefix), "first.*shape \\(3, 5\\).*\\(3, 4\\)", class = "keratin_error_file")
  more <- keras_model_sequential(input_shape = 3) |> layer_dense(4) |> layer_dense(1, name = "second")
  expect_error(load_model_weights_tf(more, prefix), "second.*not in the checkpoint", class = "keratin_error_file")
  unlink(files[2])
  expect_error(load_model_weights_tf(model, prefix), "missing", class = "keratin_error_file")
})

test_that("protocol buffers and tables come back", {
  message <- pb_read(c(pb_whole(1L, 300), pb_whole(2L, -1), pb_string(3L, "h\u00e9"), pb_message(4L, pb_whole(1L, 2^40)), pb_fixed32(6L, 4294967295)))
  expect_equal(pb_first_number(message, 1L), 300)
  expect_equal(pb_first_number(message, 2L), -1)
  expect_equal(pb_first_string(message, 3L), "h\u00e9")
  expect_equal(pb_first_number(pb_read(pb_first_bytes(message, 4L)), 1L), 2^40)
  expect_equal(pb_first_number(message, 6L), 4294967295)
  expect_error(pb_read(as.raw(c(0x0a, 0x05, 1))), "not there", class = "keratin_error_file")
  expect_error(pb_read(as.raw(rep(0xff, 12))), class = "keratin_error_file")
  keys <- c("", "a", "b/c")
  table <- table_read(table_write(keys, list(as.raw(1), raw(), charToRaw("long"))))
  expect_identical(names(table), keys)
  expect_identical(unname(table), list(as.raw(1), raw(), charToRaw("long")))
})

# A SavedModel as Keras 2.15 leaves it, made by hand.
test_that("the folder of a SavedModel is read", {
  model <- file_model()
  fit(model, x, y, epochs = 1, verbose = 0)
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, "variables"))
  save_model_weights_tf(model, file.path(folder, "variables", "variables"))
  writeBin(raw(), file.path(folder, "saved_model.pb"))
  expect_error(load_model_tf(folder), "load_model_weights_tf", class = "keratin_error_file")
  json <- gsub("\\[null, 6, 2\\]", '{"class_name": "__tuple__", "items": [null, 6, 2]}',
               to_python_json(model_description(unwrap(model))[c("class_name", "config")]))
  json <- sub("\\}$", paste0(", \"training_config\": ", to_python_json(written_compile_config(unwrap(model), "h5")), "}"), json)
  write_bytes(file.path(folder, "keras_metadata.pb"),
              pb_message(1L, pb_string(3L, "root"), pb_string(4L, "_tf_keras_sequential"), pb_string(5L, json)))
  copy <- load_model_tf(folder)
  expect_identical(model_state(copy), model_state(model))
  expect_identical(predict(copy, x, verbose = 0), predict(model, x, verbose = 0))
  write_bytes(file.path(folder, "keras_metadata.pb"), charToRaw("not a message"))
  expect_error(load_model_tf(folder), class = "keratin_error_file")
})

test_that("callback_model_checkpoint() writes weights and whole models in every format", {
  skip_if_not_installed("hdf5r")
  skip_if_not_installed("zip")
  folder <- withr::local_tempdir()
  for (name in c("w-{epoch}", "w-{epoch}.h5")) {
    model <- file_model()
    fit(model, x, y, epochs = 2, verbose = 0, callbacks = list(callback_model_checkpoint(file.path(folder, name), save_weights_only = TRUE)))
    copy <- file_model()
    load_model_weights_tf(copy, file.path(folder, sub("{epoch}", "2", name, fixed = TRUE)))
    expect_identical(get_weights(copy), get_weights(model))
  }
  for (name in c("m.h5", "m.keras", "m")) {
    model <- file_model()
    fit(model, x, y, epochs = 1, verbose = 0, callbacks = list(callback_model_checkpoint(file.path(folder, name))))
    expect_identical(model_state(load_model_tf(file.path(folder, name))), model_state(model))
  }
})
