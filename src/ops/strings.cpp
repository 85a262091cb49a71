// Ops of the preprocessing layers: strings (ids of the table in core/strings.h), vocabularies, buckets. None of them has a gradient.
#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "../core/fingerprint.h"
#include "../core/strings.h"
#include "../graph/op.h"

namespace keratin {
namespace {

class Constant : public Op {
 public:
  bool is_differentiable() const override { return false; }
};

std::int64_t integer_at(const Tensor& x, std::int64_t i) { return x.dtype() == DType::int32 ? x.data<std::int32_t>()[i] : x.data<std::int64_t>()[i]; }
bool is_code(DType dtype) { return is_integer(dtype) || dtype == DType::string; }
void need_strings(const TensorType& type, const char* op) {
  if (type.dtype != DType::string) fail_argument(op, ": strings are wanted. Received: ", name_of(type.dtype), ".");
}

// lookup(x, keys, values; otherwise, strict): values[i] where keys[i] == x, `otherwise` (or an error) where no key is. Keys are integers or
// strings.
class Lookup : public Constant {
 public:
  explicit Lookup(const Attributes& a) : otherwise_(a.integer("otherwise", -1)), strict_(a.flag("strict")) {}
  const char* name() const override { return "lookup"; }
  Types infer(const Types& inputs) const override {
    if (!is_code(inputs.at(0).dtype)) fail_argument("lookup: integers or strings are wanted. Received: ", name_of(inputs[0].dtype), ".");
    if ((inputs[0].dtype == DType::string) != (inputs.at(1).dtype == DType::string))
      fail_argument("lookup: the vocabulary is of type ", name_of(inputs[1].dtype), ", the input of type ", name_of(inputs[0].dtype), ".");
    return {{DType::int64, inputs[0].shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    std::unordered_map<std::int64_t, std::int64_t> table;
    table.reserve(static_cast<std::size_t>(inputs[1].size()));
    for (std::int64_t i = 0; i < inputs[1].size(); ++i) table.emplace(integer_at(inputs[1], i), integer_at(inputs[2], i));
    auto* out = outputs[0].data<std::int64_t>();
    for (std::int64_t i = 0; i < inputs[0].size(); ++i) {
      const auto found = table.find(integer_at(inputs[0], i));
      if (strict_ && found == table.end()) {
        const std::int64_t key = integer_at(inputs[0], i);
        fail_argument("with num_oov_indices = 0 all inputs must be in the vocabulary. Received: ",
                      inputs[0].dtype() == DType::string ? "\"" + interned(key) + "\"" : std::to_string(key), ".");
      }
      out[i] = found == table.end() ? otherwise_ : found->second;
    }
  }

 private:
  std::int64_t otherwise_;
  bool strict_;
};
REGISTER_OP("lookup", [](const Attributes& a) { return std::make_shared<Lookup>(a); });

// string_hash(x; buckets, key): FarmHash fingerprint modulo buckets; with two numbers as a key SipHash-2-4.
class StringHash : public Constant {
 public:
  explicit StringHash(const Attributes& a) : buckets_(static_cast<std::uint64_t>(a.integer("buckets"))) {
    for (double k : a.numbers("key")) key_.push_back(static_cast<std::uint64_t>(k));
  }
  const char* name() const override { return "string_hash"; }
  Types infer(const Types& inputs) const override {
    need_strings(inputs.at(0), name());
    return {{DType::int64, inputs[0].shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    auto* out = outputs[0].data<std::int64_t>();
    for (std::int64_t i = 0; i < inputs[0].size(); ++i) {
      const std::string& text = interned(inputs[0].data<std::int64_t>()[i]);
      out[i] = static_cast<std::int64_t>((key_.size() == 2 ? sip_hash24(text, key_[0], key_[1]) : farm_fingerprint64(text)) % buckets_);
    }
  }

 private:
  std::uint64_t buckets_;
  std::vector<std::uint64_t> key_;
};
REGISTER_OP("string_hash", [](const Attributes& a) { return std::make_shared<StringHash>(a); });

// as_string(x) of integers.
class AsString : public Constant {
 public:
  const char* name() const override { return "as_string"; }
  Types infer(const Types& inputs) const override {
    if (!is_integer(inputs.at(0).dtype)) fail_argument("as_string: integers are wanted. Received: ", name_of(inputs[0].dtype), ".");
    return {{DType::string, inputs[0].shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    auto* out = outputs[0].data<std::int64_t>();
    for (std::int64_t i = 0; i < inputs[0].size(); ++i) out[i] = intern(std::to_string(integer_at(inputs[0], i)));
  }
};
REGISTER_OP("as_string", [](const Attributes&) { return std::make_shared<AsString>(); });

// bucketize(x; boundaries): how many boundaries (ascending) are not above x.
class Bucketize : public Constant {
 public:
  explicit Bucketize(const Attributes& a) : boundaries_(a.numbers("boundaries")) {}
  const char* name() const override { return "bucketize"; }
  Types infer(const Types& inputs) const override { return {{DType::int64, inputs.at(0).shape}}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    auto* out = outputs[0].data<std::int64_t>();
    visit_numeric(inputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      // Boundaries are float32 in TensorFlow.
      std::vector<float> boundaries(boundaries_.begin(), boundaries_.end());
      const T* x = inputs[0].data<T>();
      for (std::int64_t i = 0; i < inputs[0].size(); ++i)
        out[i] = std::upper_bound(boundaries.begin(), boundaries.end(), static_cast<float>(x[i])) - boundaries.begin();
    });
  }

 private:
  std::vector<double> boundaries_;
};
REGISTER_OP("bucketize", [](const Attributes& a) { return std::make_shared<Bucketize>(a); });

// bincount(x [, weights]; size, binary, dtype): of each row (last axis) how often every code from 0 to size - 1 occurs. Negative codes
// are left out; with `strict` codes out of range are an error.
class Bincount : public Constant {
 public:
  explicit Bincount(const Attributes& a)
      : size_(a.integer("size")), binary_(a.flag("binary")), strict_(a.flag("strict")), dtype_(a.dtype("dtype", DType::float32)) {}
  const char* name() const override { return "bincount"; }
  Types infer(const Types& inputs) const override {
    if (!is_integer(inputs.at(0).dtype)) fail_argument("bincount: integers are wanted. Received: ", name_of(inputs[0].dtype), ".");
    Shape shape = inputs[0].shape;
    if (shape.rank() < 1) fail_shape("bincount: an input of rank 1 or more is wanted.");
    shape[shape.rank() - 1] = size_;
    return {{dtype_, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::int64_t codes = inputs[0].shape().back(), rows = codes ? inputs[0].size() / codes : outputs[0].size() / size_;
    visit_numeric(dtype_, name(), [&](auto zero) {
      using T = decltype(zero);
      T* out = outputs[0].data<T>();
      std::fill(out, out + outputs[0].size(), T(0));
      for (std::int64_t i = 0; i < rows * codes; ++i) {
        const std::int64_t code = integer_at(inputs[0], i);
        if (code < 0 || code >= size_) {
          if (strict_) fail_argument("input values must be from 0 to num_tokens - 1 = ", size_ - 1, ". Received: ", code, ".");
          continue;
        }
        T& count = out[i / codes * size_ + code];
        const T weight = inputs.size() > 1 ? weight_at<T>(inputs[1], i) : T(1);
        count = binary_ ? T(1) : count + weight;
      }
    });
  }

 private:
  template <class T>
  static T weight_at(const Tensor& weights, std::int64_t i) {
    T value{};
    visit_numeric(weights.dtype(), "bincount", [&](auto zero) { value = static_cast<T>(weights.data<decltype(zero)>()[i]); });
    return value;
  }
  std::int64_t size_;
  bool binary_, strict_;
  DType dtype_;
};
REGISTER_OP("bincount", [](const Attributes& a) { return std::make_shared<Bincount>(a); });

// ---- text
bool is_stripped(unsigned char c) {
  return c != 0 && c < 128 && std::string("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'").find(static_cast<char>(c)) != std::string::npos;
}
bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Neighbouring words joined by spaces: those of the first length, then those of the next.
std::vector<std::string> ngrams_of(const std::vector<std::string>& words, const std::vector<std::int64_t>& lengths) {
  std::vector<std::string> out;
  for (std::int64_t n : lengths) {
    for (std::size_t i = 0; i + static_cast<std::size_t>(n) <= words.size(); ++i) {
      std::string joined = words[i];
      for (std::int64_t k = 1; k < n; ++k) joined += " " + words[i + static_cast<std::size_t>(k)];
      out.push_back(joined);
    }
  }
  return out;
}

// Words, characters or the whole of a text, and their n-grams.
struct Tokenizing {
  bool lower, strip;
  std::string split;
  std::vector<std::int64_t> ngrams;

  explicit Tokenizing(const Attributes& a)
      : lower(a.flag("lower")), strip(a.flag("strip")), split(a.string("split", "whitespace")), ngrams(a.integers("ngrams")) {}

  std::string standardized(const std::string& text) const {
    std::string out;
    out.reserve(text.size());
    for (unsigned char c : text) {
      if (strip && is_stripped(c)) continue;
      out.push_back(static_cast<char>(lower && c >= 'A' && c <= 'Z' ? c + 32 : c));  // ASCII only, as TensorFlow
    }
    return out;
  }

  std::vector<std::string> tokens(const std::string& raw) const {
    const std::string text = lower || strip ? standardized(raw) : raw;
    std::vector<std::string> words;
    if (split == "none") {
      words.push_back(text);
    } else if (split == "character") {
      for (std::size_t i = 0; i < text.size();) {
        std::size_t next = i + 1;
        while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
        words.push_back(text.substr(i, next - i));
        i = next;
      }
    } else {
      for (std::size_t i = 0; i < text.size();) {
        while (i < text.size() && is_space(static_cast<unsigned char>(text[i]))) ++i;
        std::size_t end = i;
        while (end < text.size() && !is_space(static_cast<unsigned char>(text[end]))) ++end;
        if (end > i) words.push_back(text.substr(i, end - i));
        i = end;
      }
    }
    return ngrams.empty() ? words : ngrams_of(words, ngrams);
  }
};

// text_tokens(x; length, …): strings of shape (texts, length), "" beyond a text's end.
class TextTokens : public Constant {
 public:
  explicit TextTokens(const Attributes& a) : tokenizing_(a), length_(a.integer("length", unknown_size)) {}
  const char* name() const override { return "text_tokens"; }
  Types infer(const Types& inputs) const override {
    need_strings(inputs.at(0), name());
    Shape shape = inputs[0].shape;
    shape.append(length_);
    return {{DType::string, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    auto* out = outputs[0].data<std::int64_t>();
    const std::int64_t nothing = intern("");
    for (std::int64_t i = 0; i < inputs[0].size(); ++i) {
      const auto words = tokenizing_.tokens(interned(inputs[0].data<std::int64_t>()[i]));
      for (std::int64_t k = 0; k < length_; ++k)
        out[i * length_ + k] = k < static_cast<std::int64_t>(words.size()) ? intern(words[static_cast<std::size_t>(k)]) : nothing;
    }
  }

 private:
  Tokenizing tokenizing_;
  std::int64_t length_;
};
REGISTER_OP("text_tokens", [](const Attributes& a) { return std::make_shared<TextTokens>(a); });

// text_length(x; …): the number of tokens of each text.
class TextLength : public Constant {
 public:
  explicit TextLength(const Attributes& a) : tokenizing_(a) {}
  const char* name() const override { return "text_length"; }
  Types infer(const Types& inputs) const override {
    need_strings(inputs.at(0), name());
    return {{DType::int32, inputs[0].shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    for (std::int64_t i = 0; i < inputs[0].size(); ++i)
      outputs[0].data<std::int32_t>()[i] = static_cast<std::int32_t>(tokenizing_.tokens(interned(inputs[0].data<std::int64_t>()[i])).size());
  }

 private:
  Tokenizing tokenizing_;
};
REGISTER_OP("text_length", [](const Attributes& a) { return std::make_shared<TextLength>(a); });

// string_ngrams(x; ngrams): the words along the last axis, and their n-grams.
class StringNgrams : public Constant {
 public:
  explicit StringNgrams(const Attributes& a) : ngrams_(a.integers("ngrams")) {}
  const char* name() const override { return "string_ngrams"; }
  Types infer(const Types& inputs) const override {
    need_strings(inputs.at(0), name());
    Shape shape = inputs[0].shape;
    if (shape.rank() < 1) fail_shape("string_ngrams: an input of rank 1 or more is wanted.");
    const std::int64_t words = shape.back();
    if (words == unknown_size) return {{DType::string, shape}};
    shape[shape.rank() - 1] = 0;
    for (std::int64_t n : ngrams_) shape[shape.rank() - 1] += std::max<std::int64_t>(0, words - n + 1);
    return {{DType::string, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const std::int64_t *x = inputs[0].data<std::int64_t>(), length = inputs[0].shape().back();
    auto* out = outputs[0].data<std::int64_t>();
    for (const std::int64_t* row = x; row < x + inputs[0].size(); row += length) {
      std::vector<std::string> words;
      for (std::int64_t i = 0; i < length; ++i) words.push_back(interned(row[i]));
      for (const std::string& joined : ngrams_of(words, ngrams_)) *out++ = intern(joined);
    }
  }

 private:
  std::vector<std::int64_t> ngrams_;
};
REGISTER_OP("string_ngrams", [](const Attributes& a) { return std::make_shared<StringNgrams>(a); });

// text_bag(x, keys, values; size, otherwise, dtype, …): how often each word of the vocabulary occurs in each text; other words count for
// the code `otherwise` (below 0: for none).
class TextBag : public Constant {
 public:
  explicit TextBag(const Attributes& a)
      : tokenizing_(a), size_(a.integer("size")), otherwise_(a.integer("otherwise", -1)), dtype_(a.dtype("dtype", DType::float32)) {}
  const char* name() const override { return "text_bag"; }
  Types infer(const Types& inputs) const override {
    need_strings(inputs.at(0), name());
    Shape shape = inputs[0].shape;
    shape.append(size_);
    return {{dtype_, shape}};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    std::unordered_map<std::string, std::int64_t> table;
    for (std::int64_t i = 0; i < inputs[1].size(); ++i) table.emplace(interned(inputs[1].data<std::int64_t>()[i]), integer_at(inputs[2], i));
    visit_floating(dtype_, name(), [&](auto zero) {
      using T = decltype(zero);
      T* out = outputs[0].data<T>();
      std::fill(out, out + outputs[0].size(), T(0));
      for (std::int64_t i = 0; i < inputs[0].size(); ++i) {
        for (const std::string& word : tokenizing_.tokens(interned(inputs[0].data<std::int64_t>()[i]))) {
          const auto found = table.find(word);
          const std::int64_t code = found == table.end() ? otherwise_ : found->second;
          if (code >= 0) out[i * size_ + code] += T(1);
        }
      }
    });
  }

 private:
  Tokenizing tokenizing_;
  std::int64_t size_, otherwise_;
  DType dtype_;
};
REGISTER_OP("text_bag", [](const Attributes& a) { return std::make_shared<TextBag>(a); });

}  // namespace
}  // namespace keratin
