// Batch normalization: the moments of channels in one pass over memory, what follows from them in another, its gradient in two.
#include <algorithm>
#include <cmath>
#include <vector>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "epilogue.h"
#include "large_result.h"
#include "normalize.h"

namespace keratin {
namespace {

// x -> mean and variance of each channel (last axis) over all others, in one pass: sums of the distances from each part's first row, put
// together as Chan, Golub and LeVeque do ("Updating formulae and a pairwise algorithm for computing sample variances", 1979).
class ChannelMoments : public Op {
 public:
  const char* name() const override { return "channel_moments"; }
  Types infer(const Types& in) const override {
    if (!is_floating(in.at(0).dtype)) fail_dtype(name(), in[0].dtype);
    if (in[0].shape.rank() == 0) fail_shape(name(), ": takes an array with at least one axis. Received a scalar.");
    const TensorType channels{in[0].dtype, Shape{in[0].shape.back()}};
    return {channels, channels};
  }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    const std::int64_t channels = in[0].shape().back(), rows = in[0].shape().product(0, in[0].shape().rank() - 1);
    if (channels == 0) return;
    visit_floating(in[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T* x = in[0].data<T>();
      const std::int64_t piece = std::max<std::int64_t>(1, normalize_grain / channels), parts = (rows + piece - 1) / piece;
      Tensor partial(in[0].dtype(), Shape{parts, 2, channels});
      parallel_parts(parts, [&](std::int64_t part) {
        const T* first = x + part * piece * channels;
        T* sums = partial.data<T>() + part * 2 * channels;
        kernels<T>().moment_sums(sums, sums + channels, first, first, std::min(piece, rows - part * piece), channels);
      });
      T *mean = out[0].data<T>(), *variance = out[1].data<T>();
      for (std::int64_t c = 0; c < channels; ++c) {
        double count = 0, middle = 0, squares = 0;
        for (std::int64_t part = 0; part < parts; ++part) {
          const double n = static_cast<double>(std::min(piece, rows - part * piece)), sum = partial.data<T>()[part * 2 * channels + c];
          const double own = static_cast<double>(x[part * piece * channels + c]) + sum / n, distance = own - middle;
          const double own_squares = std::max(0.0, static_cast<double>(partial.data<T>()[(part * 2 + 1) * channels + c]) - sum * sum / n);
          squares += own_squares + distance * distance * count * n / (count + n);
          count += n;
          middle += distance * n / count;
        }
        mean[c] = static_cast<T>(rows > 0 ? middle : NAN);
        variance[c] = static_cast<T>(rows > 0 ? squares / count : NAN);
      }
    });
  }
  // d mean / n + 2 (x - mean) d variance / n
  Values gradient(const GradientContext& g) const override {
    const Value& x = g.input(0);
    std::vector<std::int64_t> axes;
    for (int i = 0; i + 1 < x->type.shape.rank(); ++i) axes.push_back(i);
    const std::int64_t n = x->type.shape.is_known() ? x->type.shape.product(0, x->type.shape.rank() - 1) : unknown_size;
    const auto divided = [&](const Value& v) { return n >= 0 ? v * (1.0 / static_cast<double>(n)) : v / reduce_sum(ones_like(x), axes, false); };
    Value result;
    if (g.upstream(1)) result = (x - g.output(0)) * (divided(g.upstream(1)) * 2.0);
    if (g.upstream(0)) result = result ? result + divided(g.upstream(0)) : broadcast_like(divided(g.upstream(0)), x);
    return {result};
  }
};
REGISTER_OP("channel_moments", [](const Attributes&) { return std::make_shared<ChannelMoments>(); });

// Settings of each channel, repeated until a row of them is long enough for the kernels.
template <class T>
class ChannelSettings {
 public:
  explicit ChannelSettings(std::int64_t channels) : channels_(channels), period_(channels * std::max<std::int64_t>(1, 512 / channels)) {}
  std::int64_t period() const { return period_; }
  template <class Value>
  std::vector<T> repeat(Value&& value) const {
    std::vector<T> all(static_cast<std::size_t>(period_));
    for (std::int64_t c = 0; c < channels_; ++c) all[static_cast<std::size_t>(c)] = value(c);
    for (std::int64_t i = channels_; i < period_; ++i) all[static_cast<std::size_t>(i)] = all[static_cast<std::size_t>(i - channels_)];
    return all;
  }
  // body(first element, how many) for parts of n elements that begin with the first channel
  template <class Body>
  void in_parts(std::int64_t n, Body&& body) const {
    const std::int64_t size = period_ * std::max<std::int64_t>(1, normalize_grain / period_);
    parallel_parts((n + size - 1) / size, [&](std::int64_t part) { body(part * size, std::min(size, n - part * size)); });
  }

 private:
  std::int64_t channels_, period_;
};

struct BatchNormSettings {
  double epsilon;
  bool scale, center;
};

// (dy, x, mean, variance, gamma if there is one) -> (dx, d gamma, d beta). Over the n numbers of a channel, with r = 1 / sqrt(variance + epsilon):
// dx = gamma r (dy - mean(dy) - (x - mean) r^2 mean(dy (x - mean))).
class BatchNormGradient : public Op {
 public:
  explicit BatchNormGradient(const BatchNormSettings& settings) : settings_(settings) {}
  const char* name() const override { return "batch_norm_gradient"; }
  Types infer(const Types& in) const override { return {in[1], in[2], in[2]}; }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    const std::int64_t channels = in[1].shape().back(), n = in[1].size();
    if (channels == 0) return;
    visit_floating(in[1].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T *dy = in[0].data<T>(), *x = in[1].data<T>(), *mean = in[2].data<T>(), *variance = in[3].data<T>();
      const T* gamma = settings_.scale ? in[4].data<T>() : nullptr;
      const std::int64_t rows = n / channels, piece = std::max<std::int64_t>(1, normalize_grain / channels), parts = (rows + piece - 1) / piece;
      Tensor partial(in[1].dtype(), Shape{parts, 2, channels});
      parallel_parts(parts, [&](std::int64_t part) {
        T* sums = partial.data<T>() + part * 2 * channels;
        const std::int64_t at = part * piece * channels;
        kernels<T>().gradient_sums(sums, sums + channels, dy + at, x + at, mean, std::min(piece, rows - part * piece), channels);
      });
      std::vector<double> sums(static_cast<std::size_t>(2 * channels));
      for (std::int64_t part = 0; part < parts; ++part)
        for (std::int64_t i = 0; i < 2 * channels; ++i)
          sums[static_cast<std::size_t>(i)] += static_cast<double>(partial.data<T>()[part * 2 * channels + i]);
      const auto rstd = [&](std::int64_t c) { return 1 / std::sqrt(static_cast<double>(variance[c]) + settings_.epsilon); };
      const auto slope = [&](std::int64_t c) { return rstd(c) * (gamma ? static_cast<double>(gamma[c]) : 1); };
      const auto sum = [&](std::int64_t c) { return sums[static_cast<std::size_t>(c)]; };
      const auto product = [&](std::int64_t c) { return sums[static_cast<std::size_t>(channels + c)]; };
      for (std::int64_t c = 0; c < channels; ++c) {
        out[1].data<T>()[c] = static_cast<T>(product(c) * rstd(c));
        out[2].data<T>()[c] = static_cast<T>(sum(c));
      }
      const ChannelSettings<T> settings(channels);
      const double count = static_cast<double>(rows);
      const std::vector<T> means = settings.repeat([&](std::int64_t c) { return mean[c]; });
      const std::vector<T> slopes = settings.repeat([&](std::int64_t c) { return static_cast<T>(slope(c)); });
      const std::vector<T> bends = settings.repeat([&](std::int64_t c) { return static_cast<T>(slope(c) * rstd(c) * rstd(c) * product(c) / count); });
      const std::vector<T> levels = settings.repeat([&](std::int64_t c) { return static_cast<T>(slope(c) * sum(c) / count); });
      settings.in_parts(n, [&](std::int64_t at, std::int64_t size) {
        kernels<T>().gradient_rows(
            {out[0].data<T>() + at, dy + at, x + at, means.data(), slopes.data(), bends.data(), levels.data(), size, settings.period()});
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    std::vector<std::int64_t> axes;
    for (int i = 0; i + 1 < g.input(1)->type.shape.rank(); ++i) axes.push_back(i);
    return differentiate_normalization_gradient(g, axes, axes, settings_.epsilon, settings_.scale);
  }

 private:
  BatchNormSettings settings_;
};

// batch_norm(epsilon, scale, center): (x, mean, variance, gamma, beta) -> y, where mean and variance are those of x itself over all axes but the
// last (channel_moments): the gradient for x is that of all three.
class BatchNorm : public Op {
 public:
  explicit BatchNorm(const Attributes& a) : BatchNorm({a.number("epsilon", 1e-3), a.flag("scale"), a.flag("center")}, false) {}
  BatchNorm(const BatchNormSettings& settings, bool relu) : settings_(settings), relu_(relu) {}
  const char* name() const override { return "batch_norm"; }
  Types infer(const Types& in) const override {
    if (in.size() != static_cast<std::size_t>(3 + settings_.scale + settings_.center))
      fail_argument("batch_norm: takes x, mean, variance and the weights. Received: ", in.size(), " inputs.");
    const Shape& x = in[0].shape;
    if (!is_floating(in[0].dtype)) fail_dtype(name(), in[0].dtype);
    if (x.rank() == 0) fail_shape(name(), ": takes an array with at least one axis. Received a scalar.");
    for (std::size_t w = 1; w < in.size(); ++w) {
      if (in[w].shape.rank() != 1 || in[w].dtype != in[0].dtype || !sizes_fit(in[w].shape[0], x.back())) {
        fail_shape(name(), ": input ", w, " has shape ", in[w].shape, ", x has shape ", x, ".");
      }
    }
    return {in[0]};
  }
  int in_place_input(int) const override { return 0; }
  void run(const Tensors& in, Tensors& out, const RunContext&) const override {
    const std::int64_t channels = in[0].shape().back();
    if (channels == 0) return;
    visit_floating(in[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      const T *mean = in[1].data<T>(), *variance = in[2].data<T>();
      const T* gamma = settings_.scale ? in[3].data<T>() : nullptr;
      const T* beta = settings_.center ? in[3 + settings_.scale].data<T>() : nullptr;
      const auto slope = [&](std::int64_t c) {
        return (gamma ? static_cast<double>(gamma[c]) : 1) / std::sqrt(static_cast<double>(variance[c]) + settings_.epsilon);
      };
      const ChannelSettings<T> settings(channels);
      const std::vector<T> scale = settings.repeat([&](std::int64_t c) { return static_cast<T>(slope(c)); });
      const std::vector<T> shift = settings.repeat(
          [&](std::int64_t c) { return static_cast<T>((beta ? static_cast<double>(beta[c]) : 0) - static_cast<double>(mean[c]) * slope(c)); });
      const LargeResult<T> result(out[0], in);
      settings.in_parts(in[0].size(), [&](std::int64_t at, std::int64_t size) {
        T* to = result.room(at, size);
        kernels<T>().scale_rows(to, in[0].data<T>() + at, scale.data(), shift.data(), relu_, size, settings.period());
        result.send(to, at, size);
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    Values inputs{g.upstream(), g.input(0), g.input(1), g.input(2)};
    if (settings_.scale) inputs.push_back(g.input(3));
    const Values d = keratin::apply(std::make_shared<BatchNormGradient>(settings_), inputs);
    Values result(g.node->inputs.size());
    result[0] = d[0];
    if (settings_.scale) result[3] = d[1];
    if (settings_.center) result[3 + settings_.scale] = d[2];
    return result;
  }
  // Only the planner joins ops, after all gradients have been taken.
  OpPtr absorb(const Op& next, int position, const Types&, const Types&) const override {
    if (position != 0 || relu_ || activation_of(next) != Activation::relu) return nullptr;
    return std::make_shared<BatchNorm>(settings_, true);
  }

 private:
  BatchNormSettings settings_;
  bool relu_;
};
REGISTER_OP("batch_norm", [](const Attributes& a) { return std::make_shared<BatchNorm>(a); });

}  // namespace
}  // namespace keratin
