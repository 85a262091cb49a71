#' Xception
#'
#' @inheritParams application_vgg16
#' @param ... Not used.
#' @return A model.
#' @references Chollet (2017), <https://arxiv.org/abs/1610.02357>.
#' @family applications
#' @export
application_xception <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL, classes = 1000,
                                 classifier_activation = "softmax", ...) {
  input <- application_input(input_shape, input_tensor, 299L, 71L, include_top, weights, classes = classes)
  separable <- function(x, filters, name) {
    batch_norm(layer_separable_conv_2d(x, filters = filters, kernel_size = 3, padding = "same", use_bias = FALSE, name = name), paste0(name, "_bn"))
  }
  x <- relu(batch_norm(conv(input$x, 32, 3, 2, "valid", "block1_conv1"), "block1_conv1_bn"), "block1_conv1_act")
  x <- relu(batch_norm(conv(x, 64, 3, 1, "valid", "block1_conv2"), "block1_conv2_bn"), "block1_conv2_act")
  down <- function(x, block, filters, active = TRUE) {
    part <- function(suffix) paste0("block", block, suffix)
    residual <- batch_norm(conv(x, filters[2L], 1, 2))
    if (active) x <- relu(x, part("_sepconv1_act"))
    x <- relu(separable(x, filters[1L], part("_sepconv1")), part("_sepconv2_act"))
    x <- layer_max_pooling_2d(separable(x, filters[2L], part("_sepconv2")), c(3L, 3L), strides = c(2L, 2L), padding = "same", name = part("_pool"))
    layer_add(list(x, residual))
  }
  x <- down(x, 2, c(128, 128), active = FALSE)
  x <- down(x, 3, c(256, 256))
  x <- down(x, 4, c(728, 728))
  for (block in 5:12) {
    residual <- x
    for (i in 1:3) x <- separable(relu(x, paste0("block", block, "_sepconv", i, "_act")), 728, paste0("block", block, "_sepconv", i))
    x <- layer_add(list(x, residual))
  }
  x <- down(x, 13, c(728, 1024))
  x <- relu(separable(x, 1536, "block14_sepconv1"), "block14_sepconv1_act")
  x <- relu(separable(x, 2048, "block14_sepconv2"), "block14_sepconv2_act")
  x <- if (include_top) classify_features(x, classes, classifier_activation) else pool_features(x, pooling)
  finish_application(input, x, "xception", weights,
                     paste0(application_files, "xception/xception_weights_tf_dim_ordering_tf_kernels", top_suffix(include_top, "_notop"), ".h5"))
}
