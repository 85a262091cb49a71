#' Scaled exponential linear unit as a layer
#'
#' `scale * elu(x, alpha)` with the two constants that keep mean and variance of the activations. Goes with
#' `initializer_lecun_normal()` and [layer_alpha_dropout()].
#'
#' @inheritParams layer_dense
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references Klambauer et al. (2017), <https://arxiv.org/abs/1706.02515>.
#' @examples
#' layer_activation_selu()(c(-1, 2))
#' @family activation layers
#' @export
layer_activation_selu <- function(object, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                                  trainable = NULL, weights = NULL) {
  create_layer(Activation, object, capture_args(replace = list(activation = "selu")))
}
