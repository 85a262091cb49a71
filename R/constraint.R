#' Constraints on weights
#'
#' Applied to a weight after every update: `kernel_constraint = constraint_maxnorm(2)`.
#'
#' @param max_value,min_value Bounds of the norm. `constraint_maxnorm()` takes a whole number: as in R keras, a fraction is cut off (0.5 is
#'   0); `constraint_minmaxnorm()` takes any number.
#' @param rate How far norms outside the bounds are moved towards them: 1 all the way.
#' @param axis Axis (counted from 0, as in Keras) along which norms are taken; for a dense kernel 0 is one norm per unit. For convolution
#'   kernels give several, `c(0, 1, 2)`.
#' @return A constraint: a function of a tensor that gives a tensor.
#' @examples
#' constraint_unitnorm()(matrix(c(3, 4), 2))
#' @name constraints
NULL

new_constraint <- function(class_name, config, body) {
  new_callable(function(x) body(if (is_tensor(x)) x else tensor(x)), class_name, config,
               classes = c(paste0("keras.constraints.", class_name), "keras.constraints.Constraint"), module = "keras.constraints")
}

axis_norms <- function(x, axis) op_sqrt(op_reduce_sum(op_square(x), axes = axis, keepdims = TRUE))
axis_config <- function(axis) if (length(axis) > 1L) as.list(as.integer(axis)) else as.integer(axis)

#' @rdname constraints
#' @export
constraint_maxnorm <- function(max_value = 2, axis = 0) {
  axis <- as.integer(unlist(axis))
  max_value <- as_number(max_value, "max_value", 0)
  if (max_value != trunc(max_value))
    rlang::warn(paste0("constraint_maxnorm(): `max_value` (", max_value, ") is cut to ", trunc(max_value),
                       ", as R keras does; constraint_minmaxnorm() takes fractions."),
                .frequency = "once", .frequency_id = "constraint_maxnorm")
  max_value <- trunc(max_value)
  new_constraint("MaxNorm", list(max_value = max_value, axis = axis_config(axis)), function(x) {
    norms <- axis_norms(x, axis)
    op_multiply(x, op_divide(op_clip(norms, 0, max_value), op_add(norms, k_epsilon())))
  })
}

#' @rdname constraints
#' @export
constraint_nonneg <- function() new_constraint("NonNeg", empty_config(), function(x) op_relu(x))

#' @rdname constraints
#' @export
constraint_unitnorm <- function(axis = 0) {
  axis <- as.integer(unlist(axis))
  new_constraint("UnitNorm", list(axis = axis_config(axis)), function(x) op_divide(x, op_add(axis_norms(x, axis), k_epsilon())))
}

#' @rdname constraints
#' @export
constraint_minmaxnorm <- function(min_value = 0, max_value = 1, rate = 1, axis = 0) {
  axis <- as.integer(unlist(axis))
  new_constraint("MinMaxNorm", list(min_value = min_value, max_value = max_value, rate = rate, axis = axis_config(axis)), function(x) {
    norms <- axis_norms(x, axis)
    wanted <- op_add(op_multiply(rate, op_clip(norms, min_value, max_value)), op_multiply(1 - rate, norms))
    op_multiply(x, op_divide(wanted, op_add(norms, k_epsilon())))
  })
}

constraint_makers <- function()
  list(MaxNorm = constraint_maxnorm, NonNeg = constraint_nonneg, UnitNorm = constraint_unitnorm, MinMaxNorm = constraint_minmaxnorm)
constraint_aliases <- list(max_norm = "MaxNorm", maxnorm = "MaxNorm", non_neg = "NonNeg", nonneg = "NonNeg", unit_norm = "UnitNorm",
                           unitnorm = "UnitNorm",
                           min_max_norm = "MinMaxNorm", minmaxnorm = "MinMaxNorm")

get_constraint <- function(x) get_callable(x, constraint_makers(), constraint_aliases, "constraint", "a constraint_*() object")
