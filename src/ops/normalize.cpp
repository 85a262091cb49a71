// Layer normalization and normalization to unit length, in one pass over memory each way.
#include <algorithm>
#include <cmath>
#include <vector>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "large_result.h"
#include "normalize.h"

namespace keratin {

Values differentiate_normalization_gradient(const GradientContext& g, const std::vector<std::int64_t>& axes, const std::vector<std::int64_t>& others,
                                            double epsilon, bool scale) {
  Values inputs{g.input(0), g.input(1)};
  if (scale) inputs.push_back(g.input(4));
  const Values found = differentiate_again(inputs, g.upstreams, [&](const Values& in) -> Values {
    const Value &dy = in[0], &x = in[1];
    const auto mean = [&](const Value& v) { return reduce_mean(v, axes, true); };
    const Value centered = x - mean(x), rstd = call_unary("rsqrt", mean(square(centered)) + epsilon), xhat = centered * rstd;
    const Value scaled = scale ? dy * in[2] : dy;
    return {rstd * (scaled - mean(scaled) - xhat * mean(scaled * xhat)), reduce_sum(dy * xhat, others, false), reduce_sum(dy, others, false)};
  });
  Values result(g.node->inputs.size());
  result[0] = found[0];
  result[1] = found[1];
  if (scale) result[4] = found[2];
  return result;
}

namespace {

// x as rows of what is normalized together: the last `axes` axes.
struct NormalizedRows {
  std::int64_t rows, n;
  NormalizedRows(const Shape& x, int axes) : rows(x.product(0, x.rank() - axes)), n(x.product(x.rank() - axes, x.rank())) {}
};

struct LayerNormSettings {
  int axes;
  double epsilon;
  bool scale, center;
};

// (dy, x, mean, 1 / standard deviation, gamma if there is one) -> (dx, d gamma, d beta)
class LayerNormGradient : public Op {
 public:
  explicit LayerNormGradient(const LayerNormSettings& settings) : settings_(settings) {}
  const char* name() const override { return "layer_norm_gradient"; }
  Types infer(const Types& in) const override {
    Shape weights;
    for (int i = in[1].shape.rank() - settings_.axes; i < in[1].shape.rank(); ++i) weights.append(in[1].shape[i]);
    return {in[1], {in[1].dtype, weights}, {in[1].dtype, weights}};
  }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    const NormalizedRows size(in[1].shape(), settings_.axes);
    visit_floating(in[1].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T *dy = in[0].data<T>(), *x = in[1].data<T>(), *mean = in[2].data<T>(), *rstd = in[3].data<T>();
      const T* gamma = settings_.scale ? in[4].data<T>() : nullptr;
      const Kernels<T>& k = kernels<T>();
      // Each part adds up its rows' shares of d gamma and d beta; few parts, so that what they hold is little beside x.
      const std::int64_t piece = std::max<std::int64_t>({1, normalize_grain / std::max<std::int64_t>(1, size.n), (size.rows + 63) / 64});
      const std::int64_t parts = (size.rows + piece - 1) / piece;
      Tensor shares(in[1].dtype(), Shape{parts, 2, size.n});
      parallel_parts(parts, [&](std::int64_t part) {
        T* share = shares.data<T>() + part * 2 * size.n;
        std::fill(share, share + 2 * size.n, T(0));
        for (std::int64_t r = part * piece; r < std::min(size.rows, (part + 1) * piece); ++r) {
          const std::int64_t at = r * size.n;
          k.layer_norm_gradient_row(
              {out[0].data<T>() + at, share, share + size.n, dy + at, x + at, gamma, mean[r], rstd[r], static_cast<std::size_t>(size.n)});
        }
      });
      for (int which = 0; which < 2; ++which)
        k.sum_rows(out[1 + which].data<T>(), shares.data<T>() + which * size.n, static_cast<std::size_t>(parts), static_cast<std::size_t>(size.n),
                   static_cast<std::size_t>(2 * size.n));
    });
  }
  Values gradient(const GradientContext& g) const override {
    std::vector<std::int64_t> axes, others;
    const int rank = g.input(1)->type.shape.rank();
    for (int i = 0; i < rank; ++i) (i < rank - settings_.axes ? others : axes).push_back(i);
    return differentiate_normalization_gradient(g, axes, others, settings_.epsilon, settings_.scale);
  }

 private:
  LayerNormSettings settings_;
};

// layer_norm(axes, epsilon, scale, center): (x, gamma, beta) -> (y, mean, 1 / standard deviation)
class LayerNorm : public Op {
 public:
  explicit LayerNorm(const Attributes& a)
      : settings_{static_cast<int>(a.integer("axes", 1)), a.number("epsilon", 1e-3), a.flag("scale"), a.flag("center")} {}
  const char* name() const override { return "layer_norm"; }
  Types infer(const Types& in) const override {
    const Shape& x = in[0].shape;
    if (!is_floating(in[0].dtype)) fail_dtype(name(), in[0].dtype);
    if (settings_.axes < 1 || settings_.axes > x.rank())
      fail_shape(name(), ": cannot normalize ", settings_.axes, " axes of an array of shape ", x, ".");
    Shape rows;
    for (int i = 0; i < x.rank() - settings_.axes; ++i) rows.append(x[i]);
    for (int w = 1; w <= settings_.scale + settings_.center; ++w) {
      bool fits = in[w].shape.rank() == settings_.axes && in[w].dtype == in[0].dtype;
      for (int i = 0; fits && i < settings_.axes; ++i) fits = sizes_fit(in[w].shape[i], x[x.rank() - settings_.axes + i]);
      if (!fits) fail_shape(name(), ": a weight has shape ", in[w].shape, ", the input ", x, ".");
    }
    return {in[0], {in[0].dtype, rows}, {in[0].dtype, rows}};
  }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    const NormalizedRows size(in[0].shape(), settings_.axes);
    visit_floating(in[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T* gamma = settings_.scale ? in[1].data<T>() : nullptr;
      const T* beta = settings_.center ? in[1 + settings_.scale].data<T>() : nullptr;
      T *mean = out[1].data<T>(), *rstd = out[2].data<T>();
      const LargeResult<T> result(out[0], in);
      parallel_ranges(size.rows, std::max<std::int64_t>(1, normalize_grain / std::max<std::int64_t>(1, size.n)),
                      [&](std::int64_t begin, std::int64_t end) {
                        for (std::int64_t r = begin; r < end; ++r) {
                          T* to = result.room(r * size.n, size.n);
                          kernels<T>().layer_norm_row({to, mean + r, rstd + r, in[0].data<T>() + r * size.n, gamma, beta,
                                                       static_cast<std::size_t>(size.n), static_cast<T>(settings_.epsilon)});
                          result.send(to, r * size.n, size.n);
                        }
                      });
    });
  }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  Values gradient(const GradientContext& g) const override {
    Values inputs{g.upstream(), g.input(0), g.output(1), g.output(2)};
    if (settings_.scale) inputs.push_back(g.input(1));
    const Values d = keratin::apply(std::make_shared<LayerNormGradient>(settings_), inputs);
    Values result(g.node->inputs.size());
    result[0] = d[0];
    if (settings_.scale) result[1] = d[1];
    if (settings_.center) result[1 + settings_.scale] = d[2];
    return result;
  }

 private:
  LayerNormSettings settings_;
};
REGISTER_OP("layer_norm", [](const Attributes& a) { return std::make_shared<LayerNorm>(a); });

// (dy, x, y, 1 / norm) -> dx = (dy - y sum(dy y)) / norm, row by row; where the norm is held up by epsilon, dy / norm.
class UnitNormGradient : public Op {
 public:
  explicit UnitNormGradient(double epsilon) : epsilon_(epsilon) {}
  const char* name() const override { return "unit_norm_gradient"; }
  Types infer(const Types& in) const override { return {in[1]}; }
  int in_place_input(int) const override { return 0; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    const NormalizedRows size(in[1].shape(), 1);
    visit_floating(in[1].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const Kernels<T>& k = kernels<T>();
      const std::size_t n = static_cast<std::size_t>(size.n);
      parallel_ranges(size.rows, std::max<std::int64_t>(1, normalize_grain / std::max<std::int64_t>(1, size.n)),
                      [&](std::int64_t begin, std::int64_t end) {
                        for (std::int64_t r = begin; r < end; ++r) {
                          const T *dy = in[0].data<T>() + r * size.n, *y = in[2].data<T>() + r * size.n, factor = in[3].data<T>()[r];
                          const bool held = factor >= static_cast<T>(1 / std::sqrt(epsilon_));
                          k.combine(out[0].data<T>() + r * size.n, dy, factor, y, held ? T(0) : -factor * k.dot(dy, y, n), n);
                        }
                      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    const Values found = differentiate_again({g.input(0), g.input(1)}, g.upstreams, [&](const Values& in) -> Values {
      const Value &dy = in[0], &x = in[1], squares = sum(square(x)),
                  factor = call_unary("rsqrt", call_binary("maximum", squares, constant_like(squares, epsilon_)));
      const Value y = x * factor, share = y * sum(dy * y), held = call_binary("less_equal", squares, constant_like(squares, epsilon_));
      return {factor * (dy - select(broadcast_like(held, share), constant_like(share, 0), share))};
    });
    Values result(g.node->inputs.size());
    result[0] = found[0];
    result[1] = found[1];
    return result;
  }

 private:
  static Value sum(const Value& v) { return reduce_sum(v, {-1}, true); }
  double epsilon_;
};

// unit_norm(epsilon): x -> (x / sqrt(max(sum(x^2), epsilon)), 1 / that root), along the last axis
class UnitNorm : public Op {
 public:
  explicit UnitNorm(const Attributes& a) : epsilon_(a.number("epsilon", 1e-12)) {}
  const char* name() const override { return "unit_norm"; }
  Types infer(const Types& in) const override {
    if (!is_floating(in.at(0).dtype)) fail_dtype(name(), in[0].dtype);
    if (in[0].shape.rank() == 0) fail_shape(name(), ": takes an array with at least one axis. Received a scalar.");
    Shape rows;
    for (int i = 0; i + 1 < in[0].shape.rank(); ++i) rows.append(in[0].shape[i]);
    return {in[0], {in[0].dtype, rows}};
  }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    const NormalizedRows size(in[0].shape(), 1);
    visit_floating(in[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const Kernels<T>& k = kernels<T>();
      const std::size_t n = static_cast<std::size_t>(size.n);
      parallel_ranges(
          size.rows, std::max<std::int64_t>(1, normalize_grain / std::max<std::int64_t>(1, size.n)), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r) {
              const T* x = in[0].data<T>() + r * size.n;
              const T squares = k.dot(x, x, n), least = static_cast<T>(epsilon_), factor = 1 / std::sqrt(squares < least ? least : squares);
              k.combine(out[0].data<T>() + r * size.n, x, factor, x, T(0), n);
              out[1].data<T>()[r] = factor;
            }
          });
    });
  }
  Values gradient(const GradientContext& g) const override {
    return keratin::apply(std::make_shared<UnitNormGradient>(epsilon_), {g.upstream(), g.input(0), g.output(0), g.output(1)});
  }

 private:
  double epsilon_;
};
REGISTER_OP("unit_norm", [](const Attributes& a) { return std::make_shared<UnitNorm>(a); });

}  // namespace
}  // namespace keratin
