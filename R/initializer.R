# Initializers: function(shape, dtype) -> tensor. Random numbers come from the package's generator, which set.seed() decides.

#' Initializers
#'
#' Functions that make the first values of weights. They are given to layers (`kernel_initializer = initializer_he_normal()`) and can be
#' called with a shape to see what they give.
#'
#' @param seed Whole number: the same values at every call. `NULL`: from R's generator, see [set.seed()].
#' @param mean,stddev Mean and standard deviation. For the truncated normal, of the distribution before values further than two standard
#'   deviations from the mean are drawn again.
#' @param minval,maxval Bounds of the uniform distribution.
#' @param value The constant.
#' @param gain Factor on the matrix.
#' @param scale,mode,distribution Variance is `scale / n`, n the number of inputs (`"fan_in"`), outputs (`"fan_out"`) or their mean (`"fan_avg"`);
#'   `"normal"` means `"truncated_normal"`.
#' @return An initializer: a function of `shape` (and `dtype`).
#' @references Glorot & Bengio (2010), <http://proceedings.mlr.press/v9/glorot10a.html>; He et al. (2015), <https://arxiv.org/abs/1502.01852>;
#'   Saxe et al. (2014), <https://arxiv.org/abs/1312.6120>; LeCun et al. (1998), Efficient backprop.
#' @examples
#' initializer_glorot_uniform(seed = 1)(c(2, 3))
#' @name initializers
NULL

new_initializer <- function(class_name, config, body, parents = character()) {
  new_callable(function(shape, dtype = NULL, ...) {
    dtype <- as_dtype(dtype)
    body(as_dims(shape), dtype)
  }, class_name, config, classes = paste0("keras.initializers.initializers.", c(class_name, parents, "Initializer")), module = "keras.initializers")
}

# What an initializer gives, the package's or a user's function, as a tensor.
initial_value <- function(initializer, dims, dtype) {
  if (is_callable(initializer)) return(initializer(dims, dtype = dtype))
  takes <- names(formals(initializer))
  value <- if (any(c("dtype", "...") %in% takes)) initializer(dims, dtype = dtype) else initializer(dims)
  value <- tensor(value, dtype)
  if (!identical(as.integer(tensor_shape(value)), dims)) {
    abort_shape("the initializer gave shape ", format_shape(tensor_shape(value)), ", wanted is ", format_shape(dims))
  }
  value
}

# Draws that a seed fixes leave R's generator as it was.
with_seed <- function(seed, code) {
  if (is.null(seed)) return(code)
  old <- get0(".Random.seed", envir = globalenv(), inherits = FALSE)
  on.exit(if (is.null(old)) rm(".Random.seed", envir = globalenv()) else assign(".Random.seed", old, envir = globalenv()))
  set.seed(seed)
  code
}
as_seed <- function(seed) if (!is.null(seed)) as.integer(seed)

#' @rdname initializers
#' @export
initializer_zeros <- function() new_initializer("Zeros", empty_config(), function(dims, dtype) filled_tensor(0, dims, dtype))

#' @rdname initializers
#' @export
initializer_ones <- function() new_initializer("Ones", empty_config(), function(dims, dtype) filled_tensor(1, dims, dtype))

#' @rdname initializers
#' @export
initializer_constant <- function(value = 0) {
  new_initializer("Constant", list(value = value), function(dims, dtype) {
    if (is.numeric(value) && length(value) == 1L) filled_tensor(value, dims, dtype) else op_reshape(tensor(value, dtype), dims)
  })
}

#' @rdname initializers
#' @export
initializer_random_normal <- function(mean = 0, stddev = 0.05, seed = NULL) {
  new_initializer("RandomNormal", list(mean = mean, stddev = stddev, seed = as_seed(seed)), function(dims, dtype)
    op_random_normal(dims, mean = mean, stddev = stddev, dtype = dtype, seed = as_seed(seed)))
}

#' @rdname initializers
#' @export
initializer_random_uniform <- function(minval = -0.05, maxval = 0.05, seed = NULL) {
  new_initializer("RandomUniform", list(minval = minval, maxval = maxval, seed = as_seed(seed)), function(dims, dtype)
    op_random_uniform(dims, min = minval, max = maxval, dtype = dtype, seed = as_seed(seed)))
}

#' @rdname initializers
#' @export
initializer_truncated_normal <- function(mean = 0, stddev = 0.05, seed = NULL) {
  new_initializer("TruncatedNormal", list(mean = mean, stddev = stddev, seed = as_seed(seed)), function(dims, dtype)
    op_truncated_normal(dims, mean = mean, stddev = stddev, dtype = dtype, seed = as_seed(seed)))
}

#' @rdname initializers
#' @export
initializer_variance_scaling <- function(scale = 1, mode = c("fan_in", "fan_out", "fan_avg"),
                                         distribution = c("normal", "uniform", "truncated_normal", "untruncated_normal"), seed = NULL) {
  mode <- if (missing(mode)) mode[1L] else as_choice(mode, c("fan_in", "fan_out", "fan_avg"), "mode")
  distribution <- if (missing(distribution)) distribution[1L]
                  else as_choice(distribution, c("normal", "uniform", "truncated_normal", "untruncated_normal"), "distribution")
  if (distribution == "normal") distribution <- "truncated_normal"
  as_number(scale, "scale", least = .Machine$double.xmin)
  variance_scaling("VarianceScaling", scale, mode, distribution, seed,
                   list(scale = scale, mode = mode, distribution = distribution, seed = as_seed(seed)), parents = character())
}

variance_scaling <- function(class_name, scale, mode, distribution, seed, config = list(seed = as_seed(seed)), parents = "VarianceScaling") {
  new_initializer(class_name, config, function(dims, dtype) {
    fans <- compute_fans(dims)
    variance <- scale / max(1, switch(mode, fan_in = fans[1L], fan_out = fans[2L], fan_avg = mean(fans)))
    switch(distribution,
      # Cutting a normal at two standard deviations leaves 0.8796 of the deviation.
      truncated_normal = op_truncated_normal(dims, mean = 0, stddev = sqrt(variance) / 0.87962566103423978, dtype = dtype, seed = as_seed(seed)),
      untruncated_normal = op_random_normal(dims, mean = 0, stddev = sqrt(variance), dtype = dtype, seed = as_seed(seed)),
      uniform = op_random_uniform(dims, min = -sqrt(3 * variance), max = sqrt(3 * variance), dtype = dtype, seed = as_seed(seed)))
  }, parents)
}

# Inputs and outputs of a unit: the last two axes, times the size of the window before them.
compute_fans <- function(dims) {
  n <- length(dims)
  if (n == 0L) return(c(1, 1))
  if (n == 1L) return(c(dims, dims))
  dims[n - 1:0] * prod(dims[seq_len(n - 2L)])
}

#' @rdname initializers
#' @export
initializer_glorot_normal <- function(seed = NULL) variance_scaling("GlorotNormal", 1, "fan_avg", "truncated_normal", seed)

#' @rdname initializers
#' @export
initializer_glorot_uniform <- function(seed = NULL) variance_scaling("GlorotUniform", 1, "fan_avg", "uniform", seed)

#' @rdname initializers
#' @export
initializer_he_normal <- function(seed = NULL) variance_scaling("HeNormal", 2, "fan_in", "truncated_normal", seed)

#' @rdname initializers
#' @export
initializer_he_uniform <- function(seed = NULL) variance_scaling("HeUniform", 2, "fan_in", "uniform", seed)

#' @rdname initializers
#' @export
initializer_lecun_normal <- function(seed = NULL) variance_scaling("LecunNormal", 1, "fan_in", "truncated_normal", seed)

#' @rdname initializers
#' @export
initializer_lecun_uniform <- function(seed = NULL) variance_scaling("LecunUniform", 1, "fan_in", "uniform", seed)

#' @rdname initializers
#' @export
initializer_orthogonal <- function(gain = 1, seed = NULL) {
  new_initializer("Orthogonal", list(gain = gain, seed = as_seed(seed)), function(dims, dtype) {
    if (length(dims) < 2L) abort_shape("the orthogonal initializer makes weights of rank 2 or more, not ", format_shape(dims))
    columns <- dims[length(dims)]
    rows <- prod(dims) / columns
    draw <- matrix(with_seed(seed, stats::rnorm(rows * columns)), max(rows, columns), min(rows, columns))
    qr <- qr(draw)
    q <- qr.Q(qr) %*% diag(sign(diag(qr.R(qr))), min(rows, columns))   # signs make the distribution uniform
    if (rows < columns) q <- t(q)
    op_reshape(tensor(gain * q, dtype), dims)
  })
}

#' @rdname initializers
#' @export
initializer_identity <- function(gain = 1) {
  new_initializer("Identity", list(gain = gain), function(dims, dtype) {
    if (length(dims) != 2L) abort_shape("the identity initializer makes matrices, not ", format_shape(dims))
    tensor(gain * diag(1, dims[1L], dims[2L]), dtype)
  })
}

empty_config <- function() setNames(list(), character())
filled_tensor <- function(value, dims, dtype) tensor(if (length(dims)) array(value, dims) else value, dtype)

initializer_makers <- function() list(
  Zeros = initializer_zeros, Ones = initializer_ones, Constant = initializer_constant, RandomNormal = initializer_random_normal,
  RandomUniform = initializer_random_uniform, TruncatedNormal = initializer_truncated_normal, VarianceScaling = initializer_variance_scaling,
  GlorotNormal = initializer_glorot_normal, GlorotUniform = initializer_glorot_uniform, HeNormal = initializer_he_normal,
  HeUniform = initializer_he_uniform,
  LecunNormal = initializer_lecun_normal, LecunUniform = initializer_lecun_uniform, Orthogonal = initializer_orthogonal,
  Identity = initializer_identity)

initializer_aliases <- list(
  zeros = "Zeros", zero = "Zeros", ones = "Ones", one = "Ones", constant = "Constant", random_normal = "RandomNormal", normal = "RandomNormal",
  random_uniform = "RandomUniform", uniform = "RandomUniform", truncated_normal = "TruncatedNormal", variance_scaling = "VarianceScaling",
  glorot_normal = "GlorotNormal", glorot_uniform = "GlorotUniform", he_normal = "HeNormal", he_uniform = "HeUniform", lecun_normal = "LecunNormal",
  lecun_uniform = "LecunUniform", orthogonal = "Orthogonal", identity = "Identity")

get_initializer <- function(x) get_callable(x, initializer_makers(), initializer_aliases, "initializer", "an initializer_*() object")
