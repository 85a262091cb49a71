RMSprop <- R6Class("RMSprop", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  rho = 0.9,
  momentum = 0,
  epsilon = 1e-7,
  centered = FALSE,
  slots_by_weight = FALSE,

  initialize = function(rho = 0.9, momentum = 0, epsilon = 1e-7, centered = FALSE, ...) {
    super$initialize(...)
    self$rho <- rho
    self$momentum <- momentum
    self$epsilon <- epsilon
    self$centered <- isTRUE(centered)
  },

  slot_names = function() c("velocity", if (self$momentum > 0) "momentum", if (self$centered) "average_gradient"),

  # velocity: running mean of g^2; w = w - rate * g / sqrt(velocity [- (running mean of g)^2] + epsilon)
  update_step = function(gradient, variable, slots, step) {
    velocity <- lerp(variable_read(slots$velocity), op_square(gradient), 1 - self$rho)
    variable_assign(slots$velocity, velocity)
    if (self$centered) {
      average <- lerp(variable_read(slots$average_gradient), gradient, 1 - self$rho)
      variable_assign(slots$average_gradient, average)
      velocity <- op_subtract(velocity, op_square(average))
    }
    change <- op_multiply(op_multiply(gradient, step$learning_rate), op_rsqrt(op_add(velocity, self$epsilon)))
    if (self$momentum > 0) {
      change <- op_add(op_multiply(variable_read(slots$momentum), self$momentum), change)
      variable_assign(slots$momentum, change)
    }
    variable_assign(variable, op_subtract(variable_read(variable), change))
  },

  config_fields = function() list(rho = self$rho, momentum = self$momentum, epsilon = self$epsilon, centered = self$centered)
))

#' RMSprop: steps divided by a running root mean square of the gradient
#'
#' @inheritParams optimizer_sgd
#' @param rho Decay of the running means.
#' @param epsilon Keeps the divisor away from zero.
#' @param centered Divide by the estimated standard deviation instead of the root mean square?
#' @references Hinton, "Neural networks for machine learning", lecture 6e, 2012.
#' @inherit optimizer_sgd return
#' @family optimizers
#' @export
optimizer_rmsprop <- function(learning_rate = 0.001, rho = 0.9, momentum = 0, epsilon = 1e-07, centered = FALSE, weight_decay = NULL, clipnorm = NULL,
                              clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99, ema_overwrite_frequency = 100L,
                              jit_compile = TRUE, name = "RMSprop", ...) {
  new_optimizer(RMSprop, "rmsprop.RMSprop", rho = rho, momentum = momentum, epsilon = epsilon, centered = centered, learning_rate = learning_rate,
                weight_decay = weight_decay, clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema,
                ema_momentum = ema_momentum, ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
