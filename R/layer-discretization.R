#' A preprocessing layer which buckets continuous features by ranges
#'
#' @inheritParams layer_string_lookup
#' @param bin_boundaries Boundaries of the bins, ascending: `c(0, 1, 2)` makes the bins `(-Inf, 0)`, `[0, 1)`, `[1, 2)`, `[2, Inf)`.
#' @param num_bins Number of bins, whose boundaries [adapt()] puts at the quantiles of the data.
#' @param epsilon Error tolerance of the quantiles, typically a small fraction.
#' @return As `object` says.
#' @family preprocessing layers
#' @examples
#' layer_discretization(bin_boundaries = c(0, 1, 2))(c(-1.5, 1, 3.4, 0.5))
#' @export
layer_discretization <- function(object, bin_boundaries = NULL, num_bins = NULL, epsilon = 0.01, output_mode = "int", sparse = FALSE, ...) {
  create_layer(Discretization, object, capture_args())
}

Discretization <- R6::R6Class("Discretization", inherit = AdaptingLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.preprocessing.discretization.Discretization", "keras.engine.base_preprocessing_layer.PreprocessingLayer"),
    num_bins = NULL, epsilon = NULL, output_mode = NULL, given_boundaries = NULL, quantiles = NULL,
    input_dtype = "float32",  # not the layer's own int64, which would cut off what stands behind the point
    summary = NULL,   # what adapt() learned, as files keep it: values and how many data each stands for
    initialize = function(bin_boundaries = NULL, num_bins = NULL, epsilon = 0.01, output_mode = "int", sparse = FALSE, ..., dtype = NULL) {
      self$output_mode <- as_choice(output_mode, c("int", "one_hot", "multi_hot", "count"), "output_mode")
      if (isTRUE(sparse)) abort_argument("keratin has no sparse tensors: leave `sparse = FALSE`.")
      super$initialize(..., dtype = if (self$output_mode == "int") "int64" else if (is.null(dtype) || !startsWith(dtype, "float")) NULL else dtype)
      if (!is.null(num_bins) && !is.null(bin_boundaries)) abort_argument("give either `num_bins` or `bin_boundaries`, not both.")
      if (is.null(num_bins) && is.null(bin_boundaries)) abort_argument("give `num_bins` (and call adapt()) or `bin_boundaries`.")
      if (!is.null(num_bins)) self$num_bins <- as_count(num_bins, "num_bins")
      self$epsilon <- as_number(epsilon, "epsilon", 0, 1)
      if (!is.null(bin_boundaries)) {
        self$given_boundaries <- as.numeric(unlist(bin_boundaries))
        if (is.unsorted(self$given_boundaries)) abort_argument("`bin_boundaries` must ascend. Received: ", received(bin_boundaries))
      }
    },
    build = function(input_shape) {
      self$add_summary()
      super$build(input_shape)
    },
    add_summary = function() {
      if (!is.null(self$summary) || !is.null(self$given_boundaries)) return(invisible())
      self$summary <- self$add_weight("summary", c(2L, 0L), "float32", "zeros", trainable = FALSE)
      self$summary$open <- TRUE
    },
    check_adaptable = function()
      if (!is.null(self$given_boundaries)) abort_argument("the layer \"", self$name,
                                                          "\" was given its `bin_boundaries`, so there is nothing to adapt."),
    reset_state = function() self$quantiles <- matrix(0, 2L, 0L),
    update_state = function(data) {
      merged <- cbind(self$quantiles, quantile_summary(as.vector(data), self$epsilon))
      self$quantiles <- compress_summary(merged[, order(merged[1L, ]), drop = FALSE], self$epsilon)
    },
    # The boundaries depend a little on how the data is cut into batches, so they are Keras's.
    adapt_array = function(data, batch_size) {
      n <- dim(data)[1L]
      for (begin in seq.int(1L, n, by = batch_size)) {
        rows <- seq.int(begin, min(n, begin + batch_size - 1L))
        self$update_state(if (length(dim(data)) > 1L) matrix(data, n)[rows, ] else data[rows])
      }
    },
    finalize_state = function() {
      self$add_summary()
      variable_resize(self$summary, self$quantiles)
      self$is_adapted <- TRUE
    },
    call = function(inputs) {
      boundaries <- self$bin_boundaries
      if (is.null(boundaries)) {
        if (!isTRUE(layer_state$inferring)) abort_argument("the layer has no boundaries yet: call adapt(layer, data)")
        boundaries <- numeric(self$num_bins - 1L)   # a model's file has them among the weights
      }
      codes <- op_bucketize(inputs, boundaries)
      if (self$output_mode == "int") codes else encode_codes(codes, self$output_mode, length(boundaries) + 1L, dtype = self$dtype)
    },
    get_config = function() c(super$get_config(),
                              list(bin_boundaries = if (!is.null(self$given_boundaries)) as.list(self$given_boundaries), num_bins = self$num_bins,
                                                       epsilon = self$epsilon, output_mode = self$output_mode, sparse = FALSE))
  ),
  active = list(bin_boundaries = function() {
    if (!is.null(self$given_boundaries)) return(self$given_boundaries)
    if (is.null(self$summary) || !length(self$summary)) return(NULL)
    boundaries <- compress_summary(variable_value(self$summary), 1 / self$num_bins)[1L, ]
    boundaries[-length(boundaries)]
  })
)

# A summary of quantiles: values (row 1) and how many data each stands for (row 2).
quantile_summary <- function(values, epsilon) {
  values <- sort(values)
  increment <- trunc(length(values) * epsilon)
  if (increment + 1 > length(values)) return(matrix(0, 2L, 0L))
  step <- max(increment, 1)
  chosen <- values[seq.int(increment + 1, length(values), by = step)]
  rbind(chosen, rep(step, length(chosen)), deparse.level = 0L)
}

compress_summary <- function(summary, epsilon) {
  if (ncol(summary) * epsilon < 1) return(summary)
  percents <- epsilon + seq.int(0, by = epsilon, length.out = ceiling(1 / epsilon - 1e-9))
  total <- cumsum(summary[2L, ])
  share <- total / total[length(total)]
  at <- function(y) if (length(y) == 1L) rep(y, length(percents)) else stats::approx(share, y, percents, rule = 2, ties = "ordered")$y
  cumulated <- at(total)
  rbind(at(summary[1L, ]), diff(c(0, cumulated)), deparse.level = 0L)
}
