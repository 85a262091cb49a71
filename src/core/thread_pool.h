#pragma once
#include <cstdint>
#include <type_traits>

namespace keratin {

// keratin's own threads: OpenMP's hang in a forked child. The pool is rebuilt in a child after fork().
int thread_count();
void set_thread_count(int threads);  // below 1: as many as there are cores; limited by OMP_THREAD_LIMIT, and to 2 under R CMD check
// A question that the thread which sets it asks between the parts of its jobs (null: none). Yes drops the parts that have not begun and
// throws an `interrupted` error. Returns the question before.
using StopQuestion = bool (*)();
StopQuestion set_stop_question(StopQuestion question);
void stop_threads();                // before the library is unloaded; the next call starts them again

// Calls body(context, part) for part = 0 … parts-1, spread over the threads; returns when all are done. Which thread takes which part
// is not fixed, so parts must not depend on each other, and sums over parts are taken in part order afterwards.
// A call from inside a part runs its parts one after the other.
void run_parts(std::int64_t parts, void (*body)(void* context, std::int64_t part), void* context);

// For background threads: what they call runs its parts one after the other, and leaves the pool to the main thread.
void keep_this_thread_out_of_the_pool();

template <class Body>
void parallel_parts(std::int64_t parts, Body&& body) {
  if (parts <= 1) {
    if (parts == 1) body(std::int64_t{0});
    return;
  }
  using Function = std::remove_reference_t<Body>;
  run_parts(
      parts, [](void* context, std::int64_t part) { (*static_cast<Function*>(context))(part); }, const_cast<void*>(static_cast<const void*>(&body)));
}

// parallel_ranges(n, grain, [&](begin, end) { ... }): [0, n) cut into ranges of about `grain` that do not depend on the thread count.
template <class Body>
void parallel_ranges(std::int64_t n, std::int64_t grain, Body&& body) {
  if (n <= 0) return;
  if (grain < 1) grain = 1;
  const std::int64_t parts = (n + grain - 1) / grain;
  parallel_parts(parts, [&](std::int64_t part) {
    const std::int64_t begin = part * grain;
    body(begin, begin + grain < n ? begin + grain : n);
  });
}

}  // namespace keratin
