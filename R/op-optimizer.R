# The step of each optimizer as one op, after Keras 2.15. Every function takes the parameter, its slots, the gradient (all of one
# shape and dtype) and scalars (numbers or 0-d tensors), and gives the list of the new parameter and new slots, in the order given. Inside
# a trace the new values are written over the old ones. `step` is t = iterations + 1. weight_decay: p <- p - p * weight_decay * lr first.

# p <- p - lr g; with momentum: m <- momentum m - lr g, p <- p + m, or with Nesterov p <- p + momentum m - lr g
op_sgd_update <- function(parameter, gradient, learning_rate, velocity = NULL, momentum = 0, nesterov = FALSE, weight_decay = 0, average = NULL) {
  optimizer_op("sgd_update", c(list(parameter), if (momentum != 0) list(velocity), list(gradient)), list(learning_rate),
               list(momentum = momentum, nesterov = nesterov, weight_decay = weight_decay), average)
}

# alpha = lr sqrt(1 - beta_2^t) / (1 - beta_1^t); m <- m + (g - m)(1 - beta_1); v <- v + (g^2 - v)(1 - beta_2);
# p <- p - alpha m / (sqrt(v) + epsilon), with amsgrad v_hat <- max(v_hat, v) in the place of v
op_adam_update <- function(parameter, m, v, gradient, learning_rate, step, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, v_hat = NULL,
                           weight_decay = 0, average = NULL) {
  amsgrad <- !is.null(v_hat)
  optimizer_op("adam_update", c(list(parameter, m, v), if (amsgrad) list(v_hat), list(gradient)), list(learning_rate, step),
               list(beta_1 = beta_1, beta_2 = beta_2, epsilon = epsilon, amsgrad = amsgrad, weight_decay = weight_decay), average)
}

# m <- m + (g - m)(1 - beta_1); u <- max(beta_2 u, |g|); p <- p - lr m / ((1 - beta_1^t)(u + epsilon))
op_adamax_update <- function(parameter, m, u, gradient, learning_rate, step, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, weight_decay = 0,
                             average = NULL) {
  optimizer_op("adamax_update", list(parameter, m, u, gradient), list(learning_rate, step),
               list(beta_1 = beta_1, beta_2 = beta_2, epsilon = epsilon, weight_decay = weight_decay), average)
}

# v <- rho v + (1 - rho) g^2; d = v + epsilon, or centered: a <- rho a + (1 - rho) g, d = v - a^2 + epsilon; s = lr g / sqrt(d);
# p <- p - s, or with momentum: m <- momentum m + s, p <- p - m. Slots given: velocity, average_gradient if centered, momentum if any.
op_rmsprop_update <- function(parameter, velocity, gradient, learning_rate, average_gradient = NULL, momentum_slot = NULL, rho = 0.9, momentum = 0,
                              epsilon = 1e-7, weight_decay = 0, average = NULL) {
  centered <- !is.null(average_gradient)
  optimizer_op("rmsprop_update",
               c(list(parameter, velocity), if (centered) list(average_gradient), if (momentum != 0) list(momentum_slot), list(gradient)),
               list(learning_rate), list(rho = rho, momentum = momentum, centered = centered, epsilon = epsilon, weight_decay = weight_decay),
               average)
}

# a <- a + g^2; p <- p - lr g / sqrt(a + epsilon)
op_adagrad_update <- function(parameter, accumulator, gradient, learning_rate, epsilon = 1e-7, weight_decay = 0, average = NULL) {
  optimizer_op("adagrad_update", list(parameter, accumulator, gradient), list(learning_rate), list(epsilon = epsilon, weight_decay = weight_decay),
               average)
}

# a <- rho a + (1 - rho) g^2; delta = -sqrt(d + epsilon) / sqrt(a + epsilon) g; d <- rho d + (1 - rho) delta^2; p <- p + lr delta
op_adadelta_update <- function(parameter, accumulated_grad, accumulated_delta, gradient, learning_rate, rho = 0.95, epsilon = 1e-7, weight_decay = 0,
                               average = NULL) {
  optimizer_op("adadelta_update", list(parameter, accumulated_grad, accumulated_delta, gradient), list(learning_rate),
               list(rho = rho, epsilon = epsilon, weight_decay = weight_decay), average)
}

# u_t = beta_1 (1 - 0.96^t / 2), u_product = u_1 ... u_t (kept by the caller, this step included); m, v as Adam's;
# p <- p - lr (u_{t+1} m / (1 - u_product u_{t+1}) + (1 - u_t) g / (1 - u_product)) / (sqrt(v / (1 - beta_2^t)) + epsilon)
op_nadam_update <- function(parameter, m, v, gradient, learning_rate, step, u_product, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, weight_decay = 0,
                            average = NULL) {
  optimizer_op("nadam_update", list(parameter, m, v, gradient), list(learning_rate, step, u_product),
               list(beta_1 = beta_1, beta_2 = beta_2, epsilon = epsilon, weight_decay = weight_decay), average)
}

# n = a + g^2; l <- l + g + 2 l2_shrinkage p - (n^-power - a^-power) / lr p; a <- n;
# p <- (clip(l, -l1, l1) - l) / (n^-power / lr + 2 (l2 + beta / (2 lr)))
op_ftrl_update <- function(parameter, accumulator, linear, gradient, learning_rate, learning_rate_power = -0.5, l1 = 0, l2 = 0, l2_shrinkage = 0,
                           beta = 0, weight_decay = 0, average = NULL) {
  optimizer_op("ftrl_update", list(parameter, accumulator, linear, gradient), list(learning_rate),
               list(learning_rate_power = learning_rate_power, l1 = l1, l2 = l2, l2_shrinkage = l2_shrinkage, beta = beta,
                    weight_decay = weight_decay), average)
}

# `average`: list(variable, momentum, overwrite) of a moving average of the parameter, the last of the results: a <- momentum a + (1 - momentum) p,
# and p <- a
# where `overwrite` is not 0.
optimizer_op <- function(name, arrays, scalars, attributes, average = NULL) {
  if (!is.null(average)) {
    arrays <- append(arrays, list(variable_read(average$variable)), after = length(arrays) - 1L)   # the gradient comes last
    scalars <- c(scalars, list(average$overwrite))
    attributes$average_momentum <- average$momentum
  }
  as_tensor_list(call_op(name, c(arrays, scalars), attributes))
}
