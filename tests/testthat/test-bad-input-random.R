# Random calls of compiled exports and ops, with values of every kind in every place: none may end the session, and what an op refuses
# is refused with a keratin_error. Many more calls: KERATIN_RANDOM_CALLS=20000 make test.

random_values <- function(ns) {
  some <- ns$tensor(matrix(c(1, 2, 3, 4, 5, 6), 2))
  stale <- unserialize(serialize(some, NULL))
  # Variables whose memory is shorter than their sizes say.
  forged <- function(sizes) {
    v <- list2env(list(memory = list(raw(3)), name = "x", sizes = sizes, dtype = "float32", trainable = TRUE))
    class(v) <- c("keratin_variable", "tensorflow.tensor")
    v
  }
  program <- ns$trace_program(function(inputs) inputs[[1L]] + 1, list(list(dtype = "float32", shape = c(2, 3))))
  list(NULL, NA, 1, -1, 0L, NA_integer_, 1e300, NaN, "a", "add", "float32", character(), numeric(), list(), list(NULL), list(1, 2), some,
       ns$new_variable(c(1, 2)), program$pointer, stale, forged(c(1e9, 1e9)), forged(10), structure(new.env(), class = "keratin_variable"), sum,
       quote(x), as.name("y"), new.env(), matrix(1:4, 2), array(1, c(2, 3, 4)), factor("a"), TRUE, raw(4), 1i, data.frame(a = 1), "conv",
       c(2L, 3L), c(-5, 7), list(some, some), list(a = 1, b = "x"), list(axis = 5L), list(shape = c(-7L, 2L)), list(begin = -9L, size = 100L),
       structure(1, class = "keratin_tensor"), 2147483647L, 1e18, c(1e9, 1e9, 1e9))
}

attribute_names <- c("axis", "axes", "shape", "perm", "begin", "size", "strides", "dilation", "groups", "padding_before", "padding_after",
                     "crop_before",
                     "output_size", "paddings", "k", "depth", "multiples", "rate", "dtype", "mode", "min", "max", "sizes", "end", "repeats",
                     "exclusive",
                     "reverse", "on", "off", "keepdims", "transpose_a", "transpose_b", "pool_size", "padding", "method", "alpha", "data_format",
                     "units",
                     "activation", "num", "limit", "start", "delta", "noise_shape", "seed")
attribute_values <- list(0L, 1L, -1L, 5L, c(1L, 2L), c(0L, -1L, 2L), NA_integer_, 1e10, -3, 0.5, "float32", "same", "nearest", TRUE, c(2L, 2L, 2L),
                         integer())

random_op_call <- function(ns, ops, values) {
  ordinary <- list(array(c(1, 2, 3, 4, 5, 6), c(2, 3)), array(0.5, c(2, 3, 4)), array(1:6, c(3, 2)), 3, c(TRUE, FALSE), numeric(), array(0, c(0, 3)))
  inputs <- lapply(seq_len(sample(0:4, 1)), function(i) if (runif(1) < 0.1) sample(values, 1)[[1L]] else ns$tensor(sample(ordinary, 1)[[1L]]))
  names <- sample(attribute_names, sample(0:5, 1))
  list(sample(ops, 1), inputs, setNames(sample(attribute_values, length(names), TRUE), names))
}

test_that("no random call of an export ends the session, and ops refuse with a keratin_error", {
  ns <- asNamespace("keratin")
  calls <- as.integer(Sys.getenv("KERATIN_RANDOM_CALLS", "1500"))
  withr::local_seed(as.integer(Sys.getenv("KERATIN_RANDOM_SEED", "1")))
  # Compiled exports are those whose body is a .Call(); those that would leave the session in another state are out.
  compiled <- Filter(function(name) is.function(ns[[name]]) && any(grepl("^_keratin_", all.names(body(ns[[name]])))), ls(ns, all.names = TRUE))
  compiled <- setdiff(compiled, c("threads_set", "memory_release", "trace_begin"))
  expect_gt(length(compiled), 50)
  values <- random_values(ns)
  ops <- ns$op_names()
  answered <- 0
  unclassed <- character()
  for (i in seq_len(calls)) {
    name <- if (runif(1) < 0.5) "op_apply" else sample(compiled, 1)
    arguments <- if (name == "op_apply") random_op_call(ns, ops, values) else sample(values, length(formals(ns[[name]])), TRUE)
    outcome <- tryCatch(suppressWarnings({ do.call(ns[[name]], arguments); NULL }), error = identity)
    if (is.null(outcome)) answered <- answered + 1
    else if (name == "op_apply" && !inherits(outcome, "keratin_error")) unclassed <- c(
      unclassed, paste0(arguments[[1L]], ": ", conditionMessage(outcome)))
  }
  expect_gt(answered, 0)
  expect_identical(unique(unclassed), character())
})
