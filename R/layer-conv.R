# Convolution layers of rank 1 to 3 and their transposes: the ranks only forward (layer-conv-1d.R, ...).

Conv <- R6::R6Class("Conv", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    rank = NULL,
    paddings = c("valid", "same"),
    filters = NULL, kernel_size = NULL, strides = NULL, padding = NULL, data_format = NULL, dilation_rate = NULL, groups = NULL, activation = NULL,
    use_bias = NULL, kernel = NULL, bias = NULL, kernel_initializer = NULL, bias_initializer = NULL, kernel_regularizer = NULL,
    bias_regularizer = NULL,
    kernel_constraint = NULL, bias_constraint = NULL,

    initialize = function(filters, kernel_size, strides = 1L, padding = "valid", data_format = NULL, dilation_rate = 1L, groups = 1L,
                          activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros",
                          kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                          bias_constraint = NULL, ...) {
      super$initialize(activity_regularizer = activity_regularizer, ...)
      self$filters <- if (is.null(filters) && inherits(self, "DepthwiseConv")) NULL else as_count(filters, "filters")
      self$kernel_size <- as_sizes(kernel_size, self$rank, "kernel_size")
      self$strides <- as_sizes(strides, self$rank, "strides")
      self$padding <- conv_padding(self, padding)
      self$data_format <- as_data_format(data_format)
      self$dilation_rate <- as_sizes(dilation_rate, self$rank, "dilation_rate")
      self$groups <- as_count(groups, "groups")
      if (!is.null(filters) && self$filters %% self$groups != 0L)
        abort_argument("`filters` (", self$filters, ") must be a multiple of `groups` (", self$groups, ")")
      if (any(self$strides > 1L) && any(self$dilation_rate > 1L))
        abort_argument("`strides` > 1 cannot be combined with `dilation_rate` > 1. Received: strides = ", received(self$strides),
                       ", dilation_rate = ", received(self$dilation_rate))
      self$activation <- get_activation(activation)
      self$use_bias <- as_flag(use_bias, "use_bias")
      keep_weight_rules(self, c("kernel", "bias"))
      self$input_spec <- input_spec(ndim = self$rank + 2L)
    },

    kernel_dims = function(channels) c(self$kernel_size, channels %/% self$groups, self$filters),

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      channels <- conv_channels(self, dims)
      if (channels %% self$groups != 0L) abort_shape("the input has ", channels, " channels, which `groups` (", self$groups, ") does not divide")
      self$kernel <- self$add_weight("kernel", self$kernel_dims(channels), initializer = self$kernel_initializer,
                                     regularizer = self$kernel_regularizer,
                                     constraint = self$kernel_constraint)
      if (self$use_bias)
        self$bias <- self$add_weight("bias", self$filters, initializer = self$bias_initializer, regularizer = self$bias_regularizer,
                                     constraint = self$bias_constraint)
      self$input_spec <- input_spec(ndim = self$rank + 2L, axes = setNames(list(channels), if (self$data_format == "channels_first") "1" else "-1"))
      self$built <- TRUE
    },

    call = function(inputs) {
      x <- channels_to_last(as_float(inputs, self$dtype), self$data_format)
      pads <- conv_pads(tensor_shape(x), self$kernel_size, self$strides, self$dilation_rate, self$padding)
      y <- op_conv(x, self$kernel, self$bias, strides = self$strides, dilation = self$dilation_rate, groups = self$groups,
                   padding_before = pads$before, padding_after = pads$after)
      self$activation(channels_back(y, self$data_format))
    },

    get_config = function() {
      c(super$get_config(), list(
        filters = self$filters, kernel_size = as.list(self$kernel_size), strides = as.list(self$strides), padding = self$padding,
        data_format = self$data_format,
        dilation_rate = as.list(self$dilation_rate), groups = self$groups, activation = serialize_activation(self$activation),
        use_bias = self$use_bias,
        kernel_initializer = serialize_callable(self$kernel_initializer), bias_initializer = serialize_callable(self$bias_initializer),
        kernel_regularizer = serialize_callable(self$kernel_regularizer), bias_regularizer = serialize_callable(self$bias_regularizer),
        activity_regularizer = serialize_callable(self$activity_regularizer),
        kernel_constraint = serialize_callable(self$kernel_constraint), bias_constraint = serialize_callable(self$bias_constraint)))
    },

    takes = function(rank) conv_takes(self, rank, "convolution"),
    explain = function(dims) explain_conv(self, dims)
  )
)

# Transposed convolution: from the shape of a convolution's output to that of its input.
ConvTranspose <- R6::R6Class("ConvTranspose", inherit = Conv, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    output_padding = NULL,

    initialize = function(filters, kernel_size, strides = 1L, padding = "valid", output_padding = NULL, ...) {
      super$initialize(filters = filters, kernel_size = kernel_size, strides = strides, padding = padding, ...)
      if (!is.null(output_padding)) {
        self$output_padding <- as_sizes(output_padding, self$rank, "output_padding", least = 0L)
        if (any(self$output_padding >= self$strides))
          abort_argument("`output_padding` (", paste(self$output_padding, collapse = ", "), ") must be smaller than `strides` (",
                         paste(self$strides, collapse = ", "), ")")
      }
    },

    kernel_dims = function(channels) c(self$kernel_size, self$filters %/% self$groups, channels),

    call = function(inputs) {
      x <- channels_to_last(as_float(inputs, self$dtype), self$data_format)
      geometry <- conv_transpose_geometry(tensor_shape(x), self$kernel_size, self$strides, self$dilation_rate, self$padding, self$output_padding)
      y <- op_conv_transpose(x, self$kernel, self$bias, strides = self$strides, dilation = self$dilation_rate, groups = self$groups,
                             crop_before = geometry$crop_before, output_size = geometry$output_size)
      self$activation(channels_back(y, self$data_format))
    },

    get_config = function() c(super$get_config(), list(output_padding = if (!is.null(self$output_padding)) as.list(self$output_padding))),

    takes = function(rank) conv_takes(self, rank, "transposed convolution"),
    explain = function(dims) explain_conv_transpose(self, dims)
  )
)

# ---- what the layers share

conv_padding <- function(layer, padding) {
  if (is.character(padding) && length(padding) == 1L && !is.na(padding) && tolower(padding) == "causal" && !"causal" %in% layer$paddings)
    abort_argument('`padding = "causal"` is for layer_conv_1d() and layer_separable_conv_1d(). Received by ', class(layer)[1L], ": padding = ",
                   received(padding))
  as_choice(padding, layer$paddings, "padding")
}

conv_channels <- function(layer, dims) {
  channels <- dims[if (layer$data_format == "channels_first") 2L else length(dims)]
  if (is.na(channels)) abort_shape("the input has shape ", format_shape(dims), ", its channel axis must be known to make the weights")
  if (channels == 0L) abort_shape("the input has shape ", format_shape(dims), ": there are no channels")
  if (any(dims[-1L] == 0L, na.rm = TRUE)) abort_shape("the input has shape ", format_shape(dims), ": an axis has length 0")
  channels
}

axis_words <- list(c("steps"), c("rows", "columns"), c("planes", "rows", "columns"))

conv_takes <- function(layer, rank, what) {
  spatial <- axis_words[[layer$rank]]
  axes <- if (layer$data_format == "channels_first") c("batch", "channels", spatial) else c("batch", spatial, "channels")
  mend <- if (rank == layer$rank + 1L && layer$data_format == "channels_last") "\n  Add a channel axis: array_reshape(x, c(dim(x), 1))."
  paste0("a ", layer$rank, "-D ", what, " takes (", paste(axes, collapse = ", "), ")", mend)
}

# R users pass integers where numbers are meant.
as_float <- function(x, dtype) if (is_float(tensor_dtype(x))) x else op_cast(x, dtype)

# The ops are channels_last; channels_first is a view of it from outside.
channels_to_last <- function(x, data_format)
  if (data_format == "channels_last") x else op_transpose(x, c(0L, seq(2L, length.out = tensor_rank(x) - 2L), 1L))
channels_back <- function(y, data_format) {
  if (data_format == "channels_last") return(y)
  rank <- tensor_rank(y)
  op_transpose(y, c(0L, rank - 1L, seq_len(rank - 2L)))
}

# Zeros before and after each spatial axis. "same" gives ceil(n / stride) outputs, the odd zero behind; "causal" looks back only.
conv_pads <- function(dims, kernel_size, strides, dilation, padding) {
  reach <- (kernel_size - 1L) * dilation
  none <- integer(length(kernel_size))
  sizes <- dims[seq_along(kernel_size) + 1L]
  if (any(sizes == 0L, na.rm = TRUE)) abort_shape("the input has shape ", format_shape(dims), ": an axis has length 0")
  if (padding == "causal") return(list(before = reach, after = none))
  if (padding == "valid") {
    check_window(dims, reach + 1L, kernel_size, dilation)
    return(list(before = none, after = none))
  }
  known <- ifelse(is.na(sizes), strides, sizes)   # of an unknown length only the unknown result matters
  total <- pmax(((known + strides - 1L) %/% strides - 1L) * strides + reach + 1L - known, 0L)
  list(before = total %/% 2L, after = total - total %/% 2L)
}

# A window that does not fit an axis is an error that says which axis and what would fit. `dims` are those of a channels_last input, `received` those
# the user gave.
check_window <- function(dims, window, kernel_size = NULL, dilation = NULL, received = NULL) {
  sizes <- dims[seq_along(window) + 1L]
  short <- which(!is.na(sizes) & sizes < window)
  if (!length(short)) return(invisible())
  axis <- short[1L]
  made_of <- if (is.null(kernel_size)) {
    "`pool_size`"
  } else if (dilation[axis] > 1L) paste0("`kernel_size` ", kernel_size[axis], ", `dilation_rate` ", dilation[axis]) else "`kernel_size`"
  fits <- if (is.null(kernel_size) || dilation[axis] == 1L) sizes[axis] else (sizes[axis] - 1L) %/% dilation[axis] + 1L
  abort_shape("the input has ", sizes[axis], " ", axis_words[[length(window)]][axis], ", the window spans ", window[axis], " (", made_of,
              "): the output would have length ",
              sizes[axis] - window[axis] + 1L, ". ",
              if (fits > 0L) paste("At most", fits, "fits, or use padding = \"same\"") else "An axis without elements has no window",
              if (!is.null(received)) paste0(". Received an input of shape ", format_shape(received)))
}

# Length and left crop of a transposed convolution; see vignette("transposed-convolution").
conv_transpose_geometry <- function(dims, kernel_size, strides, dilation, padding, output_padding) {
  n <- as.numeric(dims[seq_along(kernel_size) + 1L])
  if (any(n == 0, na.rm = TRUE)) abort_shape("the input has shape ", format_shape(dims), ": an axis has length 0")
  ke <- (kernel_size - 1L) * dilation + 1L
  same <- padding == "same"
  size <- if (is.null(output_padding)) n * strides + (if (same) 0 else pmax(ke - strides, 0))
          else (n - 1) * strides + ke - (if (same) 2 * (ke %/% 2L) else 0) + output_padding
  negative <- which(!is.na(size) & size < 0)
  if (length(negative)) {
    axis <- negative[1L]
    abort_shape("the input has ", n[axis], " ", axis_words[[length(n)]][axis], ", the output would have length ", size[axis], " (`kernel_size` ",
                kernel_size[axis], ', padding "',
                padding, '", `output_padding` ', output_padding[axis], "). At least ", n[axis] + ceiling((1 - size[axis]) / strides[axis]),
                " are needed, or `output_padding` = NULL")
  }
  # The crop does not depend on the length, which may be unknown.
  over <- if (is.null(output_padding)) ke - strides else 2L * (ke %/% 2L) - output_padding
  list(output_size = size, crop_before = if (same) pmax(over, 0L) %/% 2L else integer(length(ke)))
}
