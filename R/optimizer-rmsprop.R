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
    average <- if (self$centered) slots$average_gradient
    momentum <- if (self$momentum > 0) slots$momentum
    write_update(c(list(variable, slots$velocity), if (!is.null(average)) list(average), if (!is.null(momentum)) list(momentum)),
      op_rmsprop_update(variable_read(variable), variable_read(slots$velocity), gradient, step$learning_rate,
                        average_gradient = if (!is.null(average)) variable_read(average),
                        momentum_slot = if (!is.null(momentum)) variable_read(momentum),
                        rho = self$rho, momentum = self$momentum, epsilon = self$epsilon, weight_decay = self$decay_of(variable),
                        average = step$average),
      step$average)
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
