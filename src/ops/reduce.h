#pragma once
#include <cstdint>
#include <vector>

#include "functions.h"

namespace keratin {

constexpr std::int64_t reduce_grain = 32768;  // elements in one parallel part
constexpr std::int64_t short_row = 128, turned_rows = 64;  // rows up to so long are turned into columns, so many at a time

// The shape as runs of kept and reduced axes; each reduced run is one pass, the last run first (it shrinks the most memory).
struct Runs {
  std::vector<std::int64_t> sizes;
  std::vector<bool> reduced;
};
Runs runs_of(const Shape& shape, const std::vector<bool>& reduced);

// Of y, the largest or smallest of x over the axes that are `reduced`: the upstream where x = y, of which ties have equal shares; zero elsewhere.
Value extreme_gradient(const Value& x, const Value& y, const Value& upstream, const std::vector<bool>& reduced);

}  // namespace keratin
