#' Choices
#'
#' `k_switch()` takes one of two values by a condition; `k_in_train_phase()` and `k_in_test_phase()` by the phase.
#'
#' @param condition A number or truth value, or a tensor of bool that chooses element by element.
#' @param then_expression,else_expression,x,alt Values, or functions that give them.
#' @param training Phase; `NULL` for that of the call under way, or [k_learning_phase()].
#' @return One of the two values.
#' @family backend functions
#' @examples
#' k_switch(k_constant(TRUE, dtype = "bool"), c(1, 2), c(3, 4))
#' k_in_train_phase(1, 2, training = FALSE)
#' @export
k_switch <- function(condition, then_expression, else_expression) {
  known <- !is_tensor(condition) || !is_symbolic(condition)
  if (known && prod(tensor_shape(condition)) == 1 && (!is_tensor(condition) || tensor_rank(condition) == 0L)) {
    chosen <- if (isTRUE(as.logical(as.vector(if (is_tensor(condition)) as.array(condition) else condition)))) then_expression else else_expression
    return(tensor_of(value_of(chosen)))
  }
  if (!is_bool(condition)) condition <- op_cast(condition, "bool")
  yes <- tensor_of(value_of(then_expression))
  missing_axes <- tensor_rank(yes) - tensor_rank(condition)
  if (tensor_rank(condition) > 0L) for (i in seq_len(max(0L, missing_axes))) condition <- op_expand_dims(condition, -1L)
  op_select(condition, yes, value_of(else_expression))
}
value_of <- function(x) if (is.function(x) && !is_tensor(x)) x() else x
tensor_of <- function(x) if (is.atomic(x)) tensor(x) else x

#' @rdname k_switch
#' @export
k_in_train_phase <- function(x, alt, training = NULL) {
  phase <- if (is.null(training)) k_learning_phase() else training
  if (is_tensor(phase)) return(k_switch(phase, x, alt))
  value_of(if (isTRUE(as.logical(phase))) x else alt)
}
#' @rdname k_switch
#' @export
k_in_test_phase <- function(x, alt, training = NULL) k_in_train_phase(alt, x, training)

#' The learning phase
#'
#' 0 for inference, 1 for training. Layers such as dropout look at it when a call does not say `training`.
#'
#' @param value 0 or 1.
#' @return The phase.
#' @family backend functions
#' @examples
#' k_learning_phase()
#' @export
k_learning_phase <- function() as.integer(training_phase(NULL))
#' @rdname k_learning_phase
#' @export
k_set_learning_phase <- function(value) {
  if (!is.null(value) && !isTRUE(value %in% c(0, 1))) abort_argument("`value` must be 0 or 1. Received: value = ", received(value))
  layer_state$learning_phase <- value
  invisible(value)
}

#' Functions over the first axis
#'
#' @param fn For `k_map_fn()`, a function of one element; for the folds, of the accumulated value and an element.
#' @param elems Tensor or array, taken apart along its first axis; or a list of them.
#' @param initializer First accumulated value; the first (or last) element if `NULL`.
#' @param name Ignored.
#' @param dtype Dtype of the result.
#' @return A tensor (or a list of them).
#' @family backend functions
#' @examples
#' k_map_fn(function(e) e * 2, k_constant(matrix(1:4, 2)))
#' k_foldl(function(acc, e) acc + e, k_constant(1:4))
#' @export
k_map_fn <- function(fn, elems, name = NULL, dtype = NULL) {
  if (has_unknown_length(elems)) return(map_unknown_length(fn, elems, dtype))
  results <- lapply(elements_of(elems), fn)
  stacked <- if (is_plain_list(results[[1L]])) lapply(seq_along(results[[1L]]), function(i) op_stack(lapply(results, `[[`, i))) else op_stack(results)
  if (is.null(dtype) || is_plain_list(stacked)) stacked else op_cast(stacked, dtype)
}
#' @rdname k_map_fn
#' @export
k_foldl <- function(fn, elems, initializer = NULL, name = NULL) {
  if (has_unknown_length(elems)) fold_unknown_length(fn, elems, initializer) else fold_elements(fn, elements_of(elems), initializer)
}
#' @rdname k_map_fn
#' @export
k_foldr <- function(fn, elems, initializer = NULL, name = NULL) {
  if (has_unknown_length(elems)) fold_unknown_length(fn, elems, initializer) else fold_elements(fn, rev(elements_of(elems)), initializer)
}

# Only shapes are inferred then: one element stands for all.
has_unknown_length <- function(elems) {
  first <- if (is_plain_list(elems)) elems[[1L]] else elems
  unknown <- is_tensor(first) && is.na(tensor_shape(first)[1L])
  if (unknown && is_keras_tensor(first)) {
    abort_argument("the number of elements of a Keras tensor is not known. Call the function inside layer_lambda() or a layer's call().")
  }
  unknown
}
one_element <- function(elems) if (is_plain_list(elems)) lapply(elems, one_element) else op_strided_slice(elems, 0, 1, shrink_mask = 1)
fold_unknown_length <- function(fn, elems, initializer) {
  one <- one_element(elems)
  fn(if (is.null(initializer)) one else initializer, one)
}
map_unknown_length <- function(fn, elems, dtype) {
  first <- if (is_plain_list(elems)) elems[[1L]] else elems
  result <- fn(one_element(elems))
  spread <- function(y) {
    y <- op_expand_dims(if (is.null(dtype)) tensor_of(y) else op_cast(y, dtype), 0L)
    keep <- op_cast(op_reduce_sum(first, seq_len(tensor_rank(first))[-1L] - 1L), tensor_dtype(y))
    for (i in seq_len(tensor_rank(y) - 1L)) keep <- op_expand_dims(keep, -1L)
    op_add(y, op_multiply(keep, 0))
  }
  if (is_plain_list(result)) lapply(result, spread) else spread(result)
}

fold_elements <- function(fn, parts, initializer) if (is.null(initializer)) Reduce(fn, parts) else Reduce(fn, parts, initializer)
is_plain_list <- function(x) is.list(x) && !is_tensor(x)
elements_of <- function(elems) {
  if (is_plain_list(elems)) return(do.call(Map, c(list(list), lapply(elems, elements_of))))
  op_unstack(if (is_tensor(elems)) elems else tensor(if (is.null(dim(elems))) array(elems, length(elems)) else elems))
}

#' Runs a step over time
#'
#' @param step_function Function of the inputs of one step (batch, ...) and the list of states; gives a list of the output and the list of
#'   new states.
#' @param inputs Tensor of shape (batch, time, ...).
#' @param initial_states List of tensors.
#' @param go_backwards Whether to begin with the last step.
#' @param mask Tensor of bool (batch, time): where it is `FALSE` the step is passed over and the last output repeated.
#' @param constants List of values that each step also gets, after the states.
#' @param unroll,input_length Ignored: the steps are always unrolled. A Keras tensor must have a known number of steps; inside a layer it may be
#'   unknown.
#' @return List of the last output, the outputs (batch, time, ...), and the list of final states.
#' @family backend functions
#' @examples
#' step <- function(x, states) { y <- x + states[[1]]; list(y, list(y)) }
#' k_rnn(step, k_ones(c(1, 3, 2)), list(k_zeros(c(1, 2))))[[1]]
#' @export
k_rnn <- function(step_function, inputs, initial_states, go_backwards = FALSE, mask = NULL, constants = NULL, unroll = FALSE, input_length = NULL) {
  if (!is_tensor(inputs)) inputs <- tensor(inputs)
  steps <- tensor_shape(inputs)[2L]
  states <- initial_states
  if (is.na(steps)) {  # only the shapes can be wanted
    if (is_keras_tensor(inputs)) {
      abort_argument("k_rnn() cannot run over a Keras tensor whose number of steps is not known. ",
                     "Call it inside layer_lambda() or a layer's call(), or use layer_rnn().")
    }
    first <- step_function(op_strided_slice(inputs, c(0, 0), c(0, 1), begin_mask = c(1, 0), end_mask = c(1, 0), shrink_mask = c(0, 1)),
                           c(states, constants))
    return(list(first[[1L]], with_unknown_time(first[[1L]], inputs), first[[2L]]))
  }
  slices <- op_unstack(inputs, 1L)
  masks <- if (!is.null(mask)) op_unstack(if (is_bool(mask)) mask else op_cast(mask, "bool"), 1L)
  order <- if (go_backwards) rev(seq_len(steps)) else seq_len(steps)
  outputs <- vector("list", steps)
  last <- NULL
  for (k in seq_len(steps)) {
    t <- order[k]
    result <- step_function(slices[[t]], c(states, constants))
    output <- result[[1L]]
    new_states <- result[[2L]]
    if (!is.null(masks)) {
      if (is.null(last)) last <- op_zeros_like(output)
      output <- where_mask(masks[[t]], output, last)
      new_states <- Map(function(new, old) where_mask(masks[[t]], new, old), new_states, states)
    }
    states <- new_states
    last <- outputs[[k]] <- output
  }
  list(last, op_stack(outputs, 1L), states)
}
where_mask <- function(mask, new, old) {
  for (i in seq_len(max(0L, tensor_rank(new) - tensor_rank(mask)))) mask <- op_expand_dims(mask, -1L)
  op_select(mask, new, old)
}
# (batch, ...) with the unknown time axis of `inputs` put in second place.
with_unknown_time <- function(output, inputs) {
  keep <- op_reduce_sum(inputs, axes = setdiff(seq_len(tensor_rank(inputs)) - 1L, c(0L, 1L)))
  for (i in seq_len(max(0L, tensor_rank(output) - 1L))) keep <- op_expand_dims(keep, -1L)
  op_add(op_expand_dims(output, 1L), op_multiply(keep, 0))
}

#' Functions and gradients
#'
#' `k_function()` makes an R function of the path from Keras tensors to Keras tensors. `k_gradients()` differentiates, inside a
#' [tf$GradientTape()][tf] or a layer's `call()`.
#'
#' @param inputs,outputs Keras tensors, or lists of them.
#' @param updates,... Ignored.
#' @param loss Tensor to differentiate.
#' @param variables Tensors and variables, or a list of them.
#' @return `k_function()`: a function of a list of arrays, giving arrays. `k_gradients()`: a list of tensors.
#' @family backend functions
#' @examples
#' x <- layer_input(shape = 2)
#' f <- k_function(list(x), list(x * 2))
#' f(list(matrix(1:4, 2)))
#' @export
k_function <- function(inputs, outputs, updates = NULL, ...) {
  model <- keras_model(inputs, outputs)
  one_in_list <- is_plain_list(outputs) && length(outputs) == 1L
  function(model_inputs) {
    values <- model(if (is_plain_list(model_inputs) && length(model_inputs) == 1L) model_inputs[[1L]] else model_inputs)
    if (one_in_list && !is_plain_list(values)) values <- list(values)
    if (is_plain_list(values)) lapply(values, as.array) else as.array(values)
  }
}
#' @rdname k_function
#' @export
k_gradients <- function(loss, variables) {
  if (is_keras_tensor(loss)) abort_argument("k_gradients() cannot differentiate a Keras tensor. Use with(tf$GradientTape() %as% tape, { ... }).")
  op_gradients(loss, if (is_plain_list(variables)) unname(variables) else list(variables))
}
#' @rdname k_function
#' @export
k_stop_gradient <- function(variables) if (is_plain_list(variables)) lapply(variables, op_stop_gradient) else op_stop_gradient(variables)
