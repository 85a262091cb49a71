both <- function(model, x) {
  copy <- model_from_json(model_to_json(model))
  set_weights(copy, get_weights(model))
  list(lapply(nest_flatten(copy(x)), as.array), lapply(nest_flatten(model(x)), as.array), model_to_json(copy), model_to_json(model))
}
expect_same <- function(model, x) {
  found <- both(model, x)
  expect_equal(found[[1]], found[[2]])
  expect_identical(found[[3]], found[[4]])
}
set.seed(3)
value <- array(rnorm(2 * 4 * 6), c(2, 4, 6))

test_that("op layers are written as Keras writes them", {
  a <- layer_input(shape = 3, name = "a")
  b <- layer_input(shape = 3, name = "b")
  json <- model_to_json(keras_model(list(a, b), k_concatenate(list((1 - a) * 2, a + b), axis = 2)))
  expect_match(json, '"function": "math.subtract"', fixed = TRUE)
  expect_match(json, '[["_CONSTANT_VALUE", -1, 1.0, {"y": ["a", 0, 0], "name": null}]]', fixed = TRUE)
  expect_match(json, '[["a", 0, 0, {"y": ["b", 0, 0], "name": null}]]', fixed = TRUE)
  expect_match(json, '[[["tf.', fixed = TRUE)   # concat takes a list
})

test_that("op layers come back from JSON", {
  x <- layer_input(shape = c(4, 6))
  expect_same(keras_model(x, list(exp(-x) / (1 + abs(x)), k_max(x, axis = c(2, 3)), k_softmax(x), k_argmax(x), k_clip(x, -1, 1),
                                  k_cast(x > 0, "float32"))), value)
  expect_same(keras_model(x, list(x[, 2, ], x[, -1, 2:4], x[, , NULL, 1], x[, 1:3, 5], k_permute_dimensions(x, c(1, 3, 2)), k_reshape(x, c(-1, 24)),
                                  k_expand_dims(x))), value)
  expect_same(keras_model(x, list(x * k_constant(matrix(1:6, 1)), k_dot(x, k_constant(matrix(rnorm(12), 6))), k_stack(list(x, x^2), axis = 2),
                                  k_tile(x, c(1, 2, 1)),
                                  k_reverse(x, 2), k_repeat_elements(x, 2, 3), k_cumsum(x, 2), k_batch_dot(x, k_permute_dimensions(x, c(1, 3, 2))))),
                                  value)
})

test_that("what Python writes in slices is understood", {
  json <- function(spec) paste0(
    '{"class_name": "Functional", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 4, 6], "dtype": "float32", "name": "x"}, "name": "x", "inbound_nodes": []},
    {"class_name": "SlicingOpLambda", "config": {"name": "s", "trainable": true, "dtype": "float32", "function": "__operators__.getitem"},
     "name": "s", "inbound_nodes": [["x", 0, 0, {"slice_spec": ', spec, '}]]}], "input_layers": [["x", 0, 0]], "output_layers": [["s", 0, 0]]}}')
  sliced <- function(spec) as.array(model_from_json(json(spec))(value))
  expect_equal(sliced('[{"class_name": "__ellipsis__"}, 1]'), value[, , 2], tolerance = 1e-6)
  expect_equal(sliced('[{"start": null, "stop": null, "step": null}, -1, {"start": 1, "stop": null, "step": 2}]'), value[, 4, c(2, 4, 6)],
    tolerance = 1e-6)
  expect_equal(dim(sliced('[{"start": null, "stop": null, "step": null}, null, 0]')), c(2L, 1L, 6L))
  expect_error(sliced('[{"start": ["x", 0, 0], "stop": null, "step": null}]'), class = "keratin_error")
  expect_error(sliced("[0, 0, 0, 0]"), class = "keratin_error")
  unknown <- gsub("SlicingOpLambda", "TFOpLambda", gsub("__operators__.getitem", "linalg.svd", json("null")))
  expect_error(model_from_json(unknown), "tf.linalg.svd.*custom_objects", class = "keratin_error_argument")
  expect_equal(as.array(model_from_json(unknown, custom_objects = list("tf.linalg.svd" = function(x, ...) x * 2))(value)), 2 * value,
    tolerance = 1e-6)
})
