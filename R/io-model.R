#' Save and load models in HDF5
#'
#' The `.h5` files of Keras 2: architecture, weights, what [compile()] was given, and the state of the optimizer, so that training goes on where
#' it stopped. Files of Keras 2 and Keras 3 are read; what is written, Keras 2.15 reads.
#'
#' Nothing in a file is run: lambda layers of Python code and classes that Keras does not have are refused, unless `custom_objects` has
#' an R function or class in their place. R functions (of [layer_lambda()], say) that keratin wrote are restored only by `load_model(path, safe_mode =
#' FALSE)`, or with `options(keratin.safe_mode = FALSE)`.
#'
#' @param object Model.
#' @param filepath Path of the file.
#' @param overwrite Replace a file that is there already? It is replaced as a whole, or, if something fails, not at all.
#' @param include_optimizer Save the optimizer's state too?
#' @param custom_objects Named list of your own classes and functions that the model uses.
#' @param compile Compile the model as it was when it was saved?
#' @return `save_model_hdf5()`: the model, invisibly. `load_model_hdf5()`: a model.
#' @section Errors: `keratin_error_file` if the file is damaged or not a model; `keratin_error_argument` if it needs `custom_objects`.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(2)
#' path <- tempfile(fileext = ".h5")
#' save_model_hdf5(model, path)
#' load_model_hdf5(path)
#' @family model persistence
#' @export
save_model_hdf5 <- function(object, filepath, overwrite = TRUE, include_optimizer = TRUE) {
  model <- unwrap(object)
  path <- check_writable(filepath, overwrite)
  check_has_weights(model)
  write_in_place(path, function(partial) write_hdf5(partial, function(file) write_model_hdf5(file, model, include_optimizer)))
  invisible(object)
}

write_model_hdf5 <- function(file, model, include_optimizer) {
  write_text_attribute(file, "keras_version", "2.15.0")
  write_text_attribute(file, "backend", "tensorflow")
  write_text_attribute(file, "model_config", to_python_json(model_description(model)[c("class_name", "config")]))
  write_legacy_weights(hdf5_make_group(file, "model_weights"), model)
  if (!isTRUE(include_optimizer) || is.null(model$optimizer)) return(invisible())
  write_text_attribute(file, "training_config", to_python_json(written_compile_config(model, "h5")))
  optimizer <- built_optimizer(model)
  if (is.function(optimizer$variables)) write_weight_group(file, "optimizer_weights", optimizer$variables())
}

#' @rdname save_model_hdf5
#' @export
load_model_hdf5 <- function(filepath, custom_objects = NULL, compile = TRUE) {
  path <- check_readable(filepath)
  if (is_zip_file(path)) {
    load_model(path, custom_objects, compile)
  } else {
    read_hdf5_file(path, custom_objects, compile, getOption("keratin.safe_mode", TRUE))
  }
}

read_hdf5_file <- function(path, custom_objects, compile, safe_mode) {
  with_hdf5(path, function(file) read_model_hdf5(file, path, custom_objects, compile, safe_mode))
}

read_model_hdf5 <- function(file, path, custom_objects, compile, safe_mode) {
  text <- hdf5_attribute(file, "model_config")
  if (is.null(text)) {
    abort_file("\"", path, "\" has no architecture (`model_config`): it holds weights only. Make the model, and use load_model_weights_hdf5()")
  }
  with_custom_object_scope(custom_objects, {
    model <- unwrap(model_from_config(parse_json(text, "model_config"), safe_mode = safe_mode, what = "model_config"))
    group <- hdf5_member(file, "model_weights")
    if (is.null(group)) abort_file("\"", path, "\" has no weights (`model_weights`)")
    if (isTRUE(model$built) || length(model$weights)) carry_out(plan_legacy_weights(group, model))
    if (isTRUE(compile)) compile_from_hdf5(file, model, path, safe_mode)
    model$instance
  })
}

compile_from_hdf5 <- function(file, model, path, safe_mode) {
  text <- hdf5_attribute(file, "training_config")
  if (is.null(text)) {
    warning("No training configuration found in \"", path, "\": the model was not compiled. Compile it before training.", call. = FALSE)
    return(invisible())
  }
  compile_from_config(model, normalize_config(restore_functions(parse_json(text, "training_config"), safe_mode)))
  carry_out(plan_optimizer_h5(hdf5_member(file, "optimizer_weights"), model))
}
