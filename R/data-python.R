# What R keras exported to manage Python. There is none here, so old scripts are told once and run on.

told_about_python <- new.env(parent = emptyenv())
no_python <- function(what, value = NULL) {
  if (is.null(told_about_python[[what]])) {
    assign(what, TRUE, envir = told_about_python)
    message(what, "() has nothing to do: keratin runs without Python. You can leave the call out.")
  }
  invisible(value)
}

#' Functions that manage Python in R keras
#'
#' keratin needs neither Python nor TensorFlow. These functions exist so that scripts written for R keras run unchanged: each says
#' once a session that it has nothing to do.
#'
#' @param method,conda,version,tensorflow,extra_packages,python,condaenv,virtualenv,required,backend,implementation,... Not used.
#' @param seed For `use_session_with_seed()`: the seed, which is given to [set.seed()].
#' @param log_dir Directory of the files that [callback_tensorboard()] wrote.
#' @param action,host,port,launch_browser,reload_interval,purge_orphaned_data Not used.
#' @param disable_gpu,disable_parallel_cpu,quiet Not used: results do not depend on the number of threads.
#' @param model For `multi_gpu_model()`: the model, which is given back.
#' @param gpus,cpu_merge,cpu_relocation Not used.
#' @return Nothing, invisibly; `multi_gpu_model()` the model.
#' @name without-python
#' @export
install_keras <- function(method = c("auto", "virtualenv", "conda"), conda = "auto", version = "default", tensorflow = version,
                          extra_packages = NULL, ...) no_python("install_keras")
#' @rdname without-python
#' @export
use_python <- function(python, required = NULL) no_python("use_python")
#' @rdname without-python
#' @export
use_virtualenv <- function(virtualenv = NULL, required = NULL) no_python("use_virtualenv")
#' @rdname without-python
#' @export
use_condaenv <- function(condaenv = NULL, conda = "auto", required = NULL) no_python("use_condaenv")
#' @rdname without-python
#' @export
use_backend <- function(backend = c("tensorflow", "cntk", "theano", "plaidml")) no_python("use_backend")
#' @rdname without-python
#' @export
use_implementation <- function(implementation = c("keras", "tensorflow")) no_python("use_implementation")
#' @rdname without-python
#' @export
multi_gpu_model <- function(model, gpus = NULL, cpu_merge = TRUE, cpu_relocation = FALSE) no_python("multi_gpu_model", model)
#' @rdname without-python
#' @export
tensorboard <- function(log_dir, action = c("start", "stop"), host = "127.0.0.1", port = "auto", launch_browser = TRUE, reload_interval = 5,
                        purge_orphaned_data = TRUE) {
  message("TensorBoard is a Python program. The files of callback_tensorboard() can be shown with: tensorboard --logdir ",
          if (missing(log_dir)) "DIR" else paste(log_dir, collapse = ","))
  invisible(NULL)
}
#' @rdname without-python
#' @export
use_session_with_seed <- function(seed, disable_gpu = TRUE, disable_parallel_cpu = TRUE, quiet = FALSE) {
  set.seed(seed)
  invisible(NULL)
}

#' Check if keras is available
#'
#' It always is: the core installs with the package. Scripts that ask before running their examples run them.
#'
#' @param version `NULL`, or the version of Keras that is needed; keratin is compatible with 2.15.
#' @return `TRUE`, or `FALSE` for a version above 2.15.
#' @export
is_keras_available <- function(version = NULL) is.null(version) || utils::compareVersion("2.15.1", as.character(version)) >= 0

#' A list, as Python's tuple
#'
#' @param ... Elements, or one list.
#' @return A list.
#' @export
tuple <- function(...) {
  parts <- list(...)
  if (length(parts) == 1L && is.list(parts[[1L]])) parts[[1L]] else parts
}

#' A tensor shape
#'
#' @param ... Sizes; `NULL` or `NA` for an unknown one.
#' @param rank,dims Alternatively the number of axes (all unknown), or the sizes as one vector or list.
#' @return A shape, for the `shape` and `input_shape` arguments.
#' @examples
#' shape(NULL, 28, 28)
#' @export
shape <- function(..., rank = NULL, dims = NULL) {
  sizes <- if (!is.null(rank)) rep(NA, rank) else if (!is.null(dims)) as.list(dims) else list(...)
  one <- function(s) if (is.null(s)) NA_integer_ else if (inherits(s, "keratin_shape")) as.integer(s) else as.integer(unlist(s))
  tensor_shape_object(unlist(lapply(sizes, one)))
}

#' The keras module
#'
#' `keras$layers$Dense(units = 2L)`, `keras$optimizers$Adam()`, `keras$backend$mean(x)` and so on reach the function of keratin with
#' that name. `backend()` is `keras$backend`, where axes count from 0 as in Python; `implementation()` is `keras`.
#'
#' @param convert Not used.
#' @return An object whose members are reached with `$`.
#' @examples
#' keras$utils$to_categorical(c(0, 1, 2))
#' @format An object whose members are reached with `$`.
#' @export
keras <- structure(list(path = character()), class = "keratin_module")
#' @rdname keras
#' @export
implementation <- function() keras
#' @rdname keras
#' @export
backend <- function(convert = TRUE) keras$backend

module_prefixes <- c(layers = "layer_", optimizers = "optimizer_", losses = "loss_", metrics = "metric_", initializers = "initializer_",
                     regularizers = "regularizer_", constraints = "constraint_", callbacks = "callback_", activations = "activation_",
                     applications = "application_", backend = "k_", schedules = "learning_rate_schedule_", models = "", utils = "",
                     preprocessing = "", datasets = "dataset_", image = "", text = "", sequence = "", experimental = "layer_", legacy = "optimizer_")
module_synonyms <- c(Input = "layer_input", load_model = "load_model_tf",
                     model_from_json = "model_from_json", Tokenizer = "text_tokenizer", ImageDataGenerator = "image_data_generator",
                     BatchNormalization = "layer_batch_normalization")

#' @export
`$.keratin_module` <- function(x, name) {
  if (name == "__version__") return("2.15.0")
  if (name %in% names(module_prefixes)) return(structure(list(path = c(unclass(x)$path, name)), class = "keratin_module"))
  path <- unclass(x)$path
  base <- get("class_of_keras", envir = asNamespace("keratin"))(path, name)
  if (!is.null(base)) return(base)
  last <- if (length(path)) path[length(path)] else ""
  if (name %in% c("get", "serialize", "deserialize")) {
    f <- module_codecs()[[last]][[name]]
    if (!is.null(f)) return(f)
  }
  if (name %in% names(module_synonyms)) return(get(module_synonyms[[name]], envir = asNamespace("keratin")))
  prefix <- if (nzchar(last)) module_prefixes[[last]] else ""
  exported <- getNamespaceExports("keratin")
  plain <- function(n) tolower(gsub("_", "", n))
  found <- exported[plain(exported) == plain(paste0(prefix, name))]
  if (!length(found)) {
    near <- substring(exported[startsWith(exported, prefix)], nchar(prefix) + 1L)
    near <- near[which.min(utils::adist(plain(name), plain(near)))]
    abort_argument("keras", paste0("$", path, collapse = ""), " has no member `", name, "` in keratin.",
                   if (length(near)) paste0(" The nearest is ", prefix, near, "()."))
  }
  f <- get(found[1L], envir = asNamespace("keratin"))
  if (last %in% c("layers", "experimental")) attr(f, "generator") <- builtin_class(name)   # Name(keras$layers$Dense) %py_class% { ... }
  if (last == "backend") python_axes(f) else f
}
# keras$initializers$get("zeros"), and configs of objects and back.
module_codecs <- function() {
  of <- function(get, serialize = serialize_callable, deserialize = get) list(
    get = function(identifier) get(identifier), serialize = function(object) serialize(object),
    deserialize = function(config, custom_objects = NULL) with_custom_object_scope(custom_objects, deserialize(config)))
  list(initializers = of(get_initializer), regularizers = of(get_regularizer), constraints = of(get_constraint),
       activations = of(get_activation, serialize_activation),
       losses = of(get_loss, serialize_loss, loss_from_config), metrics = of(get_metric, serialize_metric, metric_from_config),
       optimizers = of(get_optimizer, serialize_optimizer, optimizer_from_config),
       layers = list(serialize = function(layer) serialize_layer(unwrap(layer)),
                     deserialize = function(config, custom_objects = NULL) deserialize_keras_object(config, custom_objects)))
}

#' @export
print.keratin_module <- function(x, ...) {
  cat("<", paste(c("keras", unclass(x)$path), collapse = "$"), ": keratin, compatible with keras 2.15>\n", sep = "")
  invisible(x)
}

# A k_* function whose `axis` counts from 0 as Python's does, not from 1.
python_axes <- function(f) {
  function(...) {
    arguments <- list(...)
    if (is.numeric(arguments$axis)) arguments$axis <- ifelse(arguments$axis >= 0, arguments$axis + 1, arguments$axis)
    do.call(f, arguments)
  }
}
