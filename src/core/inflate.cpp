#include "inflate.h"

#include <algorithm>
#include <array>

#include "error.h"

namespace keratin {
namespace {

[[noreturn]] void damaged() { throw Error(ErrorKind::file, "the compressed data is damaged."); }

// Bits from the low end of each byte.
class BitStream {
 public:
  BitStream(const std::uint8_t* begin, const std::uint8_t* end) : at_(begin), end_(end) {}
  void fill() {
    while (count_ <= 56 && at_ < end_) {
      bits_ |= static_cast<std::uint64_t>(*at_++) << count_;
      count_ += 8;
    }
  }
  std::uint32_t peek() const { return static_cast<std::uint32_t>(bits_); }
  int count() const { return count_; }
  void skip(int n) {
    if (n > count_) damaged();
    bits_ >>= n;
    count_ -= n;
  }
  std::uint32_t take(int n) {
    if (count_ < n) fill();
    const auto value = static_cast<std::uint32_t>(bits_ & ((std::uint64_t{1} << n) - 1));
    skip(n);
    return value;
  }
  void align() { skip(count_ % 8); }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t bits_ = 0;
  int count_ = 0;
};

// A canonical Huffman code: codes of up to `fast_bits` by table, longer ones bit by bit.
class HuffmanCode {
 public:
  HuffmanCode(const std::uint8_t* lengths, int symbols) {
    for (int i = 0; i < symbols; ++i) ++counts_[lengths[i]];
    counts_[0] = 0;
    int left = 1;
    for (int length = 1; length <= longest; ++length) {
      left = 2 * left - counts_[length];
      if (left < 0) damaged();
    }
    std::array<int, longest + 2> offset{}, code{};
    for (int length = 1; length <= longest; ++length) {
      offset[length + 1] = offset[length] + counts_[length];
      code[length + 1] = (code[length] + counts_[length]) << 1;
    }
    for (int symbol = 0; symbol < symbols; ++symbol) {
      const int length = lengths[symbol];
      if (length == 0) continue;
      symbols_[offset[length]++] = static_cast<std::uint16_t>(symbol);
      const int own = code[length]++;
      if (length > fast_bits) continue;
      int reversed = 0;
      for (int bit = 0; bit < length; ++bit) reversed |= ((own >> bit) & 1) << (length - 1 - bit);
      for (int entry = reversed; entry < (1 << fast_bits); entry += 1 << length) fast_[entry] = static_cast<std::uint16_t>(symbol << 4 | length);
    }
  }

  int next(BitStream& bits) const {
    if (bits.count() < longest) bits.fill();
    const std::uint32_t window = bits.peek();
    if (const std::uint16_t entry = fast_[window & ((1 << fast_bits) - 1)]) {
      bits.skip(entry & 15);
      return entry >> 4;
    }
    int code = 0, first = 0, index = 0;
    for (int length = 1; length <= longest; ++length) {
      code |= static_cast<int>(window >> (length - 1)) & 1;
      if (code - first < counts_[length]) {
        bits.skip(length);
        return symbols_[index + code - first];
      }
      index += counts_[length];
      first = (first + counts_[length]) << 1;
      code <<= 1;
    }
    damaged();
  }

 private:
  static constexpr int longest = 15, fast_bits = 10;
  std::array<int, longest + 1> counts_{};
  std::array<std::uint16_t, 288> symbols_{};
  std::array<std::uint16_t, 1 << fast_bits> fast_{};
};

const HuffmanCode& fixed_literals() {
  static const HuffmanCode code = [] {
    std::array<std::uint8_t, 288> lengths;
    for (int i = 0; i < 288; ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    return HuffmanCode(lengths.data(), 288);
  }();
  return code;
}
const HuffmanCode& fixed_distances() {
  static const HuffmanCode code = [] {
    std::array<std::uint8_t, 30> lengths;
    lengths.fill(5);
    return HuffmanCode(lengths.data(), 30);
  }();
  return code;
}

void inflate_block(BitStream& bits, const HuffmanCode& literals, const HuffmanCode& distances, std::vector<std::uint8_t>& out, std::size_t limit) {
  static const std::uint16_t length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                              31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const std::uint8_t length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const std::uint16_t distance_base[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                                193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  static const std::uint8_t distance_bits[] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
  for (;;) {
    const int symbol = literals.next(bits);
    if (symbol == 256) return;
    if (symbol < 256) {
      if (out.size() >= limit) damaged();
      out.push_back(static_cast<std::uint8_t>(symbol));
      continue;
    }
    if (symbol > 285) damaged();
    const std::size_t length = length_base[symbol - 257] + bits.take(length_bits[symbol - 257]);
    const int code = distances.next(bits);
    if (code > 29) damaged();
    const std::size_t distance = distance_base[code] + bits.take(distance_bits[code]);
    if (distance > out.size() || length > limit - out.size()) damaged();
    for (std::size_t i = 0; i < length; ++i) out.push_back(out[out.size() - distance]);  // may overlap what it writes
  }
}

void inflate_dynamic(BitStream& bits, std::vector<std::uint8_t>& out, std::size_t limit) {
  const int literals = static_cast<int>(bits.take(5)) + 257, distances = static_cast<int>(bits.take(5)) + 1,
            codes = static_cast<int>(bits.take(4)) + 4;
  if (literals > 286 || distances > 30) damaged();
  static const std::uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  std::array<std::uint8_t, 19> code_lengths{};
  for (int i = 0; i < codes; ++i) code_lengths[order[i]] = static_cast<std::uint8_t>(bits.take(3));
  const HuffmanCode lengths_code(code_lengths.data(), 19);
  std::array<std::uint8_t, 286 + 30> lengths{};
  for (int i = 0; i < literals + distances;) {
    const int symbol = lengths_code.next(bits);
    if (symbol < 16) {
      lengths[i++] = static_cast<std::uint8_t>(symbol);
      continue;
    }
    if (symbol == 16 && i == 0) damaged();
    const std::uint8_t value = symbol == 16 ? lengths[i - 1] : 0;
    int times = symbol == 16   ? 3 + static_cast<int>(bits.take(2))
                : symbol == 17 ? 3 + static_cast<int>(bits.take(3))
                               : 11 + static_cast<int>(bits.take(7));
    if (i + times > literals + distances) damaged();
    while (times-- > 0) lengths[i++] = value;
  }
  if (lengths[256] == 0) damaged();
  inflate_block(bits, HuffmanCode(lengths.data(), literals), HuffmanCode(lengths.data() + literals, distances), out, limit);
}

std::uint32_t adler32(const std::vector<std::uint8_t>& data) {
  std::uint32_t a = 1, b = 0;
  for (std::size_t i = 0; i < data.size();) {
    const std::size_t end = std::min(data.size(), i + 5552);  // so many sums fit in 32 bits
    for (; i < end; ++i) b += a += data[i];
    a %= 65521;
    b %= 65521;
  }
  return b << 16 | a;
}

}  // namespace

std::vector<std::uint8_t> inflate_zlib(const std::uint8_t* data, std::size_t size, std::size_t limit) {
  if (size < 6 || (data[0] & 15) != 8 || (data[0] * 256 + data[1]) % 31 != 0 || (data[1] & 32)) damaged();
  BitStream bits(data + 2, data + size);
  std::vector<std::uint8_t> out;
  out.reserve(limit);
  bool last = false;
  while (!last) {
    last = bits.take(1) == 1;
    switch (bits.take(2)) {
      case 0: {
        bits.align();
        const std::uint32_t length = bits.take(16);
        if ((bits.take(16) ^ length) != 0xFFFF || length > limit - out.size()) damaged();
        for (std::uint32_t i = 0; i < length; ++i) out.push_back(static_cast<std::uint8_t>(bits.take(8)));
        break;
      }
      case 1: inflate_block(bits, fixed_literals(), fixed_distances(), out, limit); break;
      case 2: inflate_dynamic(bits, out, limit); break;
      default: damaged();
    }
  }
  bits.align();
  std::uint32_t checksum = 0;
  for (int i = 0; i < 4; ++i) checksum = checksum << 8 | bits.take(8);
  if (checksum != adler32(out)) damaged();
  return out;
}

}  // namespace keratin
