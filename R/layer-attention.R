#' Attention
#'
#' Each query gets the average of the values, weighted by the softmax of its scores with the keys: their product (`"dot"`), or the sum of
#' tanh of their sum (`"concat"`).
#'
#' @param inputs List of the query (batch, queries, features), the value (batch, values, features) and perhaps the key (batch, values, features),
#'   which otherwise is the value.
#' @param use_scale Whether a learned number scales the scores.
#' @param score_mode `"dot"` or `"concat"`.
#' @param ... Common arguments of layers: `name`, `trainable`, ....
#' @param dropout Share of the weights to drop in training; `NULL` is 0.
#' @return As `inputs` says, see [create_layer()]. A layer instance takes, besides its inputs, `return_attention_scores` (then the result is a list
#'   of the output and the weights), `use_causal_mask` (no query sees values after its own place) and `mask`, a list of masks of query and value.
#' @section Input shape: see `inputs`
#' @section Output shape: (batch, queries, features)
#' @section Errors: `keratin_error_argument` if there are not two or three inputs.
#' @references Luong et al. (2015), <https://arxiv.org/abs/1508.04025>.
#' @examples
#' query <- array(rnorm(12), c(1, 3, 4))
#' value <- array(rnorm(20), c(1, 5, 4))
#' layer_attention(list(query, value))
#' @family attention layers
#' @export
layer_attention <- function(inputs, use_scale = FALSE, score_mode = "dot", ..., dropout = NULL) {
  create_layer(Attention, inputs, capture_args("inputs", if (is.null(dropout)) list(dropout = 0) else list()))
}

BaseDenseAttention <- R6::R6Class("BaseDenseAttention", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    supports_masking = TRUE,
    takes_list = TRUE,
    dropout = NULL, causal = NULL,
    initialize = function(dropout = 0, causal = FALSE, ...) {
      super$initialize(...)
      self$dropout <- as_number(dropout, "dropout", 0, 1)
      self$causal <- as_flag(causal, "causal")
    },
    call = function(inputs, mask = NULL, training = NULL, return_attention_scores = FALSE, use_causal_mask = FALSE) {
      check_attention_inputs(inputs, mask)
      query <- inputs[[1L]]
      value <- inputs[[2L]]
      key <- if (length(inputs) > 2L) inputs[[3L]] else value
      scores <- self$scores(query, key)
      allowed <- if (length(mask) > 1L && !is.null(mask[[2L]])) op_expand_dims(mask[[2L]], -2L)
      if (self$causal || isTRUE(use_causal_mask)) {
        earlier <- causal_mask(scores)
        allowed <- if (is.null(allowed)) earlier else op_logical_and(allowed, earlier)
      }
      if (!is.null(allowed)) scores <- hide_masked(scores, allowed)
      weights <- op_softmax(scores)
      if (isTRUE(training) && self$dropout > 0) weights <- op_dropout(weights, self$dropout)
      result <- op_matmul(weights, value)
      if (length(mask) && !is.null(mask[[1L]])) result <- op_multiply(result, op_cast(op_expand_dims(mask[[1L]], -1L), tensor_dtype(result)))
      if (isTRUE(return_attention_scores)) list(result, weights) else result
    },
    compute_mask = function(inputs, mask = NULL) if (is_branch(mask) && length(mask)) mask[[1L]],
    get_config = function() c(super$get_config(), list(dropout = self$dropout))
  )
)

check_attention_inputs <- function(inputs, mask) {
  if (!is_branch(inputs) || !length(inputs) %in% 2:3)
    abort_argument("attention takes a list of query, value and perhaps key. Received: ",
                   if (is_branch(inputs)) paste("a list of", length(inputs)) else "one tensor")
  if (!is.null(mask) && !is_branch(mask)) abort_argument("`mask` must be a list of the query's and the value's mask")
}

# Whether value j may be seen from query i: [1, queries, values].
causal_mask <- function(scores) {
  rank <- tensor_rank(scores)
  place <- function(axis) op_cumsum(op_ones_like(op_slice(scores, rep(0L, rank), ifelse(seq_len(rank) %in% c(rank - 1L, rank), -1L, 1L))), axis)
  op_greater_equal(place(rank - 2L), place(rank - 1L))
}

Attention <- R6::R6Class("Attention", inherit = BaseDenseAttention, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.attention.attention.Attention", "keras.layers.attention.base_dense_attention.BaseDenseAttention",
                    "keras.engine.base_layer.BaseRandomLayer"),
    use_scale = NULL, score_mode = NULL, scale = NULL, concat_score_weight = NULL,
    initialize = function(use_scale = FALSE, score_mode = "dot", ...) {
      super$initialize(...)
      self$use_scale <- as_flag(use_scale, "use_scale")
      self$score_mode <- as_choice(score_mode, c("dot", "concat"), "score_mode")
    },
    build = function(input_shape) {
      if (self$use_scale) self$scale <- self$add_weight("scale", integer(), initializer = "ones")
      if (self$score_mode == "concat") self$concat_score_weight <- self$add_weight("concat_score_weight", integer(), initializer = "ones")
      self$built <- TRUE
    },
    scores = function(query, key) {
      if (self$score_mode == "dot") {
        scores <- op_matmul(query, key, transpose_b = TRUE)
        return(if (is.null(self$scale)) scores else op_multiply(scores, self$scale))
      }
      sums <- op_add(op_expand_dims(query, -2L), op_expand_dims(key, -3L))
      if (!is.null(self$scale)) sums <- op_multiply(self$scale, sums)
      op_multiply(self$concat_score_weight, op_reduce_sum(op_tanh(sums), -1L))
    },
    get_config = function() c(super$get_config(), list(use_scale = self$use_scale, score_mode = self$score_mode))
  )
)
