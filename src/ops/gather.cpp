#include <algorithm>
#include <cstring>
#include <type_traits>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "functions.h"
#include "large_result.h"

namespace keratin {
namespace {

constexpr std::int64_t gather_grain = 32768;

// Rows lie anywhere: no processor guesses which one comes next.
constexpr std::int64_t rows_ahead = 4;
constexpr std::size_t most_bytes_ahead = 2048;
void fetch(const void* row, std::size_t bytes) {
  for (std::size_t at = 0; at < std::min(bytes, most_bytes_ahead); at += 64) __builtin_prefetch(static_cast<const char*>(row) + at);
}

// Whole numbers of either width.
class Indices {
 public:
  explicit Indices(const Tensor& indices) : numbers_(indices) {
    if (indices.dtype() == DType::int64) return;
    numbers_ = Tensor(DType::int64, indices.shape());
    std::copy_n(indices.data<std::int32_t>(), indices.size(), numbers_.data<std::int64_t>());
  }
  std::int64_t size() const { return numbers_.size(); }
  const std::int64_t* data() const { return numbers_.data<std::int64_t>(); }
  std::int64_t operator[](std::int64_t i) const { return numbers_.data<std::int64_t>()[i]; }
  void check(std::int64_t size, const char* op) const {
    for (std::int64_t i = 0; i < numbers_.size(); ++i) {
      const std::int64_t index = (*this)[i];
      if (index < 0 || index >= size) fail_argument(op, ": index ", index, " (counted from 0) is not in [0, ", size, ").");
    }
  }

 private:
  Tensor numbers_;
};
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
    if (batch_dims_ < 0 || batch_dims_ > axis)
      fail_argument("gather: `batch_dims` must be at least 0 and not above the axis. Received: ", batch_dims_);
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
    const Indices index(inputs[1]);
    index.check(s.n, "gather");
    const std::size_t row = static_cast<std::size_t>(s.inner) * size_of(x.dtype());
    const char* from = static_cast<const char*>(x.raw());
    char* to = static_cast<char*>(outputs[0].raw());
    const bool past_caches = is_large_result(outputs[0], inputs);
    const auto copy = [&](char* to_row, const char* from_row) {
      if (past_caches) copy_past_caches(to_row, from_row, row);
      else std::memcpy(to_row, from_row, row);
    };
    parallel_ranges(s.batch * s.outer * s.k, std::max<std::int64_t>(1, gather_grain / std::max<std::int64_t>(1, s.inner)),
                    [&](std::int64_t begin, std::int64_t end) {
                      while (begin < end) {  // the rows that come from one table
                        const std::int64_t table = begin / s.k, j = begin - table * s.k, rows = std::min(end - begin, s.k - j);
                        const std::int64_t* row_of = index.data() + table / s.outer * s.k + j;
                        const auto source = [&](std::int64_t r) { return from + static_cast<std::size_t>(table * s.n + row_of[r]) * row; };
                        for (std::int64_t r = 0; r < rows; ++r) {
                          if (r + rows_ahead < rows) fetch(source(r + rows_ahead), row);
                          copy(to + static_cast<std::size_t>(begin + r) * row, source(r));
                        }
                        begin += rows;
                      }
                    });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("gather_gradient", settings()), {g.upstream(), g.input(1), g.input(0)}), nullptr};
  }
};
REGISTER_OP("gather", [](const Attributes& a) { return std::make_shared<Gather>(a); });

// The positions of each batch in the order of the rows that they point into; those of one row keep theirs.
struct Pointer {
  std::int64_t row, position;
};
class PointersByRow {
 public:
  PointersByRow(const Indices& index, const GatherSizes& s)
      : k_(s.k), memory_(DType::int64, Shape{(s.batch + 1) * k_ * 2}), all_(static_cast<Pointer*>(memory_.raw())) {
    Pointer* const other = all_ + s.batch * k_;
    for (std::int64_t b = 0; b < s.batch; ++b) {
      Pointer *own = all_ + b * k_, *from = own, *to = other;
      for (std::int64_t j = 0; j < k_; ++j) own[j] = {index[b * k_ + j], j};
      if (k_ < few) {
        std::sort(own, own + k_, [](const Pointer& p, const Pointer& q) { return p.row != q.row ? p.row < q.row : p.position < q.position; });
        continue;
      }
      for (int shift = 0; ((s.n - 1) >> shift) > 0; shift += digit_bits, std::swap(from, to)) sort_by_digit(from, to, shift);
      if (from != own) std::copy_n(from, k_, own);
    }
  }
  // Of batch b: from the first one into a row that is not below `row` to the end.
  const Pointer* begin(std::int64_t b, std::int64_t row) const {
    return std::partition_point(static_cast<const Pointer*>(all_ + b * k_), end(b), [&](const Pointer& p) { return p.row < row; });
  }
  const Pointer* end(std::int64_t b) const { return all_ + (b + 1) * k_; }

 private:
  static constexpr std::int64_t few = 256;  // below: comparing them costs less than counting digits
  static constexpr int digit_bits = 11;
  void sort_by_digit(const Pointer* from, Pointer* to, int shift) const {
    const auto digit = [&](const Pointer& p) { return static_cast<std::size_t>(p.row >> shift) % (1u << digit_bits); };
    std::int64_t next[(1 << digit_bits) + 1] = {};
    for (std::int64_t i = 0; i < k_; ++i) ++next[digit(from[i]) + 1];
    for (int d = 0; d < 1 << digit_bits; ++d) next[d + 1] += next[d];
    for (std::int64_t i = 0; i < k_; ++i) to[next[digit(from[i])]++] = from[i];
  }
  std::int64_t k_;
  Tensor memory_;
  Pointer* all_;
};

// (upstream, indices, x) -> zeros of the shape of x with the rows of upstream added where they came from, those of one row of x in the order of
// the indices.
class GatherGradient : public GatherBase {
 public:
  using GatherBase::GatherBase;
  const char* name() const override { return "gather_gradient"; }
  Types infer(const Types& inputs) const override { return {{inputs.at(0).dtype, inputs.at(2).shape}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = outputs[0].shape();
    const GatherSizes s(shape, inputs[1].shape(), axis_of(shape.rank()), batch_dims_);
    const Indices index(inputs[1]);
    index.check(s.n, "gather");
    if (outputs[0].size() == 0) return;
    visit_numeric(inputs[0].dtype(), "gather_gradient", [&](auto zero) {
      using T = decltype(zero);
      const std::size_t table_bytes = static_cast<std::size_t>(s.n * s.inner) * sizeof(T);
      (table_bytes <= cached_table_bytes ? add_in_order<T> : add_row_by_row<T>)(inputs[0].data<T>(), outputs[0].data<T>(), index, s);
    });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("gather", settings()), {g.upstream(), g.input(1)}), nullptr, nullptr};
  }

 private:
  static constexpr std::size_t cached_table_bytes = std::size_t{2} << 20;

  // The rows of upstream as they come, into a table that the caches hold. Each thread takes those that belong into its part of the table.
  template <class T>
  static void add_in_order(const T* from, T* to, const Indices& index, const GatherSizes& s) {
    const std::int64_t piece = (s.n + thread_count() - 1) / thread_count(), pieces = (s.n + piece - 1) / piece;
    parallel_parts(s.batch * s.outer * pieces, [&](std::int64_t part) {
      const std::int64_t table = part / pieces, low = part % pieces * piece, rows = std::min(piece, s.n - low);
      const std::int64_t* row_of = index.data() + table / s.outer * s.k;
      const T* upstream = from + table * s.k * s.inner;
      T* first = to + (table * s.n + low) * s.inner;
      std::memset(first, 0, static_cast<std::size_t>(rows * s.inner) * sizeof(T));
      for (std::int64_t j = 0; j < s.k; ++j) {
        const std::int64_t row = row_of[j] - low;
        if (row >= 0 && row < rows) add_row(first + row * s.inner, upstream + j * s.inner, s.inner);
      }
    });
  }

  // Row by row of the table, so that each is complete before the next begins.
  template <class T>
  static void add_row_by_row(const T* from, T* to, const Indices& index, const GatherSizes& s) {
    const PointersByRow pointers(index, s);
    const std::int64_t piece = std::max<std::int64_t>(1, gather_grain / s.inner), pieces = (s.n + piece - 1) / piece;
    const std::size_t row_bytes = static_cast<std::size_t>(s.inner) * sizeof(T);
    parallel_parts(s.batch * s.outer * pieces, [&](std::int64_t part) {
      const std::int64_t table = part / pieces, b = table / s.outer, low = part % pieces * piece, high = std::min(s.n, low + piece);
      const T* upstream = from + table * s.k * s.inner;
      T* rows = to + table * s.n * s.inner;
      const Pointer *p = pointers.begin(b, low), *end = pointers.end(b);
      for (std::int64_t row = low; row < high; ++row) {
        const std::int64_t next = p != end ? std::min(high, p->row) : high;
        if (next > row) std::memset(rows + row * s.inner, 0, static_cast<std::size_t>(next - row) * row_bytes);
        row = next;
        for (bool first = true; row < high && p != end && p->row == row; ++p, first = false) {
          if (end - p > rows_ahead) fetch(upstream + p[rows_ahead].position * s.inner, row_bytes);
          const T* source = upstream + p->position * s.inner;
          if (first) std::memcpy(rows + row * s.inner, source, row_bytes);
          else add_row(rows + row * s.inner, source, s.inner);
        }
      }
    });
  }

  template <class T>
  static void add_row(T* target, const T* source, std::int64_t n) {
    if constexpr (std::is_floating_point_v<T>) {
      kernels<T>().add_to(target, source, static_cast<std::size_t>(n));
    } else {
      for (std::int64_t i = 0; i < n; ++i) target[i] += source[i];
    }
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
  const Indices index(indices);
  std::vector<std::int64_t> flat(static_cast<std::size_t>(s.picks), 0);
  for (std::int64_t p = 0; p < s.picks; ++p) {
    for (int d = 0; d < s.depth; ++d) {
      const std::int64_t at = index[p * s.depth + d];
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
    const Indices index(inputs[0]);
    visit_any(dtype_, [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      std::fill(y, y + outputs[0].size(), static_cast<T>(off_));
      for (std::int64_t i = 0; i < index.size(); ++i) {
        if (index[i] >= 0 && index[i] < depth_) y[i * depth_ + index[i]] = static_cast<T>(on_);
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
