# Matrix products. Axes beyond the last two are batch axes and broadcast.

op_matmul <- function(x, y, transpose_a = FALSE, transpose_b = FALSE) {
  call_op("matmul", list(x, y), list(transpose_a = transpose_a, transpose_b = transpose_b))
}

# x's last axis times a matrix, plus a bias if there is one.
op_dense <- function(x, kernel, bias = NULL) call_op("dense", c(list(x, kernel), if (!is.null(bias)) list(bias)))

op_bias_add <- function(x, bias) call_op("bias_add", list(x, bias))
