#include "dtype.h"

#include "error.h"

namespace keratin {

const char* name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::shape: return "shape";
    case ErrorKind::argument: return "argument";
    case ErrorKind::file: return "file";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::memory: return "memory";
    case ErrorKind::internal: return "internal";
    case ErrorKind::value: return "value";
  }
  return "internal";
}

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::int32: return 4;
    case DType::boolean: return 1;
    default: return 8;
  }
}

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::float32: return "float32";
    case DType::float64: return "float64";
    case DType::int32: return "int32";
    case DType::int64: return "int64";
    case DType::boolean: return "bool";
    case DType::string: return "string";
  }
  return "?";
}

DType dtype_from_name(const std::string& name) {
  if (name == "float32" || name == "float") return DType::float32;
  if (name == "float64" || name == "double") return DType::float64;
  if (name == "int32" || name == "int") return DType::int32;
  if (name == "int64") return DType::int64;
  if (name == "bool" || name == "boolean") return DType::boolean;
  if (name == "string") return DType::string;
  fail_argument("`dtype` must be one of \"float32\", \"float64\", \"int32\", \"int64\", \"bool\", \"string\". Received: \"", name, "\".");
}

void fail_dtype(const char* what, DType dtype) { fail_argument(what, " does not take values of dtype ", name_of(dtype), "."); }

}  // namespace keratin
