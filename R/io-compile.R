# What compile() was given, in files and back, and the optimizer's state.

# ---- writing. `style`: "h5" for training_config, "keras" for compile_config

written_compile_config <- function(model, style) {
  compiled <- model$compiled
  optimizer <- serialize_optimizer(model$optimizer)
  if (style == "h5") optimizer <- list(class_name = paste0("Custom>", optimizer$class_name), config = optimizer$config)
  loss <- if (is.null(compiled$loss)) NULL else serialize_loss(compiled$loss)
  weights <- if (is.list(compiled$loss_weights) || is.null(compiled$loss_weights)) compiled$loss_weights else as.list(compiled$loss_weights)
  metrics <- if (style == "h5") function(kind) written_metrics(model, kind) else function(kind) as_json_names(serialize_metric(compiled[[kind]]))
  common <- list(loss = as_json_names(loss), metrics = metrics("metrics"), loss_weights = weights, weighted_metrics = metrics("weighted_metrics"))
  if (style == "h5") c(common, list(optimizer_config = optimizer))
  else c(list(optimizer = optimizer), common, list(run_eagerly = NULL, steps_per_execution = NULL, jit_compile = NULL))
}

# As .h5 files have them: objects for each output, under the names that fit() shows. "accuracy" is one once targets have been seen.
written_metrics <- function(model, kind) {
  spec <- model$compiled[[kind]]
  if (is.null(spec)) return(NULL)
  built <- model$compiled_metrics[[if (kind == "metrics") "plain" else "weighted"]]
  outputs <- model$output_names
  per_output <- built %||% if (length(outputs)) metrics_per_output(spec, length(outputs), outputs, kind)
  if (is.null(per_output)) return(as_json_names(serialize_metric(spec)))
  lapply(seq_along(per_output), function(i) lapply(per_output[[i]], function(metric) {
    if (is.character(metric) && !tolower(metric) %in% c("accuracy", "acc", "crossentropy", "ce")) metric <- get_metric(metric)
    written <- serialize_metric(metric)
    if (!is.list(written)) return(written)
    if (is.null(built) && length(per_output) > 1L) written$config$name <- paste0(outputs[i], "_", written$config$name)
    written[c("class_name", "config")]
  }))
}

# Several names are a list in JSON, also if there is one of them; in compile() they may be a vector.
as_json_names <- function(x) {
  if (is.null(x)) return(NULL)
  if (is.character(x) && !is.null(names(x))) return(as.list(x))
  if (is.character(x) && length(x) > 1L) return(as.list(x))
  x
}

# ---- reading

# Compiles the model as the file says. `config`: training_config or compile_config, parsed.
compile_from_config <- function(model, config) {
  optimizer <- config$optimizer_config %||% config$optimizer
  if (is.null(optimizer)) return(invisible())
  compile(model$instance, optimizer = optimizer_from_config(optimizer), loss = lapply_configs(config$loss, loss_from_config),
          metrics = lapply_configs(config$metrics, metric_from_config), loss_weights = config$loss_weights,
          weighted_metrics = lapply_configs(config$weighted_metrics, metric_from_config))
  invisible()
}

# Configs stand alone, in lists, or in lists of lists.
lapply_configs <- function(x, f) {
  if (is.null(x)) return(NULL)
  if (is.character(x) || is_config(x)) return(f(x))
  if (is.list(x)) return(lapply(x, lapply_configs, f = f))
  abort_file("the file's compile() arguments are damaged: ", received(x))
}

# A loss that is written as an object with no more than its defaults keeps its class.
loss_from_config <- function(x) {
  if (is.character(x)) return(get_loss_spec(x))
  if (identical(x$class_name, "LossFunctionWrapper") && is.character(x$config$fn)) return(get_loss_spec(x$config$fn))
  deserialize_loss(x)
}
get_loss_spec <- function(name) {
  custom <- find_custom_object(name)
  if (!is.null(custom)) return(if (is.function(custom) && !is_loss(custom)) structure(custom, py_function_name = name) else custom)
  get_loss(name)
  name
}

metric_from_config <- function(x) {
  if (is.character(x)) {
    custom <- find_custom_object(x)
    if (is.null(custom)) return(x)
    return(if (is.function(custom) && !is_metric(custom)) structure(custom, py_function_name = x) else custom)
  }
  if (identical(sub("^.*>", "", x$class_name), "MeanMetricWrapper") && is.character(x$config$fn)) {
    name <- x$config$name %||% x$config$fn
    custom <- find_custom_object(x$config$fn)
    if (is.function(custom)) return(structure(custom, py_function_name = name))
    fn <- get_metric(x$config$fn)$fn
    return(metric_mean_wrapper(fn = fn, name = name))
  }
  deserialize_metric(x)
}

optimizer_from_config <- function(x) {
  if (is.character(x)) return(get_optimizer(x))
  x$class_name <- sub("^.*>", "", x$class_name)
  if (x$class_name == "AdamW") x$class_name <- "Adam"   # with a weight decay the two are one
  custom <- find_custom_object(x$class_name)
  if (is.function(custom)) return(do.call(custom, x$config))
  config <- x$config
  if (is.list(config$learning_rate)) config$learning_rate <- normalize_config(config$learning_rate)
  config <- drop_null(config)
  if (identical(config$decay, 0) || identical(config$decay, 0L)) config$decay <- NULL
  x$config <- config
  deserialize_optimizer(x)
}

# ---- the optimizer's state

built_optimizer <- function(model) {
  if (is.null(model$optimizer)) return(NULL)
  if (is.function(model$optimizer$build)) model$optimizer$build(model$trainable_weights)
  model$optimizer
}

# Files of the optimizers before Keras 2.11 keep each kind of slot for all weights together.
legacy_optimizer_variables <- function(optimizer) {
  c(list(optimizer$iterations), unlist(lapply(optimizer$slot_names(), function(slot) lapply(optimizer$slots, `[[`, slot)), recursive = FALSE))
}

plan_optimizer_h5 <- function(group, model) {
  optimizer <- built_optimizer(model)
  if (is.null(optimizer) || is.null(group)) return(list())
  names <- hdf5_name_list(group, "weight_names")
  if (!length(names)) return(list())
  legacy <- grepl("/iter:0$", names[1L])
  plan_optimizer(optimizer, lapply(names, function(name) hdf5_member(group, name)), names,
                 if (legacy) legacy_optimizer_variables(optimizer) else optimizer$variables(), keras3 = grepl("/learning_rate$", names[2L] %||% ""))
}

plan_optimizer_v3 <- function(file, model) {
  optimizer <- built_optimizer(model)
  vars <- hdf5_member(file, "optimizer/vars")
  if (is.null(optimizer) || is.null(vars)) return(list())
  keys <- number_names(vars)
  if (!length(keys)) return(list())
  datasets <- lapply(keys, function(key) hdf5_member(vars, key))
  variables <- optimizer$variables()
  # Keras 3 has the learning rate in second place.
  keras3 <- length(keys) >= 2L && identical(v3_iteration_is_int32(datasets[[1L]]), TRUE) && !length(hdf5_sizes(datasets[[2L]]))
  plan_optimizer(optimizer, datasets, paste0("optimizer/vars/", keys), variables, keras3)
}
v3_iteration_is_int32 <- function(dataset) {
  if (is_plain(dataset)) identical(dataset$index$dtype[dataset$row], "int32") else is_hdf5_dataset(dataset) && dataset$get_type()$get_size() == 4L
}

plan_optimizer <- function(optimizer, datasets, names, variables, keras3) {
  rate <- NULL
  if (keras3) {
    rate <- optimizer$learning_rate
    if (is_variable(rate)) rate <- list(planned(rate, datasets[[2L]], "the learning rate")) else rate <- NULL
    datasets <- datasets[-2L]
    names <- names[-2L]
  }
  skip <- function(...) {
    warning("The state of the optimizer was not loaded, training starts with a fresh one: ", ..., call. = FALSE)
    list()
  }
  if (length(datasets) < length(variables) && length(datasets) == 1L) variables <- variables[1L]   # no slots: plain gradient descent
  if (length(datasets) != length(variables)) return(skip("it has ", length(variables), " variables, the file has ", length(datasets)))
  plans <- Map(function(variable, dataset, name) planned(variable, dataset, paste0('the optimizer\'s variable "', name, '"')), variables, datasets,
               names)
  misfits <- Filter(function(plan) !plan$fits, plans)
  if (length(misfits)) {
    return(skip(misfits[[1L]]$what, " has shape ", format_shape(misfits[[1L]]$found), ", not ", format_shape(tensor_shape(misfits[[1L]]$variable))))
  }
  c(unname(plans), rate)
}
