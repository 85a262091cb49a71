#include "pickle.h"

#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "error.h"

namespace keratin {
namespace {

using Kind = PickleValue::Kind;

// The pickle machine: a stack of values, marks on it, and a memo. Opcodes as in Python's Lib/pickletools.py, protocols 0 to 4.
class Reader {
 public:
  Reader(const unsigned char* bytes, std::size_t size) : at_(bytes), end_(bytes + size) {}

  PickleValue read() {
    for (;;) {
      const unsigned char op = *take(1);
      switch (op) {
        case 0x80: take(1); break;                       // PROTO
        case 0x95: take(8); break;                       // FRAME
        case '.': return pop();
        case '(': marks_.push_back(stack_.size()); break;
        case '0': pop(); break;
        case '1': stack_.resize(mark()); break;
        case '2': push(top()); break;
        case 'N': push({}); break;
        case 0x88: push(number(Kind::boolean, 1)); break;
        case 0x89: push(number(Kind::boolean, 0)); break;
        case 'J': push(number(Kind::integer, static_cast<std::int32_t>(little(4)))); break;
        case 'K': push(number(Kind::integer, static_cast<double>(little(1)))); break;
        case 'M': push(number(Kind::integer, static_cast<double>(little(2)))); break;
        case 0x8a: push(number(Kind::integer, long_integer(little(1)))); break;
        case 'I': integer_line(); break;
        case 'L': push(number(Kind::integer, std::strtod(line().c_str(), nullptr))); break;
        case 'F': push(number(Kind::real, std::strtod(line().c_str(), nullptr))); break;
        case 'G': push(number(Kind::real, big_double())); break;
        case 'X': push(string(Kind::text, little(4))); break;
        case 0x8c: push(string(Kind::text, little(1))); break;
        case 0x8d: push(string(Kind::text, little(8))); break;
        case 'V': push(string_of(Kind::text, unescaped(line()))); break;
        case 'T': case 'B': push(string(Kind::bytes, little(4))); break;
        case 'U': case 'C': push(string(Kind::bytes, little(1))); break;
        case 0x8e: push(string(Kind::bytes, little(8))); break;
        case 'S': push(quoted(line())); break;
        case ']': push(container(Kind::list)); break;
        case ')': push(container(Kind::tuple)); break;
        case '}': push(container(Kind::dict)); break;
        case 'l': gather(Kind::list, mark()); break;
        case 't': gather(Kind::tuple, mark()); break;
        case 'd': gather(Kind::dict, mark()); break;
        case 0x85: gather(Kind::tuple, below(1)); break;
        case 0x86: gather(Kind::tuple, below(2)); break;
        case 0x87: gather(Kind::tuple, below(3)); break;
        case 'a': append(below(1)); break;
        case 'e': append(mark()); break;
        case 's': append(below(2)); break;
        case 'u': append(mark()); break;
        case 'c': {
          const std::string module = line();
          push(string_of(Kind::global, module + "." + line()));
          break;
        }
        case 0x93: {
          const PickleValue name = pop(), module = pop();
          push(string_of(Kind::global, text_of(module) + "." + text_of(name)));
          break;
        }
        case 'R': case 0x81: reduce(); break;            // REDUCE, NEWOBJ
        case 'b': build(); break;
        case 'q': memo_[little(1)] = top(); break;
        case 'r': memo_[little(4)] = top(); break;
        case 'p': memo_[std::strtoull(line().c_str(), nullptr, 10)] = top(); break;
        case 0x94: { const std::uint64_t next = memo_.size(); memo_[next] = top(); break; }
        case 'h': push(recall(little(1))); break;
        case 'j': push(recall(little(4))); break;
        case 'g': push(recall(std::strtoull(line().c_str(), nullptr, 10))); break;
        default: fail("an operation that is not about data", op);
      }
    }
  }

 private:
  [[noreturn]] static void fail(const char* what, int op = -1) {
    throw Error(ErrorKind::file,
                op < 0 ? text("the Python pickle is damaged: ", what, ".") : text("the Python pickle holds ", what, " (code ", op, ")."));
  }
  const unsigned char* take(std::uint64_t n) {
    if (n > static_cast<std::uint64_t>(end_ - at_)) fail("it ends too early");
    const unsigned char* from = at_;
    at_ += n;
    return from;
  }
  std::uint64_t little(int bytes) {
    const unsigned char* from = take(static_cast<std::uint64_t>(bytes));
    std::uint64_t value = 0;
    for (int i = bytes; i-- > 0;) value = (value << 8) | from[i];
    return value;
  }
  double big_double() {
    const unsigned char* from = take(8);
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = (bits << 8) | from[i];
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }
  double long_integer(std::uint64_t bytes) {  // two's complement, little endian
    const unsigned char* from = take(bytes);
    double value = 0;
    for (std::uint64_t i = bytes; i-- > 0;) value = value * 256 + (i + 1 == bytes && from[i] > 127 ? from[i] - 256.0 : from[i]);
    return value;
  }
  std::string line() {
    const void* found = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
    if (!found) fail("it ends too early");
    std::string out(reinterpret_cast<const char*>(at_), static_cast<const char*>(found));
    at_ = static_cast<const unsigned char*>(found) + 1;
    return out;
  }
  void integer_line() {
    const std::string digits = line();
    if (digits == "00" || digits == "01") push(number(Kind::boolean, digits == "01"));
    else push(number(Kind::integer, std::strtod(digits.c_str(), nullptr)));
  }

  static PickleValue number(Kind kind, double value) { return {kind, value, nullptr}; }
  static PickleValue container(Kind kind) { return {kind, 0, std::make_shared<PickleData>()}; }
  static PickleValue string_of(Kind kind, std::string value) {
    PickleValue out = container(kind);
    out.data->text = std::move(value);
    return out;
  }
  PickleValue string(Kind kind, std::uint64_t size) {
    const unsigned char* from = take(size);
    return string_of(kind, std::string(reinterpret_cast<const char*>(from), size));
  }
  static PickleValue quoted(const std::string& text) {
    return string_of(Kind::bytes, text.size() >= 2 ? text.substr(1, text.size() - 2) : text);
  }

  // Protocol 0 writes text as Latin-1 with backslash-u escapes for the rest.
  static std::string unescaped(const std::string& line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
      unsigned long point = static_cast<unsigned char>(line[i]);
      const std::size_t digits = point == '\\' && i + 1 < line.size() ? (line[i + 1] == 'u' ? 4 : line[i + 1] == 'U' ? 8 : 0) : 0;
      if (digits) {
        point = std::strtoul(line.substr(i + 2, digits).c_str(), nullptr, 16);
        i += digits + 1;
      }
      if (point < 0x80) out.push_back(static_cast<char>(point));
      else if (point < 0x800) out += {static_cast<char>(0xC0 | (point >> 6)), static_cast<char>(0x80 | (point & 0x3F))};
      else if (point < 0x10000)
        out += {static_cast<char>(0xE0 | (point >> 12)), static_cast<char>(0x80 | ((point >> 6) & 0x3F)), static_cast<char>(0x80 | (point & 0x3F))};
      else
        out += {static_cast<char>(0xF0 | ((point >> 18) & 7)), static_cast<char>(0x80 | ((point >> 12) & 0x3F)),
                static_cast<char>(0x80 | ((point >> 6) & 0x3F)), static_cast<char>(0x80 | (point & 0x3F))};
    }
    return out;
  }

  void push(PickleValue value) { stack_.push_back(std::move(value)); }
  PickleValue& top() {
    if (stack_.empty()) fail("nothing on the stack");
    return stack_.back();
  }
  PickleValue pop() {
    PickleValue value = std::move(top());
    stack_.pop_back();
    return value;
  }
  std::size_t below(std::size_t n) {
    if (stack_.size() < n) fail("too little on the stack");
    return stack_.size() - n;
  }
  std::size_t mark() {
    if (marks_.empty()) fail("no mark");
    const std::size_t position = marks_.back();
    marks_.pop_back();
    if (position > stack_.size()) fail("a mark above the stack");
    return position;
  }
  const PickleValue& recall(std::uint64_t key) {
    auto found = memo_.find(key);
    if (found == memo_.end()) fail("an unknown reference");
    return found->second;
  }

  // The values from `first` up become one container.
  void gather(Kind kind, std::size_t first) {
    PickleValue out = container(kind);
    add(out, first);
    push(std::move(out));
  }
  void append(std::size_t first) {
    if (first == 0) fail("nothing to append to");
    PickleValue target = stack_[first - 1];
    if (target.kind == Kind::object) fail("an object with items");
    if (!target.data) fail("a list that is none");
    add(target, first);
  }
  void add(PickleValue& target, std::size_t first) {
    PickleData& data = *target.data;
    bool whole = target.kind == Kind::list && data.items.empty();
    for (std::size_t i = first; whole && i < stack_.size(); ++i) whole = stack_[i].kind == Kind::integer;
    if (whole) {
      for (std::size_t i = first; i < stack_.size(); ++i) data.integers.push_back(stack_[i].number);
    } else {
      for (double value : data.integers) data.items.push_back(number(Kind::integer, value));
      data.integers.clear();
      for (std::size_t i = first; i < stack_.size(); ++i) data.items.push_back(std::move(stack_[i]));
    }
    stack_.resize(first);
  }
  static std::string text_of(const PickleValue& value) {
    if (!value.data) fail("a name that is no text");
    return value.data->text;
  }
  void reduce() {
    const PickleValue arguments = pop(), constructor = pop();
    if (constructor.kind == Kind::global && constructor.data->text == "_codecs.encode") {
      push(latin1_bytes(arguments));
      return;
    }
    PickleValue out = container(Kind::object);
    out.data->items = {constructor, arguments, PickleValue()};
    push(std::move(out));
  }
  // Protocol 2 writes bytes as text of the same code points.
  static PickleValue latin1_bytes(const PickleValue& arguments) {
    if (!arguments.data || arguments.data->items.empty()) fail("encoded bytes without text");
    const std::string& utf8 = text_of(arguments.data->items[0]);
    std::string bytes;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
      const unsigned char c = static_cast<unsigned char>(utf8[i]);
      if (c < 0x80) bytes.push_back(static_cast<char>(c));
      else if ((c == 0xC2 || c == 0xC3) && i + 1 < utf8.size())
        bytes.push_back(static_cast<char>(((c & 3) << 6) | (static_cast<unsigned char>(utf8[++i]) & 0x3F)));
      else fail("encoded bytes that are none");
    }
    return string_of(Kind::bytes, bytes);
  }
  void build() {
    PickleValue state = pop();
    PickleValue& object = top();
    if (object.kind != Kind::object) fail("a state for something that is no object");
    object.data->items[2] = std::move(state);
  }

  const unsigned char* at_;
  const unsigned char* end_;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleValue> memo_;
};

}  // namespace

PickleValue read_pickle(const unsigned char* bytes, std::size_t size) { return Reader(bytes, size).read(); }

}  // namespace keratin
