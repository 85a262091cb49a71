test_that("a .keras file may have a path from the working directory", {
  skip_if_not_installed("zip")
  withr::local_dir(withr::local_tempdir())
  model <- keras_model_sequential(input_shape = 3) |> layer_dense(2)
  dir.create("folder")
  for (path in c("model.keras", "folder/model.keras")) {
    save_model(model, path)
    expect_equal(get_weights(load_model(path)), get_weights(model))
  }
  expect_setequal(dir(recursive = TRUE), c("folder/model.keras", "model.keras"))
})

test_that("HDF5 files with many members, long texts and every type are read by the HDF5 library", {
  skip_if_not_installed("hdf5r")
  path <- withr::local_tempfile(fileext = ".h5")
  names <- sprintf("layer_%04d", 1:600)   # more than one node of a group's tree
  numbers <- array(1:6, c(2L, 3L))
  write_hdf5(path, function(file) {
    write_text_attribute(file, "long", strrep("\u00e4", 60000))
    write_text_attribute(file, "empty", "")
    write_name_list(file, "names", names)
    write_name_list(file, "none", character())
    for (name in names) hdf5_make_group(file, paste0("layers/", name))
    for (dtype in c("float32", "float64", "int32", "int64", "bool")) write_variable(file, paste0("arrays/", dtype), tensor(numbers, dtype))
    write_variable(file, "scalar", tensor(2.5))
    write_variable(file, "nothing", tensor(array(0, c(0L, 3L))))
  })
  file <- hdf5r::H5File$new(path, "r")
  withr::defer(file$close_all())
  expect_identical(file$attr_open("long")$read(), strrep("\u00e4", 60000))
  expect_identical(file$attr_open("empty")$read(), "")
  expect_identical(file$attr_open("names")$read(), names)
  expect_equal(file$attr_open("none")$get_space()$get_simple_extent_npoints(), 0)
  expect_setequal(names(file[["layers"]]), names)
  for (dtype in c("float32", "float64", "int32", "int64")) {
    expect_equal(t(as.matrix(as.numeric(file[["arrays"]][[dtype]]$read()))), t(as.vector(t(numbers))))
  }
  expect_equal(as.numeric(file[["arrays/bool"]]$read()), rep(1, 6))
  expect_equal(file[["scalar"]]$read(), 2.5)
  expect_equal(file[["nothing"]]$dims, c(3, 0))
})

test_that("the same file is read without the library", {
  path <- withr::local_tempfile(fileext = ".h5")
  names <- sprintf("layer_%04d", 1:600)
  value <- tensor(array(rnorm(6), c(2L, 3L)))
  write_hdf5(path, function(file) {
    write_name_list(file, "layer_names", names)
    for (name in names) write_variable(file, paste0(name, "/", name, "/kernel:0"), value)
  })
  plain <- plain_hdf5(path)
  expect_false(is.null(plain))
  expect_identical(hdf5_name_list(plain, "layer_names"), names)
  expect_setequal(hdf5_names(plain), names)
  expect_equal(as.array(hdf5_tensor(hdf5_member(plain, "layer_0599/layer_0599/kernel:0"), c(2L, 3L), "float32")), as.array(value))
})

test_that("a full disk is an error, not a crash", {
  skip_if_not(file.exists("/dev/full"))
  expect_error(write_hdf5("/dev/full", function(file) write_variable(file, "x", tensor(1:3))), "full", class = "keratin_error_file")
  expect_error(write_bytes("/dev/full", raw(1e6)), "full", class = "keratin_error_file")
})

test_that("a failed write leaves the old files, names the file, and leaves nothing else", {
  folder <- withr::local_tempdir()
  paths <- file.path(folder, c("a.data", "a.index"))
  for (path in paths) writeLines("old", path)
  expect_error(write_in_place(paths, function(partial) { writeLines("new", partial[1L]); abort_file("the disk is full") }),
               "a.data.*the disk is full", class = "keratin_error_file")
  expect_identical(unname(vapply(paths, readLines, "")), c("old", "old"))
  write_in_place(paths, function(partial) for (path in partial) writeLines("new", path))
  expect_identical(unname(vapply(paths, readLines, "")), c("new", "new"))
  expect_setequal(dir(folder, all.files = TRUE, no.. = TRUE), basename(paths))
})

test_that("what layer_discretization() learned goes through every kind of file", {
  skip_if_not_installed("zip")
  set.seed(1)
  x <- matrix(rnorm(60), 20)
  layer <- layer_discretization(num_bins = 4)
  adapt(layer, x)
  input <- layer_input(shape = 3)
  model <- keras_model(input, layer_dense(k_cast(layer(input), "float32"), 2))
  wanted <- as.array(model(x))
  folder <- withr::local_tempdir()
  for (ending in c(".keras", ".h5")) {
    path <- file.path(folder, paste0("model", ending))
    save_model(model, path)
    copy <- load_model(path, compile = FALSE)
    expect_identical(as.array(copy(x)), wanted)
    expect_identical(copy$layers[[2]]$bin_boundaries, layer$bin_boundaries)
  }
  copy <- model_from_json(model_to_json(model))
  expect_error(copy(x), "adapt", class = "keratin_error_argument")
  save_model_weights_tf(model, file.path(folder, "tf"))
  load_model_weights_tf(copy, file.path(folder, "tf"))
  expect_identical(as.array(copy(x)), wanted)
  copy <- clone_model(model)
  set_weights(copy, get_weights(model))
  expect_identical(as.array(copy(x)), wanted)
})

test_that("models within models are written with the module and shapes that Keras gives them", {
  inner_input <- layer_input(shape = 3)
  inner <- keras_model(inner_input, layer_dense(inner_input, 2), name = "inner")
  inputs <- list(layer_input(shape = 3, name = "a"), layer_input(shape = c(4, 2), name = "b"))
  several <- keras_model(inputs, layer_concatenate(list(inner(inputs[[1]]), layer_flatten(inputs[[2]]))))
  config <- serialize_keras_object(several)
  expect_identical(config$registered_name, "Functional")
  expect_identical(config$build_config$input_shape, list(list(NULL, 3L), list(NULL, 4L, 2L)))
  within <- Filter(function(layer) layer$name == "inner", config$config$layers)[[1]]
  expect_identical(within[c("module", "registered_name")], list(module = "keras.src.engine.functional", registered_name = "Functional"))
  expect_identical(within$build_config$input_shape, list(NULL, 3L))
})

test_that("metrics in .h5 files have the names that fit() shows", {
  input <- layer_input(shape = 3)
  model <- keras_model(input, list(layer_dense(input, 1, name = "a"), layer_dense(input, 1, name = "b")))
  compile(model, "sgd", "mse", metrics = list(a = "mae", b = list("accuracy", metric_root_mean_squared_error())))
  path <- withr::local_tempfile(fileext = ".h5")
  written <- function() {
    save_model_hdf5(model, path)
    parse_json(hdf5_attribute(plain_hdf5(path), "training_config"))$metrics
  }
  before <- written()
  expect_identical(before[[1]],
                   list(list(class_name = "MeanMetricWrapper", config = list(name = "a_mae", dtype = "float32", fn = "mean_absolute_error"))))
  expect_identical(before[[2]][[1]], "accuracy")   # which one, the targets will tell
  history <- fit(model, matrix(rnorm(12), 4), list(1:4, 1:4), verbose = 0, epochs = 1)
  expect_identical(written()[[2]][[1]]$config, list(name = "b_accuracy", dtype = "float32", fn = "binary_accuracy"))
  again <- fit(load_model_hdf5(path), matrix(rnorm(12), 4), list(1:4, 1:4), verbose = 0, epochs = 1)
  expect_identical(names(again$metrics), names(history$metrics))
})

test_that("a weighted metric of the same name as another is told from it", {
  model <- keras_model_sequential(input_shape = 3) |> layer_dense(1)
  compile(model, "sgd", "mse", metrics = "mae", weighted_metrics = "mae")
  expect_identical(names(fit(model, matrix(rnorm(12), 4), 1:4, verbose = 0, epochs = 1)$metrics), c("loss", "mae", "weighted_mae"))
})

test_that("op layers of older TensorFlow and slices of SavedModels are read", {
  json <- paste0('{"class_name": "Functional", "config": {"name": "m", "layers": [',
    '{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2, 3], "dtype": "float32", "name": "x"}, "name": "x", "inbound_nodes": []},',
    '{"class_name": "TFOpLambda", "config": {"name": "t", "function": "compat.v1.transpose"}, "name": "t", ',
    '"inbound_nodes": [["x", 0, 0, {"perm": [0, 2, 1], "name": "t"}]]},',
    '{"class_name": "SlicingOpLambda", "config": {"name": "s", "function": "__operators__.getitem"}, "name": "s", ',
    '"inbound_nodes": [["t", 0, 0, {"slice_spec": ',
    '{"class_name": "__tuple__", "items": [{"start": null, "stop": null, "step": null}, {"start": 1, "stop": null, "step": null}]}}]]}],',
    '"input_layers": [["x", 0, 0]], "output_layers": [["s", 0, 0]]}}')
  x <- array(rnorm(12), c(2, 2, 3))
  expect_equal(as.array(model_from_json(json)(x)), aperm(x, c(1, 3, 2))[, 2:3, ], tolerance = 1e-6)
})

test_that("arrays lie in an HDF5 file in the order in which they were told of, behind the tables that lead to them", {
  file <- withr::local_tempfile(fileext = ".h5")
  values <- list(z = 1234567, a = 7654321, m = 1357911)
  internal("write_hdf5")(file,
                         function(h5)
                           for (name in names(values)) internal(
                             "write_variable")(internal("hdf5_make_group")(h5, paste0("layers/", name, "/vars")), "0",
                                               tensor(array(values[[name]], 3), "float64")))
  bytes <- readBin(file, "raw", file.size(file))
  at <- vapply(values, function(v) grepRaw(writeBin(rep(v, 3), raw(), endian = "little"), bytes), 0L)
  expect_true(all(diff(at) > 0))   # z, a, m
  tables <- grepRaw("TREE", bytes, all = TRUE)
  expect_lt(tables[2], at[["z"]])
  # who reads z, a and m goes forwards: the tables of each group are after the array before
  for (i in 2:3) expect_true(any(tables > at[[i - 1]] & tables < at[[i]]))
  skip_if_not_installed("hdf5r")
  h5 <- hdf5r::H5File$new(file, "r")
  expect_equal(h5[["layers/a/vars/0"]][], rep(7654321, 3))
  h5$close_all()
})

test_that("saving makes folders that are missing, and says where it cannot write", {
  model <- keras_model_sequential(input_shape = 2L) %>% layer_dense(1) %>% compile(optimizer = "sgd", loss = "mse")
  folder <- withr::local_tempdir()
  at <- function(...) file.path(folder, ...)
  save_model_weights_tf(model, at("a", "b", "w"))
  save_model_weights_hdf5(model, at("c", "w.h5"))
  save_model_hdf5(model, at("d", "m.h5"))
  save_model(model, at("e", "m.keras"))
  expect_true(all(file.exists(at(c("a/b/w.index", "c/w.h5", "d/m.h5", "e/m.keras")))))
  writeLines("", at("file"))
  expect_error(save_model_weights_hdf5(model, at("file", "w.h5")), "no folder .*file.* cannot be made", class = "keratin_error_file")
  train <- function(file, append) {
    fit(model, matrix(1, 4, 2), matrix(1, 4, 1), verbose = 0, callbacks = list(callback_csv_logger(file, append = append)))
  }
  for (append in c(TRUE, FALSE)) {
    expect_error(train(at("none", "log.csv"), append), "csv_logger.*log.csv.*no folder", class = "keratin_error_file")
    expect_error(train(folder, append), "csv_logger.*cannot write", class = "keratin_error_file")
  }
})
