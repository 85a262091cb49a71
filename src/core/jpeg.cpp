// JPEG (ITU-T T.81): baseline and progressive Huffman-coded images of 8 bits, gray or colour. The arithmetic (integer inverse DCT after
// Loeffler, Ligtenberg and Moschytz 1989, triangular upsampling, fixed-point colour) is that of the common library in its default
// settings, so that levels agree bit by bit.
#include <algorithm>
#include <array>
#include <cstring>

#include "error.h"
#include "image_file.h"

namespace keratin {
namespace {

[[noreturn]] void refuse(const char* why) { throw Error(ErrorKind::file, why); }

constexpr int zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
                            41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
                            30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

struct HuffmanTable {
  static constexpr int fast_bits = 9;
  bool defined = false;
  std::array<std::uint8_t, 256> symbols{};
  std::array<std::uint16_t, 1 << fast_bits> fast{};  // symbol and length of codes of up to 9 bits
  std::array<int, 18> least{}, index{}, count{};

  void define(const std::uint8_t* lengths, const std::uint8_t* values, int n) {
    defined = true;
    std::copy_n(values, n, symbols.begin());
    fast.fill(0);
    int code = 0, k = 0;
    for (int length = 1; length <= 16; ++length) {
      least[length] = code;
      index[length] = k;
      count[length] = lengths[length - 1];
      if (code + count[length] > (1 << length)) refuse("a table is damaged.");
      for (int i = 0; i < count[length]; ++i, ++code, ++k) {
        if (length > fast_bits) continue;
        std::fill_n(fast.begin() + (code << (fast_bits - length)), 1 << (fast_bits - length), static_cast<std::uint16_t>(symbols[k] << 8 | length));
      }
      code <<= 1;
    }
  }
};

// Bits from the high end; a zero byte after 0xFF is stuffing, anything else there is a marker, which ends the data.
class BitStream {
 public:
  BitStream(const std::uint8_t* at, const std::uint8_t* end) : at_(at), end_(end) {}
  int bit() { return static_cast<int>(take(1)); }
  std::uint32_t take(int n) {
    if (n == 0) return 0;
    if (count_ < n) fill();
    if (count_ < n) refuse("the file is cut off.");
    count_ -= n;
    return static_cast<std::uint32_t>(bits_ >> count_) & ((1u << n) - 1);
  }
  // A signed value of n bits: the upper half as it is, the lower half negative.
  int extended(int n) {
    if (n == 0) return 0;
    const int value = static_cast<int>(take(n));
    return value < 1 << (n - 1) ? value - (1 << n) + 1 : value;
  }
  int symbol(const HuffmanTable& table) {
    if (count_ < 16) fill();
    const auto window = static_cast<std::uint32_t>((count_ >= 16 ? bits_ >> (count_ - 16) : bits_ << (16 - count_)) & 0xFFFF);
    if (const std::uint16_t entry = table.fast[window >> (16 - HuffmanTable::fast_bits)]) {
      drop(entry & 255);
      return entry >> 8;
    }
    for (int length = HuffmanTable::fast_bits + 1; length <= 16; ++length) {
      const int code = static_cast<int>(window >> (16 - length)) - table.least[length];
      if (code >= 0 && code < table.count[length]) {
        drop(length);
        return table.symbols[table.index[length] + code];
      }
    }
    refuse("the data is damaged.");
  }
  // Leaves the bits at hand and the marker behind them, which must be the `expected` restart.
  void restart(int expected) {
    bits_ = 0;
    count_ = 0;
    if (end_ - at_ < 2 || at_[0] != 0xFF || at_[1] != 0xD0 + expected) refuse("a restart marker is missing.");
    at_ += 2;
  }
  const std::uint8_t* position() const { return at_; }

 private:
  void drop(int n) {
    if (n > count_) refuse("the file is cut off.");
    count_ -= n;
  }
  void fill() {
    while (count_ <= 48 && at_ < end_) {
      if (*at_ == 0xFF) {
        if (at_ + 1 >= end_ || at_[1] != 0) return;
        ++at_;
        bits_ = bits_ << 8 | 0xFF;
      } else {
        bits_ = bits_ << 8 | *at_;
      }
      ++at_;
      count_ += 8;
    }
  }
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t bits_ = 0;
  int count_ = 0;
};

struct Component {
  int id = 0, h = 1, v = 1, table = 0;
  std::int64_t width = 0, height = 0;              // in samples
  std::int64_t blocks_across = 0, blocks_down = 0; // with those that fill the last units
  std::vector<std::int16_t> coefficients;
  std::array<std::uint16_t, 64> quantization{};
  bool quantized = false;
  const HuffmanTable* dc = nullptr;
  const HuffmanTable* ac = nullptr;
  int predicted = 0;
  std::vector<std::uint8_t> samples;
  std::int16_t* block(std::int64_t row, std::int64_t column) { return &coefficients[static_cast<std::size_t>(64 * (row * blocks_across + column))]; }
};

class Decoder {
 public:
  explicit Decoder(const std::vector<std::uint8_t>& bytes) : at_(bytes.data() + 2), end_(bytes.data() + bytes.size()) {}

  LevelImage decode() {
    for (;;) {
      const int marker = next_marker();
      if (marker == 0xD9) break;
      if (marker >= 0xD0 && marker <= 0xD7) refuse("a restart marker is out of place.");
      if (end_ - at_ < 2) refuse("the file is cut off.");
      const std::ptrdiff_t length = at_[0] * 256 + at_[1];
      if (length < 2 || length > end_ - at_) refuse("the file is cut off.");
      const std::uint8_t* data = at_ + 2;
      const std::uint8_t* stop = at_ + length;
      at_ = stop;
      if (marker == 0xC0 || marker == 0xC1 || marker == 0xC2) read_frame(data, stop, marker == 0xC2);
      else if (marker == 0xC4) read_huffman(data, stop);
      else if (marker == 0xDB) read_quantization(data, stop);
      else if (marker == 0xDD && stop - data >= 2) restart_interval_ = data[0] * 256 + data[1];
      else if (marker == 0xDA) read_scan(data, stop);
      else if (marker == 0xE0 && stop - data >= 5 && std::memcmp(data, "JFIF", 5) == 0) jfif_ = true;
      else if (marker == 0xEE && stop - data >= 12 && std::memcmp(data, "Adobe", 5) == 0) adobe_ = data[11];
      else if ((marker & 0xF0) == 0xC0) refuse("lossless and arithmetic-coded files are not read here.");
    }
    if (components_.empty()) refuse("the file has no image.");
    return assemble();
  }

 private:
  int next_marker() {
    if (end_ - at_ < 2 || *at_ != 0xFF) refuse("the file is damaged or cut off.");
    while (at_ < end_ && *at_ == 0xFF) ++at_;
    if (at_ >= end_) refuse("the file is cut off.");
    return *at_++;
  }

  void read_quantization(const std::uint8_t* at, const std::uint8_t* stop) {
    while (at < stop) {
      const int wide = *at >> 4, slot = *at & 15;
      ++at;
      if (wide > 1 || slot > 3 || stop - at < 64 * (1 + wide)) refuse("a table is damaged.");
      for (int i = 0; i < 64; ++i, at += 1 + wide) quantization_[slot][zigzag[i]] = static_cast<std::uint16_t>(wide ? at[0] * 256 + at[1] : at[0]);
    }
  }

  void read_huffman(const std::uint8_t* at, const std::uint8_t* stop) {
    while (at < stop) {
      if (stop - at < 17) refuse("a table is damaged.");
      const int kind = *at >> 4, slot = *at & 15;
      int n = 0;
      for (int i = 1; i <= 16; ++i) n += at[i];
      if (kind > 1 || slot > 3 || n > 256 || stop - at < 17 + n) refuse("a table is damaged.");
      (kind ? ac_ : dc_)[slot].define(at + 1, at + 17, n);
      at += 17 + n;
    }
  }

  void read_frame(const std::uint8_t* at, const std::uint8_t* stop, bool progressive) {
    if (!components_.empty() || stop - at < 6 || at[0] != 8) refuse("the header is not of a kind read here.");
    progressive_ = progressive;
    height_ = at[1] * 256 + at[2];
    width_ = at[3] * 256 + at[4];
    const int n = at[5];
    if ((n != 1 && n != 3) || stop - at < 6 + 3 * n || height_ == 0 || width_ == 0 || width_ * height_ > (std::int64_t{1} << 27))
      refuse("the header is not of a kind read here.");
    components_.resize(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) {
      Component& c = components_[static_cast<std::size_t>(i)];
      const std::uint8_t* entry = at + 6 + 3 * i;
      c.id = entry[0];
      c.h = entry[1] >> 4;
      c.v = entry[1] & 15;
      c.table = entry[2];
      if (c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.table > 3) refuse("the header is damaged.");
      if (n == 1) c.h = c.v = 1;
      h_ = std::max(h_, c.h);
      v_ = std::max(v_, c.v);
    }
    across_ = (width_ + 8 * h_ - 1) / (8 * h_);
    down_ = (height_ + 8 * v_ - 1) / (8 * v_);
    for (Component& c : components_) {
      if (h_ % c.h || v_ % c.v) refuse("this sampling is not read here.");
      c.width = (width_ * c.h + h_ - 1) / h_;
      c.height = (height_ * c.v + v_ - 1) / v_;
      c.blocks_across = across_ * c.h;
      c.blocks_down = down_ * c.v;
      c.coefficients.assign(static_cast<std::size_t>(64 * c.blocks_across * c.blocks_down), 0);
    }
  }

  void read_scan(const std::uint8_t* at, const std::uint8_t* stop) {
    if (components_.empty() || stop - at < 1) refuse("the header is missing.");
    const int n = at[0];
    if (n < 1 || n > 3 || stop - at < 4 + 2 * n) refuse("a scan is damaged.");
    std::vector<Component*> chosen;
    for (int i = 0; i < n; ++i) {
      const int id = at[1 + 2 * i], slots = at[2 + 2 * i];
      auto found = std::find_if(components_.begin(), components_.end(), [&](const Component& c) { return c.id == id; });
      if (found == components_.end() || (slots >> 4) > 3 || (slots & 15) > 3 || std::find(chosen.begin(), chosen.end(), &*found) != chosen.end())
        refuse("a scan is damaged.");
      found->dc = &dc_[slots >> 4];
      found->ac = &ac_[slots & 15];
      if (!found->quantized) found->quantization = quantization_[found->table];
      found->quantized = true;
      chosen.push_back(&*found);
    }
    from_ = at[1 + 2 * n];
    to_ = at[2 + 2 * n];
    high_ = at[3 + 2 * n] >> 4;
    low_ = at[3 + 2 * n] & 15;
    if (!progressive_) from_ = 0, to_ = 63, high_ = low_ = 0;
    if (from_ > to_ || to_ > 63 || low_ > 13 || (from_ > 0 && n > 1) || (progressive_ && from_ == 0 && to_ > 0)) refuse("a scan is damaged.");
    for (const Component* c : chosen)
      if ((from_ == 0 && high_ == 0 && !c->dc->defined) || (to_ > 0 && !c->ac->defined)) refuse("a table is missing.");
    decode_scan(chosen);
  }

  void decode_scan(const std::vector<Component*>& chosen) {
    BitStream bits(at_, end_);
    int restarts = 0, until = restart_interval_;
    const auto begin = [&] {
      for (Component* c : chosen) c->predicted = 0;
      run_ = 0;
    };
    const auto unit_begins = [&] {
      if (restart_interval_ && until == 0) {
        bits.restart(restarts++ % 8);
        begin();
        until = restart_interval_;
      }
      --until;
    };
    begin();
    if (chosen.size() == 1) {
      Component& c = *chosen[0];
      const std::int64_t across = (c.width + 7) / 8, down = (c.height + 7) / 8;
      for (std::int64_t row = 0; row < down; ++row)
        for (std::int64_t column = 0; column < across; ++column) {
          unit_begins();
          decode_block(bits, c, c.block(row, column));
        }
    } else {
      for (std::int64_t unit = 0; unit < across_ * down_; ++unit) {
        unit_begins();
        for (Component* c : chosen)
          for (int y = 0; y < c->v; ++y)
            for (int x = 0; x < c->h; ++x) decode_block(bits, *c, c->block(unit / across_ * c->v + y, unit % across_ * c->h + x));
      }
    }
    at_ = bits.position();
    while (end_ - at_ >= 2 && !(at_[0] == 0xFF && at_[1] != 0 && at_[1] != 0xFF)) ++at_;
  }

  void decode_block(BitStream& bits, Component& c, std::int16_t* block) {
    if (from_ == 0) {
      if (high_ == 0) {
        const int size = bits.symbol(*c.dc);
        if (size > 15) refuse("the data is damaged.");
        c.predicted += bits.extended(size);
        block[0] = static_cast<std::int16_t>(static_cast<unsigned>(c.predicted) << low_);
      } else if (bits.bit()) {
        block[0] = static_cast<std::int16_t>(block[0] | 1 << low_);
      }
    }
    if (to_ == 0) return;
    if (!progressive_) first_coefficients(bits, c, block, 1);
    else if (high_ == 0) first_coefficients(bits, c, block, from_);
    else refine_coefficients(bits, c, block);
  }

  void first_coefficients(BitStream& bits, Component& c, std::int16_t* block, int k) {
    if (run_ > 0) {
      --run_;
      return;
    }
    for (; k <= to_; ++k) {
      const int symbol = bits.symbol(*c.ac), zeros = symbol >> 4, size = symbol & 15;
      if (size == 0) {
        if (zeros == 15) {
          k += 15;
          continue;
        }
        if (!progressive_ && zeros) refuse("the data is damaged.");
        run_ = (1 << zeros) - 1 + static_cast<int>(bits.take(zeros));  // so many more blocks end here
        return;
      }
      k += zeros;
      if (k > to_) refuse("the data is damaged.");
      block[zigzag[k]] = static_cast<std::int16_t>(static_cast<unsigned>(bits.extended(size)) << low_);
    }
  }

  // One more bit of each coefficient that is known, and new ones of plus or minus that bit in between.
  void refine_coefficients(BitStream& bits, Component& c, std::int16_t* block) {
    const int bit = 1 << low_;
    const auto refine = [&](std::int16_t& value) {
      if (bits.bit() && !(value & bit)) value = static_cast<std::int16_t>(value >= 0 ? value + bit : value - bit);
    };
    int k = from_;
    if (run_ == 0) {
      for (; k <= to_; ++k) {
        const int symbol = bits.symbol(*c.ac);
        int zeros = symbol >> 4, fresh = 0;
        if ((symbol & 15) == 1) fresh = bits.bit() ? bit : -bit;
        else if (symbol & 15) refuse("the data is damaged.");
        else if (zeros < 15) {
          run_ = (1 << zeros) + static_cast<int>(bits.take(zeros));
          break;
        }
        for (; k <= to_; ++k) {
          std::int16_t& value = block[zigzag[k]];
          if (value) refine(value);
          else if (zeros-- == 0) break;
        }
        if (fresh) {
          if (k > to_) refuse("the data is damaged.");
          block[zigzag[k]] = static_cast<std::int16_t>(fresh);
        }
      }
    }
    if (run_ > 0) {
      for (; k <= to_; ++k) {
        std::int16_t& value = block[zigzag[k]];
        if (value) refine(value);
      }
      --run_;
    }
  }

  LevelImage assemble();

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::array<std::array<std::uint16_t, 64>, 4> quantization_{};
  std::array<HuffmanTable, 4> dc_, ac_;
  std::vector<Component> components_;
  std::int64_t width_ = 0, height_ = 0, across_ = 0, down_ = 0;
  int h_ = 1, v_ = 1, restart_interval_ = 0, adobe_ = -1;
  bool progressive_ = false, jfif_ = false;
  int from_ = 0, to_ = 63, high_ = 0, low_ = 0, run_ = 0;  // of the scan; run_: blocks still to be skipped
};

std::uint8_t clamp_level(int value) { return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value); }

// Eight values `stride` apart, in 13-bit fixed point; results are shifted down by `shift`.
template <class In, class Store>
void inverse_dct_line(In in, int shift, Store store) {
  using Wide = std::int64_t;
  Wide z2 = in(2), z3 = in(6);
  Wide z1 = (z2 + z3) * 4433;
  const Wide even2 = z1 - z3 * 15137, even3 = z1 + z2 * 6270;
  const Wide even0 = (in(0) + in(4)) * 8192, even1 = (in(0) - in(4)) * 8192;
  const Wide sum0 = even0 + even3, sum3 = even0 - even3, sum1 = even1 + even2, sum2 = even1 - even2;
  Wide odd0 = in(7), odd1 = in(5), odd2 = in(3), odd3 = in(1);
  z1 = odd0 + odd3;
  z2 = odd1 + odd2;
  z3 = odd0 + odd2;
  Wide z4 = odd1 + odd3;
  const Wide z5 = (z3 + z4) * 9633;
  z1 *= -7373;
  z2 *= -20995;
  z3 = z3 * -16069 + z5;
  z4 = z4 * -3196 + z5;
  odd0 = odd0 * 2446 + z1 + z3;
  odd1 = odd1 * 16819 + z2 + z4;
  odd2 = odd2 * 25172 + z2 + z3;
  odd3 = odd3 * 12299 + z1 + z4;
  const Wide half = Wide{1} << (shift - 1);
  const Wide pairs[4][2] = {{sum0, odd3}, {sum1, odd2}, {sum2, odd1}, {sum3, odd0}};
  for (int i = 0; i < 4; ++i) {
    store(i, static_cast<int>((pairs[i][0] + pairs[i][1] + half) >> shift));
    store(7 - i, static_cast<int>((pairs[i][0] - pairs[i][1] + half) >> shift));
  }
}

void inverse_dct(const std::int16_t* block, const std::array<std::uint16_t, 64>& quantization, std::uint8_t* out, std::int64_t stride) {
  int work[64];
  for (int x = 0; x < 8; ++x)
    inverse_dct_line([&](int i) { return static_cast<std::int64_t>(block[8 * i + x]) * quantization[8 * i + x]; }, 11,
                     [&](int i, int value) { work[8 * i + x] = value; });
  for (int y = 0; y < 8; ++y)
    inverse_dct_line([&](int i) { return static_cast<std::int64_t>(work[8 * y + i]); }, 18,
                     [&](int i, int value) { out[y * stride + i] = clamp_level(value + 128); });
}

// Twice the columns: each new sample is 3/4 of the nearer and 1/4 of the farther neighbour.
void widen(const int* in, std::int64_t n, int low, int high, int shift, std::uint8_t* out) {
  const auto value = [&](int sum, int bias) { return static_cast<std::uint8_t>((sum + bias) >> shift); };
  for (std::int64_t i = 0; i < n; ++i) {
    const int left = i > 0 ? in[i - 1] : in[i], right = i + 1 < n ? in[i + 1] : in[i];
    out[2 * i] = value(3 * in[i] + left, low);
    out[2 * i + 1] = value(3 * in[i] + right, high);
  }
}

// One row of a component at the size of the image.
void upsample_row(const Component& c, std::int64_t y, int h, int v, std::int64_t width, std::vector<int>& sums, std::vector<std::uint8_t>& out) {
  const std::int64_t stride = c.blocks_across * 8;
  const std::uint8_t* near = &c.samples[static_cast<std::size_t>(std::min(y / v, c.height - 1) * stride)];
  const bool smooth_rows = v == 2 && (h == 1 || (h == 2 && c.width > 2)), smooth_columns = h == 2 && v <= 2 && c.width > 2;
  if (h == 1 && v == 1) {
    std::copy_n(near, width, out.begin());
    return;
  }
  if (!smooth_columns && !smooth_rows) {
    for (std::int64_t x = 0; x < width; ++x) out[static_cast<std::size_t>(x)] = near[x / h];
    return;
  }
  const bool upper = y % 2 == 0;
  const std::int64_t other = std::min(c.height - 1, std::max<std::int64_t>(0, y / 2 + (upper ? -1 : 1)));
  const std::uint8_t* far = smooth_rows ? &c.samples[static_cast<std::size_t>(other * stride)] : nullptr;
  if (!smooth_columns) {
    for (std::int64_t x = 0; x < width; ++x)
      out[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>((3 * near[x] + far[x] + (upper ? 1 : 2)) >> 2);
    return;
  }
  for (std::int64_t x = 0; x < c.width; ++x) sums[static_cast<std::size_t>(x)] = far ? 3 * near[x] + far[x] : near[x];
  if (far) widen(sums.data(), c.width, 8, 7, 4, out.data());
  else widen(sums.data(), c.width, 1, 2, 2, out.data());
}

LevelImage Decoder::assemble() {
  for (Component& c : components_) {
    if (!c.quantized) refuse("a part of the image is missing.");
    const std::int64_t stride = c.blocks_across * 8;
    c.samples.resize(static_cast<std::size_t>(stride * c.blocks_down * 8));
    for (std::int64_t row = 0; row < c.blocks_down; ++row)
      for (std::int64_t column = 0; column < c.blocks_across; ++column)
        inverse_dct(c.block(row, column), c.quantization, &c.samples[static_cast<std::size_t>(row * 8 * stride + column * 8)], stride);
    std::vector<std::int16_t>().swap(c.coefficients);
  }
  const auto ids = [&](int a, int b, int d) { return components_[0].id == a && components_[1].id == b && components_[2].id == d; };
  const bool colour = components_.size() == 3;
  const bool rgb = colour && !jfif_ && (adobe_ >= 0 ? adobe_ == 0 : ids('R', 'G', 'B'));
  LevelImage out{height_, width_, colour ? 3 : 1, {}};
  out.levels.resize(static_cast<std::size_t>(height_ * width_ * out.channels));
  std::vector<std::vector<std::uint8_t>> rows(components_.size(), std::vector<std::uint8_t>(static_cast<std::size_t>(across_ * h_ * 8 + 2)));
  std::vector<int> sums(static_cast<std::size_t>(across_ * h_ * 8 + 2));
  for (std::int64_t y = 0; y < height_; ++y) {
    for (std::size_t k = 0; k < components_.size(); ++k)
      upsample_row(components_[k], y, h_ / components_[k].h, v_ / components_[k].v, width_, sums, rows[k]);
    std::uint8_t* pixel = &out.levels[static_cast<std::size_t>(y * width_ * out.channels)];
    for (std::int64_t x = 0; x < width_; ++x, pixel += out.channels) {
      const std::size_t i = static_cast<std::size_t>(x);
      if (!colour || rgb) {
        for (std::size_t k = 0; k < rows.size(); ++k) pixel[k] = rows[k][i];
        continue;
      }
      const int luma = rows[0][i], blue = rows[1][i] - 128, red = rows[2][i] - 128;
      pixel[0] = clamp_level(luma + ((91881 * red + 32768) >> 16));
      pixel[1] = clamp_level(luma + ((-22554 * blue - 46802 * red + 32768) >> 16));
      pixel[2] = clamp_level(luma + ((116130 * blue + 32768) >> 16));
    }
  }
  return out;
}

}  // namespace

LevelImage decode_jpeg(const std::vector<std::uint8_t>& bytes) { return Decoder(bytes).decode(); }

}  // namespace keratin
