#include "hdf5.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>

#include "error.h"
#include "wire.h"

namespace keratin {
namespace {

// Thrown where the whole file is of another kind. What is damaged throws Error: it must not reach the library, which may not survive it.
struct NotPlain {};
[[noreturn]] void fail_damaged() { throw Error(ErrorKind::file, "the HDF5 file is damaged or cut short."); }

constexpr std::uint64_t undefined = ~std::uint64_t{0};
constexpr std::size_t most_objects = 200000, most_text = std::size_t{256} << 20;

class File {
 public:
  explicit File(const std::string& path) : file_(std::fopen(path.c_str(), "rb"), std::fclose) {
    if (!file_ || std::fseek(file_.get(), 0, SEEK_END) != 0) throw NotPlain();
#ifdef _WIN32
    size_ = static_cast<std::uint64_t>(_ftelli64(file_.get()));
#else
    size_ = static_cast<std::uint64_t>(ftello(file_.get()));
#endif
  }
  std::uint64_t size() const { return size_; }
  std::vector<unsigned char> bytes(std::uint64_t offset, std::uint64_t length) {
    if (offset > size_ || length > size_ - offset || length > most_text) fail_damaged();
    std::vector<unsigned char> out(static_cast<std::size_t>(length));
#ifdef _WIN32
    const bool moved = _fseeki64(file_.get(), static_cast<std::int64_t>(offset), SEEK_SET) == 0;
#else
    const bool moved = fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) == 0;
#endif
    if (!moved || std::fread(out.data(), 1, out.size(), file_.get()) != out.size()) fail_damaged();
    return out;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::uint64_t size_ = 0;
};

ByteView view(const std::vector<unsigned char>& bytes) { return {bytes.data(), bytes.size()}; }
void expect(bool condition) {
  if (!condition) fail_damaged();
}
bool starts_with(const std::vector<unsigned char>& bytes, const char* mark) { return bytes.size() >= 4 && std::memcmp(bytes.data(), mark, 4) == 0; }
std::size_t up_to_8(std::size_t n) { return (n + 7) / 8 * 8; }

struct Message {
  std::uint64_t type;
  std::vector<unsigned char> data;
};

// A type: numbers by name, text of fixed length or in the heap.
struct Type {
  std::string number;
  bool other = false;   // numbers that the library converts: shorter, unsigned, big-endian, logical
  bool heap_text = false, fixed_text = false;
  std::size_t size = 0;
};

Type type_of(const ByteView& m) {
  Type type;
  const unsigned kind = static_cast<unsigned>(m.fixed(0, 1) & 0x0Fu);
  const std::uint64_t bits = m.fixed(1, 3);
  type.size = static_cast<std::size_t>(m.fixed(4, 4));
  const bool usual_size = type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
  if (kind == 0) {   // all bits are used
    expect(usual_size && m.fixed(8, 2) == 0 && m.fixed(10, 2) == 8 * type.size && (bits & ~0x9u) == 0);
    type.other = (bits & 1u) || !(bits & 8u) || type.size < 4;
    if (!type.other) type.number = type.size == 4 ? "int32" : "int64";
  } else if (kind == 8) {
    expect(type.size == 1);
    type.other = true;
  } else if (kind == 1 && (bits & 0x41u) != 0) {
    expect(usual_size && (bits & 0x41u) == 1);
    type.other = true;
  } else if (kind == 1) {   // IEEE: places of sign, exponent and mantissa
    const std::uint64_t sign = bits >> 8 & 0xFFu;
    const bool single = type.size == 4 && sign == 31 && m.fixed(8, 8) == 0x1700'0817'0020'0000u && m.fixed(16, 4) == 127;
    const bool twice = type.size == 8 && sign == 63 && m.fixed(8, 8) == 0x3400'0b34'0040'0000u && m.fixed(16, 4) == 1023;
    if (single) type.number = "float32";
    if (twice) type.number = "float64";
    expect(single || twice || type.size == 2);
    type.other = type.size == 2;
  } else if (kind == 3) {
    type.fixed_text = true;
  } else if (kind == 9 && (bits & 0x0Fu) == 1) {
    type.heap_text = type.size == 16;
  }
  return type;
}

std::vector<std::int64_t> sizes_of(const ByteView& m) {
  const std::uint64_t version = m.fixed(0, 1), rank = m.fixed(1, 1);
  expect((version == 1 || version == 2) && rank <= 32);
  const bool null_space = version == 2 && m.fixed(3, 1) == 2;
  expect(!null_space);
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::uint64_t size = m.fixed((version == 1 ? 8 : 4) + 8 * i, 8);
    expect(size < (std::uint64_t{1} << 48));
    sizes.push_back(static_cast<std::int64_t>(size));
  }
  return sizes;
}

class Reader {
 public:
  Reader(const std::string& path, std::vector<Hdf5Object>& objects) : file_(path), objects_(objects) {
    const auto head = file_.bytes(0, 96);
    static const unsigned char mark[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    const ByteView v = view(head);
    expect(std::memcmp(head.data(), mark, 8) == 0);
    if (head[8] != 0) throw NotPlain();
    expect(head[13] == 8 && head[14] == 8 && v.fixed(24, 8) == 0);
    expect(v.fixed(40, 8) <= file_.size());
    object("", v.fixed(64, 8), 0);
  }
  bool plain() const { return plain_; }

 private:
  std::vector<Message> messages(std::uint64_t address) {
    const auto head = file_.bytes(address, 16);
    expect(head[0] == 1);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> blocks = {{address + 16, view(head).fixed(8, 4)}};
    const std::uint64_t count = view(head).fixed(2, 2);
    std::vector<Message> out;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      expect(blocks.size() < 1000);
      const auto block = file_.bytes(blocks[b].first, blocks[b].second);
      const ByteView v = view(block);
      for (std::size_t at = 0; at + 8 <= v.size && out.size() < count;) {
        const std::uint64_t type = v.fixed(at, 2), size = v.fixed(at + 2, 2), flags = v.fixed(at + 4, 1);
        const ByteView data = v.part(at + 8, size);
        expect(!(flags & 2u));   // kept elsewhere: nobody writes models so
        if (type == 0x10) blocks.emplace_back(data.fixed(0, 8), data.fixed(8, 8));
        out.push_back({type, std::vector<unsigned char>(data.data, data.data + data.size)});
        at += 8 + static_cast<std::size_t>(size);
      }
    }
    return out;
  }

  void object(const std::string& path, std::uint64_t address, int depth) {
    expect(depth < 64 && objects_.size() < most_objects);
    const std::size_t at = objects_.size();
    objects_.emplace_back();
    Hdf5Object found;
    found.path = path;
    bool has_type = false, has_space = false, has_layout = false, is_group = false, other = false;
    std::uint64_t stored = 0, tree = 0, heap = 0;
    Type type;
    for (const Message& message : messages(address)) {
      const ByteView m = view(message.data);
      switch (message.type) {
        case 0x01: found.sizes = sizes_of(m); has_space = true; break;
        case 0x03: type = type_of(m); has_type = true; break;
        case 0x08: {
          expect(m.fixed(0, 1) == 3 && (m.fixed(1, 1) == 1 || m.fixed(1, 1) == 2));
          has_layout = true;
          const std::uint64_t place = m.fixed(2, 8);
          if (m.fixed(1, 1) == 2 || place == undefined) { other = true; break; }   // in chunks, or nothing stored
          stored = m.fixed(10, 8);
          expect(place <= file_.size());
          found.offset = static_cast<std::int64_t>(place);
          break;
        }
        case 0x0C: attribute(m, found); break;
        case 0x11: tree = m.fixed(0, 8); heap = m.fixed(8, 8); is_group = true; break;
        case 0x00: case 0x04: case 0x05: case 0x0D: case 0x0E: case 0x10: case 0x12: break;   // nothing, fill values, comments, times, continuation
        case 0x02: case 0x06: case 0x07: case 0x0A: case 0x0B: case 0x15: other = true; break;   // groups of a newer kind, other files, filters
        default: fail_damaged();
      }
    }
    if (other || (has_layout && type.other)) plain_ = false;
    expect(!(is_group && has_layout) && (is_group || has_layout || !plain_));
    if (has_layout && plain_) {
      expect(has_type && has_space);
      found.is_dataset = true;
      found.dtype = type.number;
      double bytes = static_cast<double>(type.size);
      for (const std::int64_t size : found.sizes) bytes *= static_cast<double>(size);
      if (type.fixed_text || type.heap_text) plain_ = false;
      else
        expect(!found.dtype.empty() && static_cast<double>(stored) == bytes &&
               static_cast<double>(found.offset) + bytes <= static_cast<double>(file_.size()));
    }
    objects_[at] = found;
    if (is_group) group(path, tree, heap, depth);
  }

  void group(const std::string& path, std::uint64_t tree, std::uint64_t heap, int depth) {
    const auto head = file_.bytes(heap, 32);
    expect(starts_with(head, "HEAP"));
    const auto names = file_.bytes(view(head).fixed(24, 8), view(head).fixed(8, 8));
    tree_node(path, tree, names, depth, 0);
  }

  void tree_node(const std::string& path, std::uint64_t address, const std::vector<unsigned char>& names, int depth, int level) {
    expect(level < 16 && ++nodes_ < most_objects);
    const auto head = file_.bytes(address, 24);
    expect(starts_with(head, "TREE") && head[4] == 0);
    const std::uint64_t entries = view(head).fixed(6, 2);
    const auto body = file_.bytes(address + 24, 8 + 16 * entries);
    for (std::size_t i = 0; i < entries; ++i) {
      const std::uint64_t child = view(body).fixed(8 + 16 * i, 8);
      if (head[5] > 0) tree_node(path, child, names, depth, level + 1);
      else symbols(path, child, names, depth);
    }
  }

  void symbols(const std::string& path, std::uint64_t address, const std::vector<unsigned char>& names, int depth) {
    const auto head = file_.bytes(address, 8);
    expect(starts_with(head, "SNOD"));
    const std::uint64_t count = view(head).fixed(6, 2);
    const auto body = file_.bytes(address + 8, 40 * count);
    for (std::size_t i = 0; i < count; ++i) {
      const ByteView entry = view(body).part(40 * i, 40);
      if (entry.fixed(16, 4) == 2) { plain_ = false; continue; }   // a soft link
      const std::uint64_t start = entry.fixed(0, 8);
      expect(start < names.size());
      const void* end = std::memchr(names.data() + start, 0, names.size() - static_cast<std::size_t>(start));
      expect(end != nullptr);
      const std::string name(reinterpret_cast<const char*>(names.data() + start));
      expect(!name.empty() && name.find('/') == std::string::npos && name != "." && name != "..");
      object(path.empty() ? name : path + "/" + name, entry.fixed(8, 8), depth + 1);
    }
  }

  void attribute(const ByteView& m, Hdf5Object& owner) {
    const std::uint64_t version = m.fixed(0, 1);
    expect(version == 1 || version == 3);
    expect(version == 1 || m.fixed(1, 1) == 0);
    const std::size_t sizes[3] = {static_cast<std::size_t>(m.fixed(2, 2)), static_cast<std::size_t>(m.fixed(4, 2)),
                                  static_cast<std::size_t>(m.fixed(6, 2))};
    std::size_t at = version == 1 ? 8 : 9;
    ByteView parts[3];
    for (int i = 0; i < 3; ++i) {
      parts[i] = m.part(at, sizes[i]);
      at += version == 1 ? up_to_8(sizes[i]) : sizes[i];
    }
    const std::string name = text_in(parts[0]);
    const Type type = type_of(parts[1]);
    std::uint64_t count = 1;
    for (const std::int64_t size : sizes_of(parts[2])) {
      expect(size < 1000000);
      count *= static_cast<std::uint64_t>(size);
      expect(count < 1000000);
    }
    std::vector<std::string> values;
    if (count > 0) {
      if (!type.heap_text && !type.fixed_text) return;   // numbers, which Keras does not leave
      for (std::size_t i = 0; i < count; ++i) {
        const ByteView value = m.part(at + i * type.size, type.size);
        values.push_back(type.fixed_text ? text_in(value) : heap_text(value));
      }
    }
    owner.texts.emplace_back(name, values);
  }

  static std::string text_in(const ByteView& v) {
    const void* end = v.size ? std::memchr(v.data, 0, v.size) : nullptr;
    const std::size_t length = end ? static_cast<std::size_t>(static_cast<const unsigned char*>(end) - v.data) : v.size;
    return std::string(reinterpret_cast<const char*>(v.data), length);
  }

  // length, where its collection lies, number in it
  std::string heap_text(const ByteView& reference) {
    const std::uint64_t length = reference.fixed(0, 4), address = reference.fixed(4, 8), index = reference.fixed(12, 4);
    if (length == 0) return std::string();
    auto found = heaps_.find(address);
    if (found == heaps_.end()) {
      const auto head = file_.bytes(address, 16);
      expect(starts_with(head, "GCOL") && heaps_.size() < 10000);
      const std::uint64_t size = view(head).fixed(8, 8);
      expect((heap_bytes_ += size) < most_text);
      found = heaps_.emplace(address, file_.bytes(address, size)).first;
    }
    const ByteView heap = view(found->second);
    for (std::size_t at = 16; at + 16 <= heap.size;) {
      const std::uint64_t number = heap.fixed(at, 2), size = heap.fixed(at + 8, 8);
      expect(number != 0 && size <= heap.size - at - 16);   // 0: free space from here on
      if (number == index) {
        expect(length <= size && (text_bytes_ += length) < most_text);
        return text_in(heap.part(at + 16, length));
      }
      at += 16 + up_to_8(static_cast<std::size_t>(size));
    }
    fail_damaged();   // no such number
  }

  File file_;
  std::vector<Hdf5Object>& objects_;
  bool plain_ = true;
  std::map<std::uint64_t, std::vector<unsigned char>> heaps_;
  std::uint64_t heap_bytes_ = 0, text_bytes_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

bool hdf5_index(const std::string& path, std::vector<Hdf5Object>& objects) {
  bool plain = false;
  try {
    plain = Reader(path, objects).plain();
  } catch (const NotPlain&) {
  }
  if (!plain) objects.clear();
  return plain;
}

}  // namespace keratin
