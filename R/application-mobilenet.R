#' MobileNet
#'
#' @inheritParams application_vgg16
#' @param alpha Width of the network: the number of filters of each layer is multiplied by it.
#' @param depth_multiplier Output channels for each input channel of the depthwise convolutions.
#' @param dropout Dropout rate.
#' @param ... Not used.
#' @return A model.
#' @references Howard et al. (2017), <https://arxiv.org/abs/1704.04861>.
#' @family applications
#' @export
application_mobilenet <- function(input_shape = NULL, alpha = 1, depth_multiplier = 1L, dropout = 0.001, include_top = TRUE, weights = "imagenet",
                                  input_tensor = NULL, pooling = NULL, classes = 1000L, classifier_activation = "softmax", ...) {
  input <- application_input(input_shape, input_tensor, mobilenet_size(input_shape, weights, c(128L, 160L, 192L, 224L)), 32L, include_top, weights,
                             classes = classes)
  if (identical(weights, "imagenet") && (depth_multiplier != 1 || !alpha %in% c(0.25, 0.5, 0.75, 1)))
    abort_argument("there are published weights for depth_multiplier = 1 and alpha = 0.25, 0.5, 0.75, 1 only. Received: alpha = ", received(alpha),
                   ".")
  filters <- function(n) as.integer(n * alpha)
  rows <- tensor_shape(input$x)[2L]
  x <- relu6(batch_norm(conv(input$x, filters(32), 3, 2, name = "conv1"), "conv1_bn"), "conv1_relu")
  widths <- c(64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
  for (i in seq_along(widths)) {
    stride <- if (i %in% c(2, 4, 6, 12)) 2L else 1L
    if (stride == 2L) x <- layer_zero_padding_2d(x, padding = list(c(0L, 1L), c(0L, 1L)), name = paste0("conv_pad_", i))
    x <- layer_depthwise_conv_2d(x, kernel_size = 3, strides = c(stride, stride), padding = if (stride == 1L) "same" else "valid",
                                 depth_multiplier = depth_multiplier,
                                 use_bias = FALSE, name = paste0("conv_dw_", i))
    x <- relu6(batch_norm(x, paste0("conv_dw_", i, "_bn")), paste0("conv_dw_", i, "_relu"))
    x <- relu6(batch_norm(conv(x, filters(widths[i]), 1, name = paste0("conv_pw_", i)), paste0("conv_pw_", i, "_bn")), paste0("conv_pw_", i, "_relu"))
  }
  if (include_top) {
    x <- layer_global_average_pooling_2d(x, keepdims = TRUE)
    x <- layer_dropout(x, dropout, name = "dropout")
    x <- conv(x, classes, 1, name = "conv_preds", bias = TRUE)
    x <- layer_activation(layer_reshape(x, as.integer(classes), name = "reshape_2"), classifier_activation %||% "linear", name = "predictions")
  } else x <- pool_features(x, pooling)
  alpha_text <- c("1" = "1_0", "0.75" = "7_5", "0.5" = "5_0", "0.25" = "2_5")[as.character(alpha)]
  finish_application(input, x, sprintf("mobilenet_%0.2f_%s", alpha, if (is.na(rows)) "None" else rows), weights,
                     paste0(application_files, "mobilenet/mobilenet_", alpha_text, "_", if (is.na(rows)) 224L else rows, "_tf",
                            top_suffix(include_top, "_no_top"), ".h5"))
}

# Square images of the sizes with published weights keep their size.
mobilenet_size <- function(input_shape, weights, sizes) {
  shape <- unlist(input_shape)
  if (length(shape) == 3L && shape[1L] == shape[2L] && shape[1L] %in% sizes) as.integer(shape[1L]) else 224L
}

#' MobileNetV2
#'
#' @inheritParams application_mobilenet
#' @return A model.
#' @references Sandler et al. (2018), <https://arxiv.org/abs/1801.04381>.
#' @family applications
#' @export
application_mobilenet_v2 <- function(input_shape = NULL, alpha = 1, include_top = TRUE, weights = "imagenet", input_tensor = NULL, pooling = NULL,
                                     classes = 1000, classifier_activation = "softmax", ...) {
  input <- application_input(input_shape, input_tensor, mobilenet_size(input_shape, weights, c(96L, 128L, 160L, 192L, 224L)), 32L, include_top,
                             weights, classes = classes)
  if (identical(weights, "imagenet") && !alpha %in% c(0.35, 0.5, 0.75, 1, 1.3, 1.4))
    abort_argument("there are published weights for alpha = 0.35, 0.5, 0.75, 1, 1.3, 1.4 only. Received: alpha = ", received(alpha), ".")
  rows <- tensor_shape(input$x)[2L]
  norm <- function(x, name) batch_norm(x, name, momentum = 0.999)
  x <- relu6(norm(conv(input$x, divisible_by_8(32 * alpha), 3, 2, name = "Conv1"), "bn_Conv1"), "Conv1_relu")
  blocks <- data.frame(filters = rep(c(16, 24, 32, 64, 96, 160, 320), c(1, 2, 3, 4, 3, 3, 1)), stride = 1L)
  blocks$stride[c(2, 4, 7, 14)] <- 2L
  for (i in seq_len(nrow(blocks))) x <- inverted_residual(x, blocks$filters[i], blocks$stride[i], if (i == 1) 1 else 6, alpha, i - 1L, norm)
  x <- relu6(norm(conv(x, if (alpha > 1) divisible_by_8(1280 * alpha) else 1280, 1, padding = "valid", name = "Conv_1"), "Conv_1_bn"), "out_relu")
  x <- if (include_top) classify_features(x, classes, classifier_activation, name = NULL) else pool_features(x, pooling)
  finish_application(input, x, sprintf("mobilenetv2_%0.2f_%s", alpha, if (is.na(rows)) "None" else rows), weights,
                     paste0(application_files, "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_", if (alpha == 1) "1.0" else alpha,
                            "_", if (is.na(rows)) 224L else rows,
                            top_suffix(include_top, "_no_top"), ".h5"))
}

inverted_residual <- function(inputs, filters, stride, expansion, alpha, id, norm) {
  part <- function(suffix) paste0(if (id) paste0("block_", id) else "expanded_conv", "_", suffix)
  channels <- tensor_shape(inputs)[4L]
  out <- divisible_by_8(as.integer(filters * alpha))
  x <- inputs
  if (id) x <- relu6(norm(conv(x, expansion * channels, 1, name = part("expand")), part("expand_BN")), part("expand_relu"))
  if (stride == 2L) x <- layer_zero_padding_2d(x, padding = stride_padding(x, 3L), name = part("pad"))
  x <- layer_depthwise_conv_2d(x, kernel_size = 3, strides = c(stride, stride), padding = if (stride == 1L) "same" else "valid", use_bias = FALSE,
                               name = part("depthwise"))
  x <- relu6(norm(x, part("depthwise_BN")), part("depthwise_relu"))
  x <- norm(conv(x, out, 1, name = part("project")), part("project_BN"))
  if (channels == out && stride == 1L) layer_add(list(inputs, x), name = part("add")) else x
}
