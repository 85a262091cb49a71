#include "functions.h"
#include "strided_copy.h"

namespace keratin {
namespace {

// slice(begin, size): size -1 goes to the end.
class Slice : public Op {
 public:
  explicit Slice(const Attributes& a) : begin_(a.integers("begin")), size_(a.integers("size")) {}
  const char* name() const override { return "slice"; }
  Types infer(const Types& inputs) const override {
    const Shape& shape = inputs.at(0).shape;
    const int rank = shape.rank();
    if (static_cast<int>(begin_.size()) != rank || static_cast<int>(size_.size()) != rank) {
      fail_argument("slice: `begin` and `size` need one number for each axis. Received ", begin_.size(), " and ", size_.size(),
                    " for an array of shape ", shape, ".");
    }
    Shape result;
    for (int i = 0; i < rank; ++i) {
      const std::int64_t size = size_[i] >= 0 ? size_[i] : (shape[i] == unknown_size ? unknown_size : shape[i] - begin_[i]);
      if (begin_[i] < 0 || (shape[i] != unknown_size && (size < 0 || begin_[i] + size > shape[i]))) {
        fail_shape("slice: from ", begin_[i], ", ", size_[i], " long, does not fit axis ", i, " of an array of shape ", shape, ".");
      }
      result.append(size);
    }
    return {{inputs[0].dtype, result}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& to = outputs[0].shape();
    const std::vector<std::int64_t> from = strides_of(inputs[0].shape()), strides = strides_of(to);
    StridedCopy copy;
    std::int64_t start = 0;
    for (int i = 0; i < to.rank(); ++i) {
      copy.axis(to[i], from[i], strides[i]);
      start += begin_[i] * from[i];
    }
    if (outputs[0].size() == 0) return;
    visit_any(inputs[0].dtype(), [&](auto zero) { copy.run(inputs[0].data<decltype(zero)>() + start, outputs[0].data<decltype(zero)>()); });
  }
  Values gradient(const GradientContext& g) const override {
    const Shape &shape = g.input(0)->type.shape, &upstream = g.upstream()->type.shape;
    std::vector<std::int64_t> paddings;
    for (int i = 0; i < shape.rank(); ++i) {
      const bool whole = begin_[i] == 0 && size_[i] < 0;
      if (!whole && (shape[i] == unknown_size || upstream[i] == unknown_size)) {
        fail_shape("slice: the gradient along axis ", i, " needs a known size. Received an array of shape ", shape, ".");
      }
      paddings.push_back(begin_[i]);
      paddings.push_back(whole ? 0 : shape[i] - begin_[i] - upstream[i]);
    }
    return {pad(g.upstream(), paddings)};
  }

 private:
  std::vector<std::int64_t> begin_, size_;
};
REGISTER_OP("slice", [](const Attributes& a) { return std::make_shared<Slice>(a); });

// strided_slice(begin, end, strides, begin_mask, end_mask, shrink_mask), Python's x[begin:end:stride] for the leading axes. The masks
// hold 0 or 1 for each axis: begin or end left open; the axis picked at `begin` and dropped.
struct Range {
  std::int64_t start, count, stride;  // count may be unknown
  bool dropped;
};
class SliceRanges {
 public:
  explicit SliceRanges(const Attributes& a)
      : begin(a.integers("begin")), end(a.integers("end")), strides(a.integers("strides")), begin_mask(a.integers("begin_mask")),
        end_mask(a.integers("end_mask")), shrink_mask(a.integers("shrink_mask")) {}

  std::vector<Range> of(const Shape& shape) const {
    if (static_cast<int>(begin.size()) > shape.rank()) {
      fail_argument("`[`: ", begin.size(), " subscripts for an array of shape ", shape, ".");
    }
    std::vector<Range> ranges;
    for (int i = 0; i < shape.rank(); ++i) ranges.push_back(range(i, shape));
    return ranges;
  }
  Attributes to_attributes() const {
    return attributes({{"begin", as_numbers(begin)}, {"end", as_numbers(end)}, {"strides", as_numbers(strides)},
                       {"begin_mask", as_numbers(begin_mask)}, {"end_mask", as_numbers(end_mask)}, {"shrink_mask", as_numbers(shrink_mask)}});
  }

 private:
  static std::int64_t at(const std::vector<std::int64_t>& values, int i, std::int64_t otherwise) {
    return i < static_cast<int>(values.size()) ? values[i] : otherwise;
  }
  Range range(int i, const Shape& shape) const {
    const std::int64_t n = shape[i], stride = at(strides, i, 1);
    if (i >= static_cast<int>(begin.size())) return {0, n, 1, false};
    if (stride == 0) fail_argument("`[`: a step must not be 0.");
    if (at(shrink_mask, i, 0)) {
      std::int64_t index = begin[i];
      if (n == unknown_size) return {index, 1, 1, true};
      if (index < 0) index += n;
      if (index < 0 || index >= n)
        fail_shape("`[`: element ", begin[i], " (counted from 0) is not in axis ", i, " of an array of shape ", shape, ".");
      return {index, 1, 1, true};
    }
    const bool from_open = at(begin_mask, i, 0), to_open = at(end_mask, i, 0) || i >= static_cast<int>(end.size());
    if (n == unknown_size) return {0, unknown_size, stride, false};
    const std::int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? n : n - 1;
    const auto clamp = [&](std::int64_t v) { return std::min(std::max(v < 0 ? v + n : v, low), high); };
    const std::int64_t first = from_open ? (stride > 0 ? 0 : n - 1) : clamp(begin[i]);
    const std::int64_t past = to_open ? (stride > 0 ? n : -1) : clamp(end[i]);
    const std::int64_t span = stride > 0 ? past - first : first - past, step = stride > 0 ? stride : -stride;
    return {first, span > 0 ? (span + step - 1) / step : 0, stride, false};
  }
  std::vector<std::int64_t> begin, end, strides, begin_mask, end_mask, shrink_mask;
};

class StridedSlice : public Op {
 public:
  explicit StridedSlice(const Attributes& a) : ranges_(a) {}
  const char* name() const override { return "strided_slice"; }
  Types infer(const Types& inputs) const override {
    Shape result;
    for (const Range& range : ranges_.of(inputs.at(0).shape)) {
      if (!range.dropped) result.append(range.count);
    }
    return {{inputs[0].dtype, result}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    if (outputs[0].size() == 0) return;
    const std::vector<Range> ranges = ranges_.of(inputs[0].shape());
    const std::vector<std::int64_t> from = strides_of(inputs[0].shape()), to = strides_of(outputs[0].shape());
    StridedCopy copy;
    std::int64_t start = 0;
    int axis = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      start += ranges[i].start * from[i];
      if (!ranges[i].dropped) copy.axis(ranges[i].count, ranges[i].stride * from[i], to[axis++]);
    }
    visit_any(inputs[0].dtype(), [&](auto zero) { copy.run(inputs[0].data<decltype(zero)>() + start, outputs[0].data<decltype(zero)>()); });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("strided_slice_gradient", ranges_.to_attributes()), {g.upstream(), g.input(0)})};
  }

 private:
  SliceRanges ranges_;
};
REGISTER_OP("strided_slice", [](const Attributes& a) { return std::make_shared<StridedSlice>(a); });

// (upstream, the sliced array) -> zeros of the array's shape with `upstream` where the slice was
class StridedSliceGradient : public Op {
 public:
  explicit StridedSliceGradient(const Attributes& a) : ranges_(a) {}
  const char* name() const override { return "strided_slice_gradient"; }
  Types infer(const Types& inputs) const override {
    const TensorType &upstream = inputs[0], &whole = inputs[1];
    if (upstream.shape.is_known() && whole.shape.is_known()) {
      Shape part;
      for (const Range& range : ranges_.of(whole.shape))
        if (!range.dropped) part.append(range.count);
      if (part.elements() != upstream.shape.elements() || part.rank() > upstream.shape.rank())
        fail_shape(name(), ": a gradient of shape ", upstream.shape, " for a slice of shape ", part, ".");
    }
    return {{upstream.dtype, whole.shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::vector<Range> ranges = ranges_.of(outputs[0].shape());
    const std::vector<std::int64_t> from = strides_of(inputs[0].shape()), to = strides_of(outputs[0].shape());
    StridedCopy copy;
    std::int64_t start = 0;
    int axis = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      start += ranges[i].start * to[i];
      if (!ranges[i].dropped) copy.axis(ranges[i].count, from[axis++], ranges[i].stride * to[i]);
    }
    std::memset(outputs[0].raw(), 0, outputs[0].bytes());
    if (inputs[0].size() == 0) return;
    visit_any(inputs[0].dtype(), [&](auto zero) { copy.run(inputs[0].data<decltype(zero)>(), outputs[0].data<decltype(zero)>() + start); });
  }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("strided_slice", ranges_.to_attributes()), {g.upstream()}), nullptr};
  }

 private:
  SliceRanges ranges_;
};
REGISTER_OP("strided_slice_gradient", [](const Attributes& a) { return std::make_shared<StridedSliceGradient>(a); });

}  // namespace
}  // namespace keratin
