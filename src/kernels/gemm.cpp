#include "gemm.h"

#include <cstring>

#include "../core/thread_pool.h"
#include "dispatch.h"
#include "scratch.h"

namespace keratin {
namespace {

// [positions x channels] * [channels x filters]
ConvGeometry product_geometry(Index positions, Index channels, Index filters) {
  ConvGeometry g;
  g.in[2] = g.out[2] = positions;
  g.channels = channels;
  g.filters = filters;
  return g;
}

template <class T>
void finish(const Epilogue<T>& end, Index rows, Index columns, T* y) {
  if (!end.bias && !end.relu && !end.activation) return;
  parallel_ranges(rows, 64, [&](Index begin, Index stop) {
    T* part = y + begin * columns;
    if (end.bias) {
      for (Index r = begin; r < stop; ++r) kernels<T>().add_to(y + r * columns, end.bias, static_cast<std::size_t>(columns));
    }
    const std::size_t n = static_cast<std::size_t>((stop - begin) * columns);
    if (end.relu) kernels<T>().relu(part, part, n);
    if (end.activation) end.activation(part, part, n);
  });
}

}  // namespace

template <class T>
void gemm(const GemmShape& s, const T* a, const T* b, const Epilogue<T>& epilogue, T* y) {
  if (s.rows == 0 || s.columns == 0) return;
  if (!s.transpose_a && !s.transpose_b) return conv_forward(product_geometry(s.rows, s.depth, s.columns), a, b, epilogue, y);
  if (!s.transpose_a) return conv_grad_input(product_geometry(s.rows, s.columns, s.depth), a, b, epilogue, y);
  if (!s.transpose_b) {
    conv_grad_weight(product_geometry(s.depth, s.rows, s.columns), a, b, y);
  } else {
    T* transposed = scratch<T>(Scratch::product, s.columns * s.rows);  // A' * B' = (B * A)'
    gemm({s.columns, s.rows, s.depth, false, false}, b, a, Epilogue<T>(), transposed);
    kernels<T>().transpose(y, s.columns, transposed, s.rows, s.columns, s.rows);
  }
  finish(epilogue, s.rows, s.columns, y);
}

template void gemm<float>(const GemmShape&, const float*, const float*, const Epilogue<float>&, float*);
template void gemm<double>(const GemmShape&, const double*, const double*, const Epilogue<double>&, double*);

}  // namespace keratin
