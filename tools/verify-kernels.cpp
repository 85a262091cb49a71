// Holds the kernels of every instruction set against plain loops, without R: so that those of another processor can be run under an emulator.
//   g++ -std=c++17 -O2 -Isrc tools/verify-kernels.cpp src/kernels/*.cpp src/kernels/*/*.cpp src/core/thread_pool.cpp -pthread -o verify-kernels
//   aarch64-linux-gnu-g++ -static (the same), then: qemu-aarch64 ./verify-kernels
// The arguments: how many random convolutions (300), the seed (1).
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "kernels/conv.h"
#include "kernels/dispatch.h"

using namespace keratin;

namespace {

std::mt19937 source;
int draw(int low, int high) { return std::uniform_int_distribution<int>(low, high)(source); }
template <class T>
std::vector<T> numbers(Index n) {
  std::vector<T> all(static_cast<std::size_t>(n) + 32);  // kernels may read one line beyond the end
  for (T& x : all) x = std::normal_distribution<T>()(source);
  return all;
}
int failures = 0;
template <class T>
void expect_same(const char* what, const std::vector<T>& got, const std::vector<T>& wanted, Index n, double size) {
  double worst = 0;
  for (Index i = 0; i < n; ++i) {
    const double distance = std::abs(static_cast<double>(got[static_cast<std::size_t>(i)]) - static_cast<double>(wanted[static_cast<std::size_t>(i)]));
    if (!(distance <= worst)) worst = distance;
  }
  if (worst <= size * (sizeof(T) == 4 ? 3e-6 : 1e-13)) return;
  ++failures;
  std::printf("FAIL %s, %s, %d bits: off by %g\n", kernel_table().isa, what, static_cast<int>(8 * sizeof(T)), worst);
}

// forward(input, weight, output): every triple of elements that a convolution joins
template <class Body>
void each_product(const ConvGeometry& g, Body&& body) {
  const Index channels = g.channels / g.groups, filters = g.filters / g.groups;
  for (Index b = 0; b < g.batch; ++b)
    for (Index o0 = 0; o0 < g.out[0]; ++o0) for (Index o1 = 0; o1 < g.out[1]; ++o1) for (Index o2 = 0; o2 < g.out[2]; ++o2)
      for (Index k0 = 0; k0 < g.kernel[0]; ++k0) for (Index k1 = 0; k1 < g.kernel[1]; ++k1) for (Index k2 = 0; k2 < g.kernel[2]; ++k2) {
        const Index i0 = o0 * g.strides[0] - g.padding[0] + k0 * g.dilation[0], i1 = o1 * g.strides[1] - g.padding[1] + k1 * g.dilation[1],
                    i2 = o2 * g.strides[2] - g.padding[2] + k2 * g.dilation[2];
        if (i0 < 0 || i0 >= g.in[0] || i1 < 0 || i1 >= g.in[1] || i2 < 0 || i2 >= g.in[2]) continue;
        const Index in = (((b * g.in[0] + i0) * g.in[1] + i1) * g.in[2] + i2) * g.channels;
        const Index out = (((b * g.out[0] + o0) * g.out[1] + o1) * g.out[2] + o2) * g.filters;
        const Index weight = ((k0 * g.kernel[1] + k1) * g.kernel[2] + k2) * channels * g.filters;
        for (Index f = 0; f < g.filters; ++f)
          for (Index c = 0; c < channels; ++c) body(in + f / filters * channels + c, weight + c * g.filters + f, out + f);
      }
}

ConvGeometry random_geometry() {
  ConvGeometry g;
  g.batch = draw(1, 3);
  const int rank = draw(1, 3);
  for (int axis = 3 - rank; axis < 3; ++axis) {
    g.in[axis] = draw(1, rank == 1 ? 300 : rank == 2 ? 24 : 9);
    g.kernel[axis] = draw(1, 5);
    g.strides[axis] = draw(1, 3);
    g.dilation[axis] = g.strides[axis] == 1 ? draw(1, 3) : 1;
    const Index reach = (g.kernel[axis] - 1) * g.dilation[axis];
    g.padding[axis] = draw(0, static_cast<int>(reach));
    while (g.in[axis] + 2 * g.padding[axis] <= reach) ++g.in[axis];
    g.out[axis] = (g.in[axis] + 2 * g.padding[axis] - reach - 1) / g.strides[axis] + 1;
  }
  const int sizes[] = {1, 2, 3, 4, 7, 8, 16, 17, 33, 64};
  g.groups = draw(0, 3) ? 1 : draw(2, 4);
  g.channels = g.groups * sizes[draw(0, 9)];
  g.filters = g.groups * sizes[draw(0, 9)];
  if (draw(0, 5) == 0) g.groups = g.filters = g.channels;
  return g;
}

template <class T>
void check_convolution() {
  const ConvGeometry g = random_geometry();
  const Index in = g.batch * g.in[0] * g.in[1] * g.in[2] * g.channels, out = g.batch * g.out[0] * g.out[1] * g.out[2] * g.filters,
              weights = g.kernel[0] * g.kernel[1] * g.kernel[2] * (g.channels / g.groups) * g.filters;
  const std::vector<T> x = numbers<T>(in), kernel = numbers<T>(weights), upstream = numbers<T>(out), bias = numbers<T>(g.filters);
  std::vector<double> y(x.size() + upstream.size()), dx(x.size()), dw(kernel.size());
  for (Index i = 0; i < out; ++i) y[static_cast<std::size_t>(i)] = static_cast<double>(bias[static_cast<std::size_t>(i % g.filters)]);
  each_product(g, [&](Index i, Index w, Index o) {
    const auto at = [](const std::vector<T>& v, Index k) { return static_cast<double>(v[static_cast<std::size_t>(k)]); };
    y[static_cast<std::size_t>(o)] += at(x, i) * at(kernel, w);
    dx[static_cast<std::size_t>(i)] += at(upstream, o) * at(kernel, w);
    dw[static_cast<std::size_t>(w)] += at(x, i) * at(upstream, o);
  });
  const auto as = [](const std::vector<double>& v) { return std::vector<T>(v.begin(), v.end()); };
  std::vector<T> got_y(y.size()), got_dx(dx.size()), got_dw(dw.size());
  Epilogue<T> end;
  end.bias = bias.data();
  conv_forward(g, x.data(), kernel.data(), end, got_y.data());
  conv_grad_input(g, upstream.data(), kernel.data(), Epilogue<T>(), got_dx.data());
  conv_grad_weight(g, x.data(), upstream.data(), got_dw.data());
  const double taps = static_cast<double>(g.kernel[0] * g.kernel[1] * g.kernel[2]);
  expect_same("convolution", got_y, as(y), out, 10 + 4 * std::sqrt(taps * static_cast<double>(g.channels)));
  expect_same("its gradient for the input", got_dx, as(dx), in, 10 + 4 * std::sqrt(taps * static_cast<double>(g.filters)));
  expect_same("its gradient for the weights", got_dw, as(dw), weights, 10 + 4 * std::sqrt(static_cast<double>(out)));
}

// Kernels that have plain formulas, against them or against the scalar ones.
template <class T>
void check_kernels(Index n) {
  const Kernels<T>& k = kernels<T>();
  const char* isa = kernel_table().isa;
  set_isa("scalar");
  const Kernels<T>& plain = kernels<T>();
  set_isa(isa);
  const std::size_t count = static_cast<std::size_t>(n);
  const std::vector<T> a = numbers<T>(9 * n), b = numbers<T>(9 * n), c = numbers<T>(n), d = numbers<T>(n), e = numbers<T>(n), many = numbers<T>(1000 * n);
  std::vector<T> got(a.size()), wanted(a.size());
  const auto same = [&](const char* what, Index elements, double size) { expect_same(what, got, wanted, elements, size); };
#define BOTH(call, y) { { T* y = got.data(); k.call; } { T* y = wanted.data(); plain.call; } }
  BOTH(exp(y, a.data(), count), y) same("exp", n, 100);
  BOTH(tanh(y, a.data(), count), y) same("tanh", n, 2);
  BOTH(softmax_row(y, a.data(), nullptr, count), y) same("softmax", n, 2);
  BOTH(combine(y, a.data(), T(2), b.data(), T(-3), count), y) same("combine", n, 20);
  BOTH(scale_rows(y, a.data(), c.data(), d.data(), true, 3 * n - n / 2, n), y) same("scale_rows", 3 * n - n / 2, 10);
  BOTH(gradient_rows({y, a.data(), b.data(), c.data(), d.data(), e.data(), c.data(), 3 * n - n / 2, n}), y) same("gradient_rows", 3 * n - n / 2, 30);
  BOTH(gradient_sums(y, y + n, a.data(), b.data(), c.data(), 4, n), y) same("gradient_sums", 2 * n, 40);
  BOTH(moment_sums(y, y + n, a.data(), c.data(), 5, n), y) same("moment_sums", 2 * n, 60);
  BOTH(transpose(y, 3, a.data(), n, 3, n), y) same("transpose", 3 * n, 0);
  BOTH(sum_rows(y, a.data(), 9, count, count), y) same("sum_rows", n, 20);
  BOTH(largest_rows(y, a.data(), 9, count, count), y) same("largest_rows", n, 0);
  if (n < 12) {  // narrow rows, many
    BOTH(smallest_rows(y, a.data(), 9, 1, 1), y) same("smallest_rows", 1, 0);
    BOTH(sum_rows(y, many.data(), 1000, count, count), y) same("sum_rows of narrow rows", n, 400);
    BOTH(smallest_rows(y, many.data(), 1000, count, count), y) same("smallest_rows of narrow rows", n, 0);
  }
  BOTH(spread_to_equal(y, y + 4 * n, a.data(), a.data() + n, d.data(), 4, count, count), y) same("spread_to_equal", 4 * n, 0);
  got[0] = k.largest(a.data(), count), got[1] = k.smallest(a.data(), count), got[2] = k.sum(a.data(), count), got[3] = k.dot(a.data(), b.data(), count);
  wanted[0] = plain.largest(a.data(), count), wanted[1] = plain.smallest(a.data(), count), wanted[2] = plain.sum(a.data(), count), wanted[3] = plain.dot(a.data(), b.data(), count);
  same("reductions", 4, 20 + static_cast<double>(n) / 4);
  // Windows of three by two over lines of five pixels, and from the pixels of a line back to windows of two that move by two.
  const Index line = 5 * n;
  std::ptrdiff_t taps[6];
  for (int t = 0; t < 6; ++t) taps[t] = t / 3 * line / 2 + t % 3 * n;
  const T one_to_six[6] = {1, 2, 3, 4, 5, 6};
  const int six[1] = {6}, in_phases[3] = {2, 2, 6};
  const WindowLine side_by_side{taps, six, 1, n, 3, n}, every_second{taps, six, 1, 2 * n, 2, n}, phases{taps, in_phases, 3, n, 7, n};
  if (line % 2 == 0) {
    for (const WindowLine& w : {side_by_side, every_second}) {
      const Index written = w.pixels * n;
      BOTH(max_of_windows(y, a.data(), w), y) same("max_of_windows", written, 0);
      BOTH(sum_of_windows(y, a.data(), w, T(0.5)), y) same("sum_of_windows", written, 10);
      BOTH(largest_of_windows(y, a.data(), w, one_to_six), y) same("largest_of_windows", written, 0);
      BOTH(max_from_windows(y, a.data(), b.data(), w, one_to_six), y) same("max_from_windows", written, 0);
    }
    BOTH(sum_of_windows(y, a.data(), phases, T(0.5)), y) same("sum_of_windows in phases", 7 * n, 10);
    std::vector<T> at(a.size());
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<T>(draw(1, 6));
    BOTH(gradient_of_largest(y, at.data(), a.data(), phases, one_to_six), y) same("gradient_of_largest", 7 * n, 10);
  }
#undef BOTH
}

}  // namespace

int main(int count, char** arguments) {
  const int convolutions = count > 1 ? std::atoi(arguments[1]) : 300, seed = count > 2 ? std::atoi(arguments[2]) : 1;
  const char* names[8];
  const int isas = available_isas(names, 8);
  for (int i = 0; i < isas; ++i) {
    set_isa(names[i]);
    source.seed(static_cast<unsigned>(seed));
    for (int n = 0; n < convolutions; ++n) check_convolution<float>(), check_convolution<double>();
    for (Index n = 1; n < 100; ++n) check_kernels<float>(n), check_kernels<double>(n);
    std::printf("%s: %d convolutions and their gradients, rows of 1 to 99 elements: done\n", names[i], 2 * convolutions);
  }
  std::printf("%d failed\n", failures);
  return failures > 0;
}
