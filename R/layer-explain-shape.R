# explain_shape(): how the sizes of an output come about. Layers that have something to say have a method explain(dims), `dims` being the
# input's shape channels last: list(axes = rows of explained_axis(), notes = warnings).

#' How the output shape of a layer or model comes about
#'
#' Prints for each axis the formula of its length with the numbers filled in. For transposed convolutions it warns of checkerboard patterns,
#' which appear when the kernel is not a multiple of the stride, so that neighbouring outputs are sums of different numbers of terms.
#'
#' @param layer_or_model A layer, or a sequential or functional model.
#' @param input_shape Sizes of the input, with or without the batch axis; `NULL` or `NA` where unknown. May be left out for layers and models
#'   that know their input. A list of shapes for several inputs.
#' @return An object that prints the explanation. `as.data.frame()` gives a row for each axis: layer, axis, from, to, formula.
#' @section Errors: `keratin_error_shape` if the layer cannot take the shape, saying why.
#' @references Odena, Dumoulin & Olah (2016), Deconvolution and checkerboard artifacts, \doi{10.23915/distill.00003}.
#' @examples
#' layer <- layer_conv_2d_transpose(filters = 16, kernel_size = 3, strides = 2, padding = "same")
#' explain_shape(layer, c(14, 14, 64))
#' explain_shape(layer_conv_1d(filters = 8, kernel_size = 3, dilation_rate = 4), list(NULL, 2))
#' @export
explain_shape <- function(layer_or_model, input_shape = NULL) {
  if (!is_layer(layer_or_model)) abort_argument("explain_shape() takes a layer or a model. Received: ", received(layer_or_model))
  layer <- unwrap(layer_or_model)
  steps <- if (inherits(layer, "Functional") && !is.null(layer$network)) explain_network(layer, input_shape)
           else if (inherits(layer, "Sequential")) explain_chain(lapply(layer$layers, unwrap), layer, input_shape)
           else list(explain_layer(layer, given_dims(layer, input_shape)))
  structure(list(steps = steps), class = "keratin_shape_explanation")
}

# The shape asked about, batch first. Without a shape: that of the first call, or of the constructor.
given_dims <- function(layer, input_shape) {
  if (is.null(input_shape)) {
    known <- if (length(layer$inbound_nodes)) {
      layer_dims(layer, "inputs")
    } else if (!is.null(layer$input_dims)) layer$input_dims else layer$batch_input_shape
    if (is.null(known)) abort_argument("explain_shape(): `input_shape` is needed, the layer has not seen an input yet")
    return(known)
  }
  dims <- as_input_dims(input_shape)
  if (is.list(dims)) return(lapply(dims, function(d) c(NA_integer_, d)))
  rank <- layer$input_spec$ndim
  if (is.null(rank) || length(dims) != rank) dims <- c(NA_integer_, dims)
  dims
}

explain_layer <- function(layer, dims) {
  to <- withCallingHandlers({
    if (!is.list(dims)) check_input_spec(layer, dims)
    as_input_dims(layer$compute_output_shape(input_shape_as_list(dims)))
  }, keratin_error = function(e) rethrow_from(e, layer))
  said <- if (is.function(layer$explain)) {
    first <- identical(layer$data_format, "channels_first")
    layer$explain(if (first) dims[c(1L, seq_along(dims)[-(1:2)], 2L)] else dims)
  }
  list(name = layer$name, class = class(layer)[1L], from = dims, to = to, axes = said$axes, notes = said$notes)
}

explain_chain <- function(layers, model, input_shape) {
  dims <- if (is.null(input_shape) && length(layers)) given_dims(layers[[1L]], NULL) else given_dims(model, input_shape)
  steps <- list()
  for (layer in layers) {
    if (inherits(layer, "InputLayer")) next
    steps[[length(steps) + 1L]] <- explain_layer(layer, dims)
    dims <- steps[[length(steps)]]$to
  }
  steps
}

explain_network <- function(model, input_shape) {
  shapes <- new.env(hash = TRUE, parent = emptyenv())
  inputs <- model$network_inputs
  given <- if (is.null(input_shape)) {
    lapply(inputs, tensor_shape)
  } else if (length(inputs) == 1L) list(as_input_dims(input_shape)) else as_input_dims(input_shape)
  for (i in seq_along(inputs)) {
    dims <- given[[i]]
    if (length(dims) < length(tensor_shape(inputs[[i]]))) dims <- c(NA_integer_, dims)
    shapes[[tensor_key(inputs[[i]])]] <- dims
  }
  look_up <- function(x) if (is_keras_tensor(x)) shapes[[tensor_key(x)]] else x
  steps <- list()
  for (nodes in model$network$nodes_by_depth) for (node in nodes) {
    if (is_input_node(node)) next
    step <- explain_layer(node$layer, nest_map(node$arguments[[1L]], look_up))
    steps[[length(steps) + 1L]] <- step
    made <- nest_flatten(node$outputs)
    for (i in seq_along(made)) shapes[[tensor_key(made[[i]])]] <- if (is.list(step$to)) step$to[[i]] else step$to
  }
  steps
}

# ---- one axis: `formula` in the names of arguments; the numbers put in by `...` where they are known

explained_axis <- function(axis, from, formula, ...) {
  numbers <- list(...)
  value <- if (anyNA(unlist(numbers))) NA_real_ else eval(str2lang(formula), numbers, baseenv())
  filled <- formula
  for (name in names(numbers)) if (!is.na(numbers[[name]])) filled <- gsub(paste0("\\b", name, "\\b"), format(numbers[[name]]), filled, perl = TRUE)
  data.frame(axis = axis, from = as.integer(from), to = as.integer(value), formula = formula, filled = filled, stringsAsFactors = FALSE)
}

explained_axes <- function(dims, explain_one) {
  rank <- length(dims) - 2L
  do.call(rbind, lapply(seq_len(rank), function(i) explain_one(axis_words[[rank]][i], dims[i + 1L], i)))
}
explained_channels <- function(dims, to, formula)
  data.frame(axis = "channels", from = as.integer(dims[length(dims)]), to = as.integer(to), formula = formula, filled = formula,
             stringsAsFactors = FALSE)

explain_windows <- function(dims, window, strides, padding) explained_axes(dims, function(axis, n, i) {
  if (padding == "valid") explained_axis(axis, n, "(n - k) %/% s + 1", n = n, k = window[i], s = strides[i])
  else explained_axis(axis, n, "ceiling(n / s)", n = n, s = strides[i])
})

explain_conv <- function(layer, dims) {
  window <- (layer$kernel_size - 1L) * layer$dilation_rate + 1L
  channels <- if (inherits(layer, "DepthwiseConv") && !inherits(layer, "SeparableConv"))
    explained_channels(dims, dims[length(dims)] * layer$depth_multiplier,
                       paste0("channels * depth_multiplier = ", format(dims[length(dims)]), " * ", layer$depth_multiplier))
  else explained_channels(dims, layer$filters, "filters")
  list(axes = rbind(explain_windows(dims, window, layer$strides, layer$padding), channels), notes = dilation_notes(layer, window))
}

dilation_notes <- function(layer, window) {
  if (all(layer$dilation_rate == 1L)) return(NULL)
  paste0("k = (kernel_size - 1) * dilation_rate + 1 = ", paste(window, collapse = ", "))
}

explain_conv_transpose <- function(layer, dims) {
  k <- (layer$kernel_size - 1L) * layer$dilation_rate + 1L
  s <- layer$strides
  same <- layer$padding == "same"
  axes <- explained_axes(dims, function(axis, n, i) {
    if (!is.null(layer$output_padding)) explained_axis(axis, n, "(n - 1) * s + k - 2 * p + output_padding", n = n, s = s[i], k = k[i],
                                                       p = if (same) k[i] %/% 2L else 0L,
                                                       output_padding = layer$output_padding[i])
    else if (same) explained_axis(axis, n, "n * s", n = n, s = s[i])
    else explained_axis(axis, n, "n * s + max(k - s, 0)", n = n, s = s[i], k = k[i])
  })
  uneven <- which(s > 1L & layer$kernel_size %% s != 0L)
  words <- axis_words[[layer$rank]]
  numbers <- function(x) paste(if (length(unique(x)) == 1L) x[1L] else x, collapse = ", ")
  checkerboard <- if (length(uneven)) {
    terms <- unique(unlist(lapply(uneven, function(i) c(layer$kernel_size[i] %/% s[i], layer$kernel_size[i] %/% s[i] + 1L))))
    paste0("Checkerboard: kernel_size ", numbers(layer$kernel_size[uneven]), " is not a multiple of strides ", numbers(s[uneven]), " (",
           paste(words[uneven], collapse = ", "), "), so outputs are sums of ", paste(sort(terms), collapse = " or "),
           " terms in turn. Take kernel_size ",
           numbers(ceiling(layer$kernel_size[uneven] / s[uneven]) * s[uneven]), ", or upsample and then convolve.")
  }
  list(axes = rbind(axes, explained_channels(dims, layer$filters, "filters")), notes = c(dilation_notes(layer, k), checkerboard))
}

# ---- printing

shape_line <- function(step) paste0('layer "', step$name, '" (', step$class, "): ", format_shape(step$from), " -> ", format_shape(step$to))

#' @export
format.keratin_shape_explanation <- function(x, ...) {
  unlist(lapply(x$steps, function(step) {
    axes <- step$axes
    lines <- if (!is.null(axes)) {
      result <- ifelse(is.na(axes$to), "unknown", format(axes$to, trim = TRUE))
      same_text <- axes$formula == axes$filled
      left <- paste0("  ", format(axes$axis), "  ", format(result), " = ", format(axes$filled))
      ifelse(same_text, sub(" +$", "", left), paste0(left, "    ", axes$formula))
    }
    c(shape_line(step), lines, if (length(step$notes)) paste0("  ", step$notes))
  }))
}

#' @export
print.keratin_shape_explanation <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
as.data.frame.keratin_shape_explanation <- function(x, ...) {
  rows <- lapply(x$steps, function(step) if (!is.null(step$axes)) cbind(layer = step$name, step$axes[c("axis", "from", "to", "formula")]))
  do.call(rbind, rows)
}
