# Initializers, regularizers, constraints: functions with a class, a config and `$`.

# `body`: function of the call's arguments; `config`: what get_config() gives; `classes`: Keras's class vector; `module`: where configs
# say the class lives.
new_callable <- function(body, class_name, config, classes, module) {
  force(body); force(class_name); force(config); force(module)
  instance <- function(...) body(...)
  class(instance) <- c(classes, "keratin_callable")
  instance
}

callable_field <- function(x, name) get0(name, envir = environment(x), inherits = FALSE)

#' @export
`$.keratin_callable` <- function(x, name) switch(name,
  get_config = function() callable_field(x, "config"),
  `__class__` = list(`__name__` = callable_field(x, "class_name")),
  callable_field(x, "config")[[name]])

#' @export
format.keratin_callable <- function(x, ...) {
  config <- callable_field(x, "config")
  values <- vapply(config, function(value) received(value), "")
  paste0("<", class(x)[1L], if (length(config)) paste0(": ", paste(names(config), values, sep = " = ", collapse = ", ")), ">")
}

#' @export
print.keratin_callable <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}

is_callable <- function(x) inherits(x, "keratin_callable")

# config form: list(module, class_name, config, registered_name)
serialize_callable <- function(x) {
  if (is.null(x)) return(NULL)
  if (is_callable(x)) return(serialized(callable_field(x, "module"), callable_field(x, "class_name"), callable_field(x, "config")))
  if (is.function(x)) return(serialize_function(x))
  x
}
serialized <- function(module, class_name, config, registered_name = NULL)
  list(module = module, class_name = class_name, config = config, registered_name = registered_name)

# A name, a config or an object -> the object. `makers`: class name -> function of the config's fields.
get_callable <- function(x, makers, aliases, what, receives) {
  if (is.null(x)) return(NULL)
  if (is.function(x)) return(x)
  if (inherits(x, "R6")) return(wrap_user_callable(x))
  if (is.character(x) && length(x) == 1L && !is.na(x)) {
    found <- find_custom_object(x)
    if (!is.null(found)) return(if (inherits(found, "R6ClassGenerator")) wrap_user_callable(found$new()) else found)
    name <- if (x %in% names(makers)) x else aliases[[x]]
    if (is.null(name)) {
      abort_argument("unknown ", what, " ", dQuote(x, FALSE), "; known are ", paste0('"', sort(names(aliases)), '"', collapse = ", "))
    }
    return(makers[[name]]())
  }
  if (is.list(x) && !is.null(x$class_name)) {
    found <- find_custom_object(x$class_name)
    if (inherits(found, "R6ClassGenerator")) return(wrap_user_callable(do.call(found$new, x$config)))
    if (is.function(found)) return(found)
    if (identical(x$class_name, "function")) return(deserialize_function(x))
    make <- makers[[x$class_name]]
    if (is.null(make) && !is.null(aliases[[x$class_name]])) make <- makers[[aliases[[x$class_name]]]]
    if (is.null(make)) abort_argument("unknown ", what, " class ", dQuote(x$class_name, FALSE))
    return(do.call(make, x$config))
  }
  abort_argument("a ", what, " is a name, ", receives, " or a function. Received: ", received(x))
}

# A user's R6 object with a call() method.
wrap_user_callable <- function(object) {
  if (!is.function(object$call)) abort_argument("an object of class ", class(object)[1L], " has no call() method")
  config <- if (is.function(object$get_config)) object$get_config() else list()
  new_callable(function(...) object$call(...), class_name = class(object)[1L], config = config, classes = class(object)[1L], module = NULL)
}
