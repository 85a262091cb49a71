# JSON from files: checked before it is parsed, then brought from Keras 2's and Keras 3's forms into the one that the layers take.

json_size_limit <- 64 * 1024^2
json_depth_limit <- 500L

# Text as nested lists. Deep nesting would exhaust the stack of any parser, so it is counted first.
parse_json <- function(text, what = "the JSON text") {
  if (!is.character(text) || length(text) != 1L || is.na(text)) abort_argument(what, " must be one string. Received: ", received(text))
  if (nchar(text, "bytes") > json_size_limit) abort_file(what, " has ", nchar(text, "bytes"), " bytes; at most ", json_size_limit, " are read")
  Encoding(text) <- "UTF-8"
  if (!validUTF8(text)) abort_file(what, " is not valid UTF-8")
  if (json_depth(text) > json_depth_limit) abort_file(what, " is nested deeper than ", json_depth_limit, " levels")
  value <- tryCatch(jsonlite::fromJSON(text, simplifyVector = FALSE), error = function(e)
    abort_file(what, " is not JSON: ", substr(gsub("[[:space:]]+", " ", conditionMessage(e)), 1L, 200L)))
  value
}

json_depth <- function(text) {
  bytes <- charToRaw(text)
  if (any(bytes == as.raw(0x5c))) bytes <- charToRaw(gsub("\\\\.", "", text, perl = TRUE, useBytes = TRUE))
  inside <- cumsum(bytes == as.raw(0x22)) %% 2L == 1L   # between quotes
  step <- (bytes == as.raw(0x5b) | bytes == as.raw(0x7b)) - (bytes == as.raw(0x5d) | bytes == as.raw(0x7d))
  step[inside] <- 0L
  max(0L, cumsum(step))
}

# ---- R functions, which only keratin's files hold

# A function that the caller gives is taken from him. In safe mode the others are left where they are and refused when it is known to which layer they
# belong.
restore_functions <- function(x, safe_mode, owner = NULL) {
  if (!is.list(x)) return(x)
  if (identical(x$class_name, "__r_function__")) {
    given <- Find(function(object) is.function(object) && !is.primitive(object) && identical(function_code(object), x$config$code),
                  layer_state$custom_objects)
    if (!is.null(given)) return(given)
    if (safe_mode)
      abort_file(if (is.null(owner)) "the file" else paste0('layer "', owner, '"'),
                 " holds an R function. Functions are restored only by load_model(path, safe_mode = FALSE), ",
                 "or with options(keratin.safe_mode = FALSE): ",
                 "do so if you trust where the file comes from, as they may do anything when they run. Or give the same function in `custom_objects`")
    f <- unserialize(jsonlite::base64_dec(x$config$value))
    if (!is.function(f)) abort_file("the file holds something else in the place of an R function")
    return(f)
  }
  name <- if (is.list(x$config)) x$config$name
  if (is.character(name) && length(name) == 1L) owner <- name
  if (is.null(names(x)) && !length(x)) return(list())
  x[] <- lapply(x, restore_functions, safe_mode = safe_mode, owner = owner)
  x
}

# ---- Keras's configs

# Keys of Keras 3 or of Keras 2's base classes without a meaning here.
ignored_keys <- c("quantization_config", "optional", "input_axes", "output_axes", "renorm", "renorm_clipping", "renorm_momentum", "synchronized",
                  "ragged_rank",
                  "shared_object_id", "seed_generator")

is_config <- function(x) is.list(x) && is.character(x$class_name) && length(x$class_name) == 1L && "config" %in% names(x)

# Modules whose classes Keras itself writes.
is_keras_module <- function(module) is.null(module) || grepl("^(keras|tensorflow|tf_keras|builtins|r|rpytools|keratin)(\\.|$)", module)

normalize_config <- function(x) {
  if (!is.list(x)) return(x)
  if (identical(x$class_name, "__keras_tensor__")) return(x$config$keras_history)
  if (is.character(x$class_name) && length(x$class_name) == 1L && x$class_name %in% c("__tuple__", "TensorShape") && "items" %in% names(x)) {
    return(normalize_config(x$items))
  }
  if (is_config(x)) return(normalize_object(x))
  if (!length(x)) return(x)
  x[] <- lapply(x, normalize_config)
  x
}

normalize_object <- function(x) {
  class_name <- sub("^.*>", "", x$class_name)
  if (class_name %in% c("DTypePolicy", "Policy")) return(if (is.list(x$config)) x$config$name else x$config)
  known <- !is.null(find_custom_object(class_name))
  if (!known && !is.null(x$module) && !(is.character(x$module) && length(x$module) == 1L && is_keras_module(x$module)))
    abort_argument("the class ", dQuote(class_name, FALSE), " of the module ", received(x$module),
                   " is not one of Keras's: if it is yours, give it in `custom_objects = list(\"", class_name, "\" = ...)`")
  if (class_name == "function" && is.character(x$config)) return(x$config)   # a function of the writer's, by name
  if (class_name == "__tuple__" || class_name == "__numpy__") return(normalize_config(x$config$value))
  if (is.list(x$config)) {
    owner <- x$config$name
    if (class_name == "Lambda") x$config <- lambda_config(x$config)
    config <- lapply(x$config, normalize_config)
    config <- config[!names(config) %in% ignored_keys]
    if (!known) config <- without_foreign_keys(config, class_name)
    if (class_name == "InputLayer" && "batch_shape" %in% names(config)) names(config)[names(config) == "batch_shape"] <- "batch_input_shape"
    if (is.character(config$vocabulary)) {
      abort_file("layer ", received(owner), ": the vocabulary is the name of a file, ", received(config$vocabulary), ", which is not read")
    }
    x$config <- config
  }
  if (!is.null(x$inbound_nodes)) x$inbound_nodes <- lapply(x$inbound_nodes, normalize_node)
  x$shared_object_id <- NULL
  x
}

# Arguments of later versions of Keras which are off.
without_foreign_keys <- function(config, class_name) {
  generator <- builtin_class(class_name)
  if (is.null(generator) || extends(generator, "Model")) return(config)
  taken <- c(names(formals(init_layer)), "batch_shape", "ragged", "sparse")
  while (!is.null(generator)) {
    for (name in names(generator$public_methods)) if (grepl("^(initialize|init_)", name)) taken <- c(
      taken, names(formals(generator$public_methods[[name]])))
    generator <- generator$get_inherit()
  }
  off <- vapply(config, function(value) is.null(value) || identical(value, FALSE), NA)
  config[names(config) %in% taken | !(off | names(config) == "seed")]
}

# Keras 3: {"args": [...], "kwargs": {...}}; Keras 2: [[layer, node, tensor, {...}], ...].
normalize_node <- function(node) {
  if (!is.list(node) || !setequal(names(node), c("args", "kwargs"))) return(normalize_config(node))
  arguments <- normalize_config(node$args)
  others <- normalize_config(node$kwargs)
  others <- drop_null(others)
  if (!length(others)) others <- empty_config()
  is_reference <- function(x) is.list(x) && length(x) == 3L && is.character(x[[1L]])
  first <- if (length(arguments)) arguments[[1L]]
  entries <- if (is_reference(first)) list(first) else first
  more <- arguments[-1L]
  # attention layers take these by position
  if (length(more)) others <- c(setNames(more, c("value", "key", "attention_mask")[seq_along(more)]), others)
  lapply(entries, function(entry) if (is_reference(entry)) c(entry, list(others)) else list("_CONSTANT_VALUE", -1L, entry, others))
}

# Python code is never run: an R function takes its place.
lambda_config <- function(config) {
  body <- config$`function`
  if (is.list(body) && is.list(body$config) && is.function(body$config$value)) body <- body$config$value   # keratin's own, restored
  if (is.function(body)) return(list(name = config$name, trainable = config$trainable, dtype = config$dtype, f = body,
                                     arguments = if (is.list(config$arguments) && length(config$arguments)) config$arguments))
  given <- layer_state$custom_objects[[config$name %||% ""]]
  if (is.null(given) && is.character(body)) given <- find_custom_object(body)
  if (is.list(body) && is.character(body$config)) given <- given %||% find_custom_object(body$config)
  if (!is.function(given))
    abort_argument("layer ", dQuote(config$name %||% "lambda", FALSE),
                   " is a Lambda layer of Python code, which is not run. Give an R function in its place: custom_objects = list(",
                   config$name %||% "lambda", " = function(x) ...)")
  list(name = config$name, trainable = config$trainable, dtype = config$dtype, f = given,
       arguments = if (is.list(config$arguments) && length(config$arguments)) config$arguments)
}

# A model (or layer) from a config of a file.
model_from_config <- function(config, custom_objects = NULL, safe_mode = TRUE, what = "the config") {
  if (!is_config(config)) abort_file(what, " is not that of a model: it must be an object with `class_name` and `config`")
  with_custom_object_scope(custom_objects, in_file_config(what, deserialize_keras_object(normalize_config(restore_functions(config, safe_mode)))))
}

in_file_config <- function(what, code) {
  tryCatch(code, error = function(e) {
    if (inherits(e, "keratin_error")) stop(e)
    abort_file(what, " does not describe a model: ", substr(gsub("[[:space:]]+", " ", conditionMessage(e)), 1L, 300L))
  })
}
