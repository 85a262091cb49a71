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

// Fields of an R6 object that hold an environment, a function or a list, oldest first: a named list. Left out are the names in `known` and
// active bindings. In R this took most of the time between two epochs of a small model.
// [[Rcpp::export(rng = false)]]
SEXP fields_of(SEXP object, SEXP known) {
  return guarded([&]() -> SEXP {
    if (TYPEOF(object) != ENVSXP || TYPEOF(known) != ENVSXP) fail_argument("an object is wanted.");
    Rcpp::Shield<SEXP> names(R_lsInternal3(object, TRUE, FALSE));
    std::vector<SEXP> found;
    for (R_xlen_t i = Rf_xlength(names); i-- > 0;) {
      SEXP symbol = Rf_installTrChar(STRING_ELT(names, i));
      if (Rf_findVarInFrame(known, symbol) != R_UnboundValue || R_BindingIsActive(symbol, object)) continue;
      const int type = TYPEOF(Rf_findVarInFrame(object, symbol));
      if (type == ENVSXP || type == CLOSXP || type == VECSXP) found.push_back(symbol);
    }
    const R_xlen_t count = static_cast<R_xlen_t>(found.size());
    Rcpp::Shield<SEXP> fields(Rf_allocVector(VECSXP, count));
    Rcpp::Shield<SEXP> labels(Rf_allocVector(STRSXP, count));
    for (R_xlen_t i = 0; i < count; ++i) {
      SET_VECTOR_ELT(fields, i, Rf_findVarInFrame(object, found[static_cast<std::size_t>(i)]));
      SET_STRING_ELT(labels, i, PRINTNAME(found[static_cast<std::size_t>(i)]));
    }
    Rf_setAttrib(fields, R_NamesSymbol, labels);
    return fields;
  });
}
