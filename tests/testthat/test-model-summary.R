text <- function(...) strsplit(format(..., width = 80), "\n")[[1]]

test_that("summary of a sequential model", {
  model <- keras_model_sequential(name = "net") %>% layer_conv_1d_transpose(4, 3, strides = 2, input_shape = c(10, 3), name = "up") %>%
    layer_batch_normalization(name = "bn") %>% layer_dense(2, name = "out")
  lines <- text(model)
  expect_equal(lines[1], 'Model: "net"')
  expect_equal(trimws(lines[5]), "up (Conv1DTranspose)          (None, 21, 4)              40         Y")
  expect_equal(unique(nchar(lines[2:8])), 80)
  expect_equal(tail(lines, 4)[1:3], c("Total params: 66 (264.00 Byte)", "Trainable params: 58 (232.00 Byte)", "Non-trainable params: 8 (32.00 Byte)"))
})

test_that("summary of a graph shows connections", {
  i <- layer_input(4, name = "in")
  model <- keras_model(i, layer_add(list(layer_dense(i, 2, name = "a"), layer_dense(i, 2, name = "b")), name = "sum"), name = "g")
  lines <- trimws(text(model))
  expect_true("sum (Add)              (None, 2)               0       ['a[0][0]'," %in% lines)
  expect_true("'b[0][0]']" %in% lines)
})

test_that("large models are counted in KB and MB", {
  model <- keras_model_sequential(input_shape = 1000) %>% layer_dense(1000)
  expect_true("Total params: 1001000 (3.82 MB)" %in% text(model))
})
