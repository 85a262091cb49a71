# Sequences of integers: padding, skip-grams, sampling.

#' Pads sequences to the same length
#'
#' @param sequences List of sequences, each a vector (or an array whose first axis is time). An empty list is a sequence of length 0.
#' @param maxlen Length of all sequences; `NULL` is that of the longest.
#' @param dtype Type of the result: `"int32"` gives integers, `"float32"` numbers.
#' @param padding,truncating `"pre"` or `"post"`: at which end to pad, and from which end to cut what is longer than `maxlen`.
#' @param value The padding value.
#' @return An array with dimensions (number of sequences, maxlen, ...).
#' @family text preprocessing
#' @examples
#' pad_sequences(list(1:3, 4:5, 6:10), maxlen = 4)
#' @export
pad_sequences <- function(sequences, maxlen = NULL, dtype = "int32", padding = "pre", truncating = "pre", value = 0) {
  if (is.matrix(sequences)) sequences <- lapply(seq_len(nrow(sequences)), function(i) sequences[i, ])
  if (!is.list(sequences)) abort_argument("`sequences` must be a list of vectors. Received: ", received(sequences), ".")
  padding <- one_of(padding, c("pre", "post"), "padding")
  truncating <- one_of(truncating, c("pre", "post"), "truncating")
  sequences <- lapply(sequences, function(s) if (is.list(s)) unlist(s) else s)
  other <- Find(function(s) length(s) && !is.numeric(s) && !is.logical(s), sequences)
  if (!is.null(other) && grepl("int|bool|float", dtype)) abort_argument("`sequences` must hold numbers. Received: ", received(other), ".")
  steps <- vapply(sequences, function(s) if (is.null(dim(s))) length(s) else dim(s)[1L], 0L)
  maxlen <- if (is.null(maxlen)) max(0L, steps) else as_whole(maxlen, "maxlen", least = 0)
  kept <- pmin(steps, maxlen)
  first <- if (truncating == "pre") steps - kept else integer(length(steps))
  offset <- if (padding == "pre") maxlen - kept else integer(length(steps))
  inner <- lapply(sequences[steps > 0L], function(s) if (length(dim(s)) > 1L) dim(s)[-1L] else integer())
  if (length(unique(inner)) > 1L) {
    odd <- which(!vapply(inner, identical, NA, inner[[1L]]))[1L]
    abort_shape("`sequences` differ in the shape of a step: (", paste(inner[[1L]], collapse = ", "), ") in the first and (",
                paste(inner[[odd]], collapse = ", "), ") in another.")
  }
  inner <- if (length(inner)) inner[[1L]] else integer()
  per_step <- prod(inner)
  out <- array(value, c(length(sequences), maxlen, per_step))
  row <- rep.int(seq_along(sequences), kept)
  within <- sequence(kept)
  parts <- Map(function(s, f, k) {
    if (k == 0L) NULL else if (per_step == 1L) s[f + seq_len(k)] else matrix(s, ncol = per_step)[f + seq_len(k), , drop = FALSE]
  }, sequences, first, kept)
  if (length(row)) {
    values <- if (per_step == 1L) unlist(parts, use.names = FALSE) else do.call(rbind, parts)
    column <- rep.int(offset, kept) + within
    for (j in seq_len(per_step)) out[cbind(row, column, j)] <- if (per_step == 1L) values else values[, j]
  }
  dim(out) <- c(length(sequences), maxlen, inner)
  if (grepl("int|bool", dtype)) storage.mode(out) <- "integer" else if (grepl("float", dtype)) storage.mode(out) <- "double"
  out
}

#' Word rank-based probabilistic sampling table
#'
#' For the `sampling_table` of [skipgrams()]: entry i is the probability of keeping the word of rank i, assuming that frequencies
#' follow Zipf's law. Formula: `min(1, sqrt(word_frequency / sampling_factor) / (word_frequency / sampling_factor))`, as in word2vec.
#'
#' @param size Number of words.
#' @param sampling_factor The sampling factor of word2vec.
#' @return A vector (1-d array) of `size` probabilities.
#' @family text preprocessing
#' @examples
#' make_sampling_table(12)
#' @export
make_sampling_table <- function(size, sampling_factor = 1e-05) {
  size <- as_whole(size, "size", least = 1)
  gamma <- 0.577  # Euler's constant, to the digits word2vec uses
  rank <- c(1, seq_len(size - 1))
  inverse_frequency <- rank * (log(rank) + gamma) + 0.5 - 1 / (12 * rank)
  array(pmin(1, sqrt(sampling_factor * inverse_frequency)))
}

#' Skip-gram word pairs
#'
#' Turns a sequence of word indexes into pairs (word, word in the same window), label 1, and (word, random word of the vocabulary),
#' label 0.
#'
#' @param sequence Word indexes; 0 is not a word and is left out.
#' @param vocabulary_size Largest index + 1.
#' @param window_size Half the size of the window: a word is paired with up to `window_size` words on each side.
#' @param negative_samples Negative samples for each positive one: 0 none, 1 as many, 0.5 half as many.
#' @param shuffle Whether to shuffle the pairs.
#' @param categorical If `TRUE`, labels are `c(0, 1)` and `c(1, 0)` rather than 1 and 0.
#' @param sampling_table Probabilities of keeping a word of rank i, see [make_sampling_table()].
#' @param seed Seed of the random choices; `NULL` draws from R's generator.
#' @return A list with `couples`, a list of integer pairs, and `labels`.
#' @family text preprocessing
#' @examples
#' skipgrams(1:6, vocabulary_size = 10, window_size = 2, negative_samples = 0, shuffle = FALSE)$labels
#' @export
skipgrams <- function(sequence, vocabulary_size, window_size = 4, negative_samples = 1, shuffle = TRUE, categorical = FALSE,
                      sampling_table = NULL, seed = NULL) {
  words <- as.integer(unlist(sequence))
  vocabulary_size <- as_whole(vocabulary_size, "vocabulary_size", least = 1)
  window_size <- as_whole(window_size, "window_size", least = 0)
  with_seed(seed, {
    centre <- which(words != 0L)
    if (!is.null(sampling_table)) {
      if (any(words[centre] >= length(sampling_table)))
        abort_argument("`sampling_table` has ", length(sampling_table), " entries, too few for word ", max(words), ".")
      centre <- centre[sampling_table[words[centre] + 1L] >= stats::runif(length(centre))]
    }
    offsets <- setdiff(seq.int(-window_size, window_size), 0)
    other <- outer(offsets, centre, `+`)
    inside <- other >= 1 & other <= length(words)
    inside[inside] <- words[other[inside]] != 0L
    left <- words[rep(centre, each = length(offsets))[inside]]
    right <- words[other[inside]]
    positive <- length(left)
    negative <- if (positive) trunc(positive * negative_samples) else 0
    if (negative > 0) {
      shuffled <- left[sample.int(positive)]
      left <- c(left, rep_len(shuffled, negative))
      right <- c(right, sample.int(max(1, vocabulary_size - 1), negative, replace = TRUE))
    }
    labels <- rep.int(c(1L, 0L), c(positive, negative))
    order <- if (shuffle) sample.int(length(left)) else seq_along(left)
    couples <- Map(c, left[order], right[order], USE.NAMES = FALSE)
    labels <- labels[order]
    list(couples = couples, labels = if (categorical) lapply(labels, function(l) c(1L - l, l)) else labels)
  })
}
