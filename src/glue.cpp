#include "glue.h"

#include <chrono>
#include <cmath>
#include <cstring>

#include "core/array_order.h"
#include "core/strings.h"
#include "kernels/array_layout.h"
#include "train/background.h"

namespace keratin {
namespace {

DType default_float = DType::float32;
const char* const tensor_class = "keratin_tensor";
const char* const variable_class = "keratin_variable";
const char* const keras_tensor_class = "keras.engine.keras_tensor.KerasTensor";

SEXP tensor_classes() {
  static SEXP classes = [] {
    SEXP made = Rf_allocVector(STRSXP, 2);
    R_PreserveObject(made);
    SET_STRING_ELT(made, 0, Rf_mkChar(tensor_class));
    SET_STRING_ELT(made, 1, Rf_mkChar("tensorflow.tensor"));
    MARK_NOT_MUTABLE(made);
    return made;
  }();
  return classes;
}

// R's collector knows nothing of the memory behind an external pointer, so a loop over large tensors must call it now and then.
void collect_if_much_was_handed_out(std::size_t bytes) {
  static std::size_t since_collection = 0;
  since_collection += bytes;
  if (since_collection < (std::size_t{256} << 20)) return;
  since_collection = 0;
  if (memory_use().in_use > (std::size_t{512} << 20)) R_gc();
}

// ---- small values: R's collector takes longer over an object with a finalizer than the core over a small op, so a few bytes that
// nothing else refers to live in a raw vector of the external pointer (its `protected` part, and its address, by which identical() tells
// pointers apart). The object becomes like any other once it takes part in a tape or a trace, where it must be known again.
struct SmallHeader {
  std::uint64_t token;
  std::int32_t dtype, rank;
};
constexpr std::size_t largest_small = 256;

// Of this process and its forked children, and of one external pointer: what comes out of a file has another.
std::uint64_t token_of(SEXP pointer) {
  static const std::uint64_t token =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) ^ reinterpret_cast<std::uintptr_t>(&token);
  return token ^ reinterpret_cast<std::uintptr_t>(pointer);
}

// Memory that something else holds may still be written (the outputs of predict()).
bool is_small(const Value& value) {
  return !value->is_symbolic() && value->tensor.bytes() <= largest_small && !value->producer && !value->variable && value.use_count() == 1 &&
         value->tensor.buffer().use_count() == 1 && value->type.dtype != DType::string && !is_recording() && !is_tracing();
}

SEXP wrap_small(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  const std::size_t sizes = sizeof(std::int64_t) * static_cast<std::size_t>(shape.rank());
  static SEXP tag = Rf_install("tensor");
  SEXP memory = PROTECT(Rf_allocVector(RAWSXP, static_cast<R_xlen_t>(sizeof(SmallHeader) + sizes + tensor.bytes())));
  SEXP pointer = PROTECT(R_MakeExternalPtr(RAW(memory), tag, memory));
  const SmallHeader header{token_of(pointer), static_cast<std::int32_t>(tensor.dtype()), shape.rank()};
  Rbyte* at = RAW(memory);
  std::memcpy(at, &header, sizeof header);
  if (sizes > 0) std::memcpy(at + sizeof header, shape.sizes().data(), sizes);
  if (tensor.bytes() > 0) std::memcpy(at + sizeof header + sizes, tensor.raw(), tensor.bytes());
  Rf_setAttrib(pointer, R_ClassSymbol, tensor_classes());
  UNPROTECT(2);
  return pointer;
}

[[noreturn]] void fail_stale() {
  fail_argument("this tensor was made in another R session and has no value. Keep tensors that must survive with as.array() or in a k_variable().");
}

Value read_small(SEXP pointer, SEXP memory) {
  SmallHeader header{};
  if (Rf_xlength(memory) >= static_cast<R_xlen_t>(sizeof header)) std::memcpy(&header, RAW(memory), sizeof header);
  if (header.token != token_of(pointer)) fail_stale();
  const Rbyte* at = RAW(memory) + sizeof header;
  Shape shape;
  for (std::int32_t i = 0; i < header.rank; ++i, at += sizeof(std::int64_t)) {
    std::int64_t size;
    std::memcpy(&size, at, sizeof size);
    shape.append(size);
  }
  Tensor tensor(static_cast<DType>(header.dtype), shape);
  if (tensor.bytes() > 0) std::memcpy(tensor.raw(), at, tensor.bytes());
  Value value = constant(std::move(tensor));
  if (is_recording() || is_tracing()) {
    R_SetExternalPtrProtected(pointer, R_NilValue);
    set_pointer(pointer, new Value(value));
  }
  return value;
}

Shape shape_of_r(SEXP x) {
  SEXP dim = Rf_getAttrib(x, R_DimSymbol);
  Shape shape;
  if (dim == R_NilValue) {
    if (Rf_xlength(x) != 1) shape.append(Rf_xlength(x));
    return shape;
  }
  for (R_xlen_t i = 0; i < Rf_xlength(dim); ++i) shape.append(INTEGER(dim)[i]);
  return shape;
}

template <class In>
void fill_from(Tensor& tensor, const In* data) {
  visit_any(tensor.dtype(), [&](auto zero) {
    using Out = decltype(zero);
    ArrayOrder(tensor.shape()).to_row_major(data, tensor.data<Out>(), [](In value) { return static_cast<Out>(value); });
  });
}

}  // namespace

DType floatx() { return default_float; }
void set_floatx(DType dtype) { default_float = dtype; }

void signal_error(const char* kind, const std::string& message) {
  static Rcpp::Environment package = Rcpp::Environment::namespace_env("keratin");
  Rcpp::Function abort = package["abort_from_core"];
  abort(std::string(kind), message);
  Rcpp::stop(message);  // not reached
}

std::shared_ptr<void> keep_alive(SEXP object) {
  SEXP token = Rcpp::Rcpp_PreciousPreserve(object);
  return std::shared_ptr<void>(token, [](void* kept) { Rcpp::Rcpp_PreciousRelease(static_cast<SEXP>(kept)); });
}

SEXP wrap_tensor(const Value& value) {
  if (is_small(value)) return wrap_small(value->tensor);
  if (!value->is_symbolic()) collect_if_much_was_handed_out(value->tensor.bytes());
  SEXP pointer = PROTECT(wrap_pointer(new Value(value), "tensor"));
  Rf_setAttrib(pointer, R_ClassSymbol, tensor_classes());
  UNPROTECT(1);
  return pointer;
}

bool is_tensor(SEXP x) {
  static SEXP tag = Rf_install("tensor");
  return TYPEOF(x) == EXTPTRSXP && R_ExternalPtrTag(x) == tag;
}
bool is_variable(SEXP x) { return TYPEOF(x) == ENVSXP && Rf_inherits(x, variable_class); }

bool has_keras_tensor(SEXP inputs) {
  for (R_xlen_t i = 0; i < Rf_xlength(inputs); ++i) {
    SEXP x = VECTOR_ELT(inputs, i);
    if (OBJECT(x) && TYPEOF(x) != EXTPTRSXP && Rf_inherits(x, keras_tensor_class)) return true;
  }
  return false;
}

bool has_list(SEXP inputs) {
  for (R_xlen_t i = 0; i < Rf_xlength(inputs); ++i)
    if (TYPEOF(VECTOR_ELT(inputs, i)) == VECSXP) return true;
  return false;
}

DType natural_dtype(SEXP x) {
  switch (TYPEOF(x)) {
    case REALSXP: return default_float;
    case INTSXP: return DType::int32;
    case LGLSXP: return DType::boolean;
    case STRSXP: return DType::string;
    default: fail_argument("a value of type ", Rf_type2char(TYPEOF(x)), " cannot become a tensor.");
  }
}

static std::vector<Index> layout_sizes(const Shape& shape) {
  const std::vector<std::int64_t> sizes = shape.sizes();
  return {sizes.begin(), sizes.end()};
}

Tensor tensor_from_r(SEXP x, DType dtype) {
  if (TYPEOF(x) == REALSXP && Rf_xlength(x) == 1 && ATTRIB(x) == R_NilValue && is_floating(dtype))
    return filled(dtype, Shape{}, REAL(x)[0]);  // often
  if (Rf_inherits(x, "factor")) fail_argument("a factor cannot become a tensor. Use as.integer(x) - 1 or to_categorical(as.integer(x) - 1).");
  const bool is_text = TYPEOF(x) == STRSXP;
  if (is_text != (dtype == DType::string))
    fail_argument("a value of type ", Rf_type2char(TYPEOF(x)), " cannot become a tensor of dtype ", name_of(dtype), ".");
  Tensor tensor(dtype, shape_of_r(x));
  switch (TYPEOF(x)) {
    case REALSXP: {
      if (!is_floating(dtype) && dtype != DType::boolean)
        for (R_xlen_t i = 0; i < Rf_xlength(x); ++i)
          if (!(std::fabs(REAL(x)[i]) < 9.3e18)) fail_argument("value ", REAL(x)[i], " does not fit into dtype ", name_of(dtype), ".");
      if (is_floating(dtype)) {
        const std::vector<Index> sizes = layout_sizes(tensor.shape());
        visit_floating(dtype, "tensor", [&](auto zero) {
          using T = decltype(zero);
          from_r_layout<T>(sizes.data(), tensor.shape().rank(), REAL(x), tensor.data<T>());
        });
      } else {
        fill_from(tensor, REAL(x));
      }
      break;
    }
    case INTSXP:
    case LGLSXP: {
      const int* data = TYPEOF(x) == INTSXP ? INTEGER(x) : LOGICAL(x);
      if (is_floating(dtype)) {
        visit_floating(dtype, "tensor", [&](auto zero) {
          using T = decltype(zero);
          ArrayOrder(tensor.shape()).to_row_major(data, tensor.data<T>(), [](int value) {
            return value == NA_INTEGER ? static_cast<T>(NAN) : static_cast<T>(value);
          });
        });
      } else {
        for (R_xlen_t i = 0; i < Rf_xlength(x); ++i)
          if (data[i] == NA_INTEGER) fail_argument("NA cannot become a value of dtype ", name_of(dtype), ".");
        fill_from(tensor, data);
      }
      break;
    }
    case STRSXP: {
      std::vector<std::int64_t> ids(static_cast<std::size_t>(Rf_xlength(x)));
      for (R_xlen_t i = 0; i < Rf_xlength(x); ++i) {
        if (STRING_ELT(x, i) == NA_STRING) fail_argument("NA cannot become a value of dtype string.");
        ids[static_cast<std::size_t>(i)] = intern(Rf_translateCharUTF8(STRING_ELT(x, i)));
      }
      fill_from(tensor, ids.data());
      break;
    }
    default: natural_dtype(x);  // fails
  }
  return tensor;
}

SEXP r_from_tensor(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  Rcpp::Shield<SEXP> out(Rf_allocVector(
      tensor.dtype() == DType::int32 ? INTSXP : tensor.dtype() == DType::boolean ? LGLSXP : tensor.dtype() == DType::string ? STRSXP : REALSXP,
      tensor.size()));
  const ArrayOrder order(shape);
  switch (tensor.dtype()) {
    case DType::float32: to_r_layout(layout_sizes(shape).data(), shape.rank(), tensor.data<float>(), REAL(out)); break;
    case DType::float64: to_r_layout(layout_sizes(shape).data(), shape.rank(), tensor.data<double>(), REAL(out)); break;
    case DType::int64: order.to_column_major(tensor.data<std::int64_t>(), REAL(out), [](std::int64_t v) { return static_cast<double>(v); }); break;
    case DType::int32: order.to_column_major(tensor.data<std::int32_t>(), INTEGER(out), [](std::int32_t v) { return static_cast<int>(v); }); break;
    case DType::boolean: order.to_column_major(tensor.data<bool>(), LOGICAL(out), [](bool v) { return static_cast<int>(v); }); break;
    case DType::string: {
      std::vector<std::int64_t> ids(static_cast<std::size_t>(tensor.size()));
      order.to_column_major(tensor.data<std::int64_t>(), ids.data(), [](std::int64_t v) { return v; });
      for (R_xlen_t i = 0; i < tensor.size(); ++i) SET_STRING_ELT(out, i, Rf_mkCharCE(interned(ids[static_cast<std::size_t>(i)]).c_str(), CE_UTF8));
      break;
    }
  }
  if (shape.rank() > 0) {
    Rcpp::IntegerVector dim(shape.rank());
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i] > INT_MAX) fail_shape("an axis of ", shape[i], " elements is too long for an R array.");
      dim[i] = static_cast<int>(shape[i]);
    }
    Rf_setAttrib(out, R_DimSymbol, dim);
  }
  return out;
}

VariablePtr variable_from(SEXP environment) {
  if (!is_variable(environment)) fail_argument("a variable is wanted. Received: a value of type ", Rf_type2char(TYPEOF(environment)), ".");
  wait_for_background();  // which may be writing it
  static SEXP pointer_symbol = Rf_install("pointer");
  SEXP pointer = Rf_findVarInFrame(environment, pointer_symbol);
  if (has_tag(pointer, "variable") && R_ExternalPtrAddr(pointer)) return *static_cast<VariablePtr*>(R_ExternalPtrAddr(pointer));

  // Anybody can make an environment of this class, and files can be damaged: nothing is believed before it is checked.
  auto field = [&](const char* name, SEXPTYPE type, R_xlen_t length) {
    SEXP value = Rf_findVarInFrame(environment, Rf_install(name));
    if (TYPEOF(value) != static_cast<int>(type) || (length >= 0 && Rf_xlength(value) != length))
      fail_argument("this is no usable variable: its field `", name, "` is damaged.");
    return value;
  };
  SEXP holder = field("memory", VECSXP, 1);  // list(raw): the one place both sides know
  SEXP raw = VECTOR_ELT(holder, 0);
  SEXP sizes = field("sizes", REALSXP, -1);
  auto variable = std::make_shared<Variable>();
  variable->name = CHAR(STRING_ELT(field("name", STRSXP, 1), 0));
  Shape shape;
  for (R_xlen_t i = 0; i < Rf_xlength(sizes); ++i) {
    const double size = REAL(sizes)[i];
    if (!(size >= 0 && size < 9e15) || size != std::floor(size)) fail_argument("variable \"", variable->name, "\" has an axis of length ", size, ".");
    shape.append(static_cast<std::int64_t>(size));
  }
  variable->type = {dtype_from_name(CHAR(STRING_ELT(field("dtype", STRSXP, 1), 0))), shape};
  variable->trainable = Rf_asLogical(field("trainable", LGLSXP, 1)) == TRUE;
  if (TYPEOF(raw) != RAWSXP || static_cast<double>(Rf_xlength(raw)) != static_cast<double>(shape.elements()) * size_of(variable->type.dtype))
    fail_argument("variable \"", variable->name, "\" has lost its memory.");
  auto in_raw = [](SEXP memory, const TensorType& type) {
    return Tensor(type.dtype, type.shape, adopt(RAW(memory), static_cast<std::size_t>(Rf_xlength(memory)), keep_alive(memory)));
  };
  variable->storage = in_raw(raw, variable->type);
  std::shared_ptr<void> kept_holder = keep_alive(holder);
  SEXP holder_object = holder;
  variable->new_storage = [kept_holder, holder_object, in_raw](const TensorType& type) {
    const std::size_t bytes = static_cast<std::size_t>(type.shape.elements()) * size_of(type.dtype);
    Rcpp::Shield<SEXP> memory(Rf_allocVector(RAWSXP, static_cast<R_xlen_t>(bytes)));
    SET_VECTOR_ELT(holder_object, 0, memory);
    return in_raw(memory, type);
  };
  Rcpp::Shield<SEXP> fresh(wrap_pointer(new VariablePtr(variable), "variable"));
  Rf_defineVar(pointer_symbol, fresh, environment);
  return variable;
}

Value value_from(SEXP x, const TensorType* like) {
  if (is_tensor(x)) {
    SEXP kept = R_ExternalPtrProtected(x);
    if (TYPEOF(kept) == RAWSXP) return read_small(x, kept);
    auto* value = static_cast<Value*>(R_ExternalPtrAddr(x));
    if (!value) fail_stale();
    return *value;
  }
  if (is_variable(x)) return read(variable_from(x));
  if (x == R_NilValue) fail_argument("NULL cannot become a tensor.");
  if (TYPEOF(x) == ENVSXP && Rf_inherits(x, keras_tensor_class))
    fail_argument("a Keras tensor has no value that could be used here: make a model of it, keras_model(inputs, outputs), and call that on data.");
  DType dtype = natural_dtype(x);
  if (like && dtype != DType::string) {
    const bool fits = is_floating(like->dtype) || (is_integer(like->dtype) && TYPEOF(x) != LGLSXP) || like->dtype == dtype;
    if (fits && like->dtype != DType::string) {
      if (is_integer(like->dtype) && TYPEOF(x) == REALSXP)
        for (R_xlen_t i = 0; i < Rf_xlength(x); ++i)
          if (REAL(x)[i] != std::floor(REAL(x)[i]))
            fail_argument("the number ", REAL(x)[i], " meets a tensor of dtype ", name_of(like->dtype), ". Use k_cast() on the tensor first.");
      dtype = like->dtype;
    }
  }
  return constant(tensor_from_r(x, dtype));
}

Values values_from(SEXP inputs) {
  const R_xlen_t count = Rf_xlength(inputs);
  Values values(static_cast<std::size_t>(count));
  const TensorType* like = nullptr;
  for (R_xlen_t i = 0; i < count; ++i) {
    SEXP x = VECTOR_ELT(inputs, i);
    if (!is_tensor(x) && !is_variable(x)) continue;
    values[static_cast<std::size_t>(i)] = value_from(x);
    if (!like) like = &values[static_cast<std::size_t>(i)]->type;
  }
  const TensorType number{default_float, Shape{}};
  for (R_xlen_t i = 0; i < count && !like; ++i)
    if (TYPEOF(VECTOR_ELT(inputs, i)) == REALSXP) like = &number;  // 1:3 beside 0.5 are numbers
  for (R_xlen_t i = 0; i < count; ++i)
    if (!values[static_cast<std::size_t>(i)]) values[static_cast<std::size_t>(i)] = value_from(VECTOR_ELT(inputs, i), like);
  return values;
}

Attributes attributes_from(SEXP list) {
  Attributes attributes;
  if (Rf_xlength(list) == 0) return attributes;
  SEXP names = Rf_getAttrib(list, R_NamesSymbol);
  if (TYPEOF(list) != VECSXP || TYPEOF(names) != STRSXP) fail_argument("an op's attributes are a named list.");
  for (R_xlen_t i = 0; i < Rf_xlength(list); ++i) {
    SEXP x = VECTOR_ELT(list, i);
    if (x == R_NilValue) continue;
    const std::string name = CHAR(STRING_ELT(names, i));
    switch (TYPEOF(x)) {
      case REALSXP: attributes.set(name, std::vector<double>(REAL(x), REAL(x) + Rf_xlength(x))); break;
      case INTSXP:
      case LGLSXP: {
        const int* data = TYPEOF(x) == INTSXP ? INTEGER(x) : LOGICAL(x);
        std::vector<double> numbers(data, data + Rf_xlength(x));
        for (double& number : numbers)
          if (number == static_cast<double>(NA_INTEGER)) number = NA_REAL;
        attributes.set(name, std::move(numbers));
        break;
      }
      case STRSXP: {
        std::vector<std::string> strings;
        for (R_xlen_t k = 0; k < Rf_xlength(x); ++k) strings.emplace_back(Rf_translateCharUTF8(STRING_ELT(x, k)));
        attributes.set(name, std::move(strings));
        break;
      }
      default: fail_argument("`", name, "` cannot be of type ", Rf_type2char(TYPEOF(x)), ".");
    }
  }
  return attributes;
}

}  // namespace keratin
