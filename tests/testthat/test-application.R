test_that("architectures have Keras's layers and parameter counts", {
  k_clear_session()
  model <- application_mobilenet(weights = NULL, alpha = 0.25, input_shape = c(128, 128, 3))
  expect_identical(model$name, "mobilenet_0.25_128")
  expect_equal(count_params(model), 475544)
  expect_length(model$layers, 91)
  small <- application_densenet(c(2, 3, 2, 1), weights = NULL, input_shape = c(64, 48, 3), include_top = FALSE, pooling = "avg")
  expect_equal(count_params(small), 436160)
  expect_identical(small$output_shape[[2]], 104L)
})

test_that("the input may be a tensor, and wrong arguments are told", {
  input <- layer_input(shape = c(64, 64, 3))
  model <- application_vgg16(include_top = FALSE, weights = NULL, input_tensor = input)
  expect_identical(tensor_shape(model$output), c(NA, 2L, 2L, 512L))
  expect_error(application_vgg16(weights = "nowhere.h5"), "nowhere.h5", class = "keratin_error_argument")
  expect_error(application_resnet50(weights = NULL, input_shape = c(20, 20, 3)), "at least 32", class = "keratin_error_argument")
  expect_error(application_vgg16(weights = "imagenet", classes = 5), "1000", class = "keratin_error_argument")
  expect_error(application_nasnet(penultimate_filters = 100), "multiple", class = "keratin_error_argument")
})

test_that("pixels are preprocessed as Keras does", {
  x <- array(c(0, 127.5, 255), c(1, 1, 1, 3))
  expect_equal(as.vector(mobilenet_preprocess_input(x)), c(-1, 0, 1))
  expect_equal(as.vector(imagenet_preprocess_input(x)), c(255 - 103.939, 127.5 - 116.779, -123.68))
  expect_equal(as.vector(densenet_preprocess_input(x)), (c(0, 0.5, 1) - c(0.485, 0.456, 0.406)) / c(0.229, 0.224, 0.225))
  expect_equal(as.array(imagenet_preprocess_input(tensor(x))), imagenet_preprocess_input(x), tolerance = 1e-5)
  expect_error(imagenet_preprocess_input(array(0, c(1, 2, 2, 1))), "3 channels", class = "keratin_error_shape")
  expect_error(imagenet_decode_predictions(matrix(0, 1, 10)), "1000", class = "keratin_error_shape")
})

test_that("published weights have the names and checksums that Keras keeps them under", {
  entry <- function(name) unlist(internal("published_weights_entry")(paste0("https://example.org/", name)), use.names = FALSE)
  expect_identical(entry("NASNet-mobile-no-top.h5"), c("nasnet_mobile_no_top.h5", "1ed92395b5b598bdda52abe5c0dbfd63"))
  expect_identical(entry("resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5")[2], "4d473c1dd8becc155b73f8504c6f6626")
  expect_identical(entry("weights_mobilenet_v3_small_224_1.0_float.h5")[2], "8768d4c2e7dee89b9d02b2d03d65d862")
  expect_identical(entry("mobilenet_2_5_128_tf.h5"), "mobilenet_2_5_128_tf.h5")
})

test_that("the layer that only Inception-ResNet has is saved where Keras looks for it", {
  input <- layer_input(c(2, 2, 3))
  model <- keras_model(input, create_layer(internal("CustomScaleLayer"), list(input, input), list(scale = 0.5)))
  layer <- get_config(model)$layers[[2]]
  expect_identical(layer$module, "keras.src.applications.inception_resnet_v2")
  expect_identical(layer$registered_name, "Custom>CustomScaleLayer")
  file <- withr::local_tempfile(fileext = ".keras")
  save_model_tf(model, file)
  expect_equal(predict(load_model_tf(file), array(2, c(1, 2, 2, 3)), verbose = 0)[1, 1, 1, 1], 3)
})
