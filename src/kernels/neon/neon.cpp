#if defined(__aarch64__)
// Standard headers come before the target region, so that nothing of theirs is compiled for this instruction set.
#include <arm_neon.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../dispatch.h"

namespace keratin {
namespace neon_isa {
#include "vector.h"
#include "../bodies.h"
}  // namespace neon_isa

extern const KernelTable neon_kernels;
const KernelTable neon_kernels = {"neon", neon_isa::kernels_of<neon_isa::VectorF32>(), neon_isa::kernels_of<neon_isa::VectorF64>()};

}  // namespace keratin
#endif
