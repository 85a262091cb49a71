#include "wire.h"

#include "checksum.h"
#include "error.h"

namespace keratin {
namespace {

constexpr std::uint64_t table_magic = 0xdb4775248b80fb57u;
constexpr std::size_t footer_size = 48, trailer_size = 5;

template <class... Parts>
[[noreturn]] void fail_file(const Parts&... parts) {
  throw Error(ErrorKind::file, text(parts...));
}

void put_fixed(std::string& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFFu));
}
void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80u; value >>= 7) out.push_back(static_cast<char>(value | 0x80u));
  out.push_back(static_cast<char>(value));
}
const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct Handle {
  std::uint64_t offset = 0, size = 0;
};
Handle handle_at(const ByteView& view, std::size_t& at) {
  Handle handle;
  handle.offset = view.varint(at);
  handle.size = view.varint(at);
  return handle;
}

// A block: entries whose keys share a front part with the one before, the places where they do not, and how many those are.
ByteView block_at(const ByteView& file, const Handle& handle) {
  const ByteView block = file.part(handle.offset, handle.size);
  const ByteView trailer = file.part(handle.offset + handle.size, trailer_size);
  if (trailer.data[0] != 0) fail_file("the checkpoint's index is compressed, which is not read.");
  const std::uint32_t crc = crc32c_of(trailer.data, 1, crc32c_of(block.data, block.size));
  if (trailer.fixed(1, 4) != masked(crc)) fail_file("the checkpoint's index is damaged: a checksum does not agree.");
  return block;
}

template <class Visit>
void each_entry(const ByteView& block, Visit visit) {
  if (block.size < 4) fail_file("the checkpoint's index is damaged: a block is too short.");
  const std::uint64_t restarts = block.fixed(block.size - 4, 4);
  if (restarts > (block.size - 4) / 4) fail_file("the checkpoint's index is damaged: a block is too short.");
  const ByteView entries = block.part(0, block.size - 4 - 4 * restarts);
  std::string key;
  for (std::size_t at = 0; at < entries.size;) {
    const std::uint64_t shared = entries.varint(at), fresh = entries.varint(at), length = entries.varint(at);
    if (shared > key.size()) fail_file("the checkpoint's index is damaged: a key refers to more than there is.");
    const ByteView more = entries.part(at, fresh);
    key.resize(static_cast<std::size_t>(shared));
    key.append(reinterpret_cast<const char*>(more.data), more.size);
    if (key.size() > 65536) fail_file("the checkpoint's index is damaged: a key has ", key.size(), " bytes.");
    at += more.size;
    visit(key, entries.part(at, length));
    at += static_cast<std::size_t>(length);
  }
}

// Every entry is a restart point, so no key is shortened.
std::string block_of(const TableEntries& entries) {
  std::string out;
  std::vector<std::size_t> starts;
  for (const auto& entry : entries) {
    starts.push_back(out.size());
    put_varint(out, 0);
    put_varint(out, entry.first.size());
    put_varint(out, entry.second.size());
    out += entry.first;
    out += entry.second;
  }
  if (starts.empty()) starts.push_back(0);
  for (const std::size_t start : starts) put_fixed(out, start, 4);
  put_fixed(out, starts.size(), 4);
  return out;
}

std::string append_block(std::string& file, const TableEntries& entries) {
  std::string block = block_of(entries), handle;
  put_varint(handle, file.size());
  put_varint(handle, block.size());
  block.push_back(0);
  const std::uint32_t crc = crc32c_of(bytes_of(block), block.size());
  file += block;
  put_fixed(file, masked(crc), 4);
  return handle;
}

}  // namespace

ByteView ByteView::part(std::uint64_t from, std::uint64_t length) const {
  if (from > size || length > size - from) fail_file("the file is damaged or cut short: ", length, " bytes at ", from, " are not there.");
  return {data + from, static_cast<std::size_t>(length)};
}
std::uint64_t ByteView::fixed(std::size_t at, int width) const {
  const ByteView bytes = part(at, static_cast<std::uint64_t>(width));
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) value |= static_cast<std::uint64_t>(bytes.data[i]) << (8 * i);
  return value;
}
std::uint64_t ByteView::varint(std::size_t& at) const {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const unsigned char byte = *part(at++, 1).data;
    value |= static_cast<std::uint64_t>(byte & 0x7Fu) << shift;
    if (!(byte & 0x80u)) return value;
  }
  fail_file("the file is damaged: a number has no end.");
}

std::vector<WireField> wire_fields(const ByteView& message) {
  std::vector<WireField> fields;
  for (std::size_t at = 0; at < message.size;) {
    const std::uint64_t tag = message.varint(at);
    WireField field;
    if (tag >> 32) fail_file("the file is damaged: a field has no valid number.");
    field.id = static_cast<std::uint32_t>(tag >> 3);
    field.type = static_cast<int>(tag & 7u);
    switch (field.type) {
      case 0: field.number = message.varint(at); break;
      case 1: case 5: {
        const int width = field.type == 1 ? 8 : 4;
        field.number = message.fixed(at, width);
        at += static_cast<std::size_t>(width);
        break;
      }
      case 2: {
        const std::uint64_t length = message.varint(at);
        field.bytes = message.part(at, length);
        at += static_cast<std::size_t>(length);
        break;
      }
      default: fail_file("the file is damaged: a field of type ", field.type, ".");
    }
    fields.push_back(field);
  }
  return fields;
}

TableEntries read_table(const ByteView& file) {
  if (file.size < footer_size || file.fixed(file.size - 8, 8) != table_magic) fail_file("this is no index of a TensorFlow checkpoint.");
  const ByteView footer = file.part(file.size - footer_size, footer_size);
  std::size_t at = 0;
  handle_at(footer, at);  // of the index of filters
  TableEntries entries;
  std::uint64_t total = 0;
  each_entry(block_at(file, handle_at(footer, at)), [&](const std::string&, const ByteView& place) {
    std::size_t within = 0;
    const Handle handle = handle_at(place, within);
    total += handle.size;
    if (total > file.size) fail_file("the checkpoint's index is damaged: its blocks overlap.");
    each_entry(block_at(file, handle), [&](const std::string& key, const ByteView& value) {
      entries.emplace_back(key, std::string(reinterpret_cast<const char*>(value.data), value.size));
    });
  });
  return entries;
}

std::string write_table(const TableEntries& entries) {
  std::string file;
  const std::string data = append_block(file, entries);
  const std::string filters = append_block(file, {});
  const std::string index = append_block(file, {{entries.empty() ? std::string() : entries.back().first, data}});
  std::string footer = filters + index;
  footer.resize(footer_size - 8, '\0');
  put_fixed(footer, table_magic, 8);
  return file + footer;
}

}  // namespace keratin
