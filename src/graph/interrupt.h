#pragma once
#include <atomic>
#include <cstddef>

#include "../core/thread_pool.h"

namespace keratin {

// Asked between the steps of long runs, and between the parts of long ops; when it says yes the run ends with an `interrupted` error, and
// no variable has changed.
void set_interrupt_source(bool (*pending)());
// On a thread that is not R's: the flag takes the place of the interrupt source.
void stop_this_thread_by(const std::atomic<bool>* flag);

constexpr std::size_t long_run_bytes = std::size_t{1} << 20;  // memory from which a run or an op may be long enough to be asked

// While one lives, and until end(), the parts of every op ask. (One convolution can take seconds.)
class InterruptPoll {
 public:
  explicit InterruptPoll(bool is_long);
  ~InterruptPoll() { end(); }
  void ask();
  // From here on nothing may stop the run.
  void end();

 private:
  bool on_;
  StopQuestion before_;
};

}  // namespace keratin
