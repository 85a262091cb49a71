#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace keratin {

struct PickleData;

// A value out of a Python pickle. Only data is read: a class or function that the pickle names stays a name, nothing is ever called.
struct PickleValue {
  enum class Kind : std::uint8_t { none, boolean, integer, real, bytes, text, list, tuple, dict, global, object };
  Kind kind = Kind::none;
  double number = 0;
  std::shared_ptr<PickleData> data;
};

struct PickleData {
  std::string text;                 // bytes, text; "module.name" of a global
  std::vector<double> integers;     // the items of a list of whole numbers, kept without a value each
  std::vector<PickleValue> items;   // list, tuple; key, value, key, value … of a dict; constructor, arguments, state of an object
};

PickleValue read_pickle(const unsigned char* bytes, std::size_t size);

}  // namespace keratin
