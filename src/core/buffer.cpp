#include "buffer.h"

#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <vector>

#ifndef _WIN32
#include <pthread.h>
#include <unistd.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "error.h"

namespace keratin {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t slack = 64;  // vector loads may read (never use) up to one line past the end
constexpr std::size_t huge_page = std::size_t{2} << 20, huge_from = 2 * huge_page;  // on Linux: pages of 2 MiB for blocks of this size
constexpr std::size_t largest_cached_total = std::size_t{1} << 30;

// Size classes: four steps per power of two waste at most a quarter.
std::size_t size_class(std::size_t bytes) {
  if (bytes <= 64) return 64;
  std::size_t power = 64;
  while (power * 2 <= bytes) power *= 2;
  const std::size_t step = power / 4;
  return (bytes + step - 1) / step * step;
}

// Memory of the system, or null. Streaming through an array of many small pages spends half of its time on their addresses.
void* ask_for(std::size_t bytes) {
  void* block = nullptr;
  const bool large = bytes >= huge_from;
  if (posix_memalign(&block, large ? huge_page : alignment, bytes + slack) != 0) return nullptr;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (large) madvise(block, bytes, MADV_HUGEPAGE);  // a wish; where it is not granted nothing changes
#endif
  return block;
}

class Cache {
 public:
  void* take(std::size_t bytes) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      auto found = free_.find(bytes);
      if (found != free_.end() && !found->second.empty()) {
        void* block = found->second.back();
        found->second.pop_back();
        cached_ -= bytes;
        count_in(bytes);
        return block;
      }
    }
    void* block = ask_for(bytes);
    if (!block) {
      release_all();
      block = ask_for(bytes);
      if (!block) return nullptr;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    count_in(bytes);
    return block;
  }

  void give_back(void* block, std::size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    in_use_ -= bytes;
    if (cached_ + bytes > largest_cached_total) {
      std::free(block);
      return;
    }
    free_[bytes].push_back(block);
    cached_ += bytes;
  }

  void release_all() {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& entry : free_)
      for (void* block : entry.second) std::free(block);
    free_.clear();
    cached_ = 0;
  }

  MemoryUse use() {
    std::lock_guard<std::mutex> lock(mutex_);
    return {in_use_, cached_, peak_};
  }
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }
  void reset_peak() {
    std::lock_guard<std::mutex> lock(mutex_);
    peak_ = in_use_;
  }

 private:
  void count_in(std::size_t bytes) {
    in_use_ += bytes;
    if (in_use_ > peak_) peak_ = in_use_;
  }
  std::mutex mutex_;
  std::unordered_map<std::size_t, std::vector<void*>> free_;
  std::size_t in_use_ = 0, cached_ = 0, peak_ = 0;
};

// Never destroyed: tensors may be finalised by R after static destructors have run. fork() waits for background threads that are in
// the cache, so that the child's copy of it is whole and open.
Cache& cache() {
  static Cache* instance = [] {
    static Cache* made = new Cache;
#ifndef _WIN32
    pthread_atfork([] { made->lock(); }, [] { made->unlock(); }, [] { made->unlock(); });
#endif
    return made;
  }();
  return *instance;
}

}  // namespace

// More than this the machine cannot have; asking for it would succeed on systems that promise memory before they have it.
static std::size_t physical_memory() {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && size > 0) return static_cast<std::size_t>(pages) * static_cast<std::size_t>(size);
#endif
  return std::size_t{1} << 46;
}

BufferPtr allocate(std::size_t bytes) {
  const std::size_t rounded = bytes > (std::size_t{1} << 46) ? bytes : size_class(bytes);
  static const std::size_t largest = physical_memory();
  void* block = rounded > largest ? nullptr : cache().take(rounded);
  if (!block) throw Error(ErrorKind::memory, text("cannot allocate ", static_cast<double>(bytes) / 1e9, " GB for a tensor."));
  return std::make_shared<Buffer>(block, bytes, std::shared_ptr<void>(block, [rounded](void* p) { cache().give_back(p, rounded); }));
}

BufferPtr adopt(void* data, std::size_t bytes, std::shared_ptr<void> owner) { return std::make_shared<Buffer>(data, bytes, std::move(owner)); }

MemoryUse memory_use() { return cache().use(); }
void release_cached_memory() { cache().release_all(); }
void reset_peak_memory() { cache().reset_peak(); }

}  // namespace keratin
