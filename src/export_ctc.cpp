// Decoding of connectionist temporal classification: its result's size depends on the values, so it is no op.
#include "glue.h"
#include "ops/ctc.h"

// log_p: (steps, classes), column-major as R has it; gives list(list(labels from 0, log probability), ...), best first.
// [[Rcpp::export(rng = false)]]
Rcpp::List ctc_beam_search_call(Rcpp::NumericMatrix log_p, int beam_width, int top_paths) {
  const R_xlen_t steps = log_p.nrow(), classes = log_p.ncol();
  std::vector<double> rows(static_cast<std::size_t>(steps * classes));
  for (R_xlen_t t = 0; t < steps; ++t) {
    for (R_xlen_t c = 0; c < classes; ++c) rows[static_cast<std::size_t>(t * classes + c)] = log_p(t, c);
  }
  Rcpp::List out;
  for (const keratin::CtcPath& path : keratin::ctc_beam_search(rows.data(), steps, classes, beam_width, top_paths)) {
    out.push_back(Rcpp::List::create(Rcpp::IntegerVector(path.labels.begin(), path.labels.end()), path.log_probability));
  }
  return out;
}
