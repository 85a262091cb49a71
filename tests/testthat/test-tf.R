source(test_path("tf-values.R"), local = TRUE)

# `value(call, dim, elements)`: what TensorFlow gives.
check_value <- function(call, dim, elements, where) {
  result <- as.array(eval(call, where))
  found <- as.vector(result)
  if (length(found) > 8L && is.numeric(found)) found <- sum(found * cos(seq_along(found)))
  expect_equal(if (is.numeric(found)) as.numeric(found) else found, elements, tolerance = 2e-5, label = deparse(call, width.cutoff = 200)[1L])
  expect_equal(if (is.null(dim(result))) NULL else as.numeric(base::dim(result)), dim, label = paste("dim of", deparse(call, width.cutoff = 200)[1L]))
}

inputs <- function() {
  x <- tf$constant(matrix(c(0.3, -1.2, 0.7, 2.4, -0.4, 1.1), 2))
  y <- tf$constant(matrix(c(1.5, 0.5, -2, 1, 0.25, -0.5), 2))
  p <- tf$constant(matrix(c(0.1, 0.6, 0.3, 0.2, 0.6, 0.2), 2))
  i <- tf$constant(matrix(1:4, 2))
  b <- tf$constant(matrix(c(TRUE, FALSE, TRUE, TRUE), 2))
  image <- tf$constant(array(round(sin(1:18), 2), c(2, 3, 3)))
  unit_image <- tf$constant(array(round(abs(sin(1:18)), 2), c(2, 3, 3)))
  picture <- tf$constant(array(round(cos(1:12), 2), c(1, 3, 4, 1)))
  k1 <- tf$constant(array(round(cos(1:12), 1), c(2, 3, 2)))
  k2 <- tf$constant(array(c(1, -1, 0.5, 2, 0, 1, -0.5, 1), c(2, 2, 1, 2)))
  s <- tf$constant(c("Abc", " aB ", "c"))
  environment()
}

test_that("members of tf give TensorFlow's values", {
  where <- inputs()
  for (case in tf_values) check_value(case[[2L]], eval(case[[3L]]), eval(case[[4L]]), where)
})

test_that("every member of tf is in the table or tested below", {
  below <- c("__version__", "GradientTape", "TensorShape", "TensorSpec", "bool", "string", "int32", "int64", "float32", "float64", "keras",
             "executing_eagerly", "newaxis",
             "print", "group", "no_op", "control_dependencies", "name_scope", "device", "random$set_seed", "image$ResizeMethod",
             paste0(c("random_normal", "random_uniform", "zeros", "ones", "constant"), "_initializer"))
  modules <- c("nest", "debugging", "config", "data", "distribute", "test", "version")
  paths <- sub("^tf[$]", "", internal("tf_paths")(tf))
  paths <- paths[!sub("[$].*", "", paths) %in% modules]
  also_under_tf <- function(path) grepl("^math[$]", path) && exists(sub("math[$]", "", path), envir = tf, inherits = FALSE)
  paths <- paths[!vapply(paths, also_under_tf, NA)]
  expect_setequal(setdiff(paths, below), unique(sub(",.*", "", names(tf_values))))
})

test_that("an unknown member is named, and the nearest known one", {
  expect_error(tf$reduce_average, "`tf` has no member `reduce_average`. The nearest is `reduce_mean`", class = "keratin_error_argument")
  expect_error(tf$log, "There is tf$math$log", fixed = TRUE)
  expect_error(tf$nn$rellu, "`tf\\$nn` has no member `rellu`. The nearest is `relu`")
  expect_error(tf$relu <- 1, "cannot be changed")
})

test_that("arguments without effect are taken with their default only, `name` always", {
  expect_error(tf$gather_nd(matrix(1:4, 2), matrix(0:1, 1), batch_dims = 1L), "`batch_dims` can only be 0 in keratin")
  expect_error(tf$nn$conv2d_transpose(1, 1, 1, 1, dilations = 2L), "`dilations`")
  expect_error(tf$reduce_sum(1:3, axis = 0.5), "counted from 0. Received: axis = 0.5", class = "keratin_error_argument")
  expect_equal(as.array(tf$add(1, 2, name = "sum")), 3)
})

test_that("dtypes, shapes and members of tensors", {
  expect_equal(tf$constant(1:3)$dtype, tf$int32)
  expect_equal(vapply(list(tf$constant(1), tf$constant(TRUE), tf$constant("a"), tf$constant(1, tf$float64), tf$constant(1L, "int64")),
                      function(x) x$dtype$name, ""),
               c("float32", "bool", "string", "float64", "int64"))
  x <- tf$zeros(c(2L, 3L))
  expect_equal(x$shape$as_list(), list(2L, 3L))
  expect_equal(x$numpy(), matrix(0, 2, 3))
  expect_equal(format(tf$TensorShape(list(NULL, 3L))), "TensorShape([None, 3])")
  expect_equal(as.character(tf$TensorSpec(list(NULL, 2L), tf$int32)$dtype), "int32")
  expect_error(tf$convert_to_tensor(x, tf$int32), "use tf\\$cast")
})

test_that("initializers", {
  expect_equal(as.array(tf$zeros_initializer()(shape = shape(2, 1), dtype = "float32")), matrix(0, 2, 1))
  expect_equal(as.array(tf$ones_initializer()(c(2, 1))), matrix(1, 2, 1))
  expect_equal(as.array(tf$constant_initializer(3)(2)), array(c(3, 3)))
  expect_true(all(abs(as.array(tf$random_uniform_initializer(-1, 1)(50))) <= 1))
  expect_lt(max(abs(as.array(tf$random_normal_initializer(stddev = 1e-3)(50)))), 0.1)
})

test_that("variables are assigned to", {
  v <- tf$Variable(c(1, 2), name = "v")
  v$assign_add(c(1, 1))
  v$assign_sub(tf$constant(c(0.5, 0)))
  expect_equal(as.array(v), array(c(1.5, 3)))
  expect_equal(v$name, "v:0")
  expect_false(tf$Variable(1, trainable = FALSE)$trainable)
  expect_error(tf$Variable(), "initial_value")
})

test_that("tapes: watched tensors, several questions, structures, second derivatives", {
  x <- tf$constant(c(1, 2, 3))
  v <- tf$Variable(2)
  with(tf$GradientTape(persistent = TRUE) %as% tape, {
    tape$watch(x)
    y <- tf$reduce_sum(x^2) * v
  })
  expect_equal(as.array(tape$gradient(y, x)), array(c(4, 8, 12)))
  expect_equal(lapply(tape$gradient(y, list(a = x, b = v)), as.array), list(a = array(c(4, 8, 12)), b = 14))
  with(tf$GradientTape() %as% once, z <- v * v)
  once$gradient(z, v)
  expect_error(once$gradient(z, v), "persistent = TRUE", class = "keratin_error_argument")
  with(tf$GradientTape() %as% outer, {
    with(tf$GradientTape() %as% inner, cube <- v^3)
    first <- inner$gradient(cube, v)
  })
  expect_equal(as.array(outer$gradient(first, v)), 12)
  with(tf$GradientTape(watch_accessed_variables = FALSE) %as% unwatched, z <- v * v)
  expect_null(unwatched$gradient(z, v))
  with(tf$GradientTape() %as% zero, z <- v * v)
  expect_equal(as.array(zero$gradient(z, tf$Variable(c(1, 2)), unconnected_gradients = "zero")), array(c(0, 0)))
  with(tf$GradientTape() %as% paused, {
    a <- v * v
    with(paused$stop_recording(), b <- v * 10)
    z <- a + b
  })
  expect_equal(as.array(paused$gradient(z, v)), 4)
})

test_that("jacobians", {
  x <- tf$constant(matrix(c(1, 2, 3, 4), 2))
  with(tf$GradientTape(persistent = TRUE) %as% tape, {
    tape$watch(x)
    y <- x^2
  })
  whole <- as.array(tape$jacobian(y, x))
  expect_equal(dim(whole), c(2L, 2L, 2L, 2L))
  expect_equal(matrix(whole, 4), diag(c(2, 4, 6, 8)))
  by_batch <- as.array(tape$batch_jacobian(y, x))
  expect_equal(by_batch[2, , ], diag(c(4, 8)))
})

test_that("control flow in traces", {
  trace <- function(f, ...)
    internal("program_run")(internal("trace_program")(function(inputs) f(inputs[[1]]), list(list(dtype = "float32", shape = integer()))),
                            list(tf$constant(...)))
  expect_equal(as.array(trace(function(x) tf$cond(x > 0, function() x * 2, function() x - 1), -3)), -4)
  expect_error(trace(function(x) tf$while_loop(function(k) k > 0, function(k) k - 1, list(x)), 3), "tf\\$while_loop\\(\\) cannot decide",
               class = "keratin_error_argument")
  expect_error(trace(function(x) tf$boolean_mask(x, x > 0), 3), "not known while a function is traced")
  expect_true(tf$executing_eagerly())
})

test_that("tf_function traces, updates variables, and runs as written what cannot be traced", {
  v <- tf$Variable(0)
  traced <- 0
  add <- tf_function(function(x, times = 1) {
    traced <<- traced + 1
    v$assign_add(tf$reduce_sum(x) * times)
    list(total = v + 0)
  })
  expect_equal(as.array(add(tf$constant(c(1, 2)))$total), 3)
  expect_equal(as.array(add(tf$constant(c(3, 4)))$total), 10)
  expect_equal(traced, 1)
  add(c(1, 1), times = 2)
  expect_equal(as.array(v), 14)
  expect_equal(traced, 2)
  branching <- tf_function(function(x) if (as.numeric(x) > 0) x else -x)
  expect_equal(as.array(branching(tf$constant(-2))), 2)
  x <- tf$constant(3)
  with(tf$GradientTape() %as% tape, {
    tape$watch(x)
    y <- tf$`function`(function(x) x * x)(x)
  })
  expect_equal(as.array(tape$gradient(y, x)), 6)
  expect_error(tf_function(3), class = "keratin_error_argument")
})

test_that("checks, contexts, printing", {
  expect_null(tf$debugging$assert_equal(c(1, 2), c(1, 2)))
  expect_error(tf$debugging$assert_less(1, 0, message = "too large"), "too large: x < y does not hold", class = "keratin_error_argument")
  for (check in c("assert_none_equal", "assert_greater")) expect_error(tf$debugging[[check]](1, 1), class = "keratin_error_argument")
  for (check in c("assert_less_equal", "assert_greater_equal")) expect_null(tf$debugging[[check]](1, 1))
  expect_error(tf$debugging$assert_positive(0), class = "keratin_error_argument")
  expect_null(tf$debugging$assert_non_negative(0))
  expect_error(tf$debugging$assert_rank(matrix(1, 1, 1), 1L), class = "keratin_error_shape")
  expect_error(tf$debugging$check_numerics(tf$constant(NaN), "loss"), "loss: the tensor has values that are NaN")
  expect_error(tf$debugging$assert_all_finite(tf$constant(Inf)), class = "keratin_error_argument")
  expect_error(tf$debugging$Assert(FALSE, list(1)), class = "keratin_error_argument")
  expect_equal(as.array(with(tf$device("/gpu:0"), tf$constant(1))), 1)
  expect_equal(with(tf$name_scope("a") %as% scope, 2), 2)
  with(tf$control_dependencies(list()), expect_null(tf$group(1)))
  expect_null(tf$no_op())
  expect_output(tf$print("loss:", tf$constant(c(1, 2))), "loss: \\[1\\. 2\\.\\]|loss: \\[1\\] 1 2")
  expect_output(print(tf$nn), "<tf\\$nn: .*softmax")
})

test_that("the machine, strategies, seeds", {
  expect_length(tf$config$list_physical_devices("GPU"), 0)
  expect_output(print(tf$config$list_physical_devices("CPU")[[1]]), "CPU:0")
  expect_length(tf$config$list_logical_devices(), 1)
  expect_false(tf$test$is_gpu_available())
  expect_false(tf$test$is_built_with_cuda())
  expect_equal(tf$version$VERSION, tf$`__version__`)
  tf$config$experimental$set_memory_growth(1, TRUE)
  tf$config$experimental$enable_op_determinism()
  tf$config$run_functions_eagerly(TRUE)
  expect_true(tf$config$functions_run_eagerly())
  tf$config$run_functions_eagerly(FALSE)
  strategy <- tf$distribute$MirroredStrategy()
  expect_equal(strategy$num_replicas_in_sync, 1L)
  expect_equal(with(strategy$scope(), 3), 3)
  expect_equal(strategy$run(function(x) x + 1, args = list(2)), 3)
  tf$random$set_seed(3L)
  first <- as.array(tf$random$normal(c(2L, 2L)))
  tf$random$set_seed(3L)
  expect_identical(as.array(tf$random$normal(c(2L, 2L))), first)
})

test_that("datasets under tf$data", {
  values <- function(ds) {
    it <- as_iterator(ds)
    out <- list()
    while (!is.null(e <- iter_next(it))) out[[length(out) + 1L]] <- if (is.list(e)) lapply(e, as.array) else as.array(e)
    out
  }
  ds <- tf$data$Dataset$from_tensor_slices(list(matrix(1:6, 3), 1:3))$map(function(x, y) list(x * 2L, y),
    num_parallel_calls = tf$data$AUTOTUNE)$batch(2L)
  expect_equal(values(ds)[[2]], list(matrix(c(6, 12), 1), array(3)), ignore_attr = TRUE)
  expect_equal(unlist(values(tf$data$Dataset$range(5L)$filter(function(x) x %% 2L == 0L))), c(0, 2, 4))
  expect_equal(unlist(values(tf$data$Dataset$range(2L, 6L, 2L)$concatenate(tf$data$Dataset$range(1L)))), c(2, 4, 0))
  expect_equal(unlist(values(tf$data$Dataset$range(4L)$batch(3L)$unbatch()$skip(1L)$take(2L)$`repeat`(2L))), c(1, 2, 1, 2))
  expect_equal(as.array(tf$data$Dataset$range(4L)$reduce(tf$constant(0, tf$int64), function(a, b) a + b)), 6)
  expect_equal(values(tf$data$Dataset$range(2L)$enumerate())[[2]], list(1, 1))
  expect_equal(unlist(values(tf$data$Dataset$range(6L)$shard(3L, 1L))), c(1, 4))
  expect_equal(values(tf$data$Dataset$zip(tf$data$Dataset$range(1L), tf$data$Dataset$from_tensors("a"))), list(list(0, "a")))
  k <- 0
  generated <- tf$data$Dataset$from_generator(function() { k <<- k + 1; if (k <= 3) k }, output_types = tf$float32)
  expect_equal(unlist(values(generated)), c(1, 2, 3))
})

test_that("tf$keras reaches layers, losses, optimizers", {
  layer <- tf$keras$layers$Dense(units = 2L, activation = "relu")
  expect_s3_class(layer, "keras.layers.core.dense.Dense")
  expect_equal(as.array(tf$keras$losses$MeanSquaredError()(c(1, 2), c(1, 4))), 2)
  expect_s3_class(tf$keras$optimizers$Adam(learning_rate = 0.1), "keras.optimizers.adam.Adam")
  expect_error(tf$keras$layers$Dence, "keras\\$layers has no member `Dence`")
})

test_that("tf$nest takes nested lists apart and puts them together", {
  nested <- list(1, list(a = 2, b = 3))
  expect_identical(tf$nest$flatten(nested), list(1, 2, 3))
  expect_identical(tf$nest$map_structure(function(x, y) x + y, nested, nested), list(2, list(a = 4, b = 6)))
  expect_identical(tf$nest$pack_sequence_as(nested, list(4, 5, 6)), list(4, list(a = 5, b = 6)))
})
