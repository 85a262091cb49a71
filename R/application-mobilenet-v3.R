#' MobileNetV3, large and small
#'
#' The model contains its own rescaling of pixels from 0 to 255, unless `include_preprocessing = FALSE`.
#'
#' @inheritParams application_mobilenet
#' @param minimalistic Whether to do without squeeze-and-excite, hard swish and 5 x 5 convolutions, which some hardware computes slowly.
#' @param dropout_rate Dropout rate.
#' @param include_preprocessing Whether to include the rescaling.
#' @return A model.
#' @references Howard et al. (2019), <https://arxiv.org/abs/1905.02244>.
#' @family applications
#' @export
application_mobilenet_v3_large <- function(input_shape = NULL, alpha = 1, minimalistic = FALSE, include_top = TRUE, weights = "imagenet",
                                           input_tensor = NULL, classes = 1000L, pooling = NULL, dropout_rate = 0.2,
                                           classifier_activation = "softmax", include_preprocessing = TRUE) {
  k <- if (minimalistic) 3L else 5L
  blocks <- list(c(1, 16, 3, 1, 0, 0), c(4, 24, 3, 2, 0, 0), c(3, 24, 3, 1, 0, 0), c(3, 40, k, 2, 1, 0), c(3, 40, k, 1, 1, 0), c(3, 40, k, 1, 1, 0),
                 c(6, 80, 3, 2, 0, 1),
                 c(2.5, 80, 3, 1, 0, 1), c(2.3, 80, 3, 1, 0, 1), c(2.3, 80, 3, 1, 0, 1), c(6, 112, 3, 1, 1, 1), c(6, 112, 3, 1, 1, 1),
                 c(6, 160, k, 2, 1, 1),
                 c(6, 160, k, 1, 1, 1), c(6, 160, k, 1, 1, 1))
  build_mobilenet_v3("large", blocks, 1280, input_shape, alpha, minimalistic, include_top, weights, input_tensor, classes, pooling, dropout_rate,
                     classifier_activation, include_preprocessing)
}

#' @rdname application_mobilenet_v3_large
#' @export
application_mobilenet_v3_small <- function(input_shape = NULL, alpha = 1, minimalistic = FALSE, include_top = TRUE, weights = "imagenet",
                                           input_tensor = NULL, classes = 1000L, pooling = NULL, dropout_rate = 0.2,
                                           classifier_activation = "softmax", include_preprocessing = TRUE) {
  k <- if (minimalistic) 3L else 5L
  blocks <- list(c(1, 16, 3, 2, 1, 0), c(72 / 16, 24, 3, 2, 0, 0), c(88 / 24, 24, 3, 1, 0, 0), c(4, 40, k, 2, 1, 1), c(6, 40, k, 1, 1, 1),
                 c(6, 40, k, 1, 1, 1), c(3, 48, k, 1, 1, 1),
                 c(3, 48, k, 1, 1, 1), c(6, 96, k, 2, 1, 1), c(6, 96, k, 1, 1, 1), c(6, 96, k, 1, 1, 1))
  build_mobilenet_v3("small", blocks, 1024, input_shape, alpha, minimalistic, include_top, weights, input_tensor, classes, pooling, dropout_rate,
                     classifier_activation, include_preprocessing)
}

hard_sigmoid_v3 <- function(x) layer_activation_relu(x + 3, max_value = 6) * (1 / 6)
hard_swish_v3 <- function(x) layer_multiply(list(x, hard_sigmoid_v3(x)))

# A block: expansion, filters, kernel size, stride, squeeze-and-excite, hard swish rather than ReLU.
build_mobilenet_v3 <- function(size, blocks, last_channels, input_shape, alpha, minimalistic, include_top, weights, input_tensor, classes, pooling,
                               dropout_rate, classifier_activation, include_preprocessing) {
  input <- application_input(input_shape, input_tensor, 224L, 32L, include_top, weights, flexible_top = TRUE, classes = classes)
  norm <- function(x, name) batch_norm(x, name, momentum = 0.999)
  activate <- function(x, swish = TRUE) if (swish && !minimalistic) hard_swish_v3(x) else layer_activation_relu(x)
  x <- input$x
  if (include_preprocessing) x <- layer_rescaling(x, scale = 1 / 127.5, offset = -1)
  x <- activate(norm(conv(x, 16, 3, 2, name = "Conv"), "Conv/BatchNorm"))
  for (i in seq_along(blocks)) {
    b <- blocks[[i]]
    part <- function(suffix) paste0("expanded_conv", if (i > 1) paste0("_", i - 1), "/", suffix)
    inputs <- x
    channels <- tensor_shape(x)[4L]
    filters <- divisible_by_8(b[2L] * alpha)
    inner <- divisible_by_8(channels * b[1L])
    if (i > 1) x <- activate(norm(conv(x, inner, 1, name = part("expand")), part("expand/BatchNorm")), b[6L] == 1)
    if (b[4L] == 2) x <- layer_zero_padding_2d(x, padding = stride_padding(x, as.integer(b[3L])), name = part("depthwise/pad"))
    x <- layer_depthwise_conv_2d(x, kernel_size = b[3L], strides = b[c(4L, 4L)], padding = if (b[4L] == 1) "same" else "valid", use_bias = FALSE,
                                 name = part("depthwise"))
    x <- activate(norm(x, part("depthwise/BatchNorm")), b[6L] == 1)
    if (b[5L] == 1 && !minimalistic) {
      s <- layer_global_average_pooling_2d(x, keepdims = TRUE, name = part("squeeze_excite/AvgPool"))
      s <- conv(s, divisible_by_8(inner * 0.25), 1, name = part("squeeze_excite/Conv"), bias = TRUE)
      s <- layer_activation_relu(s, name = part("squeeze_excite/Relu"))
      s <- hard_sigmoid_v3(conv(s, inner, 1, name = part("squeeze_excite/Conv_1"), bias = TRUE))
      x <- layer_multiply(list(x, s), name = part("squeeze_excite/Mul"))
    }
    x <- norm(conv(x, filters, 1, name = part("project")), part("project/BatchNorm"))
    if (b[4L] == 1 && channels == filters) x <- layer_add(list(inputs, x), name = part("Add"))
  }
  x <- activate(norm(conv(x, divisible_by_8(tensor_shape(x)[4L] * 6), 1, name = "Conv_1"), "Conv_1/BatchNorm"))
  if (include_top) {
    x <- layer_global_average_pooling_2d(x, keepdims = TRUE)
    x <- activate(conv(x, if (alpha > 1) divisible_by_8(last_channels * alpha) else last_channels, 1, name = "Conv_2", bias = TRUE))
    if (dropout_rate > 0) x <- layer_dropout(x, dropout_rate)
    x <- layer_flatten(conv(x, classes, 1, name = "Logits", bias = TRUE))
    x <- layer_activation(x, classifier_activation %||% "linear", name = "Predictions")
  } else x <- pool_features(x, pooling, "avg_pool", "max_pool")
  if (identical(weights, "imagenet") && (!alpha %in% c(0.75, 1) || minimalistic && alpha != 1))
    abort_argument("there are published weights for alpha = 0.75 and 1 (minimalistic: 1) only. Received: alpha = ", received(alpha), ".")
  finish_application(input, x, paste0("MobilenetV3", size), weights,
                     paste0(application_files, "mobilenet_v3/weights_mobilenet_v3_", size, if (minimalistic) "_minimalistic", "_224_",
                            if (alpha == 1) "1.0" else alpha, "_float",
                            top_suffix(include_top, "_no_top_v2"), ".h5"))
}
