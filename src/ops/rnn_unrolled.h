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
// As the fused ops take them (rnn.h); bias, mask and dropout may be null, h and c (LSTM) must be there. `inner`: added to the recurrent
// kernel's sums of a GRU with reset_after, so that there is something to differentiate by.
struct UnrolledInputs {
  Value sums, kernel, h, c, bias, mask, dropout, inner;
};
struct UnrolledOutputs {
  Values results;      // sequence, last h, last c (LSTM)
  Value before, kept;  // what the fused op hands to its gradient under these names
};
UnrolledOutputs unroll(const UnrolledRecurrence& recurrence, const UnrolledInputs& inputs);

}  // namespace keratin
