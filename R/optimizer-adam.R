Adam <- R6Class("Adam", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  beta_1 = 0.9,
  beta_2 = 0.999,
  epsilon = 1e-7,
  amsgrad = FALSE,

  initialize = function(beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, amsgrad = FALSE, ...) {
    super$initialize(...)
    self$beta_1 <- check_beta(beta_1, "beta_1")
    self$beta_2 <- check_beta(beta_2, "beta_2")
    self$epsilon <- epsilon
    self$amsgrad <- isTRUE(amsgrad)
  },

  slot_names = function() c("m", "v", if (self$amsgrad) "vhat"),

  # Keras keeps the `vhat` of all weights behind the m, v pairs.
  variables = function() {
    if (!self$amsgrad) return(super$variables())
    c(list(self$iterations), self$averages, unlist(lapply(self$slots, function(s) list(s$m, s$v)), recursive = FALSE),
      lapply(self$slots, `[[`, "vhat"))
  },

  step_constants = function(dtype) list(learning_rate = self$current_learning_rate(dtype), t = self$step_number(dtype)),

  # size = rate sqrt(1 - beta_2^t) / (1 - beta_1^t); m = m + (1 - beta_1)(g - m); v = v + (1 - beta_2)(g^2 - v);
  # w = w - size * m / (sqrt(v) + epsilon)
  update_step = function(gradient, variable, slots, step) {
    write_update(c(list(variable, slots$m, slots$v), if (self$amsgrad) list(slots$vhat)),
      op_adam_update(variable_read(variable), variable_read(slots$m), variable_read(slots$v), gradient, step$learning_rate, step$t,
                     beta_1 = self$beta_1,
                     beta_2 = self$beta_2, epsilon = self$epsilon, v_hat = if (self$amsgrad) variable_read(slots$vhat),
                     weight_decay = self$decay_of(variable),
                     average = step$average),
      step$average)
  },

  config_fields = function() list(beta_1 = self$beta_1, beta_2 = self$beta_2, epsilon = self$epsilon, amsgrad = self$amsgrad)
))

check_beta <- function(x, what) {
  if (!is.numeric(x) || length(x) != 1L || is.na(x) || x < 0 || x >= 1) {
    abort_argument("`", what, "` must be in [0, 1). Received: ", what, " = ", received(x))
  }
  x
}

#' Adam: steps scaled by running estimates of the gradient's first two moments
#'
#' @inheritParams optimizer_sgd
#' @param beta_1,beta_2 Decay of the estimates of the first and second moment.
#' @param epsilon Keeps the divisor away from zero.
#' @param amsgrad Use the largest second moment seen so far (Reddi, Kale, Kumar, "On the convergence of Adam and beyond", 2018)?
#' @references Kingma, Ba, "Adam: a method for stochastic optimization", 2014.
#' @inherit optimizer_sgd return
#' @family optimizers
#' @examples
#' optimizer_adam(learning_rate = 1e-3, clipnorm = 1)
#' @export
optimizer_adam <- function(learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-07, amsgrad = FALSE, weight_decay = NULL,
                           clipnorm = NULL, clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99,
                           ema_overwrite_frequency = NULL, jit_compile = TRUE, name = "Adam", ...) {
  new_optimizer(Adam, "adam.Adam", beta_1 = beta_1, beta_2 = beta_2, epsilon = epsilon, amsgrad = amsgrad, learning_rate = learning_rate,
                weight_decay = weight_decay, clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema,
                ema_momentum = ema_momentum, ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
