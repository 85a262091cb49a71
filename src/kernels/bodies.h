// All kernel bodies, and the table of one instruction set. Included once for each, inside its namespace and target region, after its vector types.
#include "vector.h"

#include "depthwise_body.h"
#include "elementwise.h"
#include "map.h"
#include "reduce.h"
#include "softmax.h"
#include "normalize.h"
#include "random.h"
#include "zip.h"
#include "gemm_tile_body.h"
#include "dot_tile_body.h"
#include "rnn_body.h"
#include "optimizer.h"
#include "pool.h"
#include "layout.h"

#define KERNEL(result, name, arguments) name<V>,
template <class V>
static constexpr Kernels<typename V::Element> kernels_of() {
  return {V::width, V::registers,
#include "kernels.def"
  };
}
#undef KERNEL
