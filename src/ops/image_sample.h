#pragma once
#include <cmath>
#include <cstdint>
#include <string>

#include "../core/error.h"

// Reading an image between its pixels and beyond its edges.
namespace keratin {

enum class ImageFill { constant, nearest, reflect, wrap };

inline ImageFill image_fill(const std::string& name) {
  if (name == "constant") return ImageFill::constant;
  if (name == "nearest") return ImageFill::nearest;
  if (name == "reflect") return ImageFill::reflect;
  if (name == "wrap") return ImageFill::wrap;
  fail_argument("`fill_mode` must be one of \"constant\", \"nearest\", \"reflect\", \"wrap\". Received: \"", name, "\".");
}

// Pixels with strides in elements: row-major batches and R's column-major arrays alike.
template <class T>
struct ImageView {
  const T* pixels;
  std::int64_t height, width, channels;
  std::int64_t row_stride, column_stride, channel_stride;
  double at(std::int64_t y, std::int64_t x, std::int64_t channel, double outside) const {
    if (y < 0 || x < 0 || y >= height || x >= width) return outside;
    return static_cast<double>(pixels[y * row_stride + x * column_stride + channel * channel_stride]);
  }
};

// A coordinate beyond the edges brought inside, as TensorFlow does: reflect d c b a | a b c d | d c b a, wrap a b c d | a b c d.
inline double map_periodic(double at, std::int64_t n, ImageFill fill) {
  const double size = static_cast<double>(n);
  if (fill == ImageFill::reflect) {
    if (at < 0) {
      if (n <= 1) return 0;
      const double period = 2 * size;
      if (at < period) at = period * std::trunc(-at / period) + at;
      at = at < -size ? at + period : -at - 1;
    } else if (at > size - 1) {
      if (n <= 1) return 0;
      const double period = 2 * size;
      at -= period * std::trunc(at / period);
      if (at >= size) at = period - at - 1;
    }
  } else if (fill == ImageFill::wrap) {
    if (at < 0) {
      if (n <= 1) return 0;
      at += size * (std::trunc(-at / size) + 1);
    } else if (at > size - 1) {
      if (n <= 1) return 0;
      at -= size * std::trunc(at / size);
    }
  }
  if (fill == ImageFill::constant) return at;
  return at < 0 ? 0 : at > size - 1 ? size - 1 : at;
}

// As scipy.ndimage does (half-sample reflection, a wrap whose period is n - 1, nothing interpolated with the constant). NaN: outside.
inline double map_scipy(double at, std::int64_t n, ImageFill fill) {
  const double last = static_cast<double>(n - 1), size = static_cast<double>(n);
  if (at >= 0 && at <= last) return at;
  switch (fill) {
    case ImageFill::constant: return std::nan("");
    case ImageFill::nearest: return at < 0 ? 0 : last;
    case ImageFill::wrap:
      if (n <= 1) return 0;
      return at < 0 ? at + last * (std::trunc(-at / last) + 1) : at - last * std::trunc(at / last);
    case ImageFill::reflect: {
      if (n <= 1) return 0;
      const double period = 2 * size;
      if (at < 0) {
        if (at < -period) at += period * std::trunc(-at / period);
        at = at < -size ? at + period : at > -1e-15 ? 1e-15 : -at - 1;
      } else {
        at -= period * std::trunc(at / period);
        if (at >= size) at = period - at - 1;
      }
      return at < 0 ? 0 : at > last ? last : at;
    }
  }
  return at;
}

template <class T>
T sample_bilinear(const ImageView<T>& image, double y, double x, std::int64_t channel, double outside) {
  const double y0 = std::floor(y), x0 = std::floor(x), dy = y - y0, dx = x - x0;
  const auto row = static_cast<std::int64_t>(y0), column = static_cast<std::int64_t>(x0);
  double top = image.at(row, column, channel, outside), bottom = dy > 0 ? image.at(row + 1, column, channel, outside) : 0;
  if (dx > 0) {
    top = (1 - dx) * top + dx * image.at(row, column + 1, channel, outside);
    if (dy > 0) bottom = (1 - dx) * bottom + dx * image.at(row + 1, column + 1, channel, outside);
  }
  return static_cast<T>(dy > 0 ? (1 - dy) * top + dy * bottom : top);
}

template <class T>
T sample_nearest(const ImageView<T>& image, double y, double x, std::int64_t channel, double outside) {
  return static_cast<T>(image.at(static_cast<std::int64_t>(std::nearbyint(y)), static_cast<std::int64_t>(std::nearbyint(x)), channel, outside));
}

}  // namespace keratin
