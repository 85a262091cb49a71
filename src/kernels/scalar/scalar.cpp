// Standard headers come before the target region, so that nothing of theirs is compiled for this instruction set.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../dispatch.h"

namespace keratin {
namespace scalar_isa {
#include "vector.h"
#include "../bodies.h"
}  // namespace scalar_isa

extern const KernelTable scalar_kernels;
const KernelTable scalar_kernels = {"scalar", scalar_isa::kernels_of<scalar_isa::VectorF32>(), scalar_isa::kernels_of<scalar_isa::VectorF64>()};

}  // namespace keratin
