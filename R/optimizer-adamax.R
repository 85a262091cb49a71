Adamax <- R6Class("Adamax", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  beta_1 = 0.9,
  beta_2 = 0.999,
  epsilon = 1e-7,

  initialize = function(beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, ...) {
    super$initialize(...)
    self$beta_1 <- check_beta(beta_1, "beta_1")
    self$beta_2 <- check_beta(beta_2, "beta_2")
    self$epsilon <- epsilon
  },

  slot_names = function() c("m", "u"),

  step_constants = function(dtype) list(learning_rate = self$current_learning_rate(dtype), t = self$step_number(dtype)),

  # u = max(beta_2 u, |g|); w = w - rate / (1 - beta_1^t) * m / (u + epsilon)
  update_step = function(gradient, variable, slots, step) {
    write_update(list(variable, slots$m, slots$u),
      op_adamax_update(variable_read(variable), variable_read(slots$m), variable_read(slots$u), gradient, step$learning_rate, step$t,
                       beta_1 = self$beta_1, beta_2 = self$beta_2, epsilon = self$epsilon, weight_decay = self$decay_of(variable),
                       average = step$average),
      step$average)
  },

  config_fields = function() list(beta_1 = self$beta_1, beta_2 = self$beta_2, epsilon = self$epsilon)
))

#' Adamax: Adam with the infinity norm
#'
#' @inheritParams optimizer_adam
#' @references Kingma, Ba, "Adam: a method for stochastic optimization", 2014, section 7.
#' @inherit optimizer_sgd return
#' @family optimizers
#' @export
optimizer_adamax <- function(learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-07, weight_decay = NULL, clipnorm = NULL,
                             clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99, ema_overwrite_frequency = NULL,
                             jit_compile = TRUE, name = "Adamax", ...) {
  new_optimizer(Adamax, "adamax.Adamax", beta_1 = beta_1, beta_2 = beta_2, epsilon = epsilon, learning_rate = learning_rate,
                weight_decay = weight_decay,
                clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema, ema_momentum = ema_momentum,
                ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
