#include "image_file.h"

#include <cstdio>
#include <memory>

#include "error.h"

namespace keratin {

LevelImage decode_image(const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() > 8 && bytes[0] == 0x89 && bytes[1] == 'P') return decode_png(bytes);
  if (bytes.size() > 8 && bytes[0] == 0xFF && bytes[1] == 0xD8) return decode_jpeg(bytes);
  throw Error(ErrorKind::file, "neither a PNG nor a JPEG file.");
}

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) throw Error(ErrorKind::file, "the file cannot be opened.");
  std::vector<std::uint8_t> bytes;
  std::size_t used = 0;
  for (;;) {
    bytes.resize(used + (std::size_t{1} << 18));
    const std::size_t got = std::fread(bytes.data() + used, 1, bytes.size() - used, file.get());
    used += got;
    if (got == 0) break;
  }
  bytes.resize(used);
  return bytes;
}

LevelImage with_channels(const LevelImage& image, std::int64_t channels) {
  LevelImage out{image.height, image.width, channels, {}};
  const std::size_t pixels = static_cast<std::size_t>(image.height * image.width);
  out.levels.resize(pixels * static_cast<std::size_t>(channels));
  const std::uint8_t* from = image.levels.data();
  std::uint8_t* to = out.levels.data();
  const bool gray = image.channels <= 2, opacity = image.channels == 2 || image.channels == 4;
  for (std::size_t i = 0; i < pixels; ++i, from += image.channels, to += channels) {
    if (channels == 1) {
      // Luma of ITU-R 601-2 in 16-bit integers.
      to[0] = gray ? from[0] : static_cast<std::uint8_t>((from[0] * 19595 + from[1] * 38470 + from[2] * 7471 + 32768) >> 16);
      continue;
    }
    for (int k = 0; k < 3; ++k) to[k] = from[gray ? 0 : k];
    if (channels == 4) to[3] = opacity ? from[image.channels - 1] : 255;
  }
  return out;
}

}  // namespace keratin
