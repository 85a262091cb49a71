# Layers that merge several inputs elementwise. Inputs of lower rank get axes of size 1 behind the batch axis.

Merge <- R6::R6Class("Merge", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.merging.base_merge._Merge",
    supports_masking = TRUE,
    takes_list = TRUE,
    merge = function(inputs) NULL,   # a list of tensors -> a tensor
    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      if (!is.list(dims) || !length(dims)) abort_shape("a list of inputs is wanted, such as list(a, b)")
      check_mergeable(self, dims)
      self$built <- TRUE
    },
    call = function(inputs) self$merge(to_common_rank(inputs)),
    compute_mask = function(inputs, mask = NULL) and_masks(mask)
  )
)

check_mergeable <- function(layer, dims) {
  rank <- max(lengths(dims))
  padded <- lapply(dims, function(d) c(d[1L], rep(1L, rank - length(d)), d[-1L]))
  for (axis in seq_len(rank)) {
    sizes <- vapply(padded, function(d) d[axis], 0L)
    sizes <- unique(sizes[!is.na(sizes) & (axis == 1L | sizes != 1L)])
    if (length(sizes) > 1L) abort_shape("the inputs cannot be merged, their shapes are ", paste(vapply(dims, format_shape, ""), collapse = " and "))
  }
}

to_common_rank <- function(inputs) {
  ranks <- vapply(inputs, tensor_rank, 0L)
  lapply(inputs, function(x) {
    while (tensor_rank(x) < max(ranks)) x <- op_expand_dims(x, 1L)
    x
  })
}

# Inputs without a mask, such as positions added to words, leave the decision to the others.
and_masks <- function(mask) {
  masks <- Filter(Negate(is.null), mask)
  if (length(masks)) Reduce(op_logical_and, masks)
}

# Layer function's inputs: one list, or tensors one after the other; named arguments are the layer's.
merge_inputs <- function(inputs, ...) {
  dots <- list(...)
  named <- if (is.null(names(dots))) rep(FALSE, length(dots)) else nzchar(names(dots))
  object <- if (missing(inputs)) NULL else inputs
  if (any(!named)) object <- c(if (is_branch(object)) object else list(object), dots[!named])
  list(object = object, args = dots[named])
}

create_merge <- function(class, inputs, ..., more = list()) {
  merged <- merge_inputs(inputs, ...)
  create_layer(class, merged$object, c(more, merged$args))
}

#' Merge inputs elementwise
#'
#' Sum, difference (of two), product, mean, maximum or minimum of a list of inputs; axes of size 1 are repeated.
#'
#' @param inputs List of inputs (symbolic tensors, tensors or arrays); missing: the layer is returned.
#' @param ... Further inputs (unnamed); `name`, `dtype`, `trainable`.
#' @return A tensor (symbolic if the inputs are), or the layer.
#' @section Input shape: list of shapes that broadcast
#' @section Output shape: their common shape
#' @section Errors: `keratin_error_shape` if the shapes do not fit.
#' @examples
#' layer_add(list(matrix(c(1, 2, 3, 4), 2), matrix(1, 2, 2)))
#' @family merging layers
#' @export
layer_add <- function(inputs, ...) create_merge(Add, inputs, ...)
#' @rdname layer_add
#' @export
layer_subtract <- function(inputs, ...) create_merge(Subtract, inputs, ...)
#' @rdname layer_add
#' @export
layer_multiply <- function(inputs, ...) create_merge(Multiply, inputs, ...)
#' @rdname layer_add
#' @export
layer_average <- function(inputs, ...) create_merge(Average, inputs, ...)
#' @rdname layer_add
#' @export
layer_maximum <- function(inputs, ...) create_merge(Maximum, inputs, ...)
#' @rdname layer_add
#' @export
layer_minimum <- function(inputs, ...) create_merge(Minimum, inputs, ...)

merge_class <- function(name, merge, ...) {
  R6::R6Class(name, inherit = Merge, cloneable = FALSE, lock_objects = FALSE, public = c(list(
    keras_class = c(paste0("keras.layers.merging.", tolower(name), ".", name), "keras.layers.merging.base_merge._Merge"), merge = merge), list(...)))
}
Add <- merge_class("Add", function(inputs) Reduce(op_add, inputs))
Multiply <- merge_class("Multiply", function(inputs) Reduce(op_multiply, inputs))
Average <- merge_class("Average", function(inputs) op_divide(Reduce(op_add, inputs), length(inputs)))
Maximum <- merge_class("Maximum", function(inputs) Reduce(op_maximum, inputs))
Minimum <- merge_class("Minimum", function(inputs) Reduce(op_minimum, inputs))
Subtract <- merge_class("Subtract", function(inputs) {
  if (length(inputs) != 2L) abort_shape("the difference takes two inputs, ", length(inputs), " given")
  op_subtract(inputs[[1L]], inputs[[2L]])
})
