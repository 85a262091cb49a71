# Variables: state that outlives a call. An environment owns the memory (`memory`: a list holding one raw vector), so saveRDS(),
# forked workers and futures carry it; the core points into it through `pointer`, which is rebuilt on first use after a file or a process.

new_variable <- function(value, name = "Variable", trainable = TRUE, dtype = NULL) {
  start <- tensor(value, dtype)
  dtype <- tensor_dtype(start)
  variable_over(variable_memory(start, dtype), name, tensor_shape(start), dtype, trainable)
}

# Zeros of a floating dtype, without an R array of them on the way.
zero_variable <- function(shape, name, dtype)
  variable_over(list(raw(prod(shape) * if (dtype == "float64") 8 else 4)), name, shape, dtype, trainable = FALSE)

variable_over <- function(memory, name, shape, dtype, trainable) {
  v <- new.env(parent = emptyenv())
  v$dtype <- dtype
  v$memory <- memory
  v$name <- if (grepl(":[0-9]+$", name)) name else paste0(name, ":0")
  v$sizes <- as.numeric(shape)
  v$trainable <- trainable
  v$pointer <- NULL
  class(v) <- c("keratin_variable", "tensorflow.tensor")
  v
}

#' @export
`$<-.keratin_variable` <- function(x, name, value) {
  if (name == "trainable") structure_changed()
  assign(name, value, envir = x)
  x
}

# To be called whenever a walk through a layer may find other layers, weights or metrics than before: when one is made or put into a field,
# when a trainable switch is turned. What a walk has found may be kept while `structure_state$mark` is the same object (one of this session).
structure_state <- new.env(parent = emptyenv())
structure_changed <- function() structure_state$mark <- new.env(hash = FALSE, parent = emptyenv())

is_variable <- function(x) inherits(x, "keratin_variable")
variable_read <- function(variable) variable_read_call(variable)
variable_assign <- function(variable, value) {
  if (!is_tensor(value)) value <- tensor_create(shaped_like(value, .subset2(variable, "sizes")), .subset2(variable, "dtype"))
  variable_assign_call(variable, value)
  invisible(variable)
}

# For the few whose size is learned (`open`): another value of another size.
variable_resize <- function(variable, value) {
  value <- tensor(value, .subset2(variable, "dtype"))
  variable$memory <- variable_memory(value, tensor_dtype(value))
  variable$sizes <- as.numeric(tensor_shape(value))
  variable$pointer <- NULL
}
is_open <- function(variable) isTRUE(.subset2(variable, "open"))

# A plain R vector may stand for a 1-d array or a scalar; anything else must have the dims it says.
shaped_like <- function(value, sizes) {
  if (is.null(dim(value)) && length(sizes) == 1L && length(value) == sizes) dim(value) <- sizes
  if (!length(sizes) && length(value) == 1L) dim(value) <- NULL
  value
}

#' @export
`$.keratin_variable` <- function(x, name) {
  switch(name,
    dtype = dtype_object(.subset2(x, "dtype")),
    shape = tensor_shape_object(as.integer(.subset2(x, "sizes"))),
    value = , read_value = function() variable_read(x),
    numpy = function() variable_value(x),
    assign = function(value, ...) variable_assign(x, value),
    assign_add = function(delta, ...) variable_assign(x, op_add(x, delta)),
    assign_sub = function(delta, ...) variable_assign(x, op_subtract(x, delta)),
    get_shape = function() tensor_shape_object(as.integer(.subset2(x, "sizes"))),
    get0(name, envir = x, inherits = FALSE))
}
#' @export
as.array.keratin_variable <- function(x, ...) variable_value(x)
#' @export
as.vector.keratin_variable <- function(x, mode = "any") as.vector(variable_value(x), mode)
#' @export
as.matrix.keratin_variable <- function(x, ...) as.matrix(variable_value(x))
#' @export
as.double.keratin_variable <- function(x, ...) as.double(variable_value(x))
#' @export
as.integer.keratin_variable <- function(x, ...) as.integer(variable_value(x))
#' @export
as.logical.keratin_variable <- function(x, ...) as.logical(variable_value(x))
#' @export
as.character.keratin_variable <- function(x, ...) as.character(variable_value(x))
#' @export
dim.keratin_variable <- function(x) as.integer(.subset2(x, "sizes"))
#' @export
length.keratin_variable <- function(x) as.integer(prod(.subset2(x, "sizes")))
#' @export
format.keratin_variable <- function(x, ...) format_variable(variable_value(x), .subset2(x, "dtype"), .subset2(x, "name"))
#' @export
print.keratin_variable <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
