# layer_string_lookup() and layer_integer_lookup() in common.

IndexLookup <- R6::R6Class("IndexLookup", inherit = AdaptingLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    vocabulary = NULL, invert = NULL, sparse = NULL, given_vocabulary = NULL, given_idf = NULL,

    init_lookup = function(is_text, max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
                           pad_to_max_tokens, ..., dtype = NULL) {
      output_mode <- as_output_mode(output_mode, c("int", encoding_modes))
      invert <- as_flag(invert, "invert")
      if (invert && output_mode != "int") {
        abort_argument("`output_mode` must be \"int\" with invert = TRUE. Received: output_mode = ", received(output_mode))
      }
      if (isTRUE(sparse)) abort_argument("keratin has no sparse tensors: leave `sparse = FALSE`.")
      super$initialize(..., dtype = if (output_mode == "int") "int64" else if (is.null(dtype) || !startsWith(dtype, "float")) NULL else dtype)
      self$invert <- invert
      self$sparse <- FALSE
      self$vocabulary <- Vocabulary$new(max_tokens, num_oov_indices, mask_token, oov_token, output_mode, pad_to_max_tokens, is_text)
      if (!is.null(idf_weights) && is.null(vocabulary)) abort_argument("`idf_weights` go with a `vocabulary`.")
      if (!is.null(vocabulary)) {
        self$vocabulary$set(vocabulary, idf_weights, invert)
        self$given_vocabulary <- vocabulary
        self$given_idf <- idf_weights
      }
    },

    get_vocabulary = function(include_special_tokens = TRUE) {
      if (include_special_tokens) self$vocabulary$all_tokens() else self$vocabulary$tokens
    },
    set_vocabulary = function(vocabulary, idf_weights = NULL) self$vocabulary$set(vocabulary, idf_weights, self$invert),
    vocabulary_size = function() self$vocabulary$size(),
    check_adaptable = function() {
      if (!is.null(self$given_vocabulary)) {
        abort_argument("the layer \"", self$name, "\" has a vocabulary already: it was given as `vocabulary`, so there is nothing to adapt.")
      }
    },
    reset_state = function() self$vocabulary$reset(),
    # A row is a document; of data without rows, a batch is.
    update_state = function(data, batch_size = NULL) {
      rows <- if (length(dim(data)) > 1L) dim(data)[1L]
      tokens <- if (self$vocabulary$is_text) enc2utf8(as.character(data)) else as.vector(data)
      n <- length(tokens)
      document_of <- if (!is.null(rows)) rep_len(seq_len(rows), n) else if (is.null(batch_size)) rep(1L, n) else (seq_len(n) - 1L) %/% batch_size
      self$vocabulary$update(tokens, document_of, rows %||% length(unique(document_of)))
    },
    adapt_array = function(data, batch_size) self$update_state(data, batch_size),
    finalize_state = function() {
      self$vocabulary$learn()
      self$is_adapted <- TRUE
    },

    # Files beside a saved model that carry what adapt() learned.
    assets = function() list("vocabulary.txt" = as.character(self$vocabulary$tokens)),
    load_assets = function(files) {
      tokens <- files[["vocabulary.txt"]]
      self$vocabulary$tokens <- if (self$vocabulary$is_text) tokens else as.numeric(tokens)
    },

    call = function(inputs) {
      vocabulary <- self$vocabulary
      if (self$invert) return(vocabulary$token_at(if (tensor_dtype(inputs) %in% c("int32", "int64")) inputs else op_cast(inputs, "int64")))
      if (!vocabulary$is_text) {
        if (tensor_dtype(inputs) == "string") abort_argument("the layer takes integers. Received: strings (see layer_string_lookup())")
        inputs <- op_cast(inputs, "int64")
      } else if (tensor_dtype(inputs) != "string") {
        if (!tensor_dtype(inputs) %in% c("int32", "int64")) abort_argument("the layer takes strings. Received: ", tensor_dtype(inputs))
        inputs <- op_as_string(inputs)
      }
      vocabulary$encode(vocabulary$index(inputs), self$dtype)
    },

    lookup_config = function() {
      v <- self$vocabulary
      c(super$get_config(),
        list(invert = self$invert, max_tokens = v$max_tokens, num_oov_indices = v$num_oov_indices, oov_token = v$oov_token, mask_token = v$mask_token,
                           output_mode = v$output_mode, sparse = FALSE, pad_to_max_tokens = v$pad_to_max_tokens))
    }
  )
)
