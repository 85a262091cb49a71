#' Layer normalization
#'
#' Brings each sample to mean 0 and variance 1 along `axis`, then scales by `gamma` and shifts by `beta`, which are learned.
#'
#' @inheritParams layer_dense
#' @param axis Axes to normalize over, counted from 0 (the batch) as in Keras; -1 is the last.
#' @param epsilon Added to the variance.
#' @param center,scale Whether there are a `beta` and a `gamma`.
#' @param beta_initializer,gamma_initializer,beta_regularizer,gamma_regularizer,beta_constraint,gamma_constraint First values, penalty and
#'   constraint of the two.
#' @return As `object` says.
#' @section Input shape: any
#' @section Output shape: that of the input
#' @references Ba et al. (2016), <https://arxiv.org/abs/1607.06450>.
#' @examples
#' layer_layer_normalization()(matrix(c(1, 2, 3, 4, 5, 6), 2))
#' @family normalization layers
#' @export
layer_layer_normalization <- function(object, axis = -1, epsilon = 0.001, center = TRUE, scale = TRUE, beta_initializer = "zeros",
                                      gamma_initializer = "ones", beta_regularizer = NULL, gamma_regularizer = NULL, beta_constraint = NULL,
                                      gamma_constraint = NULL, trainable = TRUE, name = NULL) {
  create_layer(LayerNormalization, object, capture_args())
}

LayerNormalization <- R6::R6Class("LayerNormalization", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.normalization.layer_normalization.LayerNormalization",
    supports_masking = TRUE,
    axis = NULL, epsilon = NULL, center = NULL, scale = NULL, gamma = NULL, beta = NULL, beta_initializer = NULL, gamma_initializer = NULL,
    beta_regularizer = NULL, gamma_regularizer = NULL, beta_constraint = NULL, gamma_constraint = NULL,

    initialize = function(axis = -1, epsilon = 0.001, center = TRUE, scale = TRUE, beta_initializer = "zeros", gamma_initializer = "ones",
                          beta_regularizer = NULL, gamma_regularizer = NULL, beta_constraint = NULL, gamma_constraint = NULL, ...) {
      super$initialize(...)
      self$axis <- normalized_axes(axis)
      self$epsilon <- as_number(epsilon, "epsilon", 0)
      self$center <- as_flag(center, "center")
      self$scale <- as_flag(scale, "scale")
      keep_weight_rules(self, c("beta", "gamma"))
    },

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      self$axis <- resolve_axes(self$axis, dims)
      sizes <- dims[self$axis + 1L]
      if (self$scale) {
        self$gamma <- self$add_weight("gamma", sizes, initializer = self$gamma_initializer, regularizer = self$gamma_regularizer,
                                      constraint = self$gamma_constraint)
      }
      if (self$center) {
        self$beta <- self$add_weight("beta", sizes, initializer = self$beta_initializer, regularizer = self$beta_regularizer,
                                     constraint = self$beta_constraint)
      }
      self$built <- TRUE
    },

    call = function(inputs) {
      rank <- tensor_rank(inputs)
      if (identical(self$axis, seq(rank - length(self$axis), rank - 1L)))
        return(op_layer_norm(inputs, self$gamma, self$beta, self$epsilon, length(self$axis)))
      mean <- op_reduce_mean(inputs, self$axis, keepdims = TRUE)
      centered <- op_subtract(inputs, mean)
      variance <- op_reduce_mean(op_square(centered), self$axis, keepdims = TRUE)
      y <- op_multiply(centered, op_rsqrt(op_add(variance, self$epsilon)))
      if (!is.null(self$gamma)) y <- op_multiply(y, self$spread(self$gamma, inputs))
      if (!is.null(self$beta)) y <- op_add(y, self$spread(self$beta, inputs))
      y
    },

    # A weight with its axes where the input has them.
    spread = function(weight, inputs) {
      sizes <- rep(1L, tensor_rank(inputs))
      sizes[self$axis + 1L] <- tensor_shape(weight)
      op_reshape(weight, sizes)
    },

    get_config = function() c(super$get_config(), list(
      axis = as.list(self$axis), epsilon = self$epsilon, center = self$center, scale = self$scale,
      beta_initializer = serialize_callable(self$beta_initializer),
      gamma_initializer = serialize_callable(self$gamma_initializer), beta_regularizer = serialize_callable(self$beta_regularizer),
      gamma_regularizer = serialize_callable(self$gamma_regularizer), beta_constraint = serialize_callable(self$beta_constraint),
      gamma_constraint = serialize_callable(self$gamma_constraint)))
  )
)

normalized_axes <- function(axis) {
  axis <- unlist(axis)
  if (!length(axis) || !is_whole(axis) || anyDuplicated(axis)) {
    abort_argument("`axis` must hold one or more different whole numbers. Received: axis = ", received(axis))
  }
  as.integer(axis)
}
resolve_axes <- function(axis, dims) {
  found <- ifelse(axis < 0L, axis + length(dims), axis)
  if (any(found < 0L | found >= length(dims))) {
    abort_argument("`axis` (", paste(axis, collapse = ", "), ") is out of range: the input has shape ", format_shape(dims))
  }
  sort(as.integer(found))
}
