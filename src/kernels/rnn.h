#pragma once

namespace keratin {

// Activations whose derivative is a function of their value, so that a step keeps nothing else for its gradient.
enum class RnnActivation : int { linear, tanh, sigmoid, hard_sigmoid, relu, relu6, elu, selu, softsign, exponential };

// One step of one sample. Gates lie side by side, `units` each: LSTM i, f, c, o; GRU z, r, h.
template <class T>
struct LstmCell {
  const T* sums;      // before the activation
  const T* more;      // added to them, or null
  T* gates;           // out, may be `sums`; or null
  const T* c_before;
  T* c;               // may be c_before
  T* h;
  int units;
  RnnActivation activation, recurrent_activation;
};

template <class T>
struct LstmCellGradient {
  T* d_gates;         // out: gradient of the sums before the activation; may be `gates`
  const T* gates;
  const T* c_before;
  const T* c;
  const T* dh;
  T* dc;              // in: of the cell state after the step, out: before it
  int units;
  RnnActivation activation, recurrent_activation;
};

// reset_after: candidate = f(gates_h + r * inner_h), where inner = h_before R + b; else inner is null, the sums are whole, and the step
// comes in two halves: first gru_reset, whose `reset` = r * h_before goes through the recurrent kernel, then gru_cell.
template <class T>
struct GruCell {
  T* sums;            // before the activation; gru_reset puts z and r in their place
  T* gates;           // out: z, r, candidate; or null
  const T* inner;
  const T* h_before;
  T* h;
  T* reset;           // gru_reset: out
  int units;
  RnnActivation activation, recurrent_activation;
};

template <class T>
struct GruCellGradient {
  T* d_gates;         // out; may be `gates`
  T* d_inner;         // out (reset_after)
  const T* gates;
  const T* inner;     // of the candidate only (reset_after)
  const T* h_before;
  T* dh;              // in: of the state after the step, out: what reaches the state before it past the recurrent kernel
  const T* d_reset;   // gru_reset_gradient: in
  int units;
  RnnActivation activation, recurrent_activation;
};

}  // namespace keratin
