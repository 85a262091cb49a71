#' A preprocessing layer which maps integer features to contiguous ranges
#'
#' @inheritParams layer_string_lookup
#' @param num_oov_indices Number of indices for integers out of the vocabulary; with more than one they are spread by their remainder. 0
#'   makes them an error.
#' @param mask_token Integer for masked inputs; has index 0 with `output_mode = "int"`.
#' @param oov_token Integer for out-of-vocabulary indices, with `invert = TRUE`.
#' @param vocabulary Integers, or path of a text file with one integer a line.
#' @param vocabulary_dtype `"int64"` or `"int32"`.
#' @return As `object` says.
#' @family preprocessing layers
#' @examples
#' layer_integer_lookup(vocabulary = c(3L, 5L, 7L))(c(5L, 4L))
#' @export
layer_integer_lookup <- function(object, max_tokens = NULL, num_oov_indices = 1L, mask_token = NULL, oov_token = -1L, vocabulary = NULL,
                                 vocabulary_dtype = "int64", idf_weights = NULL, invert = FALSE, output_mode = "int", sparse = FALSE,
                                 pad_to_max_tokens = FALSE, ...) {
  create_layer(IntegerLookup, object, capture_args())
}

IntegerLookup <- R6::R6Class("IntegerLookup", inherit = IndexLookup, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.preprocessing.integer_lookup.IntegerLookup", "keras.engine.base_preprocessing_layer.PreprocessingLayer"),
    vocabulary_dtype = NULL,
    initialize = function(max_tokens = NULL, num_oov_indices = 1L, mask_token = NULL, oov_token = -1L, vocabulary = NULL, vocabulary_dtype = "int64",
                          idf_weights = NULL, invert = FALSE, output_mode = "int", sparse = FALSE, pad_to_max_tokens = FALSE, vocabulary_size = NULL,
                          ...) {
      self$vocabulary_dtype <- as_choice(vocabulary_dtype, c("int64", "int32"), "vocabulary_dtype")
      self$init_lookup(FALSE, max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
                       pad_to_max_tokens, ...)
    },
    get_config = function() c(self$lookup_config(), list(vocabulary_dtype = self$vocabulary_dtype, idf_weights = self$given_idf,
                                                         vocabulary = as_config_list(self$given_vocabulary),
                                                         vocabulary_size = self$vocabulary_size()))
  )
)
