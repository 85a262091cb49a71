// Images as R arrays [height, width, channels]: affine transforms as scipy.ndimage computes them, resizing as PIL computes it.
#include <Rcpp.h>

#include "glue.h"
#include "ops/image_levels.h"
#include "ops/image_sample.h"

using namespace keratin;

// Output pixel (i, j) is read at matrix (2 x 2) times (i, j) plus offset, linearly.
// [[Rcpp::export(rng = false)]]
SEXP image_affine(Rcpp::NumericVector x, Rcpp::NumericVector matrix, Rcpp::NumericVector offset, Rcpp::IntegerVector size, std::string fill,
                  double cval) {
  return guarded([&]() -> SEXP {
    const Rcpp::IntegerVector dim = x.attr("dim");
    const std::int64_t h = dim[0], w = dim[1], c = dim[2], rows = size[0], columns = size[1];
    const ImageFill mode = image_fill(fill);
    const ImageView<double> image{x.begin(), h, w, c, 1, h, h * w};
    Rcpp::NumericVector out(rows * columns * c);
    double* target = out.begin();
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t i = 0; i < rows; ++i) {
        const double y = map_scipy(matrix[0] * i + matrix[2] * j + offset[0], h, mode),
                     z = map_scipy(matrix[1] * i + matrix[3] * j + offset[1], w, mode);
        for (std::int64_t channel = 0; channel < c; ++channel)
          target[i + rows * (j + columns * channel)] = std::isnan(y) || std::isnan(z) ? cval : sample_bilinear(image, y, z, channel, cval);
      }
    }
    out.attr("dim") = Rcpp::IntegerVector::create(size[0], size[1], dim[2]);
    return out;
  });
}

// Widths first, then heights, each rounded to whole levels of at most `most` (255 or 65535).
// [[Rcpp::export(rng = false)]]
SEXP image_resize_levels(Rcpp::NumericVector x, Rcpp::IntegerVector size, std::string filter, double most) {
  return guarded([&]() -> SEXP {
    const Rcpp::IntegerVector dim = x.attr("dim");
    const std::int64_t h = dim[0], w = dim[1], c = dim[2];
    Rcpp::NumericVector out(static_cast<R_xlen_t>(size[0]) * size[1] * c);
    resize_levels(x.begin(), out.begin(), PixelOrder::planes, h, w, c, size[0], size[1], filter, most);
    out.attr("dim") = Rcpp::IntegerVector::create(size[0], size[1], dim[2]);
    return out;
  });
}
