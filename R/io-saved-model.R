# TensorFlow's SavedModel folders as Keras 2 writes them: the architecture in keras_metadata.pb, the weights as a checkpoint. The graph in
# saved_model.pb is not looked at, so nothing in it is ever run.

read_saved_model <- function(path, compile, safe_mode) {
  metadata <- file.path(path, "keras_metadata.pb")
  plain <- paste0("In Python, write it as a file that is read: tf.keras.models.load_model(path).save(\"model.keras\")")
  if (!file.exists(metadata)) abort_file("\"", path,
                                         "\" is a SavedModel without Keras's architecture (keras_metadata.pb): only its weights can be read, ",
                                         "with load_model_weights_tf(model, path). ", plain)
  if (file.size(metadata) > json_size_limit) {
    abort_file("\"", metadata, "\" has ", file.size(metadata), " bytes; at most ", json_size_limit, " are read")
  }
  description <- in_file(metadata, root_metadata(readBin(metadata, "raw", file.size(metadata))))
  config <- parse_json(description, "keras_metadata.pb")
  if (!is_config(config) || !length(config$config)) {
    abort_file("\"", path, "\" is a model of a Python class, whose architecture is not in the file: only its weights can be read, ",
               "with load_model_weights_tf(model, path)")
  }
  config <- config[intersect(c("class_name", "config", "training_config", "build_input_shape"), names(config))]
  instance <- model_from_config(config[c("class_name", "config")], safe_mode = safe_mode, what = "keras_metadata.pb")
  if (!is_model(instance)) abort_file("\"", path, "\": keras_metadata.pb describes a ", sub(".*\\.", "", class(instance)[1L]), ", not a model")
  model <- unwrap(instance)
  if (!isTRUE(model$built) && length(config$build_input_shape)) model$build(normalize_config(config$build_input_shape))
  bundle <- read_bundle(file.path(path, "variables", "variables"))
  plans <- plan_bundle(bundle, model)
  if (isTRUE(compile) && length(config$training_config)) {
    compile_from_config(model, normalize_config(restore_functions(config$training_config, safe_mode)))
    plans <- c(plans, plan_bundle_optimizer(bundle, model))
  }
  carry_out(plans)
  instance
}

# The JSON of the node "root" (SavedMetadata: nodes with path, identifier and metadata).
root_metadata <- function(bytes) {
  for (node in pb_all(pb_read(bytes), 1L)) {
    node <- pb_read(node)
    if (pb_first_string(node, 3L) == "root") return(pb_first_string(node, 5L))
  }
  abort_file("it has no root node")
}
