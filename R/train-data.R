# What fit(), evaluate() and predict() accept as data, checked where it enters, as row-major tensors.

# One array (or data frame, tensor) as a tensor, samples along the first axis.
data_tensor <- function(value, what, dtype = NULL, allow_nan = FALSE) {
  if (is.null(value)) abort_argument("`", what, "` is NULL: an array with one row per sample is needed")
  if (is_keras_tensor(value)) {
    abort_argument("`", what, "` is a symbolic tensor (from layer_input()), data is needed: an R array or a tensor with values")
  }
  if (is_tensor(value)) return(if (is_variable(value)) variable_read(value) else value)
  if (is.factor(value))
    abort_argument("`", what, "` is a factor with levels ", paste0("\"", head(levels(value), 3L), "\"", collapse = ", "),
                   if (nlevels(value) > 3L) ", ...",
                   ": use as.integer(", what, ") - 1L for class ids, or to_categorical(as.integer(", what, ") - 1L) for indicator columns")
  if (is.character(value) && startsWith(what, "y"))
    abort_argument("`", what, "` is text, such as \"", value[[1L]], "\": use as.integer(factor(", what, ")) - 1L for class ids")
  if (is.character(value) && !is.null(dtype) && dtype != "string")
    abort_argument("`", what, "` is text, such as \"", value[[1L]], "\", the model takes numbers (", dtype, ")")
  if (is.data.frame(value)) value <- data_frame_values(value)
  if (inherits(value, "Matrix")) value <- as.matrix(value)
  if (inherits(value, c("Date", "POSIXt", "difftime"))) value <- as.numeric(value)
  if (!is.atomic(value) || is.raw(value)) {
    abort_argument("`", what, "` must be an array, a data frame, a tensor or a list of these. Received: ", received(value))
  }
  if (is.character(value) && is.null(dim(value))) value <- array(value)   # also a single text
  if ((!allow_nan || is.character(value)) && anyNA(value)) {
    bad <- which(is.na(value))
    where <- if (is.null(dim(value))) bad[[1L]] else paste(arrayInd(bad[[1L]], dim(value)), collapse = ", ")
    abort_argument("`", what, "` has ", length(bad), " missing value", if (length(bad) > 1L) "s", " (NA or NaN), the first at [", where,
                   "]: remove or replace ", if (length(bad) > 1L) "them" else "it")
  }
  if (length(value) == 1L && is.null(dim(value))) dim(value) <- 1L   # one sample, such as the last batch of a generator
  if (is.double(value)) tensor(value, dtype %||% k_floatx()) else if (is.null(dtype)) tensor(value) else tensor(value, dtype)
}

# A whole argument: one array or a (named) list of them.
data_argument <- function(value, what, dtypes = NULL, allow_nan = FALSE) {
  if (!is_branch_list(value)) return(data_tensor(value, what, dtypes[1L][[1L]], allow_nan))
  if (!length(value)) abort_argument("`", what, "` is an empty list")
  labels <- names(value) %||% rep("", length(value))
  out <- lapply(seq_along(value), function(i) {
    part <- paste0(what, "[[", if (nzchar(labels[[i]])) paste0("\"", labels[[i]], "\"") else i, "]]")
    if (is_branch_list(value[[i]])) {
      data_argument(value[[i]], part, allow_nan = allow_nan)
    } else {
      data_tensor(value[[i]], part, if (is.null(names(value))) dtypes[i][[1L]], allow_nan)
    }
  })
  stats::setNames(out, names(value))
}

# dtypes the inputs of a functional model want, so that the batches need no cast.
input_dtypes <- function(model) {
  inputs <- model$network_inputs
  if (is.null(inputs)) return(NULL)
  lapply(inputs, tensor_dtype)
}

sample_counts <- function(x) vapply(flatten_outputs(x), function(t) { shape <- tensor_shape(t); if (length(shape)) shape[[1L]] else NA_integer_ }, 0L)

check_counts <- function(...) {
  parts <- Filter(Negate(is.null), list(...))
  counts <- unlist(lapply(names(parts), function(name) {
    n <- sample_counts(parts[[name]])
    stats::setNames(n, if (length(n) > 1L) paste0(name, "[[", seq_along(n), "]]") else name)
  }))
  if (anyNA(counts)) {
    abort_shape("`", names(counts)[is.na(counts)][[1L]],
                "` is a single number: data has samples along the first axis (dataset_batch() makes the elements of a dataset into batches)")
  }
  if (length(unique(counts)) > 1L)
    abort_shape("all data must have the same number of samples. Received: ", paste(names(counts), counts, sep = " ", collapse = ", "))
  if (counts[[1L]] == 0L) abort_shape("there is no data: `", names(counts)[[1L]], "` has 0 samples")
  counts[[1L]]
}

# Checked data of a run: a list of x, y, sample_weight (tensors), the number of samples.
array_data <- function(model, x, y = NULL, sample_weight = NULL, class_weight = NULL, allow_nan = FALSE, suffix = "") {
  if (is_branch_list(x) && is.null(y) && !is.null(attr(x, "keratin_xy"))) return(x)
  if (is.data.frame(x) && length(model$network_inputs) > 1L) x <- as.list(x)   # a column an input
  x <- data_argument(x, paste0("x", suffix), input_dtypes(model), allow_nan)
  check_input_count(model, x)
  if (!is.null(y)) y <- data_argument(y, paste0("y", suffix), allow_nan = allow_nan)
  if (!is.null(sample_weight)) sample_weight <- data_argument(fill_weights(sample_weight, x), "sample_weight")
  parts <- list(x = x, y = y, sample_weight = sample_weight)
  n <- do.call(check_counts, Filter(Negate(is.null), parts))
  if (!is.null(class_weight)) parts$sample_weight <- weights_of_classes(class_weight, y, sample_weight)
  check_class_ids(model, y)
  list(data = data_list(parts), n = n)
}

# Outputs without weights, list(w, NULL), have weights of one.
fill_weights <- function(sample_weight, x) {
  if (!is_branch_list(sample_weight)) return(sample_weight)
  without <- vapply(sample_weight, is.null, NA)
  sample_weight[without] <- list(rep(1, tensor_shape(flatten_outputs(x)[[1L]])[[1L]]))
  sample_weight
}

# What a batch holds: list(x), list(x, y) or list(x, y, sample_weight).
data_list <- function(parts) {
  if (!is.null(parts$sample_weight)) list(parts$x, parts$y, parts$sample_weight)
  else if (!is.null(parts$y)) list(parts$x, parts$y)
  else list(parts$x)
}

check_input_count <- function(model, x) {
  wanted <- length(model$network_inputs)
  if (!wanted) return(invisible())
  given <- length(flatten_outputs(x))
  if (given != wanted && !(is_branch_list(x) && !is.null(names(x)) && all(model$input_names %in% names(x))))
    abort_argument("the model \"", model$name, "\" has ", wanted, " input", if (wanted != 1L) "s", " (", paste(model$input_names, collapse = ", "),
                   "), `x` has ", given)
  invisible()
}

# class_weight: list("0" = 1, "1" = 2): the weight of a sample is that of its class.
weights_of_classes <- function(class_weight, y, sample_weight = NULL) {
  if (is.null(y)) abort_argument("`class_weight` needs `y`")
  if (is_branch_list(y)) {
    if (length(y) > 1L) abort_argument("`class_weight` is for models with one output")
    y <- y[[1L]]
  }
  weights <- unlist(class_weight)
  ids <- suppressWarnings(as.integer(names(weights)))
  if (is.null(names(weights)) || anyNA(ids) || !setequal(ids, seq_along(ids) - 1L) || !is.numeric(weights))
    abort_argument("`class_weight` must name every class from 0 on: list(\"0\" = 1, \"1\" = 2). Received: ", received(class_weight))
  shape <- tensor_shape(y)
  values <- as.array(y)
  classes <- if (length(shape) == 2L && shape[[2L]] > 1L) max.col(values, ties.method = "first") - 1L else as.integer(values)
  at <- match(classes, ids)
  if (anyNA(at)) abort_argument("`class_weight` has no weight for class ", classes[is.na(at)][[1L]], " (sample ", which(is.na(at))[[1L]], ")")
  weight <- unname(weights[at])
  if (!is.null(sample_weight)) weight <- weight * as.numeric(as.array(sample_weight))
  tensor(array(weight, length(weight)), k_floatx())
}

# Targets that are no probabilities train without an error, towards nothing sensible: ids counted from 1, mostly.
warn_of_range <- function(model, y) {
  name <- if (is.character(model$loss)) model$loss[[1L]] else if (is_loss(model$loss)) model$loss$name
  if (is.null(y) || is_branch_list(y) || !isTRUE(unname(loss_names[name %||% ""]) %in% c("binary_crossentropy", "categorical_crossentropy"))) {
    return(invisible())
  }
  if (tensor_dtype(y) == "bool") return(invisible())
  if (loss_names[[name]] == "categorical_crossentropy" && (tensor_rank(y) < 2L || is_one(last_size(y)))) return(invisible())  # an error of its own
  highest <- as.numeric(as.array(op_reduce_max(y)))
  lowest <- as.numeric(as.array(op_reduce_min(y)))
  if (isTRUE(lowest < 0 || highest > 1))
    warning("`y` has values from ", format(lowest), " to ", format(highest), "; the loss \"", name, "\" takes probabilities: 0, 1 or between",
            call. = FALSE)
}

# A class id that the predictions have no place for is found here, where the sample can be named.
check_class_ids <- function(model, y) {
  n <- length(model$network_outputs)
  if (is.null(y) || n == 0L || !inherits(model$compiled_loss, "keratin_compiled_loss")) return(invisible())
  # what does not fit the outputs is an error of the step, with more to say
  losses <- tryCatch(model$compiled_loss$losses_of(n), keratin_error = function(e) NULL)
  sparse <- which(vapply(losses,
                         function(loss) !is.null(loss) && identical(unname(loss_names[loss$name %||% ""]), "sparse_categorical_crossentropy"), NA))
  if (!length(sparse)) return(invisible())
  names <- output_names_of(model, n)
  targets <- tryCatch(per_output_values(y, n, names, "y"), keratin_error = function(e) vector("list", n))
  for (i in sparse)
    if (!is.null(targets[[i]])) {
      check_class_ids_of(losses[[i]], targets[[i]], model$network_outputs[[i]], if (n > 1L) paste0(" of output \"", names[[i]], "\""))
    }
  invisible()
}

check_class_ids_of <- function(loss, y, output, of_output) {
  classes <- last_size(output)
  if (is.na(classes)) return(invisible())
  values <- as.array(y)
  bad <- which((values < 0 | values >= classes | values != floor(values)) & !values %in% loss$settings$ignore_class)
  if (!length(bad)) return(invisible())
  sample <- (bad[[1L]] - 1L) %% tensor_shape(y)[[1L]] + 1L
  abort_argument("`y`", of_output, " of sample ", sample, " is ", values[bad[[1L]]], ", but the model has ", classes,
                 " classes: class ids are whole numbers from 0 to ", classes - 1L)
}
