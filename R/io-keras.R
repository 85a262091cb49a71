# .keras files: a zip archive of config.json, metadata.json, model.weights.h5 and, for layers with vocabularies, assets.

#' Save and load whole models
#'
#' By the ending of the path: `.keras` is Keras's zip format (files of Keras 2.15 and Keras 3 are read, Keras 2.15's are written), `.h5` or
#' `.hdf5` the one of [save_model_hdf5()]. `save_model_tf()` and `load_model_tf()` do the same under the name that R keras has; a path
#' without one of these endings is made a folder that holds the model in `model.keras`. TensorFlow's SavedModel format is not written, but
#' read: of a folder that Keras 2 wrote with `save_format = "tf"` the architecture, weights, compile arguments and optimizer (its graph is never run;
#' vocabularies that were adapted are not in what is read). Without `keras_metadata.pb` only the weights can be read, by [load_model_weights_tf()].
#'
#' @inherit save_model_hdf5 params details
#' @param signatures,options Ignored, for compatibility.
#' @param safe_mode Refuse R functions in the file? Functions without this argument go by `options(keratin.safe_mode = )`.
#' @return `save_model()`: the model, invisibly. `load_model()`: a model.
#' @section Errors: `keratin_error_file` if the file is damaged or not a model; `keratin_error_argument` if it needs `custom_objects`.
#' @examplesIf requireNamespace("zip", quietly = TRUE)
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(2)
#' path <- tempfile(fileext = ".keras")
#' save_model(model, path)
#' load_model(path)
#' @family model persistence
#' @export
save_model <- function(object, filepath, overwrite = TRUE, include_optimizer = TRUE) {
  if (is.character(filepath) && length(filepath) == 1L && grepl("\\.(h5|hdf5)$", filepath)) {
    return(save_model_hdf5(object, filepath, overwrite, include_optimizer))
  }
  model <- unwrap(object)
  if (is.character(filepath) && length(filepath) == 1L && !grepl("\\.keras$", filepath)) filepath <- model_folder(filepath, overwrite)
  path <- check_writable(filepath, overwrite)
  need_package("zip", "save_model()")
  check_has_weights(model)
  write_in_place(path, function(partial) write_keras_file(partial, model, include_optimizer))
  invisible(object)
}

model_folder <- function(path, overwrite) {
  path <- path.expand(path)
  if (file.exists(path) && !dir.exists(path)) abort_file("\"", path, "\" is a file: end the path in .keras or .h5")
  if (dir.exists(path) && !isTRUE(overwrite)) abort_file("\"", path, "\" exists already: give `overwrite = TRUE` to replace it")
  dir.create(path, recursive = TRUE, showWarnings = FALSE)
  file.path(path, "model.keras")
}

#' @rdname save_model
#' @export
save_model_tf <- function(object, filepath, overwrite = TRUE, include_optimizer = TRUE, signatures = NULL, options = NULL)
  save_model(object, filepath, overwrite, include_optimizer)

write_keras_file <- function(path, model, include_optimizer) {
  folder <- tempfile("keras", dirname(path))
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  optimizer <- if (isTRUE(include_optimizer)) built_optimizer(model)
  config <- serialize_keras_object(model$instance)
  if (!is.null(optimizer)) config$compile_config <- written_compile_config(model, "keras")
  write_text(file.path(folder, "metadata.json"), to_python_json(list(keras_version = "2.15.0", date_saved = format(Sys.time(), "%Y-%m-%d@%H:%M:%S"))))
  write_text(file.path(folder, "config.json"), to_python_json(config))
  write_hdf5(file.path(folder, "model.weights.h5"), function(file) write_weights_v3(file, model, optimizer))
  files <- c("metadata.json", "config.json", "model.weights.h5", write_assets(folder, model))
  path <- file.path(normalizePath(dirname(path)), basename(path))   # zip() changes the working directory
  if (!file.create(path)) abort_file("it cannot be opened")   # and does not survive a file that it cannot open
  zip::zip(path, files, root = folder, mode = "mirror", compression_level = 0, include_directories = FALSE)
}

# Vocabularies that adapt() learned: one word per line. Gives the files' paths.
write_assets <- function(folder, model) {
  written <- character()
  for (place in v3_places(model)) {
    files <- if (is.function(place$layer$assets)) place$layer$assets()
    for (name in names(files)) {
      path <- file.path("assets", place$path, name)
      dir.create(dirname(file.path(folder, path)), recursive = TRUE, showWarnings = FALSE)
      write_text(file.path(folder, path), files[[name]])
      written <- c(written, path)
    }
  }
  written
}

#' @rdname save_model
#' @export
load_model <- function(filepath, custom_objects = NULL, compile = TRUE, safe_mode = getOption("keratin.safe_mode", TRUE)) {
  if (is.character(filepath) && length(filepath) == 1L && dir.exists(filepath)) {
    folder <- path.expand(filepath)
    filepath <- file.path(folder, "model.keras")
    if (!file.exists(filepath)) {
      if (!file.exists(file.path(folder, "saved_model.pb"))) abort_file("there is no model in the folder \"", folder, "\"")
      return(with_custom_object_scope(custom_objects, read_saved_model(folder, compile, safe_mode)))
    }
  }
  path <- check_readable(filepath)
  if (is_hdf5_file(path)) return(read_hdf5_file(path, custom_objects, compile, safe_mode))
  if (!is_zip_file(path)) abort_file("\"", path, "\" is no model: it is neither a .keras (zip) nor an HDF5 file")
  in_file(path, with_custom_object_scope(custom_objects, read_keras_file(path, compile, safe_mode)))
}

#' @rdname save_model
#' @export
load_model_tf <- function(filepath, custom_objects = NULL, compile = TRUE) load_model(filepath, custom_objects, compile)

#' @rdname save_model
#' @param model A model.
#' @param saved_model_path,export_dir_base Folder.
#' @param as_text,input_signature,serving_only,... Ignored, for compatibility.
#' @export
model_to_saved_model <- function(model, saved_model_path, custom_objects = NULL, as_text = FALSE, input_signature = NULL, serving_only = FALSE)
  invisible(save_model_tf(model, saved_model_path))

#' @rdname save_model
#' @export
model_from_saved_model <- function(saved_model_path, custom_objects = NULL) load_model_tf(saved_model_path, custom_objects)

#' @rdname save_model
#' @export
export_savedmodel <- function(object, export_dir_base, ...) invisible(save_model_tf(object, export_dir_base))

read_keras_file <- function(path, compile, safe_mode) {
  members <- zip_directory(path)
  need <- function(name) members[[name]] %||% abort_file("\"", path, "\" is no .keras file: ", name, " is missing")
  text <- rawToChar(zip_member(path, need("config.json"), json_size_limit))
  need("model.weights.h5")
  config <- parse_json(text, "config.json")
  learned <- learned_vocabularies(path, members)
  config <- with_vocabularies(config, "", learned)
  instance <- model_from_config(config, safe_mode = safe_mode, what = "config.json")
  if (!is_model(instance)) abort_file("\"", path, "\": config.json describes a ", sub(".*\\.", "", class(instance)[1L]), ", not a model")
  model <- unwrap(instance)
  if (!isTRUE(model$built) && is.list(config$build_config$input_shape)) model$build(config$build_config$input_shape)
  if (length(learned)) mark_as_learned(model, names(learned))
  weights <- tempfile(fileext = ".h5")
  on.exit(unlink(weights))
  writeBin(zip_member(path, members[["model.weights.h5"]], weights_limit(path)), weights)
  with_hdf5(weights, function(file) {
    plans <- plan_weights_v3(file, model)
    if (isTRUE(compile) && length(config$compile_config)) {
      compile_from_config(model, normalize_config(restore_functions(config$compile_config, safe_mode)))
      plans <- c(plans, plan_optimizer_v3(file, model))
    }
    carry_out(plans)
  })
  instance
}

# Weights hardly shrink when packed; what claims to grow a thousandfold is an attack.
weights_limit <- function(path) max(1024^2, 20 * file.size(path))

# Vocabularies by the path of their layer.
learned_vocabularies <- function(path, members) {
  found <- grep("^assets/.*/vocabulary\\.txt$", names(members), value = TRUE)
  found <- found[!grepl("/_lookup_layer/", found)]
  lapply(setNames(found, sub("^assets/(.*)/vocabulary\\.txt$", "\\1", found)), function(name) {
    text <- rawToChar(zip_member(path, members[[name]], json_size_limit))
    Encoding(text) <- "UTF-8"
    as.list(strsplit(text, "\r?\n", perl = TRUE)[[1L]])
  })
}

# What adapt() learned goes into the configs, as the sizes of later layers may depend on it.
with_vocabularies <- function(config, path, learned) {
  if (!length(learned) || !is.list(config$config)) return(config)
  if (path %in% names(learned) && is.null(config$config$vocabulary)) config$config$vocabulary <- learned[[path]]
  if (is.list(config$config$layers)) {
    layers <- config$config$layers
    if (identical(config$class_name, "Sequential")) layers <- Filter(function(layer) !identical(layer$class_name, "InputLayer"), layers)
    keys <- v3_keys(vapply(layers, function(layer) if (is.character(layer$class_name)) sub("^.*>", "", layer$class_name[1L]) else "", ""))
    inner <- Map(function(layer, key) with_vocabularies(layer, paste0(if (nzchar(path)) paste0(path, "/"), "layers/", key), learned), layers, keys)
    at <- if (identical(config$class_name, "Sequential")) {
      which(!vapply(config$config$layers, function(layer) identical(layer$class_name, "InputLayer"), NA))
    } else {
      seq_along(layers)
    }
    config$config$layers[at] <- inner
  }
  config
}

# Learned, not given: such a layer may be adapted again.
mark_as_learned <- function(model, paths) {
  for (place in v3_places(model)) if (place$path %in% paths) {
    place$layer$given_vocabulary <- NULL
    place$layer$is_adapted <- TRUE
  }
}

#' Models as raw vectors
#'
#' @param model `serialize_model()`: a model; `unserialize_model()`: a raw vector.
#' @param include_optimizer Include the optimizer's state?
#' @inheritParams save_model
#' @return `serialize_model()`: a raw vector, the content of a `.h5` file (of a `.keras` file where layers have learned vocabularies).
#'   `unserialize_model()`: a model.
#' @details `saveRDS()` and `save()` carry models too: their weights live in R's memory.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(2)
#' unserialize_model(serialize_model(model))
#' @family model persistence
#' @export
serialize_model <- function(model, include_optimizer = TRUE) {
  has_assets <- any(vapply(flatten_layers(unwrap(model)), function(layer) is.function(layer$assets), NA))
  path <- tempfile(fileext = if (has_assets) ".keras" else ".h5")
  on.exit(unlink(path))
  save_model(model, path, include_optimizer = include_optimizer)
  readBin(path, "raw", file.size(path))
}

#' @rdname serialize_model
#' @export
unserialize_model <- function(model, custom_objects = NULL, compile = TRUE) {
  if (!is.raw(model)) abort_argument("unserialize_model(): `model` must be a raw vector from serialize_model(). Received: ", received(model))
  path <- tempfile(fileext = ".h5")
  on.exit(unlink(path))
  writeBin(model, path)
  load_model(path, custom_objects, compile)
}

#' Models as YAML
#'
#' Keras has removed YAML, as reading it could run code: use [model_to_json()] and [model_from_json()].
#'
#' @param object,yaml,custom_objects Not used.
#' @return Nothing: an error.
#' @family model persistence
#' @export
model_to_yaml <- function(object) abort_argument("model_to_yaml() has been removed, as reading YAML could run code: use model_to_json()")

#' @rdname model_to_yaml
#' @export
model_from_yaml <- function(yaml, custom_objects = NULL)
  abort_argument("model_from_yaml() has been removed, as reading YAML could run code: use model_from_json()")
