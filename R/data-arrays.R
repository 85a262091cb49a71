# Plain R arrays in the shapes that models take.

#' Convert a class vector (integers) to a binary class matrix
#'
#' @param y Class numbers, from 0 to `num_classes - 1`; an array of any rank, or a factor (its first level is class 0).
#' @param num_classes Total number of classes; `NULL` is the largest of `y` + 1.
#' @param dtype Type of the result; anything but an integer type gives numbers.
#' @return An array of 0 and 1, the dimensions of `y` followed by the classes.
#' @family utils
#' @examples
#' to_categorical(c(0, 2, 1, 2))
#' @export
to_categorical <- function(y, num_classes = NULL, dtype = "float32") {
  if (is.factor(y)) {
    if (is.null(num_classes)) num_classes <- nlevels(y)
    y <- as.integer(y) - 1L
  }
  if (is_tensor(y)) y <- as.array(y)
  sizes <- if (is.null(dim(y))) length(y) else dim(y)
  if (length(sizes) > 1L && sizes[length(sizes)] == 1L) sizes <- sizes[-length(sizes)]
  if (!is.numeric(y) && !is.logical(y)) abort_argument("`y` must be class numbers or a factor. Received: ", received(y), ".")
  classes <- trunc(as.vector(y))
  if (anyNA(classes)) abort_argument("`y` has missing values.")
  num_classes <- if (is.null(num_classes)) max(classes) + 1 else as_whole(num_classes, "num_classes", least = 1)
  bad <- classes[classes < 0 | classes >= num_classes]
  if (length(bad)) {
    abort_argument("`y` holds class ", bad[1L], ", but `num_classes` is ", num_classes, ": classes count from 0 to ", num_classes - 1, ".")
  }
  out <- matrix(if (grepl("int", dtype)) 0L else 0, length(classes), num_classes)
  out[cbind(seq_along(classes), classes + 1)] <- if (grepl("int", dtype)) 1L else 1
  dim(out) <- c(sizes, num_classes)
  out
}

#' Normalize a matrix or array
#'
#' Divides by the norm along an axis; slices of norm 0 stay as they are.
#'
#' @param x Matrix or array to normalize.
#' @param axis Axis along which to normalize, counted from 1; -1 is the last.
#' @param order Order of the norm (2 for the Euclidean one).
#' @return A normalized copy of the array.
#' @family utils
#' @examples
#' normalize(matrix(1:6, 2))
#' @export
normalize <- function(x, axis = -1, order = 2) {
  if (is_tensor(x)) x <- as.array(x)
  sizes <- if (is.null(dim(x))) length(x) else dim(x)
  axis <- as_whole(axis, "axis")
  if (axis == 0 || abs(axis) > length(sizes)) abort_argument("`axis` must be from 1 to ", length(sizes), ", or negative. Received: ", axis, ".")
  if (axis < 0) axis <- axis + length(sizes) + 1
  others <- seq_along(sizes)[-axis]
  sums <- function(v) if (length(others)) apply(v, others, sum) else sum(v)
  norm <- if (!is.infinite(order)) {
    sums(array(abs(x)^order, sizes))^(1 / order)
  } else if (length(others)) {
    apply(abs(x), others, max)
  } else {
    max(abs(x))
  }
  norm[norm == 0] <- 1
  array(if (length(others)) sweep(array(x, sizes), others, norm, "/") else x / norm, sizes)
}

#' Reshape an array, elements in row-major order
#'
#' Unlike `dim<-`, which keeps R's column-major order of elements, this reads and writes the elements in row-major order (as Python
#' does), the last index changing fastest, so that the features of a sample stay together.
#'
#' @param x An array or vector.
#' @param dim The new dimensions; one of them may be -1 (or `NA`): worked out from the length.
#' @param order `"C"` for row-major, `"F"` for column-major order.
#' @return The array with its new dimensions.
#' @family utils
#' @examples
#' array_reshape(1:6, c(2, 3))
#' @export
array_reshape <- function(x, dim, order = c("C", "F")) {
  order <- one_of(order, c("C", "F"), "order")
  if (is_tensor(x)) return(op_reshape(x, dim))
  if (is.data.frame(x)) x <- data.matrix(x)
  if (is.list(dim)) dim <- vapply(dim, function(d) if (is.null(d)) NA_real_ else as.numeric(d), 0)
  sizes <- as.numeric(dim)
  open <- is.na(sizes) | sizes == -1
  if (sum(open) > 1L) abort_argument("`dim` may leave one size open. Received: ", received(dim), ".")
  if (any(open)) sizes[open] <- length(x) / prod(sizes[!open])
  if (prod(sizes) != length(x) || any(sizes != floor(sizes)))
    abort_shape("an array of ", length(x), " elements cannot be reshaped to (", paste(dim, collapse = ", "), ").")
  if (order == "F" || length(sizes) <= 1L && length(base::dim(x)) <= 1L) return(array(as.vector(x), sizes))
  flat <- if (length(base::dim(x)) > 1L) as.vector(aperm(x)) else as.vector(x)
  if (length(sizes) > 1L) aperm(array(flat, rev(sizes))) else array(flat, sizes)
}

#' Array in the type that models compute with
#'
#' @param x Vector, matrix, array, data frame, tensor, or a (named) list of these.
#' @param dtype `NULL`, or the type of the elements: a `"float..."` gives numbers, an `"int..."` integers.
#' @return A plain R array (vectors become 1-d arrays), or a list of them.
#' @family utils
#' @export
keras_array <- function(x, dtype = NULL) {
  if (is.null(x) || is_tensor(x)) return(x)
  if (is.data.frame(x)) x <- data.matrix(x)
  if (is.list(x)) return(lapply(x, keras_array, dtype = dtype))
  if (is.null(dim(x))) x <- array(x)
  if (!is.null(dtype)) {
    storage.mode(
      x) <- if (grepl("int", dtype)) "integer" else if (grepl("bool", dtype)) "logical" else if (grepl("str", dtype)) "character" else "double"
  }
  x
}

#' Zip lists
#'
#' Given lists of the same length, gives a list of lists: first elements together, second elements together, and so on. If the first
#' list has names, elements are matched by name.
#'
#' @param ... R lists, or one list of them.
#' @return A list.
#' @family utils
#' @examples
#' str(zip_lists(gradients = list("dw", "db"), weights = list("w", "b")))
#' @export
zip_lists <- function(...) {
  lists <- list(...)
  if (length(lists) == 1L) lists <- lists[[1L]]
  if (!length(lists)) return(list())
  if (length(unique(lengths(lists))) != 1L) {
    abort_argument("all lists must have the same length. Received: ", paste(lengths(lists), collapse = ", "), ".")
  }
  by <- names(lists[[1L]])
  if (!is.null(by) && !anyDuplicated(by)) {
    same <- vapply(lists, function(l) is.null(names(l)) || setequal(names(l), by), NA)
    if (!all(same)) abort_argument("all lists must have the same names.")
    lists <- lapply(lists, function(l) if (is.null(names(l))) l else l[by])
  }
  setNames(lapply(seq_along(lists[[1L]]), function(i) lapply(lists, `[[`, i)), by)
}
