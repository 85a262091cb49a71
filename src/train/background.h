#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "../graph/program.h"

namespace keratin {

// One run of a program on a thread of its own, while R prepares the next batch. There is at most one at a time; whoever is about to
// touch a variable or to run a program waits for it first (wait_for_background).
class BackgroundRun {
 public:
  BackgroundRun(Program& program, Tensors inputs);
  ~BackgroundRun();                  // stops the run at its next question and waits
  bool wait_for(double seconds);     // is it done?
  void stop() { stopping_.store(true); }
  Tensors results();                 // waits; throws what the run threw

 private:
  void join();
  Program& program_;
  Program::Run run_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  Tensors results_;
  std::exception_ptr failure_;
  std::thread thread_;
};

void wait_for_background();

}  // namespace keratin
