# What the architectures share: their input, their top, their weights. Each architecture is a function of a symbolic tensor.

# Input of an architecture: list(x = , inputs = ). `default`: size of the images that the published weights were trained on.
application_input <- function(input_shape, input_tensor, default, least, include_top, weights, flexible_top = FALSE, classes = 1000) {
  check_application_weights(weights, include_top, classes)
  if (!is.null(input_tensor)) {
    if (!is_keras_tensor(input_tensor)) {
      abort_argument("`input_tensor` must come from layer_input() or another layer. Received: ", received(class(input_tensor)), ".")
    }
    return(list(x = input_tensor, inputs = source_inputs(input_tensor)))
  }
  shape <- if (!is.null(input_shape)) {
    as_dims(input_shape, "input_shape")
  } else if (include_top && !flexible_top) {
    c(default, default, 3L)
  } else {
    c(NA, NA, 3L)
  }
  if (length(shape) != 3L) abort_argument("`input_shape` must be c(height, width, channels). Received: ", received(input_shape), ".")
  if (identical(weights, "imagenet") && shape[3L] != 3L) {
    abort_argument("with weights = \"imagenet\" the input has 3 channels. Received: input_shape = ", received(input_shape), ".")
  }
  if (identical(weights, "imagenet") && include_top && !flexible_top && !identical(as.integer(shape), c(default, default, 3L)))
    abort_argument("with weights = \"imagenet\" and include_top = TRUE, `input_shape` must be c(", default, ", ", default, ", 3). Received: ",
                   received(input_shape), ".")
  if (any(shape[1:2] < least, na.rm = TRUE)) {
    abort_argument("images must be at least ", least, " x ", least, " pixels. Received: input_shape = ", received(input_shape), ".")
  }
  if (include_top && !flexible_top && anyNA(shape)) {
    abort_argument("with include_top = TRUE all sizes of `input_shape` must be given. Received: ", received(input_shape), ".")
  }
  input <- layer_input(shape = lapply(shape, function(s) if (is.na(s)) NULL else s))
  list(x = input, inputs = input)
}

check_application_weights <- function(weights, include_top, classes) {
  if (is.null(weights)) return(invisible())
  if (!is.character(weights) || length(weights) != 1L || !(weights == "imagenet" || file.exists(weights)))
    abort_argument("`weights` must be NULL, \"imagenet\" or the path of a weights file. Received: ", received(weights), ".")
  if (weights == "imagenet" && include_top && classes != 1000) {
    abort_argument("with weights = \"imagenet\" and include_top = TRUE, `classes` must be 1000. Received: ", received(classes), ".")
  }
}

# The layer_input()s that a symbolic tensor comes from.
source_inputs <- function(tensor) {
  found <- list()
  seen <- new.env()
  look <- function(tensor) {
    node <- parent_node(tensor)
    if (!is.null(seen[[node$key]])) return()
    assign(node$key, TRUE, envir = seen)
    if (is_input_node(node)) found[[length(found) + 1L]] <<- tensor else for (input in node$inputs) look(input)
  }
  look(tensor)
  if (length(found) == 1L) found[[1L]] else found
}

# Pooling of the last feature map where there is no top.
pool_features <- function(x, pooling, avg_name = NULL, max_name = NULL) {
  if (is.null(pooling)) return(x)
  switch(one_of(pooling, c("avg", "max"), "pooling"),
    avg = layer_global_average_pooling_2d(x, name = avg_name), max = layer_global_max_pooling_2d(x, name = max_name))
}
classify_features <- function(x, classes, activation = "softmax", name = "avg_pool") {
  layer_dense(layer_global_average_pooling_2d(x, name = name), units = classes, activation = activation, name = "predictions")
}

finish_application <- function(input, x, name, weights, url) {
  model <- keras_model(input$inputs, x, name = name)
  if (!is.null(weights)) {
    load_model_weights_hdf5(model, if (identical(weights, "imagenet")) published_weights_file(url) else weights)
  }
  model
}
application_files <- "https://storage.googleapis.com/tensorflow/keras-applications/"
top_suffix <- function(include_top, without) if (include_top) "" else without

# Layers in the short form in which architectures are written.
conv <- function(x, filters, size, strides = 1L, padding = "same", name = NULL, bias = FALSE, ...) {
  layer_conv_2d(x, filters = filters, kernel_size = size, strides = strides, padding = padding, use_bias = bias, name = name, ...)
}
batch_norm <- function(x, name = NULL, epsilon = 0.001, momentum = 0.99, scale = TRUE) {
  layer_batch_normalization(x, momentum = momentum, epsilon = epsilon, scale = scale, name = name)
}
relu <- function(x, name = NULL) layer_activation(x, "relu", name = name)
relu6 <- function(x, name = NULL) layer_activation_relu(x, max_value = 6, name = name)

# Zeros that make a "valid" convolution of stride 2 do what frameworks with symmetric padding do.
stride_padding <- function(x, size) {
  dims <- tensor_shape(x)[2:3]
  even <- ifelse(is.na(dims), 1L, 1L - dims %% 2L)
  half <- size %/% 2L
  list(c(half - even[1L], half), c(half - even[2L], half))
}

# Multiple of 8 near v, at least 0.9 v.
divisible_by_8 <- function(v) {
  rounded <- max(8L, as.integer(v + 4) %/% 8L * 8L)
  as.integer(if (rounded < 0.9 * v) rounded + 8L else rounded)
}
