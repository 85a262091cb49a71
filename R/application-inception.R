#' Inception V3
#'
#' @inheritParams application_xception
#' @return A model.
#' @references Szegedy et al. (2016), <https://arxiv.org/abs/1512.00567>.
#' @family applications
#' @export
application_inception_v3 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                     classes = 1000, classifier_activation = "softmax", ...) {
  input <- application_input(input_shape, input_tensor, 299L, 75L, include_top, weights, classes = classes)
  unit <- function(x, filters, size, strides = 1, padding = "same") relu(batch_norm(conv(x, filters, size, strides, padding), scale = FALSE))
  chain <- function(x, ...) Reduce(function(x, step) do.call(unit, c(list(x), step)), list(...), x)
  pooled <- function(x, filters) unit(layer_average_pooling_2d(x, c(3L, 3L), strides = c(1L, 1L), padding = "same"), filters, 1)
  max_pool <- function(x) layer_max_pooling_2d(x, c(3L, 3L), strides = c(2L, 2L))
  join <- function(..., name = NULL) layer_concatenate(list(...), axis = 3, name = name)
  valid <- function(filters, size, strides = 1) list(filters, size, strides, "valid")
  x <- max_pool(chain(input$x, valid(32, 3, 2), valid(32, 3), list(64, 3)))
  x <- max_pool(chain(x, valid(80, 1), valid(192, 3)))
  for (i in 0:2) {
    a <- unit(x, 64, 1)
    b <- chain(x, list(48, 1), list(64, 5))
    third <- chain(x, list(64, 1), list(96, 3), list(96, 3))
    x <- join(a, b, third, pooled(x, if (i == 0) 32 else 64), name = paste0("mixed", i))
  }
  a <- unit(x, 384, 3, 2, "valid")
  b <- chain(x, list(64, 1), list(96, 3), valid(96, 3, 2))
  x <- join(a, b, max_pool(x), name = "mixed3")
  wide <- c(1, 7)
  tall <- c(7, 1)
  for (i in 4:7) {
    n <- if (i == 4) 128 else if (i == 7) 192 else 160
    a <- unit(x, 192, 1)
    b <- chain(x, list(n, 1), list(n, wide), list(192, tall))
    third <- chain(x, list(n, 1), list(n, tall), list(n, wide), list(n, tall), list(192, wide))
    x <- join(a, b, third, pooled(x, 192), name = paste0("mixed", i))
  }
  a <- chain(x, list(192, 1), valid(320, 3, 2))
  b <- chain(x, list(192, 1), list(192, wide), list(192, tall), valid(192, 3, 2))
  x <- join(a, b, max_pool(x), name = "mixed8")
  for (i in 0:1) {
    a <- unit(x, 320, 1)
    b <- unit(x, 384, 1)
    b <- list(unit(b, 384, c(1, 3)), unit(b, 384, c(3, 1)))
    b <- join(b[[1L]], b[[2L]], name = paste0("mixed9_", i))
    third <- chain(x, list(448, 1), list(384, 3))
    third <- list(unit(third, 384, c(1, 3)), unit(third, 384, c(3, 1)))
    third <- join(third[[1L]], third[[2L]])
    x <- join(a, b, third, pooled(x, 192), name = paste0("mixed", 9 + i))
  }
  x <- if (include_top) classify_features(x, classes, classifier_activation) else pool_features(x, pooling)
  finish_application(input, x, "inception_v3", weights,
                     paste0(application_files, "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels", top_suffix(include_top, "_notop"),
                            ".h5"))
}

# inputs[1] + scale * inputs[2]
CustomScaleLayer <- R6::R6Class("CustomScaleLayer", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.applications.inception_resnet_v2.CustomScaleLayer",
    scale = NULL,
    initialize = function(scale, ...) {
      super$initialize(...)
      self$scale <- as_number(scale, "scale")
    },
    call = function(inputs) op_add(inputs[[1L]], op_multiply(inputs[[2L]], self$scale)),
    get_config = function() c(super$get_config(), list(scale = self$scale))
  )
)

#' Inception-ResNet V2
#'
#' @inheritParams application_xception
#' @return A model.
#' @references Szegedy, Ioffe, Vanhoucke, Alemi (2017), <https://arxiv.org/abs/1602.07261>.
#' @family applications
#' @export
application_inception_resnet_v2 <- function(include_top = TRUE, weights = "imagenet", input_tensor = NULL, input_shape = NULL, pooling = NULL,
                                            classes = 1000, classifier_activation = "softmax", ...) {
  input <- application_input(input_shape, input_tensor, 299L, 75L, include_top, weights, classes = classes)
  unit <- function(x, filters, size, strides = 1, padding = "same", name = NULL) {
    part <- function(suffix) if (!is.null(name)) paste0(name, suffix)
    relu(batch_norm(conv(x, filters, size, strides, padding, name), part("_bn"), scale = FALSE), part("_ac"))
  }
  chain <- function(x, ...) Reduce(function(x, step) do.call(unit, c(list(x), step)), list(...), x)
  valid <- function(filters, size, strides = 1) list(filters, size, strides, "valid")
  max_pool <- function(x) layer_max_pooling_2d(x, c(3L, 3L), strides = c(2L, 2L), padding = "valid")
  join <- function(..., name) layer_concatenate(list(...), axis = 3, name = name)
  x <- max_pool(chain(input$x, valid(32, 3, 2), valid(32, 3), list(64, 3)))
  x <- max_pool(chain(x, valid(80, 1), valid(192, 3)))
  a <- unit(x, 96, 1)
  b <- chain(x, list(48, 1), list(64, 5))
  third <- chain(x, list(64, 1), list(96, 3), list(96, 3))
  d <- unit(layer_average_pooling_2d(x, c(3L, 3L), strides = c(1L, 1L), padding = "same"), 64, 1)
  x <- join(a, b, third, d, name = "mixed_5b")
  block <- function(x, scale, name, active, ...) {
    branches <- lapply(list(...), function(steps) do.call(chain, c(list(x), steps)))
    mixed <- layer_concatenate(branches, axis = 3, name = paste0(name, "_mixed"))
    up <- conv(mixed, tensor_shape(x)[4L], 1, name = paste0(name, "_conv"), bias = TRUE)
    x <- create_layer(CustomScaleLayer, list(x, up), list(scale = scale))
    if (active) relu(x, paste0(name, "_ac")) else x
  }
  for (i in 1:10) x <- block(x, 0.17, paste0("block35_", i), TRUE, list(list(32, 1)), list(list(32, 1), list(32, 3)),
                             list(list(32, 1), list(48, 3), list(64, 3)))
  a <- unit(x, 384, 3, 2, "valid")
  b <- chain(x, list(256, 1), list(256, 3), valid(384, 3, 2))
  x <- join(a, b, max_pool(x), name = "mixed_6a")
  for (i in 1:20) x <- block(x, 0.1, paste0("block17_", i), TRUE, list(list(192, 1)), list(list(128, 1), list(160, c(1, 7)), list(192, c(7, 1))))
  a <- chain(x, list(256, 1), valid(384, 3, 2))
  b <- chain(x, list(256, 1), valid(288, 3, 2))
  third <- chain(x, list(256, 1), list(288, 3), valid(320, 3, 2))
  x <- join(a, b, third, max_pool(x), name = "mixed_7a")
  for (i in 1:10) x <- block(x, if (i < 10) 0.2 else 1, paste0("block8_", i), i < 10, list(list(192, 1)),
                             list(list(192, 1), list(224, c(1, 3)), list(256, c(3, 1))))
  x <- unit(x, 1536, 1, name = "conv_7b")
  x <- if (include_top) classify_features(x, classes, classifier_activation) else pool_features(x, pooling)
  finish_application(input, x, "inception_resnet_v2", weights,
                     paste0(application_files, "inception_resnet_v2/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels",
                            top_suffix(include_top, "_notop"), ".h5"))
}
