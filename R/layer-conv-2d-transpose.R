#' Transposed 2-D convolution layer (sometimes called deconvolution)
#'
#' Goes the other way to a convolution: from something shaped like its output to something shaped like its input, while keeping a
#' connectivity pattern compatible with it. Used to upsample images: decoders, generators, segmentation.
#'
#' @inheritParams layer_conv_2d
#' @param padding `"valid"` or `"same"`, upper and lower case are the same.
#' @param output_padding Extra length added to one side of each axis: one whole number or two, for rows and columns, smaller than `strides`. `NULL`
#'   infers the lengths (`length * strides` for `padding = "same"`), which is not the same as 0.
#' @return As `object` says.
#' @section Input shape: (batch, rows, columns, channels)
#' @section Output shape: (batch, new_rows, new_columns, filters). With `k = (kernel_size - 1) * dilation_rate + 1`, each axis of length `n` becomes
#'   `n * strides + max(k - strides, 0)` for "valid" and `n * strides` for "same"; if `output_padding` is given,
#'   `(n - 1) * strides + k - 2 * p + output_padding` with `p = k %/% 2` for "same" and 0 for "valid".
#'   See [explain_shape()] and `vignette("transposed-convolution")`.
#' @section Errors: `keratin_error_argument` for arguments out of range, `output_padding >= strides`, `strides` > 1 with `dilation_rate` > 1
#'   and `padding = "causal"`; `keratin_error_shape` for inputs of another rank, unknown channels or an axis of length 0.
#' @references Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, <https://arxiv.org/abs/1603.07285>;
#'   Zeiler et al. (2010), Deconvolutional networks.
#' @examples
#' # from 7 x 7 to 28 x 28
#' x <- array(runif(2 * 7 * 7 * 16), c(2, 7, 7, 16))
#' layer <- layer_conv_2d_transpose(filters = 1, kernel_size = 4, strides = 4, padding = "same")
#' dim(layer(x))   # 2 28 28 1
#' @family convolutional layers
#' @export
layer_conv_2d_transpose <- function(object, filters, kernel_size, strides = c(1, 1), padding = "valid", output_padding = NULL, data_format = NULL,
                                    dilation_rate = c(1, 1), activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform",
                                    bias_initializer = "zeros", kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL,
                                    kernel_constraint = NULL, bias_constraint = NULL, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL,
                                    dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(Conv2DTranspose, object, capture_args())
}

Conv2DTranspose <- R6::R6Class("Conv2DTranspose", inherit = ConvTranspose, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.conv2d_transpose.Conv2DTranspose",
                  "keras.layers.convolutional.conv2d.Conv2D",
                  "keras.layers.convolutional.base_conv.Conv"),
  rank = 2L
))
