#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "../core/tensor.h"
#include "../graph/op.h"

namespace keratin {

// Work that is done ahead on threads of its own, and picked up by number. With one computing thread there are no others: a job is then
// done when it is asked for. Jobs must not touch R.
class WorkAhead {
 public:
  using Job = std::function<Tensors()>;

  WorkAhead();  // as many threads as compute, less the one that asks
  ~WorkAhead();
  WorkAhead(const WorkAhead&) = delete;

  void put(std::int64_t number, Job job);
  // What the job gave, or its error. A job that nobody has begun is done here and now. In a forked child, where the threads are not,
  // an error of kind file.
  Tensors take(std::int64_t number);
  void stop();  // forgets what is waiting and joins the threads

 private:
  struct Entry {
    Job job;
    bool begun = false, done = false;
    Tensors result;
    std::exception_ptr failure;
  };
  void work();
  void run(Entry& entry, std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable more_, finished_;
  std::map<std::int64_t, Entry> entries_;
  std::deque<std::int64_t> waiting_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
  const long process_;
};

// Rows of tensors, one job for all of them.
WorkAhead::Job gather_job(Tensors tensors, std::vector<std::int64_t> rows);

struct ImageJob {
  std::string path;
  std::int64_t height, width, channels;
  std::string interpolation;
  bool crop;    // to the aspect ratio asked for
  bool levels;  // resized as PIL does, to whole levels; else as TensorFlow does
};
// One float32 tensor (height, width, channels).
WorkAhead::Job image_job(ImageJob wanted);

}  // namespace keratin
