// Convolutional LSTM over all steps: per step one convolution of the state and the cell on every pixel; the input's part of the sums
// comes ready, convolved for all steps at once.
#include "../kernels/conv.h"

#include "functions.h"
#include "rnn.h"

namespace keratin {
namespace {

constexpr int gate_count = 4;

// Sums [batch, steps, spatial..., 4 * filters], recurrent kernel [sizes..., filters, 4 * filters].
struct ConvRnnSizes {
  std::int64_t batch, steps, pixels;
  int filters;
  std::int64_t state() const { return pixels * filters; }  // elements of a sample's state
};

// Recurrent dropout has a mask for each gate, so that each gate sees another state: a convolution of four copies of the state in groups, whose
// kernel has the same elements in the same order.
int copies_seen(bool has_dropout) { return has_dropout ? gate_count : 1; }

ConvRnnSizes sizes_of(const Shape& sums, const Shape& kernel) {
  return {sums[0], sums[1], sums.product(2, sums.rank() - 1), static_cast<int>(kernel[kernel.rank() - 2])};
}

// The convolution of the state: stride 1, "same".
ConvGeometry state_geometry(const Shape& sums, const Shape& kernel, std::int64_t batch, int copies) {
  ConvGeometry g;
  const int rank = kernel.rank() - 2;
  g.batch = batch;
  for (int axis = 0; axis < rank; ++axis) {
    const int slot = 3 - rank + axis;
    g.in[slot] = g.out[slot] = sums[axis + 2];
    g.kernel[slot] = kernel[axis];
    g.padding[slot] = (kernel[axis] - 1) / 2;
  }
  g.channels = kernel[rank] * copies;
  g.filters = kernel[rank + 1];
  g.groups = copies;
  return g;
}

std::vector<double> same_padding(const Shape& kernel) {
  std::vector<double> before;
  for (int axis = 0; axis + 2 < kernel.rank(); ++axis) before.push_back(static_cast<double>((kernel[axis] - 1) / 2));
  return before;
}

// body(sample, first pixel, end) for pieces of about the same work.
template <class Body>
void for_pixels(const ConvRnnSizes& n, Body&& body) {
  const std::int64_t piece = std::max<std::int64_t>(1, 4096 / n.filters), pieces = (n.pixels + piece - 1) / piece;
  parallel_parts(n.batch * pieces, [&](std::int64_t part) {
    const std::int64_t first = part % pieces * piece;
    body(part / pieces, first, std::min(first + piece, n.pixels));
  });
}

// d sums of all steps, d states before the first. Fixed inputs: gates, cell states, recurrent kernel.
class ConvLstmGradient final : public RecurrentGradientOp {
 public:
  using RecurrentGradientOp::RecurrentGradientOp;
  Values inputs(const GradientContext& g, const RnnInputs& of_op) { return collect(g, of_op, {g.output(3), g.output(4), g.input(1)}); }

  const char* name() const override { return "conv_lstm_gradient"; }
  Types infer(const Types& in) const override {
    TensorType state = in[1];
    state.shape.erase(1);
    return {in[0], state, state};
  }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "conv_lstm_gradient", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

 private:
  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const ConvRnnSizes n = sizes_of(in[0].shape(), in[2].shape());
    const int filters = n.filters, columns = 4 * filters;
    const std::int64_t state = n.state();
    const StepInputs<T> extra = optional_.read<T>(in);
    const T *gates = in[0].data<T>(), *cells = in[1].data<T>();
    const T *dy = upstream<T>(in, 0), *dh_last = upstream<T>(in, 1), *dc_last = upstream<T>(in, 2);
    T *d_sums = out[0].data<T>(), *dh = out[1].data<T>(), *dc = out[2].data<T>();
    const int copies = copies_seen(extra.dropout != nullptr);
    const ConvGeometry geometry = state_geometry(in[0].shape(), in[2].shape(), n.batch, copies);
    const Kernels<T>& k = kernels<T>();

    auto start = [&](T* to, const T* from) {
      if (from) copy_row(to, from, n.batch * state);
      else clear_row(to, n.batch * state);
    };
    start(dh, dh_last);
    start(dc, dc_last);
    Memory<T> step(n.batch * n.pixels * columns), through_kernel(n.batch * state * copies);
    const std::vector<T> zeros(static_cast<std::size_t>(filters), T(0));
    OutputGradient<T> outputs(dy, {n.batch, n.steps, static_cast<int>(state)}, extra.mask && !zero_output_);

    for (std::int64_t t = n.steps - 1; t >= 0; --t) {
      auto is_valid = [&](std::int64_t s) { return !extra.mask || extra.mask[s * n.steps + t]; };
      parallel_parts(n.batch, [&](std::int64_t s) { outputs.add_to(dh + s * state, s, t, is_valid(s)); });
      for_pixels(n, [&](std::int64_t s, std::int64_t first, std::int64_t end) {
        const std::int64_t row = (s * n.steps + t) * n.pixels;
        T* d = step.data + (s * n.pixels + first) * columns;
        if (!is_valid(s)) {
          clear_row(d, (end - first) * columns);
        } else {
          for (std::int64_t p = first; p < end; ++p) {
            const std::int64_t at = s * state + p * filters;
            const T* c_before = t > 0 ? cells + (row - n.pixels + p) * filters : extra.state[1] ? extra.state[1] + at : zeros.data();
            k.lstm_cell_gradient({d + (p - first) * columns, gates + (row + p) * columns, c_before, cells + (row + p) * filters, dh + at, dc + at,
                                  filters, activation_, recurrent_activation_});
          }
          clear_row(dh + s * state + first * filters, (end - first) * filters);
        }
        copy_row(d_sums + (row + first) * columns, d, (end - first) * columns);
      });
      conv_grad_input<T>(geometry, step.data, in[2].data<T>(), {}, through_kernel.data);
      for_pixels(n, [&](std::int64_t s, std::int64_t first, std::int64_t end) {
        const std::int64_t at = s * state + first * filters, count = (end - first) * filters;
        if (!extra.dropout) return k.add_to(dh + at, through_kernel.data + at, static_cast<std::size_t>(count));
        for (std::int64_t p = at / filters; p < (at + count) / filters; ++p) {
          for (int j = 0; j < columns; ++j) dh[p * filters + j % filters] += through_kernel.data[p * columns + j] * extra.dropout[p * columns + j];
        }
      });
    }
  }
};

// Outputs: sequence, last h, last c; for the gradient: gates, cell states after each step, states before each step.
class ConvLstm final : public RecurrentOp {
 public:
  explicit ConvLstm(const Attributes& attributes) : RecurrentOp(attributes, 2, 2) {}
  const char* name() const override { return "conv_lstm"; }

  Types infer(const Types& in) const override {
    if (static_cast<int>(in.size()) != optional_.count())
      fail_internal(name(), " was given ", in.size(), " inputs, its attributes announce ", optional_.count(), ".");
    const Shape &sums = in[0].shape, &kernel = in[1].shape;
    if (!is_floating(in[0].dtype)) fail_dtype(name(), in[0].dtype);
    const int rank = kernel.rank() - 2;
    if (rank < 1 || rank > 3 || sums.rank() != rank + 3)
      fail_shape(name(), ": sums of shape ", sums, " do not go with a recurrent kernel of shape ", kernel, ".");
    const std::int64_t filters = kernel[rank];
    if (!kernel.is_known() || kernel[rank + 1] != 4 * filters || in[1].dtype != in[0].dtype)
      fail_shape(name(), ": the recurrent kernel must have shape (sizes, filters, 4 * filters). Received: shape ", kernel, ".");
    if (!sizes_fit(sums.back(), 4 * filters))
      fail_shape(name(), ": the input part has ", sums.back(), " columns, the recurrent kernel ", 4 * filters, ".");
    TensorType gates = in[0], sequence = in[0];
    gates.shape[rank + 2] = 4 * filters;
    sequence.shape[rank + 2] = filters;
    TensorType state = sequence, seen = sequence;
    state.shape.erase(1);
    seen.shape[rank + 2] = filters * copies_seen(optional_.has_dropout);
    Shape dropout = seen.shape;
    dropout.erase(1);
    auto must_be = [&](int index, const char* what, const Shape& shape, DType dtype) {
      if (index < 0) return;
      const TensorType& type = in[index];
      bool fits = type.shape.rank() == shape.rank() && type.dtype == dtype;
      for (int i = 0; fits && i < shape.rank(); ++i) fits = sizes_fit(type.shape[i], shape[i]);
      if (!fits)
        fail_shape(name(), ": ", what, " must be ", name_of(dtype), " of shape ", shape, ". Received: ", name_of(type.dtype), " of shape ",
                   type.shape, ".");
    };
    for (int i = 0; i < 2; ++i) must_be(optional_.state(i), "an initial state", state.shape, in[0].dtype);
    must_be(optional_.mask(), "the mask", Shape{sums[0], sums[1]}, DType::boolean);
    must_be(optional_.dropout(), "the recurrent dropout mask", dropout, in[0].dtype);
    return {sequence, state, state, gates, sequence, seen};
  }
  int in_place_input(int output) const override { return output == 3 ? 0 : -1; }

  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    visit_floating(in[0].dtype(), "conv_lstm", [&](auto zero) { this->run_as<decltype(zero)>(in, out); });
  }

  Values gradient(const GradientContext& g) const override {
    keep_for_gradient();
    auto op = std::make_shared<ConvLstmGradient>(zero_output_, activation_, recurrent_activation_);
    const Values inputs = op->inputs(g, optional_);
    const Values d = keratin::apply(op, inputs);
    Values result(g.node->inputs.size());
    result[0] = d[0];
    if (g.wants(1)) {
      const Shape& kernel = g.input(1)->type.shape;
      std::vector<double> sizes;
      for (int axis = 0; axis + 2 < kernel.rank(); ++axis) sizes.push_back(static_cast<double>(kernel[axis]));
      Attributes settings;
      settings.set("kernel_size", sizes);
      settings.set("padding_before", same_padding(kernel));
      settings.set("groups", std::vector<double>{static_cast<double>(copies_seen(optional_.has_dropout))});
      result[1] = apply1(make_op("conv_grad_weight", settings), {merge_steps(g.output(5)), merge_steps(d[0])});
    }
    if (optional_.has_states) {
      result[optional_.state(0)] = d[1];
      result[optional_.state(1)] = d[2];
    }
    return result;
  }

 private:
  static Value merge_steps(const Value& x) {
    Shape shape = x->type.shape;
    shape.erase(0);
    shape[0] = unknown_size;
    return reshape(x, shape);
  }

  template <class T>
  void run_as(const Tensors& in, Tensors& out) const {
    const ConvRnnSizes n = sizes_of(in[0].shape(), in[1].shape());
    const int filters = n.filters, columns = 4 * filters;
    const std::int64_t state = n.state();
    const StepInputs<T> extra = optional_.read<T>(in);
    const T* sums = in[0].data<T>();
    T *y = out[0].data<T>(), *h = out[1].data<T>(), *c = out[2].data<T>(), *gates = out[3].data<T>(), *cells = out[4].data<T>(),
      *before = out[5].data<T>();
    const bool keep = keeps();
    const int copies = copies_seen(extra.dropout != nullptr);
    const ConvGeometry geometry = state_geometry(in[0].shape(), in[1].shape(), n.batch, copies);
    const Kernels<T>& k = kernels<T>();

    for (int i = 0; i < 2; ++i) {
      T* to = i == 0 ? h : c;
      if (extra.state[i]) copy_row(to, extra.state[i], n.batch * state);
      else clear_row(to, n.batch * state);
    }
    Memory<T> step(n.batch * n.pixels * columns), dropped(extra.dropout ? n.batch * state * copies : 1);
    for (std::int64_t t = 0; t < n.steps; ++t) {
      const T* seen = h;
      if (extra.dropout) {
        for_pixels(n, [&](std::int64_t s, std::int64_t first, std::int64_t end) {
          for (std::int64_t p = s * n.pixels + first; p < s * n.pixels + end; ++p) {
            for (int j = 0; j < columns; ++j) dropped.data[p * columns + j] = h[p * filters + j % filters] * extra.dropout[p * columns + j];
          }
        });
        seen = dropped.data;
      }
      if (keep)
        for (std::int64_t s = 0; s < n.batch; ++s) copy_row(before + (s * n.steps + t) * state * copies, seen + s * state * copies, state * copies);
      const bool is_zero = t == 0 && !extra.state[0];  // nothing to convolve yet
      if (!is_zero) conv_forward<T>(geometry, seen, in[1].data<T>(), {}, step.data);
      for_pixels(n, [&](std::int64_t s, std::int64_t first, std::int64_t end) {
        const std::int64_t row = (s * n.steps + t) * n.pixels;
        const bool valid = !extra.mask || extra.mask[s * n.steps + t];
        for (std::int64_t p = first; valid && p < end; ++p) {
          const T* through_kernel = is_zero ? nullptr : step.data + (s * n.pixels + p) * columns;
          T* gate = keep ? gates + (row + p) * columns : nullptr;  // may be the sums' own memory
          const std::int64_t at = s * state + p * filters;
          k.lstm_cell({sums + (row + p) * columns, through_kernel, gate, c + at, c + at, h + at, filters, activation_, recurrent_activation_});
        }
        const std::int64_t at = s * state + first * filters, count = (end - first) * filters;
        T* out_row = y + (row + first) * filters;
        if (valid) copy_row(out_row, h + at, count);
        else if (zero_output_ || t == 0) clear_row(out_row, count);
        else copy_row(out_row, out_row - state, count);
        if (keep) copy_row(cells + (row + first) * filters, c + at, count);
      });
    }
  }
};

REGISTER_OP("conv_lstm", [](const Attributes& attributes) { return std::make_shared<ConvLstm>(attributes); });

}  // namespace
}  // namespace keratin
