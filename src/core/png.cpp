// PNG (ISO/IEC 15948): all colour types and depths, interlaced or not.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "error.h"
#include "image_file.h"
#include "inflate.h"

namespace keratin {
namespace {

[[noreturn]] void refuse(const char* why) { throw Error(ErrorKind::file, why); }

std::uint32_t big_endian(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 | static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

std::uint32_t crc32(const std::uint8_t* data, std::size_t size) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> out;
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
      out[i] = value;
    }
    return out;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (std::size_t i = 0; i < size; ++i) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
  return ~crc;
}

struct Header {
  std::int64_t width, height;
  int depth, colour, interlaced;
  int samples() const { return colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1; }
  std::int64_t row_bytes(std::int64_t pixels) const { return (pixels * samples() * depth + 7) / 8; }
};

struct Pass {
  int x, y, dx, dy;
};
std::vector<Pass> passes_of(const Header& h) {
  if (!h.interlaced) return {{0, 0, 1, 1}};
  return {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};  // Adam7
}

// Undoes the filter of a row in place; `above` is the row before, zeros for the first.
void unfilter(int filter, std::uint8_t* row, const std::uint8_t* above, std::int64_t bytes, int step) {
  const auto left = [&](std::int64_t i) { return i >= step ? row[i - step] : 0; };
  switch (filter) {
    case 0: return;
    case 1:
      for (std::int64_t i = step; i < bytes; ++i) row[i] = static_cast<std::uint8_t>(row[i] + row[i - step]);
      return;
    case 2:
      for (std::int64_t i = 0; i < bytes; ++i) row[i] = static_cast<std::uint8_t>(row[i] + above[i]);
      return;
    case 3:
      for (std::int64_t i = 0; i < bytes; ++i) row[i] = static_cast<std::uint8_t>(row[i] + (left(i) + above[i]) / 2);
      return;
    case 4:  // Paeth: the neighbour nearest to left + above - diagonal
      for (std::int64_t i = 0; i < bytes; ++i) {
        const int a = left(i), b = above[i], c = i >= step ? above[i - step] : 0;
        const int to_a = std::abs(b - c), to_b = std::abs(a - c), to_c = std::abs(a + b - 2 * c);
        row[i] = static_cast<std::uint8_t>(row[i] + (to_a <= to_b && to_a <= to_c ? a : to_b <= to_c ? b : c));
      }
      return;
    default: refuse("the file has an unknown filter.");
  }
}

int sample_at(const std::uint8_t* row, std::int64_t i, int depth) {
  if (depth == 8) return row[i];
  if (depth == 16) return row[2 * i] << 8 | row[2 * i + 1];
  const std::int64_t bit = i * depth;
  return row[bit / 8] >> (8 - depth - bit % 8) & ((1 << depth) - 1);
}

Header read_header(const std::uint8_t* at) {
  Header h{big_endian(at), big_endian(at + 4), at[8], at[9], at[12]};
  const bool fits = h.colour == 0 ? h.depth == 1 || h.depth == 2 || h.depth == 4 || h.depth == 8 || h.depth == 16
                    : h.colour == 3 ? h.depth == 1 || h.depth == 2 || h.depth == 4 || h.depth == 8
                                    : (h.colour == 2 || h.colour == 4 || h.colour == 6) && (h.depth == 8 || h.depth == 16);
  if (!fits || at[10] || at[11] || h.interlaced > 1 || h.width < 1 || h.height < 1 || h.width * h.height > (std::int64_t{1} << 28))
    refuse("the header is not of a kind read here.");
  return h;
}

}  // namespace

LevelImage decode_png(const std::vector<std::uint8_t>& bytes) {
  static const std::uint8_t signature[] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10};
  if (bytes.size() < 57 || std::memcmp(bytes.data(), signature, 8) != 0) refuse("not a PNG file.");
  Header h{};
  std::vector<std::uint8_t> packed, palette, opacity;
  bool ended = false;
  for (std::size_t at = 8; !ended;) {
    if (bytes.size() - at < 12) refuse("the file is cut off.");
    const std::size_t length = big_endian(&bytes[at]);
    if (length > bytes.size() - at - 12) refuse("the file is cut off.");
    const std::uint8_t* type = &bytes[at + 4];
    const std::uint8_t* data = &bytes[at + 8];
    const auto is = [&](const char* name) { return std::memcmp(type, name, 4) == 0; };
    if (crc32(type, length + 4) != big_endian(data + length)) refuse("a checksum is wrong.");
    if (h.width == 0 && !is("IHDR")) refuse("the header is missing.");
    if (is("IHDR")) {
      if (length != 13 || h.width) refuse("the header is damaged.");
      h = read_header(data);
    } else if (is("PLTE")) palette.assign(data, data + length);
    else if (is("tRNS")) opacity.assign(data, data + length);
    else if (is("IDAT")) packed.insert(packed.end(), data, data + length);
    else if (is("IEND")) ended = true;
    else if (!(type[0] & 32)) refuse("the file has an unknown part.");
    at += length + 12;
  }
  if (!opacity.empty() && h.colour != 3) refuse("one transparent colour is not read here.");
  if (h.colour == 3 && (palette.empty() || palette.size() % 3 || opacity.size() > palette.size() / 3)) refuse("the palette is damaged.");

  std::int64_t total = 0;
  const auto extent = [](std::int64_t size, int first, int step) { return (size - first + step - 1) / step; };
  for (const Pass& p : passes_of(h)) {
    const std::int64_t columns = extent(h.width, p.x, p.dx), rows = extent(h.height, p.y, p.dy);
    if (columns > 0 && rows > 0) total += rows * (1 + h.row_bytes(columns));
  }
  std::vector<std::uint8_t> raw = inflate_zlib(packed.data(), packed.size(), static_cast<std::size_t>(total));
  if (raw.size() != static_cast<std::size_t>(total)) refuse("the file has too little data.");

  LevelImage out{h.height, h.width, h.colour == 3 ? (opacity.empty() ? 3 : 4) : h.samples(), {}, h.depth};
  out.levels.resize(static_cast<std::size_t>(h.height * h.width * out.channels));
  std::uint8_t* row = raw.data();
  const int step = std::max(1, h.samples() * h.depth / 8), most = (1 << std::min(h.depth, 8)) - 1;
  std::vector<std::uint8_t> zeros(static_cast<std::size_t>(h.row_bytes(h.width)), 0);
  for (const Pass& p : passes_of(h)) {
    const std::int64_t columns = extent(h.width, p.x, p.dx), rows = extent(h.height, p.y, p.dy), row_bytes = h.row_bytes(columns);
    if (columns <= 0 || rows <= 0) continue;
    const std::uint8_t* above = zeros.data();
    for (std::int64_t y = 0; y < rows; ++y, row += row_bytes + 1) {
      unfilter(row[0], row + 1, above, row_bytes, step);
      above = row + 1;
      for (std::int64_t x = 0; x < columns; ++x) {
        std::uint8_t* pixel = &out.levels[static_cast<std::size_t>(((p.y + y * p.dy) * h.width + p.x + x * p.dx) * out.channels)];
        if (h.colour == 3) {
          const std::size_t index = static_cast<std::size_t>(sample_at(row + 1, x, h.depth));
          if (3 * index >= palette.size()) refuse("a colour is not in the palette.");
          std::copy_n(&palette[3 * index], 3, pixel);
          if (out.channels == 4) pixel[3] = index < opacity.size() ? opacity[index] : 255;
        } else if (h.depth == 8) {
          std::copy_n(row + 1 + x * out.channels, out.channels, pixel);
        } else {
          for (int k = 0; k < h.samples(); ++k) {
            const int value = sample_at(row + 1, x * h.samples() + k, h.depth);
            pixel[k] = static_cast<std::uint8_t>(h.depth == 16 ? value >> 8 : value * 255 / most);
          }
        }
      }
    }
  }
  return out;
}

}  // namespace keratin
