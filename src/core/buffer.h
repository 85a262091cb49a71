#pragma once
#include <cstddef>
#include <memory>

namespace keratin {

// Memory of tensors. Freed blocks are kept by size class and handed out again, because an epoch asks for the same
// sizes again and again and fresh pages from the system are several times slower than reused ones.
class Buffer {
 public:
  Buffer(void* data, std::size_t bytes, std::shared_ptr<void> owner) : data_(data), bytes_(bytes), owner_(std::move(owner)) {}
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_;
  std::size_t bytes_;
  std::shared_ptr<void> owner_;  // whatever keeps `data_` alive
};
using BufferPtr = std::shared_ptr<Buffer>;

BufferPtr allocate(std::size_t bytes);  // 64-byte aligned, not initialised; throws a memory error
BufferPtr adopt(void* data, std::size_t bytes, std::shared_ptr<void> owner);

struct MemoryUse {
  std::size_t in_use, cached, peak;
};
MemoryUse memory_use();
void release_cached_memory();
void reset_peak_memory();

}  // namespace keratin
