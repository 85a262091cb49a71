test_that("resizing and cropping give the wanted part", {
  x <- array(1:24, c(1, 4, 6, 1))
  expect_equal(as.array(layer_center_crop(height = 2, width = 2)(x))[1, , , 1], x[1, 2:3, 3:4, 1])
  expect_equal(dim(layer_resizing(height = 2, width = 2, crop_to_aspect_ratio = TRUE)(x)), c(1L, 2L, 2L, 1L))
  expect_equal(as.array(layer_rescaling(scale = 0.5, offset = -1)(matrix(c(2, 4), 1))), matrix(c(0, 1), 1))
})

test_that("a quarter turn is exact, and nothing happens outside of training", {
  x <- array(1:9, c(1, 3, 3, 1))
  turn <- layer_random_rotation(factor = c(0.25, 0.25))
  expect_equal(as.array(turn(x, training = TRUE))[1, , , 1], rbind(7:9, 4:6, 1:3), tolerance = 1e-5)
  expect_equal(as.array(turn(x)), x)
  shift <- layer_random_translation(height_factor = c(1 / 3, 1 / 3), width_factor = 0, fill_mode = "constant")
  expect_equal(as.array(shift(x, training = TRUE))[1, , , 1], rbind(0, c(1, 4, 7), c(2, 5, 8)), tolerance = 1e-5)
})

test_that("set.seed() decides augmentation, `seed` makes layers draw alike", {
  x <- array(runif(4 * 4 * 4 * 3), c(4, 4, 4, 3))
  layer <- layer_random_flip()
  draw <- function() { set.seed(3); as.array(layer(x, training = TRUE)) }
  expect_identical(draw(), draw())
  a <- layer_random_zoom(height_factor = 0.5, seed = 7)
  b <- layer_random_zoom(height_factor = 0.5, seed = 7)
  expect_identical(as.array(a(x, training = TRUE)), as.array(b(x, training = TRUE)))
  expect_false(identical(as.array(a(x, training = TRUE)), as.array(a(x, training = TRUE))))
})

test_that("augmentation layers keep or know their output shape", {
  expect_identical(tensor_shape(layer_random_crop(layer_input(c(8, 6, 3)), height = 4, width = 4)), c(NA, 4L, 4L, 3L))
  expect_error(layer_random_flip(mode = "diagonal"), "diagonal", class = "keratin_error_argument")
  expect_error(layer_random_contrast(factor = 2), "factor", class = "keratin_error_argument")
})

test_that("image and number layers keep the layer contract", {
  expect_layer_contract(layer_rescaling(scale = 0.5, offset = -1), input = c(2, 4, 3))
  expect_layer_contract(layer_resizing(height = 3, width = 5), input = c(2, 4, 6, 2))
  expect_layer_contract(layer_center_crop(height = 2, width = 3), input = c(2, 4, 6, 2))
  expect_layer_contract(layer_normalization(mean = 3, variance = 2), input = c(2, 4))
  for (layer in list(layer_random_flip(), layer_random_rotation(factor = 0.1), layer_random_zoom(height_factor = 0.2),
                     layer_random_translation(height_factor = 0.1, width_factor = 0.1),
                     layer_random_contrast(factor = 0.2), layer_random_brightness(factor = 0.2), layer_random_crop(height = 3, width = 2)))
    expect_layer_contract(layer, input = c(2, 4, 4, 2))
})
