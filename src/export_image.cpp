// Images as R arrays [height, width, channels]: affine transforms as scipy.ndimage computes them, resizing as PIL computes it.
#include <Rcpp.h>

#include "glue.h"
#include "ops/image_sample.h"

using namespace keratin;

// Output pixel (i, j) is read at matrix (2 x 2) times (i, j) plus offset, linearly.
// [[Rcpp::export(rng = false)]]
SEXP image_affine(Rcpp::NumericVector x, Rcpp::NumericVector matrix, Rcpp::NumericVector offset, Rcpp::IntegerVector size, std::string fill, double cval) {
  return guarded([&]() -> SEXP {
    const Rcpp::IntegerVector dim = x.attr("dim");
    const std::int64_t h = dim[0], w = dim[1], c = dim[2], rows = size[0], columns = size[1];
    const ImageFill mode = image_fill(fill);
    const ImageView<double> image{x.begin(), h, w, c, 1, h, h * w};
    Rcpp::NumericVector out(rows * columns * c);
    double* target = out.begin();
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t i = 0; i < rows; ++i) {
        const double y = map_scipy(matrix[0] * i + matrix[2] * j + offset[0], h, mode), z = map_scipy(matrix[1] * i + matrix[3] * j + offset[1], w, mode);
        for (std::int64_t channel = 0; channel < c; ++channel)
          target[i + rows * (j + columns * channel)] = std::isnan(y) || std::isnan(z) ? cval : sample_bilinear(image, y, z, channel, cval);
      }
    }
    out.attr("dim") = Rcpp::IntegerVector::create(size[0], size[1], dim[2]);
    return out;
  });
}

namespace {

double filter_value(const std::string& filter, double x) {
  constexpr double pi = 3.14159265358979323846;
  x = std::fabs(x);
  const auto sinc = [](double t) { return t == 0 ? 1.0 : std::sin(t * pi) / (t * pi); };
  if (filter == "bilinear") return x < 1 ? 1 - x : 0;
  if (filter == "hamming") return x == 0 ? 1 : x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * std::cos(x * pi));
  if (filter == "bicubic") return x < 1 ? ((-0.5 + 2) * x - (-0.5 + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  return x < 3 ? sinc(x) * sinc(x / 3) : 0;  // lanczos
}

// One axis resized: `lines` lines of `from` elements `stride` apart. Whole levels from 0 to 255 come out, as PIL keeps them.
void resize_axis(const double* in, double* out, std::int64_t from, std::int64_t to, std::int64_t inner, std::int64_t outer, const std::string& filter) {
  const double scale = static_cast<double>(from) / static_cast<double>(to), widening = std::max(1.0, scale);
  const double base = filter == "box" ? 0.5 : filter == "bicubic" ? 2 : filter == "lanczos" ? 3 : 1, radius = base * widening;
  std::vector<double> weights;
  for (std::int64_t k = 0; k < to; ++k) {
    const double centre = (static_cast<double>(k) + 0.5) * scale;
    std::int64_t first = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - radius + 0.5)), last = std::min(from, static_cast<std::int64_t>(centre + radius + 0.5));
    weights.clear();
    double total = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const double at = (static_cast<double>(i) - centre + 0.5) / widening;
      weights.push_back(filter == "box" ? (at > -0.5 && at <= 0.5 ? 1 : 0) : filter_value(filter, at));
      total += weights.back();
    }
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t n = 0; n < inner; ++n) {
        double sum = 0;
        for (std::int64_t i = first; i < last; ++i) sum += weights[static_cast<std::size_t>(i - first)] * in[n + inner * (i + from * o)];
        out[n + inner * (k + to * o)] = std::min(255.0, std::max(0.0, std::floor(sum / total + 0.5)));
      }
    }
  }
}

}  // namespace

// Widths first, then heights, each rounded to whole levels.
// [[Rcpp::export(rng = false)]]
SEXP image_resize_levels(Rcpp::NumericVector x, Rcpp::IntegerVector size, std::string filter) {
  return guarded([&]() -> SEXP {
    const Rcpp::IntegerVector dim = x.attr("dim");
    const std::int64_t h = dim[0], w = dim[1], c = dim[2];
    std::vector<double> wide(static_cast<std::size_t>(h * size[1] * c));
    Rcpp::NumericVector out(static_cast<R_xlen_t>(size[0]) * size[1] * c);
    if (size[1] == w) std::copy(x.begin(), x.end(), wide.begin());
    else resize_axis(x.begin(), wide.data(), w, size[1], h, c, filter);
    if (size[0] == h) std::copy(wide.begin(), wide.end(), out.begin());
    else resize_axis(wide.data(), out.begin(), h, size[0], 1, c * size[1], filter);
    out.attr("dim") = Rcpp::IntegerVector::create(size[0], size[1], dim[2]);
    return out;
  });
}
