# A folder of two classes with images of different sizes and kinds.
photo_folder <- function(n = 6, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  set.seed(11)
  for (i in seq_len(n)) {
    class <- c("a", "b")[1 + i %% 2]
    dir.create(file.path(folder, class), showWarnings = FALSE)
    sizes <- c(sample(9:40, 2L), c(3L, 1L, 4L, 3L)[1 + i %% 4])
    wave <- outer(seq_len(sizes[1L]), seq_len(sizes[2L]), function(y, x) sin(y / 5) + cos(x / 3)) / 4 + 0.5
    pixels <- array(c(wave) + runif(prod(sizes), -0.1, 0.1), sizes)
    path <- file.path(folder, class, paste0("p", i))
    if (i %% 2) png::writePNG(if (sizes[3L] == 1L) pixels[, , 1L] else pixels, paste0(path, ".png"))
    else jpeg::writeJPEG(if (sizes[3L] == 1L) pixels[, , 1L] else pixels[, , 1:3], paste0(path, ".jpg"), quality = 0.8)
  }
  folder
}
collect <- function(dataset) {
  it <- as_iterator(dataset)
  out <- list()
  while (!is.null(batch <- iter_next(it))) out[[length(out) + 1L]] <- lapply(batch, as.array)
  out
}

test_that("the threads' levels are those of the packages png and jpeg", {
  skip_if_not_installed("png")
  skip_if_not_installed("jpeg")
  files <- list.files(photo_folder(12), full.names = TRUE, recursive = TRUE)
  for (file in files) {
    pixels <- in_color_mode(read_image(file), "rgba")
    size <- dim(pixels)[1:2]
    for (case in list(list(size, "nearest", TRUE), list(c(13L, 17L), "nearest", TRUE), list(c(13L, 17L), "bicubic", TRUE))) {
      ahead <- images_ahead(file, image_reading(case[[1L]], "rgba", case[[2L]], FALSE, TRUE, stop))
      expect_equal(as.array(ahead$at(1L)), resize_levels(pixels, case[[1L]], case[[2L]]))
    }
    ahead <- images_ahead(file, image_reading(c(7L, 9L), "grayscale", "bilinear", TRUE, FALSE, stop))
    gray <- op_expand_dims(tensor(in_color_mode(read_image(file), "grayscale"), "float32"), axis = 0L)
    expect_equal(as.array(ahead$at(1L)), array(as.array(smart_resize(gray, c(7, 9), "bilinear")), c(7, 9, 1)), tolerance = 1e-6)
  }
})

test_that("datasets and flows from folders are the same on any number of threads", {
  skip_if_not_installed("png")
  skip_if_not_installed("jpeg")
  folder <- photo_folder()
  from_folder <- function() suppressMessages(image_dataset_from_directory(folder, image_size = c(12, 10), batch_size = 4, seed = 3))
  flow <- function() suppressMessages(flow_images_from_directory(folder, target_size = c(12, 10), batch_size = 4, seed = 3))
  runs <- lapply(c(1L, 3L), function(threads) with_threads(threads, {
    f <- flow()
    list(collect(from_folder()), collect(from_folder() |> dataset_prefetch(1)), f[0], f[1], generator_next(f))
  }))
  expect_identical(runs[[1L]], runs[[2L]])
  expect_identical(runs[[1L]][[1L]], runs[[1L]][[2L]])
})

test_that("a damaged image is named, or left out", {
  skip_if_not_installed("png")
  skip_if_not_installed("jpeg")
  folder <- photo_folder()
  bad <- list.files(folder, "p3", recursive = TRUE, full.names = TRUE)
  writeBin(readBin(bad, "raw", 60L), bad)
  ds <- suppressMessages(image_dataset_from_directory(folder, image_size = c(8, 8), batch_size = 4, shuffle = FALSE))
  expect_error(collect(ds), "p3", class = "keratin_error_file")
  withr::local_options(keratin.unreadable_images = "skip")
  expect_warning(batches <- collect(ds), "p3.*left out")
  expect_identical(vapply(batches, function(b) dim(b[[1L]])[1L], 0L), c(4L, 1L))
})

test_that("batches of rows are the same ahead or not, in every pass", {
  x <- matrix(as.numeric(1:46), 23)
  steps <- function()
    tensor_slices_dataset(list(x = x, y = 1:23)) |> dataset_shuffle(8, seed = 5) |> dataset_repeat(2) |> dataset_skip(3) |> dataset_take(30) |>
      dataset_batch(7)
  plain <- collect(steps())
  expect_identical(collect(steps() |> dataset_prefetch(3)), plain)
  expect_identical(vapply(plain, function(b) length(b$y), 0L), c(7L, 7L, 7L, 7L, 2L))
  expect_equal(unlist(lapply(plain, function(b) b$x[, 2])), unlist(lapply(plain, `[[`, "y")) + 23)
  texts <- tensor_slices_dataset(c("a", "b", "c")) |> dataset_batch(2) |> dataset_prefetch()
  expect_identical(as.vector(as.array(iter_next(as_iterator(texts)))), c("a", "b"))
  full <- tensor_slices_dataset(1:50) |> dataset_shuffle(50, seed = 1) |> dataset_batch(50)
  passes <- list(as.array(iter_next(as_iterator(full))), as.array(iter_next(as_iterator(full))))
  expect_setequal(passes[[1L]], 1:50)
  expect_false(identical(passes[[1L]], passes[[2L]]))
})

test_that("prefetched datasets train", {
  x <- matrix(runif(60), 30)
  ds <- tensor_slices_dataset(list(x, x[, 1])) |> dataset_batch(8) |> dataset_prefetch(2)
  model <- keras_model_sequential(input_shape = 2) |> layer_dense(1)
  compile(model, "sgd", "mse")
  expect_length(fit(model, ds, epochs = 2, verbose = 0)$metrics$loss, 2L)
})

test_that("a cached dataset computes its elements once", {
  calls <- 0
  ds <- (tensor_slices_dataset(1:3) |> dataset_map(function(x) {
    calls <<- calls + 1
    x * 2L
  }))$cache()
  pass <- function() {
    it <- as_iterator(ds)
    out <- integer()
    while (!is.null(x <- iter_next(it))) out <- c(out, as.array(x))
    out
  }
  expect_identical(pass(), c(2L, 4L, 6L))
  expect_identical(pass(), c(2L, 4L, 6L))
  expect_identical(calls, 3)
})
