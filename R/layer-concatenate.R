#' Concatenate inputs
#'
#' @inheritParams layer_add
#' @param axis Axis along which to concatenate, counted from 0 (the batch axis) as in Keras; -1 is the last.
#' @return A tensor (symbolic if the inputs are), or the layer.
#' @section Input shape: list of shapes that agree but for `axis`
#' @section Output shape: their shape, with the sizes along `axis` added up
#' @section Errors: `keratin_error_shape` if the other sizes differ.
#' @examples
#' layer_concatenate(list(matrix(1:4, 2), matrix(5:6, 2)))
#' @family merging layers
#' @export
layer_concatenate <- function(inputs, ..., axis = -1) create_merge(Concatenate, inputs, ..., more = list(axis = axis))

Concatenate <- R6::R6Class("Concatenate", inherit = Merge, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.merging.concatenate.Concatenate", "keras.layers.merging.base_merge._Merge"),
    axis = NULL,
    initialize = function(axis = -1L, ...) {
      super$initialize(...)
      if (length(axis) != 1L || !is_whole(axis)) abort_argument("`axis` must be one whole number. Received: axis = ", received(axis))
      self$axis <- as.integer(axis)
    },
    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      if (!is.list(dims)) abort_shape("a list of inputs is wanted")
      texts <- paste(vapply(dims, format_shape, ""), collapse = " and ")
      rank <- length(dims[[1L]])
      if (any(lengths(dims) != rank)) abort_shape("the inputs cannot be concatenated, their shapes are ", texts)
      axis <- if (self$axis < 0L) self$axis + rank else self$axis
      if (axis < 0L || axis >= rank) abort_argument("`axis` (", self$axis, ") is not an axis of inputs of shapes ", texts)
      for (other in setdiff(seq_len(rank), axis + 1L)) {
        sizes <- vapply(dims, function(d) d[other], 0L)
        if (length(unique(sizes[!is.na(sizes)])) > 1L) {
          abort_shape("the inputs cannot be concatenated along axis ", self$axis, ", their shapes are ", texts)
        }
      }
      self$built <- TRUE
    },
    call = function(inputs) op_concat(inputs, axis = self$axis),
    compute_mask = function(inputs, mask = NULL) {
      if (all(vapply(mask, is.null, NA))) return(NULL)
      masks <- Map(function(x, m) {
        if (is.null(m)) m <- op_ones_like(op_squeeze_to_mask(x), "bool")
        while (tensor_rank(m) < tensor_rank(x)) m <- op_expand_dims(m, -1L)
        op_logical_and(m, op_ones_like(x, "bool"))
      }, inputs, mask)
      op_reduce_all(op_concat(unname(masks), axis = self$axis), axes = -1L)
    },
    get_config = function() c(super$get_config(), list(axis = self$axis))
  )
)
op_squeeze_to_mask <- function(x) op_reduce_sum(x, axes = -1L)
