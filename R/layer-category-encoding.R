#' A preprocessing layer which encodes integer features
#'
#' @inheritParams layer_string_lookup
#' @param num_tokens Number of categories: inputs are from 0 to `num_tokens - 1`.
#' @param output_mode `"multi_hot"` (which categories a sample has), `"count"` (how often), `"one_hot"` (each input by itself).
#' @return As `object` says. The layer takes `count_weights`, weights of the inputs, in a call with `output_mode = "count"`.
#' @family preprocessing layers
#' @examples
#' layer_category_encoding(num_tokens = 4)(matrix(c(0L, 1L, 3L, 3L), 2))
#' @export
layer_category_encoding <- function(object, num_tokens = NULL, output_mode = "multi_hot", sparse = FALSE, ...) {
  create_layer(CategoryEncoding, object, capture_args())
}

CategoryEncoding <- R6::R6Class("CategoryEncoding", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.category_encoding.CategoryEncoding",
    num_tokens = NULL, output_mode = NULL,
    initialize = function(num_tokens = NULL, output_mode = "multi_hot", sparse = FALSE, ...) {
      super$initialize(...)
      if (is.null(num_tokens)) abort_argument("`num_tokens` must be given.")
      if (isTRUE(sparse)) abort_argument("keratin has no sparse tensors: leave `sparse = FALSE`.")
      self$num_tokens <- as_count(num_tokens, "num_tokens")
      self$output_mode <- as_output_mode(output_mode, c("one_hot", "multi_hot", "count"))
    },
    call = function(inputs, count_weights = NULL) {
      if (!is.null(count_weights) && self$output_mode != "count")
        abort_argument("`count_weights` go with output_mode = \"count\" only. Received: output_mode = ", received(self$output_mode))
      if (!is.null(count_weights)) count_weights <- op_cast(count_weights, self$dtype)
      if (is_float(tensor_dtype(inputs))) inputs <- op_cast(inputs, "int64")
      encode_codes(inputs, self$output_mode, self$num_tokens, weights = count_weights, strict = TRUE, dtype = self$dtype)
    },
    get_config = function() c(super$get_config(), list(num_tokens = self$num_tokens, output_mode = self$output_mode, sparse = FALSE))
  )
)
