#' Densely connected layer
#'
#' `activation(x %*% kernel + bias)` along the last axis of the input, whatever its rank.
#'
#' @param object What to compose the layer with: missing or `NULL` gives the layer, a sequential model gives the model with the layer
#'   added, a symbolic tensor a symbolic tensor, an array or a tensor the value.
#' @param units Number of outputs, a whole number > 0.
#' @param activation Name of an activation, a function or a layer; `NULL` for none.
#' @param use_bias Whether to add a bias.
#' @param kernel_initializer First values of the kernel: a name or an [initializer][initializers].
#' @param bias_initializer First values of the bias.
#' @param kernel_regularizer Penalty on the kernel: a [regularizer][regularizers].
#' @param bias_regularizer Penalty on the bias.
#' @param activity_regularizer Penalty on the output.
#' @param kernel_constraint Applied to the kernel after every update: a [constraint][constraints].
#' @param bias_constraint Applied to the bias after every update.
#' @param input_shape Sizes of one sample (without the batch axis); needed by the first layer of a sequential model to make its weights
#'   at once. `NULL` or `NA` where a size may vary: `list(NULL, 3)`.
#' @param batch_input_shape Sizes with the batch axis.
#' @param batch_size Fixed batch size.
#' @param dtype dtype of the layer: `"float32"` (the default, see `k_set_floatx()`) or `"float64"`.
#' @param name Name of the layer; made from the class if not given.
#' @param trainable Whether training changes the weights.
#' @param weights List of arrays to start with.
#' @return As `object` says.
#' @section Input shape: (batch, ..., channels)
#' @section Output shape: (batch, ..., units)
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for inputs without a known last axis.
#' @examples
#' layer_dense(units = 2)(matrix(1:6, 2))
#' @family core layers
#' @export
layer_dense <- function(object, units, activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros",
                        kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                        bias_constraint = NULL, input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, dtype = NULL, name = NULL,
                        trainable = NULL, weights = NULL) {
  create_layer(Dense, object, capture_args())
}

Dense <- R6::R6Class("Dense", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.core.dense.Dense",
    supports_masking = TRUE,
    units = NULL, activation = NULL, use_bias = NULL, kernel = NULL, bias = NULL,
    kernel_initializer = NULL, bias_initializer = NULL, kernel_regularizer = NULL, bias_regularizer = NULL, kernel_constraint = NULL,
    bias_constraint = NULL,

    initialize = function(units, activation = NULL, use_bias = TRUE, kernel_initializer = "glorot_uniform", bias_initializer = "zeros",
                          kernel_regularizer = NULL, bias_regularizer = NULL, activity_regularizer = NULL, kernel_constraint = NULL,
                          bias_constraint = NULL, ...) {
      super$initialize(activity_regularizer = activity_regularizer, ...)
      self$units <- as_count(units, "units")
      self$activation <- get_activation(activation)
      self$use_bias <- as_flag(use_bias, "use_bias")
      keep_weight_rules(self, c("kernel", "bias"))
      self$input_spec <- input_spec(min_ndim = 2L)
    },

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      channels <- dims[length(dims)]
      if (is.na(channels)) abort_shape("the input has shape ", format_shape(dims), ", its last axis must be known to make the weights")
      self$kernel <- self$add_weight("kernel", c(channels, self$units), initializer = self$kernel_initializer, regularizer = self$kernel_regularizer,
                                     constraint = self$kernel_constraint)
      if (self$use_bias)
        self$bias <- self$add_weight("bias", self$units, initializer = self$bias_initializer, regularizer = self$bias_regularizer,
                                     constraint = self$bias_constraint)
      self$input_spec <- input_spec(min_ndim = 2L, axes = list("-1" = channels))
      self$built <- TRUE
    },

    call = function(inputs) {
      if (!is_float(tensor_dtype(inputs))) inputs <- op_cast(inputs, self$dtype)
      self$activation(op_dense(inputs, self$kernel, self$bias))
    },

    get_config = function() {
      c(super$get_config(), list(
        units = self$units, activation = serialize_activation(self$activation), use_bias = self$use_bias,
        kernel_initializer = serialize_callable(self$kernel_initializer), bias_initializer = serialize_callable(self$bias_initializer),
        kernel_regularizer = serialize_callable(self$kernel_regularizer), bias_regularizer = serialize_callable(self$bias_regularizer),
        activity_regularizer = serialize_callable(self$activity_regularizer),
        kernel_constraint = serialize_callable(self$kernel_constraint), bias_constraint = serialize_callable(self$bias_constraint)))
    },

    takes = function(rank)
      paste0("a dense layer takes (batch, ..., channels).\n  One variable per row: array_reshape(x, c(length(x), 1)), ",
             "or array_reshape(x, c(1, length(x))) for one sample.")
  )
)
