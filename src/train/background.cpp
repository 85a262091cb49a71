#include "background.h"

#include <chrono>
#include <system_error>

#ifndef _WIN32
#include <pthread.h>
#include <unistd.h>
#endif

#include "../graph/interrupt.h"

namespace keratin {

namespace {
BackgroundRun* in_flight = nullptr;  // read and written by R's thread only

#ifndef _WIN32
// A child would inherit a run without its thread, and locks in whatever state they are.
void settle_before_fork() { wait_for_background(); }
#endif
}  // namespace

void wait_for_background() {
  if (in_flight) in_flight->wait_for(1e9);
}

BackgroundRun::BackgroundRun(Program& program, Tensors inputs) : program_(program) {
  wait_for_background();
#ifndef _WIN32
  static const bool registered = (pthread_atfork(settle_before_fork, nullptr, nullptr), true);
  (void)registered;
#endif
  run_ = program.begin(std::move(inputs));
  auto work = [this] {
    stop_this_thread_by(&stopping_);
    try {
      results_ = program_.finish(run_);
    } catch (...) {
      failure_ = std::current_exception();
    }
    std::lock_guard<std::mutex> lock(mutex_);
    is_done_ = true;
    done_.notify_all();
  };
  in_flight = this;
  try {
    thread_ = std::thread(work);
  } catch (const std::system_error&) {  // no thread to be had: here and now, then
    work();
    stop_this_thread_by(nullptr);
  }
}

void BackgroundRun::join() {
  if (thread_.joinable()) thread_.join();
  if (in_flight == this) in_flight = nullptr;
}

BackgroundRun::~BackgroundRun() {
  stop();
  join();
}

bool BackgroundRun::wait_for(double seconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  return done_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return is_done_; });
}

Tensors BackgroundRun::results() {
  join();
  if (failure_) std::rethrow_exception(failure_);
  return std::move(results_);
}

}  // namespace keratin
