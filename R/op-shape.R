# Ops that move elements and change shapes. Axes count from 0, negative ones from the end; NA and -1 are unknown sizes.

op_identity <- function(x) call_op("identity", list(x))
op_stop_gradient <- function(x) call_op("stop_gradient", list(x))
op_reshape <- function(x, shape) call_op("reshape", list(x), list(shape = as.numeric(shape)))
op_expand_dims <- function(x, axis = -1L) call_op("expand_dims", list(x), list(axis = axis))
op_squeeze <- function(x, axes = NULL) call_op("squeeze", list(x), list(axes = axes))
op_transpose <- function(x, perm = NULL) call_op("transpose", list(x), list(perm = perm))
op_broadcast_to <- function(x, shape) call_op("broadcast_to", list(x), list(shape = as.numeric(shape)))
op_broadcast_like <- function(x, like) call_op("broadcast_like", list(x, like))
op_tile <- function(x, multiples) call_op("tile", list(x), list(multiples = multiples))
op_repeat_elements <- function(x, axis, repeats) call_op("repeat_elements", list(x), list(axis = axis, repeats = repeats))
op_reverse <- function(x, axes) call_op("reverse", list(x), list(axes = axes))

op_concat <- function(x, axis = -1L) call_op("concat", x, list(axis = axis))
op_stack <- function(x, axis = 0L) call_op("stack", x, list(axis = axis))
op_unstack <- function(x, axis = 0L) as_tensor_list(call_op("unstack", list(x), list(axis = axis)))
# `sizes`: of each part; or `parts`, how many equal ones.
op_split <- function(x, axis = 0L, sizes = NULL, parts = NULL) {
  as_tensor_list(call_op("split", list(x), list(axis = axis, sizes = sizes, parts = parts)))
}
as_tensor_list <- function(x) if (is.list(x) && !is_tensor(x)) x else list(x)

# paddings: c(before, after) for each axis. Modes "reflect" and "symmetric" mirror the array at its edges.
op_pad <- function(x, paddings, mode = "constant", value = 0) {
  paddings <- as.vector(t(matrix(as.numeric(paddings), ncol = 2L, byrow = is.null(dim(paddings)))))
  mode <- tolower(mode)
  if (mode == "constant") return(call_op("pad", list(x), list(paddings = paddings, value = value)))
  if (!mode %in% c("reflect", "symmetric")) abort_argument("`mode` must be \"constant\", \"reflect\" or \"symmetric\". Received: ", received(mode))
  shape <- tensor_shape(x)
  for (axis in which(paddings[c(TRUE, FALSE)] + paddings[c(FALSE, TRUE)] > 0)) {
    before <- paddings[2L * axis - 1L]
    after <- paddings[2L * axis]
    n <- shape[axis]
    edge <- as.integer(mode == "reflect")
    if (is.na(n)) abort_shape("padding by reflection needs a known size. Axis ", axis - 1L, " is unknown.")
    if (max(before, after) > n - edge) abort_shape("cannot reflect ", max(before, after), " elements of an axis of ", n, ".")
    index <- c(rev(seq_len(before)) - 1L + edge, seq_len(n) - 1L, n - edge - seq_len(after))
    x <- op_gather(x, index, axis - 1L)
  }
  x
}

# size -1 or NA: to the end.
op_slice <- function(x, begin, size) call_op("slice", list(x), list(begin = begin, size = size))
# Python's x[begin:end:stride] for the leading axes; masks hold 0 or 1 for each: begin or end left open, the axis dropped.
op_strided_slice <- function(x, begin, end, strides = NULL, begin_mask = NULL, end_mask = NULL, shrink_mask = NULL) {
  call_op("strided_slice", list(x),
          list(begin = begin, end = end, strides = strides, begin_mask = begin_mask, end_mask = end_mask, shrink_mask = shrink_mask))
}

# Indices count from 0.
op_gather <- function(x, indices, axis = 0L, batch_dims = 0L) {
  call_op("gather", list(as_data_tensor(x), as_index_tensor(indices)), list(axis = axis, batch_dims = batch_dims))
}
op_gather_nd <- function(x, indices) call_op("gather_nd", list(as_data_tensor(x), as_index_tensor(indices)))
op_one_hot <- function(indices, depth, on = 1, off = 0, dtype = NULL) {
  call_op("one_hot", list(as_index_tensor(indices)), list(depth = depth, on = on, off = off, dtype = dtype_name(dtype) %||% floatx_get()))
}
# A plain array beside indices keeps its own dtype.
as_data_tensor <- function(x) if (is_tensor(x)) x else tensor(x)
# A vector of one index is still a vector.
as_index_tensor <- function(x) {
  if (is_tensor(x)) return(x)
  tensor(if (is.null(dim(x)) && length(x) == 1L) x else as.array(x), "int32")
}

# The sizes as an int32 tensor: a constant where they are known.
op_shape_of <- function(x, dtype = "int32") {
  shape <- tensor_shape(x)
  if (anyNA(shape)) call_op("shape_of", list(x), list(dtype = dtype)) else tensor(array(as.integer(shape), length(shape)), dtype)
}
op_range <- function(start, stop, step = 1, dtype = "int32") {
  call_op("range", list(), list(start = start, stop = stop, step = step, dtype = dtype_name(dtype)))
}
op_fill <- function(shape, value = 0, dtype = NULL) {
  call_op("fill", list(), list(shape = as.numeric(shape), value = as.numeric(value), dtype = dtype_name(dtype) %||% floatx_get()))
}
op_eye <- function(rows, columns = rows, dtype = NULL) {
  call_op("eye", list(), list(rows = rows, columns = columns, dtype = dtype_name(dtype) %||% floatx_get()))
}
op_zeros_like <- function(x, dtype = NULL) fill_like(x, 0, dtype)
op_ones_like <- function(x, dtype = NULL) fill_like(x, 1, dtype)
fill_like <- function(x, value, dtype) {
  dtype <- dtype_name(dtype) %||% tensor_dtype(if (is_tensor(x)) x else tensor(x))
  shape <- tensor_shape(x)
  if (!anyNA(shape) && !is_keras_tensor(x)) return(op_fill(shape, value, dtype))
  op_broadcast_like(tensor(value, dtype), x)
}

# The elements for which `mask`, an R array of truth values that covers the axes from `axis` on, holds.
op_boolean_mask <- function(x, mask, axis = 0L) {
  size <- if (is.null(dim(mask))) length(mask) else dim(mask)
  shape <- tensor_shape(x)
  covered <- axis + seq_along(size)
  if (length(size) > length(shape) - axis || !isTRUE(all(shape[covered] == size)))
    abort_shape("`mask` of shape (", shape_text(size), ") does not fit a tensor of shape (", shape_text(shape), ") at axis ", axis, ".")
  flat <- op_reshape(x, c(shape[seq_len(axis)], prod(size), shape[-seq_len(axis + length(size))]))
  by_row <- as.vector(aperm(array(as.logical(mask), size)))
  op_gather(flat, array(which(by_row) - 1L), axis)
}

# f works along the last axis; `axis` is moved there and back.
on_last_axis <- function(x, axis, f) {
  rank <- tensor_rank(x)
  if (axis < 0L) axis <- axis + rank
  if (axis == rank - 1L) return(f(x))
  swap <- replace(seq_len(rank), c(axis + 1L, rank), c(rank, axis + 1L)) - 1L
  op_transpose(f(op_transpose(x, swap)), swap)
}
