#include "rnn.h"

#include <cmath>

#include "../kernels/scratch.h"
#include "functions.h"

namespace keratin {

RnnActivation rnn_activation(const Attributes& attributes, const std::string& name, const char* otherwise) {
  const std::string wanted = attributes.string(name, otherwise);
  static const struct {
    const char* name;
    RnnActivation activation;
  } known[] = {{"linear", RnnActivation::linear},     {"tanh", RnnActivation::tanh},
               {"sigmoid", RnnActivation::sigmoid},   {"hard_sigmoid", RnnActivation::hard_sigmoid},
               {"relu", RnnActivation::relu},         {"relu6", RnnActivation::relu6},
               {"elu", RnnActivation::elu},           {"selu", RnnActivation::selu},
               {"softsign", RnnActivation::softsign}, {"exponential", RnnActivation::exponential}};
  for (const auto& entry : known)
    if (wanted == entry.name) return entry.activation;
  fail_argument(
      "`", name,
      "` of a fused recurrent op must be one of linear, tanh, sigmoid, hard_sigmoid, relu, relu6, elu, selu, softsign, exponential. Received: \"",
      wanted, "\".");
}

// ---- products
namespace {
constexpr std::int64_t few_rows = 4;  // below: no tile fills the registers, and packing does not pay
constexpr std::int64_t rows_of_sum = 128;  // a panel of as many stays in the nearest cache
constexpr int depth_of_block = 256;        // rows of a panel that all rows of A meet before the next; they stream from the second cache

// Registers of the widest panel among those that waste the fewest columns.
template <class T>
int panel_vectors(int columns) {
  const Kernels<T>& k = kernels<T>();
  int least = -1, best = 1;
  for (int vectors = 4; vectors >= 1; --vectors) {
    if (k.gemm_tile_rows(vectors) == 0) continue;
    const int width = vectors * k.vector_width, wasted = (columns + width - 1) / width * width - columns;
    if (least < 0 || wasted < least) {
      least = wasted;
      best = vectors;
    }
  }
  return best;
}

// Rows of C in equal tiles, one below the other; `step` elements of A from a row to the next.
template <class T>
void run_tiles(GemmTile<T> tile, std::int64_t rows, int vectors, bool a_is_transposed, std::ptrdiff_t step) {
  const Kernels<T>& k = kernels<T>();
  const std::int64_t most = k.gemm_tile_rows(vectors), tiles = (rows + most - 1) / most;
  if (tiles == 0) return;
  const std::int64_t size = rows / tiles, larger = rows % tiles;  // `larger` tiles have one row more
  for (int more = 1; more >= 0; --more) {
    tile.repeats = more ? larger : tiles - larger;
    if (tile.repeats == 0) continue;
    k.gemm_tile(static_cast<int>(size + more), vectors, a_is_transposed)(tile);
    tile.a += tile.repeats * (size + more) * step;
    tile.c += tile.repeats * (size + more) * tile.c_row;
  }
}
}  // namespace

template <class T>
StepProduct<T>::StepProduct(const T* b, std::ptrdiff_t row, std::ptrdiff_t column, int depth, int columns, std::int64_t rows)
    : depth_(depth), columns_(columns) {
  if (depth == 0 || columns == 0) return;
  const Kernels<T>& k = kernels<T>();
  if (rows < few_rows) {
    b_row_ = column == 1 ? row : columns;
    b_ = b;
    if (column == 1) return;
    memory_ = allocate(sizeof(T) * static_cast<std::size_t>(depth) * columns);
    T* copy = static_cast<T*>(memory_->data());
    k.transpose(copy, columns, b, column, columns, depth);
    b_ = copy;
    return;
  }
  vectors_ = panel_vectors<T>(columns);
  const int width = vectors_ * k.vector_width, panels = (columns + width - 1) / width;
  memory_ = allocate(sizeof(T) * static_cast<std::size_t>(panels) * width * depth);
  T* packed = static_cast<T*>(memory_->data());
  b_ = packed;
  for (int p = 0; p < panels; ++p) {
    const int used = std::min(width, columns - p * width);
    const T* from = b + static_cast<std::ptrdiff_t>(p) * width * column;
    if (used < width) clear_row(packed, static_cast<std::int64_t>(width) * depth);
    if (column == 1) k.copy_rows(packed, width, from, row, depth, used);
    else k.transpose(packed, width, from, column, used, depth);
    packed += static_cast<std::ptrdiff_t>(width) * depth;
  }
}

template <class T>
void StepProduct<T>::run(T* c, std::ptrdiff_t c_row, const T* a, std::ptrdiff_t a_row, std::int64_t rows, bool accumulate, const T* bias) const {
  const Kernels<T>& k = kernels<T>();
  if (vectors_ == 0) {
    for (std::int64_t m = 0; m < rows; ++m) {
      T* row = c + m * c_row;
      if (!accumulate) {
        if (bias) copy_row(row, bias, columns_);
        else clear_row(row, columns_);
      }
      if (b_) k.row_times_matrix(row, a + m * a_row, b_, b_row_, depth_, columns_);
    }
    return;
  }
  const Tap tap{0, 0};
  const int width = vectors_ * k.vector_width, blocks = (depth_ + depth_of_block - 1) / depth_of_block;
  GemmTile<T> tile{};
  tile.a_row = a_row;
  tile.a_depth = 1;
  tile.taps = &tap;
  tile.tap_count = 1;
  tile.b_row = width;
  tile.c_row = c_row;
  for (int block = 0; block < blocks; ++block) {
    const int first = static_cast<int>(static_cast<std::int64_t>(depth_) * block / blocks),
              end = static_cast<int>(static_cast<std::int64_t>(depth_) * (block + 1) / blocks);
    tile.accumulate = accumulate || block > 0;
    tile.depth = end - first;
    for (int j = 0; j < columns_; j += width) {  // the panel stays in the nearest cache for all rows
      tile.a = a + first;
      tile.b = b_ + static_cast<std::ptrdiff_t>(j) * depth_ + static_cast<std::ptrdiff_t>(first) * width;
      tile.c = c + j;
      tile.columns = std::min(width, columns_ - j);
      tile.bias = bias && block == 0 ? bias + j : nullptr;
      run_tiles(tile, rows, vectors_, false, a_row);
    }
  }
}
template class StepProduct<float>;
template class StepProduct<double>;

template <class T>
void add_sums_of_products(const T* b, std::ptrdiff_t b_row, int columns, std::int64_t rows, std::initializer_list<SumOfProducts<T>> products,
                          T* column_sums) {
  const Kernels<T>& k = kernels<T>();
  const int vectors = panel_vectors<T>(columns), width = vectors * k.vector_width;
  parallel_parts((columns + width - 1) / width, [&](std::int64_t part) {
    const std::int64_t j = part * width, used = std::min<std::int64_t>(width, columns - j);
    T *panel = scratch<T>(Scratch::upstream, rows_of_sum * width), *sums = scratch<T>(Scratch::partial, width);
    if (used < width) clear_row(panel, rows_of_sum * width);
    const Tap tap{0, 0};
    for (std::int64_t first = 0; first < rows; first += rows_of_sum) {
      GemmTile<T> tile{};
      tile.taps = &tap;
      tile.tap_count = 1;
      tile.depth = std::min(rows_of_sum, rows - first);
      tile.b = panel;
      tile.b_row = width;
      tile.columns = used;
      tile.accumulate = true;
      k.copy_rows(panel, width, b + first * b_row + j, b_row, tile.depth, used);
      for (const SumOfProducts<T>& product : products) {
        if (!product.c) continue;
        tile.a = product.a + first * product.a_row;
        tile.a_row = 1;
        tile.a_depth = product.a_row;
        tile.c = product.c + j;
        tile.c_row = product.c_row;
        run_tiles(tile, product.features, vectors, true, 1);
      }
      if (!column_sums) continue;
      k.sum_rows(sums, panel, static_cast<std::size_t>(tile.depth), static_cast<std::size_t>(used), static_cast<std::size_t>(width));
      k.add_to(column_sums + j, sums, static_cast<std::size_t>(used));
    }
  });
}
template void add_sums_of_products<float>(const float*, std::ptrdiff_t, int, std::int64_t, std::initializer_list<SumOfProducts<float>>, float*);
template void add_sums_of_products<double>(const double*, std::ptrdiff_t, int, std::int64_t, std::initializer_list<SumOfProducts<double>>, double*);

// ---- checks
RecurrentOp::RecurrentOp(const Attributes& attributes, int fixed, int state_count)
    : zero_output_(attributes.flag("zero_output_for_mask")),
      activation_(rnn_activation(attributes, "activation", "tanh")),
      recurrent_activation_(rnn_activation(attributes, "recurrent_activation", "sigmoid")) {
  optional_.first = fixed;
  optional_.state_count = state_count;
  optional_.has_bias = attributes.flag("bias");
  optional_.has_states = attributes.flag("states");
  optional_.has_recurrent_bias = attributes.flag("recurrent_bias");
  optional_.has_mask = attributes.flag("mask");
  optional_.has_dropout = attributes.flag("recurrent_dropout");
}

RnnSizes RnnOp::check(const Types& inputs) const {
  if (static_cast<int>(inputs.size()) != optional_.count())
    fail_internal(name(), " was given ", inputs.size(), " inputs, its attributes announce ", optional_.count(), ".");
  const DType dtype = inputs[0].dtype;
  const Shape &x = inputs[0].shape, &kernel = inputs[1].shape, &recurrent_kernel = inputs[2].shape;
  if (!is_floating(dtype)) fail_dtype(name(), dtype);
  if (x.rank() != 3) fail_shape(name(), " takes an input of shape (batch, steps, features). Received: shape ", x, ".");
  if (recurrent_kernel.rank() != 2 || !recurrent_kernel.is_known() || recurrent_kernel[1] != gate_count_ * recurrent_kernel[0] ||
      inputs[2].dtype != dtype)
    fail_shape(name(), ": the recurrent kernel must have shape (units, ", gate_count_, " * units). Received: shape ", recurrent_kernel, ".");
  const std::int64_t batch = x[0], units = recurrent_kernel[0], columns = recurrent_kernel[1];
  if (kernel.rank() != 2 || !kernel.is_known() || !sizes_fit(x[2], kernel[0]) || kernel[1] != columns || inputs[1].dtype != dtype)
    fail_shape(name(), ": for an input of shape ", x, " the kernel must have shape (features, ", columns, "). Received: shape ", kernel, ".");
  auto must_be = [&](int index, const char* what, std::initializer_list<std::int64_t> wanted, DType wanted_dtype) {
    if (index < 0) return;
    const TensorType& type = inputs[index];
    const Shape shape(wanted);
    bool fits = type.shape.rank() == shape.rank() && type.dtype == wanted_dtype;
    for (int i = 0; fits && i < shape.rank(); ++i) fits = sizes_fit(type.shape[i], shape[i]);
    if (!fits)
      fail_shape(name(), ": ", what, " must be ", name_of(wanted_dtype), " of shape ", shape, ". Received: ", name_of(type.dtype), " of shape ",
                 type.shape, ".");
  };
  must_be(optional_.bias(), "the bias", {columns}, dtype);
  for (int i = 0; i < optional_.state_count; ++i) must_be(optional_.state(i), "an initial state", {batch, units}, dtype);
  must_be(optional_.recurrent_bias(), "the recurrent bias", {columns}, dtype);
  must_be(optional_.mask(), "the mask", {batch, x[1]}, DType::boolean);
  must_be(optional_.dropout(), "the recurrent dropout mask", {batch, units}, dtype);
  return {batch, x[1], static_cast<int>(units), static_cast<int>(kernel[0])};
}

// ---- gradients
Values RecurrentGradientOp::collect(const GradientContext& g, const RnnInputs& of_op, Values fixed) {
  optional_ = of_op;
  optional_.first = static_cast<int>(fixed.size());
  for (int i = of_op.first; i < of_op.count(); ++i) fixed.push_back(g.input(i));
  for (int i = 0; i <= of_op.state_count; ++i) {
    if (!g.upstream(i)) continue;
    upstream_[i] = static_cast<int>(fixed.size());
    fixed.push_back(g.upstream(i));
  }
  return fixed;
}

Values RecurrentGradientOp::gradient(const GradientContext&) const {
  fail_argument(
      "the gradient of this fused recurrent layer cannot be differentiated again. Use `unroll = TRUE` in the layer, which computes step by step.");
}

Values RnnOp::gradient(const GradientContext& g) const {
  keep_for_gradient();
  const std::shared_ptr<RnnGradient> op = gradient_op();
  Values fixed;
  for (int i = 0; i < op->saved(); ++i) fixed.push_back(g.output(1 + optional_.state_count + i));
  for (int i = 0; i < optional_.first; ++i) fixed.push_back(g.input(i));
  const Values inputs = op->collect(g, optional_, fixed), found = keratin::apply(op, inputs);
  Values result(g.node->inputs.size());
  const RnnGradient::Places places = RnnGradient::places(optional_);
  for (int i = 0; i < rnn_gradients; ++i)
    if (places[i] >= 0 && g.wants(places[i])) result[places[i]] = found[i];
  return result;
}

RnnGradient::RnnGradient(const UnrolledRecurrence& recurrence, int saved)
    : RecurrentGradientOp(recurrence.zero_output, recurrence.activation, recurrence.recurrent_activation), recurrence_(recurrence), saved_(saved) {}

RnnGradient::Places RnnGradient::places(const RnnInputs& of) {
  return {of.first - 3, of.first - 2, of.first - 1, of.bias(), of.recurrent_bias(), of.state(0), of.state(1)};
}

Values RnnGradient::collect(const GradientContext& g, const RnnInputs& of_op, Values fixed) {
  const Places of_inputs = places(of_op);
  for (int i = 0; i < rnn_gradients; ++i) wants_[i] = of_inputs[i] >= 0 && g.wants(of_inputs[i]);
  return RecurrentGradientOp::collect(g, of_op, std::move(fixed));
}

Types RnnGradient::infer(const Types& in) const {
  const TensorType &x = in[saved_], &kernel = in[saved_ + 1], &recurrent_kernel = in[saved_ + 2];
  const TensorType bias{x.dtype, Shape{kernel.shape[1]}}, state{x.dtype, Shape{x.shape[0], recurrent_kernel.shape[0]}};
  return {x, kernel, recurrent_kernel, bias, bias, state, state};
}

Values RnnGradient::gradient(const GradientContext& g) const {
  const Places at = places(optional_);
  std::vector<int> taken;
  for (int place : at)
    if (place >= 0) taken.push_back(place);
  const std::size_t own_inputs = taken.size();
  for (int place : upstream_)
    if (place >= 0) taken.push_back(place);
  Values inputs;
  for (int place : taken) inputs.push_back(g.input(place));

  const Values found = differentiate_again(inputs, g.upstreams, [&](const Values& own) -> Values {
    Values in(rnn_gradients), d(rnn_gradients);
    std::size_t next = 0;
    for (int i = 0; i < rnn_gradients; ++i)
      if (at[i] >= 0) in[i] = own[next++];
    const auto fixed = [&](int place) { return place < 0 ? nullptr : g.input(place); };
    const Values results = unroll(recurrence_, {in[d_x], in[d_kernel], in[d_recurrent_kernel], in[d_bias], in[d_h], in[d_c], in[d_recurrent_bias],
                                                fixed(optional_.mask()), fixed(optional_.dropout())});
    Value target;
    for (int i = 0; i < 3; ++i) {
      if (upstream_[i] < 0) continue;
      const Value part = reduce_sum(results[i] * own[next++], i == 0 ? std::vector<std::int64_t>{0, 1, 2} : std::vector<std::int64_t>{0, 1}, false);
      target = target ? target + part : part;
    }
    if (!target) return d;
    const Values by(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(own_inputs)), first = gradients(target, by, {}, nullptr);
    next = 0;
    for (int i = 0; i < rnn_gradients; ++i)
      if (at[i] >= 0) d[i] = first[next++];
    return d;
  });

  Values result(g.node->inputs.size());
  for (std::size_t i = 0; i < taken.size(); ++i) result[taken[i]] = found[i];
  return result;
}

}  // namespace keratin
