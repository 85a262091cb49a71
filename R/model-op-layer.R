# Ops on KerasTensors become layers of their own: x * 2 + y is a "tf.math.multiply" and a "tf.__operators__.add" layer.

# Called by call_op() when an input is a KerasTensor.
keras_tensor_op <- function(name, inputs, attributes = list()) {
  is_traced <- function(x) inherits(x, "keratin_tensor") && tensor_is_symbolic(x)
  if (any(vapply(nest_flatten(inputs), is_traced, NA))) abort_argument(
    "`", name, "` mixes a Keras tensor (an input or output of layers of a functional model) with values of a call. A loss, metric or layer can use ",
    "only what it is given: add a loss of Keras tensors with model$add_loss(), or hand the Keras tensor to the layer as an input")
  layer <- TFOpLambda$new(`function` = name)
  new_instance(layer)
  call_layer(layer, inputs, attributes = attributes)
}

TFOpLambda <- R6::R6Class("TFOpLambda", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.tf_op_layer.TFOpLambda",
    op = NULL,
    takes_values = TRUE,   # plain numbers stay: call_op() gives them the dtype of the tensor beside them
    takes_list = TRUE,
    initialize = function(`function`, name = NULL, trainable = NULL, dtype = NULL, ...) {
      super$initialize(name = if (is.null(name)) unique_name(paste0("tf.", op_symbol(`function`))) else name, trainable = trainable, dtype = dtype)
      self$op <- `function`
      self$built <- TRUE
    },
    call = function(inputs, attributes = list()) call_op(self$op, if (is_branch(inputs)) inputs else list(inputs), lapply(attributes, plain_attribute)),
    get_config = function() list(name = self$name, trainable = self$own_trainable, dtype = self$dtype, `function` = self$op)
  )
)

# Vectors that came through JSON are lists, with NULL for unknown sizes.
plain_attribute <- function(x) if (is.list(x)) unlist(lapply(x, function(value) if (is.null(value)) NA else value)) else x

# The op's name in TensorFlow, for the layer's name.
op_symbol <- function(name) {
  known <- op_symbols[name]
  if (!is.na(known)) unname(known) else paste0("math.", name)
}
op_symbols <- c(
  add = "__operators__.add", slice = "slice", strided_slice = "__operators__.getitem", divide = "math.truediv", floor_divide = "math.floordiv",
  floor_mod = "math.floormod", power = "math.pow", relu = "nn.relu", relu6 = "nn.relu6", leaky_relu = "nn.leaky_relu", elu = "nn.elu", selu = "nn.selu",
  gelu = "nn.gelu", softmax = "nn.softmax", log_softmax = "nn.log_softmax", softplus = "math.softplus", softsign = "nn.softsign", swish = "nn.silu",
  reshape = "reshape", transpose = "transpose", concat = "concat", stack = "stack", unstack = "unstack", split = "split", expand_dims = "expand_dims",
  squeeze = "squeeze", tile = "tile", pad = "pad", gather = "gather", gather_nd = "gather_nd", one_hot = "one_hot", reverse = "reverse", cast = "cast",
  clip = "clip_by_value", matmul = "linalg.matmul", dense = "linalg.matmul", bias_add = "nn.bias_add", identity = "identity", stop_gradient = "stop_gradient",
  select = "where", argmax = "math.argmax", argmin = "math.argmin", shape_of = "compat.v1.shape", conv = "nn.convolution", conv_transpose = "nn.conv_transpose",
  depthwise_conv = "nn.depthwise_conv2d", pool = "nn.pool", dropout = "nn.dropout")
