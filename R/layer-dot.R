#' Dot product of two inputs
#'
#' @inheritParams layer_add
#' @param axes Axis of both inputs, or of each, along which to multiply and add; counted from 0 (the batch axis) as in Keras.
#' @param normalize Whether to divide by the norms first: the cosine similarity.
#' @return A tensor (symbolic if the inputs are), or the layer.
#' @section Input shape: list of two shapes
#' @section Output shape: (batch, other axes of the first, other axes of the second); (batch, 1) if there are none
#' @examples
#' layer_dot(list(matrix(c(1, 2, 3, 4), 2), matrix(1, 2, 2)), axes = 1)
#' @family merging layers
#' @export
layer_dot <- function(inputs, ..., axes, normalize = FALSE) create_merge(Dot, inputs, ..., more = list(axes = axes, normalize = normalize))

Dot <- R6::R6Class("Dot", inherit = Merge, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.merging.dot.Dot", "keras.layers.merging.base_merge._Merge"),
    axes = NULL, normalize = NULL,
    initialize = function(axes, normalize = FALSE, ...) {
      super$initialize(...)
      axes <- unlist(axes)
      if (!length(axes) %in% 1:2 || !is_whole(axes)) abort_argument("`axes` must be one or two whole numbers. Received: axes = ", received(axes))
      self$axes <- as.integer(axes)
      self$normalize <- as_flag(normalize, "normalize")
    },
    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      if (!is.list(dims) || length(dims) != 2L) abort_shape("a dot product takes a list of two inputs")
      axes <- dot_axes(self$axes, lengths(dims))
      sizes <- c(dims[[1L]][axes[1L] + 1L], dims[[2L]][axes[2L] + 1L])
      if (!anyNA(sizes) && sizes[1L] != sizes[2L]) abort_shape("the inputs have shapes ", format_shape(dims[[1L]]), " and ", format_shape(dims[[2L]]),
                                                               ": the sizes along `axes` (", sizes[1L], ", ", sizes[2L], ") differ")
      self$built <- TRUE
    },
    call = function(inputs) {
      a <- inputs[[1L]]
      b <- inputs[[2L]]
      axes <- dot_axes(self$axes, c(tensor_rank(a), tensor_rank(b)))
      if (self$normalize) {
        a <- unit_length(a, axes[1L])
        b <- unit_length(b, axes[2L])
      }
      batch_dot(a, b, axes)
    },
    compute_mask = function(inputs, mask = NULL) NULL,
    get_config = function()
      c(super$get_config(), list(axes = if (length(self$axes) == 1L) self$axes else as.list(self$axes), normalize = self$normalize))
  )
)

dot_axes <- function(axes, ranks) {
  axes <- rep_len(axes, 2L)
  bad <- axes < -ranks | axes >= ranks
  if (any(bad)) {
    abort_argument("`axes` (", axes[bad][1L], ") is not an axis of an input of rank ", ranks[bad][1L],
                   ". It counts from 0, the batch, or from the end with -1")
  }
  ifelse(axes < 0L, axes + ranks, axes)
}
unit_length <- function(x, axis) op_multiply(x, op_rsqrt(op_maximum(op_reduce_sum(op_square(x), axes = axis, keepdims = TRUE), 1e-12)))

# Sum over one axis of each, sample by sample: both become (batch, others, axis) and are multiplied as matrices.
batch_dot <- function(a, b, axes) {
  flat <- function(x, axis) {
    rank <- tensor_rank(x)
    others <- setdiff(seq_len(rank - 1L), axis)
    dims <- tensor_shape(x)
    x <- if (rank == 2L) x else op_transpose(x, c(0L, others, axis))
    list(x = op_reshape(x, c(dims[1L], prod(dims[others + 1L]), dims[axis + 1L])), dims = dims[others + 1L])
  }
  left <- flat(a, axes[1L])
  right <- flat(b, axes[2L])
  product <- op_matmul(left$x, right$x, transpose_b = TRUE)
  dims <- c(left$dims, right$dims)
  op_reshape(product, c(tensor_shape(a)[1L], if (length(dims)) dims else 1L))
}
