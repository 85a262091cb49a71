#if defined(__x86_64__)
// Standard headers come before the target region, so that nothing of theirs is compiled for this instruction set.
#include <immintrin.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../dispatch.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace keratin {
namespace avx2_isa {
#include "vector.h"
#define KERATIN_256_BITS
#include "../bodies.h"
}  // namespace avx2_isa

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

extern const KernelTable avx2_kernels;
const KernelTable avx2_kernels = {"avx2", avx2_isa::kernels_of<avx2_isa::VectorF32>(), avx2_isa::kernels_of<avx2_isa::VectorF64>()};

}  // namespace keratin
#endif
