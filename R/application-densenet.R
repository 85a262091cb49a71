#' Densely connected networks
#'
#' @inheritParams application_vgg16
#' @param blocks Number of convolution blocks of the four dense blocks.
#' @return A model.
#' @references Huang, Liu, van der Maaten, Weinberger (2017), <https://arxiv.org/abs/1608.06993>.
#' @family applications
#' @export
application_densenet <- function(blocks, include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                 classes = 1000) {
  name <- switch(paste(unlist(blocks), collapse = "-"), "6-12-24-16" = "densenet121", "6-12-32-32" = "densenet169", "6-12-48-32" = "densenet201",
                 "densenet")
  if (name == "densenet" && identical(weights, "imagenet")) {
    abort_argument("there are published weights for densenet121, 169 and 201 only: give `weights = NULL`. Received: blocks = ", received(blocks), ".")
  }
  build_densenet(name, unlist(blocks), include_top, weights, input_tensor, input_shape, pooling, classes)
}
#' @rdname application_densenet
#' @export
application_densenet121 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                    classes = 1000) {
  build_densenet("densenet121", c(6, 12, 24, 16), include_top, weights, input_tensor, input_shape, pooling, classes)
}
#' @rdname application_densenet
#' @export
application_densenet169 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                    classes = 1000) {
  build_densenet("densenet169", c(6, 12, 32, 32), include_top, weights, input_tensor, input_shape, pooling, classes)
}
#' @rdname application_densenet
#' @export
application_densenet201 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                    classes = 1000) {
  build_densenet("densenet201", c(6, 12, 48, 32), include_top, weights, input_tensor, input_shape, pooling, classes)
}

build_densenet <- function(name, blocks, include_top, weights, input_tensor, input_shape, pooling, classes) {
  input <- application_input(input_shape, input_tensor, 224L, 32L, include_top, weights, classes = classes)
  norm <- function(x, name) batch_norm(x, name, resnet_epsilon)
  x <- layer_zero_padding_2d(input$x, padding = c(3L, 3L))
  x <- relu(norm(conv(x, 64, 7, 2, "valid", "conv1/conv"), "conv1/bn"), "conv1/relu")
  x <- layer_zero_padding_2d(x, padding = c(1L, 1L))
  x <- layer_max_pooling_2d(x, c(3L, 3L), strides = c(2L, 2L), name = "pool1")
  for (stack in seq_along(blocks)) {
    for (i in seq_len(blocks[stack])) {
      part <- function(suffix) paste0("conv", stack + 1L, "_block", i, suffix)
      y <- conv(relu(norm(x, part("_0_bn")), part("_0_relu")), 128, 1, 1, "valid", part("_1_conv"))
      y <- conv(relu(norm(y, part("_1_bn")), part("_1_relu")), 32, 3, 1, "same", part("_2_conv"))
      x <- layer_concatenate(list(x, y), axis = 3, name = part("_concat"))
    }
    if (stack == length(blocks)) break
    part <- function(suffix) paste0("pool", stack + 1L, suffix)
    x <- relu(norm(x, part("_bn")), part("_relu"))
    x <- conv(x, tensor_shape(x)[4L] %/% 2L, 1, 1, "valid", part("_conv"))
    x <- layer_average_pooling_2d(x, c(2L, 2L), strides = c(2L, 2L), name = part("_pool"))
  }
  x <- relu(norm(x, "bn"), "relu")
  x <- if (include_top) classify_features(x, classes) else pool_features(x, pooling, "avg_pool", "max_pool")
  finish_application(input, x, name, weights,
                     paste0(application_files, "densenet/", name, "_weights_tf_dim_ordering_tf_kernels", top_suffix(include_top, "_notop"), ".h5"))
}
