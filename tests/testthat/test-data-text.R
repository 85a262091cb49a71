test_that("texts become sequences over the most frequent words", {
  tokenizer <- text_tokenizer(num_words = 6)
  texts <- c("The cat sat on the mat.", "The dog, the cat!", "A bird sang")
  fit_text_tokenizer(tokenizer, texts)
  expect_identical(texts_to_sequences(tokenizer, texts), list(c(1L, 2L, 3L, 4L, 1L, 5L), c(1L, 1L, 2L), list()))
  expect_identical(tokenizer$word_index[c("the", "bird")], list(the = 1L, bird = 8L))
  expect_equal(texts_to_matrix(tokenizer, texts, "count")[1, ], c(0, 2, 1, 1, 1, 1))
  expect_equal(texts_to_matrix(tokenizer, texts, "tfidf")[2, ], c(0, 1.1736, 0.6931472, 0, 0, 0), tolerance = 1e-5)
  expect_equal(texts_to_matrix(tokenizer, texts, "freq")[2, 2:3], c(2, 1) / 3)
})

test_that("an out-of-vocabulary token takes index 1", {
  tokenizer <- text_tokenizer(num_words = 5, oov_token = "<oov>", lower = FALSE)
  fit_text_tokenizer(tokenizer, c("a b b c", "B a"))
  expect_identical(texts_to_sequences(tokenizer, c("a z b", "B c c")), list(c(2L, 1L, 3L), c(1L, 4L, 4L)))
})

test_that("fitting twice is fitting on both", {
  once <- text_tokenizer()
  fit_text_tokenizer(once, c("b a", "a c"))
  twice <- text_tokenizer()
  fit_text_tokenizer(twice, "b a")
  fit_text_tokenizer(twice, "a c")
  expect_identical(twice$word_docs, once$word_docs)
  expect_identical(twice$word_index, once$word_index)
})

test_that("a tokenizer survives its file, letters of all alphabets included", {
  tokenizer <- text_tokenizer()
  fit_text_tokenizer(tokenizer, c("stra\u00dfe \u732b", "\u732b"))
  file <- withr::local_tempfile()
  save_text_tokenizer(tokenizer, file)
  again <- load_text_tokenizer(file)
  expect_identical(again$word_index, tokenizer$word_index)
  expect_equal(texts_to_matrix(again, "\u732b", "tfidf"), texts_to_matrix(tokenizer, "\u732b", "tfidf"))
})

test_that("hashing words is stable", {
  expect_identical(text_hashing_trick("a b c some more words", 20, hash_function = "md5"), c(14L, 4L, 6L, 2L, 15L, 16L))
})

test_that("sequences are padded and cut at the asked end", {
  s <- list(1:3, 4:5, 6:10)
  expect_identical(pad_sequences(s, maxlen = 4), rbind(c(0L, 1L, 2L, 3L), c(0L, 0L, 4L, 5L), 7:10))
  expect_identical(pad_sequences(s, maxlen = 4, padding = "post", truncating = "post", value = 9), rbind(c(1L, 2L, 3L, 9L), c(4L, 5L, 9L, 9L), 6:9))
  expect_error(pad_sequences(s, padding = "both"), "both", class = "keratin_error_argument")
})

test_that("skip-grams pair each word with its window", {
  s <- skipgrams(c(1, 0, 2, 3), 10, window_size = 2, negative_samples = 0, shuffle = FALSE)
  expect_identical(s$couples, list(c(1L, 2L), c(2L, 1L), c(2L, 3L), c(3L, 2L)))
  expect_identical(skipgrams(1:6, 10, seed = 1), skipgrams(1:6, 10, seed = 1))
  expect_equal(as.vector(make_sampling_table(4)), c(0.003152248, 0.003152248, 0.005475973, 0.007415564), tolerance = 1e-6)
})

test_that("bytes that are no UTF-8 are told, latin1 is converted", {
  skip_if(l10n_info()$`Latin-1`)
  expect_error(text_to_word_sequence("caf\xe9"), "not valid UTF-8", class = "keratin_error_argument")
  latin <- "caf\xe9"
  Encoding(latin) <- "latin1"
  expect_identical(text_to_word_sequence(latin), "caf\u00e9")
})

test_that("texts that are lists of tokens, words of every script, and a token that is also a word", {
  tokenizer <- text_tokenizer(num_words = 5, oov_token = "OOV")
  fit_text_tokenizer(tokenizer, list(c("A", "b", "a"), c("c d", "b")))
  expect_identical(texts_to_sequences(tokenizer, list(c("a", "c d", "zz"))), list(c(2L, 4L, 1L)))
  # Python: "ΣΊΣΥΦΟΣ ΣΟΦΟΣ, İ".lower() has a final sigma at the end of words and two characters for the dotted capital
  words <- text_to_word_sequence("\u03a3\u039f\u03a6\u039f\u03a3, \u0130X \u03a3")
  expect_identical(words, c("\u03c3\u03bf\u03c6\u03bf\u03c2", "i\u0307x", "\u03c3"))
  same <- text_tokenizer(oov_token = "cat")
  fit_text_tokenizer(same, c("the cat", "cat sat"))
  expect_identical(texts_to_sequences(same, "the bird cat"), list(c(3L, 2L, 2L)))
  expect_identical(same$word_index, list(cat = 2L, the = 3L, sat = 4L))
  file <- withr::local_tempfile(fileext = ".json")
  save_text_tokenizer(same, file)
  expect_identical(texts_to_sequences(load_text_tokenizer(file), "the bird cat"), list(c(3L, 2L, 2L)))
})
