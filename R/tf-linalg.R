# tf$linalg, and tf$matmul(), tf$norm(), tf$einsum(), tf$tensordot(), tf$eye().

tf_matmul <- function(a, b, transpose_a = FALSE, transpose_b = FALSE, adjoint_a = FALSE, adjoint_b = FALSE)   # real numbers: adjoint = transpose
  op_matmul(a, b, isTRUE(transpose_a) || isTRUE(adjoint_a), isTRUE(transpose_b) || isTRUE(adjoint_b))

tf_eye <- function(num_rows, num_columns = NULL, batch_shape = NULL, dtype = "float32") {
  rows <- sizes_of(num_rows)
  x <- op_eye(rows, if (is.null(num_columns)) rows else sizes_of(num_columns), dtype)
  if (is.null(batch_shape)) x else op_broadcast_to(x, c(sizes_of(batch_shape), tensor_shape(x)))
}

tf_norm <- function(tensor, ord = "euclidean", axis = NULL, keepdims = FALSE) {
  axis <- tf_axes(axis)
  x <- op_abs(tensor)
  if (identical(ord, "euclidean") || identical(as.numeric(ord), 2) && length(axis) < 2L) return(op_sqrt(op_reduce_sum(op_square(x), axis, keepdims)))
  if (!is.numeric(ord) || ord <= 0 || length(axis) > 1L) {
    abort_argument("`ord` must be \"euclidean\" or, along one axis, a number > 0. Received: ord = ", received(ord))
  }
  if (is.infinite(ord)) return(op_reduce_max(x, axis, keepdims))
  op_power(op_reduce_sum(op_power(x, ord), axis, keepdims), 1 / ord)
}

tf_matrix_transpose <- function(a) {
  rank <- tensor_rank(a)
  if (rank < 2L) abort_shape("a matrix is wanted. Received an array of shape (", shape_text(tensor_shape(a)), ").")
  op_transpose(a, c(seq_len(rank - 2L) - 1L, rank - 1L, rank - 2L))
}

# Positions of rows and columns that lie on the diagonal, or in a band around it.
tf_band <- function(rows, columns, lower, upper) {
  distance <- outer(seq_len(rows), seq_len(columns), `-`)
  tensor((lower < 0 | distance <= lower) & (upper < 0 | -distance <= upper))
}

tf_linalg <- list(
  matmul = tf_matmul, eye = tf_eye, norm = tf_norm, matrix_transpose = tf_matrix_transpose,
  l2_normalize = function(x, axis = NULL, epsilon = 1e-12) tf_l2_normalize(x, axis, epsilon),
  matvec = function(a, b, transpose_a = FALSE) op_squeeze(op_matmul(a, op_expand_dims(b, -1L), isTRUE(transpose_a)), -1L),
  diag = function(diagonal) {
    diagonal <- as_data_tensor(diagonal)
    n <- utils::tail(tensor_shape(diagonal), 1L)
    op_multiply(op_expand_dims(diagonal, -1L), op_eye(n, dtype = tensor_dtype(diagonal)))
  },
  diag_part = function(input) {
    input <- as_data_tensor(input)
    shape <- utils::tail(tensor_shape(input), 2L)
    flat <- op_reshape(input, c(utils::head(tensor_shape(input), -2L), prod(shape)))
    op_gather(flat, array((seq_len(min(shape)) - 1L) * (shape[2L] + 1L)), -1L)
  },
  band_part = function(input, num_lower, num_upper) {
    input <- as_data_tensor(input)
    shape <- utils::tail(tensor_shape(input), 2L)
    op_select(tf_band(shape[1L], shape[2L], as.numeric(num_lower), as.numeric(num_upper)), input, op_zeros_like(input))
  },
  trace = function(x) {
    x <- as_data_tensor(x)
    shape <- utils::tail(tensor_shape(x), 2L)
    op_reduce_sum(op_multiply(x, op_eye(shape[1L], shape[2L], tensor_dtype(x))), c(-2L, -1L))
  },
  einsum = function(equation, ...) tf_einsum(equation, ...), global_norm = function(t_list) tf_global_norm(t_list),
  tensordot = function(a, b, axes) tf_tensordot(a, b, axes))

# Sums over pairs of axes: `axes` is how many (the last of a, the first of b) or a list of those of a and those of b.
tf_tensordot <- function(a, b, axes) {
  a <- as_data_tensor(a)
  b <- as_data_tensor(b)
  if (is.list(axes) || length(axes) == 2L) axes <- lapply(axes, tf_axes, what = "axes") else {
    n <- as.integer(axes)
    axes <- list(tensor_rank(a) - rev(seq_len(n)), seq_len(n) - 1L)
  }
  letter <- function(x, first) letters[first - 1L + seq_len(tensor_rank(x))]
  from_a <- letter(a, 1L)
  from_b <- letter(b, 1L + tensor_rank(a))
  position <- function(axis, rank) ifelse(axis < 0L, axis + rank, axis) + 1L
  from_b[position(axes[[2L]], tensor_rank(b))] <- shared <- from_a[position(axes[[1L]], tensor_rank(a))]
  kept <- setdiff(c(from_a, from_b), shared)
  tf_einsum(paste0(paste(from_a, collapse = ""), ",", paste(from_b, collapse = ""), "->", paste(kept, collapse = "")), a, b)
}

# "bij,bjk->bik": a letter an axis; letters that are not in the result are summed over, one that stands twice in an operand takes its
# diagonal, "..." are all further axes, which broadcast. Operands are taken two at a time.
tf_einsum <- function(equation, ...) {
  operands <- lapply(list(...), as_data_tensor)
  received_equation <- paste0(" Received: equation = ", received(equation))
  equation <- gsub(" ", "", equation)
  if (!grepl("^[A-Za-z,.]+(->[A-Za-z.]*)?$", equation) || grepl(".", gsub("...", "", equation, fixed = TRUE), fixed = TRUE))
    abort_argument("`equation` must look like \"bij,bjk->bik\" or \"...ij,jk->...ik\".", received_equation)
  if (!grepl("->", equation, fixed = TRUE)) {
    equation <- paste0(equation, "->", if (grepl("...", equation, fixed = TRUE)) "...", tf_free_letters(equation))
  }
  sides <- strsplit(paste0(equation, " "), "->", fixed = TRUE)[[1L]]
  terms <- strsplit(sides[1L], ",", fixed = TRUE)[[1L]]
  if (length(terms) != length(operands)) {
    abort_argument("`equation` has ", length(terms), " operands, ", length(operands), " are given.", received_equation)
  }
  further <- mapply(function(term, x) if (grepl("...", term, fixed = TRUE)) tensor_rank(x) - nchar(term) + 3L else 0L, terms, operands)
  dots <- utils::tail(setdiff(c(LETTERS, letters), strsplit(equation, "")[[1L]]), max(further, 0L))
  spell <- function(term, n) strsplit(sub("...", paste(utils::tail(dots, max(n, 0L)), collapse = ""), term, fixed = TRUE), "")[[1L]]
  result <- spell(trimws(sides[2L]), length(dots))
  spelled <- Map(spell, terms, further)
  for (i in seq_along(terms)) if (length(spelled[[i]]) != tensor_rank(operands[[i]]))
    abort_shape("einsum: \"", terms[[i]], "\" does not fit an array of shape (", shape_text(tensor_shape(operands[[i]])), ").")
  unknown <- setdiff(result, unlist(spelled))
  if (length(unknown) || anyDuplicated(result)) abort_argument("a letter of the result stands once in it, and in an operand.", received_equation)
  sizes <- lapply(dots, function(dot) unlist(Map(function(x, term) tensor_shape(x)[match(dot, term, 0L)], operands, spelled)))
  wide <- dots[vapply(sizes, function(n) any(is.na(n) | n > 1L), NA)]
  for (i in seq_along(terms)) {
    single <- tf_without_single(operands[[i]], spelled[[i]], wide)
    apart <- tf_diagonals(single$value, single$letters)
    operands[[i]] <- apart$value
    spelled[[i]] <- apart$letters
  }
  terms <- spelled
  x <- operands[[1L]]
  have <- terms[[1L]]
  for (i in seq_along(operands)[-1L]) {
    later <- unique(c(result, unlist(terms[-seq_len(i)])))
    wanted <- intersect(unique(c(have, terms[[i]])), later)
    product <- tf_contract(x, have, operands[[i]], terms[[i]], wanted)
    x <- product$value
    have <- product$letters
  }
  gone <- which(!have %in% result)
  if (length(gone)) {
    x <- op_reduce_sum(x, gone - 1L)
    have <- have[-gone]
  }
  order <- match(result, have)
  if (identical(order, seq_along(order))) x else op_transpose(x, order - 1L)
}

# Axes of one element among those of "..." drop out where another operand is longer there.
tf_without_single <- function(x, letters, wide) {
  gone <- which(letters %in% wide & tensor_shape(x) %in% 1L)
  if (length(gone)) list(value = op_squeeze(x, gone - 1L), letters = letters[-gone]) else list(value = x, letters = letters)
}

# Axes of one letter become one: their diagonal, which goes last.
tf_diagonals <- function(x, letters) {
  while (anyDuplicated(letters)) {
    pair <- which(letters == letters[anyDuplicated(letters)])[1:2]
    if (!identical(tensor_shape(x)[pair[1L]], tensor_shape(x)[pair[2L]]))
      abort_shape("einsum: \"", letters[pair[1L]], "\" stands for axes of different lengths of an array of shape (", shape_text(tensor_shape(x)),
                  ").")
    x <- tf_linalg$diag_part(op_transpose(x, c(seq_along(letters)[-pair], pair) - 1L))
    letters <- c(letters[-pair], letters[pair[1L]])
  }
  list(value = x, letters = letters)
}

# Without "->": letters that stand once, in alphabetical order.
tf_free_letters <- function(equation) {
  count <- table(strsplit(gsub("[,.]", "", equation), "")[[1L]])
  paste(sort(names(count)[count == 1L]), collapse = "")
}

# One batched matrix product: axes in both and wanted are the batch, those in both and not wanted are summed over.
tf_contract <- function(x, of_x, y, of_y, wanted) {
  drop_own <- function(t, own, other) {
    gone <- which(!own %in% c(other, wanted))
    list(if (length(gone)) op_reduce_sum(t, gone - 1L) else t, if (length(gone)) own[-gone] else own)
  }
  reduced <- drop_own(x, of_x, of_y)
  x <- reduced[[1L]]
  of_x <- reduced[[2L]]
  reduced <- drop_own(y, of_y, of_x)
  y <- reduced[[1L]]
  of_y <- reduced[[2L]]
  both <- intersect(of_x, of_y)
  batch <- intersect(both, wanted)
  summed <- setdiff(both, wanted)
  rows <- setdiff(of_x, both)
  columns <- setdiff(of_y, both)
  sizes <- c(setNames(tensor_shape(x), of_x), setNames(tensor_shape(y), of_y))
  sizes[is.na(sizes)] <- -1
  arrange <- function(t, own, groups) op_reshape(op_transpose(t, match(unlist(groups), own) - 1L), tf_group_sizes(sizes, groups))
  product <- op_matmul(arrange(x, of_x, list(batch, rows, summed)), arrange(y, of_y, list(batch, summed, columns)))
  letters <- c(batch, rows, columns)
  list(value = op_reshape(product, unname(sizes[letters])), letters = letters)
}
# Batch axes one by one, the others each as one axis.
tf_group_sizes <- function(sizes, groups) {
  whole <- function(group) { n <- sizes[group]; if (any(n < 0)) -1 else prod(n) }
  c(unname(sizes[groups[[1L]]]), whole(groups[[2L]]), whole(groups[[3L]]))
}
