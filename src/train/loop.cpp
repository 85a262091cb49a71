#include "loop.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace keratin {

namespace {
using Clock = std::chrono::steady_clock;

void write_rows(const Tensor& from, Tensor& to, std::int64_t first_row, std::int64_t batch_rows) {
  if (from.shape().rank() == 0 || from.shape()[0] != batch_rows)
    fail_shape("predict() takes outputs with one row per sample. The model gave ", from.shape(), " for ", batch_rows, " samples.");
  const std::size_t row_bytes = static_cast<std::size_t>(from.shape().product(1, from.shape().rank())) * size_of(from.dtype());
  std::memcpy(static_cast<char*>(to.raw()) + static_cast<std::size_t>(first_row) * row_bytes, from.raw(), from.bytes());
}
}  // namespace

LoopResult run_batches(Feed& feed, Program& whole, Program* rest, const LoopRequest& request) {
  LoopResult result;
  result.next = request.first;
  const Clock::time_point start = Clock::now();
  Clock::time_point asked = start;
  for (std::int64_t b = request.first; b < request.last; ++b) {
    const std::int64_t begin = b * request.batch_size, size = std::min(request.batch_size, feed.samples() - begin);
    Program& program = size == request.batch_size || !rest ? whole : *rest;
    try {
      result.outputs = program.run(feed.batch(begin, size));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::interrupted) throw;
      result.interrupted = true;
      return result;
    }
    result.next = b + 1;
    if (request.collect)
      for (std::size_t i = 0; i < result.outputs.size(); ++i) write_rows(result.outputs[i], (*request.collect)[i], begin, size);
    if (result.next == request.last) break;
    const Clock::time_point now = Clock::now();
    if (request.interrupt_pending && std::chrono::duration<double>(now - asked).count() > 0.05) {
      asked = now;
      if (request.interrupt_pending()) {
        result.interrupted = true;
        return result;
      }
    }
    if (std::chrono::duration<double>(now - start).count() > request.seconds) return result;
  }
  return result;
}

}  // namespace keratin
