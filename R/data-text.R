# Text to words, and words to numbers without a vocabulary.

text_filters <- "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n"

#' Convert text to a sequence of words (or tokens)
#'
#' @param text Input text (a string).
#' @param filters A string of characters to leave out, such as punctuation.
#' @param lower Whether to convert the text to lower case.
#' @param split Separator between words.
#' @return The words, a character vector.
#' @family text preprocessing
#' @examples
#' text_to_word_sequence("The cat sat on the mat.")
#' @export
text_to_word_sequence <- function(text, filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n", lower = TRUE, split = " ") {
  if (length(text) != 1L) abort_argument("`text` must be one string. Received: ", received(text), ".")
  words <- split_words(text, filters, lower, split)[[1L]]
  if (length(words)) words else list()
}

# Words of many texts at once: a list of character vectors.
split_words <- function(texts, filters, lower, split) {
  texts <- as_utf8(texts)
  if (lower) texts <- lower_case(texts)
  for (character in unique(strsplit(filters, "")[[1L]])) texts <- gsub(character, split, texts, fixed = TRUE)
  words <- strsplit(texts, split, fixed = TRUE)
  lapply(words, function(w) w[nzchar(w)])
}

# Lower case by Unicode's rules, as in Python: a capital sigma at the end of a word, and a capital i with a dot, are not letter by letter.
lower_case <- function(texts) {
  dotted <- "\u0130"
  if (any(grepl(dotted, texts, fixed = TRUE))) texts <- gsub(dotted, "i\u0307", texts, fixed = TRUE)
  sigma <- "\u03a3"
  if (any(grepl(sigma, texts, fixed = TRUE)))
    texts <- gsub(paste0("(?<=[\\p{L}\\p{Mn}'\u2019])", sigma, "(?![\\p{Mn}'\u2019.:\u00b7]*\\p{L})"), "\u03c2", texts, perl = TRUE)
  tolower(texts)
}

# Text in any marked encoding as UTF-8. Bytes that are no UTF-8 are an error that names the text, because words cut from them would
# silently differ from those of the same text read rightly.
as_utf8 <- function(texts, argument = "text") {
  texts <- as.character(texts)
  if (!length(texts)) return(texts)
  # Without a mark, bytes are those of the locale. A locale that is not of one byte a character is taken for UTF-8 (also "C", that of
  # batch jobs, where R itself would write <e9> for a byte that it does not know).
  unmarked <- !is.na(texts) & Encoding(texts) == "unknown"
  if (!isTRUE(l10n_info()$`Latin-1`)) Encoding(texts)[unmarked] <- "UTF-8"
  bad <- which(!is.na(texts) & (Encoding(texts) == "bytes" | Encoding(texts) == "UTF-8" & !validUTF8(texts)))
  if (!length(bad)) texts <- enc2utf8(texts)
  if (length(bad)) {
    abort_argument("`", argument, "` number ", bad[1L], " is not valid UTF-8: ",
                   substr(iconv(texts[bad[1L]], "ASCII", "ASCII", sub = "byte"), 1L, 60L),
                   ". Read it with its encoding (readLines(encoding = ), iconv()).")
  }
  if (anyNA(texts)) abort_argument("`", argument, "` number ", which(is.na(texts))[1L], " is NA.")
  texts
}

#' Convert a text to a sequence of indexes in a fixed-size hashing space
#'
#' Two or more words may be given the same index, by chance. The probability of a collision grows with the number of distinct words
#' for a given `n`.
#'
#' @param text Input text (a string).
#' @param n Dimension of the hashing space.
#' @param hash_function `NULL` or `"md5"` (which is what `NULL` means here: stable across sessions), or a function that takes a word
#'   and returns a whole number.
#' @inheritParams text_to_word_sequence
#' @return Integers in `[1, n)`, one a word. 0 is never given to a word.
#' @family text preprocessing
#' @examples
#' text_hashing_trick("a b c some more words", 20, hash_function = "md5")
#' @export
text_hashing_trick <- function(text, n, hash_function = NULL, filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n", lower = TRUE, split = " ") {
  n <- as_whole(n, "n", least = 2)
  words <- unlist(text_to_word_sequence(text, filters, lower, split))
  if (!length(words)) return(list())
  if (is.function(hash_function)) return(vapply(words, function(w) as.integer(hash_function(w) %% (n - 1) + 1), 0L, USE.NAMES = FALSE))
  if (!is.null(hash_function) && !identical(hash_function, "md5"))
    abort_argument("`hash_function` must be NULL, \"md5\" or a function. Received: ", received(hash_function), ".")
  hex_modulo(cli::hash_md5(words), n - 1) + 1L
}

# A hexadecimal number of any length modulo m, digit by digit (exact in doubles while 16 m < 2^53).
hex_modulo <- function(hex, m) {
  digits <- matrix(strtoi(unlist(strsplit(hex, "")), 16L), ncol = length(hex))
  rest <- numeric(length(hex))
  for (i in seq_len(nrow(digits))) rest <- (rest * 16 + digits[i, ]) %% m
  as.integer(rest)
}

#' One-hot encode a text into a list of word indexes in a vocabulary of size n
#'
#' The hashing trick with the default hash function.
#'
#' @param input_text Input text (a string).
#' @param n Size of the vocabulary.
#' @param text Older name of `input_text`.
#' @inheritParams text_to_word_sequence
#' @return Integers in `[1, n)`, one a word.
#' @family text preprocessing
#' @examples
#' text_one_hot("a b c a", 10)
#' @export
text_one_hot <- function(input_text, n, filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n", lower = TRUE, split = " ", text = NULL) {
  if (!is.null(text) && missing(input_text)) input_text <- text
  text_hashing_trick(input_text, n, NULL, filters, lower, split)
}

# A whole number in the range, as an integer-valued double, or an error that names the argument.
as_whole <- function(x, argument, least = -Inf, most = Inf) {
  if (!is.numeric(x) || length(x) != 1L || is.na(x) || x != floor(x) || x < least || x > most) {
    range <- if (is.finite(most)) paste0(" from ", least, " to ", most) else if (is.finite(least)) paste0(", at least ", least) else ""
    abort_argument("`", argument, "` must be a whole number", range, ". Received: ", received(x), ".")
  }
  x
}
