# A vocabulary: index lookup as layer_string_lookup(), layer_integer_lookup() and layer_text_vectorization() do it.
# Indices: the mask token (0, in "int" mode with a mask token), the out-of-vocabulary indices, the tokens.

Vocabulary <- R6::R6Class("Vocabulary", cloneable = FALSE,
  public = list(
    max_tokens = NULL, num_oov_indices = NULL, mask_token = NULL, oov_token = NULL, output_mode = NULL, pad_to_max_tokens = NULL,
    is_text = NULL,          # tokens are strings, else integers
    tokens = NULL, idf = NULL,
    counts = NULL, documents = NULL, document_counts = NULL,  # while adapting
    process_values = NULL,

    initialize = function(max_tokens, num_oov_indices, mask_token, oov_token, output_mode, pad_to_max_tokens, is_text) {
      self$max_tokens <- if (!is.null(max_tokens)) as_count(max_tokens, "max_tokens", 1L)
      self$num_oov_indices <- as_count(num_oov_indices, "num_oov_indices", 0L)
      # the mask has an index for "int" only
      if (!is.null(max_tokens) && max_tokens <= num_oov_indices + (output_mode == "int" && !is.null(mask_token)))
        abort_argument("`max_tokens` must be NULL or greater than the number of special tokens. Received: max_tokens = ", received(max_tokens))
      self$mask_token <- mask_token
      self$oov_token <- oov_token
      self$output_mode <- output_mode
      self$pad_to_max_tokens <- as_flag(pad_to_max_tokens, "pad_to_max_tokens")
      if (self$pad_to_max_tokens && is.null(max_tokens)) abort_argument("`pad_to_max_tokens = TRUE` needs `max_tokens`. Received: max_tokens = NULL")
      self$is_text <- is_text
    },

    oov_start = function() if (!is.null(self$mask_token) && self$output_mode == "int") 1L else 0L,
    token_start = function() self$oov_start() + self$num_oov_indices,
    special_tokens = function() c(if (self$oov_start() > 0L) self$mask_token, rep(self$oov_token, self$num_oov_indices)),
    all_tokens = function() c(self$special_tokens(), self$tokens),
    size = function() self$token_start() + length(self$tokens),
    columns = function() if (self$pad_to_max_tokens && !is.null(self$max_tokens)) self$max_tokens else self$size(),

    # ---- given
    # The out-of-vocabulary token may be among the others where indices are not turned back into tokens.
    set = function(vocabulary, idf_weights = NULL, invert = FALSE) {
      if (is.character(vocabulary) && length(vocabulary) == 1L && utils::file_test("-f", vocabulary)) {
        vocabulary <- readLines(vocabulary, encoding = "UTF-8", warn = FALSE)
        if (!self$is_text) vocabulary <- as.numeric(vocabulary)
      }
      if (is_tensor(vocabulary)) vocabulary <- as.array(vocabulary)
      vocabulary <- as.vector(unlist(vocabulary))
      vocabulary <- if (self$is_text) enc2utf8(as.character(vocabulary)) else as.numeric(vocabulary)
      if (!length(vocabulary)) abort_argument("the vocabulary is empty.")
      special <- self$special_tokens()
      if (length(special) && length(vocabulary) >= length(special) && all(vocabulary[seq_along(special)] == special)) {
        vocabulary <- vocabulary[-seq_along(special)]
      }
      repeated <- unique(vocabulary[duplicated(vocabulary)])
      if (length(repeated)) abort_argument("the vocabulary holds terms more than once: ", received(repeated))
      for (token in list(self$mask_token, if (invert) self$oov_token))
        if (!is.null(token) && token %in% vocabulary) {
          abort_argument("the vocabulary holds the reserved token ", received(token), " at a place that is not the first.")
        }
      if (!is.null(self$max_tokens) && self$token_start() + length(vocabulary) > self$max_tokens)
        abort_argument("the vocabulary is larger than `max_tokens`: ", self$token_start() + length(vocabulary),
                       " with the special tokens, max_tokens = ", self$max_tokens, ".")
      self$tokens <- vocabulary
      if (self$output_mode == "tf_idf") {
        if (is.null(idf_weights)) abort_argument("`idf_weights` must be given with the vocabulary for output_mode = \"tf_idf\".")
        idf_weights <- as.numeric(unlist(idf_weights))
        if (length(special) && length(idf_weights) == length(special) + length(vocabulary)) idf_weights <- idf_weights[-seq_along(special)]
        if (length(idf_weights) != length(vocabulary)) {
          abort_argument("`idf_weights` must have one number for each of the ", length(vocabulary), " tokens. Received: ", length(idf_weights))
        }
        self$idf <- c(rep(mean(idf_weights), self$token_start()), idf_weights)
      } else if (!is.null(idf_weights)) abort_argument("`idf_weights` go with output_mode = \"tf_idf\" only. Received: output_mode = ",
                                                       received(self$output_mode))
      self$process_values <- NULL
    },

    # ---- learned. `documents`: the tokens of each document
    reset = function() {
      self$counts <- token_counter()
      self$document_counts <- token_counter()
      self$documents <- 0
    },
    update = function(tokens, document_of, documents) {
      self$counts$add(tokens)
      if (self$output_mode == "tf_idf") self$document_counts$add(tokens[!duplicated(paste(document_of, tokens))])
      self$documents <- self$documents + documents
    },
    learn = function() {
      counts <- self$counts$all()
      counts <- counts[!names(counts) %in% as.character(c(self$mask_token, self$oov_token))]
      if (!length(counts)) abort_argument("adapt(): the data holds no token to learn: a vocabulary has at least one besides the special ones.")
      tokens <- if (self$is_text) names(counts) else as.numeric(names(counts))
      # Most frequent first; among equals the last in the alphabet.
      rank <- order(counts, tokens, decreasing = TRUE, method = "radix")
      if (!is.null(self$max_tokens)) rank <- rank[seq_len(min(length(rank), self$max_tokens - self$token_start()))]
      self$tokens <- tokens[rank]
      if (self$output_mode == "tf_idf") {
        idf <- unname(log(1 + self$documents / (1 + self$document_counts$all()[names(counts)[rank]])))
        self$idf <- c(rep(mean(idf), self$token_start()), idf)
      }
      self$counts <- self$document_counts <- NULL
      self$process_values <- NULL
    },

    # ---- used
    need_tokens = function() {
      if (is.null(self$tokens)) {
        abort_argument("the layer has no vocabulary yet: call adapt(layer, data), or give it with `vocabulary =` or set_vocabulary()")
      }
    },
    table = function() {
      self$need_tokens()
      # The mask token reads as index 0, or as nothing where codes are counted.
      process_cache(self, "table", list(
        keys = tensor(array(c(self$mask_token, self$tokens)), if (self$is_text) "string" else "int64"),
        values = tensor(array(c(if (!is.null(self$mask_token)) { if (self$oov_start() > 0L) 0 else -1 },
                                self$token_start() + seq_along(self$tokens) - 1)), "int64")))
    },
    index = function(x) {
      table <- self$table()
      if (self$num_oov_indices <= 1L)
        return(op_lookup(x, table$keys, table$values, otherwise = self$oov_start(), strict = self$num_oov_indices == 0L))
      found <- op_lookup(x, table$keys, table$values, otherwise = -2)
      bucket <- if (self$is_text) {
        op_string_hash(x, self$num_oov_indices)
      } else {
        op_floor_mod(op_cast(x, "int64"), tensor(self$num_oov_indices, "int64"))
      }
      op_select(op_equal(found, tensor(-2, "int64")), op_add(bucket, tensor(self$oov_start(), "int64")), found)
    },
    token_at = function(index) {
      self$need_tokens()
      # What no token has the index of reads as the out-of-vocabulary token, which stands once more at the end.
      all <- process_cache(self, "all", tensor(array(c(self$all_tokens(), self$oov_token)), if (self$is_text) "string" else "int64"))
      places <- process_cache(self, "places", tensor(array(seq_len(self$size()) - 1), "int64"))
      op_gather(all, op_lookup(index, places, places, otherwise = self$size()), axis = 0L)
    },
    encode = function(codes, dtype)
      if (self$output_mode == "int") codes else encode_codes(codes, self$output_mode, self$columns(), padded(self$idf, self$columns()), dtype = dtype)
  )
)

# How often each token was seen. Tokens wait until they are as many as the known ones, so that many small batches take no longer than a few
# large ones.
token_counter <- function() {
  counts <- setNames(numeric(), character())
  waiting <- list()
  count <- 0
  take_in <- function() {
    if (count > 0) counts <<- add_counts(counts, unlist(waiting))
    waiting <<- list()
    count <<- 0
  }
  list(add = function(tokens) {
         waiting[[length(waiting) + 1L]] <<- tokens
         count <<- count + length(tokens)
         if (count > max(10000, length(counts))) take_in()
       },
       all = function() { take_in(); counts })
}

padded <- function(x, n) if (is.null(x)) NULL else c(x, numeric(n - length(x)))
add_counts <- function(counts, tokens) {
  words <- unique(tokens)
  more <- setNames(as.numeric(tabulate(match(tokens, words), length(words))), words)
  known <- intersect(names(counts), names(more))
  counts[known] <- counts[known] + more[known]
  c(counts, more[setdiff(names(more), known)])
}
