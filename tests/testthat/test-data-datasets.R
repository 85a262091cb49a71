test_that("shuffles are numpy's", {
  s <- numpy_shuffles(113, c(10, 7))
  expect_identical(s, list(c(10L, 4L, 7L, 2L, 1L, 8L, 5L, 9L, 3L, 6L), c(6L, 2L, 1L, 4L, 7L, 5L, 3L)))
})

test_that("pickles are read as data, and damaged ones are an error", {
  # pickle.dumps({'a': [1, -2], 'b': ('x', 2.5, None)}, protocol=2)
  bytes <- as.raw(strtoi(c("80", "02", "7d", "28", "58", "01", "00", "00", "00", "61", "5d", "28", "4b", "01", "4a", "fe", "ff", "ff", "ff", "65",
                           "58", "01", "00", "00", "00", "62", "58",
    "01", "00", "00", "00", "78", "47", "40", "04", "00", "00", "00", "00", "00", "00", "4e", "87", "75", "2e"), 16L))
  expect_identical(from_pickle(pickle_read(bytes)), list(a = c(1L, -2L), b = list("x", 2.5, NULL)))
  for (n in seq_len(length(bytes) - 1L)) expect_error(pickle_read(bytes[seq_len(n)]), class = "keratin_error_file")
  expect_error(pickle_read(as.raw(c(0x80, 2, 0x52, 0x2e))), class = "keratin_error_file")
})

test_that("an .npy file is read in its own order", {
  header <- "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n"
  file <- withr::local_tempfile()
  writeBin(c(as.raw(c(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, nchar(header), 0)), charToRaw(header), writeBin(1:6, raw(), endian = "little")), file)
  expect_identical(read_npy(file), rbind(1:3, 4:6))
})

test_that("words of IMDB and Reuters are numbered and limited as asked", {
  expect_identical(limit_words(number_words(list(c(1L, 50L, 7L)), 1L, 3L), 20, 5, 2L), list(c(2L, 2L, 2L, 10L)))
  expect_identical(limit_words(list(c(1L, 53L, 10L)), 20, 0, NULL), list(c(1L, 10L)))
  # Keras keeps what is smaller than the largest number if no limit is given.
  expect_identical(limit_words(list(c(1L, 53L, 10L), 52L), NULL, 0, 2L), list(c(1L, 2L, 10L), 52L))
})

test_that("get_file() uses what is there, checks it, and says where to put what it cannot get", {
  cache <- withr::local_tempdir()
  source <- withr::local_tempfile(lines = "hello")
  path <- suppressMessages(get_file("a.txt", paste0("file://", source), cache_dir = cache))
  expect_identical(readLines(path), "hello")
  expect_silent(get_file("a.txt", "http://localhost:1/none", cache_dir = cache))
  expect_error(suppressMessages(get_file("a.txt", paste0("file://", source), file_hash = strrep("0", 32), cache_dir = cache)), "checksum",
               class = "keratin_error_file")
  expect_error(suppressMessages(get_file("b.txt", "http://localhost:1/none", cache_dir = cache)), file.path(cache, "datasets", "b.txt"),
               class = "keratin_error_file", fixed = TRUE)
})

test_that("a file in the cache that is not the right one is told of, and a download that breaks off tried again", {
  cache <- withr::local_tempdir()
  source <- withr::local_tempfile(lines = "hello")
  dir.create(file.path(cache, "datasets"))
  writeLines("spoilt", file.path(cache, "datasets", "a.txt"))
  expect_message(path <- get_file("a.txt", paste0("file://", source), file_hash = unname(tools::md5sum(source)), cache_dir = cache),
                 "has not the expected checksum")
  expect_identical(readLines(path), "hello")
  expect_error(get_file("a.txt", "file:///none", file_hash = "0", hash_algorithm = "sha1", cache_dir = cache), "sha1",
               class = "keratin_error_argument")
  tries <- 0
  broken <- function(times) function(origin, part) {
    tries <<- tries + 1
    if (tries <= times) stop(internal("broke_off")("the connection broke off"))
    file.copy(source, part)
  }
  fetch <- function(times) suppressMessages(internal("fetch")("http://localhost:1/b", file.path(cache, "b.txt"), download = broken(times)))
  expect_error(fetch(3), "broke off", class = "keratin_error_file")
  tries <- 0
  expect_identical(readLines(fetch(2)), "hello")
  expect_identical(tries, 3)
})

test_that("an HDF5 dataset is read by rows", {
  skip_if_not_installed("hdf5r")
  path <- withr::local_tempfile(fileext = ".h5")
  h5 <- hdf5r::H5File$new(path, "w")
  h5[["d"]] <- array(1:24, c(4, 3, 2))
  h5$close_all()
  x <- hdf5_matrix(path, "d", start = 1)
  expect_identical(dim(x), c(1L, 3L, 4L))
  expect_identical(x[1][1, 2, ], 17:20)
  expect_identical(x[1, 2, ], 17:20)
  expect_error(hdf5_matrix(path, "e"), "It holds: d", class = "keratin_error_file")
  writeLines("no HDF5", other <- withr::local_tempfile())
  expect_error(hdf5_matrix(other, "d"), "cannot be read as an HDF5 file", class = "keratin_error_file")
})

test_that("HDF5 datasets are trained on batch by batch", {
  skip_if_not_installed("hdf5r")
  path <- withr::local_tempfile(fileext = ".h5")
  set.seed(4)
  x <- array(rnorm(20 * 3 * 2), c(20, 3, 2))
  y <- rowSums(x)
  h5 <- hdf5r::H5File$new(path, "w")
  h5[["x"]] <- aperm(x)
  h5[["y"]] <- y
  h5$create_group("group")
  h5$close_all()
  expect_error(hdf5_matrix(path, "group"), "a group", class = "keratin_error_file")
  expect_error(hdf5_matrix(path, "nowhere/z"), "no dataset", class = "keratin_error_file")
  from_file <- hdf5_matrix(path, "x")
  run <- function(x, y, shuffle) {
    model <- keras_model_sequential(input_shape = c(3, 2)) |> layer_flatten() |> layer_dense(1, kernel_initializer = "ones")
    compile(model, "sgd", "mse")
    set.seed(1)
    h <- fit(model, x, y, epochs = 2, batch_size = 6, validation_split = 0.2, shuffle = shuffle, verbose = 0)
    list(h$metrics, evaluate(model, x, y, verbose = 0), predict(model, x, verbose = 0))
  }
  for (shuffle in list(FALSE, "batch", TRUE)) expect_equal(run(from_file, hdf5_matrix(path, "y"), shuffle), run(x, y, shuffle), tolerance = 1e-6)
  expect_equal(run(from_file, y, FALSE), run(x, y, FALSE), tolerance = 1e-6)
  a <- layer_input(c(3, 2))
  b <- layer_input(c(3, 2))
  both <- keras_model(list(a, b), layer_flatten(layer_add(list(a, b))))
  expect_equal(predict(both, list(from_file, x), verbose = 0), predict(both, list(x, x), verbose = 0))
  model <- keras_model_sequential(input_shape = c(3, 2)) |> layer_flatten() |> layer_dense(1)
  compile(model, "sgd", "mse")
  expect_error(fit(model, from_file, 1:3, verbose = 0), "x 20, y 3", class = "keratin_error_shape")
})

test_that("reticulate's names walk through datasets, and its functions are otherwise what they were", {
  skip_if_not_installed("reticulate")
  it <- reticulate::as_iterator(timeseries_dataset_from_array(matrix(1:24, 12), 1:12, sequence_length = 4, batch_size = 5))
  sizes <- integer()
  while (!is.null(batch <- reticulate::iter_next(it))) sizes <- c(sizes, dim(batch[[1L]])[[1L]])
  expect_identical(sizes, c(5L, 4L))
  expect_identical(reticulate::iter_next(it, completed = "end"), "end")
  fake <- new.env()
  fake$f <- function(x) "its own"
  lockBinding("f", fake)
  fake$.__NAMESPACE__. <- list2env(list(spec = c(name = "fake")))
  internal("replace_function")(fake, "f", function(x) "ours")
  expect_identical(c(fake$f(1)), "ours")
  expect_true(bindingIsLocked("f", fake))
})
