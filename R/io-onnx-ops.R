# Ops in ONNX's terms: function(e, names, inputs, attributes, outputs) that adds nodes to the graph `e` and gives the names of the results.
# ONNX has channels second; arrays stay as they are between ops, and convolutions stand between two transpositions.

onnx_ops <- local({
  one <- function(type, ...) { more <- list(...); function(e, x, ...) do.call(onnx_add, c(list(e, type, x), more)) }
  number <- function(e, value, inputs) onnx_constant(e, value, tensor_dtype(inputs[[1L]]))
  flag <- function(x) isTRUE(as.logical(x))
  spatial <- function(inputs) tensor_rank(inputs[[1L]]) - 2L
  per_axis <- function(x, rank) as.list(rep_len(as.integer(x %||% 1L), rank))
  axes_or_all <- function(axes, rank) if (is.null(axes)) seq_len(rank) - 1L else as.integer(axes)
  transposed <- function(e, x, perm) onnx_add(e, "Transpose", x, perm = as.list(as.integer(perm)))
  second <- function(e, x, rank) transposed(e, x, c(0L, rank + 1L, seq_len(rank)))       # channels second
  last <- function(e, x, rank) transposed(e, x, c(0L, seq_len(rank) + 1L, 1L))

  # Weights in ONNX's order of axes, written so once.
  weight <- function(e, variable, name, perm) {
    if (!is_variable(variable)) return(transposed(e, name, perm))
    key <- paste(c(variable_key(variable), perm), collapse = " ")
    if (is.null(e$known[[key]])) {
      e$known[[key]] <- onnx_constant(e, op_transpose(variable, perm), tensor_dtype(variable),
                                      sub(":0$", "", sub("^.*/", "", .subset2(variable, "name"))))
    }
    e$known[[key]]
  }

  # Padding of unknown lengths follows from the layer's rule.
  padding <- function(e, inputs, a, rank) {
    sizes <- tensor_shape(inputs[[1L]])[seq_len(rank) + 1L]
    if (anyNA(sizes) && identical(e$layer$padding, "same")) return(list(auto_pad = "SAME_UPPER"))
    list(pads = c(per_axis(a$padding_before %||% 0L, rank), per_axis(a$padding_after %||% 0L, rank)))
  }
  convolution <- function(e, x, inputs, a, kernel, groups) {
    rank <- spatial(inputs)
    y <- do.call(onnx_add,
                 c(list(e, "Conv", c(second(e, x[1L], rank), kernel, if (length(x) > 2L) x[3L]), strides = per_axis(a$strides, rank),
                        dilations = per_axis(a$dilation, rank),
                                  group = as.integer(groups)), padding(e, inputs, a, rank)))
    last(e, y, rank)
  }
  pool <- function(type, ...) { more <- list(...); function(e, x, inputs, a, outputs) {
    rank <- spatial(inputs)
    y <- do.call(onnx_add,
                 c(list(e, type, second(e, x, rank), kernel_shape = per_axis(a$pool_size, rank), strides = per_axis(a$strides %||% a$pool_size, rank),
                                  auto_pad = if (identical(a$padding, "same")) "SAME_UPPER" else "VALID"), more))
    last(e, y, rank)
  } }
  reduce <- function(type) function(e, x, inputs, a, outputs)
    onnx_add(e, type, x, axes = as.list(axes_or_all(a$axes, tensor_rank(inputs[[1L]]))), keepdims = as.integer(flag(a$keepdims)))
  logical_reduce <- function(type) function(e, x, inputs, a, outputs) {
    y <- onnx_add(e, type, onnx_add(e, "Cast", x, to = 6L), axes = as.list(axes_or_all(a$axes, tensor_rank(inputs[[1L]]))),
                  keepdims = as.integer(flag(a$keepdims)))
    onnx_add(e, "Cast", y, to = 9L)
  }
  extreme <- function(type) function(e, x, inputs, a, outputs)
    onnx_add(e, "Cast", onnx_add(e, type, x, axis = as.integer(a$axis), keepdims = 0L), to = as.integer(onnx_dtypes[[tensor_dtype(outputs[[1L]])]]))
  same <- function(e, x, ...) x[1L]
  resized <- function(e, x, rank, sizes = NULL, scales = NULL, ...) {
    y <- second(e, x, rank)
    if (is.null(scales)) {
      kept <- onnx_add(e, "Slice", c(onnx_add(e, "Shape", y), onnx_numbers(e, 0), onnx_numbers(e, 2)))
      sizes <- onnx_add(e, "Concat", c(kept, onnx_numbers(e, sizes)), axis = 0L)
      y <- onnx_add(e, "Resize", c(y, "", "", sizes), ...)
    } else y <- onnx_add(e, "Resize", c(y, "", onnx_constant(e, array(c(1, 1, scales)))), ...)
    last(e, y, rank)
  }

  direct <- c(negative = "Neg", abs = "Abs", sign = "Sign", sqrt = "Sqrt", reciprocal = "Reciprocal", exp = "Exp", log = "Log", sin = "Sin",
              cos = "Cos", tan = "Tan", asin = "Asin",
              acos = "Acos", atan = "Atan", sinh = "Sinh", cosh = "Cosh", tanh = "Tanh", asinh = "Asinh", acosh = "Acosh", atanh = "Atanh",
              erf = "Erf", floor = "Floor",
              ceil = "Ceil", round = "Round", sigmoid = "Sigmoid", softplus = "Softplus", softsign = "Softsign", relu = "Relu", selu = "Selu",
              logical_not = "Not", is_nan = "IsNaN",
              is_inf = "IsInf", add = "Add", subtract = "Sub", multiply = "Mul", divide = "Div", power = "Pow", maximum = "Max", minimum = "Min",
              equal = "Equal", less = "Less",
              less_equal = "LessOrEqual", greater = "Greater", greater_equal = "GreaterOrEqual", logical_and = "And", logical_or = "Or",
              logical_xor = "Xor", select = "Where",
              bias_add = "Add", gather_nd = "GatherND")

  c(lapply(direct, one), list(
    identity = same, stop_gradient = same,
    hard_sigmoid = one("HardSigmoid", alpha = 0.2, beta = 0.5),
    square = function(e, x, ...) onnx_add(e, "Mul", c(x, x)),
    rsqrt = function(e, x, ...) onnx_add(e, "Reciprocal", onnx_add(e, "Sqrt", x)),
    expm1 = function(e, x, inputs, ...) onnx_add(e, "Sub", c(onnx_add(e, "Exp", x), number(e, 1, inputs))),
    log1p = function(e, x, inputs, ...) onnx_add(e, "Log", onnx_add(e, "Add", c(x, number(e, 1, inputs)))),
    relu6 = function(e, x, inputs, ...) onnx_add(e, "Clip", c(x, number(e, 0, inputs), number(e, 6, inputs))),
    elu = function(e, x, inputs, a, outputs) onnx_add(e, "Elu", x, alpha = as.double(a$alpha %||% 1)),
    leaky_relu = function(e, x, inputs, a, outputs) onnx_add(e, "LeakyRelu", x, alpha = as.double(a$alpha)),
    swish = function(e, x, ...) onnx_add(e, "Mul", c(x, onnx_add(e, "Sigmoid", x))),
    gelu = function(e, x, inputs, a, outputs) {   # x / 2 (1 + erf(x / sqrt 2)), or with tanh(sqrt(2 / pi) (x + 0.044715 x^3))
      inner <- if (flag(a$approximate)) {
        cube <- onnx_add(e, "Mul", c(x, onnx_add(e, "Mul", c(x, onnx_add(e, "Mul", c(x, number(e, 0.044715, inputs)))))))
        onnx_add(e, "Tanh", onnx_add(e, "Mul", c(onnx_add(e, "Add", c(x, cube)), number(e, sqrt(2 / pi), inputs))))
      } else onnx_add(e, "Erf", onnx_add(e, "Mul", c(x, number(e, sqrt(0.5), inputs))))
      onnx_add(e, "Mul", c(onnx_add(e, "Mul", c(x, number(e, 0.5, inputs))), onnx_add(e, "Add", c(inner, number(e, 1, inputs)))))
    },
    is_finite = function(e, x, ...) onnx_add(e, "Not", onnx_add(e, "Or", c(onnx_add(e, "IsNaN", x), onnx_add(e, "IsInf", x)))),
    not_equal = function(e, x, ...) onnx_add(e, "Not", onnx_add(e, "Equal", x)),
    squared_difference = function(e, x, ...) { d <- onnx_add(e, "Sub", x); onnx_add(e, "Mul", c(d, d)) },
    floor_divide = function(e, x, inputs, ...)
      if (is_float(tensor_dtype(inputs[[1L]]))) onnx_add(e, "Floor", onnx_add(e, "Div", x)) else onnx_refuse(e, "whole-number division"),
    floor_mod = function(e, x, inputs, ...) if (!is_float(tensor_dtype(inputs[[1L]]))) onnx_add(e, "Mod", x) else
      onnx_add(e, "Sub", c(x[1L], onnx_add(e, "Mul", c(x[2L], onnx_add(e, "Floor", onnx_add(e, "Div", x)))))),
    multiply_no_nan = function(e, x, inputs, ...) {
      zero <- number(e, 0, inputs)
      onnx_add(e, "Where", c(onnx_add(e, "Equal", c(x[2L], zero)), zero, onnx_add(e, "Mul", x)))
    },
    divide_no_nan = function(e, x, inputs, ...) {
      zero <- number(e, 0, inputs)
      onnx_add(e, "Where", c(onnx_add(e, "Equal", c(x[2L], zero)), zero, onnx_add(e, "Div", x)))
    },
    cast = function(e, x, inputs, a, outputs) onnx_add(e, "Cast", x, to = as.integer(onnx_dtypes[[tensor_dtype(outputs[[1L]])]])),
    clip = function(e, x, inputs, a, outputs)
      onnx_add(e, "Clip", c(x, if (is.finite(a$min)) number(e, a$min, inputs) else "", if (is.finite(a$max)) number(e, a$max, inputs))),

    reduce_sum = function(e, x, inputs, a, outputs)
      onnx_add(e, "ReduceSum", c(x, onnx_numbers(e, axes_or_all(a$axes, tensor_rank(inputs[[1L]])))), keepdims = as.integer(flag(a$keepdims))),
    reduce_mean = reduce("ReduceMean"), reduce_max = reduce("ReduceMax"), reduce_min = reduce("ReduceMin"), reduce_prod = reduce("ReduceProd"),
    reduce_logsumexp = reduce("ReduceLogSumExp"), reduce_any = logical_reduce("ReduceMax"), reduce_all = logical_reduce("ReduceMin"),
    argmax = extreme("ArgMax"), argmin = extreme("ArgMin"),
    cumsum = function(e, x, inputs, a, outputs)
      onnx_add(e, "CumSum", c(x, onnx_constant(e, as.integer(a$axis), "int32")), exclusive = as.integer(flag(a$exclusive)),
               reverse = as.integer(flag(a$reverse))),
    top_k = function(e, x, inputs, a, outputs) {
      y <- onnx_add(e, "TopK", c(x, onnx_numbers(e, a$k)), axis = -1L, outputs = 2L)
      c(y[1L], onnx_add(e, "Cast", y[2L], to = as.integer(onnx_dtypes[[tensor_dtype(outputs[[2L]])]])))
    },

    # Several open sizes: the batch is taken over.
    reshape = function(e, x, inputs, a, outputs) {
      shape <- as.numeric(a$shape)
      shape[is.na(shape)] <- -1
      if (sum(shape == -1) > 1L && shape[1L] == -1) shape[1L] <- 0
      known <- tensor_shape(outputs[[1L]])
      if (sum(shape == -1) > 1L) shape[shape == -1] <- ifelse(is.na(known[shape == -1]), -1, known[shape == -1])
      if (sum(shape == -1) > 1L) onnx_refuse(e, "it reshapes several axes of unknown size")
      onnx_add(e, "Reshape", c(x, onnx_numbers(e, shape)))
    },
    transpose = function(e, x, inputs, a, outputs) transposed(e, x, if (is.null(a$perm)) rev(seq_len(tensor_rank(inputs[[1L]])) - 1L) else a$perm),
    concat = function(e, x, inputs, a, outputs) onnx_add(e, "Concat", x, axis = as.integer(a$axis)),
    stack = function(e, x, inputs, a, outputs) {
      parts <- vapply(x, function(part) onnx_add(e, "Unsqueeze", c(part, onnx_numbers(e, a$axis))), "")
      onnx_add(e, "Concat", parts, axis = as.integer(a$axis))
    },
    unstack = function(e, x, inputs, a, outputs) {
      axis <- as.integer(a$axis %||% 0L)
      parts <- onnx_add(e, "Split", x, axis = axis, outputs = length(outputs))
      vapply(parts, function(part) onnx_add(e, "Squeeze", c(part, onnx_numbers(e, axis))), "")
    },
    split = function(e, x, inputs, a, outputs) {
      axis <- as.integer(a$axis %||% 0L)
      rank <- tensor_rank(inputs[[1L]])
      sizes <- a$sizes %||% vapply(outputs, function(output) tensor_shape(output)[if (axis < 0L) axis + rank + 1L else axis + 1L], 0L)
      onnx_add(e, "Split", c(x, onnx_numbers(e, sizes)), axis = axis, outputs = length(outputs))
    },
    expand_dims = function(e, x, inputs, a, outputs) onnx_add(e, "Unsqueeze", c(x, onnx_numbers(e, a$axis))),
    squeeze = function(e, x, inputs, a, outputs) onnx_add(e, "Squeeze", c(x, if (!is.null(a$axes)) onnx_numbers(e, a$axes))),
    broadcast_to = function(e, x, inputs, a, outputs) onnx_add(e, "Expand", c(x, onnx_numbers(e, ifelse(is.na(a$shape) | a$shape < 0, 1, a$shape)))),
    broadcast_like = function(e, x, ...) onnx_add(e, "Expand", c(x[1L], onnx_add(e, "Shape", x[2L]))),
    tile = function(e, x, inputs, a, outputs) onnx_add(e, "Tile", c(x, onnx_numbers(e, a$multiples))),
    repeat_elements = function(e, x, inputs, a, outputs) {
      axis <- as.integer(a$axis)
      size <- tensor_shape(inputs[[1L]])[if (axis < 0L) axis + tensor_rank(inputs[[1L]]) + 1L else axis + 1L]
      if (is.na(size)) onnx_refuse(e, "it repeats along an axis of unknown size")
      onnx_add(e, "Gather", c(x, onnx_numbers(e, rep(seq_len(size) - 1L, each = a$repeats))), axis = axis)
    },
    reverse = function(e, x, inputs, a, outputs) {
      n <- length(a$axes)
      onnx_add(e, "Slice", c(x, onnx_numbers(e, rep(-1, n)), onnx_numbers(e, rep(-2^31, n)), onnx_numbers(e, a$axes), onnx_numbers(e, rep(-1, n))))
    },
    pad = function(e, x, inputs, a, outputs) {
      before <- c(TRUE, FALSE)
      onnx_add(e, "Pad", c(x, onnx_numbers(e, c(a$paddings[before], a$paddings[!before])), number(e, a$value %||% 0, inputs)))
    },
    slice = function(e, x, inputs, a, outputs) {
      end <- ifelse(is.na(a$size) | a$size < 0, 2^31, a$begin + a$size)
      onnx_add(e, "Slice", c(x, onnx_numbers(e, a$begin), onnx_numbers(e, end), onnx_numbers(e, seq_along(end) - 1L)))
    },
    strided_slice = function(e, x, inputs, a, outputs) {
      n <- length(a$begin)
      mask <- function(m) if (is.null(m)) rep(FALSE, n) else m != 0
      strides <- if (is.null(a$strides)) rep(1, n) else a$strides
      begin <- ifelse(mask(a$begin_mask), ifelse(strides > 0, 0, 2^31), a$begin)
      end <- ifelse(mask(a$end_mask), ifelse(strides > 0, 2^31, -2^31), a$end)
      shrunk <- mask(a$shrink_mask)
      end[shrunk] <- ifelse(begin[shrunk] == -1, 2^31, begin[shrunk] + 1)
      y <- onnx_add(e, "Slice", c(x, onnx_numbers(e, begin), onnx_numbers(e, end), onnx_numbers(e, seq_len(n) - 1L), onnx_numbers(e, strides)))
      if (any(shrunk)) onnx_add(e, "Squeeze", c(y, onnx_numbers(e, which(shrunk) - 1L))) else y
    },
    gather = function(e, x, inputs, a, outputs)
      if ((a$batch_dims %||% 0) == 0) onnx_add(e, "Gather", x, axis = as.integer(a$axis %||% 0L)) else onnx_refuse(e, "it gathers within batch axes"),
    one_hot = function(e, x, inputs, a, outputs)
      onnx_add(e, "OneHot", c(x, onnx_numbers(e, a$depth), onnx_constant(e, array(c(a$off %||% 0, a$on %||% 1)), a$dtype)), axis = -1L),
    shape_of = function(e, x, inputs, a, outputs)
      onnx_add(e, "Cast", onnx_add(e, "Shape", x), to = as.integer(onnx_dtypes[[tensor_dtype(outputs[[1L]])]])),

    matmul = function(e, x, inputs, a, outputs) {
      side <- function(i, turn) {
        rank <- tensor_rank(inputs[[i]])
        if (turn) transposed(e, x[i], c(seq_len(rank - 2L) - 1L, rank - 1L, rank - 2L)) else x[i]
      }
      onnx_add(e, "MatMul", c(side(1L, flag(a$transpose_a)), side(2L, flag(a$transpose_b))))
    },
    dense = function(e, x, ...) { y <- onnx_add(e, "MatMul", x[1:2]); if (length(x) > 2L) onnx_add(e, "Add", c(y, x[3L])) else y },
    softmax = function(e, x, inputs, a, outputs) onnx_add(e, "Softmax", x, axis = as.integer(a$axis %||% -1L)),
    log_softmax = function(e, x, inputs, a, outputs) onnx_add(e, "LogSoftmax", x, axis = as.integer(a$axis %||% -1L)),

    conv = function(e, x, inputs, a, outputs) {
      rank <- spatial(inputs)
      convolution(e, x, inputs, a, weight(e, inputs[[2L]], x[2L], c(rank + 1L, rank, seq_len(rank) - 1L)), a$groups %||% 1L)
    },
    # [size, channels, multiplier] to [channels * multiplier, 1, size]: a convolution in as many groups as channels
    depthwise_conv = function(e, x, inputs, a, outputs) {
      rank <- spatial(inputs)
      sizes <- tensor_shape(inputs[[2L]])
      kernel <- weight(e, inputs[[2L]], x[2L], c(rank, rank + 1L, seq_len(rank) - 1L))
      kernel <- onnx_add(e, "Reshape", c(kernel, onnx_numbers(e, c(sizes[rank + 1L] * sizes[rank + 2L], 1, sizes[seq_len(rank)]))))
      convolution(e, x[1L], inputs, a, kernel, sizes[rank + 1L])
    },
    # length = stride (n - 1) + reach - crop at both ends; what is longer than that is output padding
    conv_transpose = function(e, x, inputs, a, outputs) {
      rank <- spatial(inputs)
      strides <- rep_len(a$strides %||% 1, rank)
      dilation <- rep_len(a$dilation %||% 1, rank)
      n <- as.numeric(tensor_shape(inputs[[1L]])[seq_len(rank) + 1L])
      reach <- (tensor_shape(inputs[[2L]])[seq_len(rank)] - 1) * dilation + 1
      size <- rep_len(a$output_size, rank)
      if (anyNA(n) || anyNA(size)) {
        if (!inherits(e$layer, "ConvTranspose")) onnx_refuse(e, "the size of its input is unknown")
        n[is.na(n)] <- 1000   # the difference does not depend on it
        size <- conv_transpose_geometry(c(NA, n, NA), e$layer$kernel_size, e$layer$strides, e$layer$dilation_rate, e$layer$padding,
                                        e$layer$output_padding)$output_size
      }
      before <- rep_len(a$crop_before %||% 0, rank)
      after <- strides * (n - 1) + reach - before - size
      more <- pmax(-after, 0)
      if (any(more >= pmax(strides, dilation))) onnx_refuse(e, "its output is longer than ONNX allows")
      y <- onnx_add(e, "ConvTranspose",
                    c(second(e, x[1L], rank), weight(e, inputs[[2L]], x[2L], c(rank + 1L, rank, seq_len(rank) - 1L)), if (length(x) > 2L) x[3L]),
                    strides = per_axis(strides, rank), dilations = per_axis(dilation, rank), group = as.integer(a$groups %||% 1L),
                    pads = c(per_axis(before, rank), per_axis(pmax(after, 0), rank)), output_padding = per_axis(more, rank))
      last(e, y, rank)
    },
    max_pool = pool("MaxPool"), average_pool = pool("AveragePool"),
    upsample = function(e, x, inputs, a, outputs)
      resized(e, x, spatial(inputs), scales = rep_len(as.double(a$size), spatial(inputs)), mode = "nearest",
              coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"),
    resize = function(e, x, inputs, a, outputs) {
      if (flag(a$antialias) || !a$interpolation %in% c("nearest", "bilinear")) onnx_refuse(e, paste0("interpolation \"", a$interpolation, "\""))
      if (a$interpolation == "nearest") resized(e, x, spatial(inputs), a$size, mode = "nearest", coordinate_transformation_mode = "half_pixel",
                                                nearest_mode = "round_prefer_ceil")
      else resized(e, x, spatial(inputs), a$size, mode = "linear", coordinate_transformation_mode = "half_pixel")
    },
    lstm = function(e, x, inputs, a, outputs) onnx_recurrence(e, x, inputs, a, "LSTM", c(1L, 4L, 2L, 3L), 2L),   # i, f, c, o here; i, o, f, c there
    gru = function(e, x, inputs, a, outputs) onnx_recurrence(e, x, inputs, a, "GRU", 1:3, 1L),
    simple_rnn = function(e, x, inputs, a, outputs) onnx_recurrence(e, x, inputs, a, "RNN", 1L, 1L)))
})

# The kernels there are transposed, and have the gates in another order.
onnx_recurrence <- function(e, x, inputs, a, type, gates, states) {
  has <- function(what) isTRUE(as.logical(a[[what]]))
  if (has("mask") || has("recurrent_dropout")) onnx_refuse(e, "masks are not known there")
  named <- c(linear = "Affine", tanh = "Tanh", sigmoid = "Sigmoid", hard_sigmoid = "HardSigmoid", relu = "Relu", softsign = "Softsign")
  functions <- c(if (type != "RNN") a$recurrent_activation, a$activation, if (type == "LSTM") a$activation)
  if (anyNA(named[functions])) onnx_refuse(e, paste0("activation \"", functions[is.na(named[functions])][1L], "\""))
  weight <- function(i, what) if (is_variable(inputs[[i]])) as.array(inputs[[i]]) else onnx_refuse(e, paste0("its ", what, " is not a weight"))
  recurrent_kernel <- weight(3L, "recurrent kernel")   # [units, gates * units]
  units <- nrow(recurrent_kernel)
  order <- as.vector(outer(seq_len(units), (gates - 1L) * units, `+`))
  written <- function(kernel) array(t(kernel)[order, , drop = FALSE], c(1L, rev(dim(kernel))))
  next_input <- 3L
  following <- function() next_input <<- next_input + 1L
  values <- rep(0, 2L * length(order))
  if (has("bias")) values[seq_along(order)] <- as.vector(weight(following(), "bias"))[order]
  start <- rep("", 2L)
  state <- function(i) if (nzchar(x[i])) x[i] else onnx_input(e, inputs[[i]])
  if (has("states")) for (i in seq_len(states)) start[i] <- onnx_add(e, "Unsqueeze", c(state(following()), onnx_numbers(e, 0)))
  if (has("recurrent_bias")) values[length(order) + seq_along(order)] <- as.vector(weight(following(), "recurrent bias"))[order]
  bias <- if (has("bias") || has("recurrent_bias")) onnx_constant(e, array(values, c(1L, length(values))), name = "bias") else ""
  swapped <- onnx_add(e, "Transpose", x[1L], perm = list(1L, 0L, 2L))
  arguments <- c(swapped, onnx_constant(e, written(weight(2L, "kernel")), name = "kernel"),
                 onnx_constant(e, written(recurrent_kernel), name = "recurrent_kernel"), bias, "", start[1L], if (states == 2L) start[2L])
  while (!nzchar(arguments[length(arguments)])) arguments <- arguments[-length(arguments)]
  activations <- list(activations = as.list(unname(named[functions])), activation_alpha = as.list(ifelse(functions == "hard_sigmoid", 0.2, 1)),
                      activation_beta = as.list(ifelse(functions == "hard_sigmoid", 0.5, 0)), hidden_size = units)
  if (!any(functions %in% c("hard_sigmoid", "linear"))) activations <- activations[c("activations", "hidden_size")]
  if (type == "GRU") activations$linear_before_reset <- as.integer(is.null(a$reset_after) || isTRUE(as.logical(a$reset_after)))
  y <- do.call(onnx_add, c(list(e, type, arguments, outputs = states + 1L), activations))
  sequence <- onnx_add(e, "Transpose", onnx_add(e, "Squeeze", c(y[1L], onnx_numbers(e, 1))), perm = list(1L, 0L, 2L))
  c(sequence, vapply(y[-1L], function(state) onnx_add(e, "Squeeze", c(state, onnx_numbers(e, 0))), ""))
}
