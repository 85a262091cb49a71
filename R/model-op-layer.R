# Ops on KerasTensors become layers of their own: x * 2 + y is a "tf.math.multiply" and a "tf.__operators__.add" layer.

# Called by call_op() when an input is a KerasTensor.
keras_tensor_op <- function(name, inputs, attributes = list()) {
  is_traced <- function(x) inherits(x, "keratin_tensor") && tensor_is_symbolic(x)
  if (any(vapply(nest_flatten(inputs), is_traced, NA))) abort_argument(
    "`", name, "` mixes a Keras tensor (an input or output of layers of a functional model) with values of a call. A loss, metric or layer can use ",
    "only what it is given: add a loss of Keras tensors with model$add_loss(), or hand the Keras tensor to the layer as an input")
  Class <- if (name == "strided_slice") SlicingOpLambda else TFOpLambda
  layer <- Class$new(`function` = paste0("keratin.", name))
  new_instance(layer)
  call_layer(layer, inputs, attributes = attributes)
}

# The layer calls an op of the package (function "keratin.add", with the op's inputs and attributes), or a function of TensorFlow that a
# file names ("math.add", with that function's arguments): model-op-tensorflow.R translates between the two.
TFOpLambda <- R6::R6Class("TFOpLambda", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.tf_op_layer.TFOpLambda",
    op = NULL,
    tf_function = NULL,
    takes_values = TRUE,   # plain numbers stay: call_op() gives them the dtype of the tensor beside them
    takes_list = TRUE,
    initialize = function(`function`, name = NULL, trainable = NULL, dtype = NULL, ...) {
      if (startsWith(`function`, "keratin.")) self$op <- sub("^keratin\\.", "", `function`)
      else self$tf_function <- find_tf_function(`function`, name)
      symbol <- if (is.null(self$op)) `function` else op_symbol(self$op)
      super$initialize(name = if (is.null(name)) unique_name(paste0("tf.", symbol)) else name, trainable = trainable, dtype = dtype)
      self$symbol <- `function`
      self$built <- TRUE
    },
    call = function(inputs, attributes = list(), ...) {
      if (!is.null(self$tf_function)) return(do.call(self$tf_function, c(list(inputs), list(...)), quote = TRUE))
      call_op(self$op, if (is_branch(inputs)) inputs else list(inputs), lapply(attributes, plain_attribute))
    },
    get_config = function() {
      form <- if (length(self$inbound_nodes)) tf_form_of(self$inbound_nodes[[1L]])
      list(name = self$name, trainable = self$own_trainable, dtype = self$dtype, `function` = if (is.null(form)) self$symbol else form$symbol)
    }
  )
)

SlicingOpLambda <- R6::R6Class("SlicingOpLambda", inherit = TFOpLambda, cloneable = FALSE, lock_objects = FALSE,
  public = list(keras_class = c("keras.layers.core.tf_op_layer.SlicingOpLambda", "keras.layers.core.tf_op_layer.TFOpLambda")))

# Vectors that came through JSON are lists, with NULL for unknown sizes.
plain_attribute <- function(x) if (is.list(x)) unlist(lapply(x, function(value) if (is.null(value)) NA else value)) else x
