#pragma once
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

namespace keratin {

constexpr std::int64_t unknown_size = -1;  // NA in R, None in Keras
constexpr int max_rank = 8;

// Sizes of a row-major array. A size may be unknown while shapes are inferred; values always have known shapes.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> sizes);
  explicit Shape(const std::vector<std::int64_t>& sizes);

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return sizes_[axis]; }
  std::int64_t& operator[](int axis) { return sizes_[axis]; }
  std::int64_t back() const { return sizes_[rank_ - 1]; }
  void append(std::int64_t size);
  void insert(int axis, std::int64_t size);
  void erase(int axis);

  bool is_known() const;          // every size is known
  std::int64_t elements() const;  // product of the sizes; fails if one is unknown or the product overflows
  std::int64_t product(int from, int to) const;  // of sizes from (inclusive) to (exclusive); all known
  std::vector<std::int64_t> sizes() const { return {sizes_, sizes_ + rank_}; }

  bool operator==(const Shape& other) const;
  bool operator!=(const Shape& other) const { return !(*this == other); }
  std::string to_string() const;  // "(NULL, 28, 3)": unknown sizes as R users know them

 private:
  int rank_ = 0;
  std::int64_t sizes_[max_rank] = {};
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

// 0-based axis of a tensor of this rank; negative counts from the end. Fails naming `what`.
int normalize_axis(std::int64_t axis, int rank, const char* what);

// Broadcast of two shapes (numpy's rule; an unknown size against 1 or unknown stays unknown). Fails naming `what`.
Shape broadcast(const Shape& a, const Shape& b, const char* what);

// Are the two sizes possibly equal (an unknown one fits any)?
inline bool sizes_fit(std::int64_t a, std::int64_t b) { return a == unknown_size || b == unknown_size || a == b; }

}  // namespace keratin
