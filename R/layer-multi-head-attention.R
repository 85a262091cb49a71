#' Multi-head attention
#'
#' Query, key and value are projected `num_heads` times to short vectors, each head attends by itself (softmax of the scaled products of
#' queries and keys, average of the values), and a last projection merges the heads.
#'
#' @inheritParams layer_dense
#' @param inputs List of the query (batch, queries, features), the value (batch, values, features) and perhaps the key, which otherwise is the
#'   value. Missing: the layer is returned; call it as `layer(query, value, key)`.
#' @param num_heads Number of heads.
#' @param key_dim Length of the vectors of queries and keys in a head.
#' @param value_dim Length of the vectors of values in a head; `NULL` is `key_dim`.
#' @param dropout Share of the weights to drop in training.
#' @param output_shape Number of features of the output; `NULL`: those of the query.
#' @param attention_axes Axes over which to attend, counted from 0 (the batch) as in Keras; `NULL`: all but the first and the last.
#' @param ... Common arguments of layers: `name`, `trainable`, ....
#' @return As `inputs` says. A layer instance takes, besides query, value and key: `attention_mask` (batch, queries, values), TRUE where a query may
#'   see a value, `use_causal_mask` and `return_attention_scores` (then the result is a list of the output and the weights
#'   (batch, heads, queries, values)).
#' @section Input shape: see `inputs`
#' @section Output shape: (batch, queries, features)
#' @section Errors: `keratin_error_argument` for sizes below 1.
#' @references Vaswani et al. (2017), <https://arxiv.org/abs/1706.03762>.
#' @examples
#' x <- array(rnorm(24), c(1, 4, 6))
#' layer_multi_head_attention(list(x, x), num_heads = 2, key_dim = 3)
#' @family attention layers
#' @export
layer_multi_head_attention <- function(inputs, num_heads, key_dim, value_dim = NULL, dropout = 0, use_bias = TRUE, output_shape = NULL,
                                       attention_axes = NULL, kernel_initializer = "glorot_uniform", bias_initializer = "zeros",
                                       kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                                       bias_constraint = NULL, ...) {
  layer <- create_layer(MultiHeadAttention, NULL, capture_args("inputs"))
  if (missing(inputs) || is.null(inputs)) return(layer)
  if (is_branch(inputs)) do.call(layer, inputs) else compose_layer(inputs, layer)
}

MultiHeadAttention <- R6::R6Class("MultiHeadAttention", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.attention.multi_head_attention.MultiHeadAttention"),
    supports_masking = TRUE,
    num_heads = NULL, key_dim = NULL, value_dim = NULL, dropout = NULL, use_bias = NULL, merged_shape = NULL, attention_axes = NULL,
    projection = NULL,
    kernel_initializer = NULL, bias_initializer = NULL, kernel_regularizer = NULL, bias_regularizer = NULL, kernel_constraint = NULL,
    bias_constraint = NULL,

    initialize = function(num_heads, key_dim, value_dim = NULL, dropout = 0, use_bias = TRUE, output_shape = NULL, attention_axes = NULL,
                          kernel_initializer = "glorot_uniform", bias_initializer = "zeros", kernel_regularizer = NULL, bias_regularizer = NULL,
                          activity_regularizer = NULL, kernel_constraint = NULL, bias_constraint = NULL, query_shape = NULL, key_shape = NULL,
                          value_shape = NULL, ...) {
      super$initialize(activity_regularizer = activity_regularizer, ...)
      self$num_heads <- as_count(num_heads, "num_heads")
      self$key_dim <- as_count(key_dim, "key_dim")
      self$value_dim <- if (is.null(value_dim)) self$key_dim else as_count(value_dim, "value_dim")
      self$dropout <- as_number(dropout, "dropout", 0, 1)
      self$use_bias <- as_flag(use_bias, "use_bias")
      if (!is.null(output_shape)) self$merged_shape <- as_dims(output_shape, "output_shape")
      if (!is.null(attention_axes)) self$attention_axes <- as.integer(unlist(attention_axes))
      keep_weight_rules(self, c("kernel", "bias"))
    },

    # The projections are layers of their own, under the names that Keras's files use.
    make_projections = function(query, key, value) {
      dense <- function(name, input_axes, sizes, dims) {
        layer <- EinsumDense$new(input_axes = input_axes, output_sizes = sizes, use_bias = self$use_bias,
                                 kernel_initializer = self$kernel_initializer,
                                 bias_initializer = self$bias_initializer, kernel_regularizer = self$kernel_regularizer,
                                 bias_regularizer = self$bias_regularizer,
                                 kernel_constraint = self$kernel_constraint, bias_constraint = self$bias_constraint, name = name, dtype = self$dtype,
                                 trainable = self$own_trainable)
        new_instance(layer)
        build_sublayer(layer, dims)
        layer
      }
      self$`_query_dense` <- dense("query", 1L, c(self$num_heads, self$key_dim), query)
      self$`_key_dense` <- dense("key", 1L, c(self$num_heads, self$key_dim), key)
      self$`_value_dense` <- dense("value", 1L, c(self$num_heads, self$value_dim), value)
      merged <- if (is.null(self$merged_shape)) query[length(query)] else self$merged_shape
      self$`_output_dense` <- dense("attention_output", 2L, merged, c(query[-length(query)], self$num_heads, self$value_dim))
      self$built_shapes <- lapply(list(query = query, key = key, value = value), shape_as_list)
      self$projection <- TRUE
    },

    call = function(query, value, key = NULL, attention_mask = NULL, return_attention_scores = FALSE, training = NULL, use_causal_mask = FALSE,
                    mask = NULL) {
      if (missing(value)) {
        abort_argument(
          "multi-head attention takes a query and a value: layer(query, value), or layer(x, x) for self-attention. Received: a query only")
      }
      value <- input_value(value, self)
      key <- if (is.null(key)) value else input_value(key, self)
      if (is.null(self$projection)) self$make_projections(tensor_shape(query), tensor_shape(key), tensor_shape(value))
      value_mask <- get_mask(value)
      axes <- if (is.null(self$attention_axes)) seq_len(tensor_rank(query) - 2L) else self$attention_axes
      q <- heads_first(op_multiply(self$`_query_dense`$instance(query), 1 / sqrt(self$key_dim)), axes)
      k <- heads_first(self$`_key_dense`$instance(key), axes)
      v <- heads_first(self$`_value_dense`$instance(value), axes)
      scores <- op_matmul(q$x, k$x, transpose_b = TRUE)
      masks <- self$masks(scores, mask, value_mask, attention_mask, use_causal_mask)
      if (length(masks)) scores <- hide_masked(scores, Reduce(op_logical_and, masks))
      weights <- op_softmax(scores)
      dropped <- if (isTRUE(training) && self$dropout > 0) op_dropout(weights, self$dropout) else weights
      output <- self$`_output_dense`$instance(heads_last(op_matmul(dropped, v$x), q))
      if (!isTRUE(return_attention_scores)) return(output)
      if (length(axes) > 1L) weights <- op_reshape(weights, c(tensor_shape(weights)[seq_len(tensor_rank(weights) - 2L)], q$sizes, k$sizes))
      list(output, weights)
    },

    # Each broadcasts to the scores [batch, others..., heads, queries, values].
    masks = function(scores, query_mask, value_mask, attention_mask, use_causal_mask) {
      widen <- function(m) {
        while (tensor_rank(m) < tensor_rank(scores)) m <- op_expand_dims(m, 1L)
        m
      }
      c(if (!is.null(query_mask)) list(widen(op_expand_dims(query_mask, -1L))),
        if (!is.null(value_mask)) list(widen(op_expand_dims(value_mask, -2L))),
        if (!is.null(attention_mask)) list(widen(op_cast(input_value(attention_mask, self), "bool"))),
        if (isTRUE(use_causal_mask)) list(causal_mask(scores)))
    },

    get_config = function() c(super$get_config(), list(
      num_heads = self$num_heads, key_dim = self$key_dim, value_dim = self$value_dim, dropout = self$dropout, use_bias = self$use_bias,
      output_shape = if (is.null(self$merged_shape)) NULL else if (length(self$merged_shape) == 1L) self$merged_shape else as.list(self$merged_shape),
      attention_axes = if (!is.null(self$attention_axes)) as.list(self$attention_axes),
      kernel_initializer = serialize_callable(self$kernel_initializer),
      bias_initializer = serialize_callable(self$bias_initializer), kernel_regularizer = serialize_callable(self$kernel_regularizer),
      bias_regularizer = serialize_callable(self$bias_regularizer), activity_regularizer = serialize_callable(self$activity_regularizer),
      kernel_constraint = serialize_callable(self$kernel_constraint), bias_constraint = serialize_callable(self$bias_constraint),
      # Keras wants these three keys
      query_shape = self$built_shapes$query, key_shape = self$built_shapes$key, value_shape = self$built_shapes$value))
  )
)

# [batch, axes..., heads, size] to [batch, others..., heads, attended, size], with what it takes to come back.
heads_first <- function(x, axes) {
  rank <- tensor_rank(x)
  others <- setdiff(seq_len(rank - 3L), axes)
  order <- c(0L, others, rank - 2L, axes, rank - 1L)
  x <- op_transpose(x, order)
  dims <- tensor_shape(x)
  if (length(axes) > 1L) {
    x <- op_reshape(x, c(if (is.na(dims[1L])) NA else dims[1L], dims[1L + seq_along(others)], dims[2L + length(others)],
                         prod(dims[2L + length(others) + seq_along(axes)]), dims[rank]))
  }
  list(x = x, order = order, sizes = dims[2L + length(others) + seq_along(axes)])
}
heads_last <- function(x, like) {
  if (length(like$sizes) > 1L) {
    dims <- tensor_shape(x)
    lead <- length(dims) - 2L
    x <- op_reshape(x, c(dims[seq_len(lead)], like$sizes, dims[length(dims)]))
  }
  op_transpose(x, order(like$order) - 1L)
}

# A product over the last `input_axes` axes, giving `output_sizes` in their place: what the projections are.
EinsumDense <- R6::R6Class("EinsumDense", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.einsum_dense.EinsumDense",
    input_axes = NULL, output_sizes = NULL, use_bias = NULL, kernel = NULL, bias = NULL, weight_arguments = NULL,
    initialize = function(input_axes, output_sizes, use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros",
                          kernel_regularizer = NULL, bias_regularizer = NULL, kernel_constraint = NULL, bias_constraint = NULL, ...) {
      super$initialize(...)
      self$input_axes <- input_axes
      self$output_sizes <- output_sizes
      self$use_bias <- use_bias
      self$weight_arguments <- list(kernel = list(initializer = kernel_initializer, regularizer = kernel_regularizer, constraint = kernel_constraint),
                                    bias = list(initializer = bias_initializer, regularizer = bias_regularizer, constraint = bias_constraint))
    },
    build = function(input_shape) {
      dims <- as_dims(input_shape)
      inputs <- utils::tail(dims, self$input_axes)
      if (anyNA(inputs)) abort_shape("the input has shape ", format_shape(dims), ", its last axis must be known to make the weights")
      self$kernel <- do.call(self$add_weight, c(list("kernel", c(inputs, self$output_sizes)), self$weight_arguments$kernel))
      if (self$use_bias) self$bias <- do.call(self$add_weight, c(list("bias", self$output_sizes), self$weight_arguments$bias))
      self$built <- TRUE
    },
    call = function(inputs) {
      dims <- tensor_shape(inputs)
      size <- prod(tensor_shape(self$kernel)[seq_len(self$input_axes)])
      kept <- length(dims) - self$input_axes
      x <- if (self$input_axes > 1L) last_axes(inputs, kept, size) else inputs
      y <- op_dense(x, op_reshape(self$kernel, c(size, prod(self$output_sizes))), if (self$use_bias) op_reshape(self$bias, prod(self$output_sizes)))
      if (length(self$output_sizes) > 1L) last_axes(y, kept, self$output_sizes) else y
    }
  )
)

# The axes after the first `kept` get new sizes. Where more than one size is unknown only the type is wanted.
last_axes <- function(x, kept, sizes) {
  dims <- tensor_shape(x)[seq_len(kept)]
  if (sum(is.na(dims)) <= 1L) return(op_reshape(x, c(dims, sizes)))
  rank <- tensor_rank(x)
  one <- op_reduce_sum(x, seq(kept, rank - 1L))
  for (axis in seq_along(sizes)) one <- op_expand_dims(one, -1L)
  op_add(one, op_fill(c(rep(1L, kept), sizes), 0, tensor_dtype(x)))
}
