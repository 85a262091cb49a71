test_that("hashes are FarmHash's and SipHash's at every length", {
  text <- paste(intToUtf8(33 + ((0:299) * 7) %% 90), collapse = "")
  prefixes <- function(n) tensor(array(substring(text, 1, n)), "string")
  expect_equal(as.vector(op_string_hash(prefixes(c(0, 1, 7, 8, 16, 17, 32, 33, 64, 65, 128, 300)), 1000003)),
               c(377723, 603316, 694971, 991202, 453557, 311472, 258913, 973885, 598396, 600506, 461507, 451147))
  expect_equal(as.vector(op_string_hash(prefixes(c(0, 1, 7, 8, 9, 100)), 1000003, c(42, 42))), c(564405, 277499, 940401, 269750, 708219, 933270))
  expect_equal(as.vector(layer_hashing(num_bins = 3)(c("Hello", "TensorFlow", "2.x"))), c(0, 2, 2))
})

test_that("text is vectorized over a learned vocabulary", {
  texts <- c("the cat sat", "the dog sat down", "a cat and a dog")
  layer <- layer_text_vectorization(max_tokens = 7, output_sequence_length = 5)
  adapt(layer, texts)
  expect_identical(get_vocabulary(layer), c("", "[UNK]", "the", "sat", "dog", "cat", "a"))
  expect_equal(as.array(layer(texts))[3, ], c(6, 5, 1, 6, 4))
  tfidf <- layer_text_vectorization(max_tokens = 7, output_mode = "tf_idf")
  adapt(tfidf, texts)
  expect_equal(as.array(tfidf(texts))[3, ], c(0.7675284, 0, 0, 0.6931472, 0.6931472, 1.832582, 0), tolerance = 1e-6)
})

test_that("a vocabulary layer goes through a file", {
  layer <- layer_text_vectorization(output_mode = "count")
  adapt(layer, c("a b", "b c"))
  file <- withr::local_tempfile()
  saveRDS(layer, file)
  expect_equal(as.array(readRDS(file)("b b a")), as.array(layer("b b a")))
})

test_that("lookups find, spread and refuse strange tokens", {
  expect_equal(as.vector(layer_string_lookup(vocabulary = c("a", "b", "c"), num_oov_indices = 3L)(c("a", "hello", "z"))), c(3, 1, 1))
  expect_equal(as.array(layer_integer_lookup(vocabulary = c(3L, 5L), mask_token = 0L)(c(0L, 3L, 9L))), array(c(0, 2, 1)))
  expect_error(layer_string_lookup(vocabulary = "a", num_oov_indices = 0L)("b"), "\"b\"", class = "keratin_error_argument")
  expect_error(layer_string_lookup(vocabulary = c("a", "a")), "more than once", class = "keratin_error_argument")
  expect_error(layer_string_lookup()("a"), "adapt", class = "keratin_error_argument")
  expect_error(adapt(layer_string_lookup(vocabulary = "a"), "b"), "vocabulary already", class = "keratin_error_argument")
  expect_identical(as.vector(as.array(layer_string_lookup(vocabulary = c("a", "b"), invert = TRUE)(c(2L, 0L, 9L)))), c("b", "[UNK]", "[UNK]"))
})

test_that("codes are encoded as rows", {
  codes <- matrix(c(0L, 1L, 3L, 3L), 2)
  expect_equal(as.array(layer_category_encoding(num_tokens = 4, output_mode = "count")(codes)), rbind(c(1, 0, 0, 1), c(0, 1, 0, 1)))
  expect_error(layer_category_encoding(num_tokens = 3)(codes), "num_tokens", class = "keratin_error_argument")
})

test_that("output modes have their older names too, counts take doubles as weights", {
  vocabulary <- c("a", "b")
  for (mode in list(c("binary", "multi_hot"), c("tf-idf", "tf_idf"))) {
    weights <- if (mode[[2L]] == "tf_idf") c(1.5, 0.5)
    for (layer in list(layer_text_vectorization, layer_string_lookup)) {
      given <- layer(output_mode = mode[[1L]], vocabulary = vocabulary, idf_weights = weights)
      expect_identical(given$get_config()$output_mode, mode[[2L]])
      expect_equal(as.array(given("b")), as.array(layer(output_mode = mode[[2L]], vocabulary = vocabulary, idf_weights = weights)("b")))
    }
  }
  expect_identical(layer_category_encoding(num_tokens = 2, output_mode = "binary")$get_config()$output_mode, "multi_hot")
  expect_error(layer_category_encoding(num_tokens = 2, output_mode = "tf-idf"), "Received: output_mode = \"tf-idf\"",
               class = "keratin_error_argument")
  counts <- layer_category_encoding(num_tokens = 3, output_mode = "count")
  expect_equal(as.array(counts(matrix(c(0L, 2L), 1), count_weights = matrix(c(0.5, 2), 1))), matrix(c(0.5, 0, 2), 1))
  expect_equal(as.array(counts(matrix(c(0L, 2L), 1), count_weights = matrix(1:2, 1))), matrix(c(1, 0, 2), 1))
})

test_that("bins and moments are learned", {
  layer <- layer_discretization(num_bins = 4)
  adapt(layer, array(1:100, c(100, 1)))
  expect_equal(as.vector(layer(c(1, 30, 60, 99))), 0:3)
  normal <- layer_normalization()
  adapt(normal, cbind(1:4, 5))
  expect_equal(as.array(normal(cbind(1:4, 5)))[, 1], c(-1.341641, -0.4472136, 0.4472136, 1.341641), tolerance = 1e-6)
  expect_length(normal$get_weights(), 3)
})

test_that("layers over codes keep the layer contract", {
  codes <- matrix(c(0L, 2L, 1L, 1L), 2)
  expect_layer_contract(layer_category_encoding(num_tokens = 4, output_mode = "count"), input = codes, gradient = FALSE, train = FALSE)
  expect_layer_contract(layer_discretization(bin_boundaries = c(0.5, 1)), input = codes, gradient = FALSE, train = FALSE)
  expect_layer_contract(layer_integer_lookup(vocabulary = c(2L, 1L), output_mode = "multi_hot"), input = codes, gradient = FALSE, train = FALSE)
  expect_layer_contract(layer_hashing(num_bins = 5, salt = 3), input = codes, gradient = FALSE, train = FALSE)
})

# Values of Keras 2.15.
test_that("vocabularies keep to Keras at their edges", {
  lookup <- layer_string_lookup(output_mode = "tf_idf")
  adapt(lookup, c("a", "b", "a"))   # without rows, a batch is one document
  expect_equal(as.array(lookup("a")), array(c(0, log(1.5), 0)), tolerance = 1e-6)
  adapt(lookup, c("a", "b", "a"), batch_size = 1)
  expect_equal(as.array(lookup(matrix("a"))), matrix(c(0, log(2), 0), 1), tolerance = 1e-6)
  expect_equal(as.array(layer_integer_lookup(vocabulary = c(27, 29), num_oov_indices = 0, oov_token = -1, invert = TRUE)(c(1L, 5L))),
               array(c(29, -1)))
  expect_error(layer_string_lookup(pad_to_max_tokens = TRUE), "max_tokens = NULL", class = "keratin_error_argument")
  padded <- layer_text_vectorization(max_tokens = 9, pad_to_max_tokens = TRUE, output_mode = "count", vocabulary = c("a", "b"))
  expect_identical(get_config(padded)$vocabulary_size, 3L)
  expect_identical(dim(padded("a b")), c(1L, 9L))
})

test_that("texts that are not split are cut or filled to `output_sequence_length`", {
  layer <- layer_text_vectorization(split = NULL, standardize = NULL, vocabulary = c("a", "b"), output_sequence_length = 3)
  expect_equal(as.array(layer(matrix(c("b", "z"), 1))), matrix(c(3, 1, 0), 1))
  expect_equal(as.array(layer(matrix(c("b", "z", "a", "a"), 1))), matrix(c(3, 1, 2), 1))
  expect_identical(layer(layer_input(shape = 2, dtype = "string"))$shape$as_list(), list(NULL, 3L))
})

# Values of Keras 2.15.
test_that("n-grams of texts that are not split are made along the last axis", {
  words <- c("a", "b", "c", "a b")
  two <- matrix(c("A", "b", "c", "b", "A!", "z"), 2, byrow = TRUE)
  layer <- function(...) layer_text_vectorization(split = NULL, vocabulary = words, ...)
  expect_equal(as.array(layer(ngrams = 1)(two)), rbind(c(2, 3, 4), c(3, 2, 1)))
  expect_equal(as.array(layer(ngrams = 2)(two)), rbind(c(2, 3, 4, 5, 1), c(3, 2, 1, 1, 1)))
  expect_equal(as.array(layer(ngrams = c(1, 3))(two)), rbind(c(2, 3, 4, 1), c(3, 2, 1, 1)))
  expect_equal(as.array(layer(ngrams = 2, output_sequence_length = 6)(two)), rbind(c(2, 3, 4, 5, 1, 0), c(3, 2, 1, 1, 1, 0)))
  expect_equal(as.array(layer(ngrams = 2)(array(c("a", "b", "c")))), array(c(2, 3, 4, 5, 1)))           # one text
  expect_equal(as.array(layer(ngrams = 2)(matrix(c("a", "b", "c")))), matrix(c(2, 3, 4)))               # three of one token
  expect_equal(as.array(layer(ngrams = 3)(array(c("a", "c", "b", "a"), c(1, 2, 2))))[1, , ], rbind(c(2, 3, 5), c(4, 2, 1)))
  expect_equal(as.array(layer(ngrams = 2, output_mode = "count")(two)), rbind(c(1, 1, 1, 1, 1), c(3, 1, 1, 0, 0)))
  expect_equal(as.array(layer(ngrams = 2, output_mode = "multi_hot", max_tokens = 7, pad_to_max_tokens = TRUE)(array(c("a", "b", "c")))),
               array(c(1, 1, 1, 1, 1, 0, 0)))
  expect_error(layer(ngrams = 2, output_mode = "count")(array("a", c(1, 2, 2))), "rank 2 at most", class = "keratin_error_shape")
  expect_identical(dim(layer(ngrams = c(4, 5))(two)), c(2L, 0L))
  model <- keras_model_sequential(list(layer_input(shape = 3, dtype = "string"), layer(ngrams = 2)))
  expect_identical(model$output_shape, list(NULL, 5L))
  expect_equal(unname(predict(model, two, verbose = 0)), rbind(c(2, 3, 4, 5, 1), c(3, 2, 1, 1, 1)))
  standardized <- layer(ngrams = 2, standardize = function(texts) gsub("z", "b", as.character(texts)))
  expect_equal(as.array(standardized(matrix(c("z", "a", "b"), 1))), matrix(c(3, 2, 3, 1, 5), 1))
})

test_that("adapt() learns n-grams of texts that are not split: of rows, or of batches", {
  layer <- layer_text_vectorization(split = NULL, ngrams = 2, output_mode = "tf_idf")
  adapt(layer, rep(c("a", "b", "c"), 15))   # batches of 32 and 13
  expect_identical(get_vocabulary(layer), c("[UNK]", "c", "b", "a b", "a", "c a", "b c"))
  expect_equal(as.vector(as.array(layer(array(c("a", "b", "c"))))), c(0, rep(log(1 + 2 / 3), 4), 0, log(1 + 2 / 3)), tolerance = 1e-6)
  rows <- rbind(c("a", "b", "d"), c("b", "c", "d"), c("a", "e", "c"))
  adapt(layer, rows)
  expect_identical(get_vocabulary(layer), c("[UNK]", "d", "c", "b", "a", "e c", "e", "c d", "b d", "b c", "a e", "a b"))
  expect_equal(as.array(layer(rows))[1L, ], c(0, log(2), 0, log(2), log(2), 0, 0, 0, log(2.5), 0, 0, log(2.5)), tolerance = 1e-6)
  layer <- layer_text_vectorization(split = NULL, output_mode = "tf_idf")
  adapt(layer, rows)
  expect_equal(as.array(layer(rows))[3L, ], c(0, 0, log(2), 0, log(2), log(2.5)), tolerance = 1e-6)
})

test_that("a layer that has seen data says how many axes its input has, as in Keras", {
  layer <- layer_normalization()
  expect_null(get_config(layer)$batch_input_shape)
  adapt(layer, matrix(1:6, 3))
  expect_identical(get_config(layer)$batch_input_shape, list(NULL, NULL))
  expect_null(get_config(layer_normalization(mean = 1, variance = 2))$batch_input_shape)
  lookup <- layer_string_lookup()
  adapt(lookup, tensor_slices_dataset(matrix(c("a", "b"), 2)) |> dataset_batch(2))
  model <- keras_model_sequential(list(lookup, layer_embedding(input_dim = 4, output_dim = 2)))
  expect_true(model$built)
  expect_identical(dim(predict(model, matrix(c("a", "b"), 1), verbose = 0)), c(1L, 2L, 2L))
  bins <- layer_discretization(num_bins = 2)
  adapt(bins, matrix(c(1, 1.4, 1.6, 2), 4))
  expect_equal(unname(predict(keras_model_sequential(list(bins)), matrix(c(1.2, 1.8)), verbose = 0)), as.array(bins(matrix(c(1.2, 1.8)))))
})

test_that("a model of texts takes a single one, and says where one is missing", {
  model <- keras_model_sequential() |> layer_text_vectorization(vocabulary = c("a", "b"), output_sequence_length = 2)
  expect_equal(as.vector(predict(model, "b a", verbose = 0)), c(3, 2))
  expect_error(predict(model, c("a", NA), verbose = 0), "`x` has 1 missing value", class = "keratin_error")
})

test_that("vocabularies are taken as Keras takes them", {
  lookup <- layer_integer_lookup(vocabulary = c(10, -1, 3))   # -1 stands for unknown ones only where indices are turned back
  expect_equal(as.vector(as.array(lookup(c(3L, -1L, 7L)))), c(3, 2, 0))
  expect_error(layer_integer_lookup(vocabulary = c(10, -1, 3), invert = TRUE), "reserved token", class = "keratin_error")
  weighted <- layer_string_lookup(vocabulary = c("a", "b"), idf_weights = c(0.5, 2), num_oov_indices = 0, output_mode = "tf_idf")
  expect_equal(as.vector(as.array(weighted(c("b", "a", "b")))), c(0.5, 4))
  expect_no_error(layer_integer_lookup(max_tokens = 3, num_oov_indices = 2, mask_token = 0L, output_mode = "multi_hot"))
  layer <- layer_text_vectorization(split = NULL, output_mode = "tf_idf")   # without rows one document
  adapt(layer, c("a", "b", "a"))
  expect_equal(as.vector(as.array(layer("a"))), c(0, log(1 + 1 / 2), 0), tolerance = 1e-6)
  expect_error(adapt(layer_text_vectorization(), c("", " ")), "no token to learn", class = "keratin_error")
})

test_that("missing values are no tokens", {
  for (layer in list(layer_string_lookup(), layer_text_vectorization())) expect_error(
    adapt(layer, c("a", NA)), "1 missing value .*position 2", class = "keratin_error")
  expect_error(adapt(layer_normalization(axis = NULL), c(1, NaN)), "missing value", class = "keratin_error")
})

test_that("many small batches are counted like one large one", {
  tokens <- sprintf("%05d", c(1:6000, 6000:1, 3L))
  at_once <- layer_string_lookup()
  adapt(at_once, tokens)
  by_batch <- layer_string_lookup()
  adapt(by_batch, tensor_slices_dataset(array(tokens)) |> dataset_batch(7))
  expect_identical(get_vocabulary(by_batch), get_vocabulary(at_once))
  expect_identical(get_vocabulary(by_batch)[2:3], c("00003", "06000"))
})

test_that("an input of other sizes than those adapted to is told so", {
  layer <- layer_normalization()
  adapt(layer, matrix(1:6, 3))
  expect_error(layer(matrix(1, 3, 4)), "adapted to data with 2 along axis 2", class = "keratin_error_shape")
  expect_identical(dim(layer(array(1, c(3, 5, 2)))), c(3L, 5L, 2L))   # broadcasts, as in Keras
})
