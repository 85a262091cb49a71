# The train, test and predict steps: ordinary R functions over ops, run eagerly or traced once per shape.

unpack_data <- function(data) {
  if (!is.list(data) || is.object(data)) data <- list(data)
  names(data) <- NULL
  list(x = data[[1L]], y = if (length(data) > 1L) data[[2L]], sample_weight = if (length(data) > 2L) data[[3L]])
}

default_train_step <- function(model, data) {
  parts <- unpack_data(data)
  step <- with_recording({
    y_pred <- call_model(model, parts$x, training = TRUE)
    list(y_pred = y_pred, loss = model$compute_loss(parts$x, parts$y, y_pred, parts$sample_weight))
  })
  variables <- model$trainable_weights
  if (length(variables)) model$optimizer$apply_gradients(Map(list, op_gradients(step$loss, variables), variables))
  model$compute_metrics(parts$x, parts$y, step$y_pred, parts$sample_weight)
}

default_test_step <- function(model, data) {
  parts <- unpack_data(data)
  y_pred <- call_model(model, parts$x, training = FALSE)
  model$compute_loss(parts$x, parts$y, y_pred, parts$sample_weight)
  model$compute_metrics(parts$x, parts$y, y_pred, parts$sample_weight)
}

default_predict_step <- function(model, data) call_model(model, unpack_data(data)$x, training = FALSE)

call_model <- function(model, x, training) call_layer(model, x, training = training)

default_compute_loss <- function(model, x, y, y_pred, sample_weight) {
  model$compiled_loss(y, y_pred, sample_weight, regularization_losses = model$losses)
}

default_compute_metrics <- function(model, x, y, y_pred, sample_weight) {
  if (!is.null(y)) model$compiled_metrics$update_state(y, y_pred, sample_weight)
  metric_results(model)
}

# ---- traced steps, kept per model: kind of step and shapes -> program

model_programs <- function(model) {
  if (is.null(model$programs)) model$programs <- new.env(hash = TRUE, parent = emptyenv())
  model$programs
}

# What walks through the model find for its steps: the weights that train (and a key of theirs), the metrics that start anew.
step_parts <- function(model) {
  programs <- model_programs(model)
  parts <- programs$parts
  if (is.null(parts) || !identical(parts$mark, structure_state$mark) || parts$fields != length(model)) {
    trainable <- model$trainable_weights
    parts <- list(mark = structure_state$mark, fields = length(model), trainable = trainable, trainable_key = vapply(trainable, variable_id, ""),
                  metrics = model_metrics(model))
    programs$parts <- parts
  }
  parts
}

# A program from another process (readRDS(), a restarted session) has lost its core part and is made anew.
cached_program <- function(model, key, make) {
  programs <- model_programs(model)
  program <- programs[[key]]
  if (!is.null(program) && program_is_alive(program$pointer)) return(program)
  program <- without_jit(make())
  programs[[key]] <- program
  program
}

# What runs once to be traced is not worth compiling, nor are the few lines around the core's loop: R's just-in-time compiler would take longer
# than they do. (Methods of R6 objects lose the byte code of the installed package, so it would compile them anew in every session.)
without_jit <- function(expr) {
  level <- compiler::enableJIT(0L)
  if (level > 0L) jit$of_user <- level
  on.exit({
    compiler::enableJIT(level)
    if (level > 0L) jit$of_user <- NULL
  })
  expr
}

# What users wrote (callbacks, generators, steps run as written) may loop for long, and is compiled as they have set it.
with_users_jit <- function(expr) {
  if (is.null(jit$of_user)) return(expr)
  level <- compiler::enableJIT(jit$of_user)
  on.exit(compiler::enableJIT(level))
  expr
}

jit <- new.env(parent = emptyenv())

# `data`: nested list of tensors. Its skeleton and flat tensors are what programs are keyed by and run on.
flatten_data <- function(data) {
  tensors <- list()
  skeleton <- make_skeleton(data, function(t) {
    tensors[[length(tensors) + 1L]] <<- t
    length(tensors)
  })
  list(skeleton = skeleton, tensors = tensors)
}

row_types <- function(tensors, rows) lapply(tensors, function(t) list(dtype = tensor_dtype(t), shape = c(rows, tensor_shape(t)[-1L])))

types_key <- function(kind, types, skeleton) {
  shapes <- vapply(types, function(type) paste0(type$dtype, "(", paste(type$shape, collapse = ","), ")"), "")
  paste(c(kind, shapes, names(unlist(skeleton))), collapse = "|")
}

# A single x without y comes as itself, as in Keras.
step_function <- function(model, kind) {
  step <- switch(kind, train = model$train_step, test = model$test_step, predict = model$predict_step)
  function(data) step(if (is.list(data) && length(data) == 1L && !is_branch_list(data[[1L]])) data[[1L]] else data)
}

# Is a step run op by op instead of traced? If asked for, or if a layer's sizes follow from draws or from values: a random height, the
# longest text of a batch.
runs_as_written <- function(model, kind) {
  if (isTRUE(model$run_eagerly)) return(TRUE)
  programs <- model_programs(model)
  key <- paste("as written:", kind)
  if (is.null(programs[[key]]))
    programs[[key]] <- any(vapply(flatten_layers(unwrap(model)),
                                  function(layer) is.function(layer$needs_values) && isTRUE(layer$needs_values(kind == "train")), NA))
  programs[[key]]
}

# A train step is one for the weights that train, and for the optimizer.
step_program <- function(model, kind, flat, rows) {
  types <- row_types(flat$tensors, rows)
  key <- types_key(kind, types, flat$skeleton)
  if (kind == "train") key <- c(key, step_parts(model)$trainable_key, optimizer_key(model$optimizer))
  cached_program(model, rlang::hash(key), function() {  # thousands of weights are too long for a name
    step <- step_function(model, kind)
    trace_program(function(inputs) step(fill_skeleton(flat$skeleton, inputs)), types)
  })
}

# Weights and optimizer slots must exist before a step is traced.
prepare_model <- function(model, x, training = FALSE) {
  if (!isTRUE(model$built) && has_call(model)) {
    type_of <- function(t) list(dtype = tensor_dtype(t), shape = tensor_shape(t))
    build <- function() without_jit(build_model_for(model, if (is_branch_list(x)) lapply(x, type_of) else type_of(x)))
    # What branches on values, which a run op by op allows, has its weights only after a call on values.
    if (isTRUE(model$run_eagerly)) tryCatch(build(), keratin_error_argument = function(e) model$instance(x)) else build()
  }
  if (!training) return(invisible())
  model$optimizer$build(step_parts(model)$trainable)
  invisible()
}

# A class with its own train_step() may do without call(): a GAN made of two models.
has_call <- function(model) !identical(body(model$call), body(Model$public_methods$call))

# Values of a step's results: numbers for single values, vectors or lists otherwise.
log_values <- function(results) {
  if (!is.list(results) || is.object(results) || length(results) && !has_names(results))
    abort_argument("train_step() and test_step() of a model class give a named list of values, such as list(loss = loss). Received: ",
                   if (is_tensor(results)) "a single value" else received(results))
  lapply(results, log_value)
}
log_value <- function(value) {
  if (is.list(value) && !is.object(value)) return(lapply(value, log_value))
  if (is_tensor(value)) value <- as.array(value)
  if (length(value) == 1L) as.numeric(value) else value
}
