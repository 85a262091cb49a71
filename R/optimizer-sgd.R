SGD <- R6Class("SGD", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  momentum = 0,
  nesterov = FALSE,

  initialize = function(momentum = 0, nesterov = FALSE, ...) {
    if (!is.numeric(momentum) || length(momentum) != 1L || is.na(momentum) || momentum < 0 || momentum > 1)
      abort_argument("optimizer_sgd(): `momentum` must be in [0, 1]. Received: momentum = ", received(momentum))
    super$initialize(...)
    self$momentum <- momentum
    self$nesterov <- isTRUE(nesterov)
  },

  # Without momentum the slot stays zero; Keras has it in its files.
  slot_names = function() "m",

  # m = momentum m - rate g; w = w + m, or ahead of it with nesterov: w = w + momentum m - rate g
  update_step = function(gradient, variable, slots, step) {
    write_update(c(list(variable), if (self$momentum > 0) list(slots$m)),
      op_sgd_update(variable_read(variable), gradient, step$learning_rate, velocity = if (self$momentum > 0) variable_read(slots$m),
                    momentum = self$momentum, nesterov = self$nesterov, weight_decay = self$decay_of(variable),
                    average = step$average),
      step$average)
  },

  config_fields = function() list(momentum = self$momentum, nesterov = self$nesterov)
))

#' Stochastic gradient descent
#'
#' `w = w - learning_rate * g`; with momentum `v = momentum * v - learning_rate * g` and `w = w + v`, and with `nesterov = TRUE`
#' `w = w + momentum * v - learning_rate * g`.
#'
#' @param learning_rate A number, or a learning rate schedule such as [learning_rate_schedule_exponential_decay()].
#' @param momentum In \[0, 1\]: how much of the last update is kept.
#' @param nesterov Look ahead (Nesterov 1983)?
#' @param amsgrad Ignored, for compatibility.
#' @param weight_decay Weights shrink by this times the learning rate at each step (decoupled, as in AdamW).
#' @param clipnorm Gradients of each weight are scaled down to this norm.
#' @param clipvalue Gradients are clipped to this absolute value.
#' @param global_clipnorm All gradients together are scaled down to this norm.
#' @param use_ema Keep an exponential moving average of the weights, which replaces them at the end of [fit()]?
#' @param ema_momentum Momentum of that average.
#' @param ema_overwrite_frequency Replace the weights by their average every so many steps (`NULL`: only at the end).
#' @param jit_compile Ignored: the train step is always compiled.
#' @param name Name of the optimizer.
#' @param ... Legacy arguments `lr` and `decay`.
#' @return An optimizer, for [compile()] or for its own methods `apply_gradients(grads_and_vars)` and `minimize(loss, var_list)`.
#'   `$learning_rate` and `$iterations` are variables; `$variables()` lists the state.
#' @examples
#' optimizer_sgd(0.1, momentum = 0.9)
#' @family optimizers
#' @export
optimizer_sgd <- function(learning_rate = 0.01, momentum = 0, nesterov = FALSE, amsgrad = FALSE, weight_decay = NULL, clipnorm = NULL,
                          clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99, ema_overwrite_frequency = NULL,
                          jit_compile = TRUE, name = "SGD", ...) {
  new_optimizer(SGD, "sgd.SGD", momentum = momentum, nesterov = nesterov, learning_rate = learning_rate, weight_decay = weight_decay,
                clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema, ema_momentum = ema_momentum,
                ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
