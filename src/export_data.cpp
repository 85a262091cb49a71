// What the data files need from C++: Python's pickles, and numpy's way to shuffle.
#include <random>

#include "core/pickle.h"
#include "glue.h"
#include "train/work_ahead.h"

using namespace keratin;

namespace {

using Kind = PickleValue::Kind;

bool is_plain_text(const std::string& bytes) {
  for (unsigned char c : bytes)
    if (c == 0 || c > 126) return false;
  return true;
}

SEXP integers_to_r(const std::vector<double>& values) {
  for (double v : values)
    if (v > INT_MAX || v <= INT_MIN) return Rcpp::wrap(values);
  Rcpp::IntegerVector out(static_cast<R_xlen_t>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) out[static_cast<R_xlen_t>(i)] = static_cast<int>(values[i]);
  return out;
}

SEXP pickle_to_r(const PickleValue& value, int depth) {
  if (depth > 200) throw Error(ErrorKind::file, "the Python pickle is nested too deeply.");
  switch (value.kind) {
    case Kind::none: return R_NilValue;
    case Kind::boolean: return Rf_ScalarLogical(value.number != 0);
    case Kind::integer: return integers_to_r({value.number});
    case Kind::real: return Rf_ScalarReal(value.number);
    case Kind::text: case Kind::global: return Rcpp::CharacterVector::create(Rcpp::String(value.data->text, CE_UTF8));
    case Kind::bytes: {
      if (is_plain_text(value.data->text) && value.data->text.size() < 4096) return Rcpp::wrap(value.data->text);
      Rcpp::RawVector out(static_cast<R_xlen_t>(value.data->text.size()));
      std::copy(value.data->text.begin(), value.data->text.end(), reinterpret_cast<char*>(RAW(out)));
      return out;
    }
    case Kind::list:
      if (value.data->items.empty()) return integers_to_r(value.data->integers);
      // fall through: a list of values
    case Kind::tuple: case Kind::object: {
      const auto& items = value.data->items;
      Rcpp::List out(static_cast<R_xlen_t>(items.size()));
      for (std::size_t i = 0; i < items.size(); ++i) out[static_cast<R_xlen_t>(i)] = pickle_to_r(items[i], depth + 1);
      if (value.kind == Kind::object) out.attr("class") = "pickled_object";
      return out;
    }
    case Kind::dict: {
      const auto& items = value.data->items;
      const R_xlen_t n = static_cast<R_xlen_t>(items.size() / 2);
      Rcpp::List out(n);
      Rcpp::CharacterVector names(n);
      for (R_xlen_t i = 0; i < n; ++i) {
        const PickleValue& key = items[static_cast<std::size_t>(2 * i)];
        names[i] = key.data ? key.data->text : std::to_string(static_cast<long long>(key.number));
        out[i] = pickle_to_r(items[static_cast<std::size_t>(2 * i + 1)], depth + 1);
      }
      out.attr("names") = names;
      return out;
    }
  }
  return R_NilValue;
}

}  // namespace

// [[Rcpp::export(rng = false)]]
SEXP pickle_read(Rcpp::RawVector bytes) {
  return guarded([&]() -> SEXP { return pickle_to_r(read_pickle(RAW(bytes), static_cast<std::size_t>(bytes.size())), 0); });
}

// The orders (from 1) in which numpy's RandomState(seed).shuffle() leaves sequences of the sizes, one after the other: the data sets of
// Keras are shuffled so, and keep their order here. Fisher-Yates from the end; a masked 32-bit draw is repeated until it is in range.
// [[Rcpp::export(rng = false)]]
Rcpp::List numpy_shuffles(double seed, Rcpp::NumericVector sizes) {
  return guarded([&]() -> SEXP {
    std::mt19937 generator(static_cast<std::uint32_t>(seed));
    Rcpp::List out(sizes.size());
    for (R_xlen_t k = 0; k < sizes.size(); ++k) {
      if (!(sizes[k] >= 0 && sizes[k] <= 1e8)) fail_argument("a data set of ", sizes[k], " rows cannot be shuffled.");
      Rcpp::IntegerVector order(static_cast<R_xlen_t>(sizes[k]));
      for (R_xlen_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i + 1);
      for (R_xlen_t i = order.size() - 1; i > 0; --i) {
        std::uint32_t mask = static_cast<std::uint32_t>(i);
        for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
        std::uint32_t j;
        do j = static_cast<std::uint32_t>(generator()) & mask;
        while (j > static_cast<std::uint32_t>(i));
        std::swap(order[i], order[j]);
      }
      out[k] = order;
    }
    return out;
  });
}

// Work ahead of the training: decoded images and gathered rows, picked up by number.
// [[Rcpp::export(rng = false)]]
SEXP ahead_create() {
  return guarded([&]() -> SEXP { return wrap_pointer(new WorkAhead(), "work ahead"); });
}

// [[Rcpp::export(rng = false)]]
void ahead_stop(SEXP ahead) {
  guarded([&]() -> SEXP {
    behind<WorkAhead>(ahead, "work ahead").stop();
    return R_NilValue;
  });
}

// [[Rcpp::export(rng = false)]]
void ahead_images(SEXP ahead, Rcpp::NumericVector numbers, Rcpp::CharacterVector paths, Rcpp::IntegerVector shape, std::string interpolation,
                  bool crop, bool levels) {
  guarded([&]() -> SEXP {
    if (shape.size() != 3 || paths.size() != numbers.size()) fail_argument("images are asked for by number, path and c(height, width, channels).");
    for (R_xlen_t i = 0; i < paths.size(); ++i)
      behind<WorkAhead>(ahead, "work ahead")
          .put(static_cast<std::int64_t>(numbers[i]),
               image_job({std::string(R_ExpandFileName(paths[i])), shape[0], shape[1], shape[2], interpolation, crop, levels}));
    return R_NilValue;
  });
}

// `rows` count from 1.
// [[Rcpp::export(rng = false)]]
void ahead_rows(SEXP ahead, double number, Rcpp::List tensors, Rcpp::NumericVector rows) {
  guarded([&]() -> SEXP {
    Tensors from;
    for (R_xlen_t i = 0; i < tensors.size(); ++i) from.push_back(value_from(tensors[i])->tensor);
    std::vector<std::int64_t> wanted;
    for (const double row : rows) wanted.push_back(static_cast<std::int64_t>(row) - 1);
    behind<WorkAhead>(ahead, "work ahead").put(static_cast<std::int64_t>(number), gather_job(std::move(from), std::move(wanted)));
    return R_NilValue;
  });
}

// A list of tensors; NULL if it could not be made here (a kind of image that only R's packages read, a forked child).
// [[Rcpp::export(rng = false)]]
SEXP ahead_take(SEXP ahead, double number) {
  return guarded([&]() -> SEXP {
    Tensors tensors;
    try {
      tensors = behind<WorkAhead>(ahead, "work ahead").take(static_cast<std::int64_t>(number));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::file) throw;
      return R_NilValue;
    }
    Rcpp::List out(static_cast<R_xlen_t>(tensors.size()));
    for (std::size_t i = 0; i < tensors.size(); ++i) out[static_cast<R_xlen_t>(i)] = wrap_tensor(constant(tensors[i]));
    return out;
  });
}
