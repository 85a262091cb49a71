#include "shape.h"

#include <limits>
#include <ostream>

#include "error.h"

namespace keratin {

Shape::Shape(std::initializer_list<std::int64_t> sizes) {
  for (std::int64_t size : sizes) append(size);
}

Shape::Shape(const std::vector<std::int64_t>& sizes) {
  for (std::int64_t size : sizes) append(size);
}

void Shape::append(std::int64_t size) {
  if (rank_ == max_rank) fail_shape("a tensor has at most ", max_rank, " axes.");
  if (size < unknown_size) fail_shape("a size cannot be negative. Received: ", size, ".");
  sizes_[rank_++] = size;
}

void Shape::insert(int axis, std::int64_t size) {
  append(size);
  for (int i = rank_ - 1; i > axis; --i) sizes_[i] = sizes_[i - 1];
  sizes_[axis] = size;
}

void Shape::erase(int axis) {
  for (int i = axis; i + 1 < rank_; ++i) sizes_[i] = sizes_[i + 1];
  sizes_[--rank_] = 0;
}

bool Shape::is_known() const {
  for (int i = 0; i < rank_; ++i)
    if (sizes_[i] == unknown_size) return false;
  return true;
}

std::int64_t Shape::product(int from, int to) const {
  std::int64_t product = 1;
  for (int i = from; i < to; ++i) {
    if (sizes_[i] == unknown_size) fail_internal("the number of elements of shape ", to_string(), " is not known.");
    if (sizes_[i] != 0 && product > std::numeric_limits<std::int64_t>::max() / sizes_[i])
      fail_shape("shape ", to_string(), " has more elements than can be counted.");
    product *= sizes_[i];
  }
  return product;
}

std::int64_t Shape::elements() const { return product(0, rank_); }

bool Shape::operator==(const Shape& other) const {
  if (rank_ != other.rank_) return false;
  for (int i = 0; i < rank_; ++i)
    if (sizes_[i] != other.sizes_[i]) return false;
  return true;
}

std::string Shape::to_string() const {
  std::string out = "(";
  for (int i = 0; i < rank_; ++i) {
    if (i) out += ", ";
    out += sizes_[i] == unknown_size ? "NULL" : std::to_string(sizes_[i]);
  }
  return out + ")";
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.to_string(); }

int normalize_axis(std::int64_t axis, int rank, const char* what) {
  if (axis < -rank || axis >= rank)
    fail_argument(what, ": axis ", axis, " (counted from 0", axis < 0 ? text(")") : text("; ", axis + 1, " counted from 1)"),
                  " is out of range for a tensor of rank ", rank, ".");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Shape broadcast(const Shape& a, const Shape& b, const char* what) {
  const int rank = a.rank() > b.rank() ? a.rank() : b.rank();
  Shape out;
  for (int i = 0; i < rank; ++i) {
    const int from_a = i - (rank - a.rank()), from_b = i - (rank - b.rank());
    const std::int64_t size_a = from_a >= 0 ? a[from_a] : 1, size_b = from_b >= 0 ? b[from_b] : 1;
    if (size_a == 1) out.append(size_b);
    else if (size_b == 1) out.append(size_a);
    else if (size_a == unknown_size) out.append(size_b);
    else if (size_b == unknown_size || size_a == size_b) out.append(size_a);
    else fail_shape(what, ": shapes ", a, " and ", b, " do not fit together.");
  }
  return out;
}

}  // namespace keratin
