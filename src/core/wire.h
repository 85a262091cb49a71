#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace keratin {

// Bytes of a file; every read is checked against the end.
struct ByteView {
  const unsigned char* data = nullptr;
  std::size_t size = 0;

  ByteView part(std::uint64_t from, std::uint64_t length) const;  // an error if it does not fit
  std::uint64_t fixed(std::size_t at, int width) const;           // little-endian
  std::uint64_t varint(std::size_t& at) const;                    // seven bits a byte, the lowest first; moves `at` on
};

// One field of a protocol buffer message. Numbers are in `number`, strings and messages in `bytes`.
struct WireField {
  std::uint32_t id = 0;
  int type = 0;  // 0 varint, 1 eight bytes, 2 bytes, 5 four bytes
  std::uint64_t number = 0;
  ByteView bytes;
};
std::vector<WireField> wire_fields(const ByteView& message);

// A sorted table of keys and values, as LevelDB and the index of TensorFlow's checkpoints have it; blocks are not compressed.
using TableEntries = std::vector<std::pair<std::string, std::string>>;
TableEntries read_table(const ByteView& file);
std::string write_table(const TableEntries& entries);  // keys in order

}  // namespace keratin
