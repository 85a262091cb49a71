#include "image_levels.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace keratin {
namespace {

double filter_value(const std::string& filter, double x) {
  constexpr double pi = 3.14159265358979323846;
  x = std::fabs(x);
  const auto sinc = [](double t) { return t == 0 ? 1.0 : std::sin(t * pi) / (t * pi); };
  if (filter == "bilinear") return x < 1 ? 1 - x : 0;
  if (filter == "hamming") return x == 0 ? 1 : x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * std::cos(x * pi));
  if (filter == "bicubic") return x < 1 ? ((-0.5 + 2) * x - (-0.5 + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  return x < 3 ? sinc(x) * sinc(x / 3) : 0;  // lanczos
}

// One axis resized: `outer` times `from` (then `to`) times `inner` elements. Whole levels come out. Those of 8 bits are added up in fixed
// point, as PIL does it: its roundings are then ours. Double holds all these whole numbers.
void resize_axis(const double* in, double* out, std::int64_t from, std::int64_t to, std::int64_t inner, std::int64_t outer, const std::string& filter,
                 double most) {
  const bool fixed = most <= 255;
  constexpr double one = 1 << 22;
  const double scale = static_cast<double>(from) / static_cast<double>(to), widening = std::max(1.0, scale), narrowing = 1 / widening;
  const double base = filter == "box" ? 0.5 : filter == "bicubic" ? 2 : filter == "lanczos" ? 3 : 1, radius = base * widening;
  struct Window {
    std::int64_t first, last;
    std::size_t weights;
  };
  std::vector<Window> windows;
  std::vector<double> weights;
  for (std::int64_t k = 0; k < to; ++k) {
    const double centre = (static_cast<double>(k) + 0.5) * scale;
    const std::int64_t first = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - radius + 0.5)),
                       last = std::min(from, static_cast<std::int64_t>(centre + radius + 0.5));
    windows.push_back({first, last, weights.size()});
    double total = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const double at = (static_cast<double>(i) - centre + 0.5) * narrowing;
      weights.push_back(filter == "box" ? (at > -0.5 && at <= 0.5 ? 1 : 0) : filter_value(filter, at));
      total += weights.back();
    }
    for (std::size_t i = windows.back().weights; i < weights.size(); ++i) {
      weights[i] *= 1 / total;
      if (fixed) weights[i] = std::trunc(weights[i] * one + std::copysign(0.5, weights[i]));
    }
  }
  std::vector<double> sums(static_cast<std::size_t>(inner));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Window& window : windows) {
      std::fill(sums.begin(), sums.end(), fixed ? one / 2 : 0);
      const double* weight = &weights[window.weights];
      const double* source = in + inner * (window.first + from * o);
      for (std::int64_t i = window.first; i < window.last; ++i, ++weight, source += inner)
        for (std::int64_t n = 0; n < inner; ++n) sums[static_cast<std::size_t>(n)] += *weight * source[n];
      for (const double sum : sums) *out++ = fixed ? std::min(255.0, std::max(0.0, std::floor(sum / one))) : std::round(sum);
    }
  }
}

// Each colour times its opacity, or back, in PIL's whole numbers. The opacity is the last of `channels`.
void weigh_by_opacity(double* levels, PixelOrder order, std::int64_t pixels, std::int64_t channels, bool back) {
  const std::int64_t step = order == PixelOrder::planes ? 1 : channels, plane = order == PixelOrder::planes ? pixels : 1;
  for (std::int64_t i = 0; i < pixels; ++i) {
    const auto opacity = static_cast<std::int64_t>(levels[i * step + (channels - 1) * plane]);
    if (opacity == 255 || (back && opacity == 0)) continue;
    for (std::int64_t c = 0; c < channels - 1; ++c) {
      double& level = levels[i * step + c * plane];
      const auto whole = static_cast<std::int64_t>(level), product = whole * opacity + 128;
      level = static_cast<double>(back ? std::min<std::int64_t>(255, 255 * whole / opacity) : ((product >> 8) + product) >> 8);
    }
  }
}

}  // namespace

void resize_levels(const double* in, double* out, PixelOrder order, std::int64_t height, std::int64_t width, std::int64_t channels,
                   std::int64_t new_height, std::int64_t new_width, const std::string& filter, double most) {
  const bool planes = order == PixelOrder::planes, transparent = channels == 2 || channels == 4;
  std::vector<double> weighed, wide(static_cast<std::size_t>(height * new_width * channels));
  if (transparent) {
    weighed.assign(in, in + height * width * channels);
    weigh_by_opacity(weighed.data(), order, height * width, channels, false);
    in = weighed.data();
  }
  if (new_width == width) std::copy(in, in + wide.size(), wide.begin());
  else resize_axis(in, wide.data(), width, new_width, planes ? height : channels, planes ? channels : height, filter, most);
  if (new_height == height) std::copy(wide.begin(), wide.end(), out);
  else resize_axis(wide.data(), out, height, new_height, planes ? 1 : new_width * channels, planes ? channels * new_width : 1, filter, most);
  if (transparent) weigh_by_opacity(out, order, new_height * new_width, channels, true);
}

}  // namespace keratin
