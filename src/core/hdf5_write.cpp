// The HDF5 File Format Specification, version 1.1: superblock 0, groups with symbol tables, object headers of version 1, arrays in one
// piece, texts in global heaps. The file is: superblock, texts, and then each group with what is in it, tables first, in the order of the
// pieces. Who reads the objects in that order goes forwards: Python reads files inside of archives so, and begins anew to go back.
#include "hdf5_write.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "error.h"

namespace keratin {
namespace {

constexpr std::uint64_t undefined = ~std::uint64_t{0};
constexpr std::size_t superblock_size = 96, leaf_entries = 8, node_children = 32, heap_size = 4096, entry_size = 40;

std::uint64_t up_to_8(std::uint64_t n) { return (n + 7) / 8 * 8; }

struct Bytes {
  std::string data;
  Bytes& number(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) data.push_back(static_cast<char>((value >> (8 * i)) & 0xFFu));
    return *this;
  }
  Bytes& text(const std::string& value) { data += value; return *this; }
  Bytes& zeros(std::size_t count) { data.append(count, '\0'); return *this; }
  Bytes& fill_to_8() { return zeros(static_cast<std::size_t>(up_to_8(data.size()) - data.size())); }
};

// Where a group's members are, which symbol table entries repeat.
struct Place {
  std::uint64_t header = 0, tree = 0, heap = 0;
  bool is_group = false;
};

struct Node {
  const Hdf5Piece* piece = nullptr;
  std::map<std::string, Node> members;   // in the order of their bytes, which is that of symbol tables
  std::vector<Node*> in_order;           // in the order in which they came
  std::uint64_t data = undefined;
  Place place;
};

// A text in a global heap.
struct HeapItem {
  std::uint64_t address = 0, index = 0;
};

struct NumberType {
  int size;
  std::string encoded;
};

NumberType number_type(const std::string& dtype) {
  const bool real = dtype == "float32" || dtype == "float64";
  const int size = dtype == "float64" || dtype == "int64" ? 8 : dtype == "float32" || dtype == "int32" ? 4 : dtype == "int8" ? 1 : 0;
  if (size == 0) throw Error(ErrorKind::file, "arrays of dtype " + dtype + " are not written to HDF5 files.");
  const std::uint64_t bits = 8 * static_cast<std::uint64_t>(size);
  Bytes type;
  if (real) {
    const bool wide = size == 8;
    type.number(0x11, 1).number(0x20, 1).number(bits - 1, 1).number(0, 1).number(bits / 8, 4).number(0, 2).number(bits, 2);
    type.number(wide ? 52 : 23, 1).number(wide ? 11 : 8, 1).number(0, 1).number(wide ? 52 : 23, 1).number(wide ? 1023 : 127, 4);
  } else type.number(0x10, 1).number(0x08, 3).number(bits / 8, 4).number(0, 2).number(bits, 2);
  return {size, type.data};
}

// Text of any length, UTF-8; it lies in a global heap.
std::string text_type() {
  return Bytes().number(0x19, 1).number(0x01, 1).number(0x01, 1).number(0, 1).number(16, 4)
      .number(0x10, 1).number(0, 3).number(1, 4).number(0, 2).number(8, 2).data;
}

std::string data_space(bool scalar, const std::vector<std::int64_t>& sizes) {
  Bytes space;
  space.number(1, 1).number(scalar ? 0 : sizes.size(), 1).number(0, 6);
  if (!scalar) for (const std::int64_t size : sizes) space.number(static_cast<std::uint64_t>(size), 8);
  return space.data;
}

std::string message(int type, const std::string& body) {
  Bytes out;
  out.number(static_cast<std::uint64_t>(type), 2).number(up_to_8(body.size()), 2).number(0, 4).text(body).fill_to_8();
  return out.data;
}

class Writer {
 public:
  Writer(const std::string& path, const std::vector<Hdf5Piece>& pieces) : file_(std::fopen(path.c_str(), "wb"), std::fclose) {
    if (!file_) throw Error(ErrorKind::file, "it cannot be opened.");
    for (const Hdf5Piece& piece : pieces) add(piece);
  }

  // Tables come before what they lead to, so a first pass only counts, and the second one knows every address.
  void run() {
    std::uint64_t end = 0;
    for (const bool counting : {true, false}) {
      counting_ = counting;
      at_ = 0;
      put(superblock(root_.place, end));
      write_texts();
      write(root_);
      align();
      end = at_;
    }
    if (std::fflush(file_.get()) != 0) fail();
    if (std::fclose(file_.release()) != 0) fail();
  }

 private:
  [[noreturn]] void fail() { throw Error(ErrorKind::file, "the disk is full, or does not take the file."); }

  void add(const Hdf5Piece& piece) {
    Node* node = &root_;
    std::size_t from = 0;
    while (from < piece.path.size()) {
      const std::size_t slash = std::min(piece.path.find('/', from), piece.path.size());
      if (node->piece && !node->piece->dtype.empty()) throw Error(ErrorKind::file, "\"" + piece.path + "\" lies below an array.");
      if (slash > from) {
        const auto member = node->members.try_emplace(piece.path.substr(from, slash - from));
        if (member.second) node->in_order.push_back(&member.first->second);
        node = &member.first->second;
      }
      from = slash + 1;
    }
    if (node->piece || (!piece.dtype.empty() && !node->members.empty())) throw Error(ErrorKind::file, "\"" + piece.path + "\" is twice in the file.");
    node->piece = &piece;
    pieces_.push_back(&piece);
  }

  void put(const void* bytes, std::size_t count) {
    if (!counting_ && count && std::fwrite(bytes, 1, count, file_.get()) != count) fail();
    at_ += count;
  }
  void put(const std::string& bytes) { put(bytes.data(), bytes.size()); }

  void align() { put(std::string(static_cast<std::size_t>(up_to_8(at_) - at_), '\0')); }

  // Texts in global heaps, each of which is closed once it has the usual size. An empty text is nowhere.
  void write_texts() {
    Bytes heap;
    std::vector<HeapItem*> waiting;
    const auto end_heap = [&] {
      const std::size_t used = 16 + heap.data.size(), size = std::max(used, heap_size), left = size - used;
      for (HeapItem* item : waiting) item->address = at_;
      if (left >= 16) heap.number(0, 8).number(left, 8).zeros(left - 16);   // the rest is free
      else heap.zeros(left);
      put(Bytes().text("GCOL").number(1, 4).number(size, 8).text(heap.data).data);
      heap.data.clear();
      waiting.clear();
    };
    for (const Hdf5Piece* piece : pieces_) for (const Hdf5Text& text : piece->texts) {
      std::vector<HeapItem>& items = in_heap_[&text];
      items.resize(text.values.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string& value = text.values[i];
        if (value.empty()) continue;
        waiting.push_back(&items[i]);
        items[i].index = waiting.size();
        heap.number(waiting.size(), 2).number(0, 6).number(value.size(), 8).text(value).fill_to_8();
        if (16 + heap.data.size() + 64 > heap_size) end_heap();
      }
    }
    if (!waiting.empty()) end_heap();
  }

  // The address of what is written.
  std::uint64_t append(const std::string& bytes) {
    align();
    const std::uint64_t address = at_;
    put(bytes);
    return address;
  }

  void write(Node& node) {
    std::string messages;
    std::size_t count = 0;
    const auto has = [&](const std::string& one) { messages += one; ++count; };
    const bool is_array = node.piece && !node.piece->dtype.empty();
    std::uint64_t bytes = 0;
    if (is_array) {
      const NumberType type = number_type(node.piece->dtype);
      bytes = static_cast<std::uint64_t>(type.size);
      for (const std::int64_t size : node.piece->sizes) bytes *= static_cast<std::uint64_t>(size);
      has(message(0x01, data_space(node.piece->sizes.empty(), node.piece->sizes)));
      has(message(0x03, type.encoded));
      has(message(0x05, Bytes().number(2, 1).number(2, 1).number(2, 1).number(1, 1).number(0, 4).data));   // no value to fill with
      has(message(0x08, Bytes().number(3, 1).number(1, 1).number(node.data, 8).number(bytes, 8).data));
    } else {
      write_group(node);
      has(message(0x11, Bytes().number(node.place.tree, 8).number(node.place.heap, 8).data));
    }
    if (node.piece) for (const Hdf5Text& text : node.piece->texts) has(attribute(text));
    if (count > 0xFFFF) throw Error(ErrorKind::file, "an object has too many attributes for an HDF5 file.");
    node.place.header = append(Bytes().number(1, 2).number(count, 2).number(1, 4).number(messages.size(), 4).number(0, 4).text(messages).data);
    if (is_array && bytes) {
      align();
      node.data = at_;
      put(node.piece->data, static_cast<std::size_t>(bytes));
    }
    for (Node* member : node.in_order) write(*member);
  }

  // Names in a local heap, entries in leaves of eight, leaves in a tree.
  void write_group(Node& node) {
    Place& place = node.place;
    place.is_group = true;
    Bytes names;
    names.zeros(8);
    struct Child {
      std::uint64_t address, last;   // the last name in it, by its place in the heap
    };
    std::vector<Child> children;
    Bytes leaf;
    std::size_t in_leaf = 0;
    std::uint64_t name_at = 0;
    const auto end_leaf = [&] {
      Bytes whole;
      whole.text("SNOD").number(1, 2).number(in_leaf, 2).text(leaf.data).zeros((leaf_entries - in_leaf) * entry_size);
      children.push_back({append(whole.data), name_at});
      leaf.data.clear();
      in_leaf = 0;
    };
    for (const auto& member : node.members) {
      name_at = names.data.size();
      names.text(member.first).zeros(1).fill_to_8();
      leaf.text(entry(name_at, member.second.place));
      if (++in_leaf == leaf_entries) end_leaf();
    }
    if (in_leaf) end_leaf();
    std::uint64_t level = 0;
    do {
      std::vector<Child> above;
      std::uint64_t before = 0;
      for (std::size_t first = 0; first < std::max<std::size_t>(children.size(), 1); first += node_children) {
        const std::size_t here = std::min(node_children, children.size() - first);
        Bytes tree;
        tree.text("TREE").number(0, 1).number(level, 1).number(here, 2).number(undefined, 8).number(undefined, 8).number(before, 8);
        for (std::size_t i = first; i < first + here; ++i) {
          tree.number(children[i].address, 8).number(children[i].last, 8);
          before = children[i].last;
        }
        tree.zeros((node_children - here) * 16);
        above.push_back({append(tree.data), before});
      }
      children = above;
      ++level;
    } while (children.size() > 1);
    place.tree = children.front().address;
    const std::uint64_t heap_data = append(names.data);
    place.heap = append(Bytes().text("HEAP").number(0, 4).number(names.data.size(), 8).number(1, 8).number(heap_data, 8).data);  // 1: nothing is free
  }

  static std::string entry(std::uint64_t name, const Place& place) {
    Bytes out;
    out.number(name, 8).number(place.header, 8).number(place.is_group ? 1 : 0, 4).number(0, 4)
        .number(place.is_group ? place.tree : 0, 8).number(place.is_group ? place.heap : 0, 8);
    return out.data;
  }

  std::string attribute(const Hdf5Text& text) {
    const bool none = text.values.empty() && !text.scalar;
    const std::string type = none ? number_type("float64").encoded : text_type();
    const std::string space = data_space(text.scalar, {static_cast<std::int64_t>(text.values.size())});
    Bytes out;
    out.number(1, 2).number(text.name.size() + 1, 2).number(type.size(), 2).number(space.size(), 2).text(text.name).zeros(1).fill_to_8();
    out.text(type).fill_to_8().text(space).fill_to_8();
    const std::vector<HeapItem>& items = in_heap_[&text];
    for (std::size_t i = 0; i < items.size(); ++i) out.number(text.values[i].size(), 4).number(items[i].address, 8).number(items[i].index, 4);
    if (up_to_8(out.data.size()) > 0xFFFF) throw Error(ErrorKind::file, "the attribute \"" + text.name + "\" is too long for an HDF5 file.");
    return message(0x0C, out.data);
  }

  static std::string superblock(const Place& root, std::uint64_t end) {
    Bytes out;
    out.text("\x89HDF\r\n\x1a\n").number(0, 5).number(8, 1).number(8, 1).number(0, 1)
        .number(leaf_entries / 2, 2).number(node_children / 2, 2).number(0, 4);
    out.number(0, 8).number(undefined, 8).number(end, 8).number(undefined, 8).text(entry(0, root));
    return out.data;
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  Node root_;
  std::vector<const Hdf5Piece*> pieces_;
  std::map<const Hdf5Text*, std::vector<HeapItem>> in_heap_;
  std::uint64_t at_ = 0;
  bool counting_ = true;
};

}  // namespace

void write_hdf5(const std::string& path, const std::vector<Hdf5Piece>& pieces) { Writer(path, pieces).run(); }

}  // namespace keratin
