Ftrl <- R6Class("Ftrl", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(learning_rate_power = -0.5, initial_accumulator_value = 0.1, l1_regularization_strength = 0, l2_regularization_strength = 0,
                        l2_shrinkage_regularization_strength = 0, beta = 0, ...) {
    super$initialize(...)
    if (learning_rate_power > 0) abort_argument("`learning_rate_power` must not be positive. Received: learning_rate_power = ", learning_rate_power)
    self$learning_rate_power <- learning_rate_power
    self$initial_accumulator_value <- check_optional_number(initial_accumulator_value, "initial_accumulator_value")
    self$l1_regularization_strength <- check_optional_number(l1_regularization_strength, "l1_regularization_strength")
    self$l2_regularization_strength <- check_optional_number(l2_regularization_strength, "l2_regularization_strength")
    self$l2_shrinkage_regularization_strength <- check_optional_number(l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength")
    self$beta <- beta
  },

  slot_names = function() c("accumulator", "linear"),
  slot_start = function(slot) if (slot == "accumulator") self$initial_accumulator_value else 0,

  update_step = function(gradient, variable, slots, step) {
    write_update(list(variable, slots$accumulator, slots$linear),
      op_ftrl_update(variable_read(variable), variable_read(slots$accumulator), variable_read(slots$linear), gradient, step$learning_rate,
                     learning_rate_power = self$learning_rate_power, l1 = self$l1_regularization_strength, l2 = self$l2_regularization_strength,
                     l2_shrinkage = self$l2_shrinkage_regularization_strength, beta = self$beta, weight_decay = self$decay_of(variable),
                     average = step$average),
      step$average)
  },

  config_fields = function() list(
    learning_rate_power = self$learning_rate_power, initial_accumulator_value = self$initial_accumulator_value,
    l1_regularization_strength = self$l1_regularization_strength, l2_regularization_strength = self$l2_regularization_strength,
    l2_shrinkage_regularization_strength = self$l2_shrinkage_regularization_strength, beta = self$beta)
))

#' Ftrl: follow the regularized leader
#'
#' @inheritParams optimizer_adagrad
#' @param learning_rate_power Not positive: how the step shrinks with the accumulated gradients (0: not at all).
#' @param l1_regularization_strength,l2_regularization_strength Penalties on the weights.
#' @param l2_shrinkage_regularization_strength Penalty on the size of the weights, acting through the gradient only.
#' @param beta Added to the learning rate's denominator, as in the paper.
#' @references McMahan and others, "Ad click prediction: a view from the trenches", 2013.
#' @inherit optimizer_sgd return
#' @family optimizers
#' @export
optimizer_ftrl <- function(learning_rate = 0.001, learning_rate_power = -0.5, initial_accumulator_value = 0.1, l1_regularization_strength = 0,
                           l2_regularization_strength = 0, l2_shrinkage_regularization_strength = 0, beta = 0, weight_decay = NULL, clipnorm = NULL,
                           clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99, ema_overwrite_frequency = NULL,
                           jit_compile = TRUE, name = "Ftrl", ...) {
  new_optimizer(Ftrl, "ftrl.Ftrl", learning_rate_power = learning_rate_power, initial_accumulator_value = initial_accumulator_value,
                l1_regularization_strength = l1_regularization_strength, l2_regularization_strength = l2_regularization_strength,
                l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength, beta = beta, learning_rate = learning_rate,
                weight_decay = weight_decay, clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema,
                ema_momentum = ema_momentum, ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
