#' Neural architecture search networks (NASNet)
#'
#' @inheritParams application_vgg16
#' @param penultimate_filters Number of filters of the last feature map.
#' @param num_blocks Number of normal cells in each of the three stacks.
#' @param stem_block_filters Filters of the first convolution.
#' @param skip_reduction Whether the cell after a reduction takes the reduction's own input as its second one.
#' @param filter_multiplier Factor of the filters from one stack to the next.
#' @param default_size Size of the images if `input_shape` is not given.
#' @return A model.
#' @references Zoph, Vasudevan, Shlens, Le (2018), <https://arxiv.org/abs/1707.07012>.
#' @family applications
#' @export
application_nasnet <- function(input_shape = NULL, penultimate_filters = 4032L, num_blocks = 6L, stem_block_filters = 96L, skip_reduction = TRUE,
                               filter_multiplier = 2L, include_top = TRUE, weights = NULL, input_tensor = NULL, pooling = NULL, classes = 1000,
                               default_size = NULL) {
  variant <- if (penultimate_filters == 4032 && num_blocks == 6) "large" else if (penultimate_filters == 1056 && num_blocks == 4) "mobile"
  if (identical(weights, "imagenet") && is.null(variant)) {
    abort_argument("there are published weights for application_nasnetlarge() and application_nasnetmobile() only.")
  }
  if (penultimate_filters %% (24 * filter_multiplier^2) != 0)
    abort_argument("`penultimate_filters` must be a multiple of 24 * filter_multiplier^2 = ", 24 * filter_multiplier^2, ". Received: ",
                   received(penultimate_filters), ".")
  input <- application_input(input_shape, input_tensor, as.integer(default_size %||% 331L), 32L, include_top, weights, classes = classes)
  filters <- penultimate_filters %/% 24
  x <- nas_norm(nas_conv(input$x, stem_block_filters, 3, "stem_conv1", 2, "valid"), "stem_bn1")
  p <- NULL
  step <- function(cell, filters, id) {
    made <- cell(x, p, filters, id)
    x <<- made[[1L]]
    made[[2L]]
  }
  p <- step(nas_reduction_cell, filters %/% filter_multiplier^2, "stem_1")
  p <- step(nas_reduction_cell, filters %/% filter_multiplier, "stem_2")
  for (stack in 0:2) {
    n <- filters * filter_multiplier^stack
    if (stack > 0) {
      before <- step(nas_reduction_cell, n, paste0("reduce_", stack * num_blocks))
      if (!skip_reduction) p <- before
    }
    for (i in seq_len(num_blocks)) p <- step(nas_normal_cell, n, as.character(stack * num_blocks + (stack > 0) + i - 1))
  }
  x <- relu(x)
  x <- if (include_top) classify_features(x, classes, name = NULL) else pool_features(x, pooling)
  finish_application(input, x, "NASNet", weights, paste0(application_files, "nasnet/NASNet-", variant, top_suffix(include_top, "-no-top"), ".h5"))
}

#' @rdname application_nasnet
#' @export
application_nasnetlarge <- function(input_shape = NULL, include_top = TRUE, weights = NULL, input_tensor = NULL, pooling = NULL, classes = 1000) {
  application_nasnet(input_shape, 4032L, 6L, 96L, TRUE, 2L, include_top, weights, input_tensor, pooling, classes, 331L)
}
#' @rdname application_nasnet
#' @export
application_nasnetmobile <- function(input_shape = NULL, include_top = TRUE, weights = NULL, input_tensor = NULL, pooling = NULL, classes = 1000) {
  application_nasnet(input_shape, 1056L, 4L, 32L, FALSE, 2L, include_top, weights, input_tensor, pooling, classes, 224L)
}

nas_norm <- function(x, name) batch_norm(x, name, momentum = 0.9997)
nas_conv <- function(x, filters, size, name, strides = 1, padding = "same")
  conv(x, filters, size, strides, padding, name, kernel_initializer = "he_normal")

nas_separable <- function(x, filters, size = 3L, stride = 1L, id) {
  x <- relu(x)
  if (stride == 2L) x <- layer_zero_padding_2d(x, padding = stride_padding(x, size), name = paste0("separable_conv_1_pad_", id))
  separable <- function(x, stride, padding, pass) {
    # `kernel_initializer` does nothing to a separable convolution, but Keras's files carry it.
    x <- create_layer(SeparableConv2D, x,
                      list(filters = filters, kernel_size = size, strides = c(stride, stride), padding = padding, use_bias = FALSE,
                                               kernel_initializer = "he_normal", name = paste0("separable_conv_", pass, "_", id)))
    nas_norm(x, paste0("separable_conv_", pass, "_bn_", id))
  }
  x <- separable(x, stride, if (stride == 2L) "valid" else "same", 1)
  separable(relu(x), 1L, "same", 2)
}

# Brings the input before the last to the size and channels of the last.
nas_adjust <- function(p, x, filters, id) {
  if (is.null(p)) return(x)
  part <- function(name) paste0("adjust_", name, "_", id)
  sizes <- tensor_shape(p)
  if (!identical(sizes[2L], tensor_shape(x)[2L]) || is.na(sizes[2L]) && isTRUE(attr(p, "larger"))) {
    p <- relu(p, part("relu_1"))
    pool <- function(x, name) layer_average_pooling_2d(x, c(1L, 1L), strides = c(2L, 2L), padding = "valid", name = name)
    first <- nas_conv(pool(p, part("avg_pool_1")), filters %/% 2, 1, part("conv_1"))
    shifted <- layer_cropping_2d(layer_zero_padding_2d(p, padding = list(c(0L, 1L), c(0L, 1L))), cropping = list(c(1L, 0L), c(1L, 0L)))
    second <- nas_conv(pool(shifted, part("avg_pool_2")), filters %/% 2, 1, part("conv_2"))
    nas_norm(layer_concatenate(list(first, second), axis = -1), part("bn"))
  } else if (sizes[4L] != filters) nas_norm(nas_conv(relu(p), filters, 1, part("conv_projection")), part("bn"))
  else p
}

nas_normal_cell <- function(x, p, filters, id) {
  input <- x
  part <- function(name) paste0("normal_", name, "_", id)
  average <- function(x, name) layer_average_pooling_2d(x, c(3L, 3L), strides = c(1L, 1L), padding = "same", name = part(name))
  add <- function(a, b, name) layer_add(list(a, b), name = part(name))
  p <- nas_adjust(p, x, filters, id)
  h <- nas_norm(nas_conv(relu(x), filters, 1, part("conv_1")), part("bn_1"))
  one <- list(nas_separable(h, filters, 5L, id = part("left1")), nas_separable(p, filters, id = part("right1")))
  one <- add(one[[1L]], one[[2L]], "add_1")
  two <- list(nas_separable(p, filters, 5L, id = part("left2")), nas_separable(p, filters, 3L, id = part("right2")))
  two <- add(two[[1L]], two[[2L]], "add_2")
  three <- add(average(h, "left3"), p, "add_3")
  four <- list(average(p, "left4"), average(p, "right4"))
  four <- add(four[[1L]], four[[2L]], "add_4")
  five <- add(nas_separable(h, filters, id = part("left5")), h, "add_5")
  list(layer_concatenate(list(p, one, two, three, four, five), axis = -1, name = part("concat")), input)
}

nas_reduction_cell <- function(x, p, filters, id) {
  input <- x
  part <- function(name) paste0("reduction_", name, "_", id)
  p <- nas_adjust(p, x, filters, id)
  h <- nas_norm(nas_conv(relu(x), filters, 1, part("conv_1")), part("bn_1"))
  padded <- layer_zero_padding_2d(h, padding = stride_padding(h, 3L), name = part("pad_1"))
  pool <- function(f, name) f(padded, c(3L, 3L), strides = c(2L, 2L), padding = "valid", name = part(name))
  one <- list(nas_separable(h, filters, 5L, 2L, part("left1")), nas_separable(p, filters, 7L, 2L, part("right1")))
  one <- layer_add(one, name = part("add_1"))
  two <- list(pool(layer_max_pooling_2d, "left2"), nas_separable(p, filters, 7L, 2L, part("right2")))
  two <- layer_add(two, name = part("add_2"))
  three <- list(pool(layer_average_pooling_2d, "left3"), nas_separable(p, filters, 5L, 2L, part("right3")))
  three <- layer_add(three, name = part("add3"))
  four <- layer_average_pooling_2d(one, c(3L, 3L), strides = c(1L, 1L), padding = "same", name = part("left4"))
  four <- layer_add(list(two, four))
  five <- list(nas_separable(one, filters, 3L, id = part("left4")), pool(layer_max_pooling_2d, "right5"))
  five <- layer_add(five, name = part("add4"))
  list(layer_concatenate(list(two, three, four, five), axis = -1, name = part("concat")), input)
}
