// The convolution family on R arrays and tensors.
#include <Rcpp.h>

#include <cmath>

#include "glue.h"
#include "ops/functions.h"

using namespace keratin;

namespace {

constexpr std::int64_t largest_number = std::int64_t{1} << 31;

std::string shown(SEXP x) {
  if (x == R_NilValue) return "NULL";
  if (Rf_length(x) == 0) return "length 0";
  std::ostringstream out;
  const R_xlen_t n = Rf_xlength(x);
  if (n > 1) out << "c(";
  for (R_xlen_t i = 0; i < n && i < 8; ++i) {
    if (i) out << ", ";
    switch (TYPEOF(x)) {
      case REALSXP: out << (ISNAN(REAL(x)[i]) ? "NA" : text(REAL(x)[i])); break;
      case INTSXP: out << (INTEGER(x)[i] == NA_INTEGER ? "NA" : text(INTEGER(x)[i])); break;
      case STRSXP: out << '"' << CHAR(STRING_ELT(x, i)) << '"'; break;
      default: return text("an object of type ", Rf_type2char(TYPEOF(x)));
    }
  }
  if (n > 8) out << ", ...";
  if (n > 1) out << ")";
  return out.str();
}

// One R call to a function of the family: checks its arguments, in R's terms, and turns them into those of the ops.
class ConvCall {
 public:
  ConvCall(const char* function, SEXP x, SEXP dtype, SEXP data_format) : function_(function), plain_(!is_tensor(x) && !is_variable(x)) {
    has_dtype_ = dtype != R_NilValue;
    dtype_ = has_dtype_ ? dtype_from_name(one_string(dtype, "dtype")) : DType::float64;
    if (!is_floating(dtype_)) fail_argument(function_, "(): `dtype` must be \"float32\" or \"float64\". Received: dtype = ", shown(dtype));
    const std::string format = lower(one_string(data_format, "data_format"));
    if (format != "channels_last" && format != "channels_first") {
      fail_argument(function_, "(): `data_format` must be \"channels_last\" or \"channels_first\". Received: data_format = ", shown(data_format));
    }
    channels_first_ = format == "channels_first";
    x_ = array(x, "x");
    rank_ = x_->type.shape.rank() - 2;
    if (rank_ < 1 || rank_ > 3) {
      fail_shape(function_, "(): `x` must be an array of 3 to 5 axes, (batch, one to three spatial axes, channels). Received an array of shape ",
                 x_->type.shape, ".");
    }
    check_not_empty(x_, "x");
    x_ = to_channels_last(x_);
  }

  int rank() const { return rank_; }
  const Value& x() const { return x_; }

  void read_kernel(SEXP kernel, bool transposed) {
    kernel_ = array(kernel, "kernel");
    if (kernel_->type.shape.rank() != rank_ + 2) {
      fail_shape(function_, "(): for this `x`, `kernel` must have ", rank_ + 2, " axes, (kernel sizes, ",
                 transposed ? "filters, channels" : "channels, filters", "). Received an array of shape ", kernel_->type.shape, ".");
    }
    check_not_empty(kernel_, "kernel");
  }
  const Value& kernel() const { return kernel_; }

  void read_settings(SEXP strides, SEXP padding, SEXP dilation, SEXP groups) {
    strides_ = numbers(strides, "strides", 1);
    dilation_ = numbers(dilation, "dilation", 1);
    groups_ = whole(groups, "groups", 1);
    padding_ = lower(one_string(padding, "padding"));
    if (padding_ != "valid" && padding_ != "same")
      fail_argument(function_, "(): `padding` must be \"valid\" or \"same\". Received: padding = ", shown(padding));
  }

  // A convolution's padding; `length` of the output along each axis.
  Attributes conv_attributes() {
    std::vector<double> before, after;
    for (int axis = 0; axis < rank_; ++axis) {
      const std::int64_t n = x_->type.shape[axis + 1], stride = strides_[axis], out = (n - 1) / stride + 1;
      const std::int64_t total = padding_ == "same" ? std::max<std::int64_t>((out - 1) * stride + extent(axis) - n, 0) : 0;
      before.push_back(static_cast<double>(total / 2));
      after.push_back(static_cast<double>(total - total / 2));
    }
    Attributes attributes = common_attributes();
    attributes.set("padding_before", before);
    attributes.set("padding_after", after);
    return attributes;
  }

  // A transposed convolution's length and crop: see "Transposed convolution" among the vignettes.
  Attributes transpose_attributes(SEXP output_padding) {
    const bool inferred = output_padding == R_NilValue;
    const std::vector<std::int64_t> extra = inferred ? std::vector<std::int64_t>(rank_, 0) : numbers(output_padding, "output_padding", 0);
    const bool same = padding_ == "same";
    std::vector<double> crop, size;
    for (int axis = 0; axis < rank_; ++axis) {
      if (!inferred && extra[axis] >= strides_[axis]) {
        fail_argument(function_, "(): `output_padding` (", extra[axis], ") must be smaller than `strides` (", strides_[axis], ").");
      }
      const std::int64_t n = x_->type.shape[axis + 1], stride = strides_[axis], reach = extent(axis), widest = (n - 1) * stride + reach;
      const std::int64_t length =
          inferred ? n * stride + (same ? 0 : std::max<std::int64_t>(reach - stride, 0)) : widest - (same ? reach / 2 * 2 : 0) + extra[axis];
      if (length < 1) fail_shape(function_, "(): the output would have length ", length, " along spatial axis ", axis + 1, ".");
      size.push_back(static_cast<double>(length));
      crop.push_back(same ? static_cast<double>(std::max<std::int64_t>(widest - length, 0) / 2) : 0.0);
    }
    Attributes attributes = common_attributes();
    attributes.set("crop_before", crop);
    attributes.set("output_size", size);
    return attributes;
  }

  Values with_bias(SEXP bias) const {
    Values inputs = {x_, kernel_};
    if (bias != R_NilValue) inputs.push_back(array(bias, "bias"));
    return inputs;
  }

  Value upstream(SEXP upstream, const TensorType& wanted) const {
    const Value value = array(upstream, "upstream");
    if (value->type.shape.rank() != rank_ + 2) fail_upstream(value->type.shape, wanted.shape);
    const Value last = to_channels_last(value);
    if (!(last->type == wanted)) fail_upstream(last->type.shape, wanted.shape);
    return last;
  }

  SEXP give_back_channels_last(const Value& value) const { return plain_ ? r_from_tensor(value->tensor) : wrap_tensor(value); }
  SEXP give_back(const Value& value) const { return give_back_channels_last(channels_first_ ? transpose(value, first_from_last()) : value); }

 private:
  Value array(SEXP x, const char* what) const {
    const bool number = TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP;
    if (!is_tensor(x) && !is_variable(x) && (!number || Rf_inherits(x, "factor"))) {
      fail_argument(function_, "(): `", what, "` must be a numeric array or a tensor. Received: ",
                    Rf_inherits(x, "factor")       ? "a factor"
                    : Rf_inherits(x, "data.frame") ? "a data.frame"
                    : x == R_NilValue              ? "NULL"
                                                   : text("an object of type ", Rf_type2char(TYPEOF(x))),
                    ".");
    }
    Value value;
    if (number) {
      value = constant(tensor_from_r(x, x_ ? x_->type.dtype : dtype_));
    } else {
      value = value_from(x);
      if (!is_floating(value->type.dtype))
        fail_argument(function_, "(): `", what, "` must be float32 or float64. Received: ", name_of(value->type.dtype), "; use k_cast().");
      if (x_ && value->type.dtype != x_->type.dtype) value = cast(value, x_->type.dtype);
      if (!x_ && has_dtype_) value = cast(value, dtype_);
    }
    return value;
  }

  void check_not_empty(const Value& value, const char* what) const {
    for (int axis = 0; axis < value->type.shape.rank(); ++axis) {
      if (value->type.shape[axis] == 0)
        fail_shape(function_, "(): `", what, "` has an axis of length zero. Received an array of shape ", value->type.shape, ".");
      if (value->type.shape[axis] == unknown_size && axis > 0)
        fail_shape(function_, "(): the sizes of `", what, "` must be known. Received shape ", value->type.shape, ".");
    }
  }

  [[noreturn]] void fail_upstream(const Shape& came, const Shape& wanted) const {
    fail_shape(function_, "(): `upstream` must have the shape of the result, ", wanted, " with channels last. Received an array of shape ", came,
               ".");
  }

  std::int64_t whole(SEXP x, const char* what, std::int64_t lowest) const {
    const std::vector<std::int64_t> all = numbers_of(x, what, lowest);
    if (all.size() != 1) fail_argument(function_, "(): `", what, "` must be one number. Received: ", what, " = ", shown(x));
    return all[0];
  }

  std::vector<std::int64_t> numbers(SEXP x, const char* what, std::int64_t lowest) const {
    std::vector<std::int64_t> all = numbers_of(x, what, lowest);
    if (all.size() == 1) all.assign(static_cast<std::size_t>(rank_), all[0]);
    if (all.size() != static_cast<std::size_t>(rank_))
      fail_argument(function_, "(): `", what, "` must have one value or one for each of the ", rank_, " spatial axes. Received: ", what, " = ",
                    shown(x));
    return all;
  }

  std::vector<std::int64_t> numbers_of(SEXP x, const char* what, std::int64_t lowest) const {
    std::vector<std::int64_t> all;
    const bool number = (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && !Rf_inherits(x, "factor");
    for (R_xlen_t i = 0; number && i < Rf_xlength(x) && i < 16; ++i) {
      const double value = TYPEOF(x) == REALSXP ? REAL(x)[i] : INTEGER(x)[i] == NA_INTEGER ? NA_REAL : INTEGER(x)[i];
      if (!(value >= static_cast<double>(lowest)) || value != std::floor(value) || value > static_cast<double>(largest_number)) {
        all.clear();
        break;
      }
      all.push_back(static_cast<std::int64_t>(value));
    }
    if (all.empty()) fail_argument(function_, "(): `", what, "` must be whole numbers of at least ", lowest, ". Received: ", what, " = ", shown(x));
    return all;
  }

  std::string one_string(SEXP x, const char* what) const {
    if (TYPEOF(x) != STRSXP || Rf_length(x) != 1 || STRING_ELT(x, 0) == NA_STRING)
      fail_argument(function_, "(): `", what, "` must be one string. Received: ", what, " = ", shown(x));
    return CHAR(STRING_ELT(x, 0));
  }

  static std::string lower(std::string s) {
    for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return s;
  }

  Attributes common_attributes() const {
    Attributes attributes;
    attributes.set("strides", std::vector<double>(strides_.begin(), strides_.end()));
    attributes.set("dilation", std::vector<double>(dilation_.begin(), dilation_.end()));
    attributes.set("groups", std::vector<double>{static_cast<double>(groups_)});
    return attributes;
  }

  std::int64_t extent(int axis) const {
    const std::int64_t reach = (kernel_->type.shape[axis] - 1) * dilation_[axis] + 1;
    if (reach > largest_number)
      fail_argument(function_, "(): `dilation` (", dilation_[axis], ") is too large for a kernel of size ", kernel_->type.shape[axis], ".");
    return reach;
  }

  std::vector<std::int64_t> first_from_last() const {
    std::vector<std::int64_t> perm = {0, rank_ + 1};
    for (int axis = 1; axis <= rank_; ++axis) perm.push_back(axis);
    return perm;
  }
  Value to_channels_last(const Value& value) const {
    if (!channels_first_) return value;
    std::vector<std::int64_t> perm = {0};
    for (int axis = 2; axis <= rank_ + 1; ++axis) perm.push_back(axis);
    perm.push_back(1);
    return transpose(value, perm);
  }

  const char* function_;
  bool plain_, has_dtype_ = false, channels_first_ = false;
  DType dtype_ = DType::float64;
  int rank_ = 0;
  Value x_, kernel_;
  std::vector<std::int64_t> strides_, dilation_;
  std::int64_t groups_ = 1;
  std::string padding_;
};

// Gradients of an op for its two inputs and a bias, given the upstream gradient.
SEXP backward(const ConvCall& call, const OpPtr& op, SEXP upstream) {
  const Values inputs = {call.x(), call.kernel()};
  const TensorType result = op->infer({inputs[0]->type, inputs[1]->type})[0];
  const Value seed = call.upstream(upstream, result);
  auto node = std::make_shared<Node>();
  node->op = op;
  node->inputs = inputs;
  node->output_types = {result};
  const Values upstreams = {seed};
  const Values found = op->gradient({node, upstreams, {true, true}});
  std::vector<std::int64_t> axes;
  for (int axis = 0; axis <= call.rank(); ++axis) axes.push_back(axis);
  return Rcpp::List::create(Rcpp::Named("x") = call.give_back(found[0]), Rcpp::Named("kernel") = call.give_back_channels_last(found[1]),
                            Rcpp::Named("bias") = call.give_back_channels_last(reduce_sum(seed, axes, false)));
}

}  // namespace

// [[Rcpp::export(rng = false, signature = {x, kernel, bias = NULL, strides = 1, padding = "valid", dilation = 1, groups = 1, data_format = "channels_last", dtype = NULL})]]
SEXP conv_forward(SEXP x, SEXP kernel, SEXP bias, SEXP strides, SEXP padding, SEXP dilation, SEXP groups, SEXP data_format, SEXP dtype) {
  return guarded([&]() -> SEXP {
    ConvCall call("conv_forward", x, dtype, data_format);
    call.read_kernel(kernel, false);
    call.read_settings(strides, padding, dilation, groups);
    return call.give_back(apply1(make_op("conv", call.conv_attributes()), call.with_bias(bias)));
  });
}

// [[Rcpp::export(rng = false, signature = {x, kernel, upstream, strides = 1, padding = "valid", dilation = 1, groups = 1, data_format = "channels_last", dtype = NULL})]]
SEXP conv_backward(SEXP x, SEXP kernel, SEXP upstream, SEXP strides, SEXP padding, SEXP dilation, SEXP groups, SEXP data_format, SEXP dtype) {
  return guarded([&]() -> SEXP {
    ConvCall call("conv_backward", x, dtype, data_format);
    call.read_kernel(kernel, false);
    call.read_settings(strides, padding, dilation, groups);
    return backward(call, make_op("conv", call.conv_attributes()), upstream);
  });
}

// [[Rcpp::export(rng = false, signature = {x, kernel, bias = NULL, strides = 1, padding = "valid", output_padding = NULL, dilation = 1, groups = 1, data_format = "channels_last", dtype = NULL})]]
SEXP conv_transpose_forward(SEXP x, SEXP kernel, SEXP bias, SEXP strides, SEXP padding, SEXP output_padding, SEXP dilation, SEXP groups,
                            SEXP data_format, SEXP dtype) {
  return guarded([&]() -> SEXP {
    ConvCall call("conv_transpose_forward", x, dtype, data_format);
    call.read_kernel(kernel, true);
    call.read_settings(strides, padding, dilation, groups);
    return call.give_back(apply1(make_op("conv_transpose", call.transpose_attributes(output_padding)), call.with_bias(bias)));
  });
}

// [[Rcpp::export(rng = false, signature = {x, kernel, upstream, strides = 1, padding = "valid", output_padding = NULL, dilation = 1, groups = 1, data_format = "channels_last", dtype = NULL})]]
SEXP conv_transpose_backward(SEXP x, SEXP kernel, SEXP upstream, SEXP strides, SEXP padding, SEXP output_padding, SEXP dilation, SEXP groups,
                             SEXP data_format, SEXP dtype) {
  return guarded([&]() -> SEXP {
    ConvCall call("conv_transpose_backward", x, dtype, data_format);
    call.read_kernel(kernel, true);
    call.read_settings(strides, padding, dilation, groups);
    return backward(call, make_op("conv_transpose", call.transpose_attributes(output_padding)), upstream);
  });
}
