# Configs as JSON, written as Python's json module writes them.

to_python_json <- function(x) {
  if (is.null(x)) return("null")
  if (is.function(x)) return(to_python_json(function_as_text(x)))
  if (is_tensor(x)) x <- as.array(x)
  if (is.list(x)) {
    parts <- vapply(x, to_python_json, "")
    if (is.null(names(x))) return(paste0("[", paste(parts, collapse = ", "), "]"))
    return(paste0("{", paste0(python_string(names(x)), ": ", parts, collapse = ", ", recycle0 = TRUE), "}"))
  }
  if (length(dim(x)) > 1L) return(paste0("[", paste(apply(x, 1L, to_python_json), collapse = ", "), "]"))
  parts <- if (is.logical(x)) ifelse(is.na(x), "null", ifelse(x, "true", "false")) else if (is.integer(x)) ifelse(is.na(x), "null", as.character(x))
           else if (is.double(x)) vapply(x, python_number, "") else python_string(as.character(x))
  if (length(x) == 1L && is.null(dim(x))) parts else paste0("[", paste(parts, collapse = ", "), "]")
}

# The shortest decimal that reads back as the same number, with Python's exponents.
python_number <- function(x) {
  if (is.na(x)) return(if (is.nan(x)) "NaN" else "null")
  if (is.infinite(x)) return(if (x > 0) "Infinity" else "-Infinity")
  for (digits in 15:17) {
    text <- formatC(x, digits = digits, format = "g", width = 1L)
    if (as.numeric(text) == x) break
  }
  exponent <- if (x == 0) 0 else floor(log10(abs(x)) + 1e-12)
  if (exponent >= 16 || exponent < -4) {
    text <- sub("e([+-])(\\d)$", "e\\10\\2", formatC(x, digits = digits - 1L, format = "e", width = 1L))
    return(sub("\\.?0+e", "e", text))
  }
  if (grepl("e", text)) text <- formatC(x, digits = max(digits - 1L - exponent, 0), format = "f", width = 1L)
  if (grepl(".", text, fixed = TRUE)) text else paste0(text, ".0")
}

python_string <- function(x) {
  vapply(x, function(text) {
    text <- gsub("\\", "\\\\", text, fixed = TRUE)
    text <- gsub('"', '\\"', text, fixed = TRUE)
    text <- gsub("\n", "\\n", text, fixed = TRUE)
    text <- gsub("\t", "\\t", text, fixed = TRUE)
    text <- gsub("\r", "\\r", text, fixed = TRUE)
    codes <- utf8ToInt(enc2utf8(text))
    if (any(codes > 126L)) text <- paste(vapply(codes, escaped_character, ""), collapse = "")
    paste0('"', text, '"')
  }, "", USE.NAMES = FALSE)
}
escaped_character <- function(code) {
  if (code <= 126L) return(intToUtf8(code))
  if (code < 65536L) return(sprintf("\\u%04x", code))
  sprintf("\\u%04x\\u%04x", 55296L + (code - 65536L) %/% 1024L, 56320L + (code - 65536L) %% 1024L)
}

# An R function in a file: its serialized form in base 64.
function_as_text <- function(f)
  list(class_name = "__r_function__", config = list(value = jsonlite::base64_enc(serialize(f, NULL)), code = function_code(f)))
# What it does, without where its variables come from: by this a file's function is known again among `custom_objects`.
function_code <- function(f) paste(deparse(utils::removeSource(f)), collapse = "\n")
#' Architecture of a model as JSON
#'
#' @param object A model.
#' @param json String from `model_to_json()` (or from Keras 2.15).
#' @param custom_objects Named list of your own classes and functions that the model uses.
#' @details R functions (of lambda layers, say) that the text holds are restored only with `options(keratin.safe_mode = FALSE)`: they may do anything
#'   once they run.
#' @return `model_to_json()`: a string. `model_from_json()`: a model with new weights.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(1)
#' model_from_json(model_to_json(model))
#' @family model persistence
#' @export
model_to_json <- function(object) to_python_json(model_description(unwrap(object)))

#' @rdname model_to_json
#' @export
model_from_json <- function(json, custom_objects = NULL)
  model_from_config(parse_json(paste(json, collapse = "\n")), custom_objects, getOption("keratin.safe_mode", TRUE), "the JSON text")

model_description <- function(model) {
  list(class_name = class(model)[1L], config = model$get_config(), keras_version = "2.15.0", backend = "tensorflow")
}
