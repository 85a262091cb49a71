#' A preprocessing layer which normalizes continuous features
#'
#' `(input - mean) / sqrt(variance)`, with mean and variance given or learned with [adapt()].
#'
#' @inheritParams layer_string_lookup
#' @param axis Axes that have a mean and variance for each index, counted from 0 (the batch) or, negative, from the end. `NULL` takes one
#'   mean and variance for all.
#' @param mean,variance The mean and variance, if they are known.
#' @param invert Whether to undo the normalization instead.
#' @return As `object` says.
#' @family preprocessing layers
#' @examples
#' layer <- layer_normalization()
#' adapt(layer, matrix(1:6, 3))
#' layer(matrix(1:6, 3))
#' @export
layer_normalization <- function(object, axis = -1L, mean = NULL, variance = NULL, invert = FALSE, ...) {
  create_layer(Normalization, object, capture_args())
}

Normalization <- R6::R6Class("Normalization", inherit = AdaptingLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.preprocessing.normalization.Normalization", "keras.engine.base_preprocessing_layer.PreprocessingLayer"),
    axis = NULL, invert = NULL, given_mean = NULL, given_variance = NULL, kept = NULL, sizes = NULL, rank = NULL,
    adapt_mean = NULL, adapt_variance = NULL, count = NULL,
    initialize = function(axis = -1L, mean = NULL, variance = NULL, invert = FALSE, ...) {
      super$initialize(...)
      self$axis <- as.integer(unlist(axis))
      if (0L %in% self$axis) abort_argument("`axis` cannot be 0, the batch. Received: axis = ", received(axis))
      if (is.null(mean) != is.null(variance)) abort_argument("`mean` and `variance` must be given together.")
      self$given_mean <- if (!is.null(mean)) as.numeric(unlist(mean))
      self$given_variance <- if (!is.null(variance)) as.numeric(unlist(variance))
      self$invert <- as_flag(invert, "invert")
    },
    build = function(input_shape) {
      dims <- as_dims(input_shape)
      self$rank <- length(dims)
      bad <- self$axis[self$axis < -self$rank | self$axis >= self$rank]
      if (length(bad)) abort_argument("`axis` ", bad[1L], " is out of range for inputs of shape ", format_shape(dims))
      self$kept <- sort(ifelse(self$axis < 0L, self$axis + self$rank, self$axis)) + 1L
      self$sizes <- dims[self$kept]
      if (anyNA(self$sizes)) abort_shape("the sizes of the axes to keep must be known. Received: ", format_shape(dims))
      if (is.null(self$given_mean)) {
        self$adapt_mean <- self$add_weight("mean", self$sizes, initializer = "zeros", trainable = FALSE)
        self$adapt_variance <- self$add_weight("variance", self$sizes, initializer = "ones", trainable = FALSE)
        self$count <- self$add_weight("count", integer(), dtype = "int64", initializer = "zeros", trainable = FALSE)
      }
      self$built <- TRUE
    },
    check_adaptable = function()
      if (!is.null(self$given_mean)) abort_argument("the layer \"", self$name,
                                                    "\" was given its `mean` and `variance`, so there is nothing to adapt."),
    reset_state = function() self$running <- NULL,
    running = NULL,
    update_state = function(data) {
      if (!is.numeric(data) && !is.logical(data)) {
        abort_argument("adapt() of a normalization takes numbers. Received: ", received(class(as.vector(data))))
      }
      if (length(dim(data)) == 1L) data <- matrix(data, ncol = 1L)
      if (!isTRUE(self$built)) build_layer(self, c(NA_integer_, dim(data)[-1L]))
      groups <- if (length(self$kept)) {
        matrix(aperm(data, c(setdiff(seq_along(dim(data)), self$kept), self$kept)), ncol = prod(self$sizes))
      } else {
        matrix(data, ncol = 1L)
      }
      mean <- colMeans(groups)
      variance <- colMeans((groups - rep(mean, each = nrow(groups)))^2)
      old <- self$running
      n <- nrow(groups)
      if (is.null(old)) self$running <- list(mean = mean, variance = variance, n = n)
      else {
        share <- n / (old$n + n)
        both <- mean * share + old$mean * (1 - share)
        self$running <- list(mean = both, n = old$n + n,
                             variance = (variance + (mean - both)^2) * share + (old$variance + (old$mean - both)^2) * (1 - share))
      }
    },
    finalize_state = function() {
      shaped <- function(x) if (length(self$sizes)) array(x, self$sizes) else x
      variable_assign(self$adapt_mean, shaped(self$running$mean))
      variable_assign(self$adapt_variance, shaped(self$running$variance))
      variable_assign(self$count, self$running$n)
      self$is_adapted <- TRUE
    },
    call = function(inputs) {
      if (!is_float(tensor_dtype(inputs))) inputs <- op_cast(inputs, self$dtype)
      self$check_sizes(tensor_shape(inputs))
      shape <- rep(1L, self$rank)
      shape[self$kept] <- self$sizes
      one <- function(variable, given) {
        if (is.null(given)) return(op_reshape(variable, shape))
        tensor(if (length(given) == 1L) given else array_from_rows(given, shape), self$dtype)
      }
      mean <- one(self$adapt_mean, self$given_mean)
      deviation <- op_maximum(op_sqrt(one(self$adapt_variance, self$given_variance)), 1e-7)
      if (self$invert) op_add(mean, op_multiply(inputs, deviation)) else op_divide(op_subtract(inputs, mean), deviation)
    },
    check_sizes = function(dims) {
      if (length(dims) != self$rank || !length(self$kept)) return()   # broadcasts
      sizes <- dims[self$kept]
      if (any(!is.na(sizes) & sizes != self$sizes))
        abort_shape("the input has shape ", format_shape(dims), ", the layer was ", if (isTRUE(self$is_adapted)) "adapted to" else "built for",
                    " data with ", toString(self$sizes), " along axis ", toString(self$kept))
    },
    get_config = function() c(super$get_config(), list(axis = as.list(self$axis), invert = self$invert,
                                                       mean = as_config_number(self$given_mean), variance = as_config_number(self$given_variance)))
  )
)
as_config_number <- function(x) if (length(x) > 1L) as.list(x) else x
array_from_rows <- function(x, sizes) if (length(sizes) > 1L) aperm(array(x, rev(sizes))) else array(x, sizes)
