#include "strings.h"

#include <deque>
#include <unordered_map>

#include "error.h"

namespace keratin {
namespace {

struct Table {
  std::unordered_map<std::string, std::int64_t> ids;
  std::deque<std::string> texts;
};
Table& table() {
  static Table* instance = new Table;
  return *instance;
}

}  // namespace

std::int64_t intern(const std::string& text) {
  Table& strings = table();
  auto inserted = strings.ids.emplace(text, static_cast<std::int64_t>(strings.texts.size()));
  if (inserted.second) strings.texts.push_back(text);
  return inserted.first->second;
}

const std::string& interned(std::int64_t id) {
  Table& strings = table();
  if (id < 0 || id >= static_cast<std::int64_t>(strings.texts.size())) fail_internal("a string tensor holds an unknown id.");
  return strings.texts[static_cast<std::size_t>(id)];
}

}  // namespace keratin
