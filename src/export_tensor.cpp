// Tensors as R sees them.
#include "core/thread_pool.h"
#include "glue.h"
#include "kernels/dispatch.h"

using namespace keratin;

namespace {

Rcpp::IntegerVector r_shape(const Shape& shape) {
  Rcpp::IntegerVector out(shape.rank());
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] > INT_MAX) fail_shape("an axis of ", shape[i], " elements is too long for R.");
    out[i] = shape[i] == unknown_size ? NA_INTEGER : static_cast<int>(shape[i]);
  }
  return out;
}

std::uint64_t seed_from_r() {
  Rcpp::RNGScope scope;
  const auto high = static_cast<std::uint64_t>(unif_rand() * 4294967296.0), low = static_cast<std::uint64_t>(unif_rand() * 4294967296.0);
  return (high << 32) | low;
}

}  // namespace

// [[Rcpp::export(rng = false)]]
void connect_random_numbers() { set_seed_source(seed_from_r); }

// [[Rcpp::export(rng = false)]]
SEXP tensor_create(SEXP x, Rcpp::Nullable<Rcpp::String> dtype) {
  return guarded([&]() -> SEXP {
    const DType wanted = dtype.isNull() ? natural_dtype(x) : dtype_from_name(Rcpp::as<std::string>(dtype.get()));
    return wrap_tensor(constant(tensor_from_r(x, wanted)));
  });
}

// [[Rcpp::export(rng = false)]]
SEXP tensor_value(SEXP x) {
  return guarded([&]() -> SEXP {
    const Value value = value_from(x);
    if (value->is_symbolic())
      throw Error(ErrorKind::value,
                  "this tensor is part of a trace and has no value yet, so R cannot branch on it or convert it. Use k_switch() to choose between "
                  "tensors, or compile(run_eagerly = TRUE).");
    return r_from_tensor(value->tensor);
  });
}

// [[Rcpp::export(rng = false)]]
Rcpp::String tensor_dtype_of(SEXP x) {
  return Rcpp::as<Rcpp::String>(guarded([&]() -> SEXP { return Rf_mkString(name_of(value_from(x)->type.dtype)); }));
}

// [[Rcpp::export(rng = false)]]
SEXP tensor_shape_of(SEXP x) {
  return guarded([&]() -> SEXP { return r_shape(value_from(x)->type.shape); });
}

// [[Rcpp::export(rng = false)]]
bool tensor_is_symbolic(SEXP x) {
  return Rcpp::as<bool>(guarded([&]() -> SEXP { return Rf_ScalarLogical(is_tensor(x) && value_from(x)->is_symbolic()); }));
}

// Was it computed while a tape was on?
// [[Rcpp::export(rng = false)]]
bool tensor_is_recorded(SEXP x) {
  return Rcpp::as<bool>(guarded([&]() -> SEXP { return Rf_ScalarLogical(is_tensor(x) && value_from(x)->producer != nullptr); }));
}

// Do two R handles stand for the same value?
// [[Rcpp::export(rng = false)]]
bool tensor_is_same(SEXP a, SEXP b) {
  return is_tensor(a) && is_tensor(b) && (a == b || (R_ExternalPtrAddr(a) && R_ExternalPtrAddr(b) && value_from(a).get() == value_from(b).get()));
}

// [[Rcpp::export(rng = false)]]
void floatx_set(std::string dtype) {
  guarded([&]() -> SEXP {
    set_floatx(dtype_from_name(dtype));
    return R_NilValue;
  });
}

// [[Rcpp::export(rng = false)]]
std::string floatx_get() { return name_of(floatx()); }

// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector memory_in_use() {
  const MemoryUse use = memory_use();
  return Rcpp::NumericVector::create(Rcpp::Named("in_use") = static_cast<double>(use.in_use), Rcpp::Named("cached") = static_cast<double>(use.cached),
                                     Rcpp::Named("peak") = static_cast<double>(use.peak));
}

// [[Rcpp::export(rng = false)]]
void memory_reset_peak() { reset_peak_memory(); }
// [[Rcpp::export(rng = false)]]
void memory_release() { release_cached_memory(); }

// [[Rcpp::export(rng = false)]]
int threads_get() { return thread_count(); }
// [[Rcpp::export(rng = false)]]
void threads_set(int threads) {
  guarded([&]() -> SEXP {
    if (threads == NA_INTEGER || threads < 1 || threads > 1024)
      fail_argument("`threads` must be a whole number from 1 to 1024. Received: ", threads, ".");
    set_thread_count(threads);
    return R_NilValue;
  });
}

// The instruction set of the kernels, for options(keratin.isa =), tests and the benchmark.
// [[Rcpp::export(rng = false)]]
std::string isa_get() { return kernel_table().isa; }
// [[Rcpp::export(rng = false)]]
Rcpp::CharacterVector isas_available() {
  const char* names[8];
  const int count = available_isas(names, 8);
  return Rcpp::CharacterVector(names, names + count);
}
// [[Rcpp::export(rng = false)]]
void isa_set(std::string isa) {
  guarded([&]() -> SEXP {
    if (!set_isa(isa.c_str()))
      fail_argument("`keratin.isa` must be \"auto\" or an instruction set of this CPU (see keratin:::isas_available()). Received: \"", isa, "\".");
    return R_NilValue;
  });
}
