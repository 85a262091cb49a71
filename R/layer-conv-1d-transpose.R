#' Transposed 1-D convolution layer (sometimes called deconvolution)
#'
#' Goes the other way to a convolution: from something shaped like its output to something shaped like its input, while keeping a
#' connectivity pattern compatible with it. Used to upsample sequences: decoders, generators, super-resolution.
#'
#' @inheritParams layer_conv_1d
#' @param padding `"valid"` or `"same"`, upper and lower case are the same.
#' @param output_padding Whole number, extra length added to one side of the output, smaller than `strides`. `NULL` infers the length
#'   (`steps * strides` for `padding = "same"`), which is not the same as 0.
#' @param data_format `"channels_last"` (the default, see `k_image_data_format()`): (batch, steps, channels), or `"channels_first"`: (batch, channels,
#'   steps).
#' @return As `object` says.
#' @section Input shape: (batch, steps, channels)
#' @section Output shape: (batch, new_steps, filters). With `k = (kernel_size - 1) * dilation_rate + 1`: `steps * strides + max(k - strides, 0)`
#'   for "valid", `steps * strides` for "same"; if `output_padding` is given,
#'   `(steps - 1) * strides + k - 2 * p + output_padding` with `p = k %/% 2` for "same" and 0 for "valid".
#'   See `vignette("transposed-convolution")`.
#' @section Errors: `keratin_error_argument` for arguments out of range, `output_padding >= strides`, `strides` > 1 with `dilation_rate` > 1
#'   and `padding = "causal"`; `keratin_error_shape` for inputs of another rank, unknown channels or an axis of length 0.
#' @references Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, <https://arxiv.org/abs/1603.07285>;
#'   Zeiler et al. (2010), Deconvolutional networks.
#' @examples
#' x <- array(1:4, c(1, 4, 1))
#' layer <- layer_conv_1d_transpose(filters = 1, kernel_size = 3, strides = 2, padding = "same")
#' dim(layer(x))   # 1 8 1
#' @family convolutional layers
#' @export
layer_conv_1d_transpose <- function(object, filters, kernel_size, strides = 1, padding = "valid", output_padding = NULL, data_format = NULL,
                                    dilation_rate = 1, activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform",
                                    bias_initializer = "zeros", kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL,
                                    kernel_constraint = NULL, bias_constraint = NULL, input_shape = NULL, batch_input_shape = NULL,
                                    batch_size = NULL, dtype = NULL, name = NULL, trainable = NULL, weights = NULL) {
  create_layer(Conv1DTranspose, object, capture_args())
}

Conv1DTranspose <- R6::R6Class("Conv1DTranspose", inherit = ConvTranspose, cloneable = FALSE, lock_objects = FALSE, public = list(
  keras_class = c("keras.layers.convolutional.conv1d_transpose.Conv1DTranspose", "keras.layers.convolutional.conv1d.Conv1D",
                  "keras.layers.convolutional.base_conv.Conv"),
  rank = 1L
))
