#' A preprocessing layer which maps strings to integer indices
#'
#' The vocabulary is given, or learned with [adapt()]: most frequent strings first.
#'
#' @inheritParams layer_dense
#' @param max_tokens Maximum size of the vocabulary, special tokens included; `NULL` for no limit.
#' @param num_oov_indices Number of indices for strings out of the vocabulary; with more than one they are hashed. 0 makes them an error.
#' @param mask_token Token for masked inputs; has index 0 with `output_mode = "int"`.
#' @param oov_token Token for out-of-vocabulary indices, with `invert = TRUE` and in [get_vocabulary()].
#' @param vocabulary Character vector, or path of a text file with one token a line.
#' @param idf_weights Inverse document frequencies of `vocabulary`, for `output_mode = "tf_idf"`.
#' @param encoding Encoding of the text, `"utf-8"`.
#' @param invert Whether to map indices to strings instead.
#' @param output_mode `"int"`, or `"one_hot"`, `"multi_hot"`, `"count"`, `"tf_idf"`: a row with a column for each index.
#' @param sparse Must be `FALSE`.
#' @param pad_to_max_tokens Whether the rows have `max_tokens` columns even if the vocabulary is smaller.
#' @param ... Standard layer arguments.
#' @return As `object` says.
#' @family preprocessing layers
#' @examples
#' layer <- layer_string_lookup(vocabulary = c("a", "b", "c"))
#' layer(c("a", "z"))
#' @export
layer_string_lookup <- function(object, max_tokens = NULL, num_oov_indices = 1L, mask_token = NULL, oov_token = "[UNK]", vocabulary = NULL,
                                idf_weights = NULL, encoding = "utf-8", invert = FALSE, output_mode = "int", sparse = FALSE,
                                pad_to_max_tokens = FALSE, ...) {
  create_layer(StringLookup, object, capture_args())
}

StringLookup <- R6::R6Class("StringLookup", inherit = IndexLookup, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.preprocessing.string_lookup.StringLookup", "keras.engine.base_preprocessing_layer.PreprocessingLayer"),
    encoding = NULL,
    input_dtype = "string",   # of the input of a model that begins with it
    initialize = function(max_tokens = NULL, num_oov_indices = 1L, mask_token = NULL, oov_token = "[UNK]", vocabulary = NULL, idf_weights = NULL,
                          encoding = "utf-8", invert = FALSE, output_mode = "int", sparse = FALSE, pad_to_max_tokens = FALSE, vocabulary_size = NULL,
                          ...) {
      self$encoding <- encoding
      self$init_lookup(TRUE, max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
                       pad_to_max_tokens, ...)
    },
    get_config = function() c(self$lookup_config(), list(idf_weights = self$given_idf, vocabulary = as_config_list(self$given_vocabulary),
                                                         vocabulary_size = self$vocabulary_size(), encoding = self$encoding))
  )
)
as_config_list <- function(x) if (length(x) > 1L || is.numeric(x)) as.list(x) else x
