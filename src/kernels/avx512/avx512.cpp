#if defined(__x86_64__)
// Standard headers come before the target region, so that nothing of theirs is compiled for this instruction set.
#include <immintrin.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../dispatch.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx2,fma")
#endif

namespace keratin {
namespace avx512_isa {
#include "vector.h"
#define KERATIN_256_BITS
#include "../bodies.h"
}  // namespace avx512_isa

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

extern const KernelTable avx512_kernels;
const KernelTable avx512_kernels = {"avx512", avx512_isa::kernels_of<avx512_isa::VectorF32>(), avx512_isa::kernels_of<avx512_isa::VectorF64>()};

}  // namespace keratin
#endif
