#include "thread_pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "error.h"

#ifndef _WIN32
#include <pthread.h>
#endif
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace keratin {
namespace {

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Between two regions of one training step pass a few microseconds: a worker that slept would be woken too late to help.
constexpr auto spin_time = std::chrono::microseconds(60);
constexpr int relaxes_per_look_at_clock = 32;

template <class Done>
bool spin_until(Done done) {
  const auto end = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < relaxes_per_look_at_clock; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

thread_local bool inside_a_part = false;
thread_local StopQuestion stop_question = nullptr;

void stop_if_asked() {
  if (stop_question && stop_question()) throw Error(ErrorKind::interrupted, "interrupted.");
}

class Pool {
 public:
  explicit Pool(int workers) {
    threads_.reserve(static_cast<std::size_t>(workers));
    try {
      for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // The system has no more threads for us: the ones there are do the work.
    }
  }

  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_.store(true);
      generation_.fetch_add(1);
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(std::int64_t parts, void (*body)(void*, std::int64_t), void* context) {
    parts_ = parts;
    body_ = body;
    context_ = context;
    failure_ = nullptr;
    next_.store(0, std::memory_order_relaxed);
    open_.store(true);
    generation_.fetch_add(1);
    if (sleeping_.load() > 0) {
      { std::lock_guard<std::mutex> lock(mutex_); }
      wake_.notify_all();
    }
    take_parts();
    // A worker that comes later finds the job closed and goes away; only those already inside are waited for.
    open_.store(false);
    while (!spin_until([this] { return active_.load() == 0; })) std::this_thread::yield();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void take_parts() {
    inside_a_part = true;
    for (;;) {
      const std::int64_t part = next_.fetch_add(1, std::memory_order_relaxed);
      if (part >= parts_) break;
      try {
        body_(context_, part);
        stop_if_asked();
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        next_.store(parts_, std::memory_order_relaxed);
      }
    }
    inside_a_part = false;
  }

  void work() {
    std::uint64_t seen = 0;
    for (;;) {
      if (!spin_until([&] { return generation_.load() != seen; })) {
        std::unique_lock<std::mutex> lock(mutex_);
        sleeping_.fetch_add(1);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
        sleeping_.fetch_sub(1);
      }
      seen = generation_.load();
      if (stopping_.load()) return;
      active_.fetch_add(1);  // before looking at `open_`: either run() sees us, or we see that it has closed
      if (open_.load()) take_parts();
      active_.fetch_sub(1);
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> sleeping_{0}, active_{0};
  std::atomic<bool> open_{false}, stopping_{false};
  std::atomic<std::int64_t> next_{0};
  std::int64_t parts_ = 0;
  void (*body_)(void*, std::int64_t) = nullptr;
  void* context_ = nullptr;
  std::exception_ptr failure_;
};

Pool* pool = nullptr;
int requested_threads = 0;  // 0: not yet asked for
std::mutex* run_mutex = new std::mutex;

// fork() copies only the calling thread. The child forgets the parent's pool (its threads do not exist there) and makes its own at need.
void forget_pool() {
  pool = nullptr;
  run_mutex = new std::mutex;
  inside_a_part = false;
}

int positive_environment(const char* name) {
  const char* value = std::getenv(name);
  const int number = value ? std::atoi(value) : 0;
  return number > 0 ? number : 0;
}

// R CMD check allows two cores to a package on CRAN's machines.
bool check_limits_cores() {
  const char* value = std::getenv("_R_CHECK_LIMIT_CORES_");
  return value && *value && std::strcmp(value, "false") != 0 && std::strcmp(value, "FALSE") != 0;
}

int upper_limit() {
  int limit = 256;
  if (const int openmp = positive_environment("OMP_THREAD_LIMIT")) limit = openmp < limit ? openmp : limit;
  if (check_limits_cores() && limit > 2) limit = 2;
  return limit;
}

int default_threads() {
  const unsigned cores = std::thread::hardware_concurrency();
  return cores > 0 ? static_cast<int>(cores) : 1;
}

}  // namespace

int thread_count() {
  if (requested_threads == 0) set_thread_count(default_threads());
  return requested_threads;
}

void set_thread_count(int threads) {
  const int limit = upper_limit();
  if (threads < 1) threads = default_threads();
  if (threads > limit) threads = limit;
  if (threads == requested_threads) return;
  delete pool;
  pool = nullptr;
  requested_threads = threads;
}

StopQuestion set_stop_question(StopQuestion question) { return std::exchange(stop_question, question); }

void stop_threads() {
  delete pool;
  pool = nullptr;
}

void keep_this_thread_out_of_the_pool() { inside_a_part = true; }

void run_parts(std::int64_t parts, void (*body)(void* context, std::int64_t part), void* context) {
  std::unique_lock<std::mutex> only_one(*run_mutex, std::defer_lock);
  if (parts <= 1 || inside_a_part || thread_count() == 1 || !only_one.try_lock()) {
    for (std::int64_t part = 0; part < parts; ++part) {
      body(context, part);
      stop_if_asked();
    }
    return;
  }
  if (!pool) {
#ifndef _WIN32
    static const bool registered = (pthread_atfork(nullptr, nullptr, forget_pool), true);
    (void)registered;
#endif
    pool = new Pool(requested_threads - 1);
  }
  pool->run(parts, body, context);
}

}  // namespace keratin
