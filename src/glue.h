#pragma once
// What every export uses: R values to core values and back, errors to classed conditions.
#include <Rcpp.h>

#include <new>
#include <stdexcept>

#include "graph/graph.h"

namespace keratin {

SEXP wrap_tensor(const Value& value);                         // a tensor as R sees it
Values values_from(SEXP inputs);  // a list; see `value_from`; plain R values follow the first tensor's dtype, or are floats if one is
bool has_list(SEXP inputs);                                   // in a list: lists and data frames, which R turns into arrays
bool has_keras_tensor(SEXP inputs);                           // in a list; symbolic Keras tensors are dealt with in R
Value value_from(SEXP x, const TensorType* like = nullptr);   // tensor, variable or plain R value (`like`: preferred dtype)
bool is_tensor(SEXP x);
bool is_variable(SEXP x);
VariablePtr variable_from(SEXP environment);                  // rebuilt if it came out of a file
Tensor tensor_from_r(SEXP x, DType dtype);                    // column-major R array to row-major tensor
DType natural_dtype(SEXP x);                                  // double: floatx, integer: int32, logical: bool, character: string
SEXP r_from_tensor(const Tensor& tensor);                     // and back; a scalar has no dim
Attributes attributes_from(SEXP attributes);                  // a named list, or NULL
DType floatx();
void set_floatx(DType dtype);

std::shared_ptr<void> keep_alive(SEXP object);                // protects from R's collector as long as the result lives

// External pointers carry a tag that says what they point to, so that a wrong one is an error and not a crash.
template <class T>
void set_pointer(SEXP pointer, T* object) {
  R_SetExternalPtrAddr(pointer, object);
  R_RegisterCFinalizerEx(
      pointer,
      [](SEXP p) {
        delete static_cast<T*>(R_ExternalPtrAddr(p));
        R_ClearExternalPtr(p);
      },
      FALSE);
}
template <class T>
SEXP wrap_pointer(T* object, const char* tag) {
  SEXP pointer = PROTECT(R_MakeExternalPtr(nullptr, Rf_install(tag), R_NilValue));
  set_pointer(pointer, object);
  UNPROTECT(1);
  return pointer;
}
inline bool has_tag(SEXP pointer, const char* tag) { return TYPEOF(pointer) == EXTPTRSXP && R_ExternalPtrTag(pointer) == Rf_install(tag); }
template <class T>
T& behind(SEXP pointer, const char* tag) {
  if (!has_tag(pointer, tag)) fail_argument("a ", tag, " is wanted. Received: a value of type ", Rf_type2char(TYPEOF(pointer)), ".");
  if (!R_ExternalPtrAddr(pointer)) fail_argument("this ", tag, " belongs to another R session.");
  return *static_cast<T*>(R_ExternalPtrAddr(pointer));
}

[[noreturn]] void signal_error(const char* kind, const std::string& message);

// Runs the body; core errors become R conditions of class keratin_error_<kind>.
template <class Body>
SEXP guarded(Body&& body) {
  std::string message;
  const char* kind = nullptr;
  try {
    return body();
  } catch (const Error& error) {
    message = error.what();
    kind = name_of(error.kind());
  } catch (const std::bad_alloc&) {
    message = "not enough memory.";
    kind = "memory";
  } catch (const std::out_of_range&) {
    message = "too few inputs were given.";
    kind = "argument";
  }
  signal_error(kind, message);
}

}  // namespace keratin
