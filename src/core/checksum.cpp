#include "checksum.h"

#include <array>

namespace keratin {
namespace {

// Eight bytes a step: table k holds the remainder of a byte k places further on.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

Tables tables_of(std::uint32_t polynomial) {
  Tables t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ (c & 1u ? polynomial : 0u);
    t[0][i] = c;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t i = 0; i < 256; ++i) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xFFu];
  return t;
}

std::uint32_t remainder(const Tables& t, const unsigned char* p, std::size_t n, std::uint32_t before) {
  std::uint32_t crc = ~before;
  for (; n >= 8; n -= 8, p += 8) {
    crc ^= static_cast<std::uint32_t>(p[0]) | static_cast<std::uint32_t>(p[1]) << 8 | static_cast<std::uint32_t>(p[2]) << 16 |
           static_cast<std::uint32_t>(p[3]) << 24;
    crc = t[7][crc & 0xFFu] ^ t[6][(crc >> 8) & 0xFFu] ^ t[5][(crc >> 16) & 0xFFu] ^ t[4][crc >> 24] ^ t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^
          t[0][p[7]];
  }
  for (; n > 0; --n, ++p) crc = (crc >> 8) ^ t[0][(crc ^ *p) & 0xFFu];
  return ~crc;
}

}  // namespace

std::uint32_t crc32_of(const unsigned char* bytes, std::size_t size, std::uint32_t before) {
  static const Tables tables = tables_of(0xEDB88320u);
  return remainder(tables, bytes, size, before);
}
std::uint32_t crc32c_of(const unsigned char* bytes, std::size_t size, std::uint32_t before) {
  static const Tables tables = tables_of(0x82F63B78u);
  return remainder(tables, bytes, size, before);
}

}  // namespace keratin
