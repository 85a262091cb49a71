#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace keratin {

// `string` elements are 64-bit ids into the process-wide table of strings (core/strings.h).
enum class DType : std::uint8_t { float32, float64, int32, int64, boolean, string };

std::size_t size_of(DType dtype);
const char* name_of(DType dtype);
DType dtype_from_name(const std::string& name);  // accepts Keras's synonyms ("bool", "float", "double", "int")
inline bool is_floating(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }
inline bool is_integer(DType dtype) { return dtype == DType::int32 || dtype == DType::int64; }

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};

// visit_numeric(dtype, "op name", [&](auto zero) { using T = decltype(zero); ... })
[[noreturn]] void fail_dtype(const char* what, DType dtype);

template <class Body>
void visit_numeric(DType dtype, const char* what, Body&& body) {
  switch (dtype) {
    case DType::float32: return body(float{});
    case DType::float64: return body(double{});
    case DType::int32: return body(std::int32_t{});
    case DType::int64: return body(std::int64_t{});
    default: fail_dtype(what, dtype);
  }
}

template <class Body>
void visit_floating(DType dtype, const char* what, Body&& body) {
  switch (dtype) {
    case DType::float32: return body(float{});
    case DType::float64: return body(double{});
    default: fail_dtype(what, dtype);
  }
}

// Any element type, strings as their ids.
template <class Body>
void visit_any(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::float32: return body(float{});
    case DType::float64: return body(double{});
    case DType::int32: return body(std::int32_t{});
    case DType::int64: return body(std::int64_t{});
    case DType::boolean: return body(bool{});
    case DType::string: return body(std::int64_t{});
  }
}

}  // namespace keratin
