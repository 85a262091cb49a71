# Damaged model files: small whole ones, changed at random. tools/fuzz-files makes thousands of them, test-io-fuzz.R a few.

fuzz_bases <- function(folder) {
  set.seed(1)
  model <- keras_model_sequential(input_shape = c(4, 2), name = "model") |> layer_conv_1d(2, 2, name = "conv") |> layer_flatten(name = "flat") |>
    layer_dense(1, name = "dense")
  compile(model, optimizer = optimizer_adam(0.01), loss = "mse")
  at <- function(name) file.path(folder, name)
  save_model_hdf5(model, at("model.h5"))
  save_model_weights_hdf5(model, at("w_weights.h5"))
  save_model_weights_hdf5(model, at("w.weights.h5"))
  if (requireNamespace("zip", quietly = TRUE)) save_model(model, at("model.keras"))
  input <- layer_input(shape = 3, name = "x")
  write_text(at("model.json"), model_to_json(keras_model(input, layer_dense(input[, 1:2] * 2 + 1, 1))))
  save_model_weights_tf(model, at("tf"))
  json <- to_python_json(c(model_description(unwrap(model))[c("class_name", "config")],
                           list(training_config = written_compile_config(unwrap(model), "h5"))))
  write_bytes(at("keras_metadata.pb"), pb_message(1L, pb_string(3L, "root"), pb_string(4L, "_tf_keras_sequential"), pb_string(5L, json)))
  model
}

# The slow ones less often: what is too damaged for the quick reader goes to the HDF5 library.
fuzz_kinds <- c("h5", "weights", "weights_v3", "keras_weights",
                rep(c("keras", "json", "keras_config", "checkpoint_index", "json", "checkpoint_data", "saved_model"), 4))

change_bytes <- function(bytes) {
  n <- length(bytes)
  for (step in seq_len(sample(3L, 1L))) {
    at <- sample(n, 1L)
    few <- min(n, at + sample(c(0:8, 64L), 1L))
    switch(sample(6L, 1L),
      bytes[at] <- xor(bytes[at], as.raw(2^sample(0:7, 1L))),
      bytes[at:few] <- as.raw(sample(0:255, few - at + 1L, TRUE)),
      bytes[at:few] <- as.raw(0xff),
      bytes[at:few] <- as.raw(0),
      if (runif(1) < 0.3) bytes <- bytes[seq_len(at)],
      bytes <- append(bytes, bytes[at:few], sample(n, 1L)))
    n <- length(bytes)
  }
  bytes
}

# JSON that is still JSON: a number, text or word in it becomes another.
change_json <- function(bytes) {
  if (runif(1) < 0.3) return(change_bytes(bytes))
  text <- rawToChar(bytes)
  found <- gregexpr('"[^"]*"|-?[0-9][0-9.e+-]*|true|false|null|\\[\\]|\\{\\}', text)
  pieces <- regmatches(text, found)[[1L]]
  for (step in seq_len(sample(2L, 1L)))
    pieces[sample(length(pieces), 1L)] <- sample(c("-1", "0", "1e300", "99999999999", "2.5", "null", "true", "[]", "{}", '""', '"x"', '"relu"',
                                                   '"os"', "[1, 2]", '{"a": 1}',
      '[["x", 0, 0]]', '"Dense"', '"Lambda"', '"class_name"', '"linear"', "[null, 1000000, 1000000]", "1000000", sample(pieces, 5L, TRUE)), 1L)
  regmatches(text, found)[[1L]] <- list(pieces)[[1L]]
  charToRaw(text)
}

# Makes the damaged file number `i` and loads it: "loaded", or the condition.
fuzz_case <- function(i, seed, bases, model, kinds = fuzz_kinds) {
  set.seed(seed * 100000 + i)
  kind <- kinds[(i - 1L) %% length(kinds) + 1L]
  folder <- tempfile("fuzz")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  from <- function(name) readBin(file.path(bases, name), "raw", 1e7)
  to <- function(name,
                 bytes) { force(bytes); path <- file.path(folder, name); dir.create(dirname(path), FALSE, TRUE); write_bytes(path, bytes); path }
  rezipped <- function(name, change) {
    utils::unzip(file.path(bases, "model.keras"), exdir = folder)
    to(name, change(readBin(file.path(folder, name), "raw", 1e7)))
    path <- file.path(folder, "model.keras")
    zip::zip(path, c("metadata.json", "config.json", "model.weights.h5"), root = folder, mode = "mirror", compression_level = 0)
    path
  }
  open <- switch(kind,
    h5 = { path <- to("a.h5", change_bytes(from("model.h5"))); function() load_model_hdf5(path) },
    weights = { path <- to("a.h5", change_bytes(from("w_weights.h5"))); function() load_model_weights_hdf5(model, path) },
    weights_v3 = { path <- to("a.weights.h5", change_bytes(from("w.weights.h5"))); function() load_model_weights_hdf5(model, path) },
    keras = { path <- to("a.keras", change_bytes(from("model.keras"))); function() load_model(path) },
    keras_config = { path <- rezipped("config.json", change_json); function() load_model(path) },
    keras_weights = { path <- rezipped("model.weights.h5", change_bytes); function() load_model(path) },
    json = { text <- change_json(from("model.json")); text <- text[text != 0]; function() model_from_json(rawToChar(text)) },
    checkpoint_index = {
      path <- sub("\\.index$", "", to("tf.index", change_bytes(from("tf.index"))))
      to("tf.data-00000-of-00001", from("tf.data-00000-of-00001"))
      function() load_model_weights_tf(model, path)
    },
    checkpoint_data = {
      path <- sub("\\.index$", "", to("tf.index", from("tf.index")))
      to("tf.data-00000-of-00001", change_bytes(from("tf.data-00000-of-00001")))
      function() load_model_weights_tf(model, path)
    },
    saved_model = {
      to("saved_model.pb", raw())
      to("variables/variables.index", from("tf.index"))
      to("variables/variables.data-00000-of-00001", from("tf.data-00000-of-00001"))
      to("keras_metadata.pb", change_bytes(from("keras_metadata.pb")))
      function() load_model_tf(folder)
    })
  before <- sum(proc.time()[1:2])
  result <- tryCatch({ suppressWarnings(open()); "loaded" }, error = function(e) e)
  list(kind = kind, took = sum(proc.time()[1:2]) - before, result = result, ok = identical(result, "loaded") || inherits(result, "keratin_error"))
}
