# Optimizers: state lives in variables (one set of slots per weight), so an update can be traced into the train step, and saveRDS() keeps
# it. A subclass says which slots it has (`slot_names`), and what one update does (`update_step`).

Optimizer <- R6Class("Optimizer", lock_objects = FALSE, cloneable = FALSE, public = list(
  name = NULL,
  weight_decay = NULL,
  clipnorm = NULL,
  clipvalue = NULL,
  global_clipnorm = NULL,
  use_ema = FALSE,
  ema_momentum = 0.99,
  ema_overwrite_frequency = NULL,
  jit_compile = TRUE,
  decay = 0,                 # legacy: learning_rate / (1 + decay * iterations)
  iterations = NULL,
  model_variables = list(),  # the weights, in the order of the slots
  slots = list(),            # one named list of variables per weight
  averages = list(),         # moving averages of the weights if use_ema
  excluded = list(),         # from weight decay

  initialize = function(name, learning_rate, weight_decay = NULL, clipnorm = NULL, clipvalue = NULL, global_clipnorm = NULL, use_ema = FALSE,
                        ema_momentum = 0.99, ema_overwrite_frequency = NULL, jit_compile = TRUE, lr = NULL, decay = NULL, ...) {
    unknown <- names(list(...))
    if (...length()) abort_argument("unknown argument ", quoted_names(unknown %||% "(unnamed)"), " for the optimizer \"", name, "\"")
    if (!is.null(lr)) {
      warning("the `lr` argument has been renamed to `learning_rate`.", call. = FALSE)
      learning_rate <- lr
    }
    if (sum(!is.null(clipnorm), !is.null(clipvalue), !is.null(global_clipnorm)) > 1L)
      abort_argument("only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: clipnorm = ", received(clipnorm),
                     ", clipvalue = ", received(clipvalue), ", global_clipnorm = ", received(global_clipnorm))
    self$name <- name
    self$weight_decay <- check_optional_number(weight_decay, "weight_decay")
    self$clipnorm <- check_optional_number(clipnorm, "clipnorm")
    self$clipvalue <- check_optional_number(clipvalue, "clipvalue")
    self$global_clipnorm <- check_optional_number(global_clipnorm, "global_clipnorm")
    self$use_ema <- isTRUE(use_ema)
    if (self$use_ema && (ema_momentum < 0 || ema_momentum > 1))
      abort_argument("`ema_momentum` must be in [0, 1]. Received: ema_momentum = ", received(ema_momentum))
    self$ema_momentum <- ema_momentum
    self$ema_overwrite_frequency <- ema_overwrite_frequency
    self$jit_compile <- jit_compile
    self$decay <- decay %||% 0
    self$iterations <- new_variable(0, name = "iteration", trainable = FALSE, dtype = "int64")
    self$set_learning_rate(learning_rate)
  },

  set_learning_rate = function(value) {
    if (is_schedule(value)) {
      private$rate <- value
    } else if (is.function(value)) {
      private$rate <- schedule_from_function(value)
    } else if (inherits(value, "keratin_variable")) {
      private$rate <- value
    } else {
      if (is_tensor(value)) value <- as.numeric(as.array(value))
      if (!is.numeric(value) || length(value) != 1L || is.na(value))
        abort_argument("`learning_rate` must be a number or a learning rate schedule. Received: ", received(value))
      if (inherits(private$rate, "keratin_variable")) variable_assign(private$rate, value)
      else private$rate <- new_variable(value, name = "learning_rate", trainable = FALSE, dtype = k_floatx())
    }
    invisible(self)
  },

  rate_key = function() object_address(private$rate),

  # The number every update of this step multiplies with, as a tensor of `dtype`.
  current_learning_rate = function(dtype = k_floatx()) {
    rate <- if (is_schedule(private$rate)) private$rate(variable_read(self$iterations)) else variable_read(private$rate)
    if (self$decay > 0) rate <- op_divide(rate, op_add(op_multiply(op_cast(variable_read(self$iterations), tensor_dtype(rate)), self$decay), 1))
    cast_to(rate, dtype)
  },

  # Creates the slots of weights not seen before.
  build = function(var_list) {
    known <- vapply(self$model_variables, variable_id, "")
    for (variable in var_list) {
      if (variable_id(variable) %in% known) next
      known <- c(known, variable_id(variable))
      self$model_variables <- c(self$model_variables, list(variable))
      self$slots <- c(self$slots, list(self$new_slots(variable)))
      if (self$use_ema) self$averages <- c(self$averages, list(self$new_slot(variable, "average", as.array(variable))))
    }
    invisible(self)
  },

  slot_names = function() character(),
  slot_start = function(slot) 0,

  new_slots = function(variable) {
    names <- self$slot_names()
    stats::setNames(lapply(names, function(slot) self$new_slot(variable, slot, self$slot_start(slot))), names)
  },

  new_slot = function(variable, slot, value) {
    shape <- variable_shape(variable)
    name <- paste(self$name, slot, sub(":0$", "", variable$name), sep = "/")
    if (identical(value, 0)) return(zero_variable(shape, name, tensor_dtype(variable)))
    if (length(value) == 1L && length(shape)) value <- array(value, shape)
    new_variable(value, name = name, trainable = FALSE, dtype = tensor_dtype(variable))
  },

  apply_gradients = function(grads_and_vars, name = NULL, skip_gradients_aggregation = FALSE, ...) {
    pairs <- lapply(unname(grads_and_vars), unname)
    pairs <- Filter(function(pair) length(pair) == 2L && !is.null(pair[[1L]]), pairs)
    all_variables <- lapply(unname(grads_and_vars), function(pair) pair[[length(pair)]])
    if (!length(all_variables)) return(invisible(self$iterations))
    self$build(all_variables)
    if (!length(pairs)) abort_argument("no gradients provided for any variable: ", quoted_names(vapply(all_variables, function(v) v$name, "")))
    gradients <- lapply(pairs, function(pair) cast_to(pair[[1L]], tensor_dtype(pair[[2L]])))
    variables <- lapply(pairs, `[[`, 2L)
    # An interrupt between two of these assignments would leave the weights half updated.
    suspendInterrupts(self$update(gradients, variables))
    invisible(self$iterations)
  },

  update = function(gradients, variables) {
    gradients <- self$clip_gradients(gradients)
    step <- self$step_constants(tensor_dtype(variables[[1L]]))
    at <- match(vapply(variables, variable_id, ""), vapply(self$model_variables, variable_id, ""))
    overwrite <- if (self$use_ema) self$overwrites_now()
    for (i in seq_along(variables)) {
      if (self$use_ema) step$average <- list(variable = self$averages[[at[[i]]]], momentum = self$ema_momentum, overwrite = overwrite)
      self$update_step(gradients[[i]], variables[[i]], self$slots[[at[[i]]]], step)
    }
    variable_assign(self$iterations, op_add(variable_read(self$iterations), 1))
    for (variable in variables) {
      constraint <- variable$constraint
      if (!is.null(constraint)) variable_assign(variable, constraint(variable_read(variable)))
    }
  },

  # What all weights share in one step: learning rate, step number, bias corrections.
  step_constants = function(dtype) list(learning_rate = self$current_learning_rate(dtype)),

  step_number = function(dtype, ahead = 1) op_add(op_cast(variable_read(self$iterations), dtype), ahead),

  update_step = function(gradient, variable, slots, step) abort_argument("an optimizer class must implement `update_step()`"),

  clip_gradients = function(gradients) {
    if (!is.null(self$clipnorm) && self$clipnorm > 0) {
      lapply(gradients, function(g) op_multiply(g, op_divide(self$clipnorm, op_maximum(op_sqrt(op_reduce_sum(op_square(g))), self$clipnorm))))
    } else if (!is.null(self$global_clipnorm) && self$global_clipnorm > 0) {
      norm <- op_sqrt(Reduce(op_add, lapply(gradients, function(g) op_reduce_sum(op_square(g)))))
      scale <- op_divide(self$global_clipnorm, op_maximum(norm, self$global_clipnorm))
      lapply(gradients, op_multiply, scale)
    } else if (!is.null(self$clipvalue) && self$clipvalue > 0) {
      lapply(gradients, op_clip, -self$clipvalue, self$clipvalue)
    } else gradients
  },

  exclude_from_weight_decay = function(var_list = NULL, var_names = NULL) {
    self$excluded <- c(self$excluded, unname(as.list(var_list)), as.list(var_names))
    invisible(self)
  },

  uses_weight_decay = function(variable) {
    !any(vapply(self$excluded, function(known) if (is_variable(known)) identical(known, variable) else grepl(known, variable$name, perl = TRUE), NA))
  },

  # What the update op takes off the weight before its step.
  decay_of = function(variable) {
    if (is.null(self$weight_decay) || self$weight_decay == 0 || !self$uses_weight_decay(variable)) 0 else self$weight_decay
  },

  # Do the weights take over their moving averages in this step? Not 0 if so.
  overwrites_now = function() {
    period <- self$ema_overwrite_frequency
    if (is.null(period)) 0 else op_cast(op_equal(op_floor_mod(op_add(variable_read(self$iterations), 1), period), 0), k_floatx())
  },

  # At the end of fit(): the weights take over their averages.
  finalize_variable_values = function(var_list) {
    if (!self$use_ema) return(invisible(self))
    at <- match(vapply(var_list, variable_id, ""), vapply(self$model_variables, variable_id, ""))
    for (i in at[!is.na(at)]) variable_assign(self$model_variables[[i]], variable_read(self$averages[[i]]))
    invisible(self)
  },

  compute_gradients = function(loss, var_list, tape = NULL) {
    if (is.function(loss)) loss <- with_recording(loss())
    gradients <- if (is.null(tape)) op_gradients(loss, var_list) else tape$gradient(loss, var_list)
    Map(list, gradients, var_list)
  },

  # loss: a function of no arguments (recorded here) or a recorded tensor with its `tape`.
  minimize = function(loss, var_list, tape = NULL) self$apply_gradients(self$compute_gradients(loss, var_list, tape)),

  # State in Keras's order: iteration, averages, then slots (weight by weight, or slot by slot where the optimizer keeps lists).
  slots_by_weight = TRUE,
  variables = function() {
    names <- self$slot_names()
    flat <- if (self$slots_by_weight) lapply(self$slots, unname) else lapply(names, function(slot) lapply(self$slots, `[[`, slot))
    c(list(self$iterations), self$averages, unlist(flat, recursive = FALSE))
  },
  get_weights = function() lapply(self$variables(), as.array),
  set_weights = function(weights) {
    variables <- self$variables()
    if (length(weights) != length(variables))
      abort_argument("the optimizer \"", self$name, "\" has ", length(variables), " state arrays. Received: ", length(weights))
    for (i in seq_along(weights)) variable_assign(variables[[i]], weights[[i]])
    invisible(self)
  },

  config_fields = function() list(),
  get_config = function() {
    common <- list(name = self$name, weight_decay = self$weight_decay, clipnorm = self$clipnorm, global_clipnorm = self$global_clipnorm,
                   clipvalue = self$clipvalue, use_ema = self$use_ema, ema_momentum = self$ema_momentum,
                   ema_overwrite_frequency = self$ema_overwrite_frequency, jit_compile = self$jit_compile, is_legacy_optimizer = FALSE,
                   learning_rate = private$rate_config())
    if (self$decay > 0) common$decay <- self$decay
    c(common, self$config_fields())
  }
), active = list(
  learning_rate = function(value) {
    if (!missing(value)) return(self$set_learning_rate(value))
    # Of a schedule Keras shows the rate of the latest update.
    if (is_schedule(private$rate)) private$rate(op_maximum(op_subtract(variable_read(self$iterations), 1), 0)) else private$rate
  },
  lr = function(value) if (missing(value)) self$learning_rate else self$set_learning_rate(value),
  weights = function() self$variables()
), private = list(
  rate = NULL,
  rate_config = function() {
    if (is_schedule(private$rate)) serialize_schedule(private$rate) else as.numeric(as.array(private$rate))
  }
))

# The results of an update op, in the order of its variables.
write_update <- function(variables, results, average = NULL) {
  if (!is.null(average)) variables <- c(variables, list(average$variable))
  for (i in seq_along(variables)) variable_assign(variables[[i]], results[[i]])
}

# What a traced update depends on, besides the weights: another optimizer, or another kind of learning rate, needs another trace.
optimizer_key <- function(optimizer) c(object_address(optimizer), if (is.function(optimizer$rate_key)) optimizer$rate_key())

# One id per variable within a session.
variable_id <- function(variable) object_address(variable)
variable_shape <- function(variable) tensor_shape(variable)

check_optional_number <- function(x, what) {
  if (is.null(x)) return(NULL)
  if (!is.numeric(x) || length(x) != 1L || is.na(x) || x < 0) {
    abort_argument("`", what, "` must be a non-negative number or NULL. Received: ", what, " = ", received(x))
  }
  as.numeric(x)
}

# Sets the class that R keras users see on the R6 object itself.
new_optimizer <- function(Class, module, ...) {
  optimizer <- Class$new(...)
  class(optimizer) <- c(paste0("keras.optimizers.", module), "keras.optimizers.optimizer.Optimizer", "keras.optimizers.optimizer._BaseOptimizer")
  optimizer
}

is_optimizer <- function(x) inherits(x, "keras.optimizers.optimizer.Optimizer")

#' @export
print.keras.optimizers.optimizer.Optimizer <- function(x, ...) {
  config <- x$get_config()
  config <- config[!vapply(config, is.null, NA) & !names(config) %in% c("name", "jit_compile", "is_legacy_optimizer", "use_ema", "ema_momentum")]
  shown <- vapply(config, function(value) if (is.list(value)) value$class_name %||% "list" else format(value, digits = 7), "")
  cat("<", sub(".*\\.", "", class(x)[[1L]]), " optimizer: ", paste(names(shown), shown, sep = " = ", collapse = ", "), ">\n", sep = "")
  invisible(x)
}

optimizer_constructors <- function() list(
  sgd = optimizer_sgd, adam = optimizer_adam, adamax = optimizer_adamax, rmsprop = optimizer_rmsprop, adagrad = optimizer_adagrad,
  adadelta = optimizer_adadelta, nadam = optimizer_nadam, ftrl = optimizer_ftrl)

# From what users pass to compile(): a name, an object, a constructor, a configuration.
get_optimizer <- function(optimizer) {
  if (is_optimizer(optimizer)) return(optimizer)
  if (is.list(optimizer) && !is.null(optimizer$class_name)) return(deserialize_optimizer(optimizer))
  if (is.function(optimizer)) return(get_optimizer(optimizer()))
  if (is.character(optimizer) && length(optimizer) == 1L) {
    if (tolower(optimizer) == "adamw") return(optimizer_adam(weight_decay = 0.004, name = "AdamW"))  # Keras knows it by name
    constructor <- optimizer_constructors()[[tolower(optimizer)]]
    if (is.null(constructor)) abort_unknown_name("optimizer", optimizer, names(optimizer_constructors()))
    return(constructor())
  }
  abort_argument("`optimizer` must be a name or an optimizer object. Received: ", received(optimizer))
}

serialize_optimizer <- function(optimizer) {
  class_name <- sub(".*\\.", "", class(optimizer)[[1L]])
  list(module = if (class_name == "Adam") "keras.optimizers" else "keras.optimizers.experimental", class_name = class_name,
       config = optimizer$get_config(), registered_name = NULL)
}

deserialize_optimizer <- function(config) {
  constructor <- optimizer_constructors()[[sub("^.*>", "", tolower(config$class_name))]]
  if (is.null(constructor)) abort_unknown_name("optimizer", config$class_name, names(optimizer_constructors()))
  settings <- config$config
  if (is.list(settings$learning_rate)) settings$learning_rate <- deserialize_schedule(settings$learning_rate)
  known <- c(names(formals(constructor)), "decay")
  settings <- settings[intersect(names(settings), known)]
  do.call(constructor, settings)
}
