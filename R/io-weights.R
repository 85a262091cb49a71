#' Save and load the weights of a model
#'
#' HDF5 files in Keras's layouts: those of Keras 2 (`.h5`) and of Keras 3 (`.weights.h5`) are read; a path that ends in `.weights.h5` is
#' written in the layout of `.keras` files, any other in that of Keras 2. `save_model_weights_tf()` writes a TensorFlow checkpoint, which
#' Keras 2 reads: `filepath` is the beginning of the names of its files, `<filepath>.index` and `<filepath>.data-00000-of-00001`, beside
#' which the file `checkpoint` says which is the latest; the optimizer's state is in it. (A path that ends in `.h5` or `.hdf5` is written as
#' HDF5.) Both loading functions read both formats; they also take the folder of a TensorFlow SavedModel, or one with a `checkpoint` file.
#'
#' Loading either succeeds or leaves the model as it was. Nothing in a file is run, and links to other files are not followed.
#'
#' @param object Model.
#' @param filepath Path of the file, or the prefix of a checkpoint.
#' @param overwrite Replace a file that is there already?
#' @param by_name Load the layers that have the same name in model and file? The default goes by order.
#' @param skip_mismatch With `by_name`: skip layers whose number of weights, and weights whose shape, differ, with a warning.
#' @param reshape Load a weight of another shape but the same number of elements?
#' @return The model, invisibly.
#' @section Errors: `keratin_error_file` if the file is damaged or is of another model.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(2)
#' path <- tempfile(fileext = ".h5")
#' save_model_weights_hdf5(model, path)
#' load_model_weights_hdf5(model, path)
#'
#' prefix <- tempfile()
#' save_model_weights_tf(model, prefix)
#' load_model_weights_tf(model, prefix)
#' @family model persistence
#' @export
save_model_weights_hdf5 <- function(object, filepath, overwrite = TRUE) {
  model <- unwrap(object)
  path <- check_writable(filepath, overwrite)
  check_has_weights(model)
  write_in_place(path, function(partial) write_hdf5(partial, function(file) {
    if (grepl("\\.weights\\.h5$", path)) write_weights_v3(file, model) else write_legacy_weights(file, model)
  }))
  invisible(object)
}

#' @rdname save_model_weights_hdf5
#' @export
load_model_weights_hdf5 <- function(object, filepath, by_name = FALSE, skip_mismatch = FALSE, reshape = FALSE) {
  model <- unwrap(object)
  prefix <- if (is.character(filepath) && length(filepath) == 1L && !is.na(filepath)) checkpoint_prefix(path.expand(filepath))
  if (!is.null(prefix)) return(load_checkpoint(object, prefix, by_name, skip_mismatch))
  path <- check_readable(filepath)
  check_has_weights(model)
  with_hdf5(path, function(file) {
    group <- if (!is_v3_group(file) && !has_layer_names(file) && "model_weights" %in% hdf5_names(file)) hdf5_member(file, "model_weights") else file
    carry_out(
      if (is_v3_group(group)) plan_weights_v3(group, model, skip_mismatch) else plan_legacy_weights(group, model, by_name, skip_mismatch, reshape))
  })
  invisible(object)
}
has_layer_names <- function(group) has_hdf5_attribute(group, "layer_names") || has_hdf5_attribute(group, "layer_names0")

# As Keras does, with the state of the optimizer if the model is compiled with the same one.
load_checkpoint <- function(object, prefix, by_name, skip_mismatch) {
  model <- unwrap(object)
  if (isTRUE(by_name)) {
    abort_argument("weights are loaded by name from HDF5 files only; a TensorFlow checkpoint names them by their place in the model")
  }
  check_has_weights(model)
  bundle <- read_bundle(prefix)
  carry_out(c(plan_bundle(bundle, model, skip_mismatch), if (!is.null(model$optimizer)) plan_bundle_optimizer(bundle, model)))
  invisible(object)
}

#' @rdname save_model_weights_hdf5
#' @export
save_model_weights_tf <- function(object, filepath, overwrite = TRUE) {
  if (is.character(filepath) && length(filepath) == 1L && grepl("\\.(h5|hdf5)$", filepath)) {
    return(save_model_weights_hdf5(object, filepath, overwrite))
  }
  model <- unwrap(object)
  path <- check_writable(filepath, overwrite)
  if (file.exists(paste0(path, ".index")) && !isTRUE(overwrite)) abort_file("\"", path, "\" exists already: give `overwrite = TRUE` to replace it")
  check_has_weights(model)
  write_checkpoint(path, model)
  invisible(object)
}

#' @rdname save_model_weights_hdf5
#' @export
load_model_weights_tf <- function(object, filepath, by_name = FALSE, skip_mismatch = FALSE, reshape = FALSE)
  load_model_weights_hdf5(object, filepath, by_name, skip_mismatch, reshape)
