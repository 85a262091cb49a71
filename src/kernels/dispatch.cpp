#include "dispatch.h"

#include <atomic>
#include <cstring>

namespace keratin {

extern const KernelTable scalar_kernels;
#if defined(__x86_64__)
extern const KernelTable avx2_kernels, avx512_kernels;
#elif defined(__aarch64__)
extern const KernelTable neon_kernels;
#endif

namespace {

constexpr int max_tables = 3;

// Slowest first.
int usable_tables(const KernelTable* tables[max_tables]) {
  int count = 0;
  tables[count++] = &scalar_kernels;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables[count++] = &avx2_kernels;
  if (count == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    tables[count++] = &avx512_kernels;
  }
#elif defined(__aarch64__)
  tables[count++] = &neon_kernels;
#endif
  return count;
}

std::atomic<const KernelTable*> active{nullptr};

}  // namespace

const KernelTable& kernel_table() {
  const KernelTable* table = active.load(std::memory_order_acquire);
  if (!table) {
    set_isa("auto");
    table = active.load(std::memory_order_acquire);
  }
  return *table;
}

int available_isas(const char* names[], int room) {
  const KernelTable* tables[max_tables];
  const int count = usable_tables(tables);
  for (int i = 0; i < count && i < room; ++i) names[i] = tables[i]->isa;
  return count;
}

bool set_isa(const char* name) {
  const KernelTable* tables[max_tables];
  const int count = usable_tables(tables);
  if (std::strcmp(name, "auto") == 0) name = tables[count - 1]->isa;
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(name, tables[i]->isa) == 0) {
      active.store(tables[i], std::memory_order_release);
      return true;
    }
  }
  return false;
}

}  // namespace keratin
