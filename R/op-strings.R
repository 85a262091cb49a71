# Ops on strings, vocabularies and codes (src/ops/strings.cpp).

op_lookup <- function(x, keys, values, otherwise = -1, strict = FALSE)
  call_op("lookup", list(x, keys, values), list(otherwise = otherwise, strict = strict))
op_string_hash <- function(x, buckets, key = NULL) call_op("string_hash", list(x), list(buckets = buckets, key = key))
op_as_string <- function(x) call_op("as_string", list(x))
op_bucketize <- function(x, boundaries) call_op("bucketize", list(x), list(boundaries = as.numeric(boundaries)))
op_bincount <- function(x, size, weights = NULL, binary = FALSE, strict = FALSE, dtype = NULL) {
  call_op("bincount", c(list(x), if (!is.null(weights)) list(weights)),
          list(size = size, binary = binary, strict = strict, dtype = dtype %||% floatx_get()))
}

op_string_ngrams <- function(x, ngrams) call_op("string_ngrams", list(x), list(ngrams = ngrams))

# `tokens`: list(lower, strip, split, ngrams), how texts are cut.
op_text_tokens <- function(x, length, tokens) call_op("text_tokens", list(x), c(list(length = length), tokens))
op_text_length <- function(x, tokens) call_op("text_length", list(x), tokens)
op_text_bag <- function(x, keys, values, size, otherwise, tokens, dtype = NULL) {
  call_op("text_bag", list(x, keys, values), c(list(size = size, otherwise = otherwise, dtype = dtype %||% floatx_get()), tokens))
}
