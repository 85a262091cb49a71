elements <- function(dataset, f = as.array) {
  it <- as_iterator(dataset)
  out <- list()
  while (!is.null(element <- iter_next(it))) out[[length(out) + 1L]] <- f(element)
  out
}
numbers <- function(dataset) as.vector(unlist(elements(dataset)))

test_that("counts of 0 and -1 mean what they mean in tf.data", {
  ds <- tensor_slices_dataset(1:4)
  expect_length(numbers(dataset_skip(ds, -1)), 0)
  expect_length(dataset_skip(ds, -1), 0)
  expect_identical(numbers(dataset_take(ds, -1)), 1:4)
  expect_length(dataset_repeat(dataset_repeat(ds, 0)), 0)
  expect_length(numbers(dataset_repeat(ds, 0)), 0)
  # forever, if there is anything at all
  expect_identical(dataset_repeat(dataset_filter(ds, function(x) x > 2L))$size, Inf)
  expect_error(dataset_take(ds, 1.5), "1.5", class = "keratin_error_argument")
})

test_that("elements may be lists in lists, as for a model of several inputs", {
  x <- matrix(as.numeric(1:40), 10)
  y <- rowSums(x)
  ds <- tensor_slices_dataset(list(list(b = x[, 1:2], a = x[, 3:4]), y)) |> dataset_shuffle(10, seed = 1) |> dataset_batch(4)
  first <- iter_next(as_iterator(ds))
  expect_identical(lapply(first[[1]], dim), list(b = c(4L, 2L), a = c(4L, 2L)))
  expect_equal(as.vector(first[[2]]), rowSums(cbind(as.array(first[[1]]$b), as.array(first[[1]]$a))))
  expect_identical(dim(iter_next(as_iterator(dataset_map(ds, function(x, y) list(x$a * 2, y))))[[1]]), c(4L, 2L))
  a <- layer_input(2, name = "a")
  b <- layer_input(2, name = "b")
  model <- keras_model(list(a, b), layer_dense(layer_concatenate(list(a, b)), 1, kernel_initializer = "ones"))
  compile(model, "sgd", "mse")
  expect_equal(evaluate(model, ds, verbose = 0)[["loss"]], 0, tolerance = 1e-6)
  expect_identical(dim(predict(model, dataset_prefetch(ds), verbose = 0)), c(10L, 1L))
})

test_that("a list with names is one argument, or several", {
  ds <- tensor_slices_dataset(list(a = 1:3, b = 4:6))
  expect_identical(numbers(dataset_map(ds, function(record) record$a + record$b)), c(5L, 7L, 9L))
  expect_identical(numbers(dataset_map(ds, function(x, y) x * y)), c(4L, 10L, 18L))
  expect_identical(numbers(dataset_map(dataset_filter(ds, function(record) record$b > 4L), function(record) record$a)), 2:3)
  expect_identical(numbers(dataset_map(tensor_slices_dataset(c(2, 4)), ~ .x / 2)), c(1, 2))
})

test_that("further steps", {
  ds <- tensor_slices_dataset(1:6)
  expect_identical(numbers(dataset_concatenate(ds, dataset_take(ds, 1), dataset_skip(ds, 5))), c(1:6, 1L, 6L))
  expect_identical(numbers(dataset_shard(ds, 4, 1)), c(2L, 6L))
  expect_identical(as.array(dataset_reduce(ds, 0L, function(sum, x) sum + x)), 21L, ignore_attr = TRUE)
  expect_identical(numbers(dataset_unbatch(dataset_batch(ds, 4))), 1:6)
  expect_equal(elements(dataset_enumerate(dataset_take(ds, 2), start = 5), function(e) c(as.array(e[[1]]), as.array(e[[2]]))),
               list(c(5, 1), c(6, 2)), ignore_attr = TRUE)
})

test_that("what is no dataset, no member, no element or no batch is told", {
  ds <- tensor_slices_dataset(1:3)
  for (step in list(dataset_batch, dataset_take, dataset_map, dataset_shuffle)) expect_error(
    step(matrix(1:4, 2), 2), "matrix", class = "keratin_error_argument")
  expect_error(zip_datasets(ds, 1:3), "integer", class = "keratin_error_argument")
  expect_error(ds$window, "window", class = "keratin_error_argument")
  expect_error(elements(dataset_map(ds, function(x) NULL)), "map_func", class = "keratin_error_argument")
  expect_error(elements(dataset_batch(dataset_map(ds, function(x) k_ones(c(as.array(x), 2))), 2)), "(1, 2) and (2, 2)", fixed = TRUE,
               class = "keratin_error_shape")
  model <- keras_model_sequential(input_shape = 1) |> layer_dense(1)
  compile(model, "sgd", "mse")
  pairs <- tensor_slices_dataset(list(matrix(1:3, 3), 1:3))
  batches <- dataset_batch(pairs, 2)
  expect_error(fit(model, dataset_repeat(batches), verbose = 0), "no end.*steps_per_epoch", class = "keratin_error_argument")
  expect_error(predict(model, dataset_repeat(batches)), "no end", class = "keratin_error_argument")
  expect_error(fit(model, batches, validation_data = dataset_repeat(batches), verbose = 0), "validation_steps", class = "keratin_error_argument")
  expect_error(fit(model, batches, 1:3, verbose = 0), "`y`", class = "keratin_error_argument")
  expect_error(fit(model, pairs, verbose = 0), "dataset_batch()", fixed = TRUE, class = "keratin_error_shape")
})
