#' Vectors for codes
#'
#' Turns whole numbers (words, items, categories) into vectors that are learned: row `code` (counted from 0) of a matrix of weights.
#'
#' @inheritParams layer_dense
#' @param input_dim Number of codes: the greatest code plus one.
#' @param output_dim Length of the vectors.
#' @param embeddings_initializer,embeddings_regularizer,embeddings_constraint First values, penalty and constraint of the matrix.
#' @param mask_zero Whether code 0 is padding: later layers then skip those steps.
#' @param input_length Length of the input sequences, if it is fixed.
#' @param sparse Accepted for compatibility; results are the same.
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says.
#' @section Input shape: (batch, ...), whole numbers
#' @section Output shape: (batch, ..., output_dim)
#' @section Errors: codes outside 0 ... `input_dim - 1` are an error.
#' @examples
#' layer_embedding(input_dim = 10, output_dim = 2)(matrix(c(1, 5, 9, 0), 2))
#' @family embedding layers
#' @export
layer_embedding <- function(object, input_dim, output_dim, embeddings_initializer = "uniform", embeddings_regularizer = NULL,
                            activity_regularizer = NULL, embeddings_constraint = NULL, mask_zero = FALSE, input_length = NULL, sparse = FALSE, ...) {
  create_layer(Embedding, object, capture_args())
}

Embedding <- R6::R6Class("Embedding", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.embedding.Embedding",
    autocast = FALSE,
    computes_mask = TRUE,
    input_dim = NULL, output_dim = NULL, embeddings = NULL, embeddings_initializer = NULL, embeddings_regularizer = NULL,
    embeddings_constraint = NULL,
    mask_zero = NULL, input_length = NULL,

    initialize = function(input_dim, output_dim, embeddings_initializer = "uniform", embeddings_regularizer = NULL, activity_regularizer = NULL,
                          embeddings_constraint = NULL, mask_zero = FALSE, input_length = NULL, sparse = FALSE, input_shape = NULL,
                          batch_input_shape = NULL, ...) {
      if (is.null(input_shape) && is.null(batch_input_shape)) input_shape <- if (is.null(input_length)) NA_integer_ else as_dims(input_length)
      super$initialize(activity_regularizer = activity_regularizer, input_shape = input_shape, batch_input_shape = batch_input_shape, ...)
      self$input_dim <- as_count(input_dim, "input_dim")
      self$output_dim <- as_count(output_dim, "output_dim")
      keep_weight_rules(self, "embeddings")
      self$mask_zero <- as_flag(mask_zero, "mask_zero")
      self$supports_masking <- self$mask_zero
      self$input_length <- if (!is.null(input_length)) as_dims(input_length)
    },
    build = function(input_shape) {
      self$embeddings <- self$add_weight("embeddings", c(self$input_dim, self$output_dim), initializer = self$embeddings_initializer,
                                         regularizer = self$embeddings_regularizer, constraint = self$embeddings_constraint)
      self$built <- TRUE
    },
    call = function(inputs) {
      if (!tensor_dtype(inputs) %in% c("int32", "int64")) inputs <- op_cast(inputs, "int32")
      op_gather(self$embeddings, inputs)
    },
    compute_mask = function(inputs, mask = NULL) if (self$mask_zero) op_not_equal(inputs, op_cast(0, tensor_dtype(inputs))),
    get_config = function() c(super$get_config(), list(
      input_dim = self$input_dim, output_dim = self$output_dim, embeddings_initializer = serialize_callable(self$embeddings_initializer),
      embeddings_regularizer = serialize_callable(self$embeddings_regularizer), activity_regularizer = serialize_callable(self$activity_regularizer),
      embeddings_constraint = serialize_callable(self$embeddings_constraint), mask_zero = self$mask_zero,
      input_length = if (length(self$input_length) > 1L) shape_as_list(self$input_length) else self$input_length))
  )
)
