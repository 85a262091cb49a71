# The application_*() architectures against what R keras 2.15 builds. By hand: Rscript tools/verify-applications.R [FOLDER] [PATTERN]
# FOLDER (../shared/applications) holds the reference values, described in its README.md. keratin is the installed one. Compared are
#   structure.json.xz  every layer: name, class, inbound layers, output shape, config, parameter count, names and shapes of its weights;
#                      of the model: name, inputs, outputs, number of weights and of trainable parameters
#   numeric.h5         outputs, features and each layer's mean and deviation for weights and input made by rule (needs hdf5r)
#   preprocess.json    the *_preprocess_input() functions
# PATTERN, a regular expression, narrows the cases: "efficientnet_b[1-7]", "numeric", "preprocess".
suppressPackageStartupMessages(library(keratin))
arguments <- commandArgs(TRUE)
folder <- if (is.na(arguments[1L])) "../shared/applications" else arguments[1L]
pattern <- if (is.na(arguments[2L])) "" else arguments[2L]
wanted <- function(id) grepl(pattern, id)
failures <- 0L
report <- function(id, differences, note = "") {
  if (length(differences)) failures <<- failures + 1L
  cat(sprintf("%-4s %-40s %s\n", if (length(differences)) "FAIL" else "ok", id, note))
  for (line in utils::head(differences, 8L)) cat("       ", line, "\n", sep = "")
  if (length(differences) > 8L) cat("       and ", length(differences) - 8L, " more\n", sep = "")
}
read_json <- function(file) jsonlite::fromJSON(if (endsWith(file, ".xz")) xzfile(file) else file, simplifyVector = FALSE)
shown <- function(x) as.character(jsonlite::toJSON(x, auto_unbox = TRUE, null = "null", digits = 8))
bare <- function(x)
  if (is.list(x)) { if (is.null(names(x))) lapply(unname(x), bare) else lapply(x[order(names(x))], bare) } else if (is.numeric(x)) signif(as.numeric(x), 7) else x
same <- function(a, b) isTRUE(all.equal(bare(a), bare(b), tolerance = 1e-6, check.attributes = FALSE)) && identical(names(bare(a)), names(bare(b)))

# A config without what the reference leaves out: see "cfg" in its README.md.
left_out <- c("name", "trainable", "dtype", "sparse", "ragged", "seed", "noise_shape", "build_input_shape")
usual <- list(data_format = "channels_last", groups = 1, dilation_rate = c(1, 1), depth_multiplier = 1, center = TRUE, scale = TRUE,
              synchronized = FALSE, invert = FALSE)
usual_initializers <- c(kernel = "GlorotUniform", depthwise = "GlorotUniform", pointwise = "GlorotUniform", bias = "Zeros", beta = "Zeros",
                        gamma = "Ones",
                        moving_mean = "Zeros", moving_variance = "Ones")
short_config <- function(config) {
  config <- config[!names(config) %in% left_out]
  for (key in intersect(names(config),
                        names(usual))) if (isTRUE(all.equal(unlist(config[[key]]), usual[[key]], check.attributes = FALSE))) config[[key]] <- NULL
  for (key in grep("_(regularizer|constraint)$", names(config), value = TRUE)) if (is.null(config[[key]])) config[key] <- NULL
  for (key in grep("_initializer$", names(config), value = TRUE)) {
    one <- config[[key]]
    kept <- one$config[setdiff(names(one$config), "seed")]
    config[[key]] <- if (length(kept) || !identical(one$class_name, usual_initializers[[sub("_initializer$", "", key)]])) {
      c(list(class = one$class_name), kept)
    }
  }
  config
}
# Names of the layers that a layer is called on, and the other arguments of that call.
inbound <- function(node) {
  if (!length(node)) return(list(from = list(), arguments = NULL))
  calls <- node[[1L]]
  if (is.character(calls[[1L]])) calls <- list(calls)
  from <- lapply(calls, function(call) call[[1L]])
  for (value in calls[[1L]][[4L]]) if (is.list(value) && length(value) == 3L && is.character(value[[1L]])) from <- c(from, value[1L])
  list(from = from, arguments = calls[[1L]][[4L]])
}
compare_layer <- function(want, layer, entry) {
  differ <- character()
  check <- function(what, a, b) if (!same(a, b)) differ <<- c(differ, paste0(want$name, ": ", what, " ", shown(b), ", wanted ", shown(a)))
  call <- inbound(entry$inbound_nodes)
  check("name", want$name, layer$name)
  check("class", want$class, entry$class_name)
  check("output shape", if (want$class == "InputLayer") list(want$out) else want$out, layer$output_shape)
  check("parameters", want$params, layer$count_params())
  check("inbound layers", want$`in`, call$from)
  config <- short_config(entry$config)
  if (want$class == "TFOpLambda") {   # the constant that is added or multiplied with
    constant <- Filter(is.numeric, call$arguments)
    check("constant", Filter(is.numeric, want$cfg$call_args), unname(constant))
    want$cfg$call_args <- NULL
  }
  check("config", want$cfg, config)
  weights <- lapply(layer$weights, function(w) list(sub(":0$", "", sub("^.*/", "", w$name)), unclass(lapply(dim(w), identity))))
  check("weights", want$w, if (length(weights)) weights)
  differ
}
compare_structure <- function(id, fun, want) {
  arguments <- lapply(want$args, function(a) if (is.list(a)) unlist(a) else a)
  if ("weights" %in% names(want$args)) arguments["weights"] <- list(NULL)
  k_clear_session()
  started <- proc.time()[[1L]]
  model <- do.call(paste0("application_", fun), arguments)
  seconds <- proc.time()[[1L]] - started
  entries <- model$get_config()$layers
  differ <- character()
  check <- function(what, a, b) if (!same(a, b)) differ <<- c(differ, paste0(what, " ", shown(b), ", wanted ", shown(a)))
  check("model name", want$model_name, model$name)
  check("layers", want$n_layers, length(model$layers))
  check("parameters", want$total_params, count_params(model))
  check("trainable parameters", want$trainable_params, sum(vapply(model$trainable_weights, function(w) prod(dim(w)), 0)))
  check("weights", want$n_weights, length(get_weights(model)))
  check("input names", want$input_names, as.list(model$input_names))
  check("output names", want$output_names, as.list(model$output_names))
  check("input shape", want$input_shape, model$input_shape)
  check("output shape", want$output_shape, model$output_shape)
  for (i in seq_len(min(want$n_layers, length(model$layers)))) differ <- c(differ, compare_layer(want$layers[[i]], model$layers[[i]], entries[[i]]))
  report(id, differ, sprintf("%4d layers, %.1f s", length(model$layers), seconds))
}

structure <- read_json(file.path(folder, "structure.json.xz"))
for (fun in names(structure)) for (variant in names(structure[[fun]])) {
  id <- paste(fun, variant)
  if (wanted(id)) tryCatch(compare_structure(id, fun, structure[[fun]][[variant]]), error = function(e) report(id, conditionMessage(e)))
}

rule <- function(n, k) {
  j <- (seq_len(n) - 1) %% 65537
  ((12345 * j * j + (6789 + 101 * k) * j + 4321 * k + 1000) %% 65537) / 32768.5 - 1
}
row_major <- function(v, d) aperm(array(v, rev(d)), rev(seq_along(d)))
flat_rows <- function(x) t(apply(x, 1L, function(one) if (is.null(dim(one))) one else as.vector(aperm(one))))
rule_weight <- function(name, dims, k, gain) {
  r <- rule(prod(dims), k)
  v <- switch(sub(":0$", "", sub("^.*/", "", name)),
    kernel = , pointwise_kernel = gain * sqrt(6 / prod(utils::head(dims, -1L))) * r,
    depthwise_kernel = gain * sqrt(6 / prod(dims[1:2])) * r,
    bias = , beta = , moving_mean = , mean = 0.1 * r,
    gamma = 1 + 0.1 * r,
    moving_variance = , variance = 1 + 0.2 * r,
    count = 0)
  if (length(dims)) row_major(v, dims) else v
}
compare_numbers <- function(id, group) {
  attribute <- function(name) hdf5r::h5attr(group, name)
  arguments <- lapply(jsonlite::fromJSON(attribute("args"), simplifyVector = FALSE), function(a) if (is.list(a)) unlist(a) else a)
  arguments["weights"] <- list(NULL)
  k_clear_session()
  model <- do.call(attribute("application"), arguments)
  names <- vapply(model$weights, function(w) w$name, "")
  values <- lapply(seq_along(names), function(k) rule_weight(names[k], dim(model$weights[[k]]), k, attribute("gain")))
  set_weights(model, values)
  size <- unlist(model$input_shape[-1L])
  index <- function(along) slice.index(array(0, c(2L, size)), along) - 1
  x <- 0.5 * row_major(rule(2 * prod(size), 0),
                       c(2L, size)) + 0.5 * sin(0.11 * (index(1) + 1) * index(2) + 0.07 * index(3) + 1.3 * index(4) + index(1))
  if (attribute("input_kind") == "pixel") x <- 127.5 * (1 + x)
  differ <- character()
  near <- function(what, got, want, allowed) {
    off <- max(abs(got - want))
    if (!is.finite(off) || off > allowed) differ <<- c(differ, sprintf("%s: %.3g away, allowed %.3g", what, off, allowed))
    off
  }
  sums <- vapply(values, sum, 0)
  near("sums of weights", sums, group[["weight_sum"]]$read(), 1e-3 * max(1, abs(sums)))
  slack <- function(rounding, want) 20 * rounding + 1e-6 * max(abs(want))
  want <- t(group[["output_f64"]]$read())
  y <- predict(model, x, verbose = 0)
  away <- near("output", y, want, slack(attribute("max_abs_diff_f32_f64"), want))
  stats <- t(group[["layer_stats_f64"]]$read())
  rounding <- group[["layer_max_abs_diff"]]$read()
  layers <- model$layers
  known <- group[["layer_name"]]$read()
  if (!identical(known, vapply(layers, function(layer) layer$name, ""))) differ <- c(differ, "names of layers")
  probe <- keras_model(model$input, lapply(layers, function(layer) layer$output))
  outputs <- predict(probe, x, verbose = 0)
  for (i in seq_along(layers)) {
    y <- outputs[[i]]
    near(paste0(known[i], " (mean, deviation)"), c(mean(y), sqrt(mean((y - mean(y))^2))), stats[i, ], slack(rounding[i], y))
  }
  if ("features_f64" %in% names(group)) {
    want <- t(group[["features_f64"]]$read())
    last <- match(hdf5r::h5attr(group[["features"]], "layer"), known)
    near("features", flat_rows(outputs[[last]]), want, slack(rounding[last], want))
  }
  report(id, differ, sprintf("output %.2g away", away))
}
if (requireNamespace("hdf5r", quietly = TRUE)) {
  file <- hdf5r::H5File$new(file.path(folder, "numeric.h5"), "r")
  for (name in names(file)) {
    id <- paste("numeric", name)
    if (wanted(id)) tryCatch(compare_numbers(id, file[[name]]), error = function(e) report(id, conditionMessage(e)))
  }
  file$close_all()
} else cat("-    numeric.h5: needs hdf5r\n")

# What imagenet_preprocess_input() and others are given, by the words of the reference's labels.
compare_preprocessing <- function(case) {
  x <- row_major((37 * (0:35)) %% 256, c(2L, 2L, 3L, 3L))
  if (grepl("integer", case$label)) storage.mode(x) <- "integer"
  if (case$layout == "channels_first") x <- aperm(x, c(1L, 4L, 2L, 3L))
  if (grepl("single image", case$label)) x <- x[1L, , , ]
  arguments <- list(x)
  if (grepl("^mode = ", case$label)) arguments$mode <- sub("^mode = '(.*?)'.*$", "\\1", case$label)
  if (grepl("^data_format", case$label)) arguments$data_format <- "channels_first"
  before <- k_image_data_format()
  on.exit(k_set_image_data_format(before))
  if (grepl("^global", case$label)) k_set_image_data_format("channels_first")
  differ <- character()
  for (form in c("array", "tensor")) {
    if (form == "tensor") arguments[[1L]] <- k_constant(x)
    got <- as.array(do.call(case$fn, arguments))
    want <- row_major(unlist(case$value), unlist(case$dim))
    if (!identical(dim(got), dim(want))) differ <- c(differ, paste0(form, ": shape ", shown(dim(got)), ", wanted ", shown(dim(want))))
    else if (max(abs(got - want)) > 1e-4) differ <- c(differ, sprintf("%s: %.3g away", form, max(abs(got - want))))
  }
  differ
}
preprocess <- read_json(file.path(folder, "preprocess.json"))
modes <- c(tf = "mobilenet_v2_preprocess_input", caffe = "imagenet_preprocess_input")
cases <- c(Filter(function(case) is.null(case$error), preprocess$r_functions),   # a case that fails there (mobilenet_v2) is compared as mode "tf"
  lapply(Filter(function(case) case$mode %in% names(modes), preprocess$modes), function(case) c(case, list(
    fn = modes[[case$mode]], layout = case$data_format,
    label = paste0(if (case$mode == "caffe" && case$data_format == "channels_first") "data_format = 'channels_first', ",
                   if (length(case$dim) == 3L) "single image" else "batch", ", mode ", case$mode)))))
for (case in cases) {
  id <- paste0("preprocess ", case$fn, ": ", case$label)
  if (wanted(id)) tryCatch(report(id, compare_preprocessing(case)), error = function(e) report(id, conditionMessage(e)))
}
cat(if (failures) paste(failures, "cases differ\n") else "all as in the reference\n")
quit(status = as.integer(failures > 0L))
