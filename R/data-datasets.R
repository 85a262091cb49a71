# The data sets of Keras, as R keras returns them. Their files are those that Keras fetches, so a cache filled by Keras serves.

keras_files <- "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

# list(train = list(x, y), test = list(x, y))
as_dataset_list <- function(x_train, y_train, x_test, y_test) list(train = list(x = x_train, y = y_train), test = list(x = x_test, y = y_test))

#' MNIST database of handwritten digits
#'
#' 60,000 28 x 28 grayscale images of the 10 digits, and a test set of 10,000 images. The file is fetched once and kept, see
#' [get_file()].
#'
#' @param path Path where to keep the file, relative to the cache folder.
#' @return Lists `train` and `test`, each with `x`, an integer array (images, 28, 28) of gray levels from 0 to 255, and `y`, the digits.
#' @family datasets
#' @examples
#' \dontrun{
#' mnist <- dataset_mnist()
#' x_train <- mnist$train$x / 255
#' }
#' @export
dataset_mnist <- function(path = "mnist.npz") {
  d <- read_npz(get_file(path, paste0(keras_files, "mnist.npz"), file_hash = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"))
  as_dataset_list(d$x_train, d$y_train, d$x_test, d$y_test)
}

#' Fashion-MNIST database of fashion articles
#'
#' 60,000 28 x 28 grayscale images of 10 categories of clothing, and a test set of 10,000 images: 0 T-shirt/top, 1 trouser, 2 pullover,
#' 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.
#'
#' @return As [dataset_mnist()].
#' @family datasets
#' @export
dataset_fashion_mnist <- function() {
  files <- c("train-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz")
  d <- lapply(files, function(f) read_idx(get_file(f, paste0(keras_files, f), cache_subdir = file.path("datasets", "fashion-mnist"))))
  as_dataset_list(d[[2L]], d[[1L]], d[[4L]], d[[3L]])
}

# MNIST's own format: two zero bytes, type, rank, sizes (big endian), values (bytes here).
read_idx <- function(path) {
  con <- gzfile(path, "rb")
  on.exit(close(con))
  head <- readBin(con, "integer", 4L, size = 1L, signed = FALSE)
  if (length(head) < 4L || head[3L] != 8L) abort_file("\"", path, "\" is not an idx file of bytes.")
  sizes <- readBin(con, "integer", head[4L], endian = "big")
  values <- readBin(con, "integer", prod(sizes), size = 1L, signed = FALSE)
  if (length(values) < prod(sizes)) abort_file("\"", path, "\" is cut off: ", length(values), " of ", prod(sizes), " values.")
  if (length(sizes) == 1L) array(values) else aperm(array(values, rev(sizes)))
}

#' CIFAR10 and CIFAR100 small image classification
#'
#' 50,000 32 x 32 color images in 10 (or 100) categories, and 10,000 test images.
#'
#' @param label_mode `"fine"` for the 100 classes, `"coarse"` for the 20 groups of them.
#' @return Lists `train` and `test`, each with `x`, an integer array (images, 32, 32, 3) from 0 to 255, and `y`, a matrix of one column.
#' @family datasets
#' @export
dataset_cifar10 <- function() {
  folder <- get_file("cifar-10-batches-py", "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", untar = TRUE,
                     file_hash = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce")
  batches <- lapply(file.path(folder, paste0("data_batch_", 1:5)), read_cifar, labels = "labels")
  x <- array(0L, c(50000L, 32L, 32L, 3L))
  for (i in 1:5) x[(i - 1L) * 10000L + 1:10000, , , ] <- batches[[i]]$x
  test <- read_cifar(file.path(folder, "test_batch"), "labels")
  as_dataset_list(x, matrix(unlist(lapply(batches, `[[`, "y")), ncol = 1L), test$x, matrix(test$y, ncol = 1L))
}

#' @rdname dataset_cifar10
#' @export
dataset_cifar100 <- function(label_mode = c("fine", "coarse")) {
  labels <- paste0(one_of(label_mode, c("fine", "coarse"), "label_mode"), "_labels")
  folder <- get_file("cifar-100-python", "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz", untar = TRUE,
                     file_hash = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7")
  train <- read_cifar(file.path(folder, "train"), labels)
  test <- read_cifar(file.path(folder, "test"), labels)
  as_dataset_list(train$x, matrix(train$y, ncol = 1L), test$x, matrix(test$y, ncol = 1L))
}

# A row of the data is 32 x 32 bytes of red, then green, then blue.
read_cifar <- function(path, labels) {
  batch <- pickle_read(readBin(path, "raw", file.size(path)))
  data <- from_pickle(batch$data)
  pixels <- array(t(data), c(32L, 32L, 3L, nrow(data)))
  list(x = aperm(pixels, c(4L, 2L, 1L, 3L)), y = as.integer(unlist(batch[[labels]])))
}

#' IMDB movie reviews sentiment classification
#'
#' 25,000 reviews, labelled by sentiment (1 positive, 0 negative), and as many to test on. Words are numbered by frequency.
#'
#' @inheritParams dataset_mnist
#' @param num_words Word numbers are kept that are smaller than this. Rarer words become `oov_char`. `NULL` stands for the largest number
#'   there is (so, as in Keras, all words but the rarest are kept).
#' @param skip_top Leave out the most frequent words up to this number.
#' @param maxlen Leave out reviews of this length or more.
#' @param seed Seed of the shuffle; the order is that of Keras.
#' @param start_char Number that begins each sequence; 0 is usually the padding.
#' @param oov_char Number of words that were left out.
#' @param index_from Words are numbered from here.
#' @return Lists `train` and `test`, each with `x`, a list of integer vectors, and `y`. `dataset_imdb_word_index()`: a named list, the
#'   number of each word (without `index_from`).
#' @family datasets
#' @export
dataset_imdb <- function(path = "imdb.npz", num_words = NULL, skip_top = 0L, maxlen = NULL, seed = 113L, start_char = 1L, oov_char = 2L,
                         index_from = 3L) {
  d <- read_npz(get_file(path, paste0(keras_files, "imdb.npz"), file_hash = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"))
  order <- numpy_shuffles(seed, c(length(d$x_train), length(d$x_test)))
  x <- c(d$x_train[order[[1L]]], d$x_test[order[[2L]]])
  y <- c(as.integer(d$y_train)[order[[1L]]], as.integer(d$y_test)[order[[2L]]])
  x <- number_words(x, start_char, index_from)
  train <- seq_along(x) <= length(order[[1L]])
  if (!is.null(maxlen)) {
    short <- lengths(x) < maxlen
    if (!any(short)) abort_argument("no sequence is shorter than maxlen = ", maxlen, ". Increase `maxlen`.")
    x <- x[short]
    y <- y[short]
    train <- train[short]
  }
  x <- limit_words(x, num_words, skip_top, oov_char)
  as_dataset_list(x[train], array(y[train]), x[!train], array(y[!train]))
}

#' @rdname dataset_imdb
#' @export
dataset_imdb_word_index <- function(path = "imdb_word_index.json") {
  read_word_index(get_file(path, paste0(keras_files, "imdb_word_index.json"), file_hash = "bfafd718b763782e994055a2d397834f"))
}

#' Reuters newswire topics classification
#'
#' 11,228 newswires, labelled over 46 topics. Words are numbered by frequency.
#'
#' @inheritParams dataset_imdb
#' @param test_split Fraction of the data for the test set.
#' @return As [dataset_imdb()]; `y` are topics from 0.
#' @family datasets
#' @export
dataset_reuters <- function(path = "reuters.npz", num_words = NULL, skip_top = 0L, maxlen = NULL, test_split = 0.2, seed = 113L,
                            start_char = 1L, oov_char = 2L, index_from = 3L) {
  d <- read_npz(get_file(path, paste0(keras_files, "reuters.npz"), file_hash = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"))
  order <- numpy_shuffles(seed, length(d$x))[[1L]]
  x <- number_words(d$x[order], start_char, index_from)
  y <- as.integer(d$y)[order]
  if (!is.null(maxlen)) {
    short <- lengths(x) < maxlen
    x <- x[short]
    y <- y[short]
  }
  x <- limit_words(x, num_words, skip_top, oov_char)
  train <- seq_along(x) <= trunc(length(x) * (1 - test_split))
  as_dataset_list(x[train], array(y[train]), x[!train], array(y[!train]))
}

#' @rdname dataset_reuters
#' @export
dataset_reuters_word_index <- function(path = "reuters_word_index.pkl") {
  read_word_index(get_file(path, paste0(keras_files, "reuters_word_index.json"), file_hash = "4d44cc38712099c9e383dc6e5f11a921"))
}

read_word_index <- function(path) {
  bytes <- readBin(path, "raw", file.size(path))
  if (bytes[1L] == as.raw(0x80)) pickle_read(bytes) else jsonlite::fromJSON(rawToChar(bytes), simplifyVector = FALSE)
}

number_words <- function(x, start_char, index_from) {
  from <- if (is.null(index_from)) 0L else as.integer(index_from)
  lapply(x, function(words) c(as.integer(start_char), words + from))
}

# Without `num_words` it is the largest number there is, so that the rarest word goes: so Keras counts.
limit_words <- function(x, num_words, skip_top, oov_char) {
  if (is.null(num_words)) num_words <- max(unlist(x), 0L)
  lapply(x, function(words) {
    out <- words >= num_words | words < skip_top
    if (is.null(oov_char)) words[!out] else replace(words, out, as.integer(oov_char))
  })
}

#' Boston housing price regression dataset
#'
#' 13 attributes of houses at different locations around the Boston suburbs in the late 1970s; targets are the median values of the
#' houses at a location (in k$).
#'
#' @inheritParams dataset_reuters
#' @return Lists `train` and `test`, each with `x`, a matrix of 13 columns, and `y`.
#' @family datasets
#' @export
dataset_boston_housing <- function(path = "boston_housing.npz", test_split = 0.2, seed = 113L) {
  d <- read_npz(get_file(path, paste0(keras_files, "boston_housing.npz"),
                         file_hash = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"))
  order <- numpy_shuffles(seed, nrow(d$x))[[1L]]
  train <- order[seq_len(trunc(length(order) * (1 - test_split)))]
  test <- order[-seq_along(train)]
  as_dataset_list(d$x[train, , drop = FALSE], array(d$y[train]), d$x[test, , drop = FALSE], array(d$y[test]))
}
