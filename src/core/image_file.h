#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace keratin {

// Levels from 0 to 255, row by row, channels last: 1 gray, 2 gray and opacity, 3 RGB, 4 RGBA. `depth`: bits of a sample in the file; of 16
// the higher 8 are kept.
struct LevelImage {
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> levels;
  int depth = 8;
};

// PNG and JPEG files are decoded here, and not only by the R packages png and jpeg, because those may run on R's main thread alone.
// The levels are theirs, bit by bit. What is damaged, or of a kind that is not read here, is an error of kind file: the R packages
// then have the last word.
LevelImage decode_image(const std::vector<std::uint8_t>& bytes);
LevelImage decode_png(const std::vector<std::uint8_t>& bytes);
LevelImage decode_jpeg(const std::vector<std::uint8_t>& bytes);

std::vector<std::uint8_t> read_bytes(const std::string& path);
LevelImage with_channels(const LevelImage& image, std::int64_t channels);  // 1, 3 or 4: converted as PIL does

}  // namespace keratin
