# What every layer owes: it builds on its first call, the eager, traced and symbolic result agree (unknown sizes too), gradients are those of
# finite differences, the config makes the same layer again, it trains, and it survives saveRDS().

# `layer`: a fresh layer. `input`: dim of the input with the batch axis, or a list of such, or arrays. `unknown`: axes (1 is the batch)
# whose size may be unknown. `training`: phase in which it is tested. `gradient = FALSE` for layers with integer inputs.
# `varying`: axes of the output whose size a draw decides.
expect_layer_contract <- function(layer, input, unknown = 1L, training = FALSE, gradient = TRUE, train = TRUE, config = TRUE, tolerance = 1e-6,
                                  varying = integer()) {
  xs <- contract_inputs(input)
  single <- !is.list(input)
  as_argument <- function(x) if (single) x[[1L]] else x
  twin <- if (config) in_float64(layer) else layer
  run <- function(on, x) on(as_argument(x), training = training)

  # build and eager
  eager <- lapply(as_outputs(run(twin, xs)), as.array)
  expect_true(isTRUE(twin$built))
  for (y in eager) expect_false(anyNA(y))

  # traced
  dtype_of <- function(x) if (is.character(x)) "string" else if (is.integer(x)) "int32" else if (config) "float64" else "float32"
  types <- lapply(xs, function(x) list(dtype = dtype_of(x), shape = dim(x)))
  program <- internal("trace_program")(function(inputs) run(twin, inputs), types)
  traced <- internal("program_run")(program, lapply(xs, function(x) k_constant(x, dtype = dtype_of(x))))
  for (i in seq_along(eager)) expect_equal(as.array(as_outputs(traced)[[i]]), eager[[i]], tolerance = tolerance)

  # symbolic, with the batch size (and `unknown` axes) unknown
  symbolic_dims <- function(axes) {
    inputs <- lapply(xs, function(x) { d <- dim(x); d[intersect(axes, seq_along(d))] <- NA; layer_input(batch_shape = d, dtype = dtype_of(x)) })
    outputs <- twin(as_argument(inputs))
    list(model = keras_model(as_argument(inputs), outputs), dims = lapply(as_outputs(outputs), internal("tensor_shape")))
  }
  for (axes in unique(list(1L, unknown))) {
    symbolic <- symbolic_dims(axes)
    for (i in seq_along(eager)) {
      d <- symbolic$dims[[i]]
      expect_length(d, length(dim(eager[[i]])))
      expect_true(all(is.na(d) | d == dim(eager[[i]])))
      if (identical(axes, 1L)) expect_equal(which(is.na(d)), c(1L, varying))
    }
    ran <- as_outputs(symbolic$model(as_argument(xs), training = training))
    for (i in seq_along(eager)) expect_equal(as.array(ran[[i]]), eager[[i]], tolerance = tolerance)
  }

  # gradients of inputs and weights
  if (gradient) {
    cotangents <- lapply(eager, function(y) array(sin(seq_along(y)), dim(y)))
    value <- function(x) sum(mapply(function(y, c) sum(as.array(y) * c), as_outputs(run(twin, x)), cotangents))
    tensors <- lapply(xs, function(x) k_constant(x, dtype = dtype_of(x)))
    with(tf$GradientTape(persistent = TRUE) %as% tape, {
      for (t in tensors) tape$watch(t)
      loss <- Reduce(`+`, Map(function(y, c) k_sum(y * k_constant(c, dtype = "float64")), as_outputs(run(twin, tensors)), cotangents))
    })
    for (i in seq_along(xs)) {
      found <- as.array(tape$gradient(loss, tensors[[i]]))
      wanted <- finite_difference(function(x) value(replace(xs, i, list(x))), xs[[i]])
      expect_equal(found, wanted, tolerance = 1e-5, ignore_attr = TRUE)
    }
    for (variable in twin$trainable_weights) {
      start <- as.array(variable)
      found <- as.array(tape$gradient(loss, variable))
      wanted <- finite_difference(function(w) { internal("variable_assign")(variable, w); value(xs) }, start)
      internal("variable_assign")(variable, start)
      expect_equal(found, wanted, tolerance = 1e-5, ignore_attr = TRUE)
    }
  }

  # config
  if (config) {
    copy <- from_config(get_config(twin))
    of <- function(layer) without_build_config(get_config(layer))
    expect_equal(of(copy)[names(of(twin))], of(twin), ignore_attr = TRUE, ignore_function_env = TRUE)
    run(copy, xs)
    set_weights(copy, get_weights(twin))
    again <- as_outputs(run(copy, xs))
    for (i in seq_along(eager)) expect_equal(as.array(again[[i]]), as.array(as_outputs(run(twin, xs))[[i]]), tolerance = 1e-12)
  }

  # one step of training
  if (train) {
    symbolic <- symbolic_dims(1L)
    model <- symbolic$model
    before <- get_weights(model, trainable = TRUE)
    model %>% compile(optimizer = optimizer_sgd(0.1), loss = "mse")
    y <- lapply(eager, function(y) y + 1)
    history <- model %>% fit(as_argument(xs), if (length(y) == 1L) y[[1L]] else y, epochs = 1, batch_size = dim(xs[[1L]])[1L], verbose = 0)
    expect_true(all(is.finite(unlist(history$metrics))))
    after <- get_weights(model, trainable = TRUE)
    if (length(before)) expect_false(identical(before, after))
  }

  # saveRDS()
  expected <- lapply(as_outputs(run(twin, xs)), as.array)
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(twin, file)
  loaded <- as_outputs(run(readRDS(file), xs))
  for (i in seq_along(expected)) expect_identical(as.array(loaded[[i]]), expected[[i]])
  invisible(twin)
}

as_outputs <- function(y) if (is.list(y) && !is.object(y)) y else list(y)

contract_inputs <- function(input) {
  if (!is.list(input)) input <- list(input)
  lapply(seq_along(input), function(i) {
    x <- input[[i]]
    if (is.null(dim(x))) array(round(cos(seq_len(prod(x)) * (1.3 + i)), 3), x) else x
  })
}

# A layer in a config says the shape that it was built for, if it was.
without_build_config <- function(config) {
  if (!is.list(config) || is.object(config)) return(config)
  lapply(if (is.null(names(config))) config else config[names(config) != "build_config"], without_build_config)
}

in_float64 <- function(layer) {
  config <- get_config(layer)
  config$dtype <- "float64"
  from_config(config)
}

# For layers whose parts do not take a dtype from their config.
in_double <- function(code) {
  k_set_floatx("float64")
  on.exit(k_set_floatx("float32"))
  code
}
