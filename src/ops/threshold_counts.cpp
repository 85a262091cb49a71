#include <algorithm>
#include <vector>

#include "../core/thread_pool.h"
#include "../graph/op.h"

namespace keratin {
namespace {

// How many of the ascending thresholds lie below x (none for NaN), without a branch on the data.
template <class T>
std::int64_t thresholds_below(const std::vector<T>& thresholds, T x) {
  const T* from = thresholds.data();
  std::size_t n = thresholds.size();
  while (n > 1) {
    const std::size_t half = n / 2;
    from += from[half - 1] < x ? half : 0;
    n -= half;
  }
  return from - thresholds.data() + (n == 1 && *from < x);
}

// threshold_counts(x, truth [, weights]; thresholds) of arrays (rows, columns): four arrays (thresholds, columns), the number (or weight) of
// true positives, false positives, true negatives and false negatives when what lies above a threshold is called positive, and what is
// not 0 in `truth` is. Thresholds ascend. One pass puts each value into the bucket between two thresholds; sums over buckets are the counts.
class ThresholdCounts : public Op {
 public:
  explicit ThresholdCounts(const Attributes& a) : thresholds_(a.numbers("thresholds")) {
    if (thresholds_.empty() || !std::is_sorted(thresholds_.begin(), thresholds_.end()))
      fail_argument("threshold_counts: ascending thresholds are wanted.");
  }
  const char* name() const override { return "threshold_counts"; }
  bool is_differentiable() const override { return false; }
  Types infer(const Types& inputs) const override {
    const Shape& shape = inputs.at(0).shape;
    if (!is_floating(inputs[0].dtype)) fail_argument("threshold_counts: floating numbers are wanted. Received: ", name_of(inputs[0].dtype), ".");
    if (shape.rank() != 2) fail_shape("threshold_counts: arrays of rank 2 are wanted. Received: ", shape, ".");
    for (const TensorType& input : inputs) {
      if (input.dtype != inputs[0].dtype)
        fail_argument("threshold_counts: all inputs must be of one dtype. Received: ", name_of(inputs[0].dtype), " and ", name_of(input.dtype), ".");
      if (input.shape.rank() != 2) fail_shape("threshold_counts: arrays of rank 2 are wanted. Received: ", input.shape, ".");
      for (int axis = 0; axis < 2; ++axis) {
        if (input.shape[axis] >= 0 && shape[axis] >= 0 && input.shape[axis] != shape[axis])
          fail_shape("threshold_counts: all inputs must have the same shape. Received: ", shape, " and ", input.shape, ".");
      }
    }
    if (inputs.size() < 2) fail_argument("threshold_counts: values and truth are wanted.");
    return Types(4, TensorType{inputs[0].dtype, Shape{static_cast<std::int64_t>(thresholds_.size()), shape[1]}});
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    for (const Tensor& input : inputs)
      if (input.shape() != inputs[0].shape())
        fail_shape("threshold_counts: all inputs must have the same shape. Received: ", inputs[0].shape(), " and ", input.shape(), ".");
    if (inputs[0].dtype() == DType::float64) count<double>(inputs, outputs);
    else count<float>(inputs, outputs);
  }

 private:
  template <class T>
  void count(const Tensors& inputs, Tensors& outputs) const {
    const std::vector<T> thresholds(thresholds_.begin(), thresholds_.end());
    const std::int64_t rows = inputs[0].shape()[0], columns = inputs[0].shape()[1], levels = static_cast<std::int64_t>(thresholds.size());
    const std::int64_t buckets = (levels + 1) * columns;
    const std::int64_t parts = std::clamp<std::int64_t>(rows * columns / std::max<std::int64_t>(16384, 8 * buckets), 1, 16);
    const T *x = inputs[0].data<T>(), *truth = inputs[1].data<T>(), *weights = inputs.size() > 2 ? inputs[2].data<T>() : nullptr;
    std::vector<double> sums(static_cast<std::size_t>(parts * 2 * buckets));   // part, truth, bucket, column
    parallel_parts(parts, [&](std::int64_t part) {
      double* into = sums.data() + part * 2 * buckets;
      if (levels == 1 && columns == 1) return split(x, truth, weights, thresholds[0], rows * part / parts, rows * (part + 1) / parts, into);
      for (std::int64_t row = rows * part / parts; row < rows * (part + 1) / parts; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) {
          const std::int64_t i = row * columns + column;
          into[(truth[i] != T(0) ? buckets : 0) + thresholds_below(thresholds, x[i]) * columns + column] +=
              weights ? static_cast<double>(weights[i]) : 1.0;
        }
      }
    });
    for (std::int64_t part = 1; part < parts; ++part)
      for (std::int64_t b = 0; b < 2 * buckets; ++b) sums[static_cast<std::size_t>(b)] += sums[static_cast<std::size_t>(part * 2 * buckets + b)];
    for (std::int64_t is_true = 0; is_true < 2; ++is_true) {
      const double* bucket = sums.data() + is_true * buckets;
      T *positives = outputs[is_true ? 0 : 1].data<T>(), *negatives = outputs[is_true ? 3 : 2].data<T>();
      for (std::int64_t column = 0; column < columns; ++column) {
        double sum = 0;
        for (std::int64_t level = levels; level-- > 0;)
          positives[level * columns + column] = static_cast<T>(sum += bucket[(level + 1) * columns + column]);
        sum = 0;
        for (std::int64_t level = 0; level < levels; ++level)
          negatives[level * columns + column] = static_cast<T>(sum += bucket[level * columns + column]);
      }
    }
  }
  // The same for one threshold, into four sums that do not wait for each other in memory.
  template <class T>
  static void split(const T* x, const T* truth, const T* weights, T threshold, std::int64_t begin, std::int64_t end, double* into) {
    double true_negatives = 0, false_positives = 0, false_negatives = 0, true_positives = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const double weight = weights ? static_cast<double>(weights[i]) : 1.0;
      const bool above = x[i] > threshold, is_true = truth[i] != T(0);
      true_negatives += (above | is_true) ? 0.0 : weight;
      false_positives += (above & !is_true) ? weight : 0.0;
      false_negatives += (!above & is_true) ? weight : 0.0;
      true_positives += (above & is_true) ? weight : 0.0;
    }
    into[0] = true_negatives;
    into[1] = false_positives;
    into[2] = false_negatives;
    into[3] = true_positives;
  }
  std::vector<double> thresholds_;
};
REGISTER_OP("threshold_counts", [](const Attributes& a) { return std::make_shared<ThresholdCounts>(a); });

}  // namespace
}  // namespace keratin
