#pragma once
#include <cstdint>
#include <string>

namespace keratin {

// How the pixels of one image lie: `planes`, as R's arrays (rows fastest, channels slowest), or `rows` (row by row, channels fastest).
enum class PixelOrder { planes, rows };

// Resizes levels as PIL does, widths first, then heights, each rounded to whole levels. Of 2 or 4 channels the last is the opacity: what
// lets light through counts for less. `filter`: "bilinear", "bicubic", "lanczos", "box", "hamming". `most`: the highest level, 255 or
// 65535; PIL keeps levels of 8 bits within their range, not those of 16 bits.
void resize_levels(const double* in, double* out, PixelOrder order, std::int64_t height, std::int64_t width, std::int64_t channels,
                   std::int64_t new_height, std::int64_t new_width, const std::string& filter, double most = 255);

// Row (or column) i of the result is row nearest_level(i, from, to) of the source.
inline std::int64_t nearest_level(std::int64_t i, std::int64_t from, std::int64_t to) {
  const auto at = static_cast<std::int64_t>((static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to));
  return at < from - 1 ? at : from - 1;
}

}  // namespace keratin
