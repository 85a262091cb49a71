# Flags of a training run, as package tfruns has them.

#' Flags for a training run
#'
#' Define the flags (name, type, default value, description) that parametrise a training script. They can be set on the command line
#' of `Rscript`: `Rscript train.R --dropout 0.3`, and in a file `flags.yml`. `run_dir()` is the folder of the current run. Where the
#' package tfruns is installed and conducts a run, its flags and folder are used.
#'
#' @param ... For `flags()`: one or more `flag_*()`.
#' @param name,default,description Name, default value and description of a flag.
#' @param config Which configuration of the file to use.
#' @param file File with flag values.
#' @param arguments The command line arguments.
#' @return `flags()`: a named list of values. `run_dir()`: a path.
#' @examples
#' FLAGS <- flags(flag_numeric("dropout", 0.4), flag_integer("units", 32))
#' FLAGS$dropout
#' @export
flags <- function(..., config = Sys.getenv("R_CONFIG_ACTIVE", unset = "default"), file = "flags.yml", arguments = commandArgs(TRUE)) {
  given <- list(...)
  if (length(given) == 1L && is.list(given[[1L]]) && !inherits(given[[1L]], "flag_definition")) given <- given[[1L]]
  wrong <- which(!vapply(given, inherits, NA, "flag_definition"))
  if (length(wrong)) {
    abort_argument("flags() takes flag_numeric(), flag_integer(), flag_boolean() and flag_string(). Received: ", received(given[[wrong[1L]]]), ".")
  }
  if (requireNamespace("tfruns", quietly = TRUE) && tfruns::is_run_active()) {
    definitions <- lapply(given, function(f) switch(f$type, numeric = tfruns::flag_numeric, integer = tfruns::flag_integer,
                                                    boolean = tfruns::flag_boolean, tfruns::flag_string)(f$name, f$default, f$description))
    return(do.call(tfruns::flags, c(definitions, list(config = config, file = file, arguments = arguments))))
  }
  names <- vapply(given, `[[`, "", "name")
  set <- utils::modifyList(as.list(flags_in_file(file, config)), flags_on_command_line(arguments))
  values <- lapply(given, function(f) flag_value(f, set[[f$name]]))
  setNames(values, names)
}

flags_in_file <- function(file, config) {
  if (is.null(file) || !file.exists(file)) return(list())
  need_package("yaml", paste0("Reading flags from ", file))
  read <- yaml::read_yaml(file)
  if (is.list(read[[config]])) read <- read[[config]]
  read
}

# --name=value, --name value, and a bare --name for TRUE.
flags_on_command_line <- function(arguments) {
  out <- list()
  at <- 1L
  while (at <= length(arguments)) {
    argument <- arguments[at]
    if (grepl("^--[^-]", argument)) {
      name <- gsub("-", "_", sub("=.*", "", sub("^--", "", argument)))
      if (grepl("=", argument)) out[[name]] <- sub("^[^=]*=", "", argument)
      else if (at < length(arguments) && !grepl("^--", arguments[at + 1L])) {
        at <- at + 1L
        out[[name]] <- arguments[at]
      } else out[[name]] <- "TRUE"
    }
    at <- at + 1L
  }
  out
}

flag_value <- function(flag, set) {
  if (is.null(set)) return(flag$default)
  value <- suppressWarnings(switch(flag$type, numeric = as.numeric(set), integer = as.integer(set), boolean = as.logical(set), as.character(set)))
  if (anyNA(value)) abort_argument("flag `", flag$name, "` must be ", flag$type, ". Received: ", received(set), ".")
  value
}

flag <- function(type, name, default, description) {
  structure(list(name = name, type = type, default = default, description = description), class = "flag_definition")
}

#' @rdname flags
#' @export
flag_numeric <- function(name, default, description = NULL) flag("numeric", name, as.numeric(default), description)
#' @rdname flags
#' @export
flag_integer <- function(name, default, description = NULL) flag("integer", name, as.integer(default), description)
#' @rdname flags
#' @export
flag_boolean <- function(name, default, description = NULL) flag("boolean", name, as.logical(default), description)
#' @rdname flags
#' @export
flag_string <- function(name, default, description = NULL) flag("string", name, as.character(default), description)

#' @rdname flags
#' @export
run_dir <- function() {
  if (requireNamespace("tfruns", quietly = TRUE) && tfruns::is_run_active()) tfruns::run_dir() else getwd()
}
