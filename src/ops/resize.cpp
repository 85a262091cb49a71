// Resizing of 1 to 3 axes, channels last, with the eight interpolations of TensorFlow's image.resize(). Every one is a product of sparse
// matrices, one for each axis; the gradient is the product of their transposes.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "../core/thread_pool.h"
#include "../graph/op.h"
#include "../kernels/dispatch.h"
#include "large_result.h"

namespace keratin {
namespace {

enum class Interpolation { nearest, bilinear, area, bicubic, lanczos3, lanczos5, gaussian, mitchellcubic };

Interpolation interpolation_from(const std::string& name) {
  static const char* const names[] = {"nearest", "bilinear", "area", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"};
  for (int i = 0; i < 8; ++i) {
    if (name == names[i]) return static_cast<Interpolation>(i);
  }
  fail_argument(
      "`interpolation` must be one of \"nearest\", \"bilinear\", \"area\", \"bicubic\", \"lanczos3\", \"lanczos5\", \"gaussian\", \"mitchellcubic\". "
      "Received: \"",
      name, "\".");
}

// A sparse matrix by rows: row i is the sum of weight * element over terms [begin[i], begin[i + 1]).
struct SparseRows {
  struct Term {
    std::int64_t element;
    double weight;
  };
  std::vector<std::size_t> begin{0};
  std::vector<Term> terms;

  std::int64_t rows() const { return static_cast<std::int64_t>(begin.size()) - 1; }
  void end_row() { begin.push_back(terms.size()); }
  bool is_identity() const {
    if (terms.size() != begin.size() - 1) return false;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if (begin[i] != i || terms[i].element != static_cast<std::int64_t>(i) || terms[i].weight != 1) return false;
    }
    return true;
  }
  SparseRows transposed(std::int64_t columns) const {
    SparseRows out;
    std::vector<std::size_t> next(static_cast<std::size_t>(columns) + 1, 0);
    for (const Term& term : terms) ++next[static_cast<std::size_t>(term.element) + 1];
    for (std::size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
    out.begin = next;
    out.terms.resize(terms.size());
    for (std::int64_t row = 0; row < rows(); ++row) {
      for (std::size_t t = begin[row]; t < begin[row + 1]; ++t)
        out.terms[next[static_cast<std::size_t>(terms[t].element)]++] = {row, terms[t].weight};
    }
    return out;
  }
};

double cubic(double x, double b, double c) {  // Mitchell and Netravali (1988); b = 0, c = 0.5 is Keys (1981)
  x = std::fabs(x);
  if (x < 1) return ((12 - 9 * b - 6 * c) * x * x * x + (-18 + 12 * b + 6 * c) * x * x + (6 - 2 * b)) / 6;
  if (x < 2) return ((-b - 6 * c) * x * x * x + (6 * b + 30 * c) * x * x + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6;
  return 0;
}
double lanczos(double x, double radius) {
  constexpr double pi = 3.14159265358979323846;
  x = std::fabs(x);
  if (x > radius) return 0;
  if (x <= 1e-3) return 1;
  return radius * std::sin(pi * x) * std::sin(pi * x / radius) / (pi * pi * x * x);
}
double radius_of(Interpolation method) {
  switch (method) {
    case Interpolation::bilinear: return 1;
    case Interpolation::lanczos3: return 3;
    case Interpolation::lanczos5: return 5;
    case Interpolation::gaussian: return 1.5;
    default: return 2;
  }
}
double weight_of(Interpolation method, double x) {
  switch (method) {
    case Interpolation::bilinear: return std::max(0.0, 1 - std::fabs(x));
    case Interpolation::lanczos3: return lanczos(x, 3);
    case Interpolation::lanczos5: return lanczos(x, 5);
    case Interpolation::gaussian: return std::fabs(x) >= 1.5 ? 0 : std::exp(-x * x / (2 * 0.5 * 0.5));
    case Interpolation::mitchellcubic: return cubic(x, 1.0 / 3, 1.0 / 3);
    default: return cubic(x, 0, 0.5);
  }
}

// Element i of the result lies at (i + 0.5) * from / to - 0.5 of the source ("half-pixel centres"); weights that would fall outside are
// left out and the others scaled to sum to one.
SparseRows interpolation_matrix(std::int64_t from, std::int64_t to, Interpolation method, bool antialias) {
  SparseRows rows;
  const float scale = static_cast<float>(from) / static_cast<float>(to);  // single precision decides ties as TensorFlow does
  const double widening = antialias ? std::max(1.0, static_cast<double>(scale)) : 1.0;
  for (std::int64_t i = 0; i < to; ++i) {
    const float centre = (static_cast<float>(i) + 0.5f) * scale;
    if (method == Interpolation::nearest) {
      rows.terms.push_back({std::min(from - 1, std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(centre)))), 1});
    } else if (method == Interpolation::area) {
      const double begin = static_cast<double>(i) * from / to, end = static_cast<double>(i + 1) * from / to;
      for (std::int64_t k = static_cast<std::int64_t>(std::floor(begin)); k < from && static_cast<double>(k) < end; ++k) {
        const double overlap = std::min<double>(end, static_cast<double>(k + 1)) - std::max<double>(begin, static_cast<double>(k));
        if (overlap > 1e-12) rows.terms.push_back({k, overlap / (end - begin)});
      }
    } else if (method == Interpolation::bilinear && !antialias) {
      const float at = centre - 0.5f, low = std::floor(at);
      const std::int64_t lower = std::max<std::int64_t>(0, static_cast<std::int64_t>(low));
      const std::int64_t upper = std::min(from - 1, static_cast<std::int64_t>(std::ceil(at)));
      if (lower == upper) {
        rows.terms.push_back({lower, 1});
      } else {
        rows.terms.push_back({lower, 1 - static_cast<double>(at - low)});
        rows.terms.push_back({upper, static_cast<double>(at - low)});
      }
    } else {
      const double radius = radius_of(method) * widening;
      const std::int64_t first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(centre - radius - 0.5)));
      const std::int64_t last = std::min(from - 1, static_cast<std::int64_t>(std::floor(centre + radius - 0.5)));
      const std::size_t start = rows.terms.size();
      double total = 0;
      for (std::int64_t k = first; k <= last; ++k) {
        double distance = (static_cast<double>(k) + 0.5 - centre) / widening;
        // TensorFlow reads the weights of "bicubic" from a table of 1024 steps a pixel.
        if (method == Interpolation::bicubic && !antialias) distance = std::nearbyint(distance * 1024) / 1024;
        const double weight = weight_of(method, distance);
        if (weight == 0) continue;
        rows.terms.push_back({k, weight});
        total += weight;
      }
      if (std::fabs(total) > 1e-30) {
        for (std::size_t t = start; t < rows.terms.size(); ++t) rows.terms[t].weight /= total;
      }
    }
    rows.end_row();
  }
  return rows;
}

// multiply_axis() for rows of few elements: every element of the result has its own list of `terms` places and weights.
template <class T>
void multiply_short_rows(const LargeResult<T>& y, const T* x, const SparseRows& matrix, std::int64_t outer, std::int64_t columns,
                         std::int64_t inner) {
  const std::int64_t rows = matrix.rows(), n = rows * inner;
  std::size_t terms = 0;
  for (std::int64_t r = 0; r < rows; ++r) terms = std::max(terms, matrix.begin[r + 1] - matrix.begin[r]);
  std::vector<std::int32_t> from(terms * static_cast<std::size_t>(n), 0);
  std::vector<T> weights(from.size(), T(0));
  for (std::int64_t i = 0; i < n; ++i) {
    const std::size_t first = matrix.begin[i / inner], count = matrix.begin[i / inner + 1] - first;
    for (std::size_t t = 0; t < count; ++t) {
      from[t * static_cast<std::size_t>(n) + i] = static_cast<std::int32_t>(matrix.terms[first + t].element * inner + i % inner);
      weights[t * static_cast<std::size_t>(n) + i] = static_cast<T>(matrix.terms[first + t].weight);
    }
  }
  parallel_ranges(outer, std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, n)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) {
      const T* source = x + o * columns * inner;
      const std::int32_t *first = from.data(), *second = first + n;
      const T *a = weights.data(), *b = a + n;
      T* target = y.room(o * n, n);
      if (terms == 1) for (std::int64_t i = 0; i < n; ++i) target[i] = a[i] * source[first[i]];
      else if (terms >= 2) for (std::int64_t i = 0; i < n; ++i) target[i] = a[i] * source[first[i]] + b[i] * source[second[i]];
      else std::fill(target, target + n, T(0));
      for (std::size_t t = 2; t < terms; ++t) {
        const std::int32_t* more = from.data() + t * static_cast<std::size_t>(n);
        const T* w = weights.data() + t * static_cast<std::size_t>(n);
        for (std::int64_t i = 0; i < n; ++i) target[i] += w[i] * source[more[i]];
      }
      y.send(target, o * n, n);
    }
  });
}

// y[outer, rows, inner] = rows of `matrix` times x[outer, columns, inner]
template <class T>
void multiply_axis(const LargeResult<T>& y, const T* x, const SparseRows& matrix, std::int64_t outer, std::int64_t columns, std::int64_t inner) {
  const std::int64_t rows = matrix.rows();
  if (inner < 16 && rows * inner < (1 << 20) && columns * inner < (1 << 20))
    return multiply_short_rows(y, x, matrix, outer, columns, inner);
  std::vector<std::ptrdiff_t> from(matrix.terms.size());
  std::vector<T> weights(matrix.terms.size());
  for (std::size_t t = 0; t < from.size(); ++t) {
    from[t] = matrix.terms[t].element * inner;
    weights[t] = static_cast<T>(matrix.terms[t].weight);
  }
  parallel_ranges(outer * rows, std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, inner)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const T* source = x + at / rows * columns * inner;
      const std::size_t first = matrix.begin[at % rows], count = matrix.begin[at % rows + 1] - first;
      T* target = y.room(at * inner, inner);
      if (count == 0) {
        std::fill(target, target + inner, T(0));
      } else if (count == 1 && weights[first] == T(1)) {
        std::copy(source + from[first], source + from[first] + inner, target);
      } else if constexpr (std::is_floating_point<T>::value) {
        kernels<T>().weighted_sum_of_rows(target, source, &from[first], &weights[first], static_cast<int>(count), static_cast<std::size_t>(inner));
      } else {
        for (std::int64_t i = 0; i < inner; ++i) {
          T sum = 0;
          for (std::size_t t = first; t < first + count; ++t) sum += weights[t] * source[from[t] + i];
          target[i] = sum;
        }
      }
      y.send(target, at * inner, inner);
    }
  });
}

// `size`: of the result's axes. Transposed (the gradient): multiplies by the transposed matrices of the resizing from `size` to the input's.
class Resize : public Op {
 public:
  Resize(const std::vector<std::int64_t>& size, Interpolation method, bool antialias, bool transposed)
      : size_(size), method_(method), antialias_(antialias), transposed_(transposed) {}
  explicit Resize(const Attributes& a)
      : Resize(a.integers("size"), interpolation_from(a.string("interpolation", "nearest")), a.flag("antialias"), false) {}
  const char* name() const override { return transposed_ ? "resize_gradient" : "resize"; }

  Types infer(const Types& inputs) const override {
    Shape y = inputs[0].shape;
    const int axes = y.rank() - 2;
    if (axes < 1 || axes > 3) fail_shape("resizing takes (batch, 1 to 3 axes, channels). Received an input of shape ", y, ".");
    if (size_.size() != static_cast<std::size_t>(axes))
      fail_argument("the input has ", axes, " axes to resize, `size` has ", size_.size(), " values.");
    for (int i = 0; i < axes; ++i) {
      if (size_[i] < 1 && size_[i] != unknown_size) fail_argument("`size` must be positive. Received: ", size_[i], ".");
      if (y[i + 1] == 0) fail_shape("an axis of size 0 cannot be resized. Received an input of shape ", y, ".");
      y[i + 1] = size_[i];
    }
    const auto numeric = [](auto) {};
    if (method_ == Interpolation::nearest) visit_numeric(inputs[0].dtype, "resizing", numeric);
    else visit_floating(inputs[0].dtype, "resizing with interpolation", numeric);
    return {{inputs[0].dtype, y}};
  }

  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& x = inputs[0].shape();
    const int axes = x.rank() - 2;
    std::int64_t grown = 1, shrunk = 1;
    for (int i = 0; i < axes; ++i) grown *= size_[i], shrunk *= x[i + 1];
    // What grows begins with the last axis, what shrinks with the first, so that the steps between are small.
    struct Step {
      int axis;
      SparseRows matrix;
      Shape result;  // of one sample
    };
    std::vector<Step> steps;
    Shape now = x;
    now[0] = 1;
    for (int i = 0; i < axes; ++i) {
      const int axis = grown >= shrunk ? axes - i : i + 1;
      const std::int64_t from = now[axis], to = size_[axis - 1];
      SparseRows matrix =
          transposed_ ? interpolation_matrix(to, from, method_, antialias_).transposed(to) : interpolation_matrix(from, to, method_, antialias_);
      now[axis] = to;
      if (!matrix.is_identity()) steps.push_back({axis, std::move(matrix), now});
    }
    if (steps.empty()) {
      std::memcpy(outputs[0].raw(), inputs[0].raw(), outputs[0].bytes());
      return;
    }
    const bool is_large = is_large_result(outputs[0], inputs);
    // Sample by sample, so that what lies between two axes stays in the cache.
    visit_numeric(inputs[0].dtype(), "resizing", [&](auto zero) {
      using T = decltype(zero);
      parallel_parts(x[0], [&](std::int64_t sample) {
        const T* from = inputs[0].data<T>() + sample * x.product(1, x.rank());
        Shape shape = x;
        Tensor held;
        for (std::size_t i = 0; i < steps.size(); ++i) {
          const Step& step = steps[i];
          Tensor next = i + 1 < steps.size() ? Tensor(inputs[0].dtype(), step.result) : Tensor();
          T* to = i + 1 < steps.size() ? next.data<T>() : outputs[0].data<T>() + sample * step.result.elements();
          multiply_axis(LargeResult<T>(to, is_large && i + 1 == steps.size()), from, step.matrix, shape.product(1, step.axis), shape[step.axis],
                        shape.product(step.axis + 1, shape.rank()));
          shape = step.result;
          held = next;
          from = to;
        }
      });
    });
  }

  Values gradient(const GradientContext& g) const override {
    std::vector<std::int64_t> sizes = g.input(0)->type.shape.sizes();
    return {apply1(std::make_shared<Resize>(std::vector<std::int64_t>(sizes.begin() + 1, sizes.end() - 1), method_, antialias_, !transposed_),
                   {g.upstream()})};
  }

 private:
  std::vector<std::int64_t> size_;
  Interpolation method_;
  bool antialias_, transposed_;
};

REGISTER_OP("resize", [](const Attributes& a) { return std::make_shared<Resize>(a); });

}  // namespace
}  // namespace keratin
