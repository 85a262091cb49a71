# The graph of an ONNX file: nodes with type, inputs, outputs and attributes, names of initializers, inputs and outputs.
read_onnx <- function(path) {
  model <- pb_read(readBin(path, "raw", file.size(path)))
  graph <- pb_read(pb_first_bytes(model, 7L))
  texts <- function(message, id) vapply(Filter(is.raw, pb_all(message, id)), raw_text, "")
  nodes <- lapply(pb_all(graph, 1L), function(bytes) {
    node <- pb_read(bytes)
    attributes <- lapply(pb_all(node, 5L), pb_read)
    values <- lapply(attributes,
                     function(a)
                       if (length(pb_all(a, 8L))) unlist(
                         pb_all(a, 8L)) else if (length(pb_all(a, 3L))) unlist(pb_all(a, 3L)) else pb_first_string(a, 4L))
    list(type = pb_first_string(node, 4L), inputs = texts(node, 1L), outputs = texts(node, 2L),
         attributes = setNames(values, vapply(attributes, pb_first_string, "", id = 1L)))
  })
  opset <- pb_read(pb_first_bytes(model, 8L))
  list(ir = pb_first_number(model, 1L), opset = pb_first_number(opset, 2L), nodes = nodes, types = vapply(nodes, `[[`, "", "type"),
       initializers = vapply(pb_all(graph, 5L), function(bytes) pb_first_string(pb_read(bytes), 8L), ""),
       inputs = vapply(pb_all(graph, 11L), function(bytes) pb_first_string(pb_read(bytes), 1L), ""),
       outputs = vapply(pb_all(graph, 12L), function(bytes) pb_first_string(pb_read(bytes), 1L), ""))
}

# Every value is made once, before it is used.
expect_whole_graph <- function(onnx) {
  known <- c(onnx$inputs, onnx$initializers, "")
  for (node in onnx$nodes) {
    expect_true(all(node$inputs %in% known))
    known <- c(known, node$outputs)
  }
  expect_false(anyDuplicated(known) > 0)
  expect_true(all(onnx$outputs %in% known))
}
exported <- function(model) {
  path <- withr::local_tempfile(fileext = ".onnx")
  expect_identical(save_model_onnx(model, path), model)
  onnx <- read_onnx(path)
  expect_whole_graph(onnx)
  onnx
}

test_that("a transposed convolution is a ConvTranspose with the right ends", {
  onnx <- exported(keras_model_sequential(input_shape = c(8, 3), name = "m") |>
    layer_conv_1d_transpose(4, 3, strides = 2, output_padding = 1, activation = "relu", name = "up") |> layer_dropout(0.5))
  expect_equal(onnx$opset, 17)
  expect_identical(onnx$types, c("Transpose", "ConvTranspose", "Transpose", "Relu", "Identity"))
  attributes <- onnx$nodes[[2]]$attributes
  expect_equal(attributes$strides, 2)
  expect_equal(attributes$pads, c(0, 0))
  expect_equal(attributes$output_padding, 1)
  expect_setequal(onnx$initializers, c("up/kernel", "up/bias"))
  short <- exported(keras_model_sequential(input_shape = c(8, 3)) |>
                    layer_conv_1d_transpose(4, 5, strides = 2, padding = "same"))$nodes[[2]]$attributes
  expect_equal(2 * 7 + 5 - sum(short$pads) + short$output_padding, 16)
})

test_that("a model with branches, a shared layer and a model within is one graph", {
  a <- layer_input(shape = 4, name = "a")
  b <- layer_input(shape = 4, name = "b")
  shared <- layer_dense(units = 3, name = "shared")
  inner <- keras_model_sequential(input_shape = 3) |> layer_dense(2, activation = "softmax") |> layer_batch_normalization()
  y <- layer_concatenate(list(inner(shared(a)), inner(shared(b)), shared(a) * 2 + 1))
  model <- keras_model(list(a, b), list(y, layer_dense(y, 1, name = "last")))
  config <- model_to_json(model)
  onnx <- exported(model)
  expect_identical(onnx$inputs, c("a", "b"))
  expect_length(onnx$outputs, 2L)
  expect_equal(sum(onnx$initializers == "shared/kernel"), 1)
  expect_equal(sum(onnx$types == "Softmax"), 2)
  expect_identical(model_to_json(model), config)   # left as it was
})

test_that("an LSTM's gates are put in order", {
  onnx <- exported(keras_model_sequential(input_shape = c(5, 3)) |> layer_lstm(2, name = "l"))
  expect_true("LSTM" %in% onnx$types)
  expect_equal(onnx$nodes[[match("LSTM", onnx$types)]]$attributes$hidden_size, 2)
  expect_setequal(intersect(unlist(lapply(onnx$nodes, `[[`, "inputs")), onnx$initializers), onnx$initializers)   # nothing that is not read
})

test_that("what ONNX does not have is named", {
  path <- withr::local_tempfile(fileext = ".onnx")
  model <- keras_model_sequential(input_shape = c(3, 5, 5, 1)) |> layer_conv_lstm_2d(2, 2, name = "frames")
  expect_error(save_model_onnx(model, path), '"frames" \\(ConvLSTM2D\\) cannot be written as ONNX', class = "keratin_error_argument")
  masked <- keras_model_sequential(input_shape = c(3, 5)) |> layer_masking(name = "gaps") |> layer_gru(2)
  expect_error(save_model_onnx(masked, path), '"gaps" \\(Masking\\)', class = "keratin_error_argument")
  expect_false(file.exists(path))
  expect_error(save_model_onnx(keras_model_sequential() |> layer_dense(1), path), class = "keratin_error_argument")
  writeLines("old", path)
  expect_error(save_model_onnx(keras_model_sequential(input_shape = 2) |> layer_dense(1), path, overwrite = FALSE), "exists already",
               class = "keratin_error_file")
})
