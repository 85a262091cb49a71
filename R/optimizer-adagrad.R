Adagrad <- R6Class("Adagrad", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  initial_accumulator_value = 0.1,
  epsilon = 1e-7,

  initialize = function(initial_accumulator_value = 0.1, epsilon = 1e-7, ...) {
    super$initialize(...)
    self$initial_accumulator_value <- check_optional_number(initial_accumulator_value, "initial_accumulator_value")
    self$epsilon <- epsilon
  },

  slot_names = function() "accumulator",
  slot_start = function(slot) self$initial_accumulator_value,

  update_step = function(gradient, variable, slots, step) {
    write_update(list(variable, slots$accumulator),
      op_adagrad_update(variable_read(variable), variable_read(slots$accumulator), gradient, step$learning_rate, epsilon = self$epsilon,
                        weight_decay = self$decay_of(variable),
                        average = step$average),
      step$average)
  },

  config_fields = function() list(initial_accumulator_value = self$initial_accumulator_value, epsilon = self$epsilon)
))

#' Adagrad: steps divided by the root of the sum of squared gradients so far
#'
#' @inheritParams optimizer_sgd
#' @param initial_accumulator_value Where the sums start.
#' @param epsilon Keeps the divisor away from zero.
#' @references Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
#' @inherit optimizer_sgd return
#' @family optimizers
#' @export
optimizer_adagrad <- function(learning_rate = 0.001, initial_accumulator_value = 0.1, epsilon = 1e-07, weight_decay = NULL, clipnorm = NULL,
                              clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99, ema_overwrite_frequency = NULL,
                              jit_compile = TRUE, name = "Adagrad", ...) {
  new_optimizer(Adagrad, "adagrad.Adagrad", initial_accumulator_value = initial_accumulator_value, epsilon = epsilon, learning_rate = learning_rate,
                weight_decay = weight_decay, clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema,
                ema_momentum = ema_momentum, ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
