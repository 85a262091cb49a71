# What the preprocessing layers share: adapt(), vocabularies, codes as rows of numbers.

#' Fits the state of the preprocessing layer to the data being passed
#'
#' After `adapt()` the state (vocabulary, mean and variance, bin boundaries) stays fixed, also in training. Calling `adapt()` again
#' starts anew.
#'
#' @param object Preprocessing layer.
#' @param data Data to learn from: an array, a character vector, a tensor or a dataset of batches.
#' @param ... Not used.
#' @param batch_size Number of samples per update for arrays.
#' @param steps Number of batches to take from a dataset; `NULL` takes all.
#' @return The layer, invisibly.
#' @family preprocessing layers
#' @examples
#' layer <- layer_normalization()
#' adapt(layer, matrix(1:6, 3))
#' layer(matrix(1:6, 3))
#' @export
adapt <- function(object, data, ..., batch_size = NULL, steps = NULL) {
  layer <- unwrap(object)
  if (!is.function(layer$update_state)) {
    abort_argument("adapt(): layer \"", layer$name, "\" of class ", class(layer)[1L], " learns nothing from data.")
  }
  if (!is.null(layer$check_adaptable)) layer$check_adaptable()
  layer$reset_state()
  if (is.environment(data) && inherits(data, "keratin_dataset") || is.function(data)) {
    adapt_to_batches(layer, data, steps)
  } else {
    values <- adapt_values(data)
    keep_adapted_shape(layer, values)
    layer$adapt_array(values, batch_size %||% 32L)
  }
  layer$finalize_state()
  invisible(object)
}

adapt_to_batches <- function(layer, data, steps) {
  next_batch <- batches_of(data)
  done <- 0
  cli::cli_progress_bar(format = paste0("Adapting ", layer$name, ": {cli::pb_current} batches {cli::pb_elapsed}"), clear = TRUE)
  while (is.null(steps) || done < steps) {
    batch <- next_batch()
    if (is.null(batch)) break
    if (is.list(batch)) batch <- batch[[1L]]
    values <- adapt_values(batch)
    keep_adapted_shape(layer, values)
    layer$update_state(values)
    done <- done + 1
    cli::cli_progress_update()
  }
  if (!done) abort_argument("adapt(): the data holds no batch.")
}

# As in Keras, a layer that sees data first in adapt() says from then on how many axes its input has: a sequential model that begins with
# it has an input, and its config says so.
keep_adapted_shape <- function(layer, values) {
  if (is.null(layer$batch_input_shape) && !isTRUE(layer$built)) layer$batch_input_shape <- rep(NA_integer_, length(dim(values)))
}

# A function that gives the next batch, NULL at the end. Datasets live in a room above.
batches_of <- function(data) if (is.function(data)) data else data$batches()

adapt_values <- function(data) {
  if (is_tensor(data)) data <- as.array(data)
  if (is.data.frame(data)) data <- as.matrix(data)
  if (is.list(data)) data <- unlist(data)
  if (anyNA(data)) abort_argument("adapt(): the data has ", sum(is.na(data)), " missing value", if (sum(is.na(data)) > 1L) "s",
                                  " (NA or NaN), the first at position ", which(is.na(data))[1L],
                                  ": remove or replace ", if (sum(is.na(data)) > 1L) "them" else "it")
  if (is.null(dim(data))) array(data) else data
}

# Layers with a state learned from data. update_state() takes an R array.
AdaptingLayer <- R6::R6Class("PreprocessingLayer", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    is_adapted = FALSE,
    adapt_array = function(data, batch_size) self$update_state(data),
    adapt = function(data, batch_size = NULL, steps = NULL) adapt(self$instance, data, batch_size = batch_size, steps = steps),
    finalize_state = function() self$is_adapted <- TRUE
  )
)
encoding_modes <- c("one_hot", "multi_hot", "count", "tf_idf")

# "binary" and "tf-idf" are the older names, which Keras takes still.
as_output_mode <- function(x, choices) {
  older <- c(binary = "multi_hot", "tf-idf" = "tf_idf")
  if (is.character(x) && length(x) == 1L && x %in% names(older) && older[[x]] %in% choices) older[[x]] else as_choice(x, choices, "output_mode")
}

# Codes (integers) as rows with a column for each code.
encode_codes <- function(codes, mode, size, idf = NULL, weights = NULL, strict = FALSE, dtype = "float32") {
  dims <- tensor_shape(codes)
  if (!length(dims)) {
    codes <- op_expand_dims(codes, axis = -1L)
    dims <- 1L
  } else if (mode == "one_hot" && !identical(dims[length(dims)], 1L)) {
    codes <- op_expand_dims(codes, axis = -1L)
    dims <- c(dims, 1L)
  }
  if (length(dims) > 2L)
    abort_shape("output_mode = \"", mode, "\" takes inputs of rank ", if (mode == "one_hot") "1, or 2 with a last axis of 1" else "2 at most",
                ". Received: ", format_shape(dims))
  counts <- op_bincount(codes, size, weights = if (mode == "count") weights, binary = mode %in% c("one_hot", "multi_hot"), strict = strict,
                        dtype = dtype)
  if (mode == "tf_idf") op_multiply(counts, tensor(array(idf), dtype)) else counts
}

# Tensors of a layer that are made from R values once a process: an R file or another process does not carry them.
this_process <- new.env()
process_cache <- function(layer, name, value) {
  known <- layer$process_values
  if (is.null(known) || !identical(known$process, this_process)) known <- list(process = this_process)
  if (is.null(known[[name]])) known[[name]] <- value
  layer$process_values <- known
  known[[name]]
}

#' Vocabulary of a text, string or integer layer
#'
#' @param object A `layer_text_vectorization()`, `layer_string_lookup()` or `layer_integer_lookup()`.
#' @param include_special_tokens Whether to include the mask and out-of-vocabulary tokens.
#' @param vocabulary Vector of tokens, or the path of a text file with one token a line. It may begin with the layer's special tokens.
#' @param idf_weights Inverse document frequency of each token, for `output_mode = "tf_idf"`.
#' @param ... Not used.
#' @return `get_vocabulary()`: a vector, the token of index 0 first. `set_vocabulary()`: the layer, invisibly.
#' @family preprocessing layers
#' @examples
#' layer <- layer_string_lookup(vocabulary = c("a", "b"))
#' get_vocabulary(layer)
#' @export
get_vocabulary <- function(object, include_special_tokens = TRUE) vocabulary_layer(object)$get_vocabulary(include_special_tokens)

#' @rdname get_vocabulary
#' @export
set_vocabulary <- function(object, vocabulary, idf_weights = NULL, ...) {
  vocabulary_layer(object)$set_vocabulary(vocabulary, idf_weights)
  invisible(object)
}

vocabulary_layer <- function(object) {
  layer <- if (is_layer(object)) unwrap(object)
  if (!is.function(layer$get_vocabulary)) {
    abort_argument("a layer with a vocabulary is wanted: layer_text_vectorization(), layer_string_lookup() or layer_integer_lookup(). Received: ",
                   received(class(object)))
  }
  layer
}
