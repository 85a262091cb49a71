#pragma once
#include <cstdint>
#include <string>

namespace keratin {

// The process-wide table of strings: a string tensor holds ids, so that text moves through ops and traces like numbers.
std::int64_t intern(const std::string& text);
const std::string& interned(std::int64_t id);

}  // namespace keratin
