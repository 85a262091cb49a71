#' Connectionist temporal classification
#'
#' Loss and decoding for sequences whose labels are not aligned with the steps. The last class is the blank.
#'
#' @param y_true,labels Labels from 0, of shape (batch, longest).
#' @param y_pred Probabilities (output of a softmax), of shape (batch, steps, classes).
#' @param input_length,label_length,label_lengths Length of each sequence: (batch) or (batch, 1).
#' @param greedy Whether to take the best class of each step; otherwise a beam search.
#' @param beam_width Number of candidates kept by the beam search.
#' @param top_paths Number of results of the beam search.
#' @return `k_ctc_batch_cost()`: the loss, of shape (batch, 1). `k_ctc_decode()`: a list of a list of decoded label tensors, padded with -1
#'   to the number of steps, and the log probabilities (greedy: minus the sum of the best ones). `k_ctc_label_dense_to_sparse()`: a sparse tensor.
#' @references Graves et al. (2006), "Connectionist temporal classification".
#' @family backend functions
#' @examples
#' y <- array(c(0.6, 0.2, 0.3, 0.7, 0.1, 0.1), c(1, 2, 3))
#' k_ctc_batch_cost(matrix(0, 1, 1), y, matrix(2, 1, 1), matrix(1, 1, 1))
#' k_ctc_decode(y, 2)
#' @export
k_ctc_batch_cost <- function(y_true, y_pred, input_length, label_length) {
  logits <- op_log(op_add(as_float_tensor(y_pred), k_epsilon()))
  op_expand_dims(call_op("ctc_loss", list(logits, op_cast(y_true, "int32"), ctc_lengths(input_length), ctc_lengths(label_length)))[[1L]], 1L)
}
ctc_lengths <- function(x) {
  x <- op_cast(x, "int32")
  op_reshape(x, -1)
}

#' @rdname k_ctc_batch_cost
#' @export
k_ctc_decode <- function(y_pred, input_length, greedy = TRUE, beam_width = 100L, top_paths = 1) {
  log_p <- log(as.array(as_float_tensor(y_pred)) + k_epsilon())
  lengths <- as.integer(as.array(ctc_lengths(input_length)))
  samples <- lapply(seq_len(dim(log_p)[1L]), function(b) array(log_p[b, seq_len(lengths[b]), ], c(lengths[b], dim(log_p)[3L])))
  paths <- lapply(samples, function(p) if (greedy) list(ctc_best_path(p)) else ctc_beam_search_call(p, as.integer(beam_width), as.integer(top_paths)))
  decoded <- lapply(seq_len(if (greedy) 1L else top_paths), function(k) {
    found <- lapply(paths, function(p) if (k <= length(p)) p[[k]][[1L]] else integer())
    steps <- dim(log_p)[2L]
    rows <- lapply(found, function(labels) c(labels, rep_len(-1L, steps - length(labels))))
    tensor(array(as.numeric(do.call(rbind, rows)), c(length(found), steps)), "int64")
  })
  scores <- lapply(paths, function(p) vapply(p, function(one) one[[2L]], 0))
  list(decoded, tensor(do.call(rbind, scores)))
}
# Labels of the best class of each step, repeats and blanks dropped, and minus the sum of its log probabilities.
ctc_best_path <- function(log_p) {
  best <- max.col(log_p, ties.method = "first")
  labels <- rle(best)$values
  list(labels[labels != ncol(log_p)] - 1L, -sum(log_p[cbind(seq_along(best), best)]))
}

#' @rdname k_ctc_batch_cost
#' @export
k_ctc_label_dense_to_sparse <- function(labels, label_lengths) {
  dense <- as.matrix(as.array(tensor(labels)))
  inside <- col(dense) <= as.integer(as.array(ctc_lengths(label_lengths)))[row(dense)]
  at <- which(t(inside), arr.ind = TRUE)[, 2:1, drop = FALSE]
  new_sparse_tensor(at - 1L, dense[at], dim(dense))
}

# Sparse tensors: a few functions meet them; they hold plain R values.
new_sparse_tensor <- function(indices, values, dense_shape) {
  structure(list(indices = unname(indices), values = values, dense_shape = dense_shape), class = "tensorflow.sparse_tensor")
}

#' Sparse tensors
#'
#' @param tensor A tensor, or a sparse tensor as `k_ctc_label_dense_to_sparse()` gives it.
#' @return `k_is_sparse()`: `TRUE` or `FALSE`; `k_to_dense()`: a tensor.
#' @family backend functions
#' @examples
#' k_is_sparse(k_constant(1))
#' @export
k_is_sparse <- function(tensor) inherits(tensor, "tensorflow.sparse_tensor")
#' @rdname k_is_sparse
#' @export
k_to_dense <- function(tensor) {
  if (!k_is_sparse(tensor)) return(tensor)
  dense <- array(0, tensor$dense_shape)
  dense[tensor$indices + 1L] <- tensor$values
  keratin_tensor(dense)
}
keratin_tensor <- function(x) tensor(x)  # `tensor` is also an argument's name above
