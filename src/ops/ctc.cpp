#include "ctc.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "../core/thread_pool.h"
#include "functions.h"

// Connectionist temporal classification: Graves, Fernandez, Gomez, Schmidhuber (2006).
namespace keratin {
namespace {

constexpr double log_zero = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == log_zero ? a : a + std::log1p(std::exp(b - a));
}

void log_softmax_rows(const double* x, double* y, std::int64_t rows, std::int64_t n) {
  for (std::int64_t r = 0; r < rows; ++r, x += n, y += n) {
    double largest = x[0], total = 0;
    for (std::int64_t i = 1; i < n; ++i) largest = std::max(largest, x[i]);
    for (std::int64_t i = 0; i < n; ++i) total += std::exp(x[i] - largest);
    const double shift = largest + std::log(total);
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - shift;
  }
}

// -log P(labels | log_p) and, into `gradient` (steps, classes), its derivative by the logits: softmax - posterior.
double ctc_sample(const std::vector<double>& log_p, std::int64_t steps, std::int64_t classes, const std::vector<std::int64_t>& labels,
                  double* gradient) {
  const std::int64_t blank = classes - 1, n = 2 * static_cast<std::int64_t>(labels.size()) + 1;
  std::vector<std::int64_t> path(static_cast<std::size_t>(n), blank);  // labels with blanks around
  for (std::size_t i = 0; i < labels.size(); ++i) path[2 * i + 1] = labels[i];
  const auto may_skip = [&](std::int64_t s) { return s >= 2 && path[s] != blank && path[s] != path[s - 2]; };
  const auto p = [&](std::int64_t t, std::int64_t s) { return log_p[static_cast<std::size_t>(t * classes + path[s])]; };

  std::vector<double> alpha(static_cast<std::size_t>(steps * n), log_zero), beta = alpha;
  alpha[0] = p(0, 0);
  if (n > 1) alpha[1] = p(0, 1);
  for (std::int64_t t = 1; t < steps; ++t) {
    for (std::int64_t s = 0; s < n; ++s) {
      double total = alpha[(t - 1) * n + s];
      if (s >= 1) total = log_add(total, alpha[(t - 1) * n + s - 1]);
      if (may_skip(s)) total = log_add(total, alpha[(t - 1) * n + s - 2]);
      alpha[t * n + s] = total + p(t, s);
    }
  }
  beta[(steps - 1) * n + n - 1] = 0;
  if (n > 1) beta[(steps - 1) * n + n - 2] = 0;
  for (std::int64_t t = steps - 2; t >= 0; --t) {
    for (std::int64_t s = 0; s < n; ++s) {
      double total = beta[(t + 1) * n + s] + p(t + 1, s);
      if (s + 1 < n) total = log_add(total, beta[(t + 1) * n + s + 1] + p(t + 1, s + 1));
      if (s + 2 < n && may_skip(s + 2)) total = log_add(total, beta[(t + 1) * n + s + 2] + p(t + 1, s + 2));
      beta[t * n + s] = total;
    }
  }
  double whole = alpha[(steps - 1) * n + n - 1];
  if (n > 1) whole = log_add(whole, alpha[(steps - 1) * n + n - 2]);
  if (whole == log_zero) return -log_zero;
  for (std::int64_t t = 0; t < steps; ++t) {
    for (std::int64_t c = 0; c < classes; ++c) gradient[t * classes + c] = std::exp(log_p[static_cast<std::size_t>(t * classes + c)]);
    for (std::int64_t s = 0; s < n; ++s) gradient[t * classes + path[s]] -= std::exp(alpha[t * n + s] + beta[t * n + s] - whole);
  }
  return -whole;
}

std::int64_t integer_at(const Tensor& t, std::int64_t i) {
  return t.dtype() == DType::int32 ? t.data<std::int32_t>()[i] : t.data<std::int64_t>()[i];
}

// (logits (batch, steps, classes; the last is the blank), labels (batch, longest), input lengths (batch), label lengths (batch)) ->
// (loss (batch), its derivative by the logits)
class CtcLoss : public Op {
 public:
  const char* name() const override { return "ctc_loss"; }
  Types infer(const Types& inputs) const override {
    if (inputs.size() != 4) fail_argument("ctc_loss: takes 4 inputs. Received: ", inputs.size());
    const Shape &logits = inputs[0].shape, &labels = inputs[1].shape;
    if (!is_floating(inputs[0].dtype)) fail_argument("ctc_loss: the logits must be float32 or float64. Received: ", name_of(inputs[0].dtype));
    for (int i = 1; i < 4; ++i) {
      if (!is_integer(inputs[i].dtype)) fail_argument("ctc_loss: labels and lengths must be integers. Received: ", name_of(inputs[i].dtype));
    }
    if (logits.rank() != 3 || labels.rank() != 2 || inputs[2].shape.rank() != 1 || inputs[3].shape.rank() != 1) {
      fail_shape("ctc_loss: takes logits (batch, steps, classes), labels (batch, longest) and lengths (batch). Received shapes ", logits, ", ",
                 labels, ", ", inputs[2].shape, " and ", inputs[3].shape, ".");
    }
    return {{inputs[0].dtype, Shape{logits[0]}}, inputs[0]};
  }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    const Shape& shape = inputs[0].shape();
    const std::int64_t batch = shape[0], steps = shape[1], classes = shape[2], longest = inputs[1].shape()[1];
    for (std::int64_t b = 0; b < batch; ++b) {
      const std::int64_t length = integer_at(inputs[2], b), labels = integer_at(inputs[3], b);
      if (length < 1 || length > steps) fail_argument("ctc_loss: input length ", length, " of sample ", b + 1, " is not in [1, ", steps, "].");
      if (labels < 0 || labels > longest) fail_argument("ctc_loss: label length ", labels, " of sample ", b + 1, " is not in [0, ", longest, "].");
      for (std::int64_t i = 0; i < labels; ++i) {
        const std::int64_t label = integer_at(inputs[1], b * longest + i);
        if (label < 0 || label >= classes - 1) fail_argument("ctc_loss: label ", label, " of sample ", b + 1, " is not in [0, ", classes - 1, ").");
      }
    }
    std::memset(outputs[1].raw(), 0, outputs[1].bytes());
    visit_floating(inputs[0].dtype(), name(), [&](auto zero) {
      using T = decltype(zero);
      parallel_parts(batch, [&](std::int64_t b) {
        const std::int64_t length = integer_at(inputs[2], b);
        const T* x = inputs[0].data<T>() + b * steps * classes;
        std::vector<double> log_p(x, x + length * classes), gradient(static_cast<std::size_t>(length * classes), 0.0);
        log_softmax_rows(log_p.data(), log_p.data(), length, classes);
        std::vector<std::int64_t> labels;
        for (std::int64_t i = 0; i < integer_at(inputs[3], b); ++i) labels.push_back(integer_at(inputs[1], b * longest + i));
        outputs[0].data<T>()[b] = static_cast<T>(ctc_sample(log_p, length, classes, labels, gradient.data()));
        std::copy(gradient.begin(), gradient.end(), outputs[1].data<T>() + b * steps * classes);
      });
    });
  }
  Values gradient(const GradientContext& g) const override {
    if (!g.upstream(0)) return {nullptr};
    return {expand_dims(expand_dims(g.upstream(0), 1), 2) * g.output(1)};
  }
};
REGISTER_OP("ctc_loss", [](const Attributes&) { return std::make_shared<CtcLoss>(); });

struct Beam {
  double blank = log_zero, label = log_zero;  // log P of the prefix with the last step a blank, or its last label
  double total() const { return log_add(blank, label); }
};

}  // namespace

std::vector<CtcPath> ctc_beam_search(const double* log_p, std::int64_t steps, std::int64_t classes, int beam_width, int top_paths) {
  using Prefix = std::vector<std::int32_t>;
  std::vector<double> normalized(log_p, log_p + steps * classes);
  log_softmax_rows(log_p, normalized.data(), steps, classes);
  std::vector<std::pair<Prefix, Beam>> beams(1);
  beams[0].second.blank = 0;
  for (std::int64_t t = 0; t < steps; ++t) {
    const double* p = normalized.data() + t * classes;
    std::map<Prefix, Beam> next;
    for (const auto& [prefix, beam] : beams) {
      Beam& same = next[prefix];
      same.blank = log_add(same.blank, beam.total() + p[classes - 1]);
      if (!prefix.empty()) same.label = log_add(same.label, beam.label + p[prefix.back()]);
      for (std::int32_t c = 0; c < classes - 1; ++c) {
        Prefix longer = prefix;
        longer.push_back(c);
        Beam& target = next[longer];
        const bool repeats = !prefix.empty() && prefix.back() == c;  // a repeated label needs a blank between
        target.label = log_add(target.label, (repeats ? beam.blank : beam.total()) + p[c]);
      }
    }
    beams.assign(next.begin(), next.end());
    const auto better = [](const auto& a, const auto& b) { return a.second.total() > b.second.total(); };
    const std::size_t kept = std::min(beams.size(), static_cast<std::size_t>(beam_width));
    std::partial_sort(beams.begin(), beams.begin() + static_cast<std::ptrdiff_t>(kept), beams.end(), better);
    beams.resize(kept);
  }
  std::vector<CtcPath> paths;
  for (std::size_t i = 0; i < beams.size() && static_cast<int>(i) < top_paths; ++i) paths.push_back({beams[i].first, beams[i].second.total()});
  return paths;
}

}  // namespace keratin
