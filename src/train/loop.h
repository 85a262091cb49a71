#pragma once
#include "../graph/program.h"
#include "feed.h"

namespace keratin {

struct LoopRequest {
  std::int64_t first = 0, last = 0;  // batches to run: [first, last)
  std::int64_t batch_size = 0;
  double seconds = 1e300;                     // return after about this long even if batches are left
  bool (*interrupt_pending)() = nullptr;      // asked between batches, at most every 50 ms
  Tensors* collect = nullptr;     // whole results, written batch by batch (predict)
};

struct LoopResult {
  std::int64_t next = 0;     // first batch that has not run
  bool interrupted = false;  // finished batches are complete, the others untouched
  Tensors outputs;  // of the last batch that ran
};

// Runs `whole` on full batches and `rest` on the last, smaller one (null if there is none).
LoopResult run_batches(Feed& feed, Program& whole, Program* rest, const LoopRequest& request);

}  // namespace keratin
