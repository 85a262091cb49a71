# Shapes as users write them: c(28, 28), list(NULL, 3), c(NA, 3), a tensor's own shape. Inside the package a shape is an integer
# vector with NA for an unknown size; methods of layers receive them as Keras gives them: list(NULL, 3L).

# One shape, as an integer vector.
as_dims <- function(shape, what = "shape") {
  if (is.integer(shape) && !is.object(shape)) { shape[!is.na(shape) & shape == -1L] <- NA_integer_; return(as.vector(shape)) }
  if (is.null(shape)) return(integer())
  if (inherits(shape, "keratin_shape") || is.environment(shape)) shape <- as.list(shape)
  if (is.list(shape)) shape <- vapply(shape, function(size) if (is.null(size) || length(size) == 0L) NA_real_ else as.numeric(size), 0)
  if (!(is.numeric(shape) || all(is.na(shape)))) {
    abort_argument("`", what, "` must hold whole numbers (NULL or NA where the size is unknown). Received: ", received(shape))
  }
  shape <- as.numeric(shape)
  if (any(shape != floor(shape), na.rm = TRUE) || any(shape < -1 | shape > .Machine$integer.max, na.rm = TRUE))
    abort_argument("`", what, "` must hold whole numbers (NULL or NA where the size is unknown). Received: ", received(shape))
  shape[!is.na(shape) & shape == -1] <- NA
  as.integer(shape)
}

# As layers' methods get them: list(NULL, 3L).
shape_as_list <- function(dims) lapply(dims, function(size) if (is.na(size)) NULL else size)

is_shape <- function(x) {
  if (is.environment(x) || inherits(x, "keratin_shape")) return(TRUE)
  if (is.numeric(x)) return(TRUE)
  is.list(x) && length(x) > 0L && all(vapply(x, function(size) is.null(size) || (is.atomic(size) && length(size) <= 1L), NA))
}

# A method's `input_shape` argument: one shape or a list of shapes, as integer vectors.
as_input_dims <- function(input_shape) if (is_shape(input_shape)) as_dims(input_shape) else lapply(input_shape, as_input_dims)
input_shape_as_list <- function(dims) if (is.list(dims)) lapply(dims, input_shape_as_list) else shape_as_list(dims)

# "(NULL, 10, 3)" in messages, "(None, 10, 3)" where Keras's text is reproduced.
format_shape <- function(dims, unknown = "NULL") {
  if (is.list(dims)) return(paste0("[", paste(vapply(dims, format_shape, "", unknown = unknown), collapse = ", "), "]"))
  sizes <- ifelse(is.na(dims), unknown, as.character(dims))
  if (length(sizes) == 1L) paste0("(", sizes, ",)") else paste0("(", paste(sizes, collapse = ", "), ")")
}
