#' Values of variables and tensors
#'
#' @param x,ops Tensor or variable, or a list of them.
#' @param value,new_x New value.
#' @param increment,decrement Value to add or take away.
#' @param lists List of pairs `list(variable, value)`.
#' @param momentum Share of the old value in the moving average.
#' @param message Text printed before the values.
#' @return `k_get_value()` and `k_eval()`: R arrays; `k_print_tensor()` the tensor; the updating functions the variable, invisibly.
#' @family backend functions
#' @examples
#' v <- k_variable(c(1, 2))
#' k_update_add(v, c(10, 10))
#' k_get_value(v)
#' @name k_get_value
NULL

#' @rdname k_get_value
#' @export
k_eval <- function(x) k_get_value(x)
#' @rdname k_get_value
#' @export
k_get_value <- function(x) if (is_tensor(x)) as.array(x) else x
#' @rdname k_get_value
#' @export
k_batch_get_value <- function(ops) lapply(ops, k_get_value)
#' @rdname k_get_value
#' @export
k_set_value <- function(x, value) {
  variable_assign(as_variable(x), value)
  invisible(NULL)
}
#' @rdname k_get_value
#' @export
k_batch_set_value <- function(lists) {
  for (pair in lists) k_set_value(pair[[1L]], pair[[2L]])
  invisible(NULL)
}
#' @rdname k_get_value
#' @export
k_update <- function(x, new_x) invisible(variable_assign(as_variable(x), new_x))
#' @rdname k_get_value
#' @export
k_update_add <- function(x, increment) invisible(variable_assign(as_variable(x), op_add(x, increment)))
#' @rdname k_get_value
#' @export
k_update_sub <- function(x, decrement) invisible(variable_assign(as_variable(x), op_subtract(x, decrement)))
#' @rdname k_get_value
#' @export
k_moving_average_update <- function(x, value, momentum) {
  invisible(variable_assign(as_variable(x), op_add(op_multiply(x, momentum), op_multiply(same_dtype(value, x), 1 - momentum))))
}
as_variable <- function(x) if (is_variable(x)) x else abort_argument("only a variable can be given a value. Received: ", received(class(x)))

#' @rdname k_get_value
#' @export
k_print_tensor <- function(x, message = "") {
  cat(message, if (nzchar(message)) " ", paste(if (is_tensor(x)) format(x) else format(tensor(x)), collapse = "\n"), "\n", sep = "")
  invisible(x)
}

#' What is it?
#'
#' @param x Any object.
#' @param shape Sizes, with `NULL` or `NA` for unknown ones.
#' @param ndim Number of axes, if `shape` is not given.
#' @param dtype,name Dtype and name of the placeholder.
#' @param sparse Must be `FALSE`.
#' @return `TRUE` or `FALSE`; `k_placeholder()` gives a Keras tensor, as [layer_input()] does.
#' @family backend functions
#' @examples
#' k_is_tensor(k_constant(1))
#' k_is_placeholder(k_placeholder(c(2, 3)))
#' @export
k_is_tensor <- function(x) is_tensor(x)
#' @rdname k_is_tensor
#' @export
k_is_keras_tensor <- function(x) {
  if (!is_tensor(x) && !k_is_sparse(x)) abort_argument("k_is_keras_tensor() takes a tensor. Received: ", received(x))
  is_keras_tensor(x)
}
#' @rdname k_is_tensor
#' @export
k_is_placeholder <- function(x) is_keras_tensor(x) && inherits(.subset2(x, "history")$layer, "InputLayer")
#' @rdname k_is_tensor
#' @export
k_placeholder <- function(shape = NULL, ndim = NULL, dtype = NULL, sparse = FALSE, name = NULL) {
  if (isTRUE(sparse)) abort_argument("keratin has no sparse placeholders. Received: sparse = TRUE")
  if (is.null(shape)) {
    if (is.null(ndim)) abort_argument("k_placeholder() needs `shape` or `ndim`.")
    shape <- rep_len(NA, ndim)
  }
  layer_input(batch_shape = shape, dtype = dtype, name = name)
}

#' Names and sessions
#'
#' @param prefix Text before the number.
#' @param session,value Ignored: there are no sessions.
#' @return `k_get_uid()`: the next number of the prefix, from 1. The others `NULL`, invisibly.
#' @family backend functions
#' @examples
#' k_get_uid("dense")
#' @export
k_get_uid <- function(prefix = "") {
  key <- paste0("uid ", prefix)
  count <- layer_state$counts[[key]]
  layer_state$counts[[key]] <- if (is.null(count)) 1L else count + 1L
  layer_state$counts[[key]]
}
#' @rdname k_get_uid
#' @export
k_reset_uids <- function() {
  reset_names()
  invisible(NULL)
}
#' @rdname k_get_uid
#' @export
k_get_session <- function() invisible(NULL)
#' @rdname k_get_uid
#' @export
k_set_session <- function(session) invisible(NULL)
#' @rdname k_get_uid
#' @export
k_manual_variable_initialization <- function(value) invisible(NULL)
