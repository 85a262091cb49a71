#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "../core/philox.h"
#include "../kernels/dispatch.h"
#include "broadcast.h"
#include "functions.h"

// Random ops. Element i always takes the same bits of the same Philox blocks, so the result depends on the seed alone, not on the
// number of threads.
namespace keratin {
namespace {

constexpr std::int64_t random_grain = 16384;  // elements in one parallel part

double polynomial_at(double x, const double (&coefficients)[8]) {  // highest power first
  double value = 0;
#pragma GCC unroll 8
  for (double c : coefficients) value = value * x + c;
  return value;
}

// Quantile of the standard normal distribution: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988). A quotient of polynomials around
// the middle, one on either side of it, and one for what is left.
double normal_quantile(double p) {
  static constexpr double middle_over[] = {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
                                       13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608};
  static constexpr double middle_under[] = {5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
                                        5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0};
  static constexpr double side_over[] = {7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
                                     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734};
  static constexpr double side_under[] = {1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
                                      0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0};
  static constexpr double tail_over[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
                                     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772};
  static constexpr double tail_under[] = {2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
                                      0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0};
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial_at(r, middle_over) / polynomial_at(r, middle_under);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1.0 - p));
  const double x = r <= 5.0 ? polynomial_at(r - 1.6, side_over) / polynomial_at(r - 1.6, side_under)
                            : polynomial_at(r - 5.0, tail_over) / polynomial_at(r - 5.0, tail_under);
  return q < 0 ? -x : x;
}

// Which words of random bits make number i.
template <class T>
struct Draw;
template <>
struct Draw<float> {
  static constexpr int words = 1;
  static double open_uniform(const std::uint32_t* bits, int i) { return (static_cast<double>(bits[i]) + 0.5) * (1.0 / 4294967296.0); }
};
template <>
struct Draw<double> {
  static constexpr int words = 2;
  static double open_uniform(const std::uint32_t* bits, int i) {
    return (unit_double(bits[2 * i], bits[2 * i + 1]) * 9007199254740992.0 + 0.5) * (1.0 / 9007199254740992.0);
  }
};

// fill(first element, random words, n): some hundred elements at a time, `words` words for each.
template <class Fill>
void by_blocks(std::int64_t size, const Philox& philox, int words, Fill&& fill) {
  constexpr std::int64_t random_chunk = 256;  // elements
  static_assert(random_chunk / 4 % random_blocks == 0, "what the kernel makes at once");
  const std::uint64_t seed = philox.key[0] | static_cast<std::uint64_t>(philox.key[1]) << 32;
  parallel_ranges(size, random_grain, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t bits[random_chunk * 2];
    for (std::int64_t at = begin; at < end; at += random_chunk) {
      kernels<float>().random_words(bits, seed, philox.stream, static_cast<std::uint64_t>(at * words / 4),
                                    static_cast<std::size_t>(random_chunk * words / 4));
      fill(at, bits, static_cast<int>(std::min(random_chunk, end - at)));
    }
  });
}

class Random : public Op {
 public:
  Random(const char* name, const Attributes& a) : name_(name), dtype_(a.dtype("dtype", DType::float32)) {
    if (a.has("shape")) shape_ = a.shape("shape");
    if (a.has("seed")) seed_ = static_cast<std::uint64_t>(a.integer("seed"));
  }
  const char* name() const override { return name_; }
  // The shape comes as a setting (unknown sizes of it from the input), or from an input that is only looked at for its sizes.
  Types infer(const Types& inputs) const override {
    if (!shape_ && inputs.empty()) fail_argument(name_, ": `shape` is missing.");
    check();
    Shape shape = shape_ ? *shape_ : inputs[0].shape;
    for (int i = 0; shape_ && !inputs.empty() && i < std::min(shape.rank(), inputs[0].shape.rank()); ++i)
      if (shape[i] == unknown_size) shape[i] = inputs[0].shape[i];
    return {{dtype_, shape}};
  }
  bool is_stateful() const override { return true; }
  bool is_differentiable() const override { return false; }

 protected:
  virtual void check() const {}
  // A seed of the op's own makes it the same at every call.
  Philox philox(const RunContext& context) const { return seed_ ? Philox(*seed_, 0) : Philox(context.seed, context.stream); }
  const char* name_;
  DType dtype_;
  std::optional<Shape> shape_;
  std::optional<std::uint64_t> seed_;
};

class RandomUniform : public Random {
 public:
  explicit RandomUniform(const Attributes& a) : Random("random_uniform", a), min_(a.number("min", 0)), max_(a.number("max", 1)) {}
  void run(const Tensors&, Tensors& outputs, const RunContext& context) const override {
    visit_numeric(dtype_, name_, [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      const Philox source = philox(context);
      if constexpr (std::is_integral_v<T>) {  // 64 bits scaled to the range: its unevenness is below 2^-32
        const double width = max_ - min_;
        by_blocks(outputs[0].size(), source, 2, [&](std::int64_t at, const std::uint32_t* bits, int n) {
          for (int i = 0; i < n; ++i) y[at + i] = static_cast<T>(min_ + std::floor(unit_double(bits[2 * i], bits[2 * i + 1]) * width));
        });
      } else {
        const T low = static_cast<T>(min_), width = static_cast<T>(max_ - min_);
        by_blocks(outputs[0].size(), source, Draw<T>::words, [&](std::int64_t at, const std::uint32_t* bits, int n) {
          kernels<T>().uniform_from_words(y + at, bits, static_cast<std::size_t>(n), low, width);
        });
      }
    });
  }

 protected:
  void check() const override {
    if (!(min_ <= max_)) fail_argument("random_uniform: `min` must not be above `max`. Received: ", min_, " and ", max_);
    if (is_integer(dtype_) && !(min_ < max_)) fail_argument("random_uniform: integers need min < max. Received: ", min_, " and ", max_);
  }

 private:
  double min_, max_;
};
REGISTER_OP("random_uniform", [](const Attributes& a) { return std::make_shared<RandomUniform>(a); });

class RandomNormal : public Random {
 public:
  explicit RandomNormal(const Attributes& a) : Random("random_normal", a), mean_(a.number("mean", 0)), stddev_(a.number("stddev", 1)) {}
  void run(const Tensors&, Tensors& outputs, const RunContext& context) const override {
    visit_floating(dtype_, name_, [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      by_blocks(outputs[0].size(), philox(context), Draw<T>::words, [&](std::int64_t at, const std::uint32_t* bits, int n) {
        kernels<T>().normal_from_words(y + at, bits, static_cast<std::size_t>(n), static_cast<T>(mean_), static_cast<T>(stddev_));
      });
    });
  }

 private:
  double mean_, stddev_;
};
REGISTER_OP("random_normal", [](const Attributes& a) { return std::make_shared<RandomNormal>(a); });

// Normal, cut off at two standard deviations.
class TruncatedNormal : public Random {
 public:
  explicit TruncatedNormal(const Attributes& a) : Random("truncated_normal", a), mean_(a.number("mean", 0)), stddev_(a.number("stddev", 1)) {}
  void run(const Tensors&, Tensors& outputs, const RunContext& context) const override {
    constexpr double below = 0.02275013194817920720;  // P(Z < -2)
    visit_floating(dtype_, name_, [&](auto zero) {
      using T = decltype(zero);
      T* y = outputs[0].data<T>();
      by_blocks(outputs[0].size(), philox(context), Draw<T>::words, [&](std::int64_t at, const std::uint32_t* bits, int n) {
        for (int i = 0; i < n; ++i) {
          const double u = below + (1.0 - 2.0 * below) * Draw<T>::open_uniform(bits, i);
          y[at + i] = static_cast<T>(mean_ + stddev_ * normal_quantile(u));
        }
      });
    });
  }

 private:
  double mean_, stddev_;
};
REGISTER_OP("truncated_normal", [](const Attributes& a) { return std::make_shared<TruncatedNormal>(a); });

// x where the mask holds, times a factor; 0 elsewhere. Dropout's second half, and its own gradient.
void apply_mask(const Tensor& x, const Tensor& mask, double scale, Tensor& y) {
  visit_floating(x.dtype(), "dropout", [&](auto zero) {
    using T = decltype(zero);
    const T factor = static_cast<T>(scale);
    const T* in = x.data<T>();
    const bool* keep = mask.data<bool>();
    T* out = y.data<T>();
    BroadcastLoop<2>(y.shape(), {x.shape(), mask.shape()})
        .run([&](std::int64_t at, const std::array<std::int64_t, 2>& offset, const std::array<std::int64_t, 2>& step, std::int64_t n) {
          const T* a = in + offset[0];
          const bool* k = keep + offset[1];
          if (step[1]) {
            kernels<T>().apply_mask(out + at, a, k, factor, static_cast<std::size_t>(n));
          } else {
            for (std::int64_t i = 0; i < n; ++i) out[at + i] = *k ? a[i] * factor : T(0);
          }
        });
  });
}

class DropoutMask : public Op {
 public:
  explicit DropoutMask(const Attributes& a) : scale_(a.number("scale")) {}
  const char* name() const override { return "apply_dropout_mask"; }
  Types infer(const Types& inputs) const override { return {inputs.at(0)}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override { apply_mask(inputs[0], inputs[1], scale_, outputs[0]); }
  Values gradient(const GradientContext& g) const override {
    return {apply1(make_op("apply_dropout_mask", attributes({{"scale", {scale_}}})), {g.upstream(), g.input(1)}), nullptr};
  }
  int in_place_input(int) const override { return 0; }

 private:
  double scale_;
};
REGISTER_OP("apply_dropout_mask", [](const Attributes& a) { return std::make_shared<DropoutMask>(a); });

// dropout(rate, noise_shape) -> (x with elements set to zero and the others scaled by 1 / (1 - rate), the mask)
class Dropout : public Op {
 public:
  explicit Dropout(const Attributes& a) : rate_(a.number("rate")), scale_(rate_ < 1 ? 1.0 / (1.0 - rate_) : 0.0) {
    if (a.has("noise_shape")) noise_shape_ = a.shape("noise_shape");
    if (a.has("seed")) seed_ = static_cast<std::uint64_t>(a.integer("seed"));
  }
  const char* name() const override { return "dropout"; }
  Types infer(const Types& inputs) const override {
    if (!(rate_ >= 0 && rate_ <= 1)) fail_argument("dropout: `rate` must be between 0 and 1. Received: ", rate_);
    if (!is_floating(inputs.at(0).dtype)) fail_argument("dropout: takes float32 or float64. Received: ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    Shape mask = noise_shape_ ? *noise_shape_ : shape;
    bool fits = mask.rank() == shape.rank();
    for (int i = 0; fits && i < mask.rank(); ++i) {
      if (mask[i] < 0) mask[i] = shape[i];
      fits = mask[i] == 1 || sizes_fit(mask[i], shape[i]);
    }
    if (!fits) fail_shape("dropout: `noise_shape` ", *noise_shape_, " does not fit an array of shape ", shape, ".");
    return {inputs[0], {DType::boolean, mask}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext& context) const override {
    const Philox philox = seed_ ? Philox(*seed_, 0) : Philox(context.seed, context.stream);
    const std::uint32_t bound = static_cast<std::uint32_t>(std::min(rate_ * 4294967296.0, 4294967295.0));  // a rate of 1 has a scale of 0
    bool* keep = outputs[1].data<bool>();
    if (outputs[1].size() == inputs[0].size()) {
      visit_floating(inputs[0].dtype(), name(), [&](auto zero) {
        using T = decltype(zero);
        const T* x = inputs[0].data<T>();
        T* y = outputs[0].data<T>();
        by_blocks(inputs[0].size(), philox, 1, [&](std::int64_t at, const std::uint32_t* bits, int n) {
          kernels<T>().dropout(y + at, keep + at, x + at, bits, bound, static_cast<T>(scale_), static_cast<std::size_t>(n));
        });
      });
      return;
    }
    by_blocks(outputs[1].size(), philox, 1, [&](std::int64_t at, const std::uint32_t* bits, int n) {
      for (int i = 0; i < n; ++i) keep[at + i] = bits[i] >= bound;
    });
    apply_mask(inputs[0], outputs[1], scale_, outputs[0]);
  }
  Values gradient(const GradientContext& g) const override {
    if (!g.upstream()) return {nullptr};
    return {apply1(make_op("apply_dropout_mask", attributes({{"scale", {scale_}}})), {g.upstream(), g.output(1)})};
  }
  bool is_stateful() const override { return true; }
  int in_place_input(int output) const override { return output == 0 ? 0 : -1; }

 private:
  double rate_, scale_;
  std::optional<Shape> noise_shape_;
  std::optional<std::uint64_t> seed_;
};
REGISTER_OP("dropout", [](const Attributes& a) { return std::make_shared<Dropout>(a); });

}  // namespace
}  // namespace keratin
