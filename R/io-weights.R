#' Save and load the weights of a model
#'
#' HDF5 files in Keras's layouts: those of Keras 2 (`.h5`) and of Keras 3 (`.weights.h5`) are read; a path that ends in `.weights.h5` is
#' written in the layout of `.keras` files, any other in that of Keras 2. `save_model_weights_tf()` and `load_model_weights_tf()` do the
#' same: TensorFlow's own checkpoint format is not written.
#'
#' Loading either succeeds or leaves the model as it was. Nothing in a file is run, and links to other files are not followed.
#'
#' @param object Model.
#' @param filepath Path of the file.
#' @param overwrite Replace a file that is there already?
#' @param by_name Load the layers that have the same name in model and file? The default goes by order.
#' @param skip_mismatch With `by_name`: skip layers whose number of weights, and weights whose shape, differ, with a warning.
#' @param reshape Load a weight of another shape but the same number of elements?
#' @return The model, invisibly.
#' @section Errors: `keratin_error_file` if the file is damaged or is of another model.
#' @examplesIf requireNamespace("hdf5r", quietly = TRUE)
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(2)
#' path <- tempfile(fileext = ".h5")
#' save_model_weights_hdf5(model, path)
#' load_model_weights_hdf5(model, path)
#' @family model persistence
#' @export
save_model_weights_hdf5 <- function(object, filepath, overwrite = TRUE) {
  model <- unwrap(object)
  path <- check_writable(filepath, overwrite)
  check_has_weights(model)
  need_package("hdf5r", "save_model_weights_hdf5()")
  write_in_place(path, function(partial) with_hdf5(partial, mode = "w", code = function(file) {
    if (grepl("\\.weights\\.h5$", path)) write_weights_v3(file, model) else write_legacy_weights(file, model)
  }))
  invisible(object)
}

#' @rdname save_model_weights_hdf5
#' @export
load_model_weights_hdf5 <- function(object, filepath, by_name = FALSE, skip_mismatch = FALSE, reshape = FALSE) {
  model <- unwrap(object)
  path <- check_readable(filepath)
  check_has_weights(model)
  with_hdf5(path, function(file) {
    group <- if (!is_v3_group(file) && !has_layer_names(file) && "model_weights" %in% hdf5_names(file)) hdf5_member(file, "model_weights") else file
    carry_out(if (is_v3_group(group)) plan_weights_v3(group, model, skip_mismatch) else plan_legacy_weights(group, model, by_name, skip_mismatch, reshape))
  })
  invisible(object)
}
has_layer_names <- function(group) group$attr_exists("layer_names") || group$attr_exists("layer_names0")

#' @rdname save_model_weights_hdf5
#' @export
save_model_weights_tf <- function(object, filepath, overwrite = TRUE) save_model_weights_hdf5(object, filepath, overwrite)

#' @rdname save_model_weights_hdf5
#' @export
load_model_weights_tf <- function(object, filepath, by_name = FALSE, skip_mismatch = FALSE, reshape = FALSE)
  load_model_weights_hdf5(object, filepath, by_name, skip_mismatch, reshape)
