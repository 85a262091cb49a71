#' EfficientNet
#'
#' The models contain their own rescaling and normalization: they take pixels from 0 to 255.
#'
#' @inheritParams application_xception
#' @return A model.
#' @references Tan and Le (2019), <https://arxiv.org/abs/1905.11946>.
#' @family applications
#' @name application_efficientnet
NULL

# width, depth, size of the images, dropout
efficientnet_sizes <- list(b0 = c(1, 1, 224, 0.2), b1 = c(1, 1.1, 240, 0.2), b2 = c(1.1, 1.2, 260, 0.3), b3 = c(1.2, 1.4, 300, 0.3),
                           b4 = c(1.4, 1.8, 380, 0.4),
                           b5 = c(1.6, 2.2, 456, 0.4), b6 = c(1.8, 2.6, 528, 0.5), b7 = c(2, 3.1, 600, 0.5))
# kernel size, repeats, filters, expansion, stride
efficientnet_blocks <- list(c(3, 1, 16, 1, 1), c(3, 2, 24, 6, 2), c(5, 2, 40, 6, 2), c(3, 3, 80, 6, 2), c(5, 3, 112, 6, 1), c(5, 4, 192, 6, 2),
                            c(3, 1, 320, 6, 1))

build_efficientnet <- function(variant, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                               drop_connect_rate = 0.2, ...) {
  size <- efficientnet_sizes[[variant]]
  input <- application_input(input_shape, input_tensor, as.integer(size[3L]), 32L, include_top, weights, classes = classes)
  fan_out <- list(kernel_initializer = initializer_variance_scaling(scale = 2, mode = "fan_out", distribution = "truncated_normal"))
  unit <- function(...) do.call(conv, c(list(...), fan_out))
  swish <- function(x, name) layer_activation(x, "swish", name = name)
  filters <- function(n) divisible_by_8(n * size[1L])
  x <- layer_normalization(layer_rescaling(input$x, scale = 1 / 255), axis = 3L)
  if (identical(weights, "imagenet")) x <- layer_rescaling(x, scale = 1 / sqrt(c(0.229, 0.224, 0.225)))
  x <- layer_zero_padding_2d(x, padding = stride_padding(x, 3L), name = "stem_conv_pad")
  x <- swish(batch_norm(unit(x, filters(32), 3, 2, "valid", "stem_conv"), "stem_bn"), "stem_activation")
  repeats <- vapply(efficientnet_blocks, function(b) ceiling(size[2L] * b[2L]), 0)
  done <- 0
  for (i in seq_along(efficientnet_blocks)) {
    b <- efficientnet_blocks[[i]]
    for (j in seq_len(repeats[i])) {
      x <- efficientnet_block(x, paste0("block", i, letters[j], "_"), b[1L], filters(b[3L]), b[4L], if (j == 1) b[5L] else 1,
                              drop_connect_rate * done / sum(repeats), unit, swish)
      done <- done + 1
    }
  }
  x <- swish(batch_norm(unit(x, filters(1280), 1, name = "top_conv"), "top_bn"), "top_activation")
  if (include_top) {
    x <- layer_dropout(layer_global_average_pooling_2d(x, name = "avg_pool"), size[4L], name = "top_dropout")
    x <- layer_dense(x, units = classes, activation = classifier_activation, name = "predictions",
                     kernel_initializer = initializer_variance_scaling(scale = 1 / 3, mode = "fan_out", distribution = "uniform"))
  } else x <- pool_features(x, pooling, "avg_pool", "max_pool")
  finish_application(input, x, paste0("efficientnet", variant), weights,
                     paste0("https://storage.googleapis.com/keras-applications/efficientnet", variant, top_suffix(include_top, "_notop"), ".h5"))
}

efficientnet_block <- function(inputs, prefix, size, out, expansion, stride, drop_rate, unit, swish) {
  part <- function(suffix) paste0(prefix, suffix)
  channels <- tensor_shape(inputs)[4L]
  inner <- channels * expansion
  x <- inputs
  if (expansion != 1) x <- swish(batch_norm(unit(x, inner, 1, name = part("expand_conv")), part("expand_bn")), part("expand_activation"))
  if (stride == 2) x <- layer_zero_padding_2d(x, padding = stride_padding(x, as.integer(size)), name = part("dwconv_pad"))
  x <- layer_depthwise_conv_2d(x, kernel_size = size, strides = c(stride, stride), padding = if (stride == 1) "same" else "valid", use_bias = FALSE,
                               name = part("dwconv"),
                               depthwise_initializer = initializer_variance_scaling(scale = 2, mode = "fan_out", distribution = "truncated_normal"))
  x <- swish(batch_norm(x, part("bn")), part("activation"))
  s <- layer_reshape(layer_global_average_pooling_2d(x, name = part("se_squeeze")), c(1L, 1L, as.integer(inner)), name = part("se_reshape"))
  s <- unit(s, max(1L, as.integer(channels * 0.25)), 1, bias = TRUE, name = part("se_reduce"), activation = "swish")
  s <- unit(s, inner, 1, bias = TRUE, name = part("se_expand"), activation = "sigmoid")
  x <- layer_multiply(list(x, s), name = part("se_excite"))
  x <- batch_norm(unit(x, out, 1, name = part("project_conv")), part("project_bn"))
  if (stride != 1 || channels != out) return(x)
  if (drop_rate > 0) x <- layer_dropout(x, drop_rate, noise_shape = list(NULL, 1, 1, 1), name = part("drop"))
  layer_add(list(x, inputs), name = part("add"))
}

# The eight differ in their sizes only: one function of the arguments, its variant kept in its environment.
efficientnet_of <- function(variant) {
  force(variant)
  function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL, classes = 1000L,
           classifier_activation = "softmax", ...) {
    build_efficientnet(variant, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, ...)
  }
}

#' @rdname application_efficientnet
#' @export
application_efficientnet_b0 <- efficientnet_of("b0")

#' @rdname application_efficientnet
#' @export
application_efficientnet_b1 <- efficientnet_of("b1")

#' @rdname application_efficientnet
#' @export
application_efficientnet_b2 <- efficientnet_of("b2")

#' @rdname application_efficientnet
#' @export
application_efficientnet_b3 <- efficientnet_of("b3")

#' @rdname application_efficientnet
#' @export
application_efficientnet_b4 <- efficientnet_of("b4")

#' @rdname application_efficientnet
#' @export
application_efficientnet_b5 <- efficientnet_of("b5")

#' @rdname application_efficientnet
#' @export
application_efficientnet_b6 <- efficientnet_of("b6")

#' @rdname application_efficientnet
#' @export
application_efficientnet_b7 <- efficientnet_of("b7")
