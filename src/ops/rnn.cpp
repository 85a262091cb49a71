#include "rnn.h"

#include <cmath>

#include "functions.h"

namespace keratin {

RnnActivation rnn_activation(const Attributes& attributes, const std::string& name, const char* otherwise) {
  const std::string wanted = attributes.string(name, otherwise);
  static const struct {
    const char* name;
    RnnActivation activation;
  } known[] = {{"linear", RnnActivation::linear},     {"tanh", RnnActivation::tanh},   {"sigmoid", RnnActivation::sigmoid}, {"hard_sigmoid", RnnActivation::hard_sigmoid},
               {"relu", RnnActivation::relu},         {"relu6", RnnActivation::relu6}, {"elu", RnnActivation::elu},         {"selu", RnnActivation::selu},
               {"softsign", RnnActivation::softsign}, {"exponential", RnnActivation::exponential}};
  for (const auto& entry : known)
    if (wanted == entry.name) return entry.activation;
  fail_argument("`", name, "` of a fused recurrent op must be one of linear, tanh, sigmoid, hard_sigmoid, relu, relu6, elu, selu, softsign, exponential. Received: \"",
                wanted, "\".");
}

// ---- the product of every step
namespace {
constexpr std::int64_t few_samples = 4;  // below: no tile fills the registers, and packing does not pay
}

template <class T>
StepProduct<T>::StepProduct(const T* b, std::ptrdiff_t row, std::ptrdiff_t column, int depth, int columns, std::int64_t batch)
    : depth_(depth), columns_(columns) {
  const Kernels<T>& k = kernels<T>();
  if (batch < few_samples) {
    b_row_ = column == 1 ? row : columns;
    b_ = b;
    if (column == 1) return;
    memory_ = allocate(sizeof(T) * static_cast<std::size_t>(depth) * columns);
    T* copy = static_cast<T*>(memory_->data());
    for (int d = 0; d < depth; ++d)
      for (int j = 0; j < columns; ++j) copy[static_cast<std::ptrdiff_t>(d) * columns + j] = b[d * row + j * column];
    b_ = copy;
    return;
  }
  // The widest panel among those that waste the fewest columns.
  int least = -1;
  for (int vectors = 4; vectors >= 1; --vectors) {
    if (k.gemm_tile_rows(vectors) == 0) continue;
    const int width = vectors * k.vector_width, wasted = (columns + width - 1) / width * width - columns;
    if (least < 0 || wasted < least) {
      least = wasted;
      vectors_ = vectors;
    }
  }
  tile_rows_ = k.gemm_tile_rows(vectors_);
  const int width = vectors_ * k.vector_width, panels = (columns + width - 1) / width;
  memory_ = allocate(sizeof(T) * static_cast<std::size_t>(panels) * width * depth);
  T* packed = static_cast<T*>(memory_->data());
  b_ = packed;
  for (int p = 0; p < panels; ++p) {
    const int used = std::min(width, columns - p * width);
    const T* from = b + static_cast<std::ptrdiff_t>(p) * width * column;
    for (int d = 0; d < depth; ++d, packed += width) {
      for (int j = 0; j < used; ++j) packed[j] = from[d * row + j * column];
      for (int j = used; j < width; ++j) packed[j] = T(0);
    }
  }
}

template <class T>
void StepProduct<T>::add_to(T* c, std::ptrdiff_t c_row, const T* a, std::ptrdiff_t a_row, std::int64_t rows) const {
  const Kernels<T>& k = kernels<T>();
  if (vectors_ == 0) {
    for (std::int64_t m = 0; m < rows; ++m) k.row_times_matrix(c + m * c_row, a + m * a_row, b_, b_row_, depth_, columns_);
    return;
  }
  const Tap tap{0, 0};
  const int width = vectors_ * k.vector_width;
  const std::int64_t tiles = (rows + tile_rows_ - 1) / tile_rows_;
  if (tiles == 0) return;
  const std::int64_t small = rows / tiles, larger = rows % tiles;  // `larger` tiles have one row more
  const GemmTileFunction<T> tile_of_small = k.gemm_tile(static_cast<int>(small), vectors_, false);
  const GemmTileFunction<T> tile_of_large = larger ? k.gemm_tile(static_cast<int>(small + 1), vectors_, false) : nullptr;
  GemmTile<T> tile{};
  tile.a_row = a_row;
  tile.a_depth = 1;
  tile.taps = &tap;
  tile.tap_count = 1;
  tile.depth = depth_;
  tile.b_row = width;
  tile.c_row = c_row;
  tile.accumulate = true;
  for (int j = 0, p = 0; j < columns_; j += width, ++p) {  // the panel stays in the nearest cache for all rows
    tile.b = b_ + static_cast<std::ptrdiff_t>(p) * width * depth_;
    tile.columns = std::min(width, columns_ - j);
    std::int64_t m = 0;
    for (std::int64_t i = 0; i < tiles; ++i) {
      tile.a = a + m * a_row;
      tile.c = c + m * c_row + j;
      (i < larger ? tile_of_large : tile_of_small)(tile);
      m += i < larger ? small + 1 : small;
    }
  }
}
template class StepProduct<float>;
template class StepProduct<double>;

// ---- checks
RecurrentOp::RecurrentOp(const Attributes& attributes, int state_count, int gate_count)
    : gate_count_(gate_count),
      zero_output_(attributes.flag("zero_output_for_mask")),
      activation_(rnn_activation(attributes, "activation", "tanh")),
      recurrent_activation_(rnn_activation(attributes, "recurrent_activation", "sigmoid")) {
  optional_.first = 2;
  optional_.state_count = state_count;
  optional_.has_states = attributes.flag("states");
  optional_.has_bias = attributes.flag("recurrent_bias");
  optional_.has_mask = attributes.flag("mask");
  optional_.has_dropout = attributes.flag("recurrent_dropout");
}

RnnSizes RecurrentOp::check(const Types& inputs) const {
  if (static_cast<int>(inputs.size()) != optional_.count()) fail_internal(name(), " was given ", inputs.size(), " inputs, its attributes announce ", optional_.count(), ".");
  const TensorType &sums = inputs[0], &kernel = inputs[1];
  if (!is_floating(sums.dtype)) fail_dtype(name(), sums.dtype);
  if (sums.shape.rank() != 3) fail_shape(name(), " takes an input of shape (batch, steps, features). Received: shape ", sums.shape, ".");
  const Shape& k = kernel.shape;
  if (k.rank() != 2 || !k.is_known() || k[1] != gate_count_ * k[0] || kernel.dtype != sums.dtype)
    fail_shape(name(), ": the recurrent kernel must have shape (units, ", gate_count_, " * units). Received: shape ", k, ".");
  const std::int64_t units = k[0];
  if (!sizes_fit(sums.shape[2], k[1])) fail_shape(name(), ": the input part has ", sums.shape[2], " columns, the recurrent kernel ", k[1], ".");
  auto must_be = [&](int index, const char* what, std::initializer_list<std::int64_t> wanted, DType dtype) {
    if (index < 0) return;
    const TensorType& type = inputs[index];
    const Shape shape(wanted);
    bool fits = type.shape.rank() == shape.rank() && type.dtype == dtype;
    for (int i = 0; fits && i < shape.rank(); ++i) fits = sizes_fit(type.shape[i], shape[i]);
    if (!fits) fail_shape(name(), ": ", what, " must be ", name_of(dtype), " of shape ", shape, ". Received: ", name_of(type.dtype), " of shape ", type.shape, ".");
  };
  const std::int64_t batch = sums.shape[0];
  for (int i = 0; i < optional_.state_count; ++i) must_be(optional_.state(i), "an initial state", {batch, units}, sums.dtype);
  must_be(optional_.bias(), "the recurrent bias", {k[1]}, sums.dtype);
  must_be(optional_.mask(), "the mask", {batch, sums.shape[1]}, DType::boolean);
  must_be(optional_.dropout(), "the recurrent dropout mask", {batch, units}, sums.dtype);
  return {batch, sums.shape[1], static_cast<int>(units)};
}

// ---- gradients
std::vector<int> RecurrentOp::differentiable_inputs() const {
  std::vector<int> found{0, 1};
  for (int i = 0; optional_.has_states && i < optional_.state_count; ++i) found.push_back(optional_.state(i));
  if (optional_.has_bias) found.push_back(optional_.bias());
  return found;
}

UnrolledInputs RecurrentOp::unrolled_inputs(const Values& inputs) const {
  UnrolledInputs in;
  in.sums = inputs[0];
  in.kernel = inputs[1];
  const double units = static_cast<double>(in.kernel->type.shape[0]);
  const auto state = [&](int i) -> Value {
    if (i >= optional_.state_count) return nullptr;
    if (optional_.has_states) return inputs[optional_.state(i)];
    const Value first = apply1(make_op("slice", attributes({{"begin", {0, 0, 0}}, {"size", {-1, 1, units}}})), {in.sums});
    return zeros_like(apply1(make_op("squeeze", attributes({{"axes", {1}}})), {first}));
  };
  in.h = state(0);
  in.c = state(1);
  if (optional_.has_bias) in.bias = inputs[optional_.bias()];
  if (optional_.has_mask) in.mask = inputs[optional_.mask()];
  if (optional_.has_dropout) in.dropout = inputs[optional_.dropout()];
  return in;
}

namespace {
Values replaced(Values all, const std::vector<int>& places, const Values& by) {
  for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = by[i];
  return all;
}
Values picked(const Values& all, const std::vector<int>& places) {
  Values some;
  for (int place : places) some.push_back(all[place]);
  return some;
}
}  // namespace

void RecurrentOp::add_hidden_gradients(const GradientContext& g, Values& result) const {
  const std::optional<Unrolling> steps = unrolling();
  if (!steps) return;
  const auto add = [&](int i, const Value& more) {
    if (more) result[i] = result[i] ? result[i] + more : more;
  };
  add(0, g.upstream(steps->gates));
  const Values upstreams{g.upstream(steps->before), steps->kept < 0 ? nullptr : g.upstream(steps->kept)};
  if (!upstreams[0] && !upstreams[1]) return;
  const std::vector<int> places = differentiable_inputs();
  const Values found = differentiate_again(picked(g.node->inputs, places), upstreams, [&](const Values& own) -> Values {
    const UnrolledOutputs out = unroll(steps->recurrence, unrolled_inputs(replaced(g.node->inputs, places, own)));
    return {out.before, out.kept};
  });
  for (std::size_t i = 0; i < places.size(); ++i) add(places[i], found[i]);
}

Values RecurrentGradientOp::gradient(const GradientContext& g) const {
  const NodePtr forward = g.input(0)->producer;
  const auto* op = forward ? dynamic_cast<const RecurrentOp*>(forward->op.get()) : nullptr;
  const std::optional<RecurrentOp::Unrolling> steps = op ? op->unrolling() : std::nullopt;
  if (!steps) {
    fail_argument("the gradient of this fused recurrent layer cannot be differentiated again. Use `unroll = TRUE` in the layer, which computes step by step.");
  }
  std::vector<int> upstreams;
  for (int place : upstream_)
    if (place >= 0) upstreams.push_back(place);
  const std::vector<int> places = op->differentiable_inputs();
  Values inputs = picked(forward->inputs, places);
  for (int place : upstreams) inputs.push_back(g.input(place));

  const Values found = differentiate_again(inputs, g.upstreams, [&](const Values& own) -> Values {
    UnrolledInputs in = op->unrolled_inputs(replaced(forward->inputs, places, own));
    Values by{in.sums, in.h};
    if (in.c) by.push_back(in.c);
    if (steps->recurrence.kind == RecurrenceKind::gru && steps->recurrence.reset_after) by.push_back(in.inner = zeros_like(in.sums));
    const UnrolledOutputs out = unroll(steps->recurrence, in);
    Value target;
    std::size_t next = places.size();
    for (int i = 0; i < 3; ++i) {
      if (upstream_[i] < 0) continue;
      const Value part = reduce("reduce_sum", out.results[i] * own[next++], i == 0 ? std::vector<std::int64_t>{0, 1, 2} : std::vector<std::int64_t>{0, 1}, false);
      target = target ? target + part : part;
    }
    return target ? gradients(target, by, {}, nullptr) : Values(by.size());
  });

  Values result(g.node->inputs.size());
  result[0] = found[0];
  result[optional_.first - 1] = found[1];
  std::size_t next = 2;
  for (int i = 0; optional_.has_states && i < optional_.state_count; ++i) result[optional_.state(i)] = found[next++];
  if (optional_.has_bias) result[optional_.bias()] = found[next++];
  for (int place : upstreams) result[place] = found[next++];
  return result;
}

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

Value product_over_steps(const Value& a, const Value& b) {
  auto flat = [](const Value& x) {
    Attributes shape;
    shape.set("shape", std::vector<double>{NAN, static_cast<double>(x->type.shape.back())});
    return apply1(make_op("reshape", shape), {x});
  };
  Attributes transposed;
  transposed.set("transpose_a", std::vector<double>{1.0});
  return apply1(make_op("matmul", transposed), {flat(a), flat(b)});
}

}  // namespace keratin
