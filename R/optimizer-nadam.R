Nadam <- R6Class("Nadam", inherit = Optimizer, lock_objects = FALSE, cloneable = FALSE, public = list(
  beta_1 = 0.9,
  beta_2 = 0.999,
  epsilon = 1e-7,
  product = NULL,   # of the momentum schedule so far

  initialize = function(beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, ...) {
    super$initialize(...)
    self$beta_1 <- check_beta(beta_1, "beta_1")
    self$beta_2 <- check_beta(beta_2, "beta_2")
    self$epsilon <- epsilon
    self$product <- new_variable(1, name = "u_product", trainable = FALSE, dtype = k_floatx())
  },

  slot_names = function() c("m", "v"),

  # The momentum schedule of Dozat: u_t = beta_1 (1 - 0.5 * 0.96^t); the product of all u so far is state. In Keras's compiled step the
  # product grows once for every weight, not once a step, except where a counter (which only tracing moves) says that it is done already.
  # Called op by op it grows once a step. Both are kept, because results depend on it.
  step_constants = function(dtype) {
    t <- self$step_number(dtype)
    u <- op_multiply(op_subtract(1, op_multiply(op_power(cast_to(0.96, dtype), t), 0.5)), self$beta_1)
    list(learning_rate = self$current_learning_rate(dtype), t = t, u = u)
  },

  update = function(gradients, variables) {
    self$weights_in_step <- length(variables)
    self$weight <- 0L
    super$update(gradients, variables)
  },

  grown_product = function(step, dtype) {
    product <- cast_to(variable_read(self$product), dtype)
    self$weight <- self$weight + 1L
    if (!trace_is_on()) return(if (self$weight == 1L) op_multiply(product, step$u) else product)
    done <- op_equal(step$t, self$weights_in_step + self$weight - 1)
    op_select(done, product, op_multiply(product, step$u))
  },

  update_step = function(gradient, variable, slots, step) {
    product <- self$grown_product(step, tensor_dtype(variable))
    variable_assign(self$product, cast_to(product, k_floatx()))
    write_update(list(variable, slots$m, slots$v),
      op_nadam_update(variable_read(variable), variable_read(slots$m), variable_read(slots$v), gradient, step$learning_rate, step$t, product,
                      beta_1 = self$beta_1, beta_2 = self$beta_2, epsilon = self$epsilon, weight_decay = self$decay_of(variable),
                      average = step$average),
      step$average)
  },

  config_fields = function() list(beta_1 = self$beta_1, beta_2 = self$beta_2, epsilon = self$epsilon)
))

#' Nadam: Adam with Nesterov momentum
#'
#' @inheritParams optimizer_adam
#' @references Dozat, "Incorporating Nesterov momentum into Adam", 2015.
#' @inherit optimizer_sgd return
#' @family optimizers
#' @export
optimizer_nadam <- function(learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-07, weight_decay = NULL, clipnorm = NULL,
                            clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE, ema_momentum = 0.99, ema_overwrite_frequency = NULL,
                            jit_compile = TRUE, name = "Nadam", ...) {
  new_optimizer(Nadam, "nadam.Nadam", beta_1 = beta_1, beta_2 = beta_2, epsilon = epsilon, learning_rate = learning_rate, weight_decay = weight_decay,
                clipnorm = clipnorm, clipvalue = clipvalue, global_clipnorm = global_clipnorm, use_ema = use_ema, ema_momentum = ema_momentum,
                ema_overwrite_frequency = ema_overwrite_frequency, jit_compile = jit_compile, name = name, ...)
}
