#' Residual networks: ResNet and ResNetV2
#'
#' @inheritParams application_vgg16
#' @param ... `classifier_activation`: activation of the top.
#' @return A model.
#' @references He, Zhang, Ren, Sun (2015), <https://arxiv.org/abs/1512.03385>, and (2016), <https://arxiv.org/abs/1603.05027>.
#' @family applications
#' @name application_resnet
#' @export
application_resnet50 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL, classes = 1000,
                                 ...) {
  build_resnet("resnet50", c(3, 4, 6, 3), FALSE, include_top, weights, input_tensor, input_shape, pooling, classes, ...)
}
#' @rdname application_resnet
#' @export
application_resnet101 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL, classes = 1000,
                                  ...) {
  build_resnet("resnet101", c(3, 4, 23, 3), FALSE, include_top, weights, input_tensor, input_shape, pooling, classes, ...)
}
#' @rdname application_resnet
#' @export
application_resnet152 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL, classes = 1000,
                                  ...) {
  build_resnet("resnet152", c(3, 8, 36, 3), FALSE, include_top, weights, input_tensor, input_shape, pooling, classes, ...)
}
#' @rdname application_resnet
#' @export
application_resnet50_v2 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                    classes = 1000, ...) {
  build_resnet("resnet50v2", c(3, 4, 6, 3), TRUE, include_top, weights, input_tensor, input_shape, pooling, classes, ...)
}
#' @rdname application_resnet
#' @export
application_resnet101_v2 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                     classes = 1000, ...) {
  build_resnet("resnet101v2", c(3, 4, 23, 3), TRUE, include_top, weights, input_tensor, input_shape, pooling, classes, ...)
}
#' @rdname application_resnet
#' @export
application_resnet152_v2 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                     classes = 1000, ...) {
  build_resnet("resnet152v2", c(3, 8, 36, 3), TRUE, include_top, weights, input_tensor, input_shape, pooling, classes, ...)
}

resnet_epsilon <- 1.001e-5

build_resnet <- function(name, blocks, v2, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation = "softmax") {
  input <- application_input(input_shape, input_tensor, 224L, 32L, include_top, weights, classes = classes)
  x <- layer_zero_padding_2d(input$x, padding = c(3L, 3L), name = "conv1_pad")
  x <- conv(x, 64, 7, 2, "valid", "conv1_conv", bias = TRUE)
  if (!v2) x <- relu(batch_norm(x, "conv1_bn", resnet_epsilon), "conv1_relu")
  x <- layer_zero_padding_2d(x, padding = c(1L, 1L), name = "pool1_pad")
  x <- layer_max_pooling_2d(x, c(3L, 3L), strides = c(2L, 2L), name = "pool1_pool")
  for (stack in 1:4) {
    filters <- 64 * 2^(stack - 1)
    for (i in seq_len(blocks[stack])) {
      block <- paste0("conv", stack + 1L, "_block", i)
      x <- if (v2) residual_block_v2(x, filters, if (i == blocks[stack] && stack < 4) 2 else 1, i == 1, block)
           else residual_block(x, filters, if (i == 1 && stack > 1) 2 else 1, i == 1, block)
    }
  }
  if (v2) x <- relu(batch_norm(x, "post_bn", resnet_epsilon), "post_relu")
  x <- if (include_top) classify_features(x, classes, classifier_activation) else pool_features(x, pooling, "avg_pool", "max_pool")
  finish_application(input, x, name, weights,
                     paste0(application_files, "resnet/", name, "_weights_tf_dim_ordering_tf_kernels", top_suffix(include_top, "_notop"), ".h5"))
}

residual_block <- function(x, filters, stride, projects, name) {
  part <- function(suffix) paste0(name, suffix)
  shortcut <- if (projects) batch_norm(conv(x, 4 * filters, 1, stride, "valid", part("_0_conv"), bias = TRUE), part("_0_bn"), resnet_epsilon) else x
  x <- relu(batch_norm(conv(x, filters, 1, stride, "valid", part("_1_conv"), bias = TRUE), part("_1_bn"), resnet_epsilon), part("_1_relu"))
  x <- relu(batch_norm(conv(x, filters, 3, 1, "same", part("_2_conv"), bias = TRUE), part("_2_bn"), resnet_epsilon), part("_2_relu"))
  x <- batch_norm(conv(x, 4 * filters, 1, 1, "valid", part("_3_conv"), bias = TRUE), part("_3_bn"), resnet_epsilon)
  relu(layer_add(list(shortcut, x), name = part("_add")), part("_out"))
}

residual_block_v2 <- function(x, filters, stride, projects, name) {
  part <- function(suffix) paste0(name, suffix)
  active <- relu(batch_norm(x, part("_preact_bn"), resnet_epsilon), part("_preact_relu"))
  shortcut <- if (projects) conv(active, 4 * filters, 1, stride, "valid", part("_0_conv"), bias = TRUE)
              else if (stride > 1) layer_max_pooling_2d(x, c(1L, 1L), strides = c(stride, stride)) else x
  x <- relu(batch_norm(conv(active, filters, 1, 1, "valid", part("_1_conv")), part("_1_bn"), resnet_epsilon), part("_1_relu"))
  x <- layer_zero_padding_2d(x, padding = c(1L, 1L), name = part("_2_pad"))
  x <- relu(batch_norm(conv(x, filters, 3, stride, "valid", part("_2_conv")), part("_2_bn"), resnet_epsilon), part("_2_relu"))
  x <- conv(x, 4 * filters, 1, 1, "valid", part("_3_conv"), bias = TRUE)
  layer_add(list(shortcut, x), name = part("_out"))
}
