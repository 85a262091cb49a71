#' A preprocessing layer which maps text features to integer sequences
#'
#' Texts are standardized, split into tokens, joined to n-grams and looked up in a vocabulary, which is given or learned with [adapt()].
#'
#' @inheritParams layer_string_lookup
#' @param standardize `"lower_and_strip_punctuation"`, `"lower"`, `"strip_punctuation"`, `NULL`, or a function of a character vector (or
#'   string tensor).
#' @param split `"whitespace"`, `"character"`, `NULL`, or a function of a character vector that gives a list of character vectors.
#' @param ngrams `NULL`, or the lengths of the n-grams: one number n stands for 1 to n.
#' @param output_mode `"int"`, `"multi_hot"`, `"count"` or `"tf_idf"`.
#' @param output_sequence_length Length of the sequences (`"int"` mode): shorter ones are padded with 0, longer ones cut. `NULL` is the
#'   longest of the batch; within a model that is trained or predicts, a number is needed.
#' @return As `object` says.
#' @section Input shape: (batch) or (batch, 1), strings. With `split = NULL` any shape: what is along the last axis are the tokens of a text.
#' @section Output shape: (batch, output_sequence_length), or (batch, size of the vocabulary).
#' @family preprocessing layers
#' @examples
#' layer <- layer_text_vectorization(output_sequence_length = 4)
#' adapt(layer, c("the cat sat", "the dog sat down"))
#' get_vocabulary(layer)
#' layer("The dog!")
#' @export
layer_text_vectorization <- function(object, max_tokens = NULL, standardize = "lower_and_strip_punctuation", split = "whitespace", ngrams = NULL,
                                     output_mode = "int", output_sequence_length = NULL, pad_to_max_tokens = FALSE, vocabulary = NULL, ...) {
  create_layer(TextVectorization, object, capture_args())
}

TextVectorization <- R6::R6Class("TextVectorization", inherit = AdaptingLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.preprocessing.text_vectorization.TextVectorization", "keras.engine.base_preprocessing_layer.PreprocessingLayer"),
    vocabulary = NULL, standardize = NULL, split = NULL, ngrams = NULL, output_sequence_length = NULL, given_vocabulary = NULL, given_idf = NULL,

    initialize = function(max_tokens = NULL, standardize = "lower_and_strip_punctuation", split = "whitespace", ngrams = NULL, output_mode = "int",
                          output_sequence_length = NULL, pad_to_max_tokens = FALSE, vocabulary = NULL, idf_weights = NULL, sparse = FALSE,
                          ragged = FALSE, encoding = "utf-8", vocabulary_size = NULL, dtype = NULL, ...) {
      super$initialize(..., dtype = "string")
      self$standardize <- if (is.function(standardize) || is.null(standardize)) standardize else
        as_choice(standardize, c("lower_and_strip_punctuation", "lower", "strip_punctuation"), "standardize")
      self$split <- if (is.function(split) || is.null(split)) split else as_choice(split, c("whitespace", "character"), "split")
      self$ngrams <- if (!is.null(ngrams)) vapply(unlist(ngrams), as_count, 0L, what = "ngrams")
      output_mode <- as_output_mode(output_mode, c("int", "multi_hot", "count", "tf_idf"))
      if (!is.null(output_sequence_length)) {
        if (output_mode != "int") {
          abort_argument("`output_sequence_length` goes with output_mode = \"int\" only. Received: output_mode = ", received(output_mode))
        }
        self$output_sequence_length <- as_count(output_sequence_length, "output_sequence_length")
      }
      if (isTRUE(sparse) || isTRUE(ragged)) abort_argument("keratin has no sparse or ragged tensors: leave `sparse` and `ragged` FALSE.")
      self$vocabulary <- Vocabulary$new(max_tokens, 1L, "", "[UNK]", output_mode, pad_to_max_tokens, TRUE)
      if (!is.null(vocabulary)) {
        self$vocabulary$set(vocabulary, idf_weights)
        self$given_vocabulary <- vocabulary
        self$given_idf <- idf_weights
      }
    },

    tokenizing = function() list(
      lower = !is.function(self$standardize) && isTRUE(self$standardize %in% c("lower_and_strip_punctuation", "lower")),
      strip = !is.function(self$standardize) && isTRUE(self$standardize %in% c("lower_and_strip_punctuation", "strip_punctuation")),
      split = if (is.function(self$split) || is.null(self$split)) "none" else self$split,
      ngrams = if (length(self$ngrams) == 1L) seq_len(self$ngrams) else self$ngrams),

    get_vocabulary = function(include_special_tokens = TRUE) if (include_special_tokens) self$vocabulary$all_tokens() else self$vocabulary$tokens,
    set_vocabulary = function(vocabulary, idf_weights = NULL) self$vocabulary$set(vocabulary, idf_weights),
    vocabulary_size = function() self$vocabulary$size(),
    check_adaptable = function() {
      if (!is.null(self$given_vocabulary)) {
        abort_argument("the layer \"", self$name, "\" has a vocabulary already: it was given as `vocabulary`, so there is nothing to adapt.")
      }
    },
    reset_state = function() self$vocabulary$reset(),
    # A text is a document.
    update_state = function(data, batch_size = NULL) {
      if (is.null(self$split)) return(self$update_unsplit(data, batch_size))
      words <- as.array(self$tokens_of(tensor(array(as.character(data)), "string")))
      inside <- words != ""
      self$vocabulary$update(words[inside], row(words)[inside], length(data))
    },
    # Of tokens that are not split a row is, or, of data without rows, a batch, as for the lookups.
    update_unsplit = function(data, batch_size) {
      has_rows <- length(dim(data)) > 1L
      batch_of <- (seq_along(data) - 1L) %/% (batch_size %||% length(data))
      at_once <- has_rows || is.null(self$ngrams)
      for (batch in if (at_once) list(data) else lapply(split(data, batch_of), array)) {
        words <- as.array(self$unsplit_tokens(tensor(array(as.character(batch), dim(batch)), "string")))
        document_of <- if (has_rows) slice.index(words, 1L) else if (at_once) batch_of else rep(1L, length(words))
        inside <- words != ""
        self$vocabulary$update(words[inside], document_of[inside], if (has_rows) dim(data)[1L] else if (at_once) max(batch_of) + 1L else 1L)
      }
    },
    adapt_array = function(data, batch_size) self$update_state(data, batch_size),
    finalize_state = function() {
      self$vocabulary$learn()
      self$is_adapted <- TRUE
    },
    assets = function() {
      tokens <- self$vocabulary$tokens
      c(list("vocabulary.txt" = tokens, "_lookup_layer/vocabulary.txt" = tokens))
    },
    load_assets = function(files) self$vocabulary$tokens <- files[["_lookup_layer/vocabulary.txt"]] %||% files[["vocabulary.txt"]],

    needs_values = function(training) is.function(self$standardize) || is.function(self$split) ||
      self$vocabulary$output_mode == "int" && is.null(self$output_sequence_length) && !is.null(self$split),
    # Strings (texts, length), "" beyond the end of a text. `length` NULL: as many as the longest text has.
    tokens_of = function(texts, length = NULL) {
      if (is.function(self$standardize) || is.function(self$split)) return(self$tokens_by_function(texts, length))
      how <- self$tokenizing()
      if (is.null(length)) {
        if (is_symbolic(texts)) {
          if (!layer_state$inferring)
            abort_argument(
              "while a function is traced the length of the sequences must be fixed: give layer_text_vectorization() `output_sequence_length`.")
          length <- NA
        } else length <- max(1L, as.array(op_text_length(texts, how)))
      }
      op_text_tokens(texts, length, how)
    },
    # Texts that are tokens as they are, and the n-grams of neighbours along the last axis.
    unsplit_tokens = function(texts) {
      dims <- tensor_shape(texts)
      how <- self$tokenizing()
      if (is.function(self$standardize) && !layer_state$inferring) {
        texts <- self$standardize(texts)
        if (!is_tensor(texts)) {
          texts <- tensor(if (length(texts) == prod(dims)) array(as.character(texts), dims) else array(as.character(texts)), "string")
        }
      } else if (how$lower || how$strip) texts <- op_squeeze(op_text_tokens(texts, 1L, how[c("lower", "strip", "split")]), axes = -1L)
      if (is.null(self$ngrams)) return(texts)
      op_string_ngrams(if (length(dims)) texts else op_expand_dims(texts, axis = 0L), how$ngrams)
    },
    tokens_by_function = function(texts, length) {
      if (layer_state$inferring) return(op_text_tokens(texts, length %||% NA, self$tokenizing()))   # only the shape is wanted
      if (is.function(self$standardize)) texts <- self$standardize(texts)
      if (!is_tensor(texts)) texts <- tensor(array(as.character(texts)), "string")
      if (!is.function(self$split)) {
        how <- self$tokenizing()
        return(op_text_tokens(texts, length %||% max(1L, as.array(op_text_length(texts, how))), how))
      }
      words <- self$split(as.character(texts))
      if (is_tensor(words)) words <- list(words)
      n <- length %||% max(1L, lengths(words))
      rows <- vapply(words, function(w) c(as.character(w), rep("", n))[seq_len(n)], character(n))
      tensor(matrix(rows, ncol = n, byrow = TRUE), "string")
    },

    call = function(inputs) {
      if (tensor_dtype(inputs) != "string") abort_argument("the layer takes strings. Received: ", tensor_dtype(inputs))
      vocabulary <- self$vocabulary
      vocabulary$need_tokens()
      dims <- tensor_shape(inputs)
      if (is.null(self$split)) {
        codes <- vocabulary$index(self$unsplit_tokens(inputs))
        if (vocabulary$output_mode == "int" && !is.null(self$output_sequence_length) && tensor_rank(codes)) {
          codes <- to_length(codes, self$output_sequence_length)
        }
        return(vocabulary$encode(codes, floatx_get()))
      }
      if (length(dims) > 1L) {
        if (!identical(dims[length(dims)], 1L) || length(dims) > 2L)
          abort_shape("the layer takes texts of shape (batch) or (batch, 1). Received: ", format_shape(dims))
        inputs <- op_squeeze(inputs, axes = -1L)
      } else if (!length(dims)) inputs <- op_expand_dims(inputs, axis = 0L)
      if (vocabulary$output_mode == "int") return(vocabulary$index(self$tokens_of(inputs, self$output_sequence_length)))
      bag <- if (is.function(self$standardize) || is.function(self$split)) op_bincount(self$codes_by_function(inputs), vocabulary$columns()) else {
        table <- vocabulary$table()
        op_text_bag(inputs, table$keys, table$values, vocabulary$columns(), vocabulary$oov_start(), self$tokenizing())
      }
      switch(vocabulary$output_mode, count = bag, multi_hot = op_cast(op_greater(bag, 0), floatx_get()),
             tf_idf = op_multiply(bag, tensor(array(padded(vocabulary$idf, vocabulary$columns())), floatx_get())))
    },
    codes_by_function = function(inputs) self$vocabulary$index(self$tokens_by_function(inputs, NULL)),

    get_config = function() {
      v <- self$vocabulary
      c(super$get_config(), list(
        max_tokens = v$max_tokens, standardize = if (is.function(self$standardize)) serialize_function(self$standardize) else self$standardize,
        split = if (is.function(self$split)) serialize_function(self$split) else self$split,
        ngrams = if (length(self$ngrams) > 1L) as.list(self$ngrams) else self$ngrams,
        output_mode = v$output_mode, output_sequence_length = self$output_sequence_length, pad_to_max_tokens = v$pad_to_max_tokens, sparse = FALSE,
        ragged = FALSE,
        vocabulary = as_config_list(self$given_vocabulary), idf_weights = self$given_idf, encoding = "utf-8",
        vocabulary_size = self$vocabulary_size()))
    }
  )
)

# The last axis cut, or filled with zeros, to `length`.
to_length <- function(codes, length) {
  rank <- tensor_rank(codes)
  op_slice(op_pad(codes, rbind(matrix(0, rank - 1L, 2L), c(0, length))), rep(0L, rank), c(rep(-1L, rank - 1L), length))
}
