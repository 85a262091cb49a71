# Cross-entropies from logits, classes on the last axis; one loss for each position.

op_softmax_cross_entropy <- function(labels, logits) call_op("softmax_cross_entropy", list(labels, logits))[[1L]]
# labels: integers from 0
op_sparse_softmax_cross_entropy <- function(labels, logits) {
  call_op("sparse_softmax_cross_entropy", list(as_index_tensor(labels), as_data_tensor(logits)))[[1L]]
}
# Elementwise, for independent yes-no questions.
op_sigmoid_cross_entropy <- function(labels, logits) call_op("sigmoid_cross_entropy", list(labels, logits))
