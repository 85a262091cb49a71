#include <algorithm>
#include <cstring>
#include <type_traits>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "functions.h"

namespace keratin {
namespace {

constexpr std::int64_t gather_grain = 32768;

// Rows lie anywhere: no processor guesses which one comes next.
constexpr std::int64_t rows_ahead = 4;
constexpr std::size_t least_bytes_ahead = 512, most_bytes_ahead = 2048;
template <int for_writing>
void fetch(const void* row, std::size_t bytes) {
  if (bytes < least_bytes_ahead) return;
  for (std::size_t at = 0; at < std::min(bytes, most_bytes_ahead); at += 64) __builtin_prefetch(static_cast<const char*>(row) + at, for_writing);
}

std::vector<std::int64_t> read_indices(const Tensor& indices) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(indices.size()));
  if (indices.dtype() == DType::int32) {
    std::copy_n(indices.data<std::int32_t>(), indices.size(), result.begin());
  } else {
    std::copy_n(indices.data<std::int64_t>(), indices.size(), result.begin());
  }
  return result;
}
void check_indices(const std::vector<std::int64_t>& indices, std::int64_t size, const char* op) {
  for (std::int64_t index : indices) {
    if (index < 0 || index >= size) fail_argument(op, ": index ", index, " (counted from 0) is not in [0, ", size, ").");
  }
}
void check_index_dtype(DType dtype, const char* op) {
  if (!is_integer(dtype)) fail_argument(op, ": the indices must be int32 or int64. Received: ", name_of(dtype));
}

// gather(x, indices; axis, batch_dims): x is (batch, outer, n, inner), indices (batch, k), the result (batch, outer, k, inner).
struct GatherSizes {
  std::int64_t batch, outer, n, inner, k;
  GatherSizes(const Shape& x, const Shape& indices, int axis, int batch_dims)
      : batch(x.product(0, batch_dims)), outer(x.product(batch_dims, axis)), n(x[axis]), inner(x.product(axis + 1, x.rank())),
        k(indices.product(batch_dims, indices.rank())) {}
};

class GatherBase : public Op {
 public:
  explicit GatherBase(const Attributes& a) : axis_(a.integer("axis", 0)), batch_dims_(static_cast<int>(a.integer("batch_dims", 0))) {}

 protected:
  Attributes settings() const { return attributes({{"axis", {static_cast<double>(axis_)}}, {"batch_dims", {static_cast<double>(batch_dims_)}}}); }
  int axis_of(int rank) const {
    const int axis = normalize_axis(axis_, rank, "gather");
    if (batch_dims_ < 0 || batch_dims_ > axis) fail_argument("gather: `batch_dims` must be at least 0 and not above the axis. Received: ", batch_dims_);
    return axis;
  }
  std::int64_t axis_;
  int batch_dims_;
};

class Gather : public GatherBase {
 public:
  using GatherBase::GatherBase;
  const char* name() const override { return "gather"; }
  Types infer(const Types& inputs) const override {
    const Shape &x = inputs.at(0).shape, &indices = inputs.at(1).shape;
    check_index_dtype(inputs[1].dtype, "gather");
    const int axis = axis_of(x.rank());
    if (batch_dims_ > indices.rank()) fail_shape("gather: indices of shape ", indices, " have no ", batch_dims_, " batch axes.");
    Shape result;
    for (int i = 0; i < axis; ++i) result.append(x[i]);
    for (int i = batch_dims_; i < indices.rank(); ++i) result.append(indices[i]);
    for (int i = axis + 1; i < x.rank(); ++i) result.append(x[i]);
    for (int i = 0; i < batch_dims_; ++i) {
      if (!sizes_fit(x[i], indices[i])) fail_shape("gather: the batch axes of ", x, " and ", indices, " differ.");
    }
    return {{inputs[0].dtype, result}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Tensor& x = inputs[0];
    const GatherSizes s(x.shape(), inputs[1].shape(), axis_of(x.shape().rank()), batch_dims_);
    const std::vector<std::int64_t> index = read_indices(inputs[1]);
    check_indices(index, s.n, "gather");
    const std::size_t row = static_cast<std::size_t>(s.inner) * size_of(x.dtype());
    const char* from = static_cast<const char*>(x.raw());
    char* to = static_cast<char*>(outputs[0].raw());
    parallel_ranges(s.batch * s.outer * s.k, std::max<std::int64_t>(1, gather_grain / std::max<std::int64_t>(1, s.inner)),
                    [&](std::int64_t begin, std::int64_t end) {
                      const auto source = [&](std::int64_t r) {
                        const std::int64_t j = r % s.k, bo = r / s.k, b = bo / s.outer;
                        return from + static_cast<std::size_t>(bo * s.n + index[static_cast<std::size_t>(b * s.k + j)]) * row;
                      };
                      for (std::int64_t r = begin; r < end; ++r) {
                        if (row >= least_bytes_ahead && r + rows_ahead < end) fetch<0>(source(r + rows_ahead), row);
                        std::memcpy(to + static_cast<std::size_t>(r) * row, source(r), row);
                      }
                    });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("gather_gradient", settings()), {g.upstream(), g.input(1), g.input(0)}), nullptr};
  }
};
REGISTER_OP("gather", [](const Attributes& a) { return std::make_shared<Gather>(a); });

// The indices of each batch sorted by the range of rows that they point into; within a range they keep their order.
class Buckets {
 public:
  // At most so many ranges, of 2^n rows each: a shift finds the range of a row.
  Buckets(const std::vector<std::int64_t>& index, const GatherSizes& s, std::int64_t most_ranges) : k_(s.k), n_(s.n), order_(index.size()) {
    while (((n_ - 1) >> shift_) >= most_ranges) ++shift_;
    const std::int64_t ranges = ranges_ = ((n_ - 1) >> shift_) + 1;
    first_.resize(static_cast<std::size_t>(s.batch * (ranges + 1) + 1), 0);
    for (std::int64_t b = 0; b < s.batch; ++b) {
      std::int64_t* first = first_.data() + b * (ranges + 1);
      for (std::int64_t j = 0; j < k_; ++j) ++first[range_of(index[static_cast<std::size_t>(b * k_ + j)]) + 1];
      for (std::int64_t r = 0; r < ranges; ++r) first[r + 1] += first[r];
      std::vector<std::int64_t> next(first, first + ranges);
      for (std::int64_t j = 0; j < k_; ++j)
        order_[static_cast<std::size_t>(b * k_ + next[static_cast<std::size_t>(range_of(index[static_cast<std::size_t>(b * k_ + j)]))]++)] = j;
    }
  }
  std::int64_t ranges() const { return ranges_; }
  std::int64_t begin_of(std::int64_t range) const { return std::min(n_, range << shift_); }
  // body(position, the one some steps later)
  template <class Body>
  void each(std::int64_t batch, std::int64_t range, Body&& body) const {
    const std::int64_t* first = first_.data() + batch * (ranges_ + 1);
    const std::int64_t* order = order_.data() + batch * k_;
    const std::int64_t last = first[range + 1];
    for (std::int64_t i = first[range]; i < last; ++i) body(order[i], order[std::min(i + rows_ahead, last - 1)]);
  }

 private:
  std::int64_t range_of(std::int64_t row) const { return row >> shift_; }
  std::int64_t k_, n_, ranges_ = 1;
  int shift_ = 0;
  std::vector<std::int64_t> first_, order_;
};

// (upstream, indices, x) -> zeros of the shape of x with the rows of upstream added where they came from. Each part owns a range of
// the rows of x and adds in the order of the indices.
class GatherGradient : public GatherBase {
 public:
  using GatherBase::GatherBase;
  const char* name() const override { return "gather_gradient"; }
  Types infer(const Types& inputs) const override { return {{inputs.at(0).dtype, inputs.at(2).shape}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = outputs[0].shape();
    const GatherSizes s(shape, inputs[1].shape(), axis_of(shape.rank()), batch_dims_);
    const std::vector<std::int64_t> index = read_indices(inputs[1]);
    check_indices(index, s.n, "gather");
    const std::int64_t tables = s.batch * s.outer;
    if (outputs[0].size() == 0) return;
    const Buckets buckets(index, s, s.k * s.inner > gather_grain ? std::min<std::int64_t>(16, s.k * s.inner / gather_grain + 1) : 1);
    const std::int64_t ranges = buckets.ranges();
    visit_numeric(inputs[0].dtype(), "gather_gradient", [&](auto zero) {
      using T = decltype(zero);
      const T* from = inputs[0].data<T>();
      T* to = outputs[0].data<T>();
      parallel_parts(tables * ranges, [&](std::int64_t part) {
        const std::int64_t table = part / ranges, range = part % ranges, b = table / s.outer;
        const std::int64_t low = buckets.begin_of(range), high = buckets.begin_of(range + 1);
        T* rows = to + table * s.n * s.inner;
        std::memset(rows + low * s.inner, 0, static_cast<std::size_t>((high - low) * s.inner) * sizeof(T));
        const std::size_t row_bytes = static_cast<std::size_t>(s.inner) * sizeof(T);
        const auto source_of = [&](std::int64_t j) { return from + (table * s.k + j) * s.inner; };
        const auto target_of = [&](std::int64_t j) { return rows + index[static_cast<std::size_t>(b * s.k + j)] * s.inner; };
        buckets.each(b, range, [&](std::int64_t j, std::int64_t later) {
          fetch<0>(source_of(later), row_bytes);
          fetch<1>(target_of(later), row_bytes);
          const T* source = source_of(j);
          T* target = target_of(j);
          if constexpr (std::is_floating_point_v<T>) {
            kernels<T>().add_to(target, source, static_cast<std::size_t>(s.inner));
          } else {
            for (std::int64_t i = 0; i < s.inner; ++i) target[i] += source[i];
          }
        });
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("gather", settings()), {g.upstream(), g.input(1)}), nullptr, nullptr};
  }
};
REGISTER_OP("gather_gradient", [](const Attributes& a) { return std::make_shared<GatherGradient>(a); });

// gather_nd(x, indices): the last axis of the indices holds positions along the leading axes of x.
struct GatherNdSizes {
  std::int64_t depth, picks, inner;
  GatherNdSizes(const Shape& x, const Shape& indices)
      : depth(indices.back()), picks(indices.product(0, indices.rank() - 1)), inner(x.product(static_cast<int>(indices.back()), x.rank())) {}
};
std::vector<std::int64_t> flat_positions(const Tensor& indices, const Shape& x, const GatherNdSizes& s) {
  const std::vector<std::int64_t> index = read_indices(indices);
  std::vector<std::int64_t> flat(static_cast<std::size_t>(s.picks), 0);
  for (std::int64_t p = 0; p < s.picks; ++p) {
    for (int d = 0; d < s.depth; ++d) {
      const std::int64_t at = index[static_cast<std::size_t>(p * s.depth + d)];
      if (at < 0 || at >= x[d]) fail_argument("gather_nd: index ", at, " (counted from 0) is not in axis ", d, " of an array of shape ", x, ".");
      flat[static_cast<std::size_t>(p)] = flat[static_cast<std::size_t>(p)] * x[d] + at;
    }
  }
  return flat;
}

class GatherNd : public Op {
 public:
  const char* name() const override { return "gather_nd"; }
  Types infer(const Types& inputs) const override {
    const Shape &x = inputs.at(0).shape, &indices = inputs.at(1).shape;
    check_index_dtype(inputs[1].dtype, "gather_nd");
    if (indices.rank() == 0 || indices.back() < 0 || indices.back() > x.rank()) {
      fail_shape("gather_nd: the last axis of the indices must be known and at most ", x.rank(), ". Received indices of shape ", indices, ".");
    }
    Shape result;
    for (int i = 0; i < indices.rank() - 1; ++i) result.append(indices[i]);
    for (int i = static_cast<int>(indices.back()); i < x.rank(); ++i) result.append(x[i]);
    return {{inputs[0].dtype, result}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const GatherNdSizes s(inputs[0].shape(), inputs[1].shape());
    const std::vector<std::int64_t> flat = flat_positions(inputs[1], inputs[0].shape(), s);
    const std::size_t row = static_cast<std::size_t>(s.inner) * size_of(inputs[0].dtype());
    const char* from = static_cast<const char*>(inputs[0].raw());
    char* to = static_cast<char*>(outputs[0].raw());
    for (std::size_t p = 0; p < flat.size(); ++p) std::memcpy(to + p * row, from + static_cast<std::size_t>(flat[p]) * row, row);
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("gather_nd_gradient", {}), {g.upstream(), g.input(1), g.input(0)}), nullptr};
  }
};
REGISTER_OP("gather_nd", [](const Attributes&) { return std::make_shared<GatherNd>(); });

class GatherNdGradient : public Op {
 public:
  const char* name() const override { return "gather_nd_gradient"; }
  Types infer(const Types& inputs) const override { return {{inputs.at(0).dtype, inputs.at(2).shape}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const GatherNdSizes s(outputs[0].shape(), inputs[1].shape());
    const std::vector<std::int64_t> flat = flat_positions(inputs[1], outputs[0].shape(), s);
    std::memset(outputs[0].raw(), 0, outputs[0].bytes());
    visit_numeric(inputs[0].dtype(), "gather_nd_gradient", [&](auto zero) {
      using T = decltype(zero);
      for (std::size_t p = 0; p < flat.size(); ++p) {
        const T* source = inputs[0].data<T>() + static_cast<std::int64_t>(p) * s.inner;
        T* target = outputs[0].data<T>() + flat[p] * s.inner;
        for (std::int64_t i = 0; i < s.inner; ++i) target[i] += source[i];
      }
    });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("gather_nd", {}), {g.upstream(), g.input(1)}), nullptr, nullptr};
  }
};
REGISTER_OP("gather_nd_gradient", [](const Attributes&) { return std::make_shared<GatherNdGradient>(); });

// one_hot(depth, on, off): a new last axis; an index outside [0, depth) gives a row of `off`.
class OneHot : public Op {
 public:
  explicit OneHot(const Attributes& a)
      : depth_(a.integer("depth")), on_(a.number("on", 1)), off_(a.number("off", 0)), dtype_(a.dtype("dtype", DType::float32)) {}
  const char* name() const override { return "one_hot"; }
  Types infer(const Types& inputs) const override {
    check_index_dtype(inputs.at(0).dtype, "one_hot");
    if (depth_ < 0) fail_argument("one_hot: `depth` must not be negative. Received: ", depth_);
    Shape shape = inputs[0].shape;
    shape.append(depth_);
    return {{dtype_, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::vector<std::int64_t> index = read_indices(inputs[0]);
    visit_any(dtype_, [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      std::fill(y, y + outputs[0].size(), static_cast<T>(off_));
      for (std::size_t i = 0; i < index.size(); ++i) {
        if (index[i] >= 0 && index[i] < depth_) y[static_cast<std::int64_t>(i) * depth_ + index[i]] = static_cast<T>(on_);
      }
    });
  }
  bool is_differentiable() const override { return false; }

 private:
  std::int64_t depth_;
  double on_, off_;
  DType dtype_;
};
REGISTER_OP("one_hot", [](const Attributes& a) { return std::make_shared<OneHot>(a); });

}  // namespace
}  // namespace keratin
