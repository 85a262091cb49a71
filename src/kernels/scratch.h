#pragma once
#include <cstddef>
#include <new>

namespace keratin {

// Working memory that each thread keeps for its next call. A slot is one purpose, so that two are never the same memory.
enum class Scratch {
  packed, packed_rows, panels, lines, taps, edges, bias, panel_block, upstream, partial, product, narrow_weights, narrow_sums, chain, windows, result,
  count
};

class ScratchMemory {
 public:
  ScratchMemory() = default;
  ScratchMemory(const ScratchMemory&) = delete;
  ScratchMemory& operator=(const ScratchMemory&) = delete;
  ~ScratchMemory() { release(); }

  void* at_least(std::size_t bytes) {
    if (bytes > bytes_) {
      release();
      data_ = ::operator new(bytes, std::align_val_t(64));
      bytes_ = bytes;
    }
    return data_;
  }

 private:
  void release() {
    if (data_) ::operator delete(data_, std::align_val_t(64));
    data_ = nullptr;
    bytes_ = 0;
  }
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Room for n elements and a few registers more, which may be read.
template <class T>
T* scratch(Scratch slot, std::ptrdiff_t n) {
  static thread_local ScratchMemory memory[static_cast<int>(Scratch::count)];
  return static_cast<T*>(memory[static_cast<int>(slot)].at_least(static_cast<std::size_t>(n > 0 ? n : 1) * sizeof(T) + 512));
}

}  // namespace keratin
