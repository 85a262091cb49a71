// Steps of recurrent layers (see rnn.h).

template <class V>
static inline typename V::Register cell_activation(RnnActivation activation, typename V::Register x) {
  using T = typename V::Element;
  const typename V::Register one = V::set(1);
  switch (activation) {
    case RnnActivation::linear: return x;
    case RnnActivation::tanh: return vector_tanh<V>(x);
    case RnnActivation::sigmoid: return vector_sigmoid<V>(x);
    case RnnActivation::hard_sigmoid: return V::min(one, V::max(V::zero(), V::fma(x, V::set(T(0.2)), V::set(T(0.5)))));
    case RnnActivation::relu: return V::max(V::zero(), x);
    case RnnActivation::relu6: return V::min(V::set(6), V::max(V::zero(), x));
    case RnnActivation::elu: return V::select(V::less(V::zero(), x), x, V::subtract(vector_exp<V>(x), one));
    case RnnActivation::selu:
      return V::multiply(V::set(T(selu_scale)),
                         V::select(V::less(V::zero(), x), x, V::multiply(V::set(T(selu_alpha)), V::subtract(vector_exp<V>(x), one))));
    case RnnActivation::softsign: return V::divide(x, V::add(one, V::abs(x)));
    case RnnActivation::exponential: return vector_exp<V>(x);
  }
  return x;
}

// Derivative as a function of the value y.
template <class V>
static inline typename V::Register cell_derivative(RnnActivation activation, typename V::Register y) {
  using T = typename V::Element;
  const typename V::Register one = V::set(1), zero = V::zero();
  switch (activation) {
    case RnnActivation::linear: return one;
    case RnnActivation::tanh: return V::fma(V::negate(y), y, one);
    case RnnActivation::sigmoid: return V::fma(V::negate(y), y, y);
    case RnnActivation::hard_sigmoid: return V::select(V::both(V::less(zero, y), V::less(y, one)), V::set(T(0.2)), zero);
    case RnnActivation::relu: return V::select(V::less(zero, y), one, zero);
    case RnnActivation::relu6: return V::select(V::both(V::less(zero, y), V::less(y, V::set(6))), one, zero);
    case RnnActivation::elu: return V::select(V::less(zero, y), one, V::add(y, one));
    case RnnActivation::selu: return V::select(V::less(zero, y), V::set(T(selu_scale)), V::add(y, V::set(T(selu_scale * selu_alpha))));
    case RnnActivation::softsign: {
      const typename V::Register rest = V::subtract(one, V::abs(y));
      return V::multiply(rest, rest);
    }
    case RnnActivation::exponential: return y;
  }
  return one;
}

// tanh and sigmoid, the pair nearly every model uses, are known to the compiler.
template <class V, bool standard>
static inline typename V::Register state_activation(RnnActivation activation, typename V::Register x) {
  return standard ? vector_tanh<V>(x) : cell_activation<V>(activation, x);
}
template <class V, bool standard>
static inline typename V::Register gate_activation(RnnActivation activation, typename V::Register x) {
  return standard ? vector_sigmoid<V>(x) : cell_activation<V>(activation, x);
}
template <class V, bool standard>
static inline typename V::Register state_derivative(RnnActivation activation, typename V::Register y) {
  return standard ? cell_derivative<V>(RnnActivation::tanh, y) : cell_derivative<V>(activation, y);
}
template <class V, bool standard>
static inline typename V::Register gate_derivative(RnnActivation activation, typename V::Register y) {
  return standard ? cell_derivative<V>(RnnActivation::sigmoid, y) : cell_derivative<V>(activation, y);
}

// `whole` for every full register of `units` elements, `part` for what is left; `u`: the first element.
#define KERATIN_EACH_REGISTER(units, whole, part)                     \
  int u = 0;                                                          \
  for (; u + V::width <= (units); u += V::width) { whole; }           \
  if (u < (units)) { part; }

template <class V, bool partial>
struct CellAccess {
  using T = typename V::Element;
  using R = typename V::Register;
  int n;
  R load(const T* p) const { return partial ? V::load_partial(p, n) : V::load(p); }
  void store(T* p, R v) const {
    if (partial) V::store_partial(p, v, n);
    else V::store(p, v);
  }
};

// ---- LSTM
template <class V, bool standard, bool partial>
static inline void lstm_cell_at(const LstmCell<typename V::Element>& cell, int u, int n) {
  using R = typename V::Register;
  const CellAccess<V, partial> at{n};
  const RnnActivation f = cell.activation, s = cell.recurrent_activation;
  const int units = cell.units;
  const auto sum = [&](int gate) KERATIN_INLINE_BODY {
    const R value = at.load(cell.sums + u + gate * units);
    return cell.more ? V::add(value, at.load(cell.more + u + gate * units)) : value;
  };
  const R input = gate_activation<V, standard>(s, sum(0)), forget = gate_activation<V, standard>(s, sum(1));
  const R candidate = state_activation<V, standard>(f, sum(2)), output = gate_activation<V, standard>(s, sum(3));
  const R c = V::fma(forget, at.load(cell.c_before + u), V::multiply(input, candidate));
  if (cell.gates) {
    typename V::Element* gate = cell.gates + u;
    at.store(gate, input);
    at.store(gate + units, forget);
    at.store(gate + 2 * units, candidate);
    at.store(gate + 3 * units, output);
  }
  at.store(cell.c + u, c);
  at.store(cell.h + u, V::multiply(output, state_activation<V, standard>(f, c)));
}
template <class V, bool standard>
static void lstm_cell_of(const LstmCell<typename V::Element>& cell) {
  KERATIN_EACH_REGISTER(cell.units, (lstm_cell_at<V, standard, false>(cell, u, V::width)), (lstm_cell_at<V, standard, true>(cell, u, cell.units - u)))
}
template <class V>
static void lstm_cell(const LstmCell<typename V::Element>& cell) {
  if (cell.activation == RnnActivation::tanh && cell.recurrent_activation == RnnActivation::sigmoid) lstm_cell_of<V, true>(cell);
  else lstm_cell_of<V, false>(cell);
}

// With a = f(c):  do = dh a s'(o),  dc += dh o f'(a),  di = dc g s'(i),  df = dc c_before s'(f),  dg = dc i f'(g),  dc_before = dc f.
template <class V, bool standard, bool partial>
static inline void lstm_cell_gradient_at(const LstmCellGradient<typename V::Element>& cell, int u, int n) {
  using R = typename V::Register;
  const CellAccess<V, partial> at{n};
  const RnnActivation f = cell.activation, s = cell.recurrent_activation;
  const typename V::Element* gate = cell.gates + u;
  typename V::Element* d_gate = cell.d_gates + u;
  const int units = cell.units;
  const R input = at.load(gate), forget = at.load(gate + units), candidate = at.load(gate + 2 * units), output = at.load(gate + 3 * units);
  const R dh = at.load(cell.dh + u), active = state_activation<V, standard>(f, at.load(cell.c + u));
  const R dc = V::fma(V::multiply(dh, output), state_derivative<V, standard>(f, active), at.load(cell.dc + u));
  const R c_before = at.load(cell.c_before + u);
  at.store(d_gate, V::multiply(V::multiply(dc, candidate), gate_derivative<V, standard>(s, input)));
  at.store(d_gate + units, V::multiply(V::multiply(dc, c_before), gate_derivative<V, standard>(s, forget)));
  at.store(d_gate + 2 * units, V::multiply(V::multiply(dc, input), state_derivative<V, standard>(f, candidate)));
  at.store(d_gate + 3 * units, V::multiply(V::multiply(dh, active), gate_derivative<V, standard>(s, output)));
  at.store(cell.dc + u, V::multiply(dc, forget));
}
template <class V, bool standard>
static void lstm_cell_gradient_of(const LstmCellGradient<typename V::Element>& cell) {
  KERATIN_EACH_REGISTER(cell.units, (lstm_cell_gradient_at<V, standard, false>(cell, u, V::width)),
                        (lstm_cell_gradient_at<V, standard, true>(cell, u, cell.units - u)))
}
template <class V>
static void lstm_cell_gradient(const LstmCellGradient<typename V::Element>& cell) {
  if (cell.activation == RnnActivation::tanh && cell.recurrent_activation == RnnActivation::sigmoid) lstm_cell_gradient_of<V, true>(cell);
  else lstm_cell_gradient_of<V, false>(cell);
}

// ---- GRU
template <class V, bool partial>
static inline void gru_reset_at(const GruCell<typename V::Element>& cell, int u, int n) {
  using R = typename V::Register;
  const CellAccess<V, partial> at{n};
  typename V::Element* sum = cell.sums + u;
  const R update = cell_activation<V>(cell.recurrent_activation, at.load(sum));
  const R reset = cell_activation<V>(cell.recurrent_activation, at.load(sum + cell.units));
  at.store(sum, update);
  at.store(sum + cell.units, reset);
  at.store(cell.reset + u, V::multiply(reset, at.load(cell.h_before + u)));
}
template <class V>
static void gru_reset(const GruCell<typename V::Element>& cell) {
  KERATIN_EACH_REGISTER(cell.units, (gru_reset_at<V, false>(cell, u, V::width)), (gru_reset_at<V, true>(cell, u, cell.units - u)))
}

template <class V, bool reset_after, bool partial>
static inline void gru_cell_at(const GruCell<typename V::Element>& cell, int u, int n) {
  using R = typename V::Register;
  const CellAccess<V, partial> at{n};
  const int units = cell.units;
  R update = at.load(cell.sums + u), reset = at.load(cell.sums + units + u), sum = at.load(cell.sums + 2 * units + u);
  if (reset_after) {
    update = cell_activation<V>(cell.recurrent_activation, V::add(update, at.load(cell.inner + u)));
    reset = cell_activation<V>(cell.recurrent_activation, V::add(reset, at.load(cell.inner + units + u)));
    sum = V::fma(reset, at.load(cell.inner + 2 * units + u), sum);
  }
  const R candidate = cell_activation<V>(cell.activation, sum);
  if (cell.gates) {
    typename V::Element* gate = cell.gates + u;
    at.store(gate, update);
    at.store(gate + units, reset);
    at.store(gate + 2 * units, candidate);
  }
  at.store(cell.h + u, V::fma(update, V::subtract(at.load(cell.h_before + u), candidate), candidate));
}
template <class V>
static void gru_cell(const GruCell<typename V::Element>& cell) {
  if (cell.inner) {
    KERATIN_EACH_REGISTER(cell.units, (gru_cell_at<V, true, false>(cell, u, V::width)), (gru_cell_at<V, true, true>(cell, u, cell.units - u)))
  } else {
    KERATIN_EACH_REGISTER(cell.units, (gru_cell_at<V, false, false>(cell, u, V::width)), (gru_cell_at<V, false, true>(cell, u, cell.units - u)))
  }
}

template <class V, bool reset_after, bool partial>
static inline void gru_cell_gradient_at(const GruCellGradient<typename V::Element>& cell, int u, int n) {
  using R = typename V::Register;
  const CellAccess<V, partial> at{n};
  const typename V::Element* gate = cell.gates + u;
  typename V::Element* d_gate = cell.d_gates + u;
  const int units = cell.units;
  const R update = at.load(gate), reset = at.load(gate + units), candidate = at.load(gate + 2 * units);
  const R dh = at.load(cell.dh + u), one = V::set(1);
  const R d_update =
      V::multiply(V::multiply(dh, V::subtract(at.load(cell.h_before + u), candidate)), cell_derivative<V>(cell.recurrent_activation, update));
  const R d_sum = V::multiply(V::multiply(dh, V::subtract(one, update)), cell_derivative<V>(cell.activation, candidate));
  if (reset_after) {
    const R d_reset = V::multiply(V::multiply(d_sum, at.load(cell.inner + u)), cell_derivative<V>(cell.recurrent_activation, reset));
    at.store(d_gate + units, d_reset);
    typename V::Element* d_inner = cell.d_inner + u;
    at.store(d_inner, d_update);
    at.store(d_inner + units, d_reset);
    at.store(d_inner + 2 * units, V::multiply(d_sum, reset));
  } else {
    at.store(d_gate + units, reset);  // gru_reset_gradient turns it into its gradient
  }
  at.store(d_gate, d_update);
  at.store(d_gate + 2 * units, d_sum);
  at.store(cell.dh + u, V::multiply(dh, update));
}
template <class V>
static void gru_cell_gradient(const GruCellGradient<typename V::Element>& cell) {
  if (cell.inner) {
    KERATIN_EACH_REGISTER(cell.units, (gru_cell_gradient_at<V, true, false>(cell, u, V::width)),
                          (gru_cell_gradient_at<V, true, true>(cell, u, cell.units - u)))
  } else {
    KERATIN_EACH_REGISTER(cell.units, (gru_cell_gradient_at<V, false, false>(cell, u, V::width)),
                          (gru_cell_gradient_at<V, false, true>(cell, u, cell.units - u)))
  }
}

template <class V, bool partial>
static inline void gru_reset_gradient_at(const GruCellGradient<typename V::Element>& cell, int u, int n) {
  using R = typename V::Register;
  const CellAccess<V, partial> at{n};
  typename V::Element* d_gate = cell.d_gates + cell.units + u;
  const R reset = at.load(d_gate), d = at.load(cell.d_reset + u);
  at.store(d_gate, V::multiply(V::multiply(d, at.load(cell.h_before + u)), cell_derivative<V>(cell.recurrent_activation, reset)));
  at.store(cell.dh + u, V::fma(d, reset, at.load(cell.dh + u)));
}
template <class V>
static void gru_reset_gradient(const GruCellGradient<typename V::Element>& cell) {
  KERATIN_EACH_REGISTER(cell.units, (gru_reset_gradient_at<V, false>(cell, u, V::width)), (gru_reset_gradient_at<V, true>(cell, u, cell.units - u)))
}

// ---- simple recurrence: y = f(x), and d = upstream f'(y)
template <class V>
static void rnn_activate(typename V::Element* y, const typename V::Element* x, int units, RnnActivation activation) {
  KERATIN_EACH_REGISTER(units, V::store(y + u, cell_activation<V>(activation, V::load(x + u))),
                        V::store_partial(y + u, cell_activation<V>(activation, V::load_partial(x + u, units - u)), units - u))
}
template <class V>
static void rnn_activate_gradient(typename V::Element* d, const typename V::Element* upstream, const typename V::Element* y, int units,
                                  RnnActivation activation) {
  KERATIN_EACH_REGISTER(
      units, V::store(d + u, V::multiply(V::load(upstream + u), cell_derivative<V>(activation, V::load(y + u)))),
      V::store_partial(
          d + u, V::multiply(V::load_partial(upstream + u, units - u), cell_derivative<V>(activation, V::load_partial(y + u, units - u))), units - u))
}

// ---- c[columns] += a[depth] B[depth x columns], B row-major: the product of a few samples, which is bound by reading B.
template <class V, int vectors>
static inline void row_times_matrix_block(typename V::Element* c, const typename V::Element* a, const typename V::Element* b, std::ptrdiff_t b_row,
                                          int depth) {
  typename V::Register sum[vectors];
  KERATIN_UNROLL for (int j = 0; j < vectors; ++j) sum[j] = V::load(c + j * V::width);
  for (int k = 0; k < depth; ++k, b += b_row) {
    const typename V::Register x = V::set(a[k]);
    KERATIN_UNROLL for (int j = 0; j < vectors; ++j) sum[j] = V::fma(x, V::load(b + j * V::width), sum[j]);
  }
  KERATIN_UNROLL for (int j = 0; j < vectors; ++j) V::store(c + j * V::width, sum[j]);
}
template <class V>
static void row_times_matrix(typename V::Element* c, const typename V::Element* a, const typename V::Element* b, std::ptrdiff_t b_row, int depth,
                             int columns) {
  int j = 0;
  for (; j + 8 * V::width <= columns; j += 8 * V::width) row_times_matrix_block<V, 8>(c + j, a, b + j, b_row, depth);
  for (; j + 2 * V::width <= columns; j += 2 * V::width) row_times_matrix_block<V, 2>(c + j, a, b + j, b_row, depth);
  for (; j < columns; j += V::width) {
    const int n = columns - j < V::width ? columns - j : V::width;
    typename V::Register sum = V::load_partial(c + j, n);
    const typename V::Element* row = b + j;
    for (int k = 0; k < depth; ++k, row += b_row) sum = V::fma(V::set(a[k]), V::load_partial(row, n), sum);
    V::store_partial(c + j, sum, n);
  }
}
