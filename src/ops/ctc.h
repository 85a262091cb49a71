#pragma once
#include <cstdint>
#include <vector>

namespace keratin {

struct CtcPath {
  std::vector<std::int32_t> labels;
  double log_probability;
};
// The most probable label sequences of one sample: log_p is (steps, classes), the last class is the blank. Prefix beam search of
// Graves & Jaitly (2014), "Towards end-to-end speech recognition with recurrent neural networks".
std::vector<CtcPath> ctc_beam_search(const double* log_p, std::int64_t steps, std::int64_t classes, int beam_width, int top_paths);

}  // namespace keratin
