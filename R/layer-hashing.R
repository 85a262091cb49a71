#' A preprocessing layer which hashes and bins categorical features
#'
#' Strings (and integers, by their digits) are hashed with FarmHash's Fingerprint64, or with SipHash if there is a `salt`, as TensorFlow
#' does, so that bins agree.
#'
#' @inheritParams layer_string_lookup
#' @param num_bins Number of bins, the one of the mask included if there is a `mask_value`.
#' @param mask_value Value that goes to bin 0.
#' @param salt `NULL`, one whole number or two: the key of SipHash.
#' @param output_mode `"int"`, or `"one_hot"`, `"multi_hot"`, `"count"`: a row with a column for each bin.
#' @return As `object` says.
#' @references <https://github.com/google/farmhash>; Aumasson and Bernstein (2012), "SipHash: a fast short-input PRF".
#' @family preprocessing layers
#' @examples
#' layer_hashing(num_bins = 3)(c("Hello", "TensorFlow", "2.x"))
#' @export
layer_hashing <- function(object, num_bins, mask_value = NULL, salt = NULL, output_mode = "int", sparse = FALSE, ...) {
  create_layer(Hashing, object, capture_args())
}

Hashing <- R6::R6Class("Hashing", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.preprocessing.hashing.Hashing",
    num_bins = NULL, mask_value = NULL, salt = NULL, output_mode = NULL,
    initialize = function(num_bins, mask_value = NULL, salt = NULL, output_mode = "int", sparse = FALSE, ..., dtype = NULL) {
      self$output_mode <- as_choice(output_mode, c("int", "one_hot", "multi_hot", "count"), "output_mode")
      if (isTRUE(sparse)) abort_argument("keratin has no sparse tensors: leave `sparse = FALSE`.")
      super$initialize(..., dtype = if (self$output_mode == "int") "int64" else if (is.null(dtype) || !startsWith(dtype, "float")) NULL else dtype)
      self$num_bins <- as_count(num_bins, "num_bins", if (is.null(mask_value)) 1L else 2L)
      self$mask_value <- mask_value
      if (!is.null(salt)) {
        salt <- unlist(salt)
        if (!is_whole(salt) || !length(salt) %in% 1:2 || any(salt < 0)) {
          abort_argument("`salt` must be one or two whole numbers, at least 0. Received: salt = ", received(salt))
        }
        self$salt <- rep_len(as.numeric(salt), 2L)
      }
    },
    call = function(inputs) {
      if (is_float(tensor_dtype(inputs))) inputs <- op_cast(inputs, "int64")
      text <- if (tensor_dtype(inputs) == "string") inputs else op_as_string(inputs)
      bins <- if (is.null(self$mask_value)) op_string_hash(text, self$num_bins, self$salt) else {
        masked <- op_equal(text, tensor(as.character(self$mask_value), "string"))
        hashed <- op_add(if (self$num_bins > 1L) op_string_hash(text, self$num_bins - 1L, self$salt) else op_string_hash(text, 1L, self$salt),
                         tensor(1, "int64"))
        op_multiply(hashed, op_cast(op_logical_not(masked), "int64"))
      }
      if (self$output_mode == "int") bins else encode_codes(bins, self$output_mode, self$num_bins, dtype = self$dtype)
    },
    get_config = function() c(super$get_config(),
                              list(num_bins = self$num_bins, salt = if (!is.null(self$salt)) as.list(as.integer(self$salt)),
                                   mask_value = self$mask_value,
                                                       output_mode = self$output_mode, sparse = FALSE))
  )
)
