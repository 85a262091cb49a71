#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace keratin {

// What R's condition classes are made of: `keratin_error_<kind>`.
enum class ErrorKind { shape, argument, file, interrupted, memory, internal, value };

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

const char* name_of(ErrorKind kind);

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (void)std::initializer_list<int>{(out << parts, 0)...};
  return out.str();
}

// fail_shape("a and b differ: ", a, " and ", b)
template <class... Parts>
[[noreturn]] void fail_shape(const Parts&... parts) {
  throw Error(ErrorKind::shape, text(parts...));
}
template <class... Parts>
[[noreturn]] void fail_argument(const Parts&... parts) {
  throw Error(ErrorKind::argument, text(parts...));
}
template <class... Parts>
[[noreturn]] void fail_internal(const Parts&... parts) {
  throw Error(ErrorKind::internal, text(parts...));
}

}  // namespace keratin
