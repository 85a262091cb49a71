#' Additive attention
#'
#' As [layer_attention()] with the scores `sum(scale * tanh(query + key))`, where `scale` is learned.
#'
#' @inheritParams layer_attention
#' @param object List of query, value and perhaps key, as `inputs` of [layer_attention()].
#' @param use_scale Whether there is a `scale`, one number for each feature.
#' @param causal Whether no query sees values after its own place.
#' @return As [layer_attention()].
#' @references Bahdanau et al. (2015), <https://arxiv.org/abs/1409.0473>.
#' @examples
#' layer_additive_attention(list(array(rnorm(12), c(1, 3, 4)), array(rnorm(20), c(1, 5, 4))))
#' @family attention layers
#' @export
layer_additive_attention <- function(object, use_scale = TRUE, ..., causal = FALSE, dropout = 0) {
  create_layer(AdditiveAttention, object, capture_args())
}

AdditiveAttention <- R6::R6Class("AdditiveAttention", inherit = BaseDenseAttention, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.attention.additive_attention.AdditiveAttention", "keras.layers.attention.base_dense_attention.BaseDenseAttention",
                    "keras.engine.base_layer.BaseRandomLayer"),
    use_scale = NULL, scale = NULL,
    initialize = function(use_scale = TRUE, ...) {
      super$initialize(...)
      self$use_scale <- as_flag(use_scale, "use_scale")
    },
    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      if (!is.list(dims) || length(dims) < 2L) abort_argument("attention takes a list of query, value and perhaps key")
      value <- dims[[2L]]
      if (self$use_scale) self$scale <- self$add_weight("scale", value[length(value)], initializer = "glorot_uniform")
      self$built <- TRUE
    },
    scores = function(query, key) {
      sums <- op_tanh(op_add(op_expand_dims(query, -2L), op_expand_dims(key, -3L)))
      op_reduce_sum(if (is.null(self$scale)) sums else op_multiply(self$scale, sums), -1L)
    },
    get_config = function() c(super$get_config(), list(use_scale = self$use_scale))
  )
)
