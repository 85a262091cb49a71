Adadelta <- R6Class("Adadelta", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  rho = 0.95,
  epsilon = 1e-7,

  initialize = function(rho = 0.95, epsilon = 1e-7, ...) {
    super$initialize(...)
    self$rho <- rho
    self$epsilon <- epsilon
  },

  slot_names = function() c("accumulated_grad", "accumulated_delta_var"),

  # The step is the gradient times the ratio of two running root mean squares: of past steps and of past gradients.
  update_step = function(gradient, variable, slots, step) {
    write_update(list(variable, slots$accumulated_grad, slots$accumulated_delta_var),
      op_adadelta_update(variable_read(variable), variable_read(slots$accumulated_grad), variable_read(slots$accumulated_delta_var), gradient,
                         step$learning_rate, rho = self$rho, epsilon = self$epsilon, weight_decay = self$decay_of(variable),
                         average = step$average),
      step$average)
  },

  config_fields = function() list(rho = self$rho, epsilon = self$epsilon)
))

#' Adadelta: Adagrad over a window of recent gradients
#'
#' @inheritParams optimizer_rmsprop
#' @references Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
#' @inherit optimizer_sgd return
#' @family optimizers
#' @export
optimizer_adadelta <- function(learning_rate = 0.001, rho = 0.95, epsilon = 1e-07, weight_decay = NULL, clipnorm = NULL, clipvalue = NULL,
                               global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99, ema_overwrite_frequency = NULL, jit_compile = TRUE,
                               name = "Adadelta", ...) {
  new_optimizer(Adadelta, "adadelta.Adadelta", rho = rho, epsilon = epsilon, learning_rate = learning_rate, weight_decay = weight_decay,
                clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema, ema_momentum = ema_momentum,
                ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
