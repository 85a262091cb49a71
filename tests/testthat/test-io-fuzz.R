skip_if_not_installed("hdf5r")
skip_if_not_installed("zip")

test_that("damaged files load or end in a classed error", {
  skip_on_cran()
  bases <- withr::local_tempdir()
  model <- fuzz_bases(bases)
  for (i in seq_len(200L)) {
    case <- fuzz_case(i, seed = 7, bases, model)
    expect_true(case$ok, label = paste0("case ", i, " (", case$kind, "): ", if (inherits(case$result, "condition")) conditionMessage(case$result)))
    if (case$took > 2) case <- fuzz_case(i, seed = 7, bases, model)   # the machine may have been busy
    expect_lt(case$took, 2)
  }
})

test_that("a plain HDF5 file needs no library, and what is not plain goes to it", {
  model <- keras_model_sequential(input_shape = 3) |> layer_dense(40, name = "a") |> layer_dense(30, name = "b")
  path <- withr::local_tempfile(fileext = ".h5")
  save_model_hdf5(model, path)
  plain <- plain_hdf5(path)
  expect_s3_class(plain, "plain_hdf5")
  expect_identical(hdf5_names(hdf5_member(plain, "model_weights")), c("a", "b", "top_level_model_weights"))
  expect_identical(hdf5_name_list(hdf5_member(plain, "model_weights"), "layer_names"), c("a", "b"))
  expect_identical(hdf5_name_list(hdf5_member(plain, "model_weights/top_level_model_weights"), "weight_names"), character())
  expect_identical(hdf5_sizes(hdf5_member(plain, "model_weights/b/b/kernel:0")), c(40, 30))
  expect_null(hdf5_member(plain, "model_weights/c"))
  expect_match(hdf5_attribute(plain, "model_config"), "^\\{")
  # the same numbers through the library
  library_file <- hdf5r::H5File$new(path, "r")
  withr::defer(library_file$close_all())
  member <- "model_weights/b/b/kernel:0"
  expect_identical(as.array(hdf5_tensor(hdf5_member(plain, member), c(40L, 30L), "float32")),
                   as.array(hdf5_tensor(hdf5_member(library_file, member), c(40L, 30L), "float32")))
  expect_equal(as.array(hdf5_tensor(hdf5_member(plain, member), c(40L, 30L), "float64")), get_weights(model)[[3]])
  chunked <- withr::local_tempfile(fileext = ".h5")
  file <- hdf5r::H5File$new(chunked, "w")
  file$create_dataset("x", matrix(1:6 / 2, 2), chunk_dims = c(1, 3), gzip_level = 3)
  file$close_all()
  expect_null(plain_hdf5(chunked))
  writeBin(readBin(path, "raw", 1000), chunked)
  expect_error(plain_hdf5(chunked), "damaged", class = "keratin_error_file")
})
