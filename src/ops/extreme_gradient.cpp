#include <algorithm>

#include "../core/thread_pool.h"
#include "../kernels/dispatch.h"
#include "functions.h"
#include "large_result.h"
#include "reduce.h"

namespace keratin {
namespace {

// (x, its extremes y, upstream): where x = y its column's upstream, of which ties have equal shares; zero elsewhere.
class ExtremeGradient : public Op {
 public:
  explicit ExtremeGradient(const std::vector<bool>& reduced) : reduced_(reduced) {}
  const char* name() const override { return "reduce_extreme_gradient"; }
  Types infer(const Types& inputs) const override { return {inputs[0]}; }
  void run(const Tensors& inputs, Tensors& outputs, const RunContext&) const override {
    visit_floating(inputs[0].dtype(), "the gradient of an extreme", [&](auto zero) {
      using T = decltype(zero);
      spread(LargeResult<T>(outputs[0], inputs), inputs[0].data<T>(), inputs[1].data<T>(), inputs[2].data<T>(), inputs[0].shape());
    });
  }
  // Linear in the upstream.
  Values gradient(const GradientContext& g) const override {
    const Value &x = g.input(0), &y = g.input(1);
    Value extremes = y;
    std::vector<std::int64_t> axes;
    for (std::size_t i = 0; i < reduced_.size(); ++i) {
      if (!reduced_[i]) continue;
      axes.push_back(static_cast<std::int64_t>(i));
      if (y->type.shape.rank() < x->type.shape.rank()) extremes = expand_dims(extremes, static_cast<std::int64_t>(i));
    }
    const bool keepdims = extremes == y;
    const Value hits = call_binary("equal_number", x, extremes);
    return {nullptr, nullptr, reduce_sum(hits * g.upstream(), axes, keepdims) / reduce_sum(hits, axes, keepdims)};
  }

 private:
  // Many rows are turned into columns at a time; ties are seen, and shared out, before they are turned back.
  template <class T>
  static void spread_along_short_rows(const LargeResult<T>& result, const T* x, const T* y, const T* upstream, std::int64_t rows,
                                      std::int64_t length) {
    const std::int64_t grain = std::max<std::int64_t>(turned_rows, reduce_grain / length / turned_rows * turned_rows);
    parallel_ranges(rows, grain, [&](std::int64_t begin, std::int64_t end) {
      T turned_x[short_row * turned_rows], turned_dx[short_row * turned_rows], scale[turned_rows];
      for (std::int64_t r = begin; r < end; r += turned_rows) {
        const std::int64_t count = std::min(turned_rows, end - r);
        T hits[turned_rows] = {};
        const auto go = [&](const T* factor) {
          kernels<T>().spread_to_equal(turned_dx, hits, turned_x, y + r, factor, static_cast<std::size_t>(length), static_cast<std::size_t>(count),
                                       static_cast<std::size_t>(turned_rows));
        };
        kernels<T>().transpose(turned_x, turned_rows, x + r * length, length, count, length);
        go(upstream + r);  // as if there were no ties
        if (std::any_of(hits, hits + count, [](T n) { return n != T(1); })) {
          for (std::int64_t i = 0; i < count; ++i) scale[i] = upstream[r + i] / hits[i];
          go(scale);
        }
        T* dx = result.room(r * length, count * length);
        kernels<T>().transpose(dx, length, turned_dx, turned_rows, length, count);
        result.send(dx, r * length, count * length);
      }
    });
  }

  // x as (outer, length, inner) by its last reduced run. Short rows are taken several at a time: `fold` of them are `columns` elements.
  template <class T>
  void spread(const LargeResult<T>& result, const T* x, const T* y, const T* upstream, const Shape& shape) const {
    if (shape.elements() == 0) return;
    const Runs runs = runs_of(shape, reduced_);
    int last = static_cast<int>(runs.sizes.size()) - 1;
    while (last >= 0 && !runs.reduced[last]) --last;
    std::int64_t outer = 1, inner = 1, extremes = 1;
    for (int i = 0; i < static_cast<int>(runs.sizes.size()); ++i) {
      if (i < last) outer *= runs.sizes[i];
      if (i > last) inner *= runs.sizes[i];
      if (i < last && !runs.reduced[i]) extremes *= runs.sizes[i];
    }
    const std::int64_t length = last < 0 ? 1 : runs.sizes[last];
    if (inner == 1 && extremes == outer && length <= short_row) return spread_along_short_rows(result, x, y, upstream, outer, length);
    const auto extreme_of = [&](std::int64_t o) {  // row of y
      std::int64_t row = 0, step = 1;
      for (int i = last - 1; i >= 0; o /= runs.sizes[i--]) {
        if (runs.reduced[i]) continue;
        row += o % runs.sizes[i] * step;
        step *= runs.sizes[i];
      }
      return row;
    };
    constexpr std::int64_t narrow = 64, wide = 4096;
    const std::int64_t fold = std::max<std::int64_t>(1, std::min(narrow / inner, length)), columns = fold * inner, rows = length / fold;
    const std::int64_t width = std::min(columns, wide), blocks = (columns + width - 1) / width;
    const std::int64_t piece = std::max<std::int64_t>(1, std::min(rows, reduce_grain / width)), pieces = (rows + piece - 1) / piece;
    std::vector<T> hits(static_cast<std::size_t>(outer * pieces * inner)), total(static_cast<std::size_t>(extremes * inner));

    const auto run_piece = [&](std::int64_t o, std::int64_t block, std::int64_t k, const T* scale) {
      const std::int64_t row = extreme_of(o) * inner + block * width, start = (o * length + k * piece * fold) * inner + block * width;
      const std::int64_t n = std::min(piece, rows - k * piece), w = std::min(width, columns - block * width);
      const auto go = [&](std::int64_t from, T* hit, const T* extreme, const T* factor, std::int64_t n, std::int64_t w) {
        const bool in_one = w == columns;  // rows without gaps
        T* to = in_one ? result.room(from, n * columns) : result.data() + from;
        kernels<T>().spread_to_equal(to, hit, x + from, extreme, factor, static_cast<std::size_t>(n), static_cast<std::size_t>(w),
                                     static_cast<std::size_t>(columns));
        if (in_one) result.send(to, from, n * columns);
      };
      T* hit = hits.data() + (o * pieces + k) * inner + block * width;
      if (fold == 1) return go(start, hit, y + row, scale + row, n, w);
      T folded_y[narrow], folded_scale[narrow], folded_hits[narrow] = {};
      for (std::int64_t i = 0; i < columns; i += inner) {
        for (std::int64_t c = 0; c < inner; ++c) folded_y[i + c] = y[row + c], folded_scale[i + c] = scale[row + c];
      }
      go(start, folded_hits, folded_y, folded_scale, n, columns);
      if (k == pieces - 1 && length % fold > 0) go(start + n * columns, folded_hits, folded_y, folded_scale, 1, length % fold * inner);
      for (std::int64_t i = 0; i < columns; i += inner) {
        for (std::int64_t c = 0; c < inner; ++c) hit[c] += folded_hits[i + c];
      }
    };
    const auto run_all = [&](const T* scale, const std::vector<bool>* wanted) {
      parallel_ranges(outer * blocks * pieces, std::max<std::int64_t>(1, reduce_grain / (piece * width)), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t o = i / pieces / blocks;
          if (!wanted || (*wanted)[static_cast<std::size_t>(extreme_of(o))]) run_piece(o, i / pieces % blocks, i % pieces, scale);
        }
      });
    };
    run_all(upstream, nullptr);  // as if there were no ties
    for (std::int64_t o = 0; o < outer; ++o) {
      T* sum = total.data() + extreme_of(o) * inner;
      for (std::int64_t k = 0; k < pieces; ++k) {
        for (std::int64_t i = 0; i < inner; ++i) sum[i] += hits[static_cast<std::size_t>((o * pieces + k) * inner + i)];
      }
    }
    std::vector<bool> tied(static_cast<std::size_t>(extremes));
    for (std::size_t i = 0; i < total.size(); ++i) {
      if (total[i] != T(1)) tied[i / static_cast<std::size_t>(inner)] = true;
      total[i] = upstream[i] / total[i];
    }
    if (std::find(tied.begin(), tied.end(), true) != tied.end()) run_all(total.data(), &tied);
  }

  std::vector<bool> reduced_;
};

}  // namespace

Value extreme_gradient(const Value& x, const Value& y, const Value& upstream, const std::vector<bool>& reduced) {
  return apply1(std::make_shared<ExtremeGradient>(reduced), {x, y, upstream});
}

}  // namespace keratin
