# Arrays under tf: making them, their shapes, and moving their elements. Axes and positions count from 0.

tf_constant <- function(value, dtype = NULL, shape = NULL) {
  x <- tensor(value, dtype)
  if (is.null(shape)) x else k_constant(x, shape = shape)
}

tf_variable <- function(initial_value = NULL, trainable = NULL, validate_shape = TRUE, caching_device = NULL, name = NULL, variable_def = NULL,
                        dtype = NULL, import_scope = NULL, constraint = NULL, synchronization = NULL, aggregation = NULL, shape = NULL) {
  refuse(variable_def)
  refuse(shape)
  if (is.null(initial_value)) abort_argument("tf$Variable() needs `initial_value`.")
  if (is.function(initial_value) && !is_tensor(initial_value)) initial_value <- initial_value()
  variable <- new_variable(initial_value, name = name %||% "Variable", trainable = !isFALSE(trainable), dtype = dtype_name(dtype))
  assign("constraint", constraint, envir = variable)
  variable
}

tf_convert <- function(value, dtype = NULL, dtype_hint = NULL) {
  if (!is.null(dtype) && is_tensor(value) && tensor_dtype(value) != dtype_name(dtype))
    abort_argument("the tensor has dtype ", tensor_dtype(value), ", `dtype` = \"", dtype_name(dtype), "\" is wanted: use tf$cast().")
  tensor(value, dtype)
}

tf_range <- function(start, limit = NULL, delta = 1, dtype = NULL) {
  if (is.null(limit)) {
    limit <- start
    start <- 0L
  }
  ends <- list(start, limit, delta)
  if (is.null(dtype)) {   # a default of 1 for delta decides nothing
    types <- vapply(c(list(start, limit), if (!identical(delta, 1)) list(delta)), function(v) tensor_dtype(if (is_tensor(v)) v else tensor(v)), "")
    dtype <- if (any(types == "float64")) "float64" else if (any(is_float(types))) "float32" else if (any(types == "int64")) "int64" else "int32"
  }
  # A size that is not known yet gives a range of unknown length, where only shapes are wanted.
  number <- function(v) if (!is_tensor(v)) as.numeric(v) else if (layer_state$inferring && is_symbolic(v)) NA_real_ else as.numeric(as.array(v))
  numbers <- vapply(ends, number, 0)
  op_range(numbers[1L], numbers[2L], numbers[3L], dtype)
}

# Which elements hold: a bool tensor without x and y gives their positions.
tf_where <- function(condition, x = NULL, y = NULL) {
  if (is.null(x) != is.null(y)) abort_argument("tf$where() takes both `x` and `y`, or none of them.")
  if (!is.null(x)) {
    if (is_tensor(condition) && tensor_dtype(condition) != "bool") condition <- op_cast(condition, "bool")
    return(op_select(condition, x, y))
  }
  condition <- tf_known(condition, "tf$where(condition)")
  value <- array(as.logical(condition), if (is.null(dim(condition))) length(condition) else dim(condition))
  at <- arrayInd(which(value), dim(value))
  at <- at[do.call(order, lapply(seq_len(ncol(at)), function(k) at[, k])), , drop = FALSE]   # row by row
  tensor(at - 1L, "int64")
}

# The value of a tensor, which there is none of while a function is traced.
tf_known <- function(x, what) {
  if (!is_tensor(x)) return(x)
  if (is_symbolic(x)) {
    abort_value(what, " needs the values of its tensor, which are not known while a function is traced. ",
                "Write it with operations on whole tensors, or use run_eagerly = TRUE.")
  }
  as.array(x)
}

tf_boolean_mask <- function(tensor, mask, axis = NULL) {
  at <- if (is.null(axis)) 0L else tf_axes(axis)
  mask <- tf_known(mask, "tf$boolean_mask()")
  op_boolean_mask(as_data_tensor(tensor), mask, at)
}

# `paddings`: one row (before, after) an axis, as a matrix, a list of pairs or a tensor.
tf_pad <- function(tensor, paddings, mode = "CONSTANT", constant_values = 0) {
  if (is_tensor(paddings)) paddings <- as.array(paddings)
  if (is.list(paddings)) paddings <- do.call(rbind, lapply(paddings, function(p) as.numeric(unlist(p))))
  if (!is.matrix(paddings)) paddings <- matrix(paddings, ncol = 2L, byrow = TRUE)
  if (nrow(paddings) != tensor_rank(tensor) || ncol(paddings) != 2L)
    abort_argument("`paddings` must have a row (before, after) for each of the ", tensor_rank(tensor), " axes. Received: paddings = ",
                   received(paddings))
  op_pad(tensor, as.vector(t(paddings)), mode, as.numeric(constant_values))
}

tf_split <- function(value, num_or_size_splits, axis = 0L, num = NULL) {
  sizes <- sizes_of(num_or_size_splits)
  if (length(sizes) == 1L && !is.list(num_or_size_splits)) op_split(value, tf_axes(axis), parts = sizes) else {
    whole <- tensor_shape(value)[tf_axes(axis) + 1L + if (tf_axes(axis) < 0L) tensor_rank(value) else 0L]
    if (any(sizes == -1)) sizes[sizes == -1] <- whole - sum(sizes[sizes != -1])
    op_split(value, tf_axes(axis), sizes = sizes)
  }
}

tf_gather <- function(params, indices, validate_indices = NULL, axis = NULL, batch_dims = 0L) {
  batch_dims <- as.integer(batch_dims)
  op_gather(params, indices, if (is.null(axis)) batch_dims else tf_axes(axis), batch_dims)
}

tf_one_hot <- function(indices, depth, on_value = 1, off_value = 0, axis = -1L, dtype = NULL) {
  x <- op_one_hot(indices, as.numeric(depth), as.numeric(on_value), as.numeric(off_value), dtype %||% "float32")
  rank <- tensor_rank(x)
  axis <- tf_axes(axis)
  if (axis < 0L) axis <- axis + rank
  if (axis == rank - 1L) x else op_transpose(x, append(seq_len(rank - 1L) - 1L, rank - 1L, after = axis))
}

tf_repeat <- function(input, repeats, axis = NULL) {
  x <- as_data_tensor(input)
  if (is.null(axis)) {
    x <- op_reshape(x, -1)
    axis <- 0L
  }
  axis <- tf_axes(axis)
  repeats <- as.numeric(tf_known(repeats, "tf$repeat()"))
  if (length(repeats) == 1L) return(op_repeat_elements(x, axis, repeats))
  op_gather(x, array(rep(seq_along(repeats) - 1L, repeats)), axis)
}

tf_roll <- function(input, shift, axis) {
  x <- as_data_tensor(input)
  shift <- as.numeric(unlist(shift))
  axis <- tf_axes(axis)
  for (i in seq_along(axis)) {
    n <- tensor_shape(x)[axis[i] + 1L + if (axis[i] < 0L) tensor_rank(x) else 0L]
    x <- op_gather(x, array(as.integer((seq_len(n) - 1 - shift[i]) %% n)), axis[i])
  }
  x
}

tf_sort <- function(values, axis = -1L, direction = "ASCENDING", part = 1L) {
  descending <- as_choice(direction, c("ascending", "descending"), "direction") == "descending"
  on_last_axis(as_data_tensor(values), tf_axes(axis), function(x) op_sort(x, descending)[[part]])
}

# Rows of `updates` put at, or added to, the places that rows of `indices` name. Written with gathers, so it differentiates.
tf_scatter <- function(tensor, indices, updates, combine) {
  x <- as_data_tensor(tensor)
  shape <- tensor_shape(x)
  at <- tf_known(as_index_tensor(indices), "a scatter")
  at <- matrix(at, ncol = if (is.null(dim(at))) 1L else dim(at)[length(dim(at))])
  depth <- ncol(at)
  block <- if (depth < length(shape)) prod(shape[-seq_len(depth)]) else 1
  strides <- rev(cumprod(c(1, rev(shape[seq_len(depth)])[-depth])))
  places <- as.integer(at %*% strides)
  flat <- op_reshape(x, c(-1, block))
  updates <- op_reshape(if (is_tensor(updates)) updates else tensor(updates, tensor_dtype(x)), c(-1, block))
  spread <- op_one_hot(array(places), prod(shape[seq_len(depth)]), dtype = tensor_dtype(x))
  if (combine == "add") return(op_reshape(op_add(flat, op_matmul(spread, updates, transpose_a = TRUE)), shape))
  source <- rep(-1L, prod(shape[seq_len(depth)]))
  source[places + 1L] <- seq_along(places) - 1L
  op_reshape(op_gather(op_concat(list(flat, updates), 0L), ifelse(source < 0L, seq_along(source) - 1L, length(source) + source)), shape)
}

tf_arrays <- list(
  constant = tf_constant, Variable = tf_variable, convert_to_tensor = tf_convert,
  zeros = function(shape, dtype = "float32") op_fill(new_sizes(shape), 0, dtype),
  ones = function(shape, dtype = "float32") op_fill(new_sizes(shape), 1, dtype),
  fill = function(dims, value) op_broadcast_to(tensor(value), sizes_of(dims)),
  zeros_like = function(input, dtype = NULL) op_zeros_like(input, dtype),
  ones_like = function(input, dtype = NULL) op_ones_like(input, dtype),
  range = tf_range,
  linspace = function(start, stop, num, axis = 0L) {
    refuse(axis, 0)
    tensor(array(seq(as.numeric(start), as.numeric(stop), length.out = as.numeric(num))), if (is_tensor(start)) tensor_dtype(start))
  },
  cast = function(x, dtype) op_cast(x, dtype),
  identity = op_identity, stop_gradient = function(input) op_stop_gradient(input),
  shape = function(input, out_type = "int32") op_shape_of(input, dtype_name(out_type)),
  size = function(input, out_type = "int32")
    if (anyNA(tensor_shape(input))) op_reduce_prod(op_shape_of(input, dtype_name(out_type))) else tensor(prod(tensor_shape(input)), out_type),
  rank = function(input) tensor(tensor_rank(input), "int32"),
  reshape = function(tensor, shape) op_reshape(tensor, sizes_of(shape, in_reshape = TRUE)),
  ensure_shape = function(x, shape) {
    wanted <- sizes_of(shape)
    found <- tensor_shape(x)
    if (length(wanted) != length(found) || any(wanted != found, na.rm = TRUE)) {
      abort_shape("the tensor has shape (", shape_text(found), "), (", shape_text(wanted), ") is wanted.")
    }
    op_identity(x)
  },
  broadcast_to = function(input, shape) op_broadcast_to(input, sizes_of(shape)),
  expand_dims = function(input, axis) op_expand_dims(input, tf_axes(axis)),
  squeeze = function(input, axis = NULL) op_squeeze(input, tf_axes(axis)),
  transpose = function(a, perm = NULL, conjugate = FALSE) op_transpose(a, tf_axes(perm, "perm")),
  concat = function(values, axis) op_concat(as_tensor_list(values), tf_axes(axis)),
  stack = function(values, axis = 0L) op_stack(as_tensor_list(values), tf_axes(axis)),
  unstack = function(value, num = NULL, axis = 0L) op_unstack(value, tf_axes(axis)),
  split = tf_split,
  tile = function(input, multiples) op_tile(input, sizes_of(multiples)),
  pad = tf_pad, gather = tf_gather,
  gather_nd = function(params, indices, batch_dims = 0L) {
    refuse(batch_dims, 0)
    op_gather_nd(params, indices)
  },
  slice = function(input_, begin, size) op_slice(input_, sizes_of(begin), sizes_of(size)),
  strided_slice = function(input_, begin, end, strides = NULL, begin_mask = 0L, end_mask = 0L, ellipsis_mask = 0L, new_axis_mask = 0L,
                           shrink_axis_mask = 0L) {
    refuse(ellipsis_mask, 0)
    refuse(new_axis_mask, 0)
    bits <- function(mask) bitwAnd(bitwShiftR(as.integer(mask), seq_along(sizes_of(begin)) - 1L), 1L)
    op_strided_slice(input_, sizes_of(begin), sizes_of(end), if (!is.null(strides)) sizes_of(strides), bits(begin_mask), bits(end_mask),
                     bits(shrink_axis_mask))
  },
  reverse = function(tensor, axis) op_reverse(tensor, tf_axes(axis)),
  `repeat` = tf_repeat, roll = tf_roll,
  one_hot = tf_one_hot, where = tf_where, boolean_mask = tf_boolean_mask,
  sequence_mask = function(lengths, maxlen = NULL, dtype = "bool") {
    if (is.null(maxlen)) maxlen <- max(tf_known(lengths, "tf$sequence_mask() without `maxlen`"))
    op_cast(op_less(op_range(0, as.numeric(maxlen)), op_expand_dims(as_index_tensor(lengths), -1L)), dtype)
  },
  meshgrid = function(..., indexing = "xy") {
    axes <- lapply(list(...), as_data_tensor)
    sizes <- vapply(axes, function(a) tensor_shape(a)[1L], 0)
    grids <- lapply(seq_along(axes), function(i) op_broadcast_to(op_reshape(axes[[i]], replace(rep(1, length(axes)), i, -1)), sizes))
    if (indexing == "ij" || length(axes) < 2L) grids else lapply(grids, function(g) op_transpose(g, c(1L, 0L, seq_along(axes)[-(1:2)] - 1L)))
  },
  sort = function(values, axis = -1L, direction = "ASCENDING") tf_sort(values, axis, direction),
  argsort = function(values, axis = -1L, direction = "ASCENDING", stable = FALSE) tf_sort(values, axis, direction, part = 2L),
  unique = function(x, out_idx = "int32") {
    values <- tf_known(as_data_tensor(x), "tf$unique()")
    found <- unique(as.vector(values))
    list(y = tensor(array(found), tensor_dtype(as_data_tensor(x))), idx = tensor(array(match(as.vector(values), found) - 1L), out_idx))
  },
  scatter_nd = function(indices, updates, shape)
    tf_scatter(op_fill(sizes_of(shape), 0, tensor_dtype(as_data_tensor(updates))), indices, updates, "add"),
  tensor_scatter_nd_add = function(tensor, indices, updates) tf_scatter(tensor, indices, updates, "add"),
  tensor_scatter_nd_update = function(tensor, indices, updates) tf_scatter(tensor, indices, updates, "update"),
  clip_by_value = function(t, clip_value_min, clip_value_max) {
    if (is_tensor(clip_value_min) || is_tensor(clip_value_max)) return(op_minimum(op_maximum(t, clip_value_min), clip_value_max))
    op_clip(t, as.numeric(clip_value_min), as.numeric(clip_value_max))
  },
  clip_by_norm = function(t, clip_norm, axes = NULL) {
    norm <- tf_norm(t, axis = axes, keepdims = TRUE)
    op_multiply(t, op_divide(clip_norm, op_maximum(norm, clip_norm)))
  },
  global_norm = function(t_list) tf_global_norm(t_list),
  clip_by_global_norm = function(t_list, clip_norm, use_norm = NULL) {
    norm <- if (is.null(use_norm)) tf_global_norm(t_list) else use_norm
    scale <- op_divide(clip_norm, op_maximum(norm, clip_norm))
    list(lapply(t_list, function(t) if (!is.null(t)) op_multiply(t, scale)), norm)
  },
  is_tensor = function(x) is_tensor(x),
  as_string = function(input) op_as_string(input))

tf_global_norm <- function(t_list) op_sqrt(Reduce(op_add, lapply(drop_null(t_list), function(t) op_reduce_sum(op_square(t)))))
