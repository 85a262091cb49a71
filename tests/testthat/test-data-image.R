test_that("images survive their files", {
  x <- array(c(0, 50, 100, 150, 200, 250, 10, 20, 30, 40, 60, 70), c(2, 2, 3))
  for (format in c("png", "bmp")) {
    if (format == "png") skip_if_not_installed("png")
    file <- withr::local_tempfile(fileext = paste0(".", format))
    image_array_save(x, file, scale = FALSE)
    expect_equal(image_to_array(image_load(file)), x)
    expect_equal(image_to_array(image_load(file, grayscale = TRUE))[1, 1, 1], (0 * 19595 + 200 * 38470 + 30 * 7471 + 32768) %/% 65536)
    expect_equal(dim(image_load(file, target_size = c(4, 3))), c(4L, 3L, 3L))
  }
})

test_that("an unreadable image is named", {
  file <- withr::local_tempfile(fileext = ".png", lines = "not an image")
  writeBin(as.raw(c(0x42, 0x4d, 1, 2, 3)), file)
  expect_error(image_load(file), basename(file), class = "keratin_error_file", fixed = TRUE)
  expect_error(image_load("nowhere.png"), "nowhere.png", class = "keratin_error_file")
})

test_that("resizing keeps corners in place", {
  expect_equal(image_array_resize(array(1:4, c(2, 2, 1)), 3, 3)[, , 1], rbind(c(1, 2, 3), c(1.5, 2.5, 3.5), c(2, 3, 4)))
})

test_that("affine maps rotate and shift as scipy does", {
  x <- array(1:9, c(3, 3, 1))
  still <- list(theta = 0, tx = 0, ty = 0, shear = 0, zx = 1, zy = 1)
  expect_equal(transform_image(x, modifyList(still, list(ty = 1)))[, , 1], rbind(c(2, 5, 8), c(3, 6, 9), c(3, 6, 9)))
  expect_equal(transform_image(x, modifyList(still, list(ty = 1)), "constant", 0)[3, , 1], c(0, 0, 0))
  expect_equal(transform_image(x, modifyList(still, list(tx = 1)))[, , 1], rbind(c(4, 7, 7), c(5, 8, 8), c(6, 9, 9)))
  expect_equal(transform_image(x, modifyList(still, list(theta = 90)))[, , 1], rbind(7:9, 4:6, 1:3))
  # Keras: ImageDataGenerator().apply_transform(numpy.arange(12.).reshape(3, 4, 1), ...)
  wide <- aperm(array(0:11, c(4, 3, 1)), c(2, 1, 3))
  expect_equal(transform_image(wide, modifyList(still, list(shear = 30)))[1, , 1], c(1.553847577, 2.553847577, 3.553847577, 3.803847577))
  expect_equal(transform_image(wide, modifyList(still, list(theta = 30)))[1, , 1], c(0.883974596, 2.553847577, 5.419872981, 7.803847577))
  # A shift in height moves rows, one in width columns.
  rows <- random_parameters(image_data_generator(height_shift_range = c(1, 1)), c(3, 3))
  expect_identical(c(rows$tx, abs(rows$ty)), c(0, 1))
  expect_equal(transform_image(x, modifyList(still, list(brightness = 2)))[, , 1], matrix(1:9 * 2, 3))
})

test_that("a generator standardizes and flows", {
  x <- array(c(0, 255, 51, 102), c(2, 1, 2, 1))
  flow <- flow_images_from_data(x, c(7, 8), image_data_generator(rescale = 1 / 255, samplewise_center = TRUE), batch_size = 1, shuffle = FALSE)
  expect_equal(generator_next(flow), list(array(c(-0.1, 0.1), c(1, 1, 2, 1)), array(7)))
  expect_equal(as.vector(generator_next(flow)[[2]]), 8)
  expect_equal(as.vector(generator_next(flow)[[2]]), 7)
  expect_identical(length(flow), 2L)
  suppressWarnings(expect_warning(generator_next(flow_images_from_data(x, generator = image_data_generator(featurewise_center = TRUE))),
                                  "fit_image_data_generator"))
  seeded <- function() generator_next(flow_images_from_data(x, 1:2, image_data_generator(rotation_range = 90), seed = 4))
  expect_identical(seeded(), seeded())
})

test_that("folders become flows and datasets", {
  folder <- withr::local_tempdir()
  for (class in c("cat", "dog")) for (i in 1:3) image_array_save(array(i, c(4, 4, 3)), file.path(folder, class, paste0(i, ".bmp")), scale = FALSE)
  flow <- suppressMessages(flow_images_from_directory(folder, target_size = c(2, 2), shuffle = FALSE, class_mode = "sparse"))
  expect_equal(as.vector(generator_next(flow)[[2]]), c(0, 0, 0, 1, 1, 1))
  expect_identical(flow$class_indices, list(cat = 0L, dog = 1L))
  ds <- suppressMessages(image_dataset_from_directory(folder, image_size = c(2, 2), batch_size = 4, shuffle = FALSE))
  expect_equal(as.vector(iter_next(as_iterator(ds))[[2]]), c(0, 0, 0, 1))
  expect_identical(ds$class_names, c("cat", "dog"))
  expect_error(image_dataset_from_directory(withr::local_tempdir()), "has no files", class = "keratin_error_file")
  expect_error(flow_images_from_directory(folder, classes = "bird"), "bird", class = "keratin_error_file")
  expect_error(flow_images_from_dataframe(data.frame(a = 1)), "filename", class = "keratin_error_argument")
})

test_that("datasets are lazy and composable", {
  ds <- tensor_slices_dataset(list(matrix(1:10, 5), 1:5))
  labels <- function(ds) {
    it <- as_iterator(ds)
    out <- list()
    while (!is.null(b <- iter_next(it))) out[[length(out) + 1]] <- as.vector(b[[2]])
    out
  }
  expect_equal(labels(ds$batch(2)$`repeat`(2)$take(4)), list(1:2, 3:4, 5L, 1:2))
  expect_equal(labels(ds$skip(3)$map(function(x, y) list(x, y * 10L))), list(40, 50))
  expect_equal(sort(unlist(labels(ds$shuffle(3, seed = 1)))), 1:5)
  expect_equal(labels(ds$shuffle(5, seed = 2)), labels(ds$shuffle(5, seed = 2)))
  expect_equal(length(ds$batch(2, drop_remainder = TRUE)), 2)
})

test_that("windows of a time series come in batches", {
  ds <- timeseries_dataset_from_array(matrix(1:24, 12, 2), 1:12, sequence_length = 4, sequence_stride = 2, batch_size = 2)
  it <- as_iterator(ds)
  first <- iter_next(it)
  expect_equal(as.array(first[[1]])[2, , 1], 3:6)
  expect_equal(as.vector(first[[2]]), c(1, 3))
  expect_equal(length(ds), 3)
  expect_error(timeseries_dataset_from_array(1:5, NULL, 9), class = "keratin_error_argument")
  # a target goes with the window that starts at its point, from wherever on
  later <- iter_next(as_iterator(timeseries_dataset_from_array(0:19, 0:19 * 10, sequence_length = 3, start_index = 5, end_index = 12)))
  expect_equal(as.array(later[[1]])[, 1], 5:9)
  expect_equal(as.vector(later[[2]]), 5:9 * 10)
  expect_equal(dim(iter_next(as_iterator(timeseries_dataset_from_array(0:19, 0:7, sequence_length = 3, start_index = 5)))[[1]]), c(3L, 3L))
  expect_error(timeseries_dataset_from_array(0:19, 0:3, sequence_length = 3, start_index = 5), "start_index", class = "keratin_error_argument")
})

test_that("magick writes the pixels where they belong, folders are no images, and lost files have no class", {
  expect_error(image_load(withr::local_tempdir()), "folder", class = "keratin_error_file")
  x <- array(0:11 * 20, c(2, 2, 3))
  if (requireNamespace("magick", quietly = TRUE)) {
    file <- withr::local_tempfile(fileext = ".tiff")
    image_array_save(x, file, scale = FALSE)
    expect_equal(image_to_array(image_load(file)), x)
  }
  folder <- withr::local_tempdir()
  image_array_save(x, file.path(folder, "here.bmp"), scale = FALSE)
  table <- data.frame(filename = c("here.bmp", "gone.bmp"), class = c("x", "y"))
  flow <- suppressWarnings(suppressMessages(flow_images_from_dataframe(table, folder, target_size = c(2, 2))))
  expect_identical(names(flow$class_indices), "x")
})

test_that("folders are gone through, and split, as Keras does it", {
  folder <- withr::local_tempdir()
  image <- array(1:12 * 20, c(2, 2, 3))
  put <- function(...) for (name in c(...)) image_array_save(image, file.path(folder, name), scale = FALSE)
  put("a/b.bmp", "a/sub/a.bmp", "a/a.bmp", "b/x.bmp", "b/c.bmp", "b/d.bmp", "b/e.bmp", "b/f.bmp", "b/g.bmp", "b/h.bmp", ".hidden/h.bmp")
  ds <- suppressMessages(image_dataset_from_directory(folder, shuffle = FALSE, image_size = c(2, 2)))
  expect_identical(ds$class_names, c("a", "b"))
  below <- function(ds) substring(ds$file_paths, nchar(folder) + 2L)
  in_order <- c("a/a.bmp", "a/b.bmp", "a/sub/a.bmp", paste0("b/", c("c", "d", "e", "f", "g", "h", "x"), ".bmp"))
  expect_identical(below(ds), in_order)
  # numpy.random.RandomState(113).shuffle() of ten
  order <- c(10, 4, 7, 2, 1, 8, 5, 9, 3, 6)
  half <- function(subset)
    below(suppressMessages(image_dataset_from_directory(folder, image_size = c(2, 2), seed = 113, validation_split = 0.3, subset = subset)))
  expect_identical(half("training"), in_order[order[1:7]])
  expect_identical(half("validation"), in_order[order[8:10]])
  flow <- suppressMessages(flow_images_from_directory(folder, target_size = c(2, 2), batch_size = 10, class_mode = "sparse", seed = 113))
  expect_identical(as.vector(generator_next(flow)[[2]]), rep(c(0, 1), c(3, 7))[order])
  # Without labels the files of the folder itself count as well.
  put("top.bmp")
  expect_identical(length(suppressMessages(image_dataset_from_directory(folder, label_mode = NULL, image_size = c(2, 2)))$file_paths), 11L)
  expect_error(image_dataset_from_directory(folder, class_names = "a"), "\"b\"", class = "keratin_error_argument")
  expect_error(image_dataset_from_directory(folder, labels = "by name"), "by name", class = "keratin_error_argument")
  skip_on_os("windows")
  expect_true(file.symlink(file.path(folder, "b"), file.path(folder, "a", "linked")))
  count <- function(...) length(suppressMessages(flow_images_from_directory(folder, target_size = c(2, 2), ...))$filenames)
  expect_identical(c(count(), count(follow_links = TRUE)), c(10L, 17L))
})

test_that("a data frame of files is split after what is not an image, or not of the classes, has gone", {
  folder <- withr::local_tempdir()
  names <- paste0(letters[1:6], ".bmp")
  for (name in names) image_array_save(array(0:11, c(2, 2, 3)), file.path(folder, name), scale = FALSE)
  writeLines("no image", file.path(folder, "note.txt"))
  table <- data.frame(filename = c("note.txt", names), class = c("x", "z", "x", "y", "z", "x", "y"))
  flow_of <- function(...) suppressWarnings(suppressMessages(flow_images_from_dataframe(table, folder, target_size = c(2, 2), ...)))
  halves <- image_data_generator(validation_split = 0.5)
  expect_identical(flow_of(generator = halves, classes = c("x", "y"), subset = "validation")$filenames, c("b.bmp", "c.bmp"))
  expect_identical(flow_of(generator = halves, classes = c("x", "y"), subset = "training")$filenames, c("e.bmp", "f.bmp"))
  expect_warning(suppressMessages(flow_images_from_dataframe(table, folder)), "note.txt")
  expect_error(flow_of(class_mode = "binary"), "2 classes", class = "keratin_error_argument")
})

test_that("bitmaps of one and four bits are read", {
  bmp <- function(bits, width, palette, ...) {
    int <- function(...) writeBin(as.integer(c(...)), raw(), endian = "little")
    short <- function(...) writeBin(as.integer(c(...)), raw(), size = 2L, endian = "little")
    start <- 54L + 4L * length(palette)
    file <- withr::local_tempfile(.local_envir = parent.frame(), fileext = ".bmp")
    writeBin(c(charToRaw("BM"), int(start + 8L, 0L, start, 40L, width, 2L), short(1L, bits), int(0L, 8L, 0L, 0L, length(palette), 0L),
               as.raw(rbind(palette, palette, palette, 0L)), as.raw(c(...))), file)
    image_to_array(image_load(file))[, , 1]
  }
  # rows from the bottom up, padded to 4 bytes
  expect_equal(bmp(1L, 10L, c(0L, 255L), 0xA0, 0x40, 0, 0, 0x0F, 0x80, 0, 0),
               rbind(c(0, 0, 0, 0, 1, 1, 1, 1, 1, 0), c(1, 0, 1, 0, 0, 0, 0, 0, 0, 1)) * 255)
  expect_equal(bmp(4L, 3L, c(10L, 20L, 30L), 0x12, 0x00, 0, 0, 0x20, 0x10, 0, 0), rbind(c(30, 10, 20), c(20, 30, 10)))
})

test_that("what is transparent counts for less when an image is resized, in Pillow's whole numbers", {
  x <- aperm(array(c(200, 100, 0, 255, 10, 250, 30, 0, 0, 90, 255, 60), c(4, 3, 1)), 3:1)
  levels <- function(filter) as.vector(aperm(resize_levels(x, c(1L, 2L), filter)))
  expect_equal(levels("box"), c(199, 99, 0, 128, 0, 89, 255, 60))
  expect_equal(levels("bilinear"), c(200, 101, 0, 159, 0, 87, 255, 38))
  expect_equal(levels("lanczos"), c(206, 100, 0, 162, 0, 85, 255, 21))
  skip_if_not_installed("png")
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, "a"))
  png::writePNG(x / 255, file.path(folder, "a", "x.png"))
  flow <- suppressMessages(flow_images_from_directory(folder, target_size = c(1, 2), color_mode = "rgba", interpolation = "box"))
  expect_equal(as.vector(aperm(generator_next(flow)[[1]][1, 1, , ])), levels("box"))
})

test_that("gray levels of 16 bits stay as they are, other samples of 16 bits lose their lower half", {
  skip_if_not_installed("png")
  hex <- paste0("89504e470d0a1a0a0000000d4948445200000003000000021000000000e88fe5850000001649444154789c",
                "636060606460626498e3f0ff3ff30b000d0203ca1ac7ee860000000049454e44ae426082")
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, "a"))
  file <- file.path(folder, "a", "deep.png")
  writeBin(as.raw(strtoi(substring(hex, seq(1, nchar(hex), 2), seq(2, nchar(hex), 2)), 16L)), file)
  levels <- rbind(c(0, 256, 513), c(40000, 65535, 1000))
  gray <- image_load(file, color_mode = "grayscale")
  expect_equal(image_to_array(gray)[, , 1], levels)
  expect_identical(gray$mode, "I")
  # Pillow's, which does not keep levels of 16 bits within a range
  expect_equal(image_to_array(image_load(file, color_mode = "grayscale", target_size = c(2, 2), interpolation = "bicubic"))[, , 1],
               rbind(c(79, 433), c(51525, 24607)))
  expect_equal(image_to_array(image_load(file))[, , 2], levels %/% 256)
  first <- function(flow) as.array(flow[[1]])[1, , , 1]
  flow <- function(...) suppressMessages(flow_images_from_directory(folder, target_size = c(2, 3), ...))
  expect_equal(first(generator_next(flow(color_mode = "grayscale"))), levels)
  expect_equal(first(generator_next(flow())), levels %/% 256)
  ds <- suppressMessages(image_dataset_from_directory(folder, image_size = c(2, 3), color_mode = "grayscale"))
  expect_equal(first(iter_next(as_iterator(ds))), levels %/% 256)
})

test_that("an image is written in a known format, and text is UTF-8", {
  x <- array(0, c(2, 2, 3))
  expect_error(image_array_save(x, tempfile()), "path = ", class = "keratin_error_argument")
  expect_error(image_array_save(x, "x.png", file_format = "tif0"), "tif0", class = "keratin_error_argument")
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, "a"))
  first <- function(bytes) {
    writeBin(as.raw(bytes), file.path(folder, "a", "x.txt"))
    iter_next(as_iterator(suppressMessages(text_dataset_from_directory(folder, label_mode = NULL))))
  }
  expect_identical(as.vector(as.array(first(c(0x68, 0xc3, 0xa9)))), "h\u00e9")
  expect_error(first(c(0xff, 0xfe, 0x68, 0)), "x.txt.*UTF-8", class = "keratin_error_file")
  expect_error(first(c(0x68, 0, 0x69)), "x.txt.*UTF-8", class = "keratin_error_file")
  expect_error(first(c(0x68, 0xe9)), "x.txt.*UTF-8", class = "keratin_error_file")
})
