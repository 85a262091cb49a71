// Variables: an R environment owns the memory (list(raw) in its field `memory`), the core points into it.
#include "glue.h"

using namespace keratin;

// [[Rcpp::export(rng = false)]]
SEXP variable_memory(SEXP value, std::string dtype) {
  return guarded([&]() -> SEXP {
    const Value start = value_from(value);
    if (start->is_symbolic()) fail_argument("a variable needs a value to start with; this tensor is part of a trace.");
    const Tensor& tensor = start->tensor;
    if (tensor.dtype() != dtype_from_name(dtype)) fail_internal("a variable of dtype ", dtype, " was given ", name_of(tensor.dtype()), ".");
    Rcpp::RawVector raw(static_cast<R_xlen_t>(tensor.bytes()));
    std::memcpy(raw.begin(), tensor.raw(), tensor.bytes());
    return Rcpp::List::create(raw);
  });
}

// [[Rcpp::export(rng = false)]]
SEXP variable_read_call(SEXP variable) {
  return guarded([&]() -> SEXP { return wrap_tensor(read(variable_from(variable))); });
}

// [[Rcpp::export(rng = false)]]
void variable_assign_call(SEXP variable, SEXP value) {
  guarded([&]() -> SEXP {
    const VariablePtr target = variable_from(variable);
    Value fresh = value_from(value, &target->type);
    if (!fresh->is_symbolic() && fresh->type.dtype != target->type.dtype && !is_tensor(value) && !is_variable(value))
      fresh = constant(tensor_from_r(value, target->type.dtype));
    assign(target, fresh);
    return R_NilValue;
  });
}

// [[Rcpp::export(rng = false)]]
SEXP variable_value(SEXP variable) {
  return guarded([&]() -> SEXP { return r_from_tensor(variable_from(variable)->storage); });
}
