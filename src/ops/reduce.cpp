#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "elementwise.h"
#include "reduce.h"

namespace keratin {

Runs runs_of(const Shape& shape, const std::vector<bool>& reduced) {
  Runs runs;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    if (!runs.sizes.empty() && runs.reduced.back() == reduced[i]) {
      runs.sizes.back() *= shape[i];
    } else {
      runs.sizes.push_back(shape[i]);
      runs.reduced.push_back(reduced[i]);
    }
  }
  return runs;
}

namespace {

// ---- what combines elements
// NaN wins in max and min.
struct Sum {
  template <class T>
  static T start() { return T(0); }
  template <class T>
  static T combine(T a, T b) { return a + b; }
};
struct Product {
  template <class T>
  static T start() { return T(1); }
  template <class T>
  static T combine(T a, T b) { return a * b; }
};
struct Max {
  template <class T>
  static T start() { return std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest(); }
  template <class T>
  static T combine(T a, T b) { return a > b || a != a ? a : b; }
};
struct Min {
  template <class T>
  static T start() { return std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max(); }
  template <class T>
  static T combine(T a, T b) { return a < b || a != a ? a : b; }
};
struct Any {
  template <class T>
  static T start() { return false; }
  static bool combine(bool a, bool b) { return a || b; }
};
struct All {
  template <class T>
  static T start() { return true; }
  static bool combine(bool a, bool b) { return a && b; }
};

// ---- one pass: (outer, length, inner) -> (outer, inner)
// Long reductions are cut into pieces that depend on the sizes alone, and the pieces are combined in order: the same bits on any
// number of threads.

template <class F, class T>
T reduce_contiguous(const T* x, std::int64_t n) {
  if constexpr (std::is_floating_point_v<T>) {
    if (n > 0) {
      const std::size_t count = static_cast<std::size_t>(n);
      if constexpr (std::is_same_v<F, Sum>) return kernels<T>().sum(x, count);
      if constexpr (std::is_same_v<F, Max>) return kernels<T>().largest(x, count);
      if constexpr (std::is_same_v<F, Min>) return kernels<T>().smallest(x, count);
    }
  }
  constexpr int lanes = 16;  // independent chains: quicker, and for sums more exact than one
  if (n < lanes) {
    T total = F::template start<T>();
    for (std::int64_t i = 0; i < n; ++i) total = F::combine(total, x[i]);
    return total;
  }
  T lane[lanes];
  for (int j = 0; j < lanes; ++j) lane[j] = x[j];
  std::int64_t i = lanes;
  for (; i + lanes <= n; i += lanes) {
    for (int j = 0; j < lanes; ++j) lane[j] = F::combine(lane[j], x[i + j]);
  }
  for (int j = 0; i < n; ++i, ++j) lane[j] = F::combine(lane[j], x[i]);
  for (int width = lanes / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) lane[j] = F::combine(lane[j], lane[j + width]);
  }
  return lane[0];
}

template <class F, class T>
void reduce_rows(T* y, const T* x, std::int64_t length, std::int64_t inner, std::int64_t stride) {
  if (length == 0) {
    std::fill(y, y + inner, F::template start<T>());
    return;
  }
  if constexpr (std::is_floating_point_v<T>) {
    const std::size_t rows = static_cast<std::size_t>(length), columns = static_cast<std::size_t>(inner), step = static_cast<std::size_t>(stride);
    if constexpr (std::is_same_v<F, Sum>) return kernels<T>().sum_rows(y, x, rows, columns, step);
    if constexpr (std::is_same_v<F, Max>) return kernels<T>().largest_rows(y, x, rows, columns, step);
    if constexpr (std::is_same_v<F, Min>) return kernels<T>().smallest_rows(y, x, rows, columns, step);
  }
  std::copy(x, x + inner, y);
  for (std::int64_t k = 1; k < length; ++k) {
    const T* row = x + k * stride;
    for (std::int64_t i = 0; i < inner; ++i) y[i] = F::combine(y[i], row[i]);
  }
}

// Short rows: many are turned into columns at a time, for within a row there is little to do at once.
template <class F, class T>
void reduce_short_rows(T* y, const T* x, std::int64_t rows, std::int64_t length) {
  T turned[short_row * turned_rows];
  for (std::int64_t r = 0; r < rows; r += turned_rows) {
    const std::int64_t count = std::min(turned_rows, rows - r);
    kernels<T>().transpose(turned, turned_rows, x + r * length, length, count, length);
    reduce_rows<F>(y + r, turned, length, count, turned_rows);
  }
}

template <class F, class T>
void reduce_pass(const T* x, T* y, std::int64_t outer, std::int64_t length, std::int64_t inner) {
  if (outer * inner == 0) return;
  if (inner == 1 && length <= 2 * reduce_grain) {
    parallel_ranges(outer, std::max<std::int64_t>(1, reduce_grain / std::max<std::int64_t>(1, length)), [&](std::int64_t begin, std::int64_t end) {
      if constexpr (std::is_floating_point_v<T> && !std::is_same_v<F, Product>) {
        if (length <= (std::is_same_v<F, Sum> ? short_row / 4 : short_row))
          return reduce_short_rows<F>(y + begin, x + begin * length, end - begin, length);
      }
      for (std::int64_t o = begin; o < end; ++o) y[o] = reduce_contiguous<F>(x + o * length, length);
    });
    return;
  }
  const std::int64_t piece = std::max<std::int64_t>(1, reduce_grain / inner), pieces = (length + piece - 1) / piece;
  if (pieces <= 1 || inner >= 4096) {  // whole columns; wide rows are shared out by blocks of columns
    const std::int64_t width = inner >= 4096 ? 1024 : inner, blocks = (inner + width - 1) / width;
    const std::int64_t grain = std::max<std::int64_t>(1, reduce_grain / std::max<std::int64_t>(1, length * width));
    parallel_ranges(outer * blocks, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t j = begin; j < end; ++j) {
        const std::int64_t o = j / blocks, from = j % blocks * width;
        reduce_rows<F>(y + o * inner + from, x + o * length * inner + from, length, std::min(width, inner - from), inner);
      }
    });
    return;
  }
  Tensor partial(DTypeOf<T>::value, Shape{outer * pieces * inner});
  T* p = partial.data<T>();
  parallel_parts(outer * pieces, [&](std::int64_t j) {
    const std::int64_t o = j / pieces, from = j % pieces * piece, n = std::min(piece, length - from);
    const T* start = x + (o * length + from) * inner;
    if (inner == 1) {
      p[j] = reduce_contiguous<F>(start, n);
    } else {
      reduce_rows<F>(p + j * inner, start, n, inner, inner);
    }
  });
  reduce_pass<F>(p, y, outer, pieces, inner);
}

template <class F, class T>
void reduce_all_axes(const T* x, T* y, const Shape& shape, const std::vector<bool>& reduced) {
  Runs runs = runs_of(shape, reduced);
  if (std::find(runs.reduced.begin(), runs.reduced.end(), true) == runs.reduced.end()) {
    std::copy(x, x + shape.elements(), y);
    return;
  }
  Tensor held;
  const T* from = x;
  while (true) {
    int at = static_cast<int>(runs.sizes.size()) - 1;
    while (!runs.reduced[at]) --at;
    const bool last = std::find(runs.reduced.begin(), runs.reduced.begin() + at, true) == runs.reduced.begin() + at;
    std::int64_t outer = 1, inner = 1;
    for (int i = 0; i < at; ++i) outer *= runs.sizes[i];
    for (std::size_t i = at + 1; i < runs.sizes.size(); ++i) inner *= runs.sizes[i];
    if (last) {
      reduce_pass<F>(from, y, outer, runs.sizes[at], inner);
      return;
    }
    Tensor next(DTypeOf<T>::value, Shape{outer * inner});
    reduce_pass<F>(from, next.data<T>(), outer, runs.sizes[at], inner);
    held = next;
    from = held.data<T>();
    runs.sizes.erase(runs.sizes.begin() + at);
    runs.reduced.erase(runs.reduced.begin() + at);
  }
}

// ---- the ops
class Reduce : public SummingOp {
 public:
  Reduce(const char* name, const Attributes& a) : name_(name), axes_(a.integers("axes")), all_axes_(!a.has("axes")), keepdims_(a.flag("keepdims")) {}
  const char* name() const override { return name_; }

  Types infer(const Types& inputs) const override {
    check_dtype(inputs.at(0).dtype);
    const Shape& shape = inputs[0].shape;
    const std::vector<bool> reduced = mask(shape.rank());
    Shape result;
    for (int i = 0; i < shape.rank(); ++i) {
      if (!reduced[i]) {
        result.append(shape[i]);
      } else if (keepdims_) {
        result.append(1);
      }
    }
    return {{inputs[0].dtype, result}};
  }
  Summing summing() const override { return Summing::no; }
  std::vector<bool> mask(int rank) const override {
    std::vector<bool> reduced(rank, all_axes_);
    for (std::int64_t axis : axes_) reduced[normalize_axis(axis, rank, name_)] = true;
    return reduced;
  }

 protected:
  virtual void check_dtype(DType dtype) const {
    if (!is_floating(dtype) && !is_integer(dtype)) fail_argument(name_, ": takes numbers. Received: ", name_of(dtype));
  }
  std::vector<std::int64_t> normalized_axes(int rank) const {
    const std::vector<bool> reduced = mask(rank);
    std::vector<std::int64_t> axes;
    for (int i = 0; i < rank; ++i) {
      if (reduced[i]) axes.push_back(i);
    }
    return axes;
  }
  // A value of the output's shape, made to broadcast against the input.
  Value against_input(const Value& value, const Value& input) const {
    if (keepdims_) return value;
    const std::vector<bool> reduced = mask(input->type.shape.rank());
    Value result = value;
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (reduced[i]) result = expand_dims(result, static_cast<std::int64_t>(i));
    }
    return result;
  }
  Value stretched(const Value& value, const Value& input) const {
    Shape kept = input->type.shape;
    const std::vector<bool> reduced = mask(kept.rank());
    for (int i = 0; i < kept.rank(); ++i) {
      if (reduced[i]) kept[i] = 1;
    }
    return broadcast_like(kept.is_known() ? reshape(value, kept) : against_input(value, input), input);
  }
  std::int64_t count(const Shape& shape) const {
    const std::vector<bool> reduced = mask(shape.rank());
    std::int64_t n = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      if (reduced[i]) n *= shape[i];
    }
    return n;
  }

  const char* name_;
  std::vector<std::int64_t> axes_;
  bool all_axes_, keepdims_;
};

template <class F>
void run_reduce(const Tensor& x, Tensor& y, const std::vector<bool>& reduced) {
  visit_numeric(x.dtype(), "reduce", [&](auto zero) {
    using T = decltype(zero);
    reduce_all_axes<F>(x.data<T>(), y.data<T>(), x.shape(), reduced);
  });
}

class ReduceSum : public Reduce {
 public:
  explicit ReduceSum(const Attributes& a) : Reduce("reduce_sum", a) {}
  Summing summing() const override { return Summing::sum; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    run_reduce<Sum>(inputs[0], outputs[0], mask(inputs[0].shape().rank()));
  }
  Values gradient(const GradientContext& g) const override { return {stretched(g.upstream(), g.input(0))}; }
};

class ReduceMean : public Reduce {
 public:
  explicit ReduceMean(const Attributes& a) : Reduce("reduce_mean", a) {}
  Summing summing() const override { return Summing::mean; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Tensor &x = inputs[0], &y = outputs[0];
    run_reduce<Sum>(x, outputs[0], mask(x.shape().rank()));
    const std::int64_t n = count(x.shape());
    visit_numeric(x.dtype(), "reduce_mean", [&](auto zero) {
      using T = decltype(zero);
      T* out = y.data<T>();
      if constexpr (std::is_integral_v<T>) {
        for (std::int64_t i = 0; i < y.size(); ++i) out[i] = n == 0 ? 0 : out[i] / static_cast<T>(n);
      } else {
        for (std::int64_t i = 0; i < y.size(); ++i) out[i] /= static_cast<T>(n);
      }
    });
  }
  Values gradient(const GradientContext& g) const override {
    const Shape& shape = g.input(0)->type.shape;
    const std::vector<std::int64_t> axes = normalized_axes(shape.rank());
    std::int64_t n = 1;
    for (std::int64_t axis : axes) n = shape[static_cast<int>(axis)] < 0 || n < 0 ? unknown_size : n * shape[static_cast<int>(axis)];
    if (n >= 0) return {stretched(g.upstream() * (1.0 / static_cast<double>(n)), g.input(0))};
    const Value ones = ones_like(g.input(0));
    return {stretched(g.upstream() / reduce_sum(ones, axes, keepdims_), g.input(0))};
  }
};

template <class F>
class ReduceExtreme : public Reduce {
 public:
  using Reduce::Reduce;
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    run_reduce<F>(inputs[0], outputs[0], mask(inputs[0].shape().rank()));
  }
  Values gradient(const GradientContext& g) const override {
    const std::vector<bool> reduced = mask(g.input(0)->type.shape.rank());
    return {extreme_gradient(g.input(0), g.output(), g.upstream(), reduced)};
  }
};

class ReduceProd : public Reduce {
 public:
  explicit ReduceProd(const Attributes& a) : Reduce("reduce_prod", a) {}
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    run_reduce<Product>(inputs[0], outputs[0], mask(inputs[0].shape().rank()));
  }
  // Product of all the others, from products before and after, so that zeros are no exception: reduced axes are brought to the
  // end and flattened first.
  Values gradient(const GradientContext& g) const override {
    const Value& x = g.input(0);
    const Shape& shape = x->type.shape;
    const std::vector<bool> reduced = mask(shape.rank());
    std::vector<std::int64_t> perm, back(shape.rank());
    Shape flat, moved;
    for (int pass = 0; pass < 2; ++pass) {
      for (int i = 0; i < shape.rank(); ++i) {
        if (reduced[i] == (pass == 1)) {
          back[i] = static_cast<std::int64_t>(perm.size());
          perm.push_back(i);
          moved.append(shape[i]);
          if (pass == 0) flat.append(shape[i]);
        }
      }
    }
    flat.append(count(shape));
    const Value rows = reshape(transpose(x, perm), flat);
    const double last = flat.rank() - 1;
    const Value before = apply1(make_op("cumprod", attributes({{"axis", {last}}, {"exclusive", {1}}})), {rows});
    const Value after = apply1(make_op("cumprod", attributes({{"axis", {last}}, {"exclusive", {1}}, {"reverse", {1}}})), {rows});
    const Value others = transpose(reshape(before * after, moved), back);
    return {others * against_input(g.upstream(), x)};
  }
};

template <class F>
class ReduceBoolean : public Reduce {
 public:
  using Reduce::Reduce;
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    reduce_all_axes<F>(inputs[0].data<bool>(), outputs[0].data<bool>(), inputs[0].shape(), mask(inputs[0].shape().rank()));
  }
  bool is_differentiable() const override { return false; }

 protected:
  void check_dtype(DType dtype) const override {
    if (dtype != DType::boolean) fail_argument(name_, ": takes bool. Received: ", name_of(dtype));
  }
};

// log(sum(exp(x))), shifted by the largest so that nothing overflows.
class ReduceLogSumExp : public Reduce {
 public:
  explicit ReduceLogSumExp(const Attributes& a) : Reduce("reduce_logsumexp", a) {}
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Tensor& x = inputs[0];
    const std::vector<bool> reduced = mask(x.shape().rank());
    visit_floating(x.dtype(), "reduce_logsumexp", [&](auto zero) {
      using T = decltype(zero);
      const T all_lowest = Max::start<T>();
      Tensor largest(x.dtype(), outputs[0].shape()), shifted(x.dtype(), x.shape());
      reduce_all_axes<Max>(x.data<T>(), largest.data<T>(), x.shape(), reduced);
      T* m = largest.data<T>();
      for (std::int64_t i = 0; i < largest.size(); ++i) {
        if (!(std::abs(m[i]) < -all_lowest)) m[i] = 0;
      }
      Shape kept = x.shape();
      for (int i = 0; i < kept.rank(); ++i) {
        if (reduced[i]) kept[i] = 1;
      }
      // walk x with the index of its maximum beside it
      std::vector<std::int64_t> stride(x.shape().rank(), 0);
      std::int64_t step = 1;
      for (int i = kept.rank() - 1; i >= 0; --i) {
        stride[i] = kept[i] == 1 ? 0 : step;
        step *= kept[i];
      }
      const T* in = x.data<T>();
      T* e = shifted.data<T>();
      parallel_ranges(x.size(), reduce_grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t at = begin; at < end; ++at) {
          std::int64_t rest = at, index = 0;
          for (int i = kept.rank() - 1; i >= 0; --i) {
            index += rest % x.shape()[i] * stride[i];
            rest /= x.shape()[i];
          }
          e[at] = std::exp(in[at] - m[index]);
        }
      });
      T* out = outputs[0].data<T>();
      reduce_all_axes<Sum>(e, out, x.shape(), reduced);
      for (std::int64_t i = 0; i < outputs[0].size(); ++i) out[i] = std::log(out[i]) + m[i];
    });
  }
  Values gradient(const GradientContext& g) const override {
    const Value& x = g.input(0);
    return {exp(x - against_input(g.output(), x)) * against_input(g.upstream(), x)};
  }

 protected:
  void check_dtype(DType dtype) const override {
    if (!is_floating(dtype)) fail_argument(name_, ": takes float32 or float64. Received: ", name_of(dtype));
  }
};

REGISTER_OP("reduce_sum", [](const Attributes& a) { return std::make_shared<ReduceSum>(a); });
REGISTER_OP("reduce_mean", [](const Attributes& a) { return std::make_shared<ReduceMean>(a); });
REGISTER_OP("reduce_prod", [](const Attributes& a) { return std::make_shared<ReduceProd>(a); });
REGISTER_OP("reduce_max", [](const Attributes& a) { return std::make_shared<ReduceExtreme<Max>>("reduce_max", a); });
REGISTER_OP("reduce_min", [](const Attributes& a) { return std::make_shared<ReduceExtreme<Min>>("reduce_min", a); });
REGISTER_OP("reduce_any", [](const Attributes& a) { return std::make_shared<ReduceBoolean<Any>>("reduce_any", a); });
REGISTER_OP("reduce_all", [](const Attributes& a) { return std::make_shared<ReduceBoolean<All>>("reduce_all", a); });
REGISTER_OP("reduce_logsumexp", [](const Attributes& a) { return std::make_shared<ReduceLogSumExp>(a); });

// sum_like(x, like): sums `x` over the axes along which `like` had been stretched; for sizes known only when it runs.
class SumLike : public Op {
 public:
  const char* name() const override { return "sum_like"; }
  Types infer(const Types& inputs) const override { return {{inputs.at(0).dtype, inputs.at(1).shape}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape &from = inputs[0].shape(), &to = inputs[1].shape();
    const int extra = from.rank() - to.rank();
    std::vector<bool> reduced(from.rank());
    for (int i = 0; i < from.rank(); ++i) reduced[i] = i < extra || (to[i - extra] == 1 && from[i] != 1);
    run_reduce<Sum>(inputs[0], outputs[0], reduced);
  }
  Values gradient(const GradientContext& g) const override { return {broadcast_like(g.upstream(), g.input(0)), nullptr}; }
};
REGISTER_OP("sum_like", [](const Attributes&) { return std::make_shared<SumLike>(); });

}  // namespace
}  // namespace keratin
