# Depthwise convolution (every channel has filters of its own) and separable convolution (depthwise, then a mix of channels); the ranks
# only forward.

DepthwiseConv <- R6::R6Class("DepthwiseConv", inherit = Conv, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    depth_multiplier = NULL, depthwise_kernel = NULL, depthwise_initializer = NULL, depthwise_regularizer = NULL, depthwise_constraint = NULL,

    initialize = function(kernel_size, strides = 1L, padding = "valid", depth_multiplier = 1L, ..., depthwise_initializer = "glorot_uniform",
                          depthwise_regularizer = NULL, depthwise_constraint = NULL, filters = NULL) {
      super$initialize(filters = filters, kernel_size = kernel_size, strides = strides, padding = padding, ...)
      self$depth_multiplier <- as_count(depth_multiplier, "depth_multiplier")
      keep_weight_rules(self, "depthwise")
    },

    add_depthwise_kernel = function(channels) {
      self$depthwise_kernel <- self$add_weight("depthwise_kernel", c(self$kernel_size, channels, self$depth_multiplier),
                                               initializer = self$depthwise_initializer,
                                               regularizer = self$depthwise_regularizer, constraint = self$depthwise_constraint)
    },
    add_bias = function(size) {
      if (self$use_bias)
        self$bias <- self$add_weight("bias", size, initializer = self$bias_initializer, regularizer = self$bias_regularizer,
                                     constraint = self$bias_constraint)
    },
    end_build = function(channels) {
      self$input_spec <- input_spec(ndim = self$rank + 2L, axes = setNames(list(channels), if (self$data_format == "channels_first") "1" else "-1"))
      self$built <- TRUE
    },

    build = function(input_shape) {
      channels <- conv_channels(self, as_dims(input_shape))
      self$add_depthwise_kernel(channels)
      self$add_bias(channels * self$depth_multiplier)
      self$end_build(channels)
    },

    # x and the result are channels_last
    convolve_depthwise = function(x) {
      pads <- conv_pads(tensor_shape(x), self$kernel_size, self$strides, self$dilation_rate, self$padding)
      op_depthwise_conv(x, self$depthwise_kernel, strides = self$strides, dilation = self$dilation_rate, padding_before = pads$before,
                        padding_after = pads$after)
    },

    call = function(inputs) {
      y <- self$convolve_depthwise(channels_to_last(inputs, self$data_format))
      if (self$use_bias) y <- op_bias_add(y, self$bias)
      self$activation(channels_back(y, self$data_format))
    },

    depthwise_config = function() list(
      depth_multiplier = self$depth_multiplier, depthwise_initializer = serialize_callable(self$depthwise_initializer),
      depthwise_regularizer = serialize_callable(self$depthwise_regularizer), depthwise_constraint = serialize_callable(self$depthwise_constraint)),

    get_config = function() {
      config <- c(super$get_config(), self$depthwise_config())
      config[!names(config) %in% c("filters", "kernel_initializer", "kernel_regularizer", "kernel_constraint")]
    },

    takes = function(rank) conv_takes(self, rank, "depthwise convolution")
  )
)

SeparableConv <- R6::R6Class("SeparableConv", inherit = DepthwiseConv, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    pointwise_kernel = NULL, pointwise_initializer = NULL, pointwise_regularizer = NULL, pointwise_constraint = NULL,

    initialize = function(filters, kernel_size, ..., pointwise_initializer = "glorot_uniform", pointwise_regularizer = NULL,
                          pointwise_constraint = NULL) {
      super$initialize(kernel_size = kernel_size, filters = as_count(filters, "filters"), ...)
      keep_weight_rules(self, "pointwise")
    },

    build = function(input_shape) {
      channels <- conv_channels(self, as_dims(input_shape))
      self$add_depthwise_kernel(channels)
      self$pointwise_kernel <- self$add_weight("pointwise_kernel", c(rep(1L, self$rank), channels * self$depth_multiplier, self$filters),
                                               initializer = self$pointwise_initializer, regularizer = self$pointwise_regularizer,
                                               constraint = self$pointwise_constraint)
      self$add_bias(self$filters)
      self$end_build(channels)
    },

    call = function(inputs) {
      y <- op_conv(self$convolve_depthwise(channels_to_last(inputs, self$data_format)), self$pointwise_kernel, self$bias)
      self$activation(channels_back(y, self$data_format))
    },

    get_config = function() {
      config <- super$get_config()
      after <- match("dtype", names(config))
      c(append(config, list(filters = self$filters), after), list(
        pointwise_initializer = serialize_callable(self$pointwise_initializer),
        pointwise_regularizer = serialize_callable(self$pointwise_regularizer),
        pointwise_constraint = serialize_callable(self$pointwise_constraint), kernel_initializer = serialize_callable(self$kernel_initializer),
        kernel_regularizer = NULL, kernel_constraint = NULL))
    },

    takes = function(rank) conv_takes(self, rank, "separable convolution")
  )
)
