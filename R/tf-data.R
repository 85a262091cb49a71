# tf$data, tf$strings, tf$config and the like: thin doors to datasets, to R's text functions and to settings.

tf_dataset <- list(
  from_tensor_slices = function(tensors) tensor_slices_dataset(tensors),
  from_tensors = function(tensors) {
    element <- nest_tensors(tensors)
    from_rows(1L, function(i) element)
  },
  from_generator = function(generator, output_types = NULL, output_shapes = NULL, args = NULL, output_signature = NULL) {
    refuse(args)
    types <- output_types
    new_dataset(function() {
      it <- generator()   # a function that gives an iterator, or the next value itself
      read <- if (is.function(it) || inherits(it, "keratin_iterator")) {
        function() generator_next(it)
      } else { first <- it; function() if (is.null(first)) generator() else { value <- first; first <<- NULL; value } }
      function() {
        value <- read()
        if (is.null(value)) {
          NULL
        } else if (is.null(types)) nest_tensors(value) else if (is_plain_list(types)) Map(tensor, value, types) else tensor(value, types)
      }
    })
  },
  range = function(...) {
    ends <- c(...)
    numbers <- if (length(ends) == 1L) {
      seq_len(ends) - 1
    } else {
      seq(ends[1L], ends[2L] - sign(if (length(ends) > 2L) ends[3L] else 1), by = if (length(ends) > 2L) ends[3L] else 1)
    }
    tensor_slices_dataset(tensor(array(numbers), "int64"))
  },
  zip = function(...) zip_datasets(...))

nest_tensors <- function(x) if (is_plain_list(x) && !is.data.frame(x)) lapply(x, nest_tensors) else tensor(x)

# ---- strings: R's functions over values

on_strings <- function(what, f) {
  force(what)
  force(f)
  function(input, ...) {
    value <- as_strings(input, what)
    result <- f(as.vector(value), ...)
    tensor(if (is.null(dim(value))) result else array(result, dim(value)), if (is.character(result)) "string" else if (is.integer(result)) "int32")
  }
}
as_strings <- function(x, what) if (is_tensor(x)) tf_known(x, paste0("tf$strings$", what, "()")) else x

tf_strings <- list(
  lower = function(input, encoding = "") on_strings("lower", tolower)(input),
  upper = function(input, encoding = "") on_strings("upper", toupper)(input),
  strip = on_strings("strip", trimws),
  length = function(input, unit = "BYTE") on_strings("length", nchar)(input, type = if (unit == "BYTE") "bytes" else "chars"),
  regex_replace = function(input, pattern, rewrite, replace_global = TRUE)
    on_strings("regex_replace", function(x) (if (replace_global) gsub else sub)(pattern, rewrite, x, perl = TRUE))(input),
  regex_full_match = function(input, pattern) on_strings("regex_full_match", function(x) grepl(paste0("^(?:", pattern, ")$"), x, perl = TRUE))(input),
  substr = function(input, pos, len, unit = "BYTE")
    on_strings("substr", function(x) substring(x, as.numeric(pos) + 1, as.numeric(pos) + as.numeric(len)))(input),
  join = function(inputs, separator = "") {
    values <- lapply(inputs, as_strings, what = "join")
    sizes <- Filter(Negate(is.null), lapply(values, dim))
    result <- do.call(paste, c(lapply(values, as.vector), sep = separator))
    tensor(if (length(sizes)) array(result, sizes[[1L]]) else result, "string")
  },
  reduce_join = function(inputs, axis = NULL, keepdims = FALSE, separator = "") {
    refuse(axis)
    refuse(keepdims, FALSE)
    value <- as_strings(inputs, "reduce_join")
    tensor(paste(if (length(dim(value)) > 1L) aperm(value) else value, collapse = separator), "string")
  },
  split = function(input, sep = NULL, maxsplit = -1L) {
    refuse(maxsplit, -1)
    parts <- strsplit(as.vector(as_strings(input, "split")), if (is.null(sep)) "\\s+" else sep, fixed = !is.null(sep))
    if (length(parts) == 1L && !length(if (is_tensor(input)) tensor_shape(input) else dim(input))) {
      tensor(array(parts[[1L]]), "string")
    } else {
      lapply(parts, function(p) tensor(array(p), "string"))
    }
  },
  to_number = function(input, out_type = "float32") {
    value <- as_strings(input, "to_number")
    tensor(array(as.numeric(value), if (is.null(dim(value))) length(value) else dim(value)), out_type)
  },
  as_string = op_as_string,
  to_hash_bucket_fast = function(input, num_buckets) op_string_hash(tensor(input), as.numeric(num_buckets)))

# ---- the machine

tf_devices <- function(device_type = NULL)
  if (is.null(device_type) || device_type == "CPU") {
    list(structure(list(name = "/physical_device:CPU:0", device_type = "CPU"), class = "keratin_device"))
  } else {
    list()
  }
#' @export
print.keratin_device <- function(x, ...) {
  cat(sprintf("PhysicalDevice(name='%s', device_type='%s')\n", x$name, x$device_type))
  invisible(x)
}

tf_config <- list(
  list_physical_devices = tf_devices, list_logical_devices = tf_devices,
  run_functions_eagerly = function(run_eagerly) {
    tf_settings$eager <- isTRUE(run_eagerly)
    invisible(NULL)
  },
  functions_run_eagerly = function() tf_settings$eager)

tf_config_experimental <- list(
  list_physical_devices = tf_devices, set_memory_growth = function(device, enable) invisible(NULL),
  enable_op_determinism = function() invisible(NULL))
