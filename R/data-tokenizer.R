# The text tokenizer: a vocabulary learned from texts, and texts as sequences or matrices over it.

#' Text tokenization utility
#'
#' Vectorizes a text corpus by turning each text into either a sequence of integers (each the index of a word in a dictionary) or a
#' vector over the dictionary, binary, by count, or by tf-idf.
#'
#' By default punctuation is removed and the texts become space-separated sequences of words (words may hold the `'` character).
#' Index 0 is reserved and never given to a word.
#'
#' @param num_words The maximum number of words to keep, by frequency: only the `num_words - 1` most common ones.
#' @param filters A string of characters to leave out. The default is all punctuation except `'`, and tab and line break.
#' @param lower Whether to convert the texts to lower case.
#' @param split Separator between words.
#' @param char_level If `TRUE`, every character is a token.
#' @param oov_token `NULL`, or a string that stands for out-of-vocabulary words in `texts_to_sequences()`; it gets index 1.
#'
#' @section Attributes: `word_counts`, `word_docs`, `word_index`, `index_word`, `index_docs` (named lists, or by index) and
#'   `document_count`, set by `fit_text_tokenizer()`.
#' @return A tokenizer, which is changed in place by `fit_text_tokenizer()`.
#' @family text tokenization
#' @examples
#' tokenizer <- text_tokenizer(num_words = 6)
#' fit_text_tokenizer(tokenizer, c("The cat sat on the mat.", "The dog, the cat!"))
#' texts_to_sequences(tokenizer, "the cat and the dog")
#' tokenizer$word_index$the
#' @export
text_tokenizer <- function(num_words = NULL, filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n", lower = TRUE, split = " ",
                           char_level = FALSE, oov_token = NULL) {
  if (!is.null(num_words)) num_words <- as.integer(as_whole(num_words, "num_words", least = 1))
  structure(list2env(list(num_words = num_words, filters = filters, lower = lower, split = split, char_level = char_level, oov_token = oov_token,
                          words = character(), counts = integer(), docs = integer(), document_count = 0L, index = character(),
                          sequence_docs = integer()),
                     parent = emptyenv()), class = "keras.preprocessing.text.Tokenizer")
}

# words, counts, docs: in order of first appearance. index: the words by index (most frequent first, after the oov token).
tokens_of <- function(tokenizer, texts) {
  tk <- tokenizer
  if (!is.list(texts)) texts <- as.list(as.character(texts))
  given <- lengths(texts) != 1L  # a text that comes as several strings is a sequence of tokens already
  out <- vector("list", length(texts))
  out[given] <- lapply(texts[given], function(w) if (tk$lower) lower_case(as_utf8(w)) else as_utf8(w))
  plain <- as_utf8(unlist(texts[!given]), "texts")
  out[!given] <- if (tk$char_level) strsplit(if (tk$lower) lower_case(plain) else plain, "") else split_words(plain, tk$filters, tk$lower, tk$split)
  out
}

#' Update the vocabulary of a tokenizer from texts or sequences
#'
#' Needed before `texts_to_sequences()` or `texts_to_matrix()`. Can be called again with more texts.
#'
#' @param object Tokenizer returned by [text_tokenizer()].
#' @param x Vector or list of strings (a string of several elements is a list of tokens), or a function that returns the next text
#'   on each call and `NULL` at the end; or a list of numeric sequences.
#' @return The tokenizer, invisibly; it is changed in place.
#' @family text tokenization
#' @export
fit_text_tokenizer <- function(object, x) {
  check_tokenizer(object)
  if (is.function(x)) x <- collect_generator(x)
  if (is.list(x) && length(x) && all(vapply(x, is.numeric, NA))) return(fit_tokenizer_sequences(object, x))
  tokens <- tokens_of(object, x)
  flat <- as.character(unlist(tokens, use.names = FALSE))
  text_of <- rep.int(seq_along(tokens), lengths(tokens))
  words <- unique(c(object$words, flat))
  position <- match(flat, words)
  grown <- function(old, more) c(old, integer(length(words) - length(old))) + more
  object$counts <- grown(object$counts, tabulate(position, length(words)))
  first_in_text <- !duplicated(cbind_keys(text_of, position, length(words)))
  object$docs <- grown(object$docs, tabulate(position[first_in_text], length(words)))
  object$words <- words
  object$document_count <- object$document_count + length(tokens)
  object$index <- c(object$oov_token, words[order(-object$counts)])
  invisible(object)
}
cbind_keys <- function(row, column, columns) (row - 1) * columns + column

fit_tokenizer_sequences <- function(object, sequences) {
  object$document_count <- object$document_count + length(sequences)
  seen <- unlist(lapply(sequences, unique))
  if (length(seen)) {
    docs <- tabulate(seen, max(seen, length(object$sequence_docs)))
    docs[seq_along(object$sequence_docs)] <- docs[seq_along(object$sequence_docs)] + object$sequence_docs
    object$sequence_docs <- docs
  }
  invisible(object)
}

collect_generator <- function(f) {
  out <- list()
  while (!is.null(text <- f())) out[[length(out) + 1L]] <- text
  out
}

check_tokenizer <- function(object) {
  if (!inherits(object, "keras.preprocessing.text.Tokenizer"))
    abort_argument("the tokenizer must come from text_tokenizer(). Received: ", received(class(object)), ".")
}

#' Transform each text into a sequence of integers
#'
#' Only the top `num_words` words are used, and only words the tokenizer knows (others become `oov_token`, if there is one).
#'
#' @param tokenizer Tokenizer, fitted.
#' @param texts Vector or list of texts (strings).
#' @return A list with one integer vector a text. A text without a known word gives an empty list.
#' @family text tokenization
#' @export
texts_to_sequences <- function(tokenizer, texts) {
  check_tokenizer(tokenizer)
  tokens <- tokens_of(tokenizer, texts)
  known <- word_positions(tokenizer)
  index <- unname(known[match(as.character(unlist(tokens, use.names = FALSE)), names(known))])
  limit <- tokenizer$num_words
  unknown <- is.na(index) | (!is.null(limit) & index >= c(limit, Inf)[1L])
  index[unknown] <- if (is.null(tokenizer$oov_token)) NA else known[[tokenizer$oov_token]]
  sequences <- unname(split(index, factor(rep.int(seq_along(tokens), lengths(tokens)), levels = seq_along(tokens))))
  lapply(sequences, function(s) {
    s <- s[!is.na(s)]
    if (length(s)) s else list()
  })
}

#' Transform each text into a sequence, one at a time
#'
#' @inheritParams texts_to_sequences
#' @return A function that returns the next sequence on each call, and `NULL` after the last; also for [generator_next()].
#' @family text tokenization
#' @export
texts_to_sequences_generator <- function(tokenizer, texts) {
  force(texts)
  check_tokenizer(tokenizer)
  at <- 0L
  function() {
    if (at >= length(texts)) return(NULL)
    at <<- at + 1L
    texts_to_sequences(tokenizer, texts[at])[[1L]]
  }
}

#' Convert a list of texts, or of sequences, to a matrix
#'
#' @inheritParams texts_to_sequences
#' @param mode One of `"binary"`, `"count"`, `"tfidf"`, `"freq"`.
#' @return A matrix, one row a text and one column a word index, the first of which (index 0) is never used.
#' @family text tokenization
#' @export
texts_to_matrix <- function(tokenizer, texts, mode = c("binary", "count", "tfidf", "freq")) {
  sequences_to_matrix(tokenizer, texts_to_sequences(tokenizer, texts), mode)
}

#' @rdname texts_to_matrix
#' @param sequences List of sequences (integer vectors).
#' @export
sequences_to_matrix <- function(tokenizer, sequences, mode = c("binary", "count", "tfidf", "freq")) {
  check_tokenizer(tokenizer)
  mode <- one_of(mode, c("binary", "count", "tfidf", "freq"), "mode")
  columns <- tokenizer$num_words
  if (is.null(columns)) {
    if (!length(tokenizer$index)) abort_argument("give text_tokenizer() a dimension (`num_words`), or fit the tokenizer on some text first.")
    columns <- length(word_positions(tokenizer)) + 1L
  }
  if (mode == "tfidf" && tokenizer$document_count == 0L) abort_argument("fit the tokenizer on some texts before mode = \"tfidf\".")
  sequences <- lapply(sequences, function(s) as.integer(unlist(s)))
  row <- rep.int(seq_along(sequences), lengths(sequences))
  index <- unlist(sequences, use.names = FALSE)
  keep <- index < columns
  counts <- matrix(as.numeric(tabulate((index[keep]) * length(sequences) + row[keep], length(sequences) * columns)), length(sequences), columns)
  switch(mode,
    count = counts,
    binary = (counts > 0) + 0,
    freq = counts / pmax(lengths(sequences), 1L),
    tfidf = {
      docs <- numeric(columns)
      known <- tokenizer_index_docs(tokenizer)
      known <- known[seq_len(min(length(known), columns - 1L))]
      docs[1L + seq_along(known)] <- known
      weight <- matrix(log(1 + tokenizer$document_count / (1 + docs)), length(sequences), columns, byrow = TRUE)
      ifelse(counts > 0, (1 + log(counts)) * weight, 0)
    })
}

# The index of each word: where the out-of-vocabulary token is a word of the texts, that of the word.
word_positions <- function(tokenizer) {
  index <- get0("index", envir = tokenizer)
  words <- unique(index)
  setNames(length(index) + 1L - match(words, rev(index)), words)
}

# In how many texts each index occurred.
tokenizer_index_docs <- function(tokenizer) {
  docs <- tokenizer$docs[match(tokenizer$index, tokenizer$words)]
  docs[duplicated(tokenizer$index, fromLast = TRUE)] <- 0L
  docs[is.na(docs)] <- 0L
  more <- tokenizer$sequence_docs
  if (length(more) > length(docs)) docs <- c(docs, integer(length(more) - length(docs)))
  docs[seq_along(more)] <- docs[seq_along(more)] + more
  docs
}

# The one of the choices that was meant (the first, if the argument was left alone), or an error.
one_of <- function(x, choices, argument) {
  if (identical(x, choices)) return(choices[1L])
  if (!is.character(x) || length(x) != 1L || !x %in% choices)
    abort_argument("`", argument, "` must be one of ", paste0("\"", choices, "\"", collapse = ", "), ". Received: ", received(x), ".")
  x
}

#' Save a text tokenizer to a file, and load it
#'
#' The file is JSON in the layout of Keras's `Tokenizer.to_json()`, which Python's `tokenizer_from_json()` reads too.
#'
#' @param object Tokenizer, fitted with [fit_text_tokenizer()].
#' @param filename File to save to, or to load from.
#' @return `load_text_tokenizer()` gives the tokenizer.
#' @family text tokenization
#' @examples
#' tokenizer <- text_tokenizer()
#' fit_text_tokenizer(tokenizer, c("x y z", "x y"))
#' file <- tempfile(fileext = ".json")
#' save_text_tokenizer(tokenizer, file)
#' texts_to_sequences(load_text_tokenizer(file), "z y x")
#' @export
save_text_tokenizer <- function(object, filename) {
  check_tokenizer(object)
  con <- file(filename, "wb")
  on.exit(close(con))
  writeBin(charToRaw(enc2utf8(tokenizer_to_json(object))), con)
  invisible(filename)
}

#' @rdname save_text_tokenizer
#' @export
load_text_tokenizer <- function(filename) {
  if (!file.exists(filename)) abort_file("there is no file \"", filename, "\".")
  bytes <- readBin(filename, "raw", file.size(filename))
  if (length(bytes) && bytes[1L] == as.raw(0x80))
    abort_file("\"", filename, "\" is a Python pickle. Save the tokenizer in Python with `open(f, 'w').write(tokenizer.to_json())` and load that.")
  parsed <- tryCatch(jsonlite::fromJSON(rawToChar(bytes), simplifyVector = FALSE), error = function(e) NULL)
  if (!identical(parsed$class_name, "Tokenizer")) abort_file("\"", filename, "\" is not a saved text tokenizer.")
  tokenizer_from_config(parsed$config)
}

json_text <- function(x) jsonlite::toJSON(x, auto_unbox = TRUE, null = "null", digits = NA)
named_json <- function(values, names) json_text(if (length(values)) as.list(setNames(values, names)) else setNames(list(), character()))

tokenizer_config <- function(object) {
  index_docs <- tokenizer_index_docs(object)
  list(num_words = object$num_words, filters = object$filters, lower = object$lower, split = object$split, char_level = object$char_level,
       oov_token = object$oov_token, document_count = object$document_count, word_counts = named_json(object$counts, object$words),
       word_docs = named_json(object$docs, object$words), index_docs = named_json(index_docs[index_docs > 0L], which(index_docs > 0L)),
       index_word = named_json(names(word_positions(object)), word_positions(object)),
       word_index = named_json(unname(word_positions(object)), names(word_positions(object))))
}
tokenizer_to_json <- function(object) as.character(json_text(list(class_name = "Tokenizer", config = tokenizer_config(object))))

tokenizer_from_config <- function(config) {
  object <- text_tokenizer(config$num_words, config$filters, config$lower, config$split, config$char_level, config$oov_token)
  part <- function(name) unlist(jsonlite::fromJSON(config[[name]], simplifyVector = FALSE))
  counts <- part("word_counts")
  object$words <- as.character(names(counts))
  object$counts <- as.integer(counts)
  object$docs <- as.integer(part("word_docs")[object$words])
  object$docs[is.na(object$docs)] <- 0L
  index <- part("index_word")
  # Index 1 has no word there if the out-of-vocabulary token is also a word of the texts.
  object$index <- rep_len(config$oov_token %||% "", max(0L, as.integer(names(index))))
  object$index[as.integer(names(index))] <- index
  object$document_count <- as.integer(config$document_count)
  object
}

#' @export
`$.keras.preprocessing.text.Tokenizer` <- function(x, name) {
  field <- function(n) get0(n, envir = x, inherits = FALSE)
  named <- function(values, names) as.list(setNames(values, names))
  switch(name,
    word_index = as.list(word_positions(x)),
    index_word = named(names(word_positions(x)), word_positions(x)),
    word_counts = named(field("counts"), field("words")),
    word_docs = named(field("docs"), field("words")),
    index_docs = {
      docs <- tokenizer_index_docs(x)
      named(docs[docs > 0L], which(docs > 0L))
    },
    fit_on_texts = , fit_on_sequences = function(texts) fit_text_tokenizer(x, texts),
    texts_to_sequences = function(texts) texts_to_sequences(x, texts),
    texts_to_matrix = function(texts, mode = "binary") texts_to_matrix(x, texts, mode),
    sequences_to_matrix = function(sequences, mode = "binary") sequences_to_matrix(x, sequences, mode),
    sequences_to_texts = function(sequences) vapply(sequences, function(s) paste(tokens_at(x, unlist(s)), collapse = " "), ""),
    get_config = function() tokenizer_config(x),
    to_json = function() tokenizer_to_json(x),
    field(name))
}

tokens_at <- function(tokenizer, index) {
  limit <- tokenizer$num_words
  words <- tokenizer$index[index]
  words[!is.null(limit) & index >= c(limit, Inf)[1L]] <- NA
  if (is.null(tokenizer$oov_token)) words[!is.na(words)] else ifelse(is.na(words), tokenizer$oov_token, words)
}

#' @export
print.keras.preprocessing.text.Tokenizer <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
#' @export
format.keras.preprocessing.text.Tokenizer <- function(x, ...) {
  sprintf("<text tokenizer: %d %s from %d texts%s>", length(x$words), if (x$char_level) "characters" else "words", x$document_count,
          if (is.null(x$num_words)) "" else paste0(", num_words = ", x$num_words))
}
