#pragma once
#include "../graph/graph.h"
#include "../kernels/rnn.h"

namespace keratin {

enum class RecurrenceKind { simple, lstm, gru };
struct UnrolledRecurrence {
  RecurrenceKind kind;
  bool reset_after, zero_output;
  RnnActivation activation, recurrent_activation;
};
// As the fused ops take them (rnn.h); all but x and the kernels may be null.
struct UnrolledInputs {
  Value x, kernel, recurrent_kernel, bias, h, c, recurrent_bias, mask, dropout;
};
// Sequence, last h, last c (LSTM).
Values unroll(const UnrolledRecurrence& recurrence, const UnrolledInputs& inputs);

}  // namespace keratin
