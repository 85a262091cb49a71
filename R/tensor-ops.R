# R's operators on tensors, variables and KerasTensors.

#' @export
Ops.tensorflow.tensor <- function(e1, e2) {
  if (missing(e2)) {
    return(switch(.Generic, "-" = call_op("negative", list(e1)), "+" = e1, "!" = call_op("logical_not", list(e1))))
  }
  name <- switch(.Generic,
    "+" = "add", "-" = "subtract", "*" = "multiply", "/" = "divide", "^" = "power", "%%" = "floor_mod", "%/%" = "floor_divide",
    "==" = "equal", "!=" = "not_equal", "<" = "less", "<=" = "less_equal", ">" = "greater", ">=" = "greater_equal",
    "&" = "logical_and", "|" = "logical_or")
  call_op(name, list(e1, e2))
}
