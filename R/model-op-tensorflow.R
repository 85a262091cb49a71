# Op layers in Keras's files: TensorFlow's function, its first argument, and the others by name. tf_form_of() says how a call of one of our
# ops is written so; tf_functions reads such calls, whoever wrote them.

# list(symbol =, first =, others =) for the call that a node records; NULL if TensorFlow has no function like it.
tf_form_of <- function(node) {
  layer <- node$layer
  if (is.null(layer$op)) return(list(symbol = layer$symbol, first = node$arguments[[1L]], others = node$arguments[-1L]))
  inputs <- node$arguments[[1L]]
  if (!is_branch(inputs)) inputs <- list(inputs)
  types <- vapply(Filter(is_tensor, inputs), tensor_dtype, "")
  inputs <- lapply(inputs, function(x) if (is_tensor(x)) x else in_dtype(x, types[1L]))
  attributes <- lapply(node$arguments$attributes, plain_attribute)
  attributes <- drop_null(attributes)
  form <- tf_forms[[layer$op]]
  if (!is.null(form)) return(form(inputs, attributes))
  if (length(attributes) || !layer$op %in% names(tf_same)) return(NULL)
  parameters <- tf_same[[layer$op]]$parameters
  list(symbol = tf_same[[layer$op]]$symbol, first = inputs[[1L]], others = setNames(inputs[-1L], parameters[-1L]))
}

# Numbers beside whole-number tensors are written as whole numbers.
in_dtype <- function(x, dtype)
  if (is.double(x) && !anyNA(x) && !is_float(dtype) && all(x == round(x)) && all(abs(x) < 2^31)) { storage.mode(x) <- "integer"; x } else x

whole <- function(x) if (is.null(x)) NULL else { x <- as.integer(x); x[is.na(x)] <- -1L; as.list(x) }
whole_one <- function(x) if (length(x) == 1L) as.integer(x) else whole(x)

# Ops whose inputs are all the arguments there are.
tf_same <- local({
  unary <- c("abs", "sign", "square", "sqrt", "rsqrt", "reciprocal", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan",
             "sinh", "cosh", "tanh",
             "asinh", "acosh", "atanh", "erf", "floor", "ceil", "round", "sigmoid", "softplus", "negative", "is_nan", "is_inf", "is_finite",
             "logical_not")
  unary <- lapply(setNames(nm = unary), function(op) list(symbol = paste0("math.", op), parameters = "x"))
  nn <- lapply(setNames(nm = c("relu", "relu6", "selu", "softsign")), function(op) list(symbol = paste0("nn.", op), parameters = "features"))
  binary <- c("subtract", "multiply", "maximum", "minimum", "squared_difference", "multiply_no_nan", "divide_no_nan", "equal", "not_equal", "less",
              "less_equal",
              "greater", "greater_equal", "logical_and", "logical_or", "logical_xor")
  binary <- lapply(setNames(nm = binary), function(op) list(symbol = paste0("math.", op), parameters = c("x", "y")))
  other <- function(symbol, ...) list(symbol = symbol, parameters = c(...))
  c(unary, nn, binary, list(
    add = other("__operators__.add", "x", "y"), divide = other("math.truediv", "x", "y"), floor_divide = other("math.floordiv", "x", "y"),
    floor_mod = other("math.floormod", "x", "y"), power = other("math.pow", "x", "y"), atan2 = other("math.atan2", "y", "x"),
    select = other("where", "condition", "x", "y"),
    bias_add = other("nn.bias_add", "value", "bias"), identity = other("identity", "input"), stop_gradient = other("stop_gradient", "input"),
    swish = other("nn.silu", "features"), gather_nd = other("gather_nd", "params", "indices")))
})

tf_call_form <- function(symbol, first, ...) list(symbol = symbol, first = first, others = list(...))

tf_forms <- local({
  reduce <- function(name)
    function(x, a) tf_call_form(paste0("math.reduce_", name), x[[1L]], axis = whole(a$axes), keepdims = isTRUE(as.logical(a$keepdims)))
  running <- function(name)
    function(x, a)
      tf_call_form(paste0("math.", name), x[[1L]], axis = as.integer(a$axis), exclusive = isTRUE(as.logical(a$exclusive)),
                   reverse = isTRUE(as.logical(a$reverse)))
  extreme <- function(name) function(x, a) tf_call_form(paste0("math.", name), x[[1L]], axis = as.integer(a$axis), output_type = a$dtype %||% "int64")
  list(
    reduce_sum = reduce("sum"), reduce_mean = reduce("mean"), reduce_max = reduce("max"), reduce_min = reduce("min"), reduce_prod = reduce("prod"),
    reduce_any = reduce("any"), reduce_all = reduce("all"), reduce_logsumexp = reduce("logsumexp"),
    cumsum = running("cumsum"), cumprod = running("cumprod"), argmax = extreme("argmax"), argmin = extreme("argmin"),
    elu = function(x, a) if ((a$alpha %||% 1) == 1) tf_call_form("nn.elu", x[[1L]]),
    leaky_relu = function(x, a) tf_call_form("nn.leaky_relu", x[[1L]], alpha = a$alpha),
    gelu = function(x, a) tf_call_form("nn.gelu", x[[1L]], approximate = isTRUE(as.logical(a$approximate))),
    softmax = function(x, a) tf_call_form("nn.softmax", x[[1L]], axis = as.integer(a$axis %||% -1L)),
    log_softmax = function(x, a) tf_call_form("nn.log_softmax", x[[1L]], axis = as.integer(a$axis %||% -1L)),
    cast = function(x, a) tf_call_form("cast", x[[1L]], dtype = a$dtype),
    clip = function(x, a) {
      bounds <- lapply(list(a$min, a$max), in_dtype, dtype = tensor_dtype(x[[1L]]))
      if (!is_float(tensor_dtype(x[[1L]])) && any(is.infinite(unlist(bounds)))) return(NULL)
      tf_call_form("clip_by_value", x[[1L]], clip_value_min = bounds[[1L]], clip_value_max = bounds[[2L]])
    },
    reshape = function(x, a) tf_call_form("reshape", x[[1L]], shape = whole(a$shape) %||% list()),
    transpose = function(x, a) tf_call_form("transpose", x[[1L]], perm = whole(a$perm)),
    expand_dims = function(x, a) tf_call_form("expand_dims", x[[1L]], axis = as.integer(a$axis)),
    squeeze = function(x, a) tf_call_form("squeeze", x[[1L]], axis = whole(a$axes)),
    broadcast_to = function(x, a) if (anyNA(a$shape) || any(a$shape < 0)) NULL else tf_call_form("broadcast_to", x[[1L]], shape = whole(a$shape)),
    tile = function(x, a) tf_call_form("tile", x[[1L]], multiples = whole(a$multiples)),
    repeat_elements = function(x, a) tf_call_form("repeat", x[[1L]], repeats = as.integer(a$repeats), axis = as.integer(a$axis)),
    reverse = function(x, a) tf_call_form("reverse", x[[1L]], axis = whole(a$axes)),
    concat = function(x, a) tf_call_form("concat", x, axis = as.integer(a$axis)),
    stack = function(x, a) tf_call_form("stack", x, axis = as.integer(a$axis)),
    unstack = function(x, a) {
      axis <- as.integer(a$axis %||% 0L)
      shape <- tensor_shape(x[[1L]])
      tf_call_form("unstack", x[[1L]], num = shape[if (axis < 0L) axis + length(shape) + 1L else axis + 1L], axis = axis)
    },
    split = function(x, a)
      tf_call_form("split", x[[1L]], num_or_size_splits = if (is.null(a$sizes)) as.integer(a$parts) else whole(a$sizes),
                   axis = as.integer(a$axis %||% 0L)),
    pad = function(x, a) tf_call_form("pad", x[[1L]],
                                      paddings = unname(lapply(split(as.integer(a$paddings), (seq_along(a$paddings) - 1L) %/% 2L), as.list)),
                                      mode = "CONSTANT",
                                     constant_values = in_dtype(a$value %||% 0, tensor_dtype(x[[1L]]))),
    slice = function(x, a) tf_call_form("slice", x[[1L]], begin = whole(a$begin), size = whole(a$size)),
    strided_slice = function(x, a) tf_call_form("__operators__.getitem", x[[1L]], slice_spec = slice_spec(a)),
    gather = function(x, a)
      tf_call_form("gather", x[[1L]], indices = x[[2L]], axis = as.integer(a$axis %||% 0L), batch_dims = as.integer(a$batch_dims %||% 0L)),
    one_hot = function(x, a)
      tf_call_form("one_hot", x[[1L]], depth = as.integer(a$depth), on_value = a$on %||% 1, off_value = a$off %||% 0, dtype = a$dtype),
    matmul = function(x, a)
      tf_call_form("linalg.matmul", x[[1L]], b = x[[2L]], transpose_a = isTRUE(as.logical(a$transpose_a)),
                   transpose_b = isTRUE(as.logical(a$transpose_b))),
    dense = function(x, a) if (length(x) == 2L) tf_call_form("tensordot", x[[1L]], b = x[[2L]], axes = 1L),
    shape_of = function(x, a) tf_call_form("compat.v1.shape", x[[1L]], out_type = a$dtype %||% "int32"),
    top_k = function(x, a) tf_call_form("math.top_k", x[[1L]], k = as.integer(a$k)))
})

# ---- x[...]: one text for each subscript ("3", "0:5:2", "::", "...", "new"), as nothing there may be a tensor

slice_spec <- function(a) {
  n <- length(a$begin)
  mask <- function(x) if (is.null(x)) integer(n) else as.integer(x)
  begin <- ifelse(mask(a$begin_mask) == 1L, "", format(a$begin, trim = TRUE, scientific = FALSE))
  end <- ifelse(mask(a$end_mask) == 1L, "", format(a$end, trim = TRUE, scientific = FALSE))
  stride <- if (is.null(a$strides)) rep("", n) else ifelse(a$strides == 1, "", format(a$strides, trim = TRUE, scientific = FALSE))
  ifelse(mask(a$shrink_mask) == 1L, begin, paste(begin, end, stride, sep = ":"))
}

written_slice_spec <- function(spec) lapply(spec, function(text) {
  if (text == "...") return(list(class_name = "__ellipsis__"))
  if (text == "new") return(NULL)
  if (!grepl(":", text)) return(as.integer(text))
  part <- strsplit(paste0(text, " "), ":", fixed = TRUE)[[1L]]
  number <- function(x) if (nzchar(trimws(x))) as.integer(x)
  list(start = number(part[1L]), stop = number(part[2L]), step = number(part[3L]))
})

read_slice_spec <- function(spec) {
  if (!is.list(spec) || !is.null(names(spec))) spec <- list(spec)
  one <- function(x) {
    if (is.null(x)) return("new")
    if (is.numeric(x) && length(x) == 1L) return(as.character(as.integer(x)))
    if (is.list(x) && identical(x$class_name, "__ellipsis__")) return("...")
    number <- function(x)
      if (is.null(x)) "" else if (is.numeric(x) && length(x) == 1L) as.character(as.integer(x)) else abort_file("a slice by tensors is not known")
    if (is.list(x) && setequal(names(x), c("start", "stop", "step"))) return(paste(number(x$start), number(x$stop), number(x$step), sep = ":"))
    abort_file("the slice ", received(x), " is not known")
  }
  vapply(spec, one, "")
}

tf_getitem <- function(x, slice_spec) {
  rank <- tensor_rank(x)
  used <- sum(!slice_spec %in% c("...", "new"))
  if (used > rank) abort_shape("a slice of ", used, " axes does not fit an array of rank ", rank)
  at <- match("...", slice_spec)
  if (!is.na(at)) slice_spec <- append(slice_spec[-at], rep("::", rank - used), at - 1L)
  new <- slice_spec == "new"
  parts <- strsplit(paste0(slice_spec[!new], " "), ":", fixed = TRUE)
  single <- lengths(parts) == 1L
  field <- function(i) vapply(parts, function(part) if (length(part) >= i && nzchar(trimws(part[i]))) as.numeric(part[i]) else NA_real_, 0)
  begin <- field(1L); end <- ifelse(single, begin + 1, field(2L)); strides <- ifelse(is.na(field(3L)), 1, field(3L))
  end_open <- is.na(end) | (single & begin == -1)
  if (length(parts)) {
    x <- op_strided_slice(x, ifelse(is.na(begin), 0, begin), ifelse(end_open, 0, end), strides, as.integer(is.na(begin)), as.integer(end_open),
                          as.integer(single))
  }
  kept <- slice_spec[new | !slice_spec %in% slice_spec[!new][single]]
  for (axis in which(kept == "new")) x <- op_expand_dims(x, axis - 1L)
  x
}

# ---- reading

# Arguments of a recorded call as files have them: no `name`, nested lists of numbers as arrays.
tf_arguments <- function(arguments, sliced) {
  if (sliced && !is.null(arguments$slice_spec)) arguments$slice_spec <- read_slice_spec(arguments$slice_spec)
  arguments <- arguments[names(arguments) != "name" & !vapply(arguments, is.null, NA)]
  lapply(arguments, constant_array)
}
constant_array <- function(x) {
  if (!is_branch(x) || !length(x) || !is.null(names(x)) || is_keras_tensor(x)) return(x)
  leaves <- nest_flatten(x)
  if (!all(vapply(leaves, function(leaf) is.atomic(leaf) && length(leaf) == 1L, NA))) return(x)
  sizes <- integer()
  inner <- x
  while (is_branch(inner)) { sizes <- c(sizes, length(inner)); inner <- if (length(inner)) inner[[1L]] }
  if (length(leaves) != prod(sizes)) return(x)
  aperm(array(unlist(leaves), rev(sizes)), rev(seq_along(sizes)))
}

find_tf_function <- function(symbol, layer_name = NULL) {
  given <- layer_state$custom_objects[[paste0("tf.", symbol)]]
  if (is.function(given)) return(given)
  found <- tf_functions[[symbol]]
  if (is.null(found))
    abort_argument("layer ", dQuote(layer_name %||% symbol, FALSE), " calls tf.", symbol,
                   ", which has no counterpart here. Give an R function in its place: ",
                   "custom_objects = list(\"tf.", symbol, "\" = function(x, ...) ...)")
  found
}

axes_of <- function(axis) if (is.null(axis)) NULL else as.integer(unlist(axis))

tf_functions <- local({
  of_inputs <- list()
  for (op in names(tf_same)) local({
    op <- op
    parameters <- tf_same[[op]]$parameters
    of_inputs[[tf_same[[op]]$symbol]] <<- function(first, ...) {
      others <- list(...)
      unknown <- setdiff(names(others), parameters)
      if (length(unknown)) abort_argument("the argument ", dQuote(unknown[1L], FALSE), " of tf.", tf_same[[op]]$symbol, " is not known")
      call_op(op, c(list(first), unname(others[intersect(parameters, names(others))])))
    }
  })
  of_inputs[["math.add"]] <- of_inputs[["__operators__.add"]]
  of_inputs[["math.divide"]] <- of_inputs[["math.truediv"]]
  of_inputs[["__operators__.eq"]] <- of_inputs[["math.equal"]]
  of_inputs[["__operators__.ne"]] <- of_inputs[["math.not_equal"]]
  of_inputs[["nn.sigmoid"]] <- of_inputs[["math.sigmoid"]]
  of_inputs[["nn.tanh"]] <- of_inputs[["math.tanh"]]
  of_inputs[["nn.softplus"]] <- of_inputs[["math.softplus"]]
  of_inputs[["nn.swish"]] <- of_inputs[["nn.silu"]]
  reduce <- function(f) function(x, axis = NULL, keepdims = FALSE) f(x, axes_of(axis), keepdims)
  extreme <- function(f) function(x, axis = 0L, output_type = "int64") f(x, as.integer(axis), output_type)
  c(of_inputs, list(
    math.reduce_sum = reduce(op_reduce_sum), math.reduce_mean = reduce(op_reduce_mean), math.reduce_max = reduce(op_reduce_max),
    math.reduce_min = reduce(op_reduce_min),
    math.reduce_prod = reduce(op_reduce_prod), math.reduce_any = reduce(op_reduce_any), math.reduce_all = reduce(op_reduce_all),
    math.reduce_logsumexp = reduce(op_reduce_logsumexp),
    math.reduce_variance = reduce(op_reduce_variance), math.reduce_std = reduce(op_reduce_std),
    math.cumsum = function(x, axis = 0L, exclusive = FALSE, reverse = FALSE) op_cumsum(x, axis, exclusive, reverse),
    math.cumprod = function(x, axis = 0L, exclusive = FALSE, reverse = FALSE) op_cumprod(x, axis, exclusive, reverse),
    math.argmax = extreme(op_argmax), math.argmin = extreme(op_argmin), math.add_n = function(inputs) Reduce(op_add, inputs),
    math.top_k = function(x, k = 1L) op_top_k(x, k),
    math.l2_normalize = function(x, axis = NULL, epsilon = 1e-12)
      op_multiply(x, op_rsqrt(op_maximum(op_reduce_sum(op_square(x), axes_of(axis), TRUE), epsilon))),
    math.log_sigmoid = function(x) op_negative(op_softplus(op_negative(x))),
    nn.elu = function(x)
      op_elu(x), nn.leaky_relu = function(x, alpha = 0.2) op_leaky_relu(x, alpha), nn.gelu = function(x, approximate = FALSE) op_gelu(x, approximate),
    nn.softmax = function(x, axis = -1L) op_softmax(x, axis %||% -1L), nn.log_softmax = function(x, axis = -1L) op_log_softmax(x, axis %||% -1L),
    cast = function(x, dtype)
      op_cast(x, dtype), clip_by_value = function(x, clip_value_min, clip_value_max) op_minimum(op_maximum(x, clip_value_min), clip_value_max),
    zeros_like = function(x, dtype = NULL) op_zeros_like(x, dtype), ones_like = function(x, dtype = NULL) op_ones_like(x, dtype),
    reshape = function(x, shape) op_reshape(x, unlist(shape)), transpose = function(x, perm = NULL, conjugate = FALSE) op_transpose(x, axes_of(perm)),
    compat.v1.transpose = function(x, perm = NULL, conjugate = FALSE) op_transpose(x, axes_of(perm)),
    expand_dims = function(x, axis) op_expand_dims(x, as.integer(axis)), squeeze = function(x, axis = NULL) op_squeeze(x, axes_of(axis)),
    broadcast_to = function(x, shape) op_broadcast_to(x, unlist(shape)), tile = function(x, multiples) op_tile(x, unlist(multiples)),
    `repeat` = function(x, repeats, axis = NULL) op_repeat_elements(x, as.integer(axis), as.integer(repeats)),
    reverse = function(x, axis)
      op_reverse(x, axes_of(axis)), concat = function(x, axis) op_concat(x, as.integer(axis)),
      stack = function(x, axis = 0L) op_stack(x, as.integer(axis)),
    unstack = function(x, num = NULL, axis = 0L) op_unstack(x, as.integer(axis)),
    split = function(x, num_or_size_splits, axis = 0L, num = NULL)
      if (is.null(dim(num_or_size_splits)) && length(num_or_size_splits) == 1L) op_split(
        x, as.integer(axis), parts = as.integer(num_or_size_splits)) else
        op_split(x, as.integer(axis), sizes = as.integer(num_or_size_splits)),
    pad = function(x, paddings, mode = "CONSTANT", constant_values = 0) op_pad(x, as.vector(t(paddings)), mode, constant_values),
    slice = function(x, begin, size)
      op_slice(x, unlist(begin), unlist(size)), `__operators__.getitem` = function(x, slice_spec) tf_getitem(x, slice_spec),
    gather = function(x, indices, axis = 0L, batch_dims = 0L) op_gather(x, indices, as.integer(axis), as.integer(batch_dims)),
    one_hot = function(x, depth, on_value = 1, off_value = 0, axis = -1L, dtype = NULL) op_one_hot(x, depth, on_value, off_value, dtype),
    linalg.matmul = function(x, b, transpose_a = FALSE, transpose_b = FALSE) op_matmul(x, b, transpose_a, transpose_b),
    tensordot = function(x, b, axes)
      if (identical(as.integer(axes), 1L)) op_dense(
        x, b) else abort_argument("tf.tensordot is known with `axes` = 1 only. Received: ", received(axes)),
    compat.v1.shape = function(x, out_type = "int32") op_shape_of(x, out_type), shape = function(x, out_type = "int32") op_shape_of(x, out_type)))
})

# ---- in the config of a model

# A node of an op layer, in Keras's form: [layer, node, tensor, {others}], or a list of those where the function takes a list.
op_node_config <- function(node, entry) {
  form <- tf_form_of(node)
  if (is.null(form)) form <- list(first = node$arguments[[1L]], others = node$arguments[-1L])
  others <- form$others
  if (is.character(others$slice_spec)) others$slice_spec <- written_slice_spec(others$slice_spec)
  else others["name"] <- list(NULL)
  others <- nest_map(others, function(leaf) if (is_keras_tensor(leaf)) entry(leaf) else nested_value(leaf))
  if (!length(others)) others <- empty_config()
  one <- function(x) if (is_keras_tensor(x)) c(entry(x), list(others)) else list("_CONSTANT_VALUE", -1L, nested_value(x), others)
  if (is_branch(form$first)) lapply(unname(form$first), one) else one(form$first)
}

# Arrays as nested lists, scalars as they are.
nested_value <- function(x) {
  x <- plain_value(x)
  if (is.null(dim(x))) return(x)
  if (length(dim(x)) == 1L) return(as.list(as.vector(x)))
  lapply(seq_len(dim(x)[1L]), function(i) nested_value(array(x[slice.index(x, 1L) == i], dim(x)[-1L])))
}

# The op's name in TensorFlow, for the layer's name.
op_symbol <- function(name) {
  known <- op_symbols[name]
  if (!is.na(known)) unname(known) else paste0("math.", name)
}
op_symbols <- c(
  add = "__operators__.add", slice = "slice", strided_slice = "__operators__.getitem", divide = "math.truediv", floor_divide = "math.floordiv",
  floor_mod = "math.floormod", power = "math.pow", relu = "nn.relu", relu6 = "nn.relu6", leaky_relu = "nn.leaky_relu", elu = "nn.elu",
  selu = "nn.selu",
  gelu = "nn.gelu", softmax = "nn.softmax", log_softmax = "nn.log_softmax", softplus = "math.softplus", softsign = "nn.softsign", swish = "nn.silu",
  reshape = "reshape", transpose = "transpose", concat = "concat", stack = "stack", unstack = "unstack", split = "split", expand_dims = "expand_dims",
  squeeze = "squeeze", tile = "tile", pad = "pad", gather = "gather", gather_nd = "gather_nd", one_hot = "one_hot", reverse = "reverse",
  cast = "cast",
  clip = "clip_by_value", matmul = "linalg.matmul", dense = "linalg.matmul", bias_add = "nn.bias_add", identity = "identity",
  stop_gradient = "stop_gradient",
  select = "where", argmax = "math.argmax", argmin = "math.argmin", shape_of = "compat.v1.shape", conv = "nn.convolution",
  conv_transpose = "nn.conv_transpose",
  depthwise_conv = "nn.depthwise_conv2d", pool = "nn.pool", dropout = "nn.dropout")
