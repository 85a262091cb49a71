#include "interrupt.h"

#include <chrono>
#include <utility>

#include "../core/error.h"

namespace keratin {
namespace {

bool (*interrupt_source)() = nullptr;
thread_local const std::atomic<bool>* background_run = nullptr;  // set on the thread of a background run: stop?
thread_local std::chrono::steady_clock::time_point asked;

bool should_stop() {
  const auto now = std::chrono::steady_clock::now();
  if (now - asked < std::chrono::milliseconds(50)) return false;
  asked = now;
  return background_run ? background_run->load() : interrupt_source && interrupt_source();
}

}  // namespace

void set_interrupt_source(bool (*pending)()) { interrupt_source = pending; }
void stop_this_thread_by(const std::atomic<bool>* flag) { background_run = flag; }

InterruptPoll::InterruptPoll(bool is_long) : on_(is_long), before_(is_long ? set_stop_question(should_stop) : nullptr) {}
void InterruptPoll::ask() {
  if (on_ && should_stop()) throw Error(ErrorKind::interrupted, "interrupted.");
}
void InterruptPoll::end() {
  if (std::exchange(on_, false)) set_stop_question(before_);
}

}  // namespace keratin
