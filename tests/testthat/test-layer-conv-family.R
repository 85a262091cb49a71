# The convolution family: 200 random mixes of arguments, each held against finite differences in float64, and both data formats and the
# symbolic shape against the value.

draw <- function(...) sample(list(...), 1L)[[1L]]

# A random layer of the family (as a call without data_format and dtype), and a random input for it, channels last.
draw_case <- function() {
  kind <- draw("conv", "conv", "conv_transpose", "conv_transpose", "depthwise", "separable", "max_pooling", "average_pooling", "upsampling",
               "zero_padding", "cropping")
  rank <- if (kind %in% c("depthwise", "separable")) sample(2L, 1L) else sample(3L, 1L)
  each <- function(values) sample(values, rank, TRUE)
  groups <- if (startsWith(kind, "conv")) draw(1L, 1L, 2L) else 1L
  channels <- if (groups == 2L) draw(2L, 4L) else sample(3L, 1L)
  sizes <- each(4:7)
  kernel_size <- each(1:3)
  dilated <- runif(1) < 0.3
  strides <- if (dilated) rep(1L, rank) else each(1:3)
  dilation <- if (dilated) each(1:2) else rep(1L, rank)
  padding <- draw("valid", "same", if (rank == 1L && kind %in% c("conv", "separable")) "causal" else "same")
  if (padding == "valid") sizes <- pmax(sizes, (kernel_size - 1L) * dilation + 1L)
  common <- list(kernel_size = kernel_size, strides = strides, padding = padding, dilation_rate = dilation,
                 activation = draw(NULL, "tanh", "sigmoid", "softplus", "elu"), use_bias = draw(TRUE, TRUE, FALSE),
                 bias_initializer = "random_normal")
  margins <- lapply(seq_len(rank), function(i) sample(0:2, 2L, TRUE))
  if (rank == 1L) margins <- margins[[1L]]
  arguments <- switch(kind,
    conv = c(list(filters = 2L * sample(2L, 1L), groups = groups), common),
    conv_transpose = c(list(filters = 2L * sample(2L, 1L)), common,
                       if (padding != "same" && runif(1) < 0.4 && all(strides > 1L)) list(output_padding = pmin(each(0:2), strides - 1L))),
    depthwise = c(list(depth_multiplier = sample(2L, 1L)), common),
    separable = c(list(filters = 3L, depth_multiplier = sample(2L, 1L)), common),
    max_pooling = , average_pooling = {
      list(pool_size = kernel_size, strides = draw(NULL, strides), padding = if (padding == "causal") "same" else padding)
    },
    upsampling = c(list(size = kernel_size),
                   if (rank == 2L) list(interpolation = draw("nearest", "bilinear", "bicubic", "area", "lanczos3", "gaussian", "mitchellcubic"))),
    zero_padding = list(padding = margins),
    cropping = list(cropping = if (rank == 1L) pmin(margins, 1L) else lapply(margins, pmin, 1L)))
  name <- switch(kind, conv = "layer_conv_%dd", conv_transpose = "layer_conv_%dd_transpose", depthwise = "layer_depthwise_conv_%dd",
                 separable = "layer_separable_conv_%dd", paste0("layer_", kind, "_%dd"))
  has_format <- !(rank == 1L && kind %in% c("upsampling", "zero_padding", "cropping"))
  list(make = sprintf(name, rank), arguments = arguments, dims = c(2L, sizes, channels), has_format = has_format)
}

make_layer <- function(case, ...) {
  layer <- do.call(case$make, c(case$arguments, list(...)))
  layer$dtype <- "float64"
  layer
}
channels_first <- function(x) aperm(x, c(1L, length(dim(x)), seq_len(length(dim(x)) - 2L) + 1L))
text_of <- function(case) paste0(case$make, "(",
                                 paste(names(case$arguments), vapply(case$arguments, function(a) paste(deparse(a), collapse = ""), ""), sep = " = ",
                                       collapse = ", "),
                                 ") on ", paste(case$dims, collapse = "x"))

test_that("200 random mixes of arguments agree with finite differences, in both data formats", {
  set.seed(20260101)
  for (i in seq_len(200L)) {
    case <- draw_case()
    x <- array(rnorm(prod(case$dims)), case$dims)
    layer <- make_layer(case)
    start <- as.array(layer(tensor(x, "float64")))
    weights <- get_weights(layer)
    cotangent <- array(rnorm(length(start)), dim(start))
    value <- function(x, weights) {
      if (length(weights)) set_weights(layer, weights)
      sum(as.array(layer(tensor(x, "float64"))) * cotangent)
    }
    input <- tensor(x, "float64")
    y <- with_recording(layer(input))
    gradients <- lapply(op_gradients(y, c(list(input), layer$trainable_weights), tensor(cotangent, "float64")), as.array)
    along <- lapply(c(list(x), weights), function(a) array(rnorm(length(a)), if (is.null(dim(a))) length(a) else dim(a)))
    move <- function(by) value(x + by * along[[1L]], Map(function(w, v) w + by * v, weights, along[-1L]))
    expected <- (move(1e-6) - move(-1e-6)) / 2e-6
    expect_equal(sum(mapply(function(g, v) sum(g * v), gradients, along)), expected, tolerance = 1e-6, label = text_of(case))

    if (length(weights)) set_weights(layer, weights)
    free <- case$dims
    free[seq_len(length(free) - 1L)] <- NA
    known <- as_dims(layer$compute_output_shape(shape_as_list(case$dims)))
    unknown <- as_dims(layer$compute_output_shape(shape_as_list(free)))
    expect_identical(known, dim(start), label = text_of(case))
    expect_true(all(is.na(unknown) | unknown == dim(start)) && length(unknown) == length(dim(start)), label = text_of(case))
    if (case$has_format) {
      turned <- make_layer(case, data_format = "channels_first", weights = if (length(weights)) weights)
      expect_equal(as.array(turned(tensor(channels_first(x), "float64"))), channels_first(start), label = text_of(case))
    }
    again <- from_config(get_config(layer))
    expect_identical(get_config(again), get_config(layer), label = text_of(case))
  }
})
