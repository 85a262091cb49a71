# Tensors: external pointers of class keratin_tensor.

# An R value as a tensor; tensors and variables pass through (cast if `dtype` says so).
tensor <- function(x, dtype = NULL) {
  dtype <- dtype_name(dtype)
  if (is_tensor(x)) {
    if (is_variable(x)) x <- variable_read(x)
    return(if (is.null(dtype) || identical(tensor_dtype(x), dtype)) x else op_cast(x, dtype))
  }
  if (is.data.frame(x)) x <- data.matrix(x)
  if (is.list(x)) return(tensor_from_list(x, dtype))
  tensor_create(x, dtype)
}

# Nested lists of numbers stand for arrays, as in Keras: list(1, 2) is a vector, list(list(1, 2), list(3, 4)) a matrix.
tensor_from_list <- function(x, dtype) {
  parts <- lapply(x, tensor, dtype = dtype)
  if (!length(parts)) return(tensor_create(numeric(), dtype))
  op_stack(parts, axis = 0L)
}

is_keras_tensor <- function(x) inherits(x, "keras.engine.keras_tensor.KerasTensor")
is_tensor <- function(x) inherits(x, "tensorflow.tensor")
is_symbolic <- function(x) is_keras_tensor(x) || tensor_is_symbolic(x)

# Asked for on the way to every other op, so a tensor's answer comes first.
tensor_dtype <- function(x) {
  if (typeof(x) == "externalptr") return(.Call(`_keratin_tensor_dtype_of`, x))
  if (is_keras_tensor(x)) .subset2(x, "type")$dtype else tensor_dtype_of(x)
}

is_float <- function(dtype) startsWith(dtype, "float")

# Sizes as an integer vector, NA where unknown.
tensor_shape <- function(x) {
  if (typeof(x) == "externalptr") return(.Call(`_keratin_tensor_shape_of`, x))
  if (is_keras_tensor(x)) return(keras_tensor_shape(x))
  if (is_tensor(x)) return(tensor_shape_of(x))
  if (is.list(x) && is.null(dim(x))) return(tensor_shape_of(tensor(x)))
  if (is.null(dim(x))) { if (length(x) == 1L) integer() else length(x) } else dim(x)  # as in tensor(x)
}
tensor_rank <- function(x) length(tensor_shape(x))
is_bool <- function(x) if (is_tensor(x)) identical(tensor_dtype(x), "bool") else is.logical(x)

#' @export
as.array.keratin_tensor <- function(x, ...) tensor_value(x)
#' @export
as.vector.keratin_tensor <- function(x, mode = "any") as.vector(tensor_value(x), mode)
#' @export
as.matrix.keratin_tensor <- function(x, ...) as.matrix(tensor_value(x))
#' @export
as.double.keratin_tensor <- function(x, ...) as.double(tensor_value(x))
#' @export
as.integer.keratin_tensor <- function(x, ...) as.integer(tensor_value(x))
#' @export
as.logical.keratin_tensor <- function(x, ...) as.logical(tensor_value(x))
#' @export
as.character.keratin_tensor <- function(x, ...) as.character(tensor_value(x))
#' @export
dim.keratin_tensor <- function(x) tensor_shape_of(x)
#' @export
length.keratin_tensor <- function(x) {
  n <- prod(tensor_shape_of(x))
  if (!is.na(n) && n <= .Machine$integer.max) as.integer(n) else n
}

#' @export
print.keratin_tensor <- function(x, ...) {
  cat(format(x, ...), sep = "\n")
  invisible(x)
}

#' @export
format.keratin_tensor <- function(x, ...) {
  if (tensor_is_symbolic(x)) return(sprintf("tf.Tensor(shape=(%s), dtype=%s, traced: no value)", shape_text(tensor_shape_of(x)), tensor_dtype_of(x)))
  format_tensor(tensor_value(x), tensor_dtype_of(x))
}

# "None, 28, 3", as Keras prints shapes.
shape_text <- function(shape) {
  if (!length(shape)) return("")
  sizes <- ifelse(is.na(shape), "None", format(shape, scientific = FALSE, trim = TRUE))
  if (length(sizes) == 1L) paste0(sizes, ",") else paste(sizes, collapse = ", ")
}

#' @export
`$.keratin_tensor` <- function(x, name) {
  switch(name,
    shape = tensor_shape_object(tensor_shape_of(x)),
    dtype = dtype_object(tensor_dtype_of(x)),
    ndim = , rank = length(tensor_shape_of(x)),
    numpy = function() tensor_value(x),
    get_shape = function() tensor_shape_object(tensor_shape_of(x)),
    `_keras_mask` = attr(x, "keras_mask", exact = TRUE),
    abort_argument("a tensor has no member `", name, "`."))
}

# Shapes and dtypes as values a user meets: x$shape, x$dtype.
tensor_shape_object <- function(shape) structure(lapply(shape, function(n) if (is.na(n)) NULL else n), class = "keratin_shape")
#' @export
print.keratin_shape <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
#' @export
format.keratin_shape <- function(x, ...)
  sprintf("TensorShape([%s])", paste(vapply(unclass(x), function(n) if (is.null(n)) "None" else format(n), ""), collapse = ", "))
#' @export
as.integer.keratin_shape <- function(x, ...) vapply(unclass(x), function(n) if (is.null(n)) NA_integer_ else as.integer(n), 0L)
#' @export
as.double.keratin_shape <- function(x, ...) as.double(as.integer(x))
#' @export
as.list.keratin_shape <- function(x, ...) unclass(x)
#' @export
as.character.keratin_shape <- function(x, ...) format(x)
#' @export
`$.keratin_shape` <- function(x, name) {
  switch(name, rank = , ndims = length(unclass(x)), as_list = function() unclass(x), abort_argument("a shape has no member `", name, "`."))
}

dtype_object <- function(name) structure(list(name), class = "keratin_dtype")
#' @export
print.keratin_dtype <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
#' @export
format.keratin_dtype <- function(x, ...) sprintf("<dtype: '%s'>", unclass(x)[[1L]])
#' @export
as.character.keratin_dtype <- function(x, ...) unclass(x)[[1L]]
#' @export
`$.keratin_dtype` <- function(x, name) {
  switch(name, name = unclass(x)[[1L]], is_floating = unclass(x)[[1L]] %in% c("float32", "float64"),
         abort_argument("a dtype has no member `", name, "`."))
}
#' @export
`==.keratin_dtype` <- function(e1, e2) identical(dtype_name(e1), dtype_name(e2))
#' @export
`!=.keratin_dtype` <- function(e1, e2) !identical(dtype_name(e1), dtype_name(e2))

# "float32" from a string or a dtype object; NULL stays NULL.
dtype_name <- function(dtype) if (is.null(dtype)) NULL else as.character(dtype)
