# Learning rate schedules: functions of the step number, written in ops so that they run inside the traced train step.

LearningRateSchedule <- R6Class("LearningRateSchedule", lock_objects = FALSE, cloneable = FALSE, public = list(
  name = NULL,
  initialize = function(...) {
    settings <- list(...)
    for (setting in names(settings)) self[[setting]] <- settings[[setting]]
  },
  call = function(step) abort_argument("a learning rate schedule must implement `call(step)`"),
  rate_at = function(step) self$call(cast_to(step, k_floatx())),
  fields = function() character(),
  get_config = function() {
    fields <- c(self$fields(), "name")
    stats::setNames(lapply(fields, function(field) self[[field]]), fields)
  }
))

schedule_instance <- function(object, class) {
  instance <- function(step) object$rate_at(step)
  object$instance <- structure(instance, class = unique(c(class, "keras.optimizers.schedules.learning_rate_schedule.LearningRateSchedule")))
  object$instance
}

new_schedule <- function(Class, ...) {
  schedule_instance(Class$new(...), paste0("keras.optimizers.schedules.learning_rate_schedule.", Class$classname))
}

is_schedule <- function(x) inherits(x, "keras.optimizers.schedules.learning_rate_schedule.LearningRateSchedule")

#' @export
`$.keras.optimizers.schedules.learning_rate_schedule.LearningRateSchedule` <- function(x, name) environment(x)$object[[name]]
#' @export
print.keras.optimizers.schedules.learning_rate_schedule.LearningRateSchedule <- function(x, ...) {
  config <- Filter(Negate(is.null), x$get_config())
  cat("<", sub(".*\\.", "", class(x)[[1L]]), " schedule: ", paste(names(config), vapply(config, toString, ""), sep = " = ", collapse = ", "), ">\n",
      sep = "")
  invisible(x)
}

# An R function(step), or function() as Keras allows.
schedule_from_function <- function(f) {
  FunctionSchedule <- R6Class("FunctionSchedule", inherit = LearningRateSchedule, lock_objects = FALSE, cloneable = FALSE, public = list(
    call = function(step) cast_to(if (length(formals(f))) f(step) else f(), k_floatx())))
  new_schedule(FunctionSchedule)
}

ExponentialDecay <- R6Class("ExponentialDecay", inherit = LearningRateSchedule, lock_objects = FALSE, cloneable = FALSE, public = list(
  fields = function() c("initial_learning_rate", "decay_steps", "decay_rate", "staircase"),
  call = function(step) {
    p <- op_divide(step, self$decay_steps)
    if (self$staircase) p <- op_floor(p)
    op_multiply(op_power(self$decay_rate, p), self$initial_learning_rate)
  }
))

InverseTimeDecay <- R6Class("InverseTimeDecay", inherit = LearningRateSchedule, lock_objects = FALSE, cloneable = FALSE, public = list(
  fields = function() c("initial_learning_rate", "decay_steps", "decay_rate", "staircase"),
  call = function(step) {
    p <- op_divide(step, self$decay_steps)
    if (self$staircase) p <- op_floor(p)
    op_divide(self$initial_learning_rate, op_add(op_multiply(p, self$decay_rate), 1))
  }
))

PolynomialDecay <- R6Class("PolynomialDecay", inherit = LearningRateSchedule, lock_objects = FALSE, cloneable = FALSE, public = list(
  fields = function() c("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"),
  call = function(step) {
    if (self$cycle) {
      # the first multiple of decay_steps beyond the step, at least one
      steps <- op_multiply(op_maximum(op_ceil(op_divide(step, self$decay_steps)), 1), self$decay_steps)
    } else {
      steps <- self$decay_steps
      step <- op_minimum(step, steps)
    }
    left <- op_subtract(1, op_divide(step, steps))
    op_add(op_multiply(op_power(left, self$power), self$initial_learning_rate - self$end_learning_rate), self$end_learning_rate)
  }
))

PiecewiseConstantDecay <- R6Class("PiecewiseConstantDecay", inherit = LearningRateSchedule, lock_objects = FALSE, cloneable = FALSE, public = list(
  fields = function() c("boundaries", "values"),
  # values[[i]] up to and including boundaries[[i]], the last value beyond
  call = function(step) {
    values <- unlist(self$values)
    boundaries <- unlist(self$boundaries)
    rate <- cast_to(values[[length(values)]], k_floatx())
    for (i in rev(seq_along(boundaries)))
      rate <- op_select(op_less_equal(step, boundaries[[i]]), cast_to(values[[i]], k_floatx()), rate)
    rate
  }
))

CosineDecay <- R6Class("CosineDecay", inherit = LearningRateSchedule, lock_objects = FALSE, cloneable = FALSE, public = list(
  fields = function() c("initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps"),
  call = function(step) {
    start <- self$warmup_target %||% self$initial_learning_rate
    warmup <- self$warmup_steps %||% 0
    decayed <- function(step) {
      done <- op_divide(op_minimum(step, self$decay_steps), self$decay_steps)
      cosine <- op_multiply(op_add(op_cos(op_multiply(done, pi)), 1), 0.5)
      op_multiply(op_add(op_multiply(cosine, 1 - self$alpha), self$alpha), start)
    }
    if (is.null(self$warmup_target)) return(decayed(step))
    rising <- op_add(op_multiply(op_divide(step, warmup), start - self$initial_learning_rate), self$initial_learning_rate)
    op_select(op_less(step, warmup), rising, decayed(op_subtract(step, warmup)))
  }
))

CosineDecayRestarts <- R6Class("CosineDecayRestarts", inherit = LearningRateSchedule, lock_objects = FALSE, cloneable = FALSE, public = list(
  fields = function() c("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"),
  # Periods grow by t_mul: period i begins at (1 - t_mul^i) / (1 - t_mul) first periods, and is t_mul^i long.
  call = function(step) {
    done <- op_divide(step, self$first_decay_steps)
    if (self$t_mul == 1) {
      period <- op_floor(done)
      done <- op_subtract(done, period)
    } else {
      period <- op_floor(op_divide(op_log(op_subtract(1, op_multiply(done, 1 - self$t_mul))), log(self$t_mul)))
      length <- op_power(self$t_mul, period)
      begin <- op_divide(op_subtract(1, length), 1 - self$t_mul)
      done <- op_divide(op_subtract(done, begin), length)
    }
    cosine <- op_multiply(op_multiply(op_power(self$m_mul, period), 0.5), op_add(op_cos(op_multiply(done, pi)), 1))
    op_multiply(op_add(op_multiply(cosine, 1 - self$alpha), self$alpha), self$initial_learning_rate)
  }
))

#' Learning rate schedules
#'
#' A schedule is given to an optimizer in place of a number; it is called with the number of steps done so far.
#'
#' - exponential: `initial * decay_rate ^ (step / decay_steps)`
#' - inverse time: `initial / (1 + decay_rate * step / decay_steps)`
#' - polynomial: from `initial` to `end_learning_rate` in `decay_steps`, as `(1 - step / decay_steps) ^ power`
#' - piecewise constant: `values[[i]]` while `step <= boundaries[[i]]`
#' - cosine: half a cosine from `initial` down to `alpha * initial` in `decay_steps`; with restarts, again and again, each period
#'   `t_mul` times as long and `m_mul` times as high as the one before
#'
#' `staircase = TRUE` takes the whole part of `step / decay_steps`.
#'
#' @param initial_learning_rate Where the schedule starts.
#' @param decay_steps,first_decay_steps,decay_rate,staircase,end_learning_rate,power,cycle,boundaries,values,alpha,t_mul,m_mul See above.
#' @param name Name of the schedule.
#' @param ... `warmup_target`, `warmup_steps` (cosine decay): rise linearly to the target first.
#' @return A schedule: a function of the step.
#' @references Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", 2016.
#' @examples
#' schedule <- learning_rate_schedule_exponential_decay(0.1, decay_steps = 10, decay_rate = 0.5)
#' as.array(schedule(10))
#' optimizer_adam(learning_rate = schedule)
#' @name learning-rate-schedules
#' @rdname learning-rate-schedules
#' @export
learning_rate_schedule_exponential_decay <- function(initial_learning_rate, decay_steps, decay_rate, staircase = FALSE, ..., name = NULL) {
  new_schedule(ExponentialDecay, initial_learning_rate = initial_learning_rate, decay_steps = decay_steps, decay_rate = decay_rate,
               staircase = staircase, name = name)
}

#' @rdname learning-rate-schedules
#' @export
learning_rate_schedule_inverse_time_decay <- function(initial_learning_rate, decay_steps, decay_rate, staircase = FALSE, ..., name = NULL) {
  new_schedule(InverseTimeDecay, initial_learning_rate = initial_learning_rate, decay_steps = decay_steps, decay_rate = decay_rate,
               staircase = staircase, name = name)
}

#' @rdname learning-rate-schedules
#' @export
learning_rate_schedule_polynomial_decay <- function(initial_learning_rate, decay_steps, end_learning_rate = 1e-04, power = 1, cycle = FALSE, ...,
                                                    name = NULL) {
  new_schedule(PolynomialDecay, initial_learning_rate = initial_learning_rate, decay_steps = decay_steps, end_learning_rate = end_learning_rate,
               power = power, cycle = cycle, name = name)
}

#' @rdname learning-rate-schedules
#' @export
learning_rate_schedule_piecewise_constant_decay <- function(boundaries, values, ..., name = NULL) {
  if (length(values) != length(boundaries) + 1L)
    abort_argument("`values` must be one longer than `boundaries`. Received: ", length(boundaries), " boundaries, ", length(values), " values")
  new_schedule(PiecewiseConstantDecay, boundaries = boundaries, values = values, name = name)
}

#' @rdname learning-rate-schedules
#' @export
learning_rate_schedule_cosine_decay <- function(initial_learning_rate, decay_steps, alpha = 0, ..., name = NULL) {
  new_schedule(CosineDecay, initial_learning_rate = initial_learning_rate, decay_steps = decay_steps, alpha = alpha, name = name, ...)
}

#' @rdname learning-rate-schedules
#' @export
learning_rate_schedule_cosine_decay_restarts <- function(initial_learning_rate, first_decay_steps, t_mul = 2, m_mul = 1, alpha = 0, ...,
                                                         name = NULL) {
  new_schedule(CosineDecayRestarts, initial_learning_rate = initial_learning_rate, first_decay_steps = first_decay_steps, t_mul = t_mul,
               m_mul = m_mul,
               alpha = alpha, name = name)
}

schedule_constructors <- function() list(
  ExponentialDecay = learning_rate_schedule_exponential_decay, InverseTimeDecay = learning_rate_schedule_inverse_time_decay,
  PolynomialDecay = learning_rate_schedule_polynomial_decay, PiecewiseConstantDecay = learning_rate_schedule_piecewise_constant_decay,
  CosineDecay = learning_rate_schedule_cosine_decay, CosineDecayRestarts = learning_rate_schedule_cosine_decay_restarts)

serialize_schedule <- function(schedule) {
  list(module = "keras.optimizers.schedules", class_name = sub(".*\\.", "", class(schedule)[[1L]]), config = schedule$get_config(),
       registered_name = NULL)
}

deserialize_schedule <- function(config) {
  constructor <- schedule_constructors()[[config$class_name]] %||% find_custom_object(config$class_name)
  if (is.null(constructor)) abort_unknown_name("learning rate schedule", config$class_name, names(schedule_constructors()))
  do.call(constructor, Filter(Negate(is.null), config$config))
}
