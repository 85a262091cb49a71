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

// One axis resized: `outer` times `from` (then `to`) times `inner` elements. Whole levels from 0 to 255 come out, as PIL keeps them.
void resize_axis(const double* in, double* out, std::int64_t from, std::int64_t to, std::int64_t inner, std::int64_t outer, const std::string& filter) {
  const double scale = static_cast<double>(from) / static_cast<double>(to), widening = std::max(1.0, scale);
  const double base = filter == "box" ? 0.5 : filter == "bicubic" ? 2 : filter == "lanczos" ? 3 : 1, radius = base * widening;
  struct Window {
    std::int64_t first, last;
    double total;
    std::size_t weights;
  };
  std::vector<Window> windows;
  std::vector<double> weights;
  for (std::int64_t k = 0; k < to; ++k) {
    const double centre = (static_cast<double>(k) + 0.5) * scale;
    const std::int64_t first = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - radius + 0.5)), last = std::min(from, static_cast<std::int64_t>(centre + radius + 0.5));
    windows.push_back({first, last, 0, weights.size()});
    for (std::int64_t i = first; i < last; ++i) {
      const double at = (static_cast<double>(i) - centre + 0.5) / widening;
      weights.push_back(filter == "box" ? (at > -0.5 && at <= 0.5 ? 1 : 0) : filter_value(filter, at));
      windows.back().total += weights.back();
    }
  }
  std::vector<double> sums(static_cast<std::size_t>(inner));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Window& window : windows) {
      std::fill(sums.begin(), sums.end(), 0.0);
      const double* weight = &weights[window.weights];
      const double* source = in + inner * (window.first + from * o);
      for (std::int64_t i = window.first; i < window.last; ++i, ++weight, source += inner)
        for (std::int64_t n = 0; n < inner; ++n) sums[static_cast<std::size_t>(n)] += *weight * source[n];
      for (std::int64_t n = 0; n < inner; ++n) *out++ = std::min(255.0, std::max(0.0, std::floor(sums[static_cast<std::size_t>(n)] / window.total + 0.5)));
    }
  }
}

}  // namespace

void resize_levels(const double* in, double* out, PixelOrder order, std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t new_height,
                   std::int64_t new_width, const std::string& filter) {
  const bool planes = order == PixelOrder::planes;
  std::vector<double> wide(static_cast<std::size_t>(height * new_width * channels));
  if (new_width == width) std::copy(in, in + wide.size(), wide.begin());
  else resize_axis(in, wide.data(), width, new_width, planes ? height : channels, planes ? channels : height, filter);
  if (new_height == height) std::copy(wide.begin(), wide.end(), out);
  else resize_axis(wide.data(), out, height, new_height, planes ? 1 : new_width * channels, planes ? channels * new_width : 1, filter);
}

}  // namespace keratin
