# Settings of the backend: the default floating type, the fuzz factor, the layout of images.

backend_settings <- new.env(parent = emptyenv())
backend_settings$epsilon <- 1e-7
backend_settings$image_data_format <- "channels_last"

#' Settings of the backend
#'
#' @param floatx Default floating type: `"float32"` or `"float64"`.
#' @param e Small number that keeps divisions and logarithms finite.
#' @param data_format `"channels_last"` or `"channels_first"`.
#' @return The setting; the `k_set_*()` functions return it invisibly.
#' @examples
#' k_floatx()
#' k_epsilon()
#' @name k_floatx
NULL

#' @rdname k_floatx
#' @export
k_floatx <- function() floatx_get()

#' @rdname k_floatx
#' @export
k_set_floatx <- function(floatx) {
  if (!is.character(floatx) || length(floatx) != 1L || !floatx %in% c("float32", "float64"))
    abort_argument('`floatx` must be "float32" or "float64". Received: floatx = ', received(floatx))
  floatx_set(floatx)
  invisible(floatx)
}

#' @rdname k_floatx
#' @export
k_epsilon <- function() backend_settings$epsilon

#' @rdname k_floatx
#' @export
k_set_epsilon <- function(e) {
  backend_settings$epsilon <- as_number(e, "e")
  invisible(e)
}

#' @rdname k_floatx
#' @export
k_image_data_format <- function() backend_settings$image_data_format

#' @rdname k_floatx
#' @export
k_set_image_data_format <- function(data_format) {
  backend_settings$image_data_format <- as_choice(data_format, c("channels_last", "channels_first"), "data_format")
  invisible(data_format)
}

#' Name of the backend
#'
#' @return `"tensorflow"`, whose behaviour keratin reproduces.
#' @examples
#' k_backend()
#' @export
k_backend <- function() "tensorflow"
