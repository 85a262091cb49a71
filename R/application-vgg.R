#' VGG16 and VGG19 models
#'
#' @param include_top Whether to include the fully connected layers at the top.
#' @param weights `NULL` (random), `"imagenet"` (published weights, fetched once), or the path of a weights file.
#' @param input_tensor A symbolic tensor (from [layer_input()]) to be used as the image input.
#' @param input_shape Sizes of the images, `c(height, width, channels)`.
#' @param pooling Without the top: `NULL` (the last feature map), `"avg"` or `"max"`.
#' @param classes Number of classes.
#' @param classifier_activation Activation of the top; `NULL` for the logits.
#' @return A model.
#' @references Simonyan and Zisserman (2015), <https://arxiv.org/abs/1409.1556>.
#' @family applications
#' @export
application_vgg16 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL, classes = 1000,
                              classifier_activation = "softmax") {
  build_vgg("vgg16", c(2, 2, 3, 3, 3), include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
}

#' @rdname application_vgg16
#' @export
application_vgg19 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL, classes = 1000,
                              classifier_activation = "softmax") {
  build_vgg("vgg19", c(2, 2, 4, 4, 4), include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
}

build_vgg <- function(name, convolutions, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation) {
  input <- application_input(input_shape, input_tensor, 224L, 32L, include_top, weights, classes = classes)
  x <- input$x
  filters <- c(64, 128, 256, 512, 512)
  for (block in seq_along(convolutions)) {
    for (i in seq_len(convolutions[block])) x <- conv(x, filters[block], 3, name = paste0("block", block, "_conv", i), bias = TRUE,
                                                      activation = "relu")
    x <- layer_max_pooling_2d(x, c(2L, 2L), strides = c(2L, 2L), name = paste0("block", block, "_pool"))
  }
  if (include_top) {
    x <- layer_flatten(x, name = "flatten")
    for (fc in c("fc1", "fc2")) x <- layer_dense(x, units = 4096, activation = "relu", name = fc)
    x <- layer_dense(x, units = classes, activation = classifier_activation, name = "predictions")
  } else x <- pool_features(x, pooling)
  finish_application(input, x, name, weights,
                     paste0(application_files, name, "/", name, "_weights_tf_dim_ordering_tf_kernels", top_suffix(include_top, "_notop"), ".h5"))
}
