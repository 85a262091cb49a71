test_that("merging layers keep the layer contract", {
  for (layer in list(layer_add(), layer_subtract(), layer_multiply(), layer_average())) expect_layer_contract(layer, list(c(2, 3), c(2, 3)))
  for (layer in list(layer_maximum(), layer_minimum())) expect_layer_contract(layer, list(c(2, 3), c(2, 3)))
  expect_layer_contract(layer_add(), list(c(2, 3, 4), c(2, 1, 4)), unknown = 1:2)
  expect_layer_contract(layer_concatenate(), list(c(2, 3, 4), c(2, 3, 2)), unknown = 1:2)
  expect_layer_contract(layer_concatenate(axis = 1), list(c(2, 3, 4), c(2, 1, 4)))
  expect_layer_contract(layer_dot(axes = 1), list(c(2, 3), c(2, 3)))
  expect_layer_contract(layer_dot(axes = c(2, 1)), list(c(2, 3, 4), c(2, 4, 5)))
})

test_that("inputs can come as a list or one by one", {
  expect_equal(as.array(layer_add(list(c(1, 2), c(3, 4)))), array(c(4, 6)))
  expect_equal(as.array(layer_add(c(1, 2), c(3, 4), name = "sum")), array(c(4, 6)))
  expect_equal(as.array(layer_concatenate(list(matrix(1, 1, 2), matrix(2, 1, 1)))), matrix(c(1, 1, 2), 1))
})

test_that("shapes that do not fit are told", {
  expect_error(layer_add(list(matrix(0, 2, 3), matrix(0, 2, 4))), "\\(2, 3\\) and \\(2, 4\\)", class = "keratin_error_shape")
  expect_error(layer_concatenate(list(array(0, c(2, 3, 1)), array(0, c(2, 4, 1)))), "\\(2, 3, 1\\) and \\(2, 4, 1\\)", class = "keratin_error_shape")
})

test_that("an input without a mask, such as positions added to words, leaves the mask of the others", {
  words <- layer_embedding(input_dim = 5, output_dim = 2, mask_zero = TRUE)
  positions <- layer_embedding(input_dim = 3, output_dim = 2)
  codes <- matrix(c(1, 2, 0), 1)
  sum <- layer_add(list(words(codes), positions(matrix(0:2, 1))))
  expect_equal(as.array(sum$`_keras_mask`), matrix(c(TRUE, TRUE, FALSE), 1))
  states <- as.array(layer_lstm(units = 2, return_sequences = TRUE)(sum))
  expect_equal(states[1, 3, ], states[1, 2, ])   # the masked step keeps the state
  expect_false(isTRUE(all.equal(states[1, 2, ], states[1, 1, ])))
})

test_that("a list of one input is merged, a tensor alone is not", {
  expect_equal(as.array(layer_add(list(matrix(1:2, 1)))), matrix(c(1, 2), 1))
  expect_error(layer_add(matrix(1:2, 1)), "list of inputs", class = "keratin_error_shape")
  expect_null(layer_concatenate()$compute_mask(list(k_ones(c(1, 2)), k_ones(c(1, 2))), list(NULL, NULL)))
})

test_that("an axis that the inputs of a dot product do not have is named", {
  a <- layer_input(c(3, 4))
  expect_error(layer_dot(list(a, a), axes = 7), "`axes` (7) is not an axis of an input of rank 3", fixed = TRUE, class = "keratin_error_argument")
})
