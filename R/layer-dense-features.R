#' Dense layer of feature columns
#'
#' TensorFlow's feature columns do not exist in keratin. The preprocessing layers do their work: [layer_normalization()] for numbers,
#' [layer_discretization()] for buckets, [layer_string_lookup()], [layer_integer_lookup()] and [layer_category_encoding()] for indicators,
#' [layer_embedding()] for embeddings, [layer_concatenate()] to join them.
#'
#' @inheritParams layer_dense
#' @param feature_columns Not used.
#' @return Nothing: an error that says what to write instead.
#' @family layer methods
#' @export
layer_dense_features <- function(object, feature_columns, name = NULL, trainable = NULL, input_shape = NULL, batch_input_shape = NULL,
                                 batch_size = NULL, dtype = NULL, weights = NULL) {
  abort_argument(
    "keratin has no feature columns, so no layer_dense_features(). Make the features with layer_normalization(), layer_string_lookup(), ",
                 "layer_category_encoding() or layer_embedding(), and join them with layer_concatenate().")
}
