# The one way from R to the core's ops. Every op has an R function op_*() in R/op-*.R.

# Inputs: tensors, variables, KerasTensors, plain R values. NULL attributes are left out.
call_op <- function(name, inputs, attributes = NULL) {
  result <- .Call(`_keratin_op_apply`, name, inputs, attributes)  # op_apply(), one function call less
  if (!is.null(result)) return(result)
  if (any(vapply(inputs, is.list, NA))) return(call_op(name, lapply(inputs, function(x) if (is.list(x)) array_from_list(x) else x), attributes))
  keras_tensor_op(name, inputs, if (is.null(attributes)) list() else attributes)
}

# Lists and data frames of plain numbers take the dtype of what they meet, as arrays do.
array_from_list <- function(x) {
  value <- tensor(x)
  if (any(rapply(unclass(x), is_tensor, how = "unlist"))) value else as.array(value)
}

# d target / d source, a list: NULL where the target does not depend on the source. Sources are tensors and variables; `upstream`
# (same shape as the target) defaults to ones.
op_gradients <- function(target, sources, upstream = NULL) op_gradients_call(target, sources, upstream)

# Evaluates `expr` while results remember how they were computed.
with_recording <- function(expr) {
  recording_begin()
  on.exit(recording_end())
  force(expr)
}
